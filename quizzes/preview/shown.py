"""What the preview shows and marks of each question: HTML in one language, and the rules as data for `marking.js`."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authoring.languages import LocalizedText
from quizzes.question_texts import PLUGIN_FILE, Html
from quizzes.questions import MultipleChoice, Question, SingleChoice
from quizzes.quiz import Quiz

DECIMAL_COMMA = ("sq", "ro")
"""Languages that write numbers with a decimal comma."""


@dataclass(frozen=True)
class ShownOption:
    """An option, statement, item or place: its HTML, its feedback, and whether it is right, with its score (0..1)."""

    html: str
    feedback: str = ""
    right: bool = False
    score: float = 0.0


@dataclass(frozen=True)
class Body:
    """What a question asks, by its type.

    `control` names the part of the template that shows it; "none" where it asks nothing, "unmarked" where this page cannot ask.
    `options` are options, statements, items or places, `choices` the texts of menus. `rules` go to `marking.js`; None where a
    person marks, or where this page cannot. `key` says the right answer in words; `html` is a text with fields in it.
    """

    control: str
    options: tuple[ShownOption, ...] = ()
    choices: tuple[str, ...] = ()
    rules: Mapping[str, Any] | None = None
    key: tuple[str, ...] = ()
    html: str | None = None
    image: str = ""


@dataclass(frozen=True)
class ShownQuestion:
    """One question in one language. `unequal`: its options have scores that were written, not equal shares."""

    id: str
    type: str
    html: str
    points: float
    body: Body
    shuffle: bool = False
    general: str = ""
    combined: Mapping[str, str] = field(default_factory=dict)
    unequal: bool = False
    tags: tuple[str, ...] = ()
    difficulty: str = ""
    objective: str = ""


class Speaker:
    """Says the texts of a quiz in one language; images stand `inside` them, else by Moodle's address."""

    def __init__(self, quiz: Quiz, language: str, *, inside: bool) -> None:
        self.quiz = quiz
        self.language = language
        self.inside = inside

    def html(self, text: LocalizedText | None, *, paragraph: bool = False) -> str:
        """A text as HTML with its images."""
        return self.placed(self.quiz.texts.html_of(text, [self.language], paragraph=paragraph))

    def placed(self, found: Html) -> str:
        """HTML with its images where they are wanted."""
        body = found.html
        for image in found.images if self.inside else ():
            body = body.replace(f"{PLUGIN_FILE}/{image.name}", data_address(image.name, image.data))
        return body

    def file(self, source: str) -> str:
        """The address of an image that a question names."""
        image = self.quiz.texts.file(source)
        return data_address(image.name, image.data) if self.inside else f"{PLUGIN_FILE}/{image.name}"

    def say(self, text: LocalizedText) -> str:
        """A Markdown text without its markup, on one line."""
        seen = self.quiz.texts.visible(text.in_language(self.language, self.quiz.languages.default))
        return " ".join(word for word in seen.split() if not word.startswith(PLUGIN_FILE))

    def plain(self, text: LocalizedText) -> str:
        """A text that is no Markdown."""
        return " ".join(text.in_language(self.language, self.quiz.languages.default).split())


def data_address(name: str, data: bytes) -> str:
    """A file as an address that holds it."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def shown_questions(quiz: Quiz, language: str, *, inside: bool = True) -> list[ShownQuestion]:
    """The questions of a quiz in the order of its file; images stand `inside` their texts, else by Moodle's address."""
    speaker = Speaker(quiz, language, inside=inside)
    return [_shown(question, speaker) for question in quiz.questions]


def _shown(question: Question, speaker: Speaker) -> ShownQuestion:
    from quizzes.preview.bodies import body_of

    feedback = question.feedback
    combined = {
        name: speaker.html(text)
        for name in ("correct", "partial", "incorrect")
        if (text := getattr(feedback, name, None)) is not None
    }
    body = body_of(question, speaker)
    options = question.options if isinstance(question, SingleChoice | MultipleChoice) else ()
    return ShownQuestion(
        question.id,
        question.type,
        body.html if body.html is not None else speaker.html(question.text, paragraph=True),
        float(question.points),
        body,
        bool(getattr(question, "shuffle", False)) and speaker.quiz.settings.shuffle_answers,
        speaker.html(feedback.general),
        combined,
        any(option.score is not None for option in options),
        question.tags,
        question.difficulty or "",
        question.objective or "",
    )


def slots_of(quiz: Quiz) -> Sequence[Mapping[str, Any]]:
    """The positions for the page: `use` the number of a question, or `draw` so many of `pool`, with their points."""
    from quizzes.quiz_activity import points_of_draw, pool

    place = {question.id: number for number, question in enumerate(quiz.questions)}
    if not quiz.slots:
        return [{"use": number, "points": float(one.points)} for number, one in enumerate(quiz.questions)]
    found: list[dict[str, Any]] = []
    for slot in quiz.slots:
        if slot.use is not None:
            points = quiz.questions[place[slot.use]].points if slot.points is None else slot.points
            found.append({"use": place[slot.use], "points": float(points)})
        else:
            drawn = sorted(place[one] for one in pool(quiz, slot))
            found.append({"draw": slot.draw, "pool": drawn, "points": float(points_of_draw(quiz, slot) or 1)})
    return found


def never_asked(quiz: Quiz) -> tuple[str, ...]:
    """The ids of the questions that no slot uses and none can draw: they are in the bank, and no learner sees them."""
    seen: set[int] = set()
    for slot in slots_of(quiz):
        seen.update(slot["pool"] if "draw" in slot else (slot["use"],))
    return tuple(one.id for number, one in enumerate(quiz.questions) if number not in seen)
