"""What a block's reader can ask for: problems reported, Markdown rendered, attributes judged, files found."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from authoring.directives import Directive, Lines, Signature
from authoring.problems import Place
from authoring.read_image import Image
from authoring.read_media import MediaFile

if TYPE_CHECKING:
    from authoring.blocks import Block

IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
MAX_ID = 40


class Reading(Protocol):
    """The reader of one lesson in one language, as the readers of its blocks see it."""

    file: str
    language: str

    def report(self, code: str, line: int, /, **params: object) -> None:
        """Notes an error."""

    def html(self, lines: Lines, *, inline: bool = False) -> str:
        """Markdown to safe HTML; what is wrong with it is reported."""

    def heading(self, level: int, title: str, line: int) -> str:
        """The words of a heading that a block shows itself, as inline HTML; its level is judged with the others."""

    def blocks(self, parts: Sequence[Lines | Directive]) -> tuple[Block, ...]:
        """What stands inside a directive."""

    def image(self, source: str, line: int) -> Image | None:
        """A picture of the course; what is wrong with it is reported."""

    def media(self, source: str, line: int, kinds: Collection[str]) -> MediaFile | None:
        """A file of the course of one of these kinds; what is wrong with it is reported."""

    def problems_since(self) -> Callable[[], bool]:
        """A question to ask later: were errors reported meanwhile?"""


@dataclass(frozen=True)
class Readable:
    """A directive's attributes and the function that makes its block; no block where nothing can be made of it."""

    signature: Signature
    read: Callable[[Directive, Reading], Block | None]


Readables = Mapping[str, Readable]


def place_of(directive: Directive, reading: Reading) -> Place:
    """Where a directive stands."""
    return Place(reading.file, directive.line)


def identifier(directive: Directive, reading: Reading) -> str:
    """The id of a block that is remembered; one that cannot stay for years is reported."""
    written = directive.attributes.get("id", "")
    if written and (not IDENTIFIER.fullmatch(written) or len(written) > MAX_ID):
        reading.report("lesson.check-id", directive.line, id=written[:60])
    return written


def yes(directive: Directive, key: str, reading: Reading, *, otherwise: str = "no") -> bool:
    """An attribute that is yes or no."""
    value = directive.attributes.get(key, otherwise)
    if value not in ("yes", "no"):
        reading.report("lesson.attribute-yes-no", directive.line, key=key, value=value)
    return value == "yes"


def choice(directive: Directive, key: str, known: Sequence[str], reading: Reading) -> str:
    """An attribute that is one of some words; the first stands for it where it is left out."""
    value = directive.attributes.get(key, known[0])
    if value not in known:
        reading.report(
            "lesson.attribute-choice", directive.line, key=key, value=value, known=", ".join(known)
        )
        return known[0]
    return value


def number(
    directive: Directive, key: str, low: int, high: int, reading: Reading, *, otherwise: int | None = None
) -> int | None:
    """An attribute that is a whole number between `low` and `high`."""
    value = directive.attributes.get(key)
    if value is None:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,6}", value) or not low <= int(value) <= high:
        reading.report("lesson.attribute-number", directive.line, key=key, value=value, low=low, high=high)
        return otherwise
    return int(value)


def date(directive: Directive, key: str, reading: Reading) -> datetime.date | None:
    """An attribute that is a day."""
    written = directive.attributes.get(key)
    if not written:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", written):
            raise ValueError
        return datetime.date.fromisoformat(written)
    except ValueError:
        reading.report("lesson.law-date", directive.line, key=key, value=written)
        return None


def no_directives_inside(directive: Directive, reading: Reading, *, but: Collection[str] = ()) -> None:
    """Reports every directive that stands where only text can."""
    for part in directive.parts:
        if isinstance(part, Directive) and part.name not in but:
            reading.report("lesson.holds-directive", part.line, name=part.name, block=directive.name)


def paragraphs(lines: Lines) -> Iterator[Lines]:
    """The lines between empty ones."""
    at = Lines(lines.first_line)
    for number_, line in enumerate(lines.lines, lines.first_line):
        if line.strip():
            if not at.lines:
                at.first_line = number_
            at.lines.append(line)
        elif at.lines:
            yield at
            at = Lines(number_ + 1)
    if at.lines:
        yield at
