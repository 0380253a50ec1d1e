"""Answers that people give in a course: asked from the programme's file, pulled, and scored as a form would be."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from authoring.course import Course, read_course
from authoring.languages import LocalizedText
from lms_sync.clock import FixedClock
from lms_sync.course_questionnaires import questionnaire_items, questionnaire_problems
from lms_sync.cursors import keep_positions
from lms_sync.desired_wording import Wording
from lms_sync.facts import ANSWER, Fact, facts_of, latest_of_each, store_told
from lms_sync.moodle_answers import Asked, answer_facts, asked_in, store_answers, store_withdrawn, understood
from lms_sync.package_data import example_academy
from lms_sync.people import known_persons, meet_account
from lms_sync.plugin_source import LOG
from lms_sync.programme_files import ProgrammeFiles, read_programme_files
from lms_sync.pull import PullInterrupted, pull
from lms_sync.store.database import open_database, reading
from programmes import Questionnaire, score_answers

SITE = "home"
NOW = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
ACTIVITY = "communication/needs"
SAID = {
    "role": "2",
    "conversations": "12",
    "service-direct": "4",
    "service-changes": "1",
    "hardest": " Tăcerea. ",
}


@pytest.fixture(scope="module")
def files() -> ProgrammeFiles:
    return read_programme_files(example_academy("inspectorate"))


@pytest.fixture
def needs(files: ProgrammeFiles) -> Questionnaire:
    found = files.questionnaire("needs-staff")
    assert found is not None
    return found


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path / 'state.db'}")


def asked(files: ProgrammeFiles) -> tuple[Asked, ...]:
    return asked_in({ACTIVITY: "needs-staff"}, files)[ACTIVITY]


def known(engine: Engine) -> list[Fact]:
    with reading(engine) as connection:
        return [one for one in latest_of_each(facts_of(connection, SITE)) if one.stream == ANSWER]


def store(engine: Engine, files: ProgrammeFiles, said: dict[str, str], when: datetime) -> int:
    with engine.begin() as connection:
        person = known_persons(connection, SITE, [30]).get(30) or meet_account(connection, SITE, 30, NOW)
        return store_answers(connection, SITE, answer_facts(asked(files), person, when, said), NOW, None)


# --- understood


def test_moodles_values_are_the_answers_that_the_form_would_give(needs: Questionnaire) -> None:
    assert understood(needs, SAID) == {
        "role": 2,
        "conversations": 12,
        "service-direct": 4,
        "service-changes": 1,
        "hardest": "Tăcerea.",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("role", "0"), ("role", "5"), ("role", "-1"), ("role", "two"), ("role", "²"), ("conversations", "-3"),
        ("conversations", "many"), ("conversations", "inf"), ("hardest", "  "), ("no-such-question", "1"),
    ],
)  # fmt: skip
def test_what_the_questionnaire_does_not_know_is_no_answer(
    needs: Questionnaire, key: str, value: str
) -> None:
    assert understood(needs, {key: value}) == {}


def test_the_score_is_that_of_the_forms_rules_and_the_day_that_of_the_programme(
    files: ProgrammeFiles, needs: Questionnaire
) -> None:
    (fact,) = answer_facts(asked(files), "p", NOW + timedelta(hours=1), SAID)
    score = score_answers(needs, understood(needs, SAID))
    assert (fact.value["score"], fact.value["areas"]) == (score.whole, dict(score.areas))
    assert score.areas["service"] == 50.0
    assert fact.value["on"] == "2026-03-02"  # half an hour after midnight in Chișinău
    assert (fact.course, fact.subject, fact.value["recorded_by"]) == (
        "communication",
        "needs-staff",
        "Moodle",
    )


def test_only_programmes_that_list_course_and_questionnaire_ask_it(files: ProgrammeFiles) -> None:
    assert asked_in({"other-course/needs": "needs-staff"}, files) == {}
    assert asked_in({ACTIVITY: "no-such"}, files) == {}
    assert asked_in({ACTIVITY: "counter-baseline"}, files) == {}  # institutions answer it
    assert [one.programme for one in asked(files)] == ["communication"]


# --- stored


def test_the_same_row_read_again_adds_nothing_also_when_the_rules_have_changed(
    engine: Engine, files: ProgrammeFiles, needs: Questionnaire
) -> None:
    assert store(engine, files, SAID, NOW) == 1
    (before,) = known(engine)
    heavier = [
        one.model_copy(update={"weight": 9.0}) if one.id == "service-direct" else one
        for one in needs.questions
    ]
    other = needs.model_copy(update={"questions": tuple(heavier)})
    changed = ProgrammeFiles(files.programmes, (other,))
    assert store(engine, changed, SAID, NOW) == 0
    assert known(engine) == [before]


def test_a_later_answer_corrects_and_an_earlier_one_read_late_does_not(
    engine: Engine, files: ProgrammeFiles
) -> None:
    store(engine, files, {**SAID, "role": "1"}, NOW + timedelta(days=1))
    store(engine, files, SAID, NOW)
    (fact,) = known(engine)
    answers: Any = fact.value["answers"]
    assert answers["role"] == 1
    store(engine, files, {"role": "3"}, NOW + timedelta(days=2))
    (fact,) = known(engine)
    assert fact.value["answers"] == {"role": 3}


class _DeletedAnswers:
    """The plugin's log with deleted answers of person 30, and no rows any more; `reset`: the whole course was reset.

    A plugin before 2026112250 names the answers of a reset, too.
    """

    def __init__(self, *, reset: bool) -> None:
        self.reset = reset
        self.calls = 0

    def call(self, function: str, arguments: dict[str, Any] | None = None, *, write: bool = False) -> Any:
        self.calls += 1
        now = int(NOW.timestamp()) + 3600
        pages = []
        asked = arguments or {}
        for number, one in enumerate(json.loads(asked["asked"])):
            after = (one.get("since", 0), one.get("afterid", 0))
            left = []
            if one["stream"] == "log":
                said = [(30, "feedback_answer", 5), *([(0, "", 0)] if self.reset else [])]
                left = [
                    {"id": n, "t": now - 60, "courseid": 7, "userid": user, "cmid": 3, "key": ACTIVITY,
                     "data": json.dumps({"stream": stream, "rowid": row})}
                    for n, (user, stream, row) in enumerate(said, 1) if (now - 60, n) > after
                ]  # fmt: skip
            rows = left[: asked["limit"]]
            since, afterid = (rows[-1]["t"], rows[-1]["id"]) if rows else after
            more = len(left) > len(rows)
            pages.append({"asked": number, "more": more, "since": since, "afterid": afterid, "rows": rows})
        return {"now": now, "logsince": 1, "pages": pages}


def read_log(
    engine: Engine, site: _DeletedAnswers, files: ProgrammeFiles, later: int, page: int, **more: Any
) -> int:
    """Pulls from it; how many answers are gone."""
    clock = FixedClock(NOW + timedelta(hours=1, seconds=later))
    asked = asked_in({ACTIVITY: "needs-staff"}, files)
    return pull(site, engine, SITE, {"communication": 7}, clock, asked=asked, page=page, **more).gone


def log_is_read(engine: Engine) -> None:
    with engine.begin() as connection:
        keep_positions(connection, SITE, [(LOG, "communication", (int(NOW.timestamp()), 0))], NOW)


@pytest.mark.parametrize("page", [5000, 1])
@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_that_is_deleted_in_moodle_counts_no_longer_unless_the_course_was_reset(
    engine: Engine, files: ProgrammeFiles, reset: bool, page: int
) -> None:
    store(engine, files, SAID, NOW)
    log_is_read(engine)
    site = _DeletedAnswers(reset=reset)
    assert read_log(engine, site, files, 0, page) == (0 if reset else 1)
    assert read_log(engine, site, files, 10, page) == 0
    (fact,) = known(engine)
    assert fact.value.get("gone", False) is not reset
    assert (fact.value["answers"] == {}) is not reset
    store(engine, files, SAID, NOW + timedelta(days=1))  # given again
    (fact,) = known(engine)
    assert "gone" not in fact.value


def test_a_pull_that_is_stopped_between_an_answer_and_the_reset_that_deleted_it_begins_before_both(
    engine: Engine, files: ProgrammeFiles
) -> None:
    store(engine, files, SAID, NOW)
    log_is_read(engine)
    site = _DeletedAnswers(reset=True)
    with pytest.raises(PullInterrupted):
        read_log(engine, site, files, 0, 1, stopping=lambda: site.calls > 0)
    assert read_log(engine, site, files, 10, 1) == 0
    (fact,) = known(engine)
    assert "gone" not in fact.value


def test_an_answer_that_is_given_again_stands_when_the_log_is_read_again(
    engine: Engine, files: ProgrammeFiles
) -> None:
    store(engine, files, SAID, NOW)
    log_is_read(engine)
    site = _DeletedAnswers(reset=False)
    assert read_log(engine, site, files, 0, 5000) == 1
    store(engine, files, SAID, NOW + timedelta(seconds=3570))  # half a minute after it was deleted
    assert read_log(engine, site, files, 40, 5000) == 0
    (fact,) = known(engine)
    assert "gone" not in fact.value


def test_what_was_typed_off_from_a_form_stands_when_the_answer_in_moodle_is_deleted(
    engine: Engine, files: ProgrammeFiles
) -> None:
    store(engine, files, SAID, NOW)
    (fact,) = known(engine)
    typed = replace(
        fact, source_time=NOW + timedelta(days=1), value={**fact.value, "score": 1.0, "recorded_by": "A"}
    )
    with engine.begin() as connection:
        store_told(connection, SITE, [typed], NOW, None)
        gone = [(asked(files), fact.person_id, NOW + timedelta(days=2))]
        assert store_withdrawn(connection, SITE, gone, NOW, None) == 0
    assert known(engine) == [typed]


# --- in the course


def test_its_questions_go_to_moodle_with_choices_and_bounds(needs: Questionnaire) -> None:
    def title(text: LocalizedText) -> str:
        return text.in_language("en")

    items = questionnaire_items(needs, Wording(("ro", "en"), title, ZoneInfo("UTC"), True))
    assert [one["key"] for one in items] == [one.id for one in needs.questions]
    by_key = {one["key"]: one for one in items}
    assert by_key["conversations"]["options"] == ["0", "-"]
    assert str(by_key["conversations"]["name"]).endswith("(a day)")
    assert by_key["service-direct"]["options"] == ["Not at all", "A little", "Fairly sure", "Very sure"]
    assert by_key["hardest"] == {
        "key": "hardest",
        "type": "text",
        "name": title(needs.questions[-1].question),
        "required": 0,
        "options": [],
    }


@pytest.fixture(scope="module")
def course() -> Course:
    folder = example_academy("inspectorate")
    return read_course(folder / "courses" / "communication", root=folder)


def told(course: Course, files: ProgrammeFiles, *, lacking: str = "", **changed: object) -> dict[str, str]:
    """What there is to say when the activity has other keys, or the questionnaire's unit lacks a language."""
    sections = tuple(
        section.model_copy(
            update={
                "activities": tuple(
                    one.model_copy(update=changed) if one.id == "needs" else one for one in section.activities
                )
            }
        )
        for section in course.sections
    )
    known = {one.id: one for one in files.questionnaires}
    if lacking:
        needs = known["needs-staff"]
        unit = LocalizedText({one: "x" for one in ("ro", "en") if one != lacking})
        questions = [
            one.model_copy(update={"unit": unit}) if one.type == "number" else one for one in needs.questions
        ]
        known["needs-staff"] = needs.model_copy(update={"questions": tuple(questions)})
    found = questionnaire_problems(replace(course, sections=sections), known)
    return {one.code: one.severity for one in found}


@pytest.mark.parametrize(
    ("changed", "code", "severity"),
    [
        ({"questionnaire": "no-such"}, "academy.unknown-questionnaire", "error"),
        ({"questionnaire": "counter-baseline"}, "academy.questionnaire-of-institution", "error"),
        ({"anonymous": True}, "academy.questionnaire-anonymous", "warning"),
        ({"lacking": "en"}, "academy.questionnaire-not-translated", "error"),
    ],
)
def test_what_cannot_be_asked_or_will_not_be_counted_is_told(
    course: Course, files: ProgrammeFiles, changed: dict[str, Any], code: str, severity: str
) -> None:
    assert told(course, files) == {}
    assert told(course, files, **changed) == {code: severity}
