"""What stands where in the workbook: the keys of its columns and settings, and the words of its drop-downs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from authoring.messages import LANGUAGES, text

MOST_ANSWERS = 8
LETTERS = "ABCDEFGH"

TYPES = (
    "single",
    "multiple",
    "truefalse",
    "short",
    "numerical",
    "matching",
    "ordering",
    "essay",
    "description",
)
DIFFICULTIES = ("easy", "medium", "hard")
TRUTH = ("true", "false")

SETTINGS = ("id", "title", "default", "pass", "time_limit", "attempts")
"""The lines of the first sheet; the title has one for each language."""

KEY_ROW, HEADING_ROW, FIRST_ROW = 1, 2, 3
"""Rows of the sheet of questions, counted from 1; the row of keys is hidden."""

ROWS = 500
"""Rows with drop-downs in an empty workbook."""


@dataclass(frozen=True)
class Column:
    """A column: its key, and the language of its texts, "" where it has none."""

    key: str
    language: str = ""

    @property
    def name(self) -> str:
        """What stands in the row of keys."""
        return f"{self.key}:{self.language}" if self.language else self.key


def columns(languages: Sequence[str]) -> Iterator[Column]:
    """The columns of questions in these languages, in their order."""
    yield from (Column("id"), Column("type"))
    yield from (Column("text", language) for language in languages)
    for letter in LETTERS:
        yield from (Column(letter, language) for language in languages)
    yield from (Column("right"), Column("points"), Column("difficulty"), Column("tags"))
    yield from (Column("feedback", language) for language in languages)


def word(kind: str, name: str, language: str) -> str:
    """The word of a drop-down: kind "type", "difficulty" or "truth"."""
    return text(f"sheets.{kind}-{name}", {}, language)


def meaning(kind: str, names: Sequence[str], said: str) -> str | None:
    """Which of `names` a cell says, in whatever language; None for none of them."""
    wanted = " ".join(said.split()).casefold()
    for name in names:
        if wanted in {name, *(word(kind, name, language).casefold() for language in LANGUAGES)}:
            return name
    return None
