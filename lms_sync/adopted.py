"""Courses that were on a site before us, and that we only read: `adopted/<key>.yaml` of an academy folder.

The file gives the course and its activities keys of ours, by Moodle's own numbers. People may write into
it; adopting again adds lines for new activities and changes no other byte.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from authoring.languages import LocalizedText
from authoring.problems import ContentError, LmsSyncError, Problem
from authoring.read_yaml import Document, load_model, parse_yaml, read_yaml

FOLDER = "adopted"
MAX_KEY = 40


def is_key(text: object) -> bool:
    """Whether a text can name a course or an activity: letters, digits, dashes, at most 40."""
    return (
        isinstance(text, str)
        and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", text) is not None
        and len(text) <= MAX_KEY
    )


def _key(value: object) -> object:
    if not is_key(value):
        raise PydanticCustomError(
            "adopt.bad-key", "no key", {"key": "" if value is None else str(value)[:60]}
        )
    return value


Key = Annotated[str, BeforeValidator(_key)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class AdoptedActivity(_Strict):
    """An activity of the course: our key for it, and Moodle's number of the course module."""

    key: Key
    cmid: Annotated[int, Field(gt=0)]
    modname: str
    name: LocalizedText


class AdoptedCourse(_Strict):
    """The whole of `adopted/<key>.yaml`."""

    form: Literal["adopted/1"] = Field(alias="schema")
    site: str
    moodle_course: Annotated[int, Field(gt=0)]
    key: Key
    title: LocalizedText
    final_quiz: Key | None = None
    activities: tuple[AdoptedActivity, ...] = ()

    @property
    def subjects(self) -> dict[int, str]:
        """By Moodle's course module number the key under which an activity's facts are kept."""
        return {activity.cmid: f"{self.key}/{activity.key}" for activity in self.activities}


@dataclass(frozen=True)
class SeenActivity:
    """An activity as the site shows it; `tracking` is Moodle's: 0 no completion, 1 by hand, 2 by rules."""

    cmid: int
    modname: str
    name: LocalizedText
    tracking: int = 0


@dataclass(frozen=True)
class SeenCourse:
    """A course as the site shows it to a reader."""

    id: int
    idnumber: str
    shortname: str
    title: LocalizedText
    activities: tuple[SeenActivity, ...] = ()


class CannotAdopt(LmsSyncError):
    """The course cannot be told for certain, or its key is taken."""


def adopted_file(key: str) -> str:
    """The name of an adopted course's file in the academy folder."""
    return f"{FOLDER}/{key}.yaml"


def read_adopted(folder: Path, *, site: str | None = None) -> tuple[AdoptedCourse, ...]:
    """The adopted courses of an academy folder, of one site or of all; raises ContentError with every problem."""
    found: list[AdoptedCourse] = []
    problems: list[Problem] = []
    keys: set[str] = set()
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        try:
            document = read_yaml(path, root=folder)
            course = load_model(document, AdoptedCourse)
        except ContentError as error:
            problems += error.problems
            continue
        problems += _whole(document, course, path.stem, keys)
        keys.add(course.key)
        if site is None or course.site == site:
            found.append(course)
    if problems:
        raise ContentError(problems)
    return tuple(found)


def _whole(document: Document, course: AdoptedCourse, name: str, taken: Collection[str]) -> list[Problem]:
    """What no single field can tell."""
    problems = []
    if course.key != name:
        problems.append(
            Problem("adopted.other-name", {"key": course.key, "name": name}, document.place(("key",)))
        )
    if course.key in taken:
        problems.append(Problem("adopted.key-twice", {"key": course.key}, document.place(("key",))))
    for field in ("key", "cmid"):
        values = [getattr(activity, field) for activity in course.activities]
        problems += [
            Problem("adopted.key-twice", {"key": value}, document.place(("activities", position, field)))
            for position, value in enumerate(values)
            if value in values[:position]
        ]
    if course.final_quiz and course.final_quiz not in {activity.key for activity in course.activities}:
        problems.append(
            Problem("adopted.no-activity", {"key": course.final_quiz}, document.place(("final_quiz",)))
        )
    return problems


# --- keys ---------------------------------------------------------------------------------------


def slug(text: str) -> str:
    """Small Latin letters, digits and dashes that a name is recognised by; "" where it has none."""
    plain = unicodedata.normalize("NFKD", text)
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
    whole = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    if len(whole) <= MAX_KEY:
        return whole
    return whole[: MAX_KEY + 1].rpartition("-")[0] or whole[:MAX_KEY]


def course_key(course: SeenCourse) -> str:
    """A key for a course: its idnumber where that can be one, else made of its short name or title."""
    if is_key(course.idnumber):
        return course.idnumber
    names = (course.idnumber, course.shortname, course.title.in_language("en"))
    return next(filter(None, map(slug, names)), f"course-{course.id}")


def _activity_keys(activities: Iterable[SeenActivity], taken: Collection[str], language: str) -> list[str]:
    used = set(taken)
    keys = []
    for activity in activities:
        key = slug(activity.name.in_language(language)) or activity.modname
        if key in used:
            number = f"-{activity.cmid}"
            key = key[: MAX_KEY - len(number)].strip("-") + number
        used.add(key)
        keys.append(key)
    return keys


# --- the file's text ----------------------------------------------------------------------------

_HEAD = """\
# A course that was on the site before us. It is only read: nothing of it is ever changed in Moodle.
# The keys name course and activities in facts, policies and reports. Change a key before the first pull, or never.
# Adopting the course again adds lines for new activities and keeps everything else as you leave it.
"""


@dataclass(frozen=True)
class AdoptedText:
    """The text for `adopted/<key>.yaml`, what it says, and the activities that are new in it or gone from the site."""

    text: str
    course: AdoptedCourse
    new: tuple[AdoptedActivity, ...]
    gone: tuple[AdoptedActivity, ...]


def adopted_text(site: str, key: str, seen: SeenCourse, before: str | None, language: str) -> AdoptedText:
    """The file's new text from what the site shows and from what the file said `before` (None: no file yet).

    `language` is that of the keys that are made. Raises ContentError where the file is not an adopted
    course, CannotAdopt where it is another one.
    """
    name = adopted_file(key)
    if before is None:
        keys = _activity_keys(seen.activities, (), language)
        rows = list(map(_adopt, keys, seen.activities))
        text = _whole_text(site, key, seen, rows)
        return AdoptedText(text, load_model(parse_yaml(text, name), AdoptedCourse), tuple(rows), ())
    course = load_model(parse_yaml(before, name), AdoptedCourse)
    if (course.site, course.moodle_course) != (site, seen.id):
        raise CannotAdopt("adopt.key-of-another", key=key, site=course.site, id=course.moodle_course)
    known = {activity.cmid for activity in course.activities}
    added = [activity for activity in seen.activities if activity.cmid not in known]
    keys = _activity_keys(added, {activity.key for activity in course.activities}, language)
    rows = list(map(_adopt, keys, added))
    there = {activity.cmid for activity in seen.activities}
    gone = tuple(activity for activity in course.activities if activity.cmid not in there)
    text = _with_rows(before, rows) if rows else before
    return AdoptedText(text, load_model(parse_yaml(text, name), AdoptedCourse), tuple(rows), gone)


def _adopt(key: str, seen: SeenActivity) -> AdoptedActivity:
    return AdoptedActivity(key=key, cmid=seen.cmid, modname=seen.modname, name=seen.name)


def _whole_text(site: str, key: str, seen: SeenCourse, rows: Sequence[AdoptedActivity]) -> str:
    quizzes = [row.key for row in rows if row.modname == "quiz"]
    final = (
        f"final_quiz: {_quoted(quizzes[-1])}  # the quiz whose grade the report shows\n" if quizzes else ""
    )
    lines = "".join(f"  {_line(row)}\n" for row in rows)
    return (
        f"{_HEAD}schema: adopted/1\nsite: {site}\nmoodle_course: {seen.id}\nkey: {_quoted(key)}\n"
        f"title: {_localized(seen.title)}\n{final}activities:{chr(10) + lines if rows else ' []' + chr(10)}"
    )


def _line(row: AdoptedActivity) -> str:
    key = _quoted(row.key)
    return f"- {{key: {key}, cmid: {row.cmid}, modname: {row.modname}, name: {_localized(row.name)}}}"


def _localized(text: LocalizedText) -> str:
    if isinstance(text.root, str):
        return _string(text.root)
    return "{" + ", ".join(f"{language}: {_string(value)}" for language, value in text.root.items()) + "}"


def _string(value: str) -> str:
    # JSON's form of a string is also YAML's; what YAML does not allow as it is, is escaped.
    escaped = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in escaped)


def _quoted(key: str) -> str:
    # What begins with a digit may be a number, such as 0e0, in one version of YAML and a word in another.
    return key if key[0].isalpha() and yaml.safe_load(key) == key else f'"{key}"'


def _with_rows(text: str, rows: Sequence[AdoptedActivity]) -> str:
    """The text with lines for more activities below those that it lists; every other byte stays."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    listed = next(
        (
            value
            for name, value in _pairs(root)
            if name == "activities" and isinstance(value, yaml.SequenceNode)
        ),
        None,
    )
    if listed is None:
        more = "".join(f"  {_line(row)}\n" for row in rows)
        return f"{text.rstrip(chr(10))}\nactivities:\n{more}"
    if listed.flow_style or not listed.value:
        inside = ", ".join(_line(row).removeprefix("- ") for row in rows)
        at = listed.end_mark.index - 1  # before the closing bracket
        return text[:at] + (", " if listed.value else "") + inside + text[at:]
    end = max(node.end_mark.index for node in _scalars(listed.value[-1]))
    line_end = text.find("\n", end)
    head, tail = (text, "") if line_end < 0 else (text[:line_end], text[line_end + 1 :])
    indent = " " * listed.start_mark.column
    return head + "\n" + "".join(f"{indent}{_line(row)}\n" for row in rows) + tail


def _pairs(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(str(key.value), value) for key, value in node.value]


def _scalars(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [found for pair in node.value for one in pair for found in _scalars(one)]
    if isinstance(node, yaml.SequenceNode):
        return [found for one in node.value for found in _scalars(one)]
    return [node]


def subjects_by_course(courses: Iterable[AdoptedCourse]) -> Mapping[str, Mapping[int, str]]:
    """For each adopted course, the keys of its activities by Moodle's numbers."""
    return {course.key: course.subjects for course in courses}
