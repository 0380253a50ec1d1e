"""Questionnaires of needs assessment: `questionnaires/<slug>.yaml`, form questionnaire/1, and how answers are scored.

Pure: a questionnaire and answers give a score. The form is described in `docs/formats/questionnaire.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from authoring.activity import Part
from authoring.checked_value import Identifier
from authoring.languages import LocalizedText
from authoring.problems import ContentError, Problem, in_reading_order
from authoring.read_yaml import Document, Pointer, load_model, read_yaml

FOLDER = "questionnaires"

Weight = Annotated[float, Field(gt=0, le=1000)]
Answer = int | float | str
"""What was answered: the number of the chosen answer (from 1), a number, or words."""


class Area(Part):
    """A part of the questionnaire that has a score of its own."""

    id: Identifier
    title: LocalizedText


class _Question(Part):
    id: Identifier
    question: LocalizedText
    area: str | None = None
    required: bool = False


class ChoiceAnswer(Part):
    """One of the answers to choose from, and what it is worth."""

    text: LocalizedText
    points: Annotated[float, Field(ge=0, le=1000)] = 0


class ChoiceQuestion(_Question):
    """Choose one answer; scored where an answer has points."""

    type: Literal["choice"]
    answers: tuple[ChoiceAnswer, ...] = Field(min_length=2)
    weight: Weight = 1

    @property
    def points(self) -> tuple[float, ...]:
        """What each answer is worth, in order."""
        return tuple(answer.points for answer in self.answers)

    @property
    def choices(self) -> tuple[LocalizedText, ...]:
        """The answers' words, in order."""
        return tuple(answer.text for answer in self.answers)


class RatingQuestion(_Question):
    """Choose a step of a scale, from the least, worth nothing, upwards by one point."""

    type: Literal["rating"]
    scale: tuple[LocalizedText, ...] = Field(min_length=2)
    weight: Weight = 1

    @property
    def points(self) -> tuple[float, ...]:
        """What each step is worth, in order."""
        return tuple(float(step) for step in range(len(self.scale)))

    @property
    def choices(self) -> tuple[LocalizedText, ...]:
        """The steps' words, in order."""
        return self.scale


class NumberQuestion(_Question):
    """A number; it is kept, not scored."""

    type: Literal["number"]
    unit: LocalizedText | None = None
    min: float | None = None
    max: float | None = None


class TextQuestion(_Question):
    """Words; they are kept, not scored."""

    type: Literal["text"]


Question = Annotated[
    ChoiceQuestion | RatingQuestion | NumberQuestion | TextQuestion, Field(discriminator="type")
]


class Level(Part):
    """What a score from this figure upwards is called."""

    from_: Annotated[float, Field(ge=0, le=100)] = Field(alias="from")
    title: LocalizedText


class Questionnaire(Part):
    """A questionnaire, read and whole. Make one with `read_questionnaire`."""

    schema_: Literal["questionnaire/1"] = Field(alias="schema")
    id: Identifier
    of: Literal["institution", "person"]
    title: LocalizedText
    text: LocalizedText | None = None
    areas: tuple[Area, ...] = ()
    questions: tuple[Question, ...] = Field(min_length=1)
    levels: tuple[Level, ...] = ()

    _document: Document | None = PrivateAttr(default=None)

    def question(self, question_id: str) -> Question | None:
        """The question with this id."""
        return next((one for one in self.questions if one.id == question_id), None)

    def level(self, score: float) -> LocalizedText | None:
        """What a score is called: the highest level that it reaches."""
        reached = [level for level in self.levels if score >= level.from_]
        return reached[-1].title if reached else None

    def read_from(self, document: Document) -> Questionnaire:
        """The same, knowing the places in its file."""
        self._document = document
        return self

    def problem(self, code: str, pointer: Pointer, **params: object) -> Problem:
        """A problem at a place of this questionnaire's file."""
        return (
            Problem(code, params)
            if self._document is None
            else Problem(code, params, self._document.place(pointer))
        )


@dataclass(frozen=True)
class Score:
    """From 0 to 100 with one decimal; None where nothing scored was answered."""

    whole: float | None
    areas: Mapping[str, float | None] = field(default_factory=dict)


def score_answers(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> Score:
    """The score of answers by question id: 100 × Σ weight·points ÷ Σ weight·most points, over what was answered.

    A question that nobody answered counts neither way. Raises ValueError for a choice that there is not.
    """
    return Score(
        _share(questionnaire, answers, None),
        {area.id: _share(questionnaire, answers, area.id) for area in questionnaire.areas},
    )


def _share(questionnaire: Questionnaire, answers: Mapping[str, Answer], area: str | None) -> float | None:
    got = most = Decimal(0)
    for question in questionnaire.questions:
        if not isinstance(question, ChoiceQuestion | RatingQuestion) or question.id not in answers:
            continue
        points = question.points
        chosen = answers[question.id]
        if not isinstance(chosen, int) or isinstance(chosen, bool) or not 1 <= chosen <= len(points):
            raise ValueError(f"{question.id}: no answer {chosen!r}")
        if max(points) == 0 or (area is not None and question.area != area):
            continue
        weight = Decimal(str(question.weight))
        got += weight * Decimal(str(points[chosen - 1]))
        most += weight * Decimal(str(max(points)))
    if most == 0:
        return None
    return float((got * 100 / most).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))


def read_questionnaires(folder: Path) -> tuple[Questionnaire, ...]:
    """Every `questionnaires/*.yaml` of an academy folder, by id; raises ContentError with the problems of all."""
    found: list[Questionnaire] = []
    problems: list[Problem] = []
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        try:
            found.append(read_questionnaire(path, root=folder))
        except ContentError as error:
            problems.extend(error.problems)
    if problems:
        raise ContentError(problems)
    return tuple(found)


def read_questionnaire(path: Path, *, root: Path) -> Questionnaire:
    """Reads one questionnaire below `root`, the academy folder; raises ContentError with every problem in it."""
    document = read_yaml(path, root=root)
    questionnaire = load_model(document, Questionnaire).read_from(document)
    if problems := list(_whole(questionnaire, path)):
        raise ContentError(in_reading_order(problems))
    return questionnaire


def _whole(questionnaire: Questionnaire, path: Path) -> Iterator[Problem]:
    if questionnaire.id != path.stem:
        yield questionnaire.problem("programme.id-is-not-name", ("id",), id=questionnaire.id, name=path.stem)
    areas = {area.id for area in questionnaire.areas}
    for name in ("areas", "questions"):
        seen: set[str] = set()
        for index, one in enumerate(getattr(questionnaire, name)):
            if one.id.casefold() in seen:
                yield questionnaire.problem("programme.same-id", (name, index, "id"), id=one.id, list=name)
            seen.add(one.id.casefold())
    for index, question in enumerate(questionnaire.questions):
        at: Pointer = ("questions", index)
        if question.area is not None and question.area not in areas:
            known = ", ".join(sorted(areas)) or "-"
            yield questionnaire.problem("programme.unknown", (*at, "area"), what=question.area, known=known)
        if (
            isinstance(question, NumberQuestion)
            and question.min is not None
            and question.max is not None
            and question.max < question.min
        ):
            yield questionnaire.problem("questionnaire.max-below-min", (*at, "max"))
    starts = [level.from_ for level in questionnaire.levels]
    if starts != sorted(set(starts)) or (starts and starts[0] != 0):
        yield questionnaire.problem("questionnaire.levels-in-order", ("levels",))
