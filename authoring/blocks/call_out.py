"""Parts that stand out, and the laws that statements rest on."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from authoring.blocks.block import LessonBlock, Printed
from authoring.problems import Place

if TYPE_CHECKING:
    from authoring.blocks import Block

CallOutKind = Literal["law", "tip", "warning", "practice"]


@dataclass(frozen=True)
class LawReference:
    """What a statement of law rests on; `checked` only when somebody compared it with the text in force."""

    act: str
    article: str = ""
    date: datetime.date | None = None
    checked: bool = False


@dataclass(frozen=True)
class CallOut(LessonBlock):
    """A part that stands out: a statement of law, a tip, a warning, something to practise."""

    template: ClassVar[str] = "call_out"

    kind: CallOutKind
    blocks: tuple[Block, ...]
    law: LawReference | None = None
    place: Place = Place()

    @property
    def inside(self) -> tuple[Block, ...]:
        """What it holds."""
        return self.blocks

    def on_paper(self) -> Iterator[Printed]:
        """A box with its kind on it."""
        yield Printed("box", label=self.kind, parts=tuple(super().on_paper()), law=self.law)
