"""Activities beside package and quiz: what learners left in them is not lost unasked, and groups come before who needs them."""

from __future__ import annotations

from typing import Any

import pytest

from authoring.problems import ContentError
from lms_sync.clock import SystemClock
from lms_sync.plan import Action, Kind, Loss, PlanOptions
from lms_sync.push import Prepared, apply_prepared, prepare
from tests.pushed_academy import COURSE, Push

FILE = f"courses/{COURSE}/course.yaml"
TASK = """\
      - id: task
        kind: assignment
        title: Task
        text: Bring a page.
        points: 20
        completion: graded
  - id: exam
"""


def plan(push: Push, *accepted: Loss) -> Prepared:
    settings = push.settings
    client = push.client()
    try:
        options = PlanOptions(accept_loss=frozenset(accepted))
        return prepare(client, push.built, settings, settings.sites["main"], options=options)
    finally:
        client.close()


def activity(push: Push, name: str) -> Any:
    """The stand-in's row of an activity: what learners did is written into it, as they cannot act there."""
    module = next(one for one in push.site.modules.values() if one.idnumber == f"{COURSE}/{name}")
    return push.site.simple[module.modname, module.instance]


def change_of(prepared: Prepared, name: str) -> Any:
    return next(one for one in prepared.plan.changes if one.key == f"{COURSE}/{name}")


def apply_accepting(push: Push, loss: Loss) -> None:
    settings = push.settings
    client = push.client()
    try:
        report, _left = apply_prepared(
            client,
            push.engine,
            "main",
            plan(push, loss),
            settings,
            settings.sites["main"],
            push.folder,
            SystemClock(),
            again=lambda: plan(push, loss),
        )
    finally:
        client.close()
    assert report.complete, [(one.key, problem.code) for one, problem in report.failed]


def test_questions_that_were_answered_change_only_when_the_loss_is_accepted(pushed: Push) -> None:
    activity(pushed, "evaluation").answers = 7
    pushed.set_text(FILE, "Sa të qarta ishin mësimet?", "Sa të qarta ishin shembujt?")
    refused = change_of(plan(pushed), "evaluation")
    assert (refused.action, refused.reason) == (Action.REFUSE, "plan.learners-would-lose")
    assert [(one.kind, one.learners) for one in refused.losses] == [(Loss.RESPONSES, 7)]
    apply_accepting(pushed, Loss.RESPONSES)
    assert pushed.work() == []
    assert "shembujt" in activity(pushed, "evaluation").settings["items"][1]["name"]


def test_what_costs_nobody_an_answer_is_changed_under_answers(pushed: Push) -> None:
    activity(pushed, "evaluation").answers = 7
    pushed.set_text(FILE, "Pesë pyetje, dy minuta.", "Pesë pyetje, tri minuta.")
    assert pushed.work() == [("update", "activity", f"{COURSE}/evaluation")]
    pushed.apply()
    assert pushed.work() == []


def test_points_of_graded_work_change_only_when_the_loss_is_accepted(push: Push) -> None:
    push.set_text(FILE, "  - id: exam\n", TASK)
    push.apply()
    activity(push, "task").graded = 2
    push.set_text(FILE, "points: 20", "points: 30")
    refused = change_of(plan(push), "task")
    assert (refused.action, [(one.kind, one.learners) for one in refused.losses]) == (
        Action.REFUSE,
        [(Loss.GRADES, 2)],
    )
    apply_accepting(push, Loss.GRADES)
    assert activity(push, "task").settings["grade"] == 30
    assert push.work() == []


def test_a_group_that_only_an_activity_needs_is_made_before_it(push: Push) -> None:
    push.set_people(lambda rows: [])
    push.set_text(FILE, "        completion: viewed\n", "        available: {groups: [vlore]}\n")
    report, left = push.apply()
    assert report.complete
    assert left.plan.work == ()
    groups = [one.key for one in left.plan.changes if one.kind is Kind.GROUP]
    assert groups == [f"{COURSE}/vlore"]


def test_an_institution_that_nobody_knows_is_told_before_anything_is_sent(push: Push) -> None:
    push.set_text(FILE, "        completion: viewed\n", "        available: {groups: [atlantis]}\n")
    before = len(push.log())
    with pytest.raises(ContentError) as caught:
        push.prepare()
    assert [(one.code, one.params["code"], one.place.file) for one in caught.value.problems] == [
        ("desired.unknown-institution", "atlantis", FILE)
    ]
    assert push.log()[before:] == []


def test_a_file_that_was_deleted_after_the_check_is_told_and_not_sent_empty(push: Push) -> None:
    (push.folder / f"courses/{COURSE}/files/register-page.pdf").unlink()
    with pytest.raises(ContentError) as caught:
        push.set_text(FILE, "PT4H", "PT5H")
    assert "course.file-missing" in [one.code for one in caught.value.problems]


def test_a_file_with_other_bytes_is_sent_again_and_no_other(pushed: Push) -> None:
    path = pushed.folder / f"courses/{COURSE}/files/register-page.pdf"
    path.write_bytes(path.read_bytes() + b"\n")
    before = len(pushed.log())
    pushed.set_text(FILE, "PT4H", "PT4H")
    assert pushed.work() == [("update", "activity", f"{COURSE}/register-page")]
    pushed.apply()
    made = [one["key"] for one in pushed.log(before) if one["what"] == "activity"]
    assert made == [f"{COURSE}/register-page"]
    assert pushed.work() == []
