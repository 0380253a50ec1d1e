"""Reads a course that was on the site before us, with core functions that only read."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NotRequired, Protocol

import pydantic
from pydantic import TypeAdapter
from sqlalchemy import delete
from sqlalchemy.engine import Engine
from typing_extensions import TypedDict

from authoring.languages import LocalizedText
from lms_sync.adopted import CannotAdopt, SeenActivity, SeenCourse
from lms_sync.moodle.errors import UnknownOutcome
from lms_sync.store import schema

_FIELDS = ("id", "idnumber", "shortname")
_WITHOUT_RESULTS = {"label", "subsection", "qbank"}  # stand on the page, and nobody does anything in them
_FRONT_PAGE = 1  # Moodle's id of the site's own front page, which is a course too


class Caller(Protocol):
    """Whatever can call a web service function."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """The function's value; raises MoodleError."""


class _Course(TypedDict):
    id: int
    fullname: str
    shortname: str
    idnumber: NotRequired[str]


class _Module(TypedDict):
    id: int
    name: str
    modname: str
    completion: NotRequired[int]


class _Section(TypedDict):
    modules: list[_Module]


_courses: TypeAdapter[list[_Course]] = TypeAdapter(list[_Course])
_sections: TypeAdapter[list[_Section]] = TypeAdapter(list[_Section])


def see_course(client: Caller, wanted: str) -> SeenCourse:
    """The course with a Moodle id, idnumber or short name, and its activities in the order of the page.

    `id:`, `idnumber:` or `shortname:` before it says which of the three is meant. Raises CannotAdopt where
    there is no such course or more than one, MoodleError where the site fails.
    """
    field, _, value = wanted.partition(":")
    fields: Sequence[str] = (field,) if field in _FIELDS and value else _FIELDS
    value = value if field in _FIELDS and value else wanted
    found: dict[int, tuple[_Course, str]] = {}
    for one in fields:
        if one == "id" and not value.isdecimal():
            continue
        for course in _by_field(client, one, value):
            found.setdefault(course["id"], (course, one))
    found.pop(_FRONT_PAGE, None)
    if not found:
        raise CannotAdopt("adopt.no-course", course=wanted)
    if len(found) > 1:
        which = ", ".join(f"id:{number} ({course['shortname']})" for number, (course, _) in found.items())
        raise CannotAdopt("adopt.several", course=wanted, which=which)
    course, by = next(iter(found.values()))
    # Moodle tells the idnumber only to those who may change it; whoever found the course by it knows it.
    idnumber = course.get("idnumber") or (value if by == "idnumber" else "")
    title = localized(course["fullname"], course["shortname"])
    return SeenCourse(
        course["id"], idnumber, course["shortname"], title, see_activities(client, course["id"])
    )


def _by_field(client: Caller, field: str, value: str) -> list[_Course]:
    function = "core_course_get_courses_by_field"
    answer = client.call(function, {"field": field, "value": value})
    try:
        return _courses.validate_python(answer["courses"])
    except (pydantic.ValidationError, KeyError, TypeError) as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=function) from error


def see_activities(client: Caller, course_id: int) -> tuple[SeenActivity, ...]:
    """A course's activities that somebody can do something in, in the order of the page; raises MoodleError."""
    function = "core_course_get_contents"
    options = [{"name": "excludecontents", "value": 1}]
    answer = client.call(function, {"courseid": course_id, "options": options})
    try:
        sections = _sections.validate_python(answer)
    except pydantic.ValidationError as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=function) from error
    return tuple(
        SeenActivity(
            module["id"],
            module["modname"],
            localized(module["name"], module["modname"]),
            module.get("completion", 0),
        )
        for section in sections
        for module in section["modules"]
        if module["modname"] not in _WITHOUT_RESULTS
    )


_SPAN = re.compile(
    r'<span\b(?=[^>]*\bclass="multilang")[^>]*?\blang="([a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)"[^>]*>(.*?)</span>',
    re.DOTALL | re.IGNORECASE,
)


def localized(raw: str, otherwise: str) -> LocalizedText:
    """A name as Moodle stores it, taken apart into its languages where it is in several; without markup."""
    texts: dict[str, str] = {}
    for language, text in _SPAN.findall(raw):
        if plain := plain_text(text):
            texts.setdefault(language.replace("_", "-").lower(), plain)
    if texts and not plain_text(_SPAN.sub("", raw)):
        return LocalizedText(texts)
    return LocalizedText(plain_text(raw) or otherwise)


def plain_text(raw: str) -> str:
    """A text without markup, control characters and extra blanks."""
    text = html.unescape(re.sub(r"<[^>]*>", " ", raw))
    return " ".join(
        "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text).split()
    )


def forget_cursors(engine: Engine, site: str, course: str) -> None:
    """Lets the next pull read a course from its beginning: its activities have keys that they had not before."""
    with engine.begin() as connection:
        cursor = schema.cursor
        connection.execute(delete(cursor).where(cursor.c.site == site, cursor.c.course == course))


def missing(offered: Collection[str], wanted: Collection[str]) -> tuple[str, ...]:
    """The functions of `wanted` that a token's service does not offer."""
    return tuple(name for name in wanted if name not in offered)
