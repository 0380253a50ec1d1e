"""Packages from elsewhere that stand in a course: looked over before they are told of or sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from authoring.activity import PackageActivity
from authoring.check_activity import file_of
from authoring.course import Course
from authoring.problems import ContentError, Place, Problem
from course_packages.foreign import Inspection, inspect_package
from lms_sync.course_content import BuiltPackage
from lms_sync.edition import SCORM_2004, edition_of_manifest


def foreign_package(activity: PackageActivity, course: Course) -> BuiltPackage:
    """The package of an activity, ready to be sent. Raises ContentError where it cannot be given to a platform."""
    found = _inspected(activity, course)
    if refusals := _refusals(activity, course, found):
        raise ContentError(refusals)
    path = file_of(str(activity.file), course.folder)
    items = frozenset(sco.identifier for sco in found.scos)
    edition = edition_of_manifest(found.schemaversion)
    return BuiltPackage(path, found.sha1, found.size, items, found.content_sha256, edition)


def items_of(path: Path) -> frozenset[str]:
    """The identifiers of a package's SCOs, under which Moodle keeps learners' tracks. Raises ContentError, OSError."""
    return frozenset(sco.identifier for sco in inspect_package(path).scos)


def foreign_problems(course: Course) -> Iterator[Problem]:
    """What is to be said of the packages from elsewhere in a course; what keeps one from being used is an error."""
    for activity in course.activities:
        if not isinstance(activity, PackageActivity) or not activity.file:
            continue
        try:
            found = _inspected(activity, course)
        except ContentError as error:
            yield from error.problems
            continue
        place = _place(activity, course)
        values = {"id": activity.id, "file": place.file}
        yield from _refusals(activity, course, found)
        if found.broken_rules:
            yield Problem("foreign.breaks-rules", {**values, "n": len(found.broken_rules)}, place, "warning")
        for risk in found.risks:
            if risk.level == "serious":
                yield Problem(risk.code, {"found": ", ".join(risk.found[:6])}, place, "warning")
        if edition_of_manifest(found.schemaversion) == SCORM_2004:
            yield Problem("foreign.edition-2004", values, Place(course.file), "warning")
            if (n := len(found.scos)) > 1:
                yield Problem("foreign.several-2004", {**values, "n": n}, Place(course.file), "warning")
        if len(found.scos) > 1 and activity.completion in ("passed", "completed"):
            word = {"completion": activity.completion, "n": len(found.scos)}
            yield Problem("foreign.first-sco-completes", {**values, **word}, Place(course.file), "warning")


def _place(activity: PackageActivity, course: Course) -> Place:
    return Place(f"{course.file.rpartition('/')[0]}/{activity.file}")


def _inspected(activity: PackageActivity, course: Course) -> Inspection:
    try:
        return inspect_package(file_of(str(activity.file), course.folder))
    except OSError as error:
        values = {"id": activity.id, "file": activity.file}
        raise ContentError([Problem("course.file-missing", values, Place(course.file))]) from error


def _refusals(activity: PackageActivity, course: Course, found: Inspection) -> list[Problem]:
    place = _place(activity, course)
    return [replace(refusal, place=place) for refusal in found.refusals]
