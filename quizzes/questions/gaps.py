"""A text with gaps, filled from a list or by dragging words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator

from authoring.languages import LocalizedText
from quizzes.questions.question import CombinedFeedback, Graded, PartsHints
from quizzes.values import Flag, Part, count, text_in_short

MAX_GROUPS = 20

Group = Annotated[int, count("quiz.gap-group", 1, MAX_GROUPS)]


class Word(Part):
    """A word that can be put into gaps of its group; `unlimited` words can be dragged more than once."""

    text: LocalizedText
    group: Group = 1
    unlimited: Flag = False


Words = Annotated[Word, BeforeValidator(text_in_short)]


class Gaps(Graded):
    """A text with `{{name}}` for each gap; `gaps` says the right word of each, `extra` are words for none."""

    type: Literal["gaps"]
    input: Literal["select", "drag"] = "select"
    gaps: Mapping[str, Words]
    extra: tuple[Words, ...] = ()
    shuffle: Flag = True
    show_count: Flag = True
    feedback: CombinedFeedback = CombinedFeedback()
    hints: PartsHints = ()
