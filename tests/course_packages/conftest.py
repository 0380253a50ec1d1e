"""A learning platform for tests: a server on 127.0.0.1, a host page with a strict SCORM 1.2 API, a browser.

The package plays in a frame of the host page, as in Moodle. Whatever leaves 127.0.0.1 is stopped and
noted, and so is every word in the browser's console.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import mimetypes
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from authoring.course import Course, read_course
from course_packages import scorm12_files
from tests.axe import axe_source

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "archive-officers"

HOST_PAGE = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>Platform</title>
<link rel="icon" href="data:,">
<style>html, body, iframe {{ margin: 0; border: 0; width: 100%; height: 100%; display: block }}</style>
<script src="/scorm12_api.js"></script></head>
<body><iframe id="sco" title="Course"></iframe>
<script type="module">
const stored = {stored}, faults = {faults};
// The judge stands where the platform's API stands; a package that asks for the other one finds nothing.
if ("{edition}" === "scorm2004") {{
  const {{ judge2004 }} = await import("/scorm2004_judge.js");
  window.judge = window.API_1484_11 = judge2004(stored);
}} else if ({connected}) {{
  window.judge = window.API = createScorm12Api(stored, faults);
}}
window.faults = faults;
// What is left of a session whose tab is closed.
if (window.API) {{
  const finish = API.LMSFinish;
  API.LMSFinish = (...args) => {{
    const answer = finish(...args);
    navigator.sendBeacon("/log", JSON.stringify({{log: API.log, committed: API.committed}}));
    return answer;
  }};
}}
document.getElementById("sco").src = "/package/{page}";
</script></body></html>
"""

SCRIPTS = {
    "/scorm12_api.js": "../../course_packages/run_time/scorm12.js",
    "/scorm2004_judge.js": "scorm2004_judge.js",
    "/scorm2004.min.js": "vendor/scorm-again/scorm2004.min.js",
}


@dataclass
class Platform:
    """What the server gives: a package, and a host page that begins with what was stored."""

    files: Mapping[str, bytes]
    stored: dict[str, str] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    connected: bool = True
    language: str = "de"
    edition: str = "scorm12"
    page: str = "index.html"
    missing: set[str] = field(default_factory=set)
    beacons: list[dict[str, Any]] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def answer(self, path: str) -> tuple[bytes, str] | None:
        """The content and type of a path, or None."""
        if path == "/host":
            page = HOST_PAGE.format(
                language=self.language,
                stored=json.dumps(self.stored),
                faults=json.dumps(self.faults),
                connected=json.dumps(self.connected),
                edition=self.edition,
                page=self.page,
            )
            return page.encode(), "text/html; charset=utf-8"
        if path in SCRIPTS:
            return (Path(__file__).parent / SCRIPTS[path]).read_bytes(), "text/javascript"
        name = path.removeprefix("/package/")
        if path.startswith("/package/") and name in self.files and name not in self.missing:
            return self.files[name], mimetypes.guess_type(name)[0] or "application/octet-stream"
        return None


@contextlib.contextmanager
def serve(platform: Platform) -> Iterator[Platform]:
    """Serves the platform on a free port of 127.0.0.1 and sets its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = platform.answer(self.path.partition("?")[0])
            content, kind = found or (b"not here", "text/plain")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            platform.beacons.append(json.loads(body))
            platform.told.set()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    platform.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def example_course() -> Course:
    return read_course(EXAMPLE / "courses" / "archive-officers", root=EXAMPLE)


@pytest.fixture(scope="session")
def example_files(example_course: Course) -> Mapping[str, bytes]:
    return scorm12_files(example_course)


EVERY_BLOCK = Path(__file__).parent / "every_block"


@pytest.fixture(scope="session")
def every_block() -> Course:
    """A small course that holds every block, in three languages."""
    return read_course(EVERY_BLOCK / "courses" / "every-block", root=EVERY_BLOCK)


class Learner:
    """One learner in front of one screen: opens the platform, presses keys, reads what it says."""

    def __init__(self, browser: Any, platform: Platform, page: Any = None, **context: Any) -> None:
        self.platform = platform
        self.page = page or browser.new_context(locale="en-GB", **context).new_page()
        self.context = self.page.context
        self.words: list[str] = []  # what the console said
        self.strayed: list[str] = []  # requests to anywhere else
        self.page.set_default_timeout(5000)
        self.context.on("request", self._note)
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._broke)

    def _heard(self, message: Any) -> None:
        self.words.append(f"{message.type}: {message.text}")

    def _broke(self, error: Any) -> None:
        self.words.append(f"error: {error}")

    def _note(self, request: Any) -> None:
        """The browser leads nowhere but to this machine; asking every request first would take a third of a visit."""
        if not request.url.startswith((self.platform.address, "data:", "about:", "file:")):
            self.strayed.append(request.url)

    def open(self) -> Any:
        """Opens the course; the frame in which it plays."""
        self.page.goto(self.platform.address + "/host")  # waits also for the frame's page
        self.frame.wait_for_selector("h1")
        return self.frame

    @property
    def frame(self) -> Any:
        """The frame of the package: the one of the page that is open now, without asking the browser for it."""
        return self.page.main_frame.child_frames[0]

    @property
    def log(self) -> list[dict[str, Any]]:
        return list(self.page.evaluate("judge.log"))

    @property
    def values(self) -> dict[str, str]:
        return dict(self.page.evaluate("judge.values"))

    @property
    def committed(self) -> dict[str, str]:
        return dict(self.page.evaluate("judge.committed"))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def focused(self) -> str:
        """The words of the element that has the focus."""
        return str(self.frame.evaluate("document.activeElement.innerText || document.activeElement.id"))

    def leave(self) -> None:
        """Leaves as a platform does: the frame gets another page."""
        self.page.evaluate("document.getElementById('sco').src = 'about:blank'")
        self.page.wait_for_function("document.getElementById('sco').contentDocument.URL === 'about:blank'")

    def close(self) -> None:
        self.context.close()

    def leave_nothing(self, size: Mapping[str, int]) -> bool:
        """Leaves the screen to the next learner: empty, of this size, nobody listening; False where that cannot be."""
        if self.page.is_closed() or not self.page.url.startswith(self.platform.address):
            return False
        self.page.goto(self.platform.address + "/nothing")  # the package says farewell before
        self.page.evaluate("localStorage.clear(), sessionStorage.clear()")
        if self.page.viewport_size != size:
            self.page.set_viewport_size(size)
        self.context.remove_listener("request", self._note)
        self.page.remove_listener("console", self._heard)
        self.page.remove_listener("pageerror", self._broke)
        return True


@pytest.fixture(scope="session")
def screens() -> dict[str, list[Any]]:
    """Pages that no learner uses now, by what is asked of their context: to open one costs as much as a whole visit."""
    return {}


@pytest.fixture
def learner(browser: Any, screens: dict[str, list[Any]]) -> Iterator[Callable[..., Learner]]:
    """Makes learners in front of a platform; takes their screens back in the end. A `fresh` one is for them alone."""
    with contextlib.ExitStack() as stack:

        def make(platform: Platform, *, fresh: bool = False, **context: Any) -> Learner:
            if not platform.address:
                stack.enter_context(serve(platform))
            free = screens.setdefault(json.dumps(context, sort_keys=True), [])
            one = Learner(browser, platform, free.pop() if free and not fresh else None, **context)

            def take_back() -> None:
                size = context.get("viewport", {"width": 1280, "height": 720})
                if not fresh and one.leave_nothing(size):
                    free.append(one.page)
                else:
                    one.close()

            stack.callback(take_back)
            return one

        yield make


@pytest.fixture(scope="session")
def platform_for() -> Callable[..., Platform]:
    return Platform


@pytest.fixture(scope="session")
def axe() -> str:
    return axe_source()


SMALL_COURSE = """\
schema: course/1
id: small
version: "1"
title: {en: Small course, sq: Kurs i vogël}
summary: A course for tests
languages: {default: en, offered: [en, sq]}
category: {id: tests, title: Tests}
passing: {score: 60}
lessons: [{id: first, minutes: 5}, {id: second}]
"""

SMALL_LESSONS = {
    "first": (("First", "I pari"), "two-right", "multiple", ("x", " ", "x")),
    "second": (("Second", "I dyti"), "yes-or-no", "truefalse", ("x", " ")),
}


def write_small_course(folder: Path) -> Path:
    """A course of two lessons in two languages, a check in each; its folder."""
    course = folder / "courses" / "small"
    course.mkdir(parents=True)
    (course / "course.yaml").write_text(SMALL_COURSE, encoding="utf-8")
    for lesson, (titles, check, kind, marks) in SMALL_LESSONS.items():
        for language, title in zip(("en", "sq"), titles, strict=True):
            options = "\n".join(
                f"- [{mark}] {'Part' if language == 'en' else 'Pjesa'} {n}\n  > No. {n}"
                for n, mark in enumerate(marks)
            )
            text = (
                f"---\ntitle: {title}\n---\n\n## Why {language}\n\nText.\n\n"
                f":::check id={check} kind={kind} graded=yes\nWhich?\n{options}\n> In general.\n:::\n"
            )
            path = course / "lessons" / lesson / f"lesson.{language}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return course


@pytest.fixture
def small_course(tmp_path: Path) -> Course:
    return read_course(write_small_course(tmp_path), root=tmp_path)
