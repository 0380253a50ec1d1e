"""`lms-sync apply` is killed again and again; what it leaves is never double, and the next run carries on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from lms_sync.people import read_people
from tests.everything import EVERYTHING

if TYPE_CHECKING:
    from tests.pushed_academy import Push

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "LMS_SYNC_LANGUAGE": "en"}

# The call during which the process is killed, and what the site does meanwhile: "slow" does the work after the
# client has died (and 1 s is so late that the next client has looked by then), "cut_after_work" has done it.
MOMENTS: list[tuple[str, str, float]] = [
    ("core_course_create_categories", "slow", 0.2),
    ("core_course_create_courses", "cut_after_work", 9),
    ("local_lmssync_upsert_section", "slow", 0.2),
    ("core_group_create_groups", "slow", 1),
    ("local_lmssync_upsert_questions", "slow", 1),
    ("upload.php", "cut_after_work", 9),
    ("local_lmssync_upsert_activity", "cut_after_work", 9),
    ("local_lmssync_set_criteria", "slow", 0.2),
    ("core_cohort_create_cohorts", "slow", 1),
    ("core_cohort_add_cohort_members", "cut_after_work", 9),
    ("enrol_manual_enrol_users", "slow", 0.2),
    ("core_group_add_group_members", "cut_after_work", 9),
]


@pytest.fixture
def moodle(push: Push, tmp_path: Path) -> Iterator[str]:
    """The stand-in as a process of its own; its address. The academy is configured for it."""
    from tests.pushed_academy import seed_of

    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(seed_of(read_people(push.folder).participants)), encoding="utf-8")
    port = tmp_path / "port"
    command = [
        sys.executable,
        "-m",
        "moodle_standin",
        "--port",
        "0",
        "--seed",
        str(seed),
        "--port-file",
        str(port),
    ]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, cwd=tmp_path)
    for _ in range(400):
        if port.is_file():
            break
        assert process.poll() is None
        time.sleep(0.05)
    push.url = f"http://127.0.0.1:{port.read_text().strip()}"
    push.configure()
    yield push.url
    process.kill()
    process.wait(10)


class Runner:
    """Starts `lms-sync apply` again and again; see apply_runner.py."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("apply_runner.py"))],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, folder: Path) -> int:
        """The process's id."""
        assert self.process.stdin
        self.process.stdin.write(f"{folder}\n")
        self.process.stdin.flush()
        return self._number()

    def end(self) -> int:
        """The exit code of the process that was started last."""
        return self._number()

    def _number(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())


@pytest.fixture
def runner() -> Iterator[Runner]:
    one = Runner()
    yield one
    assert one.process.stdin
    one.process.stdin.close()
    one.process.wait(10)


def _struck(url: str) -> int:
    return int(requests.get(f"{url}/standin/faults", timeout=10).json()["struck"])


def _log(url: str) -> list[dict[str, Any]]:
    lines = requests.get(f"{url}/standin/log", timeout=10).text.splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_at_many_moments_nothing_is_double_and_the_last_run_completes(
    push: Push, moodle: str, runner: Runner
) -> None:
    from tests.pushed_academy import doubles

    moments = MOMENTS if EVERYTHING else MOMENTS[1::3]
    for number, (match, kind, seconds) in enumerate(moments, 1):
        fault = {"match": match, "kind": kind, "seconds": seconds}
        requests.post(f"{moodle}/standin/faults", json=fault, timeout=10)
        process = runner.start(push.folder)
        until = time.monotonic() + 20
        while _struck(moodle) < number:
            assert time.monotonic() < until, (match, (push.folder.parent / "apply.out").read_text())
            time.sleep(0.01)
        os.kill(process, signal.SIGKILL)
        assert runner.end() == -signal.SIGKILL
        assert doubles(_log(moodle)) == {}
    runner.start(push.folder)
    assert runner.end() == 0, (push.folder.parent / "apply.out").read_text()
    told = (push.folder.parent / "apply.out").read_text(encoding="utf-8")
    assert "Nobody confirmed" in told
    assert "Read back" in told
    log = _log(moodle)
    assert doubles(log) == {}
    assert push.work() == []
    assert push.work(remember=False) == []
    made = [one["what"] for one in log if one["action"] in ("create", "created", "add")]
    people = len(read_people(push.folder).participants)
    assert made.count("enrolment") == made.count("group_member") == made.count("cohort_member") == people
    assert made.count("course") == made.count("course_category") == 1
    assert (made.count("activity"), made.count("section")) == (9, 3)
    outcomes = [one.outcome for one in push.runs()]
    assert outcomes == ["stopped"] * len(moments) + ["done"]
    states = {row.state for row in push.journal()}
    assert "confirmed" in states
    assert states <= {"confirmed", "lost"}
