"""A course becomes the files of one target: SCORM 1.2, SCORM 2004 4th Edition, or plain HTML.

One player and one outline serve all of them; targets differ in who keeps the learner's record (the
adapter in `player/lms.js`), in the manifest, and in whether all lessons are one SCO or each is one.
Same course, same bytes: nothing depends on the folder it lies in, the time zone or the hash seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from authoring.build_cache import BuildCache
from authoring.course import Course
from authoring.languages import Language
from authoring.lesson import Lesson
from authoring.problems import ContentError
from authoring.target import DEFAULT_TARGETS, HtmlTarget, ScormTarget, target_name
from course_packages.editions import MANIFEST, SCORM_12, SCORM_2004, Edition
from course_packages.learner_state import state_problem
from course_packages.manifest import LAUNCH_PAGE, Sco, manifest_identifier, write_manifest
from course_packages.player_files import launch_page, lesson_file, player_files
from course_packages.zip_file import Content, Files

_KIND = "conformance"
_EDITIONS: Mapping[str, Edition] = {"scorm12": SCORM_12, "scorm2004": SCORM_2004}
_OTHER_EDITION = "_2004"
"""What is put behind the identifiers of items in a package of 2004 that goes into Moodle; no id of ours has an underscore.

There an activity that had a package of 1.2 would keep its tracks under the same identifiers, and its player of 2004 breaks at
them (docs/decisions/0022-which-target-is-pushed.md). Packages for other platforms keep the identifiers that they always had.
"""


@dataclass(frozen=True)
class TargetFiles:
    """Every file of a built target by its name; `scos` is empty for what no learning platform opens."""

    files: Files
    identifier: str
    languages: tuple[Language, ...]
    scos: tuple[Sco, ...] = ()


def target_files(
    course: Course, target: ScormTarget | HtmlTarget = DEFAULT_TARGETS[0], cache: BuildCache | None = None
) -> TargetFiles:
    """What the target consists of. For SCORM the structural rules of the standard hold for the files.

    A manifest and names for which an earlier build has found that, by `cache`, are not judged again.

    Raises ContentError where the course cannot become a package that keeps them, or where what a learner
    does in it may not fit into what platforms keep.
    """
    course = in_languages(course, target)
    if isinstance(target, HtmlTarget):
        files = player_files(course, adapter="offline")
        return TargetFiles(Files(files), manifest_identifier(course), course.languages.offered)
    edition = _EDITIONS[target.kind]
    files = player_files(course, adapter=target.kind)
    if target.scos == "lessons":
        scos, shared = _lessons_as_scos(course, files)
    else:
        _refuse_large_state(course)
        title = course.title.in_language(course.languages.default)
        passing = course.passing.score if course.passing else None
        scos, shared = (Sco(course.id, title, LAUNCH_PAGE, tuple(files), passing),), ()
    if target.kind == "scorm2004" and target.push:
        scos = tuple(replace(sco, mark=_OTHER_EDITION) for sco in scos)
    manifest = write_manifest(course, edition, scos, shared)
    files = {**files, **edition.read_schema_files(), MANIFEST: manifest}
    _judge(files.keys(), manifest, f"{course.slug} {target_name(target)}", cache)
    return TargetFiles(Files(files), manifest_identifier(course), course.languages.offered, scos)


def _judge(names: Collection[str], manifest: bytes, of: str, cache: BuildCache | None) -> None:
    """Raises ContentError where the structural rules do not hold; they see nothing but names and manifest."""
    judged = hashlib.sha256("\n".join([*sorted(names), ""]).encode() + manifest).hexdigest()
    if cache is not None and cache.get(_KIND, of) == judged:
        return
    from course_packages.conformance import conformance_problems  # late: most changes leave nothing to judge

    if problems := conformance_problems(names, manifest):
        raise ContentError(problems)
    if cache is not None:
        cache.put(_KIND, of, judged)


def in_languages(course: Course, target: ScormTarget | HtmlTarget) -> Course:
    """The course with the languages of the target only; its default is the course's own, else the first."""
    if not target.languages:
        return course
    default = course.languages.default
    chosen = default if default in target.languages else target.languages[0]
    languages = replace(course.languages, default=chosen, offered=target.languages)
    lessons = []
    for lesson in course.lessons:
        texts = {
            language: lesson.texts[language] for language in target.languages if language in lesson.texts
        }
        if texts:  # a lesson can be hidden in a language that it lacks
            lessons.append(replace(lesson, texts=texts))
    return replace(course, languages=languages, lessons=tuple(lessons))


def course_of_lesson(course: Course, lesson: Lesson) -> Course:
    """The course as if it were this lesson alone: with its own status, score and saved state."""
    graded = any(kept.graded for kept in lesson.kept)
    return replace(course, lessons=(lesson,), passing=course.passing if graded else None)


def _lessons_as_scos(course: Course, files: dict[str, Content]) -> tuple[tuple[Sco, ...], tuple[str, ...]]:
    """A SCO for every lesson; changes `files`: one page for each lesson takes the place of the course's."""
    del files[LAUNCH_PAGE]
    scos = []
    for lesson in course.lessons:
        alone = course_of_lesson(course, lesson)
        _refuse_large_state(alone)
        page = f"{lesson.id}.html"
        files[page] = launch_page(alone, files)
        own = (page, *(lesson_file(lesson, language) for language in lesson.texts))
        title = (lesson.texts.get(course.languages.default) or next(iter(lesson.texts.values()))).title
        passing = alone.passing.score if alone.passing else None
        scos.append(Sco(f"{course.id}-{lesson.id}", title, page, own, passing))
    listed = {name for sco in scos for name in sco.files}
    return tuple(scos), tuple(name for name in files if name not in listed)


def _refuse_large_state(course: Course) -> None:
    if problem := state_problem(course):
        raise ContentError([problem])
