"""What the player keeps in `cmi.suspend_data`, and the proof that it always fits.

SCORM 1.2 promises 4096 characters (CMIString4096). The player writes four fields joined by dots::

    1<k><language>.<lesson>.<lessons opened>.<answers>

`1` is the version of this form and `<k>` the number of characters of a code. Lessons and knowledge
checks are named by codes: the first k characters of base64url(SHA-256(kind:id)). A code comes from the
id alone, never from a position, so a saved state stays readable when lessons are added, moved or
removed; and a longer code begins with the shorter one, so it stays readable when k grows.

An answer is `<code><shape><tries><choice>`: one character that tells whether the check is still the one
that was answered (kind, number of answers, right ones), one with the number of tries (4 bits), whether
the first try was right and whether any was (1 bit each), and the chosen answers as a bit set, five to a
character, the sixth bit saying that another follows. `player/state.js` writes and reads this form.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

from authoring.blocks import Kept
from authoring.course import Course

LIMIT = 4096
LONGEST_CODE = 8
SHORTEST_CODE = 3
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def code(kind: str, identifier: str) -> str:
    """The longest code of a lesson or knowledge check; the state uses its first characters."""
    digest = hashlib.sha256(f"{kind}:{identifier}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")[:LONGEST_CODE]


def shape(kept: Kept) -> str:
    """One character that changes (63 times in 64) when a block is no longer the one that was answered."""
    return ALPHABET[hashlib.sha256(kept.shape.encode()).digest()[0] % 64]


def code_length(kind: str, identifiers: Iterable[str]) -> int:
    """How many characters of their codes it takes to tell these ids apart."""
    every = set(identifiers)
    for length in range(SHORTEST_CODE, LONGEST_CODE + 1):
        if len({code(kind, identifier)[:length] for identifier in every}) == len(every):
            return length
    # 48 bits alike: not in this world, and still no reason to write a wrong record.
    raise ValueError("two ids have the same code")


@dataclass(frozen=True)
class LargestState:
    """How many characters a learner who has opened and answered everything needs, part by part."""

    header: int
    lessons: int
    answers: int

    @property
    def total(self) -> int:
        """All of it; must not exceed LIMIT."""
        return self.header + self.lessons + self.answers


def largest_state(course: Course) -> LargestState:
    """The size of the fullest state that this course can reach."""
    length = state_code_length(course)
    header = len("1k") + max(len(language) for language in course.languages.offered) + length + len("...")
    answers = sum(length + 2 + math.ceil(len(check.options) / 5) for check in course.checks)
    return LargestState(header, len(course.lessons) * length, answers)


def state_code_length(course: Course) -> int:
    """The code length that this course needs."""
    lessons = code_length("lesson", (lesson.id for lesson in course.lessons))
    checks = code_length("check", (check.id for check in course.checks))
    return max(lessons, checks)
