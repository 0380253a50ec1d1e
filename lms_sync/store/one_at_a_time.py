"""One apply at a time on a site: two that run at once would both find an object missing, and both make it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from authoring.problems import Refused
from lms_sync.store import locks


@contextmanager
def only_one(engine: Engine, site: str) -> Iterator[None]:
    """Holds the site for one apply with this state database. Raises Refused where another one holds it.

    With SQLite the lock is its own on an empty file beside the database, which the operating system lets go of
    when the process ends, however it ends. With PostgreSQL it is an advisory lock, which the server lets go of when
    the connection ends.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as held:
            if not locks.try_lock_apply(held, site):
                raise Refused("apply.another-runs", site=site)
            try:
                yield
            finally:
                locks.unlock_apply(held, site)
        return
    database = engine.url.database
    if database in (None, "", ":memory:"):
        yield
        return
    path = Path(f"{database}.{site}.apply")
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Refused("apply.another-runs", site=site) from error
        yield
