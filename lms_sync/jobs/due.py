"""When jobs are due: a grid of moments that every process computes alike from the configuration.

`every: 15 min` is due on a grid that begins at 2000-01-01 00:00 UTC; each of several sites has its own place within the
interval, by its name, so that they are not all asked at once. `at: "06:00"` is due once for each date of the site's
calendar. Jobs of one site with the same `every` or `at` are due at the same moment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

ORDER = ("pull", "certify", "send", "profiles", "report", "backup")
"""The order of jobs that are due at the same moment, and of `run --once`."""

_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_AT_ONCE = 10_000


class Timing(Protocol):
    """A rule for due times."""

    def latest(self, now: datetime) -> datetime:
        """The last due time that is not after `now`."""

    def following(self, due: datetime) -> datetime:
        """The first due time after `due`."""


@dataclass(frozen=True)
class Every:
    """Again and again, `seconds` apart, `offset` seconds off the grid."""

    seconds: int
    offset: int = 0

    def latest(self, now: datetime) -> datetime:
        """The last due time that is not after `now`."""
        passed = (now - _ORIGIN) // timedelta(seconds=1) - self.offset
        return _ORIGIN + timedelta(seconds=passed - passed % self.seconds + self.offset)

    def following(self, due: datetime) -> datetime:
        """The first due time after `due`."""
        return self.latest(due) + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class At:
    """Once for each date of a calendar, at a time of day; one that a change to summer time skips is an hour later."""

    hour: int
    minute: int
    zone: ZoneInfo

    def latest(self, now: datetime) -> datetime:
        """The last due time that is not after `now`."""
        here = now.astimezone(self.zone)
        due = self._on(here)
        return due if due <= now else self._on(here - timedelta(days=1))

    def following(self, due: datetime) -> datetime:
        """The first due time after `due`."""
        here = due.astimezone(self.zone)
        today = self._on(here)
        return today if today > due else self._on(here + timedelta(days=1))

    def _on(self, day: datetime) -> datetime:
        wall = datetime(day.year, day.month, day.day, self.hour, self.minute, tzinfo=self.zone)
        return wall.astimezone(UTC)


@dataclass(frozen=True)
class Planned:
    """A job that the schedule wants: for a site, or for one course of it (`course` is "" for all)."""

    site: str
    job: str
    timing: Timing
    course: str = ""
    each_counts: bool = False  # whether every due time is worked on, or the latest stands for those before

    @property
    def key(self) -> tuple[str, str, str]:
        """What of it its due times share."""
        return self.site, self.job, self.course


def order_of(job: str) -> int:
    """Where a job stands among those that are due together."""
    return ORDER.index(job) if job in ORDER else len(ORDER)


def interval(every: str) -> timedelta:
    """The span that a schedule's `every` means: "15 min" or "2 h"."""
    match = re.fullmatch(r"([1-9][0-9]*) (min|h)", every)
    if match is None:
        raise ValueError(f"no interval: {every}")
    amount = int(match.group(1))
    return timedelta(minutes=amount) if match.group(2) == "min" else timedelta(hours=amount)


def timing(every: str | None, at: str | None, site: str, zone: ZoneInfo, *, alone: bool) -> Timing:
    """The rule that a schedule's entry means for a site; `alone` says that there is no other site."""
    if every is not None:
        seconds = int(interval(every).total_seconds())
        place = int.from_bytes(hashlib.sha256(site.encode("utf-8")).digest()[:8], "big")
        return Every(seconds, 0 if alone else place % seconds)
    hour, minute = str(at).split(":")
    return At(int(hour), int(minute), zone)


def missed(rule: Timing, after: datetime, until: datetime) -> Iterator[datetime]:
    """The due times after one and before another, oldest first; at most 10,000."""
    due = rule.following(after)
    for _ in range(_MOST_AT_ONCE):
        if due >= until:
            return
        yield due
        due = rule.following(due)


def in_order(planned: Sequence[Planned]) -> list[Planned]:
    """Plans by site, then in the order in which jobs that are due together run."""
    return sorted(planned, key=lambda one: (one.site, order_of(one.job), one.course))
