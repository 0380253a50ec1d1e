from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

import lms_sync
from authoring.problems import LmsSyncError
from lms_sync.clock import FixedClock
from lms_sync.facts import PLUGIN_STREAMS, facts_of
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import MoodleError
from lms_sync.pull import OVERLAP, PullInterrupted, PullReport, WrongPage, pull
from lms_sync.settings import Secret
from lms_sync.store import schema

CLOCK = FixedClock(datetime(2027, 1, 15, 8, tzinfo=UTC))
COURSES = {"archive": 7}
LONG_AGO = 1_700_000_000


def read(
    client: MoodleClient, engine: Engine, courses: dict[str, int] = COURSES, **options: Any
) -> PullReport:
    return pull(client, engine, "site", courses, CLOCK, **options)


def stored(engine: Engine) -> list[tuple[str, str, str, str, Any]]:
    with engine.connect() as connection:
        return [
            (fact.stream, fact.source_id, fact.course, fact.subject, dict(fact.value))
            for fact in facts_of(connection, "site")
        ]


def cursors(engine: Engine) -> dict[tuple[str, str], tuple[int, int]]:
    with engine.connect() as connection:
        rows = connection.execute(select(schema.cursor))
        return {(row.stream, row.course): (row.since, row.after_id) for row in rows}


def attempts(plugin: Any, count: int, *, course: int = 7, first: int = 1, start: int = LONG_AGO) -> None:
    for number in range(first, first + count):
        values = {"attempt": 1, "state": "finished", "sumgrades": 8.0, "max": 10.0}
        plugin.add("quiz_attempt", number, start + number // 3, course=course, user=30 + number % 5, **values)


def test_every_stream_arrives_with_its_meaning(plugin: Any, client: MoodleClient, engine: Engine) -> None:
    t = LONG_AGO
    plugin.add("activity_completion", 1, t, key="archive/final", cmid=5, state=3, complete=False)
    plugin.add("course_completion", 2, t + 50, timecompleted=t + 10, timestarted=t)
    plugin.add("course_completion", 3, t + 60, user=31, timecompleted=None, timestarted=t + 60)
    plugin.add("grade", 4, t + 70, key="archive/final", cmid=5, item="mod", grade=8.5, max=10, **{"pass": 7})
    plugin.add("quiz_attempt", 5, t + 80, cmid=6, attempt=1, state="inprogress", sumgrades=None, max=20)
    plugin.add("scorm_track", 6, t + 90, cmid=5, attempt=1, element="cmi.core.score.raw", value=80)
    report = read(client, engine)
    assert stored(engine) == [
        ("activity_completion", "1", "archive", "archive/final", {"state": 3, "complete": False}),
        ("course_completion", "2", "archive", "", {"complete": True}),
        ("course_completion", "3", "archive", "", {"complete": False}),
        ("grade", "4", "archive", "archive/final", {"item": "mod", "grade": 8.5, "max": 10.0}),
        (
            "quiz_attempt",
            "5",
            "archive",
            "cmid:6",
            {"attempt": 1, "state": "inprogress", "score": None, "max": 20.0},
        ),
        (
            "scorm_result",
            "6",
            "archive",
            "cmid:5",
            {"attempt": 1, "element": "cmi.core.score.raw", "value": "80"},
        ),
    ]
    assert report.facts == 6
    with engine.connect() as connection:
        times = {fact.source_id: fact.source_time for fact in facts_of(connection, "site")}
        run = connection.execute(select(schema.run)).one()
    assert times["2"] == datetime.fromtimestamp(t + 10, UTC)  # completed when it was completed
    assert (run.verb, run.outcome, run.summary["facts"]) == ("pull", "done", 6)


OUTCOME = {
    "attempt": 1,
    "state": "finished",
    "slot": 2,
    "question": "archive-final:seal",
    "version": 3,
    "type": "multichoice",
    "variant": 1,
    "max": 2.0,
    "fraction": 0.3333333,
    "outcome": "gradedpartial",
    "chosen": [0, 2],
    "response": "the seal; the date",
    "right": "the seal; the date; the number",
    "random": {"category": "archive-final", "tags": ["core"]},
}


def test_the_outcome_of_a_question_arrives_and_a_regrade_is_a_fact_of_its_own(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    plugin.add("question_outcome", 8, LONG_AGO, key="archive/final", cmid=6, **OUTCOME)
    assert read(client, engine).new["question_outcome"] == 1
    plugin.now += 1000
    plugin.add(
        "question_outcome", 8, plugin.now - 100, key="archive/final", cmid=6, **{**OUTCOME, "fraction": 1}
    )
    assert read(client, engine).new["question_outcome"] == 1
    told = [row for row in stored(engine) if row[0] == "question_outcome"]
    assert [row[1:4] for row in told] == [("8", "archive", "archive/final")] * 2
    assert [row[4]["fraction"] for row in told] == [0.3333333, 1.0]
    assert told[0][4] == OUTCOME


def test_a_plugin_that_does_not_know_the_outcomes_yet_tells_the_rest(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    refused = {"exception": "moodle_exception", "errorcode": "unknownstream", "message": "no such stream"}

    def as_it_was(function: str, answer: Any) -> Any:
        return refused if plugin.calls[-1].get("stream") == "question_outcome" else answer

    plugin.spoil = as_it_was
    plugin.add("scorm_track", 6, LONG_AGO, attempt=1, element="cmi.core.score.raw", value=80)
    report = read(client, engine)
    assert report.new["scorm_result"] == 1
    assert [warning.code for warning in report.warnings] == ["pull.no-question-outcomes"]


def test_a_second_pull_asks_only_for_what_is_new(plugin: Any, client: MoodleClient, engine: Engine) -> None:
    attempts(plugin, 10)
    assert read(client, engine, page=3).facts == 10
    plugin.calls.clear()
    again = read(client, engine)
    assert (again.facts, again.rows) == (0, 0)
    asked = {call["stream"]: call["since"] for call in plugin.calls}
    assert asked["quiz_attempt"] == plugin.now - OVERLAP["quiz_attempt"]
    plugin.now += 100
    attempts(plugin, 2, first=50, start=plugin.now - 50)
    assert read(client, engine).facts == 2


def test_a_row_that_comes_late_into_the_second_that_was_read_is_not_missed(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    completed = {"state": 1, "complete": True}
    plugin.add("activity_completion", 10, plugin.now - 1, **completed)
    read(client, engine)
    plugin.add("activity_completion", 9, plugin.now - 1, user=31, **completed)
    plugin.now += 5
    assert read(client, engine).facts == 1


def test_a_course_completion_that_cron_dates_back_for_days_is_not_missed(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    read(client, engine)
    completed = plugin.now - 10 * 86400
    plugin.add("course_completion", 1, completed, timecompleted=completed, timestarted=completed)
    plugin.now += 60
    assert read(client, engine).facts == 1


def test_a_course_added_later_is_read_from_its_beginning(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    attempts(plugin, 5)
    attempts(plugin, 4, course=8, first=100)
    assert read(client, engine).facts == 5
    plugin.calls.clear()
    both = {"archive": 7, "ethics": 8}
    assert read(client, engine, both).facts == 4
    assert [(c["courseids"], c["since"] == 0) for c in plugin.calls if c.get("stream") == "quiz_attempt"] == [
        ([8], True),
        ([7], False),
    ]
    plugin.now += 3000
    plugin.calls.clear()
    pull(client, engine, "site", both, FixedClock(CLOCK.now() + timedelta(seconds=3000)))
    assert [c["courseids"] for c in plugin.calls] == [[7, 8]] * len(PLUGIN_STREAMS)  # from now on together


def test_an_account_that_no_file_names_gets_an_opaque_person_and_is_told(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    attempts(plugin, 6)
    report = read(client, engine, page=2)
    assert sorted(account.username for account in report.unlisted) == [f"user{30 + n}" for n in range(5)]
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(schema.person)).scalar() == 5
        assert connection.execute(select(func.count()).select_from(schema.person_data)).scalar() == 0
    plugin.now += 1000
    attempts(plugin, 1, first=60, start=plugin.now - 50)
    assert read(client, engine).unlisted == ()


def _more_and_empty(page: dict[str, Any]) -> None:
    page.update(rows=[], more=True)


def _cursor_elsewhere(page: dict[str, Any]) -> None:
    page["since"] -= 1


def _not_in_order(page: dict[str, Any]) -> None:
    page["rows"].reverse()


def _other_course(page: dict[str, Any]) -> None:
    page["rows"][1]["courseid"] = 99


def _same_row_again(page: dict[str, Any]) -> None:
    page["rows"][1] = page["rows"][0]


def _from_the_future(page: dict[str, Any]) -> None:
    page["now"] = page["rows"][-1]["t"]


def _no_data(page: dict[str, Any]) -> None:
    page["rows"][1]["data"] = "not JSON"


def _no_now(page: dict[str, Any]) -> None:
    del page["now"]


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_more_and_empty, "pull.page-empty"),
        (_cursor_elsewhere, "pull.page-cursor"),
        (_not_in_order, "pull.page-order"),
        (_same_row_again, "pull.page-order"),
        (_other_course, "pull.page-course"),
        (_from_the_future, "pull.page-future"),
        (_no_data, "pull.row-shape"),
        (_no_now, "pull.page-shape"),
    ],
)
def test_a_wrong_page_is_an_error_and_moves_nothing(
    plugin: Any, client: MoodleClient, engine: Engine, harm: Callable[[dict[str, Any]], None], code: str
) -> None:
    attempts(plugin, 9)

    def spoil(function: str, page: Any) -> Any:
        if len([c for c in plugin.calls if c.get("stream") == "quiz_attempt"]) == 2 and page["rows"]:
            harm(page)
        return page

    plugin.spoil = spoil
    with pytest.raises(WrongPage) as caught:
        read(client, engine, page=4)
    assert caught.value.code == code
    assert len(stored(engine)) == 4
    assert cursors(engine)["quiz_attempt", "archive"] == (LONG_AGO + 1, 4)
    plugin.spoil = lambda function, page: page
    assert read(client, engine).facts == 5


def test_more_rows_than_asked_for_are_a_wrong_page(plugin: Any, client: MoodleClient, engine: Engine) -> None:
    attempts(plugin, 9)
    answer = plugin.answer

    def generous(function: str, arguments: dict[str, Any]) -> Any:
        return answer(function, {**arguments, "limit": 9} if "limit" in arguments else arguments)

    plugin.answer = generous
    with pytest.raises(WrongPage, match=r"pull\.page-size"):
        read(client, engine, page=2)
    assert stored(engine) == []


@pytest.mark.parametrize("answer", ["<html>maintenance</html>", None], ids=["maintenance", "connection lost"])
def test_a_site_that_fails_in_between_keeps_what_was_stored_and_the_next_pull_carries_on(
    plugin: Any, client: MoodleClient, engine: Engine, answer: str | None
) -> None:
    attempts(plugin, 12)

    def fail(function: str, page: Any) -> Any:
        return answer if len([c for c in plugin.calls if c.get("stream") == "quiz_attempt"]) > 2 else page

    plugin.spoil = fail
    with pytest.raises(MoodleError):
        read(client, engine, page=4)
    assert len(stored(engine)) == 8
    with engine.connect() as connection:
        assert connection.execute(select(schema.run.c.outcome)).scalar() == "failed"
    plugin.spoil = lambda function, page: page
    assert read(client, engine, page=4).facts == 4


def test_an_unreachable_site_is_a_clear_error(engine: Engine) -> None:
    with pytest.raises(MoodleError, match=r"moodle\.no-connection"):
        read(MoodleClient("http://127.0.0.1:9", Secret("t"), waits=()), engine)


def test_a_pull_that_is_asked_to_stop_stops_between_two_pages(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    attempts(plugin, 12)
    seen: list[int] = []

    def progress(stream: str, rows: int, new: int) -> None:
        seen.append(rows)

    with pytest.raises(PullInterrupted):
        read(client, engine, page=4, progress=progress, stopping=lambda: bool(seen and seen[-1] >= 8))
    assert len(stored(engine)) == 8
    assert read(client, engine).facts == 4


def test_pulls_that_are_killed_anywhere_lose_and_double_nothing() -> None:
    """A sample of the campaign of `make proofs`; what a kill just before or after a commit does is in test_nothing_lost."""
    script = Path(__file__).with_name("kill_campaign.py")
    here = {**os.environ, "PYTHONPATH": str(Path(lms_sync.__file__).parent.parent)}
    command = [sys.executable, script, "--kills", "12", "--seed", "5"]
    ended = subprocess.run(command, check=False, timeout=120, env=here, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_a_site_that_answers_with_yesterdays_data_is_not_believed(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    attempts(plugin, 3)
    read(client, engine)
    before, today = (stored(engine), cursors(engine)), plugin.now
    plugin.now -= 86400
    attempts(plugin, 2)
    with pytest.raises(WrongPage) as caught:
        read(client, engine)
    assert caught.value.code == "pull.site-in-the-past"
    assert caught.value.problem.params == {
        "told": "2027-01-14 08:00:00 UTC",
        "before": "2027-01-15 08:00:00 UTC",
    }
    assert stored(engine) == before[0]
    assert all(position <= before[1][key] for key, position in cursors(engine).items())
    plugin.now = today + 60
    attempts(plugin, 1, first=90, start=today - 50_000)  # from while it was in the past
    assert read(client, engine).facts == 1


def test_what_is_written_after_an_hour_ahead_was_put_right_is_not_missed(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    plugin.now += 3600
    attempts(plugin, 1, start=plugin.now - 10)
    report = read(client, engine)
    assert [warning.code for warning in report.warnings] == ["pull.clock-ahead"]
    assert report.warnings[0].params["seconds"] == 3600
    plugin.now -= 3600 - 30  # half a minute later, and right
    attempts(plugin, 1, first=2, start=plugin.now - 5)
    plugin.now += 30
    report = pull(client, engine, "site", COURSES, FixedClock(CLOCK.now() + timedelta(seconds=60)))
    assert report.warnings == ()
    assert report.facts == 1


def test_numbers_that_a_restore_gave_anew_are_facts_of_their_own(
    plugin: Any, client: MoodleClient, engine: Engine
) -> None:
    attempts(plugin, 1, start=plugin.now - 5000)
    read(client, engine)
    plugin.now += 600
    plugin.rows.clear()
    plugin.add(
        "quiz_attempt", 1, plugin.now - 9, user=77, attempt=1, state="inprogress", sumgrades=None, max=10
    )
    report = read(client, engine)
    assert (report.facts, report.gone) == (2, 1)
    assert [warning.code for warning in report.warnings] == ["pull.clock-ahead", "pull.numbers-reused"]
    with engine.connect() as connection:
        told = [(fact.person_id, fact.value["state"]) for fact in facts_of(connection, "site")]
    assert [state for _, state in told] == ["finished", "inprogress", "deleted"]
    assert told[0][0] == told[2][0] != told[1][0]


def test_every_error_of_a_pull_has_its_words_in_three_languages() -> None:
    from authoring.messages import catalogue

    for code in ("pull.page-shape", "pull.interrupted", "pull.course-not-on-site"):
        assert all(code in catalogue(language) for language in ("en", "sq", "ro"))
    assert issubclass(WrongPage, LmsSyncError)
