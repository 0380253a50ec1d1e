"""A course becomes a SCORM 1.2 package: one SCO that holds every lesson in every language.

One SCO, because a platform then keeps one status, one score and one saved state for the whole course.
Same course, same bytes: nothing depends on the folder it lies in, the time zone or the hash seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from authoring.course import Course
from authoring.problems import ContentError, Place, Problem
from authoring.write_files import write_durably
from course_packages.conformance import conformance_problems
from course_packages.learner_state import LIMIT, largest_state
from course_packages.manifest import MANIFEST, item_identifier, manifest_identifier, write_manifest
from course_packages.player_files import player_files, schema_files
from course_packages.zip_file import content_sha256, zip_bytes


@dataclass(frozen=True)
class ScormPackage:
    """A package as written. `sha1` is what Moodle calls its content hash; `lessons` are their ids."""

    path: Path
    sha1: str
    sha256: str
    content_sha256: str
    identifier: str
    size: int
    lessons: tuple[str, ...]
    languages: tuple[str, ...]
    items: tuple[str, ...]  # identifiers of its SCOs, by which an LMS keeps learners' tracks


def build_scorm12(course: Course, out: Path) -> ScormPackage:
    """Writes the package to the file `out`, whole or not at all, and says what was written.

    A file that is the same already is not touched.

    Raises ContentError where the course cannot become a package that keeps the standard's rules.
    """
    files = scorm12_files(course)
    packed = zip_bytes(files)
    if not (out.is_file() and out.read_bytes() == packed):
        write_durably(out, packed)
    return ScormPackage(
        path=out,
        sha1=hashlib.sha1(packed, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(packed).hexdigest(),
        content_sha256=content_sha256(files),
        identifier=manifest_identifier(course),
        size=len(packed),
        lessons=tuple(lesson.id for lesson in course.lessons),
        languages=course.languages.offered,
        items=(item_identifier(course),),
    )


def scorm12_files(course: Course) -> dict[str, bytes]:
    """Every file of the package by its name; the structural rules hold for them."""
    largest = largest_state(course)
    if largest.total > LIMIT:
        values = {"n": largest.total, "limit": LIMIT, "lessons": largest.lessons, "answers": largest.answers}
        raise ContentError([Problem("package.state-too-large", values, Place(course.file))])
    content = player_files(course)
    manifest = write_manifest(course, sorted(content))
    files = {**content, **schema_files(), MANIFEST: manifest}
    if problems := conformance_problems(files.keys(), manifest):
        raise ContentError(problems)
    return files
