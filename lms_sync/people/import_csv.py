"""Reads a CSV file as it comes: separators ; , tab |, and encodings that are no UTF-8, which are told."""

from __future__ import annotations

import csv
import io
import re

from authoring.problems import ContentError, Place, Problem
from lms_sync.people.import_sheet import Cell, Sheet, SheetFile

MAX_ROWS = 50_000
MAX_CELL = 2_000
_DELIMITERS = ";,\t|"

# The letters that Windows-1250 has for Romanian where Windows-1252 has others; Albanian ç and ë are alike in both.
_ROMANIAN = set("ăĂşŞţŢ")
_UNLIKELY = set("ãÃºªþÞ")


def sheet_of_csv(raw: bytes, file: str) -> SheetFile:
    """The one sheet of a CSV file; raises ContentError."""
    text, told = _decoded(raw, file)
    if "\x00" in text:
        raise ContentError([Problem("import.other-format", {"file": file, "format": "?"}, Place(file))])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = 1
    named = re.match(r"sep=(.)\n", text)
    if named:
        delimiter, text, first = named.group(1), text[named.end() :], 2
    else:
        delimiter = _delimiter(text)
    cells: dict[tuple[int, int], Cell] = {}
    row = 0
    try:
        for row, record in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), first):
            if row > MAX_ROWS:
                raise ContentError([Problem("import.too-many-rows", {"limit": MAX_ROWS}, Place(file))])
            for column, value in enumerate(record, 1):
                if len(value) > MAX_CELL:  # as when a quotation mark is never closed
                    values = {"cell": str(row), "sheet": "", "limit": MAX_CELL}
                    raise ContentError([Problem("import.quote-open", values, Place(file, row, column))])
                if value.strip():
                    cells[row, column] = Cell(value)
    except csv.Error as error:
        values = {"file": file, "reason": str(error)}
        raise ContentError([Problem("import.broken", values, Place(file, row + 1))]) from error
    return SheetFile((Sheet(file, "", cells),), tuple(told))


def _decoded(raw: bytes, file: str) -> tuple[str, list[Problem]]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16"), [_told(file, "UTF-16", "")]
        except UnicodeDecodeError as error:
            values = {"file": file, "reason": "UTF-16"}
            raise ContentError([Problem("import.broken", values, Place(file))]) from error
    try:
        return raw.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    # Every byte but a few has a letter in both code pages, so that no error tells them apart: the letters do.
    western = raw.decode("cp1252", errors="replace")
    central = raw.decode("cp1250", errors="replace")
    chosen, name = western, "Windows-1252"
    if (_ROMANIAN & set(central)) and (_UNLIKELY & set(western)):
        chosen, name = central, "Windows-1250"
    sample = next((word for word in re.findall(r"\w+", chosen) if not word.isascii()), "")
    return chosen, [_told(file, name, sample)]


def _told(file: str, encoding: str, sample: str) -> Problem:
    return Problem(
        "import.encoding",
        {"file": file, "encoding": encoding, "sample": sample or "–"},
        Place(file),
        "warning",
    )


def _delimiter(text: str) -> str:
    """The separator that divides most of the first lines into the same number of cells, more than one."""
    lines = [line for line in re.sub(r'"[^"]*"', "", text[:20_000]).split("\n") if line.strip()][:30]
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        with_one = [count for count in counts if count]
        if with_one:
            common = max(set(with_one), key=lambda n: (with_one.count(n), n))
            score = (with_one.count(common), common)
            if score > best_score:
                best, best_score = delimiter, score
    return best
