"""An example academy, built once, and a fresh stand-in Moodle over HTTP for every test."""

from __future__ import annotations

import copy
import json
import re
import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import Engine, select

from lms_sync.academy import BuiltAcademy, build_academy, read_academy
from lms_sync.apply import ApplyReport
from lms_sync.clock import SystemClock
from lms_sync.moodle.client import MoodleClient
from lms_sync.package_data import example_academy
from lms_sync.people import Participant, known_accounts, read_people
from lms_sync.plan import Change, PlanOptions
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.settings import Settings, load_settings, read_token
from lms_sync.store.database import open_database, reading
from lms_sync.store.schema import journal, run
from moodle_standin.seed import build_site
from moodle_standin.server import create_app

TOKEN = "7" * 32
COURSE = "archive-officers"
SESSIONS = ("tot-tirane", "pilot-shkoder", "pilot-lushnje", "pilot-permet", "berat-1")
SIX = "[bulqize, dimal, lushnje, permet, shkoder, vlore]"


def seed_of(people: tuple[Participant, ...] | list[Participant], **more: Any) -> dict[str, Any]:
    """A site on which everybody has an account and another course was there before."""
    return {
        "service_account": {"token": TOKEN},
        "users": [
            {
                "username": person.username,
                "password": "Learner-1",
                "firstname": person.firstname,
                "lastname": person.lastname,
                "email": person.email,
                "idnumber": person.idnumber if number % 2 == 0 else "",
                "lang": "sq",
            }
            for number, person in enumerate(people)
        ],
        "courses": [{"fullname": "Before", "shortname": "BEFORE", "users": [people[0].username]}],
        **more,
    }


class Server:
    """One real HTTP server for all tests of a process; each test puts its own site into it."""

    def __init__(self) -> None:
        self.app: Any = None
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve, log_level="error", access_log=False, lifespan="off", interface="asgi3"
        )
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        while not self.uvicorn.started:
            time.sleep(0.005)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.uvicorn.should_exit = True
    running.thread.join(timeout=10)


def copy_example(folder: Path) -> None:
    """Makes the archive officers' academy at `folder`, with the first of its sessions: 61 municipalities have very many.

    The three days to which six of them come are for one here: each day of each is a request, of which there are enough.
    """
    shutil.copytree(example_academy(COURSE), folder)
    path = folder / "programmes" / "archive-61.yaml"
    before, sessions, after = re.split(
        r"(?<=\nsessions:\n)|(?=\nmilestones:\n)", path.read_text(encoding="utf-8")
    )
    kept = [
        one
        for one in re.split(r"(?m)^(?=  - id: )", sessions)
        if one.startswith("  - id: ") and one.split()[2] in SESSIONS
    ]
    assert len(kept) == len(SESSIONS)
    assert kept[0].count(SIX) == 1
    kept[0] = kept[0].replace(SIX, "[lushnje]")
    path.write_text(before + "".join(kept) + after, encoding="utf-8")


@pytest.fixture(scope="session")
def built_example(tmp_path_factory: pytest.TempPathFactory) -> BuiltAcademy:
    """The archive officers' academy, built."""
    folder = tmp_path_factory.mktemp("built") / "academy"
    copy_example(folder)
    return build_academy(read_academy(folder), manuals=False)


@dataclass
class Push:
    """An academy folder, a site, and the way from one to the other."""

    folder: Path
    built: BuiltAcademy
    site: Any  # moodle_standin.site.Site: what an editor of the site does is done to its tables
    url: str
    engine: Engine
    slept: list[float] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return load_settings(self.folder)

    def client(self) -> MoodleClient:
        name, site = self.settings.site(None)
        return MoodleClient(self.url, read_token(name, site, self.folder), sleep=self.slept.append)

    def prepare(self, *, overwrite: bool = False, remember: bool = True) -> Prepared:
        known = {}
        if remember:
            with reading(self.engine) as connection:
                known = known_accounts(connection, "main")
        settings = self.settings
        options = PlanOptions(overwrite)
        client = self.client()
        try:
            return prepare(client, self.built, settings, settings.sites["main"], options=options, known=known)
        finally:
            client.close()

    def apply(
        self, *, overwrite: bool = False, report: ApplyReport | None = None, prepared: Prepared | None = None
    ) -> tuple[ApplyReport, Prepared]:
        settings = self.settings
        client = self.client()
        try:
            return apply_prepared(
                client,
                self.engine,
                "main",
                prepared or self.prepare(overwrite=overwrite),
                settings,
                settings.sites["main"],
                self.folder,
                SystemClock(),
                again=lambda: self.prepare(overwrite=overwrite),
                report=report,
            )
        finally:
            client.close()

    def work(self, **more: bool) -> list[tuple[str, str, str]]:
        """What is left to do: action, kind, key."""
        return [told(change) for change in self.prepare(**more).plan.work]

    def fault(self, match: str, kind: str, **more: Any) -> None:
        self.site.faults.add({"match": match, "kind": kind, **more})

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """Every write that took effect on the site."""
        return [json.loads(line) for line in self.site.log[since:]]

    def doubles(self) -> dict[str, int]:
        """Objects that were made more often than once, counted without the product's code."""
        return doubles(self.log())

    def set_people(self, edit: Callable[[list[str]], list[str]]) -> None:
        """Rewrites the rows of participants.csv."""
        path = self.folder / "people" / "participants.csv"
        head, *rows = path.read_text(encoding="utf-8").strip().split("\n")
        path.write_text("\n".join([head, *edit(rows)]) + "\n", encoding="utf-8")

    def set_text(self, path: str, old: str, new: str) -> None:
        """Changes an author's file and builds anew."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        self.built = build_academy(read_academy(self.folder), manuals=False)

    def configure(self, **people: str) -> None:
        lines = "".join(f"  {name}: {value}\n" for name, value in people.items())
        text = f"language: en\nsites:\n  main:\n    url: {self.url}\n    token_file: token\n"
        (self.folder / "config.yaml").write_text(
            text + ("people:\n" + lines if lines else ""), encoding="utf-8"
        )

    def journal(self) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(select(journal).order_by(journal.c.run_id, journal.c.step)))

    def runs(self) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(select(run).order_by(run.c.id)))

    def course(self) -> Any:
        return next(one for one in self.site.courses.values() if one.idnumber == COURSE)

    def user_id(self, username: str) -> int:
        return next(one.id for one in self.site.users.values() if one.username == username)


def told(change: Change) -> tuple[str, str, str]:
    return change.action.value, change.kind.value, change.key


def doubles(log: list[dict[str, Any]]) -> dict[str, int]:
    """Objects that a site's log shows to have been made more often than once."""
    made = Counter(
        ":".join(
            str(entry.get(name, "")) for name in ("what", "course", "idnumber", "key", "username", "userid")
        )
        + f":{entry.get('cohort', '')}:{entry.get('group', '')}"
        for entry in log
        if entry["action"] in ("create", "created", "add") and entry["what"] != "draft_file"
    )
    return {key: n for key, n in made.items() if n > 1}


@pytest.fixture(scope="session")
def not_pushed(
    server: Server, built_example: BuiltAcademy, empty_state: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    """The example's folder, ready to be pushed, and the site beside it; every test gets copies of both."""
    folder = tmp_path_factory.mktemp("example") / "academy"
    shutil.copytree(built_example.academy.folder, folder)
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    (folder / ".lms-sync").mkdir(exist_ok=True)
    shutil.copy(empty_state, folder / ".lms-sync" / "state.db")
    site = build_site(seed_of(read_people(folder).participants))
    site.settings.url = server.url
    return folder, site


@pytest.fixture(scope="session")
def pushed_once(
    server: Server,
    built_example: BuiltAcademy,
    not_pushed: tuple[Path, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Any]:
    """The same after one apply."""
    one = copied(not_pushed, server, built_example, tmp_path_factory.mktemp("pushed"))
    report, left = one.apply()
    assert report.complete
    assert not left.plan.work
    assert not one.slept
    one.engine.dispose()
    return one.folder, one.site


def copied(template: tuple[Path, Any], server: Server, built: BuiltAcademy, where: Path) -> Push:
    """A copy of folder and site; the site is put into the server."""
    folder = where / "academy"
    shutil.copytree(template[0], folder)
    site = copy.deepcopy(template[1])
    server.app = create_app(site)
    built = replace(built, academy=replace(built.academy, folder=folder))
    one = Push(folder, built, site, server.url, open_database(f"sqlite:///{folder}/.lms-sync/state.db"))
    one.configure()
    return one


@pytest.fixture
def push(
    server: Server, built_example: BuiltAcademy, not_pushed: tuple[Path, Any], tmp_path: Path
) -> Iterator[Push]:
    """The example academy beside a site with everybody's account; nothing is pushed yet."""
    one = copied(not_pushed, server, built_example, tmp_path)
    yield one
    one.engine.dispose()


@pytest.fixture
def pushed(
    server: Server, built_example: BuiltAcademy, pushed_once: tuple[Path, Any], tmp_path: Path
) -> Iterator[Push]:
    """The same, pushed once."""
    one = copied(pushed_once, server, built_example, tmp_path)
    yield one
    one.engine.dispose()
