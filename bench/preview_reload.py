"""How long after a lesson is saved the preview shows it, in real Chromium.

    python bench preview_reload

A sentence of the lesson that is shown is changed 20 times, with a pause like an author's between. Counted is from the
time of the file (its mtime) until the reloaded page stands at its place with the new sentence: the look at the files,
the build, the news to the page, the course in a new frame, the swap of frames. The median; the slowest is told as well.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAVES = 20
GOAL_MS = 300
SHOWN = """document.body.dataset.shown || '{"build": 0}'"""


def measure() -> Iterator[dict[str, Any]]:
    """The course for archive officers (6 lessons, 2 languages), and a course of 500 lessons with 100 pictures."""
    from packages_500_lessons import write_academy
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        small = Path(folder) / "small"
        shutil.copytree(ROOT / "examples" / "archive-officers", small)
        yield _figure("preview.reload", _reloads(browser, small / "courses" / "archive-officers"))
        large = Path(folder) / "large"
        write_academy(large)
        yield _figure("preview.reload-500-lessons", _reloads(browser, large / "courses" / "large"))
        browser.close()


def _figure(name: str, times: list[float]) -> dict[str, Any]:
    value = round(statistics.median(times))
    facts = {
        "slowest": round(max(times)),
        "saves": len(times),
        "peer": None,
        "peer_value": None,
        "ratio": None,
    }
    return {
        "id": name,
        "value": value,
        "unit": "ms",
        **facts,
        "goal": f"<= {GOAL_MS}",
        "met": value <= GOAL_MS,
    }


def _reloads(browser: Any, course: Path) -> list[float]:
    """Milliseconds from each save to the page that shows it."""
    from lms_sync.clock import SystemClock
    from lms_sync.course_preview.server import Preview, listen, serve
    from lms_sync.course_preview.shown_course import ShownCourse

    shown = ShownCourse(course, course.parent.parent, lambda: SystemClock().now().date())
    shown.look()
    preview = Preview(shown, "en")
    listening = listen(0)
    serving = threading.Thread(target=serve, args=(preview, listening), daemon=True)
    serving.start()
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    try:
        page.goto(f"http://127.0.0.1:{listening.getsockname()[1]}/{preview.token}/")
        page.wait_for_selector("#sco")
        time.sleep(2.5)
        frame = page.frame_locator("#sco")
        language = page.evaluate("document.getElementById('sco').contentDocument.documentElement.lang")
        location = page.evaluate("API.values['cmi.core.lesson_location']")
        lesson = course / "lessons" / location / f"lesson.{language}.md"
        text = lesson.read_text(encoding="utf-8")
        times = []
        for number in range(SAVES):
            word = f"Saved for the {number}th time."
            lesson.write_text(f"{text}\n\n{word}\n", encoding="utf-8")
            saved = lesson.stat().st_mtime_ns / 1e6
            frame.get_by_text(word).wait_for(timeout=10_000)
            while json.loads(page.evaluate(SHOWN))["build"] != shown.now.build:
                time.sleep(0.005)
            times.append(json.loads(page.evaluate(SHOWN))["at"] - saved)
            time.sleep(0.4 + 0.037 * (number % 7))
        return times
    finally:
        page.close()
        preview.end()
        serving.join(timeout=5)
