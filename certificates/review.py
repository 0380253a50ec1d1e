"""What depends on an award that was suspended or revoked: a list for somebody to look at. Nothing changes by itself.

Awards depend on a trainer's where a session that counted for them was led under it, and on an award of their own
holder where they ask for it. What was counted stays counted until a person decides otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from authoring.problems import Refused
from certificates.award import Award
from certificates.holders import printed_names
from certificates.reasons import Note, Reason
from certificates.status import FINAL
from lms_sync.clock import Clock
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.database import reading

Because = Literal["led", "required"]


@dataclass(frozen=True)
class ToReview:
    """One award on the list. `serial` is None where it is approved or proposed only; `days` are those that were led."""

    id: int
    opened_at: datetime
    trigger: str  # the serial of what was suspended or revoked
    event: str
    trigger_name: str
    grant_key: str
    serial: str | None
    policy: str
    name: str
    because: Because
    days: tuple[str, ...]
    closed_by: str | None
    outcome: str | None

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "id": self.id,
            "opened_at": self.opened_at.isoformat(),
            "because_of": {"serial": self.trigger, "event": self.event, "name": self.trigger_name},
            "grant": self.grant_key,
            "serial": self.serial,
            "award": self.policy,
            "name": self.name,
            "because": self.because,
            "days": list(self.days),
            "closed_by": self.closed_by,
            "outcome": self.outcome,
        }


def open_review(connection: Connection, award: Award, event_id: int, now: datetime) -> int:
    """Puts on the list what depends on an award, within the transaction that writes the event; how many awards."""
    found = dict(_dependents(connection, award))
    for key, because in found.items():
        connection.execute(
            insert(schema.review).values(
                site=award.site, event_id=event_id, grant_key=key, because=because, opened_at=now
            )
        )
    return len(found)


def _dependents(connection: Connection, award: Award) -> Iterator[tuple[str, Because]]:
    """The grant keys of what rests upon an award and stands, is approved or is proposed."""
    same = set(all_of(award.person_id, one_person(connection, award.site)))
    for row in _standing(connection, award.site):
        if row.grant_key == award.grant_key:
            continue
        because = _because([Reason.from_json(one) for one in row.why], award.policy, same, row.person_id)
        if because is not None:
            yield row.grant_key, because


def _standing(connection: Connection, site: str) -> Iterator[Row[Any]]:
    """The decision of every award that stands or is approved, and of every proposal."""
    decision, approval, issue, event = schema.decision, schema.approval, schema.issue, schema.status_event
    over = select(event.c.issue_id).where(event.c.site == site, event.c.event.in_(sorted(FINAL)))
    approved = (
        select(decision)
        .join(approval, approval.c.decision_id == decision.c.id)
        .outerjoin(issue, issue.c.grant_key == approval.c.grant_key)
        .where(approval.c.site == site, issue.c.id.is_(None) | issue.c.id.not_in(over))
        .order_by(decision.c.id)
    )
    yield from connection.execute(approved)
    newest = select(func.max(decision.c.id)).where(decision.c.site == site).group_by(decision.c.grant_key)
    keys = select(approval.c.grant_key).where(approval.c.site == site)
    proposed = select(decision).where(
        decision.c.id.in_(newest), decision.c.state == "eligible", decision.c.grant_key.not_in(keys)
    )
    yield from connection.execute(proposed.order_by(decision.c.id))


def _because(why: list[Reason], policy: str, holders: set[str], person: str) -> Because | None:
    for reason in why:
        for note in reason.notes:
            if note.award == policy and _rests_on(note, holders, person):
                return "led"
        if person not in holders or reason.met != "yes" or reason.requirement != "award":
            continue
        by = [note.award for note in reason.notes if note.what == "award-counted"] or [reason.subject]
        if policy in by:
            return "required"
    return None


def _rests_on(note: Note, holders: set[str], person: str) -> bool:
    """Whether one of the holders led what was counted for the person."""
    return (note.what == "counted" and not holders.isdisjoint(note.leaders)) or (
        note.what == "led" and person in holders
    )


def to_review(engine: Engine, site: str, *, closed: bool = False) -> list[ToReview]:
    """What waits for somebody to look at it, oldest first; with `closed` also what was looked at."""
    review, event, issue, decision = schema.review, schema.status_event, schema.issue, schema.decision
    trigger = issue.alias("trigger_issue")
    newest = select(func.max(decision.c.id)).where(decision.c.site == site).group_by(decision.c.grant_key)
    query = (
        select(
            review,
            event.c.event,
            trigger.c.serial.label("trigger_serial"),
            trigger.c.person_id.label("trigger_person"),
            trigger.c.policy.label("trigger_policy"),
            issue.c.serial.label("serial"),
            decision.c.person_id,
            decision.c.policy,
            decision.c.why,
        )
        .join(event, event.c.id == review.c.event_id)
        .join(trigger, trigger.c.id == event.c.issue_id)
        .join(decision, decision.c.grant_key == review.c.grant_key)
        .outerjoin(issue, issue.c.grant_key == review.c.grant_key)
        .where(review.c.site == site, decision.c.id.in_(newest))
        .order_by(review.c.id)
    )
    if not closed:
        query = query.where(review.c.closed_at.is_(None))
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        people = {one for row in rows for one in (row.person_id, row.trigger_person)}
        names = printed_names(connection, sorted(people))
        one = one_person(connection, site)
    return [
        ToReview(
            row.id,
            row.opened_at,
            row.trigger_serial,
            row.event,
            names.get(row.trigger_person, ""),
            row.grant_key,
            row.serial,
            row.policy,
            names.get(row.person_id, ""),
            row.because,
            _days(row, set(all_of(row.trigger_person, one))),
            row.closed_by,
            row.outcome,
        )
        for row in rows
    ]


def _days(row: Row[Any], holders: set[str]) -> tuple[str, ...]:
    """The days on which the holder of the award led what counted."""
    days = {
        str(note.day)
        for plain in row.why
        for note in Reason.from_json(plain).notes
        if note.award == row.trigger_policy and _rests_on(note, holders, row.person_id)
    }
    return tuple(sorted(days))


def close_review(
    engine: Engine, site: str, ids: Collection[int], *, by: str, outcome: str, clock: Clock
) -> int:
    """Says that somebody has looked at these, and what came of it; how many. Raises Refused for one that is not open."""
    if not by.strip():
        raise Refused("approve.nobody")
    if not outcome.strip():
        raise Refused("review.no-outcome")
    table = schema.review
    with engine.begin() as connection:
        waiting = select(table.c.id).where(table.c.site == site, table.c.closed_at.is_(None))
        open_now = set(connection.execute(waiting).scalars())
        if unknown := sorted(set(ids) - open_now):
            raise Refused("review.not-open", id=unknown[0])
        done = connection.execute(
            update(table)
            .where(table.c.id.in_(sorted(ids)))
            .values(closed_at=clock.now(), closed_by=by.strip(), outcome=outcome.strip())
        )
    return int(done.rowcount)
