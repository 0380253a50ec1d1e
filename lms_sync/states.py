"""What held of a person in a course, from when until when, as the facts tell it. Pure.

A report asks who had started, completed, passed on a date. The answer is the same for every report, and small
beside the facts it rests upon; `lms_sync.state_table` keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    COURSE_COMPLETION,
    ENROLMENT,
    GRADE,
    QUIZ_ATTEMPT,
    SCORM_RESULT,
)

What = Literal["started", "completed", "graded", "tried", "passed", "enrolled"]
"""What can hold:

started    something was done in the course, ever since the first time
completed  the course is complete; a stretch for each time that it became so, until it was taken back
graded     the latest grade of an activity in percent; one that is taken away stands, for it was earned
tried      an attempt at a quiz is finished, ever since; a stretch for each percentage that it was given
passed     an activity is complete with a pass, until it is not
enrolled   one way of being enrolled, with the institutions that Moodle named
"""

STATE_STREAMS = (
    COURSE_COMPLETION,
    ACTIVITY_COMPLETION,
    GRADE,
    QUIZ_ATTEMPT,
    SCORM_RESULT,
    ENROLMENT,
)
"""The streams that states are made of."""

_PASSED = 2  # Moodle's state of an activity that is complete with a pass


class Told(Protocol):
    """A fact, or a row of the fact log."""

    @property
    def stream(self) -> str: ...
    @property
    def source_id(self) -> str: ...
    @property
    def source_time(self) -> datetime: ...
    @property
    def subject(self) -> str: ...
    @property
    def value(self) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class State:
    """Something that held of a person in a course from `valid_from` until before `valid_to` (None: it still holds).

    `source_id` is that of the fact since which it holds, `number` the place among the stretches of the same, from 1.
    `score` is a percentage, None where there is none.
    """

    person_id: str
    course: str
    what: What
    subject: str
    source_id: str
    number: int
    valid_from: datetime
    valid_to: datetime | None = None
    score: float | None = None
    institutions: Sequence[str] | None = None


def states_of(person_id: str, course: str, facts: Iterable[Told]) -> list[State]:
    """The states of one person in one course, from all their facts there in the order in which they held.

    Facts of other streams than `STATE_STREAMS` add nothing.
    """
    making = _Making(person_id, course)
    for fact in facts:
        making.add(fact)
    return making.states


class _Making:
    def __init__(self, person_id: str, course: str) -> None:
        self.person_id = person_id
        self.course = course
        self.states: list[State] = []
        self._started = False
        self._completed: State | None = None  # the stretch that goes on
        self._completed_by = ""  # the row that was told last
        self._times = 0
        self._open: dict[tuple[str, str], State] = {}  # of the others, by kind and thing

    def add(self, fact: Told) -> None:
        value = fact.value
        match fact.stream:
            case "activity_completion":
                if value["state"]:
                    self._start(fact)
                self._passed(fact)
            case "grade":
                if value["grade"] is not None:
                    self._start(fact)
                    if (score := percent(GRADE, value)) is not None:
                        self._next("graded", fact.subject, fact, score)
            case "quiz_attempt":
                self._start(fact)
                if (score := percent(QUIZ_ATTEMPT, value)) is not None:
                    self._next("tried", fact.source_id, fact, score)
            case "scorm_result":
                self._start(fact)
            case "course_completion":
                self._complete(fact)
            case "enrolment":
                self._end("enrolled", fact)
                if value["enrolled"]:
                    self._next("enrolled", fact.source_id, fact, None, value["institution"])

    def _start(self, fact: Told) -> None:
        if not self._started:
            self._started = True
            self._made("started", "", "", 1, fact.source_time)

    def _complete(self, fact: Told) -> None:
        if fact.value["complete"]:
            self._start(fact)
            if self._completed is not None and not _another_row(self._completed_by, fact.source_id):
                return
        if self._completed is not None:
            self._completed.valid_to = fact.source_time
            self._completed = None
        self._completed_by = fact.source_id
        if fact.value["complete"]:
            self._times += 1
            self._completed = self._made("completed", "", fact.source_id, self._times, fact.source_time)

    def _passed(self, fact: Told) -> None:
        self._end("passed", fact)
        if fact.value["state"] == _PASSED:
            self._next("passed", fact.source_id, fact, None)

    def _end(self, what: What, fact: Told) -> None:
        before = self._open.get((what, fact.source_id))
        if before is not None and before.valid_to is None:
            before.valid_to = fact.source_time

    def _next(
        self,
        what: What,
        thing: str,
        fact: Told,
        score: float | None,
        institutions: Sequence[str] | None = None,
    ) -> None:
        """A new stretch of the same, which ends the one before."""
        before = self._open.get((what, thing))
        number = 1
        if before is not None:
            number = before.number + 1
            if before.valid_to is None:
                before.valid_to = fact.source_time
        made = self._made(what, fact.subject, fact.source_id, number, fact.source_time)
        made.score, made.institutions = score, institutions
        self._open[what, thing] = made

    def _made(self, what: What, subject: str, source_id: str, number: int, since: datetime) -> State:
        made = State(self.person_id, self.course, what, subject, source_id, number, since)
        self.states.append(made)
        return made


def grouped(
    rows: Iterable[Any],
) -> Iterator[tuple[str, str, list[Any]]]:
    """Rows of the log that come person by person and course by course, as groups of (person, course, rows)."""
    person = course = ""
    group: list[Any] = []
    for row in rows:
        if group and (row.person_id != person or row.course != course):
            yield person, course, group
            group = []
        person, course = row.person_id, row.course
        group.append(row)
    if group:
        yield person, course, group


def percent(stream: str, value: Mapping[str, Any]) -> float | None:
    """The percentage that a finished attempt, or an activity's grade, tells; None where it tells none."""
    if stream == QUIZ_ATTEMPT:
        points = value.get("score") if value.get("state") == "finished" else None
    else:
        points = value.get("grade") if value.get("item") == "mod" else None
    most = value.get("max")
    if not isinstance(points, int | float) or not isinstance(most, int | float) or most <= 0:
        return None
    return 100 * points / most


def _another_row(before: str, now: str) -> bool:
    """Whether two source ids are two rows of Moodle's; what core told may be a row that the plugin tells again."""
    return before != now and not before.startswith("core:") and not now.startswith("core:")
