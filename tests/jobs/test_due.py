"""When jobs are due: alike in every process, spread over the sites, once for each date of a calendar."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_sync.jobs.due import At, Every, Planned, Timing, in_order, interval, missed, timing
from lms_sync.jobs.from_settings import planned_jobs
from lms_sync.settings import Settings

TIRANA = ZoneInfo("Europe/Tirane")
moments = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))
rules = st.one_of(
    st.builds(Every, st.integers(1, 7 * 86400), st.integers(0, 86400)),
    st.builds(
        At,
        st.integers(0, 23),
        st.integers(0, 59),
        st.sampled_from([TIRANA, ZoneInfo("Europe/Chisinau"), ZoneInfo("UTC"), ZoneInfo("America/St_Johns")]),
    ),
)


@given(rules, moments)
def test_now_lies_between_the_latest_due_time_and_the_following(rule: Timing, now: datetime) -> None:
    latest = rule.latest(now)
    assert latest <= now < rule.following(latest)
    assert rule.latest(latest) == latest
    assert rule.following(now) == rule.following(latest)


@given(rules, moments, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_two_processes_that_look_at_different_moments_agree(
    rule: Timing, now: datetime, later: timedelta
) -> None:
    walked, end = rule.latest(now), rule.latest(now + min(later, timedelta(hours=3)))
    steps = 0
    while walked < end and steps < 20_000:
        walked, steps = rule.following(walked), steps + 1
    assert walked == end or steps == 20_000


@given(st.integers(0, 23), st.integers(0, 59), moments)
def test_a_time_of_day_is_due_once_for_each_date_also_when_clocks_change(
    hour: int, minute: int, start: datetime
) -> None:
    rule = At(hour, minute, TIRANA)
    due = [rule.latest(start)]
    for _ in range(400):
        due.append(rule.following(due[-1]))
    dates = [one.astimezone(TIRANA).date() for one in due]
    assert [b - a for a, b in itertools.pairwise(dates)] == [timedelta(days=1)] * 400


def test_an_interval_of_one_site_begins_with_the_hour_and_sites_are_spread() -> None:
    now = datetime(2026, 3, 2, 10, 31, 7, tzinfo=UTC)
    assert timing("15 min", None, "main", TIRANA, alone=True).latest(now) == datetime(
        2026, 3, 2, 10, 30, tzinfo=UTC
    )
    places = {timing("15 min", None, f"site-{n}", TIRANA, alone=False).latest(now) for n in range(400)}
    assert len(places) > 250


@pytest.mark.parametrize(
    ("every", "span"),
    [("15 min", timedelta(minutes=15)), ("2 h", timedelta(hours=2)), ("1 min", timedelta(minutes=1))],
)
def test_an_interval_is_what_it_says(every: str, span: timedelta) -> None:
    assert interval(every) == span


def test_what_was_missed_is_what_lies_between() -> None:
    rule = Every(60)
    after = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    assert list(missed(rule, after, after + timedelta(minutes=3))) == [
        after + timedelta(minutes=1),
        after + timedelta(minutes=2),
    ]
    assert len(list(missed(rule, after, after + timedelta(days=300)))) == 10_000


def test_the_schedule_means_jobs_for_its_sites_and_courses() -> None:
    site = {"token_env": "T"}
    settings = Settings.model_validate(
        {
            "sites": {name: {"url": f"https://{name}.example.org", **site} for name in ("north", "south")},
            "schedule": [
                {"job": "report", "at": "06:00", "sites": ["south"]},
                {"job": "pull", "every": "15 min", "each": "course"},
                {"job": "backup", "at": "02:00"},
            ],
        }
    )
    planned = planned_jobs(settings, lambda site: ["a", "b"])
    assert [(one.site, one.job, one.course) for one in planned] == [
        ("north", "pull", "a"),
        ("north", "pull", "b"),
        ("north", "backup", ""),  # there is one database
        ("south", "pull", "a"),
        ("south", "pull", "b"),
        ("south", "report", ""),
    ]
    assert {one.site for one in planned_jobs(settings, lambda site: [], "south")} == {"south"}
    assert in_order([Planned("s", "report", Every(1)), Planned("s", "pull", Every(1))])[0].job == "pull"
