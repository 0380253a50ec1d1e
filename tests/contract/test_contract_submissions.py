"""An assignment is handed in and marked through the mobile app's functions, and its completion follows."""

from __future__ import annotations

from typing import Any

import pytest
from ground import Ground, text_of
from sites import SiteUnderTest

from lms_sync.moodle.errors import AccessRefused
from lms_sync.plan import hash_of
from lms_sync.practice_assignments import NotHandedIn, PracticeTrainer, find_assignment, hand_in

INCOMPLETE, COMPLETE, COMPLETE_PASS, COMPLETE_FAIL = range(4)
TASK = {
    "name": "Plani i seancës",
    "intro": "<p>Një faqe.</p>",
    "completion": {"tracking": 2, "submit": 0, "grade": 0, "passgrade": 1, "view": 0},
    "grade": 20,
    "gradepass": 12.0,
    "submissions": {"text": 1, "files": 1},
}


def push_task(ground: Ground, name: str, **changed: object) -> int:
    """An assignment of the run's course; its course module."""
    assert ground.sections
    data = {**TASK, **changed}
    arguments = {
        "courseid": ground.course,
        "key": ground.key(name),
        "hash": hash_of(data),
        "expect": "",
        "modname": "assign",
        "sectionkey": ground.key("learn"),
        "draftitemid": 0,
        "data": text_of(data),
    }
    return int(ground.call("local_lmssync_upsert_activity", arguments, write=True)["id"])


def state_of(learner: Any, ground: Ground, user: int, activity: int) -> int:
    told = learner.client.call(
        "core_completion_get_activities_completion_status", {"courseid": ground.course, "userid": user}
    )
    return next(int(one["state"]) for one in told["statuses"] if int(one["cmid"]) == activity)


def test_work_is_handed_in_marked_and_passed(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.enrolled
    marked, handed = (
        push_task(ground, "task"),
        push_task(ground, "report", completion={"tracking": 2, "submit": 1}),
    )
    first, second = ground.login(0), ground.login(1)
    assignment = hand_in(first.client, ground.course, marked, "Plani im: një rast, dyshe, një provë.")
    site.keep("learner-assignments", "mod_assign_get_assignments")
    site.keep("learner-handed-in", "mod_assign_save_submission")
    hand_in(second.client, ground.course, marked, "Plani i dytë.")
    hand_in(first.client, ground.course, handed, "Raporti.")
    with pytest.raises(NotHandedIn):
        hand_in(second.client, ground.course, handed, " ")
    site.keep("learner-nothing-handed-in", "mod_assign_save_submission")
    assert state_of(first, ground, ground.users[0], handed) == COMPLETE
    assert state_of(second, ground, ground.users[1], handed) == INCOMPLETE
    assert state_of(first, ground, ground.users[0], marked) == INCOMPLETE
    with pytest.raises(AccessRefused):
        PracticeTrainer(first.client).mark(assignment, ground.users[0], 20)
    site.keep("learner-marks", "mod_assign_save_grade")
    with site.trainer("trainer-marks", ground.username(3), ground.course):
        trainer = PracticeTrainer(ground.login(3).client)
        assert find_assignment(trainer.client, ground.course, marked, enrolled=False) == assignment
        trainer.mark(assignment, ground.users[0], 12, "Pranohet: objektivat duken.")
        site.keep("trainer-marks", "mod_assign_save_grade")
        trainer.mark(assignment, ground.users[1], 11)
    assert state_of(first, ground, ground.users[0], marked) == COMPLETE_PASS
    assert state_of(second, ground, ground.users[1], marked) == COMPLETE_FAIL
    told = {one["key"]: one for one in ground.state()["activities"].values()}[ground.key("task")]
    assert (told["attempts"], told["graded"]) == (2, 2)
    for one in (first, second, trainer):
        one.client.close()
