"""The names of holders, as they are printed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from certificates.certificate_pdf import printed_name
from lms_sync.store import schema

_BATCH = 500


def printed_names(connection: Connection, people: Sequence[str]) -> dict[str, str]:
    """The printed name of each person whose data are there."""
    table = schema.person_data
    names: dict[str, str] = {}
    for start in range(0, len(people), _BATCH):
        query = select(table.c.person_id, table.c.given_name, table.c.family_name).where(
            table.c.person_id.in_(people[start : start + _BATCH])
        )
        for row in connection.execute(query):
            names[row.person_id] = printed_name(row.given_name or "", row.family_name or "")
    return names
