"""Why somebody has an award, or has not: each requirement with the fact that met it, or what is missing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, select

from authoring.problems import Refused
from certificates.decide import STREAMS, Decision, decide_by_version
from certificates.held import read_held
from certificates.holders import printed_names
from certificates.policy import Policy
from certificates.propose import concerns
from certificates.reasons import Note, Reason
from certificates.standing import NEVER, read_standing
from certificates.status import Status
from certificates.validity import Phase, grace_ends, phase_on, window_opens
from lms_sync.clock import Clock, local_date
from lms_sync.facts import CORRECTABLE, Fact, facts_of
from lms_sync.people import institution_idnumber
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.database import reading
from programmes.programme import Programme

State = Literal["pending", "eligible", "approved", "issued"]


@dataclass(frozen=True)
class Observed:
    """Where a fact is from: what Moodle told, or who recorded it; `at` is the source's time."""

    stream: str
    at: datetime
    recorded_by: str | None

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {"stream": self.stream, "at": self.at.isoformat(), "recorded_by": self.recorded_by}


@dataclass(frozen=True)
class Explanation:
    """What holds for one holder and one policy. `observed` is by a fact's reference, `names` by opaque id.

    For an approved or issued award the requirements are those of the day of its decision.
    """

    policy: Policy
    holder: str
    name: str
    state: State
    as_of: date
    earned_on: date | None
    expires_on: date | None
    why: tuple[Reason, ...]
    observed: Mapping[tuple[str, str, str], Observed]
    names: Mapping[str, str]
    status: Status | None = None
    serial: str | None = None
    way: str = "full"
    renewal: Decision | None = None  # where it may be renewed now: what is met and what is missing
    phase: Phase | None = None
    window_opens: date | None = None
    grace_ends: date | None = None

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "award": self.policy.id,
            "person": self.holder,
            "name": self.name,
            "state": self.state,
            "as_of": self.as_of.isoformat(),
            "earned_on": None if self.earned_on is None else self.earned_on.isoformat(),
            "expires_on": None if self.expires_on is None else self.expires_on.isoformat(),
            "status": self.status,
            "serial": self.serial,
            "way": self.way,
            "phase": self.phase,
            "window_opens": None if self.window_opens is None else self.window_opens.isoformat(),
            "grace_ends": None if self.grace_ends is None else self.grace_ends.isoformat(),
            "requirements": [self._reason_json(reason) for reason in self.why],
            "renewal": None if self.renewal is None else self._renewal_json(self.renewal),
        }

    def _renewal_json(self, renewal: Decision) -> dict[str, object]:
        return {
            "state": renewal.state,
            "way": renewal.way,
            "earned_on": None if renewal.earned_on is None else renewal.earned_on.isoformat(),
            "expires_on": None if renewal.expires_on is None else renewal.expires_on.isoformat(),
            "requirements": [self._reason_json(reason) for reason in renewal.why],
        }

    def _reason_json(self, reason: Reason) -> dict[str, object]:
        return {
            **reason.as_json(),
            "observed": self._observed_json(reason.fact),
            "notes": [
                {
                    **note.as_json(),
                    "leader_names": [self.names.get(one, "") for one in note.leaders],
                    "observed": self._observed_json(note.fact),
                }
                for note in reason.notes
            ],
        }

    def _observed_json(self, reference: tuple[str, str, str] | None) -> dict[str, object] | None:
        found = None if reference is None else self.observed.get(reference)
        return None if found is None else found.as_json()


def explain(
    engine: Engine,
    site: str,
    policy: Policy,
    person: str,
    clock: Clock,
    *,
    programmes: Mapping[str, Programme] | None = None,
) -> Explanation:
    """Explains the award of a policy for a person or institution; raises Refused where that is nobody, or several.

    `person` is an idnumber, an institution's code, an e-mail address, a whole name or the register's own id.
    """
    today = local_date(clock.now(), policy.timezone)
    with reading(engine) as connection:
        holder = find_holder(connection, site, person, policy.holder_kind)
        one = one_person(connection, site)
        holder = one.get(holder, holder)
        held = read_held(connection, site, one)
        facts = [
            fact
            for fact in facts_of(connection, site, person_id=holder, streams=STREAMS)
            if concerns(policy, fact, programmes or {})
        ]
        granted = _granted(connection, site, policy, all_of(holder, one))
        standing = read_standing(connection, site, policy.id, one, today, [holder]).get(holder, NEVER)
        decision: Decision | None = None
        if standing.cycle is not None:
            _, decision = decide_by_version(
                policy, facts, today, holder=holder, held=held, programmes=programmes, before=standing.before
            )
        why: tuple[Reason, ...]
        renewal = None
        if granted is None:
            assert decision is not None
            state: State = "eligible" if decision.state == "eligible" else "pending"
            as_of, earned_on, expires_on, why = today, decision.earned_on, decision.expires_on, decision.why
            way = decision.way
        else:
            state = "approved" if granted.serial is None else "issued"
            as_of, earned_on, expires_on = granted.as_of, granted.earned_on, granted.expires_on
            why = tuple(Reason.from_json(reason) for reason in granted.why)
            way = granted.way or "full"
            renewal = decision if decision is not None and decision.state != "held" else None
        shown = (*why, *(renewal.why if renewal is not None else ()))
        leaders = {one for reason in shown for note in reason.notes for one in note.leaders}
        names = printed_names(connection, sorted({holder, *leaders}))
    rule = policy.renewal if state == "issued" and expires_on is not None else None
    return Explanation(
        policy,
        holder,
        names.get(holder, ""),
        state,
        as_of,
        earned_on,
        expires_on,
        why,
        _observed(facts),
        names,
        None if state != "issued" else standing.before.status if standing.before is not None else "unknown",
        None if granted is None else granted.serial,
        way,
        renewal,
        phase_on(today, expires_on, policy.renewal) if state == "issued" else None,
        window_opens(expires_on, rule.window_months) if rule is not None and expires_on is not None else None,
        grace_ends(expires_on, rule.grace_days) if rule is not None and expires_on is not None else None,
    )


def explain_unseen(
    policy: Policy, name: str, clock: Clock, *, programmes: Mapping[str, Programme] | None = None
) -> Explanation:
    """Explains the award of a policy for somebody on a list of whom nothing is recorded yet: nothing is met.

    Such a holder has no opaque id, so `holder` is empty.
    """
    today = local_date(clock.now(), policy.timezone)
    _, decision = decide_by_version(policy, (), today, programmes=programmes)
    return Explanation(
        policy,
        holder="",
        name=name,
        state="pending",
        as_of=today,
        earned_on=None,
        expires_on=None,
        why=decision.why,
        observed={},
        names={},
        way=decision.way,
    )


def same_words(one: str, other: str) -> bool:
    """Whether two names are written the same but for capitals, blanks and the forms of Unicode."""
    return _same(one) == _same(other)


def find_holder(connection: Connection, site: str, said: str, kind: str) -> str:
    """The opaque id of the holder of a kind whom `said` means; raises Refused for nobody or several.

    An idnumber, an institution's code, an e-mail address or the id itself comes before a name.
    """
    data, person = schema.person_data, schema.person
    rows = connection.execute(
        select(data, person.c.kind)
        .join(person, person.c.id == data.c.person_id)
        .where(data.c.site == site, person.c.kind == kind)
    ).all()
    wanted = _same(said)
    exact = [row for row in rows if wanted in _called(row)]
    found = exact or [row for row in rows if wanted and wanted in _names(row)]
    if not found:
        raise Refused("explain.nobody", person=said)
    if len(found) > 1:
        numbers = ", ".join(sorted(str(row.idnumber or row.person_id) for row in found)[:10])
        raise Refused("explain.several", person=said, numbers=numbers)
    return str(found[0].person_id)


def _called(row: Row[tuple[object, ...]]) -> set[str]:
    number = str(row.idnumber or "")
    called = {number, str(row.email or ""), str(row.person_id), number.removeprefix(institution_idnumber(""))}
    return {_same(one) for one in called if one}


def _names(row: Row[tuple[object, ...]]) -> set[str]:
    given, family = str(row.given_name or ""), str(row.family_name or "")
    return {_same(f"{given} {family}"), _same(f"{family} {given}")}


def _same(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _granted(connection: Connection, site: str, policy: Policy, holders: list[str]) -> Any:
    """The decision that was approved last, with the serial of its award, or None."""
    approval, decision, issue = schema.approval, schema.decision, schema.issue
    query = (
        select(
            decision.c.as_of,
            decision.c.earned_on,
            decision.c.expires_on,
            decision.c.why,
            decision.c.way,
            issue.c.serial,
        )
        .join(approval, approval.c.decision_id == decision.c.id)
        .outerjoin(issue, issue.c.grant_key == approval.c.grant_key)
        .where(approval.c.site == site, decision.c.policy == policy.id, decision.c.person_id.in_(holders))
        .order_by(decision.c.cycle.desc(), approval.c.id.desc())
    )
    return connection.execute(query).first()


def _observed(facts: list[Fact]) -> dict[tuple[str, str, str], Observed]:
    found = {}
    for fact in facts:
        by = fact.value.get("recorded_by") if fact.stream in CORRECTABLE else None
        reference = (fact.stream, fact.source_id, fact.source_time.isoformat())
        found[reference] = Observed(fact.stream, fact.source_time, None if by is None else str(by))
    return found


def counted(note: Note) -> bool:
    """Whether what a note tells helps to meet the requirement."""
    return note.what in ("counted", "led", "award-counted")
