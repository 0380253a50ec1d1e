"""What the player keeps in `cmi.suspend_data`, and the proof that it always fits.

SCORM 1.2 promises 4096 characters (CMIString4096). The player writes five fields joined by dots::

    2<k><language>.<lesson>.<lessons opened>.<answers>.<texts>

`2` is the version of this form and `<k>` the number of characters of a code. Lessons and blocks are named by codes:
the first k characters of base64url(SHA-256(kind:id)). A code comes from the id alone, never from a position, so a
saved state stays readable when lessons are added, moved or removed; and a longer code begins with the shorter one,
so it stays readable when k grows.

An answer is `<code><shape><tries><number>`: one character that tells whether the block is still the one that was
answered, one with the number of tries (4 bits), whether the first try was right and whether any was (1 bit each),
and a number, five bits to a character, the lowest first, the sixth bit saying that another follows. What the number
says, by kind:

    single, multiple, truefalse, hotspot   the chosen answers, a bit for each (1: the first)
    order       the rank of the chosen order among all orders of n things; 0 is the right one
    sort        the chosen groups as the digits of a number, the first thing's the lowest
    scenario    the code of the scene where the learner stands
    exercise    the ticked points of the checklist, a bit for each
    helpful     0 yes, 1 no, 2 and more: no, with a reason

A text (a reflection) is `<code><length><text>`: its length as two characters of six bits, and its UTF-8 in base64url.

Version 1 had no texts and four fields; everything else was the same, and it is still read. `player/state.js` writes
and reads this form.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from authoring.blocks import Kept
from authoring.blocks.kept import QUESTIONS
from authoring.course import Course
from authoring.problems import Place, Problem

LIMIT = 4096
LONGEST_CODE = 8
SHORTEST_CODE = 3
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@lru_cache(maxsize=50_000)
def code(kind: str, identifier: str) -> str:
    """The longest code of a lesson or block; the state uses its first characters."""
    digest = hashlib.sha256(f"{kind}:{identifier}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")[:LONGEST_CODE]


def block_code(kept: Kept) -> str:
    """The code of a block. All blocks with ids of their own share one kind, so that ids are unique among them."""
    return code("helpful" if kept.kind == "helpful" else "check", kept.id)


def shape(kept: Kept) -> str:
    """One character that changes (63 times in 64) when a block is no longer the one that was answered."""
    return ALPHABET[hashlib.sha256(kept.shape.encode()).digest()[0] % 64]


def code_length(codes: Iterable[str]) -> int:
    """How many characters of these codes it takes to tell them apart."""
    every = set(codes)
    for length in range(SHORTEST_CODE, LONGEST_CODE + 1):
        if len({one[:length] for one in every}) == len(every):
            return length
    # 48 bits alike: not in this world, and still no reason to write a wrong record.
    raise ValueError("two ids have the same code")


@dataclass(frozen=True)
class LargestState:
    """How many characters a learner who has opened and answered everything needs, part by part.

    `answers` are those of questions, `work` is scenarios, exercises and the question whether a page was helpful,
    `texts` is reflections.
    """

    header: int
    lessons: int
    answers: int
    work: int = 0
    texts: int = 0

    @property
    def total(self) -> int:
        """All of it; must not exceed LIMIT."""
        return self.header + self.lessons + self.answers + self.work + self.texts


def largest_state(course: Course) -> LargestState:
    """The size of the fullest state that this course can reach."""
    length = state_code_length(course)
    header = len("2k") + max(len(language) for language in course.languages.offered) + length + len("....")
    return LargestState(
        header,
        len(course.lessons) * length,
        answers=_cost([kept for kept in course.kept if kept.kind in QUESTIONS], length),
        work=_cost([kept for kept in course.kept if kept.kind not in QUESTIONS and not kept.bytes], length),
        texts=_cost([kept for kept in course.kept if kept.bytes], length),
    )


def _cost(blocks: Sequence[Kept], length: int) -> int:
    return sum(length + largest_entry(kept) for kept in blocks)


def largest_entry(kept: Kept) -> int:
    """The characters that a block takes at most, without its code."""
    if kept.bytes:
        return 2 + math.ceil(kept.bytes * 4 / 3)
    return 2 + max(1, math.ceil((kept.values - 1).bit_length() / 5))


def state_code_length(course: Course) -> int:
    """The code length that this course needs."""
    lessons = code_length(code("lesson", lesson.id) for lesson in course.lessons)
    return max(lessons, code_length(block_code(kept) for kept in course.kept))


def state_problem(course: Course) -> Problem | None:
    """Says which part costs what where the fullest state of a course would not fit."""
    largest = largest_state(course)
    if largest.total <= LIMIT:
        return None
    parts = {part: getattr(largest, part) for part in ("lessons", "answers", "work", "texts")}
    return Problem(
        "package.state-too-large", {"n": largest.total, "limit": LIMIT, **parts}, Place(course.file)
    )
