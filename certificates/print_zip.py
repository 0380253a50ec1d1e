"""Certificates of an institution as one ZIP, to be printed there and handed over: the PDFs and a list of them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from certificates.award import Award, award_from_row
from certificates.lifecycle import status_now
from lms_sync.clock import Clock
from lms_sync.people.read_csv import escaped
from lms_sync.store import schema
from lms_sync.store.database import reading

_FIXED = (1980, 1, 1, 0, 0, 0)  # so that the same certificates give the same bytes


@dataclass(frozen=True)
class Printed:
    """One institution's ZIP."""

    institution: str
    n: int
    content: bytes


def institution_zips(
    engine: Engine, site: str, clock: Clock, *, institution: str | None = None, award: str | None = None
) -> Iterator[Printed]:
    """A ZIP for each institution (or the one named) with the valid certificates of its present members, and its own."""
    of: dict[str, list[Award]] = {}
    issue, document, membership = schema.issue, schema.document, schema.membership
    with reading(engine) as connection:
        member = {
            row.person_id: row.institution
            for row in connection.execute(
                select(membership.c.person_id, membership.c.institution)
                .where(membership.c.site == site, membership.c.valid_to.is_(None))
                .order_by(membership.c.id)
            )
        } | _institutions_themselves(engine, site)
        query = (
            select(issue)
            .join(document, (document.c.issue_id == issue.c.id) & (document.c.kind == "pdf"))
            .where(issue.c.site == site, func.length(document.c.content) > 0)
            .order_by(issue.c.serial)
        )
        if award is not None:
            query = query.where(issue.c.policy == award)
        for row in connection.execute(query).all():
            one = award_from_row(row)
            where = member.get(one.person_id)
            if (
                where is not None
                and institution in (None, where)
                and status_now(connection, one, clock) == "valid"
            ):
                of.setdefault(where, []).append(one)
    for where, awards in sorted(of.items()):
        yield Printed(where, len(awards), _zip(engine, awards))


def _institutions_themselves(engine: Engine, site: str) -> dict[str, str]:
    """Holders that are institutions, by their code."""
    person, data = schema.person, schema.person_data
    with reading(engine) as connection:
        rows = connection.execute(
            select(person.c.id, data.c.idnumber)
            .join(data, data.c.person_id == person.c.id)
            .where(person.c.site == site, person.c.kind == "institution")
        )
        return {row.id: row.idnumber for row in rows if row.idnumber}


def _zip(engine: Engine, awards: list[Award]) -> bytes:
    document = schema.document
    out = io.BytesIO()
    listed = io.StringIO()
    rows = csv.writer(listed, lineterminator="\r\n")
    rows.writerow(["number", "name", "award", "issued_on", "expires_on", "file"])
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, reading(engine) as connection:
        for one in awards:
            file = f"{one.serial.replace('/', '-')}.pdf"
            contents = dict(
                connection.execute(
                    select(document.c.kind, document.c.content).where(document.c.issue_id == one.id)
                ).all()
            )
            archive.writestr(
                zipfile.ZipInfo(file, _FIXED), bytes(contents["pdf"]), zipfile.ZIP_STORED
            )  # compressed inside
            title = one.wording.title.in_language(one.wording.languages[0])
            name = escaped(str(json.loads(contents["holder"])["name"]))  # as it is printed
            rows.writerow(
                [
                    one.serial,
                    name,
                    escaped(title),
                    one.issued_on.isoformat(),
                    one.expires_on and one.expires_on.isoformat(),
                    file,
                ]
            )
        archive.writestr(zipfile.ZipInfo("list.csv", _FIXED), "\ufeff" + listed.getvalue())
    return out.getvalue()
