"""The types of questions: one module for each family, and their closed union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from quizzes.questions.choice import MultipleChoice, Option, SingleChoice
from quizzes.questions.cloze import Blank, Cloze
from quizzes.questions.essay import Attachments, Description, Essay
from quizzes.questions.gaps import Gaps, Word
from quizzes.questions.images import DragImage, DragItem, DragMarkers, Marker, Place, Zone
from quizzes.questions.matching import Matching, Pair
from quizzes.questions.numerical import NumberAnswer, Numerical
from quizzes.questions.ordering import Ordering
from quizzes.questions.question import (
    CombinedFeedback,
    Described,
    GeneralFeedback,
    Graded,
    Hint,
    Ignored,
    PartsHint,
)
from quizzes.questions.raw import Raw
from quizzes.questions.short import ShortAnswer, ShortText
from quizzes.questions.truefalse import TrueFalse

Question = Annotated[
    SingleChoice
    | MultipleChoice
    | TrueFalse
    | ShortText
    | Numerical
    | Matching
    | Ordering
    | Gaps
    | Cloze
    | DragImage
    | DragMarkers
    | Essay
    | Description
    | Raw,
    Field(discriminator="type"),
]
"""Everything that can stand under `questions`."""

__all__ = [
    "Attachments",
    "Blank",
    "Cloze",
    "CombinedFeedback",
    "Described",
    "Description",
    "DragImage",
    "DragItem",
    "DragMarkers",
    "Essay",
    "Gaps",
    "GeneralFeedback",
    "Graded",
    "Hint",
    "Ignored",
    "Marker",
    "Matching",
    "MultipleChoice",
    "NumberAnswer",
    "Numerical",
    "Option",
    "Ordering",
    "Pair",
    "PartsHint",
    "Place",
    "Question",
    "Raw",
    "ShortAnswer",
    "ShortText",
    "SingleChoice",
    "TrueFalse",
    "Word",
    "Zone",
]
