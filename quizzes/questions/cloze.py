"""A text with blanks of several kinds, each with its own answers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from authoring.languages import LocalizedText
from quizzes.questions.choice import Option
from quizzes.questions.numerical import NumberAnswers
from quizzes.questions.question import Described, GeneralFeedback, PartsHints
from quizzes.questions.short import ShortAnswers
from quizzes.values import ONE_THIRD, Flag, Number, Part, Penalty, Tolerance, count

MAX_WEIGHT = 100


class Blank(Part):
    """One blank: `number`, `numbers`, `answers` (typed) or `options` (chosen). `points` is its weight."""

    points: Annotated[int, count("quiz.blank-points", 0, MAX_WEIGHT)] = 1
    number: Number | None = None
    tolerance: Tolerance | None = None
    numbers: NumberAnswers = ()
    answers: ShortAnswers = ()
    case_sensitive: Flag = False
    options: tuple[Option, ...] = ()
    several: Flag = False
    layout: Literal["list", "vertical", "horizontal"] | None = None
    shuffle: Flag = True
    feedback: LocalizedText | None = None
    """For a single `number`."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which kinds of answer it names; it must be one."""
        return tuple(
            name
            for name, given in (
                ("number", self.number is not None),
                ("numbers", self.numbers),
                ("answers", self.answers),
                ("options", self.options),
            )
            if given
        )


class Cloze(Described):
    """A text with `{{name}}` for each blank. Its mark is the sum of the blanks' points."""

    type: Literal["cloze"]
    blanks: Mapping[str, Blank]
    penalty: Penalty = ONE_THIRD
    feedback: GeneralFeedback = GeneralFeedback()
    hints: PartsHints = ()

    @property
    def points(self) -> Decimal:
        """What all blanks count together."""
        return Decimal(sum(blank.points for blank in self.blanks.values()))
