"""Pictures of both themes for the documentation, taken by hand: `python -m tests.theme.pictures`.

Writes docs/pictures/themes-<width>.webp: one lesson in both themes, light and dark, side by side.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from typing import Any

from PIL import Image

from authoring.course import read_course
from authoring.theme.theme import SHIPPED
from course_packages import scorm12_files
from tests.course_packages.conftest import EVERY_BLOCK, Learner, Platform, serve
from tests.theme.conftest import ROOT, finished_theme

WIDTHS = {360: 0.72, 768: 0.42, 1280: 0.36}
"""How wide the screen is, and how much of that a picture of it is."""
GAP = 16


def main() -> None:
    """Takes all pictures."""
    from playwright.sync_api import sync_playwright

    course = read_course(EVERY_BLOCK / "courses" / "every-block", root=EVERY_BLOCK)
    example = ROOT / "examples" / "archive-officers"
    partners = read_course(example / "courses" / "archive-officers", root=example).theme.partners
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages: dict[int, list[Image.Image]] = {width: [] for width in WIDTHS}
        for name in SHIPPED:
            themed = replace(course, theme=replace(finished_theme(name), partners=partners))
            with serve(Platform(scorm12_files(themed), language="en")) as platform:
                for scheme in ("light", "dark"):
                    for width in WIDTHS:
                        pages[width].append(picture(browser, platform, width, scheme))
        browser.close()
    for width, share in WIDTHS.items():
        height = min(page.height for page in pages[width])
        sheet = Image.new("RGB", (len(pages[width]) * (width + GAP) - GAP, height), "#8b8f8f")
        for number, page in enumerate(pages[width]):
            sheet.paste(page, (number * (width + GAP), 0))
        small = sheet.resize(
            (round(sheet.width * share), round(sheet.height * share)), Image.Resampling.LANCZOS
        )
        small.save(ROOT / "docs" / "pictures" / f"themes-{width}.webp", quality=70, method=6)


def picture(browser: Any, platform: Platform, width: int, scheme: str) -> Image.Image:
    """The first lesson, whole."""
    learner = Learner(browser, platform, viewport={"width": width, "height": 800}, color_scheme=scheme)
    frame = learner.open()
    height = frame.evaluate("document.documentElement.scrollHeight")
    learner.page.set_viewport_size({"width": width, "height": height})
    learner.page.wait_for_timeout(500)
    taken = Image.open(io.BytesIO(learner.page.screenshot())).convert("RGB")
    learner.close()
    return taken


if __name__ == "__main__":
    main()
