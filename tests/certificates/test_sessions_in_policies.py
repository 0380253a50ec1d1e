"""Attendance, exercises, awards and pilot sessions as requirements: what counts, from when, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError, Problem
from certificates.check_policy import check_policies, check_policy
from certificates.decide import Decision, Reason, decide
from certificates.held import Held, HeldAward
from certificates.policy import Policy, parse_policy, read_policies
from certificates.policy_order import in_order
from lms_sync.facts import Fact
from lms_sync.package_data import example_academy
from lms_sync.programme_files import programmes_by_id
from programmes import Programme, read_programme

PROGRAMME = """\
schema: programme/1
id: prog
title: Prog
languages: [en]
timezone: Europe/Tirane
dates: {from: 2026-01-01, until: 2026-12-31}
sessions:
  - id: tot
    kind: training-of-trainers
    title: Tot
    days:
      - {date: 2026-03-03, from: "09:00", until: "16:00", hours: 6}
      - {date: 2026-03-04, from: "09:00", until: "16:00", hours: 6}
  - {id: one, title: One, leader: X, leader_award: trainer, days: [{date: 2026-03-12, from: "09:00", until: "15:00", hours: 5}]}
  - {id: two, title: Two, leader: X, leader_award: trainer, days: [{date: 2026-03-19, from: "09:00", until: "15:00", hours: 5}]}
  - {id: free, title: Free, days: [{date: 2026-03-26, from: "09:00", until: "15:00", hours: 5}]}
  - {id: pilot-a, kind: pilot, title: A, leader: X, leader_award: trainer, days: [{date: 2026-04-02, from: "09:00", until: "10:00", hours: 1}]}
  - {id: pilot-b, kind: pilot, title: B, days: [{date: 2026-04-09, from: "09:00", until: "10:00", hours: 1}]}
milestones:
  - {id: audit, title: Audit, by_hand: true}
"""

HEAD = """\
schema: policy/1
id: {id}
version: 1
kind: {kind}
title: T
description: D
criteria: C
hours: 10
issuer_name: I
signatory: {{name: N, role: R}}
timezone: Europe/Tirane
require:
{require}
validity: none
approval: {approval}
serial: {{pattern: "{id}-{{n:05d}}"}}
languages: [en]
tests: []
"""
FAR = date(2030, 1, 1)


def policy_of(require: str, *, name: str = "p", kind: str = "attendance", approval: str = "manual") -> Policy:
    body = "\n".join("  " + line for line in require.splitlines())
    return parse_policy(HEAD.format(id=name, kind=kind, require=body, approval=approval), f"{name}.yaml")


@pytest.fixture(scope="module")
def programmes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Programme]:
    root = tmp_path_factory.mktemp("academy")
    path = root / "programmes" / "prog.yaml"
    path.parent.mkdir()
    path.write_text(PROGRAMME, encoding="utf-8")
    return {"prog": read_programme(path, root=root)}


def attended(
    session: str,
    day: str,
    *,
    hours: float = 6,
    present: bool = True,
    leader: str | None = "ana",
    told: int = 0,
) -> Fact:
    value = {"day": day, "present": present, "hours": hours, "full": hours >= 5, "leader": leader}
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC) + timedelta(hours=told)
    return Fact("attendance", f"prog/{session}/{day}/me", moment, "me", "prog", session, value)


def led(session: str, day: str, *, done: bool = True) -> Fact:
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    return Fact("session_led", f"{session}/{day}", moment, "me", "prog", session, {"day": day, "led": done})


ANA = HeldAward("ana", "trainer", date(2026, 3, 12), date(2026, 3, 19))
ALL = policy_of("attendance: {programme: prog, sessions: [one, two], at_least: all}")
ONE = policy_of("attendance: {programme: prog, sessions: [one]}")


def why(decision: Decision) -> list[str]:
    return [note.what for reason in decision.why for note in reason.notes]


def test_sessions_attended_in_full_count_from_the_day_of_the_session(
    programmes: dict[str, Programme],
) -> None:
    facts = [attended("one", "2026-03-12"), attended("two", "2026-03-19")]
    found = decide(ALL, facts, FAR, held=Held([ANA]), programmes=programmes)
    assert (found.state, found.earned_on) == ("eligible", date(2026, 3, 19))
    assert why(found) == ["counted", "counted"]
    (reason,) = found.why
    assert (reason.score, reason.wanted) == ("2", "2")
    assert Reason.from_json(reason.as_json()) == reason


def test_what_is_not_recorded_yet_is_not_known(programmes: dict[str, Programme]) -> None:
    facts = [attended("one", "2026-03-12")]
    assert decide(ONE, facts, date(2026, 5, 31), held=Held([ANA]), programmes=programmes).state == "pending"
    assert decide(ONE, facts, date(2026, 6, 1), held=Held([ANA]), programmes=programmes).state == "eligible"


@pytest.mark.parametrize(
    ("events", "expires", "counts"),
    [
        ((), None, True),
        ((), date(2026, 3, 12), True),  # the last valid day is a valid one
        ((), date(2026, 3, 11), False),
        (((date(2026, 3, 12), "suspended"),), None, False),
        (((date(2026, 3, 13), "suspended"),), None, True),
        (((date(2026, 3, 5), "suspended"), (date(2026, 3, 12), "resumed")), None, True),
        (((date(2026, 3, 5), "suspended"), (date(2026, 3, 13), "resumed")), None, False),
        (((date(2026, 3, 11), "revoked"),), None, False),
        (((date(2026, 3, 13), "revoked"),), None, True),  # what is taken back later did hold on that day
    ],
)
def test_a_session_counts_only_if_its_leader_held_the_award_that_day(
    programmes: dict[str, Programme],
    events: tuple[tuple[date, str], ...],
    expires: date | None,
    counts: bool,
) -> None:
    held = Held([HeldAward("ana", "trainer", date(2026, 3, 1), expires, events)])
    found = decide(ONE, [attended("one", "2026-03-12")], FAR, held=held, programmes=programmes)
    assert (found.state == "eligible") is counts
    assert why(found) == ["counted" if counts else "leader-without-award"]
    if not counts:
        (note,) = found.why[0].notes
        assert (note.leaders, note.award, note.day) == (("ana",), "trainer", date(2026, 3, 12))


def test_one_of_two_who_led_is_enough_and_nobody_is_not(programmes: dict[str, Programme]) -> None:
    fact = attended("one", "2026-03-12")
    both = replace(fact, value={**fact.value, "leaders": ["ben", "ana"], "leader": "ben"})
    assert decide(ONE, [both], FAR, held=Held([ANA]), programmes=programmes).state == "eligible"
    nobody = attended("one", "2026-03-12", leader=None)
    assert why(decide(ONE, [nobody], FAR, held=Held([ANA]), programmes=programmes)) == ["no-leader"]


def test_a_session_that_asks_for_no_award_counts_whoever_led_it(programmes: dict[str, Programme]) -> None:
    free = policy_of("attendance: {programme: prog, sessions: [free]}")
    facts = [attended("free", "2026-03-26", leader=None)]
    assert decide(free, facts, FAR, programmes=programmes).state == "eligible"


def test_part_of_a_day_is_not_the_day_and_one_day_is_not_the_session(
    programmes: dict[str, Programme],
) -> None:
    tot = policy_of("attendance: {programme: prog, sessions: [tot]}")
    days = policy_of("attendance: {programme: prog, kind: training-of-trainers, days_at_least: 1}")
    first, part = attended("tot", "2026-03-03"), attended("tot", "2026-03-04", hours=2)
    assert decide(tot, [first, part], FAR, programmes=programmes).state == "pending"
    assert why(decide(tot, [first, part], FAR, programmes=programmes)) == ["counted", "partly"]
    assert decide(days, [first, part], FAR, programmes=programmes).earned_on == date(2026, 3, 3)
    second = attended("tot", "2026-03-04")
    assert decide(tot, [first, second], FAR, programmes=programmes).earned_on == date(2026, 3, 4)


def test_a_correction_takes_back_what_was_wrong(programmes: dict[str, Programme]) -> None:
    facts = [attended("one", "2026-03-12"), attended("one", "2026-03-12", present=False, told=1)]
    found = decide(ONE, facts, FAR, held=Held([ANA]), programmes=programmes)
    assert (found.state, why(found)) == ("pending", ["absent"])


def test_a_pilot_is_credited_to_who_held_the_award_or_needed_none(programmes: dict[str, Programme]) -> None:
    policy = policy_of("pilot_led: {programme: prog}", kind="trainer", name="other")
    facts = [led("pilot-a", "2026-04-02")]
    assert why(decide(policy, facts, FAR, programmes=programmes)) == ["led-without-award"]
    held = Held([HeldAward("me", "trainer", date(2026, 4, 2))])
    assert decide(policy, facts, FAR, held=held, programmes=programmes).earned_on == date(2026, 4, 2)
    assert decide(policy, [led("pilot-b", "2026-04-09")], FAR, programmes=programmes).state == "eligible"
    assert (
        decide(policy, [led("one", "2026-03-12")], FAR, held=held, programmes=programmes).state == "pending"
    )


def test_another_award_has_to_be_valid_on_the_day_of_the_decision() -> None:
    policy = policy_of("award: base", kind="achievement")
    held = Held([HeldAward("me", "base", date(2026, 1, 1), date(2026, 6, 30))])
    assert decide(policy, [], date(2026, 6, 30), holder="me", held=held).earned_on == date(2026, 1, 1)
    expired = decide(policy, [], date(2026, 7, 1), holder="me", held=held)
    assert (expired.state, why(expired)) == ("pending", ["award-expired"])
    assert decide(policy, [], date(2026, 6, 30), holder="you", held=held).state == "pending"


# --- laws -------------------------------------------------------------------------------------

_DAYS = {"one": "2026-03-12", "two": "2026-03-19", "free": "2026-03-26"}
_fact = st.builds(
    lambda session, hours, present, leader, n: replace(
        attended(session, _DAYS[session], hours=hours, present=present, leader=leader, told=n),
        source_id=f"source-{n}",
    ),
    st.sampled_from(sorted(_DAYS)),
    st.sampled_from([0.0, 2.0, 5.0]),
    st.booleans(),
    st.sampled_from(["ana", "ben", None]),
    st.integers(0, 400),
)
_facts = st.lists(_fact, max_size=8, unique_by=lambda fact: fact.source_id)
_event = st.tuples(
    st.dates(date(2026, 3, 1), date(2026, 4, 30)), st.sampled_from(["suspended", "resumed", "revoked"])
)
SOME = policy_of("attendance: {programme: prog, kind: session, at_least: 2}")


@settings(deadline=None)
@given(_facts, _facts, st.integers(0, 500))
def test_another_fact_never_takes_away_what_was_earned(
    programmes: dict[str, Programme], facts: Sequence[Fact], more: Sequence[Fact], days: int
) -> None:
    as_of = date(2026, 3, 1) + timedelta(days=days)
    held = Held([ANA])
    before = decide(SOME, facts, as_of, held=held, programmes=programmes)
    others = [replace(fact, source_id=f"other-{n}") for n, fact in enumerate(more)]
    after = decide(SOME, [*others, *facts], as_of, held=held, programmes=programmes)
    if before.state == "eligible":
        assert after.earned_on is not None
        assert before.earned_on is not None
        assert after.earned_on <= before.earned_on


@settings(deadline=None)
@given(_facts, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(
    programmes: dict[str, Programme], facts: list[Fact], random: object
) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    held = Held([ANA])
    assert decide(SOME, shuffled, FAR, held=held, programmes=programmes) == decide(
        SOME, facts, FAR, held=held, programmes=programmes
    )


@given(st.lists(_event, max_size=5), _event, st.dates(date(2026, 3, 1), date(2026, 5, 31)))
def test_what_happens_to_an_award_later_changes_no_earlier_day(
    events: list[tuple[date, str]], later: tuple[date, str], day: date
) -> None:
    before = HeldAward("ana", "trainer", date(2026, 3, 1), None, tuple(sorted(events)))
    after = replace(before, events=tuple(sorted([*events, later])))
    if day < later[0]:
        assert before.status_on(day) == after.status_on(day)


# --- what check says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("require", "code"),
    [
        ("attendance: {programme: progg, sessions: [one]}", "policy.no-programme"),
        ("attendance: {programme: prog, sessions: [one, ones]}", "policy.no-session"),
        ("attendance: {programme: prog, kind: visit}", "policy.no-session-of-kind"),
        ("attendance: {programme: prog, sessions: [one, two], at_least: 3}", "policy.more-sessions"),
        ("attendance: {programme: prog, sessions: [tot], days_at_least: 3}", "policy.more-days"),
        ("pilot_led: {programme: prog, at_least: 3}", "policy.more-pilots"),
        ("award: nothing", "policy.no-award"),
        ("exercise: nothing/practical", "policy.never-met"),
    ],
)
def test_what_can_never_be_met_is_refused_at_its_line_in_three_languages(
    programmes: dict[str, Programme], require: str, code: str
) -> None:
    found = check_policy(policy_of(require), known={"course"}, programmes=programmes, awards={"p"})
    (problem,) = [one for one in found if one.severity == "error"]
    assert (problem.code, problem.place.line) == (code, 13)
    assert len({describe(problem, language) for language in LANGUAGES}) == len(LANGUAGES)


def test_a_pilot_that_counts_only_under_the_award_itself_cannot_lead_to_it(
    programmes: dict[str, Programme],
) -> None:
    policy = policy_of("pilot_led: {programme: prog, at_least: 2}", kind="trainer", name="trainer")
    codes = [problem.code for problem in check_policy(policy, programmes=programmes)]
    assert codes == ["policy.more-pilots", "policy.no-tests"]


@pytest.mark.parametrize(
    ("kind", "require", "code"),
    [
        ("institution", "course_completed: c", "policy.not-for-institution"),
        ("trainer", "milestone: prog/audit", "policy.not-for-person"),
        ("attendance", "attendance: {programme: prog}", "policy.which-sessions"),
        (
            "attendance",
            "attendance: {programme: prog, kind: pilot, sessions: [one]}",
            "policy.which-sessions",
        ),
        (
            "attendance",
            "attendance: {programme: prog, kind: pilot, at_least: 1, days_at_least: 1}",
            "policy.sessions-or-days",
        ),
        ("attendance", "attendance: {programme: prog, sessions: [one, one]}", "policy.session-twice"),
        ("attendance", "exercise: practical", "policy.exercise-key"),
        ("institution", "milestone: audit", "policy.milestone-key"),
    ],
)
def test_a_requirement_that_makes_no_sense_is_refused(kind: str, require: str, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        policy_of(require, kind=kind)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_cycle_of_awards_is_refused_in_every_policy_on_it() -> None:
    a = policy_of("award: b", name="a", kind="achievement")
    b = policy_of("all:\n  - award: c\n  - award: d", name="b", kind="achievement")
    c = policy_of("award: a", name="c", kind="trainer")
    d = policy_of("course_completed: x", name="d", kind="achievement")
    found = [one for one in check_policies([a, b, c, d]) if one.code == "policy.cycle"]
    assert [(one.place.file, one.params["way"]) for one in found] == [
        ("a.yaml", "a → b → c → a"),
        ("b.yaml", "b → c → a → b"),
        ("c.yaml", "c → a → b → c"),
    ]


def test_policies_are_decided_after_those_they_ask_for_and_trainers_first() -> None:
    last = policy_of("award: trainer", name="a-last", kind="achievement")
    trainer = policy_of("award: officer", name="trainer", kind="trainer")
    officer = policy_of("course_completed: x", name="officer", kind="achievement")
    other = policy_of("course_completed: x", name="b-other", kind="achievement")
    names = [policy.id for policy in in_order([last, other, trainer, officer])]
    assert names == ["officer", "trainer", "a-last", "b-other"]


@pytest.mark.parametrize("academy", ["archive-officers", "inspectorate", "training-of-trainers"])
def test_every_policy_of_the_examples_passes_its_own_tests(academy: str) -> None:
    folder: Path = example_academy(academy)
    policies = read_policies(folder)
    problems: list[Problem] = check_policies(policies, programmes=programmes_by_id(folder))
    assert problems == []
    assert sum(len(policy.tests) for policy in policies) >= 6
