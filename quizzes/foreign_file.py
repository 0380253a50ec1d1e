"""A quiz from another format: plain data as a quiz file would hold them, with the places where they stand there.

Checked is what was read, by the same checks as a quiz file, told at the places of the file that the author knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from authoring.problems import ContentError, Place, Problem
from authoring.read_yaml import Document, Pointer
from quizzes.quiz import Quiz
from quizzes.read_quiz import quiz_of

MAX_QUESTIONS = 20_000
MAX_ID = 60


@dataclass
class ForeignQuestion:
    """One question: its data by the keys of a quiz file, and where they stand (below the question)."""

    data: dict[str, Any]
    place: Place
    places: dict[Pointer, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class ForeignQuiz:
    """What a file of another format holds; `warnings` name what could not be taken over."""

    head: Mapping[str, Any]
    questions: tuple[ForeignQuestion, ...]
    file: str
    warnings: tuple[Problem, ...] = ()
    head_places: Mapping[Pointer, Place] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """Everything as a quiz file holds it."""
        return {**self.head, "questions": [one.data for one in self.questions]}

    def checked(self, folder: Path, root: Path) -> Quiz:
        """The quiz; raises ContentError with problems at the places of the other file."""
        places: dict[Pointer, Place] = {(): Place(self.file), **self.head_places}
        for index, one in enumerate(self.questions):
            places["questions", index] = one.place
            for pointer, place in one.places.items():
                places["questions", index, *pointer] = place
        return quiz_of(Document(self.data(), self.file, places), folder, root=root)


def written_number(number: Decimal) -> int | float | str:
    """A number as it is best written in a quiz file: exactly."""
    if number == number.to_integral_value():
        return int(number)
    return float(number) if Decimal(repr(float(number))) == number else f"{number:f}"


def questions_with_ids(questions: Iterable[ForeignQuestion], wanted: Iterable[str]) -> None:
    """Gives every question an id of its own: what is wanted for it where that can be one, else a number."""
    taken: set[str] = set()
    for number, (question, name) in enumerate(zip(questions, wanted, strict=True), 1):
        own = free_id(name, taken) or free_id(f"q-{number:03d}", taken)
        taken.add(own)
        question.data = {"id": own, **question.data}


def free_id(name: str, taken: Collection[str]) -> str:
    """An id made of a name, not one of `taken`; "" where the name holds no letter or digit."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_ID].strip("-")
    if not slug or slug not in taken:
        return slug
    number = 2
    while f"{slug}-{number}" in taken:
        number += 1
    return f"{slug}-{number}"


def refuse_many(count: int, file: str) -> None:
    """Raises ContentError where a file holds more questions than a quiz file may."""
    if count > MAX_QUESTIONS:
        raise ContentError([Problem("gift.too-many", {"n": count, "limit": MAX_QUESTIONS}, Place(file))])
