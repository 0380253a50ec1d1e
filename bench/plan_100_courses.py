"""How long a plan without changes takes for 100 courses on a real Moodle, beside per-object core calls.

    MOODLE_URL=… MOODLE_TOKEN=… make bench

Pushes 100 copies of a small course (once; later runs find them), then times a plan in which nothing
changes, and in the same run the rate of core calls that look at one object each (the SCORM activity and the quiz of a
course), which a client without the plugin's state would need for every object.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from lms_sync.academy import build_academy, read_academy
from lms_sync.clock import SystemClock
from lms_sync.moodle.client import MoodleClient
from lms_sync.package_data import example_academy
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.settings import Secret, load_settings
from lms_sync.store.database import open_database

COURSES = int(os.environ.get("BENCH_COURSES", "100"))


def academy(folder: Path) -> None:
    source = example_academy("archive-officers")
    course = (source / "courses/archive-officers/course.yaml").read_text(encoding="utf-8")
    quiz = (source / "quizzes/archive-officers.yaml").read_text(encoding="utf-8")
    for number in range(COURSES):
        name = f"bench-{number:03}"
        target = folder / "courses" / name
        shutil.copytree(source / "courses/archive-officers", target)
        text = re.sub(r"(?m)^id: .*$", f"id: {name}", course, count=1)
        text = text.replace("quiz: archive-officers", f"quiz: {name}").replace(
            "archive-academy", "bench-academy"
        )
        (target / "course.yaml").write_text(text, encoding="utf-8")
        (folder / "quizzes").mkdir(exist_ok=True)
        renamed = re.sub(r"(?m)^id: .*$", f"id: {name}", quiz, count=1)
        (folder / "quizzes" / f"{name}.yaml").write_text(renamed, encoding="utf-8")


def measure() -> list[dict[str, object]]:
    """The figure, for bench/results.json; nothing where no Moodle is given."""
    if not (os.environ.get("MOODLE_URL") and os.environ.get("MOODLE_TOKEN")):
        print("push.plan-100-courses: not run, MOODLE_URL and MOODLE_TOKEN are not set", file=sys.stderr)
        return []
    url, token = os.environ["MOODLE_URL"], Secret(os.environ["MOODLE_TOKEN"])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        academy(folder)
        config = f"sites: {{bench: {{url: '{url}', token_env: MOODLE_TOKEN}}}}\n"
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        settings = load_settings(folder)
        built = build_academy(read_academy(folder))
        client = MoodleClient(url, token)
        engine = open_database(f"sqlite:///{folder}/state.db")

        def again() -> Prepared:
            return prepare(client, built, settings, settings.sites["bench"])

        first = again()
        if first.plan.work:
            print(f"pushing {len(first.plan.work)} objects …", file=sys.stderr)
            apply_prepared(
                client,
                engine,
                "bench",
                first,
                settings,
                settings.sites["bench"],
                folder,
                SystemClock(),
                again=again,
            )
        started, calls = time.monotonic(), client.calls
        plan = again().plan
        ours, our_calls = time.monotonic() - started, client.calls - calls
        if plan.work or plan.refused:
            sys.exit(f"the plan is not empty: {plan.counts()}")
        numbers = list(again().observation.course_ids.values())[:20]
        started = time.monotonic()
        for number in numbers:
            client.call("mod_scorm_get_scorms_by_courses", {"courseids": [number]})
            client.call("mod_quiz_get_quizzes_by_courses", {"courseids": [number]})
        each = (time.monotonic() - started) / (2 * len(numbers))
        objects = len(plan.changes)
        client.close()
        return [
            {
                "id": "push.plan-100-courses",
                "value": round(ours, 2),
                "unit": "s",
                "calls": our_calls,
                "objects": objects,
                "peer": "one core call per object (rate measured on the activities of 20 of the courses)",
                "peer_value": round(each * objects, 2),
                "ratio": round(each * objects / ours, 1),
                "goal": 10,
                "met": ours <= 10,
            }
        ]
