"""How long apply takes for 8 small courses on a real Moodle with one, two and four of them at once.

    MOODLE_URL=… MOODLE_TOKEN=… python bench/apply_parallel.py

Every run pushes 8 new courses (course, 2 sections, package, 3 questions, quiz, criteria), whose ids begin with `par` and the time,
and hides nothing afterwards. Only apply is timed, with its read-back. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from authoring.starter_academy import SLUG, write_starter_academy
from lms_sync.academy import build_academy, read_academy
from lms_sync.clock import SystemClock
from lms_sync.moodle.client import MoodleClient
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.settings import Secret, load_settings
from lms_sync.store.database import open_database

COURSES = 8
AT_ONCE = (1, 2, 4)
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))


def write_courses(folder: Path, prefix: str, url: str) -> None:
    """The starter's course eight times, under ids of this run."""
    config = f"sites: {{bench: {{url: '{url}', token_env: MOODLE_TOKEN}}}}\n"
    write_starter_academy(folder, ["en"], config)
    for number in range(COURSES):
        name = f"{prefix}-{number}"
        shutil.copytree(folder / "courses" / SLUG, folder / "courses" / name)
        quiz = folder / "quizzes" / f"{name}.yaml"
        shutil.copyfile(folder / "quizzes" / f"{SLUG}.yaml", quiz)
        for file in (folder / "courses" / name / "course.yaml", quiz):
            text = file.read_text(encoding="utf-8").replace("id: staff-training", "id: par-bench")
            file.write_text(text.replace(SLUG, name), encoding="utf-8")
    shutil.rmtree(folder / "courses" / SLUG)
    (folder / "quizzes" / f"{SLUG}.yaml").unlink()


def seconds(url: str, token: Secret, parallel: int) -> float:
    """One apply of eight new courses."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "academy"
        write_courses(folder, f"par{time.time_ns() // 1_000_000}", url)
        settings, built = load_settings(folder), build_academy(read_academy(folder))
        site = settings.sites["bench"]
        client = MoodleClient(url, token)
        engine = open_database(f"sqlite:///{folder}/state.db")

        def again() -> Prepared:
            return prepare(client, built, settings, site)

        prepared = again()
        started = time.monotonic()
        report, left = apply_prepared(
            client, engine, "bench", prepared, settings, site, folder, SystemClock(),
            again=again, parallel=parallel,
        )  # fmt: skip
        took = time.monotonic() - started
        assert report.complete
        assert not left.plan.work
        engine.dispose()
        client.close()
        return took


def main() -> None:
    """Rounds in turn, so that what else the machine does falls on all alike."""
    url, token = os.environ["MOODLE_URL"], Secret(os.environ["MOODLE_TOKEN"])
    took: dict[int, list[float]] = {number: [] for number in AT_ONCE}
    for _ in range(ROUNDS):
        for number in AT_ONCE:
            took[number].append(round(seconds(url, token, number), 1))
    medians = {number: statistics.median(values) for number, values in took.items()}
    print(json.dumps({"courses": COURSES, "seconds": took, "median": medians}, indent=1))


if __name__ == "__main__":
    main()
