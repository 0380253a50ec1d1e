"""The ledger: one row a due time, one holder a site, one success a row, and no word from who lost it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Engine, insert, select

from lms_sync.clock import FixedClock, SystemClock
from lms_sync.jobs.due import At, Every, Planned
from lms_sync.jobs.ledger import GIVE_UP_AFTER, Claim, Failure, Ledger, LostLease, wait_after
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading
from tests.postgresql_server import Server

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
PULL, REPORT = Planned("main", "pull", Every(60)), Planned("main", "report", Every(60))
TROUBLE = Failure("moodle.no-connection", "it is away")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def ledger(tmp_path: Path, clock: FixedClock, empty_state: Path) -> Iterator[Ledger]:
    engine = open_database(f"sqlite:///{shutil.copy(empty_state, tmp_path)}")
    yield Ledger(engine, clock, ways=("email",))
    engine.dispose()


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(schema.job_run).order_by(schema.job_run.c.id)))


def states(ledger: Ledger) -> list[tuple[str, str]]:
    return [(row.job, row.state) for row in rows(ledger.engine)]


def take(ledger: Ledger, owner: str = "a", **options: Any) -> Claim:
    claim = ledger.take("main", owner, **options)
    assert claim is not None
    return claim


def test_a_due_time_comes_in_once_whoever_asks(ledger: Ledger) -> None:
    assert ledger.ask([REPORT, PULL], NOW, NOW) == 2
    assert ledger.ask([PULL, REPORT], NOW + timedelta(seconds=59), NOW) == 0
    assert ledger.ask([PULL], NOW + timedelta(seconds=60), NOW) == 1


def test_what_is_due_together_runs_in_its_order_one_at_a_time(ledger: Ledger) -> None:
    ledger.ask([REPORT, PULL], NOW, NOW)
    first = take(ledger)
    assert first.job == "pull"
    assert ledger.take("main", "b") is None
    ledger.finish(first, {"facts": 3})
    assert take(ledger, "b").job == "report"
    assert ledger.take("other", "b") is None


def test_the_latest_due_time_stands_for_those_that_were_not_reached(
    ledger: Ledger, clock: FixedClock
) -> None:
    for _ in range(3):
        ledger.ask([PULL], clock.now(), NOW)
        clock.advance(timedelta(seconds=60))
    claim = take(ledger)
    assert claim.due_at == NOW + timedelta(seconds=120)
    assert states(ledger) == [("pull", "waiting"), ("pull", "waiting"), ("pull", "running")]
    ledger.finish(claim, {})
    assert states(ledger) == [("pull", "covered"), ("pull", "covered"), ("pull", "done")]
    assert {row.covered_by for row in rows(ledger.engine)[:2]} == {claim.id}


def test_where_each_counts_every_due_time_is_worked_on_in_its_order(
    ledger: Ledger, clock: FixedClock
) -> None:
    each = Planned("main", "pull", Every(60), each_counts=True)
    ledger.ask([each], NOW, NOW)
    clock.advance(timedelta(seconds=180))  # nothing ran
    assert ledger.ask([each], clock.now(), NOW) == 3
    done = []
    while claim := ledger.take("main", "a", each_counts=frozenset({"pull"})):
        ledger.finish(claim, {}, each_counts=True)
        done.append(claim.due_at)
    assert done == [NOW + timedelta(seconds=60 * n) for n in range(4)]


def test_what_was_due_while_nothing_ran_is_caught_up_once_and_counted(
    ledger: Ledger, clock: FixedClock
) -> None:
    ledger.ask([PULL], NOW, NOW)
    ledger.finish(take(ledger), {})
    clock.advance(timedelta(hours=1))
    assert ledger.ask([PULL], clock.now(), clock.now()) == 1
    assert rows(ledger.engine)[-1].missed == 59


def test_what_a_clock_that_was_a_year_ahead_left_behind_holds_nothing_back(
    ledger: Ledger, clock: FixedClock
) -> None:
    ahead = timedelta(days=365)
    clock.advance(ahead)
    ledger.ask([PULL, REPORT], clock.now(), NOW)
    ledger.fail(take(ledger), TROUBLE)  # to be tried again in a year
    dead = take(ledger)  # whose holder is killed, with a lease until then
    clock.advance(-ahead)
    assert ledger.ask([PULL, REPORT], NOW, NOW) == 2
    assert ledger.take("main", "b") is None  # who holds it may still live, and would renew
    clock.advance(timedelta(seconds=31))
    assert dead.id in ledger.ready()["main"]
    done = set()
    while claim := ledger.take("main", "b"):
        ledger.finish(claim, {})
        done.add(claim.job)
    assert done == {"pull", "report"}
    clock.advance(timedelta(seconds=60))
    assert ledger.ask([PULL], clock.now(), NOW) == 1


def test_a_time_of_day_that_passed_before_anything_ever_ran_is_not_due(
    ledger: Ledger, clock: FixedClock
) -> None:
    from zoneinfo import ZoneInfo

    daily = Planned("main", "report", At(6, 0, ZoneInfo("Europe/Tirane")))
    assert ledger.ask([daily], NOW, NOW) == 0
    clock.advance(timedelta(days=1))
    assert ledger.ask([daily], clock.now(), NOW) == 1
    clock.advance(timedelta(days=2))
    assert ledger.ask([daily], clock.now(), clock.now()) == 1  # a new process: it had run before
    assert rows(ledger.engine)[-1].missed == 1


def test_a_failure_waits_longer_each_time_and_is_given_up_in_the_end(
    ledger: Ledger, clock: FixedClock
) -> None:
    ledger.ask([PULL], NOW, NOW)
    waits: list[float] = []
    while True:
        again, _ = ledger.fail(take(ledger), TROUBLE)
        if again is None:
            break
        assert ledger.take("main", "a") is None
        waits.append((again - clock.now()).total_seconds())
        clock.advance(again - clock.now())
    assert waits == [wait_after(n).total_seconds() for n in range(1, GIVE_UP_AFTER)]
    assert waits[:4] == [30, 60, 120, 240]
    assert max(waits) == 3600
    assert states(ledger) == [("pull", "failed")]
    assert rows(ledger.engine)[0].starts == GIVE_UP_AFTER


def test_a_failing_job_waits_also_when_it_is_due_again_and_holds_back_no_other(
    ledger: Ledger, clock: FixedClock
) -> None:
    ledger.ask([PULL, REPORT], NOW, NOW)
    ledger.fail(take(ledger), TROUBLE)
    assert take(ledger).job == "report"


# --- who was lost --------------------------------------------------------------------------------------------------


def test_a_lost_holders_row_is_taken_over_when_its_lease_has_run_out(
    ledger: Ledger, clock: FixedClock
) -> None:
    ledger.ask([PULL], NOW, NOW)
    first = take(ledger)
    clock.advance(ledger.lease - timedelta(seconds=1))
    assert ledger.take("main", "b") is None
    assert ledger.renew(first)
    clock.advance(ledger.lease - timedelta(seconds=1))
    assert ledger.ready() == {}
    clock.advance(timedelta(seconds=1))
    assert ledger.ready() == {"main": [first.id]}
    second = take(ledger, "b")
    assert (second.id, second.start, second.restarts) == (first.id, 2, 1)
    assert not ledger.renew(first)


def test_who_lost_a_row_can_write_nothing_more_of_it(ledger: Ledger, clock: FixedClock) -> None:
    ledger.ask([PULL], NOW, NOW)
    first = take(ledger)
    engine = ledger.engine_of(first)
    with engine.begin() as connection:
        connection.execute(insert(schema.person).values(id="before", site="main", created_at=NOW))
    clock.advance(ledger.lease)
    second = take(ledger, "b")
    with pytest.raises(LostLease), engine.begin() as connection:
        connection.execute(insert(schema.person).values(id="after", site="main", created_at=NOW))
    for attempt in (lambda: ledger.finish(first, {}), lambda: ledger.give_way(first)):
        with pytest.raises(LostLease):
            attempt()
    with pytest.raises(LostLease):
        ledger.fail(first, TROUBLE)
    with reading(ledger.engine) as connection:
        assert connection.execute(select(schema.person.c.id)).all() == [("before",)]
    ledger.finish(second, {})
    assert states(ledger) == [("pull", "done")]


def test_who_gives_way_goes_behind_what_was_asked_since(ledger: Ledger, clock: FixedClock) -> None:
    ledger.ask([PULL], NOW, NOW)
    first = take(ledger)
    clock.advance(timedelta(seconds=5))
    ledger.ask([REPORT], clock.now(), NOW)
    clock.advance(timedelta(seconds=5))
    ledger.give_way(first)
    assert take(ledger).job == "report"
    assert rows(ledger.engine)[0].failures == 0


# --- what is told --------------------------------------------------------------------------------------------------


def test_a_failure_and_a_recovery_are_told_once_each(ledger: Ledger, clock: FixedClock) -> None:
    ledger.ask([PULL], NOW, NOW)
    told = []
    for _ in range(4):
        again, one = ledger.fail(take(ledger), TROUBLE)
        told.append(one and one.kind)
        assert again is not None
        clock.advance(again - clock.now())
    recovery = ledger.finish(take(ledger), {})
    assert told == [None, "failure", None, None]
    assert recovery is not None
    assert (recovery.kind, recovery.since, recovery.failure) == ("recovery", NOW, TROUBLE)
    clock.advance(timedelta(seconds=60))
    ledger.ask([PULL], clock.now(), NOW)
    assert ledger.finish(take(ledger), {}) is None
    with reading(ledger.engine) as connection:
        assert connection.execute(select(schema.notice.c.kind)).all() == [("failure",), ("recovery",)]


def test_a_short_trouble_is_not_told(ledger: Ledger, clock: FixedClock) -> None:
    ledger.ask([PULL], NOW, NOW)
    ledger.fail(take(ledger), TROUBLE)
    clock.advance(timedelta(minutes=5))
    assert ledger.finish(take(ledger), {}) is None


# --- whatever happens, in whichever order --------------------------------------------------------------------------


class Interleavings(RuleBasedStateMachine):
    """Three processes that ask, take, work, fail, fall asleep and are killed; time passes."""

    _engine: Engine | None = None

    @initialize(each=st.booleans())
    def begin(self, each: bool) -> None:
        self.clock = FixedClock(NOW)
        if Interleavings._engine is None:  # the tables are made once, and emptied by each example
            Interleavings._engine = open_database("sqlite://")
        self.engine = Interleavings._engine
        with self.engine.begin() as connection:
            for table in (schema.job_run, schema.job_state, schema.notice):
                connection.execute(table.delete())
        self.ledger = Ledger(self.engine, self.clock)
        self.each = frozenset({"pull", "report"}) if each else frozenset[str]()
        self.planned = [
            Planned("main", job, Every(60), course, each_counts=each)
            for job, course in (("pull", "a"), ("pull", "b"), ("report", ""))
        ]
        self.held: dict[int, Claim] = {}  # what each process believes that it holds
        self.effects: list[int] = []
        self.asked: set[tuple[str, str, datetime]] = set()

    @rule(seconds=st.sampled_from([1, 20, 31, 60, 200, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def ask(self) -> None:
        self.ledger.ask(self.planned, self.clock.now(), NOW)

    @rule(process=st.integers(0, 2))
    def take(self, process: int) -> None:
        if process not in self.held:
            claim = self.ledger.take("main", str(process), each_counts=self.each)
            if claim is not None:
                self.held[process] = claim

    @rule(process=st.integers(0, 2))
    def finish(self, process: int) -> None:
        claim = self.held.pop(process, None)
        if claim is None:
            return
        try:
            with self.ledger.engine_of(claim).begin() as connection:
                self.ledger.finish_within(connection, claim, {}, each_counts=claim.job in self.each)
        except LostLease:
            return
        self.effects.append(claim.id)

    @rule(process=st.integers(0, 2))
    def fail(self, process: int) -> None:
        if claim := self.held.pop(process, None):
            with contextlib.suppress(LostLease):
                self.ledger.fail(claim, TROUBLE)

    @rule(process=st.integers(0, 2))
    def renew(self, process: int) -> None:
        if process in self.held:
            self.ledger.renew(self.held[process])

    @rule(process=st.integers(0, 2))
    def be_killed(self, process: int) -> None:
        self.held.pop(process, None)

    @invariant()
    def one_success_a_row_and_one_holder_a_site(self) -> None:
        if not hasattr(self, "ledger"):
            return
        found = rows(self.engine)
        assert len(self.effects) == len(set(self.effects))
        assert {row.id for row in found if row.state == "done"} == set(self.effects)
        live = [row for row in found if row.state == "running" and row.lease_until > self.clock.now()]
        assert len(live) <= 1
        assert all(row.covered_by in self.effects for row in found if row.state == "covered")
        keys = [(row.job, row.course, row.due_at) for row in found]
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        """However it went, whoever comes afterwards brings every due time to its end."""
        if not hasattr(self, "ledger"):
            return
        self.clock.advance(timedelta(hours=2))
        while claim := self.ledger.take("main", "last", each_counts=self.each):
            self.ledger.finish(claim, {}, each_counts=claim.job in self.each)
        left = {row.state for row in rows(self.engine)}
        assert left <= {"done", "covered", "failed"}
        if self.each:
            assert "covered" not in left


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


# --- on PostgreSQL -------------------------------------------------------------------------------------------------


def test_on_postgresql_the_servers_clock_counts_and_the_same_holds(postgresql: Server) -> None:
    engine = open_database(postgresql.database())
    wrong = FixedClock(datetime(2001, 1, 1, tzinfo=UTC))  # this machine's clock is years off
    ledger = Ledger(engine, wrong, lease=timedelta(seconds=0.2), wait=lambda failures: timedelta(0))
    now = SystemClock().now()
    assert ledger.ask([PULL, REPORT], now, now) == 2
    first = take(ledger)
    assert abs(rows(engine)[0].started_at - now) < timedelta(minutes=5)
    assert ledger.take("main", "b") is None
    deadline = SystemClock().now() + timedelta(seconds=20)
    second = None
    while second is None:
        assert SystemClock().now() < deadline
        second = ledger.take("main", "b")
    with pytest.raises(LostLease), ledger.engine_of(first).begin():
        pass
    ledger.fail(second, TROUBLE)
    ledger.finish(take(ledger), {})
    while claim := ledger.take("main", "b"):
        ledger.finish(claim, {"n": 1})
    assert sorted(states(ledger)) == [("pull", "done"), ("report", "done")]
    engine.dispose()
