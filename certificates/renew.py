"""The renewal of one award: proposed as `certify` proposes it, or refused with what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Engine

from authoring.problems import Refused
from certificates.decide import decide_by_version
from certificates.held import read_held
from certificates.lifecycle import find_award_said
from certificates.policy import Policy
from certificates.proposals import Proposal, proposals
from certificates.propose import candidates, certify
from certificates.standing import read_standing
from lms_sync.clock import Clock, local_date
from lms_sync.same_person import all_of, one_person
from lms_sync.store.database import reading
from programmes.programme import Programme


def proposed_renewal(
    engine: Engine,
    site: str,
    said: str,
    policies: Iterable[Policy],
    clock: Clock,
    *,
    programmes: Mapping[str, Programme] | None = None,
) -> Proposal:
    """What waits for approval as the renewal of an award, by its serial or verification id.

    Raises Refused where the window is not open yet, something is missing, or the award does not stand any more.
    """
    there = programmes or {}
    by_id = {policy.id: policy for policy in policies}
    with reading(engine) as connection:
        award = find_award_said(connection, site, said)
        one = one_person(connection, site)
    policy = by_id.get(award.policy)
    if policy is None:
        raise Refused("correct.no-policy", policy=award.policy)
    certify(engine, site, [policy], clock, programmes=there)
    same = all_of(award.person_id, one)
    for proposal in proposals(engine, site):
        if proposal.policy == award.policy and proposal.person_id in same and proposal.cycle > 1:
            return proposal
    today = local_date(clock.now(), policy.timezone)
    holder = one.get(award.person_id, award.person_id)
    with reading(engine) as connection:
        held = read_held(connection, site, one)
        standing = read_standing(connection, site, policy.id, one, today, [holder])
        where = standing[holder]
        facts = dict(candidates(connection, site, policy, held, there, one, standing, [holder]))
    if where.before is None or where.cycle is None:
        raise Refused("renew.waits", serial=award.serial)
    _, decision = decide_by_version(
        policy,
        facts.get(holder, ()),
        today,
        holder=holder,
        held=held,
        programmes=there,
        before=where.before,
    )
    if decision.state == "held":
        opens = decision.look_again_on
        code = "renew.never" if opens is None else "renew.not-open"
        raise Refused(code, serial=award.serial, day="–" if opens is None else opens.isoformat())
    missing = ", ".join(f"{reason.requirement} {reason.subject}".strip() for reason in decision.missing)
    raise Refused("renew.missing", serial=award.serial, missing=missing)
