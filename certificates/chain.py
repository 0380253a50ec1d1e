"""The register as a chain: every approval, award, document and event is an entry that is bound to the one before.

An entry holds a digest of what the register says without personal data, and, apart from it, a commitment to the
personal data: an HMAC-SHA-256 under a random salt of that award. Erasing a holder deletes data and salt; the
commitment then says nothing to anybody, and the chain still verifies. `certificates.audit` looks for what was changed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from authoring.problems import Refused
from lms_sync.store import schema
from lms_sync.store.many_rows import insert_of

MAX_BACK = timedelta(minutes=10)
"""By how much a clock may be behind the last entry: clocks of several machines differ a little, none by a day."""

_SALT_BYTES = 32

_APPROVAL = (
    "grant_key", "approved_by", "approved_at", "automatic", "note", "protocol_number", "legal_basis",
    "first_by", "first_at", "supersedes",
)  # fmt: skip
_DECISION = (
    "grant_key", "policy", "policy_version", "policy_sha256", "person_id", "cycle", "as_of", "state", "earned_on",
    "expires_on", "why", "decided_at", "base_on", "periods", "way",
)  # fmt: skip
_ISSUE = (
    "id", "grant_key", "person_id", "policy", "policy_version", "series", "serial", "verification_id", "status_list",
    "status_index", "issued_at", "issued_on", "expires_on", "public", "supersedes",
)  # fmt: skip
_EVENT = ("issue_id", "event", "at", "actor", "successor")

Head = tuple[int, str]
"""Number and hash of the last entry of a site's chain."""

ISSUED = "issued"
APPROVED = "approved"
ERASED = "erased"


@dataclass(frozen=True)
class Said:
    """What an entry says: its kind, what it is about (the grant key of an approval, else an award's id), the digest of
    what the register holds, and the commitment to the personal data that belong to it.
    """

    kind: str
    subject: str
    digest: str
    commitment: str | None = None


def digest(value: object) -> str:
    """SHA-256 of a value as JSON in one form: sorted keys, no spaces, ISO dates, moments in UTC."""
    said = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    return hashlib.sha256(said.encode("ascii")).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    assert isinstance(value, date)
    return value.isoformat()


def commitment(salt: bytes, content: bytes) -> str:
    """What binds personal data without telling them (HMAC, RFC 2104)."""
    return hmac.new(salt, content, hashlib.sha256).hexdigest()


def beginning(site: str) -> str:
    """The hash that stands before the first entry of a site."""
    return hashlib.sha256(f"lms-sync register/1 {site}".encode()).hexdigest()


def entry_hash(site: str, number: int, at: datetime, said: Said, previous: str) -> str:
    """The hash of an entry."""
    parts = [said.kind, said.subject, said.digest, said.commitment]
    return digest([site, number, at, *parts, previous])


def approval_digest(approval: Row[Any] | Mapping[str, Any], decision: Row[Any] | Mapping[str, Any]) -> str:
    """The digest of an approval, with the decision that was approved."""
    return digest([_some(approval, _APPROVAL), _some(decision, _DECISION)])


def issue_digest(issue: Row[Any] | Mapping[str, Any], event: Row[Any] | Mapping[str, Any] | None) -> str:
    """The digest of an award as it stands in the register, with the event of its issue."""
    return digest([_some(issue, _ISSUE), None if event is None else _some(event, _EVENT)])


def event_digest(event: Row[Any] | Mapping[str, Any]) -> str:
    """The digest of an event. The reason of an erasure is part of it; all others may name somebody, see `commitment`."""
    said = _some(event, _EVENT)
    if said["event"] == ERASED:
        said["reason"] = _some(event, ("reason",))["reason"]
    return digest(said)


def _some(row: Row[Any] | Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    values: Any = row if isinstance(row, Mapping) else row._mapping  # noqa: SLF001 - SQLAlchemy's public name
    return {name: values.get(name) for name in names}


# --- adding -----------------------------------------------------------------------------------

# Made once: putting a statement together costs as much as asking it.
_head, _entry = schema.register_head, schema.register_entry
_HEAD = (
    select(
        _head.c.number,
        _head.c.hash,
        select(_entry.c.at)
        .where(_entry.c.site == _head.c.site, _entry.c.number == _head.c.number)
        .scalar_subquery()
        .label("at"),
    )
    .where(_head.c.site == bindparam("of_site"))
    .with_for_update(of=_head)
)
_ADD_ENTRY = insert(_entry)
_MOVE_HEAD = update(_head).where(_head.c.site == bindparam("of_site"))
_ADD_SALT = insert(schema.register_salt)
_AWARDS = (
    select(
        schema.issue,
        *(schema.status_event.c[name] for name in _EVENT),
        schema.document.c.content.label("holder"),
    )
    .outerjoin(
        schema.status_event,
        (schema.status_event.c.issue_id == schema.issue.c.id) & (schema.status_event.c.event == ISSUED),
    )
    .outerjoin(
        schema.document,
        (schema.document.c.issue_id == schema.issue.c.id) & (schema.document.c.kind == "holder"),
    )
    .where(schema.issue.c.id.in_(bindparam("awards", expanding=True)))
    .order_by(schema.status_event.c.id.desc())
)
_SALTS = select(schema.register_salt.c.issue_id, schema.register_salt.c.salt).where(
    schema.register_salt.c.issue_id.in_(bindparam("awards", expanding=True))
)


def add_entries(
    connection: Connection, site: str, said: Sequence[Said], now: datetime, after: Head | None = None
) -> Head:
    """Adds entries within the caller's transaction; the new head. Raises Refused where the clock is behind the last entry.

    The head is locked until the transaction ends: entries of a site have one order and no gaps. Who writes what the
    entries are about calls `open_chain` before, and may say in `after` what that gave, or what the entries before these
    gave.
    """
    number, previous = after or open_chain(connection, site, now)
    rows: list[dict[str, Any]] = []
    for one in said:
        number += 1
        made = entry_hash(site, number, now, one, previous)
        place = {"site": site, "number": number, "at": now, "previous": previous, "hash": made}
        rows.append({**place, **vars(one)})
        previous = made
    if rows:
        connection.execute(_ADD_ENTRY, rows)
        connection.execute(_MOVE_HEAD, {"of_site": site, "number": number, "hash": previous})
    return number, previous


def add_approval(connection: Connection, site: str, approval_id: int, now: datetime) -> None:
    """Adds the entry of an approval that was just stored."""
    approval, decision = schema.approval, schema.decision
    row = connection.execute(select(approval).where(approval.c.id == approval_id)).one()
    decided = connection.execute(select(decision).where(decision.c.id == row.decision_id)).one()
    add_entries(connection, site, [Said(APPROVED, row.grant_key, approval_digest(row, decided))], now)


def add_issues(
    connection: Connection, site: str, issue_ids: Sequence[str], now: datetime, after: Head | None = None
) -> Head:
    """Adds the entries of awards that were just entered, in this order, each with a commitment to its holder's name.

    What the register says is read back, so that the digests are of what it holds, as everybody will find it.
    """
    rows = {
        row.id: row for row in connection.execute(_AWARDS, {"awards": list(issue_ids)})
    }  # the first event's
    # Of a holder whose data were erased before there was a chain there is nothing to commit to.
    salts = salts_of(connection, site, [one for one in issue_ids if rows[one].holder])
    said = []
    for one in issue_ids:
        row = rows[one]
        committed = commitment(salts[one], bytes(row.holder)) if row.holder else digest([one, ERASED])
        said.append(Said(ISSUED, one, issue_digest(row, None if row.issue_id is None else row), committed))
    return add_entries(connection, site, said, now, after)


def add_event(
    connection: Connection, site: str, event: Mapping[str, Any], now: datetime, after: Head | None = None
) -> Head:
    """Adds the entry of an event that was just written about an award."""
    issue_id, reason, committed = event["issue_id"], event.get("reason"), None
    if reason is not None and event["event"] != ERASED:
        committed = commitment(salts_of(connection, site, [issue_id])[issue_id], reason.encode("utf-8"))
    said = Said(event["event"], issue_id, event_digest(event), committed)
    return add_entries(connection, site, [said], now, after)


def salts_of(connection: Connection, site: str, issue_ids: Sequence[str]) -> dict[str, bytes]:
    """The salt of each award, made when it is first needed."""
    found = {row.issue_id: bytes(row.salt) for row in connection.execute(_SALTS, {"awards": list(issue_ids)})}
    new = {one: secrets.token_bytes(_SALT_BYTES) for one in issue_ids if one not in found}
    if new:
        rows = [{"issue_id": one, "site": site, "salt": salt} for one, salt in new.items()]
        connection.execute(_ADD_SALT, rows)
    return found | new


def open_chain(connection: Connection, site: str, now: datetime) -> Head:
    """The last entry's number and hash, locked for the caller's transaction; begins the chain where there is none.

    Called before anything is written that the chain is about, so that what was there before is entered first. Raises
    Refused where the clock is behind the last entry, or the head is missing.
    """
    head, entry = schema.register_head, schema.register_entry
    row = connection.execute(_HEAD, {"of_site": site}).first()
    if row is None:
        last = connection.execute(select(func.max(entry.c.number)).where(entry.c.site == site)).scalar_one()
        if last is not None:
            raise Refused("register.no-head", n=last)
        begun = connection.execute(
            insert_of(connection)(head)
            .values(site=site, number=0, hash=beginning(site))
            .on_conflict_do_nothing(index_elements=["site"])
        )
        if begun.rowcount:
            _enter_what_was_there(connection, site, now)
        row = connection.execute(_HEAD, {"of_site": site}).one()
    if row.at is not None and now < row.at - MAX_BACK:
        raise Refused("register.clock-back", now=_minute(now), last=_minute(row.at))
    return int(row.number), str(row.hash)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _enter_what_was_there(connection: Connection, site: str, now: datetime) -> None:
    """Enters what an earlier version of the program has written, in the order in which it happened."""
    approval, issue = schema.approval, schema.issue
    document, event = schema.document, schema.status_event
    for row in connection.execute(
        select(approval.c.id).where(approval.c.site == site).order_by(approval.c.id)
    ).all():
        add_approval(connection, site, row.id, now)
    order = (issue.c.issued_at, issue.c.serial)
    for row in connection.execute(select(issue.c.id).where(issue.c.site == site).order_by(*order)).all():
        add_issues(connection, site, [row.id], now)
        made = select(document.c.kind, document.c.sha256).where(document.c.issue_id == row.id)
        kept = connection.execute(made.order_by(document.c.kind)).all()
        said = [Said(one.kind, row.id, one.sha256) for one in kept if one.kind != "holder"]
        add_entries(connection, site, said, now)
        happened = select(event).where(event.c.issue_id == row.id, event.c.event != ISSUED)
        for line in connection.execute(happened.order_by(event.c.id)).mappings().all():
            add_event(connection, site, dict(line), now)
