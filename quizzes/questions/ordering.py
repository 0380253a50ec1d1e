"""Items to put into their order."""

from __future__ import annotations

from typing import Annotated, Literal

from authoring.languages import LocalizedText
from quizzes.questions.choice import Numbering
from quizzes.questions.question import CombinedFeedback, Graded, PartsHints
from quizzes.values import Flag, count

MAX_ITEMS = 100

OrderGrading = Literal[
    "all_or_nothing",
    "position",
    "next",
    "next_and_end",
    "neighbours",
    "all_before_and_after",
    "longest_ordered",
    "longest_run",
    "distance",
]
"""How an order is graded: as a whole, by each item's place, by what follows it, by both neighbours, by all
before and after it, by the longest part in order, by the longest run without a gap, by how far it is off.
"""


class Ordering(Graded):
    """Items in their right order; Moodle shows them shuffled, all of them or `show_items`."""

    type: Literal["ordering"]
    items: tuple[LocalizedText, ...]
    grading: OrderGrading = "position"
    layout: Literal["vertical", "horizontal"] = "vertical"
    show_items: Annotated[int, count("quiz.order-count", 2, MAX_ITEMS)] | None = None
    take: Literal["anywhere", "together"] = "anywhere"
    numbering: Numbering = "none"
    show_grading: Flag = True
    show_count: Flag = False
    feedback: CombinedFeedback = CombinedFeedback()
    hints: PartsHints = ()
