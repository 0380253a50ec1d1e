"""Flashcards: a question or a word on one side, the answer on the other.

:::flashcards
- What does the protocol number tell?
  > The order of arrival in the year.
:::
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from authoring.blocks.answers import add_quoted, judge_count, judge_same
from authoring.blocks.block import LessonBlock, Printed
from authoring.blocks.reading import Readable, Readables, Reading, no_directives_inside, place_of
from authoring.directives import Directive, Lines, Signature
from authoring.problems import Place

MOST_CARDS = 30


@dataclass(frozen=True)
class Card:
    """One card: the front in one line, the back as running text."""

    front_html: str
    back_html: str


@dataclass(frozen=True)
class Flashcards(LessonBlock):
    """A small pile of cards."""

    template: ClassVar[str] = "flashcards"

    cards: tuple[Card, ...]
    place: Place = Place()

    def on_paper(self) -> Iterator[Printed]:
        """Fronts with their backs below."""
        parts = tuple(Printed(title=card.front_html, html=card.back_html) for card in self.cards)
        yield Printed("box", label="flashcards", parts=parts)


def _read(directive: Directive, reading: Reading) -> Flashcards:
    no_directives_inside(directive, reading)
    written: list[tuple[Lines, Lines]] = []
    lines = directive.own_lines
    for number, line in enumerate(lines.lines, lines.first_line):
        if line.startswith(("- ", "* ")):
            written.append((Lines(number, [line[2:].strip()]), Lines(0)))
        elif written and line[:1] in (" ", "\t") and line.strip():
            if line.lstrip().startswith(">"):
                add_quoted(written[-1][1], number, line.lstrip())
            else:
                written[-1][0].lines.append(line.strip())
        elif line.strip():
            reading.report("lesson.card-stray-line", number, found=line.strip()[:60])
    cards = []
    for front, back in written:
        if not back.lines:
            reading.report("lesson.card-without-back", front.first_line)
        cards.append(Card(reading.html(front, inline=True), reading.html(back) if back.lines else ""))
    judge_count(cards, 2, MOST_CARDS, directive.name, "", directive.line, reading)
    judge_same([card.front_html for card in cards], directive.name, directive.line, reading)
    return Flashcards(tuple(cards), place_of(directive, reading))


READABLES: Readables = {"flashcards": Readable(Signature(), _read)}
