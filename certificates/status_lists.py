"""The status lists that tell the world which awards are revoked or erased."""

from __future__ import annotations

import json

from sqlalchemy import Connection, Engine, and_, select, update

from authoring.problems import Refused
from certificates.credential import build_status_list
from certificates.issuer import Issuer
from certificates.status import REVOKING
from lms_sync.clock import Clock
from lms_sync.store import schema
from lms_sync.store.database import reading


def publish_status_lists(engine: Engine, site: str, issuer: Issuer, clock: Clock) -> int:
    """Signs the status lists whose bits have changed or that were never published; how many.

    The portal only hands out what is stored here: it has no key.
    """
    lists = schema.status_list
    with reading(engine) as connection:
        numbers = list(connection.execute(select(lists.c.number).where(lists.c.site == site)).scalars())
    return sum(_publish(engine, number, issuer, clock) for number in sorted(numbers))


def refuse_unknown_key(connection: Connection, site: str, issuer: Issuer) -> None:
    """Raises Refused where the site's status lists were signed, for the same did, with a key that the key file does not know.

    did.json is made of that file: what was issued before could not be verified any more.
    """
    lists = schema.status_list
    known = {one.multikey for one in (issuer.signer.public, *issuer.former)}
    query = select(lists.c.content).where(lists.c.site == site, lists.c.content.is_not(None))
    for content in connection.execute(query).scalars():
        proof = json.loads(content).get("proof") or {}
        did, _, key = str(proof.get("verificationMethod", "")).partition("#")
        if did == issuer.did and key not in known:
            raise Refused("keys.not-of-register", did=did, key=key)


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
