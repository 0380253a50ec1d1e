"""What a design asks for, made ready to be printed: logos read, seals named; what is missing, before anything is issued."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from authoring.problems import LmsSyncError, Problem
from certificates.design import Design, PrintedLogo, PrintedSignatory, Signatory
from certificates.seal import Seal

_LARGEST_LOGO = 1_000_000  # bytes: it is in every certificate


def printed_signatory(signatory: Signatory, seals: Mapping[str, Seal]) -> PrintedSignatory:
    """A signatory with what the certificate says of the seal. The seal must be there (see `design_problems`)."""
    seal = seals[signatory.seal] if signatory.seal is not None else None
    return PrintedSignatory(
        name=signatory.name,
        role=signatory.role,
        seal=signatory.seal,
        seal_subject=None if seal is None else seal.subject,
        seal_sha256=None if seal is None else seal.sha256,
    )


def printed_logos(design: Design, folder: Path | None) -> tuple[PrintedLogo, ...]:
    """The logos with the digests of their files. Raises LmsSyncError where one cannot be read."""
    return tuple(
        PrintedLogo(
            file=logo.file, name=logo.name, sha256=hashlib.sha256(read_logo(folder, logo.file)).hexdigest()
        )
        for logo in design.logos
    )


def read_logo(folder: Path | None, file: str) -> bytes:
    """A logo's file. Raises LmsSyncError where it is missing, too large or no picture."""
    if folder is None:
        raise LmsSyncError("design.logo-missing", file=file)
    path = folder / file
    try:
        if path.stat().st_size > _LARGEST_LOGO:
            raise LmsSyncError("design.logo-large", file=file, n=_LARGEST_LOGO // 1000)
        content = path.read_bytes()
    except OSError as error:
        raise LmsSyncError("design.logo-missing", file=file) from error
    logo_svg(content, file)
    return content


def logo_svg(content: bytes, file: str) -> str:
    """A logo as SVG; a PNG is wrapped in one. Raises LmsSyncError where it is neither."""
    if file.endswith(".svg"):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise LmsSyncError("design.logo-unreadable", file=file) from error
        if "<svg" not in text or re.search(r"<!ENTITY|<script|(href|src)\s*=\s*[\"'](?!data:|#)", text):
            raise LmsSyncError("design.logo-unreadable", file=file)
        return text
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise LmsSyncError("design.logo-unreadable", file=file) from error
    encoded = base64.b64encode(content).decode("ascii")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{encoded}"/></svg>'
    )


def design_problems(
    design: Design, signatories: tuple[Signatory, ...], seals: Mapping[str, Seal], folder: Path | None
) -> Iterator[Problem]:
    """What is missing for a certificate of this design: logos, seals. Found before anything is issued."""
    for logo in design.logos:
        try:
            read_logo(folder, logo.file)
        except LmsSyncError as error:
            yield from error.problems
    for one in signatories:
        if one.seal is not None and one.seal not in seals:
            yield Problem("seal.not-configured", {"seal": one.seal})
