"""Every text of a quiz that comes in languages: where it stands, and what Moodle does with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from authoring.languages import LocalizedText
from authoring.read_yaml import Pointer
from quizzes.questions import (
    Blank,
    Cloze,
    CombinedFeedback,
    Description,
    DragImage,
    DragMarkers,
    Essay,
    Gaps,
    GeneralFeedback,
    Hint,
    Matching,
    MultipleChoice,
    NumberAnswer,
    Numerical,
    Option,
    Ordering,
    Question,
    Raw,
    ShortAnswer,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from quizzes.quiz import Quiz


@dataclass(frozen=True)
class TextAt:
    """A text of the quiz: where it stands, whether it is Markdown and whether Moodle keeps files with it."""

    pointer: Pointer
    text: LocalizedText
    markdown: bool = True
    images: bool = True

    def each(self) -> Iterator[tuple[Pointer, str]]:
        """Every wording with its own place."""
        if isinstance(self.text.root, str):
            yield self.pointer, self.text.root
        else:
            for language, written in self.text.root.items():
                yield (*self.pointer, language), written


def texts_of(quiz: Quiz) -> Iterator[TextAt]:
    """Every text of a quiz that comes in languages."""
    yield TextAt(("title",), quiz.title, markdown=False)
    if quiz.category:
        yield TextAt(("category", "title"), quiz.category.title, markdown=False)
    if quiz.settings.intro:
        yield TextAt(("settings", "intro"), quiz.settings.intro, images=False)
    for index, question in enumerate(quiz.questions):
        yield from texts_of_question(("questions", index), question)


def texts_of_question(at: Pointer, question: Question) -> Iterator[TextAt]:
    """Every text of one question, its own text first."""
    yield TextAt((*at, "text"), question.text)
    yield from _feedback((*at, "feedback"), question.feedback)
    yield from _own(at, question)
    hints: Iterable[Hint] = getattr(question, "hints", ())
    for i, hint in enumerate(hints):
        yield TextAt((*at, "hints", i, "text"), hint.text)


def _feedback(at: Pointer, feedback: GeneralFeedback) -> Iterator[TextAt]:
    names = ("general", "correct", "partial", "incorrect")
    for name in names if isinstance(feedback, CombinedFeedback) else names[:1]:
        yield from _optional((*at, name), getattr(feedback, name))


def _optional(
    at: Pointer, text: LocalizedText | None, *, markdown: bool = True, images: bool = True
) -> Iterator[TextAt]:
    if text is not None:
        yield TextAt(at, text, markdown, images)


def _own(at: Pointer, question: Question) -> Iterator[TextAt]:
    match question:
        case SingleChoice() | MultipleChoice():
            yield from _options((*at, "options"), question.options)
        case TrueFalse():
            yield from _optional((*at, "feedback_true"), question.feedback_true)
            yield from _optional((*at, "feedback_false"), question.feedback_false)
        case ShortText():
            yield from _answers((*at, "answers"), question.answers)
        case Numerical():
            yield from _numbers((*at, "answers"), question.answers)
        case Matching():
            for i, pair in enumerate(question.pairs):
                yield TextAt((*at, "pairs", i, "left"), pair.left)
                yield TextAt((*at, "pairs", i, "right"), pair.right, markdown=False)
            for i, choice in enumerate(question.extra):
                yield TextAt((*at, "extra", i), choice, markdown=False)
        case Ordering():
            for i, item in enumerate(question.items):
                yield TextAt((*at, "items", i), item)
        case Gaps():
            for name, word in question.gaps.items():
                yield TextAt((*at, "gaps", name, "text"), word.text, markdown=False)
            for i, word in enumerate(question.extra):
                yield TextAt((*at, "extra", i, "text"), word.text, markdown=False)
        case Cloze():
            for name, blank in question.blanks.items():
                yield from _blank((*at, "blanks", name), blank)
        case DragImage():
            for name, dragged in question.items.items():
                yield TextAt((*at, "items", name, "text"), dragged.text, markdown=False)
            for i, place in enumerate(question.places):
                yield from _optional((*at, "places", i, "label"), place.label, markdown=False)
        case DragMarkers():
            for name, marker in question.markers.items():
                yield TextAt((*at, "markers", name, "text"), marker.text, markdown=False)
        case Essay():
            yield from _optional((*at, "grader_info"), question.grader_info)
            yield from _optional((*at, "template"), question.template, images=False)
        case Description() | Raw():
            pass
        case _:
            assert_never(question)


def _options(at: Pointer, options: Iterable[Option], *, images: bool = True) -> Iterator[TextAt]:
    for i, option in enumerate(options):
        yield TextAt((*at, i, "text"), option.text, images=images)
        yield from _optional((*at, i, "feedback"), option.feedback, images=images)


def _answers(at: Pointer, answers: Iterable[ShortAnswer], *, images: bool = True) -> Iterator[TextAt]:
    for i, answer in enumerate(answers):
        yield TextAt((*at, i, "text"), answer.text, markdown=False)
        yield from _optional((*at, i, "feedback"), answer.feedback, images=images)


def _numbers(at: Pointer, answers: Iterable[NumberAnswer], *, images: bool = True) -> Iterator[TextAt]:
    for i, number in enumerate(answers):
        yield from _optional((*at, i, "feedback"), number.feedback, images=images)


def _blank(at: Pointer, blank: Blank) -> Iterator[TextAt]:
    """Moodle keeps no files with what stands in a blank."""
    yield from _optional((*at, "feedback"), blank.feedback, images=False)
    yield from _options((*at, "options"), blank.options, images=False)
    yield from _answers((*at, "answers"), blank.answers, images=False)
    yield from _numbers((*at, "numbers"), blank.numbers, images=False)
