"""What the checks of a quiz file would say to one question that stands in no file yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from authoring.problems import Place
from quizzes.checks import check_quiz
from quizzes.questions import Question
from quizzes.read_moodle_xml import trial_quiz


def refused_for(question: Question, languages: Sequence[str], files: Mapping[str, bytes]) -> list[str]:
    """The codes of the mistakes for which a quiz file with this question would be refused, none for a good one.

    `files` are its pictures and sounds, by the names that its texts give them.
    """
    quiz = trial_quiz(question, languages, files)
    problems = check_quiz(quiz, lambda pointer: Place(), frozenset({question.id}), complete=False)
    return sorted({one.code for one in problems if one.severity == "error"})
