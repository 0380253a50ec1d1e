"""Works off the ledger: takes a row, runs its job's code, renews the lease meanwhile, and writes down how it went.

The three backends (`inline`, `on_apscheduler`, `on_procrastinate`) differ in when and where they call `Worker`; the code of
the jobs, and what happens when one fails or its process is killed, are the same.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Engine

from authoring.messages import describe, text
from authoring.problems import LmsSyncError
from lms_sync.clock import Clock
from lms_sync.jobs.ledger import Claim, Failure, Ledger, LostLease, Told
from lms_sync.jobs.logs import about_job
from lms_sync.store.failures import database_problem

log = logging.getLogger("lms_sync.jobs")


class GaveWay(Exception):
    """The job stopped at a safe point because it was asked to; it goes on later."""


@dataclass(frozen=True)
class Work:
    """What the code of a job gets.

    `engine` writes in the site only, and only while this attempt holds its row. `stopping` says that the job is to
    stop at its next safe point, with GaveWay.
    """

    claim: Claim
    engine: Engine
    clock: Clock
    stopping: Callable[[], bool]

    @property
    def site(self) -> str:
        """The site that is worked on."""
        return self.claim.site

    @property
    def course(self) -> str:
        """The one course that is worked on; "" for all."""
        return self.claim.course


JobCode = Callable[[Work], Mapping[str, object] | None]
"""Does the work, as often as it is asked, with the effects of once; what it returns is kept with the row."""


class Backend(Protocol):
    """The port: how jobs come to be run."""

    def defer(self, site: str, job: str, course: str = "") -> int:
        """Asks for a job now, besides the schedule; the number of its row in the ledger."""

    def run(self) -> None:
        """Runs what is due until told to stop."""

    def status(self) -> Mapping[str, object]:
        """What this process is doing."""


def own_name() -> str:
    """The name of this process among all that share the database; no two have the same."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"[:200]


@dataclass
class Worker:
    """Runs rows of the ledger in this process. `longest` is how long a job may hold its site before it gives way."""

    ledger: Ledger
    code: Callable[[str], Mapping[str, JobCode]]
    language: str = "en"
    longest: Callable[[str], timedelta] = lambda site: timedelta(hours=1)
    each_counts: frozenset[str] = frozenset()
    tell: Callable[[], None] = lambda: None
    owner: str = field(default_factory=own_name)
    stopping: threading.Event = field(default_factory=threading.Event)
    _held: dict[int, _Held] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def drain(self, site: str) -> int:
        """Runs the rows of a site one after the other, until none may be taken; how many."""
        ran = 0
        while not self.stopping.is_set():
            claim = self.ledger.take(site, self.owner, each_counts=self.each_counts)
            if claim is None:
                break
            self.run(claim)
            ran += 1
        return ran

    def run(self, claim: Claim) -> bool | None:
        """Runs a row that was taken: True where it went well, False where it failed, None where it was not ended here.

        What went wrong is logged with its code and kept with the row; no error reaches another job.
        """
        held = _Held(claim, time.monotonic() + self.longest(claim.site).total_seconds())
        with self._guard:
            self._held[claim.id] = held
        try:
            with about_job(claim), self._renewing(held):
                return self._run(claim, held)
        except LostLease:
            log.warning("%s", text("jobs.lost", {"job": claim.job, "site": claim.site}, self.language))
            return None
        except Exception as error:  # noqa: BLE001 - the ledger itself could not be written: the lease runs out
            self._log(claim, self._failure(error), error)
            return None
        finally:
            with self._guard:
                del self._held[claim.id]

    def _run(self, claim: Claim, held: _Held) -> bool | None:
        if claim.restarts:
            params = {"job": claim.job, "site": claim.site, "n": claim.restarts}
            log.warning("%s", text("jobs.resumed", params, self.language))
        work = Work(claim, self.ledger.engine_of(claim), self.ledger.clock, lambda: self._must_stop(held))
        each = claim.job in self.each_counts
        try:
            code = self.code(claim.site)[claim.job]
            summary = dict(code(work) or {})
        except LostLease:
            raise
        except GaveWay:
            self.ledger.give_way(claim)
            log.info("%s", text("jobs.gave-way", {"job": claim.job, "site": claim.site}, self.language))
            return None
        except Exception as error:  # noqa: BLE001 - the other jobs go on
            failure = self._failure(error)
            again, told = self.ledger.fail(claim, failure)
            self._log(claim, failure, error)
            self._told(claim, told)
            if again is None:
                log.warning(
                    "%s", text("jobs.given-up", {"job": claim.job, "site": claim.site}, self.language)
                )
            return False
        told = self.ledger.finish(claim, summary, each_counts=each)
        params = {"job": claim.job, "site": claim.site, "summary": _short(summary)}
        log.info("%s", text("jobs.done", params, self.language))
        self._told(claim, told)
        return True

    def _told(self, claim: Claim, told: Told | None) -> None:
        if told is not None:
            code = "jobs.fails-now" if told.kind == "failure" else "jobs.works-again"
            if not self.ledger.ways and told.kind == "failure":
                code = "jobs.fails-now-untold"
            params = {"job": claim.job, "site": claim.site, "since": f"{told.since:%Y-%m-%d %H:%M} UTC"}
            log.warning("%s", text(code, params, self.language))
            self.tell()

    def _must_stop(self, held: _Held) -> bool:
        return self.stopping.is_set() or held.lost or time.monotonic() > held.until

    def _failure(self, error: Exception) -> Failure:
        if isinstance(error, LmsSyncError):
            said = "\n".join(describe(problem, self.language) for problem in error.problems[:20])
            return Failure(error.code, said)
        problem = database_problem(error)
        if problem is not None:
            return Failure(problem.code, describe(problem, self.language))
        return Failure(type(error).__name__, str(error).split("\n", 1)[0][:300])

    def _log(self, claim: Claim, failure: Failure, error: Exception) -> None:
        params = {"job": claim.job, "site": claim.site, "code": failure.code}
        log.error("%s\n%s", text("jobs.failed", params, self.language), failure.reason)
        if not isinstance(error, LmsSyncError):
            log.debug("", exc_info=error)

    # --- the lease ----------------------------------------------------------------------------

    @contextmanager
    def _renewing(self, held: _Held) -> Iterator[None]:
        """Renews the lease of a row while the block lasts."""
        over = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(held, over), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _renew_until(self, held: _Held, over: threading.Event) -> None:
        while not over.wait(self.ledger.lease.total_seconds() / 3):
            try:
                held.lost = not self.ledger.renew(held.claim)
            except Exception as error:  # noqa: BLE001 - tried again; the fence guards what is written meanwhile
                log.warning("%s", text("jobs.not-renewed", {"reason": str(error)[:200]}, self.language))

    def log_failure(self, what: str, error: Exception) -> None:
        """Logs what went wrong outside any job, in words."""
        failure = self._failure(error)
        params = {"what": what, "code": failure.code}
        log.error("%s\n%s", text("jobs.trouble", params, self.language), failure.reason)
        log.debug("", exc_info=error)

    def running(self) -> list[Claim]:
        """The rows that this process works on now."""
        with self._guard:
            return [held.claim for held in self._held.values()]


@dataclass
class _Held:
    """A row that this process works on; until when on this machine's steady clock; whether somebody else has it now."""

    claim: Claim
    until: float
    lost: bool = False


def _short(summary: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in summary.items() if isinstance(value, int | str))
