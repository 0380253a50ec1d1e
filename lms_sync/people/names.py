"""Names for the administrator's eyes: who stands behind an idnumber, or behind an account of the site."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from lms_sync.people.read import People
from lms_sync.store import schema


def shown_names(connection: Connection, site: str, people: People) -> dict[str, str]:
    """“Family Given (idnumber)” by idnumber, and by `user-<id>` for accounts whose person was met before.

    Of the files where they list somebody, else as the database remembers them.
    """
    account, data = schema.account, schema.person_data
    query = (
        select(account.c.user_id, data.c.idnumber, data.c.given_name, data.c.family_name, data.c.username)
        .join(data, data.c.person_id == account.c.person_id)
        .where(account.c.site == site)
        .order_by(account.c.matched_at)
    )
    found: dict[str, str] = {}
    listed = {one.idnumber: _shown(one.firstname, one.lastname, one.idnumber) for one in people.participants}
    for row in connection.execute(query):
        name = listed.get(row.idnumber or "") or _shown(
            row.given_name or "", row.family_name or "", row.idnumber or row.username or f"user-{row.user_id}"
        )
        found[f"user-{row.user_id}"] = name
        if row.idnumber:
            found[row.idnumber] = name
    return found | listed


def _shown(given: str, family: str, known_as: str) -> str:
    name = " ".join(part for part in (family, given) if part)
    return f"{name} ({known_as})" if name else known_as


def with_names(key: str, names: Mapping[str, str]) -> str:
    """An object's key with the name of the person in it; the key as it is where there is none."""
    if key in names:
        return names[key]
    at = key.find(":")
    while at >= 0:
        if name := names.get(key[at + 1 :]):
            return f"{key[:at]}: {name}"
        at = key.find(":", at + 1)
    return key
