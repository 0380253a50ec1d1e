"""Who is on the list of a course: an award is decided about them; who has left, or was never there, is told apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from lms_sync.adopted import read_adopted
from lms_sync.enrolled import learners_at
from lms_sync.people import People, read_people
from lms_sync.store import schema


def listed_people(
    connection: Connection,
    site: str,
    folder: Path,
    courses_of: Mapping[str, Iterable[str]],
    *,
    as_of: datetime,
) -> dict[str, frozenset[str] | None]:
    """For each policy the people on the lists of its courses (`courses_of`); None where no list says anything.

    A list is `people/participants.csv`, and for a course adopted from the site, of which the file tells nothing, the
    enrolments that were last seen in Moodle. Raises ContentError where the files cannot be read.
    """
    people = read_people(folder)
    adopted = {course.key for course in read_adopted(folder, site=site)}
    data = schema.person_data
    query = select(data.c.idnumber, data.c.person_id).where(data.c.site == site, data.c.idnumber.is_not(None))
    person_of = {row.idnumber: row.person_id for row in connection.execute(query)}
    found: dict[str, frozenset[str] | None] = {}
    for policy, courses in courses_of.items():
        lists = [
            _listed(connection, site, people, course, person_of, in_moodle=course in adopted, as_of=as_of)
            for course in courses
        ]
        known = [one for one in lists if one is not None]
        found[policy] = frozenset().union(*known) if known else None
    return found


def _listed(
    connection: Connection,
    site: str,
    people: People,
    course: str,
    person_of: Mapping[str, str],
    *,
    in_moodle: bool,
    as_of: datetime,
) -> frozenset[str] | None:
    participants = people.participants_of(course)
    if participants:
        return frozenset(person_of[one.idnumber] for one in participants if one.idnumber in person_of)
    if in_moodle and (learners := learners_at(connection, site, course, as_of)):
        return frozenset(one.person_id for one in learners)
    return None
