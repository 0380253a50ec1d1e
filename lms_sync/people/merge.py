"""Puts two numbers of one official together. Facts stay where they were observed; an alias says who is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from authoring.problems import Refused
from lms_sync.people.import_write import with_people
from lms_sync.people.read import PARTICIPANTS, Participant, People
from lms_sync.people.remember import remember_people
from lms_sync.same_person import all_of, one_person, put_together, take_apart
from lms_sync.store import schema
from lms_sync.write_files import write_durably


@dataclass(frozen=True)
class MergedPerson:
    """One of the two, with what there is of them."""

    idnumber: str
    person_id: str
    name: str
    institution: str
    facts: int
    awards: int


def two_people(
    connection: Connection, site: str, people: People, old: str, new: str, now: datetime
) -> tuple[MergedPerson, MergedPerson]:
    """Both, remembered if they were not yet; raises Refused where a number is nobody's or both are one."""
    if old == new:
        raise Refused("people.merge-one-number", idnumber=old)
    remember_people(connection, site, people.participants, {}, now)
    return _person(connection, site, people, old), _person(connection, site, people, new)


def _person(connection: Connection, site: str, people: People, idnumber: str) -> MergedPerson:
    data, fact, issue = schema.person_data, schema.fact, schema.issue
    row = connection.execute(select(data).where(data.c.site == site, data.c.idnumber == idnumber)).first()
    if row is None:
        raise Refused("people.merge-unknown", idnumber=idnumber)
    listed = next((one for one in people.participants if one.idnumber == idnumber), None)
    everybody = all_of(row.person_id, one_person(connection, site))
    counted = [
        int(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.person_id.in_(everybody))
            ).scalar_one()
        )
        for table in (fact, issue)
    ]
    name = f"{row.given_name or ''} {row.family_name or ''}".strip()
    return MergedPerson(idnumber, row.person_id, name, listed.institution if listed else "", *counted)


def merge(connection: Connection, site: str, old: MergedPerson, new: MergedPerson, now: datetime) -> None:
    """Lets `new` stand for both; raises Refused where that is so already."""
    if not put_together(connection, site, old.person_id, new.person_id, now):
        raise Refused("people.merge-done", old=old.idnumber, new=new.idnumber)


def undo_merge(
    connection: Connection, site: str, old: MergedPerson, new: MergedPerson, now: datetime
) -> None:
    """Makes two of them again; raises Refused where they were not put together so."""
    if not take_apart(connection, site, old.person_id, new.person_id, now):
        raise Refused("people.merge-none", old=old.idnumber, new=new.idnumber)


def merged_file(folder: Path, people: People, old: str, new: str) -> bytes | None:
    """participants.csv with one row for both; None where the old number is not in it.

    The row of the new number keeps what it says, and takes over courses and what it lacks.
    """
    listed = {one.idnumber: one for one in people.participants}
    if old not in listed or new not in listed:
        return None
    before = (folder / PARTICIPANTS).read_bytes()
    changes = _taken_over(listed[old], listed[new])
    return with_people(
        before, {}, {new: changes} if changes else {}, removed=(old,), delimiter=people.delimiter
    )


def write_merged(folder: Path, content: bytes) -> None:
    """Writes participants.csv; raises CannotWrite."""
    write_durably(folder / PARTICIPANTS, content)


def _taken_over(old: Participant, new: Participant) -> dict[str, str]:
    changes = {
        name: getattr(old, name)
        for name in ("username", "email", "gender", "language")
        if getattr(old, name) and not getattr(new, name)
    }
    courses = tuple(dict.fromkeys((*new.courses, *old.courses)))
    if courses != new.courses:
        changes["courses"] = " ".join(courses)
    return changes
