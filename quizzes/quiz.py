"""The quiz as a trainer writes it: models of `quizzes/<slug>.yaml`; the types of questions are in `questions/`.

Values that Moodle would misread are refused by their types (`values.py`), each by its own code (`quiz.…`);
what needs more than one value to be seen is checked in `checks.py` and `slot_checks.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from authoring.activity import When
from authoring.languages import Language, LocalizedText
from authoring.problems import Problem
from quizzes.question_texts import QuestionTexts
from quizzes.questions import Ignored, Question
from quizzes.values import (
    DifficultyRange,
    Flag,
    OneLine,
    Part,
    PassMark,
    Points,
    QuizId,
    Seconds,
    count,
)


class Slot(Part):
    """One line of the blueprint: a fixed question (`use`), or `draw` random ones that have all that is named.

    With `section` a new section of the quiz begins here; `shuffle` is whether its questions come in any order.
    """

    use: str | None = None
    draw: Annotated[int, count("quiz.draw-count", 1, 500)] | None = None
    tags: tuple[OneLine, ...] = ()
    category: OneLine | None = None
    objective: OneLine | None = None
    difficulty: DifficultyRange | None = None
    points: Points | None = None
    section: LocalizedText | None = None
    shuffle: Flag | None = None

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags that Moodle's random slot asks for: it knows nothing of the other keys."""
        found = list(self.tags)
        found += [f"{key}:{value}" for key in ("objective", "category") if (value := getattr(self, key))]
        if self.difficulty is not None:
            found.append(f"difficulty:{range_name(self.difficulty)}")
        return tuple(found)


def range_name(difficulties: Sequence[str]) -> str:
    """A range of difficulties as authors write it."""
    ends = list(dict.fromkeys((difficulties[0], difficulties[-1])))
    return "..".join(ends)


Time = Literal["during", "immediately", "open", "closed"]
"""During the attempt; right after it; later, while the quiz is open; after it has closed."""


class Review(Part):
    """When learners see what of an attempt; what is left out follows from the behaviour."""

    attempt: tuple[Time, ...] | None = None  # during the attempt they see it in any case
    correctness: tuple[Time, ...] | None = None
    max_marks: tuple[Time, ...] | None = None
    marks: tuple[Time, ...] | None = None
    feedback: tuple[Time, ...] | None = None
    general_feedback: tuple[Time, ...] | None = None
    right_answer: tuple[Time, ...] | None = None
    overall_feedback: tuple[Literal["immediately", "open", "closed"], ...] | None = None


class Settings(Part):
    """How the quiz is taken. `time_limit` is in seconds, 0 for none; `pass_mark` is a part of one."""

    time_limit: Seconds = 0
    opens: When | None = None
    closes: When | None = None
    attempts: Annotated[int, count("quiz.attempts-range", 0, 10)] = 0
    grading: Literal["highest", "average", "first", "last"] = "highest"
    pass_mark: PassMark = Field(default=Fraction(0), alias="pass")
    shuffle_answers: Flag = True
    questions_per_page: Annotated[int, count("quiz.per-page-range", 0, 50)] = 1
    behaviour: Literal[
        "deferredfeedback",
        "immediatefeedback",
        "interactive",
        "adaptive",
        "adaptivenopenalty",
        "deferredcbm",
        "immediatecbm",
    ] = "deferredfeedback"
    review: Review = Review()
    intro: LocalizedText | None = None


class Override(Part):
    """What is different for the people of one institution, named by its code."""

    institution: OneLine
    opens: When | None = None
    closes: When | None = None
    time_limit: Seconds | None = None
    attempts: Annotated[int, count("quiz.attempts-range", 0, 10)] | None = None


class PreTest(Part):
    """The quiz before the course: the same blueprint, other questions. `title` is its name."""

    pre: QuizId
    title: LocalizedText
    attempts: Annotated[int, count("quiz.attempts-range", 0, 10)] = 1
    pass_mark: PassMark = Field(default=Fraction(0), alias="pass")


class QuizLanguages(Part):
    """The languages a learner can choose from; `default` is used where only one can be."""

    default: Language
    offered: tuple[Language, ...] = Field(min_length=1)


class QuestionCategory(Part):
    """The question category of Moodle; its idnumber is the quiz id."""

    title: LocalizedText


class Quiz(Part):
    """One `quizzes/<slug>.yaml`, read and checked."""

    schema_: Literal["quiz/1"] = Field(alias="schema")
    id: QuizId
    title: LocalizedText
    languages: QuizLanguages
    category: QuestionCategory | None = None
    settings: Settings = Settings()
    overrides: tuple[Override, ...] = ()
    pair: PreTest | None = None
    ignore: tuple[Ignored, ...] = ()
    slots: tuple[Slot, ...] = ()
    questions: tuple[Question, ...]

    _texts: QuestionTexts = PrivateAttr(default_factory=QuestionTexts)
    _warnings: tuple[Problem, ...] = PrivateAttr(default=())

    @property
    def texts(self) -> QuestionTexts:
        """Renders its texts, with the images they name."""
        return self._texts

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What an author should look at, though Moodle takes it."""
        return self._warnings

    def with_texts(self, texts: QuestionTexts) -> Quiz:
        """The same quiz, its texts rendered by `texts`."""
        changed = self.model_copy()
        changed._texts = texts  # noqa: SLF001 - a copy of itself
        return changed

    def with_warnings(self, warnings: tuple[Problem, ...]) -> Quiz:
        """The same quiz with these warnings."""
        changed = self.model_copy()
        changed._warnings = warnings  # noqa: SLF001 - a copy of itself
        return changed

    @property
    def category_title(self) -> LocalizedText:
        """The name of the question category: its own, else the quiz's."""
        return self.category.title if self.category else self.title

    def tags_of(self, question: Question) -> tuple[str, ...]:
        """The tags of a question in Moodle, with those of the ranges of difficulty that slots draw from."""
        ranges = {slot.difficulty for slot in self.slots if slot.difficulty and len(slot.difficulty) > 1}
        named = [f"difficulty:{range_name(one)}" for one in sorted(ranges) if question.difficulty in one]
        return (*question.all_tags, *named)

    def key_of(self, question_id: str) -> str:
        """The idnumber of a question in Moodle."""
        return f"{self.id}:{question_id}"
