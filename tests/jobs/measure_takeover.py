"""How long a killed worker's job waits until another worker begins it again, with the paces that are shipped.

Usage: python tests/jobs/measure_takeover.py [--rounds 3]. Prints one JSON object; exit code 1 beyond 60 seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from lms_sync.clock import SystemClock
from lms_sync.jobs.due import Every, Planned
from lms_sync.jobs.ledger import Ledger
from lms_sync.jobs.on_procrastinate import OnProcrastinate
from lms_sync.jobs.work import Work, Worker
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.postgresql_server import started

PROMISED = 60.0


def born(url: str) -> int:
    number = os.fork()
    if number:
        return number
    try:
        engine = open_database(url)

        def job(work: Work) -> None:
            if work.claim.restarts == 0:
                time.sleep(600)

        worker = Worker(Ledger(engine, SystemClock()), lambda site: {"pull": job})
        OnProcrastinate(worker, [Planned("main", "pull", Every(86400))]).run()
    finally:
        os._exit(0)


def row(url: str) -> sa.Row[tuple[object, ...]] | None:
    engine = open_database(url)
    try:
        with reading(engine) as connection:
            return connection.execute(sa.select(schema.job_run)).first()
    finally:
        engine.dispose()


def seconds(url: str) -> float:
    crowd = [born(url) for _ in range(2)]
    try:
        while (held := row(url)) is None or held.state != "running":
            time.sleep(0.2)
        os.kill(int(held.owner.split(":")[1]), signal.SIGKILL)
        killed = datetime.now().astimezone()
        while (held := row(url)) is None or held.restarts == 0:
            time.sleep(0.2)
        took: float = (held.started_at - killed).total_seconds()
        return took
    finally:
        for number in crowd:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    with started() as server:
        took = [round(seconds(server.database()), 1) for _ in range(given.rounds)]
    print(json.dumps({"seconds": took, "promised": PROMISED}))
    return int(max(took) > PROMISED)


if __name__ == "__main__":
    sys.exit(main())
