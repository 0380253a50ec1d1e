"""Whether requirements can be met together: dates that contradict each other, months too few for the sessions asked for.

More facts never take away what was earned. So everything that could happen is taken to have happened, on every day that
matters, and the policy decides: what it does not grant then, it grants nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from authoring.problems import Problem
from certificates.decide import decide
from certificates.held import Held, HeldAward
from certificates.policy import Policy
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
from programmes.programme import Programme

_HOLDER, _LEADER = "holder", "leader"
_LONG_AGO, _FAR = date(1900, 1, 1), date(9000, 1, 1)


def never_met_together(policy: Policy, programmes: Mapping[str, Programme]) -> Iterator[Problem]:
    """A problem where nobody can ever meet the policy, although each of its requirements for itself can be met."""
    days = _days(policy, programmes)
    facts = list(_everything(policy, programmes, days))
    awards = [HeldAward(_HOLDER, award, day) for award in policy.awards for day in (_LONG_AGO, *days)]
    for name in policy.programmes:
        for session in programmes[name].sessions if name in programmes else ():
            if session.leader_award is not None:
                awards.append(HeldAward(_LEADER, session.leader_award, _LONG_AGO))
                if session.leader_award != policy.id:
                    awards.append(HeldAward(_HOLDER, session.leader_award, _LONG_AGO))
    found = decide(policy, facts, _FAR, holder=_HOLDER, held=Held(awards), programmes=programmes)
    if found.state != "eligible":
        missing = ", ".join(
            dict.fromkeys(f"{one.requirement} {one.subject}".strip() for one in found.missing)
        )
        yield policy.problem("policy.never-met-together", ("require",), missing=missing)


def _days(policy: Policy, programmes: Mapping[str, Programme]) -> list[date]:
    """Every day that matters: those of the sessions, and the first and last on which the policy is in effect."""
    days = {
        day.date
        for name in policy.programmes
        if name in programmes
        for session in programmes[name].sessions
        for day in session.days
    }
    end = None if policy.validity is None else policy.validity.until
    bounds = (policy.effective.from_, policy.effective.until, end)
    return sorted({*days, *(one for one in bounds if one is not None)} or {date(2000, 1, 1)})


def _everything(policy: Policy, programmes: Mapping[str, Programme], days: list[date]) -> Iterator[Fact]:
    zone = ZoneInfo(policy.timezone)

    def fact(stream: str, on_day: date, course: str, subject: str, /, **value: object) -> Fact:
        noon = datetime(on_day.year, on_day.month, on_day.day, 12, tzinfo=zone).astimezone(UTC)
        source = f"{stream}/{course}/{subject}/{on_day}"
        return Fact(stream, source, noon, _HOLDER, course, subject, value)

    for leaf in policy.require.leaves():
        if (sessions := leaf.attendance or leaf.pilot_led) is not None:
            programme = programmes.get(sessions.programme)
            for session in () if programme is None else programme.sessions:
                for held in session.days:
                    on = held.date.isoformat()
                    yield fact(
                        ATTENDANCE, held.date, sessions.programme, session.id,
                        day=on, present=True, hours=held.hours, full=True, leader=_LEADER,
                    )  # fmt: skip
                    yield fact(SESSION_LED, held.date, sessions.programme, session.id, day=on, led=True)
            continue
        for day in days:
            on = day.isoformat()
            if leaf.course_completed is not None:
                yield fact(COURSE_COMPLETION, day, leaf.course_completed, "", complete=True)
            elif leaf.quiz is not None:
                activity = leaf.quiz.activity
                yield fact(GRADE, day, activity.split("/")[0], activity, item="mod", grade=100.0, max=100.0)
            elif leaf.exercise is not None:
                yield fact(EXERCISE, day, leaf.exercise.split("/")[0], leaf.exercise, accepted=True, on=on)
            elif leaf.milestone is not None:
                programme_id, _, name = leaf.milestone.partition("/")
                yield fact(MILESTONE, day, programme_id, name, reached=True, on=on)
            elif leaf.prior_learning is not None:
                yield fact(PRIOR_LEARNING, day, "", leaf.prior_learning, recognised=True, on=on)
