"""Runs pull, certify and report on one machine, as the configuration's `schedule` says.

APScheduler with a job store in memory that is rebuilt from the configuration at every start; what has
been done is in the table `run`, so that a job whose time passed while nothing was running is caught up.
One job runs at a time, and none is dropped for being late.
"""

from __future__ import annotations

import logging
import re
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select

from authoring.messages import describe, text
from authoring.problems import LmsSyncError
from lms_sync.clock import Clock
from lms_sync.pull import begin_run, finish_run
from lms_sync.settings import ScheduledJob
from lms_sync.store import schema
from lms_sync.store.database import reading

log = logging.getLogger("lms_sync.schedule")

ORDER = ("pull", "certify", "report")
"""The order of jobs that are due at the same moment, and of `run --once`."""

Job = Callable[[], Mapping[str, object] | None]
"""Does the work; what it returns is kept with the run."""


@dataclass
class Runner:
    """Runs jobs by name, writes each run down, and lets no error of one reach another."""

    jobs: Mapping[str, Job]
    engine: Engine
    site: str
    clock: Clock
    language: str = "en"
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, job: str) -> bool:
        """Runs one job; whether it went well. What went wrong is logged with its code, and kept with the run."""
        try:
            return self._run(job)
        except Exception as error:  # noqa: BLE001 - even the record of the run could not be written
            self._log_error(job, error)
            return False

    def _run(self, job: str) -> bool:
        run_id = begin_run(self.engine, self.site, verb(job), self.clock)
        try:
            summary = dict(self.jobs[job]() or {})
        except Exception as error:  # noqa: BLE001 - the other jobs go on
            self._log_error(job, error)
            code = error.code if isinstance(error, LmsSyncError) else type(error).__name__
            finish_run(self.engine, run_id, "failed", {"error": code}, self.clock)
            return False
        finish_run(self.engine, run_id, "done", summary, self.clock)
        log.info("%s", text("schedule.job-done", {"job": job, "summary": _short(summary)}, self.language))
        return True

    def _log_error(self, job: str, error: Exception) -> None:
        if isinstance(error, LmsSyncError):
            said = "\n".join(describe(problem, self.language) for problem in error.problems[:20])
            failed = text("schedule.job-failed", {"job": job, "code": error.code}, self.language)
            log.error("%s\n%s", failed, said)
        else:
            kind = type(error).__name__
            failed = text("schedule.job-failed", {"job": job, "code": kind}, self.language)
            log.error("%s\n%s", failed, str(error).split("\n", 1)[0][:300])
            log.debug("", exc_info=error)

    def last_success(self, job: str) -> datetime | None:
        """When the job last began and went well."""
        run = schema.run
        query = select(func.max(run.c.started_at)).where(
            run.c.site == self.site, run.c.verb == verb(job), run.c.outcome == "done"
        )
        with reading(self.engine) as connection:
            return connection.execute(query).scalar()


def verb(job: str) -> str:
    """The name under which a scheduled job is in the table `run`."""
    return f"run {job}"


def _short(summary: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in summary.items() if isinstance(value, int | str))


def run_once(runner: Runner, jobs: Sequence[str] = ORDER) -> dict[str, bool]:
    """Runs the jobs now, in the order pull, certify, report; whether each went well."""
    return {job: runner.run(job) for job in ORDER if job in jobs}


def interval(every: str) -> timedelta:
    """The span that a schedule's `every` means: "15 min" or "2 h"."""
    match = re.fullmatch(r"([1-9][0-9]*) (min|h)", every)
    if match is None:
        raise ValueError(f"no interval: {every}")
    amount = int(match.group(1))
    return timedelta(minutes=amount) if match.group(2) == "min" else timedelta(hours=amount)


def first_run(job: ScheduledJob, last: datetime | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When a job is due first after a start; None means at its next regular time.

    `every`: at once when it never ran or its last success is older than the interval, else when the interval
    is over. `at`: at once when the latest such time of day passed since the last success.
    """
    if job.every is not None:
        return now if last is None else max(now, last + interval(job.every))
    if last is None:
        return None
    hour, minute = (int(part) for part in str(job.at).split(":"))
    here = now.astimezone(zone)
    due = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if due > here:
        due -= timedelta(days=1)
    return now if last < due else None


def build_scheduler(scheduler: Any, schedule: Sequence[ScheduledJob], runner: Runner, timezone: str) -> Any:
    """Puts the configured jobs into an APScheduler scheduler made by `new_scheduler`; the scheduler."""
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    zone = ZoneInfo(timezone)
    now = runner.clock.now()
    for number, job in enumerate(schedule):
        trigger: Any
        if job.every is not None:
            trigger = IntervalTrigger(seconds=int(interval(job.every).total_seconds()), timezone=zone)
        else:
            hour, minute = str(job.at).split(":")
            trigger = CronTrigger(hour=int(hour), minute=int(minute), timezone=zone)
        due = first_run(job, runner.last_success(job.job), now, zone)
        scheduler.add_job(
            runner.run,
            trigger,
            args=(job.job,),
            # Jobs that are due together begin in the order of their ids.
            id=f"{ORDER.index(job.job)}-{job.job}-{number}",
            **({} if due is None else {"next_run_time": due}),
        )
    return scheduler


def new_scheduler(timezone: str, *, blocking: bool) -> Any:
    """A scheduler that runs one job at a time, however late, and a job that was due several times once."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.schedulers.blocking import BlockingScheduler

    kind = BlockingScheduler if blocking else BackgroundScheduler
    return kind(
        timezone=ZoneInfo(timezone),
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )


def run_for_ever(schedule: Sequence[ScheduledJob], runner: Runner, timezone: str) -> None:
    """Runs the schedule until Ctrl-C or SIGTERM; a job that is running then ends at its next safe point."""
    scheduler = build_scheduler(new_scheduler(timezone, blocking=True), schedule, runner, timezone)
    with _terminated_like_interrupted():
        try:
            scheduler.start()
        except KeyboardInterrupt:
            log.info("%s", text("schedule.stopping", {}, runner.language))
        finally:
            runner.stopping.set()
            if scheduler.running:
                scheduler.shutdown(wait=True)


class _terminated_like_interrupted:  # noqa: N801 - reads as what it does after `with`
    """SIGTERM, by which services are stopped, ends the schedule like Ctrl-C."""

    def __enter__(self) -> None:
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
