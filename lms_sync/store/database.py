"""Opens the state database, SQLite or PostgreSQL, and brings its schema up to date.

Who writes has the lock from the beginning, on either: what a transaction reads before it writes cannot be stale.
SQLite has one such lock. PostgreSQL is given the same by advisory locks (`lms_sync.store.locks`), for the whole
database or, with `of_site`, for one site, so that the sites of many workers are written side by side.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine import make_url

from authoring.problems import LmsSyncError
from lms_sync.clock import Clock
from lms_sync.store import locks
from lms_sync.store.failures import DatabaseFailed, database_problem

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK_WAIT_SECONDS = 30
"""How long a transaction waits for another one's lock before it gives up."""


# As many connections as there are jobs at once, which say how many they are: none waits for another's.
_POOL: dict[str, Any] = {"max_overflow": -1}


_LOST_AFTER = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}
"""After how many seconds PostgreSQL's client library takes a server for lost that says nothing: a minute.

Left to the system, who waits for an answer when the network goes waits for two hours, and who asks then for a quarter.
"""


class DatabaseUnusable(LmsSyncError):
    """The state database cannot be opened, or is of a newer version."""


def open_database(url: str, *, migrate: bool = True) -> Engine:
    """Opens the database at an SQLAlchemy URL, creating (SQLite) and migrating it as needed.

    SQLite runs in WAL mode with `synchronous=FULL`, because the journal and the awards are in it.
    A new file, and a folder that is made for it, are for their owner alone: they hold names and results.
    Raises DatabaseUnusable, or DatabaseFailed where it is locked, full or read-only.
    """
    try:
        parsed = make_url(url)
    except sqlalchemy.exc.ArgumentError as error:  # not shown: it may hold a password
        raise DatabaseUnusable("database.unusable", url="database.url", reason="not an address") from error
    shown = parsed.render_as_string(hide_password=True)
    kind = parsed.get_backend_name()
    try:
        if kind == "sqlite" and parsed.database not in (None, "", ":memory:"):
            _make_private(Path(str(parsed.database)))
        engine = _engine(parsed)
        if migrate:
            _migrate(engine)
    except ImportError as error:
        if kind == "postgresql":
            raise DatabaseUnusable("database.no-driver", url=shown) from error
        raise DatabaseUnusable("database.unusable", url=shown, reason=str(error)) from error
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        if (known := database_problem(error)) is not None:
            raise DatabaseFailed(known) from error
        raise DatabaseUnusable("database.unusable", url=shown, reason=_reason(error)) from error
    return engine


def _engine(url: URL) -> Engine:
    kind = url.get_backend_name()
    if kind == "sqlite":
        in_memory = url.database in (None, "", ":memory:") or "mode=memory" in str(url)
        engine = sqlalchemy.create_engine(url, hide_parameters=True, **({} if in_memory else _POOL))
        _prepare_sqlite(engine)
    elif kind == "postgresql":
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        engine = sqlalchemy.create_engine(
            url, hide_parameters=True, pool_pre_ping=True, connect_args=lost_after(url), **_POOL
        )
        _prepare_postgresql(engine)
    else:
        raise DatabaseUnusable("database.other-kind", kind=kind)
    return engine


def lost_after(url: URL) -> dict[str, str]:
    """The limits of the client library that a PostgreSQL address does not set itself."""
    return {name: value for name, value in _LOST_AFTER.items() if name not in url.query}


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


# --- how each is used -------------------------------------------------------------------------

_SITE = "lms_site"
_REPEATABLE = "lms_repeatable"
_NO_LOCK = "lms_no_lock"
_READS = "postgresql_readonly"
_FENCE = "lms_fence"


def of_site(engine: Engine, site: str) -> Engine:
    """The same database for whoever writes rows of one site only: on PostgreSQL other sites do not wait for it."""
    return engine.execution_options(**{_SITE: site})


def repeatable(engine: Engine) -> Engine:
    """The same database for what can be fetched again where power fails: SQLite need not wait for the disk.

    A later transaction that does wait takes with it what was committed before, so order is never lost: only the
    last such transactions can be, as if they had not happened.
    """
    return engine.execution_options(**{_REPEATABLE: True})


def single_statements(engine: Engine) -> Engine:
    """The same database for statements that are right by themselves: they wait for rows, not for other writers."""
    return engine.execution_options(**{_NO_LOCK: True})


def fenced(engine: Engine, check: Callable[[Connection], None]) -> Engine:
    """The same database for somebody who may have lost the right to write: each transaction asks `check` first.

    It is asked when the transaction has its lock, and raises where the right is lost.
    """
    return engine.execution_options(**{_FENCE: check})


def moment_of(connection: Connection, clock: Clock) -> datetime:
    """The present moment as all who share the database have it: PostgreSQL's own clock, else this machine's."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(sqlalchemy.text("SELECT clock_timestamp()")).scalar_one()
        return now.astimezone(UTC)
    return clock.now()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for reading only, which waits for no writer.

    On PostgreSQL all that is read is of one moment; on SQLite each statement is.
    """
    if engine.dialect.name == "postgresql":
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", _READS: True}
    else:
        options = {"isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def reading_one_moment(engine: Engine) -> Iterator[Connection]:
    """As `reading`, and on SQLite too all that is read is of one moment, while others write on."""
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            yield connection
            return
        connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        connection.execute(f"PRAGMA busy_timeout={LOCK_WAIT_SECONDS * 1000}")
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":  # see `reading`
            return
        # Pooled connections come from either kind of engine, so each transaction says which it is.
        mode = "NORMAL" if options.get(_REPEATABLE) else "FULL"
        if connection.info.get("synchronous", "FULL") != mode:
            connection.exec_driver_sql(f"PRAGMA synchronous={mode}")
            connection.info["synchronous"] = mode
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _ask_fence(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets WAL mode. Where several open a new file at once, SQLite refuses all but one at once, whatever `busy_timeout` says."""
    end = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _prepare_postgresql(engine: Engine) -> None:
    settings = {
        "lock_timeout": f"{LOCK_WAIT_SECONDS}s",
        "timezone": "UTC",
        # A worker whose machine is gone says no good-bye: the server lets go of its locks after a minute.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
    }

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.commit()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT" or options.get(_READS) or options.get(_NO_LOCK):
            return
        locks.lock_writing(connection, options.get(_SITE))
        _ask_fence(connection)


def _ask_fence(connection: Connection) -> None:
    check: Callable[[Connection], None] | None = connection.get_execution_options().get(_FENCE)
    if check is not None:
        try:
            check(connection)
        except BaseException:
            connection.connection.rollback()
            raise


# --- migrations -------------------------------------------------------------------------------


def _migrate(engine: Engine) -> None:
    current = revision(engine)
    if current == LATEST:
        return  # the usual case; spares loading Alembic
    if current is not None:
        refuse_newer(current)
    with engine.begin() as connection:
        upgrade(connection)


def revision(engine: Engine) -> str | None:
    """The migration at which the database is; None before the first."""
    with reading(engine) as probe:
        if not sqlalchemy.inspect(probe).has_table("alembic_version"):
            return None
        found = probe.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def refuse_newer(version: str) -> None:
    """Raises DatabaseUnusable where the migration is none of this program's."""
    from alembic.script import ScriptDirectory

    if version not in {s.revision for s in ScriptDirectory.from_config(alembic_config()).walk_revisions()}:
        raise DatabaseUnusable("database.newer", version=version)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Brings the schema to a migration within the caller's transaction."""
    if to in ("head", LATEST) and connection.dialect.name == "sqlite":
        from lms_sync.store.new_sqlite import is_new, make

        if is_new(connection) and make(connection) == LATEST:
            return  # else somebody forgot to write the newest migration down
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def alembic_config() -> Any:
    """Where Alembic finds the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


LATEST = "0013"
"""The newest migration; a test compares it with the migrations folder."""
