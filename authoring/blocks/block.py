"""What every block of a lesson can say about itself, so that a target needs to know none of them by name.

A block is a frozen dataclass. It names the template that shows it in the player
(`course_packages/player/blocks/<template>.html.j2`), the blocks inside it, how it stands on paper
(`on_paper`, a small vocabulary of its own), and what a learner's saved state keeps of it (`keeps`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from authoring.problems import Place

if TYPE_CHECKING:
    from authoring.blocks import Block
    from authoring.blocks.call_out import LawReference
    from authoring.blocks.kept import Kept

PrintedStyle = Literal["text", "box", "numbered", "choices", "writing", "solution"]


@dataclass(frozen=True)
class Printed:
    """One part of a block on paper; HTML is what `authoring.read_markdown` has made and sanitised.

    `label` is a key of the words of the player (`strings.toml`), `title` one line of HTML, `html` running text
    below it, `items` lines of HTML, `parts` what follows or stands inside. By style:

    - text: one after the other, without a frame;
    - box: a frame with the label on it;
    - numbered: the parts carry numbers;
    - choices: every item has an empty box to tick;
    - writing: `lines` ruled lines for the pen;
    - solution: for the end of the lesson, apart from what it answers.
    """

    style: PrintedStyle = "text"
    label: str = ""
    title: str = ""
    html: str = ""
    items: tuple[str, ...] = ()
    parts: tuple[Printed, ...] = ()
    lines: int = 0
    law: LawReference | None = None


class LessonBlock:
    """The common part of all blocks."""

    template: ClassVar[str]
    place: Place

    @property
    def inside(self) -> tuple[Block, ...]:
        """The blocks that stand in this one, in reading order."""
        return ()

    @property
    def keeps(self) -> Kept | None:
        """What a saved state has to remember of it, or None."""
        return None

    def on_paper(self) -> Iterator[Printed]:
        """What it says on paper, in reading order."""
        for block in self.inside:
            yield from block.on_paper()
