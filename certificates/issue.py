"""Enters approved awards in the register, exactly once, and has their documents made."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from authoring.problems import LmsSyncError, Problem, Refused
from certificates import certificate_pdf
from certificates.award import Award, Wording, award_from_row
from certificates.chain import Head, open_chain
from certificates.documents import PORTION, Document, insert_documents, make_documents
from certificates.events import events_of, write_event, write_issued
from certificates.grant import FIRST_CYCLE
from certificates.holders import printed_names
from certificates.issuer import Issuer
from certificates.numbering import free_status_indices, next_numbers
from certificates.policy import Policy, parse_policy
from certificates.printed import design_problems, printed_logos, printed_signatory
from certificates.status import FINAL
from certificates.status_lists import publish_status_lists, refuse_unknown_key
from certificates.verification_id import new_verification_id
from lms_sync.clock import Clock, local_date
from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.database import reading

MAX_NAME = 200
_ATTEMPTS = 20

# Made once: putting a statement together costs as much as asking it.
_issue, _approval, _decision, _person = schema.issue, schema.approval, schema.decision, schema.person
_NOT_ENTERED = (
    select(_decision, _approval.c.approved_by, _approval.c.supersedes)
    .join(_approval, _approval.c.decision_id == _decision.c.id)
    .join(_person, (_person.c.id == _decision.c.person_id) & _person.c.erased_at.is_(None))
    .outerjoin(_issue, _issue.c.grant_key == _approval.c.grant_key)
    .where(_approval.c.site == bindparam("of_site"), _issue.c.id.is_(None))
)
_WAITING = _NOT_ENTERED.order_by(_decision.c.policy, _decision.c.cycle, _decision.c.earned_on, _approval.c.id)
_STILL_WAITING = _NOT_ENTERED.with_only_columns(_approval.c.grant_key).where(
    _approval.c.grant_key.in_(bindparam("grants", expanding=True))
)
_ADD_AWARDS = insert(_issue)

_Named = tuple[Row[Any], str]
"""An approved award (see `_NOT_ENTERED`), and its holder's name as it is printed."""


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
    are issued all the same. Raises Refused where earlier ones were signed with a key that the issuer does not know.
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


def anything_waits(engine: Engine, site: str) -> bool:
    """Whether there is an approved award that is not entered yet."""
    with reading(engine) as connection:
        return connection.execute(_NOT_ENTERED.limit(1), {"of_site": site}).first() is not None


def enter_approved(
    engine: Engine, site: str, issuer: Issuer, clock: Clock
) -> tuple[list[Award], list[Problem]]:
    """Gives each approved award its numbers and enters it, both in one transaction; documents come later.

    Up to `PORTION` awards share a transaction, and are entered all or none. Any number of processes may do this at
    once, and any of them may die at any moment.
    """
    entered: list[Award] = []
    problems: list[Problem] = []
    with reading(engine) as connection:
        waiting = connection.execute(_WAITING, {"of_site": site}).all()
        if not waiting:
            return [], []
        refuse_unknown_key(connection, site, issuer)
        names = printed_names(connection, [row.person_id for row in waiting])
        policies = kept_policies(connection, site, {row.policy_sha256 for row in waiting})
    wanting = {
        digest: list(design_problems(one.design, one.signatories, issuer.seals, issuer.logos))
        for digest, one in policies.items()
    }
    certificate_pdf.characters_lacking(
        "".join(names.values())
    )  # at once: Typst is asked for each that is new
    ready: list[_Named] = []
    for row in waiting:
        name = names.get(row.person_id, "")
        found = [*unprintable(name, row.person_id, policies[row.policy_sha256]), *wanting[row.policy_sha256]]
        problems.extend(one for one in found if one not in problems)
        if not found:
            ready.append((row, name))
    for portion in _portions(ready):
        policy = policies[portion[0][0].policy_sha256]
        made, refused = _enter(engine, site, policy, portion, issuer=issuer, clock=clock)
        entered.extend(made)
        problems.extend(refused)
    return entered, problems


def _portions(ready: list[_Named]) -> Iterator[list[_Named]]:
    """What is entered together: awards under one text of a policy, none of which can replace another of them.

    A first award comes before its renewal (see `_WAITING`), and each correction by itself.
    """
    for _, alike in groupby(ready, lambda one: (one[0].policy_sha256, one[0].cycle, one[0].supersedes)):
        while portion := list(islice(alike, PORTION)):
            yield portion


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
    policy: Policy,
    portion: list[_Named],
    *,
    issuer: Issuer,
    clock: Clock,
) -> tuple[list[Award], list[Problem]]:
    """Enters a portion, but for what another process has entered, or what may not be: why, is given back as well."""
    keys = [row.grant_key for row, _ in portion]
    for _ in range(_ATTEMPTS):
        with reading(engine) as connection:  # without the write lock, for which others may be waiting
            if not _still_waiting(connection, site, keys):
                return [], []
        try:
            with engine.begin() as connection:
                now = clock.now()
                head = open_chain(connection, site, now)
                waiting = _still_waiting(connection, site, keys)
                asked = [(row, name) for row, name in portion if row.grant_key in waiting]
                before, refused = _replaced(connection, site, asked)
                asked = [(row, name) for row, name in asked if row.grant_key in before]
                if not asked:
                    return [], refused
                awards = _numbered(connection, site, policy, asked, before, issuer=issuer, now=now)
                names = [name for _, name in asked]
                _insert_awards(connection, awards, names, policy.serial.series, issuer=issuer, head=head)
                for award, (row, _) in zip(awards, asked, strict=True):
                    if (old := before[row.grant_key]) is not None:
                        write_event(
                            connection,
                            old,
                            "superseded",
                            actor=row.approved_by,
                            reason="correction" if row.supersedes else "renewal",
                            now=now,
                            successor=award.id,
                        )
            return awards, refused
        except IntegrityError:
            # Another process took a grant, a number or an index between our look and our write
            # (never on SQLite, where we hold the write lock): the transaction is undone, so look again.
            continue
    raise LmsSyncError("issue.contention")


def _still_waiting(connection: Connection, site: str, keys: list[str]) -> set[str]:
    return set(connection.execute(_STILL_WAITING, {"of_site": site, "grants": keys}).scalars())


def _replaced(
    connection: Connection, site: str, asked: list[_Named]
) -> tuple[dict[str, Award | None], list[Problem]]:
    """By its grant key, what each award replaces; left out are those that may not be entered, and why."""
    before: dict[str, Award | None] = {}
    problems: list[Problem] = []
    for row, _ in asked:
        try:
            before[row.grant_key] = replaced_by(connection, site, row)
        except Refused as error:
            problems.extend(error.problems)
    return before, problems


def _numbered(
    connection: Connection,
    site: str,
    policy: Policy,
    asked: list[_Named],
    before: Mapping[str, Award | None],
    *,
    issuer: Issuer,
    now: datetime,
) -> list[Award]:
    """The awards with their numbers: serials without a gap, in this order, and places in a status list."""
    issued_on = local_date(now, policy.timezone)
    numbers = next_numbers(connection, site, policy.serial.series(issued_on.year), len(asked))
    status_list, indices = free_status_indices(connection, site, len(asked), now)
    words = worded(policy, issuer, asked[0][0].earned_on)
    return [
        Award(
            id=str(uuid.uuid4()),
            site=site,
            grant_key=row.grant_key,
            person_id=row.person_id,
            policy=policy.id,
            policy_version=policy.version,
            serial=policy.serial.number(issued_on.year, number),
            verification_id=new_verification_id(),
            status_list=status_list,
            status_index=index,
            issued_at=now.replace(microsecond=0),
            issued_on=issued_on,
            expires_on=row.expires_on,
            wording=words.model_copy(update={"earned_on": row.earned_on}),
            supersedes=None if (old := before[row.grant_key]) is None else old.id,
        )
        for (row, _), number, index in zip(asked, numbers, indices, strict=True)
    ]


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


def worded(policy: Policy, issuer: Issuer, earned_on: date) -> Wording:
    """What an award says that is issued now. Raises LmsSyncError where a logo cannot be read."""
    return Wording.of(
        policy,
        issuer_did=issuer.did,
        base_url=issuer.base_url,
        earned_on=earned_on,
        demo=issuer.signer.demo,
        logos=printed_logos(policy.design, issuer.logos),
        signatories=tuple(printed_signatory(one, issuer.seals) for one in policy.signatories),
    )


def _insert_awards(
    connection: Connection,
    awards: list[Award],
    names: list[str],
    series: Callable[[int], str],
    *,
    issuer: Issuer,
    head: Head,
) -> None:
    """Writes the rows of awards of one moment, the names of their holders, and that they were issued."""
    now = awards[0].issued_at
    rows = [
        {
            "id": award.id,
            "site": award.site,
            "grant_key": award.grant_key,
            "person_id": award.person_id,
            "policy": award.policy,
            "policy_version": award.policy_version,
            "series": series(award.issued_on.year),
            "serial": award.serial,
            "verification_id": award.verification_id,
            "status_list": award.status_list,
            "status_index": award.status_index,
            "issued_at": award.issued_at,
            "issued_on": award.issued_on,
            "expires_on": award.expires_on,
            "public": award.wording.as_json(),
            "supersedes": award.supersedes,
        }
        for award in awards
    ]
    connection.execute(_ADD_AWARDS, rows)
    # The name as printed is fixed now, so that documents made later, or again looked at, say the same.
    holders = []
    for award, name in zip(awards, names, strict=True):
        said = json.dumps({"name": name, "salt": secrets.token_hex(16)}, ensure_ascii=False)
        holders.append(Document(award, "holder", "application/json", said.encode("utf-8")))
    insert_documents(connection, holders, now)
    write_issued(connection, awards, actor=issuer.did, now=now, after=head)


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
