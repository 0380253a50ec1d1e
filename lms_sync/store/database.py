"""Opens the state database and brings its schema up to date."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url

from authoring.problems import LmsSyncError

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseUnusable(LmsSyncError):
    """The state database cannot be opened, is of a newer version, is locked, or its disk is full."""


def open_database(url: str, *, migrate: bool = True) -> Engine:
    """Opens the database at an SQLAlchemy URL, creating and migrating it as needed.

    SQLite runs in WAL mode with `synchronous=FULL`, because the journal and the awards are in it, and
    every transaction takes its write lock at the beginning, so that read-then-write is never stale.
    A new file, and a folder that is made for it, are for their owner alone: they hold names and results.
    Raises DatabaseUnusable.
    """
    try:
        parsed = make_url(url)
    except sqlalchemy.exc.ArgumentError as error:  # not shown: it may hold a password
        raise DatabaseUnusable("database.unusable", url="database.url", reason="not an address") from error
    try:
        if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
            _make_private(Path(str(parsed.database)))
        engine = sqlalchemy.create_engine(url, hide_parameters=True)
        if parsed.get_backend_name() == "sqlite":
            _prepare_sqlite(engine)
        if migrate:
            _migrate(engine)
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
        raise DatabaseUnusable(
            "database.unusable", url=parsed.render_as_string(hide_password=True), reason=_reason(error)
        ) from error
    return engine


def _make_private(path: Path) -> None:
    """Makes the empty file that SQLite then fills; its -wal and -shm take over the permissions.

    What exists keeps its own: somebody may have let the portal's account in.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.name.startswith("file:"):
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(getattr(error, "orig", None) or error).split("\n", 1)[0]


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":  # see `reading`
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    with engine.connect() as probe:
        has_version = sqlalchemy.inspect(probe).has_table("alembic_version")
        current = (
            probe.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
            if has_version
            else None
        )
    if current == LATEST:
        return  # the usual case; spares loading Alembic
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if current is not None and current not in {
        s.revision for s in ScriptDirectory.from_config(config).walk_revisions()
    }:
        raise DatabaseUnusable("database.newer", version=current)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


LATEST = "0009"
"""The newest migration; a test compares it with the migrations folder."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading only: on SQLite it does not wait for the write lock."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
