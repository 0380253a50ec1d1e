"""The completion report for people: lines for a terminal, CSV, and a workbook with its definitions."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from authoring.messages import text
from lms_sync.completion_report import COLUMNS, CompletionReport, CompletionRow
from lms_sync.people.read_csv import escaped, write_csv
from lms_sync.plain_workbook import plain_workbook
from lms_sync.write_files import refuse_links, write_durably

_NARROWEST_NAME = 12  # on a terminal; longer names take several lines


def write_report(
    report: CompletionReport, folder: Path, language: str, within: str = "reports"
) -> tuple[Path, Path]:
    """Writes `<within>/<name>.csv` and `.xlsx` below an academy folder; their paths. Raises CannotWrite."""
    paths = (folder / within / f"{report.name}.csv", folder / within / f"{report.name}.xlsx")
    refuse_links(paths[0], below=folder)
    write_durably(paths[0], report_csv(report, language))
    write_durably(paths[1], report_xlsx(report, language))
    return paths


_FROM_MOODLE = (
    "code",
    "institution",
    "participants",
)  # columns that come from elsewhere where no file says them


def headings(language: str) -> list[str]:
    """The columns' headings."""
    return [text(f"report.column-{column}", {}, language) for column in COLUMNS]


# Where numbers have a decimal comma, spreadsheets divide the cells of a CSV file at the semicolon.
_WITH_DECIMAL_COMMA = ("sq", "ro")


def delimiter_for(language: str) -> str:
    """The character that spreadsheets of a language expect between the cells of a CSV file."""
    return ";" if language in _WITH_DECIMAL_COMMA else ","


def report_csv(report: CompletionReport, language: str) -> bytes:
    """The table as CSV as spreadsheets of the language read it, the total in the last row; percentages of 100."""

    def decimal(value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.1f}".replace(".", "," if language in _WITH_DECIMAL_COMMA else ".")

    rows = [
        [
            row.code,
            row.institution,
            *(str(number) for number in (row.participants, row.started, row.completed, row.certified)),
            decimal(None if row.rate is None else 100 * row.rate),
            decimal(row.score),
        ]
        for row in (*report.rows, report.total)
    ]
    return write_csv([headings(language), *rows], delimiter_for(language))


def definitions(report: CompletionReport, language: str) -> Iterator[tuple[str, str]]:
    """What stands on the second sheet: what was counted, when and how."""
    local = report.as_of.astimezone(ZoneInfo(report.timezone))
    yield text("report.course", {}, language), f"{report.title} ({report.course})"
    yield text("report.site", {}, language), report.site
    yield text("report.as-of", {}, language), f"{local:%Y-%m-%d %H:%M:%S} ({report.timezone})"
    for column, heading in zip(COLUMNS, headings(language), strict=True):
        other = f"-{report.source}" if column in _FROM_MOODLE and report.source != "files" else ""
        yield heading, text(f"report.definition-{column}{other}", {}, language)
    if report.unlisted:
        said = text("report.unlisted", {"n": report.unlisted}, language)
        yield text("report.not-counted", {}, language), said


def report_xlsx(report: CompletionReport, language: str) -> bytes:
    """The table as a workbook with a sheet of definitions; the same report gives the same bytes."""
    out = io.BytesIO()
    with plain_workbook(out, row_by_row=True) as workbook:
        title = f"{text('report.title', {}, language)}: {report.title}"
        workbook.set_properties({"title": title, "created": report.as_of.replace(tzinfo=None)})
        _table_sheet(workbook, report, title, language)
        _definitions_sheet(workbook, report, title, language)
    return out.getvalue()


def _table_sheet(workbook: Any, report: CompletionReport, title: str, language: str) -> None:
    sheet = workbook.add_worksheet(text("report.sheet-table", {}, language)[:31])
    for column, width in enumerate((12, 30, 14, 14, 14, 14, 16, 16)):
        sheet.set_column(column, column, width)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(2)
    sheet.freeze_panes(3, 2)
    last = len(COLUMNS) - 1
    sheet.autofilter(2, 0, 2 + len(report.rows), last)
    _write_text(workbook, sheet, (0, 0), title, {"bold": True, "font_size": 14})
    sheet.set_row(2, 32)
    header = {
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": "#1F4E5F",
        "text_wrap": True,
        "valign": "vcenter",
        "border": 1,
    }
    for column, heading in enumerate(headings(language)):
        _write_text(workbook, sheet, (2, column), heading, header)
    formats = _Formats(workbook)
    for number, row in enumerate(report.rows, 3):
        _write_row(sheet, number, row, formats, total=False)
    _write_row(sheet, 3 + len(report.rows), report.total, formats, total=True)


class _Formats:
    """The cell formats of a workbook, each made once."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._made: dict[tuple[str, bool], Any] = {}

    def get(self, number_format: str, *, total: bool) -> Any:
        """A format for numbers, or for text with "@"; bold with a line above for the total."""
        key = (number_format, total)
        if key not in self._made:
            properties: dict[str, object] = {"num_format": number_format}
            if total:
                properties.update(bold=True, top=1, bg_color="#E8EEF0")
            self._made[key] = self._workbook.add_format(properties)
        return self._made[key]

    def text(self, value: str, *, total: bool) -> Any:
        """A format for a text; one that begins like a formula is marked as text, as Excel's apostrophe does."""
        if escaped(value) == value:
            return self.get("@", total=total)
        key = ("'", total)
        if key not in self._made:
            properties: dict[str, object] = {"num_format": "@", "quote_prefix": True}
            if total:
                properties.update(bold=True, top=1, bg_color="#E8EEF0")
            self._made[key] = self._workbook.add_format(properties)
        return self._made[key]


def _write_row(sheet: Any, number: int, row: CompletionRow, formats: _Formats, *, total: bool) -> None:
    sheet.write_string(number, 0, row.code, formats.text(row.code, total=total))
    sheet.write_string(number, 1, row.institution, formats.text(row.institution, total=total))
    for column, count in enumerate((row.participants, row.started, row.completed, row.certified), 2):
        sheet.write_number(number, column, count, formats.get("#,##0", total=total))
    for column, value, form in ((6, row.rate, "0.0%"), (7, row.score, "0.0")):
        cell_format = formats.get(form, total=total)
        if value is None:
            sheet.write_blank(number, column, None, cell_format)
        else:
            sheet.write_number(number, column, value, cell_format)


def _definitions_sheet(workbook: Any, report: CompletionReport, title: str, language: str) -> None:
    sheet = workbook.add_worksheet(text("report.sheet-definitions", {}, language)[:31])
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    _write_text(workbook, sheet, (0, 0), title, {"bold": True, "font_size": 14})
    for number, (term, meaning) in enumerate(definitions(report, language), 2):
        _write_text(workbook, sheet, (number, 0), term, {"bold": True, "valign": "top"})
        _write_text(workbook, sheet, (number, 1), meaning, {"text_wrap": True, "valign": "top"})


def _write_text(
    workbook: Any, sheet: Any, cell: tuple[int, int], value: str, properties: Mapping[str, object]
) -> None:
    quoted = {"quote_prefix": True} if escaped(value) != value else {}
    sheet.write_string(*cell, value, workbook.add_format({**properties, **quoted}))


def terminal_table(report: CompletionReport, language: str, *, width: int = 80) -> Sequence[str]:
    """Lines for a terminal of a width: institutions that have participants, how many have none, and the total."""
    from babel.numbers import format_decimal, format_percent

    def cells(row: CompletionRow) -> list[str]:
        return [
            row.institution,
            *(
                format_decimal(number, locale=language)
                for number in (row.participants, row.started, row.completed, row.certified)
            ),
            "–" if row.rate is None else format_percent(row.rate, "0.0%", locale=language),
            "–" if row.score is None else format_decimal(row.score, "0.0", locale=language),
        ]

    shown = [row for row in report.rows if row.participants]
    head = [text(f"report.short-{column}", {}, language) for column in COLUMNS[1:]]
    rows = [head, *(cells(row) for row in (*shown, report.total))]
    numbers = [max(map(len, column)) for column in list(zip(*rows, strict=True))[1:]]
    room = max(_NARROWEST_NAME, width - sum(numbers) - 2 * len(numbers))
    names = [textwrap.wrap(row[0], room) or [""] for row in rows]
    widest = max(len(line) for name in names for line in name)

    def lines_of(row: Sequence[str], name: Sequence[str]) -> list[str]:
        first = [cell.rjust(size) for cell, size in zip(row[1:], numbers, strict=True)]
        return ["  ".join([name[0].ljust(widest), *first]).rstrip(), *name[1:]]

    heading, *body = [lines_of(row, name) for row, name in zip(rows, names, strict=True)]
    rule = "─" * (widest + sum(numbers) + 2 * len(numbers))
    told = [*heading, rule, *(line for row in body[:-1] for line in row), rule, *body[-1]]
    for code, number in (
        ("report.without-participants", len(report.rows) - len(shown)),
        ("report.unlisted", report.unlisted),
    ):
        if number:
            told += textwrap.wrap(text(code, {"n": number}, language), width)
    return told
