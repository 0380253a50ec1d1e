"""The list of proposed awards as a PDF to sign: who approves reads names and dates, signs, and gives it a number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Engine, select

from authoring.messages import text
from certificates.dates import long_date
from certificates.policy import Policy
from certificates.proposals import Proposal
from lms_sync.sessions.typeset import typeset
from lms_sync.store import schema
from lms_sync.store.database import reading

DESIGNS = Path(__file__).parent / "designs"
_SHOWN_ID = 8

_WORDS = (
    "heading", "award", "as-of", "number", "name", "institution", "earned", "until", "renewal", "id", "no-end",
    "statement", "statement-two", "approves", "approves-second", "signature", "date", "protocol", "legal-basis",
    "page", "digest", "policy",
)  # fmt: skip


def list_to_sign(
    engine: Engine,
    site: str,
    policy: Policy,
    proposals: Sequence[Proposal],
    *,
    language: str,
    today: date,
) -> bytes:
    """The PDF about one policy; `language` is the reader's. The same list made on the same day has the same bytes."""
    institutions = _institutions(engine, site, [one.person_id for one in proposals])
    data = {
        "lang": language,
        "issuer": policy.issuer_name.in_language(language),
        "title": policy.title.in_language(language),
        "kind": text(f"certificate.heading-{policy.kind}", {}, language),
        "version": str(policy.version),
        "sha256": policy.sha256,
        "as_of": long_date(today, language),
        "count": text("to-sign.count", {"n": len(proposals)}, language),
        "two": policy.approval == "two-persons",
        "rows": [
            {
                "name": one.name,
                "institution": institutions.get(one.person_id, ""),
                "earned": one.earned_on.isoformat(),
                "until": "" if one.expires_on is None else one.expires_on.isoformat(),
                "renewal": one.cycle > 1,
                "id": one.grant_key[:_SHOWN_ID],
            }
            for one in proposals
        ],
        "digest": list_digest(proposals),
        "words": {name: text(f"to-sign.{name}", {}, language) for name in _WORDS},
    }
    return typeset("to_sign", data, {}, dated=today, designs=DESIGNS)


def list_digest(proposals: Sequence[Proposal]) -> str:
    """What names exactly this list: SHA-256 over the grant keys and the decisions."""
    said = "\n".join(sorted(f"{one.grant_key} {one.decision_id}" for one in proposals))
    return hashlib.sha256(said.encode("ascii")).hexdigest()


def _institutions(engine: Engine, site: str, people: Sequence[str]) -> Mapping[str, str]:
    """Where people are now, by the code of the institution."""
    table = schema.membership
    with reading(engine) as connection:
        query = select(table.c.person_id, table.c.institution).where(
            table.c.site == site, table.c.valid_to.is_(None), table.c.person_id.in_(people)
        )
        return {row.person_id: row.institution for row in connection.execute(query.order_by(table.c.id))}
