"""How a certificate looks, as its policy says: the sheet, the logos of those who support it, who signs beside the issuer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from authoring.languages import LocalizedText
from certificates.requirement import Slug, Strict

Sheet = Literal["landscape", "portrait"]

_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_LOGO_FILE = re.compile(rf"({_PART}/)*{_PART}\.(svg|png)")

MAX_LOGOS = 6
MAX_COSIGNERS = 2
_MILLIMETRE = 72 / 25.4  # points


def _logo_file(value: object) -> object:
    if not isinstance(value, str) or not _LOGO_FILE.fullmatch(value):
        raise ValueError("policy.logo-file")
    return value


class Logo(Strict):
    """A logo on the certificate: a file of the academy folder, and whose it is."""

    file: Annotated[str, BeforeValidator(_logo_file)]
    name: LocalizedText


class Design(Strict):
    """What of the look a policy may choose; colours and ornaments follow its kind."""

    sheet: Sheet = "landscape"
    logos: Annotated[tuple[Logo, ...], Field(max_length=MAX_LOGOS)] = ()


class Signatory(Strict):
    """Who signs: on paper, and with an electronic seal where one is named (`seals:` in config.yaml)."""

    name: str
    role: LocalizedText
    seal: Slug | None = None


class PrintedLogo(BaseModel):
    """A logo as an award keeps it: the file's digest, so that a certificate is never set with another picture."""

    model_config = ConfigDict(frozen=True)

    file: str
    name: LocalizedText
    sha256: str


class PrintedSignatory(BaseModel):
    """Who signed an award, and with which seal: its subject, and SHA-256 of its certificate."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: LocalizedText
    seal: str | None = None
    seal_subject: str | None = None
    seal_sha256: str | None = None


# --- where signatures stand -------------------------------------------------------------------


@dataclass(frozen=True)
class SignaturePlace:
    """Where somebody signs, in millimetres from the left and upper edge: a line, and the seal's square above it."""

    left: float
    line: float
    width: float

    SEAL = 13.0

    @property
    def seal_left(self) -> float:
        """Left edge of the seal's square."""
        return self.left + (self.width - self.SEAL) / 2

    @property
    def seal_top(self) -> float:
        """Upper edge of the seal's square."""
        return self.line - self.SEAL - 0.8

    def rect(self, sheet: Sheet) -> tuple[float, float, float, float]:
        """The seal's square as PDF counts: left, bottom, right, top in points from the lower left corner."""
        height = 210.0 if sheet == "landscape" else 297.0
        left, top = self.seal_left * _MILLIMETRE, (height - self.seal_top) * _MILLIMETRE
        return left, top - self.SEAL * _MILLIMETRE, left + self.SEAL * _MILLIMETRE, top


def signature_places(sheet: Sheet, n: int) -> tuple[SignaturePlace, ...]:
    """The places of `n` signatures, from left to right; the issuer's is the first."""
    if sheet == "portrait":
        begin, end, line = 24.0, 186.0, 222.0
    elif n == 1:
        begin, end, line = 192.0, 264.0, 169.0
    else:
        begin, end, line = 118.0, 266.0, 171.0
    gap = 6.0
    width = (end - begin - gap * (n - 1)) / n
    if sheet == "portrait" and n == 1:
        width = 80.0
        begin = (210.0 - width) / 2
    return tuple(SignaturePlace(begin + number * (width + gap), line, width) for number in range(n))
