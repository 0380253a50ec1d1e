"""What a question type does: it reads its XML, is shown to a learner, and marks what comes back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import Any, ClassVar, Literal, Protocol
from xml.etree.ElementTree import Element

from moodle_standin.records import Answer, Question, SlotAttempt


class Shown(Protocol):
    """One question of an attempt as one person sees it; `moodle_standin.question_html.View` is one."""

    @property
    def slot(self) -> SlotAttempt:
        """What the learner was given and has said."""

    @property
    def question(self) -> Question:
        """The question."""

    @property
    def review(self) -> bool:
        """Whether the attempt is over."""

    @property
    def prefix(self) -> str:
        """Begins the name of every field."""

    @property
    def number(self) -> str:
        """The number that the question has among those that count."""

    @property
    def question_text(self) -> str:
        """The text of the question in Moodle's wrapping."""

    def text(self, html: str) -> str:
        """Text through the site's filters."""

    def flag(self, name: str, on: bool) -> str:
        """An attribute that is there or not."""


class QuestionType(ABC):
    """One question type, without a state of its own."""

    name: ClassVar[str]
    told: ClassVar[bool] = True
    """Whether the companion plugin tells responses."""
    behaviour: ClassVar[str] = "deferredfeedback"

    @abstractmethod
    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        """Answers and options from Moodle XML; raises NotStored."""

    def opened(self, question: Question, random: Random, *, shuffles: bool) -> dict[str, Any]:
        """What is fixed for a learner when an attempt begins."""
        return {}

    @abstractmethod
    def field_names(self, question: Question, slot: SlotAttempt) -> list[str]:
        """The names of the fields, without the prefix of usage and slot."""

    def is_blank(self, question: Question, name: str, value: str) -> bool:
        """Whether a field says nothing."""
        return value in ("", "0")

    def state(self, question: Question, slot: SlotAttempt) -> str:
        """What a response is before it is marked: todo, invalid (not enough) or complete."""
        return "complete" if slot.response else "todo"

    @abstractmethod
    def fraction(self, question: Question, slot: SlotAttempt) -> float | None:
        """The share of the mark that was earned; None where nothing can be marked."""

    def finished(self, question: Question, slot: SlotAttempt) -> str | None:
        """The state of a finished question where the share does not tell it."""
        return None

    @abstractmethod
    def body(self, view: Shown) -> str:
        """The question's text with its fields."""

    @abstractmethod
    def response_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        """The summary of a response; none where nothing was said."""

    @abstractmethod
    def right_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        """The summary of the right answer."""

    def default_mark(self, options: dict[str, Any], read: float) -> float:
        """The mark of the question; `read` is what the XML says."""
        return read

    def settings(self, question: Question) -> dict[str, object] | None:
        """What `mod_quiz_get_attempt_data` tells apps of a question."""
        return None


class NotStored(Exception):
    """Moodle would not keep the question: its words, and at which stage."""

    def __init__(self, words: str, stage: Literal["parse", "save", "database"] = "save") -> None:
        super().__init__(words)
        self.words = words
        self.stage: Literal["parse", "save", "database"] = stage


def text_of(element: Element | None) -> str:
    """The text of `<x><text>…</text></x>`, trimmed."""
    return "" if element is None else (element.findtext("text") or "").strip()


def whole(text: str | None, otherwise: int) -> int:
    """A whole number, as PHP's cast makes it."""
    if text is None:
        return otherwise
    text = text.strip()
    sign = -1 if text.startswith("-") else 1
    digits = ""
    for one in text.lstrip("+-"):
        if not ("0" <= one <= "9"):
            break
        digits += one
    return sign * int(digits) if digits else 0


def is_on(text: str | None, otherwise: bool) -> bool:
    """A flag whose content counts."""
    return otherwise if text is None else text.strip() not in ("", "0", "false")
