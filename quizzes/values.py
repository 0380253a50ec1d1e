"""What a field of a quiz file may hold, as types that read it or refuse it with their own code (`quiz.…`).

Fields hold parsed values: scores are exact fractions out of Moodle's list, numbers are decimals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator
from pydantic_core import PydanticCustomError

from quizzes.numbers import NotANumber, byte_count, number, number_range, percent, seconds
from quizzes.scores import as_authors_write, fraction_of, legal_score, nearest_scores

MAX_QUIZ_ID = 40
MAX_POINTS = 1000
ONE_THIRD = Fraction(1, 3)
PENALTY_SNAPS_WITHIN = Fraction(5, 1000)

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Part(BaseModel):
    """A piece of a quiz file: cannot be changed, knows no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, arbitrary_types_allowed=True)


def refused(code: str, **params: object) -> PydanticCustomError:
    """The error of a validator: a message code with its named values."""
    # Braces in the template are format fields to pydantic, so the code alone is the template.
    return PydanticCustomError(code, "refused", {name: str(value) for name, value in params.items()})


def shown(value: object) -> str:
    """A value as messages show it."""
    return "{…}" if isinstance(value, dict) else "[…]" if isinstance(value, list) else str(value)


def _number(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise refused("quiz.number-invalid", value=shown(value))
    try:
        return number(str(value))
    except NotANumber as problem:
        raise refused(problem.reason, value=value, suggestion=problem.suggestion) from problem


def _tolerance(value: object) -> Decimal:
    if isinstance(value, str) and value.strip().endswith("%"):
        raise refused("quiz.tolerance-percent", value=value)
    tolerance = _number(value)
    if tolerance < 0:
        raise refused("quiz.tolerance-negative", value=value)
    return tolerance


def _score(value: object) -> Fraction:
    if isinstance(value, Fraction):
        exact: Fraction | None = value
    elif isinstance(value, str | int) and not isinstance(value, bool):
        exact = fraction_of(str(value))
    else:
        exact = None
    if exact is None:
        raise refused("quiz.score-not-score", value=shown(value))
    legal = legal_score(exact)
    if legal is None:
        nearest = ", ".join(as_authors_write(score) for score in nearest_scores(exact))
        raise refused("quiz.score-unknown", value=value, nearest=nearest)
    return legal


def _points(value: object) -> Decimal:
    points = _number(value)
    if not 0 <= points <= MAX_POINTS:
        raise refused("quiz.points-range", value=value, limit=MAX_POINTS)
    return round(points, 7)


def _penalty(value: object) -> Fraction:
    share = value if isinstance(value, Fraction) else fraction_of(value) if isinstance(value, str) else None
    penalty = Fraction(_number(value)) if share is None else share
    if not 0 <= penalty <= 1:
        raise refused("quiz.penalty-range", value=value)
    if abs(penalty - ONE_THIRD) < PENALTY_SNAPS_WITHIN:
        # Moodle's importer turns this whole neighbourhood into 0.3333333.
        if abs(penalty - ONE_THIRD) > Fraction(1, 1_000_000):
            raise refused("quiz.penalty-snaps", value=value)
        return ONE_THIRD
    return round(penalty, 7)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise refused("quiz.not-true-or-false", value=shown(value))
    return value


def _question_id(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", value):
        raise refused("quiz.id-characters", id=shown(value))
    return value


def _quiz_id(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", value):
        raise refused("quiz.quiz-id-characters", id=shown(value))
    if len(value) > MAX_QUIZ_ID:
        raise refused("quiz.quiz-id-too-long", id=value, n=len(value), limit=MAX_QUIZ_ID)
    return value


def _seconds(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # a bare number has no unit, and is refused as a text would be
    found = 0 if value is None else seconds(value) if isinstance(value, str) else None
    if found is None:
        raise refused("quiz.time-limit", value=shown(value))
    return found


def _percent(value: object) -> Fraction:
    found = Fraction(0) if value is None else percent(value) if isinstance(value, str) else None
    if found is None:
        raise refused("quiz.pass-mark", value=shown(value))
    return found


def _ratio(value: object) -> Fraction:
    """A number above zero, also as a ratio: "8", "0.5", "1/12"."""
    if isinstance(value, Fraction):
        return value
    found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", value) if isinstance(value, str) else None
    if found and int(found[1]) and int(found[2]):
        return Fraction(int(found[1]), int(found[2]))
    ratio = Fraction(_number(value))
    if ratio <= 0:
        raise refused("quiz.unit-value", value=value)
    return ratio


def _words(value: object) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    found = number_range(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if found is None:
        raise refused("quiz.word-limits", value=shown(value))
    return found


def _bytes(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = byte_count(value) if isinstance(value, str) else None
    if found is None:
        raise refused("quiz.file-size", value=shown(value))
    return found


DIFFICULTIES = ("easy", "medium", "hard")


def _difficulties(value: object) -> tuple[str, ...]:
    """One difficulty, or a range of them: "easy..medium"."""
    if isinstance(value, tuple):
        return value
    first, dots, last = str(value).partition("..") if isinstance(value, str) else ("", "", "")
    last = last if dots else first
    if (
        first not in DIFFICULTIES
        or last not in DIFFICULTIES
        or DIFFICULTIES.index(first) > DIFFICULTIES.index(last)
    ):
        raise refused("quiz.difficulty-range", value=shown(value))
    return DIFFICULTIES[DIFFICULTIES.index(first) : DIFFICULTIES.index(last) + 1]


def count(code: str, lowest: int, highest: int) -> BeforeValidator:
    """A whole number within limits, told by `code` where it is not."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise refused(code, value=shown(value), lowest=lowest, highest=highest)
        return value

    return BeforeValidator(check)


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def text_in_short(value: Any) -> Any:
    """A text alone, where a map with `text` may stand."""
    return {"text": value} if isinstance(value, str) or is_language_map(value) else value


def number_in_short(value: Any) -> Any:
    """A number alone, where a map with `answer` may stand."""
    return {"answer": value} if isinstance(value, str | int | float) else value


def is_language_map(value: object) -> bool:
    """Whether a map holds a text by language."""
    return isinstance(value, dict) and bool(value) and all(LANGUAGE.fullmatch(str(key)) for key in value)


Score = Annotated[Fraction, PlainValidator(_score)]
"""A fraction out of Moodle's list, written "50%" or "1/3"."""
Number = Annotated[Decimal, PlainValidator(_number)]
Tolerance = Annotated[Decimal, PlainValidator(_tolerance)]
Points = Annotated[Decimal, PlainValidator(_points)]
Penalty = Annotated[Fraction, PlainValidator(_penalty)]
Ratio = Annotated[Fraction, PlainValidator(_ratio)]
Flag = Annotated[bool, PlainValidator(_flag)]
QuestionId = Annotated[str, PlainValidator(_question_id)]
QuizId = Annotated[str, PlainValidator(_quiz_id)]
Seconds = Annotated[int, PlainValidator(_seconds)]
"""A duration, written "45 min"; "none" is 0."""
PassMark = Annotated[Fraction, PlainValidator(_percent)]
WordLimits = Annotated[tuple[int, int], PlainValidator(_words)]
"""The least and the most words, written "50..150"; 0 for no limit."""
Bytes = Annotated[int, PlainValidator(_bytes)]
"""A size, written "5 MB"."""
OneLine = Annotated[str, BeforeValidator(_one_line)]
"""Plain text; line breaks and runs of blanks become one blank, as Moodle shows them."""
Difficulty = Literal["easy", "medium", "hard"]
DifficultyRange = Annotated[tuple[str, ...], PlainValidator(_difficulties)]
"""The difficulties of a range, written "easy..medium"."""
