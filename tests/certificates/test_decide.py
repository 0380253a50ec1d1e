"""decide() is a pure function: what it promises, as examples and as properties."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.decide import Decision, add_months, decide, last_valid_day
from certificates.policy import Policy, parse_policy
from lms_sync.facts import Fact

MakeFact = Callable[..., Fact]
FAR = date(2400, 1, 1)


def at(day: int, hour: int = 12, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def done(moment: datetime, source: str = "c") -> Fact:
    return Fact("course_completion", source, moment, "p", "archive-officers", "", {"complete": True})


def grade(moment: datetime, points: float | None, most: float = 100.0, source: str = "g") -> Fact:
    value = {"item": "mod", "grade": points, "max": most}
    return Fact("grade", source, moment, "p", "archive-officers", "archive-officers/final", value)


def attempt(moment: datetime, points: float | None, most: float = 100.0, state: str = "finished") -> Fact:
    value = {"attempt": 1, "state": state, "score": points, "max": most}
    return Fact("quiz_attempt", "a", moment, "p", "archive-officers", "archive-officers/final", value)


def test_the_day_on_which_the_last_requirement_was_met_is_the_day_earned(policy: Policy) -> None:
    found = decide(policy, [done(at(2)), grade(at(4), 82)], date(2026, 3, 5))
    assert (found.state, found.earned_on, found.expires_on) == (
        "eligible",
        date(2026, 3, 4),
        date(2029, 3, 3),
    )
    assert [reason.met for reason in found.why] == ["yes", "yes"]
    assert found.why[1].fact == ("grade", "g", "2026-03-04T12:00:00+00:00")
    assert (found.why[1].score, found.why[1].wanted) == ("82 %", "70 %")


def test_what_is_missing_is_said_with_the_best_result_so_far(policy: Policy) -> None:
    found = decide(policy, [grade(at(3), 40), grade(at(4), 69.999, source="h")], FAR)
    assert found.state == "pending"
    assert [reason.requirement for reason in found.missing] == ["course_completed", "quiz"]
    assert found.missing[1].score == "69.99 %"


def test_seven_tenths_are_seventy_percent(policy: Policy) -> None:
    for points, most in ((0.7, 1.0), (14, 20), (7.0, 10.0), (20.3, 29.0), (69.99999, 99.9999857)):
        assert decide(policy, [done(at(2)), grade(at(4), points, most)], FAR).state == "eligible", (
            points,
            most,
        )
    assert decide(policy, [done(at(2)), grade(at(4), 69.99999)], FAR).state == "pending"


def test_a_finished_attempt_counts_as_a_grade_does_and_others_do_not(policy: Policy) -> None:
    assert decide(policy, [done(at(2)), attempt(at(3), 80)], FAR).earned_on == date(2026, 3, 3)
    for nothing in (
        attempt(at(3), 80, state="inprogress"),
        attempt(at(3), None),
        grade(at(3), 80, 0.0),
        grade(at(3), None),
    ):
        assert decide(policy, [done(at(2)), nothing], FAR).state == "pending"


def test_the_grade_of_the_whole_course_is_not_the_grade_of_the_quiz(policy: Policy) -> None:
    whole = Fact(
        "grade", "w", at(3), "p", "archive-officers", "", {"item": "course", "grade": 99.0, "max": 100.0}
    )
    assert decide(policy, [done(at(2)), whole], FAR).state == "pending"


def test_a_completion_that_was_taken_back_later_still_counts(policy: Policy) -> None:
    reset = Fact("course_completion", "c", at(9), "p", "archive-officers", "", {"complete": False})
    assert decide(
        policy, [done(at(2)), reset, grade(at(4), 82), grade(at(9), 10, source="z")], FAR
    ).earned_on == date(2026, 3, 4)


def test_local_days_decide_not_those_of_utc(policy: Policy) -> None:
    late = datetime(2026, 1, 30, 23, 30, tzinfo=UTC)  # 31 January, 00:30, in Tirana
    found = decide(policy, [done(late), grade(late, 90)], FAR)
    assert found.earned_on == date(2026, 1, 31)
    assert decide(policy, [done(late), grade(late, 90)], date(2026, 1, 30)).state == "pending"


def test_facts_after_the_day_asked_about_do_not_count(policy: Policy) -> None:
    facts = [done(at(2)), grade(at(4), 82)]
    assert decide(policy, facts, date(2026, 3, 3)).state == "pending"
    assert decide(policy, facts, date(2026, 3, 4)).state == "eligible"


def test_an_alternative_that_is_not_needed_is_not_missing(policy_text: str) -> None:
    either = parse_policy(policy_text.replace("  all:", "  any:"), "p")
    found = decide(either, [grade(at(4), 82)], FAR)
    assert (found.state, found.earned_on, found.missing) == ("eligible", date(2026, 3, 4), ())
    assert [reason.met for reason in found.why] == ["not needed", "yes"]
    assert [reason.met for reason in decide(either, [], FAR).why] == ["no", "no"]


def test_without_validity_nothing_expires(policy_text: str) -> None:
    endless = parse_policy(policy_text.replace("{months: 36}", "none"), "p")
    assert decide(endless, [done(at(2)), grade(at(4), 82)], FAR).expires_on is None


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2026-03-04", 36, "2029-03-03"),
        ("2026-01-31", 1, "2026-02-27"),
        ("2024-02-29", 12, "2025-02-27"),
        ("2024-02-29", 48, "2028-02-28"),
        ("2026-01-01", 12, "2026-12-31"),
        ("2026-12-31", 2, "2027-02-27"),
    ],
)
def test_the_end_is_the_last_valid_day(start: str, months: int, last: str) -> None:
    assert last_valid_day(date.fromisoformat(start), months) == date.fromisoformat(last)


# --- properties -------------------------------------------------------------------------------

moments = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC))
values = st.one_of(
    st.fixed_dictionaries({"item": st.sampled_from(["mod", "course"]), "grade": st.one_of(st.none(), st.floats(0, 100)), "max": st.sampled_from([0.0, 10.0, 100.0])}),
    st.fixed_dictionaries({"complete": st.booleans()}),
    st.fixed_dictionaries({"attempt": st.integers(1, 3), "state": st.sampled_from(["finished", "inprogress"]), "score": st.one_of(st.none(), st.floats(0, 100)), "max": st.just(100.0)}),
)  # fmt: skip
facts = st.builds(
    Fact,
    st.sampled_from(["course_completion", "grade", "quiz_attempt", "activity_completion", "scorm_result"]),
    st.text("0123456789", min_size=1, max_size=3),
    moments,
    st.just("p"),
    st.sampled_from(["archive-officers", "another-course"]),
    st.sampled_from(["", "archive-officers/final", "archive-officers/package"]),
    values,
)
sure = st.tuples(st.builds(done, moments), st.builds(grade, moments, st.floats(70, 100)))
days = st.dates(date(2024, 1, 1), date(2040, 1, 1))


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, max_size=8), sure, days, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(
    all_facts: list[Fact], certain: tuple[Fact, Fact], day: date, random: object
) -> None:
    policy = _policy()
    everything = [*all_facts, *certain]
    shuffled = list(everything)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(policy, everything, day) == decide(policy, shuffled, day)


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, max_size=8), st.lists(facts, max_size=4), sure, days)
def test_another_fact_never_takes_away_what_was_earned(
    some: list[Fact], more: list[Fact], certain: tuple[Fact, Fact], day: date
) -> None:
    before = decide(_policy(), [*some, *certain], day)
    after = decide(_policy(), [*some, *certain, *more], day)
    if before.earned_on is not None:
        assert after.earned_on is not None
        assert after.earned_on <= before.earned_on


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, max_size=8), sure, days, st.integers(0, 4000))
def test_what_was_earned_on_a_day_is_earned_on_every_later_day(
    some: list[Fact], certain: tuple[Fact, Fact], day: date, later: int
) -> None:
    policy = _policy()
    before = decide(policy, [*some, *certain], day)
    if before.state == "eligible":
        assert decide(policy, [*some, *certain], day + timedelta(days=later)).earned_on == before.earned_on


@settings(max_examples=150, deadline=None)
@given(st.lists(facts, max_size=8), days)
def test_every_state_is_explained(some: list[Fact], day: date) -> None:
    found = decide(_policy(), some, day)
    _is_explained(found)
    if found.state == "eligible":
        references = {(f.stream, f.source_id, f.source_time.isoformat()) for f in some}
        assert {reason.fact for reason in found.why} <= references


def _is_explained(found: Decision) -> None:
    assert len(found.why) == 2
    if found.state == "eligible":
        assert found.earned_on is not None
        assert found.expires_on is not None
        assert found.earned_on < found.expires_on
        assert found.earned_on == max(reason.on for reason in found.why if reason.on)
    else:
        assert found.missing
        assert (found.earned_on, found.expires_on) == (None, None)


@settings(max_examples=300, deadline=None)
@given(st.dates(date(1950, 1, 1), date(2100, 12, 31)), st.integers(1, 600), st.integers(0, 40))
def test_months_are_calendar_months(start: date, months: int, later: int) -> None:
    end = add_months(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.day == min(start.day, calendar.monthrange(end.year, end.month)[1])
    # A later start never ends earlier, and 400 years shift everything alike.
    assert last_valid_day(start + timedelta(days=later), months) >= last_valid_day(start, months)
    shift = timedelta(days=146_097)
    assert last_valid_day(start + shift, months) == last_valid_day(start, months) + shift


_cached: list[Policy] = []


def _policy() -> Policy:
    if not _cached:
        from certificates.policy import read_policies
        from lms_sync.package_data import example_academy

        _cached.extend(read_policies(example_academy("archive-officers")))
    return _cached[0]
