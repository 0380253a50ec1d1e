"""When a question is due follows the desk's calendar."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.desk import Within
from helpdesk.due import due_at

TIRANA = ZoneInfo("Europe/Tirane")
WITHIN = Within(3, "working days")
moments = st.datetimes(
    datetime.datetime(2026, 1, 1), datetime.datetime(2027, 12, 31), timezones=st.just(datetime.UTC)
)
holidays = st.frozensets(st.dates(datetime.date(2026, 1, 1), datetime.date(2027, 12, 31)), max_size=30)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-03-09T10:00", "2026-03-12"),  # Monday: Thursday
        ("2026-03-12T23:30", "2026-03-17"),  # Thursday night: Friday, Monday, Tuesday
        ("2026-03-14T10:00", "2026-03-18"),  # Saturday: Monday to Wednesday
    ],
)
def test_working_days_end_at_midnight_and_leave_out_weekends(asked: str, due: str) -> None:
    moment = datetime.datetime.fromisoformat(asked).replace(tzinfo=TIRANA)
    last = due_at(moment, WITHIN, TIRANA).astimezone(TIRANA)
    assert last.isoformat() == f"{due}T23:59:59+01:00"


@given(moments, holidays, st.integers(1, 20))
def test_between_asking_and_due_there_are_as_many_working_days_as_promised(
    asked: datetime.datetime, free: frozenset[datetime.date], number: int
) -> None:
    due = due_at(asked, Within(number, "working days"), TIRANA, free).astimezone(TIRANA).date()
    day, worked = asked.astimezone(TIRANA).date(), 0
    while day < due:
        day += datetime.timedelta(days=1)
        worked += day.weekday() < 5 and day not in free
    assert worked == number
    assert due.weekday() < 5
    assert due not in free


@given(moments, moments, holidays)
def test_who_asks_later_is_not_answered_earlier(
    first: datetime.datetime, second: datetime.datetime, free: frozenset[datetime.date]
) -> None:
    first, second = sorted((first, second))
    assert due_at(first, WITHIN, TIRANA, free) <= due_at(second, WITHIN, TIRANA, free)


def test_hours_are_those_of_the_clock_also_when_it_is_moved() -> None:
    asked = datetime.datetime(2026, 3, 28, 20, tzinfo=datetime.UTC)  # the night of summer time
    assert due_at(asked, Within(24, "hours"), TIRANA) == asked + datetime.timedelta(hours=24)
