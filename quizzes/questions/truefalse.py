"""A statement that is true or false."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from authoring.languages import LocalizedText
from quizzes.questions.question import GeneralFeedback, Graded, PlainHints
from quizzes.values import Flag, Penalty


class TrueFalse(Graded):
    """A statement that is true or false; a second try makes no sense, so Moodle's own penalty is 1."""

    type: Literal["truefalse"]
    answer: Flag
    feedback_true: LocalizedText | None = None
    feedback_false: LocalizedText | None = None
    feedback: GeneralFeedback = GeneralFeedback()
    penalty: Penalty = Fraction(1)
    hints: PlainHints = ()
