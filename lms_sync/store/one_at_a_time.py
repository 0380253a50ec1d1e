"""One apply at a time on a site: two that run at once would both find an object missing, and both make it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from authoring.problems import Refused


@contextmanager
def only_one(engine: Engine, site: str) -> Iterator[None]:
    """Holds the site for one apply with this state database. Raises Refused where another one holds it.

    The lock is SQLite's own on an empty file beside the database, which the operating system lets go of
    when the process ends, however it ends. Other databases have none yet.
    """
    database = engine.url.database
    if engine.url.get_backend_name() != "sqlite" or database in (None, "", ":memory:"):
        yield
        return
    path = Path(f"{database}.{site}.apply")
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Refused("apply.another-runs", site=site) from error
        yield
