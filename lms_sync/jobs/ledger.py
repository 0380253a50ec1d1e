"""The ledger of jobs: one row for each due time, of which one process at a time holds one of each site.

::

    waiting   due, or to be tried again from `not_before` on
    running   held by `owner` until `lease_until`, which it renews; when that has passed, somebody takes it over
    done      its effects have happened, and it has this row to show
    covered   a later due time of the same job went well and stands for it
    failed    given up after many failures

A row is taken, and every change of its state made, in a transaction that has the lock of its site, so that two
processes cannot take two rows of one site. Whoever holds a row knows the number of its start: what a process
writes after its row was taken over is refused (`Ledger.fence`), however late it wakes up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, and_, func, insert, or_, select, update

from authoring.problems import LmsSyncError
from lms_sync.clock import Clock
from lms_sync.jobs.due import At, Planned, missed, order_of
from lms_sync.store import schema
from lms_sync.store.database import fenced, moment_of, of_site, reading, single_statements
from lms_sync.store.many_rows import insert_new

LEASE = timedelta(seconds=30)
"""How long a row is held without a sign of life; a killed process's job is taken over after it."""

GIVE_UP_AFTER = 12
"""Failures of one due time after which it is not tried again; the next due time is."""

_FIRST_WAIT, _LONGEST_WAIT = 30, 3600  # seconds
_LONGEST = timedelta(seconds=_LONGEST_WAIT)
_REASON = 1000

_run, _state = schema.job_run, schema.job_state


class LostLease(LmsSyncError):
    """Somebody else has taken the job over: nothing more of this attempt may be written."""


@dataclass(frozen=True)
class Claim:
    """A row that this process holds; `start` is the number of this start, 1 for the first."""

    id: int
    site: str
    job: str
    course: str
    due_at: datetime
    start: int
    restarts: int


@dataclass(frozen=True)
class Failure:
    """What went wrong, as a message code and the words of it."""

    code: str
    reason: str = ""


@dataclass(frozen=True)
class Told:
    """A change of state that is to be told: kind "failure" or "recovery", since when it failed, and why."""

    kind: str
    since: datetime
    failure: Failure | None


def wait_after(failures: int) -> timedelta:
    """How long to wait after so many failures: 30 s, doubled each time, at most an hour."""
    return timedelta(seconds=min(_FIRST_WAIT * 2 ** max(failures - 1, 0), _LONGEST_WAIT))


@dataclass(frozen=True)
class Ledger:
    """The ledger in one database. `tell_after` failures in a row are told, by each of `ways`."""

    engine: Engine
    clock: Clock
    lease: timedelta = LEASE
    tell_after: int = 2
    ways: tuple[str, ...] = ()
    wait: Callable[[int], timedelta] = wait_after

    # --- what is due --------------------------------------------------------------------------

    def ask(self, planned: Sequence[Planned], now: datetime, started: datetime) -> int:
        """Puts due times that have come into the ledger; how many were new.

        `started` is when this process began: a time of day that passed before anything ever ran is not due.
        Due times that passed while nothing ran are counted in the row of the latest, or, where each counts, all put in.
        Those that are yet to come, as a clock that was ahead for a while has left them, hold nothing back.
        """
        newest = self._newest(planned, now)
        rows: list[dict[str, object]] = []
        for one in planned:
            latest = one.timing.latest(now)
            before = newest.get(one.key)
            if before is not None and before >= latest:
                continue
            if before is None and isinstance(one.timing, At) and latest < started:
                continue
            between = [] if before is None else list(missed(one.timing, before, latest))
            if one.each_counts:
                rows += [self._row(one, due, 0, now) for due in between]
            rows.append(self._row(one, latest, 0 if one.each_counts else len(between), now))
        if not rows:
            return 0
        with single_statements(self.engine).begin() as connection:
            return insert_new(connection, _run, rows, ("site", "job", "course", "due_at"))

    def put(self, site: str, job: str, course: str = "") -> int:
        """Puts a row in that is due now, as somebody wants it; its id."""
        with of_site(self.engine, site).begin() as connection:
            now = moment_of(connection, self.clock)
            row = self._row_of(site, job, course, now, 0, now)
            key = connection.execute(insert(_run).values(**row)).inserted_primary_key
            assert key is not None
            return int(key[0])

    def _newest(self, planned: Iterable[Planned], now: datetime) -> dict[tuple[str, str, str], datetime]:
        """The newest due time up to now of each plan that is in the ledger: a look into the index each, however long it is."""
        found: dict[tuple[str, str, str], datetime] = {}
        with reading(self.engine) as connection:
            for site, job, course in sorted({one.key for one in planned}):
                query = select(func.max(_run.c.due_at)).where(
                    _run.c.site == site, _run.c.job == job, _run.c.course == course, _run.c.due_at <= now
                )
                newest = connection.execute(query).scalar()
                if newest is not None:
                    found[site, job, course] = newest
        return found

    def _row(self, one: Planned, due: datetime, passed: int, now: datetime) -> dict[str, object]:
        return self._row_of(one.site, one.job, one.course, due, passed, now)

    @staticmethod
    def _row_of(
        site: str, job: str, course: str, due: datetime, passed: int, now: datetime
    ) -> dict[str, object]:
        return {
            "site": site,
            "job": job,
            "course": course,
            "due_at": due,
            "state": "waiting",
            "asked_at": now,
            "missed": passed,
            "starts": 0,
            "restarts": 0,
            "failures": 0,
        }

    def ready(self) -> dict[str, list[int]]:
        """The rows that may be taken, by site: waiting ones whose time has come, and those of lost processes."""
        with reading(self.engine) as connection:
            now = moment_of(connection, self.clock)
            found: dict[str, list[int]] = {}
            for row in connection.execute(
                _open(now, self.lease).order_by(_run.c.site, _run.c.asked_at, _run.c.id)
            ):
                found.setdefault(row.site, []).append(row.id)
            return found

    # --- holding a row ------------------------------------------------------------------------

    def take(
        self,
        site: str,
        owner: str,
        *,
        only: int | None = None,
        each_counts: frozenset[str] = frozenset(),
        now_even_after_failure: bool = False,
    ) -> Claim | None:
        """Takes the row of a site whose turn it is, or with `only` that one; None where there is none or one is held.

        Of several due times of one job the latest is taken, which then stands for the others; of the jobs named in
        `each_counts` the earliest. `now_even_after_failure` does not wait for `not_before`.
        """
        with of_site(self.engine, site).begin() as connection:
            now = moment_of(connection, self.clock)
            rows = connection.execute(
                select(_run).where(_run.c.site == site, _run.c.state.in_(("waiting", "running")))
            ).all()
            held = [row for row in rows if row.state == "running" and row.lease_until > now]
            for row in held:
                if (
                    row.lease_until > now + self.lease
                ):  # by a clock that was ahead: who lives renews it by now's
                    connection.execute(
                        update(_run).where(_run.c.id == row.id).values(lease_until=now + self.lease)
                    )
            if held:
                return None
            for row in rows:
                if row.state == "running":
                    connection.execute(
                        update(_run)
                        .where(_run.c.id == row.id)
                        .values(state="waiting", owner=None, lease_until=None, restarts=row.restarts + 1)
                    )
            chosen = _whose_turn(rows, None if now_even_after_failure else now, only, each_counts)
            if chosen is None:
                return None
            lost = 1 if chosen.state == "running" else 0
            claim = Claim(
                chosen.id,
                site,
                chosen.job,
                chosen.course,
                chosen.due_at,
                chosen.starts + 1,
                chosen.restarts + lost,
            )
            connection.execute(
                update(_run)
                .where(_run.c.id == chosen.id)
                .values(
                    state="running",
                    owner=owner,
                    lease_until=now + self.lease,
                    starts=claim.start,
                    started_at=now,
                    not_before=None,
                )
            )
            return claim

    def renew(self, claim: Claim) -> bool:
        """Says that this process still holds the row; whether it does."""
        with single_statements(self.engine).begin() as connection:
            until = moment_of(connection, self.clock) + self.lease
            return (
                connection.execute(update(_run).where(_held(claim)).values(lease_until=until)).rowcount == 1
            )

    def fence(self, claim: Claim, connection: Connection) -> None:
        """Raises LostLease where the row is no longer this claim's. For a transaction that has the site's lock:
        until it ends nobody can take the row over.
        """
        if connection.execute(select(_run.c.id).where(_held(claim))).first() is None:
            raise LostLease("jobs.lost", job=claim.job, site=claim.site)

    def engine_of(self, claim: Claim) -> Engine:
        """The database for what the job writes: in its site only, and only while it holds its row."""
        return fenced(of_site(self.engine, claim.site), lambda connection: self.fence(claim, connection))

    # --- letting go ---------------------------------------------------------------------------

    def finish(
        self, claim: Claim, summary: Mapping[str, object], *, each_counts: bool = False
    ) -> Told | None:
        """The job went well: its one row of success. What that changes, where it is to be told. Raises LostLease."""
        with self.engine_of(claim).begin() as connection:
            return self.finish_within(connection, claim, summary, each_counts=each_counts)

    def finish_within(
        self,
        connection: Connection,
        claim: Claim,
        summary: Mapping[str, object],
        *,
        each_counts: bool = False,
    ) -> Told | None:
        """The same, together with what the caller's transaction writes (begun on `engine_of`)."""
        now = moment_of(connection, self.clock)
        self._let_go(connection, claim, state="done", finished_at=now, summary=dict(summary), error=None)
        if not each_counts:
            connection.execute(
                update(_run)
                .where(
                    _run.c.site == claim.site,
                    _run.c.job == claim.job,
                    _run.c.course == claim.course,
                    _run.c.due_at < claim.due_at,
                    _run.c.state == "waiting",
                )
                .values(state="covered", covered_by=claim.id, finished_at=now)
            )
        before = self._state_of(connection, claim)
        self._set_state(
            connection,
            claim,
            failures=0,
            failing_since=None,
            told=False,
            error=None,
            reason=None,
            done_at=now,
            done_due_at=claim.due_at,
        )
        if before is None or not before.told:
            return None
        told = Told("recovery", before.failing_since, Failure(before.error or "", before.reason or ""))
        self._note(connection, claim, told, now)
        return told

    def fail(self, claim: Claim, failure: Failure) -> tuple[datetime | None, Told | None]:
        """The job failed: when it is tried again (None: not), and what is to be told. Raises LostLease."""
        with self.engine_of(claim).begin() as connection:
            now = moment_of(connection, self.clock)
            failures = (
                1 + connection.execute(select(_run.c.failures).where(_run.c.id == claim.id)).scalar_one()
            )
            given_up = failures >= GIVE_UP_AFTER
            again = None if given_up else now + self.wait(failures)
            self._let_go(
                connection,
                claim,
                state="failed" if given_up else "waiting",
                failures=failures,
                error=failure.code[:100],
                not_before=again,
                finished_at=now if given_up else None,
            )
            before = self._state_of(connection, claim)
            in_a_row = 1 + (before.failures if before else 0)
            since = before.failing_since if before and before.failing_since else now
            tell = in_a_row >= self.tell_after and not (before and before.told)
            self._set_state(
                connection,
                claim,
                failures=in_a_row,
                failing_since=since,
                told=tell or bool(before and before.told),
                error=failure.code[:100],
                reason=failure.reason[:_REASON],
            )
            told = Told("failure", since, failure) if tell else None
            if told is not None:
                self._note(connection, claim, told, now)
            return again, told

    def give_way(self, claim: Claim) -> None:
        """The job stopped at a safe point and goes on later, after others. Raises LostLease."""
        with self.engine_of(claim).begin() as connection:
            self._let_go(connection, claim, state="waiting", asked_at=moment_of(connection, self.clock))

    def _let_go(self, connection: Connection, claim: Claim, **values: object) -> None:
        done = connection.execute(
            update(_run).where(_held(claim)).values(owner=None, lease_until=None, **values)
        )
        if done.rowcount != 1:
            raise LostLease("jobs.lost", job=claim.job, site=claim.site)

    # --- whether it works ---------------------------------------------------------------------

    def _state_of(self, connection: Connection, claim: Claim) -> Row[Any] | None:
        return connection.execute(select(_state).where(_same_state(claim))).first()

    def _set_state(self, connection: Connection, claim: Claim, **values: object) -> None:
        if connection.execute(update(_state).where(_same_state(claim)).values(**values)).rowcount == 0:
            connection.execute(
                insert(_state).values(site=claim.site, job=claim.job, course=claim.course, **values)
            )

    def _note(self, connection: Connection, claim: Claim, told: Told, now: datetime) -> None:
        for way in self.ways:
            connection.execute(
                insert(schema.notice).values(
                    site=claim.site,
                    job=claim.job,
                    course=claim.course,
                    kind=told.kind,
                    at=now,
                    since=told.since,
                    error=told.failure.code[:100] if told.failure else None,
                    reason=told.failure.reason[:_REASON] if told.failure else None,
                    way=way,
                    state="waiting",
                    tries=0,
                )
            )


@dataclass
class DueTimes:
    """Puts the due times of plans into a ledger as they come; what this process has put in, it does not look up again."""

    ledger: Ledger
    planned: Sequence[Planned]
    started: datetime

    def __post_init__(self) -> None:
        self._asked: dict[Planned, datetime] = {}

    def ask(self) -> set[str]:
        """Puts in what has come since; the sites of it. What fails is tried again by the next call."""
        now = self.ledger.clock.now()
        come = [one for one in self.planned if self._asked.get(one) != one.timing.latest(now)]
        if come:
            self.ledger.ask(come, now, self.started)
            self._asked.update((one, one.timing.latest(now)) for one in come)
        return {one.site for one in come}


def _held(claim: Claim) -> Any:
    return and_(_run.c.id == claim.id, _run.c.state == "running", _run.c.starts == claim.start)


def _same_state(claim: Claim) -> Any:
    return and_(_state.c.site == claim.site, _state.c.job == claim.job, _state.c.course == claim.course)


def _open(now: datetime, lease: timedelta) -> Select[Any]:
    passed = or_(_run.c.not_before.is_(None), _run.c.not_before <= now, _run.c.not_before > now + _LONGEST)
    may = and_(_run.c.state == "waiting", passed)
    lost = and_(_run.c.state == "running", or_(_run.c.lease_until <= now, _run.c.lease_until > now + lease))
    return select(_run.c.id, _run.c.site).where(or_(may, lost))


def _whose_turn(
    rows: Sequence[Row[Any]], now: datetime | None, only: int | None, each_counts: frozenset[str]
) -> Row[Any] | None:
    """The longest asked for, by the order of jobs where asked at one moment; of each job the due time that counts."""
    by_key: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        by_key.setdefault((row.job, row.course), []).append(row)
    best: tuple[tuple[Any, ...], Row[Any]] | None = None
    for (job, course), same in by_key.items():
        same.sort(key=lambda row: row.due_at)
        chosen = same[0] if job in each_counts else same[-1]
        if only is not None and all(row.id != only for row in same):
            continue
        # A failure makes wait whatever is due of the job: the next due time does not try sooner.
        # A wait that nobody is ever told to keep was reckoned by a clock that was ahead.
        if now is not None and any(
            row.not_before is not None and now < row.not_before <= now + _LONGEST for row in same
        ):
            continue
        rank = (min(row.asked_at for row in same), order_of(job), course)
        if best is None or rank < best[0]:
            best = (rank, chosen)
    return None if best is None else best[1]
