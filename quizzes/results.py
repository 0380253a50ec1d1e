"""Attempts at a quiz and what came of each question, and which of them count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from quizzes.item_statistics import Mark, Position

Which = Literal["highest", "all", "first", "last"]
"""Which attempts of a learner count; the names of the grading methods in a quiz file, "all" for the average."""

FINISHED = "finished"


class AttemptId(NamedTuple):
    """Whose attempt it is, at which activity, and its number, from 1."""

    activity: str
    person: str
    number: int


@dataclass(frozen=True)
class Attempt:
    """An attempt; `score` as Moodle stores it, in points of `most`; None while something in it is not marked."""

    id: AttemptId
    state: str
    score: float | None
    most: float


@dataclass(frozen=True)
class Draw:
    """What a random slot draws from: a question category by its idnumber, and tags."""

    category: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of one question in one attempt; see the stream question_outcome in `lms_sync.facts`."""

    attempt: AttemptId
    slot: int
    question: str
    version: int
    type: str
    variant: int
    most: float
    fraction: float | None
    outcome: str
    chosen: tuple[int | None, ...] | None = None
    response: str | None = None
    right: str | None = None
    random: Draw | None = None

    @property
    def mark(self) -> float | None:
        """The points earned."""
        return None if self.fraction is None else self.fraction * self.most

    @property
    def answered(self) -> bool:
        """Whether there is a response."""
        return self.outcome != "gaveup" and (self.response is not None or self.fraction is not None)


def attempts_that_count(attempts: Iterable[Attempt], which: Which) -> list[Attempt]:
    """The finished and fully marked attempts that Moodle's statistics look at, in a fixed order.

    quiz_report_grade_method_sql() and quiz_statistics_attempts_sql() in mod/quiz/report: of a learner's finished attempts
    the highest (of equal ones the first), the first, the last, or all; then those with a mark.
    """
    finished = sorted((one for one in attempts if one.state == FINISHED), key=lambda one: one.id)
    if which != "all":
        best: dict[tuple[str, str], Attempt] = {}
        for one in finished:
            key = (one.id.activity, one.id.person)
            before = best.get(key)
            if (
                before is None
                or which == "last"
                or (which == "highest" and (one.score or 0) > (before.score or 0))
            ):
                best[key] = one
        finished = sorted(best.values(), key=lambda one: one.id)
    return [one for one in finished if one.score is not None]


def positions_of(outcomes: Sequence[Outcome]) -> list[Position]:
    """The positions that the attempts had, by slot; what is drawn at random in some is random."""
    most: dict[int, float] = {}
    random: set[int] = set()
    for one in outcomes:
        most[one.slot] = one.most
        if one.random is not None:
            random.add(one.slot)
    return [Position(slot, most[slot], slot in random) for slot in sorted(most)]


def marks_of(outcomes: Iterable[Outcome]) -> list[Mark]:
    """What the statistics take of outcomes."""
    return [Mark(one.attempt, one.slot, one.question, one.mark, one.most, one.variant) for one in outcomes]


def of_attempts(outcomes: Iterable[Outcome], attempts: Iterable[Attempt]) -> list[Outcome]:
    """The outcomes of certain attempts, in a fixed order."""
    wanted = {one.id for one in attempts}
    return sorted((one for one in outcomes if one.attempt in wanted), key=lambda one: (one.attempt, one.slot))


Groups = Mapping[str, str]
"""Person → the code of the language or institution they belong to."""
