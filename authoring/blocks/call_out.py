"""Parts that stand out, and the laws that statements rest on."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.reading import Readable, Readables, Reading, date, place_of, yes
from authoring.directives import Directive, Signature
from authoring.problems import Place, Problem

if TYPE_CHECKING:
    from authoring.blocks import Block

CallOutKind = Literal["law", "tip", "warning", "practice"]


@dataclass(frozen=True)
class LawReference:
    """What a statement of law rests on; `checked` only when somebody compared it with the text in force.

    `date` is the day of the act, `in_force` the day on which the cited text was in force, `until` its last day.
    """

    act: str
    article: str = ""
    date: datetime.date | None = None
    checked: bool = False
    in_force: datetime.date | None = None
    until: datetime.date | None = None


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


def citation_problems(law: LawReference, place: Place, today: datetime.date) -> Iterator[Problem]:
    """What a reader should know of a citation on this day; warnings, for the statement may still be true."""
    if law.until and law.until < today:
        yield Problem("law.expired", {"act": law.act, "until": law.until.isoformat()}, place, "warning")
    elif law.in_force and law.in_force > today:
        yield Problem("law.not-yet", {"act": law.act, "day": law.in_force.isoformat()}, place, "warning")
    elif law.in_force is None and (law.checked or law.date is None):
        yield Problem("law.undated", {"act": law.act}, place, "warning")


def _read(directive: Directive, reading: Reading) -> CallOut:
    blocks = reading.blocks(directive.parts)
    if not blocks:
        reading.report("lesson.directive-empty", directive.line, name=directive.name)
    law = _law(directive, reading) if directive.name == "law" else None
    return CallOut(cast("CallOutKind", directive.name), blocks, law, place_of(directive, reading))


def _law(directive: Directive, reading: Reading) -> LawReference:
    law = LawReference(
        act=directive.attributes.get("act", ""),
        article=directive.attributes.get("article", ""),
        date=date(directive, "date", reading),
        checked=yes(directive, "checked", reading),
        in_force=date(directive, "in-force", reading),
        until=date(directive, "until", reading),
    )
    if law.until and law.in_force and law.until < law.in_force:
        reading.report(
            "law.ends-before", directive.line, until=law.until.isoformat(), day=law.in_force.isoformat()
        )
    return law


READABLES: Readables = {
    "law": Readable(Signature(("act", "article", "date", "in-force", "until", "checked"), ("act",)), _read),
    "tip": Readable(Signature(), _read),
    "warning": Readable(Signature(), _read),
    "practice": Readable(Signature(), _read),
}
