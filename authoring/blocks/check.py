"""Knowledge checks: a question and answers to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, cast, get_args

from authoring.blocks.answers import judge_same, read_question
from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.kept import Kept
from authoring.blocks.reading import (
    Readable,
    Readables,
    Reading,
    identifier,
    no_directives_inside,
    place_of,
    yes,
)
from authoring.directives import Directive, Signature
from authoring.problems import Place

MAX_OPTIONS = 20
"""What one character of an interaction can name: a to t."""

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
        n = len(self.options)
        written = f"{self.kind} {n} {self.right}"
        return Kept(self.id, self.kind, written, 2**n, self.right, n, self.graded, place=self.place)

    def on_paper(self) -> Iterator[Printed]:
        """The question with boxes to tick; the solution apart."""
        choices = Printed("choices", items=tuple(option.html for option in self.options))
        yield Printed("box", label="check", title=self.question_html, html=self.case_html, parts=(choices,))
        right = tuple(option.html for option in self.options if option.correct)
        yield Printed("solution", title=self.question_html, html=self.feedback_html, items=right)


def _read(directive: Directive, reading: Reading) -> Check | None:
    failed = reading.problems_since()
    check_id = identifier(directive, reading)
    kind = directive.attributes.get("kind", "")
    if kind and kind not in get_args(CheckKind):
        reading.report("lesson.check-kind", directive.line, kind=kind, known=", ".join(get_args(CheckKind)))
    no_directives_inside(directive, reading)
    question = read_question(directive.own_lines, reading)
    options = [
        Option(
            reading.html(answer.text, inline=True),
            answer.right,
            reading.html(answer.feedback) if answer.feedback.lines else "",
        )
        for answer in question.answers
    ]
    graded = yes(directive, "graded", reading)
    if not question.question_html:
        reading.report("lesson.check-question", directive.line, id=check_id)
    judge_options(directive.line, check_id, kind, options, reading)
    if failed() and not (check_id and kind):
        return None
    return Check(
        id=check_id,
        kind=cast("CheckKind", kind),
        graded=graded,
        question_html=question.question_html,
        options=tuple(options),
        case_html=question.case_html,
        feedback_html=question.feedback_html,
        place=place_of(directive, reading),
    )


def judge_options(line: int, check_id: str, kind: str, options: Sequence[Option], reading: Reading) -> None:
    """What is wrong with the answers of a question of this kind."""
    shown = {"id": check_id or "?"}
    right = sum(option.correct for option in options)
    if kind == "truefalse":
        if len(options) != 2:
            reading.report("lesson.check-two-options", line, **shown)
    elif len(options) < 2:
        reading.report("lesson.check-too-few-options", line, **shown)
    elif len(options) > MAX_OPTIONS:
        reading.report("lesson.check-too-many-options", line, **shown, limit=MAX_OPTIONS)
    if right == 0:
        reading.report("lesson.check-no-right-answer", line, **shown)
    elif right > 1 and kind in ("single", "truefalse"):
        reading.report("lesson.check-several-right", line, **shown)
    judge_same([option.html for option in options], check_id, line, reading)


READABLES: Readables = {"check": Readable(Signature(("id", "kind", "graded"), ("id", "kind")), _read)}
