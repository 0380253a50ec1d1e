"""What the portal reads from the register: an award with its status, its credential, a status list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from certificates.award import Award, award_from_row
from certificates.status import Status, status_of
from certificates.verification_id import LENGTH, normal_form
from lms_sync.clock import Clock, local_date
from lms_sync.store import schema
from lms_sync.store.database import reading

_NO_ID = "U" * LENGTH  # has a letter that no id has


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
    issue, event, document = schema.issue, schema.status_event, schema.document
    with reading(engine) as connection:
        wanted = normal_form(typed) or _NO_ID
        row = connection.execute(select(issue).where(issue.c.verification_id == wanted)).first()
        if row is None:
            return Found("unknown")
        award = award_from_row(row)
        events = connection.execute(
            select(event.c.event, event.c.at, event.c.successor)
            .where(event.c.issue_id == award.id)
            .order_by(event.c.id)
        ).all()
        stored = connection.execute(
            select(document.c.content).where(document.c.issue_id == award.id, document.c.kind == "holder")
        ).scalar_one_or_none()
        successor = next((row.successor for row in events if row.successor is not None), None)
        linked = {
            row.id: Linked(row.serial, row.verification_id)
            for row in connection.execute(
                select(issue.c.id, issue.c.serial, issue.c.verification_id).where(
                    issue.c.id.in_([one for one in (successor, award.supersedes) if one is not None])
                )
            )
        }
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
