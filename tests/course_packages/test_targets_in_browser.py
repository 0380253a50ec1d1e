"""Each target in each language: somebody with a keyboard alone goes through, leaves, comes back and finishes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from authoring.course import Course, read_course
from authoring.target import HtmlTarget, ScormTarget
from course_packages import target_files
from tests.course_packages.test_in_browser import (
    assert_clean_session,
    assert_stayed_home,
    turn_page,
    violations,
    walk_lesson,
)
from tests.everything import EVERYTHING

pytestmark = pytest.mark.browser

LANGUAGES = ("sq", "ro", "en")
# `make proofs` plays every target in every language; on every commit each target speaks one.
ALWAYS = LANGUAGES if EVERYTHING else ()
PASSED = {"sq": "E kaluat", "ro": "Promovat", "en": "Passed"}
RESULT = {"sq": "Rezultati juaj", "ro": "Rezultatul dumneavoastră", "en": "Your result"}

COURSE = """\
schema: course/1
id: counter
version: "1"
title: {sq: Te sporteli, ro: La ghișeu, en: At the counter}
summary: A course for tests
languages: {default: sq, offered: [sq, ro, en]}
category: {id: tests, title: Tests}
passing: {score: 60}
lessons: [{id: first, minutes: 5}, {id: second}]
"""
WORDS = {
    "sq": ("Mësimi", "Qytetari pret.", "Çfarë bëni?", "Përgjigjja"),
    "ro": ("Lecția", "Cetățeanul așteaptă.", "Ce faceți?", "Răspunsul"),
    "en": ("Lesson", "The citizen waits.", "What do you do?", "Answer"),
}
CHECKS = {
    "first": (("one-of", "single", " x "), ("some-of", "multiple", "x x")),
    "second": (("yes-or-no", "truefalse", "x "),),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    folder = tmp_path_factory.mktemp("counter") / "courses" / "counter"
    folder.mkdir(parents=True)
    (folder / "course.yaml").write_text(COURSE, encoding="utf-8")
    for number, (lesson, checks) in enumerate(CHECKS.items(), 1):
        for language, (title, prose, question, answer) in WORDS.items():
            text = f"---\ntitle: {title} {number}\n---\n\n{prose}\n"
            for identifier, kind, marks in checks:
                options = "\n".join(f"- [{mark}] {answer} {n}" for n, mark in enumerate(marks))
                text += f"\n:::check id={identifier} kind={kind} graded=yes\n{question}\n{options}\n:::\n"
            path = folder / "lessons" / lesson / f"lesson.{language}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return read_course(folder, root=folder.parents[1])


def titles(language: str) -> tuple[str, str]:
    return f"{WORDS[language][0]} 1", f"{WORDS[language][0]} 2"


def assert_clean_2004(log: list[dict[str, Any]], last: str) -> None:
    """One Initialize, one Terminate, no error, exit and time at the end."""
    calls = [entry["call"] for entry in log]
    assert [entry for entry in log if entry["error"] != "0" or entry["answer"] == "false"] == []
    assert (calls.count("Initialize"), calls.count("Terminate")) == (1, 1)
    assert (calls[0], calls[-1]) == ("Initialize", "Terminate")
    written = [entry["args"] for entry in log if entry["call"] == "SetValue"]
    assert [element for element, _ in written[-2:]] == ["cmi.exit", "cmi.session_time"]
    assert written[-2][1] == last
    assert all(len(value) < 4096 for element, value in written if element == "cmi.suspend_data")
    assert all("-" not in value for element, value in written if element.endswith(("_response", "pattern")))


@pytest.mark.parametrize("language", ALWAYS or ("ro",))
def test_scorm_2004_is_gone_through_by_keyboard_left_and_finished(
    learner: Callable[..., Any], platform_for: Callable[..., Any], course: Course, axe: str, language: str
) -> None:
    files = target_files(course, ScormTarget(kind="scorm2004")).files
    one = learner(platform_for(files, edition="scorm2004", language=language))
    frame = one.open()
    assert one.focused == titles(language)[0]
    walk_lesson(one, course.lessons[0], wrongly=("one-of",))
    one.leave()
    assert_clean_2004(one.log, "suspend")
    kept = one.committed
    assert (kept["cmi.completion_status"], kept["cmi.progress_measure"]) == ("incomplete", "0.6")
    assert "cmi.success_status" not in kept
    assert "cmi.score.scaled" not in kept
    assert_stayed_home(one)

    again = {name: value for name, value in kept.items() if name not in ("cmi.exit", "cmi.session_time")}
    two = learner(platform_for(files, edition="scorm2004", stored={**again, "cmi.entry": "resume"}))
    frame = two.open()
    assert frame.inner_text("h1") == titles(language)[0]
    assert frame.locator("form.answered").count() == 2
    turn_page(two, titles(language)[1])
    walk_lesson(two, course.lessons[1])
    turn_page(two, RESULT[language])
    assert frame.inner_text(".standing-word") == PASSED[language]
    frame.evaluate(axe)
    assert violations(frame) == []
    two.leave()
    assert_clean_2004(two.log, "suspend")  # so that who looks again sees what was answered
    kept = two.committed
    assert (kept["cmi.completion_status"], kept["cmi.success_status"]) == ("completed", "passed")
    assert (kept["cmi.progress_measure"], kept["cmi.score.scaled"], kept["cmi.score.raw"]) == (
        "1",
        "0.66",
        "66",
    )
    path = "cmi.interactions.1."
    several = {name.removeprefix(path): value for name, value in kept.items() if name.startswith(path)}
    assert several["learner_response"] == several["correct_responses.0.pattern"] == "a[,]c"
    assert kept["cmi.interactions.0.result"] == "incorrect"
    assert kept["cmi.interactions.2.learner_response"] == "true"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\dZ", several["timestamp"])
    assert re.fullmatch(r"PT\d+\.\d\dS", kept["cmi.session_time"])
    assert_stayed_home(two)


@pytest.mark.parametrize(
    ("scos", "language"),
    [*(("course", each) for each in ALWAYS), *(("lessons", each) for each in ALWAYS or ("en",))],
)
def test_scorm_12_is_gone_through_by_keyboard_left_and_finished(
    learner: Callable[..., Any],
    platform_for: Callable[..., Any],
    course: Course,
    axe: str,
    scos: Any,
    language: str,
) -> None:
    """Each SCO has a session, a record and a result of its own."""
    built = target_files(course, ScormTarget(kind="scorm12", scos=scos))
    for sco in built.scos:
        lessons = [lesson for lesson in course.lessons if scos == "course" or sco.page == f"{lesson.id}.html"]
        one = learner(platform_for(built.files, language=language, page=sco.page))
        one.open()
        walk_lesson(one, lessons[0])
        one.leave()
        assert_clean_session(one.log)
        kept = {
            name: value
            for name, value in one.committed.items()
            if name not in ("cmi.core.exit", "cmi.core.session_time") and "interactions" not in name
        }
        assert kept["cmi.core.lesson_status"] == ("incomplete" if scos == "course" else "passed")
        two = learner(platform_for(built.files, stored={**kept, "cmi.core.entry": "resume"}, page=sco.page))
        frame = two.open()
        assert frame.locator("form.answered").count() == len(lessons[0].checks)
        for lesson in lessons[1:]:
            turn_page(two, lesson.texts[language].title)
            walk_lesson(two, lesson)
        turn_page(two, RESULT[language])
        assert frame.inner_text(".standing-word") == PASSED[language]
        assert frame.locator(".contents li").count() == len(lessons) + 1
        frame.evaluate(axe)
        assert violations(frame) == []
        two.leave()
        assert_clean_session(two.log)
        assert (two.committed["cmi.core.lesson_status"], two.committed["cmi.core.score.raw"]) == (
            "passed",
            "100",
        )
        assert_stayed_home(two)


class Reader:
    """Somebody who opens a page from a folder: no platform, no server."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        page.goto(address)
        page.wait_for_selector("h1")

    @property
    def frame(self) -> Any:
        return self.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@pytest.mark.parametrize("language", ALWAYS or ("sq",))
def test_plain_html_opens_from_a_folder_and_keeps_what_was_done(
    learner: Callable[..., Any],
    platform_for: Callable[..., Any],
    course: Course,
    tmp_path: Path,
    axe: str,
    language: str,
) -> None:
    files = target_files(course, HtmlTarget(kind="html", languages=(language,))).files
    unpack(files, tmp_path)
    address = (tmp_path / "index.html").as_uri()
    home = learner(platform_for({}))  # for its context, which notes what leaves the machine
    one = Reader(home.page, address)
    assert one.frame.locator(".notice").count() == 0
    walk_lesson(one, course.lessons[0])
    one.page.goto("about:blank")
    two = Reader(home.page, address)
    assert two.frame.locator("form.answered").count() == 2
    turn_page(two, titles(language)[1])
    walk_lesson(two, course.lessons[1])
    turn_page(two, RESULT[language])
    assert two.frame.inner_text(".standing-word") == PASSED[language]
    assert_stayed_home(home)  # axe, below, asks for style sheets in a way that pages from a folder may not
    two.frame.evaluate(axe)
    assert violations(two.frame) == []


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


# element, value (None: it is read), error: SCORM 1.2 RTE 3.3.6 and 3.4.
JUDGED = [
    ("cmi.suspend_data", "x" * 4096, "0"),
    ("cmi.suspend_data", "x" * 4097, "405"),
    ("cmi.core.lesson_location", "x" * 255, "0"),
    ("cmi.core.lesson_location", "x" * 256, "405"),
    ("cmi.core.lesson_status", "not attempted", "405"),
    ("cmi.core.lesson_status", "unknown", "405"),
    ("cmi.core.exit", "normal", "405"),
    ("cmi.core.exit", "", "0"),
    ("cmi.core.exit", None, "404"),
    ("cmi.core.score.raw", "", "405"),
    ("cmi.core.score.raw", "100.5", "405"),
    ("cmi.core.score.raw", "-1", "405"),
    ("cmi.core.session_time", "PT1H", "405"),
    ("cmi.core.session_time", "0001:02:03.45", "0"),
    ("cmi.core.session_time", None, "404"),
    ("cmi.core.student_id", "x", "403"),
    ("cmi.core._children", "x", "402"),
    ("cmi.core.score.raw._children", None, "202"),
    ("cmi.core.exit._count", None, "203"),
    ("cmi.completion_status", "completed", "201"),
    ("cmi.interactions.1.id", "gap", "201"),
    ("cmi.interactions.0.type", "choice", "201"),
    ("cmi.interactions.0.id", "two words", "405"),
    ("cmi.interactions.0.id", "k1", "0"),
    ("cmi.interactions.0.student_response", "a", "405"),
    ("cmi.interactions.0.type", "long-fill-in", "405"),
    ("cmi.interactions.0.type", "choice", "0"),
    ("cmi.interactions.0.correct_responses.1.pattern", "a", "201"),
    ("cmi.interactions.0.correct_responses.0.pattern", "a[,]c", "405"),
    ("cmi.interactions.0.correct_responses.0.pattern", "a,c", "0"),
    ("cmi.interactions.0.result", "incorrect", "405"),
    ("cmi.interactions.0.result", "wrong", "0"),
    ("cmi.interactions.0.result", None, "404"),
    ("cmi.interactions.0.time", "25:00:00", "405"),
    ("cmi.interactions._count", None, "0"),
    ("cmi.student_preference.text", "2", "405"),
]


def test_our_judge_of_scorm_12_refuses_what_the_standard_refuses(
    learner: Callable[..., Any], platform_for: Callable[..., Any]
) -> None:
    page = learner(platform_for({})).page
    page.add_script_tag(path=str(Path(__file__).parents[2] / "course_packages" / "run_time" / "scorm12.js"))
    told = page.evaluate(
        """rows => { const api = createScorm12Api({}, {}); const error = () => api.LMSGetLastError();
             const said = [[api.LMSGetValue("cmi.core.entry"), error()], [api.LMSInitialize("x"), error()],
                           [api.LMSInitialize(""), error()], [api.LMSInitialize(""), error()],
                           [api.LMSGetValue(), error()], [api.LMSSetValue("cmi.core.exit"), error()]];
             const errors = rows.map(([name, value]) => {
               value === null ? api.LMSGetValue(name) : api.LMSSetValue(name, value); return error(); });
             said.push([api.LMSFinish(""), error()], [api.LMSFinish(""), error()],
                       [api.LMSSetValue("cmi.core.exit", ""), error()], [api.LMSCommit(""), error()]);
             return [said, errors]; }""",
        [[element, value] for element, value, _ in JUDGED],
    )
    assert told[0] == [
        *[["", "301"], ["false", "201"], ["true", "0"], ["false", "101"], ["", "201"], ["false", "201"]],
        *[["true", "0"], ["false", "301"], ["false", "301"], ["false", "301"]],
    ]
    wrong = [
        (element, value and value[:20], wanted, found)
        for (element, value, wanted), found in zip(JUDGED, told[1], strict=True)
        if wanted != found
    ]
    assert wrong == []


# What has the focus, and whether this walk has been there before.
FOCUSED = """() => {
  const one = document.activeElement;
  const told = { tag: one.tagName, type: one.type || "", before: one.dataset.walked === "yes",
                 inside: one.closest("#page") !== null, on: one.matches(".turn .on"),
                 open: !(one.closest(".answered") || one.getAttribute("aria-disabled") === "true"),
                 chosen: one.type === "radio" && one.form !== null &&
                         one.form.querySelector("[name='" + one.name + "']:checked") !== null };
  one.dataset.walked = "yes";
  return told;
}"""


def press_everything(learner: Any) -> None:
    """From a page's heading to the way on, by keyboard: whatever can be chosen, opened, written or sent, once."""
    for _ in range(200):
        learner.press("Tab")
        told = learner.frame.evaluate(FOCUSED)
        if told["on"]:
            return
        if told["before"] or not told["inside"] or not told["open"]:
            continue
        match told["tag"], told["type"]:
            case "INPUT", "radio":
                if not told["chosen"]:
                    learner.press("Space")
            case "INPUT", "checkbox":
                learner.press("Space")
            case "SELECT", _:
                learner.press("ArrowDown")
            case "TEXTAREA", _:
                learner.page.keyboard.insert_text("Nesër: numri së pari. Mâine: întâi numărul.")
            case "BUTTON" | "SUMMARY", _:
                learner.press("Enter")
                assert learner.frame.evaluate("document.activeElement !== document.body"), told
            case _:
                pass
    raise AssertionError("the keyboard does not come to the way on")


@pytest.mark.parametrize(
    ("kind", "language"),
    [
        *(("scorm2004", each) for each in ALWAYS or ("sq",)),
        *(("scorm12", each) for each in ALWAYS or ("ro",)),
    ],
)
def test_every_block_is_worked_by_keyboard_and_reported_in_the_form_of_its_edition(
    learner: Callable[..., Any],
    platform_for: Callable[..., Any],
    every_block: Course,
    kind: Any,
    language: str,
) -> None:
    files = target_files(every_block, ScormTarget(kind=kind)).files
    one = learner(platform_for(files, edition=kind, language=language))
    frame = one.open()
    for lesson in every_block.lessons:
        assert frame.inner_text("h1") == lesson.texts[language].title
        press_everything(one)
        heading = frame.inner_text("h1")
        one.press("Enter")
        frame.wait_for_function("words => document.querySelector('h1').innerText !== words", arg=heading)
    one.leave()
    kept = one.committed
    reported = {value for name, value in kept.items() if re.fullmatch(r"cmi\.interactions\.\d+\.type", name)}
    assert reported >= {"choice", "sequencing", "matching", "performance", "fill-in"}
    if kind == "scorm2004":
        assert_clean_2004(one.log, kept["cmi.exit"])
        assert kept["cmi.success_status"] in ("passed", "failed")  # only once everything is answered
        passed = kept["cmi.success_status"] == "passed"
        assert kept["cmi.completion_status"] == (
            "completed" if passed else "incomplete"
        )  # who failed can go on
        results = {value for name, value in kept.items() if name.endswith(".result")}
        assert "neutral" in results
        assert results <= {"correct", "incorrect", "neutral"}
    else:
        assert_clean_session(one.log)
        assert kept["cmi.core.score.raw"] != ""  # only once everything is answered
    assert_stayed_home(one)
