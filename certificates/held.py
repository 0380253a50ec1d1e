"""Who held which award, and when it was valid: what decisions ask about other people's and earlier awards.

An award is held from the day it was earned, once a person (or the policy's own `approval: automatic`) has approved
it, to its last valid day. What happened to it counts from the day on which it happened, and that day is judged by its
end: suspended on 5 May means not valid on 5 May, resumed on 9 May means valid on 9 May. So nothing that happens later
changes what held on an earlier day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from certificates.status import Status, status_of
from lms_sync.clock import local_date
from lms_sync.store import schema


@dataclass(frozen=True)
class HeldAward:
    """One award of one holder. `events` are what was written about it, oldest first, each with its local day.

    `unbroken_since` is the day since which it, and those that it replaced in time, were held; None: `held_from`.
    """

    holder: str
    award: str  # the policy's id
    held_from: date
    expires_on: date | None = None
    events: tuple[tuple[date, str], ...] = ()
    unbroken_since: date | None = None

    @property
    def since(self) -> date:
        """The day since which the holder has held it without a break."""
        return self.unbroken_since or self.held_from

    def status_on(self, day: date) -> Status:
        """Its status at the end of a day; "unknown" before it was held."""
        if day < self.held_from:
            return "unknown"
        return status_of((event for on, event in self.events if on <= day), self.expires_on, day)

    def changed_on(self, day: date) -> date | None:
        """The day since which its status on `day` is what it is; None for valid ones."""
        status = self.status_on(day)
        if status == "expired":
            return self.expires_on
        return next((on for on, event in reversed(self.events) if on <= day and event == status), None)


class Held:
    """All awards that are held, by holder and policy. `same` leads from a holder's second row to the one that stands."""

    def __init__(self, awards: Iterable[HeldAward] = (), same: Mapping[str, str] | None = None) -> None:
        self._same = same or {}
        self._awards: dict[tuple[str, str], list[HeldAward]] = {}
        for one in awards:
            self._awards.setdefault((self._one(one.holder), one.award), []).append(one)

    def _one(self, holder: str) -> str:
        return self._same.get(holder, holder)

    def of(self, holder: str, award: str) -> tuple[HeldAward, ...]:
        """The awards that a holder has of one policy, by the day from which they are held."""
        found = self._awards.get((self._one(holder), award), ())
        return tuple(sorted(found, key=lambda one: one.held_from))

    def valid_on(self, holder: str, award: str, day: date) -> bool:
        """Whether the holder held the award and it was valid at the end of the day."""
        return any(one.status_on(day) == "valid" for one in self.of(holder, award))

    def holders_of(self, award: str) -> set[str]:
        """Everybody who holds, or held, an award of a policy."""
        return {holder for holder, policy in self._awards if policy == award}


NOBODY = Held()
"""Nobody holds anything."""


def read_held(connection: Connection, site: str, same: Mapping[str, str] | None = None) -> Held:
    """What the register says at this moment: every approved award with everything written about it."""
    approval, decision, issue, event = schema.approval, schema.decision, schema.issue, schema.status_event
    zone = {
        row.id: str(row.public["timezone"])
        for row in connection.execute(select(issue.c.id, issue.c.public).where(issue.c.site == site))
    }
    written: dict[str, list[tuple[date, str]]] = {}
    events = select(event.c.issue_id, event.c.event, event.c.at).where(event.c.site == site)
    for row in connection.execute(events.order_by(event.c.at, event.c.id)):
        if row.issue_id in zone:
            on = local_date(row.at, zone[row.issue_id])
            written.setdefault(row.issue_id, []).append((on, row.event))
    query = (
        select(
            decision.c.person_id,
            decision.c.policy,
            decision.c.earned_on,
            decision.c.expires_on,
            issue.c.id.label("issue_id"),
            issue.c.supersedes,
        )
        .join(approval, approval.c.decision_id == decision.c.id)
        .outerjoin(issue, issue.c.grant_key == approval.c.grant_key)
        .where(approval.c.site == site, decision.c.earned_on.is_not(None))
    )
    rows = connection.execute(query).all()
    by_issue = {row.issue_id: row for row in rows if row.issue_id is not None}
    return Held(
        (
            HeldAward(
                row.person_id,
                row.policy,
                row.earned_on,
                row.expires_on,
                tuple(written.get(row.issue_id, ())),
                _unbroken_since(row, by_issue),
            )
            for row in rows
        ),
        same,
    )


def _unbroken_since(row: Any, by_issue: Mapping[str, Any]) -> date:
    """The day since which the award, and those that it replaced while they were valid, were held."""
    since: date = row.earned_on
    while row.supersedes in by_issue:
        before = by_issue[row.supersedes]
        if before.expires_on is not None and row.earned_on > before.expires_on:
            break
        row, since = before, min(since, before.earned_on)
    return since
