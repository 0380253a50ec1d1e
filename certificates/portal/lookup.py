"""What the portal reads from the register: an award with its status, its credential, a status list."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, and_, bindparam, select

from certificates.award import Award, award_from_row
from certificates.holder_link import holder_token
from certificates.status import Status, status_of
from certificates.verification_id import LENGTH, normal_form
from lms_sync.clock import Clock, local_date
from lms_sync.store import schema
from lms_sync.store.database import reading

_NO_ID = "U" * LENGTH  # has a letter that no id has


# Made once: building a statement takes longer than running it.
_AWARD = (
    select(schema.issue, schema.document.c.content.label("holder"))
    .outerjoin(
        schema.document,
        and_(schema.document.c.issue_id == schema.issue.c.id, schema.document.c.kind == "holder"),
    )
    .where(schema.issue.c.verification_id == bindparam("wanted"))
)
_EVENTS = (
    select(schema.status_event.c.event, schema.status_event.c.at, schema.status_event.c.successor)
    .where(schema.status_event.c.issue_id == bindparam("award"))
    .order_by(schema.status_event.c.id)
)


@dataclass(frozen=True)
class Linked:
    """Another award that this one replaced, or that replaced it."""

    serial: str
    verification_id: str


@dataclass(frozen=True)
class Found:
    """The answer to "is this certificate genuine?"."""

    status: Status
    award: Award | None = None
    holder: str | None = None
    changed_on: date | None = None  # of what was written last about it, where that decides the status
    successor: Linked | None = None  # what replaced it
    predecessor: Linked | None = None  # what it replaced

    def as_json(self) -> dict[str, str | bool | None]:
        """The machine's answer: status, serial and issued_on; what replaced it; an award of a demonstration says so."""
        return {
            "status": self.status,
            "serial": self.award.serial if self.award else None,
            "issued_on": self.award.issued_on.isoformat() if self.award else None,
            **({"replaced_by": self.successor.verification_id} if self.successor else {}),
            **({"demo": True} if self.award and self.award.wording.demo else {}),
        }


def find_award(engine: Engine, typed: str, clock: Clock) -> Found:
    """Looks up what somebody typed or scanned. Unknown and malformed ids cost and answer the same."""
    issue = schema.issue
    with reading(engine) as connection:
        wanted = normal_form(typed) or _NO_ID
        row = connection.execute(_AWARD, {"wanted": wanted}).first()
        if row is None:
            return Found("unknown")
        award, stored = award_from_row(row), row.holder
        events = connection.execute(_EVENTS, {"award": award.id}).all()
        successor = next((row.successor for row in events if row.successor is not None), None)
        others = [one for one in (successor, award.supersedes) if one is not None]
        linked = (
            {
                row.id: Linked(row.serial, row.verification_id)
                for row in connection.execute(
                    select(issue.c.id, issue.c.serial, issue.c.verification_id).where(issue.c.id.in_(others))
                )
            }
            if others
            else {}
        )
    zone = award.wording.timezone
    status = status_of((row.event for row in events), award.expires_on, local_date(clock.now(), zone))
    changes = [row.at for row in events if row.event == status]
    return Found(
        status,
        award,
        str(json.loads(stored)["name"]) if stored and status != "erased" else None,
        local_date(changes[-1], zone) if changes else None,
        linked.get(successor or ""),
        linked.get(award.supersedes or ""),
    )


def find_credential(engine: Engine, typed: str) -> bytes | None:
    """The signed credential exactly as issued, or None."""
    issue, document = schema.issue, schema.document
    query = (
        select(document.c.content)
        .join(issue, issue.c.id == document.c.issue_id)
        .where(issue.c.verification_id == (normal_form(typed) or _NO_ID), document.c.kind == "credential")
    )
    with reading(engine) as connection:
        content = connection.execute(query).scalar_one_or_none()
    return bytes(content) if content else None  # empty: the holder's data were erased


def find_status_list(engine: Engine, number: int) -> bytes | None:
    """A published status list, or None."""
    table = schema.status_list
    with reading(engine) as connection:
        content = connection.execute(
            select(table.c.content).where(table.c.number == number)
        ).scalar_one_or_none()
    return None if content is None else bytes(content)


def find_file(engine: Engine, typed: str) -> dict[str, Any]:
    """What a certificate's file is checked against: its SHA-256 and the seals that signed it; nothing for unknown ids.

    Erased holders' files stay provable: their digest is kept.
    """
    issue, document = schema.issue, schema.document
    query = (
        select(document.c.sha256, issue.c.public)
        .join(issue, issue.c.id == document.c.issue_id)
        .where(issue.c.verification_id == (normal_form(typed) or _NO_ID), document.c.kind == "pdf")
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return {
        "pdf_sha256": None if row is None else row.sha256 or None,
        "seals": [] if row is None else seals_of(row.public),
    }


def seals_of(public: Mapping[str, Any]) -> list[dict[str, str]]:
    """The seals that an award was signed with, each once, from what the register keeps of it."""
    found = {
        str(one["seal_sha256"]): str(one["seal_subject"])
        for one in public.get("signatories", ())
        if one.get("seal_sha256")
    }
    return [{"sha256": sha256, "subject": subject} for sha256, subject in found.items()]


def seals_used(engine: Engine) -> list[dict[str, str]]:
    """Every seal that a certificate was signed with."""
    found: dict[str, str] = {}
    with reading(engine) as connection:
        for public in connection.execute(select(schema.issue.c.public)).scalars():
            found.update({one["sha256"]: one["subject"] for one in seals_of(public)})
    return [
        {"sha256": sha256, "subject": subject}
        for sha256, subject in sorted(found.items(), key=lambda item: item[1])
    ]


def find_held(engine: Engine, typed: str, token: str) -> str | None:
    """The id of the award whose holder's address was asked for, or None. Unknown and wrong ones cost the same."""
    issue, salts = schema.issue, schema.register_salt
    wanted = normal_form(typed) or _NO_ID
    query = (
        select(issue.c.id, salts.c.salt)
        .join(salts, salts.c.issue_id == issue.c.id)
        .where(issue.c.verification_id == wanted)
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    right = holder_token(wanted, bytes(row.salt) if row is not None else b"-")
    given = token.encode("utf-8", "replace")
    return row.id if hmac.compare_digest(right.encode("ascii"), given) and row is not None else None


def held_document(engine: Engine, issue_id: str, kind: str) -> bytes | None:
    """A document of an award, for its holder."""
    table = schema.document
    query = select(table.c.content).where(table.c.issue_id == issue_id, table.c.kind == kind)
    with reading(engine) as connection:
        content = connection.execute(query).scalar_one_or_none()
    return bytes(content) if content else None
