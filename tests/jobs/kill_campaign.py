"""Several processes run jobs that are due every second, and are killed and frozen at random; then the ledger is counted.

Usage: python tests/jobs/kill_campaign.py {apscheduler,procrastinate} --seconds 30 --processes 2 --url URL [--seed N]

Without --url, apscheduler runs on SQLite and procrastinate on a PostgreSQL that is started for it. Every job makes its
effects in three transactions, as a pull stores its pages: it reads how far the job is when it begins, then adds a row in
each. Nothing in the table of effects keeps a row from being there twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from lms_sync.clock import SystemClock
from lms_sync.jobs.due import Every, Planned
from lms_sync.jobs.ledger import Ledger
from lms_sync.jobs.on_apscheduler import OnApscheduler
from lms_sync.jobs.on_procrastinate import OnProcrastinate, Paces
from lms_sync.jobs.work import Work, Worker
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading

SITES = ("north", "south", "west")
STEPS = 3
LEASE = timedelta(seconds=1.2)
DRAIN_SECONDS = 60
END_SECONDS = 30

effect = sa.Table(
    "effect",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("row", sa.Integer),
    sa.Column("step", sa.Integer),
    sa.Column("start", sa.Integer),
)


@dataclass(frozen=True)
class Between:
    """Due every second from one moment to another."""

    first: datetime
    last: datetime

    def latest(self, now: datetime) -> datetime:
        return max(self.first, Every(1).latest(min(now, self.last)))

    def following(self, due: datetime) -> datetime:
        return Every(1).following(due) if due < self.last else self.last + timedelta(days=365)


def job(work: Work) -> dict[str, object]:
    with work.engine.begin() as connection:
        there = sa.select(sa.func.count()).where(effect.c.row == work.claim.id)
        done = connection.execute(there).scalar_one()
    for step in range(done, STEPS):
        # What is there is not looked at again: only the lease keeps two attempts from doing the same step.
        with work.engine.begin() as connection:
            row = {"row": work.claim.id, "step": step, "start": work.claim.start}
            connection.execute(sa.insert(effect).values(**row))
        time.sleep(0.1)
    return {"steps": STEPS}


def plans(between: Between) -> list[Planned]:
    return [Planned(site, "pull", between, each_counts=True) for site in SITES]


def child(kind: str, url: str, between: Between) -> None:
    engine = open_database(url)
    ledger = Ledger(engine, SystemClock(), lease=LEASE)
    worker = Worker(ledger, lambda site: {"pull": job}, each_counts=frozenset({"pull"}))
    planned = plans(between)
    if kind == "apscheduler":
        OnApscheduler(worker, planned, sweep=timedelta(seconds=0.3)).run()
    else:
        paces = Paces(1, timedelta(seconds=0.3), timedelta(seconds=1.2))
        OnProcrastinate(worker, planned, at_once=2, paces=paces).run()


def born(kind: str, url: str, between: Between) -> int:
    number = os.fork()
    if number:
        return number
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        child(kind, url, between)
    finally:
        os._exit(0)


def count(url: str) -> Counter[str]:
    engine = open_database(url)
    try:
        with reading(engine) as connection:
            query = sa.select(schema.job_run.c.state, sa.func.count()).group_by(schema.job_run.c.state)
            return Counter(dict(connection.execute(query).all()))
    finally:
        engine.dispose()


def holders(url: str) -> list[int]:
    """The numbers of the processes that hold a row."""
    engine = open_database(url)
    try:
        with reading(engine) as connection:
            query = sa.select(schema.job_run.c.owner).where(schema.job_run.c.state == "running")
            return [int(owner.split(":")[1]) for owner in connection.execute(query).scalars()]
    finally:
        engine.dispose()


def play(kind: str, url: str, seconds: float, processes: int, seed: int) -> dict[str, object]:
    chance = random.Random(seed)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    between = Between(start, start + timedelta(seconds=int(seconds) - 1))
    engine = open_database(url)
    effect.metadata.create_all(engine)
    Ledger(engine, SystemClock()).ask(plans(between), start, start)  # from here on, none may be missed
    engine.dispose()
    running: list[int] = []
    try:
        deeds = campaign(kind, url, between, processes, chance, running)
    finally:
        deaf = end(running)
    return {**result(url, between), **deeds, "deaf": deaf}


def campaign(
    kind: str, url: str, between: Between, processes: int, chance: random.Random, running: list[int]
) -> Counter[str]:
    """Starts the processes, then kills and freezes them until what was due is done; who runs then is in `running`."""
    seconds = (between.last - between.first).total_seconds() + 1
    running += [born(kind, url, between) for _ in range(processes)]
    deeds: Counter[str] = Counter()
    frozen: dict[int, float] = {}
    wanted = round(seconds) * len(SITES)
    deadline = time.monotonic() + seconds + DRAIN_SECONDS

    def goes_on() -> bool:
        """Until the time is over; where the machine is so slow that hardly anything began in it, until two were hit."""
        if datetime.now(UTC) < between.last + timedelta(seconds=1):
            return True
        few = deeds["killed"] + deeds["frozen"] < 2 or not deeds["holding"]
        return few and count(url)["done"] < wanted and time.monotonic() < deadline

    while goes_on():
        # The first is killed while it holds a row, however short that is: else nothing might have to be taken up again.
        time.sleep(chance.uniform(0.3, 1.2) if deeds["holding"] else 0.01)
        for victim in [one for one, until in frozen.items() if until < time.monotonic()]:
            os.kill(victim, signal.SIGCONT)
            del frozen[victim]
        at_work = [one for one in holders(url) if one in running] if chance.random() < 0.8 else []
        if not at_work and not deeds["holding"]:
            continue
        victim = chance.choice(at_work or running)
        if victim in frozen:
            continue
        if chance.random() < 0.7 or not deeds["holding"]:
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            deeds["holding"] += victim in holders(url)
            running[running.index(victim)] = born(kind, url, between)
            deeds["killed"] += 1
        else:  # as a machine that sleeps: it wakes up and believes that it still holds its row
            os.kill(victim, signal.SIGSTOP)
            frozen[victim] = time.monotonic() + 2 * LEASE.total_seconds()
            deeds["frozen"] += 1
    for victim in frozen:
        os.kill(victim, signal.SIGCONT)
    deadline = time.monotonic() + DRAIN_SECONDS
    while count(url)["done"] < wanted and time.monotonic() < deadline:
        time.sleep(0.3)
    return deeds


def end(running: list[int]) -> int:
    """Tells all to end, and kills who does not within half a minute: how many those were."""
    for number in running:
        os.kill(number, signal.SIGCONT)
        os.kill(number, signal.SIGTERM)
    left, deadline = list(running), time.monotonic() + END_SECONDS
    while left and time.monotonic() < deadline:
        left = [number for number in left if not os.waitpid(number, os.WNOHANG)[0]]
        time.sleep(0.02)
    for number in left:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
    return len(left)


def result(url: str, between: Between) -> dict[str, object]:
    engine = open_database(url)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(schema.job_run)).all()
        effects = Counter(connection.execute(sa.select(effect.c.row, effect.c.step)).all())
    engine.dispose()
    seconds = round((between.last - between.first).total_seconds()) + 1
    wanted = {(site, between.first + timedelta(seconds=n)) for site in SITES for n in range(seconds)}
    found = Counter((row.site, row.due_at) for row in rows)
    made = {(row.id, step) for row in rows for step in range(STEPS)}
    return {
        "due": len(wanted),
        "rows": len(rows),
        "done": sum(row.state == "done" for row in rows),
        "missing": len(wanted - set(found)),
        "unwanted": len(set(found) - wanted),
        "twice": sum(number > 1 for number in found.values()),
        "effects": sum(effects.values()),
        "effects_missing": len(made - set(effects)),
        "effects_twice": sum(number > 1 for number in effects.values()),
        "restarts": sum(row.restarts for row in rows),
    }


@contextmanager
def database(kind: str, url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
    elif kind == "apscheduler":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/state.db"
    else:
        sys.path.insert(0, str(Path(__file__).parents[2]))
        from tests.postgresql_server import started

        with started() as server:
            yield server.empty_database()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("kind", choices=["apscheduler", "procrastinate"])
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--processes", type=int, default=2)
    asked.add_argument("--url")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with database(given.kind, given.url) as url:
        said = play(given.kind, url, given.seconds, given.processes, given.seed)
    print(json.dumps(said))
    wrong = ("missing", "unwanted", "twice", "effects_missing", "effects_twice", "deaf")
    return int(any(said[name] for name in wrong) or said["done"] != said["due"])


if __name__ == "__main__":
    sys.exit(main())
