"""A question that the other types cannot say: Moodle's own XML, kept as it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from quizzes.questions.question import Described, GeneralFeedback
from quizzes.values import Points


class Raw(Described):
    """One `<question>` element. Name, idnumber and tags come from the file; `text` says for readers what it asks."""

    type: Literal["raw"]
    xml: str
    points: Points = Decimal(1)

    @property
    def feedback(self) -> GeneralFeedback:
        """What is fed back stands in the XML."""
        return GeneralFeedback()
