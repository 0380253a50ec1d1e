"""The results of a quiz's questions: what an analysis finds, and what reports show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from programmes.suppression import SMALL
from quizzes.item_statistics import ItemFigures, QuizFigures
from quizzes.results import Draw, Which


@dataclass(frozen=True)
class AnswerCount:
    """How often one answer was given: in all, and what share of the best and the weakest third gave it.

    `part` is the statement of a matching question to which the answer belongs, `place` the option's place in the file.
    """

    text: str
    n: int
    share: float
    best: float
    weakest: float
    right: bool
    score: float | None = None
    place: int | None = None
    part: str | None = None


@dataclass(frozen=True)
class GroupFigure:
    """How a group did: None where it is too small to be shown."""

    code: str
    n: int | None
    facility: float | None


@dataclass(frozen=True)
class Flag:
    """Something to look at: a message code with its values, and how grave it is."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    grave: bool = False


@dataclass(frozen=True)
class QuestionResult:
    """One question: where it stood, its figures, its answers, its groups, and what is to be looked at.

    `slot` is None for a question that was drawn at random, whose positions are `slots`.
    """

    key: str
    slots: tuple[int, ...]
    drawn: bool
    type: str
    text: str
    index: int | None
    figures: ItemFigures
    guess: float | None
    left_out: int
    versions: tuple[int, ...]
    answers: tuple[AnswerCount, ...]
    groups: Mapping[str, tuple[GroupFigure, ...]]
    difficulty: str | None = None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class PositionResult:
    """One position: its figures; what it draws from and the questions that came, or its one question."""

    slot: int
    figures: ItemFigures
    draws: Draw | None
    questions: tuple[str, ...]


@dataclass(frozen=True)
class ItemAnalysis:
    """Everything about a quiz's results. `bands`: how many attempts reached each tenth of the marks, the lowest first."""

    which: Which
    persons: int
    most: float
    quiz: QuizFigures
    positions: tuple[PositionResult, ...]
    questions: tuple[QuestionResult, ...]
    bands: tuple[int, ...] = ()
    flags: tuple[Flag, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether there are so many persons that figures may be shown at all."""
        return self.persons >= SMALL
