"""The slips of an institution as PDF, eight on a sheet."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Logo:
    """A partner's picture, and what it is called for those who cannot see it."""

    name: str
    path: Path


def slips_pdf(
    slips: Sequence[Slip],
    *,
    institution: str,
    site_url: str,
    language: str,
    logos: Sequence[Logo] = (),
) -> bytes:
    """One PDF with a slip for each, in the order given, each with the partners' logos; raises SlipsNotSet.

    The passwords are in it, and it is never written by this function. A logo that cannot be set is no reason to
    lose passwords that nobody else has: the slips then come without logos.
    """
    address = f"{site_url.rstrip('/')}/login/index.php"
    parts = urlsplit(site_url)
    pictures = {f"{number}{one.path.suffix.lower()}": one for number, one in enumerate(logos)}
    data: dict[str, object] = {
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
        "logos": [{"file": file, "name": one.name} for file, one in pictures.items()],
    }
    with tempfile.TemporaryDirectory(
        prefix="lms-sync-"
    ) as root:  # designs and logos; the passwords stay in memory
        shutil.copytree(DESIGNS, root, dirs_exist_ok=True)
        try:
            for file, one in pictures.items():
                shutil.copyfile(one.path, Path(root) / file)
            return _set(data, root, address)
        except (OSError, SlipsNotSet):
            if not pictures:
                raise
            return _set({**data, "logos": []}, root, address)


def _set(data: Mapping[str, object], root: str, address: str) -> bytes:
    source = f"""#import "/slips.typ": slips
#slips(json(bytes({_literal(json.dumps(data, ensure_ascii=False))})), bytes({_literal(_qr(address))}))
"""
    try:
        made = typst.Compiler(root=root, ignore_system_fonts=True).compile(
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
