"""The dates of a programme moved to another year, so that what is played today is not played in the future."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import replace

from lms_sync.playing.scenarios import Scenario

A_YEAR = datetime.timedelta(weeks=52)
"""A year that keeps the days of the week."""

_DATE = re.compile(r"(?<![\w-])\d{4}-\d\d-\d\d(?![\w-])")


def years_to_move(last: datetime.date, today: datetime.date) -> datetime.timedelta:
    """By how much dates move so that the last day played is at most a year before today, and not after it."""
    return (today - last) // A_YEAR * A_YEAR


def move_text(text: str, move: Callable[[datetime.date], datetime.date]) -> str:
    """The text with every date written `2026-03-12` moved; what only looks like one stays."""

    def moved(found: re.Match[str]) -> str:
        try:
            return move(datetime.date.fromisoformat(found[0])).isoformat()
        except ValueError:
            return found[0]

    return _DATE.sub(moved, text)


def move_scenario(scenario: Scenario, by: datetime.timedelta) -> Scenario:
    """The scenario as many days later."""
    return replace(
        scenario,
        pushed=scenario.pushed + by,
        before=scenario.before + by,
        learned=(scenario.learned[0] + by, scenario.learned[1] + by),
        awarded=tuple(day + by for day in scenario.awarded),
        last=scenario.last + by,
        asked_on=scenario.asked_on + by,
        answered=tuple(replace(one, on=one.on + by) for one in scenario.answered),
        shown=tuple(replace(one, on=one.on + by) for one in scenario.shown),
    )
