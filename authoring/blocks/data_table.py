"""A table with a caption, and with row headers where the first column says what the row is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.reading import Readable, Readables, Reading, choice, no_directives_inside, place_of
from authoring.directives import Directive, Lines, Signature
from authoring.problems import Place

_FIRST_CELL = re.compile(r"(<tr>\s*)<td([^>]*)>(.*?)</td>", re.DOTALL)


@dataclass(frozen=True)
class DataTable(LessonBlock):
    """A table; the HTML holds its caption."""

    template: ClassVar[str] = "data_table"

    html: str
    place: Place = Place()

    def on_paper(self) -> Iterator[Printed]:
        """The table as it is."""
        yield Printed(html=self.html)


def _read(directive: Directive, reading: Reading) -> DataTable | None:
    no_directives_inside(directive, reading)
    html = reading.html(directive.own_lines).strip()
    if (
        html.count("<table>") != 1
        or not html.startswith('<div class="table"><table>')
        or not html.endswith("</table></div>")
    ):
        reading.report("lesson.table-needed", directive.line)
        return None
    words = reading.html(
        Lines(directive.line, [directive.attributes.get("caption", "")]), inline=True
    ).strip()
    if choice(directive, "header", ("row", "both"), reading) == "both":
        html = _FIRST_CELL.sub(r'\1<th scope="row"\2>\3</th>', html)
    return DataTable(
        html.replace("<table>", f"<table><caption>{words}</caption>"), place_of(directive, reading)
    )


READABLES: Readables = {"table": Readable(Signature(("caption", "header"), ("caption",)), _read)}
