"""`courses/<slug>/course.yaml` as a trainer writes it, and all of a course that is not in its lessons.

Only who has to check the files needs this module: it loads pydantic and the models of all activities.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from authoring.activity import Activity, Part
from authoring.check_activity import activity_problems, with_page_texts
from authoring.checked_value import Identifier
from authoring.course_frame import MAX_LESSONS, Frame, ListedLesson, activity_names
from authoring.course_parts import CompleteWhen, CourseCategory, CourseLanguages, MediaRules, Owner, Passing
from authoring.glossary import Glossary, read_glossary
from authoring.languages import Language, LocalizedText
from authoring.localized_parts import localized_texts, with_default_texts
from authoring.problems import ContentError, Problem, Severity
from authoring.read_yaml import Document, Pointer, load_model
from authoring.target import DEFAULT_TARGETS, WARNINGS, ManualTarget, Target, target_problems
from authoring.theme import Theme, default_theme, read_theme

MAX_TITLE = 200
"""Longest title; SCORM stops here, Moodle's database at 255 with all languages in one text."""


class LessonEntry(Part):
    """A lesson as `course.yaml` lists it; its text is in `lessons/<id>/lesson.<language>.md`."""

    id: Identifier
    minutes: int | None = Field(default=None, ge=1, le=1000)


class Section(Part):
    """One section of the course page."""

    id: Identifier
    title: LocalizedText
    summary: LocalizedText | None = None
    activities: tuple[Activity, ...] = ()


class CourseFile(Part):
    """`course.yaml`, exactly as a trainer writes it."""

    schema_: Literal["course/1"] = Field(alias="schema")
    id: Identifier
    version: str = Field(min_length=1, max_length=40)
    title: LocalizedText
    summary: LocalizedText | None = None
    languages: CourseLanguages
    duration: datetime.timedelta | None = None
    owner: Owner | None = None
    license: str = ""
    category: CourseCategory
    passing: Passing | None = None
    lessons: tuple[LessonEntry, ...] = ()
    sections: tuple[Section, ...] = ()
    complete_when: CompleteWhen | None = None
    targets: tuple[Annotated[Target, Field(discriminator="kind")], ...] = Field(
        default=DEFAULT_TARGETS, min_length=1
    )
    media: MediaRules | None = None


def read_frame(document: Document, folder: Path, root: Path) -> Frame:
    """All of the course in `folder` but its lessons; `document` is its `course.yaml`.

    Raises ContentError where that has not the form of one, or lists too many lessons. All else that is wrong is among the
    frame's problems.
    """
    file = load_model(document, CourseFile)
    if len(file.lessons) > MAX_LESSONS:  # told before thousands of files are read, or found missing
        values = {"n": len(file.lessons), "limit": MAX_LESSONS}
        place = document.place(("lessons", MAX_LESSONS))
        raise ContentError([Problem("course.too-many-lessons", values, place)])
    problems = list(course_file_problems(file, document, folder))
    glossary = _glossary(file, folder, root, problems)
    theme = _theme(file, folder, root, problems)
    if file.languages.fallback != "error":
        file = with_default_texts(file, file.languages.offered, file.languages.default)
    sections = _with_page_texts(file, document, folder, root, problems)
    return Frame(
        id=file.id,
        version=file.version,
        title=file.title,
        summary=file.summary,
        languages=file.languages,
        category=file.category,
        lessons=tuple(
            ListedLesson(entry.id, entry.minutes, document.place(("lessons", number, "id")))
            for number, entry in enumerate(file.lessons)
        ),
        complete_when=file.complete_when,
        passing=file.passing,
        passing_place=document.place(("passing",)),
        duration=file.duration,
        owner=file.owner,
        license=file.license,
        targets=tuple(target for target in file.targets if not isinstance(target, ManualTarget)),
        manuals=_manual_languages(file),
        media=file.media,
        file=document.file,
        glossary=glossary,
        theme=theme,
        names=activity_names(sections),
        problems=tuple(problems),
        sections=sections,
    )


def _manual_languages(file: CourseFile) -> tuple[Language, ...]:
    wanted: dict[Language, None] = {}
    for target in file.targets:
        if isinstance(target, ManualTarget):
            wanted |= dict.fromkeys(target.languages or file.languages.offered)
    return tuple(wanted)


def course_file_problems(file: CourseFile, document: Document, folder: Path) -> Iterator[Problem]:
    """What is wrong with a `course.yaml` beyond its form; its lessons and pages are not read for it."""

    def problem(code: str, *pointer: str | int, **params: object) -> Problem:
        return Problem(code, params, document.place(pointer))

    offered = file.languages.offered
    if file.languages.default not in offered:
        yield problem("course.default-language", "languages", "default", language=file.languages.default)
    for language in _repeated(offered):
        yield problem("course.language-twice", "languages", "offered", language=language)
    texts = list(localized_texts(file, ()))
    for pointer, text in texts:
        for language in text.missing(offered):
            name = next((str(step) for step in reversed(pointer) if isinstance(step, str)), "")
            missing = {"key": name, "language": language}
            yield Problem(
                "course.text-not-translated", missing, document.place(pointer), file.languages.severity
            )
    for length, pointer in _long_titles(texts, offered):
        yield problem("course.title-too-long", *pointer, n=length, limit=MAX_TITLE)
    for index in _repeated_at([entry.id.casefold() for entry in file.lessons]):
        yield problem("course.duplicate-lesson", "lessons", index, "id", id=file.lessons[index].id)
    for index in _repeated_at([section.id.casefold() for section in file.sections]):
        yield problem("course.duplicate-section", "sections", index, "id", id=file.sections[index].id)
    yield from _problems_of_activities(file, document, folder)
    packages = [
        activity
        for section in file.sections
        for activity in section.activities
        if activity.kind == "package" and not activity.file
    ]
    if not file.lessons and packages:
        at = next(
            (i, j)
            for i, section in enumerate(file.sections)
            for j, activity in enumerate(section.activities)
            if activity is packages[0]
        )
        yield problem("course.no-lessons", "sections", at[0], "activities", at[1], id=packages[0].id)
    for code, pointer, values in target_problems(file.targets, offered, packages):
        severity: Severity = "warning" if code in WARNINGS else "error"
        yield Problem(code, values, document.place(("targets", *pointer)), severity)


def _long_titles(
    texts: Sequence[tuple[Pointer, LocalizedText]], offered: Sequence[Language]
) -> Iterator[tuple[int, Pointer]]:
    for pointer, text in texts:
        if pointer[-1] == "title":
            longest = max(len(text.in_language(language)) for language in offered)
            if longest > MAX_TITLE:
                yield longest, pointer


def _problems_of_activities(file: CourseFile, document: Document, folder: Path) -> Iterator[Problem]:
    seen: set[str] = set()
    packages = 0
    for i, section in enumerate(file.sections):
        for j, activity in enumerate(section.activities):
            at: Pointer = ("sections", i, "activities", j)
            if activity.id.casefold() in seen:
                yield Problem("course.duplicate-activity", {"id": activity.id}, document.place((*at, "id")))
            seen.add(activity.id.casefold())
            yield from activity_problems(activity, at, document, folder, file.languages.offered)
            if activity.kind == "package" and not activity.file:
                packages += 1
                if packages == 2:
                    yield Problem("course.two-packages", {"id": activity.id}, document.place(at))
                if activity.completion == "passed" and file.passing is None:
                    place = document.place((*at, "completion"))
                    yield Problem("course.completion-without-passing", {"id": activity.id}, place)
    known = {activity.id for section in file.sections for activity in section.activities}
    tracked = {a.id for section in file.sections for a in section.activities if a.completion != "none"}
    for k, name in enumerate(file.complete_when.all if file.complete_when else ()):
        place = document.place(("complete_when", "all", k))
        if name not in known:
            names = ", ".join(sorted(known)) or "-"
            yield Problem("course.unknown-activity", {"id": name, "known": names}, place)
        elif name not in tracked:
            # Moodle would wait for a completion that never comes.
            yield Problem("course.activity-never-complete", {"id": name}, place)


def _with_page_texts(
    file: CourseFile, document: Document, folder: Path, root: Path, problems: list[Problem]
) -> tuple[Section, ...]:
    """The sections with the texts of their pages."""
    sections = []
    for i, section in enumerate(file.sections):
        activities = tuple(
            with_page_texts(
                activity,
                document.place(("sections", i, "activities", j)),
                folder,
                root,
                file.languages.offered,
                problems,
                severity=file.languages.severity,
            )
            for j, activity in enumerate(section.activities)
        )
        sections.append(section.model_copy(update={"activities": activities}))
    if file.languages.fallback != "error":
        sections = [
            with_default_texts(one, file.languages.offered, file.languages.default) for one in sections
        ]
    return tuple(sections)


def _theme(file: CourseFile, folder: Path, root: Path, problems: list[Problem]) -> Theme:
    """The theme of the course, else that of the academy, else the finished one."""
    languages = file.languages
    try:
        theme, found = read_theme(
            folder,
            root=root,
            languages=languages.offered,
            severity=languages.severity,
            manual=bool(_manual_languages(file)),
        )
    except ContentError as error:
        problems.extend(error.problems)
        return default_theme()
    problems.extend(found)
    return theme


def _glossary(file: CourseFile, folder: Path, root: Path, problems: list[Problem]) -> Glossary | None:
    """The glossary of the course; None where it could not be read, so that no term is called undefined for that."""
    languages = file.languages
    try:
        glossary, found = read_glossary(
            folder, root=root, languages=languages.offered, severity=languages.severity
        )
    except ContentError as error:
        problems.extend(error.problems)
        return None
    problems.extend(found)
    return glossary


def _repeated(values: Sequence[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _repeated_at(values: Sequence[str]) -> list[int]:
    first: dict[str, int] = {}
    return [index for index, value in enumerate(values) if first.setdefault(value, index) != index]
