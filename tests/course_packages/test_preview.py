"""The preview of a course in a real browser: it follows every saved file, keeps the learner's record, and tells what is wrong."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lms_sync.clock import SystemClock
from lms_sync.course_preview.server import HOST, Preview, listen, serve
from lms_sync.course_preview.shown_course import ShownCourse
from tests.cli.conftest import Ended, command, files_below
from tests.course_packages.conftest import ROOT, write_small_course

__all__ = ["command"]

FILLING = "\n\n".join(f"Paragraph {number}. " + "Words and more words. " * 30 for number in range(12))


@dataclass
class Running:
    """A preview that is served: its course's folder, its address, and the course as it looks at it."""

    folder: Path
    url: str
    shown: ShownCourse

    def lesson(self, lesson: str, language: str = "en") -> Path:
        return self.folder / "lessons" / lesson / f"lesson.{language}.md"

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])


@contextlib.contextmanager
def running(folder: Path, reader: str = "en") -> Iterator[Running]:
    shown = ShownCourse(folder, folder.parent.parent, lambda: SystemClock().now().date())
    shown.look()
    preview = Preview(shown, reader)
    listening = listen(0)
    serving = threading.Thread(target=serve, args=(preview, listening))
    serving.start()
    try:
        yield Running(folder, f"http://{HOST}:{listening.getsockname()[1]}/{preview.token}/", shown)
    finally:
        preview.end()
        serving.join(timeout=10)
        assert not serving.is_alive()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """The small course, its second lesson long enough to be scrolled."""
    return _long_course(tmp_path)


def _long_course(academy: Path) -> Path:
    folder = write_small_course(academy)
    for language in ("en", "sq"):
        lesson = folder / "lessons" / "second" / f"lesson.{language}.md"
        lesson.write_text(lesson.read_text(encoding="utf-8") + f"\n## Long\n\n{FILLING}\n", encoding="utf-8")
    return folder


class Trainer:
    """Somebody in front of the preview."""

    def __init__(self, browser: Any, preview: Running, **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1000, "height": 700}, **context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(8000)
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.strayed: list[str] = []
        begin = preview.url
        self.page.on(
            "request", lambda one: one.url.startswith((begin, "data:")) or self.strayed.append(one.url)
        )
        self.page.goto(preview.url)

    @property
    def frame(self) -> Any:
        return self.page.wait_for_selector("#sco").content_frame()

    def values(self) -> dict[str, str]:
        return dict(self.page.evaluate("API.values"))

    def until(self, expression: str) -> None:
        """Waits until something holds in the page. Playwright's own way would need eval, which the page forbids."""
        for _ in range(400):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"never: {expression}")

    def sees(self, words: str) -> None:
        """Waits until the words stand in the course that is shown."""
        self.page.frame_locator("#sco").get_by_text(words).first.wait_for()

    def calls(self) -> list[str]:
        """The platform's log, the oldest first; sessions begin with their heading."""
        rows = self.page.locator("#calls tr").all_inner_texts()
        return [re.sub(r"\s+", " ", row).strip() for row in reversed(rows)]


@pytest.fixture
def trainer(browser: Any) -> Iterator[Callable[..., Trainer]]:
    with contextlib.ExitStack() as stack:

        def open_page(preview: Running, **context: Any) -> Trainer:
            one = Trainer(browser, preview, **context)
            stack.callback(one.context.close)
            return one

        yield open_page


@pytest.fixture(scope="module")
def open_page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Trainer]]:
    """A Romanian trainer's preview of a course with a translation that is not up to date, for several tests."""
    course = _long_course(tmp_path_factory.mktemp("shared"))
    lesson = course / "lessons" / "second" / "lesson.sq.md"
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\n## Tjetër\n\nMë shumë.\n", encoding="utf-8")
    with running(course, "ro") as preview:
        one = Trainer(browser, preview)
        one.until("document.getElementById('status').innerText === 'neterminat'")
        yield preview, one
        one.context.close()


def test_a_saved_lesson_appears_where_the_trainer_is_and_the_learner_keeps_everything(
    course: Path, trainer: Callable[..., Trainer]
) -> None:
    before = files_below(course)
    with running(course) as preview:
        one = trainer(preview)
        one.sees("Why en")
        for box in one.frame.locator("[data-check] input").all()[::2]:
            box.check()
        one.frame.locator("[data-check] button[type=submit]").click()
        one.frame.locator(".turn .on").click()
        one.sees("Paragraph 9.")
        top = "() => [...document.querySelectorAll('#page p')].find((p) => p.textContent.startsWith('Paragraph 7.')).getBoundingClientRect().top"
        one.frame.evaluate("() => scrollTo(0, 1500)")
        one.frame.evaluate(
            "() => [...document.querySelectorAll('#page p')].find((p) => p.textContent.startsWith('Paragraph 7.')).scrollIntoView()"
        )
        stood = one.frame.evaluate(top)
        known = one.values()
        lesson = preview.lesson("second")
        text = lesson.read_text(encoding="utf-8")
        times = []
        for number in range(2):
            lesson.write_text(
                text.replace("Text.", "Text.\n\n" * (number + 2) + f"Written for the {number}th time."),
                encoding="utf-8",
            )
            one.sees(f"for the {number}th time")
            one.until(
                f"JSON.parse(document.body.dataset.shown || '{{}}').build === {preview.shown.now.build}"
            )
            times.append(json.loads(one.page.evaluate("document.body.dataset.shown"))["took"])
            assert abs(one.frame.evaluate(top) - stood) < 2  # though there is more above it each time
        print(f"\nshown after {times} ms")
        now = one.values()
        assert now["cmi.core.lesson_location"] == "second"
        assert now["cmi.suspend_data"] == known["cmi.suspend_data"]
        assert now["cmi.core.entry"] == "resume"
        assert now["cmi.core.total_time"] != "0000:00:00"
        calls = one.calls()
        assert sum("LMSInitialize" in call for call in calls) == 3
        assert sum("LMSFinish" in call for call in calls) == 2  # the third session goes on
        assert one.page.inner_text("#error-count") == "0"
        assert (one.said, one.strayed) == ([], [])
        lesson.write_text(text, encoding="utf-8")
    assert files_below(course) == before


SPOILED: list[tuple[str, Callable[[str], str], str]] = [
    ("course.yaml", lambda text: text.replace("lessons: [", "lessons: [[["), "course.yaml:"),
    ("course.yaml", lambda text: "\tno: [yaml", "course.yaml:1"),
    ("lessons/first/lesson.sq.md", lambda text: text.replace(":::check", ":::chekc"), "lessons/first/lesson.sq.md:"),
    ("lessons/first/lesson.en.md", lambda text: text.split("---")[1], "lessons/first/lesson.en.md"),
]  # fmt: skip


def test_what_is_broken_is_told_in_the_trainers_language_until_it_is_mended_and_the_last_good_course_stays(
    course: Path, trainer: Callable[..., Trainer]
) -> None:
    settings = course / "course.yaml"
    good = settings.read_text(encoding="utf-8")
    settings.write_text(good.replace("score: 60", "score: many"), encoding="utf-8")
    with running(course, "sq") as preview:
        one = trainer(preview)
        one.page.locator(
            "#problems li.error"
        ).wait_for()  # from the beginning: there is no course to be shown yet
        assert one.page.locator("#never").is_visible()
        settings.write_text(good, encoding="utf-8")
        one.sees("Why sq")  # the course opens in the trainer's language, which it has
        assert not one.page.locator("#never").is_visible()
        for file, spoil, told in SPOILED:
            path = course / file
            good = path.read_text(encoding="utf-8")
            path.write_text(spoil(good), encoding="utf-8")
            problem = one.page.locator("#problems li.error").first
            problem.wait_for()
            said = one.page.inner_text("#problems")
            assert told in said
            assert "Gabim" in said
            assert not re.search(r"Traceback|yaml\.|Error:|expected|line \d", said)
            assert problem.locator(".remedy").inner_text().strip()
            assert one.page.locator("#broken").is_visible()
            one.sees("Why sq")
            path.write_text(good, encoding="utf-8")
            one.page.locator("#problems li.error").first.wait_for(state="detached")
            assert not one.page.locator("#broken").is_visible()
        assert one.said == []


def test_what_was_shown_stays_when_its_file_breaks_before_anybody_opened_the_lesson(course: Path) -> None:
    for path in course.rglob("*"):
        os.utime(path, (10**9, 10**9))
    root = course.parent.parent
    from authoring.build_cache import BuildCache
    from authoring.course import read_course

    cache = BuildCache(root)
    read_course(course, root=root, cache=cache)
    cache.save()  # as `build` leaves it: of a lesson that was read before, only the file has the text
    with running(course) as preview:
        made = preview.shown.now.contents
        assert any(isinstance(made["lessons/second.en.js"], bytes) or time.sleep(0.05) for _ in range(200))
        preview.lesson("second").write_text("broken", encoding="utf-8")
        assert b"Paragraph 3." in _get(preview, "course/1/lessons/second.en.js").read()


def test_a_theme_of_the_course_and_one_of_the_academy_are_followed_as_lessons_are(course: Path) -> None:
    shown = ShownCourse(course, course.parents[1], lambda: SystemClock().now().date())
    shown.look()
    for number, folder in enumerate((course.parents[1], course, course.parents[1]), 2):
        (folder / "theme").mkdir(exist_ok=True)
        (folder / "theme" / "notes.txt").write_text("word " * number, encoding="utf-8")
        assert any(shown.look() or time.sleep(0.02) for _ in range(200))
        assert shown.now.build == number
        assert shown.now.changed == ("theme/notes.txt",)
    assert not shown.look()


def test_languages_widths_leaving_and_forgetting_are_one_press_away_and_a_problem_leads_to_its_lesson(
    open_page: tuple[Running, Trainer],
) -> None:
    _, one = open_page
    assert "undefined" not in one.page.inner_text("body")
    for width, pixels in (("phone", 360), ("tablet", 768)):
        one.page.click(f"button[data-width={width}]")
        assert one.frame.evaluate("innerWidth") == pixels
    warning = one.page.locator("#problems li.warning", has_text="lesson.sq.md").first
    warning.get_by_role("button").click()
    one.frame.wait_for_selector("html[lang=sq]", state="attached")
    one.until("API.values['cmi.core.lesson_location'] === 'second'")
    one.page.wait_for_selector("#languages [lang=sq][aria-pressed=true]")
    one.page.click("#languages [lang=en]")
    one.page.wait_for_selector("#languages [lang=en][aria-pressed=true]")
    one.until("API.values['cmi.suspend_data'].startsWith('23en')")
    one.page.click("#leave")
    one.until("API.values['cmi.core.entry'] === 'resume'")
    one.sees("Paragraph 9.")
    assert any("LMSFinish" in call for call in one.calls())
    one.page.reload()
    one.sees("Paragraph 9.")  # the preview's page itself forgets nothing
    one.page.click("#forget")
    one.until("API.values['cmi.core.entry'] === 'ab-initio'")
    one.sees("Why en")
    one.until("API.values['cmi.core.lesson_location'] === 'first'")
    length = len(one.values()["cmi.suspend_data"])
    one.until(f"document.getElementById('state').innerText.startsWith('{length} din')")


def test_axe_finds_nothing_wrong_with_the_page_wide_or_narrow_light_or_dark(
    open_page: tuple[Running, Trainer], axe: str
) -> None:
    preview, one = open_page
    lesson = preview.lesson("second", "sq")
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\n:::nothing\n", encoding="utf-8")
    one.page.locator("#problems li.error").first.wait_for()
    one.page.evaluate("API.LMSSetValue('cmi.core.lesson_status', 'nearly')")
    one.page.locator("tr.failed").wait_for()
    rows = "document.querySelectorAll('#calls tr:not(.session, .failed)')"
    one.page.evaluate(f"[...{rows}].slice(5).forEach((row) => row.remove())")  # one is as the other
    one.page.evaluate(axe)
    every = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
    for width, scheme, rules in (
        (1000, "light", every),
        (360, "dark", ["color-contrast", "target-size"]),
    ):
        one.page.emulate_media(color_scheme=scheme)
        one.page.set_viewport_size({"width": width, "height": 800})
        found = one.page.evaluate(  # the course itself is tried elsewhere
            "rules => axe.run(document, {runOnly: rules, iframes: false})", rules
        )
        wrong = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
        assert wrong == []
        assert one.page.evaluate("document.documentElement.scrollWidth") <= width


def _get(preview: Running, path: str, host: str | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(HOST, preview.port, timeout=5)
    address = path if path.startswith("/") else preview.url.split(str(preview.port), 1)[1] + path
    connection.putrequest("GET", address, skip_host=True)
    connection.putheader("Host", host or f"{HOST}:{preview.port}")
    connection.endheaders()
    return connection.getresponse()


def test_only_this_machine_under_its_own_name_and_with_the_token_sees_anything(course: Path) -> None:
    (course.parent / "secret.txt").write_text("secret", encoding="utf-8")
    with running(course) as preview:
        page = _get(preview, "")
        assert page.status == 200
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(
            rb"<script(?![^>]* src| type=\"application/json\")|<style|\bstyle=|\bon\w+=", page.read()
        )
        for host in (
            "evil.example.org",
            f"evil.example.org:{preview.port}",
            "127.0.0.1.evil.example.org",
            "",
        ):
            refused = _get(preview, "", host or " ")
            assert refused.status == 400
            assert b"Small course" not in refused.read()
        assert _get(preview, "", f"localhost:{preview.port}").status == 200
        for path in ("/", "/events", "/course/1/index.html", "/" + "x" * 22 + "/"):
            assert _get(preview, path).status == 404
        for name in ("../course.yaml", "%2e%2e/%2e%2e/secret.txt", "/etc/passwd", "course.yaml"):
            assert _get(preview, f"course/1/{name}").status == 404
        with pytest.raises(OSError):
            socket.create_connection((_other_address(), preview.port), timeout=0.5).close()


def _other_address() -> str:
    """Another address of this machine: of the loopback, where it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            found = str(probe.getsockname()[0])
        except OSError:
            found = ""
    return "127.0.0.2" if found in ("", "127.0.0.1") else found


def test_ctrl_c_ends_it_with_0_and_a_taken_port_is_told_with_a_remedy(
    course: Path, command: Callable[..., Ended]
) -> None:
    environment = {**os.environ, "LMS_SYNC_LANGUAGE": "sq", "PYTHONPATH": str(ROOT)}
    started = subprocess.Popen(
        [sys.executable, "-c", "from lms_sync.cli import main; main()", "preview", course, "--dir", course.parents[1],
         "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, encoding="utf-8",
    )  # fmt: skip
    try:
        assert started.stdout is not None
        url = re.search(r"http://127\.0\.0\.1:(\d+)/\S+/", started.stdout.readline())
        assert url
        taken = command("preview", course, "--dir", course.parents[1], "--port", url[1], "--no-browser")
        assert taken.code == 1
        assert f"--port {int(url[1]) + 1}" in taken.err
        time.sleep(0.2)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=10)
    finally:
        started.kill()
    assert (started.returncode, err) == (0, "")
    assert "u mbyll" in out


def test_what_is_no_course_is_refused_in_words(course: Path, command: Callable[..., Ended]) -> None:
    academy = course.parents[1]
    (academy / "courses" / "empty").mkdir()
    common = ("--dir", academy, "--no-browser", "--port", "0")
    assert command("preview", academy / "courses" / "empty", *common).code == 3
    assert command("preview", course, "--pdf", *common).code == 3
    refused = command("preview", course, "--language", "ro", *common, language="ro")
    assert refused.code == 3
    assert "en, sq" in refused.err
