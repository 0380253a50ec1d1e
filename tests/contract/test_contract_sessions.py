"""Calendar events by their keys, and a questionnaire that a learner answers with the mobile app's functions."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ground import Ground, text_of
from sites import SiteUnderTest

from lms_sync.moodle.errors import CallRefused
from lms_sync.plan import hash_of
from lms_sync.practice_questionnaires import NotAnswered, answer_in_course

EVENT = "local_lmssync_upsert_event"
SESSION = {
    "name": '<span lang="sq" class="multilang">Seanca (1/2)</span><span lang="en" class="multilang">Session (1/2)</span>',
    "description": "<ul><li>09:00 Hapja</li></ul>",
    "location": "Salla e mbledhjeve & arkivi, Elbasan",
    "start": 1_900_000_000,
    "duration": 23_400,
    "group": "",
    "visible": 1,
}
ITEMS = [
    {"key": "sure", "type": "rating", "name": "Sa i sigurt jeni?", "required": 1, "options": ["Aspak", "Mjaft", "Shumë"]},
    {"key": "where", "type": "choice", "name": "Ku punoni?", "required": 0, "options": ["Protokoll", "Arkiv"]},
    {"key": "years", "type": "number", "name": "Sa vjet?", "required": 0, "options": ["0", "-"]},
    {"key": "words", "type": "text", "name": "Çfarë tjetër?", "required": 0, "options": []},
]  # fmt: skip


def push(ground: Ground, key: str, *, expect: str = "", **changed: object) -> Any:
    data = {**SESSION, **changed}
    arguments = {
        "courseid": ground.course,
        "key": f"{ground.academy.prefix}/{key}",
        "hash": hash_of(data),
        "expect": expect,
        "data": text_of(data),
    }
    return ground.call(EVENT, arguments, write=True)


def events(ground: Ground) -> dict[str, Any]:
    prefix = f"{ground.academy.prefix}/"
    return {one["key"].removeprefix(prefix): one for one in ground.state()["events"]}


def test_a_session_is_an_event_that_is_made_once_moved_in_place_and_hidden(
    site: SiteUnderTest, ground: Ground
) -> None:
    made = push(ground, "first/1")
    site.keep("event-created")
    assert made["action"] == "created"
    assert push(ground, "first/1", expect="whatever was seen")["action"] == "unchanged"
    site.keep("event-unchanged")
    told = events(ground)["first/1"]
    assert (told["fields"], told["hash"], told["id"]) == (SESSION, made["hash"], made["id"])
    moved = push(ground, "first/1", expect=made["hash"], start=1_900_086_400, location="Tiranë")
    site.keep("event-moved")
    assert (moved["action"], moved["id"]) == ("updated", made["id"])
    with pytest.raises(CallRefused) as caught:
        push(ground, "first/1", expect=made["hash"], start=1_900_000_001)
    site.keep("event-stale")
    assert caught.value.errorcode == "stale"
    hidden = push(ground, "first/1", expect=moved["hash"], start=1_900_086_400, visible=0)
    site.keep("event-hidden")
    assert hidden["id"] == made["id"]
    assert events(ground)["first/1"]["fields"]["visible"] == 0


def test_a_session_of_an_institution_is_an_event_of_its_group(site: SiteUnderTest, ground: Ground) -> None:
    row = {"courseid": ground.course, "name": "Dimal", "description": "", "idnumber": ground.key("dimal")}
    ground.call("core_group_create_groups", {"groups": [row]}, write=True)
    assert push(ground, "second/1/dimal", group=row["idnumber"])["action"] == "created"
    site.keep("event-of-a-group")
    assert events(ground)["second/1/dimal"]["fields"]["group"] == row["idnumber"]
    site.keep("state-with-events", "local_lmssync_get_state")
    with pytest.raises(CallRefused) as caught:
        push(ground, "second/1/nowhere", group=ground.key("nowhere"))
    site.keep("event-unknown-group")
    assert caught.value.code == "moodle.rule-unknowngroup"


@pytest.mark.parametrize(
    ("step", "changed", "code"),
    [
        ("event-no-such-value", {"place": "x"}, "dataunknown"),
        ("event-blank-before-place", {"location": " x"}, "badtext"),
        ("event-before-all-time", {"start": 0}, "datavalue"),
    ],
)
def test_a_wrong_event_is_refused_and_not_made(
    step: str, changed: dict[str, object], code: str, site: SiteUnderTest, ground: Ground
) -> None:
    with pytest.raises(CallRefused) as caught:
        push(ground, "wrong/1", **changed)
    site.keep(step)
    assert caught.value.errorcode == code
    assert "wrong/1" not in events(ground)


def questionnaire(ground: Ground, name: str, anonymous: int) -> int:
    data = {
        "name": "Çfarë ju duhet?",
        "anonymous": anonymous,
        "items": ITEMS,
        "completion": {"tracking": 2, "submit": 1},
    }
    assert ground.sections
    arguments = {
        "courseid": ground.course,
        "key": ground.key(name),
        "hash": hash_of(data),
        "expect": "",
        "modname": "feedback",
        "sectionkey": ground.key("learn"),
        "draftitemid": 0,
        "data": text_of(data),
    }
    return int(ground.call("local_lmssync_upsert_activity", arguments, write=True)["id"])


def test_a_questionnaire_is_answered_with_a_name_and_its_answers_are_told(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.enrolled
    named, anonymous = questionnaire(ground, "needs", 2), questionnaire(ground, "secret", 1)
    site.keep("activity-with-a-number-created")
    told = ground.state()["activities"][ground.key("needs")]
    assert told["fields"]["items"] == ITEMS
    first, second = ground.login(0), ground.login(1)
    with pytest.raises(NotAnswered):
        answer_in_course(second.client, ground.course, named, {"years": 4})
    site.keep("learner-leaves-out-an-answer", "mod_feedback_process_page")
    answer_in_course(first.client, ground.course, named, {"sure": 3, "years": 4, "words": "Një rast."})
    site.keep("learner-questionnaires", "mod_feedback_get_feedbacks_by_courses")
    site.keep("learner-questions-of-a-questionnaire", "mod_feedback_get_items")
    site.keep("learner-answers-a-questionnaire", "mod_feedback_process_page")
    with pytest.raises(CallRefused):
        answer_in_course(first.client, ground.course, named, {"sure": 1})
    answer_in_course(second.client, ground.course, anonymous, {"sure": 1})
    time.sleep(1.1)
    page = ground.changes("feedback_answer")
    site.keep("changes-feedback-answer")
    (row,) = page["rows"]
    assert (row["userid"], row["key"]) == (ground.users[0], ground.key("needs"))
    assert row["data"] == {"answers": {"sure": "3", "years": "4", "words": "Një rast."}}
    completed = {(one["userid"], one["key"]) for one in ground.changes("activity_completion")["rows"]}
    assert (ground.users[0], ground.key("needs")) in completed
    for one in (first, second):
        one.client.close()
