"""What is to be said of a course that can be built: files that nobody sees, citations that have run out, translations."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from authoring.course import Course
from authoring.course_parts import MediaRules
from authoring.problems import Place, Problem
from authoring.read_yaml import relative_name
from authoring.translations import Translations, compare_translations

_MEDIA = "media"
_QUIET = re.compile(r"^(?:\.|Thumbs\.db$|desktop\.ini$)")
"""Files that systems put into folders by themselves."""


def course_checks(
    course: Course, root: Path, today: datetime.date, *, accepted: Collection[str] = ()
) -> tuple[list[Problem], Translations]:
    """Warnings about a course that was read, and how its translations stand; `accepted` as in compare_translations."""
    translations = compare_translations(course, root, accepted=accepted)
    problems = [
        *unused_media(course, root),
        *budget_problems(course),
        *course.citation_problems(today),
        *translations.problems,
    ]
    return problems, translations


def unused_media(course: Course, root: Path) -> Iterator[Problem]:
    """Files in `media/` that no lesson, page, glossary or activity names."""
    folder = course.folder / _MEDIA
    if not folder.is_dir():
        return
    written = {
        os.fspath(path) for path in _used(course)
    }  # real paths, so that mostly nothing has to be resolved
    real = os.path.realpath(folder)
    names = (
        os.path.relpath(os.path.join(place, name), real) if place != real else name  # noqa: PTH118 - a Path takes long
        for place, _, files in os.walk(real)
        for name in files
    )
    others = [folder / name for name in sorted(names) if f"{real}{os.sep}{name}" not in written]
    used = {Path(path).resolve() for path in written} if others else set()
    texts: str | None = None
    for path in others:
        if not path.is_file() or _QUIET.match(path.name) or path.resolve() in used:
            continue
        # What is read otherwise (captions beside a film, say) is named somewhere in the course's own files.
        texts = _other_texts(course) if texts is None else texts
        if path.name not in texts and re.sub(r"\.[a-z]{2,3}(?=\.\w+$)", ".{lang}", path.name) not in texts:
            yield Problem("course.media-unused", {}, Place(relative_name(path, root)), "warning")


def budget_problems(course: Course) -> Iterator[Problem]:
    """A warning where what learners have to load is more than the course allows itself."""
    budget = (course.media or MediaRules()).package_budget_mb
    sizes: Counter[str] = Counter()
    files = [*(image.path for image in course.images), *(file.path for file in course.files)]
    for path in dict.fromkeys(files):
        with contextlib.suppress(OSError):
            sizes[path.suffix.lower().lstrip(".") or "-"] += path.stat().st_size
    total = sum(sizes.values())
    if total > budget * 1_000_000:
        parts = ", ".join(f"{kind} {size / 1e6:.1f} MB" for kind, size in sizes.most_common())
        values = {"size": f"{total / 1e6:.1f} MB", "limit": f"{budget} MB", "parts": parts}
        yield Problem("course.budget", values, Place(course.file), "warning")


def _used(course: Course) -> Iterator[Path]:
    for lesson in course.lessons:
        for text in lesson.texts.values():
            for image in text.images:
                yield image.original or image.path
            for file in text.files:
                yield file.path


def _other_texts(course: Course) -> str:
    found = []
    for path in [
        *course.folder.glob("*.yaml"),
        *course.folder.glob("pages/*.md"),
        *course.folder.glob("lessons/*/*.md"),
    ]:
        try:
            found.append(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return "\n".join(found)
