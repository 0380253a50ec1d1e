"""Decides whether a person has earned an award: a pure function of a policy, their facts and a date.

Rules: local calendar dates in the policy's time zone; ends inclusive; always base + k × period, never a
repeated addition; best result counts, so a later fact never takes away what was earned; the order in
which facts are given changes nothing; every state is explained by reasons.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, TypeGuard

from certificates.policy import Policy, QuizAtLeast, Requirement, State
from lms_sync.clock import local_date
from lms_sync.facts import Fact

STREAMS = ("course_completion", "grade", "quiz_attempt")
"""The streams of facts that decisions look at."""


@dataclass(frozen=True)
class Reason:
    """One leaf of the requirement tree, and the fact that met it.

    `met` "not needed" is an alternative in an `any` whose other branch was met.
    """

    requirement: Literal["course_completed", "quiz"]
    subject: str
    met: Literal["yes", "no", "not needed"]
    on: date | None = None
    score: str | None = None
    wanted: str | None = None
    fact: tuple[str, str, str] | None = None  # stream, source id, source time

    def as_json(self) -> dict[str, object]:
        """For the register: only what is known."""
        plain: dict[str, object] = {"requirement": self.requirement, "subject": self.subject, "met": self.met}
        if self.on is not None:
            plain["on"] = self.on.isoformat()
        for name in ("score", "wanted"):
            if getattr(self, name) is not None:
                plain[name] = getattr(self, name)
        if self.fact is not None:
            plain["fact"] = list(self.fact)
        return plain


@dataclass(frozen=True)
class Decision:
    """What a policy says about one person on one date."""

    state: State
    earned_on: date | None
    expires_on: date | None
    why: tuple[Reason, ...]

    @property
    def missing(self) -> tuple[Reason, ...]:
        """What is still to be done."""
        return tuple(reason for reason in self.why if reason.met == "no")


def decide(policy: Policy, facts: Iterable[Fact], as_of: date) -> Decision:
    """Decides about one person from that person's facts up to and including `as_of`.

    `as_of` is a date of the policy's own calendar. `expires_on` is the last day on which the award is valid.
    """
    seen = sorted(
        (
            (fact, day)
            for fact in facts
            if fact.stream in STREAMS and (day := local_date(fact.source_time, policy.timezone)) <= as_of
        ),
        key=lambda pair: (
            pair[0].source_time,
            pair[0].stream,
            pair[0].source_id,
            repr(sorted(pair[0].value.items())),
        ),
    )
    earned_on, why = _weigh(policy.require, seen)
    if earned_on is None:
        return Decision("pending", None, None, why)
    expires_on = None if policy.validity is None else last_valid_day(earned_on, policy.validity.months)
    return Decision("eligible", earned_on, expires_on, why)


def last_valid_day(start: date, months: int) -> date:
    """The last day of a period of whole months that begins on `start`: 2026-03-04 and 36 give 2029-03-03."""
    return add_months(start, months) - timedelta(days=1)


def add_months(start: date, months: int) -> date:
    """`start` plus whole months; a day that the month does not have becomes its last one."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return date(year, month + 1, day)


_Dated = Sequence[tuple[Fact, date]]


def _weigh(node: Requirement, facts: _Dated) -> tuple[date | None, tuple[Reason, ...]]:
    """The day on which a node was first met (None: not yet), and the reasons of its leaves."""
    if node.course_completed is not None:
        return _completed(node.course_completed, facts)
    if node.quiz is not None:
        return _passed(node.quiz, facts)
    weighed = [_weigh(part, facts) for part in node.parts]
    days = [day for day, _ in weighed if day is not None]
    if node.all is not None:
        return (max(days) if len(days) == len(weighed) else None), tuple(r for _, why in weighed for r in why)
    if not days:
        return None, tuple(r for _, why in weighed for r in why)
    return min(days), tuple(
        Reason(r.requirement, r.subject, "not needed", wanted=r.wanted) if r.met == "no" else r
        for _, why in weighed
        for r in why
    )


def _completed(course: str, facts: _Dated) -> tuple[date | None, tuple[Reason, ...]]:
    for fact, day in facts:
        if (
            fact.stream == "course_completion"
            and fact.course == course
            and fact.value.get("complete") is True
        ):
            return day, (Reason("course_completed", course, "yes", day, fact=_reference(fact)),)
    return None, (Reason("course_completed", course, "no"),)


def _passed(quiz: QuizAtLeast, facts: _Dated) -> tuple[date | None, tuple[Reason, ...]]:
    wanted = _as_percent(quiz.min)
    best: Decimal | None = None
    for fact, day in facts:
        share = _share(fact, quiz.activity)
        if share is None:
            continue
        if share >= quiz.min:
            return day, (
                Reason("quiz", quiz.activity, "yes", day, _as_percent(share), wanted, _reference(fact)),
            )
        best = share if best is None else max(best, share)
    score = None if best is None else _as_percent(best)
    return None, (Reason("quiz", quiz.activity, "no", score=score, wanted=wanted),)


def _share(fact: Fact, activity: str) -> Decimal | None:
    """The share of the marks, in percent, that a fact tells about a quiz activity; None where it tells none."""
    if fact.subject != activity:
        return None
    if fact.stream == "grade" and fact.value.get("item") == "mod":
        points = fact.value.get("grade")
    elif fact.stream == "quiz_attempt" and fact.value.get("state") == "finished":
        points = fact.value.get("score")
    else:
        return None
    most = fact.value.get("max")
    if not _is_number(points) or not _is_number(most):
        return None
    # Decimals of the numbers as written: 0.7 × 100 must reach 70.
    whole = Decimal(str(most))
    return Decimal(str(points)) * 100 / whole if whole > 0 else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _as_percent(share: Decimal) -> str:
    # Cut, not rounded: 69.999 % must not read 70 %.
    return f"{share.quantize(Decimal('0.01'), rounding='ROUND_DOWN').normalize():f} %"


def _reference(fact: Fact) -> tuple[str, str, str]:
    return (fact.stream, fact.source_id, fact.source_time.isoformat())
