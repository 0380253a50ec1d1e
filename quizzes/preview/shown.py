"""What the preview shows and marks of each question: HTML in one language, and the rules as data for `marking.js`."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authoring.languages import LocalizedText
from quizzes.moodle_xml import option_scores, short_answers
from quizzes.numbers import plain
from quizzes.question_texts import PLUGIN_FILE
from quizzes.quiz import (
    Matching,
    MultipleChoice,
    Numerical,
    Question,
    Quiz,
    ShortText,
    SingleChoice,
    TrueFalse,
)

DECIMAL_COMMA = ("sq", "ro")


@dataclass(frozen=True)
class ShownOption:
    """An option, statement or item: its HTML, its feedback, and whether it is right, with the score in percent."""

    html: str
    feedback: str = ""
    right: bool = False
    score: float = 0.0


@dataclass(frozen=True)
class ShownQuestion:
    """One question in one language. `control` names the part of the template that shows it; "none" where it asks nothing.

    `options` are options, statements or items, `choices` the texts of menus. `rules` go to `marking.js`; None where a person
    marks, or where this page cannot. `key` says the right answer in words.
    """

    id: str
    type: str
    control: str
    html: str
    points: float
    options: tuple[ShownOption, ...] = ()
    choices: tuple[str, ...] = ()
    shuffle: bool = False
    rules: Mapping[str, Any] | None = None
    general: str = ""
    combined: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    unequal: bool = False
    tags: tuple[str, ...] = ()
    difficulty: str = ""
    objective: str = ""


def shown_questions(quiz: Quiz, language: str, *, inside: bool = True) -> list[ShownQuestion]:
    """The questions of a quiz in the order of its file; images stand `inside` their texts, else by Moodle's address."""
    return [_Show(quiz, language, inside).question(question) for question in quiz.questions]


class _Show:
    def __init__(self, quiz: Quiz, language: str, inside: bool) -> None:
        self.quiz = quiz
        self.language = language
        self.inside = inside

    def html(self, text: LocalizedText | None, *, paragraph: bool = False) -> str:
        """A text as HTML with its images inside."""
        found = self.quiz.texts.html_of(text, [self.language], paragraph=paragraph)
        body = found.html
        for image in found.images if self.inside else ():
            kind = mimetypes.guess_type(image.name)[0] or "application/octet-stream"
            data = base64.b64encode(image.data).decode("ascii")
            body = body.replace(f"{PLUGIN_FILE}/{image.name}", f"data:{kind};base64,{data}")
        return body

    def say(self, text: LocalizedText) -> str:
        """A text without markup, on one line."""
        seen = self.quiz.texts.visible(text.in_language(self.language, self.quiz.languages.default))
        return " ".join(word for word in seen.split() if not word.startswith(PLUGIN_FILE))

    def _plain(self, text: LocalizedText) -> str:
        """A text that is no Markdown."""
        return " ".join(text.in_language(self.language, self.quiz.languages.default).split())

    def question(self, question: Question) -> ShownQuestion:
        """What is shown of a question."""
        feedback = question.feedback
        combined = {
            name: self.html(text)
            for name in ("correct", "partial", "incorrect")
            if (text := getattr(feedback, name, None)) is not None
        }
        control, options, choices, rules, key = self._body(question)
        return ShownQuestion(
            question.id,
            question.type,
            control,
            self._text(question),
            float(question.points),
            options,
            choices,
            bool(getattr(question, "shuffle", False)) and self.quiz.settings.shuffle_answers,
            None if rules is None else {"type": question.type, **rules},
            self.html(feedback.general),
            combined,
            key,
            any(getattr(option, "score", None) is not None for option in getattr(question, "options", ())),
            question.tags,
            getattr(question, "difficulty", None) or "",
            getattr(question, "objective", None) or "",
        )

    def _text(self, question: Question) -> str:
        return self.html(question.text, paragraph=True)

    def _body(
        self, question: Question
    ) -> tuple[str, tuple[ShownOption, ...], tuple[str, ...], dict[str, Any] | None, tuple[str, ...]]:
        match question:
            case SingleChoice() | MultipleChoice():
                return self._choice(question)
            case TrueFalse():
                return self._true_false(question)
            case ShortText():
                return self._short(question)
            case Numerical():
                return self._numerical(question)
            case Matching():
                return self._matching(question)
        return "none", (), (), None, ()

    def _short(
        self, question: ShortText
    ) -> tuple[str, tuple[ShownOption, ...], tuple[str, ...], dict[str, Any] | None, tuple[str, ...]]:
        wordings = short_answers(question, self.quiz.languages.offered)
        scores = [round(float(question.answers[index].score), 7) for _, index in wordings]
        answers = [
            {"pattern": wording, "score": score} for (wording, _), score in zip(wordings, scores, strict=True)
        ]
        told = tuple(ShownOption("", self.html(question.answers[index].feedback)) for _, index in wordings)
        key = tuple(
            f"{wording} {_percent(score)}".strip()
            for (wording, _), score in zip(wordings, scores, strict=True)
            if score > 0
        )
        return "text", told, (), {"answers": answers, "caseSensitive": question.case_sensitive}, key

    def _choice(
        self, question: SingleChoice | MultipleChoice
    ) -> tuple[str, tuple[ShownOption, ...], tuple[str, ...], dict[str, Any] | None, tuple[str, ...]]:
        # Moodle stores scores with seven decimals.
        scores = [round(float(score), 7) for score in option_scores(question)]
        options = tuple(
            ShownOption(self.html(option.text), self.html(option.feedback), score > 0, score)
            for option, score in zip(question.options, scores, strict=True)
        )
        key = tuple(
            f"{self.say(option.text)} {'' if option.score is None else _percent(score)}".strip()
            for option, score in zip(question.options, scores, strict=True)
            if score > 0
        )
        control = "radio" if question.type == "single" else "checkbox"
        return control, options, (), {"options": [{"score": score} for score in scores]}, key

    def _true_false(
        self, question: TrueFalse
    ) -> tuple[str, tuple[ShownOption, ...], tuple[str, ...], dict[str, Any] | None, tuple[str, ...]]:
        words = ("true", "false")
        rights = (question.answer, not question.answer)
        feedback = (question.feedback_true, question.feedback_false)
        options = tuple(
            ShownOption(word, self.html(text), right, float(right))
            for word, text, right in zip(words, feedback, rights, strict=True)
        )
        rules = {"options": [{"score": float(right)} for right in rights]}
        return "truefalse", options, (), rules, (words[0 if question.answer else 1],)

    def _numerical(
        self, question: Numerical
    ) -> tuple[str, tuple[ShownOption, ...], tuple[str, ...], dict[str, Any] | None, tuple[str, ...]]:
        answers = [
            {
                "value": None if one.answer == "any" else float(one.answer),
                "tolerance": float(one.tolerance),
                "score": round(float(one.score), 7),
            }
            for one in question.accepted
        ]
        comma = self.language in DECIMAL_COMMA
        rules: dict[str, Any] = {"answers": answers, "point": "," if comma else "."}
        told = tuple(ShownOption("", self.html(one.feedback)) for one in question.accepted)
        key = tuple(
            f"{plain(one.answer)} {f'± {plain(one.tolerance)} ' if one.tolerance else ''}{_percent(float(one.score))}".strip()
            for one in question.accepted
        )
        return "number", told, (), rules, key

    def _matching(
        self, question: Matching
    ) -> tuple[str, tuple[ShownOption, ...], tuple[str, ...], dict[str, Any] | None, tuple[str, ...]]:
        rights = [self._plain(pair.right) for pair in question.pairs]
        choices = [*rights, *(self._plain(text) for text in question.extra)]
        stems = tuple(ShownOption(self.html(pair.left)) for pair in question.pairs)
        rules = {"choices": choices, "stems": [{"right": place} for place in range(len(stems))]}
        key = tuple(
            f"{self.say(pair.left)} → {right}" for pair, right in zip(question.pairs, rights, strict=True)
        )
        return "menus", stems, tuple(dict.fromkeys(choices)), rules, key


def _percent(score: float) -> str:
    return "" if score == 1 else f"({100 * score:.5g} %)"


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
