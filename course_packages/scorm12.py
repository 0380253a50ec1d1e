"""A course becomes a package on disk: by default SCORM 1.2 with one SCO that holds every lesson in every language.

One SCO, because a platform then keeps one status, one score and one saved state for the whole course.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from authoring.build_cache import BuildCache
from authoring.course import Course
from authoring.target import DEFAULT_TARGETS, HtmlTarget, ScormTarget
from course_packages.package_file import write_package
from course_packages.target_files import target_files


@dataclass(frozen=True)
class ScormPackage:
    """A package as written. `sha1` is what Moodle calls its content hash; `lessons` are their ids."""

    path: Path
    kind: str
    sha1: str
    sha256: str
    content_sha256: str
    identifier: str
    size: int
    lessons: tuple[str, ...]
    languages: tuple[str, ...]
    items: tuple[str, ...]  # identifiers of its SCOs, by which an LMS keeps learners' tracks


def build_target(
    course: Course, target: ScormTarget | HtmlTarget, out: Path, cache: BuildCache | None = None
) -> ScormPackage:
    """Writes the target to the file `out`, whole or not at all, and says what was written.

    A file that is the same already is not touched; with a `cache`, what an earlier build has packed is not packed again.

    Raises ContentError where the course cannot become a package that keeps the standard's rules.
    """
    built = target_files(course, target, cache)
    packed = write_package(built.files.contents, out, cache)
    return ScormPackage(
        path=out,
        kind=target.kind,
        sha1=packed.sha1,
        sha256=packed.sha256,
        content_sha256=packed.content_sha256,
        identifier=built.identifier,
        size=packed.size,
        lessons=tuple(lesson.id for lesson in course.lessons),
        languages=built.languages,
        items=tuple(sco.item for sco in built.scos),
    )


def build_scorm12(course: Course, out: Path, cache: BuildCache | None = None) -> ScormPackage:
    """Writes the default target, SCORM 1.2 with one SCO, as `build_target` does."""
    return build_target(course, DEFAULT_TARGETS[0], out, cache)


def scorm12_files(course: Course) -> dict[str, bytes]:
    """Every file of the default target by its name; the structural rules hold for them."""
    return dict(target_files(course).files)
