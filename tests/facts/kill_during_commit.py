"""Pulls, and ends without warning at the n-th commit: before it ("before") or right after it ("after")."""

from __future__ import annotations

import os
import sys

from sqlalchemy import event

from lms_sync.clock import SystemClock
from lms_sync.moodle.client import MoodleClient
from lms_sync.pull import pull
from lms_sync.settings import Secret
from lms_sync.store.database import open_database

url, database, when, number = sys.argv[1:]
engine = open_database(database)
commits = 0


@event.listens_for(engine, "commit")
def count(_: object) -> None:
    global commits  # noqa: PLW0603
    commits += 1
    if commits == int(number):
        if when == "after":
            _.connection.driver_connection.commit()  # type: ignore[attr-defined]
        os._exit(9)


pull(MoodleClient(url, Secret("t")), engine, "site", {"archive": 7, "ethics": 8}, SystemClock(), page=3)
