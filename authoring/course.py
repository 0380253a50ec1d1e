"""The course a trainer writes: `courses/<slug>/course.yaml` as a model, and the course read from its folder.

`CourseFile` is the YAML as it stands. `Course` is what every later step works with: the same facts
with the lessons read, in every offered language, and all that was wrong told at once.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from authoring.activity import Activity, Identifier, Part
from authoring.blocks import Check, Kept, citation_problems
from authoring.build_cache import BuildCache
from authoring.check_activity import activity_problems, with_page_texts
from authoring.glossary import FILE as GLOSSARY
from authoring.glossary import Glossary, read_glossary, undefined_terms
from authoring.languages import Language, LocalizedText
from authoring.lesson import Lesson, LessonText
from authoring.lesson_reader import LessonReader, Make
from authoring.localized_parts import localized_texts, with_default_texts
from authoring.problems import ContentError, Place, Problem, Severity, in_reading_order
from authoring.read_image import Image
from authoring.read_media import MediaFile
from authoring.read_yaml import Document, Pointer, load_model, read_yaml, relative_name
from authoring.same_in_languages import differences, kept_twice
from authoring.target import (
    DEFAULT_TARGETS,
    HtmlTarget,
    ManualTarget,
    ScormTarget,
    Target,
    pushed_target,
    target_problems,
)
from authoring.theme import Theme, default_theme, read_theme
from authoring.web_pictures import MediaRules, WebPictures

MAX_LESSONS = 2000
"""Most lessons of a course; none of its packages could keep a learner's record of more."""

MAX_TITLE = 200
"""Longest title; SCORM stops here, Moodle's database at 255 with all languages in one text."""

OF_DRAFTS = frozenset(
    (
        "course.lesson-not-translated",
        "course.text-not-translated",
        "markdown.heading-is-title",
        "markdown.heading-skipped",
        "markdown.image-without-alt",
    )
)
"""Codes of errors that leave a course whole enough to be looked at: what is missing is missing for somebody else."""

_OF_CHECKS = ("lesson.", "scenario.", "yaml.")
"""Codes of errors after which the knowledge checks of a lesson may be other than their author wrote them."""


class CourseLanguages(Part):
    """The languages a learner can choose from, and the one a course opens in.

    `fallback` says what becomes of a text that is missing in a language: an error, the text of the default
    language in its place, or, for a lesson, none.
    """

    default: Language
    offered: tuple[Language, ...] = Field(min_length=1)
    fallback: Literal["error", "default", "hide"] = "error"

    @property
    def severity(self) -> Severity:
        """How bad a missing text is."""
        return "error" if self.fallback == "error" else "warning"


class Owner(Part):
    """Who answers for the content."""

    name: LocalizedText
    contact: str = ""


class CourseCategory(Part):
    """The course category of Moodle that the course stands in; `id` is its idnumber."""

    id: Identifier
    title: LocalizedText


class Passing(Part):
    """What "passed" means for the package: `score` percent over its graded knowledge checks."""

    score: int = Field(ge=1, le=100)


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


class CompleteWhen(Part):
    """The course is complete when all the activities named here are."""

    all: tuple[str, ...] = Field(min_length=1)


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
    targets: tuple[Target, ...] = Field(default=DEFAULT_TARGETS, min_length=1)
    media: MediaRules | None = None


@dataclass(frozen=True)
class Course:
    """A course, read and whole: every offered language is there and nothing in it is broken."""

    slug: str
    id: str
    version: str
    title: LocalizedText
    summary: LocalizedText | None
    languages: CourseLanguages
    category: CourseCategory
    lessons: tuple[Lesson, ...]
    sections: tuple[Section, ...] = ()
    complete_when: CompleteWhen | None = None
    passing: Passing | None = None
    duration: datetime.timedelta | None = None
    owner: Owner | None = None
    license: str = ""
    targets: tuple[ScormTarget | HtmlTarget, ...] = DEFAULT_TARGETS
    manuals: tuple[Language, ...] = ()  # languages in which a manual is printed
    media: MediaRules | None = None
    folder: Path = Path()
    file: str = ""
    warnings: tuple[Problem, ...] = ()
    glossary: Glossary = field(default_factory=Glossary)
    theme: Theme = field(default_factory=default_theme)

    @property
    def activities(self) -> tuple[Activity, ...]:
        """The activities of all sections, in order."""
        return tuple(activity for section in self.sections for activity in section.activities)

    @property
    def pushed_target(self) -> ScormTarget | None:
        """What an activity `package` shows in Moodle: the first target of SCORM 1.2."""
        return pushed_target(self.targets)

    @property
    def quizzes(self) -> tuple[str, ...]:
        """Slugs of the quizzes its activities name."""
        return tuple(dict.fromkeys(a.quiz for a in self.activities if a.kind == "quiz" and a.quiz))

    @property
    def checks(self) -> tuple[Check, ...]:
        """The knowledge checks of all lessons, in order."""
        return tuple(check for lesson in self.lessons for check in lesson.checks)

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures that its lessons show, by name."""
        found = {i.name: i for lesson in self.lessons for text in lesson.texts.values() for i in text.images}
        return tuple(found[name] for name in sorted(found))

    @property
    def files(self) -> tuple[MediaFile, ...]:
        """Recordings, captions and downloads of its lessons, by name."""
        found = {f.name: f for lesson in self.lessons for text in lesson.texts.values() for f in text.files}
        return tuple(found[name] for name in sorted(found))

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What a learner's saved state keeps of all lessons, in order."""
        return tuple(kept for lesson in self.lessons for kept in lesson.kept)

    def citation_problems(self, today: datetime.date) -> Iterator[Problem]:
        """What a reader should know on this day of the laws that its lessons rest on; warnings."""
        for lesson in self.lessons:
            for text in lesson.texts.values():
                for one in text.citations:
                    yield from citation_problems(one.law, one.place, today)


Maker = Callable[[Glossary, Theme, Language], Make | None]
"""Says what is to be made of each lesson, by the glossary, the theme and the default language of its course."""


def read_course(
    folder: Path,
    *,
    root: Path,
    cache: BuildCache | None = None,
    draft: bool = False,
    maker: Maker | None = None,
) -> Course:
    """Reads the course in `folder`; places in problems are relative to `root`, the academy folder.

    Lessons that an earlier build has read and that have not changed since are taken from `cache`. Of the others that it can
    keep, what `maker` says is made at once (`LessonText.made`), so that nobody has to hand their blocks about.

    Raises ContentError with every problem of `course.yaml` and of all lessons in all languages.
    Warnings do not stop it; they are in `Course.warnings`. Whether the quizzes that it names exist
    is for the caller to say, who reads those.

    With `draft`, what only makes a course unfit to be given away (OF_DRAFTS) does not stop it either: it is for its author to
    look at, another language stands where one is missing, and those errors are in `Course.warnings` as well.
    """
    document = read_yaml(folder / "course.yaml", root=root)
    file = load_model(document, CourseFile)
    if len(file.lessons) > MAX_LESSONS:  # told before thousands of files are read, or found missing
        values = {"n": len(file.lessons), "limit": MAX_LESSONS}
        place = document.place(("lessons", MAX_LESSONS))
        raise ContentError([Problem("course.too-many-lessons", values, place)])
    problems = list(course_file_problems(file, document, folder))
    lessons: list[Lesson] = []
    pictures = WebPictures(file.media, root, cache) if file.media else None
    if pictures:
        pictures.prepare(sorted((folder / "media").rglob("*")))
    glossary = _glossary(file, folder, root, problems)
    theme = _theme(file, folder, root, problems)
    # A manual shows the blocks themselves.
    made = (
        maker(glossary or Glossary(), theme, file.languages.default)
        if maker and not _manual_languages(file)
        else None
    )
    reader = LessonReader(root, folder, cache, pictures, made)
    files = {
        entry.id: {language: _lesson_path(folder, entry.id, language) for language in file.languages.offered}
        for entry in file.lessons
    }
    reader.read_ahead((path, language) for each in files.values() for language, path in each.items())
    unclear = False
    for number, entry in enumerate(file.lessons):
        place = document.place(("lessons", number, "id"))
        texts, found = _read_lesson_texts(entry, files[entry.id], file.languages, place, reader)
        problems.extend(found)
        if glossary is not None:
            shown = relative_name(folder / GLOSSARY, root)
            problems.extend(p for text in texts for p in undefined_terms(glossary, text.terms, shown))
        problems.extend(p for text in texts for p in kept_twice(text))
        # What a check lost to an error of its own file is no difference between the languages.
        broken = {p.place.file for p in found if p.severity == "error" and p.code.startswith(_OF_CHECKS)}
        unclear = unclear or bool(broken)
        by_language = _with_fallback({text.language: text for text in texts}, file.languages, found)
        if draft and texts and not any(_stops(problem, draft=draft) for problem in found):
            by_language = _as_far_as_written(texts, file.languages)
        if by_language:
            lesson = Lesson(entry.id, entry.minutes, by_language)
            problems.extend(differences(lesson, file.languages.default, broken))
            lessons.append(lesson)
    problems.extend(_problems_across_lessons(lessons, file, document, unclear=unclear))
    problems.extend(_unlisted_lessons(file, folder, root))
    if file.languages.fallback != "error":
        file = with_default_texts(file, file.languages.offered, file.languages.default)
    sections = _with_page_texts(file, document, folder, root, problems)
    ordered = in_reading_order(problems)
    if any(_stops(problem, draft=draft) for problem in ordered):
        raise ContentError(ordered)
    return Course(
        slug=folder.resolve().name,
        id=file.id,
        version=file.version,
        title=file.title,
        summary=file.summary,
        languages=file.languages,
        category=file.category,
        lessons=tuple(lessons),
        sections=sections,
        complete_when=file.complete_when,
        passing=file.passing,
        duration=file.duration,
        owner=file.owner,
        license=file.license,
        targets=tuple(target for target in file.targets if not isinstance(target, ManualTarget)),
        manuals=_manual_languages(file),
        media=file.media,
        folder=folder,
        file=document.file,
        warnings=tuple(ordered),
        glossary=glossary or Glossary(),
        theme=theme,
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
        yield problem(code, "targets", *pointer, **values)


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


def _with_fallback(
    texts: dict[str, LessonText], languages: CourseLanguages, found: Sequence[Problem]
) -> dict[str, LessonText]:
    """The texts of a lesson for the languages in which it is shown; empty where it cannot be judged."""
    offered = languages.offered
    if all(language in texts for language in offered):
        return texts
    broken = any(problem.severity == "error" for problem in found)
    if languages.fallback == "error" or broken or languages.default not in texts:
        return {}
    if languages.fallback == "default":
        return {language: texts.get(language, texts[languages.default]) for language in offered}
    return {language: texts[language] for language in offered if language in texts}


def _stops(problem: Problem, *, draft: bool) -> bool:
    return problem.severity == "error" and not (draft and problem.code in OF_DRAFTS)


def _as_far_as_written(texts: Sequence[LessonText], languages: CourseLanguages) -> dict[str, LessonText]:
    """The texts of a lesson for all languages offered: its own, else that of the default language, else any."""
    own = {text.language: text for text in texts}
    other = own.get(languages.default, texts[0])
    return {language: own.get(language, other) for language in languages.offered}


def _lesson_path(folder: Path, lesson: str, language: str) -> Path:
    return folder / f"lessons/{lesson}/lesson.{language}.md"


def _read_lesson_texts(
    entry: LessonEntry,
    files: Mapping[Language, Path],
    languages: CourseLanguages,
    place: Place,
    reader: LessonReader,
) -> tuple[list[LessonText], list[Problem]]:
    """The texts of a lesson in the languages of `files`, and what is wrong; `place` is where the course lists it."""
    texts: list[LessonText] = []
    problems: list[Problem] = []
    there = {language for language, path in files.items() if reader.has(path) or path.is_file()}
    if not there:
        name = relative_name(files[languages.offered[0]].parent, reader.root)
        values = {"id": entry.id, "file": f"{name}/lesson.{languages.default}.md"}
        return [], [Problem("course.lesson-missing", values, place)]
    for language, path in files.items():
        if language not in there:
            values = {"id": entry.id, "language": language, "file": relative_name(path, reader.root)}
            needed = language == languages.default
            severity = "error" if needed else languages.severity
            problems.append(Problem("course.lesson-not-translated", values, place, severity))
            continue
        try:
            text, found = reader.read(path, language)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        texts.append(text)
        problems.extend(found)
    return texts, problems


def _problems_across_lessons(
    lessons: Sequence[Lesson], file: CourseFile, document: Document, *, unclear: bool
) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for lesson in lessons:
        text = lesson.texts.get(file.languages.default) or next(iter(lesson.texts.values()))
        for kept in text.kept:
            key = kept.id.casefold()
            if key and key in first:
                yield Problem("course.duplicate-check", {"id": kept.id, "first": str(first[key])}, kept.place)
            first.setdefault(key, kept.place)
    graded = any(kept.graded for lesson in lessons for kept in lesson.kept)
    if file.passing and not graded and not unclear and len(lessons) == len(file.lessons):
        yield Problem("course.passing-without-checks", {}, document.place(("passing",)))


def _unlisted_lessons(file: CourseFile, folder: Path, root: Path) -> Iterator[Problem]:
    listed = {entry.id for entry in file.lessons}
    lessons = folder / "lessons"
    for name in sorted(_names_in(lessons) - listed):
        for path in sorted((lessons / name).glob("lesson.*.md")):
            place = Place(relative_name(path, root))
            yield Problem("course.lesson-not-listed", {"id": name}, place, "warning")


def _names_in(folder: Path) -> set[str]:
    """What lies in a folder; nothing where there is none."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return {entry.name for entry in entries}
    return set()


def _repeated(values: Sequence[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _repeated_at(values: Sequence[str]) -> list[int]:
    first: dict[str, int] = {}
    return [index for index, value in enumerate(values) if first.setdefault(value, index) != index]
