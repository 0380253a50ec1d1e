"""The quiz as a trainer writes it: models of `quizzes/<slug>.yaml`, a closed union of question types.

Values that Moodle would misread are refused here, each by its own code (`quiz.…`); what needs more than
one value to be seen is checked in `checks.py` and `slot_checks.py`. Fields hold parsed values: scores
are exact fractions out of Moodle's list, numbers are decimals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, PrivateAttr
from pydantic_core import PydanticCustomError

from authoring.languages import Language, LocalizedText
from authoring.problems import Problem
from quizzes.numbers import NotANumber, number, percent, seconds
from quizzes.question_texts import QuestionTexts
from quizzes.scores import as_authors_write, fraction_of, legal_score, nearest_scores

MAX_QUIZ_ID = 40
MAX_POINTS = 1000
ONE_THIRD = Fraction(1, 3)
PENALTY_SNAPS_WITHIN = Fraction(5, 1000)

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _refuse(code: str, **params: object) -> PydanticCustomError:
    # Braces in the template are format fields to pydantic, so the code alone is the template.
    return PydanticCustomError(code, "refused", {name: str(value) for name, value in params.items()})


def _number(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _refuse("quiz.number-invalid", value=_shown(value))
    try:
        return number(str(value))
    except NotANumber as problem:
        raise _refuse(problem.reason, value=value, suggestion=problem.suggestion) from problem


def _shown(value: object) -> str:
    return "{…}" if isinstance(value, dict) else "[…]" if isinstance(value, list) else str(value)


def _tolerance(value: object) -> Decimal:
    if isinstance(value, str) and value.strip().endswith("%"):
        raise _refuse("quiz.tolerance-percent", value=value)
    tolerance = _number(value)
    if tolerance < 0:
        raise _refuse("quiz.tolerance-negative", value=value)
    return tolerance


def _score(value: object) -> Fraction:
    if isinstance(value, Fraction):
        exact: Fraction | None = value
    elif isinstance(value, str | int) and not isinstance(value, bool):
        exact = fraction_of(str(value))
    else:
        exact = None
    if exact is None:
        raise _refuse("quiz.score-not-score", value=_shown(value))
    legal = legal_score(exact)
    if legal is None:
        nearest = ", ".join(as_authors_write(score) for score in nearest_scores(exact))
        raise _refuse("quiz.score-unknown", value=value, nearest=nearest)
    return legal


def _points(value: object) -> Decimal:
    points = _number(value)
    if not 0 <= points <= MAX_POINTS:
        raise _refuse("quiz.points-range", value=value, limit=MAX_POINTS)
    return round(points, 7)


def _penalty(value: object) -> Fraction:
    share = value if isinstance(value, Fraction) else fraction_of(value) if isinstance(value, str) else None
    penalty = Fraction(_number(value)) if share is None else share
    if not 0 <= penalty <= 1:
        raise _refuse("quiz.penalty-range", value=value)
    if abs(penalty - ONE_THIRD) < PENALTY_SNAPS_WITHIN:
        # Moodle's importer turns this whole neighbourhood into 0.3333333.
        if abs(penalty - ONE_THIRD) > Fraction(1, 1_000_000):
            raise _refuse("quiz.penalty-snaps", value=value)
        return ONE_THIRD
    return round(penalty, 7)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _refuse("quiz.not-true-or-false", value=_shown(value))
    return value


def _question_id(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", value):
        raise _refuse("quiz.id-characters", id=_shown(value))
    return value


def _quiz_id(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", value):
        raise _refuse("quiz.quiz-id-characters", id=_shown(value))
    if len(value) > MAX_QUIZ_ID:
        raise _refuse("quiz.quiz-id-too-long", id=value, n=len(value), limit=MAX_QUIZ_ID)
    return value


def _seconds(value: object) -> int:
    found = 0 if value is None else seconds(value) if isinstance(value, str) else None
    if found is None:
        raise _refuse("quiz.time-limit", value=_shown(value))
    return found


def _percent(value: object) -> Fraction:
    found = Fraction(0) if value is None else percent(value) if isinstance(value, str) else None
    if found is None:
        raise _refuse("quiz.pass-mark", value=_shown(value))
    return found


def _count(code: str, lowest: int, highest: int) -> BeforeValidator:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise _refuse(code, value=_shown(value), lowest=lowest, highest=highest)
        return value

    return BeforeValidator(check)


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def _answer_in_short(value: Any) -> Any:
    if isinstance(value, str) or _is_language_map(value):
        return {"text": value}
    return value


def _number_in_short(value: Any) -> Any:
    return {"answer": value} if isinstance(value, str | int | float) else value


def _is_language_map(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(_LANGUAGE.fullmatch(str(key)) for key in value)


Score = Annotated[Fraction, PlainValidator(_score)]
"""A fraction out of Moodle's list, written "50%" or "1/3"."""
Number = Annotated[Decimal, PlainValidator(_number)]
Tolerance = Annotated[Decimal, PlainValidator(_tolerance)]
Points = Annotated[Decimal, PlainValidator(_points)]
Penalty = Annotated[Fraction, PlainValidator(_penalty)]
Flag = Annotated[bool, PlainValidator(_flag)]
OneLine = Annotated[str, BeforeValidator(_one_line)]
"""Plain text; line breaks and runs of blanks become one blank, as Moodle shows them."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class GeneralFeedback(_Part):
    """What every learner is shown after the question, whatever was answered."""

    general: LocalizedText | None = None


class CombinedFeedback(GeneralFeedback):
    """General feedback, and one each for a right, a partly right and a wrong response."""

    correct: LocalizedText | None = None
    partial: LocalizedText | None = None
    incorrect: LocalizedText | None = None


class Option(_Part):
    """One option of a choice question."""

    text: LocalizedText
    correct: Flag = False
    score: Score | None = None
    feedback: LocalizedText | None = None


class ShortAnswer(_Part):
    r"""One accepted wording; `*` stands for any characters, `\*` for a star."""

    text: LocalizedText
    score: Score = Fraction(1)
    feedback: LocalizedText | None = None


class NumberAnswer(_Part):
    """One accepted number with its absolute tolerance."""

    answer: Number
    tolerance: Tolerance = Decimal(0)
    score: Score = Fraction(1)
    feedback: LocalizedText | None = None


class Pair(_Part):
    """A statement on the left and the choice that belongs to it."""

    left: LocalizedText
    right: LocalizedText


class _Question(_Part):
    id: Annotated[str, PlainValidator(_question_id)]
    text: LocalizedText
    name: OneLine | None = None
    tags: tuple[OneLine, ...] = ()
    points: Points = Decimal(1)
    penalty: Penalty = ONE_THIRD


class SingleChoice(_Question):
    """Exactly one option is right."""

    type: Literal["single"]
    options: tuple[Option, ...]
    shuffle: Flag = True
    feedback: CombinedFeedback = CombinedFeedback()


class MultipleChoice(_Question):
    """Any number of options is right; the right ones share the mark."""

    type: Literal["multiple"]
    options: tuple[Option, ...]
    shuffle: Flag = True
    feedback: CombinedFeedback = CombinedFeedback()


class TrueFalse(_Question):
    """A statement that is true or false; a second try makes no sense, so Moodle's own penalty is 1."""

    type: Literal["truefalse"]
    answer: Flag
    feedback_true: LocalizedText | None = None
    feedback_false: LocalizedText | None = None
    feedback: GeneralFeedback = GeneralFeedback()
    penalty: Penalty = Fraction(1)


class ShortText(_Question):
    """A word or a few, compared with the accepted wordings of all languages."""

    type: Literal["short"]
    answers: tuple[Annotated[ShortAnswer, BeforeValidator(_answer_in_short)], ...]
    case_sensitive: Flag = False
    feedback: GeneralFeedback = GeneralFeedback()


class Numerical(_Question):
    """A number: either `answer` with `tolerance`, or several `answers`."""

    type: Literal["numerical"]
    answer: Number | None = None
    tolerance: Tolerance | None = None
    answers: tuple[Annotated[NumberAnswer, BeforeValidator(_number_in_short)], ...] = ()
    feedback: GeneralFeedback = GeneralFeedback()

    @property
    def accepted(self) -> tuple[NumberAnswer, ...]:
        """The accepted numbers, however they were written."""
        if self.answer is None:
            return self.answers
        return (NumberAnswer(answer=self.answer, tolerance=self.tolerance or Decimal(0)),)


class Matching(_Question):
    """Pairs to put together; `extra` are choices that belong to nothing."""

    type: Literal["matching"]
    pairs: tuple[Pair, ...]
    extra: tuple[LocalizedText, ...] = ()
    shuffle: Flag = True
    feedback: CombinedFeedback = CombinedFeedback()


Question = Annotated[
    SingleChoice | MultipleChoice | TrueFalse | ShortText | Numerical | Matching, Field(discriminator="type")
]


class Slot(_Part):
    """One line of `slots`: a fixed question (`use`), or `draw` random ones that carry all `tags`."""

    use: str | None = None
    draw: Annotated[int, _count("quiz.draw-count", 1, 500)] | None = None
    tags: tuple[OneLine, ...] = ()
    points: Points | None = None


Time = Literal["during", "immediately", "open", "closed"]
"""During the attempt; right after it; later, while the quiz is open; after it has closed."""


class Review(_Part):
    """When learners see what of an attempt; what is left out follows from the behaviour."""

    attempt: tuple[Time, ...] | None = None  # during the attempt they see it in any case
    correctness: tuple[Time, ...] | None = None
    max_marks: tuple[Time, ...] | None = None
    marks: tuple[Time, ...] | None = None
    feedback: tuple[Time, ...] | None = None
    general_feedback: tuple[Time, ...] | None = None
    right_answer: tuple[Time, ...] | None = None
    overall_feedback: tuple[Literal["immediately", "open", "closed"], ...] | None = None


class Settings(_Part):
    """How the quiz is taken. `time_limit` is in seconds, 0 for none; `pass_mark` is a part of one."""

    time_limit: Annotated[int, PlainValidator(_seconds)] = 0
    attempts: Annotated[int, _count("quiz.attempts-range", 0, 10)] = 0
    grading: Literal["highest", "average", "first", "last"] = "highest"
    pass_mark: Annotated[Fraction, PlainValidator(_percent)] = Field(default=Fraction(0), alias="pass")
    shuffle_answers: Flag = True
    questions_per_page: Annotated[int, _count("quiz.per-page-range", 0, 50)] = 1
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


class QuizLanguages(_Part):
    """The languages a learner can choose from; `default` is used where only one can be."""

    default: Language
    offered: tuple[Language, ...] = Field(min_length=1)


class QuestionCategory(_Part):
    """The question category of Moodle; its idnumber is the quiz id."""

    title: LocalizedText


class Quiz(_Part):
    """One `quizzes/<slug>.yaml`, read and checked."""

    schema_: Literal["quiz/1"] = Field(alias="schema")
    id: Annotated[str, PlainValidator(_quiz_id)]
    title: LocalizedText
    languages: QuizLanguages
    category: QuestionCategory | None = None
    settings: Settings = Settings()
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

    def key_of(self, question_id: str) -> str:
        """The idnumber of a question in Moodle."""
        return f"{self.id}:{question_id}"
