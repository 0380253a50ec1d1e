"""A small academy made from the example, with ids that no site has yet; and an office that runs the product on it."""

from __future__ import annotations

import csv
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from sites import STUDENT_ROLE, SiteUnderTest

from lms_sync.academy import BuiltAcademy, build_academy, read_academy
from lms_sync.apply import ApplyReport
from lms_sync.clock import SystemClock
from lms_sync.desired import CourseContent
from lms_sync.package_data import example_academy
from lms_sync.people import known_accounts
from lms_sync.plan import PlanOptions
from lms_sync.pull import PullReport, courses_on_site, pull
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.settings import PeopleSettings, SiteSettings
from lms_sync.store.database import open_database, reading

EXAMPLE = "archive-officers"
SITE = "contract"

# Every type of which one chooses, matches or types is among them; two topics, so that random slots have tags to choose by.
QUESTIONS = (
    "receiving-first-step", "citizen-routes", "receiving-stamp-meaning",
    "receiving-missing-attachment", "receiving-no-unit", "receiving-delivery-book",
    "protocol-match-numbers", "protocol-next-number", "protocol-count-numbers",
    "protocol-two-matters", "protocol-internal-order", "protocol-good-entries",
)  # fmt: skip
SLOTS: tuple[Mapping[str, object], ...] = (
    {"use": "receiving-first-step"},
    {"use": "protocol-match-numbers"},
    {"use": "protocol-count-numbers"},
    {"draw": 2, "tags": ["receiving"]},
    {"draw": 2, "tags": ["protocol"]},
)
LESSONS = ("receiving-documents", "protocol-book")


class AcademyOnTrial:
    """An academy folder of the run: one course with one package and one quiz, all ids beginning with `prefix`."""

    def __init__(
        self,
        prefix: str,
        *,
        questions: Collection[str] = QUESTIONS,
        slots: Sequence[Mapping[str, object]] = SLOTS,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="lms-sync-academy-")
        self.folder = Path(self._temporary.name)
        self.prefix = prefix
        self.category = f"{prefix}-academy"
        self.course = f"{prefix}-archive"
        self.quiz = f"{prefix}-final"
        source = example_academy(EXAMPLE)
        self._copy_course(source / "courses" / EXAMPLE)
        self._copy_quiz(source / "quizzes" / f"{EXAMPLE}.yaml", questions, slots)
        (self.folder / "people").mkdir()

    def close(self) -> None:
        self._temporary.cleanup()

    def _copy_course(self, source: Path) -> None:
        target = self.folder / "courses" / self.course
        shutil.copytree(source, target)
        for lesson in (target / "lessons").iterdir():
            if lesson.name not in LESSONS:
                shutil.rmtree(lesson)
        self.change_course(self._reduce)

    def _reduce(self, course: dict[str, Any]) -> None:
        course["id"] = self.course
        course["category"]["id"] = self.category
        # Titles of shelves need not be unique in Moodle, but who looks at the site should see what this is.
        course["category"]["title"] = {"sq": f"Provë {self.prefix}", "en": f"Trial {self.prefix}"}
        course["lessons"] = [one for one in course["lessons"] if one["id"] in LESSONS]
        for section in course["sections"]:
            # The other kinds have a suite of their own.
            section["activities"] = [
                {**one, **({"quiz": self.quiz} if one["kind"] == "quiz" else {})}
                for one in section["activities"]
                if one["kind"] in ("package", "quiz")
            ]
        course["sections"] = [section for section in course["sections"] if section["activities"]]

    def _copy_quiz(self, source: Path, names: Collection[str], slots: Sequence[Mapping[str, object]]) -> None:
        quiz = yaml.safe_load(source.read_text(encoding="utf-8"))
        quiz["id"] = self.quiz
        found = {one["id"]: one for one in quiz["questions"]}
        quiz["questions"] = [found[name] for name in names]
        quiz["slots"] = list(slots)
        self._write(self._quiz_file, quiz)

    @property
    def _course_file(self) -> Path:
        return self.folder / "courses" / self.course / "course.yaml"

    @property
    def _quiz_file(self) -> Path:
        return self.folder / "quizzes" / f"{self.quiz}.yaml"

    @staticmethod
    def _write(path: Path, value: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8", newline="\n"
        )

    def change_course(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Rewrites course.yaml."""
        course = yaml.safe_load(self._course_file.read_text(encoding="utf-8"))
        change(course)
        self._write(self._course_file, course)

    def change_quiz(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Rewrites the quiz file."""
        quiz = yaml.safe_load(self._quiz_file.read_text(encoding="utf-8"))
        change(quiz)
        self._write(self._quiz_file, quiz)

    def change_lesson(self) -> None:
        """A trainer adds a sentence to a lesson, in both languages."""
        for path in sorted(
            (self.folder / "courses" / self.course / "lessons" / LESSONS[0]).glob("lesson.*.md")
        ):
            path.write_text(
                path.read_text(encoding="utf-8").rstrip() + "\n\n214.\n", encoding="utf-8", newline="\n"
            )

    def write_people(
        self, people: Sequence[Mapping[str, str]], institutions: Mapping[str, tuple[str, str]]
    ) -> None:
        """Writes both people files."""
        with (self.folder / "people" / "institutions.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["code", "name_sq", "name_en", "kind"])
            writer.writerows([code, *names, "municipality"] for code, names in institutions.items())
        with (self.folder / "people" / "participants.csv").open("w", encoding="utf-8", newline="") as file:
            columns = ["idnumber", "username", "email", "firstname", "lastname", "institution", "courses"]
            table = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
            table.writeheader()
            table.writerows({**person, "courses": self.course} for person in people)

    def build(self) -> BuiltAcademy:
        """Reads and builds everything that a site asks for."""
        return build_academy(read_academy(self.folder), manuals=False)

    @property
    def content(self) -> CourseContent:
        """The one course, built."""
        return self.build().content[0]


class Office:
    """An administrator's installation: an academy, a state database, the verbs plan, apply and pull."""

    def __init__(
        self, site: SiteUnderTest, academy: AcademyOnTrial, people: PeopleSettings | None = None
    ) -> None:
        self.site = site
        self.academy = academy
        self.settings = site.settings.model_copy(update={"people": people or PeopleSettings()})
        self.site_settings: SiteSettings = self.settings.sites[SITE]
        assert self.site_settings.student_role_id == STUDENT_ROLE
        self.clock = SystemClock()
        self._database = academy.folder / "state.db"
        self.engine = open_database(f"sqlite:///{self._database}")
        self.built = academy.build()

    def rebuild(self) -> None:
        """After the trainers changed their files."""
        self.built = self.academy.build()

    def forget(self) -> None:
        """The state database is lost."""
        self.engine.dispose()
        for path in self.academy.folder.glob("state.db*"):
            path.unlink()
        self.engine = open_database(f"sqlite:///{self._database}")

    def plan(self, options: PlanOptions | None = None) -> Prepared:
        with reading(self.engine) as connection:
            known = known_accounts(connection, SITE)
        return prepare(
            self.site.client, self.built, self.settings, self.site_settings, known=known, options=options
        )

    def apply(self) -> tuple[ApplyReport, Prepared, float]:
        """Plans and applies; the report, what is left, and the seconds."""
        started = time.monotonic()
        report, left = apply_prepared(
            self.site.client,
            self.engine,
            SITE,
            self.plan(),
            self.settings,
            self.site_settings,
            self.academy.folder,
            self.clock,
            again=self.plan,
        )
        return report, left, time.monotonic() - started

    def pull(self) -> PullReport:
        courses, warnings = courses_on_site(self.site.client, [self.academy.course])
        assert not warnings
        return pull(self.site.client, self.engine, SITE, courses, self.clock)

    def close(self) -> None:
        self.engine.dispose()
        self.academy.close()
