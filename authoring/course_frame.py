"""All of a course that is not in its lessons, as it is kept between builds.

Where no file that it was read from has changed, a build takes it over and loads neither pydantic nor the models of activities, which
take longer than everything else that it does after one lesson was changed.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from authoring.build_cache import BuildCache, Stamp, settled, stamp, walk
from authoring.checked_value import checked_identifier
from authoring.course_parts import CompleteWhen, CourseCategory, CourseLanguages, MediaRules, Owner, Passing
from authoring.glossary import Glossary, Term
from authoring.languages import Language, LocalizedText, is_language
from authoring.plain_values import from_plain, plain_problem, problem_of, to_plain
from authoring.problems import Place, Problem
from authoring.read_yaml import read_yaml, relative_name
from authoring.target import HtmlTarget, ScormTarget
from authoring.theme.theme import Face, Family, Logo, LogoRow, Template, Theme

if TYPE_CHECKING:
    from authoring.course_file import Section

MAX_LESSONS = 2000
"""Most lessons of a course; none of its packages could keep a learner's record of more."""

_KIND = "course"
_CLASSES = {
    one.__name__: one
    for one in (
        *(CompleteWhen, CourseCategory, CourseLanguages, MediaRules, Owner, Passing, HtmlTarget, ScormTarget),
        *(Face, Family, Glossary, Logo, LogoRow, Place, Template, Term, Theme),
    )
}
_APART = frozenset({"./lessons", "./media", "./translations.lock.yaml"})
"""What of a course's folder has a life of its own: nothing else of the course is read from it."""


@dataclass(frozen=True)
class ListedLesson:
    """A lesson as `course.yaml` lists it, and where."""

    id: str
    minutes: int | None
    place: Place


@dataclass(frozen=True)
class ActivityNames:
    """What a build has to know of the activities: the quizzes that they name, whether some ask a questionnaire from a file,
    and whether some show a file.
    """

    quizzes: tuple[str, ...] = ()
    questionnaires: bool = False
    files: bool = False


def activity_names(sections: Sequence[Section]) -> ActivityNames:
    """The names in these sections."""
    activities = [activity for section in sections for activity in section.activities]
    return ActivityNames(
        tuple(dict.fromkeys(one.quiz for one in activities if one.kind == "quiz" and one.quiz)),
        any(one.kind == "feedback" and one.questionnaire for one in activities),
        any(one.kind == "file" or (one.kind == "package" and one.file) for one in activities),
    )


class LaterSections(Sequence["Section"]):
    """The sections of a course of which only the `names` are known; read when somebody asks for more."""

    def __init__(self, names: ActivityNames, folder: Path, root: Path) -> None:
        self.names = names
        self.folder = folder
        self.root = root
        self._read: tuple[Section, ...] | None = None

    def _all(self) -> tuple[Section, ...]:
        if self._read is None:
            from authoring.course_file import read_frame

            document = read_yaml(self.folder / "course.yaml", root=self.root)
            self._read = tuple(read_frame(document, self.folder, self.root).sections)
        return self._read

    @overload
    def __getitem__(self, index: int) -> Section: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Section]: ...
    def __getitem__(self, index: int | slice) -> Section | Sequence[Section]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Section]:
        return iter(self._all())


@dataclass(frozen=True)
class Frame:
    """A course but for its lessons; `problems` is all that is wrong with the files that it was read from.

    `glossary` is None where it could not be read, so that no term is called undefined for that.
    """

    id: str
    version: str
    title: LocalizedText
    summary: LocalizedText | None
    languages: CourseLanguages
    category: CourseCategory
    lessons: tuple[ListedLesson, ...]
    complete_when: CompleteWhen | None
    passing: Passing | None
    passing_place: Place
    duration: datetime.timedelta | None
    owner: Owner | None
    license: str
    targets: tuple[ScormTarget | HtmlTarget, ...]
    manuals: tuple[Language, ...]
    media: MediaRules | None
    file: str
    glossary: Glossary | None
    theme: Theme
    names: ActivityNames
    problems: tuple[Problem, ...]
    sections: Sequence[Section]


_APART_FROM_FACTS = ("lessons", "names", "problems", "sections", "theme")
_FACTS = tuple(one.name for one in fields(Frame) if one.name not in _APART_FROM_FACTS)


def keep_frame(
    frame: Frame, before: Mapping[str, Stamp | None], folder: Path, root: Path, cache: BuildCache
) -> None:
    """Keeps a frame that was read after its files had the stamps `before` (`frame_stamps`).

    Nothing is kept of one whose activities show files, which may lie anywhere in the folder of the course, nor where a
    file is so new that it may still change without showing it.
    """
    name, kept = relative_name(folder, root), None
    base = Path(os.path.realpath(root))
    stamps = frame_stamps(folder, root, frame.theme.sources)
    new = any(one is not None and not settled(one) for one in stamps.values())
    same = all(stamps.get(name) == one for name, one in before.items())
    if same and not new and not frame.names.files:
        kept = {
            "stamps": stamps,
            "sources": [relative_name(path, root) for path in frame.theme.sources],
            "facts": {one: to_plain(getattr(frame, one), base, set()) for one in _FACTS},
            "theme": to_plain(replace(frame.theme, sources=()), base, set()),
            "lessons": [[one.id, one.minutes, one.place.line, one.place.column] for one in frame.lessons],
            "names": [list(frame.names.quizzes), frame.names.questionnaires],
            "problems": [plain_problem(one) for one in frame.problems],
        }
    cache.put(_KIND, name, kept)


def kept_frame(folder: Path, root: Path, cache: BuildCache) -> Frame | None:
    """The frame of the course in `folder` as an earlier build has read it, where it would be the same now."""
    kept: Any = cache.get(_KIND, relative_name(folder, root))
    try:
        if kept is None:
            return None
        sources = tuple(root / one for one in kept["sources"])
        now = frame_stamps(folder, root, sources)
        if now != {name: one if one is None else tuple(one) for name, one in kept["stamps"].items()}:
            return None
        base = Path(os.path.realpath(root))
        facts = {name: from_plain(value, base, _CLASSES) for name, value in kept["facts"].items()}
        theme = replace(from_plain(kept["theme"], base, _CLASSES), sources=sources)
        names = ActivityNames(tuple(kept["names"][0]), kept["names"][1])
        file = facts["file"]
        return Frame(
            **facts,
            lessons=tuple(
                ListedLesson(one, minutes, Place(file, *at)) for one, minutes, *at in kept["lessons"]
            ),
            theme=theme,
            names=names,
            problems=tuple(problem_of(one) for one in kept["problems"]),
            sections=LaterSections(names, folder, root),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


@dataclass(frozen=True)
class PlainlyListed:
    """The lessons of a course by their ids, and its languages."""

    lessons: tuple[str, ...]
    languages: tuple[Language, ...]
    default: Language


def plainly_listed(data: Any) -> PlainlyListed | None:
    """What the data of a `course.yaml` say of its lessons, where nobody has to check more of them to read these.

    None where they may not be right, and for what is to be done to lessons with the rest of the course at hand: pictures
    made smaller, a manual printed.
    """
    try:
        languages, targets = data["languages"], data.get("targets", [])
        default, offered = languages["default"], languages["offered"]
        lessons = [checked_identifier(one["id"]) for one in data["lessons"]]
        whole = default in offered and all(isinstance(one, str) and is_language(one) for one in offered)
        if not whole or "media" in data or any(one["kind"] == "manual" for one in targets):
            return None
        return PlainlyListed(tuple(lessons), tuple(offered), default)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def frame_stamps(folder: Path, root: Path, sources: Sequence[Path] = ()) -> dict[str, Stamp | None]:
    """Every file that a frame may be read from, with its stamp; `sources` are those of its theme."""
    own = walk(folder, ".", _APART)
    shared = walk(root / "theme", "theme")
    named = {relative_name(path, root): stamp(path) for path in (root / "theme.yaml", *sources)}
    return {**own, **shared, **named}
