"""What questions of every type are made of in Moodle XML: texts, files, feedback, hints, tags."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement

from authoring.languages import LocalizedText
from quizzes.question_texts import EmbeddedImage, Html
from quizzes.questions import CombinedFeedback, Hint, PartsHint
from quizzes.quiz import Quiz


class Writer:
    """Writes parts of a question in the given languages, with the images of its quiz."""

    def __init__(self, quiz: Quiz, languages: Sequence[str]) -> None:
        self.quiz = quiz
        self.texts = quiz.texts
        self.languages = tuple(languages)

    def markdown(self, text: LocalizedText | None, *, paragraph: bool = False) -> Html:
        """A Markdown text in all languages."""
        return self.texts.html_of(text, self.languages, paragraph=paragraph)

    def html(self, parent: Element, tag: str, content: Html, **attributes: str) -> Element:
        """An element with HTML and its files."""
        element = SubElement(parent, tag, {**attributes, "format": "html"})
        text(element, content.html)
        files(element, content.images)
        return element

    def feedback(self, parent: Element, tag: str, content: LocalizedText | None) -> None:
        """A feedback, empty where there is none."""
        self.html(parent, tag, self.markdown(content))

    def combined_feedback(self, root: Element, feedback: CombinedFeedback) -> None:
        """What is shown for a right, a partly right and a wrong response."""
        self.feedback(root, "correctfeedback", feedback.correct)
        self.feedback(root, "partiallycorrectfeedback", feedback.partial)
        self.feedback(root, "incorrectfeedback", feedback.incorrect)

    def hints(self, root: Element, hints: Iterable[Hint]) -> None:
        """The hints; what Moodle shall do beside showing one counts by being there."""
        for hint in hints:
            element = self.html(root, "hint", self.markdown(hint.text))
            if isinstance(hint, PartsHint):
                if hint.show_count:
                    SubElement(element, "shownumcorrect")
                if hint.clear_wrong:
                    SubElement(element, "clearwrong")

    def plain_answer(self, root: Element, content: str, fraction: str) -> Element:
        """An answer that is no HTML."""
        answer = SubElement(root, "answer", {"fraction": fraction, "format": "moodle_auto_format"})
        text(answer, content)
        return answer


def text(parent: Element, content: str) -> None:
    """A `<text>` element."""
    SubElement(parent, "text").text = content


def leaf(parent: Element, tag: str, content: str) -> None:
    """An element with nothing but text."""
    SubElement(parent, tag).text = content


def mark(parent: Element, tag: str, *, there: bool) -> None:
    """An element that counts by being there."""
    if there:
        SubElement(parent, tag)


def files(parent: Element, images: Iterable[EmbeddedImage]) -> None:
    """The files of a text, beside it."""
    for image in images:
        attributes = {"name": image.name, "path": "/", "encoding": "base64"}
        SubElement(parent, "file", attributes).text = base64.b64encode(image.data).decode("ascii")
