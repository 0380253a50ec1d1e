"""Answers that are typed in: words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from quizzes.numbers import plain
from quizzes.question_texts import plain_of
from quizzes.questions import NumberAnswer, Numerical, ShortAnswer, ShortText
from quizzes.scores import decimal, percentage
from quizzes.xml_out.elements import Writer, leaf

UNIT_INPUTS = {"typed": "0", "choice": "1", "list": "2", "shown": "3"}
UNIT_DIGITS = 19
"""Decimals that Moodle keeps of a unit's multiplier."""


def short_answers(question: ShortText, languages: Sequence[str]) -> list[tuple[str, int]]:
    """The accepted wordings of all languages with the index of their answer, without repetitions."""
    return wordings(question.answers, languages)


def wordings(answers: Sequence[ShortAnswer], languages: Sequence[str]) -> list[tuple[str, int]]:
    """The same for answers alone."""
    united = [
        (plain_of(answer.text, language), index)
        for index, answer in enumerate(answers)
        for language in languages
    ]
    return list(dict.fromkeys(united))


def write_short(writer: Writer, root: Element, question: ShortText) -> None:
    """Accepted wordings, plain text."""
    leaf(root, "usecase", "1" if question.case_sensitive else "0")
    for wording, index in short_answers(question, writer.languages):
        accepted = question.answers[index]
        answer = writer.plain_answer(root, wording, percentage(accepted.score))
        writer.feedback(answer, "feedback", accepted.feedback)
    writer.hints(root, question.hints)


def number_text(value: Decimal | str) -> str:
    """A number with a decimal point, or the star that stands for every other one."""
    return plain(value) if isinstance(value, Decimal) else "*"


def multiplier(value: Fraction) -> str:
    """Moodle's multiplier of a unit of which one is `value` of the first unit."""
    return decimal(1 / value, UNIT_DIGITS)


def write_numerical(writer: Writer, root: Element, question: Numerical) -> None:
    """Numbers with tolerance; units with the multiplier that Moodle keeps, the inverse of what authors write."""
    for accepted in question.accepted:
        _number(writer, root, accepted)
    if question.units:
        units = SubElement(root, "units")
        for name, value in question.units.items():
            unit = SubElement(units, "unit")
            leaf(unit, "multiplier", multiplier(value))
            leaf(unit, "unit_name", name)
    graded = question.unit_penalty is not None
    leaf(root, "unitgradingtype", ("1" if question.unit_penalty_of == "response" else "2") if graded else "0")
    leaf(root, "unitpenalty", decimal(question.unit_penalty) if question.unit_penalty is not None else "0.1")
    leaf(root, "showunits", unit_input(question))
    leaf(root, "unitsleft", "1" if question.unit_left else "0")
    writer.hints(root, question.hints)


def unit_input(question: Numerical) -> str:
    """How the unit is entered, as Moodle says it: typed where there are units, none else."""
    if question.unit_input is not None:
        return UNIT_INPUTS[question.unit_input]
    return UNIT_INPUTS["typed"] if question.units else UNIT_INPUTS["shown"]


def _number(writer: Writer, root: Element, accepted: NumberAnswer) -> None:
    answer = writer.plain_answer(root, number_text(accepted.answer), percentage(accepted.score))
    leaf(answer, "tolerance", plain(accepted.tolerance))
    writer.feedback(answer, "feedback", accepted.feedback)
