"""One of several processes that issue the same awards; some of its statements die half-way.

Arguments: database URL, key file, DID, base URL, seed. Prints how many awards it entered and how often it died.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event

from certificates.issue import enter_approved
from certificates.issuer import open_issuer
from lms_sync.clock import FixedClock
from lms_sync.store.database import open_database

DEATHS = 0.02
"""How many awards of a hundred die while they are entered."""

STATEMENTS = 15
"""About so many statements enter an award, or find that another process has entered it."""


class Died(BaseException):
    """Stands for the end of a process in the middle of a transaction."""


def main() -> None:
    url, key_file, did, base_url, seed = sys.argv[1:]
    chance = random.Random(int(seed))
    engine = open_database(url)
    issuer = open_issuer(did=did, base_url=base_url, key_file=Path(key_file))
    clock = FixedClock(datetime(2026, 3, 5, 9, 30, tzinfo=UTC))

    def die_sometimes(*_: object) -> None:
        if chance.random() < DEATHS / STATEMENTS:
            raise Died

    event.listen(engine, "before_cursor_execute", die_sometimes)
    entered = deaths = 0
    while True:
        try:
            done, problems = enter_approved(engine, "main", issuer, clock)
        except Died:
            deaths += 1
            engine.dispose()
            continue
        assert not problems
        entered += len(done)
        break
    print(entered, deaths)


main()
