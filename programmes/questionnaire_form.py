"""Reads a filled-in questionnaire back from a spreadsheet: whose it is, of which day, and every answer.

The form is the one that `lms-sync questionnaire form` writes: a head of words and values (`questionnaire`,
`programme`, `institution` or `person`, `date`), then a line that names the columns, `question` and `answer` among
them, then a line for each question. Everything is understood or told with its row and column; nothing is guessed.
"""

from __future__ import annotations

import datetime
import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from authoring.languages import LocalizedText
from authoring.problems import ContentError, Place, Problem
from programmes.attendance import Cells
from programmes.questionnaire import Answer, ChoiceQuestion, NumberQuestion, Questionnaire, RatingQuestion

HEAD_KEYS = ("questionnaire", "programme", "institution", "person", "date")
LONGEST_ANSWER = 4000
_HEAD_WITHIN = 30
_DAYS = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})$")
_NUMBERED = re.compile(r"^\s*(\d{1,3})\s*[.)·]")


@dataclass(frozen=True)
class FormHead:
    """What the head of a form says; "" where it says nothing. `cells` are the places of the values."""

    values: Mapping[str, str]
    cells: Mapping[str, Place]
    columns_at: int  # the row of the names of the columns, from 0; -1 where there is none

    def __getitem__(self, key: str) -> str:
        """What is written beside a key."""
        return self.values.get(key, "")


@dataclass(frozen=True)
class FormTold:
    """A whole form: answers by question, and the day on which it was filled in."""

    on: datetime.date
    answers: Mapping[str, Answer]


def read_head(cells: Cells) -> FormHead:
    """The head of a form: who and what it is about."""
    values: dict[str, str] = {}
    places: dict[str, Place] = {}
    for row, line in enumerate(cells.rows[:_HEAD_WITHIN]):
        words = [_text(cell).casefold() for cell in line]
        if "question" in words and "answer" in words:
            return FormHead(values, places, row)
        for column, word in enumerate(words[:-1]):
            if word in HEAD_KEYS and word not in values:
                values[word] = _text(line[column + 1])
                places[word] = Place(cells.file, row + 1, column + 2)
    return FormHead(values, places, -1)


def read_form(cells: Cells, questionnaire: Questionnaire, *, today: datetime.date) -> FormTold:
    """The answers of a form to a questionnaire; raises ContentError with every problem in it."""
    head = read_head(cells)
    if head.columns_at < 0:
        raise ContentError([Problem("form.no-head", {}, Place(cells.file, 1))])
    problems: list[Problem] = []
    on = _date(head, cells.file, today, problems)
    names = [_text(cell).casefold() for cell in cells.rows[head.columns_at]]
    key_column, answer_column = names.index("question"), names.index("answer")
    answers: dict[str, Answer] = {}
    row_of: dict[str, int] = {}
    for index, line in enumerate(cells.rows[head.columns_at + 1 :], head.columns_at + 2):
        key = _text(_cell(line, key_column))
        value = _cell(line, answer_column)
        if not key:
            if _text(value):
                problems.append(Problem("form.no-question", {}, Place(cells.file, index, answer_column + 1)))
            continue
        question = questionnaire.question(key)
        place = Place(cells.file, index, key_column + 1)
        if question is None:
            known = [one.id for one in questionnaire.questions]
            similar = difflib.get_close_matches(key, known, n=1)
            values = {"value": key, "similar": similar[0] if similar else "-"}
            problems.append(Problem("form.unknown-question", values, place))
            continue
        if key in row_of:
            problems.append(Problem("form.twice", {"question": key, "first": row_of[key]}, place))
            continue
        row_of[key] = index
        at = Place(cells.file, index, answer_column + 1)
        if not _text(value):
            if question.required:
                problems.append(Problem("form.missing", {"question": key}, at))
            continue
        answer = _answer(question, value, at, problems)
        if answer is not None:
            answers[key] = answer
    problems += [
        Problem("form.row-missing", {"question": question.id}, Place(cells.file))
        for question in questionnaire.questions
        if question.required and question.id not in row_of
    ]
    if problems or on is None:
        raise ContentError(problems)
    if not answers:
        raise ContentError([Problem("form.empty", {}, Place(cells.file))])
    return FormTold(on, answers)


def _answer(question: object, value: object, at: Place, problems: list[Problem]) -> Answer | None:
    if isinstance(question, ChoiceQuestion | RatingQuestion):
        chosen = _chosen(question.choices, value)
        if chosen is None:
            known = " · ".join(f"{number}" for number in range(1, len(question.choices) + 1))
            problems.append(Problem("form.no-such-answer", {"value": _text(value)[:80], "known": known}, at))
        return chosen
    if isinstance(question, NumberQuestion):
        number = _number(value)
        if number is None:
            problems.append(Problem("form.not-a-number", {"value": _text(value)[:80]}, at))
        elif question.min is not None and number < question.min:
            problems.append(
                Problem("form.too-small", {"value": _text(value), "limit": f"{question.min:g}"}, at)
            )
        elif question.max is not None and number > question.max:
            problems.append(
                Problem("form.too-large", {"value": _text(value), "limit": f"{question.max:g}"}, at)
            )
        else:
            return number
        return None
    words = _text(value)
    if len(words) > LONGEST_ANSWER:
        problems.append(Problem("form.too-long", {"n": len(words), "limit": LONGEST_ANSWER}, at))
        return None
    return words


def _chosen(choices: tuple[LocalizedText, ...], value: object) -> int | None:
    """The number of an answer, by its number, its words in any language, or both as the drop-down has them."""
    said = _same(_text(value))
    spoken_by = {
        index
        for index, choice in enumerate(choices, 1)
        for language in choice.languages or ("",)
        if said in (_same(choice.in_language(language)), _same(f"{index}. {choice.in_language(language)}"))
    }
    number = _number(value)
    if number is not None and float(number).is_integer() and 1 <= number <= len(choices):
        spoken_by.add(int(number))  # where an answer's words are another number, nobody knows which is meant
    if spoken_by or number is not None:
        return spoken_by.pop() if len(spoken_by) == 1 else None
    numbered = _NUMBERED.match(_text(value))
    # A drop-down's words that somebody has shortened still begin with the number; but not with another answer's words.
    if numbered and 1 <= int(numbered[1]) <= len(choices):
        rest = _same(_text(value)[numbered.end() :])
        index = int(numbered[1])
        spoken = [_same(choices[index - 1].in_language(one)) for one in choices[index - 1].languages or ("",)]
        if not rest or any(words.startswith(rest) for words in spoken):
            return index
    return None


def _date(head: FormHead, file: str, today: datetime.date, problems: list[Problem]) -> datetime.date | None:
    said = head["date"]
    place = head.cells.get("date", Place(file))
    if not said:
        problems.append(Problem("form.no-date", {}, place))
        return None
    day = _day(said)
    if day is None:
        problems.append(Problem("form.bad-date", {"value": said[:40]}, place))
    elif day > today:
        problems.append(Problem("form.date-in-future", {"value": said[:40]}, place))
    return day


def _day(said: str) -> datetime.date | None:
    try:
        if match := _DAYS.match(said):
            return datetime.date(int(match[3]), int(match[2]), int(match[1]))
        return (
            datetime.date.fromisoformat(said[:10])
            if re.fullmatch(r"\d{4}-\d\d-\d\d( 00:00:00)?", said)
            else None
        )
    except ValueError:
        return None


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if float(value).is_integer() else value
    said = _text(value).replace("\u00a0", "").replace(" ", "")
    if not re.fullmatch(r"[-+]?\d+([.,]\d+)?", said) or len(said) > 15:
        return None
    number = float(said.replace(",", "."))
    return int(number) if number.is_integer() else number


def _cell(line: tuple[object, ...], column: int) -> object:
    return line[column] if column < len(line) else None


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        cell = cell.date()
    return unicodedata.normalize("NFC", str(cell)).strip()


def _same(words: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split())
