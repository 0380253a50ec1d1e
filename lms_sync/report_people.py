"""Whom a report counts, and for which institution: those whom the people files list, or those enrolled in Moodle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Literal

from sqlalchemy import Connection, select

from authoring.messages import text
from lms_sync.adopted import slug
from lms_sync.count_listed import Listed
from lms_sync.enrolled import learners_at
from lms_sync.people import Institution, People
from lms_sync.same_person import one_person
from lms_sync.store import schema

UNKNOWN = "?"
"""The code of the row for people whose institution nobody knows; no institution of a file can have it."""

Source = Literal["files", "moodle", "facts"]


@dataclass(frozen=True)
class CountedPeople:
    """Institutions in the order of the report, who counts for which, and where both are from."""

    institutions: tuple[Institution, ...]
    listed: Listed
    source: Source


@dataclass(frozen=True)
class KnownPeople:
    """Whom the people files list, which persons they are by their idnumbers, and who has two rows.

    Made once for all reports of a run: the files may list a hundred thousand people for each of them.
    """

    people: People
    person_of: Mapping[str, str]
    one: Mapping[str, str]  # see `lms_sync.same_person`

    def listed(self, course: str) -> Listed | None:
        """Those whom the files list for a course, each person once; None where they list nobody."""
        groups = tuple(courses for courses in self._groups if course in courses)
        return self._listed(groups) if groups else None

    def _listed(self, groups: tuple[tuple[str, ...], ...]) -> Listed:
        if groups not in self._made:  # most courses of a programme are for the same people
            places = sorted(chain.from_iterable(map(self._groups.__getitem__, groups)))
            codes, persons = [self._codes[one] for one in places], [self._persons[one] for one in places]
            self._made[groups] = Listed(*_each_once(codes, persons))
        return self._made[groups]

    @cached_property
    def _made(self) -> dict[tuple[tuple[str, ...], ...], Listed]:
        return {}

    @cached_property
    def _codes(self) -> list[str]:
        return [one.institution for one in self.people.participants]

    @cached_property
    def _persons(self) -> list[str]:
        return [self.person_of.get(one.idnumber, "") for one in self.people.participants]

    @cached_property
    def _groups(self) -> dict[tuple[str, ...], list[int]]:
        """By the courses that they are to take where among the participants those are who take them."""
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, one in enumerate(self.people.participants):
            found[one.courses].append(place)
        return found


def _each_once(codes: list[str], persons: list[str]) -> tuple[list[str], list[str]]:
    """Without a second row of the same person; nobody knows yet who those without a person are."""
    if len(persons) - persons.count("") == len({*persons} - {""}):
        return codes, persons
    seen: set[str] = set()
    kept = []
    for row in zip(codes, persons, strict=True):
        if not row[1] or row[1] not in seen:
            kept.append(row)
        seen.add(row[1])
    return [code for code, _ in kept], [person for _, person in kept]


def known_people(connection: Connection, site: str, people: People) -> KnownPeople:
    """The people of a site and of the files, as reports need them."""
    one = one_person(connection, site)
    data = schema.person_data
    query = select(data.c.idnumber, data.c.person_id).where(data.c.site == site, data.c.idnumber.is_not(None))
    person_of = {str(number): one.get(person, person) for number, person in connection.execute(query).all()}
    return KnownPeople(people, person_of, one)


def counted_people(
    connection: Connection,
    site: str,
    known: KnownPeople,
    course: str,
    *,
    from_moodle: bool,
    learned: Callable[[], Collection[str]],
    as_of: datetime,
    language: str,
) -> CountedPeople:
    """The people of a course with their institutions.

    With `from_moodle`, and where the files list nobody for the course, they are those enrolled in Moodle, and
    where that is not known, those who did anything (`learned`). An
    institution that Moodle names is one of the files where code or name are the same, else one of its own.
    """
    people, person_of = known.people, known.person_of
    listed = known.listed(course)
    if listed is not None or not from_moodle:
        return CountedPeople(people.institutions, listed or Listed([], []), "files")
    enrolled = learners_at(connection, site, course, as_of)
    named = {one.person_id: one.institutions for one in enrolled}
    source: Source = "moodle" if enrolled else "facts"
    if not enrolled:
        named = dict.fromkeys(sorted(learned()), ())
    in_files = {
        person_of[one.idnumber]: one.institution for one in people.participants if one.idnumber in person_of
    }
    finder = _Finder(people.institutions)
    persons = sorted(named)
    codes = [in_files.get(person) or finder.code(named[person]) for person in persons]
    institutions = [*people.institutions, *finder.added()]
    if UNKNOWN in codes:
        unknown = text("report.institution-unknown", {}, language)
        institutions.append(Institution(UNKNOWN, {"": unknown}))
    return CountedPeople(tuple(institutions), Listed(codes, persons), source)


class _Finder:
    """Finds institutions by what Moodle calls them, and makes those that no file has."""

    def __init__(self, institutions: Sequence[Institution]) -> None:
        self._known: dict[str, str] = {}
        for one in institutions:
            for name in (one.code, *one.names.values()):
                self._known.setdefault(_same(name), one.code)
        self._codes = {one.code for one in institutions}
        self._added: dict[str, Institution] = {}

    def code(self, names: Sequence[str]) -> str:
        """The code of the first name that a file knows, else of the first name; `UNKNOWN` without a name."""
        for name in names:
            if _same(name) in self._known:
                return self._known[_same(name)]
        if not names:
            return UNKNOWN
        return self._new(names[0])

    def _new(self, name: str) -> str:
        begin = slug(name) or "institution"
        code, number = begin, 2
        while code in self._codes:
            code, number = f"{begin}-{number}", number + 1
        self._codes.add(code)
        self._known[_same(name)] = code
        self._added[code] = Institution(code, {"": name})
        return code

    def added(self) -> list[Institution]:
        """The institutions made, by name."""
        return sorted(self._added.values(), key=lambda one: _same(one.name("")))


def _same(name: str) -> str:
    return " ".join(name.split()).casefold()
