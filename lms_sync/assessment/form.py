"""The form of a questionnaire, to print or to fill in as a spreadsheet."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authoring.messages import text
from certificates.dates import plain_number
from lms_sync.assessment.partners import disclaimer, logos, partner_rows
from lms_sync.people import Institution, Participant
from lms_sync.plain_workbook import plain_workbook
from lms_sync.sessions.typeset import typeset
from programmes import Programme, Questionnaire
from programmes.questionnaire import ChoiceQuestion, NumberQuestion, RatingQuestion

DESIGNS = Path(__file__).parent / "designs"

_HEAD = 8  # the row that names the columns, from 0
_FREE_ROWS = 4


@dataclass(frozen=True)
class Form:
    """A questionnaire for somebody: an institution, a person, or whoever fills it in by hand."""

    programme: Programme
    questionnaire: Questionnaire
    institution: Institution | None = None
    person: Participant | None = None

    @property
    def code(self) -> str:
        """Whose it is, for a file's name; "" for anybody's."""
        if self.person is not None:
            return self.person.idnumber
        return "" if self.institution is None else self.institution.code

    @property
    def text_id(self) -> str:
        """Names these very questions: another wording, order or worth gives another."""
        said = [self.programme.id, self.questionnaire.model_dump(mode="json", by_alias=True)]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
        return f"{self.questionnaire.id} · {digest[:4]}-{digest[4:8]}"

    def whose(self, language: str) -> str:
        """The name of whose it is; "" where a line to write on stands instead."""
        if self.person is not None:
            return self.person.name
        return "" if self.institution is None else self.institution.name(language)


def form_pdf(form: Form, folder: Path, language: str) -> bytes:
    """The form to print and fill in with a pen: A4, areas as bands, a circle before each answer. Raises NotTypeset."""
    of, programme = form.questionnaire, form.programme
    areas = [(area.id, area.title.in_language(language)) for area in of.areas]
    groups = [
        {"title": title, "questions": [number for number, one in enumerate(of.questions) if one.area == name]}
        for name, title in [*areas, (None, text("form-print.others", {}, language) if areas else "")]
    ]
    data = {
        "lang": language,
        "programme": programme.title.in_language(language),
        "title": of.title.in_language(language),
        "text": "" if of.text is None else of.text.in_language(language),
        "of": of.of,
        "whose": form.whose(language),
        "groups": [group for group in groups if group["questions"]],
        "questions": [_printed(one, language) for one in of.questions],
        "partners": partner_rows(programme, folder, language),
        "disclaimer": disclaimer(programme, language),
        "id": form.text_id,
        "words": {
            name: text(f"form-print.{name}", {}, language)
            for name in ("heading", of.of, "date", "by", "signature", "required", "form", "page")
        },
    }
    dated = programme.dates.from_
    return typeset("form", data, logos(programme, folder), dated=dated, designs=DESIGNS)


def _printed(question: Any, language: str) -> dict[str, object]:
    choices = (
        [one.in_language(language) for one in question.choices]
        if isinstance(question, ChoiceQuestion | RatingQuestion)
        else []
    )
    return {
        "type": question.type,
        "question": question.question.in_language(language),
        "required": question.required,
        "choices": choices,
        "unit": question.unit.in_language(language)
        if isinstance(question, NumberQuestion) and question.unit
        else "",
    }


def form_xlsx(form: Form, language: str) -> bytes:
    """The form as a spreadsheet with drop-downs, as `lms-sync questionnaire record` reads it back.

    The same form gives the same bytes.
    """
    out = io.BytesIO()
    book = plain_workbook(out)
    begin = form.programme.dates.from_
    made = datetime.datetime(begin.year, begin.month, begin.day)  # noqa: DTZ001 - XLSX knows no zones
    title = form.questionnaire.title.in_language(language)
    book.set_properties({"title": title, "comments": form.text_id, "created": made})
    _Writing(book, form, language).write()
    book.close()
    return out.getvalue()


class _Writing:
    def __init__(self, book: Any, form: Form, language: str) -> None:
        self.form = form
        self.language = language
        self.page = book.add_worksheet(self._say("form-print.heading")[:31])
        self.lists = book.add_worksheet(self._say("form-print.choices")[:31])
        line = {"border": 1, "border_color": "#B9C3CC", "valign": "top", "text_wrap": True}
        self.title = book.add_format({"bold": True, "font_size": 15, "font_color": "#24506B"})
        self.soft = book.add_format({"font_color": "#5B626C", "valign": "top"})
        self.wrapped = book.add_format({"font_color": "#5B626C", "text_wrap": True, "valign": "top"})
        self.head = book.add_format(
            {**line, "bold": True, "bg_color": "#24506B", "font_color": "#FFFFFF", "valign": "vcenter"}
        )
        self.fixed = book.add_format({**line, "bg_color": "#EEF3F6"})
        self.key = book.add_format({**line, "bg_color": "#EEF3F6", "font_color": "#5B626C", "font_size": 9})
        self.open = book.add_format({**line, "locked": False, "bg_color": "#FFFDF2"})
        self.day = book.add_format(
            {**line, "locked": False, "bg_color": "#FFFDF2", "num_format": "yyyy-mm-dd"}
        )
        self.quoted = book.add_format({**line, "bg_color": "#EEF3F6", "quote_prefix": True})

    def _say(self, code: str, **params: object) -> str:
        return text(code, params, self.language)

    def write(self) -> None:
        form, page, of = self.form, self.page, self.form.questionnaire
        page.write_string(0, 0, of.title.in_language(self.language), self.title)
        for row, (key, value) in enumerate(
            (("questionnaire", of.id), ("programme", form.programme.id), (of.of, form.code)), 1
        ):
            page.write_string(row, 0, key, self.soft)
            page.write_string(row, 1, value, self.soft if value else self.open)
        page.write_string(3, 2, form.whose(self.language), self.soft)
        page.write_string(4, 0, "date", self.soft)
        page.write_blank(4, 1, None, self.day)
        page.write_string(4, 2, self._say("form-print.date-how"), self.soft)
        page.merge_range(5, 0, 5, 4, self._say("form-print.how"), self.wrapped)
        if of.text is not None:
            page.merge_range(6, 0, 6, 4, of.text.in_language(self.language), self.wrapped)
            page.set_row(6, 62)
        titles = ("question", self._say("form-print.area"), self._say("form-print.words"), "answer")
        for column, title in enumerate((*titles, self._say("form-print.hint"))):
            page.write_string(_HEAD, column, title, self.head)
        areas = {area.id: area.title.in_language(self.language) for area in of.areas}
        for number, question in enumerate(of.questions):
            row = _HEAD + 1 + number
            page.write_string(row, 0, question.id, self.key)
            page.write_string(row, 1, areas.get(question.area or "", ""), self.fixed)
            page.write_string(row, 2, question.question.in_language(self.language), self.fixed)
            page.write_blank(row, 3, None, self.open)
            page.write_string(row, 4, self._hint(question), self.fixed)
            self._choices(row, number, question)
        self._look(len(of.questions))

    def _hint(self, question: Any) -> str:
        parts = [self._say("form-print.required")] if question.required else []
        if isinstance(question, NumberQuestion):
            parts.append(
                question.unit.in_language(self.language) if question.unit else self._say("form-print.number")
            )
            if question.min is not None:
                parts.append(f"≥ {plain_number(question.min)}")
            if question.max is not None:
                parts.append(f"≤ {plain_number(question.max)}")
        return " · ".join(parts)

    def _choices(self, row: int, number: int, question: Any) -> None:
        """A drop-down; its words stand on the second sheet, since in a rule they may have 255 letters only."""
        if isinstance(question, ChoiceQuestion | RatingQuestion):
            for index, choice in enumerate(question.choices):
                self.lists.write_string(index, number, f"{index + 1}. {choice.in_language(self.language)}")
            name = self.lists.get_name().replace("'", "''")
            column = _column(number)
            source = f"='{name}'!${column}$1:${column}${len(question.choices)}"
            self.page.data_validation(
                row,
                3,
                row,
                3,
                {"validate": "list", "source": source, "error_message": self._say("form-print.choose")},
            )
        elif isinstance(question, NumberQuestion):
            rule: dict[str, object] = {
                "validate": "decimal",
                "criteria": ">=",
                "value": question.min if question.min is not None else -(10**9),
            }
            if question.max is not None:
                rule = {
                    "validate": "decimal",
                    "criteria": "between",
                    "minimum": rule["value"],
                    "maximum": question.max,
                }
            self.page.data_validation(row, 3, row, 3, rule)

    def _look(self, questions: int) -> None:
        page = self.page
        for column, width in enumerate((17, 20, 58, 46, 20)):
            page.set_column(column, column, width)
        page.set_row(_HEAD, 24)
        page.freeze_panes(_HEAD + 1, 0)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(_HEAD)
        page.print_area(0, 0, _HEAD + questions, 4)
        page.set_footer(f"&L&8{self.form.text_id.replace('&', '&&')}&R&8&P/&N")
        self.lists.hide()


def _column(number: int) -> str:
    """The letters of a column, from 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
