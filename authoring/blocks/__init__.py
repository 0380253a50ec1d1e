"""The blocks of a lesson, one module for each family. `Block` is all of them: a new one is added here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from authoring.blocks import (
    call_out,
    check,
    data_table,
    exercise,
    flashcards,
    hotspot,
    ordering,
    panels,
    recording,
    scenario,
)
from authoring.blocks.block import LessonBlock, Printed, PrintedStyle
from authoring.blocks.call_out import CallOut, CallOutKind, LawReference, citation_problems
from authoring.blocks.check import Check, CheckKind, Option
from authoring.blocks.data_table import DataTable
from authoring.blocks.exercise import Exercise, Helpful, Reflection
from authoring.blocks.flashcards import Flashcards
from authoring.blocks.hotspot import Hotspot
from authoring.blocks.kept import Kept
from authoring.blocks.ordering import Order, Sort
from authoring.blocks.panels import Accordion, Cards, Steps, Tabs
from authoring.blocks.prose import Prose
from authoring.blocks.reading import Readables
from authoring.blocks.recording import Download, Figure, Recording
from authoring.blocks.scenario import Scenario

__all__ = [
    "READABLES",
    "Accordion",
    "Block",
    "CallOut",
    "CallOutKind",
    "Cards",
    "Check",
    "CheckKind",
    "DataTable",
    "Download",
    "Exercise",
    "Figure",
    "Flashcards",
    "Helpful",
    "Hotspot",
    "Kept",
    "LawReference",
    "LessonBlock",
    "Option",
    "Order",
    "Printed",
    "PrintedStyle",
    "Prose",
    "Recording",
    "Reflection",
    "Scenario",
    "Sort",
    "Steps",
    "Tabs",
    "citation_problems",
    "each_block",
]

Block = (
    Prose
    | CallOut
    | Figure
    | Recording
    | Download
    | DataTable
    | Accordion
    | Tabs
    | Cards
    | Steps
    | Flashcards
    | Check
    | Hotspot
    | Order
    | Sort
    | Scenario
    | Exercise
    | Reflection
    | Helpful
)

READABLES: Readables = {
    **call_out.READABLES,
    **recording.READABLES,
    **data_table.READABLES,
    **panels.READABLES,
    **flashcards.READABLES,
    **check.READABLES,
    **hotspot.READABLES,
    **ordering.READABLES,
    **scenario.READABLES,
    **exercise.READABLES,
}
"""Every directive that a lesson can hold, by name."""


def each_block(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every block and the blocks inside it, in reading order."""
    for block in blocks:
        yield block
        if block.inside:
            yield from each_block(block.inside)
