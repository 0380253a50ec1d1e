"""Questions with options: exactly one right, or any number of them."""

from __future__ import annotations

from typing import Literal

from authoring.languages import LocalizedText
from quizzes.questions.question import CombinedFeedback, Graded, PartsHints
from quizzes.values import Flag, Part, Score

Numbering = Literal["abc", "ABCD", "123", "iii", "IIII", "none"]


class Option(Part):
    """One option of a choice question."""

    text: LocalizedText
    correct: Flag = False
    score: Score | None = None
    feedback: LocalizedText | None = None


class _Choice(Graded):
    options: tuple[Option, ...]
    shuffle: Flag = True
    numbering: Numbering = "abc"
    instruction: Flag | None = None
    """Whether Moodle writes "Select one" above the options; left out, only where several can be right."""
    show_count: Flag | None = None
    """Whether the number of right choices is told; left out, only where several can be right."""
    feedback: CombinedFeedback = CombinedFeedback()
    hints: PartsHints = ()


class SingleChoice(_Choice):
    """Exactly one option is right."""

    type: Literal["single"]


class MultipleChoice(_Choice):
    """Any number of options is right; the right ones share the mark."""

    type: Literal["multiple"]
