"""What the checks of all types share: telling a problem of a question at its place, and finding repetitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from authoring.languages import LocalizedText
from authoring.problems import Place, Problem
from authoring.read_yaml import Pointer
from quizzes.question_texts import QuestionTexts
from quizzes.questions import Question
from quizzes.quiz import Quiz
from quizzes.scores import as_authors_write

At = Callable[[Pointer], Place]


class Asking:
    """One question while it is checked: where it stands and in which languages it is asked."""

    def __init__(self, quiz: Quiz, question: Question, pointer: Pointer, at: At) -> None:
        self.quiz = quiz
        self.question = question
        self.pointer = pointer
        self.at = at
        self.texts: QuestionTexts = quiz.texts
        self.languages: tuple[str, ...] = quiz.languages.offered
        self.visible = self.texts.visible

    def problem(self, code: str, *where: str | int, warning: bool = False, **params: object) -> Problem:
        """A problem at a place within the question."""
        params = {"question": self.question.id, **params}
        return Problem(code, params, self.at((*self.pointer, *where)), "warning" if warning else "error")

    def repeated(
        self, texts: Sequence[LocalizedText], seen: Callable[[str], str]
    ) -> Iterator[tuple[int, int, str]]:
        """Texts that look like an earlier one to a reader of some language: index, index of the first, language."""
        told: set[int] = set()
        for language in self.languages:
            first: dict[str, int] = {}
            for index, text in enumerate(texts):
                same = first.setdefault(seen(text.in_language(language)), index)
                if same != index and index not in told:
                    told.add(index)
                    yield index, same, language


def written(score: Fraction | None) -> str:
    """A score as messages show it."""
    return as_authors_write(score) if score is not None else "-"
