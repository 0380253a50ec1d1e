"""What was written about awards after their issue, and the status lists that tell it to the world."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, insert, select, update

from authoring.problems import Refused
from certificates.award import Award, award_from_row
from certificates.credential import build_status_list
from certificates.issuer import Issuer
from certificates.status import REVOKING
from lms_sync.clock import Clock
from lms_sync.store import schema
from lms_sync.store.database import reading


def revoke(
    engine: Engine,
    site: str,
    verification_id: str,
    issuer: Issuer,
    *,
    by: str,
    reason: str,
    clock: Clock,
) -> None:
    """Revokes an award for ever; the portal says so on the next request. Raises Refused where it is not issued."""
    issue = schema.issue
    with engine.begin() as connection:
        query = select(issue).where(issue.c.site == site, issue.c.verification_id == verification_id)
        row = connection.execute(query).first()
        if row is None:
            raise Refused("revoke.unknown", id=verification_id)
        award = award_from_row(row)
        if "revoked" not in _events(connection, award):
            write_event(connection, award, "revoked", actor=by, reason=reason, now=clock.now())
    publish_status_lists(engine, site, issuer, clock)


def _events(connection: Connection, award: Award) -> list[str]:
    table = schema.status_event
    return list(connection.execute(select(table.c.event).where(table.c.issue_id == award.id)).scalars())


def write_event(
    connection: Connection, award: Award, event: str, *, actor: str, reason: str | None, now: datetime
) -> None:
    """Adds a line to what is known about an award; such lines are never changed."""
    connection.execute(
        insert(schema.status_event).values(
            site=award.site, issue_id=award.id, event=event, at=now, actor=actor, reason=reason
        )
    )


def publish_status_lists(engine: Engine, site: str, issuer: Issuer, clock: Clock) -> int:
    """Signs the status lists whose bits have changed or that were never published; how many.

    The portal only hands out what is stored here: it has no key.
    """
    lists = schema.status_list
    with reading(engine) as connection:
        numbers = list(connection.execute(select(lists.c.number).where(lists.c.site == site)).scalars())
    return sum(_publish(engine, number, issuer, clock) for number in sorted(numbers))


def _publish(engine: Engine, number: int, issuer: Issuer, clock: Clock) -> bool:
    lists, issue, event = schema.status_list, schema.issue, schema.status_event
    with engine.begin() as connection:
        # Locked while it is read, signed and written, so that an older list never replaces a newer one.
        row = connection.execute(select(lists).where(lists.c.number == number).with_for_update()).one()
        revoked = set(
            connection.execute(
                select(issue.c.status_index)
                .join(event, and_(event.c.issue_id == issue.c.id, event.c.event.in_(REVOKING)))
                .where(issue.c.status_list == number)
            ).scalars()
        )
        url = f"{issuer.base_url}/status/{number}"
        fresh = build_status_list(url, issuer.did, revoked, clock.now())
        if row.content is not None:
            published = json.loads(row.content)
            same = ("credentialSubject", "issuer", "id")
            if all(published.get(key) == fresh[key] for key in same) and issuer.signer.public.multikey in str(
                published.get("proof")
            ):
                return False
        signed = issuer.signer.sign(fresh, clock.now())
        content = (json.dumps(signed, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        connection.execute(
            update(lists).where(lists.c.number == number).values(content=content, updated_at=clock.now())
        )
    return True
