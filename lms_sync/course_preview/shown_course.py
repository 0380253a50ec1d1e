"""What a preview shows of a course: its newest good build, and what is wrong with its files now.

Files are watched by looking at their sizes and times, not by asking the system to tell of changes: a look at a few
hundred files takes a millisecond, works on network drives and shared folders, where systems tell nothing, and needs no
further library. Nothing is written into the course; converted pictures go where `build` keeps them.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from authoring.build_cache import BuildCache, Stamp, walk
from authoring.course import Course, read_course
from authoring.course_checks import course_checks
from authoring.languages import Language
from authoring.problems import ContentError, Place, Problem, in_reading_order
from authoring.read_yaml import relative_name
from authoring.target import HtmlTarget, ScormTarget
from course_packages import target_files
from course_packages.zip_file import Content, Made
from lms_sync.foreign_packages import foreign_problems
from lms_sync.saved_files import PASSING, SavedFiles

PAUSE_SECONDS = 0.03
"""Between two questions whether to look at the files: what was saved last is looked at each time."""
QUIET_SECONDS = 0.15
"""After a change the machine is left to the browser for so long; then comes what takes longer than a look."""
AT_ONCE_SECONDS = 0.05
"""How long at a time is spent on what nobody waits for."""

_BESIDE = ("theme", "quizzes", "programmes")
"""Folders of the academy that a course's package or its checks rest on."""
_TO_ACADEMY = "../../"
_LESSON = re.compile(r"lessons/([^/]+)/lesson\.([A-Za-z-]+)\.md$")


@dataclass(frozen=True)
class Look:
    """What one look at the course came to.

    `number` grows with every look that has something to tell, `build` with every good build (0: none yet), of which
    `contents` are the files. `broken` says that the files as they are now are not what is shown. `changed` are the
    files that led to it, the newest saved at `saved_ms` (milliseconds since 1970).
    """

    number: int = 0
    build: int = 0
    broken: bool = False
    title: str = ""
    title_language: Language = ""
    languages: tuple[Language, ...] = ()
    contents: Mapping[str, Content] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    changed: tuple[str, ...] = ()
    saved_ms: float = 0


class ShownCourse:
    """A course that is read again when a file of it changes. One thread looks; any thread may read `now`."""

    def __init__(
        self,
        folder: Path,
        root: Path,
        today: Callable[[], datetime.date],
        languages: tuple[Language, ...] = (),
    ) -> None:
        """`languages` are those that are shown, all where none is named. Nothing is read before `look`."""
        self.folder = folder
        self.root = root
        self.today = today
        self.languages = languages
        self.now = Look()
        self._cache = BuildCache(root)  # what `build` found out is used, and never written
        self._files = SavedFiles(self._stamps, folder)
        self._kept: dict[str, bytes] = {}
        self._to_keep: Iterator[None] = iter(())
        self._course: Course | None = None  # of the newest look, where it could be built
        self._unchecked: Course | None = None
        self._slow: frozenset[str] = frozenset()
        self._quiet_from = 0.0

    def watch(self, stop: threading.Event, tell: Callable[[], object]) -> None:
        """Looks again and again until `stop` is set; `tell` is called whenever `now` has become another."""
        while not stop.wait(PAUSE_SECONDS):
            if self.look():
                tell()
            elif time.monotonic() > self._quiet_from:
                if self.check():
                    tell()
                self._keep_some()

    def look(self) -> bool:
        """Builds where a file has changed since the last look, and says whether one had."""
        if not self._files.due() or (changed := self._files.changed()) is None:
            return False
        stamps = self._files.seen or {}
        self._build(changed, max((stamps[name][1] for name in changed if name in stamps), default=0))
        self._unchecked = self._course
        self._quiet_from = time.monotonic() + QUIET_SECONDS
        return True

    def _build(self, changed: tuple[str, ...], saved_ns: int) -> None:
        shown = tuple(name.removeprefix(_TO_ACADEMY) for name in changed)
        told = replace(self.now, number=self.now.number + 1, changed=shown, saved_ms=saved_ns / 1e6)
        self._course = None
        try:
            course = read_course(self.folder, root=self.root, cache=self._cache, draft=True)
            built = target_files(course, ScormTarget(kind="scorm12", languages=self._shown(course)))
        except ContentError as error:
            self.now = replace(told, broken=True, problems=tuple(error.problems))
            return
        except Exception as error:  # noqa: BLE001 - whatever a file holds, the preview stays
            values = {"kind": type(error).__name__, "reason": str(error)[:300]}
            self.now = replace(
                told, broken=True, problems=(Problem("command.unexpected", values, Place(self._name)),)
            )
            return
        self._course = course
        contents = dict(built.files.contents)
        self._to_keep = self._keep(contents)
        # What only the check below tells stays in sight until it has told it again.
        still = [problem for problem in told.problems if problem.code in self._slow]
        self.now = replace(
            told,
            build=told.build + 1,
            broken=False,
            title=course.title.in_language(course.languages.default),
            title_language=course.languages.default,
            languages=self._shown(course),
            contents=contents,
            problems=tuple(in_reading_order([*course.warnings, *still])),
        )

    def check(self) -> bool:
        """Adds what the verb `check` says of the newest build, where it was not asked yet; whether that is news."""
        course, self._unchecked = self._unchecked, None
        if course is None:
            return False
        found: list[Problem] = []
        try:
            found += course_checks(course, self.root, self.today())[0]
            found += foreign_problems(course)
            found += self._quizzes_that_are_not_there(course)
            for target in course.targets:
                plain = replace(target, push=False) if isinstance(target, ScormTarget) else target
                if plain != ScormTarget(kind="scorm12"):  # which is what was built
                    found += self._target_problems(course, target)
        except Exception as error:  # noqa: BLE001 - as above
            values = {"kind": type(error).__name__, "reason": str(error)[:300]}
            found.append(Problem("command.unexpected", values, Place(self._name)))
        self._slow = frozenset(problem.code for problem in found)
        problems = tuple(in_reading_order([*course.warnings, *found]))
        if problems == self.now.problems:
            return False
        self.now = replace(self.now, number=self.now.number + 1, problems=problems)
        return True

    @staticmethod
    def _target_problems(course: Course, target: ScormTarget | HtmlTarget) -> Iterable[Problem]:
        try:
            target_files(course, target)
        except ContentError as error:
            return error.problems
        return ()

    def _quizzes_that_are_not_there(self, course: Course) -> Iterator[Problem]:
        files = sorted((self.root / "quizzes").glob("*.yaml"))
        known = {path.stem for path in files}
        if not known.issuperset(course.quizzes):
            known |= _pre_tests(files, self.root)
        for activity in course.activities:
            if activity.kind == "quiz" and activity.quiz and activity.quiz not in known:
                names = ", ".join(sorted(known)) or "-"
                values = {"quiz": activity.quiz, "activity": activity.id, "known": names}
                yield Problem("academy.unknown-quiz", values, Place(course.file))

    def lesson_of(self, problem: Problem) -> tuple[str, str] | None:
        """The lesson and language that a problem is about, where it is about one."""
        found = _LESSON.search(problem.place.file)
        return (found[1], found[2]) if found else None

    def line_of(self, problem: Problem) -> str:
        """The line of the author's file that a problem is about; nothing where there is none to show."""
        if not problem.place.line:
            return ""
        path = (self.root / problem.place.file).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            return ""
        try:
            with path.open("rb") as stream:
                lines = stream.read(2_000_000).decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        if problem.place.line > len(lines):
            return ""
        return lines[problem.place.line - 1].strip()[:200]

    @property
    def _name(self) -> str:
        return relative_name(self.folder / "course.yaml", self.root)

    @property
    def offered(self) -> tuple[Language, ...]:
        """The languages of the course, shown or not; none where it cannot be built."""
        return self._course.languages.offered if self._course else ()

    def _shown(self, course: Course) -> tuple[Language, ...]:
        chosen = tuple(one for one in course.languages.offered if one in self.languages)
        return chosen or course.languages.offered

    def _stamps(self) -> dict[str, Stamp]:
        """Every file that counts, by its path from the course's folder."""
        found = walk(self.folder, "")
        for name in _BESIDE:
            found |= walk(self.root / name, f"/{_TO_ACADEMY}{name}")
        return {name[1:]: one for name, one in found.items() if not PASSING.search(name)}

    def _keep_some(self) -> None:
        until = time.monotonic() + AT_ONCE_SECONDS
        for _ in self._to_keep:
            if time.monotonic() > until:
                return

    def _keep(self, contents: dict[str, Content]) -> Iterator[None]:
        """Makes, one by one, what would otherwise be made of the author's file only when somebody opens the lesson."""
        kept: dict[str, bytes] = {}
        for name, content in list(contents.items()):
            if isinstance(content, Made) and content.key:
                with contextlib.suppress(ContentError):  # changed meanwhile: the next look tells
                    contents[name] = kept[content.key] = self._kept.get(content.key) or content.make()
            yield
        self._kept = kept


def _pre_tests(files: Iterable[Path], root: Path) -> set[str]:
    """The names of the pre-tests that quizzes give beside themselves; a quiz that cannot be read gives none."""
    from quizzes import read_quiz

    found: set[str] = set()
    for path in files:
        with contextlib.suppress(ContentError):
            quiz = read_quiz(path, root=root)
            found |= {quiz.pair.pre} if quiz.pair else set()
    return found
