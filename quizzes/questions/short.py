"""A word or a few, typed in."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator

from authoring.languages import LocalizedText
from quizzes.questions.question import GeneralFeedback, Graded, PlainHints
from quizzes.values import Flag, Part, Score, text_in_short


class ShortAnswer(Part):
    r"""One accepted wording; `*` stands for any characters, `\*` for a star."""

    text: LocalizedText
    score: Score = Fraction(1)
    feedback: LocalizedText | None = None


ShortAnswers = tuple[Annotated[ShortAnswer, BeforeValidator(text_in_short)], ...]


class ShortText(Graded):
    """A word or a few, compared with the accepted wordings of all languages."""

    type: Literal["short"]
    answers: ShortAnswers
    case_sensitive: Flag = False
    feedback: GeneralFeedback = GeneralFeedback()
    hints: PlainHints = ()
