"""A small help desk in a folder, the sites of the examples, and a stand-in Moodle with a forum and a glossary."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helpdesk import HelpDesk, Site, read_helpdesk
from lms_sync.helpdesk_site import make_site
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.functions import HELPDESK_FUNCTIONS
from lms_sync.settings import Secret
from moodle_standin.course_records import add_module
from moodle_standin.records import SimpleActivity
from moodle_standin.seed import build_site
from moodle_standin.server import create_app
from tests.cli.conftest import Ended, command
from tests.pushed_academy import Server

__all__ = ["Ended", "command"]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ("archive-officers", "inspectorate", "training-of-trainers")
TOKEN = "5" * 32

DESK = """\
schema: helpdesk/1
title: {en: "Help desk", sq: "Tryeza e ndihmës"}
languages: [en, sq]
programme: counters
topics:
  - {id: counter, title: {en: "At the counter", sq: "Në sportel"}}
  - {id: papers, title: {en: "Papers", sq: "Dokumentet"}}
contacts:
  - {name: {en: Desk, sq: Tryeza}, email: desk@example.org, hours: {en: mornings, sq: mëngjes}}
useful: mailto
forum: counters/questions
glossary: counters/answers
"""
PROGRAMME = """\
schema: programme/1
id: counters
title: {en: "Counters", sq: "Sportelet"}
languages: [en, sq]
timezone: Europe/Tirane
dates: {from: 2026-01-12, until: 2026-12-18}
partners:
  - {id: owner, role: owner, name: {en: "The <b>Ministry</b>", sq: "Ministria"}, logo: programmes/logos/owner.svg}
disclaimer: {en: "Sample & no advice", sq: "Shembull"}
"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><title>O</title><path d="M0 0h40v20H0z"/></svg>'


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def academy(tmp_path: Path) -> Path:
    """A help desk with two answers, of which one waits for its translation."""
    return write(
        tmp_path / "academy",
        {
            "helpdesk/helpdesk.yaml": DESK,
            "helpdesk/answers/counter/lost-paper.en.md": "# A paper is lost. What now?\n\nAsk for a **copy**.\n\nSee: page 3\n",
            "helpdesk/answers/counter/lost-paper.sq.md": "# Një shkresë humbi. Çfarë bëj?\n\nKërkoni një **kopje**.\n\nSee: faqja 3\n",
            "helpdesk/answers/papers/stamp.sq.md": "# Ku vihet vula?\n\nPoshtë majtas.\n",
            "helpdesk/news/2026-02-16-begin.en.md": "# We begin\n\nToday.\n",
            "helpdesk/news/2026-02-16-begin.sq.md": "# Fillojmë\n\nSot.\n",
            "programmes/counters.yaml": PROGRAMME,
            "programmes/logos/owner.svg": LOGO,
        },
    )


def desk_of(folder: Path) -> HelpDesk:
    desk = read_helpdesk(folder)
    assert desk is not None
    return desk


def example_copy(name: str, into: Path) -> Path:
    """An example, with its programme also where that still waits for another part of the suite."""
    folder = into / name
    shutil.copytree(ROOT / "examples" / name, folder)
    for waiting in (folder / "programmes").glob("*.yaml.next"):
        waiting.rename(waiting.with_suffix(""))
    return folder


@pytest.fixture(scope="session")
def example_sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Site]:
    folder = tmp_path_factory.mktemp("examples")
    return {name: make_site(example_copy(name, folder)) for name in EXAMPLES}


@pytest.fixture(scope="session")
def served(
    example_sites: dict[str, Site], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """The sites of the examples on a web server that knows nothing but files; gives a site's address."""
    folder = tmp_path_factory.mktemp("served")
    for name, site in example_sites.items():
        for file, content in site.files.items():
            (folder / name / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / file).write_bytes(content)
    running = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))
    )
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield lambda name: f"http://127.0.0.1:{running.server_port}/{name}/"
    running.shutdown()
    running.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@dataclass
class Moodle:
    """A site with a course `counters`, its forum and its glossary."""

    site: Any
    url: str

    def client(self, token: str = TOKEN) -> MoodleClient:
        return MoodleClient(self.url, Secret(token), sleep=lambda seconds: None)

    def may_not(self, *capabilities: str) -> None:
        user = self.site.user_by_name("lmssync")
        self.site.capabilities[user.id] -= set(capabilities)

    def at(self, moment: int) -> None:
        self.site.clock.set(moment, frozen=True)

    def _as(self, username: str, function: str, **arguments: object) -> Any:
        token = self.site.issue_token(self.site.user_by_name(username), "moodle_mobile_app")
        client = self.client(token.token)
        try:
            return client.call(function, arguments, write=True)
        finally:
            client.close()

    def ask(self, username: str, subject: str, message: str = "<p>How?</p>") -> int:
        forum = next(one.id for kind, one in self._simple() if kind == "forum")
        told = self._as(username, "mod_forum_add_discussion", forumid=forum, subject=subject, message=message)
        return int(told["discussionid"])

    def reply(self, username: str, discussion: int, message: str) -> int:
        post = self.site.discussions[discussion].posts[0].id
        told = self._as(username, "mod_forum_add_discussion_post", postid=post, subject="Re", message=message)
        return int(told["postid"])

    def _simple(self) -> list[tuple[str, Any]]:
        return [(kind, one) for (kind, _), one in self.site.simple.items()]

    def entries(self) -> dict[str, str]:
        return {one.concept: one.definition for one in self.site.glossary_entries.values()}


CAPABILITIES = {
    "mod/forum:viewdiscussion",
    "mod/forum:viewqandawithoutposting",
    "mod/glossary:approve",
    "mod/glossary:manageentries",
    "mod/glossary:view",
    "mod/glossary:write",
}


@pytest.fixture
def moodle(server: Server) -> Moodle:
    people = ("drita", "Drita", "Leka"), ("agron", "Agron", "Prifti")
    site = build_site(
        {
            "service_account": {"token": TOKEN},
            "users": [
                {
                    "username": name,
                    "password": "Learner-1",
                    "firstname": first,
                    "lastname": last,
                    "email": f"{name}@example.org",
                }
                for name, first, last in people
            ],
            "courses": [
                {
                    "fullname": "Counters",
                    "shortname": "C",
                    "idnumber": "counters",
                    "users": [name for name, _, _ in people],
                }
            ],
        }
    )
    course = next(one for one in site.courses.values() if one.idnumber == "counters")
    for kind, key, settings in (
        ("forum", "counters/questions", {"type": "qanda"}),
        ("glossary", "counters/answers", {"defaultapproval": 0}),
    ):
        instance = site.next_id(kind) + 50
        site.simple[kind, instance] = SimpleActivity(instance, course.id, kind, key, "", settings)
        add_module(site, course, course.sections[0], kind, instance).idnumber = key
    for service in ("lmssync", "moodle_mobile_app"):
        extra = {"mod_forum_add_discussion", "mod_forum_add_discussion_post"}
        site.services[service].functions |= {*HELPDESK_FUNCTIONS, *extra}
    site.capabilities[site.user_by_name("lmssync").id] |= CAPABILITIES
    for name, _, _ in people:  # as a site may allow, so that both kinds of forums can be tried in one
        site.capabilities.setdefault(site.user_by_name(name).id, set()).add("mod/forum:addquestion")
    site.settings.url = server.url
    server.app = create_app(site)
    return Moodle(site, server.url)
