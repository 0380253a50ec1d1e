"""Weighs a tree of requirements: on which day facts meet it, and the reason for each of its leaves.

Best result counts, so a further fact never takes away what was earned (only a correction of the same fact does), and
the order in which facts are given changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeGuard

from certificates.held import Held, HeldAward
from certificates.policy import Policy
from certificates.reasons import Kind, Note, Reason, What, group, reference
from certificates.requirement import Attendance, PilotLed, QuizAtLeast, Requirement, Within
from certificates.validity import last_valid_day
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ATTENDANCE,
    COURSE_COMPLETION,
    EXERCISE,
    GRADE,
    MILESTONE,
    PRIOR_LEARNING,
    QUIZ_ATTEMPT,
    SESSION_LED,
    Fact,
)
from programmes.programme import Programme, Session
from programmes.sessions import chosen_sessions, day_of, session_key, why_not_counted

_PASSED = 2  # Moodle's state of an activity that is complete with a pass

Dated = Sequence[tuple[Fact, date]]


_Weighed = tuple[date | None, tuple[Reason, ...]]


@dataclass(frozen=True)
class Weighing:
    """One decision under way: what there is to weigh. `facts` are those up to `as_of`, each with its local day.

    `since` and `until` bound the days on which an award must have been earned that is asked for; None: any day.
    """

    policy: Policy
    facts: Dated
    as_of: date
    holder: str
    held: Held
    programmes: Mapping[str, Programme]
    since: date | None = None
    until: date | None = None

    def weigh(self, node: Requirement, path: tuple[str, ...] = (), number: int = 0) -> _Weighed:
        """The day on which a node was first met (None: not yet), and the reasons of its leaves.

        `path` are the groups above it, `number` its place in the last of them.
        """
        if node.all is not None:
            # The outermost `all` is how policies are written; it says nothing that the list of reasons does not.
            inner = path if not path and number == 0 else (*path, group("all", number))
            return self._some(node.all, len(node.all), inner)
        if node.any is not None:
            return self._some(node.any, 1, (*path, group("any", number)))
        if node.n_of is not None:
            return self._some(node.n_of.of, node.n_of.n, (*path, group("n_of", number, node.n_of.n)))
        if node.within is not None:
            return self._within(node.within, (*path, group("within", number, node.within.months)))
        met_on, why = self._leaf(node)
        return met_on, (replace(why, path=path) if path else why,)

    def _leaf(self, node: Requirement) -> tuple[date | None, Reason]:
        if node.course_completed is not None:
            return _completed(
                node.course_completed,
                self.policy.same_as("course_completed", node.course_completed),
                self.facts,
            )
        if node.quiz is not None:
            return _passed(node.quiz, self.policy.same_as("quiz", node.quiz.activity), self.facts)
        if node.exercise is not None:
            return _accepted(node.exercise, self.policy.same_as("exercise", node.exercise), self.facts)
        if node.milestone is not None:
            return _reached(node.milestone, self.facts)
        if node.prior_learning is not None:
            return _recognised(node.prior_learning, self.facts)
        if node.award is not None:
            return self._held(node.award)
        if node.attendance is not None:
            return self._attended(node.attendance)
        assert node.pilot_led is not None
        return self._led(node.pilot_led)

    def _some(self, parts: Sequence[Requirement], least: int, path: tuple[str, ...]) -> _Weighed:
        """Met when so many of the parts are, on the day on which the last of these was."""
        weighed = [self.weigh(part, path, number) for number, part in enumerate(parts)]
        why = tuple(reason for _, reasons in weighed for reason in reasons)
        days = sorted(day for day, _ in weighed if day is not None)
        if len(days) < least:
            return None, why
        return days[least - 1], tuple(
            replace(one, met="not needed", score=None) if one.met == "no" else one for one in why
        )

    def _within(self, wanted: Within, path: tuple[str, ...]) -> _Weighed:
        """Met by what happened in some months in a row, counted from any day on which something happened.

        Where none suffices, the reasons are those of the months still running in which the least is missing.
        """
        begins = {day for _, day in self.facts}
        for leaf in wanted.require.leaves():
            if leaf.award is not None:
                begins.update(one.held_from for one in self._awards(leaf.award))
        best: _Weighed | None = None
        running: tuple[int, date] | None = None
        why: tuple[Reason, ...] | None = None
        for begin in sorted(begins):
            if best is not None and best[0] is not None and begin >= best[0]:
                break  # nothing that begins later is met earlier
            end = last_valid_day(begin, wanted.months)
            inside = replace(
                self,
                facts=[(fact, day) for fact, day in self.facts if begin <= day <= end],
                since=begin if self.since is None else max(begin, self.since),
                until=end if self.until is None else min(end, self.until),
            )
            met_on, reasons = inside.weigh(wanted.require, path)
            if met_on is not None:
                if best is None or best[0] is None or met_on < best[0]:
                    best = met_on, reasons
            elif end >= self.as_of:
                missing = sum(reason.met == "no" for reason in reasons)
                if running is None or (missing, -begin.toordinal()) < (running[0], -running[1].toordinal()):
                    running, why = (missing, begin), reasons
        if best is not None:
            return best
        if why is None:
            why = replace(self, facts=(), since=self.as_of).weigh(wanted.require, path)[1]
        return None, why

    def changes(self, root: Requirement) -> Iterator[date]:
        """Days after `as_of` on which time alone may change the result: an award ends, some months in a row are over."""
        for node, _ in root.nodes():
            if node.award is not None:
                for one in self._awards(node.award):
                    if one.expires_on is not None and one.expires_on >= self.as_of:
                        yield one.expires_on + timedelta(days=1)
            if node.within is not None:
                for begin in {day for _, day in self.facts}:
                    end = last_valid_day(begin, node.within.months)
                    if end >= self.as_of:
                        yield end + timedelta(days=1)

    def _awards(self, award: str) -> list[HeldAward]:
        found = [
            one for policy in self.policy.same_as("award", award) for one in self.held.of(self.holder, policy)
        ]
        return sorted(found, key=lambda one: one.held_from)

    def _held(self, award: str) -> tuple[date | None, Reason]:
        found = [
            one
            for one in self._awards(award)
            if (self.since is None or one.held_from >= self.since)
            and (self.until is None or one.held_from <= self.until)
        ]
        for one in found:
            if one.status_on(self.as_of) == "valid":
                by_another = (
                    () if one.award == award else (Note("award-counted", one.since, award=one.award),)
                )
                return one.since, Reason("award", award, "yes", one.since, notes=by_another)
        notes = [
            Note(
                _WAS.get(one.status_on(self.as_of), "award-not-valid"),
                one.changed_on(self.as_of),
                award=one.award,
            )
            for one in found
            if one.held_from <= self.as_of
        ]
        return None, Reason("award", award, "no", notes=tuple(notes[-1:]))

    def _attended(self, wanted: Attendance) -> tuple[date | None, Reason]:
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
        return met_on, reason

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
            return Note("absent", day, key, fact=reference(fact))
        told = value.get("hours")
        hours = float(told) if _is_number(told) else 0.0
        planned = day_of(session, day)
        full = value.get("full", planned is not None and hours >= planned.hours)
        leaders = _leaders(value)
        if (failed := why_not_counted(session, day, leaders, self.held)) is not None:
            return Note(failed.reason, day, key, hours, leaders, failed.award, reference(fact))
        under = session.leader_award or ""
        return Note("counted" if full is True else "partly", day, key, hours, leaders, under, reference(fact))

    def _led(self, wanted: PilotLed) -> tuple[date | None, Reason]:
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
                award = session.leader_award or ""
                what: What = "led" if fits else "led-without-award"
                notes.append(Note(what, day, key, award=award, fact=reference(fact)))
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
        return met_on, reason


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


def _accepted(exercise: str, same: Sequence[str], facts: Dated) -> tuple[date | None, Reason]:
    """By a person's word, or, where the exercise is an activity of the course, by Moodle's "complete with a pass"."""
    days = [
        (day, fact)
        for fact, day in facts
        if fact.subject in same
        and (
            (fact.stream == EXERCISE and fact.value.get("accepted") is True)
            or (fact.stream == ACTIVITY_COMPLETION and fact.value.get("state") == _PASSED)
        )
    ]
    return _first("exercise", exercise, days)


def _reached(milestone: str, facts: Dated) -> tuple[date | None, Reason]:
    programme, _, name = milestone.partition("/")
    days = [
        (day, fact)
        for fact, day in facts
        if fact.stream == MILESTONE
        and (fact.course, fact.subject) == (programme, name)
        and fact.value.get("reached") is True
    ]
    return _first("milestone", milestone, days)


def _recognised(kind: str, facts: Dated) -> tuple[date | None, Reason]:
    days = [
        (day, fact)
        for fact, day in facts
        if fact.stream == PRIOR_LEARNING and fact.subject == kind and fact.value.get("recognised") is True
    ]
    return _first("prior_learning", kind, days)


def _first(kind: Kind, subject: str, days: Sequence[tuple[date, Fact]]) -> tuple[date | None, Reason]:
    if not days:
        return None, Reason(kind, subject, "no")
    day, fact = min(days, key=lambda pair: (pair[0], reference(pair[1])))
    return day, Reason(kind, subject, "yes", day, fact=reference(fact))


def _completed(course: str, same: Sequence[str], facts: Dated) -> tuple[date | None, Reason]:
    for fact, day in facts:
        if fact.stream == COURSE_COMPLETION and fact.course in same and fact.value.get("complete") is True:
            return day, Reason("course_completed", course, "yes", day, fact=reference(fact))
    return None, Reason("course_completed", course, "no")


def _passed(quiz: QuizAtLeast, same: Sequence[str], facts: Dated) -> tuple[date | None, Reason]:
    wanted = _as_percent(quiz.min)
    best: Decimal | None = None
    for fact, day in facts:
        share = _share(fact, same)
        if share is None:
            continue
        if share >= quiz.min:
            reached = _as_percent(share)
            return day, Reason("quiz", quiz.activity, "yes", day, reached, wanted, reference(fact))
        best = share if best is None else max(best, share)
    score = None if best is None else _as_percent(best)
    return None, Reason("quiz", quiz.activity, "no", score=score, wanted=wanted)


def _share(fact: Fact, activities: Sequence[str]) -> Decimal | None:
    """The share of the marks, in percent, that a fact tells about a quiz activity; None where it tells none."""
    if fact.subject not in activities:
        return None
    if fact.stream == GRADE and fact.value.get("item") == "mod":
        points = fact.value.get("grade")
    elif fact.stream == QUIZ_ATTEMPT and fact.value.get("state") == "finished":
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
