"""Which award of a policy each holder has already: what a renewal begins from, and who is settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from certificates.decide import Before
from certificates.grant import FIRST_CYCLE
from certificates.status import status_of
from certificates.validity import Period
from lms_sync.clock import local_date
from lms_sync.same_person import all_of
from lms_sync.store import schema

_IDS_A_QUERY = 500


@dataclass(frozen=True)
class Standing:
    """Where a holder stands with a policy: `cycle` is the one to decide about; None: approved, and not issued yet."""

    cycle: int | None
    before: Before | None


NEVER = Standing(FIRST_CYCLE, None)
"""Nothing was ever approved."""


def read_standing(
    connection: Connection,
    site: str,
    policy_id: str,
    one: Mapping[str, str],
    today: date,
    people: Collection[str] | None = None,
) -> dict[str, Standing]:
    """The standing of everybody who was ever approved for a policy, or of some of them, by the row that stands for them.

    Of several approvals the last counts: the highest cycle, and of it the last correction.
    """
    latest: dict[str, Any] = {}
    for row in _approved(connection, site, policy_id, one, people):
        holder = one.get(row.person_id, row.person_id)
        before = latest.get(holder)
        if before is None or (before.cycle, before.approval_id) < (row.cycle, row.approval_id):
            latest[holder] = row
    events = _events(connection, [row.issue_id for row in latest.values() if row.issue_id is not None])
    return {holder: _standing(row, events, today) for holder, row in latest.items()}


def _approved(
    connection: Connection,
    site: str,
    policy_id: str,
    one: Mapping[str, str],
    people: Collection[str] | None,
) -> list[Any]:
    approval, decision, issue = schema.approval, schema.decision, schema.issue
    query = (
        select(
            decision.c.person_id,
            decision.c.cycle,
            decision.c.earned_on,
            decision.c.expires_on,
            decision.c.base_on,
            decision.c.periods,
            approval.c.id.label("approval_id"),
            issue.c.id.label("issue_id"),
            issue.c.public,
        )
        .join(approval, approval.c.decision_id == decision.c.id)
        .outerjoin(issue, issue.c.grant_key == approval.c.grant_key)
        .where(approval.c.site == site, decision.c.policy == policy_id)
    )
    if people is None:
        return list(connection.execute(query))
    wanted = sorted({same for person in people for same in all_of(person, one)})
    return [
        row
        for start in range(0, len(wanted), _IDS_A_QUERY)
        for row in connection.execute(
            query.where(decision.c.person_id.in_(wanted[start : start + _IDS_A_QUERY]))
        )
    ]


def _events(connection: Connection, issues: list[str]) -> dict[str, list[Any]]:
    event = schema.status_event
    found: dict[str, list[Any]] = {}
    for start in range(0, len(issues), _IDS_A_QUERY):
        query = select(event.c.issue_id, event.c.event, event.c.at).where(
            event.c.issue_id.in_(issues[start : start + _IDS_A_QUERY])
        )
        for row in connection.execute(query.order_by(event.c.id)):
            found.setdefault(row.issue_id, []).append(row)
    return found


def _standing(row: Any, events: Mapping[str, list[Any]], today: date) -> Standing:
    if row.issue_id is None:
        return Standing(None, None)
    zone = str(row.public["timezone"])
    written = [(local_date(one.at, zone), one.event) for one in events.get(row.issue_id, ())]
    known = [(on, event) for on, event in written if on <= today]
    status = status_of((event for _, event in known), row.expires_on, today)
    changed = next((on for on, event in reversed(known) if event == status), None)
    period = Period(row.earned_on, row.expires_on, row.base_on or row.earned_on, row.periods or 1)
    return Standing(int(row.cycle) + 1, Before(period, status, changed))
