"""Knowledge checks: a question and answers to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.kept import Kept
from authoring.problems import Place

CheckKind = Literal["single", "multiple", "truefalse"]


@dataclass(frozen=True)
class Option:
    """One answer of a knowledge check."""

    html: str
    correct: bool
    feedback_html: str = ""


@dataclass(frozen=True)
class Check(LessonBlock):
    """A knowledge check. `question_html` is one line; `case_html` what stands before the question."""

    template: ClassVar[str] = "check"

    id: str
    kind: CheckKind
    graded: bool
    question_html: str
    options: tuple[Option, ...]
    case_html: str = ""
    feedback_html: str = ""
    place: Place = field(default=Place(), compare=False)

    @property
    def right(self) -> tuple[int, ...]:
        """Positions of the right options."""
        return tuple(i for i, option in enumerate(self.options) if option.correct)

    @property
    def keeps(self) -> Kept:
        """The answers that were chosen, as a set of bits."""
        written = f"{self.kind} {len(self.options)} {self.right}"
        values = 2 ** len(self.options)
        return Kept(
            "check",
            self.id,
            self.kind,
            written,
            values,
            right=self.right,
            n=len(self.options),
            graded=self.graded,
        )

    def on_paper(self) -> Iterator[Printed]:
        """The question with boxes to tick; the solution apart."""
        yield Printed(
            "box",
            label="check",
            title=self.question_html,
            html=self.case_html,
            parts=(Printed("choices", items=tuple(option.html for option in self.options)),),
        )
        right = tuple(option.html for option in self.options if option.correct)
        yield Printed(
            "solution", label="check", title=self.question_html, html=self.feedback_html, items=right
        )
