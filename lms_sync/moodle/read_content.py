"""A whole course as the site holds it now, whoever made it: what the companion plugin tells of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pydantic
from pydantic import BaseModel, ConfigDict, TypeAdapter

from lms_sync.moodle.errors import UnknownOutcome
from lms_sync.moodle.observe import Caller

CONTENT = "local_lmssync_get_content"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Shelf(_Row):
    """The course category of a course."""

    id: int
    name: str
    idnumber: str


class CourseRow(_Row):
    """The course itself."""

    id: int
    idnumber: str
    shortname: str
    fullname: str
    summary: str
    format: str
    enablecompletion: int
    category: Shelf


class SlotRow(_Row):
    """What a slot of a quiz takes: a bank entry, or the question category that it draws from; 0 is none."""

    entry: int
    category: int


class ActivityRow(_Row):
    """An activity; `fields` are named as a push names them, `rules` are completion rules that no push can say."""

    id: int
    modname: str
    idnumber: str
    key: str
    fields: Mapping[str, Any]
    rules: Mapping[str, int] | list[int] = {}
    slots: tuple[SlotRow, ...] = ()


class SectionRow(_Row):
    """A section of the course page; number 0 stands above all others."""

    id: int
    number: int
    key: str
    component: str
    fields: Mapping[str, Any]
    activities: tuple[ActivityRow, ...]


class CategoryRow(_Row):
    """A question category of the course's bank."""

    id: int
    parent: int
    idnumber: str
    fields: Mapping[str, Any]


class CriteriaRow(_Row):
    """What completes the course: course modules, and a number of other criteria."""

    activities: tuple[int, ...]
    others: int


class SiteContent(_Row):
    """All of a course."""

    course: CourseRow
    sections: tuple[SectionRow, ...]
    categories: tuple[CategoryRow, ...]
    criteria: CriteriaRow


_content: TypeAdapter[SiteContent] = TypeAdapter(SiteContent)


def read_content(client: Caller, course_id: int) -> SiteContent:
    """Sections, activities and question categories of a course; raises MoodleError."""
    answer = client.call(CONTENT, {"courseid": course_id})
    try:
        return _content.validate_python(json.loads(answer["content"]))
    except (pydantic.ValidationError, ValueError) as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=CONTENT) from error
