"""The course a trainer writes, read from its folder: what every later step works with.

The facts of `course.yaml` (`course_file`) with the lessons read, in every offered language, and all that was wrong told at once.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from authoring.blocks import Check, Kept, citation_problems
from authoring.build_cache import BuildCache
from authoring.course_frame import (
    ActivityNames,
    Frame,
    LaterSections,
    ListedLesson,
    activity_names,
    frame_stamps,
    keep_frame,
    kept_frame,
    plainly_listed,
)
from authoring.course_parts import CompleteWhen, CourseCategory, CourseLanguages, MediaRules, Owner, Passing
from authoring.glossary import FILE as GLOSSARY
from authoring.glossary import Glossary, read_glossary, undefined_terms
from authoring.languages import Language, LocalizedText
from authoring.lesson import Lesson, LessonText
from authoring.lesson_reader import LessonReader, Make
from authoring.problems import ContentError, Place, Problem, in_reading_order
from authoring.read_image import Image
from authoring.read_media import MediaFile
from authoring.read_yaml import Document, read_yaml, relative_name
from authoring.same_in_languages import differences, kept_twice
from authoring.target import DEFAULT_TARGETS, HtmlTarget, ScormTarget, pushed_target
from authoring.theme import Theme, default_theme, read_theme
from authoring.web_pictures import WebPictures

if TYPE_CHECKING:
    from authoring.activity import Activity
    from authoring.course_file import Section

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
    sections: Sequence[Section] = ()
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
        """What an activity `package` shows in Moodle (authoring.target.pushed_target)."""
        return pushed_target(self.targets)

    @property
    def quizzes(self) -> tuple[str, ...]:
        """Slugs of the quizzes its activities name."""
        return self.names.quizzes

    @property
    def names(self) -> ActivityNames:
        """What a build has to know of its activities."""
        return (
            self.sections.names if isinstance(self.sections, LaterSections) else activity_names(self.sections)
        )

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
    frame = kept_frame(folder, root, cache) if cache is not None else None
    if frame is not None:
        return _read_lessons(frame, folder, root, LessonReader(root, folder, cache), draft=draft, maker=maker)
    before = frame_stamps(folder, root)
    document = read_yaml(folder / "course.yaml", root=root)
    with LessonReader(root, folder, cache) as reader:
        if cache is not None and maker is not None:
            _begin(reader, document, maker)
        from authoring.course_file import read_frame  # late: what an earlier build knows needs no pydantic

        frame = read_frame(document, folder, root)
        if cache is not None:
            keep_frame(frame, before, folder, root, cache)
        return _read_lessons(frame, folder, root, reader, draft=draft, maker=maker)


def _begin(reader: LessonReader, document: Document, maker: Maker) -> None:
    """Other processes begin to read the lessons while this one loads what it needs to check the rest of the course.

    Where that is worth while, and `course.yaml` plainly says which lessons those are.
    """
    listed = plainly_listed(document.data)
    if listed is None:
        return

    @functools.cache
    def another() -> LessonReader:
        folder, root, languages = reader.course_folder, reader.root, listed.languages
        glossary, _ = read_glossary(folder, root=root, languages=languages)
        theme, _ = read_theme(folder, root=root, languages=languages)
        return LessonReader(root, folder, reader.cache, make=maker(glossary, theme, listed.default))

    paths = (
        (_lesson_path(reader.course_folder, one, of), of) for one in listed.lessons for of in listed.languages
    )
    reader.begin(paths, another)


def _read_lessons(
    frame: Frame, folder: Path, root: Path, reader: LessonReader, *, draft: bool, maker: Maker | None
) -> Course:
    """The course of this frame; `reader` may have begun with its lessons."""
    languages = frame.languages
    problems = list(frame.problems)
    lessons: list[Lesson] = []
    if frame.media:
        reader.pictures = WebPictures(frame.media, root, reader.cache)
        reader.pictures.prepare(sorted((folder / "media").rglob("*")))
    if maker and not frame.manuals:  # a manual shows the blocks themselves
        reader.make = maker(frame.glossary or Glossary(), frame.theme, languages.default)
    files = {
        entry.id: {language: _lesson_path(folder, entry.id, language) for language in languages.offered}
        for entry in frame.lessons
    }
    reader.read_ahead((path, language) for each in files.values() for language, path in each.items())
    unclear = False
    for entry in frame.lessons:
        texts, found = _read_lesson_texts(entry, files[entry.id], languages, reader)
        problems.extend(found)
        if frame.glossary is not None:
            shown = relative_name(folder / GLOSSARY, root)
            problems.extend(p for text in texts for p in undefined_terms(frame.glossary, text.terms, shown))
        problems.extend(p for text in texts for p in kept_twice(text))
        # What a check lost to an error of its own file is no difference between the languages.
        broken = {p.place.file for p in found if p.severity == "error" and p.code.startswith(_OF_CHECKS)}
        unclear = unclear or bool(broken)
        by_language = _with_fallback({text.language: text for text in texts}, languages, found)
        if draft and texts and not any(_stops(problem, draft=draft) for problem in found):
            by_language = _as_far_as_written(texts, languages)
        if by_language:
            lesson = Lesson(entry.id, entry.minutes, by_language)
            problems.extend(differences(lesson, languages.default, broken))
            lessons.append(lesson)
    problems.extend(_problems_across_lessons(lessons, frame, unclear=unclear))
    problems.extend(_unlisted_lessons(frame, folder, root))
    ordered = in_reading_order(problems)
    if any(_stops(problem, draft=draft) for problem in ordered):
        raise ContentError(ordered)
    return Course(
        slug=folder.resolve().name,
        id=frame.id,
        version=frame.version,
        title=frame.title,
        summary=frame.summary,
        languages=languages,
        category=frame.category,
        lessons=tuple(lessons),
        sections=frame.sections,
        complete_when=frame.complete_when,
        passing=frame.passing,
        duration=frame.duration,
        owner=frame.owner,
        license=frame.license,
        targets=frame.targets,
        manuals=frame.manuals,
        media=frame.media,
        folder=folder,
        file=frame.file,
        warnings=tuple(ordered),
        glossary=frame.glossary or Glossary(),
        theme=frame.theme,
    )


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
    entry: ListedLesson,
    files: Mapping[Language, Path],
    languages: CourseLanguages,
    reader: LessonReader,
) -> tuple[list[LessonText], list[Problem]]:
    """The texts of a lesson in the languages of `files`, and what is wrong."""
    texts: list[LessonText] = []
    problems: list[Problem] = []
    there = {language for language, path in files.items() if reader.has(path) or path.is_file()}
    if not there:
        name = relative_name(files[languages.offered[0]].parent, reader.root)
        values = {"id": entry.id, "file": f"{name}/lesson.{languages.default}.md"}
        return [], [Problem("course.lesson-missing", values, entry.place)]
    for language, path in files.items():
        if language not in there:
            values = {"id": entry.id, "language": language, "file": relative_name(path, reader.root)}
            needed = language == languages.default
            severity = "error" if needed else languages.severity
            problems.append(Problem("course.lesson-not-translated", values, entry.place, severity))
            continue
        try:
            text, found = reader.read(path, language)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        texts.append(text)
        problems.extend(found)
    return texts, problems


def _problems_across_lessons(lessons: Sequence[Lesson], frame: Frame, *, unclear: bool) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for lesson in lessons:
        text = lesson.texts.get(frame.languages.default) or next(iter(lesson.texts.values()))
        for kept in text.kept:
            key = kept.id.casefold()
            if key and key in first:
                yield Problem("course.duplicate-check", {"id": kept.id, "first": str(first[key])}, kept.place)
            first.setdefault(key, kept.place)
    graded = any(kept.graded for lesson in lessons for kept in lesson.kept)
    if frame.passing and not graded and not unclear and len(lessons) == len(frame.lessons):
        yield Problem("course.passing-without-checks", {}, frame.passing_place)


def _unlisted_lessons(frame: Frame, folder: Path, root: Path) -> Iterator[Problem]:
    listed = {entry.id for entry in frame.lessons}
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
