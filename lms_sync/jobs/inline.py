"""Runs jobs here and now: for `run --once` and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lms_sync.jobs.due import order_of
from lms_sync.jobs.work import Worker


@dataclass(frozen=True)
class Inline:
    """The port without a queue: what is asked for is in the ledger, and run by `run`."""

    worker: Worker
    sites: Sequence[str]

    def defer(self, site: str, job: str, course: str = "") -> int:
        """Asks for a job now; the number of its row."""
        return self.worker.ledger.put(site, job, course)

    def run(self) -> None:
        """Runs whatever may be run on the sites."""
        for site in self.sites:
            self.worker.drain(site)

    def run_now(self, site: str, jobs: Sequence[str]) -> dict[str, bool]:
        """Runs these jobs of a site at once, in their order, even after a failure; whether each went well.

        A job that another process holds the site for counts as not done.
        """
        done: dict[str, bool] = {}
        for job in sorted(jobs, key=order_of):
            number = self.defer(site, job)
            claim = self.worker.ledger.take(site, self.worker.owner, only=number, now_even_after_failure=True)
            done[job] = claim is not None and bool(self.worker.run(claim))
        return done

    def status(self) -> Mapping[str, object]:
        """What is running in this process."""
        return {"backend": "inline", "running": [claim.id for claim in self.worker.running()]}
