"""An edited question of Moodle as changes of the author's quiz file. Pure.

What was pushed and what Moodle has now are both read back from Moodle XML, in the same words. What differs
between these two readings is the edit; it is written over what the author wrote, wherever that stands in other
words (a short form, a default that is not written).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import defusedxml.ElementTree

from authoring.patch_yaml import Items, Value
from authoring.problems import ContentError
from authoring.read_yaml import Pointer
from lms_sync.adopt_values import Changes, NotAdoptable
from quizzes import Quiz
from quizzes.moodle_xml import question_element
from quizzes.question_texts import QuestionTexts
from quizzes.questions import Question
from quizzes.read_moodle_xml import MEDIA, FoundBank, read_moodle_xml
from quizzes.write_xml import serialised
from quizzes.write_yaml import as_value
from quizzes.xml_in.elements import Kept
from quizzes.xml_in.meaning import meaning_of

_ABSENT = object()


def question_changes(
    quiz: Quiz, question_id: str, raw: object, xml: str, languages: Sequence[str]
) -> Changes:
    """What to write below a question, whose data are `raw`, so that it says what Moodle has (`xml`).

    Raises NotAdoptable where the question cannot say it.
    """
    question = _of(quiz, question_id)
    if not xml:
        raise NotAdoptable("edit.question-not-exported")
    ours = serialised(question_element(quiz, question, languages))
    before = _read(ours, quiz, languages)
    after = _read(xml, quiz, languages)
    (was,), (now,) = before.questions, after.questions
    if now.kept is not None and was.kept is None:
        raise NotAdoptable("edit.question-not-in-yaml", why=now.kept)
    if was.data.get("type") != now.data.get("type"):
        raise NotAdoptable("edit.question-type")
    known = _known_files(quiz.texts)
    renamed = {path: known.get(_sum(content)) for path, content in after.files.items()}
    if any(name is None for path, name in renamed.items() if path not in before.files):
        raise NotAdoptable("edit.question-files")
    names = {path: name for path, name in renamed.items() if name is not None}
    old, new = _with_names(dict(was.data), names), _with_names(dict(now.data), names)
    old.pop("id", None)
    new.pop("id", None)
    return dict(_differences(raw, old, new, (), tuple(languages)))


def meaning_in_files(quiz: Quiz, question_id: str, languages: Sequence[str]) -> str:
    """A digest of what a question of the files means; "" where there is no such question."""
    for question in quiz.questions:
        if question.id == question_id:
            return _digest(question_element(quiz, question, languages))
    return ""


def meaning_in_moodle(xml: str) -> str:
    """The same digest of a question as Moodle tells it; raises NotAdoptable where it cannot be read."""
    try:
        root = defusedxml.ElementTree.fromstring(f"<quiz>{xml}</quiz>", forbid_dtd=True)
        return _digest(next(root.iter("question")))
    except (StopIteration, ValueError, SyntaxError) as error:
        raise NotAdoptable("edit.question-not-exported") from error


def _digest(element: Any) -> str:
    try:
        return hashlib.sha256(repr(meaning_of(element)).encode()).hexdigest()
    except Kept as kept:
        raise NotAdoptable("edit.question-not-in-yaml", why=kept.why) from kept


def _of(quiz: Quiz, question_id: str) -> Question:
    for question in quiz.questions:
        if question.id == question_id:
            return question
    raise NotAdoptable("edit.not-in-files")


def _read(xml: str, quiz: Quiz, languages: Sequence[str]) -> FoundBank:
    content = f"<quiz>{xml}</quiz>".encode()
    try:
        return read_moodle_xml(content, languages=languages, quiz_id=quiz.id)
    except ContentError as error:
        raise NotAdoptable("edit.question-not-exported") from error


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _known_files(texts: QuestionTexts) -> dict[str, str]:
    """The pictures and sounds that the quiz names already, by their content: paths as its texts write them."""
    folder = texts.folder
    if folder is None:
        return {}
    return {digest: _relative(path, folder) for path, digest in texts.used.items()}


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    """The data with the author's own names of the files in place of those in which they were read."""
    if isinstance(value, str):
        for path, name in names.items():
            if MEDIA in value:
                value = value.replace(path, name)
        return value
    if isinstance(value, dict):
        return {key: _with_names(one, names) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_names(one, names) for one in value]
    return value


def _differences(
    raw: Any, before: Any, after: Any, at: Pointer, languages: tuple[str, ...]
) -> Iterator[tuple[Pointer, Value]]:
    """What to write over `raw`, which says `before`, so that it says `after`."""
    if before == after:
        return
    if _is_text(raw, languages) and _is_text(before, languages) and _is_text(after, languages):
        yield from _texts(raw, before, after, at, languages)
    elif isinstance(raw, dict) and isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*after, *before)):
            was, now = before.get(key, _ABSENT), after.get(key, _ABSENT)
            if now is _ABSENT:
                if key in raw:
                    yield (*at, key), None
            elif was is _ABSENT or key not in raw:
                if was != now:
                    yield (*at, key), as_value(now)
            else:
                yield from _differences(raw[key], was, now, (*at, key), languages)
    elif (
        isinstance(raw, list)
        and isinstance(before, list)
        and isinstance(after, list)
        and len(raw) == len(before)
    ):
        yield from _lists(raw, before, after, at, languages)
    else:
        yield at, as_value(after)


def _is_text(value: Any, languages: tuple[str, ...]) -> bool:
    """Whether a value is a text, in one language or in several."""
    if isinstance(value, dict):
        return (
            bool(value)
            and set(languages) & set(value) != set()
            and all(isinstance(one, str) for one in value.values())
        )
    return isinstance(value, str)


def _texts(
    raw: Any, before: Any, after: Any, at: Pointer, languages: tuple[str, ...]
) -> Iterator[tuple[Pointer, Value]]:
    if isinstance(raw, dict):
        for language in languages:
            was = before if isinstance(before, str) else before.get(language)
            now = after if isinstance(after, str) else after.get(language)
            if was != now and now is not None:
                yield (*at, language), now
    else:
        yield at, as_value(after)


def _lists(
    raw: list[Any], before: list[Any], after: list[Any], at: Pointer, languages: tuple[str, ...]
) -> Iterator[tuple[Pointer, Value]]:
    """Items that are as before keep their own words; of as many items, changed ones are changed inside."""
    if len(before) == len(after) and sum(one != two for one, two in zip(before, after, strict=True)) <= max(
        1, len(before) // 2
    ):
        inner: list[tuple[Pointer, Value]] = []
        for number, (mine, was, now) in enumerate(zip(raw, before, after, strict=True)):
            if was != now and not isinstance(mine, dict):
                break
            inner += _differences(mine, was, now, (*at, number), languages)
        else:
            yield from inner
            return
    left = list(range(len(before)))
    items: list[Any] = []
    for value in after:
        same = next((number for number in left if before[number] == value), None)
        if same is None:
            items.append(as_value(value))
        else:
            left.remove(same)
            items.append(same)
    yield at, Items(tuple(items))
