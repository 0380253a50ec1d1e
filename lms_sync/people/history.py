"""Who is where, since when; where they were before, and under which name. From the state database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from lms_sync.people.read import People
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema


@dataclass(frozen=True)
class Stay:
    """A time in an institution; `until` is None while it lasts."""

    institution: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class FormerName:
    """A name that somebody had until a moment."""

    name: str
    until: datetime


@dataclass(frozen=True)
class PersonHistory:
    """A participant with everything that is remembered of their ways. Times are empty before the first apply or pull."""

    idnumber: str
    name: str
    institution: str
    since: datetime | None
    listed: bool  # whether the person stands in participants.csv
    before: tuple[Stay, ...] = ()
    former_names: tuple[FormerName, ...] = ()
    other_numbers: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "idnumber": self.idnumber,
            "name": self.name,
            "institution": self.institution,
            "since": self.since.isoformat() if self.since else None,
            "listed": self.listed,
            "before": [
                {
                    "institution": one.institution,
                    "since": one.since.isoformat(),
                    "until": one.until.isoformat() if one.until else None,
                }
                for one in self.before
            ],
            "former_names": [{"name": one.name, "until": one.until.isoformat()} for one in self.former_names],
            "other_numbers": list(self.other_numbers),
        }


def people_history(connection: Connection, site: str, people: People) -> list[PersonHistory]:
    """Everybody in the files, and everybody who was in them before; each human being once, by idnumber."""
    data, membership, former = schema.person_data, schema.membership, schema.former_name
    one = one_person(connection, site)
    rows = {
        row.person_id: row
        for row in connection.execute(
            select(data).where(
                data.c.site == site, data.c.idnumber.is_not(None), data.c.family_name.is_not(None)
            )
        )
    }
    stays: dict[str, list[Stay]] = {}
    order = (membership.c.valid_from, membership.c.id)
    for row in connection.execute(select(membership).where(membership.c.site == site).order_by(*order)):
        stays.setdefault(one.get(row.person_id, row.person_id), []).append(
            Stay(row.institution, row.valid_from, row.valid_to)
        )
    names: dict[str, list[FormerName]] = {}
    for row in connection.execute(select(former).where(former.c.site == site).order_by(former.c.until)):
        names.setdefault(one.get(row.person_id, row.person_id), []).append(
            FormerName(f"{row.given_name or ''} {row.family_name or ''}".strip(), row.until)
        )
    listed = {person.idnumber: person for person in people.participants}
    found: list[PersonHistory] = []
    told: set[str] = set()
    for person_id, row in rows.items():
        if person_id in one:
            continue
        numbers = [rows[same].idnumber for same in all_of(person_id, one) if same in rows]
        told.update(numbers)
        mine = stays.get(person_id, [])
        current = next((stay for stay in reversed(mine) if stay.until is None), None)
        in_file = next((listed[number] for number in (row.idnumber, *numbers) if number in listed), None)
        found.append(
            PersonHistory(
                row.idnumber,
                in_file.name if in_file else f"{row.given_name or ''} {row.family_name or ''}".strip(),
                in_file.institution if in_file else (mine[-1].institution if mine else ""),
                current.since
                if current and (not in_file or current.institution == in_file.institution)
                else None,
                in_file is not None,
                tuple(stay for stay in mine if stay is not current),
                tuple(names.get(person_id, ())),
                tuple(number for number in numbers if number != row.idnumber),
            )
        )
    found += [
        PersonHistory(person.idnumber, person.name, person.institution, None, listed=True)
        for person in people.participants
        if person.idnumber not in told
    ]
    return sorted(found, key=lambda person: person.idnumber)


def numbers_ever_given(connection: Connection, site: str | None = None) -> set[str]:
    """Every idnumber that somebody has or had; nobody new may get one of them."""
    data = schema.person_data
    query = select(data.c.idnumber).where(data.c.idnumber.is_not(None))
    return set(connection.execute(query if site is None else query.where(data.c.site == site)).scalars())
