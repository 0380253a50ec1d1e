"""A lesson as read: blocks in the order of the text, in each language, HTML already safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from authoring.blocks import (
    CallOut,
    CallOutKind,
    Check,
    CheckKind,
    Kept,
    LawReference,
    Option,
    Prose,
    each_block,
)
from authoring.problems import Place
from authoring.read_image import Image
from authoring.read_media import MediaFile

if TYPE_CHECKING:
    from authoring.blocks import Block

__all__ = [
    "CallOut",
    "CallOutKind",
    "Check",
    "CheckKind",
    "Citation",
    "LawReference",
    "Lesson",
    "LessonText",
    "Option",
    "Prose",
    "TermUse",
]


@dataclass(frozen=True)
class TermUse:
    """A word of a lesson that the glossary explains: the id of the term, and where it stands."""

    id: str
    place: Place


@dataclass(frozen=True)
class Citation:
    """A law that a lesson rests on, and where it says so."""

    law: LawReference
    place: Place


@dataclass(frozen=True)
class LessonText:
    """A lesson in one language."""

    language: str
    title: str
    objectives: tuple[str, ...]
    blocks: tuple[Block, ...]
    images: tuple[Image, ...] = ()
    file: str = ""
    files: tuple[MediaFile, ...] = ()
    terms: tuple[TermUse, ...] = ()
    digest: str = field(default="", compare=False)
    """A hash of all that it was read from; empty where that is not known."""
    made: object = field(default=None, compare=False, repr=False)
    """What the caller of `read_course` had made of it while it was read."""

    @cached_property
    def every_block(self) -> tuple[Block, ...]:
        """Its blocks and the blocks inside them, in reading order."""
        return tuple(each_block(self.blocks))

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Its knowledge checks in reading order."""
        return tuple(block for block in self.every_block if isinstance(block, Check))

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        """What a learner's saved state keeps of it, in reading order."""
        return tuple(kept for block in self.every_block if (kept := block.keeps) is not None)

    @cached_property
    def citations(self) -> tuple[Citation, ...]:
        """The laws that its statements rest on, in reading order."""
        return tuple(
            Citation(block.law, block.place)
            for block in self.every_block
            if isinstance(block, CallOut) and block.law
        )


@dataclass(frozen=True)
class Lesson:
    """A lesson of a course: the same checks in every language, the text in each."""

    id: str
    minutes: int | None
    texts: Mapping[str, LessonText]

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The knowledge checks (equal in all languages but for their words)."""
        return next(iter(self.texts.values())).checks

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        """What a learner's saved state keeps of it (equal in all languages)."""
        every = next(iter(self.texts.values())).kept
        # A page is named by its lesson: the block that asks about it needs no id of its own.
        return tuple(kept if kept.id else replace(kept, id=self.id) for kept in every)
