"""A quiz of a site, with its question category, as a quiz file. Pure.

Questions that the checks of quiz files would refuse, or that YAML cannot say, are kept as Moodle's own XML.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pydantic

from authoring.patch_yaml import Items
from authoring.problems import ContentError
from authoring.read_yaml import parse_yaml
from lms_sync.adopt import plain_text
from lms_sync.adopt_drift import headings_of, texts_of_html
from lms_sync.adopt_quiz import SETTINGS, TIMES_OF_QUIZ, review_changes, setting_changes, time_changes
from lms_sync.adopt_values import NotAdoptable
from lms_sync.moodle.read_content import ActivityRow, CategoryRow
from lms_sync.moodle.read_questions import SiteQuestion
from quizzes import Quiz
from quizzes.question_alone import refused_for
from quizzes.quiz_activity import points_of_draw
from quizzes.read_moodle_xml import FoundBank, read_moodle_xml
from quizzes.read_quiz import quiz_of
from quizzes.write_yaml import quiz_text

Leave = Callable[..., None]


@dataclass(frozen=True)
class ImportedQuiz:
    """A quiz file with its pictures, and the bank entries of its questions with their keys."""

    quiz_id: str
    category: int
    files: Mapping[str, bytes]
    keys: Mapping[int, str]


def import_quiz(
    row: ActivityRow,
    category: CategoryRow,
    questions: Sequence[SiteQuestion],
    quiz_id: str,
    title: str | dict[str, str],
    languages: Sequence[str],
    multilang: bool,
    zone: ZoneInfo,
    leave: Leave,
) -> ImportedQuiz | None:
    """The quiz file, or None where Moodle's slots cannot be said; `leave` is told why, and what is kept as XML."""
    told = [one for one in questions if one.xml]
    for one in questions:
        if not one.xml:
            leave("course-import.question-type", question=one.name, type=one.moodle_type)
    if not told:
        leave("course-import.quiz-empty")
        return None
    offered = tuple(languages) if multilang else tuple(languages[:1])
    bank = _read(told, quiz_id, offered)
    ids = {one.entry: str(found.data["id"]) for one, found in zip(told, bank.questions, strict=True)}
    head = _head(quiz_id, title, category, languages)
    data = [dict(one.data) for one in bank.questions]
    plain = _quiz(head, data)
    if plain is None:
        leave("course-import.quiz-refused", codes="-")
        return None
    slots = _slots(row, ids, plain)
    if slots is None:
        leave("course-import.quiz-slots")
        return None
    head["settings"] = _settings(row, plain, offered, zone)
    if not head["settings"]:
        del head["settings"]
    head["slots"] = _with_sections(slots, row, offered)
    text = quiz_text(head, data)
    if codes := _errors(text, bank.files):
        leave("course-import.quiz-refused", codes=", ".join(codes))
        return None
    for found in bank.questions:
        if found.kept is not None:
            name = found.data["id"]
            leave("course-import.question-kept", question=name, type=found.moodle_type, why=found.kept)
    files = {f"quizzes/{quiz_id}.yaml": text.encode("utf-8")}
    files |= {f"media/{path.removeprefix('../media/')}": content for path, content in bank.files.items()}
    return ImportedQuiz(quiz_id, category.id, files, {n: f"{quiz_id}:{name}" for n, name in ids.items()})


def _read(told: Sequence[SiteQuestion], quiz_id: str, languages: tuple[str, ...]) -> FoundBank:
    """The questions; those that the checks refuse are read a second time, as XML."""
    whole = f"<quiz>{''.join(one.xml for one in told)}</quiz>".encode()
    bank = read_moodle_xml(whole, languages=languages, quiz_id=quiz_id)
    refused: dict[str, str] = {}
    for one in bank.questions:
        if one.kept is None and (codes := refused_for(one.question, languages, bank.files)):
            refused[str(one.data["id"])] = ", ".join(codes)
    if not refused:
        return bank
    return read_moodle_xml(whole, languages=languages, quiz_id=quiz_id, as_xml=refused)


def _head(
    quiz_id: str, title: str | dict[str, str], category: CategoryRow, languages: Sequence[str]
) -> dict[str, Any]:
    head: dict[str, Any] = {
        "schema": "quiz/1",
        "id": quiz_id,
        "title": title,
        "languages": {"default": languages[0], "offered": list(languages)},
    }
    name = plain_text(str(category.fields["name"]))
    if name and name != title:
        head["category"] = {"title": name}
    return head


def _quiz(head: Mapping[str, Any], data: Sequence[Mapping[str, Any]]) -> Quiz | None:
    """The quiz before its settings and slots are known; its questions only are looked at."""
    try:
        return Quiz.model_validate({**head, "questions": [dict(one) for one in data]})
    except pydantic.ValidationError:
        return None


def _errors(text: str, files: Mapping[str, bytes]) -> list[str]:
    """Codes for which a quiz file would be refused; its pictures are not on the disk yet."""
    document = parse_yaml(text, "quizzes/import.yaml")
    try:
        quiz_of(document, Path(), root=Path(), files=files)
    except ContentError as error:
        return sorted({one.code for one in error.problems if one.severity == "error"})
    return []


def _slots(row: ActivityRow, ids: Mapping[int, str], quiz: Quiz) -> list[dict[str, Any]] | None:
    """The lines of the blueprint; None where a slot takes a question that is not there or asks for more than tags."""
    lines: list[dict[str, Any]] = []
    number = 0
    for slot in row.fields["slots"]:
        points: Any = None
        mark = float(slot["maxmark"])
        if "random" in slot:
            if "filter" in slot:
                return None
            line: dict[str, Any] = {"draw": int(slot["random"])}
            if slot["tags"]:
                line["tags"] = [str(one) for one in slot["tags"]]
            number += int(slot["random"])
            trial = quiz.model_copy(update={"slots": ()})
            points = points_of_draw(trial, _as_slot(line))
        else:
            name = ids.get(row.slots[number].entry)
            if name is None:
                return None
            line = {"use": name}
            number += 1
            points = next(one.points for one in quiz.questions if one.id == name)
        if points is None or float(points) != mark:
            line["points"] = int(mark) if mark == int(mark) else mark
        lines.append(line)
    return lines


def _as_slot(line: Mapping[str, Any]) -> Any:
    from quizzes.quiz import Slot

    return Slot.model_validate(dict(line))


def _with_sections(
    lines: list[dict[str, Any]], row: ActivityRow, languages: Sequence[str]
) -> list[dict[str, Any]]:
    """The lines with the sections that begin at them; one that begins within a draw has no place."""
    at: dict[int, dict[str, Any]] = {}
    number = 1
    for line in lines:
        at[number] = line
        number += int(line.get("draw", 1))
    for section in row.fields.get("sections") or ():
        line = at.get(int(section["first"]), {})
        if section["heading"]:
            try:
                line["section"] = headings_of(str(section["heading"]), languages)
            except NotAdoptable:
                line["section"] = plain_text(str(section["heading"]))
        if section["shuffle"]:
            line["shuffle"] = True
        elif not section["heading"] and int(section["first"]) > 1:
            line["shuffle"] = False
    return lines


def _settings(row: ActivityRow, quiz: Quiz, languages: Sequence[str], zone: ZoneInfo) -> dict[str, Any]:
    fields = row.fields
    settings: dict[str, Any] = {}
    usual: dict[str, object] = {
        "timelimit": 0,
        "attempts": 0,
        "grademethod": 1,
        "gradepass": 0,
        "shuffleanswers": 1,
    }
    usual |= {"questionsperpage": 1, "preferredbehaviour": "deferredfeedback"}
    for name in SETTINGS:
        if name in fields and fields[name] != usual.get(name):
            try:
                changes = setting_changes(name, fields[name])
            except NotAdoptable:
                continue
            settings |= {str(pointer[1]): value for pointer, value in changes.items()}
    for name in TIMES_OF_QUIZ:
        if fields.get(name):
            try:
                changes = time_changes(name, fields[name], zone)
            except NotAdoptable:
                continue  # a moment with seconds
            settings |= {str(pointer[1]): value for pointer, value in changes.items()}
    try:
        seen = review_changes(quiz, str(fields["preferredbehaviour"]), fields["review"])
    except NotAdoptable:
        seen = {}
    review = {
        str(pointer[2]): list(value.items) if isinstance(value, Items) else value
        for pointer, value in seen.items()
    }
    if review := {name: value for name, value in review.items() if value is not None}:
        settings["review"] = review
    intro = str(fields.get("intro") or "")
    if intro.strip():
        settings["intro"] = plain_text(intro)
        for exactly in (False, True):
            with contextlib.suppress(NotAdoptable):
                settings["intro"] = texts_of_html(intro, languages, "intro", exactly=exactly)
    return settings
