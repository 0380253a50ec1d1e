"""Keeps the states of a site: made from the fact log, caught up with it, made anew, read.

The table is never ahead of the log and may be behind it. Whoever reads gets from it what holds of all whom nothing
has touched since, and of the others what the log says: a report is right however far the table has come, only slower.
In the same way a report is made again with what was known on an earlier day.
"""

from __future__ import annotations

import contextlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Text,
    case,
    cast,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import OperationalError

from lms_sync.count_listed import BETWEEN
from lms_sync.facts import read_value
from lms_sync.states import STATE_STREAMS, State, What, grouped, states_of
from lms_sync.store import schema
from lms_sync.store.database import reading
from lms_sync.store.many_rows import insert_columns, insert_of

ANEW = 200_000
"""Facts: where more have come since, all states are made anew in one reading of the log, instead of person by person."""

_FAR_BEHIND = 10_000  # facts of other sites, through which every look at the log would have to go
_PEOPLE = 500  # in one query and one transaction
_FEW = 20_000  # people: of more it takes longer to ask for each than for all
_ROWS = 2000
_WHATS: tuple[What, ...] = ("started", "completed", "graded", "tried", "passed", "enrolled")
_COLUMNS = tuple(field.name for field in fields(State))
_KEY = ("site", "course", "what", "person_id", "subject", "source_id", "number")

_fact, _state, _mark = schema.fact, schema.state, schema.state_mark


class _Overtaken(Exception):
    """Somebody else has begun to make all states anew."""


# --- keeping ----------------------------------------------------------------------------------


def keep_states(engine: Engine, site: str) -> int:
    """Brings the states up to the newest fact; how many pairs of person and course were made anew.

    May be stopped, or done twice at once: it is right at any moment. Where the database cannot be written, nothing
    is done: reading finds the rest in the log.
    """
    try:
        with reading(engine) as connection:
            up_to, _ = _read_mark(connection, site)
            newest = _newest(connection, site, up_to)
            last = connection.execute(select(func.max(_fact.c.id))).scalar_one() or 0
        if newest <= up_to:
            if up_to and last - up_to > _FAR_BEHIND:
                _move_mark(engine, site, up_to)
            return 0
        with contextlib.suppress(_Overtaken):
            if not up_to or newest - up_to > ANEW:
                return _make_all(engine, site)
            return _catch_up(engine, site, up_to, newest)
    except OperationalError:
        if engine.dialect.name == "sqlite":  # locked or read-only
            return 0
        raise
    return 0


def make_anew(engine: Engine, site: str) -> int:
    """Forgets all states of a site and makes them from the log; how many pairs of person and course there are."""
    return _make_all(engine, site)


def hand_over_states(connection: Connection, site: str, people: Collection[str]) -> None:
    """Makes the states of these people anew, of whom facts have got another holder, within the caller's transaction."""
    # Who is making all of them anew may have read the facts before.
    connection.execute(
        update(_mark).where(_mark.c.site == site, _mark.c.making != "").values(up_to=0, making="")
    )
    up_to, _ = _read_mark(connection, site)
    if not up_to:
        return
    courses = select(_fact.c.course).distinct().where(_fact.c.site == site, _fact.c.person_id.in_(people))
    for course in connection.execute(courses).scalars().all():
        _replace(connection, site, course, sorted(people))


def _catch_up(engine: Engine, site: str, up_to: int, newest: int) -> int:
    with reading(engine) as connection:
        touched = _touched(connection, site, _fact.c.id > up_to)
    done = 0
    for course, people in sorted(touched.items()):
        for some in _batches(sorted(people), _PEOPLE):
            with engine.begin() as connection:
                if _read_mark(connection, site)[1]:
                    raise _Overtaken
                _replace(connection, site, course, some)
            done += len(some)
    _move_mark(engine, site, newest)
    return done


def _move_mark(engine: Engine, site: str, up_to: int) -> None:
    """Says that the states are made up to a fact, or up to the newest of all sites where that is this site's newest."""
    with engine.begin() as connection:
        # Who has the lock knows that nobody is adding facts to this site with numbers before.
        if _newest(connection, site, up_to) == up_to:
            up_to = max(up_to, connection.execute(select(func.max(_fact.c.id))).scalar_one() or 0)
        ours = (_mark.c.site == site) & (_mark.c.making == "") & (_mark.c.up_to < up_to) & (_mark.c.up_to > 0)
        connection.execute(update(_mark).where(ours).values(up_to=up_to))


def _make_all(engine: Engine, site: str) -> int:
    token = str(uuid.uuid4())
    with engine.begin() as connection:
        connection.execute(delete(_state).where(_state.c.site == site))
        row = insert_of(connection)(_mark).values(site=site, up_to=0, making=token)
        told = {"up_to": row.excluded.up_to, "making": row.excluded.making}
        connection.execute(row.on_conflict_do_update(index_elements=["site"], set_=told))
    with reading(engine) as connection:
        newest = _newest(connection, site, 0)
    done, after = 0, ""
    while True:
        with reading(
            engine
        ) as connection:  # not one reading for all: SQLite could not clear its log meanwhile
            people = _next_people(connection, site, after)
            if not people:
                break
            after = people[-1]
            theirs = _of_site(site).where(_fact.c.person_id.in_(people))
            found = list(_from_log(connection, theirs))
        with engine.begin() as connection:
            _check_ours(connection, site, token)
            _insert(connection, site, (state for _, _, states in found for state in states))
        done += len(found)
    with engine.begin() as connection:
        _check_ours(connection, site, token)
        connection.execute(update(_mark).where(_mark.c.site == site).values(up_to=newest, making=""))
    return done


def _next_people(connection: Connection, site: str, after: str) -> Sequence[str]:
    query = select(_fact.c.person_id).distinct().where(_fact.c.site == site, _fact.c.person_id > after)
    return connection.execute(query.order_by(_fact.c.person_id).limit(_PEOPLE)).scalars().all()


def _check_ours(connection: Connection, site: str, token: str) -> None:
    if _read_mark(connection, site)[1] != token:
        raise _Overtaken


def _replace(connection: Connection, site: str, course: str, people: Sequence[str]) -> None:
    """Makes the states of some people in one course anew."""
    connection.execute(
        delete(_state).where(
            _state.c.site == site,
            _state.c.course == course,
            _state.c.what.in_(_WHATS),  # all of them: so the rows are found by the key
            _state.c.person_id.in_(people),
        )
    )
    theirs = _of_site(site).where(_fact.c.course == course, _fact.c.person_id.in_(people))
    found = _from_log(connection, theirs)
    _insert(connection, site, [state for _, _, states in found for state in states])


def _insert(connection: Connection, site: str, states: Iterable[State]) -> None:
    for some in _batches(states, _ROWS):
        columns = {name: [getattr(one, name) for one in some] for name in _COLUMNS}
        insert_columns(connection, _state, columns, _KEY, same={"site": site})


def _read_mark(connection: Connection, site: str) -> tuple[int, str]:
    """Up to which fact states have been made, and who makes all of them anew; 0 where nobody has."""
    row = connection.execute(select(_mark.c.up_to, _mark.c.making).where(_mark.c.site == site)).first()
    return (0, "") if row is None else (row.up_to, row.making)


def _newest(connection: Connection, site: str, up_to: int) -> int:
    """The number of the site's last fact after `up_to`; that itself where there is none."""
    newest = select(_fact.c.id).where(_fact.c.id > up_to, _not_by_index(_fact.c.site) == site)
    return connection.execute(newest.order_by(_fact.c.id.desc()).limit(1)).scalar() or up_to


def _not_by_index(column: Any) -> Any:
    """The same text, so that rows are found by their number and not by an index that begins with this column."""
    return column.concat("")


def _touched(connection: Connection, site: str, *conditions: Any) -> dict[str, set[str]]:
    """By course the people with facts that states are made of."""
    query = (
        select(_fact.c.course, _fact.c.person_id)
        .distinct()
        .where(_not_by_index(_fact.c.site) == site, _fact.c.stream.in_(STATE_STREAMS), *conditions)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(query):
        found[row.course].add(row.person_id)
    return found


def _of_site(site: str) -> Select[Any]:
    return (
        select(
            _fact.c.person_id,
            _fact.c.course,
            _fact.c.stream,
            _fact.c.source_id,
            _fact.c.source_time,
            _fact.c.subject,
            cast(_fact.c.value, Text),
        )
        .where(_fact.c.site == site, _fact.c.stream.in_(STATE_STREAMS))
        .order_by(_fact.c.person_id, _fact.c.course, _fact.c.source_time, _fact.c.id)
    )


def _from_log(connection: Connection, query: Select[Any]) -> Iterator[tuple[str, str, list[State]]]:
    rows = connection.execute(query, execution_options={"yield_per": _ROWS})
    for person, course, told in grouped(_LogRow._make((*row[:-1], read_value(row[-1]))) for row in rows):
        yield person, course, states_of(person, course, told)


class _LogRow(NamedTuple):
    person_id: str
    course: str
    stream: str
    source_id: str
    source_time: datetime
    subject: str
    value: Mapping[str, Any]


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    some: list[Any] = []
    for item in items:
        some.append(item)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some


# --- reading ----------------------------------------------------------------------------------


class Held(Protocol):
    """What a state says at a moment at which it holds."""

    @property
    def person_id(self) -> str: ...
    @property
    def valid_from(self) -> datetime: ...
    @property
    def score(self) -> float | None: ...
    @property
    def institutions(self) -> Sequence[str] | None: ...


@dataclass(frozen=True)
class StateColumns:
    """Columns of states as `lms_sync.column_texts` has them.

    `again` are people with more than one stretch of a thing; a course that is completed twice is so two times.
    """

    people: str
    since: str = ""
    again: str = ""
    scores: str = ""
    sources: str = ""


@dataclass(frozen=True)
class KeptStates:
    """The states of a site in some courses, as they are known, or were known at an earlier moment."""

    connection: Connection
    site: str
    courses: tuple[str, ...]
    known_at: datetime | None
    touched: Mapping[str, Collection[str]] | None  # by course, of whom the log is asked; None: of everybody

    def holding(
        self, what: What, at: datetime, subject: str | None = None, people: Collection[str] | None = None
    ) -> Iterator[Held]:
        """Of whom something holds at a moment, of everybody or of some, in no order.

        A course that was completed and taken back no longer holds; see `first`.
        """
        table = _state
        query = select(
            table.c.person_id, table.c.course, table.c.valid_from, table.c.score, table.c.institutions
        )
        query = query.where(_holds(at))
        if subject is not None:
            query = query.where(table.c.subject == subject)
        queries = [query]
        if people is not None:
            queries = [query.where(table.c.person_id.in_(some)) for some in _batches(sorted(people), _PEOPLE)]
        for one in queries:
            yield from self._rows(one, (what,))
        for state in self._told((what,)):
            if _held(state, at, subject) and (people is None or state.person_id in people):
                yield state

    def first(self, course: str, what: What, at: datetime) -> Iterator[str]:
        """Who had been so in a course at some time up to a moment, each once; texts with `BETWEEN` between people."""
        if self.touched is not None:
            table = _state
            people = func.aggregate_strings(table.c.person_id, BETWEEN)
            query = select(people).where(
                *self._of(course), table.c.what == what, table.c.number == 1, table.c.valid_from <= at
            )
            yield self._untouched(course, self.connection.execute(query).scalar())
        yield BETWEEN.join(
            state.person_id
            for state in self._told((what,))
            if state.course == course and state.number == 1 and state.valid_from <= at
        )

    def grades(self, course: str, activity: str, at: datetime) -> Iterator[tuple[float, str]]:
        """The percentages of an activity of a course that hold at a moment, with whose they are as in `first`.

        A percentage may come several times.
        """
        table = _state
        query = select(table.c.score, func.aggregate_strings(table.c.person_id, BETWEEN)).where(
            *self._of(course),
            table.c.what == literal_column("'graded'"),  # as the index says it
            table.c.subject == activity,
            table.c.valid_from <= at,
        )
        # Two questions, each of which the index answers in order: "one or the other" would be sorted.
        for ends in (table.c.valid_to.is_(None), table.c.valid_to > at):
            if self.touched is not None:
                for score, people in self.connection.execute(query.where(ends).group_by(table.c.score)):
                    yield score, self._untouched(course, people)
        for state in self._told(("graded",)):
            if state.course == course and state.score is not None and _held(state, at, activity):
                yield state.score, state.person_id

    def _of(self, course: str) -> tuple[Any, Any]:
        return _state.c.site == self.site, _state.c.course == course

    def _untouched(self, course: str, people: str | None) -> str:
        """People whom the database gave as one text, in a fraction of the time of rows, without those of whom the log is asked."""
        touched = (self.touched or {}).get(course, ())
        if not people or not touched:
            return people or ""
        return BETWEEN.join(one for one in people.split(BETWEEN) if one not in touched)

    def columns(
        self,
        course: str,
        what: What,
        subject: str,
        *,
        last: bool = False,
        people_only: bool = False,
        sources: bool = False,
    ) -> StateColumns | None:
        """The states of a kind about one subject in a course as columns, in no order; None where there are none.

        Of those of whom the log is asked some may be in it, and what is there of them is not to be trusted.
        """
        if self.touched is None:
            return None
        from lms_sync.column_texts import column_texts, millionth, minute

        table = _state
        scored = what in ("graded", "tried")
        # Not as the index of grades says it: in the order of people they are found faster.
        where = [*self._of(course), table.c.what == what, table.c.subject == subject]
        if last:
            where.append(table.c.valid_to.is_(None))
        asked = [
            table.c.person_id,
            minute(self.connection, table.c.valid_from),
            cast(None, Text)
            if last or what == "completed"
            else case((table.c.number > 1, table.c.person_id)),
            millionth(self.connection, table.c.score) if scored else cast(None, Text),
            *([table.c.source_id] if sources else []),
        ]
        found = column_texts(self.connection, asked[:1] if people_only else asked, *where)
        return None if found is None else StateColumns(*found)

    def all(
        self,
        *what: What,
        subjects: Collection[str] | None = None,
        last: bool = False,
        people: Collection[str] | None = None,
    ) -> Iterator[State]:
        """Every state of these kinds, or those about some subjects, or the last that has not ended of each thing.

        With `people` it may leave out others than these. The stretches of one thing come in their order.
        """
        table = _state
        query = select(*(table.c[name] for name in _COLUMNS)).order_by(*(table.c[name] for name in _KEY))
        if subjects is not None:
            query = query.where(table.c.subject.in_(sorted(subjects)))
        if last:
            query = query.where(table.c.valid_to.is_(None))
        queries = [query]
        if people is not None and len(people) <= _FEW:
            queries = [query.where(table.c.person_id.in_(some)) for some in _batches(sorted(people), _PEOPLE)]
        for one in queries:
            for row in self._rows(one, what):
                yield State(*row)
        for state in self._told(what):
            if (subjects is None or state.subject in subjects) and not (last and state.valid_to is not None):
                yield state

    def _rows(self, query: Select[Any], what: Sequence[What]) -> Iterator[Any]:
        """Rows of the table, without those of whom the log is asked."""
        if self.touched is None:
            return
        query = query.where(
            _state.c.site == self.site, _state.c.course.in_(self.courses), _state.c.what.in_(what)
        )
        # Rows one by one would each go through three functions of SQLAlchemy's.
        for some in self.connection.execute(query, execution_options={"yield_per": _ROWS}).partitions():
            if not self.touched:
                yield from some
                continue
            for row in some:
                if row.person_id not in self.touched.get(row.course, ()):
                    yield row

    def _told(self, what: Sequence[What]) -> Iterator[State]:
        """The same from the log, of whom it is asked."""
        query = _of_site(self.site).where(_fact.c.course.in_(self.courses))
        if self.known_at is not None:
            query = query.where(_fact.c.recorded_at <= self.known_at)
        if self.touched is None:
            queries = [query]
        else:
            queries = [
                query.where(_fact.c.course == course, _fact.c.person_id.in_(some))
                for course, people in sorted(self.touched.items())
                for some in _batches(sorted(people), _PEOPLE)
            ]
        for one in queries:
            for _, _, states in _from_log(self.connection, one):
                yield from (state for state in states if state.what in what)


def _holds(at: datetime) -> Any:
    return (_state.c.valid_from <= at) & (_state.c.valid_to.is_(None) | (_state.c.valid_to > at))


def _held(state: State, at: datetime, subject: str | None) -> bool:
    ended = state.valid_to is not None and state.valid_to <= at
    return state.valid_from <= at and not ended and subject in (None, state.subject)


def kept_states(
    connection: Connection, site: str, courses: Collection[str], *, known_at: datetime | None = None
) -> KeptStates:
    """The states in these courses; with `known_at` as they were known then."""
    up_to, making = _read_mark(connection, site)
    if making or not up_to:
        return KeptStates(connection, site, tuple(sorted(courses)), known_at, None)
    touched = _touched(connection, site, _fact.c.id > up_to)
    if known_at is not None:
        later = (
            (_fact.c.site == site) & _fact.c.course.in_(sorted(courses)) & (_fact.c.recorded_at > known_at)
        )
        for course, people in _touched(connection, site, later).items():
            touched.setdefault(course, set()).update(people)
    ours = {course: people for course, people in touched.items() if course in courses}
    return KeptStates(connection, site, tuple(sorted(courses)), known_at, ours)
