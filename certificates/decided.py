"""Up to where a policy was decided, and who has to be decided again since: whom new facts, awards or time have touched.

A run that decides only these stores what a run over everybody would store. That holds as long as everything else that
decisions depend on is the same (`inputs`), the facts up to the last one are still those that were there, and nothing
happened to an award that sessions are led by; otherwise everybody is decided.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from certificates.decide import STREAMS
from certificates.policy import Policy
from lms_sync.facts import Fact, facts_of_people
from lms_sync.store import schema
from programmes.programme import Programme

FORM = 1
"""Counted up when the program decides otherwise than before, so that everybody is decided again."""

_IDS_A_QUERY = 500
_ROWS = 5000


@dataclass(frozen=True)
class FactMark:
    """The facts up to a certain one: its number, how many there are up to it, and its hash."""

    up_to: int
    count: int
    content: str


@dataclass(frozen=True)
class Mark:
    """Up to where is decided: facts, approvals, events, and what else there is."""

    inputs: str
    facts: FactMark
    approvals: int
    events: int
    day: date


def mark_now(
    connection: Connection,
    site: str,
    policy: Policy,
    programmes: Mapping[str, Programme],
    one: Mapping[str, str],
    today: date,
) -> Mark:
    """The mark of what there is at this moment."""
    fact = schema.fact
    up_to = connection.execute(select(func.max(fact.c.id)).where(fact.c.site == site)).scalar_one() or 0
    return Mark(
        _inputs(policy, programmes, one),
        fact_mark(connection, site, up_to),
        _newest(connection, schema.approval, site),
        _newest(connection, schema.status_event, site),
        today,
    )


def fact_mark(connection: Connection, site: str, up_to: int) -> FactMark:
    """How many facts there are up to a number. One that arrived late, or a rebuilt table, gives another mark."""
    fact = schema.fact
    count = connection.execute(
        select(func.count()).where(fact.c.site == site, fact.c.id <= up_to)
    ).scalar_one()
    query = select(fact.c.content_hash).where(fact.c.site == site, fact.c.id == up_to)
    return FactMark(up_to, count, connection.execute(query).scalar_one_or_none() or "")


def _newest(connection: Connection, table: Any, site: str) -> int:
    return connection.execute(select(func.max(table.c.id)).where(table.c.site == site)).scalar_one() or 0


def _inputs(policy: Policy, programmes: Mapping[str, Programme], one: Mapping[str, str]) -> str:
    looked_at = sorted({name for version in policy.versions for name in version.programmes})
    said = [
        FORM,
        [version.sha256 for version in policy.versions],
        [programmes[name].model_dump_json() for name in looked_at if name in programmes],
        sorted(one.items()),
    ]
    return hashlib.sha256(json.dumps(said).encode("utf-8")).hexdigest()


# --- who --------------------------------------------------------------------------------------


def touched_since(
    connection: Connection,
    site: str,
    policy: Policy,
    now: Mark,
    one: Mapping[str, str],
    programmes: Mapping[str, Programme],
) -> set[str] | None:
    """Who has to be decided again, by the rows that stand for them; None: everybody."""
    before = _read_mark(connection, site, policy.id)
    if before is None or before.inputs != now.inputs or now.day < before.day:
        return None
    if before.facts != now.facts and fact_mark(connection, site, before.facts.up_to) != before.facts:
        return None
    fact, state = schema.fact, schema.decided_holder
    found: set[str] = set()
    news = select(fact.c.person_id).where(fact.c.site == site, fact.c.id > before.facts.up_to).distinct()
    found.update(connection.execute(news).scalars())
    due = select(state.c.person_id).where(
        state.c.site == site, state.c.policy == policy.id, state.c.look_again_on <= now.day
    )
    found.update(connection.execute(due).scalars())
    led_by = leader_awards(policy, programmes)
    own = {policy.id, *(award for version in policy.versions for award in version.awards)}
    for person, award in _awards_since(connection, site, before):
        if award in led_by:
            return None
        if award in own:
            found.add(person)
    return {one.get(person, person) for person in found}


def leader_awards(policy: Policy, programmes: Mapping[str, Programme]) -> set[str]:
    """The awards that leaders must hold of sessions in the programmes that a policy looks at, in any of its versions."""
    looked_at = {name for version in policy.versions for name in version.programmes}
    return {
        session.leader_award
        for name in looked_at & set(programmes)
        for session in programmes[name].sessions
        if session.leader_award is not None
    }


def _awards_since(connection: Connection, site: str, before: Mark) -> Iterator[tuple[str, str]]:
    """Whose award of which policy was approved, or had something written about it, since the mark."""
    approval, decision = schema.approval, schema.decision
    approved = (
        select(decision.c.person_id, decision.c.policy)
        .join(approval, approval.c.decision_id == decision.c.id)
        .where(approval.c.site == site, approval.c.id > before.approvals)
    )
    issue, event = schema.issue, schema.status_event
    happened = (
        select(issue.c.person_id, issue.c.policy)
        .join(event, event.c.issue_id == issue.c.id)
        .where(event.c.site == site, event.c.id > before.events)
    )
    for query in (approved, happened):
        for row in connection.execute(query.distinct()):
            yield row.person_id, row.policy


# --- facts ------------------------------------------------------------------------------------


def facts_by_holder(
    connection: Connection,
    site: str,
    courses: Collection[str],
    one: Mapping[str, str],
    people: Collection[str] | None,
) -> Iterator[tuple[str, list[Fact]]]:
    """Each holder with the facts in these courses and programmes, oldest first; everybody, or some.

    Streamed, so that a million facts need no more room than the busiest holder and those with several rows.
    """
    several = {*one, *one.values()}
    waiting: dict[str, list[Fact]] = {}
    current: str | None = None
    facts: list[Fact] = []
    for fact in facts_of_people(connection, site, courses, one, people, STREAMS):
        if fact.person_id in several:
            waiting.setdefault(fact.person_id, []).append(fact)
        elif fact.person_id == current:
            facts.append(fact)
        else:
            if current is not None:
                yield current, facts
            current, facts = fact.person_id, [fact]
    if current is not None:
        yield current, facts
    for person, some in waiting.items():
        yield person, sorted(some, key=lambda fact: fact.source_time)


# --- what is kept -----------------------------------------------------------------------------


def _read_mark(connection: Connection, site: str, policy_id: str) -> Mark | None:
    table = schema.decided
    row = connection.execute(select(table).where(table.c.site == site, table.c.policy == policy_id)).first()
    if row is None:
        return None
    facts = FactMark(row.facts_up_to, row.facts_count, row.facts_hash)
    return Mark(row.inputs, facts, row.approvals_up_to, row.events_up_to, row.decided_on)


def keep_mark(connection: Connection, site: str, policy_id: str, mark: Mark) -> None:
    """Says that the policy is decided up to a mark."""
    table = schema.decided
    ours = (table.c.site == site) & (table.c.policy == policy_id)
    values = {
        "inputs": mark.inputs,
        "facts_up_to": mark.facts.up_to,
        "facts_count": mark.facts.count,
        "facts_hash": mark.facts.content,
        "approvals_up_to": mark.approvals,
        "events_up_to": mark.events,
        "decided_on": mark.day,
    }
    if not connection.execute(update(table).where(ours).values(**values)).rowcount:
        connection.execute(insert(table).values(site=site, policy=policy_id, **values))


def keep_states(
    connection: Connection,
    site: str,
    policy_id: str,
    states: Mapping[str, tuple[str, date | None]],
    people: Collection[str] | None,
) -> None:
    """Replaces where these people stand, or everybody: by person the state and when to look again."""
    table = schema.decided_holder
    ours = (table.c.site == site) & (table.c.policy == policy_id)
    if people is None:
        connection.execute(delete(table).where(ours))
    else:
        wanted = sorted({*people, *states})
        for start in range(0, len(wanted), _IDS_A_QUERY):
            some = wanted[start : start + _IDS_A_QUERY]
            connection.execute(delete(table).where(ours, table.c.person_id.in_(some)))
    rows = [
        {"site": site, "policy": policy_id, "person_id": person, "state": state, "look_again_on": again}
        for person, (state, again) in sorted(states.items())
    ]
    for start in range(0, len(rows), _ROWS):
        connection.execute(insert(table), rows[start : start + _ROWS])


def read_states(connection: Connection, site: str, policy_id: str) -> list[tuple[str, str]]:
    """Everybody of whom a policy knows, with where they stand."""
    table = schema.decided_holder
    query = select(table.c.person_id, table.c.state).where(table.c.site == site, table.c.policy == policy_id)
    return [(row.person_id, row.state) for row in connection.execute(query)]


def newly_listed(
    connection: Connection, site: str, policy_id: str, listed: Collection[str] | None
) -> Iterable[str]:
    """Who was passed over because no list had them, and is on one now."""
    table = schema.decided_holder
    query = select(table.c.person_id).where(
        table.c.site == site, table.c.policy == policy_id, table.c.state == PASSED_OVER
    )
    return [person for person in connection.execute(query).scalars() if listed is None or person in listed]


PASSED_OVER = "passed-over"
"""State of those who have facts, are on no list, and were not decided about."""
