"""Reads a CSV file as spreadsheets write it, and remembers where every cell stands."""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from authoring.problems import ContentError, Place, Problem
from authoring.read_yaml import read_text, relative_name

MAX_BYTES = 50_000_000

# Where a cell begins, for a spreadsheet that separates at another character than we do too, and what a formula
# begins with, full-width forms included.
_CELL_START = r"(?:^|(?<=[;,\t\r\n]))(\"*'*)"
_FORMULA_SIGNS = "[=+@\t\r\uff1d\uff0b\uff0d\uff20-]"
_FORMULA = f"(?={_FORMULA_SIGNS})"
_HAS_SIGN = re.compile(_FORMULA_SIGNS)
_DANGEROUS = re.compile(_CELL_START + _FORMULA)
_MADE_SAFE = re.compile(_CELL_START + "'" + _FORMULA)


@dataclass(frozen=True)
class CsvRow:
    """One record. `line` is the line on which it begins; cells are stripped and in Unicode form NFC."""

    file: str
    line: int
    cells: Mapping[str, str]
    columns: Mapping[str, int] = field(repr=False)  # name → number, from 1

    def __getitem__(self, column: str) -> str:
        """The cell of a column, "" where the file has no such column."""
        return self.cells.get(column, "")

    def place(self, column: str = "") -> Place:
        """File, line and number of the column."""
        return Place(self.file, self.line, self.columns.get(column, 0))

    def problem(self, code: str, column: str, /, **params: object) -> Problem:
        """A problem with one cell; the column's name and value are among its values."""
        return Problem(code, {"column": column, "value": self[column], **params}, self.place(column))


@dataclass(frozen=True)
class CsvFile:
    """All records of a file, its delimiter, and what was odd but did not stop the reading."""

    rows: Sequence[CsvRow]
    delimiter: str
    warnings: Sequence[Problem] = ()


def read_csv(
    path: Path, *, root: Path, required: Sequence[str], optional: Collection[str] | re.Pattern[str]
) -> CsvFile:
    """Reads a file below `root`; raises ContentError with every problem found.

    UTF-8 with or without byte order mark; the delimiter is the one of "," and ";" that the header has
    more often, or the one that Excel's line `sep=;` names. `optional` names further columns that are
    known; any other column is a warning. Empty records are skipped.
    """
    file = relative_name(path, root)
    text = read_text(path, root=root, limit=MAX_BYTES)
    first_line = 1
    delimiter = ""
    if match := re.match(r"sep=([,;])\n", text):
        delimiter, text, first_line = match.group(1), text[match.end() :], 2
    header_line = text.split("\n", 1)[0]
    unquoted = re.sub(r'"[^"]*"', "", header_line)
    delimiter = delimiter or (";" if unquoted.count(";") > unquoted.count(",") else ",")
    records = _records(text, delimiter, file, first_line)
    if not records:
        raise ContentError([Problem("people.empty-file", {}, Place(file, first_line))])
    columns, warnings = _header(records[0], file, required, optional)
    problems: list[Problem] = []
    rows: list[CsvRow] = []
    for line, cells in records[1:]:
        if not any(cells):
            continue
        if any(cells[len(records[0][1]) :]):
            values = {"cells": len(cells), "columns": len(records[0][1])}
            problems.append(Problem("people.too-many-cells", values, Place(file, line)))
            continue
        row = CsvRow(
            file,
            line,
            {name: cells[number - 1] if number <= len(cells) else "" for name, number in columns.items()},
            columns,
        )
        problems += [row.problem("people.value-missing", name) for name in required if not row[name]]
        problems += [
            row.problem("people.control-character", name, value="")
            for name, cell in row.cells.items()
            if any(unicodedata.category(character) == "Cc" for character in cell)
        ]
        rows.append(row)
    if problems:
        raise ContentError(problems)
    return CsvFile(rows, delimiter, warnings)


def _records(text: str, delimiter: str, file: str, first_line: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records = []
    line = 0
    try:
        for cells in reader:
            records.append((line + first_line, [_clean(cell) for cell in cells]))
            line = reader.line_num
    except csv.Error as error:
        raise ContentError(
            [Problem("people.csv-syntax", {"reason": str(error)}, Place(file, line + first_line))]
        ) from error
    while records and not any(records[0][1]):
        records.pop(0)
    return records


def _clean(cell: str) -> str:
    return unicodedata.normalize("NFC", cell.strip())


def _header(
    record: tuple[int, list[str]],
    file: str,
    required: Sequence[str],
    optional: Collection[str] | re.Pattern[str],
) -> tuple[dict[str, int], list[Problem]]:
    line, names = record
    columns: dict[str, int] = {}
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for number, raw in enumerate(names, 1):
        name = raw.lower()
        place = Place(file, line, number)
        if not name:
            continue
        if name in columns:
            problems.append(Problem("people.column-twice", {"column": name}, place))
        elif name in required or _is_known(name, optional):
            columns[name] = number
        else:
            known = [*required, *(() if isinstance(optional, re.Pattern) else optional)]
            similar = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            code = "people.column-unknown-similar" if similar else "people.column-unknown"
            values = {"column": raw, "similar": similar[0] if similar else ""}
            warnings.append(Problem(code, values, place, "warning"))
    problems += [
        Problem("people.column-missing", {"column": name}, Place(file, line))
        for name in required
        if name not in columns
    ]
    if problems:
        raise ContentError([*problems, *warnings])
    return columns, warnings


def _is_known(name: str, optional: Collection[str] | re.Pattern[str]) -> bool:
    return bool(optional.match(name)) if isinstance(optional, re.Pattern) else name in optional


def escaped(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before =, +, -, @, tab or carriage return.

    Also after a separator or line break within it: Excel divides a file at the list separator of the system,
    whatever the file's own is. OWASP, "CSV Injection".
    """
    return _DANGEROUS.sub(r"\1'", cell) if _HAS_SIGN.search(cell) else cell


def unescaped(cell: str) -> str:
    """What `escaped` was given."""
    return _MADE_SAFE.sub(r"\1", cell)


def write_csv(rows: Sequence[Sequence[str | float]], delimiter: str = ",") -> bytes:
    """Rows as CSV that Excel opens with the right letters: UTF-8 with byte order mark, formulas escaped.

    Numbers are written as they are: a negative one is no formula, and an apostrophe would make it a text. Line breaks within a cell become line feeds: a bare carriage return would end the record.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows(
        [
            escaped(cell).replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell
            for cell in row
        ]
        for row in rows
    )
    return out.getvalue().encode("utf-8-sig")
