"""A person agrees that an award is given, or two do; who, when, by which protocol and on which legal basis is kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select

from authoring.problems import Refused
from certificates.chain import add_approval, open_chain
from certificates.policy import Approval, parse_policy
from certificates.proposals import approved_keys, is_settled, latest_decisions
from lms_sync.clock import Clock
from lms_sync.same_person import one_person
from lms_sync.store import schema
from lms_sync.store.many_rows import insert_of

MAX_PROTOCOL = 100


@dataclass(frozen=True)
class Agreed:
    """What one act of approval did: how many awards are approved now, and how many wait for a second person."""

    approved: int
    first: int = 0
    by_same: int = 0  # wait for somebody else than who approved them first


@dataclass(frozen=True)
class Basis:
    """On what an approval rests: the number in the protocol book, the legal basis, a remark."""

    protocol_number: str | None = None
    legal_basis: str | None = None
    note: str | None = None


def approve(
    engine: Engine,
    site: str,
    grant_keys: Collection[str] | None,
    *,
    by: str,
    clock: Clock,
    note: str | None = None,
) -> int:
    """Approves what is proposed: the given grant keys, or all with None. How many were approved now; see `agree`."""
    return agree(engine, site, grant_keys, by=by, clock=clock, basis=Basis(note=note)).approved


def agree(
    engine: Engine,
    site: str,
    grant_keys: Collection[str] | None,
    *,
    by: str,
    clock: Clock,
    basis: Basis | None = None,
) -> Agreed:
    """Approves what is proposed: the given grant keys, or all with None.

    Where the policy wants two persons, the first act is remembered and the second, of somebody else and about the
    same decision, approves. What is approved already stays as it was. Raises Refused for a key that is not proposed,
    and where nothing is left but what the same person approved before.
    """
    who, rests_on = by.strip(), basis or Basis()
    if not who:
        raise Refused("approve.nobody")
    if len(rests_on.protocol_number or "") > MAX_PROTOCOL:
        raise Refused("approve.protocol-too-long", limit=MAX_PROTOCOL)
    now = clock.now()
    with engine.begin() as connection:
        open_chain(connection, site, now)
        latest = latest_decisions(connection, site)
        approved = approved_keys(connection, site)
        second = one_person(connection, site)
        eligible = {
            key: row
            for key, row in latest.items()
            if row.state == "eligible" and (key in approved or not is_settled(row, approved, second))
        }
        wanted = set(eligible) if grant_keys is None else set(grant_keys)
        if unknown := sorted(wanted - set(eligible)):
            raise Refused("approve.not-proposed", id=unknown[0], n=len(unknown))
        modes = _modes(connection, site, {eligible[key].policy_sha256 for key in wanted})
        done = first = by_same = 0
        for key in sorted(wanted - approved):
            row = eligible[key]
            before: Row[Any] | None = None
            if modes[row.policy_sha256] == "two-persons":
                before = _first_of(connection, row.id)
                if before is None:
                    connection.execute(
                        insert(schema.first_approval).values(
                            site=site, decision_id=row.id, approved_by=who, approved_at=now
                        )
                    )
                    first += 1
                    continue
                if _same_name(before.approved_by, who):
                    by_same += 1
                    continue
            done += store_approval(
                connection, site, key, row.id, by=who, now=now, automatic=False, basis=rests_on, first=before
            )
        if by_same and not done and not first:
            raise Refused("approve.same-person", by=who, n=by_same)
    return Agreed(done, first, by_same)


def _modes(connection: Connection, site: str, hashes: set[str]) -> dict[str, Approval]:
    table = schema.policy_text
    rows = connection.execute(select(table).where(table.c.site == site, table.c.sha256.in_(sorted(hashes))))
    return {row.sha256: parse_policy(row.text, f"{row.policy} {row.version}").approval for row in rows}


def _first_of(connection: Connection, decision_id: int) -> Row[Any] | None:
    table = schema.first_approval
    found: Row[Any] | None = connection.execute(
        select(table).where(table.c.decision_id == decision_id)
    ).first()
    return found


def _same_name(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def store_approval(
    connection: Connection,
    site: str,
    key: str,
    decision_id: int,
    *,
    by: str,
    now: datetime,
    automatic: bool,
    basis: Basis | None = None,
    first: Row[Any] | None = None,
) -> int:
    """Records an approval and its entry; 0 where another process recorded one a moment ago."""
    rests_on = basis or Basis()
    open_chain(connection, site, now)
    done = connection.execute(
        insert_of(connection)(schema.approval)
        .values(
            site=site,
            grant_key=key,
            decision_id=decision_id,
            approved_by=by,
            approved_at=now,
            automatic=automatic,
            note=rests_on.note,
            protocol_number=rests_on.protocol_number,
            legal_basis=rests_on.legal_basis,
            first_by=None if first is None else first.approved_by,
            first_at=None if first is None else first.approved_at,
        )
        .on_conflict_do_nothing(index_elements=["grant_key"])
        .returning(schema.approval.c.id)
    ).scalar_one_or_none()
    if done is None:
        return 0
    add_approval(connection, site, int(done), now)
    return 1
