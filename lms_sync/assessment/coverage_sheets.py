"""A coverage report as a workbook and as CSV: every figure in a line, for whoever counts on."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from lms_sync.assessment.coverage import Coverage
from lms_sync.assessment.coverage_page import READING
from lms_sync.assessment.coverage_words import HIDDEN, Words
from lms_sync.people.read_csv import escaped, write_csv
from lms_sync.plain_workbook import plain_workbook
from programmes.indicators import Figure, Result

Cell = str | int | float | None

_LINE = (
    "indicator",
    "title",
    "unit",
    "by",
    "key",
    "label",
    "persons",
    "participations",
    "value",
    "low",
    "high",
)
_FIGURES = (
    "indicator", "title", "unit", "persons", "participations", "value", "low", "high", "asked", "missing", "baseline",
    "goal", "goal-by", "progress",
)  # fmt: skip


def coverage_csv(coverage: Coverage, language: str) -> bytes:
    """Every figure and every line of every breakdown, one a row; the sign * where it is not shown."""
    words = Words(coverage, language)
    rows = [["" if cell is None else cell for cell in row] for row in _lines(coverage, words)]
    return write_csv([[words.say(f"sheet-{name}") for name in _LINE], *rows])


def _lines(coverage: Coverage, words: Words) -> Iterator[list[Cell]]:
    for result in coverage.results:
        yield _line(result, words, "", "", words.say("total"), result.figure)
        for by, rows in result.breakdowns.items():
            for row in rows:
                yield _line(result, words, words.say(f"by-{by}"), row.key, words.key(by, row.key), row.figure)


def _line(result: Result, words: Words, by: str, key: str, label: str, figure: Figure | None) -> list[Cell]:
    title = result.indicator.title.in_language(words.language)
    return [result.indicator.id, title, words.unit(result), by, key, label, *_numbers(result, figure)]


def _numbers(result: Result, figure: Figure | None) -> list[Cell]:
    """Persons, participations, mean, low, high: those that the indicator has."""
    mean = result.unit in ("score", "points")
    if figure is None:
        return [
            HIDDEN,
            None if mean or result.unit == "institutions" else HIDDEN,
            *([HIDDEN] * 3 if mean else [None] * 3),
        ]
    times: Cell = None if mean or result.unit == "institutions" else figure.participations
    return [figure.persons, times, _round(figure.value), _round(figure.low), _round(figure.high)]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def coverage_xlsx(coverage: Coverage, language: str) -> bytes:
    """A workbook: figures against targets, breakdowns, the path of every institution, and what all of it means.

    The same report gives the same bytes.
    """
    words = Words(coverage, language)
    out = io.BytesIO()
    programme = coverage.programme
    title = f"{words.say('heading')}: {programme.title.in_language(language)}"
    with plain_workbook(out) as workbook:
        import datetime

        made = datetime.datetime.combine(coverage.as_of, datetime.time())
        workbook.set_properties({"title": title, "created": made})
        book = _Book(workbook, words, title)
        book.sheet(
            "figures",
            [words.say(f"sheet-{name}") for name in _FIGURES],
            _figures(coverage, words),
            (20, 44, 20),
        )
        book.sheet(
            "breakdowns",
            [words.say(f"sheet-{name}") for name in _LINE],
            _lines(coverage, words),
            (20, 36, 18, 18, 18, 30),
        )
        if programme.milestones:
            book.sheet("milestones", *_paths(coverage, words), (18, 34, 22))
        book.sheet(
            "how-to-read",
            [words.say("sheet-term"), words.say("sheet-meaning")],
            _meanings(coverage, words),
            (34, 110),
        )
    return out.getvalue()


def _figures(coverage: Coverage, words: Words) -> Iterator[list[Cell]]:
    for one in coverage.results:
        goal = one.goal
        yield [
            one.indicator.id,
            one.indicator.title.in_language(words.language),
            words.unit(one),
            *_numbers(one, one.figure),
            one.asked,
            one.missing,
            one.indicator.baseline,
            None if goal is None else goal.value,
            None if goal is None else goal.by.isoformat(),
            None if one.progress is None else round(one.progress, 4),
        ]


def _paths(coverage: Coverage, words: Words) -> tuple[list[str], Iterator[list[Cell]]]:
    milestones = [one.title.in_language(words.language) for one in coverage.programme.milestones]
    asked = [one.title.in_language(words.language) for one in coverage.questionnaires]
    heads = [words.say("sheet-code"), words.say("institution"), words.say("region"), *milestones]
    heads += [words.say("legend-certified"), *asked]

    def rows() -> Iterator[list[Cell]]:
        for path in coverage.paths:
            code = path.institution.code
            yield [
                code,
                path.institution.name(words.language),
                coverage.observed.institutions[code],
                *(None if step.on is None else step.on.isoformat() for step in path.steps),
                "★" if code in coverage.certified else None,
                *(coverage.scores.get(code, {}).get(one.id) for one in coverage.questionnaires),
            ]

    return heads, rows()


def _meanings(coverage: Coverage, words: Words) -> Iterator[list[Cell]]:
    programme = coverage.programme
    yield [words.say("sheet-programme"), f"{programme.title.in_language(words.language)} ({programme.id})"]
    yield [words.say("read-as-of"), f"{coverage.as_of.isoformat()} ({programme.timezone})"]
    if coverage.known_on is not None:
        yield [words.say("sheet-known"), coverage.known_on.isoformat()]
    for one in coverage.results:
        meaning = f"{one.indicator.definition.in_language(words.language)} {words.source(one)}".strip()
        yield [one.indicator.title.in_language(words.language), meaning]
    for name in READING:
        yield [words.say(f"read-{name}"), words.say(f"read-{name}-text")]
    for partner in programme.partners:
        yield [words.say(f"role-{partner.role}"), partner.name.in_language(words.language)]
    if programme.disclaimer is not None:
        yield [words.say("sheet-disclaimer"), programme.disclaimer.in_language(words.language)]


class _Book:
    """Writes sheets that look alike: a title, a heading line that stays, text that no program takes for a formula."""

    def __init__(self, workbook: Any, words: Words, title: str) -> None:
        self._workbook = workbook
        self._words = words
        self._title = title
        self._made: dict[tuple[tuple[str, object], ...], Any] = {}

    def _format(self, **properties: object) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format(properties)
        return self._made[key]

    def sheet(
        self, name: str, heads: Sequence[str], rows: Iterator[list[Cell]], widths: Sequence[int]
    ) -> None:
        """One sheet; `widths` are those of the first columns, the others are narrow."""
        page = self._workbook.add_worksheet(self._words.say(f"sheet-of-{name}")[:31])
        for column in range(len(heads)):
            page.set_column(column, column, widths[column] if column < len(widths) else 15)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(2)
        page.freeze_panes(3, min(2, len(heads) - 1))
        self._text(page, 0, 0, self._title, self._looks(bold=True, font_size=14))
        header = self._looks(
            bold=True, font_color="#FFFFFF", bg_color="#1F4E5F", text_wrap=True, valign="vcenter", border=1
        )
        for column, head in enumerate(heads):
            self._text(page, 2, column, head, header)
        look: dict[str, object] = {"text_wrap": True, "valign": "top"} if name == "how-to-read" else {}
        body, whole, broken = (
            self._looks(num_format="@", **look),
            self._format(num_format="#,##0"),
            self._format(num_format="0.00"),
        )
        last = 2
        for last, row in enumerate(rows, 3):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    self._text(page, last, column, cell, body)
                elif cell is not None:
                    is_broken = isinstance(cell, float) and not cell.is_integer()
                    page.write_number(last, column, cell, broken if is_broken else whole)
        page.autofilter(2, 0, last, len(heads) - 1)

    def _looks(self, **look: object) -> tuple[Any, Any]:
        """How a text looks, and one that a program would take for a formula."""
        return self._format(**look), self._format(**look, quote_prefix=True)

    def _text(self, page: Any, row: int, column: int, value: str, looks: tuple[Any, Any]) -> None:
        page.write_string(row, column, value, looks[escaped(value) != value])
