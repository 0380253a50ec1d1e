from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

import lms_sync
from authoring.problems import Refused
from lms_sync.clock import FixedClock, SystemClock
from lms_sync.schedule import (
    ORDER,
    Job,
    Runner,
    build_scheduler,
    first_run,
    interval,
    new_scheduler,
    run_once,
)
from lms_sync.settings import ScheduledJob
from lms_sync.store import schema
from lms_sync.store.database import open_database

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TIRANA = ZoneInfo("Europe/Tirane")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    engine.dispose()


def runs(engine: Engine) -> list[tuple[str, str | None, object]]:
    with engine.connect() as connection:
        rows = connection.execute(select(schema.run).order_by(schema.run.c.id))
        return [(row.verb, row.outcome, row.summary) for row in rows]


def well(done: list[str], name: str) -> Job:
    def job() -> dict[str, object]:
        done.append(name)
        return {"n": len(done)}

    return job


def test_jobs_run_once_in_their_order_and_leave_a_row_each(engine: Engine) -> None:
    done: list[str] = []
    runner = Runner({name: well(done, name) for name in reversed(ORDER)}, engine, "site", FixedClock(NOW))
    assert run_once(runner) == {"pull": True, "certify": True, "report": True}
    assert done == ["pull", "certify", "report"]
    assert runs(engine) == [
        ("run pull", "done", {"n": 1}),
        ("run certify", "done", {"n": 2}),
        ("run report", "done", {"n": 3}),
    ]


def test_a_job_that_fails_is_told_with_its_code_and_the_others_go_on(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def refused() -> None:
        raise Refused("issuer.did-missing")

    def broken() -> None:
        raise ZeroDivisionError("one by zero")

    jobs: dict[str, Job] = {"pull": refused, "certify": broken, "report": well(done, "report")}
    with caplog.at_level(logging.INFO):
        assert run_once(Runner(jobs, engine, "site", FixedClock(NOW))) == {
            "pull": False,
            "certify": False,
            "report": True,
        }
    assert [outcome for _, outcome, _ in runs(engine)] == ["failed", "failed", "done"]
    assert runs(engine)[0][2] == {"error": "issuer.did-missing"}
    told = [record.getMessage() for record in caplog.records]
    assert "issuer.did-missing" in told[0]
    assert "ZeroDivisionError" in told[1]
    assert not any("Traceback" in line for line in told)


def test_a_database_that_cannot_be_written_does_not_end_the_schedule(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with engine.begin() as connection:
        schema.run.drop(connection)
    assert Runner({"pull": well([], "pull")}, engine, "site", FixedClock(NOW)).run("pull") is False
    assert caplog.records


@pytest.mark.parametrize(
    ("every", "span"),
    [("15 min", timedelta(minutes=15)), ("2 h", timedelta(hours=2)), ("1 min", timedelta(minutes=1))],
)
def test_an_interval_is_what_it_says(every: str, span: timedelta) -> None:
    assert interval(every) == span


def test_what_was_missed_is_caught_up_at_the_start_and_nothing_else() -> None:
    every = ScheduledJob(job="pull", every="1 h")
    daily = ScheduledJob(job="report", at="06:00")  # 05:00 UTC: three hours ago

    def due(job: ScheduledJob, hours_ago: float | None) -> datetime | None:
        last = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
        return first_run(job, last, NOW, TIRANA)

    assert due(every, None) == NOW
    assert due(every, 5) == NOW
    assert due(every, 0.25) == NOW + timedelta(minutes=45)
    assert due(daily, None) is None
    assert due(daily, 2) is None
    assert due(daily, 4) == NOW
    assert first_run(ScheduledJob(job="report", at="23:00"), NOW - timedelta(hours=20), NOW, TIRANA) == NOW
    assert first_run(ScheduledJob(job="report", at="23:00"), NOW - timedelta(hours=9), NOW, TIRANA) is None


def test_the_last_success_counts_and_a_failure_does_not(engine: Engine) -> None:
    clock = FixedClock(NOW)

    def broken() -> None:
        raise Refused("issuer.did-missing")

    assert Runner({}, engine, "site", clock).last_success("pull") is None
    Runner({"pull": well([], "pull")}, engine, "site", clock).run("pull")
    clock.advance(timedelta(hours=1))
    Runner({"pull": broken}, engine, "site", clock).run("pull")
    assert Runner({}, engine, "site", clock).last_success("pull") == NOW
    assert Runner({}, engine, "other", clock).last_success("pull") is None


def test_jobs_that_are_due_together_run_one_after_the_other_in_order_and_none_is_dropped(
    engine: Engine,
) -> None:
    running: list[str] = []
    finished: list[str] = []
    together: list[int] = []
    all_done = threading.Event()

    def slow(name: str) -> Job:
        def job() -> None:
            running.append(name)
            together.append(len(running))
            time.sleep(0.4)
            running.remove(name)
            finished.append(name)
            if len(finished) == 4:
                all_done.set()

        return job

    schedule = [ScheduledJob(job=name, every="1 h") for name in ("report", "certify", "pull", "report")]  # type: ignore[arg-type]
    runner = Runner({name: slow(name) for name in ORDER}, engine, "site", SystemClock())
    scheduler = build_scheduler(
        new_scheduler("Europe/Tirane", blocking=False), schedule, runner, "Europe/Tirane"
    )
    scheduler.start()
    assert all_done.wait(10)
    scheduler.shutdown()
    assert finished == ["pull", "certify", "report", "report"]  # the last began more than a second late
    assert set(together) == {1}


def test_a_time_of_day_is_meant_in_the_sites_zone(engine: Engine) -> None:
    runner = Runner({}, engine, "site", SystemClock())
    scheduler = build_scheduler(
        new_scheduler("Europe/Tirane", blocking=False),
        [ScheduledJob(job="report", at="06:00")],
        runner,
        "Europe/Tirane",
    )
    scheduler.start(paused=True)
    (job,) = scheduler.get_jobs()
    assert job.next_run_time.astimezone(TIRANA).hour == 6
    assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
    scheduler.shutdown()


# --- the command ------------------------------------------------------------------------------

CONFIG = """\
language: en
sites:
  test: {url: "http://127.0.0.1:9", token_env: LMS_SYNC_TEST_TOKEN, timezone: Europe/Tirane}
"""
EXAMPLE = Path(__file__).parents[2] / "examples" / "archive-officers"
START = "import sys; sys.argv[0] = 'lms-sync'; from lms_sync.cli import main; main()"


@pytest.fixture
def academy(tmp_path: Path) -> Path:
    folder = tmp_path / "academy"
    folder.mkdir()
    for part in ("courses", "people", "certificates"):
        shutil.copytree(EXAMPLE / part, folder / part)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(Path(lms_sync.__file__).parent.parent),
        "LMS_SYNC_LANGUAGE": "en",
        "LMS_SYNC_TEST_TOKEN": "0123456789abcdef",
    }


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=40,
        env=environment(),
    )


def test_a_pull_from_a_site_that_cannot_be_reached_says_so(academy: Path) -> None:
    ended = command("pull", "--dir", str(academy))
    assert ended.returncode == 1
    assert "127.0.0.1:9" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "0123456789abcdef" not in ended.stderr


def test_run_without_a_schedule_says_what_to_add(academy: Path) -> None:
    ended = command("run", "--dir", str(academy))
    assert ended.returncode == 1
    assert "--once" in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_run_goes_on_after_a_failed_pull_and_ends_cleanly_when_told(academy: Path, stop: int) -> None:
    config = CONFIG + "schedule: [{job: pull, every: 1 h}, {job: report, every: 1 h}]\n"
    (academy / "config.yaml").write_text(config, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", START, "run", "--dir", str(academy)],
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**environment(), "LMS_SYNC_TEST_TOKEN": ""},
    )
    try:
        deadline = time.monotonic() + 30
        while not list(academy.glob("reports/*.xlsx")) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(stop)
        _, told = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, told
    assert "settings.token-env-empty" in told
    assert "Traceback" not in told
    assert told.rstrip().endswith("Stopped.")
    engine = open_database(f"sqlite:///{academy / '.lms-sync/state.db'}")
    assert [(verb, outcome) for verb, outcome, _ in runs(engine)] == [
        ("run pull", "failed"),
        ("run report", "done"),
    ]
    engine.dispose()
