"""The pushed example academy, compared three ways with its site."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click.testing
import pytest

from lms_sync.academy import BuiltAcademy, build_academy, read_academy
from lms_sync.applied import read_base
from lms_sync.apply import ApplyReport
from lms_sync.cli import commands
from lms_sync.clock import SystemClock
from lms_sync.drift import ObjectDrift
from lms_sync.people import known_accounts, read_people
from lms_sync.plan import PlanOptions
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.store.database import open_database, reading
from moodle_standin.seed import build_site
from moodle_standin.server import create_app
from tests.pushed_academy import COURSE, TOKEN, Push, Server, copy_example, seed_of

COURSE_FILE = f"courses/{COURSE}/course.yaml"
QUIZ_FILE = f"quizzes/{COURSE}.yaml"
MORE_KINDS = """\
      - {id: hello, kind: label, title: {sq: "Tung", en: "Hello"}, text: {sq: "**Tung**", en: "**Hello**"}}
      - {id: law, kind: url, url: "https://example.org/law", title: {sq: "Ligji", en: "The law"}}
      - id: own-work   # handed in
        kind: assignment
        title: {sq: "Punë", en: "Work"}
        text: {sq: "Ngarkoni një faqe.", en: "Upload a page."}
        submit: [text, files]   # both
        points: 20
        pass: 12
        due: 2027-05-15   # after Easter
        available: {from: 2027-03-02, until: 2027-06-30 17:00, groups: [dimal]}  # not before
        completion: submitted
"""
EXCEPTIONS = """\
overrides:   # the flood
  - {institution: lushnje, closes: 2027-06-30, attempts: 5}  # until it is dry
"""


@dataclass
class Edited:
    """A pushed site, with hands to edit it as teachers do."""

    push: Push

    @property
    def site(self) -> Any:
        return self.push.site

    @property
    def folder(self) -> Path:
        return self.push.folder

    def prepare(self, base: bool = True, **options: Any) -> Prepared:
        with reading(self.push.engine) as connection:
            known = known_accounts(connection, "main")
            remembered = read_base(connection, "main") if base else {}
        settings = self.push.settings
        client = self.push.client()
        try:
            return prepare(
                client,
                self.push.built,
                settings,
                settings.sites["main"],
                options=PlanOptions(**options),
                known=known,
                base=remembered,
            )
        finally:
            client.close()

    def apply(self, **options: Any) -> tuple[ApplyReport, Prepared]:
        settings = self.push.settings
        client = self.push.client()
        try:
            return apply_prepared(
                client,
                self.push.engine,
                "main",
                self.prepare(**options),
                settings,
                settings.sites["main"],
                self.folder,
                SystemClock(),
                again=lambda: self.prepare(**options),
            )
        finally:
            client.close()

    def drift(self, **options: Any) -> tuple[ObjectDrift, ...]:
        return self.prepare(**options).judged.drift

    def told(self, **options: Any) -> list[tuple[str, str, str, str]]:
        """Kind, key, field and standing of everything that drifts."""
        return told(self.drift(**options))

    def work(self, **options: Any) -> list[tuple[str, str, str]]:
        return [(one.action.value, one.kind.value, one.key) for one in self.prepare(**options).plan.work]

    def refused(self, **options: Any) -> list[tuple[str, str]]:
        return [(one.key, one.reason) for one in self.prepare(**options).plan.refused]

    def read(self, path: str) -> str:
        return (self.folder / path).read_bytes().decode("utf-8")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_bytes(text.encode("utf-8"))
        self.rebuild()

    def set_text(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert text.count(old) == 1, text.count(old)
        self.write(path, text.replace(old, new))

    def rebuild(self) -> None:
        self.push.built = build_academy(read_academy(self.folder), manuals=False)

    def run(self, *arguments: str) -> click.testing.Result:
        """A verb of the command; its result with what it said."""
        runner = click.testing.CliRunner(catch_exceptions=False)
        return runner.invoke(
            commands, [*arguments, "--dir", str(self.folder)], standalone_mode=False, catch_exceptions=False
        )

    # --- what there is on the site

    def course(self) -> Any:
        return self.push.course()

    def shelf(self) -> Any:
        return self.site.course_categories[self.course().category]

    def section(self, name: str) -> Any:
        return self.site.sections[self.site.owned[self.course().id, "section", f"{COURSE}/{name}"].objectid]

    def module(self, name: str) -> Any:
        return next(one for one in self.site.modules.values() if one.idnumber == f"{COURSE}/{name}")

    def scorm(self) -> Any:
        return self.site.scorms[self.module("package").instance]

    def quiz(self) -> Any:
        return self.site.quizzes[self.module("final").instance]

    def question_category(self) -> Any:
        return next(one for one in self.site.question_categories.values() if one.idnumber == COURSE)

    def entry(self, name: str = "receiving-no-unit") -> Any:
        return next(one for one in self.site.bank_entries.values() if one.idnumber == f"{COURSE}:{name}")

    def event(self, key: str) -> Any:
        return self.site.events[self.site.owned[self.course().id, "event", key].objectid]

    def cohort(self) -> Any:
        return min(
            (one for one in self.site.cohorts.values() if one.idnumber.startswith("institution-")),
            key=lambda one: one.idnumber,
        )

    def group(self) -> Any:
        return min(self.site.groups.values(), key=lambda one: one.idnumber)

    def enrolment(self, who: str = "arjola.cela") -> Any:
        user = next(one for one in self.site.users.values() if one.username == who)
        (found,) = self.site.enrolments_of(self.course().id, user.id)
        return found

    # --- what teachers do

    def delete_group(self) -> None:
        """Deletes the first group, and as Moodle does, its calendar events."""
        number = self.group().id
        del self.site.groups[number]
        for event in [one for one in self.site.events.values() if one.groupid == number]:
            del self.site.events[event.id]

    def change_question(self, which: str = "receiving-no-unit", /, **fields: Any) -> None:
        """Changes the latest version in place, as Moodle does with names, tags and status."""
        latest = self.entry(which).latest
        self.site.questions[latest.questionid] = dataclasses.replace(
            self.site.questions[latest.questionid], **fields
        )

    def new_version(self, which: str = "receiving-no-unit", /, **fields: Any) -> None:
        """Saves the question form, which makes a new version."""
        entry = self.entry(which)
        number = self.site.next_id("question")
        old = self.site.questions[entry.latest.questionid]
        self.site.questions[number] = dataclasses.replace(old, id=number, **fields)
        entry.versions.append(
            dataclasses.replace(entry.latest, version=entry.latest.version + 1, questionid=number)
        )


def told(drifts: Iterable[ObjectDrift]) -> list[tuple[str, str, str, str]]:
    """Kind, key, field and standing of each field."""
    return [(one.kind.value, one.key, two.name, two.standing.value) for one in drifts for two in one.fields]


@pytest.fixture(scope="session")
def built_small(tmp_path_factory: pytest.TempPathFactory) -> BuiltAcademy:
    """The archive officers' academy with one lesson and one topic of questions: what a test builds again is small."""
    folder = tmp_path_factory.mktemp("small") / "academy"
    copy_example(folder)
    course, quiz = folder / COURSE_FILE, folder / QUIZ_FILE
    text = course.read_text(encoding="utf-8")
    for name in ("protocol-book", "filing-plan", "boxes-and-folders", "handing-over", "citizen-request"):
        text = "".join(line for line in text.splitlines(keepends=True) if f"id: {name}," not in line)
        shutil.rmtree(course.parent / "lessons" / name)
    # The kinds that the example does without, so that every kind is compared.
    text = text.replace("complete_when:", MORE_KINDS + "complete_when:")
    course.write_text(text, encoding="utf-8")
    text = quiz.read_text(encoding="utf-8")
    text = text.replace("settings:\n", EXCEPTIONS + "settings:\n", 1)
    slots = text.index("  - {use: protocol-match-numbers}")
    questions = text.index("\nquestions:")
    second = text.index("  # ---- ", text.index("# ---- ") + 1)
    quiz.write_text(text[:slots] + text[questions:second], encoding="utf-8")
    return build_academy(read_academy(folder), manuals=False)


@pytest.fixture(scope="session")
def small_once(
    server: Server, built_small: BuiltAcademy, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    """An academy folder and its site after one apply; every test gets copies of both."""
    folder = tmp_path_factory.mktemp("pushed") / "academy"
    shutil.copytree(built_small.academy.folder, folder)
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    site = build_site(seed_of(read_people(folder).participants))
    site.settings.url = server.url
    server.app = create_app(site)
    one = _edited(folder, site, server, built_small)
    one.push.configure()
    report, left = one.apply()
    assert report.complete
    assert not left.plan.work
    one.push.engine.dispose()
    return folder, site


def _edited(folder: Path, site: Any, server: Server, built: BuiltAcademy) -> Edited:
    built = replace(built, academy=replace(built.academy, folder=folder))
    engine = open_database(f"sqlite:///{folder}/.lms-sync/state.db")
    return Edited(Push(folder, built, site, server.url, engine))


@pytest.fixture
def edited(
    small_once: tuple[Path, Any], server: Server, built_small: BuiltAcademy, tmp_path: Path
) -> Iterator[Edited]:
    """A site as the last apply left it, and the academy that it came from."""
    folder = tmp_path / "academy"
    shutil.copytree(small_once[0], folder)
    site = copy.deepcopy(small_once[1])
    server.app = create_app(site)
    one = _edited(folder, site, server, built_small)
    yield one
    one.push.engine.dispose()
