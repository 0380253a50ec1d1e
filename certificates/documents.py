"""The documents of an award, each made and written once: holder's name, credential, certificate."""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from authoring.messages import text
from authoring.problems import LmsSyncError, Problem, Refused
from certificates import certificate_pdf
from certificates.award import KINDS, Award, award_from_row
from certificates.chain import add_document, open_chain
from certificates.credential import MEDIA_TYPE, build_credential
from certificates.issuer import Issuer
from certificates.pdf_signatures import SignatureField, sign_pdf
from certificates.printed import logo_svg, read_logo
from lms_sync.clock import Clock
from lms_sync.store import schema
from lms_sync.store.database import reading
from lms_sync.typst_memory import trim
from lms_sync.write_files import refuse_links, write_durably

_ADD_DOCUMENT = insert(schema.document)
_OF_AWARD = select(schema.document.c.kind, schema.document.c.content).where(
    schema.document.c.issue_id == bindparam("award")
)


def make_documents(
    engine: Engine, site: str, issuer: Issuer, clock: Clock
) -> tuple[list[Award], list[Problem]]:
    """Makes the credential and the certificate of every award that lacks them. Each is written once."""
    issue, document = schema.issue, schema.document
    there = select(func.count()).where(document.c.issue_id == issue.c.id).scalar_subquery()
    with reading(engine) as connection:
        unfinished = [
            award_from_row(row)
            for row in connection.execute(
                select(issue)
                .where(issue.c.site == site, there < len(KINDS))
                .order_by(issue.c.issued_at, issue.c.serial)
            )
        ]
    completed: list[Award] = []
    problems: list[Problem] = []
    for award in unfinished:
        trim()  # what Typst remembers of each certificate lies scattered: a third of it would stay
        try:
            _complete(engine, award, issuer, clock)
        except LmsSyncError as error:
            problems.extend(error.problems)
        else:
            completed.append(award)
    return completed, problems


def _complete(engine: Engine, award: Award, issuer: Issuer, clock: Clock) -> None:
    if award.wording.issuer_did != issuer.did:
        raise Refused("issue.other-issuer", serial=award.serial, did=award.wording.issuer_did)
    with reading(engine) as connection:
        there = {row.kind: bytes(row.content) for row in connection.execute(_OF_AWARD, {"award": award.id})}
    if not there.get("holder"):
        raise LmsSyncError("issue.no-document", kind="holder", id=award.id)
    holder = json.loads(there["holder"])
    made: list[tuple[str, str, bytes]] = []
    credential = there.get("credential")
    if credential is None:
        signed = issuer.signer.sign(build_credential(award, holder["name"], holder["salt"]), clock.now())
        credential = (json.dumps(signed, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
        made.append(("credential", MEDIA_TYPE, credential))
    if "pdf" not in there:
        certificate = finished_certificate(award, holder["name"], credential, issuer, clock)
        made.append(("pdf", "application/pdf", certificate))
    _write_once(engine, award, made, clock=clock)


def finished_certificate(
    award: Award, holder: str, credential: bytes | None, issuer: Issuer, clock: Clock
) -> bytes:
    """The certificate as it is handed over: set, with the credential inside, and signed by every seal that it names.

    Raises Refused where a logo or a seal is another than when the award was entered.
    """
    logos = []
    for logo in award.wording.logos:
        content = read_logo(issuer.logos, logo.file)
        if hashlib.sha256(content).hexdigest() != logo.sha256:
            raise Refused("design.logo-changed", serial=award.serial, file=logo.file)
        logos.append(logo_svg(content, logo.file))
    certificate = certificate_pdf.render(award, holder, credential, logos=logos)
    fields = []
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
    return sign_pdf(certificate, fields, clock.now())


def _write_once(engine: Engine, award: Award, made: list[tuple[str, str, bytes]], *, clock: Clock) -> None:
    """Stores documents together (kind, media type, content), or leaves those that another process stored first."""
    now = clock.now()
    with contextlib.suppress(IntegrityError), engine.begin() as connection:
        last = open_chain(connection, award.site, now)
        for kind, media_type, content in made:
            sha256 = insert_document(connection, award, kind, media_type, content, now=now)
            last = add_document(connection, award.site, award.id, kind, sha256, now, last)


def insert_document(
    connection: Connection, award: Award, kind: str, media_type: str, content: bytes, *, now: datetime
) -> str:
    """Writes a document within the caller's transaction, and gives back its SHA-256; a second one of its kind is an
    IntegrityError.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    connection.execute(
        _ADD_DOCUMENT,
        {
            "issue_id": award.id,
            "kind": kind,
            "site": award.site,
            "sha256": sha256,
            "media_type": media_type,
            "content": content,
            "created_at": now,
        },
    )
    return sha256


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
