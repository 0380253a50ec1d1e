"""The register of awards for the archive as PDF/A-3a: to be read by people, with the CSV for programs inside."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import Engine, select

from authoring.languages import LocalizedText
from authoring.messages import text
from certificates import chain
from certificates.certificate_pdf import ACCESSIBLE, ARCHIVE, characters_lacking
from certificates.dates import long_date
from certificates.listing import REGISTER
from lms_sync.people.read_csv import write_csv
from lms_sync.sessions.typeset import typeset
from lms_sync.store import schema
from lms_sync.store.database import reading

DESIGNS = Path(__file__).parent / "designs"

_WORDS = (
    "heading", "as-of", "awards", "head", "explained", "attached", "entry", "serial", "holder", "award", "issued", "until",
    "status", "approved", "entry-hash", "pdf-hash", "page", "empty",
)  # fmt: skip


def register_pdf(
    engine: Engine,
    site: str,
    rows: list[list[str | float]],
    *,
    issuer_name: LocalizedText | None,
    language: str,
    today: date,
) -> bytes:
    """The PDF of what `listing.register_rows` gave, heading included. The same rows on the same day give the same bytes.

    Declares PDF/A-3a and PDF/UA-1; `register.csv` is attached with every column and every letter. A letter that the
    font lacks stands as its number, [U+…]. Raises NotTypeset.
    """
    with reading(engine) as connection:
        table = schema.register_head
        head = connection.execute(select(table).where(table.c.site == site)).first()
    data = {
        "lang": language,
        "issuer": _printable(site if issuer_name is None else issuer_name.in_language(language)),
        "as_of": long_date(today, language),
        "count": str(len(rows) - 1),
        "entries": str(0 if head is None else head.number),
        "head": chain.beginning(site) if head is None else head.hash,
        "csv": write_csv(rows).decode("utf-8"),
        "rows": [_row(dict(zip(REGISTER, row, strict=True)), language) for row in rows[1:]],
        "words": {name: text(f"register-pdf.{name}", {}, language) for name in _WORDS},
    }
    return typeset("register", data, {}, dated=today, designs=DESIGNS, standards=(ARCHIVE, ACCESSIBLE))


def _row(row: dict[str, str | float], language: str) -> dict[str, str]:
    status = text(f"portal.status-{row['status']}", {}, language)
    if row["replaced_by"]:
        status += f" → {row['replaced_by']}"
    approved = [
        row["approved_by"],
        row["first_approved_by"],
        str(row["approved_at"])[:10],
        row["protocol_number"],
        row["legal_basis"],
    ]
    return {
        "entry": str(row["entry"]),
        "serial": _printable(str(row["serial"])),
        "holder": _printable(str(row["holder"])) or "–",
        "award": _printable(f"{row['award']} {row['version']}"),
        "issued": str(row["issued_on"]),
        "until": str(row["valid_until"]) or "–",
        "status": _printable(status),
        "approved": _printable(", ".join(str(one) for one in approved if one)),
        "hash": str(row["entry_hash"]),
        "pdf": str(row["pdf_sha256"]) or "–",
    }


def _printable(said: str) -> str:
    """The text with letters that the font lacks written as their numbers."""
    lacking = {one if len(one) == 1 else chr(int(one[2:], 16)) for one in characters_lacking(said)}
    return "".join(f"[U+{ord(c):04X}]" if c in lacking else c for c in said)
