"""The courses that can be pulled and reported: those of the academy, and those adopted from a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from authoring.course_file import CourseFile
from authoring.languages import LocalizedText
from authoring.problems import ContentError, LmsSyncError, Place, Problem
from authoring.read_yaml import load_model, read_yaml
from lms_sync.adopted import AdoptedCourse, adopted_file, read_adopted


class NoCourse(LmsSyncError):
    """There is no course, or not the one asked for."""


@dataclass(frozen=True)
class CourseOutline:
    """A course without its lessons. `final_quiz` is the key of the quiz whose grade is reported, "" for none."""

    key: str
    title: LocalizedText
    final_quiz: str = ""
    adopted: AdoptedCourse | None = None
    questionnaires: Mapping[str, str] = field(
        default_factory=dict
    )  # names of files, by the keys of activities


def course_outlines(folder: Path, site: str) -> list[CourseOutline]:
    """The academy's own courses and those adopted from a site; raises ContentError with the problems of all files."""
    found: list[CourseOutline] = []
    problems: list[Problem] = []
    for path in sorted((folder / "courses").glob("*/course.yaml")):
        try:
            found.append(_authored(load_model(read_yaml(path, root=folder), CourseFile)))
        except ContentError as error:
            problems += error.problems
    try:
        adopted = read_adopted(folder, site=site)
    except ContentError as error:
        adopted = ()
        problems += error.problems
    authored = {course.key for course in found}
    problems += [
        Problem("adopted.key-of-course", {"key": course.key}, Place(adopted_file(course.key)))
        for course in adopted
        if course.key in authored
    ]
    if problems:
        raise ContentError(problems)
    return found + [
        CourseOutline(
            course.key, course.title, f"{course.key}/{course.final_quiz}" if course.final_quiz else "", course
        )
        for course in adopted
    ]


def _authored(course: CourseFile) -> CourseOutline:
    quizzes = [
        f"{course.id}/{activity.id}"
        for section in course.sections
        for activity in section.activities
        if activity.kind == "quiz"
    ]
    questionnaires = {
        f"{course.id}/{activity.id}": activity.questionnaire
        for section in course.sections
        for activity in section.activities
        if activity.kind == "feedback" and activity.questionnaire
    }
    return CourseOutline(
        course.id, course.title, quizzes[-1] if quizzes else "", questionnaires=questionnaires
    )


def chosen_courses(folder: Path, site: str, wanted: Sequence[str], *, none: str) -> list[CourseOutline]:
    """All courses, or those whose keys are wanted; raises NoCourse, with the code `none` where there is no course."""
    found = course_outlines(folder, site)
    if not found:
        raise NoCourse(none)
    known = {course.key: course for course in found}
    for key in wanted:
        if key not in known:
            raise NoCourse("report.no-course", course=key, known=", ".join(known))
    return [known[key] for key in wanted] if wanted else found
