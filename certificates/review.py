"""What depends on an award that was suspended or revoked: a list for somebody to look at. Nothing changes by itself.

Awards depend on a trainer's where a session that counted for them was led under it, on an award of their own holder where
they ask for it, and those of institutions on both where they made it reach a milestone. What was counted stays counted until a person decides otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from authoring.problems import Refused
from certificates.award import Award, award_from_row
from certificates.holders import printed_names
from certificates.reasons import Note, Reason
from certificates.status import FINAL
from lms_sync.clock import Clock
from lms_sync.facts import ATTENDANCE
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
    upon = _Upon(connection, award)
    for row in _standing(connection, award.site):
        if row.grant_key != award.grant_key and (because := upon.because(row)) is not None:
            yield row.grant_key, because


class _Upon:
    """What rests upon one award, by the reasons of decisions.

    Sessions led under it are in notes; those that made an institution reach a milestone are in the milestone's evidence
    ("attendance/<programme>/<session>/<day>"), and so are awards that were counted for one ("issue/<id>").
    """

    def __init__(self, connection: Connection, award: Award) -> None:
        self.connection = connection
        self.award = award
        self.holders = set(all_of(award.person_id, one_person(connection, award.site)))
        self.led = set(self._led()) if award.wording.kind == "trainer" else set()

    def _led(self) -> Iterator[str]:
        fact = schema.fact
        query = select(fact.c.course, fact.c.subject, fact.c.value).where(
            fact.c.site == self.award.site, fact.c.stream == ATTENDANCE
        )
        for row in self.connection.execute(query):
            if not self.holders.isdisjoint(row.value.get("leaders") or [row.value.get("leader")]):
                yield f"{ATTENDANCE}/{row.course}/{row.subject}/{row.value.get('day')}"

    def because(self, row: Row[Any]) -> Because | None:
        """Why a decision rests upon the award; None where it does not."""
        if self.days(row):
            return "led"
        for reason in self._reasons(row):
            if reason.requirement == "milestone" and f"issue/{self.award.id}" in self._evidence(reason):
                return "required"
            if row.person_id in self.holders and reason.met == "yes" and reason.requirement == "award":
                by = [note.award for note in reason.notes if note.what == "award-counted"]
                if self.award.policy in (by or [reason.subject]):
                    return "required"
        return None

    def days(self, row: Row[Any]) -> tuple[str, ...]:
        """The days on which the holder led what was counted."""
        found: set[str] = set()
        for reason in self._reasons(row):
            for note in reason.notes:
                if note.award == self.award.policy and _rests_on(note, self.holders, row.person_id):
                    found.add(str(note.day))
            if self.led and reason.requirement == "milestone":
                found |= {proof.rpartition("/")[2] for proof in self._evidence(reason) if proof in self.led}
        return tuple(sorted(found))

    def _reasons(self, row: Row[Any]) -> Iterator[Reason]:
        return (Reason.from_json(plain) for plain in row.why)

    def _evidence(self, reason: Reason) -> list[str]:
        if reason.fact is None:
            return []
        fact = schema.fact
        query = select(fact.c.value).where(
            fact.c.site == self.award.site,
            fact.c.stream == reason.fact[0],
            fact.c.source_id == reason.fact[1],
        )
        values = self.connection.execute(query).scalars()
        return [proof for value in values for proof in str(value.get("evidence", "")).split(", ")]


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


def _rests_on(note: Note, holders: set[str], person: str) -> bool:
    """Whether one of the holders led what was counted for the person."""
    return (note.what == "counted" and not holders.isdisjoint(note.leaders)) or (
        note.what == "led" and person in holders
    )


def to_review(engine: Engine, site: str, *, closed: bool = False) -> list[ToReview]:
    """What waits for somebody to look at it, oldest first; with `closed` also what was looked at."""
    review, event, issue, decision = schema.review, schema.status_event, schema.issue, schema.decision
    newest = select(func.max(decision.c.id)).where(decision.c.site == site).group_by(decision.c.grant_key)
    query = (
        select(
            review,
            event.c.event,
            event.c.issue_id,
            issue.c.serial.label("serial"),
            decision.c.person_id,
            decision.c.policy,
            decision.c.why,
        )
        .join(event, event.c.id == review.c.event_id)
        .join(decision, decision.c.grant_key == review.c.grant_key)
        .outerjoin(issue, issue.c.grant_key == review.c.grant_key)
        .where(review.c.site == site, decision.c.id.in_(newest))
        .order_by(review.c.id)
    )
    if not closed:
        query = query.where(review.c.closed_at.is_(None))
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        upon = {
            one.id: _Upon(connection, award_from_row(one))
            for one in connection.execute(
                select(issue).where(issue.c.id.in_({row.issue_id for row in rows}))
            ).all()
        }
        people = {row.person_id for row in rows} | {one.award.person_id for one in upon.values()}
        names = printed_names(connection, sorted(people))
        return [
            ToReview(
                row.id,
                row.opened_at,
                upon[row.issue_id].award.serial,
                row.event,
                names.get(upon[row.issue_id].award.person_id, ""),
                row.grant_key,
                row.serial,
                row.policy,
                names.get(row.person_id, ""),
                row.because,
                upon[row.issue_id].days(row),
                row.closed_by,
                row.outcome,
            )
            for row in rows
        ]


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
