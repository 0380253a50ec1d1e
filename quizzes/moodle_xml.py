"""Questions as Moodle XML, every stored value written out, so that no default of an importer matters.

The elements are those that Moodle 4.5's importer reads (question/format/xml/format.php). Booleans are
`true`/`false` or `1`/`0` exactly as it compares them; `shownumcorrect` counts by being there.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import assert_never
from xml.etree.ElementTree import Element, SubElement

from authoring.languages import LocalizedText
from quizzes.numbers import plain
from quizzes.question_texts import EmbeddedImage, Html, choice_of, plain_of
from quizzes.quiz import (
    CombinedFeedback,
    Matching,
    MultipleChoice,
    Numerical,
    Option,
    Question,
    Quiz,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from quizzes.scores import decimal, equal_split, percentage

CANONICAL_FORM = "quiz-question/1"
"""Part of every hash; a change of what is hashed changes it, and Moodle gets a new version of everything."""

_TYPES = {
    "single": "multichoice",
    "multiple": "multichoice",
    "truefalse": "truefalse",
    "short": "shortanswer",
    "numerical": "numerical",
    "matching": "matching",
}


def option_scores(question: SingleChoice | MultipleChoice) -> tuple[Fraction, ...]:
    """The score of each option: as written, else right ones share the mark equally and wrong ones get 0."""
    count = sum(option.correct for option in question.options)
    share = Fraction(1)
    if question.type == "multiple" and count:
        share = equal_split(count) or Fraction(0)
    return tuple(
        option.score if option.score is not None else share if option.correct else Fraction(0)
        for option in question.options
    )


def short_answers(question: ShortText, languages: Sequence[str]) -> list[tuple[str, int]]:
    """The accepted wordings of all languages with the index of their answer, without repetitions."""
    united = [
        (plain_of(answer.text, language), index)
        for index, answer in enumerate(question.answers)
        for language in languages
    ]
    return list(dict.fromkeys(united))


def sorted_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in one order, since Moodle treats them as a set whatever order they are written in."""
    return tuple(sorted(tags, key=lambda tag: (tag.lower(), tag)))


def question_element(quiz: Quiz, question: Question, languages: Sequence[str]) -> Element:
    """One question as an XML element."""
    return _Writer(quiz, languages).question(question)


def category_element(quiz: Quiz, name: str) -> Element:
    """The question category as an element: read when the importing person chose "category from file"."""
    element = Element("question", {"type": "category"})
    # A slash separates names, a doubled one is part of a name.
    _text(SubElement(element, "category"), f"$course$/top/{name.replace('/', '//')}")
    _text(SubElement(element, "info", {"format": "html"}), "")
    SubElement(element, "idnumber").text = quiz.id
    return element


def content_hash(element: Element) -> str:
    """A SHA-256 of what Moodle stores of a question; serialisation does not enter it.

    Tags count without their case: a site spells a tag as it was first used there.
    """
    form = json.dumps([CANONICAL_FORM, _canonical(element)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(form.encode("ascii")).hexdigest()


def _canonical(element: Element) -> list[object]:
    text = (element.text or "") if not len(element) else ""
    children = [_canonical(child) for child in element]
    if element.tag == "tags":
        children = [["tag", {}, tag.lower(), []] for tag in sorted(set(element.itertext()))]
        children.sort(key=lambda tag: str(tag[2]))
    return [element.tag, dict(sorted(element.attrib.items())), text, children]


def _text(parent: Element, text: str) -> None:
    SubElement(parent, "text").text = text


def _leaf(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text


def _files(parent: Element, images: Iterable[EmbeddedImage]) -> None:
    for image in images:
        attributes = {"name": image.name, "path": "/", "encoding": "base64"}
        SubElement(parent, "file", attributes).text = base64.b64encode(image.data).decode("ascii")


class _Writer:
    """Writes one question in the given languages with the images of its quiz."""

    def __init__(self, quiz: Quiz, languages: Sequence[str]) -> None:
        self.quiz = quiz
        self.languages = tuple(languages)

    def question(self, question: Question) -> Element:
        root = Element("question", {"type": _TYPES[question.type]})
        _text(SubElement(root, "name"), question.name or question.id)
        self._html(root, "questiontext", self._markdown(question.text, paragraph=True))
        self._feedback(root, "generalfeedback", question.feedback.general)
        _leaf(root, "defaultgrade", plain(question.points))
        _leaf(root, "penalty", decimal(question.penalty))
        _leaf(root, "idnumber", self.quiz.key_of(question.id))
        match question:
            case SingleChoice() | MultipleChoice():
                self._choice(root, question)
            case TrueFalse():
                self._true_false(root, question)
            case ShortText():
                self._short(root, question)
            case Numerical():
                self._numerical(root, question)
            case Matching():
                self._matching(root, question)
            case _:
                assert_never(question)
        if question.tags:
            tags = SubElement(root, "tags")
            for tag in sorted_tags(question.tags):
                _text(SubElement(tags, "tag"), tag)
        return root

    def _markdown(self, text: LocalizedText | None, *, paragraph: bool = False) -> Html:
        return self.quiz.texts.html_of(text, self.languages, paragraph=paragraph)

    def _html(self, parent: Element, tag: str, content: Html, **attributes: str) -> Element:
        element = SubElement(parent, tag, {**attributes, "format": "html"})
        _text(element, content.html)
        _files(element, content.images)
        return element

    def _feedback(self, parent: Element, tag: str, text: LocalizedText | None) -> None:
        self._html(parent, tag, self._markdown(text))

    def _choice(self, root: Element, question: SingleChoice | MultipleChoice) -> None:
        several = question.type == "multiple"
        _leaf(root, "single", "false" if several else "true")
        _leaf(root, "shuffleanswers", "true" if question.shuffle else "false")
        _leaf(root, "answernumbering", "abc")
        _leaf(root, "showstandardinstruction", "1" if several else "0")
        self._combined_feedback(root, question.feedback, show_number=several)
        for option, score in zip(question.options, option_scores(question), strict=True):
            self._option(root, option, score)

    def _option(self, root: Element, option: Option, score: Fraction) -> None:
        answer = self._html(root, "answer", self._markdown(option.text), fraction=percentage(score))
        self._feedback(answer, "feedback", option.feedback)

    def _combined_feedback(self, root: Element, feedback: CombinedFeedback, *, show_number: bool) -> None:
        self._feedback(root, "correctfeedback", feedback.correct)
        self._feedback(root, "partiallycorrectfeedback", feedback.partial)
        self._feedback(root, "incorrectfeedback", feedback.incorrect)
        if show_number:
            SubElement(root, "shownumcorrect")

    def _true_false(self, root: Element, question: TrueFalse) -> None:
        # Any other wording than lower-case true and false is taken by position.
        for word, feedback in (("true", question.feedback_true), ("false", question.feedback_false)):
            right = question.answer is (word == "true")
            answer = self._plain_answer(root, word, "100" if right else "0")
            self._feedback(answer, "feedback", feedback)

    def _plain_answer(self, root: Element, text: str, fraction: str) -> Element:
        answer = SubElement(root, "answer", {"fraction": fraction, "format": "moodle_auto_format"})
        _text(answer, text)
        return answer

    def _short(self, root: Element, question: ShortText) -> None:
        _leaf(root, "usecase", "1" if question.case_sensitive else "0")
        for wording, index in short_answers(question, self.languages):
            accepted = question.answers[index]
            answer = self._plain_answer(root, wording, percentage(accepted.score))
            self._feedback(answer, "feedback", accepted.feedback)

    def _numerical(self, root: Element, question: Numerical) -> None:
        for accepted in question.accepted:
            answer = self._plain_answer(root, plain(accepted.answer), percentage(accepted.score))
            _leaf(answer, "tolerance", plain(accepted.tolerance))
            self._feedback(answer, "feedback", accepted.feedback)
        _leaf(root, "unitgradingtype", "0")
        _leaf(root, "unitpenalty", "0.1")
        _leaf(root, "showunits", "3")  # none
        _leaf(root, "unitsleft", "0")

    def _matching(self, root: Element, question: Matching) -> None:
        _leaf(root, "shuffleanswers", "true" if question.shuffle else "false")
        self._combined_feedback(root, question.feedback, show_number=True)
        for pair in question.pairs:
            stem = self._html(root, "subquestion", self._markdown(pair.left))
            _text(SubElement(stem, "answer"), choice_of(pair.right, self.languages))
        for choice in question.extra:
            # No statement and an answer: a choice that belongs to nothing.
            stem = self._html(root, "subquestion", Html(""))
            _text(SubElement(stem, "answer"), choice_of(choice, self.languages))
