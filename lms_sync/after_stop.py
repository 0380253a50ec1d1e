"""After a run that was stopped: what became of the changes that were on their way.

A request may land after its sender has died. Moodle looks whether a key is free long before it stores, so that a
second request for the same object, sent while the first is still worked on, makes a second object. Hence the rule
(docs/decisions/0006-exactly-once.md): a change that was sent and is not on the site is looked for until it is
there, or until the longest time that a site may work on one request has passed since it was sent; only then is it
planned again. What the companion plugin does under its lock need not be waited for, unless the files want
something else by now.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Engine

from authoring.problems import Problem
from lms_sync.clock import Clock
from lms_sync.desired import DesiredState
from lms_sync.journal import OpenRow, close_stopped_runs, open_rows, settle_rows
from lms_sync.plan import Action, Change, DesiredObject, Kind, Plan

Say = Callable[[Problem], None]

_UNDER_LOCK = (
    Kind.SECTION,
    Kind.QUESTION_CATEGORY,
    Kind.QUESTION,
    Kind.ACTIVITY,
    Kind.CRITERIA,
    Kind.EVENT,
    Kind.OVERRIDE,
)
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 20.0


class SiteRead(Protocol):
    """A site as it was read, compared with what the files want."""

    @property
    def plan(self) -> Plan:
        """What is to be done."""

    @property
    def desired(self) -> DesiredState:
        """What the files want."""

    @property
    def whole(self) -> bool:
        """Whether it is about everything in the files, and not about some courses only."""


Read = TypeVar("Read", bound=SiteRead)


def read_after_stop(
    engine: Engine,
    site: str,
    clock: Clock,
    read: Callable[[], Read],
    *,
    longest_seconds: float,
    sleep: Callable[[float], None],
    say: Say,
) -> Read:
    """Reads the site at the beginning of apply; what an earlier run left open is settled first, and told by `say`.

    No other apply may be running on the site. Raises what `read` raises; what is open then stays open.
    """
    found = read_settled(engine, site, clock, read, longest_seconds=longest_seconds, sleep=sleep, say=say)
    close_stopped_runs(engine, site, clock)
    return found


def read_settled(
    engine: Engine,
    site: str,
    clock: Clock,
    read: Callable[[], Read],
    *,
    longest_seconds: float,
    sleep: Callable[[float], None],
    say: Say,
) -> Read:
    """The same in the middle of a run, after a request of which nobody knows what became of it."""
    rows = open_rows(engine, site)
    found = read()
    if not rows:
        return found
    say(Problem("apply.was-stopped", {"n": len(rows)}, severity="warning"))
    waited, pause, told = 0.0, _FIRST_PAUSE, False
    now = clock.now()
    while True:
        ends = _ends(rows, found)
        late = [row for row in rows if row.id in ends and _may_still_land(row, ends[row.id])]
        left = max((_patience(row, now, longest_seconds) - waited for row in late), default=0.0)
        if left <= 0:
            break
        if not told:
            params = {"n": len(late), "key": late[0].key, "seconds": math.ceil(left)}
            say(Problem("apply.waiting", params, severity="warning"))
            told = True
        nap = min(pause, left)
        sleep(nap)
        waited += nap  # not by the clock: it may be set anew meanwhile, and reading takes time of its own
        pause = min(2 * pause, _LONGEST_PAUSE)
        found = read()
    settle_rows(engine, ends, clock)
    counts = {state: list(ends.values()).count(state) for state in ("confirmed", "lost", "superseded")}
    say(Problem("apply.settled", counts, severity="warning"))
    return found


def _ends(rows: Sequence[OpenRow], found: SiteRead) -> dict[int, str]:
    """How each row turned out, by row id; rows that this reading says nothing about are left out."""
    changes = {(one.kind, one.scope, one.key): one for one in found.plan.changes}
    wants = {(one.kind, one.scope, one.key): one for one in found.desired.objects}
    ends: dict[int, str] = {}
    for row in rows:
        place = (row.kind, row.scope, row.key)
        end = _end(row, changes.get(place), wants.get(place))
        if end != "superseded" or place in changes or found.whole:
            ends[row.id] = end
    return ends


def _end(row: OpenRow, change: Change | None, want: DesiredObject | None) -> str:
    if row.kind is Kind.ACCOUNT and change is None:
        return "confirmed"  # an account that is there is matched, and then nobody wants one any more
    if change is None or (want.wanted_hash if want else "") != row.wanted_hash:
        return "superseded"
    if change.action is Action.KEEP:
        return "confirmed"
    return "superseded" if change.action is Action.REFUSE else "lost"


def _may_still_land(row: OpenRow, end: str) -> bool:
    """Whether a late request could do harm: make a second object, or bring back what the files no longer want."""
    if row.sent_at is None or end == "confirmed":
        return False
    return end == "superseded" or row.kind not in _UNDER_LOCK


def _patience(row: OpenRow, now: datetime, longest_seconds: float) -> float:
    assert row.sent_at is not None
    passed = (now - row.sent_at).total_seconds()
    return min(
        longest_seconds, longest_seconds - passed
    )  # a clock that was set back makes nobody wait longer
