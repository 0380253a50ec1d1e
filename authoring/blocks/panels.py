"""Blocks of several titled parts: accordion, tabs, cards, steps. Each part begins with a heading.

:::steps
### Receive
Text.

### Register
Text.
:::
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.reading import Readable, Readables, Reading, place_of
from authoring.directives import Directive, Signature, split_at_headings
from authoring.problems import Place

if TYPE_CHECKING:
    from authoring.blocks import Block

MOST_PANELS = 12


@dataclass(frozen=True)
class Panel:
    """One part: its heading as inline HTML, with the level that it has in the lesson."""

    title_html: str
    level: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class _Panels(LessonBlock):
    panels: tuple[Panel, ...]
    place: Place = Place()

    @property
    def inside(self) -> tuple[Block, ...]:
        """What stands in the parts, in reading order."""
        return tuple(block for panel in self.panels for block in panel.blocks)

    def on_paper(self) -> Iterator[Printed]:
        """The parts one after the other, each below its heading."""
        yield Printed(parts=self._printed_panels())

    def _printed_panels(self) -> tuple[Printed, ...]:
        return tuple(
            Printed(
                title=panel.title_html,
                parts=tuple(part for block in panel.blocks for part in block.on_paper()),
            )
            for panel in self.panels
        )


@dataclass(frozen=True)
class Accordion(_Panels):
    """Parts that open one by one."""

    template: ClassVar[str] = "accordion"


@dataclass(frozen=True)
class Tabs(_Panels):
    """Parts of which one is seen: the same thing in several cases."""

    template: ClassVar[str] = "tabs"


@dataclass(frozen=True)
class Cards(_Panels):
    """Short parts side by side."""

    template: ClassVar[str] = "cards"


@dataclass(frozen=True)
class Steps(_Panels):
    """What is done one after the other."""

    template: ClassVar[str] = "steps"

    def on_paper(self) -> Iterator[Printed]:
        """The parts with numbers."""
        yield Printed("numbered", parts=self._printed_panels())


_Kind = TypeVar("_Kind", Accordion, Tabs, Cards, Steps)


def _reader(kind: type[_Kind]) -> Readable:
    def read(directive: Directive, reading: Reading) -> _Kind | None:
        before, sections = split_at_headings(directive.parts)
        for part in before:
            if isinstance(part, Directive) or not part.blank:
                line = part.line if isinstance(part, Directive) else part.first_line
                reading.report("lesson.panels-text-before", line, block=directive.name)
                break
        if len(sections) < 2:
            reading.report("lesson.panels-too-few", directive.line, block=directive.name)
        elif len(sections) > MOST_PANELS:
            reading.report(
                "lesson.too-many-items",
                directive.line,
                block=directive.name,
                id="",
                n=len(sections),
                limit=MOST_PANELS,
            )
        panels = []
        for section in sections:
            title = reading.heading(section.level, section.title, section.line)
            blocks = reading.blocks(section.parts)
            if not blocks:
                reading.report("lesson.panel-empty", section.line, title=section.title)
            panels.append(Panel(title, section.level, blocks))
        return kind(tuple(panels), place_of(directive, reading)) if panels else None

    return Readable(Signature(), read)


READABLES: Readables = {
    "accordion": _reader(Accordion),
    "tabs": _reader(Tabs),
    "cards": _reader(Cards),
    "steps": _reader(Steps),
}
