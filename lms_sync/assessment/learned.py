"""What was learned in courses, read from the states as columns: one course or quiz at a time, never a million objects.

Most rows come as texts that hold a column each. Of few people more has to be known than person, day and percentage:
of those with two rows, of those with several stretches of the same thing, of those of whom the log is asked. Their
states are read one by one, and stand behind the others.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from sqlalchemy import Connection, func, select

from lms_sync.assessment.ask_ahead import AskAhead
from lms_sync.assessment.places import Places
from lms_sync.column_texts import (
    BETWEEN,
    Ids,
    column_texts,
    in_millionths,
    local_days,
    minute_of,
    minutes_of,
    numbers_of,
)
from lms_sync.facts import ACTIVITY_COMPLETION, COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT
from lms_sync.state_table import KeptStates, StateColumns, kept_states
from lms_sync.states import What
from lms_sync.store import schema
from programmes.columns import Columns, Flags, Floats, Ints, Numbers, PeopleColumns, date_of, flags
from programmes.observations import Learned, Observation
from programmes.programme import Indicator, Programme

_STREAM: Mapping[What, str] = {
    "completed": COURSE_COMPLETION,
    "passed": ACTIVITY_COMPLETION,
    "tried": QUIZ_ATTEMPT,
    "graded": GRADE,
}
_KEPT = 3  # columns: an indicator asks for the same ones twice
Found = TypeVar("Found")


class _Asked(NamedTuple):
    """Which states are to be read as columns; of some, only of whom they are."""

    what: What
    subject: str
    people_only: bool = False
    sources: bool = False

    @property
    def course(self) -> str:
        return self.subject.partition("/")[0]


class _Told(NamedTuple):
    """One thing as a state tells it."""

    row: int
    minute: int
    value: float
    source: str


@dataclass(frozen=True)
class _Many:
    """Rows of people, minutes since 1970 and values (nan: none), in the order of their sources where that is asked for."""

    row: Ints
    minute: Ints
    value: Floats

    def but(self, people: Flags) -> _Many:
        """Without those of some people."""
        stay = ~people[self.row]
        if stay.all():
            return self
        return _Many(self.row[stay], self.minute[stay], self.value[stay])


class LearnedStates:
    """Everybody of a site, and what they learned in the courses of a programme. As `programmes.observations` asks it."""

    def __init__(
        self,
        connection: Connection,
        site: str,
        programme: Programme,
        institutions: Sequence[str],
        one: Mapping[str, str],
        *,
        as_of: datetime.date,
        known_at: datetime.datetime | None,
    ) -> None:
        self._connection, self._site, self._programme = connection, site, programme
        self.timezone = programme.timezone
        self._one, self._as_of, self._known_at = one, as_of, known_at
        self._ids, self._gender, self._language = self._read_people()
        self.size = len(self._ids)
        self.rows = Numbers(self._ids)
        self.numbers = Ids(self.rows.known)
        self.holders = self.rows.copy()  # who stands for somebody has the number of their own row
        self.places = Numbers(institutions)
        self.holder_of = np.arange(self.size, dtype=np.int64)
        for row, standing in one.items():
            if row in self.rows.known and standing in self.rows.known:
                self.holder_of[self.rows.known[row]] = self.rows.known[standing]
        merged = [self.rows.known[each] for each in {*one, *one.values()} if each in self.rows.known]
        self.merged = flags(np.array(merged, dtype=np.int64), self.size)
        self._known: dict[tuple[str, str, bool, bool], Columns] = {}
        self._ahead: AskAhead[_Asked, StateColumns | None] | None = None

    @cached_property
    def where(self) -> Places:
        """Where people were on a day."""
        return Places(
            self._connection,
            self._site,
            self.timezone,
            self._one,
            self.rows,
            self.numbers,
            self.places,
        )

    def _read_people(self) -> tuple[list[str], list[str], list[str]]:
        """Opaque ids, genders and languages of all people, in the order of the ids."""
        person, data = schema.person, schema.person_data
        joined = person.outerjoin(data, data.c.person_id == person.c.id)
        inner = (
            select(
                person.c.id,
                func.coalesce(data.c.gender, "").label("gender"),
                func.coalesce(data.c.language, "").label("language"),
            )
            .select_from(joined)
            .where(person.c.site == self._site, person.c.kind != "institution")
            .subquery()
        )
        told = column_texts(self._connection, inner.c)
        if told is None:
            return [], [], []
        ids, genders, languages = (column.split(BETWEEN) for column in told)
        order = sorted(range(len(ids)), key=ids.__getitem__)
        return tuple([column[at] for at in order] for column in (ids, genders, languages))  # type: ignore[return-value]

    def people(self) -> PeopleColumns:
        """Everybody; what one of two rows does not say, the other may."""
        genders, languages = [*self._gender], [*self._language]
        for row in sorted(self._one):  # of whom another row stands
            if row in self.rows.known:
                number = self.rows.known[row]
                standing = int(self.holder_of[number])
                genders[standing] = genders[standing] or genders[number]
                languages[standing] = languages[standing] or languages[number]
                if standing != number:
                    genders[number] = languages[number] = ""  # no holder
        gender, language = Numbers(genders), Numbers(languages)
        return PeopleColumns(
            np.fromiter(map(gender.known.__getitem__, genders), np.int64),
            np.fromiter(map(language.known.__getitem__, languages), np.int64),
            self.where.now(self._as_of, self.holder_of),
            gender,
            language,
        )

    # --- what they learned --------------------------------------------------------------------

    @contextmanager
    def reading_ahead(self, indicators: Iterable[Indicator]) -> Iterator[None]:
        """Within it the database works while somebody counts, and nobody else may use the connection.

        What is read ahead is what the indicators ask for, in their order, where nobody is to be listed.
        """
        self.where, self._states  # noqa: B018 - read by this thread
        with AskAhead(self._told, self._foreseen(indicators)) as self._ahead:
            try:
                yield
            finally:
                self._ahead = None

    def _foreseen(self, indicators: Iterable[Indicator]) -> Iterator[_Asked]:
        if self._states.touched is None:
            return
        for indicator in indicators:
            count = indicator.count
            if count.completed is not None:
                yield _Asked("completed", count.completed)
            quizzes = [count.passed] if count.passed is not None else []
            if count.gain is not None:
                quizzes = [count.gain.pre, count.gain.post]
            for quiz in quizzes:
                yield _Asked("tried", quiz, sources=count.gain is not None)
                yield _Asked("graded", quiz, people_only=True)
            for quiz in quizzes:
                yield _Asked("passed", quiz)

    def told(self, asked: _Asked) -> StateColumns | None:
        """States as columns; None where there are none."""
        return self._told(asked) if self._ahead is None else self._ahead.answer(asked)

    def _told(self, asked: _Asked) -> StateColumns | None:
        if asked.course not in self._states.courses:
            return None
        return self._states.columns(
            asked.course,
            asked.what,
            "" if asked.what == "completed" else asked.subject,
            last=asked.what == "graded",
            people_only=asked.people_only,
            sources=asked.sources,
        )

    def now(self, look: Callable[[], Found]) -> Found:
        """What else is read by the connection."""
        return look() if self._ahead is None else self._ahead.now(look)

    def columns(self, what: Learned, subject: str, *, in_order: bool, listed: bool) -> Columns:
        """Each time a course became complete, each pass, and attempts with their percentages; else the last grade.

        After a reset, or as a new row of Moodle's, a course may become complete again. An attempt is dated when it was
        first finished, and has the percentage that it was given last.
        """
        for more in (in_order, True):
            if (found := self._known.get((what, subject, more, listed))) is not None:
                return found
        while len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        course = subject.partition("/")[0]
        reader = _Reader(self, course, in_order=in_order, listed=listed)
        made = reader.columns(what, subject)
        self._known[what, subject, in_order, listed] = made
        return made

    @cached_property
    def _states(self) -> KeptStates:
        return kept_states(self._connection, self._site, self._programme.courses, known_at=self._known_at)

    def states_of(self, course: str) -> KeptStates:
        """The states of one course; of none where it is not the programme's."""
        states = self._states
        if course not in states.courses:
            return replace(states, courses=(), touched={})
        if states.touched is None:
            return replace(states, courses=(course,))
        touched = {course: states.touched[course]} if course in states.touched else {}
        return replace(states, courses=(course,), touched=touched)


class _Reader:
    """Reads what one course or quiz tells."""

    def __init__(self, of: LearnedStates, course: str, *, in_order: bool, listed: bool) -> None:
        self._of, self._course = of, course
        self._in_order, self._listed = in_order, listed
        self._states = of.states_of(course)
        self._zone = of.timezone

    def columns(self, what: Learned, subject: str) -> Columns:
        many, some = self._read(what, subject)
        if what == "tried":
            tried = flags(many.row, self._of.size)
            tried[[one.row for one in some]] = True
            if self._all_are(tried, "graded", subject):
                return self._columns(what, subject, many, some)
            others, grades = self._read("graded", subject)
            others = others.but(tried)
            many = _Many(
                np.concatenate([many.row, others.row]),
                np.concatenate([many.minute, others.minute]),
                np.concatenate([many.value, others.value]),
            )
            some += [one for one in grades if not tried[one.row]]
        return self._columns(what, subject, many, some)

    def _all_are(self, people: Flags, what: What, subject: str) -> bool:
        """Whether a kind of states tells of nobody but these; not asked where only the log knows it."""
        if self._states.touched is None or self._course in self._states.touched:
            return False
        told = self._of.told(_Asked(what, subject, people_only=True))
        if told is None:
            return True
        rows = self._of.numbers.of(told.people)
        return bool(people[rows[rows >= 0]].all())

    def _read(self, what: What, subject: str) -> tuple[_Many, list[_Told]]:
        """What columns tell of most, and what has to be known of some: no person is in both."""
        of = self._of
        none = np.zeros(0, dtype=np.int64)
        many = _Many(none, none, none.astype(np.float64))
        if not self._states.courses:
            return many, []
        if self._listed or self._states.touched is None:
            return many, of.now(lambda: self._one_by_one(what, subject, None))
        touched = self._states.touched.get(self._course, ())
        odd = flags(
            np.array([of.rows.known[one] for one in touched if one in of.rows.known], dtype=np.int64),
            of.size,
        )
        told = of.told(_Asked(what, subject, sources=self._in_order))
        asked: set[str] = set()
        if told is not None:
            many, again = self._many(told), np.zeros(of.size, dtype=np.bool_)
            if told.again:
                rows = of.numbers.of(told.again)
                again[rows[rows >= 0]] = True
            again |= of.merged
            some = np.unique(many.row[again[many.row] & ~odd[many.row]])
            asked = {of.rows.texts[row] for row in some.tolist()}
            odd |= again
            many = many.but(odd)
        if not asked and not touched:
            return many, []
        return many, of.now(lambda: self._one_by_one(what, subject, asked, odd))

    def _many(self, told: StateColumns) -> _Many:
        row = self._of.numbers.of(told.people)
        minute = minutes_of(told.since)
        value = numbers_of(told.scores) if told.scores else np.full(len(row), np.nan)
        people = row >= 0
        return (
            _Many(row, minute, value) if people.all() else _Many(row[people], minute[people], value[people])
        )

    def _one_by_one(
        self, what: What, subject: str, people: set[str] | None, only: Flags | None = None
    ) -> list[_Told]:
        number = self._of.rows.known
        found: dict[tuple[int, str], _Told] = {}
        subject = "" if what == "completed" else subject
        for state in self._states.all(what, subjects=[subject], last=what == "graded", people=people):
            row = number.get(state.person_id, -1)
            if row < 0 or (only is not None and not only[row]):
                continue
            source = f"{_STREAM[what]}/{state.source_id}"
            if what == "completed":
                source = f"{source}/{state.number}"
            value = np.nan if state.score is None else in_millionths(state.score)
            known = found.get((row, source))
            if known is None:
                found[row, source] = _Told(row, minute_of(state.valid_from), value, source)
            elif what == "tried":
                found[row, source] = known._replace(value=value)
        return [*found.values()]

    def _columns(self, what: Learned, about: str, many: _Many, some: list[_Told]) -> Columns:
        of = self._of
        days = local_days(np.array([one.minute for one in some], dtype=np.int64), self._zone)
        once: dict[tuple[int, str], tuple[int, _Told]] = {}
        for day, one in sorted(
            zip(days.tolist(), some, strict=True), key=lambda both: (both[0], both[1].source)
        ):
            once.setdefault((int(of.holder_of[one.row]), one.source), (day, one))
        told = [one for _, one in once.values()]
        row = np.concatenate([many.row, np.array([one.row for one in told], dtype=np.int64)])
        on = np.concatenate(
            [local_days(many.minute, self._zone), np.array([day for day, _ in once.values()], dtype=np.int64)]
        )
        place = of.where.on(row, on)
        value = np.concatenate([many.value, np.array([one.value for one in told], dtype=np.float64)])
        first = len(many.row)

        def made(number: int) -> Observation:
            one = told[number - first]  # all are here where anybody makes them
            return Observation(
                what,
                about,
                of.holders.texts[of.holder_of[one.row]],
                date_of(int(on[number])),
                of.places.texts[place[number]],
                one.source,
                None if np.isnan(one.value) else one.value,
            )

        numbers = np.arange(len(row), dtype=np.int64)
        return Columns(of.holder_of[row], on, place, value, numbers, made).by_day()
