"""Writes questions as GIFT, in one language; names what GIFT cannot say, and leaves out what it would say wrongly.

Left out are types that GIFT does not know, texts with images, several right options of which one carries the whole mark
(GIFT would make a single choice of them), and numbers with units. Lost, and named, are points, penalty, hints, combined
feedback and whether options are shuffled.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from authoring.languages import LocalizedText
from authoring.problems import Problem
from quizzes.numbers import plain
from quizzes.questions import (
    Description,
    Essay,
    Matching,
    MultipleChoice,
    Numerical,
    Question,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from quizzes.quiz import Quiz
from quizzes.scores import percentage
from quizzes.xml_out.choices import option_scores
from quizzes.xml_out.typed import number_text, short_answers

_RESERVED = {**{sign: f"\\{sign}" for sign in "\\#=~{}:"}, "\n": "\\n", "\r": ""}


class _CannotSay(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def write_gift(quiz: Quiz, language: str) -> tuple[str, tuple[Problem, ...]]:
    """The questions as a GIFT file in a language, and a warning for each that is left out or loses something."""
    problems: list[Problem] = []
    parts = [f"// {_one_line(quiz.title.in_language(language, quiz.languages.default))}\n"]
    for question in quiz.questions:
        writer = _Writer(quiz, language)
        try:
            text = writer.question(question)
        except _CannotSay as cannot:
            params = {"id": question.id, "type": question.type}
            problems.append(Problem(f"gift.left-out-{cannot.reason}", params, severity="warning"))
            continue
        parts.append(text)
        if lost := sorted(_lost(question)):
            params = {"id": question.id, "keys": ", ".join(lost)}
            problems.append(Problem("gift.lost", params, severity="warning"))
    return "\n".join(parts), tuple(problems)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def escaped(text: str) -> str:
    r"""A text in which no sign has a meaning: qformat_gift::repchar()."""
    return "".join(_RESERVED.get(sign, sign) for sign in text)


def _lost(question: Question) -> Iterator[str]:
    """The keys of a question that GIFT has no place for and that say something."""
    fields = type(question).model_fields
    for key in ("points", "penalty", "hints", "objective", "difficulty", "category", "case_sensitive"):
        if (
            key in fields
            and key in question.model_fields_set
            and getattr(question, key) not in (None, (), False)
        ):
            yield key
    feedback = getattr(question, "feedback", None)
    if feedback is not None and any(
        getattr(feedback, key, None) for key in ("correct", "partial", "incorrect")
    ):
        yield "feedback"


class _Writer:
    def __init__(self, quiz: Quiz, language: str) -> None:
        self.quiz = quiz
        self.language = language

    def question(self, question: Question) -> str:
        """One question with its comment; raises _CannotSay."""
        answers = self._answers(question)
        tokens = "".join(f" [tag:{_token(tag)}]" for tag in question.tags)
        comment = f"// [id:{_token(self.quiz.key_of(question.id))}]{tokens}\n"
        name = f"::{escaped(question.name or question.id)}::"
        text = f"[markdown]{self._text(question.text).removeprefix('[markdown]')}"
        general = question.feedback.general
        feedback = "" if general is None else f"####{self._text(general)}\n"
        if answers is None:
            return f"{comment}{name}{text}\n"
        return f"{comment}{name}{text}{{{answers}{feedback}}}\n"

    def _text(self, text: LocalizedText) -> str:
        said = text.in_language(self.language, self.quiz.languages.default).strip()
        if "![" in said:
            raise _CannotSay("image")
        # A text that begins with a bracket could name a format.
        return f"[markdown]{escaped(said)}" if said.startswith("[") else escaped(said)

    def _feedback(self, text: LocalizedText | None) -> str:
        return "" if text is None else f"#{self._text(text)}"

    def _answers(self, question: Question) -> str | None:
        match question:
            case SingleChoice() | MultipleChoice():
                return "".join(f"\n\t{line}" for line in self._options(question)) + "\n"
            case TrueFalse():
                return self._true_false(question)
            case ShortText():
                return "".join(f"\n\t{line}" for line in self._short(question)) + "\n"
            case Numerical():
                return "#" + "".join(f"\n\t{line}" for line in self._numbers(question)) + "\n"
            case Matching():
                return "".join(f"\n\t{line}" for line in self._pairs(question)) + "\n"
            case Essay():
                return ""
            case Description():
                return None
        raise _CannotSay("type")

    def _options(self, question: SingleChoice | MultipleChoice) -> Iterator[str]:
        scores = option_scores(question)
        whole = [score for score in scores if score == 1]
        if question.type == "multiple" and whole:
            raise _CannotSay("whole-mark")
        if question.type == "single" and not whole:
            raise _CannotSay("no-whole-mark")
        for option, score in zip(question.options, scores, strict=True):
            text = self._text(option.text)
            mark = "=" if score == 1 else f"~%{percentage(score)}%" if score or text.startswith("%") else "~"
            yield f"{mark}{text}{self._feedback(option.feedback)}"

    def _true_false(self, question: TrueFalse) -> str:
        right, wrong = question.feedback_true, question.feedback_false
        if not question.answer:
            right, wrong = wrong, right
        said = "TRUE" if question.answer else "FALSE"
        if right is None and wrong is None:
            return said
        wrong_text = "" if wrong is None else self._text(wrong)
        return f"{said}#{wrong_text}{self._feedback(right)}"

    def _short(self, question: ShortText) -> Iterator[str]:
        for wording, index in short_answers(question, self.quiz.languages.offered):
            answer = question.answers[index]
            said = f"{escaped(wording)}{self._feedback(answer.feedback)}"
            # GIFT tells matching questions by their arrows, and percentages by their signs.
            if "->" in said or said.startswith("%"):
                raise _CannotSay("signs")
            yield f"={_weight(answer.score)}{said}"

    def _numbers(self, question: Numerical) -> Iterator[str]:
        if question.units:
            raise _CannotSay("units")
        other = []
        for answer in question.accepted:
            if answer.answer == "any":
                other.append(f"~{self._feedback(answer.feedback)}")
                continue
            number = f"{number_text(answer.answer)}:{plain(answer.tolerance)}"
            yield f"={_weight(answer.score)}{number}{self._feedback(answer.feedback)}"
        yield from other

    def _pairs(self, question: Matching) -> Iterator[str]:
        for pair in question.pairs:
            left = self._text(pair.left)
            if "->" in left:
                raise _CannotSay("signs")
            yield f"={left} -> {self._text(pair.right)}"
        for choice in question.extra:
            yield f"= -> {self._text(choice)}"


def _weight(score: Fraction) -> str:
    return "" if score == 1 else f"%{percentage(score)}%"


def _token(text: str) -> str:
    return text.replace("]", r"\]")
