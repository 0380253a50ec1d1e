"""Names, ids and tags: what Moodle would cut, drop or spell in another way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from authoring.problems import Place, Problem
from authoring.read_yaml import Pointer
from quizzes.checks.asking import At
from quizzes.question_texts import is_blank, plain_of
from quizzes.questions import Question
from quizzes.quiz import Quiz

MAX_NAME = 255
MAX_IDNUMBER = 100
MAX_TAG = 50

# strip_tags of PHP takes everything from a "<" that no blank follows.
_CUT_BY_MOODLE = re.compile(r"<(?!\s)")
_OF_A_KEY = re.compile(r"(objective|difficulty|category):")


def check_identity(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Names, ids and tags of a quiz and its questions."""
    yield from _check_category(quiz, at)
    yield from _check_ids(quiz, at)
    yield from _check_tag_spelling(quiz, at)
    for index, question in enumerate(quiz.questions):
        pointer: Pointer = ("questions", index)
        yield from _check_name(question.name, at((*pointer, "name")))
        yield from _check_tags(question, pointer, at)


def _check_category(quiz: Quiz, at: At) -> Iterator[Problem]:
    pointer: Pointer = ("category", "title") if quiz.category else ("title",)
    name = plain_of(quiz.category_title, quiz.languages.default)
    yield from _check_name(name, at(pointer))
    if name.startswith("/") or name.endswith("/"):
        yield Problem("quiz.category-slash", {"name": name}, at(pointer))


def _check_name(name: str | None, place: Place) -> Iterator[Problem]:
    if name is None:
        return
    if is_blank(name):
        yield Problem("quiz.text-blank", {"key": "name"}, place)
    if len(name) > MAX_NAME:
        yield Problem("quiz.name-too-long", {"n": len(name), "limit": MAX_NAME}, place)
    if _CUT_BY_MOODLE.search(name):
        yield Problem("quiz.name-cut", {"name": name}, place)


def _check_ids(quiz: Quiz, at: At) -> Iterator[Problem]:
    first: dict[str, Pointer] = {}
    for index, question in enumerate(quiz.questions):
        pointer: Pointer = ("questions", index, "id")
        key = quiz.key_of(question.id)
        if len(key) > MAX_IDNUMBER:
            yield Problem("quiz.id-too-long", {"key": key, "n": len(key), "limit": MAX_IDNUMBER}, at(pointer))
        folded = question.id.lower()  # MySQL's usual collation does not tell a1 from A1
        if folded in first:
            params = {"id": question.id, "first_line": at(first[folded]).line}
            yield Problem("quiz.id-twice", params, at(pointer))
        first.setdefault(folded, pointer)


def _check_tag_spelling(quiz: Quiz, at: At) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for index, question in enumerate(quiz.questions):
        for tag, where in _tags(question):
            known = first.setdefault(tag.lower(), tag)
            if known != tag:
                params = {"tag": tag, "known": known}
                yield Problem("quiz.tag-spelling", params, at(("questions", index, *where)))


def _tags(question: Question) -> Iterator[tuple[str, Pointer]]:
    for i, tag in enumerate(question.tags):
        yield tag, ("tags", i)
    for tag in question.tags_of_keys():
        yield tag, (tag.partition(":")[0],)


def _check_tags(question: Question, pointer: Pointer, at: At) -> Iterator[Problem]:
    seen: Counter[str] = Counter()
    for tag, where in _tags(question):
        place = at((*pointer, *where))
        if is_blank(tag.partition(":")[2] if where[0] != "tags" else tag):
            yield Problem("quiz.tag-empty", {}, place)
        if len(tag) > MAX_TAG:
            yield Problem("quiz.tag-too-long", {"tag": tag, "n": len(tag), "limit": MAX_TAG}, place)
        if found := re.search("[<>`,]", tag):
            yield Problem("quiz.tag-characters", {"tag": tag, "character": found[0]}, place)
        if where[0] == "tags" and (key := _OF_A_KEY.match(tag)):
            yield Problem("quiz.tag-of-a-key", {"tag": tag, "key": key[1]}, place)
        elif seen[tag]:
            yield Problem("quiz.tag-twice", {"tag": tag}, place)
        seen[tag] += 1
