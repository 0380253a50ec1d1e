"""Moodle's settings and slots of a quiz as an author would have written them into `quizzes/<slug>.yaml`. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from authoring.patch_yaml import Items, Value
from lms_sync.adopt_values import Changes, NotAdoptable, day
from lms_sync.plan import same
from quizzes import Quiz
from quizzes.numbers import plain
from quizzes.quiz import Slot
from quizzes.quiz_activity import GRADE_METHODS, REVIEW_WORDS, TIMES, points_of_draw, review_masks


def setting_changes(name: str, theirs: object) -> Changes:
    """What to write so that a setting is as in Moodle; raises NotAdoptable."""
    key, written = SETTINGS[name]
    return {("settings", key): written(theirs)}


def review_changes(quiz: Quiz, behaviour: str, theirs: object) -> Changes:
    """What to write so that learners see of an attempt what they see in Moodle; raises NotAdoptable."""
    if not isinstance(theirs, Mapping):
        raise NotAdoptable("edit.value")
    usual = review_masks(behaviour)
    if theirs.keys() != usual.keys():
        raise NotAdoptable("edit.value")
    changes: Changes = {}
    for ours, moodles in REVIEW_WORDS.items():
        mask = int(theirs[moodles])
        now = review_masks(behaviour, quiz.settings.review)[moodles]
        if mask == now:
            continue
        # An attempt is seen while it is made, whatever is written: the files need not say so.
        said = tuple(
            word for word, bit in TIMES.items() if mask & bit and not (ours == "attempt" and word == "during")
        )
        changes["settings", "review", ours] = None if mask == usual[moodles] else Items(said)
    return changes


def time_changes(name: str, theirs: object, zone: datetime.tzinfo) -> Changes:
    """What to write so that the quiz opens or closes as in Moodle; raises NotAdoptable."""
    key, end = TIMES_OF_QUIZ[name]
    return {("settings", key): day(theirs, zone, end=end)}


def override_changes(
    quiz: Quiz, institution: str, name: str, theirs: object, zone: datetime.tzinfo
) -> Changes:
    """What to write so that an institution has the exception that it has in Moodle; raises NotAdoptable."""
    numbers = [number for number, one in enumerate(quiz.overrides) if one.institution == institution]
    if len(numbers) != 1:
        raise NotAdoptable("edit.not-in-files")
    value: Value
    if theirs is None:
        value = None
    elif name in TIMES_OF_QUIZ:
        value = day(theirs, zone, end=TIMES_OF_QUIZ[name][1])
    else:
        value = _duration(theirs) if name == "timelimit" else int(str(theirs))
    key = {"timelimit": "time_limit", "attempts": "attempts"}.get(name) or TIMES_OF_QUIZ[name][0]
    return {("overrides", numbers[0], key): value}


def section_changes(quiz: Quiz, theirs: object, texts: Callable[[str], str | Mapping[str, str]]) -> Changes:
    """What to write so that the sections are those of Moodle; `texts` takes a heading apart into its languages.

    A section begins at a line of the blueprint: one that begins within what a line draws has no place. Raises NotAdoptable.
    """
    if not isinstance(theirs, Sequence) or not quiz.slots:
        raise NotAdoptable("edit.slots")
    lines: dict[int, int] = {}
    number = 1
    for line, slot in enumerate(quiz.slots):
        lines[number] = line
        number += slot.draw or 1
    wanted = {int(one["first"]): one for one in theirs}
    if any(first not in lines for first in wanted):
        raise NotAdoptable("edit.slots")
    changes: Changes = {}
    for first, line in lines.items():
        slot, section = quiz.slots[line], wanted.get(first)
        heading = str(section["heading"]) if section else ""
        shuffled = bool(section["shuffle"]) if section else False
        if section is None or (first == 1 and not heading and not shuffled):
            new: Value = None
            shuffle: Value = None
        else:
            new = texts(heading) if heading else None
            shuffle = True if shuffled else None if heading else False
        changes["slots", line, "section"] = new
        changes["slots", line, "shuffle"] = shuffle
        if new is None and slot.section is None:
            del changes["slots", line, "section"]
        if shuffle == slot.shuffle or (shuffle is None and not slot.shuffle and new is not None):
            del changes["slots", line, "shuffle"]
    return changes


def slot_changes(quiz: Quiz, data: object, theirs: object) -> Changes:
    """What to write so that the slots are those of Moodle, in its order; raises NotAdoptable.

    A slot that stays keeps its own line with its comment; points are written only where the questions say others.
    """
    if not isinstance(theirs, Sequence) or not theirs or not isinstance(data, list) or not data:
        raise NotAdoptable("edit.slots")
    left = dict(enumerate(quiz.slots))
    placed: list[int | Mapping[str, Value]] = []
    points: Changes = {}
    for place, slot in enumerate(theirs):
        if not isinstance(slot, Mapping):
            raise NotAdoptable("edit.slots")
        number = _line_of(quiz, left, slot)
        mark = float(slot["maxmark"])
        if number is None:
            new = _new(quiz, slot)
            if not same(_usual(quiz, _as_slot(new)), mark):
                new["points"] = _number(mark)
            placed.append(new)
            continue
        line = left.pop(number)
        placed.append(number)
        if line.draw is not None and line.draw != slot["random"]:
            points["slots", place, "draw"] = int(slot["random"])
        usual = _usual(quiz, line.model_copy(update={"points": None}))
        now = usual if line.points is None else float(line.points)
        if not same(now, mark):
            points["slots", place, "points"] = None if same(usual, mark) else _number(mark)
    if placed != list(range(len(quiz.slots))):
        points["slots",] = Items(tuple(placed))
    return points


def _line_of(quiz: Quiz, left: Mapping[int, Slot], slot: Mapping[str, Any]) -> int | None:
    """The line of the file that says this slot; for a draw, one with the same tags, best with the same number."""
    if "question" in slot:
        found = [
            number for number, one in left.items() if one.use and quiz.key_of(one.use) == slot["question"]
        ]
    else:
        tags = {str(tag).lower() for tag in slot["tags"]}
        found = [
            number
            for number, one in left.items()
            if one.draw is not None
            and {tag.lower() for tag in one.tags} == tags
            and slot.get("category") == quiz.id
        ]
        found.sort(key=lambda number: left[number].draw != slot["random"])
    return found[0] if found else None


def _new(quiz: Quiz, slot: Mapping[str, Any]) -> dict[str, Value]:
    if "question" in slot:
        known = {quiz.key_of(one.id): one.id for one in quiz.questions}
        if slot["question"] not in known:
            raise NotAdoptable("edit.slots")
        return {"use": known[slot["question"]]}
    if slot.get("category") != quiz.id:
        raise NotAdoptable("edit.slots")
    new: dict[str, Value] = {"draw": int(slot["random"])}
    if slot["tags"]:
        new["tags"] = Items(tuple(str(tag) for tag in slot["tags"]))
    return new


def _as_slot(new: Mapping[str, Value]) -> Slot:
    tags = new.get("tags")
    return Slot.model_validate({**new, "tags": list(tags.items) if isinstance(tags, Items) else []})


def _usual(quiz: Quiz, slot: Slot) -> float | None:
    """The points of a slot that names none; None where its questions differ."""
    if slot.use is not None:
        return next((float(one.points) for one in quiz.questions if one.id == slot.use), None)
    found = points_of_draw(quiz, slot)
    return None if found is None else float(found)


TIMES_OF_QUIZ = {"timeopen": ("opens", False), "timeclose": ("closes", True)}
"""Moodle's words for when a quiz can be taken: our key, and whether it is an end."""


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _duration(value: object) -> str:
    seconds = int(str(value))
    if not seconds:
        return "none"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _grading(value: object) -> str:
    for name, number in GRADE_METHODS.items():
        if number == value:
            return name
    raise NotAdoptable("edit.value")


def _percent(value: object) -> str:
    return f"{plain(Decimal(str(round(float(str(value)), 5))))}%"


SETTINGS: Mapping[str, tuple[str, Callable[[object], Value]]] = {
    "timelimit": ("time_limit", _duration),
    "attempts": ("attempts", lambda value: int(str(value))),
    "grademethod": ("grading", _grading),
    "gradepass": ("pass", _percent),
    "shuffleanswers": ("shuffle_answers", bool),
    "questionsperpage": ("questions_per_page", lambda value: int(str(value))),
    "preferredbehaviour": ("behaviour", str),
}
