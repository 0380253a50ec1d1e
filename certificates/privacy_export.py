"""Everything that is known of a person, for that person: one ZIP with the tables as JSON and every document."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, or_, select

from authoring.messages import text
from certificates.explain import find_holder
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.database import reading

_MEDIA = {"application/pdf": ".pdf", "application/json": ".json", "application/vc+ld+json": ".json"}


def export_person(engine: Engine, site: str, said: str, language: str) -> bytes:
    """The ZIP about whom `said` means: an idnumber, an e-mail address, a whole name. Raises Refused for nobody or several.

    Whatever table has a column with the person, or belongs to one of the person's awards, is in it: a table that is
    added later, too. Who has two numbers gets what is known under both.
    """
    with reading(engine) as connection:
        one = one_person(connection, site)
        people = all_of(find_holder(connection, site, said, "person"), one)
        tables = {name: _rows(connection, name, people) for name in sorted(schema.metadata.tables)}
        documents = _documents(connection, people)
    files: dict[str, bytes] = {
        "README.txt": (text("privacy.export-readme", {"person": said}, language) + "\n").encode("utf-8"),
        "data.json": _json({name: rows for name, rows in tables.items() if rows}),
        **documents,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), files[name])
    return out.getvalue()


def _rows(connection: Connection, name: str, people: Sequence[str]) -> list[dict[str, Any]]:
    table = schema.metadata.tables[name]
    condition = _about(table, people)
    if condition is None:
        return []
    return [dict(row) for row in connection.execute(select(table).where(condition)).mappings()]


def _about(table: Table, people: Sequence[str]) -> Any:
    """Which rows of a table are about these people; None where none can be."""
    issue, decision, person = schema.issue, schema.decision, schema.person
    issues = select(issue.c.id).where(issue.c.person_id.in_(people))
    keys = select(decision.c.grant_key).where(decision.c.person_id.in_(people))
    decisions = select(decision.c.id).where(decision.c.person_id.in_(people))
    if table is schema.document:
        return None  # they are files of their own
    if table is person:
        return person.c.id.in_(people)
    if table is schema.register_entry:
        return or_(table.c.subject.in_(issues), table.c.subject.in_(keys))
    conditions = []
    for column in table.columns:
        if _refers_to(column, person):
            conditions.append(column.in_(people))
        elif column.name == "issue_id":
            conditions.append(column.in_(issues))
        elif column.name == "grant_key":
            conditions.append(column.in_(keys))
        elif column.name == "decision_id":
            conditions.append(column.in_(decisions))
    return or_(*conditions) if conditions else None


def _refers_to(column: Column[Any], table: Table) -> bool:
    return any(key.column.table is table for key in column.foreign_keys)


def _documents(connection: Connection, people: Sequence[str]) -> dict[str, bytes]:
    document, issue = schema.document, schema.issue
    query = (
        select(document, issue.c.serial)
        .join(issue, issue.c.id == document.c.issue_id)
        .where(issue.c.person_id.in_(people))
        .order_by(issue.c.serial, document.c.kind)
    )
    return {
        f"certificates/{row.serial.replace('/', '-')}-{row.kind}{_MEDIA.get(row.media_type, '')}": bytes(
            row.content
        )
        for row in connection.execute(query)
        if row.content
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, default=_plain) + "\n").encode("utf-8")


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    assert isinstance(value, datetime | date)
    return value.isoformat()
