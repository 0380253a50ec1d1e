"""Decides about people and proposes awards; records who approved them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from authoring.languages import LocalizedText
from authoring.problems import Refused
from certificates.decide import STREAMS, Decision, decide
from certificates.held import Held, read_held
from certificates.holders import printed_names
from certificates.policy import Policy
from certificates.policy_order import in_order
from lms_sync.clock import Clock, local_date
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ATTENDANCE,
    COURSE_COMPLETION,
    EXERCISE,
    GRADE,
    MILESTONE,
    QUIZ_ATTEMPT,
    SESSION_LED,
    Fact,
    facts_of,
)
from lms_sync.people import of_kind
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.database import reading
from programmes.programme import Programme

FIRST_CYCLE = 1


@dataclass(frozen=True)
class PolicySummary:
    """What one run of `certify` found for one policy; numbers of people."""

    policy: str
    title: LocalizedText
    eligible: int  # have earned it and wait for approval
    pending: int  # something is still missing
    approved: int  # approved, not issued yet
    issued: int
    new: int  # decisions stored by this run because something changed
    not_listed: int = 0  # have facts and are on no list of the courses: left out


@dataclass(frozen=True)
class CertifySummary:
    """What one run of `certify` found."""

    policies: tuple[PolicySummary, ...]

    @property
    def eligible(self) -> int:
        """People who wait for approval, over all policies."""
        return sum(policy.eligible for policy in self.policies)


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


def grant_key(policy_id: str, person_id: str, cycle: int = FIRST_CYCLE) -> str:
    """What may be issued once: SHA-256 over policy, person and cycle."""
    said = json.dumps([policy_id, person_id, cycle], separators=(",", ":"))
    return hashlib.sha256(said.encode("utf-8")).hexdigest()


Listed = Mapping[str, Collection[str] | None]
"""By policy the people whom it is about; None, or no entry: everybody."""


def certify(
    engine: Engine,
    site: str,
    policies: Iterable[Policy],
    clock: Clock,
    *,
    listed: Listed | None = None,
    programmes: Mapping[str, Programme] | None = None,
) -> CertifySummary:
    """Decides about everybody who has facts that the policies look at and is `listed`, and stores what changed.

    An equal decision is not stored again; who is approved or issued is not decided again, so that nothing
    done later in Moodle, and no later policy, touches an award. A policy with `approval: automatic`
    approves at once what it finds eligible. Policies are decided in the order of what they ask for, so that an award
    that was approved just now counts for the next; `programmes`, by id, say which sessions there are.
    """
    given = tuple(policies)
    there, about = programmes or {}, listed or {}
    found: dict[str, PolicySummary] = {}
    for _ in range(len(given) if _grants_leaders(given, there) else 1):
        granted = sum(one.approved + one.issued for one in found.values())
        for policy in in_order(given):
            one = _certify_one(engine, site, policy, clock, about.get(policy.id), there)
            before = found.get(policy.id)
            found[policy.id] = one if before is None else replace(one, new=one.new + before.new)
        if granted == sum(one.approved + one.issued for one in found.values()):
            break
    return CertifySummary(tuple(found[policy.id] for policy in given))


def _grants_leaders(policies: Iterable[Policy], programmes: Mapping[str, Programme]) -> bool:
    """Whether an award that is approved without a person may make sessions count: then one round may not be enough."""
    asked = {session.leader_award for programme in programmes.values() for session in programme.sessions}
    return any(policy.approval == "automatic" and policy.id in asked for policy in policies)


def _certify_one(
    engine: Engine,
    site: str,
    policy: Policy,
    clock: Clock,
    listed: Collection[str] | None,
    programmes: Mapping[str, Programme],
) -> PolicySummary:
    now = clock.now()
    today = local_date(now, policy.timezone)
    new = eligible = pending = not_listed = 0
    with engine.begin() as connection:
        one = one_person(connection, site)
        held = read_held(connection, site, one)
        facts = _facts_by_holder(connection, site, policy, held, programmes)
        decided = _latest_decisions(connection, site, policy.id)
        approved = _keys(connection, schema.approval, site)
        entered = _keys(connection, schema.issue, site)
        waiting: list[tuple[str, int]] = []
        for person_id in sorted(facts):
            key = grant_key(policy.id, person_id)
            keys = {grant_key(policy.id, same) for same in all_of(person_id, one)}
            if keys & approved or keys & entered:
                continue
            if listed is not None and person_id not in listed:
                not_listed += 1
                continue
            decision = decide(
                policy, facts[person_id], today, holder=person_id, held=held, programmes=programmes
            )
            before = decided.get(key)
            if before is None or not _says_the_same(before, policy, decision):
                decision_id = _store_decision(
                    connection, site, policy, person_id, decision, as_of=today, now=now
                )
                new += 1
            else:
                decision_id = int(before.id)
            if decision.state == "eligible":
                eligible += 1
                waiting.append((key, decision_id))
            else:
                pending += 1
        if new:
            _keep_text(connection, site, policy, now)
        if policy.approval == "automatic":
            by = f"{policy.id} {policy.version}"
            for key, decision_id in waiting:
                _store_approval(connection, site, key, decision_id, by=by, now=now, automatic=True, note=None)
            eligible = 0
        ours = schema.decision.c.policy == policy.id
        approved_now = (
            select(func.count())
            .select_from(
                schema.approval.join(schema.decision, schema.approval.c.decision_id == schema.decision.c.id)
            )
            .where(schema.approval.c.site == site, ours)
        )
        issued_now = select(func.count()).where(
            schema.issue.c.site == site, schema.issue.c.policy == policy.id
        )
        n_approved = connection.execute(approved_now).scalar_one()
        n_issued = connection.execute(issued_now).scalar_one()
    return PolicySummary(
        policy.id, policy.title, eligible, pending, n_approved - n_issued, n_issued, new, not_listed
    )


def _facts_by_holder(
    connection: Connection, site: str, policy: Policy, held: Held, programmes: Mapping[str, Programme]
) -> dict[str, list[Fact]]:
    """Whom a policy decides about, with their facts: holders of its kind who have anything to do with it."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for key in sorted({*policy.courses, *policy.programmes}):
        for fact in facts_of(connection, site, course=key, streams=STREAMS):
            if concerns(policy, fact, programmes):
                found[fact.person_id].append(fact)
    for award in policy.awards:
        for holder in held.holders_of(award):
            found.setdefault(holder, [])
    those = of_kind(connection, site, policy.holder_kind)
    return {holder: facts for holder, facts in found.items() if holder in those}


def concerns(policy: Policy, fact: Fact, programmes: Mapping[str, Programme]) -> bool:
    """Whether a fact can have to do with what a policy asks for. Any result in one of its courses can."""
    if fact.stream in (COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT):
        return fact.course in policy.courses
    for leaf in policy.require.leaves():
        if fact.stream in (EXERCISE, ACTIVITY_COMPLETION) and leaf.exercise == fact.subject:
            return True
        if fact.stream == MILESTONE and leaf.milestone == f"{fact.course}/{fact.subject}":
            return True
        if fact.stream == SESSION_LED and leaf.pilot_led and leaf.pilot_led.programme == fact.course:
            return True
        if fact.stream == ATTENDANCE and leaf.attendance and leaf.attendance.programme == fact.course:
            programme = programmes.get(fact.course)
            session = None if programme is None else programme.session(fact.subject)
            if fact.subject in leaf.attendance.sessions or (
                session is not None and session.kind == leaf.attendance.kind
            ):
                return True
    return False


def _latest_decisions(connection: Connection, site: str, policy_id: str | None = None) -> dict[str, Row[Any]]:
    table = schema.decision
    newest = select(func.max(table.c.id)).where(table.c.site == site).group_by(table.c.grant_key)
    if policy_id is not None:
        newest = newest.where(table.c.policy == policy_id)
    return {row.grant_key: row for row in connection.execute(select(table).where(table.c.id.in_(newest)))}


def _keys(connection: Connection, table: Table, site: str) -> set[str]:
    return set(connection.execute(select(table.c.grant_key).where(table.c.site == site)).scalars())


def _says_the_same(before: Row[Any], policy: Policy, decision: Decision) -> bool:
    return bool(
        before.policy_sha256 == policy.sha256
        and before.state == decision.state
        and before.earned_on == decision.earned_on
        and before.expires_on == decision.expires_on
        and before.why == [reason.as_json() for reason in decision.why]
    )


def _store_decision(
    connection: Connection,
    site: str,
    policy: Policy,
    person_id: str,
    decision: Decision,
    *,
    as_of: date,
    now: datetime,
) -> int:
    done = connection.execute(
        insert(schema.decision).values(
            site=site,
            grant_key=grant_key(policy.id, person_id),
            policy=policy.id,
            policy_version=policy.version,
            policy_sha256=policy.sha256,
            person_id=person_id,
            cycle=FIRST_CYCLE,
            as_of=as_of,
            state=decision.state,
            earned_on=decision.earned_on,
            expires_on=decision.expires_on,
            why=[reason.as_json() for reason in decision.why],
            decided_at=now,
        )
    )
    assert done.inserted_primary_key is not None
    return int(done.inserted_primary_key[0])


def _keep_text(connection: Connection, site: str, policy: Policy, now: datetime) -> None:
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
    with reading(engine) as connection:
        approved = _keys(connection, schema.approval, site)
        second = one_person(connection, site)  # the person who stands for both is decided about
        waiting = [
            row
            for row in _latest_decisions(connection, site).values()
            if row.state == "eligible" and not _is_settled(row, approved, second)
        ]
        names = printed_names(connection, [row.person_id for row in waiting])
    found = [
        Proposal(
            row.grant_key,
            row.id,
            row.policy,
            row.person_id,
            names.get(row.person_id, ""),
            row.earned_on,
            row.expires_on,
        )
        for row in waiting
    ]
    return sorted(found, key=lambda p: (p.policy, p.earned_on, p.name, p.person_id))


def _is_settled(decision: Row[Any], approved: Collection[str], one: Mapping[str, str]) -> bool:
    """Whether the award is approved, for any number of the person, or is decided about under another number."""
    keys = {grant_key(decision.policy, same, decision.cycle) for same in all_of(decision.person_id, one)}
    return decision.person_id in one or not keys.isdisjoint(approved)


def approve(
    engine: Engine,
    site: str,
    grant_keys: Collection[str] | None,
    *,
    by: str,
    clock: Clock,
    note: str | None = None,
) -> int:
    """Approves what is proposed: the given grant keys, or all with None. How many were approved now.

    What is approved already stays as it was. Raises Refused for a key that is not proposed.
    """
    if not by.strip():
        raise Refused("approve.nobody")
    with engine.begin() as connection:
        latest = _latest_decisions(connection, site)
        approved = _keys(connection, schema.approval, site)
        second = one_person(connection, site)
        eligible = {
            key: row
            for key, row in latest.items()
            if row.state == "eligible" and (key in approved or not _is_settled(row, approved, second))
        }
        if grant_keys is None:
            wanted = set(eligible)
        else:
            wanted = set(grant_keys)
            if unknown := sorted(wanted - set(eligible)):
                raise Refused("approve.not-proposed", id=unknown[0], n=len(unknown))
        return sum(
            _store_approval(
                connection,
                site,
                key,
                eligible[key].id,
                by=by.strip(),
                now=clock.now(),
                automatic=False,
                note=note,
            )
            for key in sorted(wanted - approved)
        )


def _store_approval(
    connection: Connection,
    site: str,
    key: str,
    decision_id: int,
    *,
    by: str,
    now: datetime,
    automatic: bool,
    note: str | None,
) -> int:
    """Records an approval; 0 where another process recorded one a moment ago."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    done = connection.execute(
        dialect.insert(schema.approval)
        .values(
            site=site,
            grant_key=key,
            decision_id=decision_id,
            approved_by=by,
            approved_at=now,
            automatic=automatic,
            note=note,
        )
        .on_conflict_do_nothing(index_elements=["grant_key"])
    )
    return int(done.rowcount)
