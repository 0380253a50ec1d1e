"""The course a trainer writes: `courses/<slug>/course.yaml` as a model, and the course read from its folder.

`CourseFile` is the YAML as it stands. `Course` is what every later step works with: the same facts
with the lessons read, in every offered language, and all that was wrong told at once.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from authoring.languages import Language, LocalizedText

Identifier = Annotated[str, Field(max_length=40), AfterValidator(lambda value: _identifier(value))]
"""A stable id: letters, digits and dashes, at most 40; keys in Moodle and names in a package come from it."""

ActivityKind = Literal["package", "quiz"]
Completion = Literal["passed", "completed", "viewed", "none"]


def _identifier(value: str) -> str:
    import re

    if not re.fullmatch(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", value):
        raise ValueError("identifier")
    return value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CourseLanguages(_Part):
    """The languages a learner can choose from, and the one a course opens in."""

    default: Language
    offered: tuple[Language, ...] = Field(min_length=1)


class Owner(_Part):
    """Who answers for the content."""

    name: LocalizedText
    contact: str = ""


class CourseCategory(_Part):
    """The course category of Moodle that the course stands in; `id` is its idnumber."""

    id: Identifier
    title: LocalizedText


class Passing(_Part):
    """What "passed" means for the package: `score` percent over its graded knowledge checks."""

    score: int = Field(ge=1, le=100)


class LessonEntry(_Part):
    """A lesson as `course.yaml` lists it; its text is in `lessons/<id>/lesson.<language>.md`."""

    id: Identifier
    minutes: int | None = Field(default=None, ge=1, le=1000)


class Activity(_Part):
    """One activity on the course page: the course's own package, or a quiz named by its slug."""

    id: Identifier
    kind: ActivityKind
    title: LocalizedText
    quiz: str | None = None
    completion: Completion = "none"


class Section(_Part):
    """One section of the course page."""

    id: Identifier
    title: LocalizedText
    summary: LocalizedText | None = None
    activities: tuple[Activity, ...] = ()


class CompleteWhen(_Part):
    """The course is complete when all the activities named here are."""

    all: tuple[str, ...] = Field(min_length=1)


class CourseFile(_Part):
    """`course.yaml`, exactly as a trainer writes it."""

    schema_: Literal["course/1"] = Field(alias="schema")
    id: Identifier
    version: str = Field(min_length=1, max_length=40)
    title: LocalizedText
    summary: LocalizedText
    languages: CourseLanguages
    duration: datetime.timedelta | None = None
    owner: Owner | None = None
    license: str = ""
    category: CourseCategory
    passing: Passing | None = None
    lessons: tuple[LessonEntry, ...] = Field(min_length=1)
    sections: tuple[Section, ...] = ()
    complete_when: CompleteWhen | None = None
