"""Pictures of every block for the documentation, taken by hand: `python -m tests.course_packages.pictures`.

Writes docs/pictures/blocks/<name>.webp (a phone's width) and one sheet with all lessons at each of three widths.
"""

from __future__ import annotations

import io
import shutil
from typing import Any

from PIL import Image

from authoring.course import read_course
from course_packages import scorm12_files
from tests.course_packages.conftest import EVERY_BLOCK, ROOT, Learner, Platform, serve

OUT = ROOT / "docs" / "pictures" / "blocks"
SHEETS = {360: ("sq", "light"), 768: ("ro", "dark"), 1280: ("en", "light")}
GAP = 24

# What is shown: lesson, part of the page, what is clicked before.
BLOCKS: dict[str, tuple[int, str, tuple[str, ...]]] = {
    "term": (0, ".blocks > p", (".blocks .term",)),
    "figure": (0, "figure.small", ()),
    "table": (0, ".blocks > .table", ()),
    "law": (0, ".call-out.law", ()),
    "tip": (0, ".call-out.tip", ()),
    "warning": (0, ".call-out.warning", ()),
    "practice": (0, ".call-out.practice", ()),
    "accordion": (1, ".accordion", (".accordion summary",)),
    "tabs": (1, ".tabs", ()),
    "cards": (1, ".cards", ()),
    "steps": (1, ".steps", ()),
    "flashcards": (1, ".flashcards", (".pile summary",)),
    "video": (1, ".recording.video", (".video summary",)),
    "audio": (1, ".recording.audio", (".audio summary",)),
    "download": (1, ".download", ()),
    "check": (2, "[data-check=mayor]", ("#answer-mayor-0", "[data-check=mayor] [type=submit]")),
    "hotspot": (2, "[data-check=stamp]", ("#answer-stamp-0",)),
    "order": (2, "[data-check=incoming]", ()),
    "sort": (2, "[data-check=where]", ()),
    "scenario": (3, ".scenario", ("[data-id=start] [data-to] >> nth=0", "[data-id=register] [data-to] >> nth=0")),
    "exercise": (3, ".exercise", (".checklist input", ".model summary")),
    "reflection": (3, ".reflection", ()),
    "helpful": (3, ".helpful", (".yes-no button:last-of-type",)),
}  # fmt: skip


def main() -> None:
    """Takes all pictures."""
    from playwright.sync_api import sync_playwright

    OUT.mkdir(parents=True, exist_ok=True)
    files = scorm12_files(read_course(EVERY_BLOCK / "courses" / "every-block", root=EVERY_BLOCK))
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        with serve(Platform(files, language="en")) as platform:
            take_blocks(browser, platform)
        for width, (language, scheme) in SHEETS.items():
            with serve(Platform(files, language=language)) as platform:
                take_sheet(browser, platform, width, scheme)
        browser.close()


def take_blocks(browser: Any, platform: Platform) -> None:
    """One picture for each block."""
    learner = Learner(browser, platform, viewport={"width": 560, "height": 900})
    frame = learner.open()
    at = 0
    for name, (lesson, part, clicks) in BLOCKS.items():
        while at < lesson:
            go_on(learner)
            at += 1
        for click in clicks:
            frame.locator(click).first.click()
        learner.page.mouse.move(0, 0)
        frame.evaluate("document.activeElement.blur()")
        settle(learner)
        save(frame.locator(part).first.screenshot(), OUT / f"{name}.webp")
    learner.close()


def take_sheet(browser: Any, platform: Platform, width: int, scheme: str) -> None:
    """All lessons side by side, whole."""
    learner = Learner(browser, platform, viewport={"width": width, "height": 800}, color_scheme=scheme)
    frame = learner.open()
    pages = []
    for lesson in range(4):
        if lesson:
            go_on(learner)
        height = frame.evaluate("document.documentElement.scrollHeight")
        learner.page.set_viewport_size({"width": width, "height": height})
        settle(learner)
        pages.append(Image.open(io.BytesIO(learner.page.screenshot())))
        learner.page.set_viewport_size({"width": width, "height": 800})
    sheet = Image.new("RGB", (4 * width + 3 * GAP, max(page.height for page in pages)), "#8b8f8f")
    for number, page in enumerate(pages):
        sheet.paste(page, (number * (width + GAP), 0))
    small = (
        sheet.resize((round(sheet.width * 0.5), round(sheet.height * 0.5)), Image.Resampling.LANCZOS)
        if width > 400
        else sheet
    )
    small.save(OUT.parent / f"blocks-{width}.webp", quality=72, method=6)
    learner.close()


def go_on(learner: Learner) -> None:
    """To the next lesson."""
    title = learner.frame.inner_text("h1")
    learner.frame.locator(".turn .on").click()
    learner.frame.wait_for_function("t => document.querySelector('h1').innerText !== t", arg=title)


def settle(learner: Learner) -> None:
    """Until pictures and posters are there."""
    learner.page.wait_for_timeout(500)


def save(png: bytes, path: Any) -> None:
    """A small file of a screenshot."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=80, method=6)


if __name__ == "__main__":
    main()
