"""Which figures of a quiz and its questions want a look, in words by code: items.flag-…. Pure.

Limits are those of Moodle's own guide ("Quiz statistics report": facility, discriminative efficiency) and of usual practice
in writing tests; each stands here by name. With few attempts figures are mostly chance: then only that is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from quizzes.item_results import AnswerCount, Flag, ItemAnalysis, QuestionResult

ENOUGH = 30
"""Attempts below which a figure of a question says little."""

VERY_EASY = 0.95
HARD = 0.2
WEAK = 20.0  # discriminative efficiency, percent
MANY_LEFT_OUT = 0.2
NEVER = 50
"""Attempts from which a wrong option that nobody chose is one that nobody will choose."""

UNRELIABLE = 60.0  # internal consistency, percent

EASY_FROM, HARD_BELOW = 0.7, 0.3


def difficulty_of(facility: float) -> str:
    """The word for a facility: easy from 70 %, hard below 30 %, else medium."""
    return "easy" if facility >= EASY_FROM else "hard" if facility < HARD_BELOW else "medium"


def with_flags(analysis: ItemAnalysis) -> ItemAnalysis:
    """The analysis with what is to be looked at."""
    return replace(
        analysis,
        questions=tuple(replace(one, flags=tuple(question_flags(one))) for one in analysis.questions),
        flags=tuple(_quiz_flags(analysis)),
    )


def _quiz_flags(analysis: ItemAnalysis) -> Iterator[Flag]:
    quiz = analysis.quiz
    if quiz.n < ENOUGH:
        yield Flag("items.flag-few-attempts", {"n": quiz.n, "enough": ENOUGH})
        return
    if quiz.cic is not None and quiz.cic < UNRELIABLE:
        code = "items.flag-negative-consistency" if quiz.cic < 0 else "items.flag-unreliable"
        yield Flag(code, {"percent": round(quiz.cic)}, grave=quiz.cic < 0)


def question_flags(question: QuestionResult) -> Iterator[Flag]:
    """What is to be looked at in one question, the gravest first."""
    figures = question.figures
    if figures.n < ENOUGH:
        yield Flag("items.flag-few", {"n": figures.n, "enough": ENOUGH})
        return
    rival = stronger_rival(question)
    if rival is not None:
        yield Flag(
            "items.flag-key",
            {
                "option": rival.text,
                "percent": round(100 * rival.best),
                "right": round(100 * _best_right(question)),
            },
            grave=True,
        )
    negative = figures.discrimination_index is not None and figures.discrimination_index < 0
    if negative:
        yield Flag("items.flag-negative", {"value": round(figures.discrimination_index or 0)}, grave=True)
    if figures.facility is not None:
        if _below_guessing(question):
            yield Flag(
                "items.flag-below-guessing",
                {"percent": round(100 * figures.facility), "guess": round(100 * (question.guess or 0))},
                grave=True,
            )
        elif figures.facility < HARD:
            yield Flag("items.flag-hard", {"percent": round(100 * figures.facility)})
        elif figures.facility >= VERY_EASY:
            yield Flag("items.flag-easy", {"percent": round(100 * figures.facility)})
        efficiency = figures.discriminative_efficiency
        if (
            not negative
            and efficiency is not None
            and efficiency < WEAK
            and HARD <= figures.facility < VERY_EASY
        ):
            yield Flag("items.flag-weak", {"value": round(efficiency)})
    for answer in never_chosen(question):
        yield Flag("items.flag-never", {"option": answer.text, "n": figures.n})
    if question.left_out >= MANY_LEFT_OUT * figures.n:
        yield Flag("items.flag-left-out", {"percent": round(100 * question.left_out / figures.n)})
    if len(question.versions) > 1:
        yield Flag("items.flag-versions", {"versions": ", ".join(str(one) for one in question.versions)})


def stronger_rival(question: QuestionResult) -> AnswerCount | None:
    """A wrong option that more of the best third chose than the key: then the key may be wrong."""
    wrong = [one for one in question.answers if one.place is not None and not one.right and one.part is None]
    if not wrong or question.type not in ("multichoice", "truefalse"):
        return None
    rival = max(wrong, key=lambda one: (one.best, one.n))
    return rival if rival.best > _best_right(question) else None


def _best_right(question: QuestionResult) -> float:
    return max((one.best for one in question.answers if one.right), default=0.0)


def never_chosen(question: QuestionResult) -> list[AnswerCount]:
    """Wrong options that nobody took, where enough people could have."""
    if question.figures.n < NEVER:
        return []
    return [
        one
        for one in question.answers
        if one.place is not None and one.part is None and not one.right and not one.n
    ]


def _below_guessing(question: QuestionResult) -> bool:
    """Whether the facility is below what guessing earns by more than chance: two standard errors of a share."""
    facility, guess = question.figures.facility, question.guess
    if not guess or facility is None:
        return False
    return facility < guess - 2 * math.sqrt(guess * (1 - guess) / question.figures.n)
