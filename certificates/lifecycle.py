"""What an officer does to an issued award: suspend, resume, revoke, correct, renew. Each with a name and a reason.

Nothing that was issued ever changes: each verb adds an event, and a correction or a renewal issues another award that
replaces the first, each leading to the other. Expired, in its window and in the grace are computed from dates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, or_, select

from authoring.problems import Refused
from certificates.award import Award, award_from_row
from certificates.chain import add_approval, open_chain
from certificates.events import events_of, write_event
from certificates.grant import grant_key
from certificates.holders import printed_names
from certificates.issue import IssueReport, issue_approved, kept_policies, worded
from certificates.issuer import Issuer
from certificates.policy import Policy
from certificates.printed import design_problems
from certificates.proposals import keep_text
from certificates.review import open_review
from certificates.status import Status, status_of
from certificates.status_lists import publish_status_lists
from certificates.verification_id import normal_form
from lms_sync.clock import Clock, local_date
from lms_sync.store import schema


@dataclass(frozen=True)
class Changed:
    """What a verb did: to which award, and how many others now wait for somebody to look at them."""

    serial: str
    verification_id: str
    event: str
    to_review: int = 0


def find_award_said(connection: Connection, site: str, said: str) -> Award:
    """The award with a serial number or a verification id. Raises Refused where none was issued."""
    issue = schema.issue
    typed = said.strip()
    query = select(issue).where(
        issue.c.site == site,
        or_(
            func.upper(issue.c.serial) == typed.upper(),
            issue.c.verification_id == (normal_form(typed) or ""),
        ),
    )
    row = connection.execute(query).first()
    if row is None:
        raise Refused("revoke.unknown", id=said)
    return award_from_row(row)


def status_now(connection: Connection, award: Award, clock: Clock) -> Status:
    """The award's status at this moment."""
    today = local_date(clock.now(), award.wording.timezone)
    return status_of(events_of(connection, award.id), award.expires_on, today)


def suspend(engine: Engine, site: str, said: str, *, by: str, reason: str, clock: Clock) -> Changed:
    """Suspends a valid award until it is resumed; what depends on it is put on the review list."""
    return _write(engine, site, said, "suspended", ("valid",), by=by, reason=reason, clock=clock)


def resume(engine: Engine, site: str, said: str, *, by: str, reason: str, clock: Clock) -> Changed:
    """Ends the suspension of an award."""
    return _write(engine, site, said, "resumed", ("suspended",), by=by, reason=reason, clock=clock)


def revoke(
    engine: Engine, site: str, verification_id: str, issuer: Issuer, *, by: str, reason: str, clock: Clock
) -> Changed:
    """Revokes an award for ever; the portal says so on the next request. Raises Refused where it is not issued.

    An award that is revoked already stays as it is, and only the status list is published again.
    """
    allowed: tuple[Status, ...] = ("valid", "expired", "suspended", "superseded")
    done = _write(engine, site, verification_id, "revoked", allowed, by=by, reason=reason, clock=clock)
    publish_status_lists(engine, site, issuer, clock)
    return done


def _write(
    engine: Engine,
    site: str,
    said: str,
    event: str,
    allowed: tuple[Status, ...],
    *,
    by: str,
    reason: str,
    clock: Clock,
) -> Changed:
    _told(by, reason)
    with engine.begin() as connection:
        award = find_award_said(connection, site, said)
        status = status_now(connection, award, clock)
        if event == status == "revoked":
            return Changed(award.serial, award.verification_id, event)
        if status not in allowed:
            raise Refused(f"lifecycle.is-{status}", serial=award.serial)
        event_id = write_event(
            connection, award, event, actor=by.strip(), reason=reason.strip(), now=clock.now()
        )
        opened = 0
        if event in ("suspended", "revoked"):
            opened = open_review(connection, award, event_id, clock.now())
    return Changed(award.serial, award.verification_id, event, opened)


def _told(by: str, reason: str) -> None:
    if not by.strip():
        raise Refused("approve.nobody")
    if not reason.strip():
        raise Refused("lifecycle.no-reason")


# --- another award in its place -----------------------------------------------------------------


def correct(
    engine: Engine,
    site: str,
    said: str,
    issuer: Issuer,
    *,
    by: str,
    reason: str,
    clock: Clock,
    policy: Policy | None = None,
    even_if_same: bool = False,
) -> IssueReport | None:
    """Issues an award again with today's name of the holder, and with the words of `policy` where it is given.

    Dates and reasons of the decision stay. The old award leads to the new one, and the new one to the old. None, and
    nothing is done, where the certificate would say the same (but with `even_if_same`). Raises Refused where the award
    does not stand any more.
    """
    _told(by, reason)
    with engine.begin() as connection:
        now = clock.now()
        open_chain(connection, site, now)
        award = find_award_said(connection, site, said)
        status = status_now(connection, award, clock)
        if status not in ("valid", "expired"):
            raise Refused(f"lifecycle.is-{status}", serial=award.serial)
        if policy is not None and policy.id != award.policy:
            raise Refused("correct.other-policy", serial=award.serial, policy=award.policy)
        if not even_if_same and says_the_same(connection, award, issuer, policy):
            return None
        _approve_correction(
            connection, award, by=by.strip(), reason=reason.strip(), clock=clock, policy=policy
        )
    return issue_approved(engine, site, issuer, clock)


def says_the_same(connection: Connection, award: Award, issuer: Issuer, policy: Policy | None) -> bool:
    """Whether the award would be worded now as it was: holder's name, words, logos, who signs and with which seal.

    By `policy`, or by the text of the policy that the award was approved under.
    """
    if policy is None:
        policy = _policy_of(connection, award)
    elif policy.version != award.policy_version:
        return False
    holder = schema.document.c.kind == "holder"
    kept = select(schema.document.c.content).where(schema.document.c.issue_id == award.id, holder)
    printed = json.loads(connection.execute(kept).scalar_one())["name"]
    if printed != printed_names(connection, [award.person_id]).get(award.person_id):
        return False
    if any(design_problems(policy.design, policy.signatories, issuer.seals, issuer.logos)):
        return False  # issuing says what is missing
    now = worded(policy, issuer, award.wording.earned_on)
    then = award.wording.model_copy(update={"signatories": award.wording.signers})
    return now.as_json() == then.as_json()


def _policy_of(connection: Connection, award: Award) -> Policy:
    approval, decision = schema.approval, schema.decision
    query = (
        select(decision.c.policy_sha256)
        .join(approval, approval.c.decision_id == decision.c.id)
        .where(approval.c.grant_key == award.grant_key)
    )
    sha256 = connection.execute(query).scalar_one()
    return kept_policies(connection, award.site, {sha256})[sha256]


def _approve_correction(
    connection: Connection, award: Award, *, by: str, reason: str, clock: Clock, policy: Policy | None
) -> None:
    approval, decision = schema.approval, schema.decision
    now = clock.now()
    row = connection.execute(
        select(decision)
        .join(approval, approval.c.decision_id == decision.c.id)
        .where(approval.c.grant_key == award.grant_key)
    ).one()
    same = (decision.c.policy == row.policy) & (decision.c.person_id == row.person_id)
    corrections = connection.execute(
        select(func.count())
        .select_from(approval.join(decision, approval.c.decision_id == decision.c.id))
        .where(same, decision.c.cycle == row.cycle, approval.c.supersedes.is_not(None))
    ).scalar_one()
    values: dict[str, Any] = {name: value for name, value in row._mapping.items() if name != "id"}  # noqa: SLF001
    values["grant_key"] = grant_key(row.policy, row.person_id, row.cycle, corrections + 1)
    values["decided_at"] = now
    if policy is not None:
        keep_text(connection, award.site, policy, now)
        values["policy_version"], values["policy_sha256"] = policy.version, policy.sha256
    made = connection.execute(insert(decision).values(**values))
    assert made.inserted_primary_key is not None
    approved = connection.execute(
        insert(approval).values(
            site=award.site,
            grant_key=values["grant_key"],
            decision_id=made.inserted_primary_key[0],
            approved_by=by,
            approved_at=now,
            automatic=False,
            note=reason,
            supersedes=award.id,
        )
    )
    assert approved.inserted_primary_key is not None
    add_approval(connection, award.site, int(approved.inserted_primary_key[0]), now)
