"""A site with a history: a course that others made, people who learned in it, and a token that may only read."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from lms_sync.academy import BuiltAcademy
from lms_sync.clock import SystemClock
from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient
from lms_sync.people import read_people
from lms_sync.push import apply_prepared, prepare
from lms_sync.settings import Secret, load_settings
from lms_sync.store.database import open_database
from moodle_standin.seed import build_site
from moodle_standin.server import create_app
from moodle_standin.site import Site
from tests.cli.conftest import Ended, command
from tests.pushed_academy import COURSE, TOKEN, Server, seed_of

__all__ = ["Ended", "command"]

READING = "5" * 32

# Package's status and score, share of right answers in the quiz; None: did not take it.
WAYS: tuple[tuple[str, int | None, float | None], ...] = (
    ("passed", 95, 1.0),
    ("passed", 90, 0.9),
    ("passed", 80, 0.4),
    ("incomplete", None, None),
    ("failed", 40, 0.75),
)


@dataclass
class History:
    """A site as it was before us, and an empty folder for an academy that reads it."""

    site: Site
    url: str
    folder: Path
    course_id: int

    def configure(self, token: str = READING, **people: str) -> None:
        """A config.yaml for reading, with the token in its file."""
        people_lines = "".join(f"  {name}: {value}\n" for name, value in people.items())
        self.folder.mkdir(exist_ok=True)
        (self.folder / "config.yaml").write_text(
            f"language: en\nsites:\n  main:\n    url: {self.url}\n    token_file: token\n    read_only: true\n"
            + (f"people:\n{people_lines}" if people else ""),
            encoding="utf-8",
        )
        (self.folder / "token").write_text(token)
        (self.folder / "token").chmod(0o600)

    @property
    def adopted(self) -> dict[str, Any]:
        """The adopted course's file, read by another YAML reader than the product's."""
        found: dict[str, Any] = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        return found

    @property
    def file(self) -> Path:
        return self.folder / "adopted" / f"{COURSE}.yaml"

    def writes(self) -> list[str]:
        """What took effect on the site, by its own log."""
        return [json.loads(line)["function"] for line in self.site.log]


@pytest.fixture(scope="session")
def site_with_history(
    server: Server, built_example: BuiltAcademy, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """Ten people in a course, five of whom have learned; profiles and groups name their institutions."""
    folder = tmp_path_factory.mktemp("before") / "academy"
    shutil.copytree(built_example.academy.folder, folder)
    people_file = folder / "people" / "participants.csv"
    people_file.write_text(
        "\n".join(people_file.read_text(encoding="utf-8").split("\n")[:11]) + "\n", encoding="utf-8"
    )
    people = read_people(folder).participants
    seed = seed_of(people, reading_account={"token": READING})
    for user, person in zip(seed["users"], people, strict=True):
        user["institution"] = f"Bashkia {person.institution.title()}"
        user["department"] = "Arkivi"
    site = build_site(seed)
    site.settings.url = server.url
    server.app = create_app(site)
    (folder / "config.yaml").write_text(
        f"language: en\nsites:\n  main:\n    url: {server.url}\n    token_env: UNUSED\n", encoding="utf-8"
    )
    settings = load_settings(folder)
    client = MoodleClient(server.url, Secret(TOKEN))
    engine = open_database(f"sqlite:///{folder}/state.db")
    built = BuiltAcademy(
        type(built_example.academy)(folder, built_example.academy.courses, built_example.academy.quizzes),
        built_example.content,
        built_example.packages,
        built_example.banks,
    )

    def again() -> Any:
        return prepare(client, built, settings, settings.sites["main"])

    report, left = apply_prepared(
        client,
        engine,
        "main",
        again(),
        settings,
        settings.sites["main"],
        folder,
        SystemClock(),
        again=again,
    )
    assert report.complete
    course_id = left.observation.course_ids[COURSE]
    quiz = built.academy.quizzes[COURSE]
    for person, (status, score, right) in zip(people, WAYS, strict=False):
        learner = PracticeLearner(
            MoodleClient(server.url, mobile_token(server.url, person.username, "Learner-1"))
        )
        learner.take_package(course_id, status=status, score=score)
        if right is not None:
            learner.take_quiz(course_id, quiz, right=right)
        learner.client.close()
    client.close()
    engine.dispose()
    site.clock.set(site.now() + 600, frozen=False)  # nothing is of the running second
    site.log.clear()
    return site


@pytest.fixture
def history(site_with_history: Site, server: Server, tmp_path: Path) -> Iterator[History]:
    """The site as it was, for one test."""
    site = copy.deepcopy(site_with_history)
    server.app = create_app(site)
    course_id = next(one.id for one in site.courses.values() if one.idnumber == COURSE)
    yield History(site, server.url, tmp_path / "academy", course_id)
    server.app = None
