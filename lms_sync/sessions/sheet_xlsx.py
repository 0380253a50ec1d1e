"""The attendance sheet as a spreadsheet to fill in: drop-downs for presence, a column of hours, one an exercise."""

from __future__ import annotations

import datetime
import io
from typing import Any

from authoring.messages import text
from certificates.dates import long_date, plain_number
from lms_sync.people import Participant
from lms_sync.plain_workbook import plain_workbook
from lms_sync.sessions.sheet import Sheet

_EMPTY_ROWS = 15
_HEAD = 5  # the row that names the columns, counted from 0
_FIRST_DAY = 4


def sheet_xlsx(sheet: Sheet, language: str) -> bytes:
    """The sheet as XLSX: what `lms-sync sessions record` reads back. The same sheet gives the same bytes."""
    out = io.BytesIO()
    book = plain_workbook(out)
    first = sheet.session.days[0].date
    made = datetime.datetime(first.year, first.month, first.day)  # noqa: DTZ001 - XLSX knows no zones
    book.set_properties(
        {"title": sheet.session.title.in_language(language), "comments": sheet.text_id, "created": made}
    )
    _Writing(book, sheet, language).write()
    book.close()
    return out.getvalue()


class _Writing:
    def __init__(self, book: Any, sheet: Sheet, language: str) -> None:
        self.sheet = sheet
        self.language = language
        self.page = book.add_worksheet(self._say("sheet-print.heading")[:31])
        line = {"border": 1, "border_color": "#B9C3CC", "valign": "vcenter"}
        self.title = book.add_format({"bold": True, "font_size": 15, "font_color": "#24506B"})
        self.soft = book.add_format({"font_color": "#5B626C"})
        self.head = book.add_format(
            {**line, "bold": True, "bg_color": "#24506B", "font_color": "#FFFFFF", "text_wrap": True}
        )
        self.fixed = book.add_format({**line, "bg_color": "#EEF3F6"})
        self.open = book.add_format({**line, "locked": False})
        self.number = book.add_format({**line, "num_format": "0.##"})

    def _say(self, code: str, **params: object) -> str:
        return text(code, params, self.language)

    def write(self) -> None:
        sheet, page = self.sheet, self.page
        days, last = sheet.session.days, _FIRST_DAY + 2 * len(sheet.session.days) + len(sheet.exercises)
        page.write_string(0, 0, sheet.session.title.in_language(self.language), self.title)
        page.write_string(1, 0, "session", self.soft)
        page.write_string(1, 1, sheet.key, self.soft)
        page.write_string(2, 0, self._say("sheet-print.sheet"), self.soft)
        page.write_string(2, 1, sheet.text_id, self.soft)
        page.write_string(3, 0, self._say("sheet-print.how"), self.soft)
        titles = [
            "idnumber",
            *(self._say(f"sheet-print.{name}") for name in ("name-column", "institution", "role")),
        ]
        for day in days:
            date = day.date.isoformat()
            titles += [date, f"{date} {self._say('sheet-print.hours-column')}"]
            column = len(titles) - 2
            about = f"{long_date(day.date, self.language)}, {day.from_:%H:%M}–{day.until:%H:%M}"
            page.write_comment(_HEAD, column, about)
        titles += [f"exercise: {key}" for key in sheet.exercises]
        for column, title in enumerate([*titles, self._say("sheet-print.note")]):
            page.write_string(_HEAD, column, title, self.head)
        rows = [(one, "leader") for one in sheet.leaders] + [(one, "participant") for one in sheet.people]
        for index, (one, role) in enumerate(rows, _HEAD + 1):
            self._person(index, one, role, sheet.institution_name(one.institution, self.language))
        end = _HEAD + len(rows) + _EMPTY_ROWS
        for index in range(_HEAD + len(rows) + 1, end + 1):
            for column in range(last + 1):
                page.write_blank(index, column, None, self.open)
        for index in range(_HEAD + 1, _HEAD + len(rows) + 1):
            for column in range(_FIRST_DAY, last + 1):
                page.write_blank(index, column, None, self.open)
        self._choices(end)
        self._look(rows, last)

    def _person(self, index: int, one: Participant, role: str, institution: str) -> None:
        for column, value in enumerate((one.idnumber, f"{one.lastname} {one.firstname}", institution)):
            self.page.write_string(index, column, value, self.fixed)
        self.page.write_string(index, 3, self._say(f"sheet-print.role-{role}"), self.open)

    def _choices(self, end: int) -> None:
        page, start = self.page, _HEAD + 1
        page.data_validation(start, 3, end, 3, self._list("role-participant", "role-leader"))
        for number, day in enumerate(self.sheet.session.days):
            column = _FIRST_DAY + 2 * number
            page.data_validation(start, column, end, column, self._list("present", "absent", "partly"))
            page.data_validation(
                start,
                column + 1,
                end,
                column + 1,
                {
                    "validate": "decimal",
                    "criteria": "between",
                    "minimum": 0,
                    "maximum": day.hours,
                    "error_title": self._say("sheet-print.hours-column"),
                    "error_message": self._say("sheet-print.at-most", hours=plain_number(day.hours)),
                },
            )
        for number in range(len(self.sheet.exercises)):
            column = _FIRST_DAY + 2 * len(self.sheet.session.days) + number
            page.data_validation(start, column, end, column, self._list("accepted", "not-accepted"))

    def _list(self, *words: str) -> dict[str, object]:
        return {"validate": "list", "source": [self._say(f"sheet-print.{word}") for word in words]}

    def _look(self, rows: list[tuple[Participant, str]], last: int) -> None:
        page = self.page
        page.set_column(0, 0, 13)
        page.set_column(1, 1, 28)
        page.set_column(2, 2, 34)
        page.set_column(3, 3, 15)
        page.set_column(_FIRST_DAY, last - 1, 14)
        page.set_column(last, last, 30)
        page.set_row(_HEAD, 32)
        page.freeze_panes(_HEAD + 1, 2)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(_HEAD)
        page.set_footer(f"&L&8{self.sheet.text_id}&R&8&P/&N")
