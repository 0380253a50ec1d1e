"""Runs jobs in this one process, at their times, with APScheduler.

Its job store is in memory and rebuilt from the configuration at every start; what was done is in the ledger. Its timers
say when to look; a due time goes into the ledger first, and its work begins only with the lease from there. So a second
process with the same database shares the work and repeats none of it, nothing is dropped for being late, and what
was due while nothing ran is caught up. Its timers go by the clock on the wall, and stand still for an hour where that is set
back by one; a thread of our own looks besides, every few seconds by a clock that nobody sets.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from authoring.messages import text
from lms_sync.jobs.due import Planned
from lms_sync.jobs.ledger import DueTimes
from lms_sync.jobs.work import Worker

log = logging.getLogger("lms_sync.jobs")

SWEEP = timedelta(seconds=5)
"""How often the ledger is looked at for what a lost process left and for what is to be tried again."""

_GLANCE_SECONDS = 1.0
"""How often the main thread looks up: where the system hands a signal to another thread, as it may to a process that was
just woken up, nothing else interrupts its waiting."""

MOST_AT_ONCE = 32
"""Sites that are worked on at the same time, at most: a slow one holds one place, not the others."""


def timer(planned: Planned, now: Callable[[], datetime]) -> Any:
    """An APScheduler trigger that fires at the due times of a plan, the first time at once."""
    from apscheduler.triggers.base import BaseTrigger

    class _DueTimes(BaseTrigger):  # type: ignore[misc]
        def get_next_fire_time(self, previous: datetime | None, _: datetime) -> datetime:
            return now() if previous is None else planned.timing.following(previous)

    return _DueTimes()


@dataclass
class OnApscheduler:
    """The port in one process."""

    worker: Worker
    planned: Sequence[Planned]
    sweep: timedelta = SWEEP
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        ledger = self.worker.ledger
        self._due = DueTimes(ledger, self.planned, ledger.clock.now())
        sites = len({one.site for one in self.planned})
        self._pool = ThreadPoolExecutor(max(1, min(sites, MOST_AT_ONCE)), thread_name_prefix="site")
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._guard = threading.Lock()

    def defer(self, site: str, job: str, course: str = "") -> int:
        """Asks for a job now; the number of its row."""
        number = self.worker.ledger.put(site, job, course)
        self._work_on(site)
        return number

    def run(self) -> None:
        """Runs the schedule until Ctrl-C, SIGTERM or `stop`; a job that is running then ends at its next safe point."""
        scheduler = self._scheduler()
        sweeping = threading.Thread(target=self._sweep_until_stopped, name="sweep", daemon=True)
        with _terminated_like_interrupted():
            try:
                scheduler.start()
                sweeping.start()
                while not self.stopped.wait(_GLANCE_SECONDS):
                    pass
            except KeyboardInterrupt:
                log.info("%s", text("jobs.stopping", {}, self.worker.language))
            finally:
                self.worker.stopping.set()
                if sweeping.ident is not None:
                    sweeping.join()
                scheduler.shutdown(wait=True)
                self._pool.shutdown(wait=True)

    def stop(self) -> None:
        """Ends `run`, from another thread."""
        self.stopped.set()

    def status(self) -> Mapping[str, object]:
        """What is running in this process."""
        return {"backend": "apscheduler", "running": [claim.id for claim in self.worker.running()]}

    def _scheduler(self) -> Any:
        from apscheduler.executors.pool import ThreadPoolExecutor as Timers
        from apscheduler.schedulers.background import BackgroundScheduler

        scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": Timers(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        clock = self.worker.ledger.clock
        # Plans that are due at the same moments share a timer, so that they come into the ledger together.
        together: dict[tuple[str, object], list[Planned]] = {}
        for one in self.planned:
            together.setdefault((one.site, one.timing), []).append(one)
        for number, ((site, _), same) in enumerate(sorted(together.items(), key=lambda item: item[0][0])):
            scheduler.add_job(self._ask, timer(same[0], clock.now), id=f"{site}-{number}")
        return scheduler

    def _sweep_until_stopped(self) -> None:
        while not self.worker.stopping.wait(self.sweep.total_seconds()):
            self._look()

    def _ask(self) -> None:
        def ask() -> None:
            for site in self._due.ask():
                self._work_on(site)

        self._safely(ask)

    def _look(self) -> None:
        self._ask()  # a timer that found the database away, or itself still at work, has left a due time behind

        def look() -> None:
            for site in self.worker.ledger.ready():
                self._work_on(site)

        self._safely(look)
        self._safely(self.worker.tell)

    def _safely(self, act: Callable[[], object]) -> None:
        """A database that cannot be reached for a while ends nothing: the next look comes."""
        try:
            act()
        except Exception as error:  # noqa: BLE001
            self.worker.log_failure("schedule", error)

    def _work_on(self, site: str) -> None:
        with self._guard:
            if site in self._busy:
                self._again.add(site)
                return
            self._busy.add(site)
        if not self.worker.stopping.is_set():
            self._pool.submit(self._drain, site)

    def _drain(self, site: str) -> None:
        while True:
            self._safely(lambda: self.worker.drain(site))
            with self._guard:
                if site not in self._again or self.worker.stopping.is_set():
                    self._busy.discard(site)
                    return
                self._again.discard(site)


class _terminated_like_interrupted:  # noqa: N801 - reads as what it does after `with`
    """SIGTERM, by which services are stopped, ends the schedule like Ctrl-C."""

    def __enter__(self) -> None:
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
