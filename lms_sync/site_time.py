"""What a site's clock says, beside ours and beside what it said before.

Cursors are in the site's time. A clock that runs ahead and is put right later would leave cursors in the future, and what
happens until then would never be read; a site that answers with old data would set people back. Both show in
the time that comes with every answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from authoring.problems import Problem
from lms_sync.pull_report import WrongPage
from lms_sync.store import schema

SITE_CLOCK = "site clock"
"""The name under which the latest time that a site told is kept in the table `cursor`."""

_TOLERANCE = 120  # seconds that answers of one site may differ: it may have several machines
_NEAR = 600  # seconds within which two clocks count as the same
_SET = 60  # seconds by which the difference of two clocks changes when one of them is set; less is drift
_MARGIN = 300  # seconds: rows may be stored later than the time they carry


@dataclass(frozen=True)
class KnownTime:
    """The latest time that the site told in an earlier pull, and when that was by our clock; 0 before the first."""

    told: int = 0
    at: int = 0


def known_time(connection: Connection, site: str) -> KnownTime:
    """What is kept of a site's clock."""
    table = schema.cursor
    query = select(table.c.since, table.c.updated_at).where(
        table.c.site == site, table.c.stream == SITE_CLOCK, table.c.course == ""
    )
    row = connection.execute(query).first()
    return KnownTime() if row is None else KnownTime(row.since, int(row.updated_at.timestamp()))


def keep_time(connection: Connection, site: str, told: int, now: datetime) -> None:
    """Keeps what the site's clock said at `now`."""
    table = schema.cursor
    here = (table.c.site == site) & (table.c.stream == SITE_CLOCK) & (table.c.course == "")
    values: Mapping[str, object] = {"since": told, "after_id": 0, "updated_at": now}
    if connection.execute(update(table).where(here).values(**values)).rowcount == 0:
        connection.execute(insert(table).values(site=site, stream=SITE_CLOCK, course="", **values))


def begin_again(known: KnownTime, told: int, ours: int) -> int | None:
    """From which moment of the site's time on everything is to be read again, because a clock was set; else None.

    What was written since the last pull carries the time of the clock as it was before, or as it is now: whichever is
    earlier counts. A clock that went wrong and was put right between two pulls cannot be noticed; the next full pass
    finds what it hid.
    """
    before, now = known.told - known.at, told - ours
    if not known.told or abs(now - before) <= _SET:
        return None
    return max(0, known.at + min(before, now) - _MARGIN)


def check_present(known: KnownTime, told: int, ours: int) -> None:
    """Raises WrongPage where the site says less than before and less than ours: the answer is old, or the clock wrong."""
    if told < known.told - _TOLERANCE and told < ours - _NEAR:
        raise WrongPage("pull.site-in-the-past", told=_shown(told), before=_shown(known.told))


def clock_warning(told: int, ours: int) -> Problem | None:
    """That the site's clock is not ours, where it is off by ten minutes or more."""
    if abs(told - ours) < _NEAR:
        return None
    code = "pull.clock-ahead" if told > ours else "pull.clock-behind"
    return Problem(code, {"seconds": abs(told - ours)}, severity="warning")


def _shown(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
