"""Several processes that issue the same awards; some of their statements die half-way, and the first is killed for good.

Arguments: database URL, key file, DID, base URL, number of processes. Each prints how many awards it entered and how often
it died. They are forked after everything is loaded, so that they run at the same time.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from certificates.issue import enter_approved
from certificates.issuer import open_issuer
from lms_sync.clock import FixedClock
from lms_sync.store.database import open_database

DEATHS = 0.03
"""How many of all statements are the last of their process: one transaction in three dies, and at least once for fifty awards."""


class Died(BaseException):
    """Stands for the end of a process in the middle of a transaction."""


def work(url: str, key_file: str, did: str, base_url: str, seed: int) -> None:
    chance = random.Random(seed)
    engine = open_database(url)
    issuer = open_issuer(did=did, base_url=base_url, key_file=Path(key_file))
    clock = FixedClock(datetime(2026, 3, 5, 9, 30, tzinfo=UTC))
    counted = {"open": 0, "entered": 0}

    def die_sometimes(
        _connection: object, _cursor: object, statement: str, rows: Any, _context: object, many: bool
    ) -> None:
        if chance.random() < DEATHS:
            counted["open"] = 0
            raise Died
        if statement.startswith("INSERT INTO issue "):
            counted["open"] = len(rows) if many else 1

    def count(_connection: object) -> None:
        counted["entered"] += counted["open"]
        counted["open"] = 0

    event.listen(engine, "before_cursor_execute", die_sometimes)
    event.listen(engine, "commit", count)
    deaths = 0
    while True:
        try:
            _, problems = enter_approved(engine, "main", issuer, clock)
        except Died:
            deaths += 1
            engine.dispose()
            continue
        assert not problems
        break
    os.write(1, f"{counted['entered']} {deaths}\n".encode())  # in one piece, beside the others


def main() -> int:
    *what, number = sys.argv[1:]
    children = []
    for seed in range(int(number)):
        child = os.fork()
        if child == 0:
            try:
                work(*what, seed)
            except BaseException as error:  # noqa: BLE001 - a child never goes on as its parent
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        children.append(child)
    time.sleep(0.15)
    os.kill(children[0], signal.SIGKILL)
    ends = [os.waitpid(child, 0)[1] for child in children]
    return int(any(ends[1:]))


sys.exit(main())
