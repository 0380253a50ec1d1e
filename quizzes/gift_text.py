r"""GIFT as a text with places: what is escaped is told apart from what has a meaning, and every character knows its line.

GIFT gives meaning to `: # = { } ~` unless a backslash stands before them; `\n` is a line break, `\\` a backslash
(question/format/gift/format.php, escapedchar_pre()). Questions are divided by empty lines; a line that begins with `//`
is a comment, in which `[id:…]` and `[tag:…]` may stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from authoring.problems import Place

_ESCAPED = {":": ":", "#": "#", "=": "=", "{": "{", "}": "}", "~": "~", "n": "\n", "\\": "\\"}
_MASK = "\x00"  # stands in `signs` for a character without a meaning of its own

_TOKEN = re.compile(r"\[(id|tag):((?:\\\]|[^\]])+)\]")


@dataclass(frozen=True)
class Piece:
    """A part of a file: `signs` has the characters with a meaning, `real` what each one says, `at` where it stands."""

    signs: str
    real: Sequence[str]
    at: Sequence[tuple[int, int]]
    file: str

    def __getitem__(self, cut: slice) -> Piece:
        return Piece(self.signs[cut], self.real[cut], self.at[cut], self.file)

    def __len__(self) -> int:
        return len(self.signs)

    def place(self, number: int = 0) -> Place:
        """The place of a character, of the last where there are not so many."""
        if not self.at:
            return Place(self.file)
        line, column = self.at[min(number, len(self.at) - 1)]
        return Place(self.file, line, column)

    def find(self, sign: str, start: int = 0) -> int:
        """Where a sign with its meaning stands, -1 for nowhere."""
        return self.signs.find(sign, start)

    def strip(self) -> Piece:
        """Without blanks around it."""
        begin, end = 0, len(self)
        while begin < end and self.real[begin].isspace() and self.signs[begin] != _MASK:
            begin += 1
        while end > begin and self.real[end - 1].isspace() and self.signs[end - 1] != _MASK:
            end -= 1
        return self[begin:end]

    def split(self, sign: str, most: int = -1) -> list[Piece]:
        """The parts between signs with their meaning."""
        parts, at = [], 0
        while most != 0 and (found := self.signs.find(sign, at)) >= 0:
            parts.append(self[at:found])
            at = found + len(sign)
            most -= 1
        return [*parts, self[at:]]

    def value(self) -> str:
        """What it says, without blanks around it."""
        return "".join(self.strip().real)


@dataclass(frozen=True)
class Block:
    """One question or command of a file, with what its comments say."""

    text: Piece
    idnumber: str = ""
    tags: tuple[str, ...] = ()
    first: Place = field(default_factory=Place)


def blocks(text: str, file: str) -> Iterator[Block]:
    """The questions and commands of a GIFT file in their order."""
    gathered: list[tuple[int, str]] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            gathered.append((number, line))
        elif gathered:
            yield from _block(gathered, file)
            gathered = []


def _block(lines: Sequence[tuple[int, str]], file: str) -> Iterator[Block]:
    comments = "\n".join(line for _, line in lines if line.lstrip().startswith("//"))
    rest = [(number, line) for number, line in lines if not line.lstrip().startswith("//")]
    piece = _piece(rest, file).strip()
    if not len(piece):
        return
    said = _TOKEN.findall(comments)
    ids = [_unescaped(value) for kind, value in said if kind == "id"]
    tags = tuple(_unescaped(value) for kind, value in said if kind == "tag")
    yield Block(piece, ids[0] if ids else "", tags, piece.place())


def _unescaped(value: str) -> str:
    return value.replace(r"\]", "]").strip()


def _piece(lines: Sequence[tuple[int, str]], file: str) -> Piece:
    signs: list[str] = []
    real: list[str] = []
    at: list[tuple[int, int]] = []
    for number, line in lines:
        column = 0
        while column < len(line):
            sign = line[column]
            if sign == "\\" and line[column + 1 : column + 2] in _ESCAPED:
                signs.append(_MASK)
                real.append(_ESCAPED[line[column + 1]])
                at.append((number, column + 1))
                column += 2
                continue
            signs.append(sign)
            real.append(sign)
            at.append((number, column + 1))
            column += 1
        signs.append("\n")
        real.append("\n")
        at.append((number, len(line) + 1))
    return Piece("".join(signs), real, at, file)
