"""How long an award is valid, when it may be renewed, and the rules for dates: all in local calendar days.

Ends are inclusive: the last valid day. A period is whole months from a base, always `base + k × period` and never an
addition to an addition, so that the 31st stays the end of the month and 29 February comes back every four years.
"""

from __future__ import annotations

import calendar
import datetime
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field

from authoring.languages import LocalizedText
from certificates.requirement import CalendarDate, Months, Requirement, Strict

_DAY = timedelta(days=1)


class Validity(Strict):
    """One of three: whole months from the day earned, one last day for everybody, or fixed days that come again."""

    months: Months | None = None
    until: CalendarDate | None = None
    ends_on: CalendarDate | None = None
    every_months: Months | None = None
    at_least_months: Months | None = None

    @property
    def form(self) -> Literal["months", "until", "fixed"] | None:
        """Which of the three it is; None where the keys do not go together."""
        written = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if written == {"months"}:
            return "months"
        if written == {"until"}:
            return "until"
        return "fixed" if {"ends_on", "every_months"} <= written <= _FIXED else None


_FIXED = {"ends_on", "every_months", "at_least_months"}


class Renewal(Strict):
    """From when an award may be renewed, by which shorter path, and how long that path stays open after the end."""

    window_months: Months
    grace_days: Annotated[int, Field(ge=0, le=3660)] = 0
    counts_from: Literal["expiry", "completion"] = "expiry"
    require: Requirement | None = None


class Effective(Strict):
    """From and until which day an award can be earned by this version of the policy; both inclusive."""

    from_: CalendarDate | None = Field(default=None, alias="from")
    until: CalendarDate | None = None


class Retention(Strict):
    """How many months after its end (or its issue, where it has none) the holder's data are kept, and why."""

    months: Months
    reason: LocalizedText


@dataclass(frozen=True)
class Period:
    """From when an award was earned to its last valid day: `base_on` plus `periods` times the policy's months."""

    earned_on: date
    expires_on: date | None
    base_on: date
    periods: int = 1


def first_period(validity: Validity | None, earned_on: date) -> Period:
    """The period of an award that was not held before, or whose holder had lost it."""
    return Period(earned_on, _end(validity, earned_on), earned_on)


def renewed_period(
    validity: Validity, before: Period, earned_on: date, counts_from: Literal["expiry", "completion"]
) -> Period:
    """The period after `before`, renewed on `earned_on`.

    In time and counted from the expiry, it begins with the day after the last one and loses nothing; late, or counted
    from the completion, it begins with the day of the renewal. Fixed days are the next ones after the last end.
    """
    assert before.expires_on is not None
    if validity.months is None:
        return Period(earned_on, _end(validity, earned_on, after=before.expires_on), earned_on)
    if counts_from == "completion" or earned_on > before.expires_on:
        return first_period(validity, earned_on)
    base, count = before.base_on, before.periods
    if last_valid_day(base, validity.months * count) != before.expires_on:  # by another version of the policy
        base, count = before.expires_on + _DAY, 0
    return Period(earned_on, last_valid_day(base, validity.months * (count + 1)), base, count + 1)


def _end(validity: Validity | None, earned_on: date, after: date | None = None) -> date | None:
    if validity is None:
        return None
    if validity.months is not None:
        return last_valid_day(earned_on, validity.months)
    if validity.until is not None:
        return validity.until
    assert validity.ends_on is not None
    assert validity.every_months is not None
    least = last_valid_day(earned_on, validity.at_least_months) if validity.at_least_months else earned_on
    if after is not None:
        least = max(least, after + _DAY)
    months = (least.year - validity.ends_on.year) * 12 + least.month - validity.ends_on.month
    k = months // validity.every_months - 1
    while (end := add_months(validity.ends_on, k * validity.every_months)) < least:
        k += 1
    return end


def window_opens(expires_on: date, window_months: int) -> date:
    """The first day of the window that so many months before the end opens."""
    return add_months(expires_on + _DAY, -window_months)


def grace_ends(expires_on: date, grace_days: int) -> date:
    """The last day on which the shorter path is open."""
    return expires_on + timedelta(days=grace_days)


Phase = Literal["valid", "window", "grace", "lapsed"]


def phase_on(day: date, expires_on: date | None, renewal: Renewal | None) -> Phase:
    """Where in its life an award is on a day, by dates alone: nothing of this is ever written, so nothing is late."""
    if expires_on is None:
        return "valid"
    if day > expires_on:
        open_still = renewal is not None and day <= grace_ends(expires_on, renewal.grace_days)
        return "grace" if open_still else "lapsed"
    if renewal is not None and day >= window_opens(expires_on, renewal.window_months):
        return "window"
    return "valid"


def last_valid_day(start: date, months: int) -> date:
    """The last day of a period of whole months that begins on `start`: 2026-03-04 and 36 give 2029-03-03."""
    return add_months(start, months) - _DAY


def add_months(start: datetime.date, months: int) -> date:
    """`start` plus whole months; a day that the month does not have becomes its last one."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return date(year, month + 1, day)
