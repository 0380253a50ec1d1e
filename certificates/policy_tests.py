"""Tests that stand in a policy file: given these facts, on this date, expect this. `certificates.check_policy` runs them."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Literal

from pydantic import Field

from certificates.requirement import CalendarDate, Percent, Slug, Strict

State = Literal["eligible", "pending", "held"]
"""What a decision says: earned; something is missing; held already, and not up for renewal."""

Way = Literal["full", "renewal"]
"""By which requirements an award was earned: all of the policy's, or those of its renewal."""


class GivenFact(Strict):
    """A fact in a policy's own test: one key that says what, `on` (or `day`), and what belongs to it."""

    course_completed: str | None = None
    quiz: str | None = None
    attendance: str | None = None  # <programme>/<session>; one day of it
    exercise: str | None = None
    award: str | None = None  # the policy's own id: held before, so that the test is about a renewal
    milestone: str | None = None
    pilot_led: str | None = None  # <programme>/<session>; one day of it
    prior_learning: Slug | None = None
    score: Percent | None = None  # of a quiz
    hours: Annotated[float, Field(ge=0)] | None = None  # of an attendance: fewer than the day has
    leader_award: str | None = None  # of an attendance: what its leader held that day, or none
    until: CalendarDate | None = None  # of an award: its last valid day
    suspended_on: CalendarDate | None = None
    resumed_on: CalendarDate | None = None
    revoked_on: CalendarDate | None = None
    on: CalendarDate | None = None
    day: CalendarDate | None = None

    @property
    def date(self) -> datetime.date:
        """The day of the fact."""
        found = self.on or self.day
        assert found is not None  # checked when the policy was read
        return found


class Expectation(Strict):
    """What a policy's own test expects; only the keys written are compared."""

    state: State
    earned_on: CalendarDate | None = None
    expires_on: CalendarDate | None = None
    missing: tuple[str, ...] | None = None
    way: Way | None = None


class PolicyTest(Strict):
    """Given these facts, on this date, expect this."""

    given: tuple[GivenFact, ...]
    as_of: CalendarDate
    expect: Expectation


GIVEN_KEYS = (
    "course_completed", "quiz", "attendance", "exercise", "award", "milestone", "pilot_led", "prior_learning",
)  # fmt: skip
_WITH = {
    "quiz": {"score"},
    "attendance": {"hours", "leader_award"},
    "award": {"until", "suspended_on", "resumed_on", "revoked_on"},
}
KEY = re.compile(r"[^/\s]+/[^/\s]+")
"""A key of two parts: `<course>/<activity>`, `<programme>/<session>`."""


def is_complete(given: GivenFact) -> bool:
    """Whether it says exactly one thing, its day, and only what belongs to it."""
    written = {key for key in given.model_fields_set if getattr(given, key) is not None}
    what = [key for key in GIVEN_KEYS if key in written]
    if len(what) != 1 or ("on" in written) == ("day" in written):
        return False
    (key,) = what
    if key in ("attendance", "exercise", "milestone", "pilot_led") and not KEY.fullmatch(getattr(given, key)):
        return False
    return written - {key, "on", "day"} <= _WITH.get(key, set()) and (key != "quiz" or "score" in written)
