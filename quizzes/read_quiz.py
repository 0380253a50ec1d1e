"""Reads `quizzes/<slug>.yaml` and tells everything that is wrong with it at once.

What does not fit the model is taken out and the rest is checked all the same, so that one misspelt key
does not hide the other problems of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

import pydantic

from authoring.model_problems import MAX_PROBLEMS, model_problems
from authoring.problems import ContentError, Place, Problem, in_reading_order
from authoring.read_yaml import Document, Pointer, read_yaml
from quizzes.checks import check_quiz
from quizzes.question_texts import QuestionTexts, illegal_character
from quizzes.quiz import Quiz

# A text or a number as written keeps what YAML would turn into something else: 1990, 12.50, true.
_TEXT_KEYS = frozenset(
    (
        *("id", "name", "title", "intro", "text", "left", "right", "use", "time_limit", "pass", "label"),
        *("feedback", "feedback_true", "feedback_false", "general", "partial", "incorrect"),
        *("score", "points", "penalty", "tolerance", "number", "unit_penalty", "words", "size"),
        *(
            "opens",
            "closes",
            "institution",
            "section",
            "objective",
            "category",
            "item",
            "marker",
            "grader_info",
            "template",
            "code",
            "reason",
        ),
    )
)
_TEXT_LISTS = frozenset(("answers", "tags", "extra", "items", "hints", "types", "numbers"))
_TEXT_MAPS = frozenset(("items", "markers", "gaps", "units"))
_NONE_ALLOWED = frozenset(("time_limit", "pass"))
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def read_quiz(path: Path, *, root: Path) -> Quiz:
    """The quiz in a YAML file of the academy folder `root`, checked, with its images.

    Raises ContentError with every problem found, warnings among them; without an error the warnings
    are in `Quiz.warnings`.
    """
    return quiz_of(read_yaml(path, root=root), path.parent, root=root)


def quiz_of(
    document: Document, folder: Path, *, root: Path, files: Mapping[str, bytes] | None = None
) -> Quiz:
    """The quiz in a document that was read; its images are looked for from `folder`. Raises ContentError.

    `files` are images that are not on the disk yet, by the names that texts give them.
    """
    written = _Written(document)
    data = written.value(document.data, ())
    problems = written.problems
    quiz, original, found = _quiz_and_problems(document, data)
    problems += found
    if quiz is None:
        raise ContentError(problems)

    def at(pointer: Pointer) -> Place:
        return document.place(original(pointer))

    quiz = quiz.with_texts(QuestionTexts(folder, root, files))
    complete = not found
    if isinstance(data, dict) and data.get("questions") == []:
        problems.append(Problem("quiz.no-questions", {}, document.place(("questions",))))
    problems += check_quiz(quiz, at, _written_ids(data), complete=complete)
    if any(problem.severity == "error" for problem in problems):
        raise ContentError(_first(problems))
    return quiz.with_warnings(tuple(in_reading_order(problems)))


def _first(problems: list[Problem]) -> list[Problem]:
    """Of very many problems the first, mistakes before warnings, and a count of the others."""
    if len(problems) <= MAX_PROBLEMS:
        return problems
    ordered = sorted(in_reading_order(problems), key=lambda one: one.severity != "error")
    told, untold = ordered[:MAX_PROBLEMS], ordered[MAX_PROBLEMS:]
    if not untold:
        return told
    return [*told, Problem("yaml.more-problems", {"n": len(untold)}, untold[0].place)]


class _Written:
    """The data with every text and number field as its source text, and nothing that XML cannot hold."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def value(self, value: object, pointer: Pointer) -> Any:
        """A value and all in it."""
        if isinstance(value, str):
            if value.isprintable() or (found := illegal_character(value)) is None:
                return value
            self._report(found, pointer)
            return _without_illegal(value)
        if isinstance(value, dict):
            for key in value:
                if not key.isprintable():
                    self._key(key, pointer)
            return {key: self.value(item, (*pointer, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, (*pointer, index)) for index, item in enumerate(value)]
        if not _is_text(pointer) or (value is None and pointer[-1] in _NONE_ALLOWED):
            return value
        source = self.document.source(pointer)
        if source is None or (isinstance(value, bool) and pointer[-1] == "answer"):
            return value
        return "" if value is None else source

    def _key(self, key: str, pointer: Pointer) -> None:
        if (found := illegal_character(key)) is not None:
            self._report(found, (*pointer, key))

    def _report(self, found: str, pointer: Pointer) -> None:
        place = self.document.place(pointer)
        self.problems.append(Problem("quiz.control-character", {"character": found}, place))


def _without_illegal(text: str) -> str:
    return "".join("\N{REPLACEMENT CHARACTER}" if illegal_character(one) else one for one in text)


def _is_text(pointer: Pointer) -> bool:
    if not pointer:
        return False
    last = pointer[-1]
    if isinstance(last, int):
        return len(pointer) > 1 and pointer[-2] in _TEXT_LISTS
    if len(pointer) > 1 and pointer[-2] in _TEXT_MAPS:  # the key is a name that the author chose
        return True
    if last == "points" and len(pointer) > 2 and pointer[-3] == "blanks":
        return False  # a whole number
    if last in _TEXT_KEYS or last == "answer":
        return True
    if last == "correct":  # a text in feedback, true or false in an option
        return len(pointer) > 1 and pointer[-2] == "feedback"
    return bool(_LANGUAGE.fullmatch(last)) and _is_text(pointer[:-1])


def _quiz_and_problems(document: Document, data: Any) -> tuple[Quiz | None, Any, list[Problem]]:
    """The quiz, or what can be read of it; where its parts stand in the file; and what is wrong.

    Questions, slots and settings that do not fit are left out of the quiz.
    """
    try:
        return Quiz.model_validate(data), lambda pointer: pointer, []
    except pydantic.ValidationError as error:
        problems = model_problems(error, _with_data(document, data), Quiz)
        wrong = [tuple(item["loc"]) for item in error.errors(include_url=False, include_context=False)]
    if not isinstance(data, dict):
        return None, None, problems
    kept: dict[str, list[int]] = {}
    rest = dict(data)
    for key in ("questions", "slots"):
        items = data.get(key)
        if isinstance(items, list):
            bad = {location[1] for location in wrong if location[0] == key and len(location) > 1}
            kept[key] = [index for index in range(len(items)) if index not in bad]
            rest[key] = [items[index] for index in kept[key]]
    for location in wrong:
        if location[0] == "settings" or location[0] not in Quiz.model_fields:
            rest.pop(str(location[0]), None)
    try:
        quiz = Quiz.model_validate(rest)
    except pydantic.ValidationError:
        return None, None, problems

    def original(pointer: Pointer) -> Pointer:
        if len(pointer) > 1 and pointer[0] in kept and isinstance(pointer[1], int):
            return (pointer[0], kept[str(pointer[0])][pointer[1]], *pointer[2:])
        return pointer

    return quiz, original, problems


def _with_data(document: Document, data: object) -> Document:
    changed = copy(document)
    object.__setattr__(changed, "data", data)
    return changed


def _written_ids(data: Any) -> frozenset[str]:
    """The ids of all questions of the file, of those too that cannot be read."""
    items = data.get("questions") if isinstance(data, dict) else None
    return frozenset(
        item["id"]
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    )
