"""The blocks of a lesson, one module for each family. `Block` is all of them: a new one is added here.

A module is loaded when a lesson holds one of its directives: no lesson holds all.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from authoring.blocks.block import LessonBlock, Printed, PrintedStyle
from authoring.blocks.call_out import CallOut, CallOutKind, LawReference, citation_problems
from authoring.blocks.check import Check, CheckKind, Option
from authoring.blocks.kept import Kept
from authoring.blocks.prose import Prose
from authoring.blocks.reading import Readable

if TYPE_CHECKING:
    from authoring.blocks.data_table import DataTable
    from authoring.blocks.exercise import Exercise, Helpful, Reflection
    from authoring.blocks.flashcards import Flashcards
    from authoring.blocks.hotspot import Hotspot
    from authoring.blocks.ordering import Order, Sort
    from authoring.blocks.panels import Accordion, Cards, Steps, Tabs
    from authoring.blocks.recording import Download, Figure, Recording
    from authoring.blocks.scenario import Scenario
    from authoring.directives import Signature

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

__all__ = [
    "READABLES",
    "SIGNATURES",
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

# fmt: off
_DIRECTIVES = {
    "call_out": ("law", "tip", "warning", "practice"),
    "recording": ("figure", "video", "audio", "download"),
    "data_table": ("table",),
    "panels": ("accordion", "tabs", "cards", "steps"),
    "flashcards": ("flashcards",),
    "check": ("check",),
    "hotspot": ("hotspot",),
    "ordering": ("order", "sort"),
    "scenario": ("scenario",),
    "exercise": ("exercise", "model", "reflection", "helpful"),
}
# fmt: on
"""The directives by the modules that read them; each has them in its `READABLES`."""
_MODULES = {name: module for module, names in _DIRECTIVES.items() for name in names}
_CLASSES = {
    "recording": ("Download", "Figure", "Recording"),
    "data_table": ("DataTable",),
    "panels": ("Accordion", "Cards", "Steps", "Tabs"),
    "flashcards": ("Flashcards",),
    "hotspot": ("Hotspot",),
    "ordering": ("Order", "Sort"),
    "scenario": ("Scenario",),
    "exercise": ("Exercise", "Helpful", "Reflection"),
}
"""The blocks by the modules that are loaded later."""


def __getattr__(name: str) -> Any:
    for module, names in _CLASSES.items():
        if name in names:
            return getattr(importlib.import_module(f"authoring.blocks.{module}"), name)
    raise AttributeError(name)


class _Readables(Mapping[str, Readable]):
    def __getitem__(self, name: str) -> Readable:
        return _readable(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


@cache
def _readable(name: str) -> Readable:
    found: Readable = importlib.import_module(f"authoring.blocks.{_MODULES[name]}").READABLES[name]
    return found


class _Signatures(Mapping[str, "Signature"]):
    def __getitem__(self, name: str) -> Signature:
        return READABLES[name].signature

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


READABLES: Mapping[str, Readable] = _Readables()
"""Every directive that a lesson can hold, by name."""
SIGNATURES: Mapping[str, Signature] = _Signatures()
"""The attributes that each takes."""


def each_block(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every block and the blocks inside it, in reading order."""
    for block in blocks:
        yield block
        if block.inside:
            yield from each_block(block.inside)
