"""Decisions as they are stored, and the proposals among them: what was earned and waits for approval."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from certificates.grant import grant_key
from certificates.holders import printed_names
from certificates.policy import Policy
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.database import reading

_KEYS_A_QUERY = 500


@dataclass(frozen=True)
class Proposal:
    """An award that was earned and waits for approval."""

    grant_key: str
    decision_id: int
    policy: str
    person_id: str
    name: str
    earned_on: date
    expires_on: date | None
    cycle: int = 1
    first_by: str | None = None  # where two persons approve: the first of them, who has


def latest_decisions(
    connection: Connection, site: str, policy_id: str | None = None, keys: Sequence[str] | None = None
) -> dict[str, Row[Any]]:
    """The newest decision of each grant key; of one policy, or of some keys."""
    table = schema.decision
    newest = select(func.max(table.c.id)).where(table.c.site == site).group_by(table.c.grant_key)
    if policy_id is not None:
        newest = newest.where(table.c.policy == policy_id)
    if keys is None or len(keys) > 20 * _KEYS_A_QUERY:
        queries = [newest]
    else:
        queries = [
            newest.where(table.c.grant_key.in_(keys[start : start + _KEYS_A_QUERY]))
            for start in range(0, len(keys), _KEYS_A_QUERY)
        ]
    return {
        row.grant_key: row
        for query in queries
        for row in connection.execute(select(table).where(table.c.id.in_(query)))
    }


def approved_keys(connection: Connection, site: str) -> set[str]:
    """The grant keys of everything that was ever approved."""
    table = schema.approval
    return set(connection.execute(select(table.c.grant_key).where(table.c.site == site)).scalars())


def keep_text(connection: Connection, site: str, policy: Policy, now: datetime) -> None:
    """Keeps the text of a policy by which somebody is decided about, once."""
    table = schema.policy_text
    known = select(table.c.sha256).where(table.c.site == site, table.c.sha256 == policy.sha256)
    if connection.execute(known).first() is None:
        connection.execute(
            insert(table).values(
                site=site,
                sha256=policy.sha256,
                policy=policy.id,
                version=policy.version,
                text=policy.text,
                first_used_at=now,
            )
        )


def proposals(engine: Engine, site: str) -> list[Proposal]:
    """Awards that were earned and wait for approval, by policy, day and name."""
    first = schema.first_approval
    with reading(engine) as connection:
        approved = approved_keys(connection, site)
        second = one_person(connection, site)  # the person who stands for both is decided about
        waiting = [
            row
            for row in latest_decisions(connection, site).values()
            if row.state == "eligible" and not is_settled(row, approved, second)
        ]
        names = printed_names(connection, [row.person_id for row in waiting])
        agreed = select(first.c.decision_id, first.c.approved_by).where(first.c.site == site)
        by = {row.decision_id: row.approved_by for row in connection.execute(agreed)}
    found = [
        Proposal(
            row.grant_key,
            row.id,
            row.policy,
            row.person_id,
            names.get(row.person_id, ""),
            row.earned_on,
            row.expires_on,
            row.cycle,
            by.get(row.id),
        )
        for row in waiting
    ]
    return sorted(found, key=lambda p: (p.policy, p.earned_on, p.name, p.person_id))


def is_settled(decision: Row[Any], approved: Collection[str], one: Mapping[str, str]) -> bool:
    """Whether the award is approved, for any number of the person, or is decided about under another number."""
    keys = {grant_key(decision.policy, same, decision.cycle) for same in all_of(decision.person_id, one)}
    return decision.person_id in one or not keys.isdisjoint(approved)
