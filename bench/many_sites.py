"""A round of pulls over many sites, on one, two and four workers of one PostgreSQL. Started by hand.

    python bench/many_sites.py --sites 1000 --workers 1 2 4 --latency 0.25

Every site is the stand-in behind a delay, as a Moodle at some distance that takes its time; its plugin says that nothing
is new, as in most rounds of a day. Each site's pull is a due time in the ledger; workers take them from procrastinate's
queue as `lms-sync worker --at-once N` does. Needs Debian's `postgresql`. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from lms_sync.clock import SystemClock
from lms_sync.jobs.due import Every, Planned
from lms_sync.jobs.ledger import Ledger
from lms_sync.jobs.on_procrastinate import OnProcrastinate, Paces
from lms_sync.jobs.work import Work, Worker
from lms_sync.moodle.client import MoodleClient
from lms_sync.pull import courses_on_site, pull
from lms_sync.settings import Secret
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading, repeatable
from moodle_standin.seed import build_site
from moodle_standin.server import create_app

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgresql_server import started

TOKEN = "0123456789abcdef0123456789abcdef"
COURSE = "welcome"


def sites_server(listener: socket.socket, latency: float) -> None:
    """Serves the stand-in with a delay before each answer."""
    users = [{"username": f"u{n}", "firstname": "U", "lastname": str(n)} for n in range(30)]
    site = build_site(
        {
            "service_account": {"token": TOKEN},
            "users": users,
            "courses": [
                {
                    "fullname": "W",
                    "shortname": "W",
                    "idnumber": COURSE,
                    "users": [one["username"] for one in users],
                }
            ],
        }
    )
    site.settings.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    inner = create_app(site)

    async def delayed(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(latency)
        await inner(scope, receive, send)

    config = uvicorn.Config(delayed, log_level="error", access_log=False, lifespan="off", interface="asgi3")
    uvicorn.Server(config).run(sockets=[listener])


def worker_process(url: str, address: str, planned: list[Planned], at_once: int) -> None:
    """A worker, as `lms-sync worker` is one."""
    engine = open_database(url)
    clock = SystemClock()

    def job(work: Work) -> Mapping[str, object]:
        client = MoodleClient(address, Secret(TOKEN))
        try:
            courses, _ = courses_on_site(client, [COURSE])
            return pull(client, repeatable(work.engine), work.site, courses, clock).as_json()
        finally:
            client.close()

    worker = Worker(Ledger(engine, clock), lambda site: {"pull": job})
    OnProcrastinate(worker, planned, at_once=at_once, paces=Paces(tick_seconds=1)).run()


def forked(act: Any, *given: Any) -> int:
    """Runs something in a process of its own; its number."""
    number = os.fork()
    if number:
        return number
    try:
        act(*given)
    finally:
        os._exit(0)


def round_of(url: str, address: str, sites: int, workers: int, at_once: int) -> dict[str, object]:
    """One round of all sites; how long it took, and what it cost."""
    planned = [Planned(f"site-{n:04d}", "pull", Every(7 * 86400)) for n in range(sites)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    crowd = [forked(worker_process, url, address, planned, at_once) for _ in range(workers)]
    try:
        return _counted(url, sites, workers, at_once, crowd, before)
    finally:
        for number in crowd:
            os.kill(number, signal.SIGKILL)


def _counted(
    url: str, sites: int, workers: int, at_once: int, crowd: list[int], before: Any
) -> dict[str, object]:
    engine = open_database(url)
    table = schema.job_run
    query = sa.select(
        sa.func.count(), sa.func.min(table.c.started_at), sa.func.max(table.c.finished_at)
    ).where(table.c.state == "done")
    while True:
        time.sleep(1)
        with reading(engine) as connection:
            done, first, last = connection.execute(query).one()
        if done >= sites:
            break
    engine.dispose()
    for number in crowd:
        os.kill(number, signal.SIGTERM)
    for number in crowd:
        os.waitpid(number, 0)
    crowd.clear()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took: timedelta = last - first
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "workers": workers,
        "at_once": at_once,
        "sites": done,
        "seconds": round(took.total_seconds(), 1),
        "sites_per_second": round(done / took.total_seconds(), 1),
        "cpu_ms_per_site": round(1000 * cpu / done, 1),
    }


def main() -> int:
    """Plays the rounds."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--sites", type=int, default=1000)
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    asked.add_argument("--at-once", type=int, default=8)
    asked.add_argument("--latency", type=float, default=0.25)
    given = asked.parse_args()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving = forked(sites_server, listener, given.latency)
    found = []
    try:
        with started() as server:
            for workers in given.workers:
                url = server.database()
                found.append(round_of(url, address, given.sites, workers, given.at_once))
                print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    finally:
        os.kill(serving, signal.SIGKILL)
    said = {"at": datetime.now().astimezone().isoformat(), "cores": os.cpu_count(), "latency": given.latency}
    print(json.dumps({**said, "rounds": found}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
