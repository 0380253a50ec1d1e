"""Enters approved awards in the register, exactly once, and has their documents made."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from authoring.problems import LmsSyncError, Problem, Refused
from certificates import certificate_pdf
from certificates.award import Award, Wording, award_from_row
from certificates.chain import open_chain
from certificates.credential import LIST_BITS
from certificates.documents import insert_document, make_documents
from certificates.events import events_of, write_event
from certificates.grant import FIRST_CYCLE
from certificates.holders import printed_names
from certificates.issuer import Issuer
from certificates.policy import Policy, parse_policy
from certificates.printed import design_problems, printed_logos, printed_signatory
from certificates.status import FINAL
from certificates.status_lists import publish_status_lists
from certificates.verification_id import new_verification_id
from lms_sync.clock import Clock, local_date
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.database import reading

MAX_NAME = 200
_ATTEMPTS = 20
_FULL = LIST_BITS // 2  # a list is left while half of it is free, so that a random index is found at once

# Made once: putting a statement together costs as much as asking it.
_issue, _counter, _list = schema.issue, schema.serial_counter, schema.status_list
_OF_GRANT = select(_issue.c.id).where(_issue.c.grant_key == bindparam("grant"))
_OF_INDEX = select(_issue.c.id).where(
    _issue.c.status_list == bindparam("list"), _issue.c.status_index == bindparam("index")
)
_NEXT_NUMBER = (
    update(_counter)
    .where(_counter.c.site == bindparam("of_site"), _counter.c.series == bindparam("of_series"))
    .values(last=_counter.c.last + 1)
    .returning(_counter.c.last)
)
_NEWEST_LIST = (
    select(
        _list.c.number,
        select(func.count()).where(_issue.c.status_list == _list.c.number).scalar_subquery().label("used"),
    )
    .where(_list.c.site == bindparam("of_site"))
    .order_by(_list.c.number.desc())
    .limit(1)
)
_ADD_AWARD = insert(_issue)


@dataclass(frozen=True)
class Issued:
    """An award in the register."""

    issue_id: str
    grant_key: str
    person_id: str
    policy: str
    serial: str
    verification_id: str
    verification_url: str
    issued_on: date
    expires_on: date | None


@dataclass(frozen=True)
class IssueReport:
    """What one run of `issue_approved` did; problems name awards that stay approved but were not issued."""

    issued: tuple[Issued, ...]
    completed: int  # awards entered before whose documents this run made
    problems: tuple[Problem, ...]


def issue_approved(engine: Engine, site: str, issuer: Issuer, clock: Clock) -> IssueReport:
    """Issues what is approved: enters each award once, makes its documents, publishes the status lists.

    Awards that cannot be issued (no name, a letter that the font lacks) are told as problems; the others
    are issued all the same.
    """
    entered, problems = enter_approved(engine, site, issuer, clock)
    completed, failed = make_documents(engine, site, issuer, clock)
    publish_status_lists(engine, site, issuer, clock)
    new = {award.id for award in entered}
    return IssueReport(
        tuple(_issued(award) for award in entered),
        sum(1 for award in completed if award.id not in new),
        (*problems, *failed),
    )


def enter_approved(
    engine: Engine, site: str, issuer: Issuer, clock: Clock
) -> tuple[list[Award], list[Problem]]:
    """Gives each approved award its numbers and enters it, each in one transaction; documents come later.

    Any number of processes may do this at once, and any of them may die at any moment.
    """
    entered: list[Award] = []
    problems: list[Problem] = []
    with reading(engine) as connection:
        waiting = _approved_not_entered(connection, site)
        names = printed_names(connection, [row.person_id for row in waiting])
        policies = kept_policies(connection, site, {row.policy_sha256 for row in waiting})
    wanting = {
        digest: list(design_problems(one.design, one.signatories, issuer.seals, issuer.logos))
        for digest, one in policies.items()
    }
    for row in waiting:
        name = names.get(row.person_id, "")
        policy = policies[row.policy_sha256]
        if found := [*unprintable(name, row.person_id, policy), *wanting[row.policy_sha256]]:
            problems.extend(one for one in found if one not in problems)
            continue
        try:
            award = _enter(engine, site, row, policy, name, issuer=issuer, clock=clock)
        except Refused as error:
            if error.code != "correct.not-standing":
                raise
            problems.extend(error.problems)
            continue
        if award is not None:
            entered.append(award)
    return entered, problems


def _approved_not_entered(connection: Connection, site: str) -> Sequence[Row[Any]]:
    approval, decision, issue, person = schema.approval, schema.decision, schema.issue, schema.person
    query = (
        select(decision, approval.c.approved_by, approval.c.supersedes)
        .join(approval, approval.c.decision_id == decision.c.id)
        .join(person, (person.c.id == decision.c.person_id) & person.c.erased_at.is_(None))
        .outerjoin(issue, issue.c.grant_key == approval.c.grant_key)
        .where(approval.c.site == site, issue.c.id.is_(None))
        .order_by(decision.c.policy, decision.c.earned_on, approval.c.id)
    )
    return connection.execute(query).all()


def kept_policies(connection: Connection, site: str, hashes: set[str]) -> dict[str, Policy]:
    """The policies with these digests, as they were when somebody was decided about by them."""
    table = schema.policy_text
    rows = connection.execute(select(table).where(table.c.site == site, table.c.sha256.in_(sorted(hashes))))
    return {row.sha256: parse_policy(row.text, f"{row.policy} {row.version}") for row in rows}


def unprintable(name: str, person_id: str, policy: Policy) -> Iterator[Problem]:
    """Why a name, or what the policy says, cannot stand on a certificate."""
    if not name:
        yield Problem("certificate.no-name", {"person": person_id})
    elif len(name) > MAX_NAME:
        yield Problem(
            "certificate.name-too-long", {"name": name[:40] + "…", "n": len(name), "limit": MAX_NAME}
        )
    elif lacking := certificate_pdf.characters_lacking(name):
        yield Problem("certificate.letters-lacking", {"name": name, "letters": " ".join(lacking)})
    elif not certificate_pdf.name_fits(name, policy.design.sheet):
        yield Problem("certificate.name-too-wide", {"name": name})
    if lacking := certificate_pdf.characters_lacking(certificate_pdf.printed_text(policy)):
        yield Problem(
            "certificate.policy-letters-lacking", {"policy": policy.id, "letters": " ".join(lacking)}
        )
    elif not certificate_pdf.wording_fits(policy):
        yield Problem("certificate.policy-too-long", {"policy": policy.id})


def _enter(
    engine: Engine,
    site: str,
    approved: Row[Any],
    policy: Policy,
    name: str,
    *,
    issuer: Issuer,
    clock: Clock,
) -> Award | None:
    """Enters one award, or does nothing where another process was first."""
    for _ in range(_ATTEMPTS):
        with reading(engine) as connection:  # without the write lock, for which others may be waiting
            if _is_entered(connection, approved.grant_key):
                return None
        try:
            with engine.begin() as connection:
                now = clock.now()
                open_chain(connection, site, now)
                if _is_entered(connection, approved.grant_key):
                    return None
                before = replaced_by(connection, site, approved)
                award = _numbered(
                    connection,
                    site,
                    approved,
                    policy,
                    issuer=issuer,
                    now=now,
                    supersedes=None if before is None else before.id,
                )
                _insert_award(connection, award, policy, issuer, name)
                if before is not None:
                    write_event(
                        connection,
                        before,
                        "superseded",
                        actor=approved.approved_by,
                        reason="correction" if approved.supersedes else "renewal",
                        now=now,
                        successor=award.id,
                    )
            return award
        except IntegrityError:
            # Another process took the grant, the number or the index between our look and our write
            # (never on SQLite, where we hold the write lock): the transaction is undone, so look again.
            continue
    raise LmsSyncError("issue.contention")


def _is_entered(connection: Connection, grant_key: str) -> bool:
    return connection.execute(_OF_GRANT, {"grant": grant_key}).first() is not None


def _numbered(
    connection: Connection,
    site: str,
    approved: Row[Any],
    policy: Policy,
    *,
    issuer: Issuer,
    now: datetime,
    supersedes: str | None,
) -> Award:
    issued_on = local_date(now, policy.timezone)
    serial = policy.serial.number(
        issued_on.year, _next_number(connection, site, policy.serial.series(issued_on.year))
    )
    list_number, index = _free_status_index(connection, site, now)
    return Award(
        id=str(uuid.uuid4()),
        site=site,
        grant_key=approved.grant_key,
        person_id=approved.person_id,
        policy=policy.id,
        policy_version=policy.version,
        serial=serial,
        verification_id=new_verification_id(),
        status_list=list_number,
        status_index=index,
        issued_at=now.replace(microsecond=0),
        issued_on=issued_on,
        expires_on=approved.expires_on,
        wording=Wording.of(
            policy,
            issuer_did=issuer.did,
            base_url=issuer.base_url,
            earned_on=approved.earned_on,
            demo=issuer.signer.demo,
            logos=printed_logos(policy.design, issuer.logos),
            signatories=tuple(printed_signatory(one, issuer.seals) for one in policy.signatories),
        ),
        supersedes=supersedes,
    )


def replaced_by(connection: Connection, site: str, approved: Row[Any]) -> Award | None:
    """The award that an approved one replaces: what a correction names, else for a renewal the one before.

    Raises LmsSyncError where a correction is of an award that was replaced or taken away since.
    """
    issue, approval, decision = schema.issue, schema.approval, schema.decision
    query = select(issue).where(issue.c.site == site)
    if approved.supersedes is not None:
        old = award_from_row(connection.execute(query.where(issue.c.id == approved.supersedes)).one())
        if FINAL & set(events_of(connection, old.id)):
            raise Refused("correct.not-standing", serial=old.serial)
        return old
    if approved.cycle == FIRST_CYCLE:
        return None
    same = all_of(approved.person_id, one_person(connection, site))
    earlier = (
        query.join(approval, approval.c.grant_key == issue.c.grant_key)
        .join(decision, decision.c.id == approval.c.decision_id)
        .where(
            issue.c.policy == approved.policy, issue.c.person_id.in_(same), decision.c.cycle < approved.cycle
        )
        .order_by(decision.c.cycle.desc(), approval.c.id.desc())
    )
    for row in connection.execute(earlier):
        old = award_from_row(row)
        if not FINAL & set(events_of(connection, old.id)):
            return old
    return None


def _next_number(connection: Connection, site: str, series: str) -> int:
    """The next number of a series; the row lock it takes lasts until the transaction ends, so there is no gap."""
    taken = connection.execute(_NEXT_NUMBER, {"of_site": site, "of_series": series}).scalar_one_or_none()
    if taken is None:
        connection.execute(insert(schema.serial_counter), {"site": site, "series": series, "last": 1})
        return 1
    return int(taken)


def _free_status_index(connection: Connection, site: str, now: datetime) -> tuple[int, int]:
    """A random free index in a status list of the site; begins a new list where the newest is half full."""
    lists = schema.status_list
    newest = connection.execute(_NEWEST_LIST, {"of_site": site}).first()
    number = None if newest is None or newest.used >= _FULL else int(newest.number)
    if number is None:
        number = (connection.execute(select(func.max(lists.c.number))).scalar_one() or 0) + 1
        connection.execute(insert(lists).values(number=number, site=site, content=None, updated_at=now))
    while True:
        index = secrets.randbelow(LIST_BITS)
        if connection.execute(_OF_INDEX, {"list": number, "index": index}).first() is None:
            return number, index


def _insert_award(connection: Connection, award: Award, policy: Policy, issuer: Issuer, name: str) -> None:
    connection.execute(
        _ADD_AWARD,
        {
            "id": award.id,
            "site": award.site,
            "grant_key": award.grant_key,
            "person_id": award.person_id,
            "policy": award.policy,
            "policy_version": award.policy_version,
            "series": policy.serial.series(award.issued_on.year),
            "serial": award.serial,
            "verification_id": award.verification_id,
            "status_list": award.status_list,
            "status_index": award.status_index,
            "issued_at": award.issued_at,
            "issued_on": award.issued_on,
            "expires_on": award.expires_on,
            "public": award.wording.as_json(),
            "supersedes": award.supersedes,
        },
    )
    # The name as printed is fixed now, so that documents made later, or again looked at, say the same.
    holder = {"name": name, "salt": secrets.token_hex(16)}
    content = json.dumps(holder, ensure_ascii=False).encode("utf-8")
    insert_document(connection, award, "holder", "application/json", content, now=award.issued_at)
    write_event(connection, award, "issued", actor=issuer.did, reason=None, now=award.issued_at)


def issued(engine: Engine, site: str) -> list[Issued]:
    """Every award of a site, in the order of issue."""
    table = schema.issue
    with reading(engine) as connection:
        rows = connection.execute(
            select(table)
            .where(table.c.site == site)
            .order_by(table.c.issued_at, table.c.series, table.c.serial)
        )
        return [_issued(award_from_row(row)) for row in rows]


def _issued(award: Award) -> Issued:
    return Issued(
        award.id,
        award.grant_key,
        award.person_id,
        award.policy,
        award.serial,
        award.verification_id,
        award.verification_url,
        award.issued_on,
        award.expires_on,
    )
