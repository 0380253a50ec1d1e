"""Pages that verify without network: the state of every certificate at one moment, signed, with the script that reads it.

Each page holds the whole list. A certificate stands there under the SHA-256 of its verification id, so that who has the list
learns of no certificate that they do not hold; no names are in it. Expired is computed when somebody looks; suspended,
revoked, replaced and erased are as of the list, and the page says how old that is.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from sqlalchemy import Engine, select

from authoring.languages import LocalizedText
from authoring.messages import LANGUAGES, text
from certificates.award import award_from_row
from certificates.dates import moment_in_words
from certificates.issuer import Issuer
from certificates.portal.lookup import seals_of
from certificates.public_key import PublicKey, did_document
from certificates.status import status_of
from lms_sync.clock import Clock
from lms_sync.store import schema
from lms_sync.store.database import reading
from lms_sync.write_files import refuse_links, write_durably

PORTAL = Path(__file__).parent / "portal"


def publish_offline(
    engine: Engine,
    site: str,
    folder: Path,
    issuer: Issuer,
    keys: tuple[PublicKey, ...],
    clock: Clock,
    *,
    issuer_name: LocalizedText | None = None,
) -> list[Path]:
    """Writes `verify-offline.<language>.html`, `did.json` and `status/<n>.json` into `folder`; gives back the files."""
    listed = json.dumps(
        _list(engine, site, issuer, clock), ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    listed = listed.replace("<", "\\u003c")  # it stands in a page
    signature = issuer.signer.sign_bytes(listed.encode("utf-8"))
    made: dict[str, bytes] = {
        "did.json": _json(did_document(issuer.did, *keys)),
        **{f"status/{number}.json": content for number, content in _status_lists(engine, site).items()},
        **{
            f"verify-offline.{language}.html": _page(language, listed, signature, issuer, clock, issuer_name)
            for language in LANGUAGES
        },
    }
    written = []
    for name, content in made.items():
        path = folder / name
        refuse_links(path, below=folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content)
        written.append(path)
    return written


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _status_lists(engine: Engine, site: str) -> dict[int, bytes]:
    lists = schema.status_list
    with reading(engine) as connection:
        rows = connection.execute(
            select(lists.c.number, lists.c.content).where(lists.c.site == site, lists.c.content.is_not(None))
        )
        return {row.number: bytes(row.content) for row in rows}


def _list(engine: Engine, site: str, issuer: Issuer, clock: Clock) -> dict[str, Any]:
    issue, document, event = schema.issue, schema.document, schema.status_event
    with reading(engine) as connection:
        rows = connection.execute(select(issue).where(issue.c.site == site)).all()
        digests = {
            pdf.issue_id: pdf.sha256
            for pdf in connection.execute(
                select(document.c.issue_id, document.c.sha256).where(
                    document.c.site == site, document.c.kind == "pdf"
                )
            )
        }
        events: dict[str, list[str]] = {}
        for said in connection.execute(
            select(event.c.issue_id, event.c.event).where(event.c.site == site).order_by(event.c.id)
        ):
            events.setdefault(said.issue_id, []).append(said.event)
    seals: dict[str, str] = {}
    awards = {}
    for row in rows:
        award = award_from_row(row)
        own = seals_of(row.public)
        seals.update({one["sha256"]: one["subject"] for one in own})
        awards[hashlib.sha256(award.verification_id.encode("ascii")).hexdigest()] = {
            "number": award.serial,
            "on": award.issued_on.isoformat(),
            "until": award.expires_on.isoformat() if award.expires_on else None,
            "status": status_of(events.get(award.id, ()), None, award.issued_on),
            "pdf": digests.get(award.id),
            "seals": [one["sha256"] for one in own],
        }
    return {
        "form": "offline-register/1",
        "issuer": issuer.did,
        "made_at": clock.now().isoformat(timespec="seconds"),
        "awards": awards,
        "seals": seals,
    }


def _page(
    language: str,
    listed: str,
    signature: bytes,
    issuer: Issuer,
    clock: Clock,
    issuer_name: LocalizedText | None,
) -> bytes:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PORTAL / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def say(code: str, **params: object) -> str:
        return text(f"portal.{code}", params, language)

    style = (PORTAL / "portal.css").read_text(encoding="utf-8")
    script = "".join((PORTAL / name).read_text(encoding="utf-8") for name in ("check_file.js", "offline.js"))
    multikey = issuer.signer.public.multikey
    return (
        pages.get_template("offline.html")
        .render(
            say=say,
            language=language,
            issuer=issuer_name.in_language(language) if issuer_name else issuer.did,
            did=issuer.did,
            made=moment_in_words(clock.now(), language),
            # Inline parts are Markup, so that their bytes are those whose digests the policy names.
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            listed=Markup(listed),  # noqa: S704 - JSON without "<"
            style_digest=_digest(style),
            script_digest=_digest(script),
            signature=base64.b64encode(signature).decode("ascii"),
            key=base64.b64encode(issuer.signer.public.raw()).decode("ascii"),
            multikey=multikey,
            demo=issuer.signer.demo,
        )
        .encode("utf-8")
    )


def _digest(inline: str) -> str:
    """As a Content-Security-Policy names an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(inline.encode("utf-8")).digest()).decode("ascii")
