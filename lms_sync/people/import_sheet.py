"""A sheet as it was found in a file: cells with their places, before anybody has understood them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from authoring.problems import Place, Problem, Severity

Kind = Literal["text", "number", "date", "no-value", "error"]


def column_letters(column: int) -> str:
    """The letters that a spreadsheet shows for a column: 1 is A, 28 is AB."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True)
class Cell:
    """What a cell shows. A date is ISO 8601; "no-value" is a formula that was never calculated."""

    text: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """One sheet: its cells by row and column (from 1, as a spreadsheet shows them); empty ones are not there."""

    file: str
    name: str  # "" for a CSV file
    cells: Mapping[tuple[int, int], Cell]
    merged: tuple[tuple[int, int, int, int], ...] = ()  # first row, first column, last row, last column
    hidden: bool = False
    hidden_rows: frozenset[int] = field(default_factory=frozenset)
    hidden_columns: frozenset[int] = field(default_factory=frozenset)

    @cached_property
    def _columns(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for row, column in sorted(self.cells):
            found.setdefault(row, []).append(column)
        return found

    @property
    def rows(self) -> list[int]:
        """The numbers of the rows that have a cell with something in it."""
        return list(self._columns)

    @cached_property
    def width(self) -> int:
        """The number of the last column with something in it."""
        return max((column for _, column in self.cells), default=0)

    def at(self, row: int, column: int) -> str:
        """What stands in a cell, "" for nothing."""
        cell = self.cells.get((row, column))
        return cell.text if cell else ""

    def columns_of(self, row: int) -> list[int]:
        """The columns of a row that have something in them."""
        return self._columns.get(row, [])

    def cell_name(self, row: int, column: int = 0) -> str:
        """A place as people say it: Sheet1!B7, or row 7 without a column."""
        place = f"{column_letters(column)}{row}" if column else str(row)
        return f"{self.name}!{place}" if self.name else place

    def problem(
        self, code: str, row: int, column: int = 0, severity: Severity = "error", /, **values: object
    ) -> Problem:
        """A problem with a cell or a row; `cell` is among its values."""
        return problem_at(self.file, self.name, code, row, column, severity, **values)


def problem_at(
    file: str, name: str, code: str, row: int, column: int, severity: Severity = "error", /, **values: object
) -> Problem:
    """A problem with a place in a sheet; without a row, with the sheet."""
    spot = (f"{column_letters(column)}{row}" if column else str(row)) if row else ""
    cell = "!".join(part for part in (name, spot) if part)
    place = Place(f"{file}!{name}" if name else file, row, column)
    return Problem(f"import.{code}", {"cell": cell, "sheet": name, **values}, place, severity)


@dataclass(frozen=True)
class SheetFile:
    """All sheets of a file, and what was odd about it but did not stop the reading."""

    sheets: tuple[Sheet, ...]
    told: tuple[Problem, ...] = ()
