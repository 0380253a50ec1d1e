"""Dates of a programme move by whole years that keep the days of the week, and nothing else in the file moves."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from lms_sync.playing.dates import A_YEAR, move_scenario, move_text, years_to_move
from lms_sync.playing.scenarios import SCENARIOS

DAYS = st.dates(datetime.date(2020, 1, 1), datetime.date(2050, 1, 1))


@given(DAYS, DAYS)
def test_the_last_day_played_is_within_the_year_before_today(
    last: datetime.date, today: datetime.date
) -> None:
    moved = last + years_to_move(last, today)
    assert datetime.timedelta() <= today - moved < A_YEAR
    assert moved.weekday() == last.weekday()


def test_only_dates_move() -> None:
    text = 'days: [{date: 2026-03-12, from: "09:00"}]  # v2026-03-12-b, 2026-13-41, 12026-03-12\n'
    moved = move_text(text, lambda day: day + A_YEAR)
    assert moved == 'days: [{date: 2027-03-11, from: "09:00"}]  # v2026-03-12-b, 2026-13-41, 12026-03-12\n'


def test_a_scenario_moves_as_a_whole() -> None:
    for scenario in SCENARIOS.values():
        moved = move_scenario(scenario, A_YEAR)
        assert move_scenario(moved, -A_YEAR) == scenario
        assert moved.last - scenario.last == A_YEAR
        assert scenario.pushed <= scenario.before <= scenario.learned[0] < scenario.learned[1]
        assert scenario.learned[1] < scenario.awarded[0] <= scenario.awarded[-1] <= scenario.last
