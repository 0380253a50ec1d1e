"""What milestones and indicators rest upon: who did what on which day, and where they were on that day. Pure.

The edge makes these from facts, the register and memberships; two of them with the same source are one participation.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from heapq import merge
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # those who ask for milestones alone need not wait for numpy
    from programmes.columns import Columns, Numbers, PeopleColumns

What = Literal[
    "completed",  # a course
    "attended",  # a day of a session that counts
    "certified",  # got an award; `spans` say when it was valid
    "tried",  # finished an attempt at a quiz; the value is its percentage
    "passed",  # Moodle says so
    "answered",  # asked the help desk and got an answer
    "filled",  # answered a questionnaire; the value is the score
    "milestone",  # recorded by hand; the value is 1, or 0 where it was taken back
]

Learned = Literal["completed", "tried", "passed"]
"""What may be a million times so, and is kept in columns."""

Span = tuple[datetime.date, datetime.date | None]
"""From the first day to the last, both included; None: it has no end."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that somebody did, or that happened to an institution.

    `holder` is the opaque id of who stands for them, or `holder_of` an institution; `institution` is the code of where they
    were on the day, "" where nobody knows. `subject` is the course, session, award, `<course>/<quiz activity>`, questionnaire or milestone.
    """

    what: What
    subject: str
    holder: str
    on: datetime.date
    institution: str = ""
    source: str = ""
    value: float | None = None
    spans: tuple[Span, ...] = ()
    evidence: str = ""

    def holds_on(self, day: datetime.date) -> bool:
        """Whether it has happened by that day and, where it can end, has not ended."""
        if self.on > day:
            return False
        return not self.spans or any(
            first <= day and (last is None or day <= last) for first, last in self.spans
        )


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is broken down by."""

    gender: str = ""
    language: str = ""
    institution: str = ""  # on the day up to which was observed


class LearnedColumns(Protocol):
    """Where what was learned in courses comes from, one course or quiz at a time."""

    def people(self) -> PeopleColumns:
        """Everybody, by their numbers in `holders`."""

    @property
    def holders(self) -> Numbers:
        """Numbers of holders: of people first."""

    @property
    def places(self) -> Numbers:
        """Numbers of institutions: those of the programme first, in their order."""

    def columns(self, what: Learned, subject: str, *, in_order: bool, listed: bool) -> Columns:
        """Observations of one kind about one subject.

        With `in_order` those of one day come in the order of their sources; with `listed` each can be made.
        """


@dataclass(frozen=True)
class Observed:
    """Everything observed of a programme up to a day; `observations` are all but what is `learned`.

    `institutions` are the programme's, each with its region, in the order of reports. `pass_marks` are percentages by
    `<course>/<quiz activity>`. `institution_awards` are the awards that institutions hold, not people, and
    `institution_questionnaires` those that are filled in for institutions.
    """

    observations: tuple[Observation, ...]
    learned: LearnedColumns
    institutions: Mapping[str, str]
    pass_marks: Mapping[str, float] = field(default_factory=dict)
    institution_awards: frozenset[str] = frozenset()
    institution_questionnaires: frozenset[str] = frozenset()

    @cached_property
    def people(self) -> PeopleColumns:
        """What people are broken down by."""
        return self.learned.people()

    def person(self, holder: str) -> Person:
        """What a person is broken down by; nothing of who is not known."""
        people = self.people
        number = self.learned.holders.known.get(holder)
        if number is None or number >= len(people.place):
            return Person()
        place = int(people.place[number])
        return Person(
            people.genders.texts[people.gender[number]],
            people.languages.texts[people.language[number]],
            "" if place < 0 else self.learned.places.texts[place],
        )

    def of(self, what: What, subjects: Iterable[str]) -> Iterator[Observation]:
        """Those of a kind about one of the subjects, in the order of their days."""
        found = [
            self._by_subject[key]
            for one in dict.fromkeys(subjects)
            if (key := (what, one)) in self._by_subject
        ]
        return iter(found[0]) if len(found) == 1 else merge(*found, key=_place)

    @cached_property
    def _by_subject(self) -> Mapping[tuple[str, str], list[Observation]]:
        """Each indicator asks for a few of what may be millions."""
        found: dict[tuple[str, str], list[Observation]] = defaultdict(list)
        for one in self.observations:
            found[one.what, one.subject].append(one)
        return found


def holder_of(code: str) -> str:
    """How an institution is called where holders are people otherwise; nothing of it is secret."""
    return f"institution:{code}"


def in_order(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """By day; what happened on one day by what it is and by its source, so that the order is always the same."""
    return tuple(sorted(observations, key=_place))


def _place(one: Observation) -> tuple[datetime.date, str, str, str, str]:
    return one.on, one.what, one.subject, one.source, one.holder
