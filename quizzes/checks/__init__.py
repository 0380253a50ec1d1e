"""Checks of a quiz without Moodle: what it would swallow, cut, invert or die on, and how items are written."""

from __future__ import annotations

from collections.abc import Iterator

from authoring.problems import Problem
from authoring.read_yaml import Pointer
from quizzes.checks.answers import check_answers
from quizzes.checks.asking import Asking, At
from quizzes.checks.guessing import check_guessing
from quizzes.checks.identity import check_identity
from quizzes.checks.pairing import check_dates, check_pair
from quizzes.checks.switched_off import Noted, without_ignored
from quizzes.checks.texts import check_texts
from quizzes.checks.writing import check_alike, check_key_positions, check_writing
from quizzes.quiz import Quiz
from quizzes.slot_checks import check_slots

_HINTS_SHOWN = ("interactive",)


def check_quiz(quiz: Quiz, at: At, written_ids: frozenset[str], *, complete: bool) -> Iterator[Problem]:
    """Everything wrong with a quiz.

    `written_ids` are the ids of all questions in the file; where some of them could not be read (`complete`
    is false), what needs all of them is not judged.
    """
    noted = Noted(at)
    yield from without_ignored(quiz, _each(quiz, noted.at, written_ids, complete=complete), noted)


def _each(quiz: Quiz, at: At, written_ids: frozenset[str], *, complete: bool) -> Iterator[Problem]:
    yield from check_texts(quiz, at)
    yield from check_identity(quiz, at)
    for index, question in enumerate(quiz.questions):
        pointer: Pointer = ("questions", index)
        asking = Asking(quiz, question, pointer, at)
        yield from check_answers(asking)
        yield from check_writing(asking)
    yield from check_slots(quiz, at, written_ids, complete=complete)
    yield from check_alike(quiz, at)
    yield from _check_hints(quiz, at)
    yield from check_dates(quiz, at)
    if complete:
        yield from check_pair(quiz, at)
        yield from check_key_positions(quiz, at)
        yield from check_guessing(quiz, at)


def _check_hints(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Hints are shown between tries, which only one behaviour has."""
    if quiz.settings.behaviour in _HINTS_SHOWN:
        return
    for index, question in enumerate(quiz.questions):
        if getattr(question, "hints", ()):
            params = {"behaviour": quiz.settings.behaviour}
            yield Problem("quiz.hints-unseen", params, at(("questions", index, "hints")), "warning")
            return
