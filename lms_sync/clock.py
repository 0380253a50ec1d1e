"""Time is passed in: nothing in the suite reads the machine's clock except through a Clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Protocol


class Clock(Protocol):
    """Tells the present moment."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told to move; for tests and for `--as-of`."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was set to, aware, in UTC."""
        return self._moment

    def advance(self, by: timedelta) -> None:
        """Moves the clock."""
        self._moment += by


def local_date(moment: datetime, timezone: str) -> date:
    """The calendar date of an aware moment in a time zone such as "Europe/Tirane"."""
    if moment.tzinfo is None:
        raise ValueError("a local date needs an aware time")
    if moment.year < _WHOLE_MINUTES:
        return moment.astimezone(_zone(timezone)).date()
    return _date_of_minute(int(moment.timestamp() // 60), timezone)


_WHOLE_MINUTES = (
    1980  # since then no zone is off by a part of a minute, so that all of a minute is on one day
)


@lru_cache(maxsize=100_000)
def _date_of_minute(minute: int, timezone: str) -> date:
    """Reports ask for the days of hundreds of thousands of moments, many of them in the same minutes."""
    return datetime.fromtimestamp(60 * minute, _zone(timezone)).date()


@cache
def _zone(timezone: str) -> tzinfo:
    from zoneinfo import ZoneInfo  # late: most verbs ask for no place's calendar

    return ZoneInfo(timezone)
