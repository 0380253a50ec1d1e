"""Logs of jobs: for people as lines, for machines as JSON, each with the run that it belongs to."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from lms_sync.jobs.ledger import Claim

_ABOUT: ContextVar[Claim | None] = ContextVar("job", default=None)


@contextmanager
def about_job(claim: Claim) -> Iterator[None]:
    """What this thread logs within the block belongs to the job."""
    before = _ABOUT.set(claim)
    try:
        yield
    finally:
        _ABOUT.reset(before)


def run_id(claim: Claim) -> str:
    """How logs name an attempt: the number of the row in the ledger and of the start."""
    return f"{claim.id}.{claim.start}"


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message; for jobs run, site, job, course and due."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().rstrip(),
        }
        if (claim := _ABOUT.get()) is not None:
            said |= {
                "run": run_id(claim),
                "site": claim.site,
                "job": claim.job,
                "course": claim.course,
                "due": claim.due_at.isoformat(),
            }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


class Lines(logging.Formatter):
    """Lines for people: local time, level, the run where there is one, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as lines."""
        line = super().format(record)
        claim = _ABOUT.get()
        return line if claim is None else f"{line.rstrip()} [{run_id(claim)}]"


def log_jobs(kind: str, stream: TextIO | None = None) -> None:
    """Sends what is logged to a stream (standard error) as "text" or "json"."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if kind == "json" else Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("procrastinate", "psycopg.pool", "uvicorn", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It warns of timers that found themselves still at work; what they leave behind, the next look takes up.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
