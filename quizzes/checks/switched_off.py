"""Checks that an author has switched off by their code, with a reason, for a quiz or a question."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from authoring.problems import Place, Problem
from authoring.read_yaml import Pointer
from quizzes.checks.asking import At
from quizzes.checks.known import MAY_BE_IGNORED
from quizzes.questions import Ignored
from quizzes.quiz import Quiz


class Noted:
    """Places with the question that each belongs to, so that a problem is known by its place."""

    def __init__(self, at: At) -> None:
        self._at = at
        self._questions: dict[Place, int] = {}

    def at(self, pointer: Pointer) -> Place:
        """The place, noted."""
        place = self._at(pointer)
        if len(pointer) > 1 and pointer[0] == "questions" and isinstance(pointer[1], int):
            self._questions[place] = pointer[1]
        return place

    def question_at(self, place: Place) -> int | None:
        """The question that a place belongs to."""
        return self._questions.get(place)


def without_ignored(quiz: Quiz, problems: Iterable[Problem], noted: Noted) -> Iterator[Problem]:
    """The problems that nobody has switched off, and what is wrong with the switching off itself."""
    used: set[tuple[int | None, str]] = set()
    for problem in problems:
        if problem.severity == "warning":
            number = noted.question_at(problem.place)
            if number is not None and _names(quiz.questions[number].ignore, problem.code):
                used.add((number, problem.code))
                continue
            if _names(quiz.ignore, problem.code):
                used.add((None, problem.code))
                continue
        yield problem
    yield from _check(quiz.ignore, ("ignore",), None, noted.at, used)
    for index, question in enumerate(quiz.questions):
        yield from _check(question.ignore, ("questions", index, "ignore"), index, noted.at, used)


def _names(ignored: Iterable[Ignored], code: str) -> bool:
    return any(one.code == code for one in ignored)


def _check(
    ignored: Iterable[Ignored], where: Pointer, number: int | None, at: At, used: set[tuple[int | None, str]]
) -> Iterator[Problem]:
    for index, one in enumerate(ignored):
        place = at((*where, index, "code"))
        if not one.reason.strip():
            yield Problem("quiz.ignore-without-reason", {"code": one.code}, at((*where, index)))
        if one.code not in MAY_BE_IGNORED:
            similar = difflib.get_close_matches(one.code, sorted(MAY_BE_IGNORED), n=1, cutoff=0.8)
            if similar:
                yield Problem("quiz.ignore-unknown-similar", {"code": one.code, "similar": similar[0]}, place)
            else:
                yield Problem("quiz.ignore-unknown", {"code": one.code}, place)
        elif (number, one.code) not in used:
            yield Problem("quiz.ignore-unused", {"code": one.code}, place, "warning")
