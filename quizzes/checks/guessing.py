"""How likely it is to pass by guessing alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from authoring.problems import Problem
from quizzes.checks.asking import At
from quizzes.questions import Matching, Question, SingleChoice, TrueFalse
from quizzes.quiz import Quiz
from quizzes.quiz_activity import points_of_draw, pool

TOO_LIKELY = 0.05
MAX_SLOTS = 400


def check_guessing(quiz: Quiz, at: At) -> Iterator[Problem]:
    """A pass mark that one in twenty reaches without knowing anything."""
    if not quiz.settings.pass_mark:
        return
    likely = chance_of_passing(quiz)
    if likely is None:
        return
    tries = quiz.settings.attempts if quiz.settings.grading == "highest" and quiz.settings.attempts else 1
    likely = 1 - (1 - likely) ** tries
    if likely >= TOO_LIKELY:
        params = {"chance": f"{likely * 100:.0f}%", "tries": tries}
        yield Problem("quiz.guess-passes", params, at(("settings", "pass")), "warning")


def chance_of_passing(quiz: Quiz) -> float | None:
    """The chance (0 to 1) that somebody who guesses reaches the pass mark in one attempt; None where unknown.

    Marks are added as if each slot were guessed apart; what a guess cannot get right (typed answers, several
    options, essays) counts as 0, and partly right pairs as their mean.
    """
    slots = list(_slots(quiz))
    total = sum((points for _, points in slots), start=Decimal(0))
    if not total or len(slots) > MAX_SLOTS:
        return None
    needed = total * Decimal(quiz.settings.pass_mark.numerator) / Decimal(quiz.settings.pass_mark.denominator)
    sums: dict[Decimal, float] = {Decimal(0): 1.0}
    certain = Decimal(0)
    for (chance, sure), points in slots:
        certain += points * Decimal(str(round(sure, 6)))
        if not chance:
            continue
        after: dict[Decimal, float] = {}
        for reached, likely in sums.items():
            after[reached] = after.get(reached, 0.0) + likely * (1 - chance)
            more = round(reached + points, 3)
            after[more] = after.get(more, 0.0) + likely * chance
        sums = after
    return sum(likely for reached, likely in sums.items() if reached + certain >= needed)


def _slots(quiz: Quiz) -> Iterator[tuple[tuple[float, float], Decimal]]:
    """Each slot's chance of the whole mark, the part of it that is certain on average, and its points."""
    by_id = {question.id: question for question in quiz.questions}
    if not quiz.slots:
        for question in quiz.questions:
            yield _guess(question), question.points
    for slot in quiz.slots:
        if slot.use is not None and slot.use in by_id:
            question = by_id[slot.use]
            yield _guess(question), question.points if slot.points is None else slot.points
        elif slot.draw is not None:
            drawable = [_guess(by_id[one]) for one in pool(quiz, slot)]
            if drawable:
                mean = tuple(sum(part) / len(drawable) for part in zip(*drawable, strict=True))
                for _ in range(slot.draw):
                    yield (mean[0], mean[1]), points_of_draw(quiz, slot) or Decimal(1)


def _guess(question: Question) -> tuple[float, float]:
    match question:
        case SingleChoice():
            return (1 / len(question.options) if question.options else 0.0), 0.0
        case TrueFalse():
            return 0.5, 0.0
        case Matching():
            choices = {str(pair.right.root) for pair in question.pairs} | {
                str(one.root) for one in question.extra
            }
            return 0.0, 1 / len(choices) if choices else 0.0
        case _:
            return 0.0, 0.0
