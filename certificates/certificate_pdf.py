"""Renders the certificate: one A4 sheet as PDF/A-3a, with the signed credential attached.

Typst sets it from `designs/certificate.typ` with the font built into the engine, so that the same award
gives the same bytes on every machine. Rendered once, stored by SHA-256, never rendered again.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import typst

from authoring.languages import LocalizedText
from authoring.messages import text
from authoring.problems import LmsSyncError
from certificates.award import Award, Wording
from certificates.dates import long_date, plain_number
from certificates.design import PrintedSignatory, Sheet, SignaturePlace, signature_places
from certificates.policy import Policy
from certificates.verification_id import in_groups

DESIGNS = Path(__file__).parent / "designs"
ARCHIVE: Literal["a-3a"] = "a-3a"
ACCESSIBLE: Literal["ua-1"] = "ua-1"
"""Archive and accessibility. Typst refuses what breaks either; signing keeps to both (see `pdf_signatures`)."""

_LONG_NUMBER = re.compile(r"\d+\.\d{3,}")
# Any mask may be read (ISO/IEC 18004, 7.8): weighing all eight, for an address that is random letters anyhow, takes as
# long as a fifth of the whole certificate.
QR_OPTIONS: dict[str, Any] = {"error": "m", "micro": False, "mask": 3}
_DARK = re.compile(b"\x01+")  # modules of a row
_SURELY_FITS = 60  # characters of a name that need not be measured

_with_glyph: set[str] = set()
_without_glyph: set[str] = set()


class NotRendered(LmsSyncError):
    """A certificate could not be set."""


def render(award: Award, holder: str, credential: bytes | None, logos: Sequence[str] = ()) -> bytes:
    """The certificate of an award as PDF/A-3a and PDF/UA-1; `credential` is attached as "credential.json".

    `logos` are SVG, in the order of the wording's. The same arguments give the same bytes: the time in the file is the
    time of issue. Raises NotRendered.
    """
    try:
        return compile_sheet(sheet_source(award, holder, credential, logos), timestamp=award.issued_at)
    except typst.TypstError as error:
        raise NotRendered("certificate.not-rendered", serial=award.serial, reason=error.message) from error


def sheet_source(award: Award, holder: str, credential: bytes | None, logos: Sequence[str] = ()) -> str:
    """What Typst is given for a certificate (see `render`)."""
    wording = award.wording
    own = {
        "title": f"{wording.title.in_language(wording.languages[0])} – {award.serial}",
        "about": award.verification_url,
        "holder": holder,
        "serial": award.serial,
        "issued_on": _in_languages(award.issued_on, wording.languages),
        "expires_on": _in_languages(award.expires_on, wording.languages) if award.expires_on else None,
        "id_lines": _in_lines(in_groups(award.verification_id)),
        "qr_alt": award.verification_url,
    }
    attached = "none" if credential is None else f"bytes({_literal(credential.decode('utf-8'))})"
    common = f"json(bytes({_literal(_in_common(wording, logos))}))"
    return f"""#import "/certificate.typ": certificate
#certificate(
  {common},
  json(bytes({_literal(json.dumps(own, ensure_ascii=False))})),
  {_taken(common)},
  bytes({_literal(_qr(award.verification_url))}),
  bytes({_literal(_backdrop(wording.kind, wording.sheet))}),
  {attached},
)
"""


def _in_common(wording: Wording, logos: Sequence[str]) -> str:
    """What every certificate with this wording says, as JSON."""
    data = {
        "kind": wording.kind,
        "sheet": wording.sheet,
        "signers": [
            {"left": place.left, "line": place.line, "width": place.width, "name": signer.name}
            for signer, place in zip(
                wording.signers, signature_places(wording.sheet, len(wording.signers)), strict=True
            )
        ],
        "logos": [
            {"svg": svg, "alt": logo.name.in_language(wording.languages[0])}
            for svg, logo in zip(logos, wording.logos, strict=True)
        ],
        "demo": wording.demo,
        "host": _shown_address(wording.base_url),
        "texts": [_texts(wording, language) for language in wording.languages],
    }
    return json.dumps(data, ensure_ascii=False)


def printed_name(given_name: str, family_name: str) -> str:
    """A name as it is printed: given name first, composed letters (NFC), single spaces."""
    return unicodedata.normalize("NFC", " ".join(f"{given_name} {family_name}".split()))


def printed_text(policy: Policy) -> str:
    """Everything that a policy puts on the certificate, in one string, for the check of its letters."""
    parts: list[str] = [*(one.name for one in policy.signatories), policy.serial.pattern]
    localized: tuple[LocalizedText, ...] = (
        policy.title,
        policy.issuer_name,
        *(one.role for one in policy.signatories),
    )
    for language in policy.languages:
        parts.extend(each.in_language(language) for each in localized)
        parts.extend(policy.outcomes.get(language, ()))
    return unicodedata.normalize("NFC", " ".join(parts))


def characters_lacking(printed: str) -> tuple[str, ...]:
    """The characters of a text that the certificate's font lacks, or that cannot be printed, in order."""
    characters = {c for c in printed if c != " "}
    unseen = "".join(sorted(characters - _with_glyph - _without_glyph))
    if unseen:
        if unseen.isprintable() and _can_set(unseen):
            _with_glyph.update(unseen)
        else:
            for character in unseen:
                known = _with_glyph if character.isprintable() and _can_set(character) else _without_glyph
                known.add(character)
    lacking = dict.fromkeys(c for c in printed if c in _without_glyph)
    return tuple(c if c.isprintable() else f"U+{ord(c):04X}" for c in lacking)


def name_fits(name: str, sheet: Sheet) -> bool:
    """Whether a name stands on its sheet in the smallest size, in two lines at most."""
    if len(name) <= _SURELY_FITS:
        return True
    try:
        compile_sheet(
            f'#import "/certificate.typ": name_must_fit\n#name_must_fit({_literal(name)}, {_literal(sheet)})',
            trial=True,
        )
    except typst.TypstError:
        return False
    return True


def wording_fits(policy: Policy) -> bool:
    """Whether what a policy says stands on its sheet, each part in its smallest size."""
    wording = Wording.of(
        policy, issuer_did="", base_url="https://v.example", earned_on=date(2000, 1, 1), demo=False
    )
    return _common_fits(_in_common(wording, ()), len(policy.design.logos))


@lru_cache(maxsize=32)
def _common_fits(common: str, logos: int) -> bool:
    call = f"#common_must_fit(json(bytes({_literal(common)})), {logos})"
    try:
        compile_sheet(f'#import "/certificate.typ": common_must_fit\n{call}', trial=True)
    except typst.TypstError:
        return False
    return True


def sealed_places(wording: Wording) -> Iterator[tuple[PrintedSignatory, SignaturePlace]]:
    """Who signs with a seal, and where on the sheet; the issuer first."""
    places = signature_places(wording.sheet, len(wording.signers))
    for signer, place in zip(wording.signers, places, strict=True):
        if signer.seal is not None:
            yield signer, place


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(root=str(DESIGNS), font_paths=_fonts())


@lru_cache(maxsize=8)
def _taken(common: str) -> str:
    """How high the words are that all certificates with a wording have in common, in points.

    Measured once: measured on each sheet it is a sixth of the whole.
    """
    source = f'#import "/certificate.typ": taken_in_common\n#taken_in_common({common})'
    compiler = typst.Compiler(source.encode("utf-8"), root=str(DESIGNS), font_paths=_fonts())
    return str(json.loads(compiler.query("<taken>", field="value", one=True)))


def compile_sheet(source: str, timestamp: datetime | None = None, *, trial: bool = False) -> bytes:
    """A sheet as PDF/A-3a, and as PDF/UA-1 where it is more than a trial. Raises TypstError."""
    made = _compiler().compile(
        input=source.encode("utf-8"),
        format="pdf",
        pdf_standards=[ARCHIVE] if trial else [ARCHIVE, ACCESSIBLE],
        timestamp=timestamp,
    )
    assert isinstance(made, bytes)
    return made


@cache
def _backdrop(kind: str, sheet: str) -> str:
    """The ornaments of a sheet as SVG, to a hundredth of a point."""
    source = f'#import "/certificate.typ": only_backdrop\n#only_backdrop({_literal(kind)}, {_literal(sheet)})'
    made = _compiler().compile(input=source.encode("utf-8"), format="svg")
    assert isinstance(made, bytes)
    return _LONG_NUMBER.sub(lambda found: f"{float(found.group()):.2f}", made.decode("utf-8"))


def _literal(value: str) -> str:
    """A Typst string literal."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _can_set(characters: str) -> bool:
    apart = _literal(" ".join(characters))
    try:
        compile_sheet(f'#set text(font: "Libertinus Serif", fallback: false)\n#{apart}', trial=True)
    except typst.TypstError:
        return False
    return True


def _texts(wording: Wording, language: str) -> dict[str, Any]:
    hours = "" if wording.hours is None else plain_number(wording.hours)
    return {
        "lang": language,
        "issuer": wording.issuer_name.in_language(language),
        "title": wording.title.in_language(language),
        "signers": [_signer_texts(signer, language) for signer in wording.signers],
        "outcomes": list(wording.outcomes.get(language, ())),
        "heading": text(f"certificate.heading-{wording.kind}", {}, language),
        "certifies": text(_certifies(wording), {}, language),
        "achieved": text(f"certificate.has-{wording.kind}", {}, language),
        "hours": text("certificate.hours", {"n": hours}, language) if hours else "",
        "outcomes_title": text(_outcomes_title(wording), {}, language),
        "check": text("certificate.check", {}, language),
        "serial_label": text("certificate.serial", {}, language),
        "issued_label": text("certificate.issued-on", {}, language),
        "expires_label": text("certificate.valid-until", {}, language),
        "no_expiry": text("certificate.no-expiry", {}, language),
        "demo": text("certificate.demo", {}, language),
        "demo_note": text("certificate.demo-note", {}, language),
    }


def _signer_texts(signer: PrintedSignatory, language: str) -> dict[str, str]:
    seal = (
        ""
        if signer.seal_subject is None
        else text("certificate.sealed", {"name": signer.seal_subject}, language)
    )
    return {"role": signer.role.in_language(language), "seal": seal}


def _certifies(wording: Wording) -> str:
    return "certificate.certifies-attendance" if wording.kind == "attendance" else "certificate.certifies"


def _outcomes_title(wording: Wording) -> str:
    return "certificate.outcomes-institution" if wording.kind == "institution" else "certificate.outcomes"


def _in_languages(day: date, languages: tuple[str, ...]) -> str:
    """The date once where all languages write it alike, else side by side."""
    return "  ·  ".join(dict.fromkeys(long_date(day, language) for language in languages))


def _shown_address(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.netloc}{parts.path}".rstrip("/")


def _in_lines(grouped: str) -> list[str]:
    groups = grouped.split("-")
    return ["-".join(groups[:4]) + "-", "-".join(groups[4:])]


def _qr(url: str) -> str:
    """The QR code of an address as SVG: one shape, a rectangle for each run of dark modules in a row."""
    import segno

    modules = segno.make(url, **QR_OPTIONS).matrix
    size = len(modules)
    runs = (
        f"M{run.start()} {y}h{run.end() - run.start()}v1h-{run.end() - run.start()}z"
        for y, row in enumerate(modules)
        for run in _DARK.finditer(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<path fill="#23252b" d="{"".join(runs)}"/></svg>'
    )
