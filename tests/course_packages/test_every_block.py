"""Every block in a real browser: by keyboard alone, in three languages, and for people who cannot see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from authoring.blocks import READABLES, Check, Hotspot, Order, Scenario, Sort, each_block
from authoring.course import Course
from course_packages import scorm12_files
from course_packages.learner_state import largest_state
from course_packages.words import words_in
from tests.course_packages.conftest import EVERY_BLOCK, ROOT
from tests.course_packages.spoken import BLOCKS, FOLDER, LANGUAGES, installed, transcript
from tests.course_packages.test_in_browser import assert_clean_session, assert_stayed_home, turn_page
from tests.everything import EVERYTHING

pytestmark = pytest.mark.browser

ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GOOD_WAY = ("register", "found")


@pytest.fixture(scope="session")
def files(every_block: Course) -> Mapping[str, bytes]:
    return scorm12_files(every_block)


def reach(learner: Any, selector: str, key: str = "Tab") -> None:
    """Presses a key until the first element that fits has the focus."""
    for _ in range(150):
        learner.press(key)
        if learner.frame.evaluate(
            "s => document.activeElement === [...document.querySelectorAll(s)].find(e => e.offsetParent)",
            selector,
        ):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def open_all_parts(learner: Any) -> None:
    """Tabs by arrows, terms, accordion, flashcards, transcripts by Enter; in the order of the page."""
    frame = learner.frame
    for number in range(frame.locator("article .term").count()):
        reach(learner, ".term[aria-expanded=false]")
        learner.press("Enter")
        assert frame.locator(".definition:not(:empty)").count() == number + 1
    if frame.locator("[role=tab]").count():
        reach(learner, "[role=tab][aria-selected=true]")
        learner.press("ArrowRight", "ArrowRight")
        assert frame.locator("[role=tab]").nth(2).get_attribute("aria-selected") == "true"
        assert frame.locator("[role=tabpanel]:visible").count() == 1
    for _ in range(frame.locator("article details").count()):
        reach(learner, "article details:not([open]) summary")
        learner.press("Enter")
    assert frame.locator("article details:not([open])").count() == 0


def answer_questions(learner: Any, blocks: list[Any]) -> None:
    frame = learner.frame
    for block in blocks:
        form = f"[data-check={block.id}]"
        match block:
            case Check() | Hotspot():
                right = [n for n, option in enumerate(block.options) if option.correct]
                reach(learner, f"{form} fieldset input")
                if block.kind == "multiple":
                    for position in range(max(right) + 1):
                        learner.press(*["Tab"] * (position > 0), *["Space"] * (position in right))
                else:
                    learner.press("Space", *["ArrowDown"] * right[0])
            case Order():
                for position in range(len(block.items)):
                    item = f"{form} [data-item='{position}']"
                    while order_of(frame, form).index(position) > position:
                        reach(learner, f"{item} [data-move='-1']")
                        learner.press("Enter")
                        assert "undefined" not in frame.inner_text(f"{form} .moved")
            case Sort():
                for position, _ in block.shown:
                    reach(learner, f"{form} [data-item='{position}'] select")
                    learner.press(*["ArrowDown"] * (block.items[position][1] + 1))
        if not isinstance(block, Check | Hotspot):
            reach(learner, f"{form} [type=submit]")
        learner.press("Enter")
        assert frame.evaluate("f => document.querySelector(f + '.answered.right') !== null", form)


def order_of(frame: Any, form: str) -> list[int]:
    return list(
        frame.evaluate(
            "f => [...document.querySelectorAll(f + ' [data-item]')].map(e => Number(e.dataset.item))", form
        )
    )


def walk_scenario(learner: Any, scenario: Scenario, way: tuple[str, ...]) -> None:
    for scene in way:
        code = scenario.codes[scene]
        reach(learner, f".scene:not(.over) [data-to='{code}']")
        learner.press("Enter")
        assert (
            learner.frame.evaluate("document.activeElement.dataset.id") == scene
        )  # what comes next is read at once


@pytest.mark.parametrize("language", ["sq", "ro", "en"] if EVERYTHING else ["sq"])
def test_a_learner_does_every_block_by_keyboard_leaves_comes_back_and_finishes(
    learner: Callable[..., Any],
    platform_for: Callable[..., Any],
    files: Mapping[str, bytes],
    every_block: Course,
    language: str,
) -> None:
    words = words_in(language)
    titles = [lesson.texts[language].title for lesson in every_block.lessons]
    blocks = {lesson.id: list(each_block(lesson.texts[language].blocks)) for lesson in every_block.lessons}
    (scenario,) = [block for block in blocks["work"] if isinstance(block, Scenario)]

    # The first sitting: text, parts and questions; a scenario that ends badly, half an exercise, a thought.
    one = learner(platform_for(files, language=language))
    frame = one.open()
    open_all_parts(one)
    turn_page(one, titles[1])
    open_all_parts(one)
    turn_page(one, titles[2])
    answer_questions(one, [block for block in blocks["questions"] if hasattr(block, "question_html")])
    turn_page(one, titles[3])
    walk_scenario(one, scenario, ("lost",))
    assert frame.locator("[data-id=lost]").is_visible()
    reach(one, ".ways .link")  # back to the last decision
    one.press("Enter")
    walk_scenario(one, scenario, GOOD_WAY[:1])
    reach(one, ".checklist input")
    one.press("Space", "Tab", "Tab", "Space")
    reach(one, ".reflection textarea")
    one.page.keyboard.type("Më shumë kujdes – ședință, 14")
    one.leave()
    assert_clean_session(one.log)
    assert_stayed_home(one)
    kept = one.committed
    # The scenario ended badly; "failed" would close the attempt in Moodle.
    assert (kept["cmi.core.lesson_status"], kept["cmi.core.score.raw"]) == ("incomplete", "85")
    assert kept["cmi.core.exit"] == "suspend"
    assert len(kept["cmi.suspend_data"]) <= largest_state(every_block).total

    # The second sitting begins there, with everything as it was left.
    carried = {
        name: kept[name]
        for name in ("cmi.suspend_data", "cmi.core.lesson_location", "cmi.core.lesson_status")
    }
    two = learner(platform_for(files, stored={**carried, "cmi.core.entry": "resume"}, language="de"))
    frame = two.open()
    assert frame.evaluate("document.documentElement.lang") == language
    assert frame.inner_text("h1") == titles[3]
    assert frame.locator(".scene:visible").get_attribute("data-id") == "register"
    ticked = "[...document.querySelectorAll('.checklist input')].map(each => each.checked)"
    assert frame.evaluate(ticked) == [True, False, True]
    assert frame.locator("textarea").input_value() == "Më shumë kujdes – ședință, 14"
    walk_scenario(two, scenario, GOOD_WAY[1:])
    assert frame.inner_text(".scene.end.good .ending") == words["end_good"]
    reach(two, ".exercise .button")
    two.press("Enter")
    assert frame.inner_text(".exercise .status") == words["exercise_recorded"].format(done=2, all=3)
    reach(two, ".model summary")
    two.press("Enter")
    reach(two, ".yes-no button:last-of-type")
    two.press("Enter")
    reach(two, ".reasons input")
    two.press("Space", "ArrowDown")
    reach(two, ".reasons .button")
    two.press("Enter")
    assert frame.inner_text(".helpful .status") == words["helpful_thanks"]
    turn_page(two, words["result"])
    assert frame.inner_text(".standing-word") == words["status_passed"]
    two.leave()
    assert_clean_session(two.log)
    assert_stayed_home(two)
    assert two.committed["cmi.core.lesson_status"] == "passed"
    assert two.committed["cmi.core.score.raw"] == "100"
    assert two.committed["cmi.core.exit"] == ""
    assert told(one.committed) == {
        ("mayor", "choice", "b", "b", "correct"),
        ("receipt", "choice", "a,b", "a,b", "correct"),
        ("twice", "true-false", "f", "f", "correct"),
        ("stamp", "choice", "a", "a", "correct"),
        ("incoming", "sequencing", "a,b,c,d", "a,b,c,d", "correct"),
        ("where", "matching", "a.1,b.1,c.2,d.2", "a.1,b.1,c.2,d.2", "correct"),
        ("counter", "performance", "found", "lost", "wrong"),
    }
    assert told(two.committed) == {
        ("counter", "performance", "found", "found", "correct"),
        ("own-page", "performance", "", "2/3", "neutral"),
        ("helpful_work", "fill-in", "", "no:too-long", "neutral"),
    }


def told(values: Mapping[str, str]) -> set[tuple[str, ...]]:
    """Every interaction: id, type, right pattern, response, result."""
    parts = ("id", "type", "correct_responses.0.pattern", "student_response", "result")
    count = sum(name.startswith("cmi.interactions.") and name.endswith(".id") for name in values)
    return {tuple(values.get(f"cmi.interactions.{n}.{part}", "") for part in parts) for n in range(count)}


def test_another_language_in_mid_lesson_keeps_what_was_begun_opened_and_answered(
    learner: Callable[..., Any], platform_for: Callable[..., Any], files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(files, language="en"))
    frame = one.open()
    frame.locator(".turn .on").click()
    frame.locator("[role=tab]").nth(1).click()
    frame.locator(".pile summary").nth(1).click()
    switch(frame, "sq")
    assert frame.locator("[role=tab]").nth(1).get_attribute("aria-selected") == "true"
    assert frame.evaluate("[...document.querySelectorAll('.pile details')].map(each => each.open)") == [
        False,
        True,
    ]
    frame.locator(".turn .on").click()
    frame.locator("#answer-mayor-0").check()
    frame.locator("[data-check=mayor] .button").click()
    frame.locator("#answer-receipt-1").check()
    frame.locator(".spot").nth(1).click()  # pointing at the picture chooses a line of the list
    assert frame.locator("#answer-stamp-1").is_checked()
    frame.locator("[data-check=incoming] [data-move='1']").first.click()
    begun = order_of(frame, "[data-check=incoming]")
    for each in frame.locator("select").all():
        each.select_option("1")
    switch(frame, "ro")
    assert frame.locator("[data-check=mayor].answered.wrong").count() == 1
    assert words_in("ro")["wrong"] in frame.inner_text("[data-check=mayor] .feedback")
    assert frame.locator("#answer-receipt-1").is_checked()
    assert frame.locator("#answer-stamp-1").is_checked()
    assert frame.locator(".spot.chosen").inner_text() == "2"
    assert order_of(frame, "[data-check=incoming]") == begun
    assert {each.input_value() for each in frame.locator("select").all()} == {"1"}
    assert_stayed_home(one)


def switch(frame: Any, language: str) -> None:
    title = frame.inner_text("h1")
    frame.locator(f"[data-language={language}]").click()
    frame.wait_for_function("t => ![null, t].includes(document.querySelector('h1').innerText)", arg=title)


def open_for_the_eye(frame: Any) -> None:
    """Every part open, every question answered (wrongly where that is easy), a scenario at its end.

    How axe finds all of it, in both themes, is in tests/theme/test_in_browser.py.
    """
    frame.evaluate(
        """() => {
          document.querySelectorAll('article details').forEach((each) => (each.open = true));
          document.querySelectorAll('article .term').forEach((each) => each.click());
          document.querySelectorAll('select').forEach((each) => (each.value = '1'));
          document.querySelectorAll('form.check').forEach((form) => {
            const input = form.querySelector('fieldset input'); if (input) { input.click(); }
            form.querySelector('[type=submit]').click(); });
          for (let n = 0; n < 3; n += 1) {
            const choice = document.querySelector('.scene:not([hidden]):not(.over) [data-to]');
            if (choice) { choice.click(); } }
          const done = document.querySelector('.exercise .button'); if (done) { done.click(); }
          const no = document.querySelector('.yes-no button:last-of-type'); if (no) { no.click(); }
        }"""
    )


def violations(frame: Any, rules: Sequence[str]) -> list[str]:
    found = frame.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", [*rules]
    )
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


def test_search_finds_without_diacritics_and_opens_the_place(
    learner: Callable[..., Any], platform_for: Callable[..., Any], files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(files, language="sq"))
    frame = one.open()
    frame.locator("#search-words").fill("gazetari shkrim")
    one.press("Enter")
    frame.wait_for_function(
        "() => document.querySelectorAll('#found-list li').length === 1 && document.querySelector('#found').textContent.includes('1')"
    )
    frame.locator("#found-list button").click()
    frame.wait_for_selector(".sought")
    assert frame.evaluate("document.activeElement.matches('.accordion.sought')")
    assert frame.locator(".sought details").nth(1).get_attribute("open") is not None
    frame.locator("#search-words").fill("çkemi xyz")
    one.press("Enter")
    frame.wait_for_function(
        "w => document.querySelector('#found').textContent === w", arg=words_in("sq")["search_none"]
    )
    assert_stayed_home(one)


def test_text_size_and_colours_are_kept_by_the_browser(
    learner: Callable[..., Any], platform_for: Callable[..., Any], files: Mapping[str, bytes]
) -> None:
    one = learner(platform_for(files))
    frame = one.open()
    frame.locator(".look summary").click()
    frame.locator(".look [name=size][value='4']").check()
    frame.locator(".look [name=theme][value=dark]").check()
    one.press("Escape")
    assert frame.evaluate("document.activeElement.tagName") == "SUMMARY"
    frame = one.open()
    assert frame.evaluate("getComputedStyle(document.documentElement).fontSize") == "27.2px"
    assert frame.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    one.page.set_viewport_size({"width": 360, "height": 740})
    for _ in range(4):
        assert frame.evaluate("document.documentElement.scrollWidth") <= 360
        frame.locator(".turn .on").click()


def test_captions_come_with_the_lesson_where_their_file_cannot_be_loaded(
    learner: Callable[..., Any], platform_for: Callable[..., Any], files: Mapping[str, bytes]
) -> None:
    platform = platform_for(files, language="sq", missing={"media/path.sq.vtt"})
    one = learner(platform)
    frame = one.open()
    frame.locator(".turn .on").click()
    frame.wait_for_selector("video")
    frame.evaluate("() => { const v = document.querySelector('video'); v.muted = true; v.load(); v.play(); }")
    frame.wait_for_function(
        "() => document.querySelector('video').textTracks[0] && document.querySelector('video').textTracks[0].cues && document.querySelector('video').textTracks[0].cues.length === 3"
    )
    assert (
        frame.evaluate("document.querySelector('video').textTracks[0].cues[0].text")
        == "Një shkresë vjen në sportel."
    )
    assert one.strayed == []


def test_the_course_for_the_eye_holds_every_directive_in_every_language() -> None:
    for language in ("en", "sq", "ro"):
        text = "".join(
            path.read_text(encoding="utf-8")
            for path in sorted((EVERY_BLOCK / "courses/every-block/lessons").glob(f"*/lesson.{language}.md"))
        )
        assert [name for name in READABLES if f":::{name}" not in text] == []


def test_what_a_screen_reader_says_is_what_was_read_and_found_good(
    browser: Any, files: Mapping[str, bytes]
) -> None:
    """Compared where the tool of `speech/package.json` is installed; the transcripts are committed."""
    for language in LANGUAGES:
        told_before = (FOLDER / f"{language}.md").read_text(encoding="utf-8")
        assert [name for name in BLOCKS if f"## {name}\n" not in told_before] == []
        if installed():
            assert transcript(browser, files, language) == told_before


def test_the_sources_in_the_documentation_are_those_of_its_pictures() -> None:
    text = (ROOT / "docs" / "formats" / "blocks.md").read_text(encoding="utf-8")
    lessons = "".join(
        path.read_text(encoding="utf-8")
        for path in (EVERY_BLOCK / "courses/every-block/lessons").glob("*/lesson.en.md")
    )
    sources = re.findall(r"```markdown\n(.*?)\n```", text, re.DOTALL)
    assert [source for source in sources if source not in lessons] == []
    assert {name for name in READABLES if f":::{name}" in "".join(sources)} == set(READABLES)
    pictures = set(re.findall(r"\.\./pictures/(\S+\.webp)", text))
    assert {name for name in pictures if not (ROOT / "docs" / "pictures" / name).is_file()} == set()
