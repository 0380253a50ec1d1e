"""What a learner's saved state keeps of a block. The form is in `course_packages/learner_state.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from authoring.problems import Place

KeptKind = Literal[
    "single",
    "multiple",
    "truefalse",
    "hotspot",
    "order",
    "sort",
    "scenario",
    "exercise",
    "reflection",
    "helpful",
]

QUESTIONS = ("single", "multiple", "truefalse", "hotspot", "order", "sort")


@dataclass(frozen=True)
class Kept:
    """One block that is remembered.

    `id` names it for ever: its code in the state comes from it. `shape` is a text that changes when the block is
    no longer the one that was answered. An answer is a whole number below `values`; a block that keeps a text
    has `bytes` instead, the most of it in UTF-8. `kind` says how the number is read, `n` of how many things it
    speaks, `right` which answer counts, in the form of its kind (see `course_packages/learner_state.py`). `form`
    is what has to be the same in all languages beyond that.
    """

    id: str
    kind: KeptKind
    shape: str
    values: int = 1
    right: tuple[int, ...] = ()
    n: int = 0
    graded: bool = False
    bytes: int = 0
    groups: int = 0
    form: str = ""
    place: Place = field(default=Place(), compare=False)

    @property
    def asks(self) -> bool:
        """Whether it is a question, so that a lesson is not done without its answer."""
        return self.graded or self.kind in QUESTIONS
