"""An academy folder as a whole: its courses and quizzes read, checked together, and built."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from authoring.build_cache import BuildCache
from authoring.course import Course, read_course
from authoring.problems import ContentError, Place, Problem
from authoring.target import target_name
from course_packages import ScormPackage, build_target, lessons_ahead
from lms_sync.course_content import BuiltPackage, CourseContent, asking_activities
from lms_sync.edition import OF_TARGET
from lms_sync.manuals import BuiltManual, build_manuals
from lms_sync.quiz_files import Banks, BanksOnDisk, QuizFiles, UsedQuizzes, Wanted
from lms_sync.write_files import put_in_place, refuse_links, write_durably

if TYPE_CHECKING:
    from lms_sync.people import People
    from programmes import Programme, Questionnaire
    from quizzes import Quiz


@dataclass(frozen=True)
class Academy:
    """Everything that trainers have written: courses by id, quizzes by slug, and warnings about both.

    `questionnaires` are those that courses ask, by slug.
    """

    folder: Path
    courses: Mapping[str, Course]
    quizzes: QuizFiles
    warnings: tuple[Problem, ...] = ()
    questionnaires: Mapping[str, Questionnaire] = field(default_factory=dict)


@dataclass(frozen=True)
class BuiltAcademy:
    """An academy with its packages and banks on disk; `banks` says how many questions the bank of each quiz holds."""

    academy: Academy
    content: tuple[CourseContent, ...]
    packages: tuple[ScormPackage, ...]
    banks: Mapping[str, int] = field(default_factory=dict)
    manuals: tuple[BuiltManual, ...] = ()

    @property
    def people(self) -> People:
        """The institutions and participants, read anew; raises ContentError."""
        from lms_sync.adopted import read_adopted
        from lms_sync.people import read_people

        adopted = [course.key for course in read_adopted(self.academy.folder)]
        return read_people(self.academy.folder, courses=[*self.academy.courses, *adopted])

    @cached_property
    def programmes(self) -> tuple[Programme, ...]:
        """The programmes, read once; raises ContentError."""
        from programmes import read_programmes

        return read_programmes(self.academy.folder)


def read_academy(folder: Path, cache: BuildCache | None = None, *, wanted: Wanted = "quizzes") -> Academy:
    """Reads every course and quiz below `folder`; raises ContentError with the problems of all of them.

    Lessons and quizzes that have not changed since an earlier build are taken from `cache`; `wanted` says what will be
    asked of the quizzes: where it is their banks, the files of the lessons are made as well.
    """
    problems: list[Problem] = []
    warnings: list[Problem] = []
    courses: dict[str, Course] = {}
    maker = lessons_ahead if wanted == "banks" else None
    for path in sorted((folder / "courses").glob("*/course.yaml")):
        try:
            course = read_course(path.parent, root=folder, cache=cache, maker=maker)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        if course.id in courses:
            problems.append(Problem("academy.course-twice", {"id": course.id}, Place(_name(path, folder), 1)))
        courses[course.id] = course
        warnings.extend(course.warnings)
    quizzes = QuizFiles(folder, cache, wanted).read()
    problems.extend(quizzes.problems)
    warnings.extend(quizzes.warnings)
    problems.extend(_unknown_quizzes(folder, courses, quizzes))
    asked, odd = _questionnaires_asked(folder, courses)
    problems.extend(one for one in odd if one.severity == "error")
    warnings.extend(one for one in odd if one.severity != "error")
    if not courses and not quizzes and not problems:
        problems.append(Problem("academy.empty", {"folder": str(folder.resolve())}))
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ContentError([*problems, *warnings])
    return Academy(folder, courses, quizzes, tuple(warnings), asked)


def _questionnaires_asked(
    folder: Path, courses: Mapping[str, Course]
) -> tuple[dict[str, Questionnaire], list[Problem]]:
    """The questionnaires of the folder where a course asks one, and what is to be said of that."""
    if not any(asking_activities(course) for course in courses.values()):
        return {}, []
    from lms_sync.course_questionnaires import questionnaire_problems
    from programmes import read_questionnaires

    try:
        asked = {one.id: one for one in read_questionnaires(folder)}
    except ContentError as error:
        return {}, list(error.problems)
    return asked, [one for course in courses.values() for one in questionnaire_problems(course, asked)]


def _unknown_quizzes(
    folder: Path, courses: Mapping[str, Course], quizzes: Mapping[str, Quiz]
) -> list[Problem]:
    present = {path.stem for path in (folder / "quizzes").glob("*.yaml")} | quizzes.keys()
    return [
        Problem(
            "academy.unknown-quiz",
            {"quiz": activity.quiz, "activity": activity.id, "known": ", ".join(sorted(quizzes)) or "-"},
            Place(f"courses/{course.slug}/course.yaml"),
        )
        for course in courses.values()
        if not present.issuperset(course.quizzes)
        for section in course.sections
        for activity in section.activities
        if activity.kind == "quiz" and activity.quiz not in present
    ]


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _write_other_languages(
    academy: Academy, quiz: Quiz, folder: Path, slug: str, said: Callable[[str], None]
) -> None:
    """A bank for each language beside the default one, where a site cannot show several languages of one text."""
    from quizzes import language_banks

    for language, bank in language_banks(quiz).items():
        if language == quiz.languages.default:
            continue
        target = folder / f"{slug}.{language}.moodle.xml"
        refuse_links(target, below=academy.folder)
        _write_when_new(target, bank.xml)
        said(_name(target, academy.folder))


def build_academy(
    academy: Academy,
    *,
    multilang: bool = True,
    said: Callable[[str], None] = lambda name: None,
    cache: BuildCache | None = None,
    manuals: bool = True,
) -> BuiltAcademy:
    """Builds every package and bank into `build/<slug>/`; `said` is told each file's name. Raises ContentError.

    What an earlier build has packed is taken from its package, as far as `cache` knows it. `manuals` are for paper: a site
    does not ask for them.
    """
    out = academy.folder / "build"
    banks = _write_banks(academy, out, multilang, said, cache)
    content: list[CourseContent] = []
    packages: list[ScormPackage] = []
    for course in academy.courses.values():
        pushed = None
        for wanted in course.targets if course.lessons else ():  # a course may be activities only
            path = out / course.slug / f"{course.slug}-{target_name(wanted)}.zip"
            refuse_links(path, below=academy.folder)
            package = build_target(course, wanted, path, cache)
            packages.append(package)
            said(_name(path, academy.folder))
            if wanted == course.pushed_target:
                items = frozenset(package.items)
                edition = OF_TARGET[wanted.kind]
                pushed = BuiltPackage(
                    path, package.sha1, package.size, items, package.content_sha256, edition
                )
        used = UsedQuizzes(course.quizzes, banks)
        asked = {activity.id: academy.questionnaires[slug] for slug, activity in asking_activities(course)}
        content.append(CourseContent(course, pushed, used, _files(course), asked))
    printed = [
        manual
        for course in (academy.courses.values() if manuals else ())
        for manual in build_manuals(course, academy.folder, cache, said)
    ]
    questions = {slug: academy.quizzes.file(slug).questions[slug] for slug in academy.quizzes}
    return BuiltAcademy(academy, tuple(content), tuple(packages), questions, tuple(printed))


def _write_banks(
    academy: Academy, out: Path, multilang: bool, said: Callable[[str], None], cache: BuildCache | None
) -> Banks:
    """Writes the banks that do not lie there already; the others are made when somebody asks for them."""
    banks = Banks(academy.quizzes, multilang=multilang)
    # Without it there are several files for each quiz, which nobody keeps account of.
    on_disk = BanksOnDisk(cache if multilang else None)
    targets = {slug: out / slug / f"{slug}.moodle.xml" for slug in academy.quizzes}
    files = {slug: academy.quizzes.file(slug) for slug in targets}
    wanted = {slug for slug, target in targets.items() if not on_disk.has(slug, files[slug].digest, target)}
    banks.make_ahead(wanted)
    for slug, target in targets.items():
        if slug in wanted:
            if not multilang:
                _write_other_languages(academy, academy.quizzes[slug], out / slug, slug, said)
            refuse_links(target, below=academy.folder)
            if (made := banks.file(slug)) is not None:
                put_in_place(made, target)
            else:
                _write_when_new(target, banks[slug].xml)
            on_disk.put(slug, files[slug].digest, target)
        said(_name(target, academy.folder))
    academy.quizzes.tidy()
    return banks


def _files(course: Course) -> dict[str, BuiltPackage]:
    if not course.names.files:
        return {}
    from authoring.check_activity import file_of

    found = {}
    for activity in course.activities:
        if activity.kind == "package" and activity.file:
            from lms_sync.foreign_packages import foreign_package

            found[activity.id] = foreign_package(activity, course)
        elif activity.kind == "file":
            path = file_of(activity.file, course.folder)
            try:
                with path.open("rb") as file:
                    sha1 = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
                found[activity.id] = BuiltPackage(path, sha1, path.stat().st_size)
            except OSError as error:
                values = {"id": activity.id, "file": activity.file}
                raise ContentError([Problem("course.file-missing", values, Place(course.file))]) from error
    return found


def _write_when_new(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        write_durably(path, content)
