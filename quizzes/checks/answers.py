"""What one question accepts as right, by its type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from authoring.problems import Problem
from quizzes.checks.asking import Asking
from quizzes.checks.choices import check_choice
from quizzes.checks.gap_questions import check_cloze, check_gaps
from quizzes.checks.images import check_drag_image, check_drag_markers
from quizzes.checks.pairs import check_matching, check_ordering
from quizzes.checks.typed import check_numerical, check_short
from quizzes.checks.ungraded import check_essay, check_raw
from quizzes.questions import (
    Cloze,
    Description,
    DragImage,
    DragMarkers,
    Essay,
    Gaps,
    Matching,
    MultipleChoice,
    Numerical,
    Ordering,
    Raw,
    ShortText,
    SingleChoice,
    TrueFalse,
)


def check_answers(asking: Asking) -> Iterator[Problem]:
    """The problems of options, answers, pairs, gaps or places."""
    match asking.question:
        case SingleChoice() | MultipleChoice() as question:
            yield from check_choice(asking, question)
        case TrueFalse() | Description():
            pass
        case ShortText() as question:
            yield from check_short(asking, question)
        case Numerical() as question:
            yield from check_numerical(asking, question)
        case Matching() as question:
            yield from check_matching(asking, question)
        case Ordering() as question:
            yield from check_ordering(asking, question)
        case Gaps() as question:
            yield from check_gaps(asking, question)
        case Cloze() as question:
            yield from check_cloze(asking, question)
        case DragImage() as question:
            yield from check_drag_image(asking, question)
        case DragMarkers() as question:
            yield from check_drag_markers(asking, question)
        case Essay() as question:
            yield from check_essay(asking, question)
        case Raw() as question:
            yield from check_raw(asking, question)
        case _:
            assert_never(asking.question)
