"""Both themes in Chromium: nobody is kept out by colours or sizes, whatever has been answered. axe-core judges.

One sitting per theme in `make test`; with EVERYTHING (`make proofs`) every language, width and size of text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from authoring.blocks import Check, Hotspot, Sort, each_block
from authoring.course import Course
from authoring.theme.theme import SHIPPED
from course_packages import scorm12_files, target_files
from course_packages.words import words_in
from tests.axe import COLOURS
from tests.course_packages.conftest import (  # noqa: F401 - fixtures
    axe,
    every_block,
    learner,
    platform_for,
    screens,
)
from tests.course_packages.test_every_block import ALL_RULES, open_for_the_eye, violations
from tests.course_packages.test_in_browser import assert_stayed_home
from tests.everything import EVERYTHING
from tests.theme.conftest import ROOT, ThemedAcademy, finished_theme, ttf

pytestmark = pytest.mark.browser

SITTINGS = (
    [(theme, language, width) for theme in SHIPPED for language in ("sq", "ro", "en") for width in (360, 768, 1280)]
    if EVERYTHING
    else [("chancery", "sq", 360), ("courtyard", "ro", 360)]
)  # fmt: skip

RIGHT = """(solutions) => {
  document.querySelectorAll('form.check').forEach((form) => {
    if (form.matches('.answered')) { form.querySelector('[type=submit]').click(); }
    const right = solutions[form.dataset.check];
    form.querySelectorAll('fieldset input').forEach((input, at) => {
      if (right.includes(at) !== input.checked && (input.type === 'checkbox' || right.includes(at))) { input.click(); }
    });
    form.querySelectorAll('[data-item] select').forEach((select) => {
      select.value = String(right[Number(select.closest('[data-item]').dataset.item)]);
    });
    const items = () => [...form.querySelectorAll('li[data-item]')];
    items().map((item) => Number(item.dataset.item)).sort().forEach((item) => {
      const where = () => items().findIndex((each) => Number(each.dataset.item) === item);
      while (form.querySelector('[data-move]') && where() > item) {
        items()[where()].querySelector('[data-move="-1"]').click();
      }
    });
    form.querySelector('[type=submit]').click();
  });
}"""


def solutions(course: Course) -> dict[str, list[int]]:
    """The right answers of every question: options, or for each line to be sorted its place."""
    found: dict[str, list[int]] = {}
    for lesson in course.lessons:
        for block in each_block(lesson.texts["en"].blocks):
            if isinstance(block, Check | Hotspot):
                found[block.id] = [n for n, option in enumerate(block.options) if option.correct]
            elif isinstance(block, Sort):
                found[block.id] = [place for _, place in block.items]
            elif hasattr(block, "question_html"):
                found[block.id] = []
    return found


class Eyes:
    """Looks at a page with axe, in both schemes, and remembers what is wrong."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.found: list[str] = []
        self.looks = 0

    def look(
        self, state: str, *, scheme: str = "light", size: str = "", rules: Sequence[str] = COLOURS
    ) -> None:
        """Judges the page as it is, in a scheme and a size of text."""
        self.frame.evaluate(
            "([theme, size]) => Object.assign(document.documentElement.dataset, {theme, size})",
            [scheme, size],
        )
        self.frame.evaluate(
            "() => new Promise((drawn) => setTimeout(drawn, 50))"
        )  # tables learn how wide they are
        self.looks += 1
        self.found += [f"{state}, {scheme} {size}: {one}" for one in violations(self.frame, rules)]
        if self.frame.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.found.append(f"{state}, {scheme} {size}: wider than the screen")

    def look_at_all(self, state: str) -> None:
        """With all rules in the light, its colours in the dark; of everything, in every size of text."""
        self.look(state, rules=ALL_RULES)
        self.look(state, scheme="dark")
        for size in ("2", "3", "4") if EVERYTHING else ():
            self.look(state, scheme="dark", size=size, rules=ALL_RULES)


@pytest.mark.parametrize(("theme", "language", "width"), SITTINGS)
def test_axe_finds_nothing_before_and_after_answering_when_failed_and_when_passed(
    learner: Callable[..., Any],  # noqa: F811
    platform_for: Callable[..., Any],  # noqa: F811
    every_block: Course,  # noqa: F811
    axe: str,  # noqa: F811
    theme: str,
    language: str,
    width: int,
) -> None:
    words = words_in(language)
    files = scorm12_files(replace(every_block, theme=finished_theme(theme)))
    one = learner(platform_for(files, language=language), viewport={"width": width, "height": 740})
    frame = one.open()
    frame.evaluate(axe)
    eyes = Eyes(frame)
    for page in ("text", "panels", "questions", "work"):
        if EVERYTHING or page == "questions":
            eyes.look(f"{page}, untouched")
        open_for_the_eye(frame)  # every question is answered wrongly
        eyes.look_at_all(f"{page}, wrong")
        turn(frame, ".turn .on")
    assert frame.inner_text(".standing-word") == words["status_failed"]
    eyes.look_at_all("result, failed")

    turn(frame, "#lesson-list li:nth-child(3) button")
    frame.evaluate("document.querySelector('[data-check=mayor] [type=submit]').click()")
    eyes.look("questions, trying again", scheme="dark")
    frame.evaluate("document.querySelector('[data-check=mayor] [type=submit]').click()")
    frame.evaluate(RIGHT, solutions(every_block))
    assert frame.locator("form.check").count() == frame.locator("form.check.answered.right").count()
    eyes.look("questions, right", rules=ALL_RULES)
    eyes.look("questions, right", scheme="dark", size="4", rules=ALL_RULES)
    turn(frame, ".turn .on")
    frame.locator(".scene:not([hidden]) .ways .link").last.click()  # once more from the beginning
    for scene in ("register", "found"):
        to = frame.locator(f".scene[data-id={scene}]").get_attribute("data-scene")
        frame.locator(f".scene:visible:not(.over) [data-to='{to}']").click()
    eyes.look("work, a good end")
    eyes.look("work, a good end", scheme="dark")
    turn(frame, ".turn .on")
    assert frame.inner_text(".standing-word") == words["status_passed"]
    eyes.look_at_all("result, passed")

    if width == 360:
        frame.locator("#contents-toggle").click()
    turn(frame, "#lesson-list .words button")
    frame.locator(".look summary").click()
    eyes.look_at_all("glossary, look")
    assert eyes.found == []
    assert eyes.looks >= 18
    assert_stayed_home(one)


def turn(frame: Any, button: str) -> None:
    """To another page."""
    title = frame.inner_text("h1")
    frame.evaluate("button => document.querySelector(button).click()", button)
    frame.wait_for_function("t => document.querySelector('h1').innerText !== t", arg=title)


EXAMPLES = ("archive-officers", "inspectorate", "training-of-trainers")


@pytest.mark.parametrize("name", EXAMPLES if EVERYTHING else EXAMPLES[2:])
def test_partners_stand_above_the_first_lesson_then_at_the_foot_in_the_language_of_the_page(
    learner: Callable[..., Any],  # noqa: F811
    platform_for: Callable[..., Any],  # noqa: F811
    axe: str,  # noqa: F811
    name: str,
) -> None:
    from authoring.course import read_course

    root = ROOT / "examples" / name
    course = read_course(next(iter((root / "courses").iterdir())), root=root)
    first, second = course.languages.offered[:2]
    one = learner(platform_for(scorm12_files(course), language=first), viewport={"width": 360, "height": 740})
    frame = one.open()
    frame.evaluate(axe)

    def shown() -> list[list[str]]:
        """Where logos stand, and the words for them, as they are seen now."""
        return list(
            frame.evaluate(
                "[...document.querySelectorAll('.partners img')].filter(each => each.offsetParent)"
                ".map(each => [each.closest('.cover') ? 'cover' : 'foot', each.alt, each.naturalWidth > 0])"
            )
        )

    def expected(where: str, language: str) -> list[list[object]]:
        logos = [logo for row in course.theme.partners for logo in row.logos]
        return [[where, logo.alt.in_language(language), True] for logo in logos]

    assert shown() == expected("cover", first)
    assert frame.evaluate(
        "Math.max(...[...document.querySelectorAll('.cover img')].filter(e => e.offsetParent).map(e => e.height)) <= 32"
    )
    assert frame.evaluate("document.querySelector('h1').getBoundingClientRect().bottom < innerHeight")
    assert violations(frame, ALL_RULES) == []
    frame.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert violations(frame, COLOURS) == []
    frame.locator(f"[data-language={second}]").click()
    frame.wait_for_function("l => document.documentElement.lang === l", arg=second)
    assert shown() == expected("cover", second)
    turn(frame, ".turn .on")
    frame.evaluate("document.querySelector('footer.partners').scrollIntoView()")
    assert shown() == expected("foot", second)
    assert violations(frame, COLOURS) == []
    assert_stayed_home(one)


def test_an_own_font_is_used_also_where_pages_are_opened_from_a_folder(
    browser: Any, academy: ThemedAcademy
) -> None:
    academy.write(academy.course / "theme" / "fonts" / "a.ttf", ttf())
    academy.write_theme(
        "schema: theme/1\nextends: courtyard\n"
        "fonts: {headings: Own, families: [{family: Own, licence: CC0, files: [{file: fonts/a.ttf, weight: 100..900}]}]}\n"
    )
    from authoring.target import HtmlTarget

    out = academy.folder / "opened"
    for name, content in dict(target_files(academy.course_read(), HtmlTarget(kind="html")).files).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    page = browser.new_page()
    try:
        page.goto((out / "index.html").as_uri())
        page.locator("h1").wait_for()
        assert page.evaluate(
            "document.fonts.ready.then(() => [...document.fonts].map(each => each.status))"
        ) == ["loaded"]
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily").startswith("f0,")
    finally:
        page.close()
