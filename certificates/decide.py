"""Decides whether a holder has earned an award: a pure function of a policy, their facts, what is held, and a date.

Rules: local calendar dates in the policy's time zone; ends inclusive; always base + k × period, never a
repeated addition; best result counts, so a later fact never takes away what was earned (only a correction of
the same fact does); the order in which facts are given changes nothing; every state is explained by reasons.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeGuard

from certificates.held import NOBODY, Held
from certificates.policy import Attendance, PilotLed, Policy, QuizAtLeast, Requirement, State
from lms_sync.clock import local_date
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ATTENDANCE,
    COURSE_COMPLETION,
    EXERCISE,
    GRADE,
    MILESTONE,
    QUIZ_ATTEMPT,
    SESSION_LED,
    Fact,
    latest_of_each,
)
from programmes.programme import Programme, Session
from programmes.sessions import chosen_sessions, day_of, session_key, why_not_counted

STREAMS = (
    COURSE_COMPLETION,
    GRADE,
    QUIZ_ATTEMPT,
    ACTIVITY_COMPLETION,
    ATTENDANCE,
    SESSION_LED,
    EXERCISE,
    MILESTONE,
)
"""The streams of facts that decisions look at."""

Kind = Literal["course_completed", "quiz", "attendance", "exercise", "award", "milestone", "pilot_led"]
What = Literal[
    "counted", "absent", "partly", "no-leader", "leader-without-award",
    "led", "led-without-award", "award-expired", "award-suspended", "award-revoked", "award-not-valid",
]  # fmt: skip

_PASSED = 2  # Moodle's state of an activity that is complete with a pass
_REFERENCE_PARTS = 3


@dataclass(frozen=True)
class Note:
    """What one observation adds to a reason: a day of a session that counts or why not, or what became of an award.

    `leaders` are opaque ids of holders, `award` is the policy that is meant.
    """

    what: What
    day: date | None
    session: str = ""
    hours: float | None = None
    leaders: tuple[str, ...] = ()
    award: str = ""
    fact: tuple[str, str, str] | None = None  # stream, source id, source time

    def as_json(self) -> dict[str, object]:
        """For the register: only what is known."""
        plain: dict[str, object] = {"what": self.what}
        if self.day is not None:
            plain["day"] = self.day.isoformat()
        for name in ("session", "hours", "award"):
            if getattr(self, name) not in ("", None):
                plain[name] = getattr(self, name)
        for name in ("leaders", "fact"):
            if getattr(self, name):
                plain[name] = list(getattr(self, name))
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Note:
        """What `as_json` wrote."""
        day = plain.get("day")
        return cls(
            plain["what"],
            None if day is None else date.fromisoformat(day),
            plain.get("session", ""),
            plain.get("hours"),
            tuple(plain.get("leaders", ())),
            plain.get("award", ""),
            _reference_from(plain.get("fact")),
        )


@dataclass(frozen=True)
class Reason:
    """One leaf of the requirement tree, and the fact that met it.

    `met` "not needed" is an alternative in an `any` whose other branch was met.
    """

    requirement: Kind
    subject: str
    met: Literal["yes", "no", "not needed"]
    on: date | None = None
    score: str | None = None
    wanted: str | None = None
    fact: tuple[str, str, str] | None = None  # stream, source id, source time
    notes: tuple[Note, ...] = ()

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
        if self.notes:
            plain["notes"] = [note.as_json() for note in self.notes]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Reason:
        """What `as_json` wrote."""
        on = plain.get("on")
        return cls(
            plain["requirement"],
            plain["subject"],
            plain["met"],
            None if on is None else date.fromisoformat(on),
            plain.get("score"),
            plain.get("wanted"),
            _reference_from(plain.get("fact")),
            tuple(Note.from_json(note) for note in plain.get("notes", ())),
        )


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


def decide(
    policy: Policy,
    facts: Iterable[Fact],
    as_of: date,
    *,
    holder: str | None = None,
    held: Held = NOBODY,
    programmes: Mapping[str, Programme] | None = None,
) -> Decision:
    """Decides about one holder from that holder's facts up to and including `as_of`.

    `as_of` is a date of the policy's own calendar. `held` says who held which award when (needed for `award`, and for
    sessions whose leader must hold one), `programmes` which sessions there are, by the programmes' ids. `holder` is
    the opaque id; None: whom the facts are about. `expires_on` is the last day on which the award is valid.
    """
    known = latest_of_each(
        fact
        for fact in facts
        if fact.stream in STREAMS and local_date(fact.source_time, policy.timezone) <= as_of
    )
    seen = [(fact, day) for fact in known if (day := _day(fact, policy.timezone)) <= as_of]
    if holder is None:
        holder = next((fact.person_id for fact, _ in seen), "")
    earned_on, why = _Weighing(seen, as_of, holder, held, programmes or {}).weigh(policy.require)
    if earned_on is None:
        return Decision("pending", None, None, why)
    expires_on = None if policy.validity is None else last_valid_day(earned_on, policy.validity.months)
    return Decision("eligible", earned_on, expires_on, why)


def _day(fact: Fact, timezone: str) -> date:
    """The local day of what was observed: what people told says it, everything else has the source's time."""
    told = fact.value.get("day") or fact.value.get("on")
    if isinstance(told, str):
        return date.fromisoformat(told)
    return local_date(fact.source_time, timezone)


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


@dataclass(frozen=True)
class _Weighing:
    """One decision under way."""

    facts: _Dated
    as_of: date
    holder: str
    held: Held
    programmes: Mapping[str, Programme]

    def weigh(self, node: Requirement) -> tuple[date | None, tuple[Reason, ...]]:
        """The day on which a node was first met (None: not yet), and the reasons of its leaves."""
        if node.course_completed is not None:
            return _completed(node.course_completed, self.facts)
        if node.quiz is not None:
            return _passed(node.quiz, self.facts)
        if node.exercise is not None:
            return _accepted(node.exercise, self.facts)
        if node.milestone is not None:
            return _reached(node.milestone, self.facts)
        if node.award is not None:
            return self._held(node.award)
        if node.attendance is not None:
            return self._attended(node.attendance)
        if node.pilot_led is not None:
            return self._led(node.pilot_led)
        weighed = [self.weigh(part) for part in node.parts]
        days = [day for day, _ in weighed if day is not None]
        why = tuple(reason for _, reasons in weighed for reason in reasons)
        if node.all is not None:
            return (max(days) if len(days) == len(weighed) else None), why
        if not days:
            return None, why
        return min(days), tuple(
            replace(one, met="not needed", score=None) if one.met == "no" else one for one in why
        )

    def _held(self, award: str) -> tuple[date | None, tuple[Reason, ...]]:
        found = self.held.of(self.holder, award)
        for one in found:
            if one.status_on(self.as_of) == "valid":
                return one.held_from, (Reason("award", award, "yes", one.held_from),)
        notes = [
            Note(
                _WAS.get(one.status_on(self.as_of), "award-not-valid"),
                one.changed_on(self.as_of),
                award=award,
            )
            for one in found
            if one.held_from <= self.as_of
        ]
        return None, (Reason("award", award, "no", notes=tuple(notes[-1:])),)

    def _attended(self, wanted: Attendance) -> tuple[date | None, tuple[Reason, ...]]:
        programme = self.programmes.get(wanted.programme)
        sessions = () if programme is None else chosen_sessions(programme, wanted.sessions, wanted.kind)
        notes: list[Note] = []
        whole: list[date] = []  # the last day of each session attended in full
        single: list[date] = []  # every day attended in full
        for session in sessions:
            days = [self._day_attended(wanted.programme, session, day.date, notes) for day in session.days]
            single.extend(day for day in days if day is not None)
            if None not in days:
                whole.append(max(day.date for day in session.days))
        found = sorted(single if wanted.days_at_least is not None else whole)
        least = wanted.days_at_least or (
            max(len(sessions), len(wanted.sessions), 1) if wanted.wants_all else _number(wanted.at_least)
        )
        subject = session_key(wanted.programme, "+".join(wanted.sessions) or str(wanted.kind))
        met_on = found[least - 1] if len(found) >= least else None
        reason = Reason(
            "attendance",
            subject,
            "no" if met_on is None else "yes",
            met_on,
            str(len(found)),
            str(least),
            notes=tuple(notes),
        )
        return met_on, (reason,)

    def _day_attended(self, programme: str, session: Session, day: date, notes: list[Note]) -> date | None:
        """The day where it was attended in full and counts, else None; what was observed is added to the notes."""
        told = [
            fact
            for fact, on in self.facts
            if fact.stream == ATTENDANCE
            and on == day
            and (fact.course, fact.subject) == (programme, session.id)
        ]
        best: Note | None = None
        for fact in told:
            note = self._note(session, day, fact, session_key(programme, session.id))
            if best is None or _RANK[note.what] < _RANK[best.what]:
                best = note
        if best is None:
            return None
        notes.append(best)
        return day if best.what == "counted" else None

    def _note(self, session: Session, day: date, fact: Fact, key: str) -> Note:
        value = fact.value
        if value.get("present") is not True:
            return Note("absent", day, key, fact=_reference(fact))
        told = value.get("hours")
        hours = float(told) if _is_number(told) else 0.0
        planned = day_of(session, day)
        full = value.get("full", planned is not None and hours >= planned.hours)
        leaders = _leaders(value)
        if (failed := why_not_counted(session, day, leaders, self.held)) is not None:
            return Note(failed.reason, day, key, hours, leaders, failed.award, _reference(fact))
        return Note("counted" if full is True else "partly", day, key, hours, leaders, fact=_reference(fact))

    def _led(self, wanted: PilotLed) -> tuple[date | None, tuple[Reason, ...]]:
        programme = self.programmes.get(wanted.programme)
        notes: list[Note] = []
        led: dict[str, date] = {}
        for session in () if programme is None else chosen_sessions(programme, (), "pilot"):
            for fact, day in self.facts:
                if fact.stream != SESSION_LED or (fact.course, fact.subject) != (
                    wanted.programme,
                    session.id,
                ):
                    continue
                if fact.value.get("led") is not True or day_of(session, day) is None:
                    continue
                # With two who led together, each must have held the award for the session to be credited to them.
                fits = why_not_counted(session, day, [self.holder], self.held) is None
                key = session_key(wanted.programme, session.id)
                award = "" if fits else str(session.leader_award)
                what: What = "led" if fits else "led-without-award"
                notes.append(Note(what, day, key, award=award, fact=_reference(fact)))
                if fits:
                    led[session.id] = min(day, led.get(session.id, day))
        days = sorted(led.values())
        met_on = days[wanted.at_least - 1] if len(days) >= wanted.at_least else None
        reason = Reason(
            "pilot_led",
            wanted.programme,
            "no" if met_on is None else "yes",
            met_on,
            str(len(days)),
            str(wanted.at_least),
            notes=tuple(notes),
        )
        return met_on, (reason,)


_WAS: Mapping[str, What] = {
    "expired": "award-expired",
    "suspended": "award-suspended",
    "revoked": "award-revoked",
}
_RANK: Mapping[What, int] = {
    "counted": 0, "partly": 1, "leader-without-award": 2, "no-leader": 3, "absent": 4,
}  # fmt: skip


def _number(value: object) -> int:
    return value if isinstance(value, int) else 1


def _leaders(value: Mapping[str, object]) -> tuple[str, ...]:
    several = value.get("leaders")
    if isinstance(several, list | tuple):
        return tuple(str(one) for one in several)
    return () if value.get("leader") is None else (str(value["leader"]),)


def _accepted(exercise: str, facts: _Dated) -> tuple[date | None, tuple[Reason, ...]]:
    """By a person's word, or, where the exercise is an activity of the course, by Moodle's "complete with a pass"."""
    days = [
        (day, fact)
        for fact, day in facts
        if fact.subject == exercise
        and (
            (fact.stream == EXERCISE and fact.value.get("accepted") is True)
            or (fact.stream == ACTIVITY_COMPLETION and fact.value.get("state") == _PASSED)
        )
    ]
    return _first("exercise", exercise, days)


def _reached(milestone: str, facts: _Dated) -> tuple[date | None, tuple[Reason, ...]]:
    programme, _, name = milestone.partition("/")
    days = [
        (day, fact)
        for fact, day in facts
        if fact.stream == MILESTONE
        and (fact.course, fact.subject) == (programme, name)
        and fact.value.get("reached") is True
    ]
    return _first("milestone", milestone, days)


def _first(
    kind: Kind, subject: str, days: Sequence[tuple[date, Fact]]
) -> tuple[date | None, tuple[Reason, ...]]:
    if not days:
        return None, (Reason(kind, subject, "no"),)
    day, fact = min(days, key=lambda pair: (pair[0], _reference(pair[1])))
    return day, (Reason(kind, subject, "yes", day, fact=_reference(fact)),)


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


def _reference_from(plain: Sequence[str] | None) -> tuple[str, str, str] | None:
    if plain is None or len(plain) != _REFERENCE_PARTS:
        return None
    return (plain[0], plain[1], plain[2])
