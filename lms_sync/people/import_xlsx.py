"""Reads an XLSX file with openpyxl: what each cell shows, merged ranges, hidden rows; with limits on its size.

Values are those that the spreadsheet program calculated last; nothing is calculated here and no macro runs.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from authoring.problems import ContentError, Place, Problem
from lms_sync.people.import_sheet import Cell, Kind, Sheet, SheetFile, problem_at

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MAX_UNPACKED = 60_000_000
MAX_PARTS = 2_000
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_MERGED = 5_000
MAX_CELLS = 500_000

_EXACT = 10**15  # a number in a cell is exact to 15 digits (IEEE 754 double, as Excel shows it)

_OTHER = {
    "word/document.xml": "DOCX",
    "ppt/presentation.xml": "PPTX",
    "Index/Document.iwa": "Apple Numbers",
    "xl/workbook.bin": "XLSB",
}


def sheets_of_xlsx(raw: bytes, file: str) -> SheetFile:
    """Every sheet of a workbook; raises ContentError where it is none, is broken, or too large unpacked."""
    told, formulas = _look_into(raw, file)
    from openpyxl import load_workbook  # late: only a workbook needs it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl would not keep; nothing is written back
            shown = load_workbook(io.BytesIO(raw), data_only=True, keep_vba=False, keep_links=False)
            written = load_workbook(io.BytesIO(raw), keep_links=False) if formulas else None
            sheets = tuple(
                _sheet(one, file, None if written is None else written[one.title]) for one in shown.worksheets
            )
    except ContentError:
        raise
    except Exception as error:  # openpyxl raises what its parts raise: KeyError, ValueError, …
        reason = f"{type(error).__name__}: {error}"[:200]
        raise ContentError(
            [Problem("import.broken", {"file": file, "reason": reason}, Place(file))]
        ) from error
    return SheetFile(sheets, tuple(told))


def _look_into(raw: bytes, file: str) -> tuple[list[Problem], bool]:
    """What the container tells before anything of it is unpacked; whether there are formulas."""
    place = Place(file)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as container:
            parts = container.infolist()
            size = sum(part.file_size for part in parts)  # reading stops at the size that is declared
            if len(parts) > MAX_PARTS or size > MAX_UNPACKED:
                values = {"file": file, "limit": f"{MAX_UNPACKED // 1_000_000} MB"}
                raise ContentError([Problem("import.unpacks-too-large", values, place)])
            if any(part.flag_bits & 1 for part in parts):
                raise ContentError([Problem("import.encrypted", {"file": file}, place)])
            names = {part.filename for part in parts}
            kind = next((kind for name, kind in _OTHER.items() if name in names), "")
            if "mimetype" in names:
                kind = "ODS" if b"spreadsheet" in container.read("mimetype") else "OpenDocument"
            if kind or "xl/workbook.xml" not in names:
                values = {"file": file, "format": kind or "ZIP"}
                raise ContentError([Problem("import.other-format", values, place)])
            formulas = False
            for name in sorted(names):
                if name.endswith(".xml") and name.startswith("xl/"):
                    content = container.read(name)
                    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
                        values = {"file": file, "reason": "DOCTYPE"}
                        raise ContentError([Problem("import.broken", values, place)])
                    if name.startswith("xl/worksheets/"):
                        _refuse_vast_merges(content, file)
                        formulas = formulas or re.search(rb"<f[\s>/]", content) is not None
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise ContentError([Problem("import.broken", {"file": file, "reason": str(error)}, place)]) from error
    macros = [name for name in names if name.endswith("vbaProject.bin")]
    told = [Problem("import.macros", {"file": file}, place, "warning")] if macros else []
    return told, formulas


def _refuse_vast_merges(content: bytes, file: str) -> None:
    """Refuses merged ranges that openpyxl would fill cell by cell until the memory is full."""
    area = 0
    for match in re.finditer(rb'<mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"', content):
        first, top, last, bottom = match.groups()
        area += (_column(last) - _column(first) + 1) * (int(bottom) - int(top) + 1)
    if area > MAX_CELLS:
        values = {"file": file, "limit": f"{MAX_UNPACKED // 1_000_000} MB"}
        raise ContentError([Problem("import.unpacks-too-large", values, Place(file))])


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _sheet(sheet: Worksheet, file: str, written: Worksheet | None) -> Sheet:
    cells: dict[tuple[int, int], Cell] = {}
    for one in _cells(sheet):
        if len(cells) > MAX_CELLS:
            raise ContentError([problem_at(file, sheet.title, "too-many-rows", 0, 0, limit=MAX_ROWS)])
        cell = _cell(one)
        if cell is None and written is not None:
            formula = written.cell(one.row, one.column)
            if formula.data_type == "f":
                cell = Cell(str(getattr(formula.value, "text", formula.value)), "no-value")
        if cell is not None:
            if one.row > MAX_ROWS or one.column > MAX_COLUMNS:
                raise ContentError(
                    [problem_at(file, sheet.title, "too-many-rows", one.row, one.column, limit=MAX_ROWS)]
                )
            cells[one.row, one.column] = cell
    ranges = list(sheet.merged_cells.ranges)[:MAX_MERGED]
    return Sheet(
        file,
        sheet.title,
        cells,
        tuple(sorted((one.min_row, one.min_col, one.max_row, one.max_col) for one in ranges)),
        sheet.sheet_state != "visible",
        frozenset(number for number, row in sheet.row_dimensions.items() if row.hidden),
        frozenset(_hidden_columns(sheet)),
    )


def _cells(sheet: Worksheet) -> Iterator[Any]:
    """The cells that the file holds: a sheet with one cell in the last row has two cells, not millions."""
    stored: dict[tuple[int, int], Any] = sheet._cells  # noqa: SLF001 - iter_rows would make every cell between
    return (stored[place] for place in sorted(stored))


def _hidden_columns(sheet: Worksheet) -> Iterator[int]:
    for column in sheet.column_dimensions.values():
        if column.hidden and column.min and column.max:
            yield from range(column.min, min(column.max, MAX_COLUMNS) + 1)


def _cell(cell: Any) -> Cell | None:
    value, kind = cell.value, "text"
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if cell.data_type == "e":
        return Cell(str(value), "error")
    if isinstance(value, bool):
        return Cell("TRUE" if value else "FALSE")
    if isinstance(value, datetime):
        return Cell(value.date().isoformat() if value.time() == time() else value.isoformat(), "date")
    if isinstance(value, date):
        return Cell(value.isoformat(), "date")
    if isinstance(value, int | float):
        return Cell(*_number(value))
    return Cell(str(value), kind)  # type: ignore[arg-type]


def _number(value: float) -> tuple[str, Kind]:
    if abs(value) >= _EXACT:
        return f"{value:.15g}", "number"
    if float(value).is_integer():
        return str(int(value)), "number"  # 12.0 is how a sheet keeps 12
    return repr(value), "number"
