"""Reads the workbook for a quiz back: every cell that cannot be meant is named by its sheet and cell."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from authoring.problems import ContentError, Place, Problem
from authoring.read_yaml import Pointer
from lms_sync.people.import_open import open_sheets
from lms_sync.people.import_sheet import Cell, Sheet, column_letters
from lms_sync.quiz_sheets.layout import (
    DIFFICULTIES,
    FIRST_ROW,
    KEY_ROW,
    LETTERS,
    TRUTH,
    TYPES,
    meaning,
)
from quizzes.foreign_file import ForeignQuestion, ForeignQuiz, free_id, refuse_many, written_number
from quizzes.numbers import NotANumber, number

_ARROW = re.compile(r"\s*(?:->|→|=>)\s*")
_TOLERANCE = re.compile(r"\s*(?:±|\+-|\+/-)\s*")


def cell_name(row: int, column: int) -> str:
    """A cell as a spreadsheet names it: B12."""
    return f"{column_letters(column)}{row}"


def read_quiz_workbook(path: Path) -> ForeignQuiz:
    """The quiz in a workbook; raises ContentError with every problem, where it is none of ours with that alone."""
    sheets = open_sheets(path).sheets
    found = {one.name: one for one in sheets}
    questions = next((one for one in sheets if _keys(one)), None)
    if questions is None:
        raise ContentError([Problem("sheets.not-ours", {}, Place(path.name))])
    settings = next((one for one in sheets if _said(one, 1, 1) == "id"), None)
    reader = _Reader(path.name, questions, settings)
    problems = [
        *_formulas(path, set(found)),
        *reader.merged(),
    ]
    quiz = reader.quiz()
    problems += reader.problems
    if problems:
        raise ContentError(problems)
    return quiz


def _keys(sheet: Sheet) -> dict[str, int]:
    """The columns by their keys; {} where the sheet has no row of keys."""
    row = {cell.text: column for (number, column), cell in sheet.cells.items() if number == KEY_ROW}
    return row if "type" in row and any(key.startswith("text:") for key in row) else {}


def _said(sheet: Sheet, row: int, column: int) -> str:
    cell = sheet.cells.get((row, column))
    return "" if cell is None else cell.text


def _formulas(path: Path, names: set[str]) -> Iterator[Problem]:
    """A formula shows what it was calculated to last, which nobody sees while reading: the value is asked for."""
    from openpyxl import load_workbook  # late: only a workbook needs it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = load_workbook(io.BytesIO(path.read_bytes()), keep_links=False)
    for sheet in workbook.worksheets:
        if sheet.title not in names:
            continue
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    where = str(cell.coordinate)
                    yield Problem(
                        "sheets.formula", {"cell": where}, Place(f"{path.name}, {sheet.title}!{where}")
                    )


@dataclass
class _Reader:
    file: str
    sheet: Sheet
    settings: Sheet | None
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = _keys(self.sheet)
        self.languages = [key.partition(":")[2] for key in self.columns if key.startswith("text:")]

    def place(self, row: int, key: str, sheet: Sheet | None = None) -> Place:
        """The place of a cell, by the key of its column."""
        name = cell_name(row, self.columns.get(key, 1))
        return Place(f"{self.file}, {(sheet or self.sheet).name}!{name}")

    def problem(self, code: str, row: int, key: str, **params: object) -> None:
        name = cell_name(row, self.columns.get(key, 1))
        self.problems.append(Problem(f"sheets.{code}", {"cell": name, **params}, self.place(row, key)))

    def merged(self) -> Iterator[Problem]:
        """Merged cells hold one value for several questions."""
        for top, left, bottom, right in self.sheet.merged:
            if bottom >= FIRST_ROW:
                cells = f"{cell_name(top, left)}:{cell_name(bottom, right)}"
                yield Problem(
                    "sheets.merged", {"cells": cells}, Place(f"{self.file}, {self.sheet.name}!{cells}")
                )

    # --- the quiz --------------------------------------------------------------------------------------------

    def quiz(self) -> ForeignQuiz:
        head, places = self._head()
        questions = []
        taken: set[str] = set()
        for row in sorted({row for row, _ in self.sheet.cells if row >= FIRST_ROW}):
            question = self._question(row, taken)
            if question is not None:
                questions.append(question)
            refuse_many(len(questions), self.file)
        if not questions and not self.problems:
            self.problem("no-questions", FIRST_ROW, "type")
        return ForeignQuiz(head, tuple(questions), self.file, (), places)

    def _head(self) -> tuple[dict[str, Any], dict[Pointer, Place]]:
        said: dict[str, tuple[str, int]] = {}
        if self.settings is not None:
            for (row, column), cell in self.settings.cells.items():
                if column == 1 and (value := _said(self.settings, row, 3)).strip():
                    said[cell.text] = (value.strip(), row)
        head: dict[str, Any] = {}
        places: dict[Pointer, Place] = {}

        def at(pointer: Pointer, row: int) -> None:
            name = self.settings.name if self.settings else ""
            places[pointer] = Place(f"{self.file}, {name}!C{row}")

        title = {}
        for language in self.languages:
            if found := said.get(f"title:{language}"):
                title[language] = found[0]
                at(("title",), found[1])
        if title:
            head["title"] = title
        default = said["default"][0] if "default" in said else self.languages[0]
        head["languages"] = {"default": default, "offered": self.languages}
        if "id" in said:
            head["id"] = said["id"][0]
            at(("id",), said["id"][1])
        settings: dict[str, Any] = {}
        for key in ("pass", "time_limit", "attempts"):
            if key not in said:
                continue
            value, row = said[key]
            at(("settings", key), row)
            # A cell with 70 % holds 0.7.
            if key == "pass" and re.fullmatch(r"0\.\d+|1", value):
                value = f"{Decimal(value) * 100:f}".rstrip("0").rstrip(".") + "%"
            settings[key] = int(value) if key == "attempts" and value.isdigit() else value
        if settings:
            head["settings"] = settings
        return head, places

    def _question(self, row: int, taken: set[str]) -> ForeignQuestion | None:
        cells = self._cells(row)
        if not cells:
            return None
        kind = meaning("type", TYPES, cells["type"].text) if "type" in cells else None
        if kind is None:
            said = cells["type"].text if "type" in cells else ""
            self.problem("no-type" if not said else "unknown-type", row, "type", text=said[:40])
            return None
        question = ForeignQuestion({}, self.place(row, "type"))
        own = cells["id"].text.strip() if "id" in cells else ""
        if not own:
            named = self._texts(cells, "text")
            own = free_id(next(iter(named.values()), ""), taken) or free_id(f"row-{row}", taken)
        taken.add(own)
        question.places["id",] = self.place(row, "id")
        question.data = {"id": own, "type": kind}
        if "points" in cells:
            question.data["points"] = cells["points"].text
            question.places["points",] = self.place(row, "points")
        if "difficulty" in cells:
            word = meaning("difficulty", DIFFICULTIES, cells["difficulty"].text)
            if word is None:
                self.problem("unknown-difficulty", row, "difficulty", text=cells["difficulty"].text[:40])
            else:
                question.data["difficulty"] = word
        if "tags" in cells:
            question.data["tags"] = [
                tag.strip() for tag in re.split(r"[,;]", cells["tags"].text) if tag.strip()
            ]
            question.places["tags",] = self.place(row, "tags")
        question.data["text"] = self._texts(cells, "text")
        question.places["text",] = self.place(row, f"text:{self.languages[0]}")
        question.data |= self._body(kind, row, cells, question)
        if feedback := self._texts(cells, "feedback"):
            question.data["feedback"] = {"general": feedback}
            question.places["feedback",] = self.place(row, f"feedback:{self.languages[0]}")
        return question

    def _cells(self, row: int) -> dict[str, Cell]:
        """The cells of a row that say something, by the names of their columns."""
        found = {key: self.sheet.cells.get((row, column)) for key, column in self.columns.items()}
        cells = {key: cell for key, cell in found.items() if cell is not None and cell.text.strip()}
        for key, cell in cells.items():
            if cell.kind == "error":
                self.problem("error-value", row, key, text=cell.text)
        return cells

    def _texts(self, cells: Mapping[str, Cell], key: str) -> dict[str, str]:
        return {
            language: cells[f"{key}:{language}"].text.strip()
            for language in self.languages
            if f"{key}:{language}" in cells
        }

    def _answers(
        self, row: int, cells: Mapping[str, Cell], question: ForeignQuestion, key: str
    ) -> list[tuple[str, dict[str, str]]]:
        """The answers that are there, each with its letter; their places are those of `key` in the question."""
        found: list[tuple[str, dict[str, str]]] = []
        for letter in LETTERS:
            if texts := self._texts(cells, letter):
                column = f"{letter}:{next(iter(texts))}"
                question.places[key, len(found)] = self.place(row, column)
                found.append((letter, texts))
        return found

    def _body(
        self, kind: str, row: int, cells: Mapping[str, Cell], question: ForeignQuestion
    ) -> dict[str, Any]:
        right = cells["right"].text if "right" in cells else ""
        if kind in ("single", "multiple"):
            letters = self._letters(row, right)
            answers = self._answers(row, cells, question, "options")
            known = {letter for letter, _ in answers}
            for letter in sorted(letters - known):
                self.problem("right-empty", row, "right", letter=letter)
            return {
                "options": [
                    {"text": texts, **({"correct": True} if letter in letters else {})}
                    for letter, texts in answers
                ]
            }
        if kind == "truefalse":
            word = meaning("truth", TRUTH, right)
            if word is None:
                self.problem("right-truth", row, "right", text=right[:40])
            return {"answer": word == "true"}
        if kind == "short":
            return {
                "answers": [{"text": texts} for _, texts in self._answers(row, cells, question, "answers")]
            }
        if kind == "numerical":
            return {"answers": list(self._numbers(row, cells, question))}
        if kind == "matching":
            return self._matching(row, cells, question)
        if kind == "ordering":
            return {"items": [texts for _, texts in self._answers(row, cells, question, "items")]}
        return {}

    def _letters(self, row: int, right: str) -> set[str]:
        letters = set(re.sub(r"[\s,;.+&]", "", right.upper()))
        if not letters:
            self.problem("right-missing", row, "right")
        for letter in sorted(letters - set(LETTERS)):
            self.problem("right-letter", row, "right", text=letter)
        return letters & set(LETTERS)

    def _numbers(
        self, row: int, cells: Mapping[str, Cell], question: ForeignQuestion
    ) -> Iterator[dict[str, int | float | str]]:
        for _, texts in self._answers(row, cells, question, "answers"):
            said = next(iter(texts.values()))
            parts = _TOLERANCE.split(said, maxsplit=1)
            try:
                answer = {"answer": written_number(number(parts[0]))}
                if parts[1:]:
                    answer["tolerance"] = written_number(number(parts[1]))
                yield answer
            except NotANumber as problem:
                key = next(key for key in cells if key[0] in LETTERS and cells[key].text.strip() == said)
                code = "number-suggest" if problem.suggestion else "number"
                self.problem(code, row, key, text=said[:40], suggestion=problem.suggestion)

    def _matching(self, row: int, cells: Mapping[str, Cell], question: ForeignQuestion) -> dict[str, Any]:
        pairs: list[dict[str, Any]] = []
        extra: list[dict[str, str]] = []
        for letter, texts in self._answers(row, cells, question, "pairs"):
            sides = {language: _ARROW.split(text, maxsplit=1) for language, text in texts.items()}
            if {len(side) for side in sides.values()} != {2}:
                self.problem("no-arrow", row, f"{letter}:{next(iter(texts))}")
                continue
            left = {language: side[0].strip() for language, side in sides.items()}
            right = {language: side[1].strip() for language, side in sides.items()}
            if any(left.values()):
                pairs.append({"left": left, "right": right})
            else:
                extra.append(right)
        return {"pairs": pairs, **({"extra": extra} if extra else {})}
