"""A lesson as read: blocks in the order of the text, in each language, HTML already safe."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from authoring.problems import Place
from authoring.read_image import Image

CheckKind = Literal["single", "multiple", "truefalse"]
CallOutKind = Literal["law", "tip", "warning", "practice"]


@dataclass(frozen=True)
class Prose:
    """Running text: paragraphs, lists, tables, figures."""

    markdown: str
    html: str
    place: Place = Place()


@dataclass(frozen=True)
class LawReference:
    """What a statement of law rests on; `checked` only when somebody compared it with the text in force."""

    act: str
    article: str = ""
    date: datetime.date | None = None
    checked: bool = False


@dataclass(frozen=True)
class CallOut:
    """A part that stands out: a statement of law, a tip, a warning, something to practise."""

    kind: CallOutKind
    blocks: tuple[Block, ...]
    law: LawReference | None = None
    place: Place = Place()


@dataclass(frozen=True)
class Option:
    """One answer of a knowledge check."""

    html: str
    correct: bool
    feedback_html: str = ""


@dataclass(frozen=True)
class Check:
    """A knowledge check. `question_html` is one line; `case_html` what stands before the question."""

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


Block = Prose | CallOut | Check


def each_check(blocks: tuple[Block, ...]) -> Iterator[Check]:
    """The knowledge checks among blocks, also inside call-outs, in reading order."""
    for block in blocks:
        if isinstance(block, Check):
            yield block
        elif isinstance(block, CallOut):
            yield from each_check(block.blocks)


@dataclass(frozen=True)
class LessonText:
    """A lesson in one language."""

    language: str
    title: str
    objectives: tuple[str, ...]
    blocks: tuple[Block, ...]
    images: tuple[Image, ...] = ()
    file: str = ""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Its knowledge checks in reading order."""
        return tuple(each_check(self.blocks))


@dataclass(frozen=True)
class Lesson:
    """A lesson of a course: the same checks in every language, the text in each."""

    id: str
    minutes: int | None
    texts: Mapping[str, LessonText]

    @property
    def checks(self) -> tuple[Check, ...]:
        """The knowledge checks (equal in all languages but for their words)."""
        return next(iter(self.texts.values())).checks
