"""Work of one's own: practical exercises, reflections, and the question whether a page was helpful."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.kept import Kept
from authoring.blocks.reading import (
    Readable,
    Readables,
    Reading,
    identifier,
    no_directives_inside,
    number,
    place_of,
)
from authoring.directives import Directive, Lines, Signature
from authoring.problems import Place

if TYPE_CHECKING:
    from authoring.blocks import Block

MOST_POINTS = 20
REASONS = ("unclear", "too-long", "not-my-work", "wrong", "missing")
"""Why a page did not help; the words that are reported. Stable: reports count them."""

_POINT = re.compile(r"^[-*] \[[ xX]?\][ \t]+(.*)$")


@dataclass(frozen=True)
class Exercise(LessonBlock):
    """Something to do at one's own desk: the task, a checklist to judge it by, a model answer to compare with."""

    template: ClassVar[str] = "exercise"

    id: str
    title: str
    minutes: int | None
    task: tuple[Block, ...]
    checklist: tuple[str, ...]
    model: tuple[Block, ...]
    place: Place = field(default=Place(), compare=False)

    @property
    def inside(self) -> tuple[Block, ...]:
        """Task and model answer."""
        return self.task + self.model

    @property
    def keeps(self) -> Kept:
        """The points of the checklist that are ticked, as a set of bits."""
        n = len(self.checklist)
        return Kept(self.id, "exercise", f"exercise {n}", 2**n, (), n, place=self.place)

    def on_paper(self) -> Iterator[Printed]:
        """The task with room to write and the checklist; the model answer apart."""
        task = tuple(part for block in self.task for part in block.on_paper())
        parts = (
            *task,
            Printed("writing", lines=6),
            Printed("choices", label="checklist", items=self.checklist),
        )
        yield Printed("box", label="exercise", title=self.title, parts=parts)
        model = tuple(part for block in self.model for part in block.on_paper())
        yield Printed("solution", label="model", title=self.title, parts=model)


@dataclass(frozen=True)
class Reflection(LessonBlock):
    """A question to oneself. What is written belongs to the learner: it is kept in the saved state, never reported."""

    template: ClassVar[str] = "reflection"

    id: str
    blocks: tuple[Block, ...]
    bytes: int
    place: Place = field(default=Place(), compare=False)

    @property
    def inside(self) -> tuple[Block, ...]:
        """The question."""
        return self.blocks

    @property
    def keeps(self) -> Kept | None:
        """The text, up to so many bytes of UTF-8."""
        return Kept(self.id, "reflection", "reflection", bytes=self.bytes, place=self.place)

    def on_paper(self) -> Iterator[Printed]:
        """The question and lines to write on."""
        yield Printed("box", label="reflection", parts=(*super().on_paper(), Printed("writing", lines=5)))


@dataclass(frozen=True)
class Helpful(LessonBlock):
    """Was this page helpful? With a reason where it was not."""

    template: ClassVar[str] = "helpful"
    reasons: ClassVar[tuple[str, ...]] = REASONS

    place: Place = field(default=Place(), compare=False)

    @property
    def keeps(self) -> Kept:
        """0: yes, 1: no, 2 and more: no, with a reason. Its id is that of the lesson."""
        return Kept("", "helpful", "helpful", len(REASONS) + 2, place=self.place)

    def on_paper(self) -> Iterator[Printed]:
        """Nothing: paper reports nothing."""
        return iter(())


def _read_exercise(directive: Directive, reading: Reading) -> Exercise | None:
    exercise_id = identifier(directive, reading)
    task_parts: list[Lines | Directive] = []
    model: tuple[Block, ...] = ()
    points: list[Lines] = []
    for part in directive.parts:
        if isinstance(part, Directive) and part.name == "model":
            if model:
                reading.report("exercise.two-models", part.line)
            model = reading.blocks(part.parts)
            if not model:
                reading.report("lesson.directive-empty", part.line, name="model")
        elif isinstance(part, Directive):
            task_parts.append(part)
        else:
            rest = Lines(part.first_line)
            task_parts.append(rest)
            _split_points(part, rest, points)
    task = reading.blocks(task_parts)
    checklist = tuple(reading.html(point, inline=True) for point in points)
    if not task:
        reading.report("exercise.no-task", directive.line, id=exercise_id)
    if not model:
        reading.report("exercise.no-model", directive.line, id=exercise_id)
    if not 1 <= len(points) <= MOST_POINTS:
        reading.report("exercise.checklist", directive.line, id=exercise_id, n=len(points), limit=MOST_POINTS)
    minutes = number(directive, "minutes", 1, 1000, reading)
    if not exercise_id or len(points) > MOST_POINTS:
        return None
    title = reading.html(Lines(directive.line, [directive.attributes.get("title", "")]), inline=True).strip()
    return Exercise(exercise_id, title, minutes, task, checklist, model, place_of(directive, reading))


def _split_points(part: Lines, rest: Lines, points: list[Lines]) -> None:
    """Takes the points of the checklist out of the text of the task; empty lines keep the numbers of the others right."""
    inside = False
    for number_, line in enumerate(part.lines, part.first_line):
        if found := _POINT.match(line):
            points.append(Lines(number_, [found[1]]))
            inside = True
            rest.lines.append("")
        elif inside and line[:1].isspace() and line.strip():
            points[-1].lines.append(line.strip())
            rest.lines.append("")
        else:
            inside = False
            rest.lines.append(line)


def _read_reflection(directive: Directive, reading: Reading) -> Reflection | None:
    reflection_id = identifier(directive, reading)
    blocks = reading.blocks(directive.parts)
    if not blocks:
        reading.report("lesson.directive-empty", directive.line, name=directive.name)
    kept = number(directive, "keep", 40, 600, reading, otherwise=160)
    if not reflection_id:
        return None
    return Reflection(reflection_id, blocks, kept or 160, place_of(directive, reading))


def _read_helpful(directive: Directive, reading: Reading) -> Helpful:
    no_directives_inside(directive, reading)
    if not directive.own_lines.blank:
        reading.report("lesson.directive-not-empty", directive.own_lines.first_line, name=directive.name)
    return Helpful(place_of(directive, reading))


def _read_stray_model(directive: Directive, reading: Reading) -> None:
    reading.blocks(directive.parts)
    reading.report("exercise.model-outside", directive.line)


READABLES: Readables = {
    "exercise": Readable(Signature(("id", "title", "minutes"), ("id", "title")), _read_exercise),
    "model": Readable(Signature(), _read_stray_model),
    "reflection": Readable(Signature(("id", "keep"), ("id",)), _read_reflection),
    "helpful": Readable(Signature(), _read_helpful),
}
