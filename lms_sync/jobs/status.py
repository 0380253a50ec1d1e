"""What is fresh, what is stale and why: for `lms-sync status` and /healthz, in words and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from sqlalchemy import Engine, Row, select

from authoring.messages import text
from lms_sync.clock import Clock
from lms_sync.jobs.due import Every, Planned
from lms_sync.store import schema
from lms_sync.store.database import moment_of, reading

_run, _state = schema.job_run, schema.job_state

State = Literal["fresh", "running", "late", "failing", "never"]

_GRACE = timedelta(minutes=2)
"""So long after its due time a job may still be at it without being late."""


@dataclass(frozen=True)
class JobStatus:
    """How one job stands. `due` is the latest due time that should be done by now; times are aware UTC."""

    planned: Planned
    state: State
    done_at: datetime | None
    due: datetime
    following: datetime
    failures: int = 0
    failing_since: datetime | None = None
    error: str = ""
    reason: str = ""
    tried_again_at: datetime | None = None
    running_since: datetime | None = None
    restarts: int = 0

    @property
    def is_stale(self) -> bool:
        """Whether somebody should look."""
        return self.state in ("late", "failing", "never")

    def as_json(self) -> dict[str, object]:
        """For `--json` and /healthz; no names."""
        return {
            "site": self.planned.site,
            "job": self.planned.job,
            "course": self.planned.course,
            "state": self.state,
            "stale": self.is_stale,
            "done_at": _iso(self.done_at),
            "due": _iso(self.due),
            "next": _iso(self.following),
            "failures": self.failures,
            "failing_since": _iso(self.failing_since),
            "error": self.error,
            "tried_again_at": _iso(self.tried_again_at),
            "running_since": _iso(self.running_since),
            "restarts": self.restarts,
        }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def job_status(engine: Engine, planned: Sequence[Planned], clock: Clock) -> list[JobStatus]:
    """How every planned job stands, by the ledger."""
    with reading(engine) as connection:
        now = moment_of(connection, clock)
        states = {(row.site, row.job, row.course): row for row in connection.execute(select(_state))}
        query = select(_run).where(_run.c.state.in_(("waiting", "running")))
        open_: dict[tuple[str, str, str], list[Row[Any]]] = {}
        for row in connection.execute(query):
            open_.setdefault((row.site, row.job, row.course), []).append(row)
    return [_status(one, states.get(one.key), open_.get(one.key, []), now) for one in planned]


def _status(one: Planned, state: Row[Any] | None, rows: Sequence[Row[Any]], now: datetime) -> JobStatus:
    good = None if state is None else state.done_due_at
    due = one.timing.latest(now - _GRACE)  # what should be done by now
    running = next((row for row in rows if row.state == "running" and row.lease_until > now), None)
    waits = [row.not_before for row in rows if row.not_before is not None]
    failures = 0 if state is None else state.failures
    late = good is None or good < due
    kind: State
    if failures:
        kind = "failing"
    elif running is not None:
        kind = "running"
    elif good is None:
        kind = "never" if late and (isinstance(one.timing, Every) or rows) else "fresh"
    else:
        kind = "late" if late else "fresh"
    return JobStatus(
        one,
        kind,
        None if state is None else state.done_at,
        due,
        one.timing.following(now),
        failures,
        None if state is None else state.failing_since,
        "" if state is None else state.error or "",
        "" if state is None else state.reason or "",
        max(waits, default=None),
        None if running is None else running.started_at,
        max((row.restarts for row in rows), default=0),
    )


# --- in words ---------------------------------------------------------------------------------


def said(one: JobStatus, now: datetime, language: str, zone: tzinfo | None = None) -> list[str]:
    """The lines that tell how a job stands: one where it is well, the reason and what comes where it is not.

    Times are of `zone`, the calendar in which the schedule is written; left out, of this machine.
    """

    def _when(moment: datetime | None) -> str:
        return "–" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")

    params: dict[str, object] = {
        "ago": ago(one.done_at, now, language),
        "next": _when(one.following),
        "due": _when(one.due),
        "n": one.failures,
        "since": _when(one.failing_since),
        "again": _when(one.tried_again_at),
        "running": ago(one.running_since, now, language),
    }
    code: str = one.state
    if one.done_at is None:
        code = {"fresh": "not-yet", "failing": "failing-never", "running": "running-first"}.get(code, code)
    lines = [text(f"jobs.status-{code}", params, language)]
    if one.state == "failing":
        first = one.reason.strip().split("\n")
        lines += [f"  {line.strip()}" for line in first[:4] if line.strip()]
        if one.tried_again_at is not None and one.tried_again_at > now:
            lines.append("  " + text("jobs.status-again", params, language))
    if one.restarts:
        lines.append("  " + text("jobs.status-restarts", {"n": one.restarts}, language))
    return lines


def ago(moment: datetime | None, now: datetime, language: str) -> str:
    """A span up to now in words, such as "3 hours"."""
    if moment is None:
        return "–"
    from babel.dates import format_timedelta

    return str(format_timedelta(now - moment, threshold=1.2, locale=language))


# --- runs of jobs -----------------------------------------------------------------------------


@dataclass(frozen=True)
class JobRun:
    """A row of the ledger, as `lms-sync runs` shows it."""

    id: int
    job: str
    course: str
    due_at: datetime
    state: str
    starts: int
    restarts: int
    failures: int
    missed: int
    started_at: datetime | None
    finished_at: datetime | None
    covered_by: int | None
    error: str
    summary: dict[str, object]

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "row": self.id,
            "job": self.job,
            "course": self.course,
            "due": _iso(self.due_at),
            "state": self.state,
            "starts": self.starts,
            "restarts": self.restarts,
            "failures": self.failures,
            "missed": self.missed,
            "started": _iso(self.started_at),
            "finished": _iso(self.finished_at),
            "covered_by": self.covered_by,
            "error": self.error,
            "summary": self.summary,
        }


def read_job_runs(engine: Engine, site: str, limit: int) -> list[JobRun]:
    """The newest due times of a site in the ledger, newest first."""
    query = (
        select(_run).where(_run.c.site == site).order_by(_run.c.due_at.desc(), _run.c.id.desc()).limit(limit)
    )
    with reading(engine) as connection:
        return [
            JobRun(
                row.id,
                row.job,
                row.course,
                row.due_at,
                row.state,
                row.starts,
                row.restarts,
                row.failures,
                row.missed,
                row.started_at,
                row.finished_at,
                row.covered_by,
                row.error or "",
                row.summary or {},
            )
            for row in connection.execute(query)
        ]
