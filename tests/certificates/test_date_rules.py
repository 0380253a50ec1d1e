"""Dates of awards: month ends, leap days, windows, zones, renewals early, late and missed; as laws and as examples."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.decide import Before, decide
from certificates.policy import Policy, parse_policy
from certificates.validity import (
    Period,
    Renewal,
    Validity,
    add_months,
    first_period,
    grace_ends,
    last_valid_day,
    phase_on,
    renewed_period,
    window_opens,
)
from lms_sync.facts import Fact

DAY = timedelta(days=1)
days = st.dates(date(1990, 1, 1), date(2120, 12, 31))
lengths = st.integers(1, 60)


def fixed(every: int, least: int | None = None) -> Validity:
    written = {"ends_on": "2025-12-31", "every_months": every, "at_least_months": least}
    return Validity.model_validate({key: value for key, value in written.items() if value is not None})


# --- the first period -------------------------------------------------------------------------


@given(days, lengths, st.integers(0, 400))
def test_a_later_day_never_ends_earlier_and_every_period_has_its_days(
    day: date, months: int, later: int
) -> None:
    validity = Validity(months=months)
    one, other = first_period(validity, day), first_period(validity, day + later * DAY)
    assert one.expires_on is not None
    assert other.expires_on is not None
    assert day <= one.expires_on <= other.expires_on
    # Never longer than the calendar: the day after the end is at most the same day of the month.
    assert one.expires_on + DAY == add_months(day, months)


@given(days, st.sampled_from([1, 3, 6, 12, 24]), st.integers(0, 30))
def test_fixed_days_lie_on_the_base_plus_whole_periods_and_leave_the_least(
    day: date, every: int, least: int
) -> None:
    period = first_period(fixed(every, least or None), day)
    assert period.expires_on is not None
    months = (period.expires_on.year - 2025) * 12 + period.expires_on.month - 12
    assert months % every == 0
    assert period.expires_on == add_months(date(2025, 12, 31), months)
    assert period.expires_on >= (last_valid_day(day, least) if least else day)
    before = add_months(date(2025, 12, 31), months - every)
    assert before < (last_valid_day(day, least) if least else day)  # it is the first such day


@pytest.mark.parametrize(
    ("earned", "ends"),
    [("2026-06-30", "2026-12-31"), ("2026-07-01", "2026-12-31"), ("2026-07-02", "2027-12-31"), ("2025-12-31", "2026-12-31")],
)  # fmt: skip
def test_fixed_days_leave_at_least_half_a_year(earned: str, ends: str) -> None:
    assert first_period(fixed(12, 6), date.fromisoformat(earned)).expires_on == date.fromisoformat(ends)


def test_one_last_day_for_everybody() -> None:
    validity = Validity.model_validate({"until": "2027-12-31"})
    for day in (date(2026, 1, 1), date(2027, 12, 31)):
        assert first_period(validity, day).expires_on == date(2027, 12, 31)


# --- renewals ---------------------------------------------------------------------------------


@given(days, lengths, st.lists(st.integers(0, 27), max_size=6))
def test_renewed_in_time_the_end_is_the_base_plus_whole_periods_whenever_it_was_renewed(
    day: date, months: int, early: list[int]
) -> None:
    validity = Validity(months=months)
    period = first_period(validity, day)
    for count, days_early in enumerate(early, start=2):
        assert period.expires_on is not None
        period = renewed_period(validity, period, period.expires_on - days_early * DAY, "expiry")
        # Never a sum of sums: the 31st stays the end of the month, 29 February comes back.
        assert period.expires_on == last_valid_day(day, months * count)


def test_29_february_and_the_31st_come_back() -> None:
    year, month = Validity(months=12), Validity(months=1)
    leap, end = first_period(year, date(2024, 2, 29)), first_period(month, date(2026, 1, 31))
    for _ in range(3):
        assert leap.expires_on is not None
        leap = renewed_period(year, leap, leap.expires_on, "expiry")
    assert leap.expires_on == date(2028, 2, 28)  # the day before 29 February
    ends = [end.expires_on]
    for _ in range(3):
        assert end.expires_on is not None
        end = renewed_period(month, end, end.expires_on, "expiry")
        ends.append(end.expires_on)
    assert ends == [date(2026, 2, 27), date(2026, 3, 30), date(2026, 4, 29), date(2026, 5, 30)]


@given(days, lengths, st.integers(1, 60), st.sampled_from(["expiry", "completion"]))
def test_renewed_late_the_period_begins_with_the_day_of_the_renewal(
    day: date, months: int, late: int, counts_from: str
) -> None:
    validity = Validity(months=months)
    before = first_period(validity, day)
    assert before.expires_on is not None
    renewed = renewed_period(validity, before, before.expires_on + late * DAY, counts_from)  # type: ignore[arg-type]
    assert renewed == first_period(validity, before.expires_on + late * DAY)


@given(days, st.sampled_from([6, 12, 24]), st.integers(0, 180))
def test_a_renewal_always_ends_later_than_what_it_renews(day: date, every: int, early: int) -> None:
    for validity in (Validity(months=every), fixed(every)):
        before = first_period(validity, day)
        assert before.expires_on is not None
        on = max(day, before.expires_on - early * DAY)
        after = renewed_period(validity, before, on, "expiry")
        assert after.expires_on is not None
        assert after.expires_on > before.expires_on


def test_a_policy_that_changed_its_length_goes_on_from_the_day_after_the_end() -> None:
    before = Period(date(2024, 3, 1), date(2027, 2, 28), date(2024, 3, 1))  # 36 months
    after = renewed_period(Validity(months=24), before, date(2027, 1, 10), "expiry")
    assert (after.expires_on, after.base_on) == (date(2029, 2, 28), date(2027, 3, 1))


# --- window and grace -------------------------------------------------------------------------


@given(days, lengths, st.integers(1, 60), st.integers(0, 90), st.integers(-2000, 200))
def test_every_day_has_one_phase_and_they_follow_each_other(
    day: date, months: int, window: int, grace: int, away: int
) -> None:
    rule = Renewal(window_months=min(window, months), grace_days=grace)
    end = last_valid_day(day, months)
    opens, last = window_opens(end, rule.window_months), grace_ends(end, grace)
    assert opens <= end <= last
    assert opens >= day - 3 * DAY  # month ends: the window of the whole length may open a little earlier
    asked = end + away * DAY
    wanted = (
        "valid" if asked < opens else "window" if asked <= end else "grace" if asked <= last else "lapsed"
    )
    assert phase_on(asked, end, rule) == wanted
    assert phase_on(asked, end, None) == ("valid" if asked <= end else "lapsed")
    assert phase_on(asked, None, rule) == "valid"


# --- decisions about a renewal ----------------------------------------------------------------

POLICY = """\
schema: policy/1
id: trainer
version: 1
kind: trainer
title: T
description: D
criteria: C
hours: 8
issuer_name: I
signatory: {name: N, role: R}
timezone: Europe/Tirane
require:
  all:
    - course_completed: course
    - quiz: {activity: course/final, min: 70%}
validity: {months: 12}
renewal: {window_months: 3, grace_days: 30, require: {quiz: {activity: course/final, min: 70%}}}
approval: manual
serial: {pattern: "T-{n}"}
languages: [en]
"""
TIRANA = ZoneInfo("Europe/Tirane")
BEFORE = Period(date(2026, 3, 4), date(2027, 3, 3), date(2026, 3, 4))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse_policy(POLICY, "policy.yaml")


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=TIRANA).astimezone(UTC)


def quiz(moment: datetime, source: str = "q") -> Fact:
    return Fact(
        "grade", source, moment, "p", "course", "course/final", {"item": "mod", "grade": 90.0, "max": 100.0}
    )


def course(moment: datetime) -> Fact:
    return Fact("course_completion", "c", moment, "p", "course", "", {"complete": True})


FIRST = [course(at(date(2026, 3, 1))), quiz(at(date(2026, 3, 4)), "first")]


def renewed(
    policy: Policy, on: date | None, as_of: date, status: str = "valid"
) -> tuple[str, object, object, str]:
    facts = [*FIRST, *([] if on is None else [quiz(at(on))])]
    found = decide(policy, facts, as_of, before=Before(BEFORE, status))  # type: ignore[arg-type]
    return found.state, found.earned_on, found.expires_on, found.way


def test_before_the_window_nothing_is_decided_whatever_was_done(policy: Policy) -> None:
    assert renewed(policy, date(2026, 11, 1), date(2026, 12, 3))[0] == "held"
    assert window_opens(date(2027, 3, 3), 3) == date(2026, 12, 4)
    assert (
        renewed(policy, date(2026, 11, 1), date(2026, 12, 4))[0] == "pending"
    )  # an old result renews nothing


def test_renewed_early_loses_no_day_and_late_begins_anew(policy: Policy) -> None:
    for on in (date(2026, 12, 4), date(2027, 3, 3)):
        assert renewed(policy, on, on) == ("eligible", on, date(2028, 3, 3), "renewal")
    in_grace = date(2027, 4, 2)
    assert renewed(policy, in_grace, in_grace, "expired") == (
        "eligible",
        in_grace,
        date(2028, 4, 1),
        "renewal",
    )


def test_after_the_grace_the_whole_way_is_asked_for_with_what_happened_since(policy: Policy) -> None:
    late = date(2027, 4, 3)
    state, _, _, way = renewed(policy, late, late, "expired")
    assert (state, way) == ("pending", "full")
    again = decide(
        policy,
        [
            *FIRST,
            quiz(at(late)),
            Fact("course_completion", "c2", at(late + DAY), "p", "course", "", {"complete": True}),
        ],
        late + DAY,
        before=Before(BEFORE, "expired"),
    )
    assert (again.state, again.way, again.expires_on) == ("eligible", "full", date(2028, 4, 3))


def test_what_was_renewed_in_time_stays_so_however_late_one_looks(policy: Policy) -> None:
    on = date(2027, 1, 10)
    for as_of in (on, date(2027, 3, 30), date(2029, 1, 1)):
        assert renewed(policy, on, as_of, "expired") == ("eligible", on, date(2028, 3, 3), "renewal")


def test_a_suspended_award_is_not_renewed_and_after_a_revocation_only_what_came_since_counts(
    policy: Policy,
) -> None:
    on = date(2027, 1, 10)
    assert renewed(policy, on, on, "suspended")[0] == "held"
    revoked = Before(BEFORE, "revoked", date(2026, 6, 1))
    assert decide(policy, FIRST, on, before=revoked).state == "pending"
    since = [course(at(date(2026, 6, 2))), quiz(at(date(2026, 6, 3)))]
    found = decide(policy, [*FIRST, *since], on, before=revoked)
    assert (found.state, found.earned_on, found.way) == ("eligible", date(2026, 6, 3), "full")


def test_the_day_of_a_result_is_that_of_the_policys_zone(policy: Policy) -> None:
    """23:30 UTC on the last day of the grace is the day after it in Tirana, and too late."""
    last = grace_ends(date(2027, 3, 3), 30)
    late = datetime(last.year, last.month, last.day, 22, 30, tzinfo=UTC)
    found = decide(policy, [*FIRST, quiz(late)], last + DAY, before=Before(BEFORE, "expired"))
    assert found.state == "pending"
    in_time = decide(
        policy, [*FIRST, quiz(late - timedelta(hours=1))], last, before=Before(BEFORE, "expired")
    )
    assert in_time.earned_on == last


@given(st.lists(st.integers(0, 700), max_size=4), st.integers(0, 900), st.integers(0, 300))
def test_more_time_and_more_facts_never_take_a_renewal_away(
    policy: Policy, when: list[int], as_of: int, later: int
) -> None:
    start = date(2026, 3, 4)
    facts = [quiz(at(start + n * DAY), f"q{i}") for i, n in enumerate(when)]
    day = start + as_of * DAY

    def status(on: date) -> str:
        return "valid" if on <= date(2027, 3, 3) else "expired"

    before = decide(policy, [*FIRST, *facts], day, before=Before(BEFORE, status(day)))  # type: ignore[arg-type]
    then = day + later * DAY
    after = decide(policy, [*FIRST, *facts], then, before=Before(BEFORE, status(then)))  # type: ignore[arg-type]
    if before.state == "eligible":
        assert (after.state, after.earned_on, after.expires_on) == (
            "eligible",
            before.earned_on,
            before.expires_on,
        )
    if before.look_again_on is None or then < before.look_again_on:
        assert after == before  # between the days on which to look again, time alone changes nothing
