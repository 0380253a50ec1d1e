"""The report on a quiz's questions as tables: a workbook with its definitions, and CSV of the questions."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from lms_sync.completion_output import delimiter_for
from lms_sync.items.report import ItemsReport
from lms_sync.items.words import FIGURES, HIDDEN, Words, facility_by_group, wanted_groups
from lms_sync.people.read_csv import escaped, write_csv
from lms_sync.plain_workbook import plain_workbook
from quizzes.item_results import PositionResult, QuestionResult
from quizzes.item_statistics import ItemFigures

Cell = str | float | None

_PERCENT = {"facility", "sd", "guess"}
"""Shares of one; the other percentages are percent already."""


def _values(figures: ItemFigures, guess: float | None) -> list[Cell]:
    """The figures in the order of `FIGURES`, percentages as shares of one."""
    of = {
        "n": figures.n,
        "facility": figures.facility,
        "discrimination": _share(figures.discrimination_index),
        "efficiency": _share(figures.discriminative_efficiency),
        "sd": figures.sd / figures.maxmark if figures.sd is not None and figures.maxmark else None,
        "intended": _share(figures.intended_weight),
        "effective": _share(figures.effective_weight),
        "guess": guess,
    }
    return [of[name] for name in FIGURES]


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _question_row(words: Words, one: QuestionResult) -> list[Cell]:
    return [
        words.slots(one),
        one.key,
        one.text,
        *_values(one.figures, one.guess),
        one.left_out,
        " ".join(words.flag(flag) for flag in one.flags),
    ]


def _position_row(words: Words, one: PositionResult) -> list[Cell]:
    return [str(one.slot), words.position(one), *_values(one.figures, None)[:-1]]


def items_csv(report: ItemsReport, language: str) -> bytes:
    """A row for each question, as spreadsheets of the language read it; percentages of 100."""
    words = Words(report, language)
    comma = delimiter_for(language) == ";"

    def cell(value: Cell) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        written = f"{value:.1f}" if isinstance(value, float) else str(value)
        return written.replace(".", ",") if comma else written

    rows = [_question_heading(words)]
    for one in report.analysis.questions if report.analysis.enough else ():
        row = _question_row(words, one)
        shown = [
            100 * value if isinstance(value, float) and 3 < place < 3 + len(FIGURES) else value
            for place, value in enumerate(row)
        ]
        rows.append([cell(value) for value in shown])
    return write_csv(rows, delimiter_for(language))


def _question_heading(words: Words) -> list[str]:
    return [
        words.say("column-slot"),
        words.say("key"),
        words.say("text"),
        *(words.say(f"column-{name}") for name in FIGURES),
        words.say("left-out"),
        words.say("flags"),
    ]


def items_xlsx(report: ItemsReport, language: str) -> bytes:
    """The whole report as a workbook; the same report gives the same bytes."""
    words = Words(report, language)
    out = io.BytesIO()
    with plain_workbook(out) as workbook:
        title = f"{words.say('heading')}: {report.quiz.title}"
        workbook.set_properties({"title": title, "created": report.as_of.replace(tzinfo=None)})
        writer = _Writer(workbook)
        for code, heading, rows, widths in _sheets(report, words):
            writer.sheet(words.say(f"sheet-{code}"), title, heading, rows, widths)
    return out.getvalue()


def _sheets(
    report: ItemsReport, words: Words
) -> Iterator[tuple[str, Sequence[str], Sequence[Sequence[Cell]], Sequence[int]]]:
    analysis = report.analysis
    shown = analysis.enough
    figures = [words.say(f"column-{name}") for name in FIGURES]
    whole: list[list[Cell]] = [
        [words.say("as-of", day=f"{report.as_of:%Y-%m-%d}"), None, None],
        [words.say(f"which-{analysis.which}"), None, None],
        [words.say("attempts", n=analysis.quiz.n), None, None],
        [words.say("persons", n=analysis.persons), None, None],
    ]
    if not shown:
        whole.append([words.say("too-few"), None, None])
    whole += [[name, value, meaning] for name, value, meaning in words.quiz_figures()] if shown else []
    whole += [[words.flag(flag), None, None] for flag in analysis.flags]
    yield "quiz", ["", "", ""], whole, (40, 14, 70)
    if not shown:
        return
    yield (
        "positions",
        [words.say("column-slot"), words.say("column-question"), *figures[:-1]],
        [_position_row(words, one) for one in analysis.positions],
        (6, 40, *(13,) * (len(figures) - 1)),
    )
    yield (
        "questions",
        _question_heading(words),
        [_question_row(words, one) for one in analysis.questions],
        (8, 26, 50, *(13,) * len(figures), 12, 80),
    )
    answers: list[list[Cell]] = [
        [
            one.key,
            answer.part or "",
            words.answer(one, answer.text),
            words.say("yes") if answer.right else "",
            answer.n,
            float(answer.share),
            float(answer.best),
            float(answer.weakest),
        ]
        for one in analysis.questions
        for answer in one.answers
    ]
    yield (
        "answers",
        [
            words.say(code)
            for code in ("key", "part", "answer", "right", "column-n", "share", "best-third", "weakest-third")
        ],
        answers,
        (26, 30, 50, 9, 12, 12, 14, 14),
    )
    for kind in wanted_groups(report):
        codes, cells = facility_by_group(report, kind)
        rows: list[list[Cell]] = [
            [
                one.key,
                one.figures.facility,
                *((HIDDEN if cells[one.key][code] is None else cells[one.key][code]) if code in cells[one.key] else None
                  for code in codes),
            ]
            for one in analysis.questions
        ]  # fmt: skip
        heading = [words.say("key"), words.say("everybody"), *(words.group(kind, code) for code in codes)]
        yield kind, heading, rows, (26, *(14,) * (len(codes) + 1))
    meanings: list[list[Cell]] = [
        [words.say(f"column-{name}"), words.say(f"definition-{name}")] for name in FIGURES
    ]
    meanings += [["", words.say("formulas")], ["", words.say("hidden-note", sign=HIDDEN)]]
    yield "definitions", ["", ""], meanings, (24, 110)


class _Writer:
    """Writes sheets of one look into a workbook."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._formats: dict[tuple[str, bool], Any] = {}
        self._header = workbook.add_format(
            {
                "bold": True,
                "font_color": "#FFFFFF",
                "bg_color": "#1F4E5F",
                "text_wrap": True,
                "valign": "vcenter",
            }
        )
        self._title = workbook.add_format({"bold": True, "font_size": 14})

    def sheet(
        self,
        name: str,
        title: str,
        heading: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        widths: Sequence[int],
    ) -> None:
        """One sheet: the title, then a table."""
        sheet = self._workbook.add_worksheet(name[:31])
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.write_string(0, 0, title, self._title)
        first = 2
        if any(heading):
            sheet.set_row(2, 32)
            for column, text in enumerate(heading):
                sheet.write_string(2, column, text, self._header)
            sheet.freeze_panes(3, 2)
            first = 3
        for number, row in enumerate(rows, first):
            for column, value in enumerate(row):
                self._write(sheet, number, column, value)

    def _write(self, sheet: Any, row: int, column: int, value: Cell) -> None:
        if value is None:
            return
        if isinstance(value, str):
            sheet.write_string(row, column, value, self._format("@", quoted=escaped(value) != value))
        else:
            form = "0.0%" if isinstance(value, float) else "#,##0"
            sheet.write_number(row, column, value, self._format(form, quoted=False))

    def _format(self, form: str, *, quoted: bool) -> Any:
        key = (form, quoted)
        if key not in self._formats:
            look: dict[str, object] = {"num_format": form, "valign": "top", "text_wrap": form == "@"}
            if quoted:
                look["quote_prefix"] = True
            self._formats[key] = self._workbook.add_format(look)
        return self._formats[key]
