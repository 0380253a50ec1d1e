"""A number, with a tolerance and perhaps a unit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from authoring.languages import LocalizedText
from quizzes.questions.question import GeneralFeedback, Graded, PlainHints
from quizzes.values import Flag, Number, Part, Penalty, Ratio, Score, Tolerance, number_in_short


class NumberAnswer(Part):
    """One accepted number with its absolute tolerance; `any` is every other number, for its feedback."""

    answer: Number | Literal["any"] = Field(union_mode="left_to_right")
    tolerance: Tolerance = Decimal(0)
    score: Score = Fraction(1)
    feedback: LocalizedText | None = None


NumberAnswers = tuple[Annotated[NumberAnswer, BeforeValidator(number_in_short)], ...]


class Numerical(Graded):
    """A number: either `answer` with `tolerance`, or several `answers`.

    `units` says how many of the first unit each one is: `{bit: 1, byte: 8}`. Moodle keeps the inverse.
    """

    type: Literal["numerical"]
    answer: Number | None = None
    tolerance: Tolerance | None = None
    answers: NumberAnswers = ()
    units: Mapping[str, Ratio] = {}
    unit_input: Literal["typed", "choice", "list", "shown"] | None = None
    unit_penalty: Penalty | None = None
    unit_penalty_of: Literal["response", "question"] = "response"
    unit_left: Flag = False
    feedback: GeneralFeedback = GeneralFeedback()
    hints: PlainHints = ()

    @property
    def accepted(self) -> tuple[NumberAnswer, ...]:
        """The accepted numbers, however they were written."""
        if self.answer is None:
            return self.answers
        return (NumberAnswer(answer=self.answer, tolerance=self.tolerance or Decimal(0)),)
