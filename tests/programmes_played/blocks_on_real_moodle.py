"""Every block of a course, done by keyboard in Moodle's own SCORM player, left, taken up again and finished.

    MOODLE_URL=… MOODLE_TOKEN=… LEARNER_PASSWORD=… python tests/programmes_played/blocks_on_real_moodle.py
        [--only course|edition-2004|lessons] [--pictures FOLDER] [--keep FOLDER]

MOODLE_TOKEN is that of the service account; LEARNER_PASSWORD becomes the password of the learners that are made, one for
each way of packing. The course of `tests/course_packages/every_block` goes up with `lms-sync apply` under ids of the run's own,
three times, each with another of its targets pushed: SCORM 1.2 with one SCO, SCORM 2004 4th Edition, and SCORM 1.2 with one SCO
for each lesson. What a learner did must then come with `lms-sync pull`, and is read with core's own functions as well. The
courses and their people stay on the site.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Browser, Error, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from authoring.blocks import Scenario, each_block  # noqa: E402
from authoring.course import Course, read_course  # noqa: E402
from course_packages.learner_state import largest_state  # noqa: E402
from course_packages.words import words_in  # noqa: E402
from lms_sync import facts as fact_log  # noqa: E402
from lms_sync.learners import mobile_token  # noqa: E402
from lms_sync.moodle.client import MoodleClient  # noqa: E402
from lms_sync.settings import Secret  # noqa: E402
from lms_sync.store.database import open_database, reading  # noqa: E402
from tests.axe import axe_source  # noqa: E402
from tests.conftest import CHROMIUM, FLAGS  # noqa: E402
from tests.course_packages.conftest import EVERY_BLOCK  # noqa: E402
from tests.course_packages.test_every_block import (  # noqa: E402
    ALL_RULES,
    GOOD_WAY,
    answer_questions,
    open_all_parts,
    reach,
    violations,
    walk_scenario,
)
from tests.course_packages.test_in_browser import turn_page  # noqa: E402

SITE = "main"
WAYS = ("course", "edition-2004", "lessons")
TARGETS: dict[str, dict[str, Any]] = {
    "scorm12": {"kind": "scorm12"},
    "scorm2004": {"kind": "scorm2004"},
    "lessons": {"kind": "scorm12", "scos": "lessons"},
}
THOUGHT = "Më shumë kujdes – ședință, 14"

# Every call of the package to Moodle's API, with its answer and Moodle's error number; kept over pages and tabs, also where
# Moodle empties the storage, as it does at a newcomer's first page.
LISTEN = """
if (window === window.top) {
  const clear = Storage.prototype.clear;
  Storage.prototype.clear = function () {
    const log = this.getItem("heard");
    clear.call(this);
    if (log !== null) this.setItem("heard", log);
  };
  for (const [name, lastError] of [["API", "LMSGetLastError"], ["API_1484_11", "GetLastError"]]) {
    let heard;
    Object.defineProperty(window, name, {configurable: true, get: () => heard, set: (api) => {
      heard = Object.assign({}, api);
      for (const call of Object.keys(api)) {
        if (typeof api[call] === "function" && !/GetLastError|GetErrorString|GetDiagnostic/.test(call)) {
          heard[call] = (...args) => {
            const answer = api[call](...args);
            const log = JSON.parse(localStorage.getItem("heard") || "[]");
            log.push({call, args, answer: String(answer), error: String(api[lastError]())});
            localStorage.setItem("heard", JSON.stringify(log));
            return answer;
          };
        }
      }
    }});
  }
}
"""

# What a learner did, as SCORM 1.2 says it: id, type, pattern of what is right, response, result.
FIRST = (
    ("mayor", "choice", "b", "b", "correct"),
    ("receipt", "choice", "a,b", "a,b", "correct"),
    ("twice", "true-false", "f", "f", "correct"),
    ("stamp", "choice", "a", "a", "correct"),
    ("incoming", "sequencing", "a,b,c,d", "a,b,c,d", "correct"),
    ("where", "matching", "a.1,b.1,c.2,d.2", "a.1,b.1,c.2,d.2", "correct"),
    ("counter", "performance", "found", "lost", "wrong"),
)
SECOND = (
    ("counter", "performance", "found", "found", "correct"),
    ("own-page", "performance", "", "2/3", "neutral"),
    ("helpful_work", "fill-in", "", "no:too-long", "neutral"),
)


def in_2004(one: tuple[str, ...]) -> tuple[str, ...]:
    """The same in the words of SCORM 2004."""
    identifier, kind, *texts, result = one
    for position, text in enumerate(texts):
        if kind == "true-false":
            text = {"t": "true", "f": "false"}[text]
        elif kind in ("choice", "sequencing"):
            text = text.replace(",", "[,]")
        elif kind == "matching":
            text = text.replace(",", "[,]").replace(".", "[.]")
        elif kind == "performance" and text:
            text = "[.]" + text.replace("/", "_")
        texts[position] = text
    return (identifier, kind, *texts, "incorrect" if result == "wrong" else result)


class MoodleLearner:
    """Somebody logged in to Moodle, with a keyboard; has what the tests of our own platform ask of a learner."""

    def __init__(self, browser: Browser, url: str, username: str, password: str) -> None:
        self.url = url
        self.words: list[str] = []
        self.strayed: list[str] = []
        self.of_moodle: set[str] = set()
        self.context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
        self.context.route("**/*", self._route)
        self.context.add_init_script(LISTEN)
        self.new_tab()
        for _ in range(60):  # another trial on the site may have put it into maintenance for a moment
            self.page.goto(f"{url}/login/index.php")
            if self.page.locator("#username").count():
                break
            self.page.wait_for_timeout(2000)
        self.words.clear()
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        self.press("Enter")
        self.page.wait_for_selector(".usermenu, [data-flexitour=container]", state="attached")

    def new_tab(self) -> None:
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.words.append(f"error: {error}"))

    def _said(self, word: Any) -> None:
        """A word in the console; that one of Moodle's own files is missing is none of ours."""
        place = str(word.location.get("url", ""))
        ours = "/pluginfile.php/" in place or not place.startswith(self.url)
        if word.text.startswith("Failed to load resource") and not ours:
            self.of_moodle.add(f"{word.text} {place}")
        else:
            self.words.append(f"{word.type}: {word.text}")

    def _route(self, route: Any) -> None:
        if route.request.url.startswith((self.url + "/", "data:", "about:", "blob:")):
            route.continue_()
        elif route.request.frame == self.page.main_frame:
            self.of_moodle.add(route.request.url)  # Moodle's page, not ours: MathJax comes from elsewhere
            route.fulfill(body="", content_type="text/javascript")
        else:
            self.strayed.append(route.request.url)
            route.abort()

    @property
    def frame(self) -> Any:
        """What Moodle's player shows."""
        found = self.page.wait_for_selector("#scorm_object").content_frame()
        assert found is not None
        return found

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def reach_in_moodle(self, selector: str, key: str = "Tab") -> None:
        """Goes on with a key until something of Moodle's own page has the focus."""
        for _ in range(200):
            self.press(key)
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    def open(self, activity: int) -> Any:
        """Opens the activity in Moodle's player; the frame in which the course plays."""
        self.page.goto(f"{self.url}/mod/scorm/view.php?id={activity}")
        self.page.wait_for_load_state("networkidle")
        tour = self.page.locator("[data-flexitour=container] [data-role=end]")
        if tour.count():  # Moodle greets newcomers
            tour.first.click()
        self.page.wait_for_selector("#scormviewform, #scorm_object")
        if self.page.locator("#scormviewform").count():  # a package that learners enter by a page before it
            self.reach_in_moodle("#scormviewform [value=normal]")
            self.press("Enter")
        return self.begun()

    def begun(self) -> Any:
        self.page.frame_locator("#scorm_object").locator("#lesson h1").wait_for()
        return self.frame

    def leave(self) -> None:
        """By Moodle's own *Exit activity*."""
        link = self.page.get_by_role("link", name="Exit activity")
        address = str(link.get_attribute("href"))
        link.focus()
        self.press("Enter")
        self.page.wait_for_url(lambda now: now.partition("#")[0] == address.partition("#")[0])

    def close_tab(self) -> None:
        """Away without a word to Moodle."""
        gone = self.page
        self.new_tab()
        gone.close(run_before_unload=True)
        for _ in range(100):
            if gone.is_closed():
                break
            self.page.wait_for_timeout(100)

    def heard(self) -> list[dict[str, Any]]:
        """What the package said to Moodle since the last time this was asked."""
        if not self.page.url.startswith(self.url):
            self.page.goto(f"{self.url}/lib/cookies.js")
        log: list[dict[str, Any]] = self.page.evaluate("JSON.parse(localStorage.getItem('heard') || '[]')")
        self.page.evaluate("localStorage.removeItem('heard')")
        return log


class Trial:
    """A course on one site in three ways of packing it, each with a learner."""

    def __init__(self, url: str, token: str, password: str, keep: Path | None, pictures: Path | None) -> None:
        self.url, self.token, self.password, self.pictures = url, token, password, pictures
        self.run = f"b{time.strftime('%m%d')}{secrets.token_hex(2)}"
        self.folder = (keep or Path(tempfile.mkdtemp(prefix="lms-sync-blocks-"))) / self.run
        self.client = MoodleClient(url, Secret(token))
        self.figures: dict[str, Any] = {"run": self.run}
        self.faults: list[str] = []
        self.apps: dict[str, MoodleClient] = {}
        self.activities: dict[str, int] = {}
        self.scorms: dict[int, dict[str, Any]] = {}

    def expect(self, true: bool, what: str) -> None:
        if not true:
            self.faults.append(what)
            print("FAULT", what, flush=True)

    def equal(self, got: object, wanted: object, what: str) -> None:
        self.expect(got == wanted, f"{what}: {got!r}, not {wanted!r}")

    # --- the course on the site

    def command(self, *words: str) -> str:
        """lms-sync, as people type it; again where another trial on the site has just taken a right away."""
        for _ in range(10):
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "from lms_sync.cli import main; main()",
                    *words,
                    "--dir",
                    str(self.folder),
                ],
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
                env={**os.environ, "PYTHONPATH": str(ROOT), "LMS_SYNC_TOKEN": self.token},
            )
            if not done.returncode:
                return done.stdout
            print(words, done.returncode, (done.stdout + done.stderr)[-1000:], flush=True)
            time.sleep(3)
        raise RuntimeError(f"{words}: {done.returncode}")

    def write_academy(self, ways: list[str]) -> None:
        for way in ways:
            folder = self.folder / "courses" / self.slug_of(way)
            shutil.copytree(EVERY_BLOCK / "courses" / "every-block", folder)
            path = folder / "course.yaml"
            file = yaml.safe_load(path.read_text(encoding="utf-8"))
            file["id"] = self.slug_of(way)
            file["category"] = {"id": f"{self.run}-trials", "title": f"Trial {self.run}"}
            package = {"id": way, "kind": "package", "title": way}
            package["completion"] = "viewed" if way == "lessons" else "passed"
            learn = {"id": "learn", "title": {"en": "Learn", "sq": "Mësoni", "ro": "Învățați"}}
            file["sections"] = [{**learn, "activities": [package]}]
            file["targets"] = [
                {**target, "push": True} if name == self.pushed(way) else target
                for name, target in TARGETS.items()
            ]
            file["complete_when"] = {"all": [way]}
            path.write_text(yaml.safe_dump(file, allow_unicode=True, sort_keys=False), encoding="utf-8")
        site = {"url": self.url, "token_env": "LMS_SYNC_TOKEN", "timezone": "Europe/Tirane", "language": "en"}
        config = {"language": "en", "sites": {SITE: site}, "database": {"url": "sqlite:///state.db"}}
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def slug_of(self, way: str) -> str:
        return f"{self.run}-{way.partition('.')[0]}"

    def pushed(self, way: str) -> str:
        """The name of the target that is pushed there."""
        return dict(zip(WAYS, TARGETS, strict=True))[way]

    def read(self, way: str) -> Course:
        return read_course(self.folder / "courses" / self.slug_of(way), root=self.folder)

    def learner_named(self, way: str) -> str:
        return f"{self.run}.{way}"

    def make_people(self, ways: list[str]) -> None:
        people = self.folder / "people"
        people.mkdir()
        (people / "institutions.csv").write_text(
            f"code,name_en\n{self.run},Trial {self.run}\n", encoding="utf-8"
        )
        lines = ["idnumber,username,email,firstname,lastname,institution,courses"]
        rows = []
        for way in ways:
            name = self.learner_named(way)
            row = {"username": name, "email": f"{name}@example.org", "firstname": "Çelik", "lastname": way}
            lines.append(f"{name.upper()},{name},{row['email']},Çelik,{way},{self.run},{self.slug_of(way)}")
            rows.append({**row, "idnumber": name.upper(), "password": self.password})
        (people / "participants.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.client.call("core_user_create_users", {"users": rows}, write=True)

    def push(self, ways: list[str]) -> None:
        self.command("build")
        began = time.monotonic()
        self.command("apply", "--yes")
        self.figures["seconds to push"] = round(time.monotonic() - began, 1)
        self.command("plan")  # anything left to do would be another exit code
        for way in ways:
            found = self.client.call(
                "core_course_get_courses_by_field", {"field": "idnumber", "value": self.slug_of(way)}
            )["courses"]
            [scorm] = self.client.call(
                "mod_scorm_get_scorms_by_courses", {"courseids": [int(found[0]["id"])]}
            )["scorms"]
            self.activities[way] = int(scorm["coursemodule"])
            self.scorms[self.activities[way]] = scorm
            version = "SCORM_1.3" if self.pushed(way) == "scorm2004" else "SCORM_1.2"
            self.equal(scorm["version"], version, f"{way}: edition on the site")

    # --- what a learner does

    def play(self, browser: Browser, way: str) -> None:
        print("==", way, flush=True)
        one = MoodleLearner(browser, self.url, self.learner_named(way), self.password)
        self.way, self.looked = way, 0
        began = time.monotonic()
        try:
            if way == "lessons":
                self.play_lessons(one)
            else:
                self.play_course(one)
        except (AssertionError, Error) as error:
            one.page.screenshot(path=self.folder / f"{way}-fault.png")
            self.faults.append(f"{way}: {error}")
            print("FAULT", way, error, flush=True)
            raise
        finally:
            (self.folder / f"{way}-console.json").write_text(json.dumps(one.words, indent=1))
            one.context.close()
        self.equal(one.strayed, [], f"{way}: requests to other hosts")
        errors = [word for word in one.words if word.startswith("error")]
        self.equal(errors, [], f"{way}: errors in the console")
        self.figures[way] = {
            "seconds at the keyboard": round(time.monotonic() - began, 1),
            "pages that axe found clean": self.looked,
            "other words in the console": sorted(set(one.words) - set(errors)),
            "of Moodle's own page: requests to other hosts, missing files": sorted(one.of_moodle),
        }

    def look(self, one: MoodleLearner, what: str) -> None:
        """axe over what stands in Moodle's frame now."""
        frame = one.frame
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(axe_source())
        found = violations(frame, ALL_RULES)
        self.equal(found, [], f"{self.way}: axe, {what}")
        self.looked += not found

    def switch(self, one: MoodleLearner, language: str) -> None:
        title = one.frame.inner_text("h1")
        reach(one, f"[data-language={language}]", "Shift+Tab")
        one.press("Enter")
        one.frame.wait_for_function(
            "t => ![null, t].includes(document.querySelector('h1').innerText)", arg=title
        )

    def clean(self, log: list[dict[str, Any]], what: str, exits: str) -> None:
        """Every call taken without an error, one beginning, one end, exit and time last."""
        bad = [each for each in log if each["error"] != "0" or each["answer"] == "false"]
        self.equal(bad, [], f"{self.way}: {what}: calls that Moodle refused")
        calls = [each["call"].removeprefix("LMS") for each in log]
        ends = [calls.count("Initialize"), calls.count("Finish") + calls.count("Terminate")]
        self.equal(ends, [1, 1], f"{self.way}: {what}: beginnings and ends")
        self.expect(
            bool(calls) and calls[0] == "Initialize" and calls[-1] in ("Finish", "Terminate"),
            f"{self.way}: {what}: calls before the beginning or after the end: {calls[:1]} {calls[-1:]}",
        )
        written = [each["args"] for each in log if each["call"] in ("LMSSetValue", "SetValue")]
        last = [
            [name.replace(".core", "") for name, _ in written[-2:]],
            [value for _, value in written[-2:-1]],
        ]
        self.equal(last, [["cmi.exit", "cmi.session_time"], [exits]], f"{self.way}: {what}: last values")

    def play_course(self, one: MoodleLearner) -> None:
        course, way = self.read(self.way), self.way
        newer = way == "edition-2004"
        frame = one.open(self.activities[way])
        language, other = frame.evaluate("document.documentElement.lang"), "sq"
        self.figures.setdefault("language at first", language)
        titles = {each: [lesson.texts[each].title for lesson in course.lessons] for each in (language, other)}
        questions = [
            block
            for block in each_block(course.lessons[2].texts[language].blocks)
            if hasattr(block, "question_html")
        ]
        (scenario,) = [
            block
            for block in each_block(course.lessons[3].texts[other].blocks)
            if isinstance(block, Scenario)
        ]
        self.equal(frame.inner_text("h1"), titles[language][0], f"{way}: first page")
        focused = frame.evaluate("document.hasFocus() && document.activeElement.tagName")
        self.equal(focused, "H1", f"{way}: where the keyboard begins")

        # The first sitting: half of the questions in one language, the others in another; the tab is closed in mid-course.
        self.photograph(one, "begun")
        open_all_parts(one)
        self.look(one, "text")
        turn_page(one, titles[language][1])
        open_all_parts(one)
        self.look(one, "panels")
        turn_page(one, titles[language][2])
        answer_questions(one, questions[:3])
        self.switch(one, other)
        self.equal(frame.inner_text("h1"), titles[other][2], f"{way}: place after another language")
        self.equal(frame.locator("form.answered.right").count(), 3, f"{way}: answers after another language")
        answer_questions(one, questions[3:])
        self.look(one, "questions")
        turn_page(one, titles[other][3])
        walk_scenario(one, scenario, ("lost",))
        reach(one, ".ways .link")
        one.press("Enter")
        walk_scenario(one, scenario, GOOD_WAY[:1])
        reach(one, ".checklist input")
        one.press("Space", "Tab", "Tab", "Space")
        reach(one, ".reflection textarea")
        one.page.keyboard.type(THOUGHT)
        one.close_tab()
        log = one.heard()
        self.clean(log, "first sitting", "suspend")
        (self.folder / f"{way}-first.json").write_text(json.dumps(log, indent=1))
        written = {each["args"][0]: each["args"][1] for each in log if each["call"].endswith("SetValue")}
        state = written["cmi.suspend_data"]
        self.expect(len(state) <= largest_state(course).total, f"{way}: state of {len(state)} characters")
        self.figures.setdefault("characters of state", {})[way] = len(state)
        kept = self.tracks(way)[-1]
        self.equal(kept.get("cmi.suspend_data"), state, f"{way}: state that Moodle keeps of a closed tab")
        self.equal(
            kept.get("cmi.completion_status" if newer else "cmi.core.lesson_status"),
            "incomplete",
            f"{way}: status in mid-course, after a scenario that ended badly",
        )
        if newer:
            self.equal(kept.get("cmi.success_status"), "failed", f"{way}: success in mid-course")

        # The second sitting begins there.
        frame = one.open(self.activities[way])
        self.equal(frame.evaluate("document.documentElement.lang"), other, f"{way}: language that was left")
        self.equal(frame.inner_text("h1"), titles[other][3], f"{way}: place that was left")
        self.equal(
            frame.locator(".scene:visible").get_attribute("data-id"),
            "register",
            f"{way}: scene that was left",
        )
        ticked = "[...document.querySelectorAll('.checklist input')].map(each => each.checked)"
        self.equal(frame.evaluate(ticked), [True, False, True], f"{way}: ticks")
        self.equal(frame.locator("textarea").input_value(), THOUGHT, f"{way}: thought")
        self.photograph(one, "again")
        walk_scenario(one, scenario, GOOD_WAY[1:])
        words = words_in(other)
        reach(one, ".exercise .button")
        one.press("Enter")
        reach(one, ".model summary")
        one.press("Enter")
        reach(one, ".yes-no button:last-of-type")
        one.press("Enter")
        reach(one, ".reasons input")
        one.press("Space", "ArrowDown")
        reach(one, ".reasons .button")
        one.press("Enter")
        self.equal(frame.inner_text(".helpful .status"), words["helpful_thanks"], f"{way}: thanks")
        self.look(one, "work")
        turn_page(one, words["result"])
        self.equal(frame.inner_text(".standing-word"), words["status_passed"], f"{way}: result")
        self.look(one, "result")
        self.photograph(one, "result")
        one.leave()
        log = one.heard()
        (self.folder / f"{way}-second.json").write_text(json.dumps(log, indent=1))
        self.clean(log, "second sitting", "suspend" if newer else "")

        # A third time: Moodle shows what was passed, with all that the learner did, and nothing is recorded any more.
        frame = one.open(self.activities[way])
        self.equal(
            frame.locator(".contents li.done").count(), len(titles[other]), f"{way}: lessons done, again"
        )
        self.equal(frame.evaluate("document.documentElement.lang"), other, f"{way}: language, again")
        self.equal(
            frame.inner_text("#notices"), words_in(other)["review"], f"{way}: what is said of a review"
        )
        self.look(one, "review")
        one.leave()
        log = one.heard()
        self.equal([each for each in log if "Set" in each["call"]], [], f"{way}: written in a review")
        bad = [each for each in log if each["error"] != "0" or each["answer"] == "false"]
        self.equal(bad, [], f"{way}: review: calls that Moodle refused")

    def play_lessons(self, one: MoodleLearner) -> None:
        """Each lesson is a SCO: from one to the next by Moodle's own contents."""
        course = self.read(self.way)
        titles = [lesson.texts["en"].title for lesson in course.lessons]
        one.open(self.activities[self.way])
        for number, lesson in enumerate(course.lessons):
            if number:
                self.to_sco(one, titles[number])
            frame = one.frame
            self.equal(frame.inner_text("h1"), titles[number], f"lessons: page {number}")
            if number < 2:
                open_all_parts(one)
            blocks = [
                each for each in each_block(lesson.texts["en"].blocks) if hasattr(each, "question_html")
            ]
            if blocks:  # left in the middle of it: Moodle opens the SCO that is not done
                answer_questions(one, blocks[:3])
                one.leave()
                frame = one.open(self.activities[self.way])
                self.equal(frame.inner_text("h1"), titles[number], "lessons: SCO that was left")
                self.equal(frame.locator("form.answered.right").count(), 3, "lessons: answers that were left")
            answer_questions(one, blocks[3:])
            if number == 3:
                (scenario,) = [
                    block for block in each_block(lesson.texts["en"].blocks) if isinstance(block, Scenario)
                ]
                walk_scenario(one, scenario, GOOD_WAY)
                reach(one, ".yes-no button:last-of-type")
                one.press("Enter")
                reach(one, ".reasons input")
                one.press("Space", "ArrowDown")
                reach(one, ".reasons .button")
                one.press("Enter")
            self.look(one, lesson.id)
        self.photograph(one, "lessons")
        one.leave()
        log = one.heard()
        (self.folder / "lessons.json").write_text(json.dumps(log, indent=1))
        parts: list[list[dict[str, Any]]] = []
        for each in log:
            if each["call"] == "LMSInitialize":
                parts.append([])
            parts[-1].append(each)
        self.equal(len(parts), len(titles) + 1, "lessons: sessions")
        for number, part in enumerate(parts):
            self.clean(part, f"session {number}", "suspend" if number == 2 else "")

    def to_sco(self, one: MoodleLearner, title: str) -> None:
        """Through the tree of contents beside the frame."""
        one.page.locator("#scorm_tree, #scorm_toc").get_by_text(title, exact=True).first.click()
        one.page.wait_for_function(
            """title => { const frame = document.querySelector('#scorm_object');
                const page = frame && frame.contentDocument, h1 = page && page.querySelector('#lesson h1');
                return h1 && h1.innerText === title; }""",
            arg=title,
        )

    def photograph(self, one: MoodleLearner, what: str) -> None:
        """Moodle's page with the course in it, on a screen and on a telephone."""
        if self.pictures is None:
            return
        for width, height in ((1280, 900), (360, 740)):
            one.page.set_viewport_size({"width": width, "height": height})
            one.page.wait_for_timeout(700)
            drawer = one.page.locator(".drawer-left .drawertoggle:visible")
            if width == 360 and drawer.count():  # as it is on a telephone from the beginning
                drawer.first.click()
                one.page.wait_for_timeout(700)
                one.frame.evaluate("document.querySelector('h1').focus()")
            one.page.screenshot(path=self.pictures / f"{self.way}-{what}-{width}.png")
            wide = one.frame.evaluate("document.documentElement.scrollWidth - innerWidth")
            self.expect(wide <= 0, f"{self.way}: {what}: {wide} px wider than Moodle's frame at {width} px")
        one.page.set_viewport_size({"width": 1280, "height": 900})

    # --- what arrived

    def app(self, way: str) -> MoodleClient:
        """The learner's own client: the service account's list of functions has none of those that tell of tracks."""
        if way not in self.apps:
            token = mobile_token(self.url, self.learner_named(way), self.password)
            self.apps[way] = MoodleClient(self.url, token)
        return self.apps[way]

    def user_id(self, way: str) -> int:
        found = self.client.call(
            "core_user_get_users_by_field", {"field": "username", "values": [self.learner_named(way)]}
        )
        return int(found[0]["id"])

    def tracks(self, way: str) -> list[dict[str, str]]:
        """What Moodle keeps, one mapping for each SCO, in the manifest's order; with functions of the mobile app."""
        scorm = self.scorms[self.activities[way]]
        ask = self.app(way).call
        scoes = ask("mod_scorm_get_scorm_scoes", {"scormid": scorm["id"]})["scoes"]
        user = self.user_id(way)
        told = []
        for sco in sorted((sco for sco in scoes if sco["launch"]), key=lambda sco: int(sco["sortorder"])):
            answer = ask("mod_scorm_get_scorm_sco_tracks", {"scoid": sco["id"], "userid": user, "attempt": 1})
            told.append({one["element"]: one["value"] for one in answer["data"]["tracks"]})
        return told

    def judge(self, ways: list[str]) -> None:
        """Pulls, and compares with what the learners did."""
        print(self.command("pull"))
        engine = open_database(f"sqlite:///{self.folder / 'state.db'}")
        with reading(engine) as connection:
            pulled = list(fact_log.facts_of(connection, SITE))
        engine.dispose()
        people = {fact.person_id for fact in pulled}
        self.equal(len(people), len(ways), "people with facts")
        for way in ways:
            mine = [fact for fact in pulled if fact.subject.rsplit("/", 1)[-1] == way]
            arrived: dict[str, Any] = {}
            for fact in mine:
                match fact.stream:
                    case fact_log.ACTIVITY_COMPLETION:
                        arrived["complete"] = fact.value["complete"]
                    case fact_log.GRADE:
                        arrived["grade"] = fact.value["grade"]
                    case fact_log.SCORM_RESULT:
                        arrived.setdefault("results", []).append((fact.value["element"], fact.value["value"]))
                    case "scorm_interaction":
                        arrived.setdefault("interactions", []).append(
                            tuple(str(fact.value[name]) for name in ("id", "type", "response", "result"))
                        )
            kept = [interactions(one) for one in self.tracks(way)]
            told = [one for each in kept for one in each]
            self.figures[way] |= {"pulled": arrived, "interactions in Moodle": len(told)}
            self.equal(arrived.get("complete"), True, f"{way}: completion pulled")
            self.equal(arrived.get("grade"), 100.0, f"{way}: grade pulled")
            did = [*FIRST[:-1], SECOND[0], SECOND[2]] if way == "lessons" else [*FIRST, *SECOND]
            wanted = [in_2004(one) for one in did] if way == "edition-2004" else did
            self.equal(sorted(told), sorted(wanted), f"{way}: interactions in Moodle")
            short = sorted((one[0], one[1], one[3], one[4]) for one in wanted)
            self.equal(sorted(arrived.get("interactions", [])), short, f"{way}: interactions pulled")


def interactions(tracks: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Of a SCO's tracks, every interaction as `FIRST` has them."""
    found: dict[int, dict[str, str]] = {}
    for element, value in tracks.items():
        match = re.fullmatch(r"cmi\.interactions[._](\d+)\.(.+)", element)
        if match:
            found.setdefault(int(match[1]), {})[re.sub(r"_(\d+)\.", r".\1.", match[2])] = value
    return [
        (
            one.get("id", ""),
            one.get("type", ""),
            one.get("correct_responses.0.pattern", ""),
            one.get("student_response", one.get("learner_response", "")),
            one.get("result", ""),
        )
        for _, one in sorted(found.items())
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=WAYS, action="append")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument(
        "--keep", type=Path, help="the academy folder and the calls of the packages are kept here"
    )
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    ways = arguments.only or list(WAYS)
    trial = Trial(
        os.environ["MOODLE_URL"].rstrip("/"),
        os.environ["MOODLE_TOKEN"],
        os.environ["LEARNER_PASSWORD"],
        arguments.keep,
        arguments.pictures,
    )
    trial.write_academy(ways)
    trial.make_people(ways)
    trial.push(ways)
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for way in ways:
            trial.play(browser, way)
        browser.close()
    trial.judge(ways)
    trial.client.close()
    print(json.dumps(trial.figures, ensure_ascii=False, indent=1, default=str))
    print("faults:", len(trial.faults))
    return 1 if trial.faults else 0


if __name__ == "__main__":
    sys.exit(main())
