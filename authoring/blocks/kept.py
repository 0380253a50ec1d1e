"""What a learner's saved state keeps of a block. The form is in `course_packages/learner_state.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """One block that is remembered.

    `family` and `id` name it for ever: its code in the state comes from them. `shape` is a text that changes
    when the block is no longer the one that was answered. An answer is a whole number below `values`; a block
    that keeps a text instead has `bytes`, the most that are kept of it. `kind` tells the player how to read the
    number, `n` of how many things it speaks; `right` is the answer that counts, in the form of its kind.
    """

    family: str
    id: str
    kind: str
    shape: str
    values: int
    right: tuple[int, ...] = ()
    n: int = 0
    graded: bool = False
    bytes: int = 0
