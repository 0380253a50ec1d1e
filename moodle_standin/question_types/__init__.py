"""Question types of which learners do more than choose, match or type: each reads, shows and marks itself.

Read from the bytes that were sent, marked by the rules of Moodle's own types (4.5: `question/type/*/question.php`).
"""

from __future__ import annotations

from typing import Final

from moodle_standin.question_types.cloze import MultiAnswer
from moodle_standin.question_types.gaps import DragIntoText, DragOntoImage, GapSelect
from moodle_standin.question_types.markers import DragMarker
from moodle_standin.question_types.ordering import Ordering
from moodle_standin.question_types.question_type import QuestionType
from moodle_standin.question_types.ungraded import Description, Essay

OTHER_TYPES: Final[dict[str, QuestionType]] = {
    one.name: one
    for one in (
        GapSelect(),
        DragIntoText(),
        DragOntoImage(),
        DragMarker(),
        Ordering(),
        MultiAnswer(),
        Essay(),
        Description(),
    )
}
"""By the name that the database has."""

XML_NAMES: Final[dict[str, str]] = {"cloze": "multianswer"}
"""Types that Moodle XML calls otherwise than the database."""

__all__ = ["OTHER_TYPES", "XML_NAMES", "QuestionType"]
