"""What a stopped run left open is settled by the next apply, and told in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from authoring.messages import LANGUAGES, describe
from authoring.problems import Refused
from lms_sync.apply import ApplyReport
from lms_sync.clock import SystemClock
from lms_sync.moodle.errors import UnknownOutcome
from lms_sync.plan import Kind
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.store.one_at_a_time import only_one
from lms_sync.store.schema import journal, run

if TYPE_CHECKING:
    from tests.pushed_academy import Push

COHORTS = "core_cohort_create_cohorts"
COURSE = "core_course_create_courses"


def stopped_at(push: Push, function: str, longest: int = 4) -> None:
    """A run that ends without knowing what became of its last request."""
    config = push.folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    if "longest" not in text:
        config.write_text(
            text.replace(
                "token_file: token\n", f"token_file: token\n    longest_request_seconds: {longest}\n"
            ),
            encoding="utf-8",
        )
    push.fault(function, "cut_before_work", times=3)
    with pytest.raises(UnknownOutcome):
        push.apply()
    push.site.faults.waiting.clear()
    push.slept.clear()


def states(push: Push) -> Counter[tuple[str, str]]:
    return Counter((row.kind, row.state) for row in push.journal())


def said(report: ApplyReport) -> dict[str, Any]:
    return {problem.code: problem.params for problem in report.problems}


def test_what_nobody_knows_of_stays_sent_until_the_next_apply_has_looked(push: Push) -> None:
    stopped_at(push, COURSE)
    (row,) = [row for row in push.journal() if row.state == "sent"]
    assert (row.kind, row.sent_at is not None) == (Kind.COURSE, True)
    push.work()  # a plan looks, and notes nothing
    assert row in push.journal()
    report, left = push.apply()
    assert left.plan.work == ()
    assert report.complete
    assert states(push)[Kind.COURSE, "lost"] == 3
    assert states(push)[Kind.COURSE, "confirmed"] == 1
    assert {state for _, state in states(push)} == {"lost", "confirmed"}


def test_what_has_landed_meanwhile_is_found_and_not_waited_for(push: Push) -> None:
    push.fault(COHORTS, "cut_after_work")
    report, left = push.apply()
    assert left.plan.work == ()
    cohorts = len(push.site.cohorts)
    assert said(report)["apply.settled"] == {"confirmed": cohorts, "lost": 0, "superseded": 0}
    assert "apply.waiting" not in said(report)
    assert push.slept == []
    assert push.doubles() == {}


def test_what_never_landed_is_waited_for_as_long_as_a_request_may_last_and_no_longer(push: Push) -> None:
    push.fault(COURSE, "cut_before_work")
    report, left = push.apply()
    assert left.plan.work == ()
    assert 270 < sum(push.slept) <= 300  # less what has passed since it was sent
    told = said(report)["apply.waiting"]
    assert (told["n"], told["key"]) == (1, "archive-officers")
    assert 270 < told["seconds"] <= 300


def test_the_time_that_has_passed_since_then_need_not_be_waited_again(push: Push) -> None:
    stopped_at(push, COURSE)
    with push.engine.begin() as connection:
        long_ago = push.runs()[0].started_at.replace(year=2020)
        connection.execute(update(journal).values(sent_at=long_ago))
    report, left = push.apply()
    assert left.plan.work == ()
    assert push.slept == []
    assert said(report)["apply.settled"]["lost"] == 1


def test_a_clock_that_was_set_back_makes_nobody_wait_longer(push: Push) -> None:
    stopped_at(push, COURSE)
    with push.engine.begin() as connection:
        connection.execute(update(journal).values(sent_at=push.runs()[0].started_at.replace(year=2099)))
    push.apply()
    assert sum(push.slept) == 4


def test_what_the_plugin_does_under_its_lock_is_sent_again_at_once(push: Push) -> None:
    push.fault("local_lmssync_upsert_activity", "cut_before_work")
    report, left = push.apply()
    assert left.plan.work == ()
    assert push.slept == []
    assert said(report)["apply.settled"]["lost"] == 1


def test_what_the_files_want_otherwise_by_now_is_superseded_and_waited_for(push: Push) -> None:
    stopped_at(push, "local_lmssync_upsert_section", longest=60)
    push.set_text("courses/archive-officers/course.yaml", '"Fillimi"', '"Fillimi i kursit"')
    report, left = push.apply()
    assert left.plan.work == ()
    assert said(report)["apply.settled"] == {"confirmed": 0, "lost": 0, "superseded": 1}
    assert 30 < sum(push.slept) <= 60  # less what has passed since it was sent


def test_a_request_that_was_never_sent_is_not_waited_for(push: Push) -> None:
    stopped_at(push, COURSE)
    with push.engine.begin() as connection:
        connection.execute(update(journal).where(journal.c.state == "sent").values(state="intent"))
    _, left = push.apply()
    assert left.plan.work == ()
    assert push.slept == []


def test_a_run_that_was_killed_is_called_stopped(push: Push) -> None:
    stopped_at(push, COURSE)
    with push.engine.begin() as connection:
        connection.execute(update(run).values(finished_at=None, outcome=None))
    push.apply()
    assert [one.outcome for one in push.runs()] == ["stopped", "done"]


def test_apply_of_one_course_leaves_open_what_it_does_not_look_at(push: Push) -> None:
    stopped_at(push, COURSE)
    with push.engine.begin() as connection:
        connection.execute(
            update(journal).where(journal.c.state == "sent").values(key="another", detail={"scope": ""})
        )
    settings = push.settings
    site = settings.sites["main"]
    client = push.client()

    def one_course() -> Prepared:
        return prepare(client, push.built, settings, site, only_courses=["archive-officers"])

    apply_prepared(
        client,
        push.engine,
        "main",
        one_course(),
        settings,
        site,
        push.folder,
        SystemClock(),
        again=one_course,
    )
    client.close()
    assert states(push)[Kind.COURSE, "sent"] == 1
    _, left = push.apply()
    assert left.plan.work == ()
    assert states(push)[Kind.COURSE, "sent"] == 0


def test_two_applies_at_once_are_refused(push: Push) -> None:
    with only_one(push.engine, "main"):
        with pytest.raises(Refused) as caught, only_one(push.engine, "main"):
            pass
        with only_one(push.engine, "another-site"):
            pass
    assert caught.value.code == "apply.another-runs"
    with only_one(push.engine, "main"):
        pass


def test_it_is_told_in_words(push: Push) -> None:
    stopped_at(push, COURSE)
    report, _ = push.apply()
    in_all = [[describe(problem, language) for problem in report.problems] for language in LANGUAGES]
    for told in in_all:
        assert len(told) == 3
        assert "archive-officers" in told[1]
        assert all("{" not in one for one in told)
    assert len({told[0] for told in in_all}) == len(LANGUAGES)
