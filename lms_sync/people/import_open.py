"""Opens a file that somebody has sent: says what it is by its first bytes, whatever its name ends with."""

from __future__ import annotations

from pathlib import Path

from authoring.problems import ContentError, Place, Problem
from lms_sync.people.import_csv import sheet_of_csv
from lms_sync.people.import_sheet import SheetFile
from lms_sync.people.import_xlsx import sheets_of_xlsx

MAX_BYTES = 20_000_000

_OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")  # the compound file of [MS-CFB]: .xls, or an encrypted .xlsx


def open_sheets(path: Path) -> SheetFile:
    """The sheets of a CSV or XLSX file; raises ContentError where it is neither, or cannot be read."""
    name = path.name
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise _refusal("import.not-readable", name, reason=reason) from error
    if len(raw) > MAX_BYTES:
        raise _refusal("import.too-large", name, limit=f"{MAX_BYTES // 1_000_000} MB")
    if not raw.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise _refusal("import.empty", name)
    if raw.startswith(_OLD_OFFICE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in raw
        raise _refusal("import.encrypted" if encrypted else "import.old-excel", name)
    if raw.startswith(b"PK\x03\x04"):
        return sheets_of_xlsx(raw, name)
    if other := _other_format(raw):
        raise _refusal("import.other-format", name, format=other)
    return sheet_of_csv(raw, name)


def _other_format(raw: bytes) -> str:
    begin = raw[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith(b"%pdf"):
        return "PDF"
    if begin.startswith((b"<!doctype html", b"<html", b"<table", b"<meta")):
        return "HTML"
    if begin.startswith(b"<?xml"):
        return "XML"
    if begin.startswith(b"{\\rtf"):
        return "RTF"
    if begin.startswith((b"\x89png", b"\xff\xd8\xff")):
        return "PNG/JPEG"
    return ""


def _refusal(code: str, file: str, **values: object) -> ContentError:
    return ContentError([Problem(code, {"file": file, **values}, Place(file))])
