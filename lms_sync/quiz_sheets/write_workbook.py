"""Writes the workbook for a quiz: empty to be filled in, or with the questions of a quiz file."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping, Sequence
from typing import Any

from authoring.messages import text
from lms_sync.plain_workbook import plain_workbook
from lms_sync.quiz_sheets.layout import (
    DIFFICULTIES,
    FIRST_ROW,
    HEADING_ROW,
    KEY_ROW,
    LETTERS,
    ROWS,
    SETTINGS,
    TRUTH,
    TYPES,
    Column,
    columns,
    word,
)

_WIDTHS = {
    "id": 16,
    "type": 18,
    "text": 50,
    "right": 12,
    "points": 8,
    "difficulty": 12,
    "tags": 18,
    "feedback": 34,
}
_ANSWER_WIDTH = 24
_CREATED = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - a fixed day: the same quiz gives the same bytes


def quiz_workbook(
    languages: Sequence[str],
    reader: str,
    *,
    settings: Mapping[str, str] | None = None,
    rows: Sequence[Mapping[str, str | float]] = (),
) -> bytes:
    """The workbook in the reader's language, for texts in `languages`.

    `settings` by key (the title by "title:<language>"), `rows` of questions by the names of the columns.
    """
    out = io.BytesIO()
    with plain_workbook(out) as workbook:
        workbook.set_properties({"title": _say("title", reader), "created": _CREATED})
        writer = _Writer(workbook, reader, languages)
        writer.settings(settings or {})
        writer.questions(rows)
        writer.help()
    return out.getvalue()


def _say(code: str, language: str, **params: object) -> str:
    return text(f"sheets.{code}", params, language)


class _Writer:
    def __init__(self, workbook: Any, reader: str, languages: Sequence[str]) -> None:
        self.workbook = workbook
        self.reader = reader
        self.languages = tuple(languages)
        head = {
            "bold": True,
            "font_color": "#FFFFFF",
            "bg_color": "#1F4E5F",
            "text_wrap": True,
            "valign": "vcenter",
            "border": 1,
        }
        self.head = workbook.add_format(head)
        self.cell = workbook.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        self.bold = workbook.add_format({"bold": True, "valign": "top"})
        self.note = workbook.add_format({"font_color": "#545B65", "text_wrap": True, "valign": "top"})

    def settings(self, given: Mapping[str, str]) -> None:
        sheet = self.workbook.add_worksheet(_say("sheet-quiz", self.reader))
        sheet.set_column(0, 0, 10, None, {"hidden": True})
        sheet.set_column(1, 1, 34)
        sheet.set_column(2, 2, 46)
        sheet.set_column(3, 3, 70)
        row = 0
        for key in SETTINGS:
            names = [f"title:{language}" for language in self.languages] if key == "title" else [key]
            for name in names:
                language = name.partition(":")[2]
                label = _say(f"setting-{key}", self.reader) + (f" ({language})" if language else "")
                sheet.write_string(row, 0, name)
                sheet.write_string(row, 1, label, self.bold)
                default = self.languages[0] if key == "default" else ""
                sheet.write_string(row, 2, given.get(name, default), self.cell)
                sheet.write_string(row, 3, _say(f"setting-{key}-note", self.reader), self.note)
                if key == "default":
                    sheet.data_validation(
                        row, 2, row, 2, {"validate": "list", "source": list(self.languages)}
                    )
                row += 1

    def questions(self, rows: Sequence[Mapping[str, str | float]]) -> None:
        sheet = self.workbook.add_worksheet(_say("sheet-questions", self.reader))
        sheet.set_row(KEY_ROW - 1, None, None, {"hidden": True})
        sheet.set_row(HEADING_ROW - 1, 34)
        sheet.freeze_panes(HEADING_ROW, 2)
        last = FIRST_ROW - 2 + max(ROWS, len(rows) + 100)
        for number, column in enumerate(columns(self.languages)):
            sheet.set_column(number, number, _WIDTHS.get(column.key, _ANSWER_WIDTH), self.cell)
            sheet.write_string(KEY_ROW - 1, number, column.name)
            sheet.write_string(HEADING_ROW - 1, number, self._heading(column), self.head)
            self._drop_down(sheet, column, number, last)
            for place, row in enumerate(rows, FIRST_ROW - 1):
                value = row.get(column.name)
                if isinstance(value, str) and value:
                    sheet.write_string(place, number, value, self.cell)
                elif isinstance(value, int | float):
                    sheet.write_number(place, number, value)

    def _heading(self, column: Column) -> str:
        said = (
            _say("column-answer", self.reader, letter=column.key)
            if column.key in LETTERS
            else _say(f"column-{column.key}", self.reader)
        )
        return f"{said} ({column.language})" if column.language else said

    def _drop_down(self, sheet: Any, column: Column, number: int, last: int) -> None:
        lists = {
            "type": [word("type", name, self.reader) for name in TYPES],
            "difficulty": [word("difficulty", name, self.reader) for name in DIFFICULTIES],
            "right": [*LETTERS, *(word("truth", name, self.reader) for name in TRUTH)],
        }
        if column.key not in lists:
            return
        rule: dict[str, object] = {"validate": "list", "source": lists[column.key]}
        if column.key == "right":
            # Of several right answers the letters are typed, as in "A, C".
            rule |= {
                "error_type": "information",
                "error_title": _say("column-right", self.reader)[:32],
                "error_message": _say("right-note", self.reader)[:255],
                "input_title": _say("column-right", self.reader)[:32],
                "input_message": _say("right-note", self.reader)[:255],
            }
        sheet.data_validation(FIRST_ROW - 1, number, last, number, rule)

    def help(self) -> None:
        sheet = self.workbook.add_worksheet(_say("sheet-help", self.reader))
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 100)
        for row, name in enumerate(TYPES):
            sheet.write_string(row, 0, word("type", name, self.reader), self.bold)
            sheet.write_string(row, 1, _say(f"help-{name}", self.reader), self.note)
