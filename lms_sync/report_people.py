"""Whom a report counts, and for which institution: those whom the people files list, or those enrolled in Moodle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from authoring.messages import text
from lms_sync.adopted import slug
from lms_sync.enrolled import learners_at
from lms_sync.people import Institution, People

UNKNOWN = "?"
"""The code of the row for people whose institution nobody knows; no institution of a file can have it."""

Source = Literal["files", "moodle", "facts"]


@dataclass(frozen=True)
class CountedPeople:
    """Institutions in the order of the report; for each person counted the institution's code; where both are from."""

    institutions: tuple[Institution, ...]
    people: tuple[tuple[str, str], ...]  # institution's code, person
    source: Source


def counted_people(
    connection: Connection,
    site: str,
    people: People,
    course: str,
    person_of: Mapping[str, str],
    *,
    from_moodle: bool,
    learned: Callable[[], Collection[str]],
    as_of: datetime,
    language: str,
) -> CountedPeople:
    """The people of a course with their institutions.

    With `from_moodle`, and where the files list nobody for the course, they are those enrolled in Moodle, and
    where that is not known, those who did anything (`learned`). `person_of` gives persons by idnumber. An
    institution that Moodle names is one of the files where code or name are the same, else one of its own.
    """
    listed = people.participants_of(course)
    if listed or not from_moodle:
        rows = tuple(_each_once([(one.institution, person_of.get(one.idnumber, "")) for one in listed]))
        return CountedPeople(people.institutions, rows, "files")
    enrolled = learners_at(connection, site, course, as_of)
    named = {one.person_id: one.institutions for one in enrolled}
    source: Source = "moodle" if enrolled else "facts"
    if not enrolled:
        named = dict.fromkeys(sorted(learned()), ())
    in_files = {
        person_of[one.idnumber]: one.institution for one in people.participants if one.idnumber in person_of
    }
    finder = _Finder(people.institutions)
    rows = tuple(
        (in_files.get(person) or finder.code(names), person) for person, names in sorted(named.items())
    )
    institutions = [*people.institutions, *finder.added()]
    if any(code == UNKNOWN for code, _ in rows):
        unknown = text("report.institution-unknown", {}, language)
        institutions.append(Institution(UNKNOWN, {"": unknown}))
    return CountedPeople(tuple(institutions), rows, source)


def _each_once(rows: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Rows without a second one of the same person; nobody knows yet who those without a person are."""
    people = [person for _, person in rows if person]
    if len(people) == len({*people}):
        return rows
    seen: set[str] = set()
    kept = []
    for row in rows:
        if not row[1] or row[1] not in seen:
            kept.append(row)
        seen.add(row[1])
    return kept


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
