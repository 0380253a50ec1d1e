"""Institutions as holders: an institution that answers, reaches milestones or earns an award of its own.

It is a row of `person` of kind "institution", so that facts, decisions, approvals and the register are the same for
both. Its idnumber is "institution:<code>" and its name stands where a person has the family name.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from lms_sync.people.remember import new_person
from lms_sync.store import schema

PREFIX = "institution:"

_SALT_BYTES = 32


def institution_idnumber(code: str) -> str:
    """The idnumber of the holder that stands for the institution with this code."""
    return f"{PREFIX}{code}"


def meet_institution(connection: Connection, site: str, code: str, name: str, now: datetime) -> str:
    """The holder of an institution, added where it is not known yet, with the name it has now; the opaque id.

    `name` is what is printed on a certificate: the institution's name in the language of the programme. What was
    issued keeps the name that it was issued with.
    """
    data = schema.person_data
    idnumber = institution_idnumber(code)
    query = select(data.c.person_id, data.c.family_name).where(
        data.c.site == site, data.c.idnumber == idnumber
    )
    known = connection.execute(query).first()
    if known is None:
        person_id = new_person(connection, site, now, kind="institution")
        connection.execute(
            insert(data).values(
                person_id=person_id,
                site=site,
                salt=secrets.token_bytes(_SALT_BYTES),
                idnumber=idnumber,
                given_name="",
                family_name=name,
            )
        )
        return person_id
    if known.family_name != name:
        connection.execute(update(data).where(data.c.person_id == known.person_id).values(family_name=name))
    return str(known.person_id)


def institutions_by_code(connection: Connection, site: str) -> dict[str, str]:
    """The holders of institutions that are known, by the institutions' codes."""
    data, person = schema.person_data, schema.person
    query = (
        select(data.c.idnumber, data.c.person_id)
        .join(person, person.c.id == data.c.person_id)
        .where(data.c.site == site, person.c.kind == "institution")
    )
    return {row.idnumber.removeprefix(PREFIX): row.person_id for row in connection.execute(query)}


def of_kind(connection: Connection, site: str, kind: str) -> Collection[str]:
    """The opaque ids of all holders of a kind."""
    person = schema.person
    query = select(person.c.id).where(person.c.site == site, person.c.kind == kind)
    return set(connection.execute(query).scalars())
