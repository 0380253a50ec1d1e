"""Which persons are one human being: two numbers of one official, put together by hand.

Facts stay under the person for whom they were observed; whoever reads them counts both as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from lms_sync.store import schema


def one_person(connection: Connection, site: str) -> Mapping[str, str]:
    """For each person who is somebody else's second row, the person who stands for both; all others are left out."""
    table = schema.same_person
    query = select(table.c.person_id, table.c.same_as).where(table.c.site == site, table.c.ended_at.is_(None))
    leads_to = {row.person_id: row.same_as for row in connection.execute(query)}
    found = {}
    for person in leads_to:
        last = person
        for _ in leads_to:  # never longer than there are rows, whatever they say
            if last not in leads_to:
                break
            last = leads_to[last]
        found[person] = last
    return found


def all_of(person: str, one: Mapping[str, str]) -> list[str]:
    """Every person that is the same human being as `person`, by what `one_person` has found; itself among them."""
    standing = one.get(person, person)
    return sorted({standing, *(other for other, stands in one.items() if stands == standing)})


def put_together(connection: Connection, site: str, old: str, new: str, now: datetime) -> bool:
    """Says that `old` is the same human being as `new`, who stands for both from now on; False where that is known."""
    one = one_person(connection, site)
    if one.get(old, old) == one.get(new, new):
        return False
    connection.execute(
        insert(schema.same_person).values(
            site=site, person_id=one.get(old, old), same_as=one.get(new, new), decided_at=now
        )
    )
    return True


def take_apart(connection: Connection, site: str, old: str, new: str, now: datetime) -> bool:
    """Says that `old` and `new` are two after all; False where nothing had put these two together."""
    table = schema.same_person
    done = connection.execute(
        update(table)
        .where(
            table.c.site == site,
            table.c.person_id == old,
            table.c.same_as == new,
            table.c.ended_at.is_(None),
        )
        .values(ended_at=now)
    )
    return done.rowcount > 0
