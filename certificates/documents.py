"""The documents of an award, each made and written once: holder's name, credential, certificate."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, bindparam, exists, func, insert, select
from sqlalchemy.exc import IntegrityError

from authoring.messages import text
from authoring.problems import LmsSyncError, Problem, Refused
from certificates import certificate_pdf
from certificates.award import KINDS, Award, award_from_row
from certificates.chain import ERASED, Said, add_entries, open_chain
from certificates.credential import MEDIA_TYPE, build_credential
from certificates.issuer import Issuer
from certificates.pdf_signatures import SignatureField, sign_pdf
from certificates.printed import logo_svg, read_logo
from lms_sync.clock import Clock
from lms_sync.store import schema
from lms_sync.store.database import reading
from lms_sync.typst_memory import trim
from lms_sync.write_files import refuse_links, write_durably

PORTION = 16
"""How many awards are entered, or get their documents, in one transaction: what a crash undoes, and what is done again."""

_ATTEMPTS = 20

_document = schema.document
_ADD_DOCUMENTS = insert(_document)
_OF_AWARDS = select(_document.c.issue_id, _document.c.kind, _document.c.content).where(
    _document.c.issue_id.in_(bindparam("awards", expanding=True))
)
_THERE = select(
    _document.c.issue_id, _document.c.kind, (func.length(_document.c.content) > 0).label("filled")
).where(_document.c.issue_id.in_(bindparam("awards", expanding=True)))
_UNFINISHED = (
    select(schema.issue)
    .where(
        schema.issue.c.site == bindparam("of_site"),
        select(func.count()).where(_document.c.issue_id == schema.issue.c.id).scalar_subquery() < len(KINDS),
        ~exists().where(
            schema.status_event.c.issue_id == schema.issue.c.id, schema.status_event.c.event == ERASED
        ),
    )
    .order_by(schema.issue.c.issued_at, schema.issue.c.serial)
)

_T = TypeVar("_T")
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Document:
    """A document of an award, to be stored: its kind (see `KINDS`), media type and bytes."""

    award: Award
    kind: str
    media_type: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """What it is kept by."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class _Draft:
    """What is made of an award's documents so far; empty is what is still to be made."""

    award: Award
    holder: str
    salt: str
    stored: frozenset[str]
    credential: bytes
    pdf: bytes = b""

    def documents(self) -> list[Document]:
        """Those that are not stored yet."""
        both = (("credential", MEDIA_TYPE, self.credential), ("pdf", "application/pdf", self.pdf))
        return [Document(self.award, *one) for one in both if one[0] not in self.stored]


def make_documents(
    engine: Engine, site: str, issuer: Issuer, clock: Clock
) -> tuple[list[Award], list[Problem]]:
    """Makes the credential and the certificate of every award that lacks them. Each is written once.

    A portion at a time: the same work for each of them and then the next, which a processor does faster than all of it
    for one after the other; and one transaction for what they have become.
    """
    with reading(engine) as connection:
        unfinished = [award_from_row(row) for row in connection.execute(_UNFINISHED, {"of_site": site})]
    completed: list[Award] = []
    problems: list[Problem] = []
    for begin in range(0, len(unfinished), PORTION):
        trim()  # what Typst remembers of each certificate lies scattered: a third of it would stay
        drafts = _drafted(engine, unfinished[begin : begin + PORTION], issuer, clock, problems)
        if drafts:
            keep_documents(engine, site, [one for draft in drafts for one in draft.documents()], clock)
            completed.extend(draft.award for draft in drafts)
    return completed, problems


def _drafted(
    engine: Engine, awards: Sequence[Award], issuer: Issuer, clock: Clock, problems: list[Problem]
) -> list[_Draft]:
    """The documents of a portion; awards for which one could not be made are left out, and why is added to `problems`."""
    stored: dict[str, dict[str, bytes]] = defaultdict(dict)
    with reading(engine) as connection:
        for row in connection.execute(_OF_AWARDS, {"awards": [award.id for award in awards]}):
            stored[row.issue_id][row.kind] = bytes(row.content)

    def each(work: Callable[[_T], _Made], over: Iterable[_T]) -> list[_Made]:
        done = []
        for one in over:
            try:
                done.append(work(one))
            except LmsSyncError as error:
                problems.extend(error.problems)
        return done

    drafts = each(lambda award: _begun(award, stored[award.id], issuer), awards)
    drafts = each(lambda draft: _with_credential(draft, issuer, clock), drafts)
    drafts = each(lambda draft: _with_sheet(draft, issuer), drafts)
    return each(lambda draft: _with_seals(draft, issuer, clock), drafts)


def _begun(award: Award, stored: dict[str, bytes], issuer: Issuer) -> _Draft:
    if award.wording.issuer_did != issuer.did:
        raise Refused("issue.other-issuer", serial=award.serial, did=award.wording.issuer_did)
    if not stored.get("holder"):
        raise LmsSyncError("issue.no-document", kind="holder", id=award.id)
    holder = json.loads(stored["holder"])
    return _Draft(award, holder["name"], holder["salt"], frozenset(stored), stored.get("credential", b""))


def _with_credential(draft: _Draft, issuer: Issuer, clock: Clock) -> _Draft:
    if "credential" in draft.stored:
        return draft
    signed = issuer.signer.sign(build_credential(draft.award, draft.holder, draft.salt), clock.now())
    return replace(
        draft, credential=(json.dumps(signed, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    )


def _with_sheet(draft: _Draft, issuer: Issuer) -> _Draft:
    """Raises Refused where a logo is another than when the award was entered."""
    if "pdf" in draft.stored:
        return draft
    award, logos = draft.award, []
    for logo in award.wording.logos:
        content = read_logo(issuer.logos, logo.file)
        if hashlib.sha256(content).hexdigest() != logo.sha256:
            raise Refused("design.logo-changed", serial=award.serial, file=logo.file)
        logos.append(logo_svg(content, logo.file))
    return replace(draft, pdf=certificate_pdf.render(award, draft.holder, draft.credential, logos=logos))


def _with_seals(draft: _Draft, issuer: Issuer, clock: Clock) -> _Draft:
    """Signed by every seal that the award names. Raises Refused where one is another than when it was entered."""
    if "pdf" in draft.stored:
        return draft
    award, fields = draft.award, []
    for number, (signer, place) in enumerate(certificate_pdf.sealed_places(award.wording), 1):
        seal = issuer.seals.get(signer.seal or "")
        if seal is None or seal.sha256 != signer.seal_sha256:
            raise Refused("seal.other", serial=award.serial, seal=signer.seal)
        language = award.wording.languages[0]
        role = signer.role.in_language(language)
        says = text(
            "certificate.seal-field", {"name": signer.name, "role": role, "seal": seal.subject}, language
        )
        fields.append(
            SignatureField(f"signature-{number}", place.rect(award.wording.sheet), says, language, seal)
        )
    return replace(draft, pdf=sign_pdf(draft.pdf, fields, clock.now()))


def keep_documents(engine: Engine, site: str, documents: Sequence[Document], clock: Clock) -> None:
    """Stores documents of awards together, all or none, each an entry of the chain.

    Left out are those that another process has stored first, and those of holders who were erased meanwhile.
    """
    for _ in range(_ATTEMPTS):
        try:
            with engine.begin() as connection:
                now = clock.now()
                head = open_chain(connection, site, now)
                there = connection.execute(
                    _THERE, {"awards": sorted({one.award.id for one in documents})}
                ).all()
                stored = {(row.issue_id, row.kind) for row in there}
                erased = {row.issue_id for row in there if row.kind == "holder" and not row.filled}
                new = [
                    one
                    for one in documents
                    if (one.award.id, one.kind) not in stored and one.award.id not in erased
                ]
                if new:
                    insert_documents(connection, new, now)
                    said = [Said(one.kind, one.award.id, one.sha256) for one in new]
                    add_entries(connection, site, said, now, head)
            return
        except IntegrityError:  # as in `certificates.issue`: another process was first after all
            continue
    raise LmsSyncError("issue.contention")


def insert_documents(connection: Connection, documents: Sequence[Document], now: datetime) -> None:
    """Writes documents within the caller's transaction; a second one of its kind is an IntegrityError."""
    rows = [
        {
            "issue_id": one.award.id,
            "kind": one.kind,
            "site": one.award.site,
            "sha256": one.sha256,
            "media_type": one.media_type,
            "content": one.content,
            "created_at": now,
        }
        for one in documents
    ]
    connection.execute(_ADD_DOCUMENTS, rows)


def find_document(engine: Engine, issue_id: str, kind: str) -> bytes | None:
    """A stored document of an award ("holder", "credential", "pdf"), or None; None too where it was erased."""
    table = schema.document
    with reading(engine) as connection:
        query = select(table.c.content).where(table.c.issue_id == issue_id, table.c.kind == kind)
        found = connection.execute(query).scalar_one_or_none()
    return bytes(found) if found else None


def read_document(engine: Engine, issue_id: str, kind: str) -> bytes:
    """A stored document, exactly as it was issued. Raises LmsSyncError where it is not there."""
    found = find_document(engine, issue_id, kind)
    if found is None:
        raise LmsSyncError("issue.no-document", kind=kind, id=issue_id)
    return found


def write_certificates(engine: Engine, site: str, folder: Path) -> list[Path]:
    """Writes `<serial>.pdf` for every certificate of a site that is not in `folder` yet, for printing.

    Gives back the files that are new; only their owner may read them, for they name people. Raises CannotWrite.
    """
    refuse_links(folder / "any", below=folder.parent.parent)  # <academy>/build/certificates
    issue, document = schema.issue, schema.document
    with reading(engine) as connection:
        there = connection.execute(
            select(issue.c.id, issue.c.serial)
            .join(document, document.c.issue_id == issue.c.id)
            .where(issue.c.site == site, document.c.kind == "pdf", func.length(document.c.content) > 0)
            .order_by(issue.c.issued_at, issue.c.serial)
        ).all()
    written = []
    for issue_id, serial in there:
        path = folder / f"{serial.replace('/', '-')}.pdf"
        if not path.exists():
            write_durably(path, read_document(engine, issue_id, "pdf"), mode=0o600)
            written.append(path)
    return written
