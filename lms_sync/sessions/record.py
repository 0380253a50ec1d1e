"""What a filled-in sheet says becomes facts: attendance, sessions led, exercises accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from authoring.problems import ContentError, Place, Problem
from lms_sync.facts import ATTENDANCE, EXERCISE, SESSION_LED, Fact, store_told, told_source_id
from lms_sync.people import People, remember_people
from lms_sync.sessions.sheet import Sheet
from lms_sync.store import schema
from programmes.attendance import PersonTold, SheetTold


@dataclass(frozen=True)
class Recorded:
    """What was recorded: people with something told, days attended, their hours, exercises accepted; new facts."""

    people: int
    days: int
    hours: float
    exercises: int
    leaders: int
    new: int

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "people": self.people,
            "days_attended": self.days,
            "hours": round(self.hours, 2),
            "exercises_accepted": self.exercises,
            "leaders": self.leaders,
            "new_facts": self.new,
        }


def record_attendance(
    engine: Engine, site: str, sheet: Sheet, told: SheetTold, people: People, *, by: str, now: datetime
) -> Recorded:
    """Stores what a sheet says, in one transaction; what is known already is not stored again.

    Whoever is in the people files and was not remembered yet is remembered now. Raises ContentError where somebody
    is in neither.
    """
    with engine.begin() as connection:
        ids = _ids(connection, site, people, [one.idnumber for one in told.people], now)
        facts = [fact for one in told.people for fact in _facts(sheet, told, one, ids, by, now)]
        new = store_told(connection, site, facts, now, None)
    participants = [one for one in told.people if one.role == "participant"]
    there = [day for one in participants for day in one.days if day.present]
    return Recorded(
        sum(bool(one.days or one.exercises) for one in participants),
        len(there),
        sum(day.hours for day in there),
        sum(accepted for one in participants for accepted in one.exercises.values()),
        sum(any(day.present for day in one.days) for one in told.people if one.role == "leader"),
        new,
    )


def _facts(
    sheet: Sheet, told: SheetTold, one: PersonTold, ids: Mapping[str, str], by: str, now: datetime
) -> list[Fact]:
    programme, session, person = sheet.programme.id, sheet.session, ids[one.idnumber]
    facts = []
    for day in one.days:
        source = told_source_id(programme, session.id, day.day.isoformat(), person)
        value: dict[str, object] = {"day": day.day.isoformat(), "hours": day.hours, "recorded_by": by}
        if one.role == "leader":
            value["led"] = day.present
            facts.append(Fact(SESSION_LED, source, now, person, programme, session.id, value))
            continue
        leaders = [ids[number] for number in told.led_on(day.day)]
        value |= {
            "present": day.present,
            "full": day.full,
            "leader": leaders[0] if leaders else None,
            "leaders": leaders,
        }
        facts.append(Fact(ATTENDANCE, source, now, person, programme, session.id, value))
    last = max(day.date for day in session.days).isoformat()
    for key, accepted in one.exercises.items():
        value = {"accepted": accepted, "on": last, "recorded_by": by}
        source = told_source_id(key, person)
        facts.append(Fact(EXERCISE, source, now, person, key.split("/", 1)[0], key, value))
    return facts


def _ids(
    connection: Connection, site: str, people: People, numbers: list[str], now: datetime
) -> dict[str, str]:
    found = _known(connection, site)
    if any(number not in found for number in numbers):
        remember_people(connection, site, people.participants, {}, now)
        found = _known(connection, site)
    if unknown := [number for number in numbers if number not in found]:
        raise ContentError(
            [Problem("sheet.unknown-person", {"value": one, "similar": "-"}, Place()) for one in unknown]
        )
    return found


def _known(connection: Connection, site: str) -> dict[str, str]:
    data = schema.person_data
    query = select(data.c.idnumber, data.c.person_id).where(data.c.site == site, data.c.idnumber.is_not(None))
    return {row.idnumber: row.person_id for row in connection.execute(query)}
