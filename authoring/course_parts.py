"""The small parts of `course.yaml` that stay with a course when it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from authoring.checked_value import NO_OTHER_KEYS, Identifier, Within
from authoring.languages import Language, LocalizedText
from authoring.problems import Severity


@dataclass(frozen=True)
class CourseLanguages:
    """The languages a learner can choose from, and the one a course opens in.

    `fallback` says what becomes of a text that is missing in a language: an error, the text of the default
    language in its place, or, for a lesson, none.
    """

    __pydantic_config__ = NO_OTHER_KEYS

    default: Language
    offered: Annotated[tuple[Language, ...], Within(min_length=1)]
    fallback: Literal["error", "default", "hide"] = "error"

    @property
    def severity(self) -> Severity:
        """How bad a missing text is."""
        return "error" if self.fallback == "error" else "warning"


@dataclass(frozen=True)
class Owner:
    """Who answers for the content."""

    __pydantic_config__ = NO_OTHER_KEYS

    name: LocalizedText
    contact: str = ""


@dataclass(frozen=True)
class CourseCategory:
    """The course category of Moodle that the course stands in; `id` is its idnumber."""

    __pydantic_config__ = NO_OTHER_KEYS

    id: Identifier
    title: LocalizedText


@dataclass(frozen=True)
class Passing:
    """What "passed" means for the package: `score` percent over its graded knowledge checks."""

    __pydantic_config__ = NO_OTHER_KEYS

    score: Annotated[int, Within(ge=1, le=100)]


@dataclass(frozen=True)
class CompleteWhen:
    """The course is complete when all the activities named here are."""

    __pydantic_config__ = NO_OTHER_KEYS

    all: Annotated[tuple[str, ...], Within(min_length=1)]


@dataclass(frozen=True)
class MediaRules:
    """`media` of `course.yaml`: how large pictures are shown, and how much all media may weigh."""

    __pydantic_config__ = NO_OTHER_KEYS

    max_image_px: Annotated[int, Within(ge=200, le=8000)] = 1600
    webp: Annotated[int, Within(ge=1, le=100)] = 80
    package_budget_mb: Annotated[int, Within(ge=1, le=4000)] = 50
