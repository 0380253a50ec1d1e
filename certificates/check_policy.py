"""Runs the tests that stand inside a policy file, and finds requirements that can never be met."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from authoring.problems import Problem
from authoring.read_yaml import Pointer
from certificates.decide import Before, decide
from certificates.held import Held, HeldAward
from certificates.policy import Policy
from certificates.policy_order import cycles
from certificates.policy_tests import GivenFact, PolicyTest
from certificates.possible import never_met_together
from certificates.requirement import Attendance, PilotLed, Requirement
from certificates.validity import Period, first_period
from lms_sync.facts import (
    ATTENDANCE,
    COURSE_COMPLETION,
    EXERCISE,
    GRADE,
    MILESTONE,
    PRIOR_LEARNING,
    SESSION_LED,
    Fact,
)
from programmes.programme import Programme, Session
from programmes.sessions import chosen_sessions, day_of, find_session

_HOLDER = "test"
_LEADER = "leader"
_LONG_AGO = date(1900, 1, 1)
_NO_AWARD = "none"


def check_policies(
    policies: Sequence[Policy],
    *,
    known: Collection[str] | None = None,
    programmes: Mapping[str, Programme] | None = None,
) -> list[Problem]:
    """`check_policy` for all policies of an academy, and the prerequisites among them that lead back to themselves."""
    by_id = {policy.id: policy for policy in policies}
    problems = [
        problem
        for policy in policies
        for version in policy.versions
        for problem in check_policy(version, known=known, programmes=programmes, awards=by_id)
    ]
    return [*problems, *cycles(by_id)]


def check_policy(
    policy: Policy,
    *,
    known: Collection[str] | None = None,
    programmes: Mapping[str, Programme] | None = None,
    awards: Collection[str] | None = None,
) -> list[Problem]:
    """Runs the policy's own tests; looks for what can never be met, as far as it is told what there is.

    `known` are the keys of courses and activities, `programmes` the programmes by id, `awards` the ids of policies;
    None where the caller does not know. Tests of a policy that looks at sessions need the programmes; without them
    they are not run.
    """
    problems: list[Problem] = [*_never_met(policy, _There(known, programmes, awards))]
    if not problems and (programmes is not None or not policy.programmes):
        problems.extend(never_met_together(policy, programmes or {}))
    if not policy.tests:
        problems.append(Problem("policy.no-tests", {}, policy.problem("", ()).place, "warning"))
    if policy.programmes and programmes is None:
        return problems
    for number, test in enumerate(policy.tests):
        problems.extend(_run(policy, number, test, programmes or {}))
    return problems


def _run(
    policy: Policy, number: int, test: PolicyTest, programmes: Mapping[str, Programme]
) -> Iterator[Problem]:
    for index, given in enumerate(test.given):
        yield from _given_problems(policy, given, ("tests", number, "given", index), programmes)
    decision = decide(
        policy,
        _facts_of(policy, test, programmes),
        test.as_of,
        holder=_HOLDER,
        held=_held_of(test, programmes),
        programmes=programmes,
        before=_before_of(policy, test),
    )
    actual: dict[str, object] = {
        "state": decision.state,
        "earned_on": decision.earned_on,
        "expires_on": decision.expires_on,
        "missing": tuple(reason.requirement for reason in decision.missing),
        "way": decision.way,
    }
    for key in sorted(test.expect.model_fields_set):
        wanted = getattr(test.expect, key)
        if wanted != actual[key]:
            yield policy.problem(
                "policy.test-failed",
                ("tests", number, "expect", key),
                number=number + 1,
                key=key,
                wanted=_shown(wanted),
                actual=_shown(actual[key]),
            )


def _shown(value: object) -> str:
    if value is None or value == ():
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


# --- what can never be met --------------------------------------------------------------------


@dataclass(frozen=True)
class _There:
    known: Collection[str] | None
    programmes: Mapping[str, Programme] | None
    awards: Collection[str] | None


def _never_met(policy: Policy, there: _There) -> Iterator[Problem]:
    roots: list[tuple[Requirement, Pointer]] = [(policy.require, ("require",))]
    if policy.renewal is not None and policy.renewal.require is not None:
        roots.append((policy.renewal.require, ("renewal", "require")))
    for root, begin in roots:
        for node, pointer in root.nodes(begin):
            if there.known is not None:
                for key, at in _keys(node, pointer):
                    if key not in there.known:
                        yield _unknown(policy, "policy.never-met", at, key, there.known)
            if node.award is not None and there.awards is not None and node.award not in there.awards:
                yield _unknown(policy, "policy.no-award", (*pointer, "award"), node.award, there.awards)
            if there.programmes is not None:
                yield from _programme_problems(policy, node, pointer, there.programmes)


def _keys(node: Requirement, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    """Keys of courses and activities that there must be. Of an exercise only its course: trainers hold it."""
    if node.course_completed is not None:
        yield node.course_completed, (*pointer, "course_completed")
    if node.quiz is not None:
        yield node.quiz.activity, (*pointer, "quiz", "activity")
    if node.exercise is not None:
        yield node.exercise.split("/", 1)[0], (*pointer, "exercise")


def _programme_problems(
    policy: Policy, node: Requirement, pointer: Pointer, programmes: Mapping[str, Programme]
) -> Iterator[Problem]:
    if (wanted := node.attendance or node.pilot_led) is not None:
        at: Pointer = (*pointer, "attendance" if node.attendance is not None else "pilot_led")
        programme = programmes.get(wanted.programme)
        if programme is None:
            yield _unknown(
                policy, "policy.no-programme", (*at, "programme"), wanted.programme, tuple(programmes)
            )
        elif isinstance(wanted, Attendance):
            yield from _attendance_problems(policy, wanted, at, programme)
        else:
            yield from _pilot_problems(policy, wanted, at, programme)
    if node.milestone is not None:
        name, _, milestone = node.milestone.partition("/")
        programme = programmes.get(name)
        there = [] if programme is None else [f"{name}/{one.id}" for one in programme.milestones]
        if programme is None or milestone not in {one.id for one in programme.milestones}:
            yield _unknown(policy, "policy.no-milestone", (*pointer, "milestone"), node.milestone, there)


def _attendance_problems(
    policy: Policy, wanted: Attendance, at: Pointer, programme: Programme
) -> Iterator[Problem]:
    there = [session.id for session in programme.sessions]
    for index, session in enumerate(wanted.sessions):
        if session not in there:
            yield _unknown(policy, "policy.no-session", (*at, "sessions", index), session, there)
    sessions = chosen_sessions(programme, wanted.sessions, wanted.kind)
    if wanted.kind is not None and not sessions:
        kinds = sorted({session.kind for session in programme.sessions})
        yield _unknown(policy, "policy.no-session-of-kind", (*at, "kind"), wanted.kind, kinds)
        return
    days = sum(len(session.days) for session in sessions)
    if isinstance(wanted.at_least, int) and wanted.at_least > len(sessions) > 0:
        yield policy.problem(
            "policy.more-sessions", (*at, "at_least"), wanted=wanted.at_least, n=len(sessions)
        )
    if wanted.days_at_least is not None and sessions and wanted.days_at_least > days:
        yield policy.problem("policy.more-days", (*at, "days_at_least"), wanted=wanted.days_at_least, n=days)


def _pilot_problems(policy: Policy, wanted: PilotLed, at: Pointer, programme: Programme) -> Iterator[Problem]:
    # A pilot session that counts only under the leader's award cannot lead to that award.
    pilots = [one for one in chosen_sessions(programme, (), "pilot") if one.leader_award != policy.id]
    if wanted.at_least > len(pilots):
        pointer = (*at, "at_least") if "at_least" in wanted.model_fields_set else at
        yield policy.problem("policy.more-pilots", pointer, wanted=wanted.at_least, n=len(pilots))


def _unknown(policy: Policy, code: str, pointer: Pointer, key: str, there: Collection[str]) -> Problem:
    similar = difflib.get_close_matches(key, list(there), n=1)
    return policy.problem(code, pointer, key=key, similar=similar[0] if similar else "-")


# --- what a test gives ------------------------------------------------------------------------


def _given_problems(
    policy: Policy, given: GivenFact, pointer: Pointer, programmes: Mapping[str, Programme]
) -> Iterator[Problem]:
    """A day that the session does not have would make a test pass for the wrong reason."""
    for key in ("attendance", "pilot_led"):
        name = getattr(given, key)
        if name is None:
            continue
        session = find_session(programmes, name)
        if session is None:
            yield _unknown(policy, "policy.no-session", (*pointer, key), name, _session_keys(programmes))
        elif day_of(session, given.date) is None:
            days = ", ".join(day.date.isoformat() for day in session.days)
            yield policy.problem("policy.no-such-day", pointer, day=given.date, session=name, days=days)


def _session_keys(programmes: Mapping[str, Programme]) -> list[str]:
    return [f"{name}/{session.id}" for name, one in programmes.items() for session in one.sessions]


def _facts_of(policy: Policy, test: PolicyTest, programmes: Mapping[str, Programme]) -> list[Fact]:
    """The facts that a policy's own test gives, each at noon of its day in the policy's zone."""
    return [
        fact
        for index, given in enumerate(test.given)
        if (fact := _fact_of(policy, given, index, programmes)) is not None
    ]


def _fact_of(
    policy: Policy, given: GivenFact, index: int, programmes: Mapping[str, Programme]
) -> Fact | None:
    day = given.date
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(policy.timezone)).astimezone(UTC)

    def fact(stream: str, course: str, subject: str, **value: object) -> Fact:
        return Fact(stream, f"{_HOLDER}-{index}", noon, _HOLDER, course, subject, value)

    if given.course_completed is not None:
        return fact(COURSE_COMPLETION, given.course_completed, "", complete=True)
    if given.quiz is not None:
        grade = float(given.score or 0)
        return fact(GRADE, given.quiz.split("/", 1)[0], given.quiz, grade=grade, max=100.0, item="mod")
    if given.exercise is not None:
        course = given.exercise.split("/", 1)[0]
        return fact(EXERCISE, course, given.exercise, accepted=True, on=day.isoformat())
    if given.milestone is not None:
        programme, _, milestone = given.milestone.partition("/")
        return fact(MILESTONE, programme, milestone, reached=True, on=day.isoformat())
    if given.prior_learning is not None:
        return fact(PRIOR_LEARNING, "", given.prior_learning, recognised=True, on=day.isoformat())
    if given.pilot_led is not None:
        programme, _, session = given.pilot_led.partition("/")
        return fact(SESSION_LED, programme, session, led=True, day=day.isoformat())
    if given.attendance is not None:
        programme, _, session = given.attendance.partition("/")
        planned = _hours(find_session(programmes, given.attendance), day)
        hours = planned if given.hours is None else given.hours
        return fact(
            ATTENDANCE,
            programme,
            session,
            day=day.isoformat(),
            present=True,
            hours=hours,
            full=hours >= planned,
            leader=f"{_LEADER}-{index}",
        )
    return None  # an award is held, not observed


def _hours(session: Session | None, day: date) -> float:
    planned = None if session is None else day_of(session, day)
    return 0.0 if planned is None else planned.hours


def _held_of(test: PolicyTest, programmes: Mapping[str, Programme]) -> Held:
    """What is held in a test: the holder's awards, and for each attendance what its leader held that day.

    A session that demands an award has a leader who holds it, unless `leader_award` says otherwise.
    """
    awards: list[HeldAward] = []
    for index, given in enumerate(test.given):
        if given.award is not None:
            awards.append(_award_of(given))
        elif given.attendance is not None:
            session = find_session(programmes, given.attendance)
            award = given.leader_award or (None if session is None else session.leader_award)
            if award is not None and award != _NO_AWARD:
                awards.append(HeldAward(f"{_LEADER}-{index}", award, _LONG_AGO))
    return Held(awards)


def _award_of(given: GivenFact) -> HeldAward:
    events = (
        (given.suspended_on, "suspended"),
        (given.resumed_on, "resumed"),
        (given.revoked_on, "revoked"),
    )
    dated = sorted((on, event) for on, event in events if on is not None)
    return HeldAward(_HOLDER, str(given.award), given.date, given.until, tuple(dated))


def _before_of(policy: Policy, test: PolicyTest) -> Before | None:
    """The award of the policy itself that a test gives: it is about what comes after that."""
    own = [one for one in test.given if one.award == policy.id and one.date <= test.as_of]
    if not own:
        return None
    last = max(own, key=lambda one: one.date)
    first = first_period(policy.validity, last.date)
    award = _award_of(last)
    if last.until is None:
        award = replace(award, expires_on=first.expires_on)
    period = Period(last.date, award.expires_on, last.date)
    return Before(period, award.status_on(test.as_of), award.changed_on(test.as_of))
