"""What questions of every type have: identity, text, tags, marks, feedback and hints."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator

from authoring.languages import LocalizedText
from quizzes.values import (
    ONE_THIRD,
    Difficulty,
    Flag,
    OneLine,
    Part,
    Penalty,
    Points,
    QuestionId,
    text_in_short,
)


class Ignored(Part):
    """A check that shall not speak here, and why."""

    code: str
    reason: str


class GeneralFeedback(Part):
    """What every learner is shown after the question, whatever was answered."""

    general: LocalizedText | None = None


class CombinedFeedback(GeneralFeedback):
    """General feedback, and one each for a right, a partly right and a wrong response."""

    correct: LocalizedText | None = None
    partial: LocalizedText | None = None
    incorrect: LocalizedText | None = None


class Hint(Part):
    """Shown after a wrong try where the behaviour allows several."""

    text: LocalizedText


class PartsHint(Hint):
    """A hint of a question that has parts: Moodle can count the right ones and take the wrong ones away."""

    show_count: Flag = False
    clear_wrong: Flag = False


PlainHints = tuple[Annotated[Hint, BeforeValidator(text_in_short)], ...]
PartsHints = tuple[Annotated[PartsHint, BeforeValidator(text_in_short)], ...]


class Described(Part):
    """What is asked and where it belongs; `objective`, `difficulty` and `category` become tags in Moodle."""

    id: QuestionId
    text: LocalizedText
    name: OneLine | None = None
    tags: tuple[OneLine, ...] = ()
    objective: OneLine | None = None
    difficulty: Difficulty | None = None
    category: OneLine | None = None
    form: Literal["pre", "post"] | None = None
    """In which quiz of a pair it stands; left out, it is dealt."""
    ignore: tuple[Ignored, ...] = ()

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags as Moodle gets them, with what the other keys say."""
        return (*self.tags, *self.tags_of_keys())

    def tags_of_keys(self) -> Iterator[str]:
        """What `objective`, `difficulty` and `category` are called as tags."""
        for key in ("objective", "difficulty", "category"):
            value = getattr(self, key)
            if value is not None:
                yield f"{key}:{value}"


class Graded(Described):
    """A question that counts."""

    points: Points = Decimal(1)
    penalty: Penalty = ONE_THIRD
