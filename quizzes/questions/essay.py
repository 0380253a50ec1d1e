"""What is not graded by Moodle: an essay, which a person grades, and a description, which asks nothing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from authoring.languages import LocalizedText
from quizzes.questions.question import Described, GeneralFeedback
from quizzes.values import Bytes, Flag, OneLine, Part, Points, WordLimits, count

UNLIMITED = -1


class Attachments(Part):
    """Files that belong to a response; `max` -1 is as many as wanted, `size` 0 what the course allows."""

    max: Annotated[int, count("quiz.attachments-range", -1, 3)] = 1
    required: Annotated[int, count("quiz.attachments-range", 0, 3)] = 0
    types: tuple[OneLine, ...] = ()
    size: Bytes = 0


class Essay(Described):
    """A text that a person grades."""

    type: Literal["essay"]
    points: Points = Decimal(1)
    editor: Literal["rich", "rich_with_files", "plain", "monospaced", "none"] = "rich"
    required: Flag = True
    lines: Annotated[int, count("quiz.essay-lines", 2, 40)] = 15
    words: WordLimits = (0, 0)
    attachments: Attachments | None = None
    grader_info: LocalizedText | None = None
    template: LocalizedText | None = None
    feedback: GeneralFeedback = GeneralFeedback()

    @property
    def penalty(self) -> Fraction:
        """Nothing is taken off: there is no second try."""
        return Fraction(0)


class Description(Described):
    """A text between questions."""

    type: Literal["description"]
    feedback: GeneralFeedback = GeneralFeedback()

    @property
    def points(self) -> Decimal:
        """Nothing can be earned."""
        return Decimal(0)

    @property
    def penalty(self) -> Fraction:
        """Nothing can be lost."""
        return Fraction(0)
