"""Pairs to put together."""

from __future__ import annotations

from typing import Literal

from authoring.languages import LocalizedText
from quizzes.questions.question import CombinedFeedback, Graded, PartsHints
from quizzes.values import Flag, Part


class Pair(Part):
    """A statement on the left and the choice that belongs to it."""

    left: LocalizedText
    right: LocalizedText


class Matching(Graded):
    """Pairs to put together; `extra` are choices that belong to nothing."""

    type: Literal["matching"]
    pairs: tuple[Pair, ...]
    extra: tuple[LocalizedText, ...] = ()
    shuffle: Flag = True
    show_count: Flag = True
    feedback: CombinedFeedback = CombinedFeedback()
    hints: PartsHints = ()
