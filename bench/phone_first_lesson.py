"""How long until the first lesson can be read on a cheap phone with a bad connection, and how much is fetched for it.

    python bench phone_first_lesson

Chromium at 360 by 740 points, a network of 400 kbit/s with 200 ms of delay and a processor six times slower
(Chrome DevTools Protocol). The package lies on a server that compresses nothing and stands in a frame, as on a
platform. Readable is when the words of the first lesson stand on the screen. The median of three, an empty cache each time.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COURSES = {
    "archive-officers": "archive-officers",
    "training-of-trainers": "migration-governance",
    "inspectorate": "communication",
}
BYTES_A_SECOND = 400_000 / 8
DELAY_MS = 200
SLOWER = 6


def measure() -> Iterator[dict[str, Any]]:
    """The slowest of the three example courses, and the one whose first lesson weighs most."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    times, weights = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        for example, course in COURSES.items():
            runs = [_one(browser, example, course) for _ in range(3)]
            times.append(statistics.median(run[0] for run in runs))
            weights.append(runs[0][1])
        browser.close()
    yield _figure("packages.phone.first-lesson", round(max(times), 2), "s", 6)
    yield _figure("packages.phone.first-lesson-size", max(weights), "bytes", 200_000)


def _figure(name: str, value: float, unit: str, goal: float) -> dict[str, Any]:
    facts = {"peer": None, "peer_value": None, "ratio": None}
    return {"id": name, "value": value, "unit": unit, **facts, "goal": f"<= {goal}", "met": value <= goal}


def _one(browser: Any, example: str, course: str) -> tuple[float, int]:
    """Seconds until the first lesson can be read, and the bytes that came until then."""
    from authoring.course import read_course
    from course_packages import scorm12_files
    from tests.course_packages.conftest import Platform, serve

    root = ROOT / "examples" / example
    read = read_course(root / "courses" / course, root=root)
    files = dict(scorm12_files(read))
    fetched: list[str] = []
    with serve(Platform(files, language=read.languages.default)) as platform:
        context = browser.new_context(viewport={"width": 360, "height": 740})
        page = context.new_page()
        page.goto(platform.address + "/scorm12_api.js")  # the platform's own part is not ours
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": DELAY_MS,
                "downloadThroughput": BYTES_A_SECOND,
                "uploadThroughput": BYTES_A_SECOND,
            },
        )
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.on("response", lambda response: fetched.append(response.url))
        begin = time.monotonic()
        page.goto(platform.address + "/package/index.html", wait_until="commit")
        page.wait_for_selector(".blocks p", timeout=60_000)
        seconds = time.monotonic() - begin
        size = sum(len(files[url.split("/package/")[1]]) for url in fetched if "/package/" in url)
        context.close()
    return seconds, size
