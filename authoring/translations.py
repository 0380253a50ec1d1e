"""Which translations are of an earlier wording: told section by section, by hashes that the tool keeps itself.

A lesson is cut into sections at its headings. `courses/<slug>/translations.lock.yaml` says for every section of a
translation of which wording of the source it is. Nobody writes hashes: a section of a translation that is new or was
changed is taken to be of the source as it is now, and one that stayed while its source changed is stale, until it is
changed too or somebody says that the change did not matter (`lms-sync check --accept-translation`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from authoring.course import Course
from authoring.problems import ContentError, Place, Problem
from authoring.read_yaml import Document, load_model, read_text, read_yaml, relative_name
from authoring.write_files import write_durably

if TYPE_CHECKING:
    from pydantic import BaseModel

FILE = "translations.lock.yaml"
_SCHEMA = "translations/1"
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:[ \t]|$)")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEAD = """# Which wording of the source each section of a translation is of. Written by lms-sync build; nothing to edit here.
# After a merge that went wrong: delete the file, look through the translations, build again.
"""

Known = dict[str, dict[str, dict[str, str]]]
"""By lesson and language: the hash of a section of the translation → the hash of its source."""


@dataclass(frozen=True)
class Section:
    """A part of a lesson from one heading to the next: the line on which it begins, and a hash of its words."""

    line: int
    digest: str


@dataclass
class Translations:
    """The translations of a course, compared: what is wrong with them, and what the lock should say now."""

    problems: list[Problem] = field(default_factory=list)
    known: Known = field(default_factory=dict)
    changed: bool = False


def sections(text: str) -> list[Section]:
    """The sections of a lesson file. White space and line breaks say nothing, so that setting text anew changes none."""
    found: list[Section] = []
    begins, words = 1, hashlib.sha256()
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        if opened := _FENCE.match(line):
            fence = "" if fence and opened[1].startswith(fence) else fence or opened[1]
        if not fence and _HEADING.match(line):
            found.append(Section(begins, words.hexdigest()[:12]))
            begins, words = number, hashlib.sha256()
        words.update("".join(f"{word} " for word in line.split()).encode())
    found.append(Section(begins, words.hexdigest()[:12]))
    return found


def compare_translations(course: Course, root: Path, *, accepted: Collection[str] = ()) -> Translations:
    """Compares every translation of a course with its source; `accepted` are ids of lessons to be taken as they are.

    Writes nothing. What is wrong with the lock itself is among the problems.
    """
    result = Translations()
    default = course.languages.default
    others = [language for language in course.languages.offered if language != default]
    if not others:
        return result
    lock = course.folder / FILE
    before: Mapping[str, Mapping[str, Mapping[str, str]]] = {}
    if lock.is_file():
        try:
            before = _known(read_yaml(lock, root=root))
        except ContentError as error:
            result.problems.append(Problem("translation.lock-broken", {}, error.problems[0].place))
            return result
    for lesson in course.lessons:
        source = _sections_of(course, lesson.id, default, root)
        for language in others:
            text = _sections_of(course, lesson.id, language, root)
            if not source or not text:
                continue  # missing: told with the course
            known = before.get(lesson.id, {}).get(language, {})
            result.known.setdefault(lesson.id, {})[language] = _compare(
                course, (lesson.id, language), (source, text), known, result, root, take=lesson.id in accepted
            )
    result.changed = result.known != {
        lesson: {language: dict(one) for language, one in languages.items()}
        for lesson, languages in before.items()
    }
    return result


def write_lock(course: Course, translations: Translations) -> None:
    """Writes what `compare_translations` found, where it differs from what is there. Raises CannotWrite."""
    if not translations.changed or any(p.code == "translation.lock-broken" for p in translations.problems):
        return
    lines = [_HEAD + "schema: translations/1\nlessons:"]
    for lesson, languages in sorted(translations.known.items()):
        lines.append(f"  {lesson}:")
        for language, known in sorted(languages.items()):
            lines.append(f"    {language}:")
            lines.extend(f'      "{text}": "{source}"' for text, source in known.items())
    write_durably(course.folder / FILE, ("\n".join(lines) + "\n").encode())


def _known(document: Document) -> Known:
    """What a lock says. Raises ContentError. What plainly is one is taken at once: pydantic takes a while to load."""
    data: Any = document.data
    if isinstance(data, dict) and data.keys() <= {"schema", "lessons"} and data.get("schema") == _SCHEMA:
        lessons = data.get("lessons", {})
        if _is_map(lessons) and all(map(_is_map, lessons.values())):
            sections = [one for languages in lessons.values() for one in languages.values()]
            if all(_is_map(one) and all(isinstance(of, str) for of in one.values()) for one in sections):
                known: Known = lessons
                return known
    checked: Any = load_model(document, _form())
    found: Known = checked.lessons
    return found


def _is_map(value: object) -> bool:
    return isinstance(value, dict)


@cache
def _form() -> type[BaseModel]:
    """The form of a lock, for what is wrong with one."""
    from pydantic import BaseModel, ConfigDict, Field

    class Lock(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

        schema_: Literal["translations/1"] = Field(alias="schema")
        lessons: dict[str, dict[str, dict[str, str]]] = {}

    return Lock


def _compare(
    course: Course,
    name: tuple[str, str],
    both: tuple[list[Section], list[Section]],
    known: Mapping[str, str],
    result: Translations,
    root: Path,
    *,
    take: bool,
) -> dict[str, str]:
    """What the lock should say of a translation; adds to the problems."""
    (lesson, language), (source, text) = name, both
    file = relative_name(_path(course, lesson, language), root)
    original = relative_name(_path(course, lesson, course.languages.default), root)
    if len(source) != len(text):
        values = {"here": len(text) - 1, "there": len(source) - 1, "source": original}
        result.problems.append(Problem("translation.sections-differ", values, Place(file), "warning"))
        return dict(known)  # which is which cannot be said; what was known may still hold
    found: dict[str, str] = {}
    for one, translated in zip(source, text, strict=True):
        earlier = known.get(translated.digest)
        stale = earlier is not None and earlier != one.digest and not take
        if stale:
            values = {"source": f"{original}:{one.line}", "lesson": lesson}
            place = Place(file, translated.line)
            result.problems.append(Problem("translation.stale", values, place, "warning"))
        found[translated.digest] = str(earlier) if stale else one.digest
    return found


def _path(course: Course, lesson: str, language: str) -> Path:
    return course.folder / "lessons" / lesson / f"lesson.{language}.md"


def _sections_of(course: Course, lesson: str, language: str, root: Path) -> list[Section]:
    path = _path(course, lesson, language)
    if not path.is_file():
        return []
    try:
        return sections(read_text(path, root=root))
    except ContentError:
        return []
