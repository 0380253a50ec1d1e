"""The blocks of a lesson, one module for each family. `Block` is all of them: a new one is added here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from authoring.blocks.block import LessonBlock, Printed, PrintedStyle
from authoring.blocks.call_out import CallOut, CallOutKind, LawReference
from authoring.blocks.check import Check, CheckKind, Option
from authoring.blocks.kept import Kept
from authoring.blocks.prose import Prose

__all__ = [
    "Block",
    "CallOut",
    "CallOutKind",
    "Check",
    "CheckKind",
    "Kept",
    "LawReference",
    "LessonBlock",
    "Option",
    "Printed",
    "PrintedStyle",
    "Prose",
    "each_block",
]

Block = Prose | CallOut | Check


def each_block(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every block and the blocks inside it, in reading order."""
    for block in blocks:
        yield block
        yield from each_block(block.inside)
