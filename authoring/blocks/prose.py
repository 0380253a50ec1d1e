"""Running text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from authoring.blocks.block import LessonBlock, Printed
from authoring.problems import Place


@dataclass(frozen=True)
class Prose(LessonBlock):
    """Running text: paragraphs, lists, tables, figures."""

    template: ClassVar[str] = "prose"

    markdown: str
    html: str
    place: Place = Place()

    def on_paper(self) -> Iterator[Printed]:
        """The text as it is."""
        yield Printed(html=self.html)
