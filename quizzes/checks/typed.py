"""Answers that are typed in: words with wildcards, numbers with tolerance and units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

from authoring.problems import Problem
from quizzes.checks.asking import Asking, written
from quizzes.numbers import plain
from quizzes.question_texts import is_blank, plain_of
from quizzes.questions import NumberAnswer, Numerical, ShortAnswer, ShortText

Where = tuple[str | int, ...]

MAX_UNIT = 50


def check_short(asking: Asking, question: ShortText) -> Iterator[Problem]:
    """The accepted wordings of a question."""
    yield from check_wordings(asking, question.answers, ("answers",), case_sensitive=question.case_sensitive)


def check_wordings(
    asking: Asking, answers: Sequence[ShortAnswer], at: Where, *, case_sensitive: bool
) -> Iterator[Problem]:
    """Accepted wordings, in the order in which Moodle tries them."""
    if not answers:
        yield asking.problem("quiz.answers-missing", *at)
        return
    if all(answer.score != 1 for answer in answers):
        yield asking.problem("quiz.no-full-answer", *at)
    first: dict[str, int] = {}
    anything: int | None = None
    for index, answer in enumerate(answers):
        where = (*at, index)
        if answer.score < 0:
            yield asking.problem("quiz.answer-negative", *where, score=written(answer.score))
        if anything is not None:
            yield asking.problem("quiz.answer-never-reached", *where, first=anything + 1)
        for wording in dict.fromkeys(plain_of(answer.text, language) for language in asking.languages):
            if not wording.strip("*"):
                anything = index if anything is None else anything
                if answer.score == 1:
                    yield asking.problem("quiz.answer-takes-anything", *where)
            elif re.search(r"\*\*|[0-9]\*[0-9]", wording):
                yield asking.problem("quiz.star-is-wildcard", *where, warning=True, text=wording)
            folded = unicodedata.normalize("NFC", wording)
            folded = folded if case_sensitive else folded.lower()
            same = first.setdefault(folded, index)
            if same != index:
                yield asking.problem("quiz.answer-twice", *where, text=wording, first=same + 1)


def check_numerical(asking: Asking, question: Numerical) -> Iterator[Problem]:
    """Accepted numbers and units."""
    if question.answer is not None and question.answers:
        yield asking.problem("quiz.answer-and-answers", "answers")
    elif not question.accepted:
        yield asking.problem("quiz.answers-missing")
    elif question.tolerance is not None and question.answers:
        yield asking.problem("quiz.tolerance-misplaced", "tolerance")
    else:
        yield from check_numbers(asking, question.answers or question.accepted, ("answers",))
    yield from _check_units(asking, question)


def check_numbers(asking: Asking, answers: Sequence[NumberAnswer], at: Where) -> Iterator[Problem]:
    """Accepted numbers, in the order in which Moodle tries them."""
    if all(accepted.score != 1 for accepted in answers):
        yield asking.problem("quiz.no-full-answer", *at)
    first: dict[object, int] = {}
    anything: int | None = None
    for index, accepted in enumerate(answers):
        where = (*at, index)
        if accepted.score < 0:
            yield asking.problem("quiz.answer-negative", *where, score=written(accepted.score))
        if anything is not None:
            yield asking.problem("quiz.answer-never-reached", *where, first=anything + 1)
        if accepted.answer == "any":
            anything = index if anything is None else anything
            if accepted.score == 1:
                yield asking.problem("quiz.answer-takes-anything", *where)
        same = first.setdefault((accepted.answer, accepted.tolerance), index)
        if same != index:
            shown = plain(accepted.answer) if isinstance(accepted.answer, Decimal) else accepted.answer
            yield asking.problem("quiz.answer-twice", *where, text=shown, first=same + 1)
    yield from _check_ranges(asking, answers, at)


def _check_ranges(asking: Asking, answers: Sequence[NumberAnswer], at: Where) -> Iterator[Problem]:
    """A later answer within the tolerance of an earlier one of another score: Moodle takes the first that fits."""
    ranges = [
        (index, one.answer - one.tolerance, one.answer + one.tolerance, one)
        for index, one in enumerate(answers)
        if isinstance(one.answer, Decimal)
    ]
    for position, (index, low, high, one) in enumerate(ranges):
        for earlier, its_low, its_high, other in ranges[:position]:
            if one.answer == other.answer and one.tolerance == other.tolerance:
                continue  # told as the same answer
            covered = its_low <= low and high <= its_high
            if covered:
                yield asking.problem("quiz.number-covered", *at, index, first=earlier + 1)
            elif (
                low <= its_high
                and its_low <= high
                and one.score != other.score
                and not low < its_low < its_high < high
            ):
                yield asking.problem("quiz.numbers-overlap", *at, index, warning=True, first=earlier + 1)


def _check_units(asking: Asking, question: Numerical) -> Iterator[Problem]:
    if not question.units:
        for key, given in (
            ("unit_input", question.unit_input),
            ("unit_penalty", question.unit_penalty),
            ("unit_left", question.unit_left or None),
        ):
            if given is not None:
                yield asking.problem("quiz.unit-key-alone", key, key=key)
        return
    names = list(question.units)
    if question.units[names[0]] != 1:
        yield asking.problem("quiz.unit-first", "units", names[0], unit=names[0])
    if question.unit_input == "shown" and (len(names) > 1 or question.unit_penalty is not None):
        yield asking.problem("quiz.unit-not-asked", "unit_input")
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(" ".join(name.split()).casefold(), name)
        if other != name:
            yield asking.problem("quiz.unit-twice", "units", name, unit=name, first=other)
        if is_blank(name) or name != name.strip() or len(name) > MAX_UNIT:
            yield asking.problem("quiz.unit-name", "units", name, unit=name)
        elif re.match(r"[0-9.,+-]|[eE][0-9+-]", name):
            yield asking.problem("quiz.unit-number", "units", name, unit=name)
