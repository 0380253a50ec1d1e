"""Decides about people and proposes awards: about everybody, or about those whom something has touched since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from authoring.languages import LocalizedText
from certificates import decided
from certificates.approve import store_approval
from certificates.decide import Decision, decide_by_version
from certificates.grant import grant_key
from certificates.held import NOBODY, Held, read_held
from certificates.policy import Policy
from certificates.policy_order import in_order
from certificates.proposals import keep_text, latest_decisions
from certificates.standing import NEVER, Standing, read_standing
from lms_sync.clock import Clock, local_date
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ATTENDANCE,
    COURSE_COMPLETION,
    EXERCISE,
    GRADE,
    MILESTONE,
    PRIOR_LEARNING,
    QUIZ_ATTEMPT,
    SESSION_LED,
    Fact,
)
from lms_sync.people import of_kind
from lms_sync.same_person import one_person
from lms_sync.store import schema
from programmes.programme import Programme

_KEYS_A_QUERY = 500


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
    renewing: int = 0  # hold it, may renew it, and something is still missing
    looked_at: int = 0  # decided about by this run


@dataclass(frozen=True)
class CertifySummary:
    """What one run of `certify` found."""

    policies: tuple[PolicySummary, ...]

    @property
    def eligible(self) -> int:
        """People who wait for approval, over all policies."""
        return sum(policy.eligible for policy in self.policies)


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
    anew: bool = False,
) -> CertifySummary:
    """Decides about everybody who has facts that the policies look at and is `listed`, and stores what changed.

    Only those are decided whom something has touched since the last run: facts, awards, the passing of time; with
    `anew`, and where policies or programmes have changed, everybody. What is stored is the same. An equal decision is
    not stored again; who is approved or issued is not decided again before the renewal, so that nothing done later in
    Moodle, and no later policy, touches an award. A policy with `approval: automatic` approves at once what it finds
    eligible. Policies are decided in the order of what they ask for, so that an award that was approved just now
    counts for the next; `programmes`, by id, say which sessions there are.
    """
    given = tuple(policies)
    there, about = programmes or {}, listed or {}
    found: dict[str, PolicySummary] = {}
    for _ in range(len(given) if _grants_leaders(given, there) else 1):
        granted = sum(one.approved + one.issued for one in found.values())
        for policy in in_order(given):
            one = _certify_one(engine, site, policy, clock, about.get(policy.id), there, anew=anew)
            before = found.get(policy.id)
            found[policy.id] = (
                one
                if before is None
                else replace(one, new=one.new + before.new, looked_at=one.looked_at + before.looked_at)
            )
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
    *,
    anew: bool,
) -> PolicySummary:
    now = clock.now()
    today = local_date(now, policy.timezone)
    with engine.begin() as connection:
        one = one_person(connection, site)
        mark = decided.mark_now(connection, site, policy, programmes, one, today)
        people = None if anew else decided.touched_since(connection, site, policy, mark, one, programmes)
        if people is not None:
            people.update(decided.newly_listed(connection, site, policy.id, listed))
        held = read_held(connection, site, one) if _asks_who_holds(policy, programmes) else NOBODY
        run = _Run(connection, site, policy, today, now, one, held, programmes, listed)
        new, waiting = run.decide(people)
        if policy.approval == "automatic":
            by = f"{policy.id} {policy.version}"
            for key, decision_id in waiting:
                store_approval(connection, site, key, decision_id, by=by, now=now, automatic=True)
        decided.keep_mark(connection, site, policy.id, mark)
        return run.summary(new)


def _asks_who_holds(policy: Policy, programmes: Mapping[str, Programme]) -> bool:
    """Whether decisions of the policy look at awards: those it asks for, or those of who led sessions."""
    return any(version.awards for version in policy.versions) or bool(
        decided.leader_awards(policy, programmes)
    )


@dataclass(frozen=True)
class _Decided:
    """One holder's decision, before it is stored."""

    person: str
    cycle: int
    version: Policy
    decision: Decision
    renews: bool


@dataclass
class _Run:
    """One policy being decided, within one transaction."""

    connection: Connection
    site: str
    policy: Policy
    today: date
    now: datetime
    one: Mapping[str, str]
    held: Held
    programmes: Mapping[str, Programme]
    listed: Collection[str] | None
    looked_at: int = 0

    def decide(self, people: Collection[str] | None) -> tuple[int, list[tuple[str, int]]]:
        """Decides about some or all and stores what changed: how many decisions, and who is eligible by which."""
        states: dict[str, tuple[str, date | None]] = {}
        found: list[_Decided] = []
        standing = read_standing(self.connection, self.site, self.policy.id, self.one, self.today, people)
        for person, facts in candidates(
            self.connection, self.site, self.policy, self.held, self.programmes, self.one, standing, people
        ):
            where = standing.get(person, NEVER)
            if where.cycle is None:
                states[person] = ("settled", None)
                continue
            if where.before is None and self.listed is not None and person not in self.listed:
                states[person] = (decided.PASSED_OVER, None)
                continue
            self.looked_at += 1
            version, decision = decide_by_version(
                self.policy,
                facts,
                self.today,
                holder=person,
                held=self.held,
                programmes=self.programmes,
                before=where.before,
            )
            states[person] = (_state(decision, where), decision.look_again_on)
            if decision.state != "held":
                found.append(_Decided(person, where.cycle, version, decision, where.before is not None))
        decided.keep_states(self.connection, self.site, self.policy.id, states, people)
        return self._store(sorted(found, key=lambda each: each.person))

    def _store(self, found: Sequence[_Decided]) -> tuple[int, list[tuple[str, int]]]:
        keys = {each.person: grant_key(self.policy.id, each.person, each.cycle) for each in found}
        before = latest_decisions(self.connection, self.site, self.policy.id, list(keys.values()))
        changed = [
            each
            for each in found
            if (row := before.get(keys[each.person])) is None or not _says_the_same(row, each)
        ]
        for version in {each.version.sha256: each.version for each in changed}.values():
            keep_text(self.connection, self.site, version, self.now)
        ids = {key: int(row.id) for key, row in before.items()} | dict(self._insert(changed, keys))
        waiting = [
            (keys[each.person], ids[keys[each.person]]) for each in found if each.decision.state == "eligible"
        ]
        return len(changed), waiting

    def _insert(self, changed: Sequence[_Decided], keys: Mapping[str, str]) -> Iterator[tuple[str, int]]:
        rows = [
            {
                "site": self.site,
                "grant_key": keys[each.person],
                "policy": self.policy.id,
                "policy_version": each.version.version,
                "policy_sha256": each.version.sha256,
                "person_id": each.person,
                "cycle": each.cycle,
                "as_of": self.today,
                "decided_at": self.now,
                **_columns(each.decision),
            }
            for each in changed
        ]
        if not rows:
            return
        table = schema.decision
        statement = insert(table).returning(table.c.grant_key, table.c.id, sort_by_parameter_order=True)
        for row in self.connection.execute(statement, rows):
            yield row.grant_key, int(row.id)

    def summary(self, new: int) -> PolicySummary:
        """The numbers after this run."""
        policy, site = self.policy, self.site
        approval, decision, issue = schema.approval, schema.decision, schema.issue
        approved = self.connection.execute(
            select(func.count())
            .select_from(approval.join(decision, approval.c.decision_id == decision.c.id))
            .where(approval.c.site == site, decision.c.policy == policy.id)
        ).scalar_one()
        issued = self.connection.execute(
            select(func.count()).where(issue.c.site == site, issue.c.policy == policy.id)
        ).scalar_one()
        counts: Counter[str] = Counter()
        for person, state in decided.read_states(self.connection, site, policy.id):
            left = state in ("eligible", "pending") and self.listed is not None and person not in self.listed
            counts[decided.PASSED_OVER if left else state] += 1
        return PolicySummary(
            policy.id,
            policy.title,
            0 if policy.approval == "automatic" else counts["eligible"] + counts["renewed"],
            counts["pending"],
            approved - issued,
            issued,
            new,
            counts[decided.PASSED_OVER],
            counts["renewing"],
            self.looked_at,
        )


def _state(decision: Decision, where: Standing) -> str:
    if where.before is None:
        return decision.state
    return {"pending": "renewing", "eligible": "renewed"}.get(decision.state, decision.state)


def erased_people(connection: Connection, site: str) -> set[str]:
    """Holders whose data were erased: nothing is decided about them any more."""
    table = schema.person
    query = select(table.c.id).where(table.c.site == site, table.c.erased_at.is_not(None))
    return set(connection.execute(query).scalars())


def candidates(
    connection: Connection,
    site: str,
    policy: Policy,
    held: Held,
    programmes: Mapping[str, Programme],
    one: Mapping[str, str],
    standing: Mapping[str, Standing],
    people: Collection[str] | None,
) -> Iterator[tuple[str, list[Fact]]]:
    """Whom a policy decides about, with their facts: holders of its kind who have anything to do with it."""
    those = set(of_kind(connection, site, policy.holder_kind)) - erased_people(connection, site)
    others = set(standing)
    for version in policy.versions:
        for award in version.awards:
            others |= held.holders_of(award)
    if people is not None:
        others.intersection_update(people)
    courses = {key for version in policy.versions for key in (*version.courses, *version.programmes)}
    if any(version.prior_learning for version in policy.versions):
        courses.add("")
    for person, facts in decided.facts_by_holder(connection, site, courses, one, people):
        some = [fact for fact in facts if concerns(policy, fact, programmes)]
        if (some or person in others) and person in those:
            others.discard(person)
            yield person, some
    for person in sorted(others.intersection(those)):
        yield person, []


def concerns(policy: Policy, fact: Fact, programmes: Mapping[str, Programme]) -> bool:
    """Whether a fact can have to do with what a policy asks for, in any of its versions.

    Any result in one of its courses can.
    """
    return any(_concerns(version, fact, programmes) for version in policy.versions)


def _concerns(policy: Policy, fact: Fact, programmes: Mapping[str, Programme]) -> bool:
    if fact.stream in (COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT):
        return fact.course in policy.courses
    for leaf in policy.all_leaves():
        same = () if leaf.exercise is None else policy.same_as("exercise", leaf.exercise)
        if fact.stream in (EXERCISE, ACTIVITY_COMPLETION) and fact.subject in same:
            return True
        if fact.stream == PRIOR_LEARNING and leaf.prior_learning == fact.subject:
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


def _columns(decision: Decision) -> dict[str, Any]:
    """What of a decision is stored: also what two are compared by."""
    return {
        "state": decision.state,
        "earned_on": decision.earned_on,
        "expires_on": decision.expires_on,
        "why": [reason.as_json() for reason in decision.why],
        "base_on": None if decision.period is None else decision.period.base_on,
        "periods": None if decision.period is None else decision.period.periods,
        "way": decision.way,
    }


def _says_the_same(before: Row[Any], each: _Decided) -> bool:
    row = before._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return before.policy_sha256 == each.version.sha256 and all(
        row[name] == value for name, value in _columns(each.decision).items()
    )
