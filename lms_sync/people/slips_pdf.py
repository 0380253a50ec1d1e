"""The slips of an institution as PDF, eight on a sheet."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import segno
import typst

from authoring.messages import text
from authoring.problems import LmsSyncError
from lms_sync.people.slips import Slip

DESIGNS = Path(__file__).parent / "designs"


class SlipsNotSet(LmsSyncError):
    """The slips could not be set."""


def slips_pdf(slips: Sequence[Slip], *, institution: str, site_url: str, language: str) -> bytes:
    """One PDF with a slip for each, in the order given; raises SlipsNotSet.

    The passwords are in it, and it is never written by this function.
    """
    address = f"{site_url.rstrip('/')}/login/index.php"
    parts = urlsplit(site_url)
    data = {
        "words": {
            "lang": language,
            "title": text("slip.title", {"institution": institution}, language),
            "heading": text("slip.heading", {}, language),
            "username": text("slip.username", {}, language),
            "password": text("slip.password", {}, language),
            "steps": text("slip.steps", {}, language),
            "shown": f"{parts.netloc}{parts.path}".rstrip("/"),
            "url": address,
        },
        "slips": [
            {
                "name": one.name,
                "institution": institution,
                "username": one.username,
                "password": one.password.reveal(),
            }
            for one in slips
        ],
    }
    source = f"""#import "/slips.typ": slips
#slips(json(bytes({_literal(json.dumps(data, ensure_ascii=False))})), bytes({_literal(_qr(address))}))
"""
    try:
        made = typst.Compiler(root=str(DESIGNS), ignore_system_fonts=True).compile(
            input=source.encode("utf-8"), format="pdf"
        )
    except typst.TypstError as error:
        raise SlipsNotSet(
            "slip.not-set", reason=str(error.message)[:200]
        ) from None  # the source holds passwords
    assert isinstance(made, bytes)
    return made


def _literal(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _qr(url: str) -> str:
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, dark="#23252b")
    return out.getvalue().decode("utf-8")
