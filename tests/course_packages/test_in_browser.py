"""A package plays in a real browser, in a platform that forgives nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from authoring.course import Course
from tests.everything import EVERYTHING

pytestmark = pytest.mark.browser

Log = list[dict[str, Any]]


def answer_by_keyboard(learner: Any, right: tuple[int, ...], *, several: bool) -> None:
    """With the focus on a check's first answer: chooses and submits, with keys alone."""
    if several:
        for position in range(max(right) + 1):
            if position in right:
                learner.press("Space")
            if position < max(right):
                learner.press("Tab")
        learner.press("Enter")
        return
    # The arrow keys move and choose in a group of radio buttons; Space chooses the first.
    learner.press("Space")
    learner.press(*["ArrowDown"] * right[0])
    learner.press("Enter")


def walk_lesson(learner: Any, lesson: Any, *, wrongly: tuple[str, ...] = ()) -> None:
    """From a lesson's heading: every check answered, by keyboard only."""
    frame = learner.frame
    for check in lesson.checks:
        right = check.right
        if check.id in wrongly:
            right = tuple(i for i in range(len(check.options)) if i not in check.right)[:1]
        tab_until(learner, f"document.querySelector('[data-check=\"{check.id}\"] input')")
        answer_by_keyboard(learner, right, several=check.kind == "multiple")
        # The key was answered when it was pressed: the focus is in the check that it has answered, and never lost.
        assert frame.evaluate("document.activeElement.closest('.check.answered')?.dataset.check") == check.id


def tab_until(learner: Any, target: str) -> None:
    """Presses Tab until `target` (a JavaScript expression) has the focus."""
    frame = learner.frame
    for _ in range(120):
        learner.press("Tab")
        if frame.evaluate(f"document.activeElement === {target}"):
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def turn_page(learner: Any, heading: str) -> None:
    tab_until(learner, "document.querySelector('.turn .on')")
    learner.press("Enter")
    learner.frame.wait_for_function("words => document.querySelector('h1').innerText === words", arg=heading)


def assert_clean_session(log: Log) -> None:
    """What the standard demands of every session, however it went."""
    calls = [entry["call"] for entry in log]
    refused = [entry for entry in log if entry["error"] != "0" or entry["answer"] == "false"]
    assert refused == []
    assert calls[0] == "LMSInitialize"
    assert calls.count("LMSInitialize") == 1
    assert calls.count("LMSFinish") == 1
    assert calls[-1] == "LMSFinish"
    written = [entry["args"] for entry in log if entry["call"] == "LMSSetValue"]
    assert ["cmi.core.lesson_status", "not attempted"] not in written
    assert all(len(value) <= 4096 for element, value in written if element == "cmi.suspend_data")
    assert [element for element, _ in written[-2:]] == ["cmi.core.exit", "cmi.core.session_time"]


def assert_stayed_home(learner: Any) -> None:
    assert learner.strayed == []
    assert learner.words == []


def test_a_learner_walks_to_the_end_by_keyboard_leaves_comes_back_and_passes(
    learner: Callable[..., Any],
    platform_for: Callable[..., Any],
    example_files: Mapping[str, bytes],
    example_course: Course,
) -> None:
    lessons = example_course.lessons
    titles = [lesson.texts["sq"].title for lesson in lessons]
    platform = platform_for(example_files)

    # The first sitting: three lessons, one answer wrong; then away in the middle of the third.
    one = learner(platform)
    frame = one.open()
    assert one.focused == titles[0]
    wrong = lessons[1].checks[0].id
    walk_lesson(one, lessons[0])
    turn_page(one, titles[1])
    walk_lesson(one, lessons[1], wrongly=(wrong,))
    turn_page(one, titles[2])
    one.leave()
    assert_clean_session(one.log)
    kept = one.committed
    assert kept["cmi.core.lesson_status"] == "incomplete"
    assert kept["cmi.core.exit"] == "suspend"
    assert kept["cmi.core.score.raw"] == ""  # a platform would take a part for the result
    assert kept["cmi.core.lesson_location"] == lessons[2].id
    answered = len(lessons[0].checks) + len(lessons[1].checks)
    assert sum(re.fullmatch(r"cmi\.interactions\.\d+\.id", name) is not None for name in kept) == answered
    assert_stayed_home(one)

    # The second sitting begins where the first ended, with the same answers.
    carried = {
        name: value
        for name, value in kept.items()
        if name not in ("cmi.core.exit", "cmi.core.session_time") and not name.startswith("cmi.interactions")
    }
    two = learner(platform_for(example_files, stored={**carried, "cmi.core.entry": "resume"}))
    frame = two.open()
    assert frame.inner_text("h1") == titles[2]
    assert frame.locator(".contents li.done, .contents li.begun").count() == 3
    walk_lesson(two, lessons[2])

    # Another language, in the middle of a lesson: same place, same answers, focus stays on the choice.
    frame.locator(f'[data-check="{lessons[2].checks[-1].id}"]').scroll_into_view_if_needed()
    tab_back_to_language(two, "en")
    before = frame.evaluate("document.querySelectorAll('form.answered').length")
    two.press("Enter")
    frame.wait_for_function(
        "words => document.querySelector('h1').innerText === words", arg=lessons[2].texts["en"].title
    )
    assert frame.evaluate("document.documentElement.lang") == "en"
    assert (
        frame.evaluate("document.querySelectorAll('form.answered').length")
        == before
        == len(lessons[2].checks)
    )
    assert two.focused == "English"
    titles = [lesson.texts["en"].title for lesson in lessons]

    for position in range(3, len(lessons)):
        turn_page(two, titles[position])
        walk_lesson(two, lessons[position])
    turn_page(two, "Your result")
    assert frame.inner_text(".standing-word") == "Passed"
    # Told while the learner looks at the result, not only when they leave.
    two.page.wait_for_function("API.committed['cmi.core.lesson_status'] === 'passed'")
    two.leave()
    assert_clean_session(two.log)
    kept = two.committed
    graded = len([check for check in example_course.checks if check.graded])
    assert kept["cmi.core.lesson_status"] == "passed"
    assert kept["cmi.core.score.raw"] == str(100 * (graded - 1) // graded)
    assert (kept["cmi.core.score.min"], kept["cmi.core.score.max"]) == ("0", "100")
    assert kept["cmi.core.exit"] == ""
    assert_stayed_home(two)


def tab_back_to_language(learner: Any, language: str) -> None:
    for _ in range(120):
        learner.press("Shift+Tab")
        if learner.frame.evaluate("document.activeElement.getAttribute('data-language')") == language:
            return
    raise AssertionError("the keyboard does not reach the languages")


@pytest.fixture
def small_files(small_course: Course) -> Mapping[str, bytes]:
    from course_packages import scorm12_files

    return scorm12_files(small_course)


ANSWER = """([right, solutions]) => {
  for (const form of document.querySelectorAll("form.check:not(.answered)")) {
    const inputs = [...form.querySelectorAll("fieldset input")], wanted = solutions[form.dataset.check] || [];
    const wrong = inputs.map((_, at) => at).filter((at) => !wanted.includes(at)).slice(0, 1);
    for (const each of form.querySelectorAll("select")) {
      each.value = "0";
      each.dispatchEvent(new Event("change", { bubbles: true }));
    }
    for (const at of inputs.length ? (right ? wanted : wrong) : []) { inputs[at].labels[0].click(); }
    form.querySelector("[type=submit]").click();
  }
}"""


def answer_all(frame: Any, *, right: bool) -> None:
    """Answers every check of the page that waits for an answer; what is to be ordered or sorted stays as it is shown."""
    lessons = json.loads(frame.locator("#course-data").text_content())["lessons"]
    solutions = {kept["id"]: kept.get("right", []) for lesson in lessons for kept in lesson["kept"]}
    frame.evaluate(ANSWER, [right, solutions])


def test_a_failed_try_is_reported_with_its_score_and_stays_open_and_a_better_one_is_passed(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files))
    frame = one.open()
    answer_all(frame, right=False)
    frame.locator(".turn .on").click()
    one.page.wait_for_function("API.committed && API.committed['cmi.core.lesson_status'] === 'incomplete'")
    answer_all(frame, right=False)
    frame.locator(".turn .on").click()
    one.page.wait_for_function("API.committed['cmi.core.score.raw'] === '0'")
    assert one.committed["cmi.core.lesson_status"] == "incomplete"  # Moodle closes what is "failed"
    assert one.committed["cmi.core.exit"] == "suspend"
    assert frame.inner_text(".standing-word") == "Not passed yet"
    for _ in range(2):
        frame.locator(".lesson-links button").first.click()
        for form in frame.locator("form.check").all():
            form.locator("button").click()  # "Try again"
        answer_all(frame, right=True)
        frame.locator(".contents li").last.locator("button").click()
    one.page.wait_for_function("API.committed['cmi.core.lesson_status'] === 'passed'")
    one.leave()
    assert_clean_session(one.log)
    results = [
        e["args"][1] for e in one.log if e["call"] == "LMSSetValue" and e["args"][0].endswith(".result")
    ]
    assert results == ["wrong", "wrong", "correct", "correct"]
    assert one.committed["cmi.core.score.raw"] == "100"
    assert_stayed_home(one)


def test_interactions_have_the_form_of_scorm_12(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files))
    frame = one.open()
    frame.locator("#answer-two-right-0").check()
    frame.locator("#answer-two-right-2").check()
    frame.locator('[data-check="two-right"] button').click()
    frame.locator(".turn .on").click()
    frame.locator("#answer-yes-or-no-1").check()
    frame.locator('[data-check="yes-or-no"] button').click()
    one.page.wait_for_function("'cmi.interactions.1.latency' in API.values")
    values = one.values
    path = "cmi.interactions.0."
    first = {name.removeprefix(path): value for name, value in values.items() if name.startswith(path)}
    assert first["id"] == "two-right"
    assert first["type"] == "choice"
    assert values["cmi.interactions.0.correct_responses.0.pattern"] == "a,c"
    assert (first["student_response"], first["result"], first["weighting"]) == ("a,c", "correct", "1")
    assert values["cmi.interactions.1.type"] == "true-false"
    assert values["cmi.interactions.1.correct_responses.0.pattern"] == "t"
    assert (values["cmi.interactions.1.student_response"], values["cmi.interactions.1.result"]) == (
        "f",
        "wrong",
    )


def test_a_failed_save_is_shown_and_sent_again_and_nothing_is_lost(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files, faults={"failCommits": 2}))
    frame = one.open()
    frame.wait_for_selector(".notice.bad")
    answer_all(frame, right=True)
    frame.wait_for_function("document.querySelector('.notice.bad') !== null")
    frame.locator(".notice.bad button").click()
    frame.wait_for_selector(".notice.good")
    assert one.committed["cmi.interactions.0.id"] == "two-right"
    one.leave()
    failed = [entry for entry in one.log if entry["error"] != "0"]
    assert [entry["call"] for entry in failed] == ["LMSCommit", "LMSCommit"]
    assert [entry["call"] for entry in one.log].count("LMSFinish") == 1
    assert_stayed_home(one)


def test_a_platform_that_keeps_no_interactions_still_gets_the_rest(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files, faults={"noInteractions": 1}))
    frame = one.open()
    answer_all(frame, right=True)
    frame.locator(".turn .on").click()
    answer_all(frame, right=True)
    one.page.wait_for_function("API.committed && API.committed['cmi.core.lesson_status'] === 'passed'")
    assert frame.locator(".notice").count() == 0


def test_closing_the_tab_saves_and_finishes(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    platform = platform_for(small_files)
    one = learner(platform, fresh=True)
    frame = one.open()
    answer_all(frame, right=True)
    one.page.close(run_before_unload=True)
    assert platform.told.wait(5)
    assert_clean_session(platform.beacons[-1]["log"])
    assert platform.beacons[-1]["committed"]["cmi.core.exit"] == "suspend"


def test_without_a_platform_it_plays_and_says_that_nothing_is_recorded(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files, connected=False))
    frame = one.open()
    assert "nothing is recorded" in frame.inner_text(".notice")
    answer_all(frame, right=True)
    frame.locator(".turn .on").click()
    assert frame.locator("h1").inner_text() == "Second"
    one.leave()
    assert_stayed_home(one)


def test_looking_back_records_nothing(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(
        platform_for(
            small_files, stored={"cmi.core.lesson_mode": "review", "cmi.core.lesson_status": "failed"}
        )
    )
    frame = one.open()
    assert "no longer recorded" in frame.inner_text(".notice")
    answer_all(frame, right=True)
    one.leave()
    assert [entry for entry in one.log if entry["call"] == "LMSSetValue"] == []
    assert [entry["call"] for entry in one.log][-1] == "LMSFinish"


def test_what_was_passed_stays_passed_when_the_course_has_grown(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    stored = {
        "cmi.core.lesson_status": "passed",
        "cmi.core.score.raw": "90",
        "cmi.suspend_data": "13en.xxx.xxxyyy.zzz",
    }
    one = learner(platform_for(small_files, stored=stored))
    one.open()
    one.leave()
    assert one.committed["cmi.core.lesson_status"] == "passed"
    assert one.committed["cmi.core.score.raw"] == "90"
    assert_clean_session(one.log)


def test_a_course_opens_in_the_language_of_the_page_around_it(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files, language="sq"))
    assert one.open().inner_text("h1") == "I pari"


def test_a_lesson_that_does_not_arrive_can_be_asked_for_again(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    platform = platform_for(small_files, missing={"lessons/second.en.js"})
    one = learner(platform)
    frame = one.open()
    frame.locator(".turn .on").click()
    frame.wait_for_selector("[role=alert]")
    assert one.values["cmi.core.lesson_location"] == "first"  # what was not seen is not recorded as opened
    platform.missing.clear()
    frame.locator("#page button").click()
    frame.wait_for_selector(".blocks")
    assert frame.inner_text("h1") == "Second"


def test_no_page_listens_for_unload(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files), fresh=True)
    one.page.add_init_script(
        """window.heard = []; const add = EventTarget.prototype.addEventListener;
        EventTarget.prototype.addEventListener = function (type, ...rest) {
          (window.heard = window.heard || []).push(type); return add.call(this, type, ...rest); };"""
    )
    frame = one.open()
    heard = set(frame.evaluate("window.heard"))
    assert "pagehide" in heard
    assert not heard & {"unload", "beforeunload"}
    assert frame.evaluate("[window.onunload, window.onbeforeunload]") == [None, None]


def open_page(frame: Any, position: int) -> None:
    """Opens a page by its place in the contents and waits until it is there."""
    frame.locator(".contents li button").nth(position).click()
    frame.wait_for_function(
        "n => document.querySelector('[aria-current]').parentNode === document.querySelectorAll('.contents li')[n]",
        arg=position,
    )


def test_pages_are_accessible_in_every_language(
    learner: Callable[..., Any],
    platform_for: Callable[..., Any],
    example_files: Mapping[str, bytes],
    example_course: Course,
    axe: str,
) -> None:
    one = learner(platform_for(example_files), viewport={"width": 1024, "height": 800})
    frame = one.open()
    frame.evaluate(axe)
    found: dict[str, Any] = {}
    languages = example_course.languages.offered
    for turn, language in enumerate(languages):
        frame.locator(f'[data-language="{language}"]').click()
        for position in range(len(example_course.lessons) + 1):
            open_page(frame, position)
            if position == 0:
                answer_all(frame, right=False)
            # Other words have the same colours: each page shows its own in one language.
            colours = EVERYTHING or position % len(languages) == turn
            found |= {f"{language} {position} {p['id']}": p["nodes"] for p in violations(frame, colours)}
    assert found == {}, json.dumps(found, indent=1)[:4000]


def test_pages_are_accessible_in_the_dark_and_on_a_phone(
    learner: Callable[..., Any],
    platform_for: Callable[..., Any],
    example_files: Mapping[str, bytes],
    axe: str,
) -> None:
    one = learner(platform_for(example_files), viewport={"width": 360, "height": 700}, color_scheme="dark")
    frame = one.open()
    frame.evaluate(axe)
    answer_all(frame, right=True)
    frame.locator("#contents-toggle").click()
    assert violations(frame) == []
    open_page(frame, 1)
    answer_all(frame, right=False)
    assert violations(frame) == []


def violations(frame: Any, colours: bool = True) -> list[dict[str, Any]]:
    """What axe finds; without `colours` by all rules but that of contrast, which takes longer than all others."""
    result = frame.evaluate(
        """colours => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
                                         rules: {"color-contrast": {enabled: colours}}, resultTypes: ["violations"]})
           .then(r => r.violations.map(v => ({id: v.id, nodes: v.nodes.map(n => n.html.slice(0, 200))})))""",
        colours,
    )
    return list(result)


def test_no_page_is_wider_than_the_screen_and_nothing_is_too_small_to_touch(
    learner: Callable[..., Any], platform_for: Callable[..., Any], example_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(example_files))
    frame = one.open()
    for width in (320, 360, 768, 1280):
        one.page.set_viewport_size({"width": width, "height": 700})
        assert frame.evaluate("document.documentElement.scrollWidth") <= width
        # WCAG 2.2, 2.5.8: 24 by 24 pixels at least, but for words in a sentence; ours are about 44 high.
        small = frame.evaluate(
            "[...document.querySelectorAll('button:not(.term), .option')].filter(each => each.offsetParent)"
            ".map(each => each.getBoundingClientRect()).filter(box => box.height < 40 || box.width < 40).length"
        )
        assert small == 0
        frame.locator(".turn .on").click()


def test_the_keyboard_opens_and_closes_the_contents_on_a_phone(
    learner: Callable[..., Any], platform_for: Callable[..., Any], small_files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(small_files), viewport={"width": 360, "height": 700})
    frame = one.open()
    toggle = frame.locator("#contents-toggle")
    toggle.focus()
    one.press("Enter")
    assert toggle.get_attribute("aria-expanded") == "true"
    assert frame.locator("#contents").is_visible()
    one.press("Escape")
    assert not frame.locator("#contents").is_visible()
    assert one.focused == "Contents"


def test_a_locked_answer_is_still_reached_read_and_left_by_keyboard(
    learner: Any, platform_for: Any, example_files: Any
) -> None:
    one = learner(platform_for(example_files))
    frame = one.open()
    form = frame.locator("form.check:has(input)").first
    assert form.locator("h2.block-label").count() == 1
    form.locator("input").first.focus()
    one.press("Space")
    one.press("Enter")
    assert "answered" in form.get_attribute("class")
    chosen = form.evaluate("form => [...form.querySelectorAll('input')].map(one => one.checked)")
    assert form.evaluate("form => [...form.querySelectorAll('input')].every(one => !one.disabled)")
    assert form.locator("input[aria-disabled=true]").count() == len(chosen)
    assert form.evaluate("form => form.contains(document.activeElement)")  # the focus was not lost
    for key in ("Space", "ArrowDown", "Enter"):
        one.press(key)
    form.locator("label").last.click(force=True)
    assert form.evaluate("form => [...form.querySelectorAll('input')].map(one => one.checked)") == chosen
    assert "answered" in form.get_attribute("class")
    tab_until(one, "document.querySelector('form.check:has(input) button')")
    one.press("Enter")
    assert "answered" not in form.get_attribute("class")
    assert form.locator("input[aria-disabled=true]").count() == 0


def test_the_entries_of_the_contents_have_names_without_a_comma_of_ours(
    learner: Any, platform_for: Any, example_files: Any
) -> None:
    frame = learner(platform_for(example_files)).open()
    names = frame.locator(".contents li .unseen").all_inner_texts()
    assert names
    assert all(name.strip().startswith("(") for name in names)


def test_a_preview_does_not_say_that_anything_is_kept(
    learner: Any, platform_for: Any, small_files: Any
) -> None:
    one = learner(platform_for(small_files, stored={"cmi.core.lesson_mode": "browse"}))
    frame = one.open()
    frame.locator(".contents li").last.locator("button").click()
    said = frame.locator(".standing").inner_text()
    assert "preview" in said.casefold() or "paraprake" in said.casefold()
    assert "kept" not in said
