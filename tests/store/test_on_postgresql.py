"""The same state database on PostgreSQL: same schema, same order of writers, same refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, insert, select

from authoring.problems import Refused
from lms_sync.facts import GRADE, Fact, facts_of, store_facts
from lms_sync.jobs.on_procrastinate import _address
from lms_sync.store import database
from lms_sync.store.database import (
    DatabaseUnusable,
    of_site,
    open_database,
    reading,
    repeatable,
    single_statements,
)
from lms_sync.store.failures import DatabaseFailed, database_problem
from lms_sync.store.one_at_a_time import only_one
from lms_sync.store.schema import metadata, person
from tests.postgresql_server import Server

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


@pytest.fixture
def engine(postgresql: Server) -> Iterator[Engine]:
    one = open_database(postgresql.database())
    yield one
    one.dispose()


def _add(engine: Engine, key: str, site: str = "main") -> None:
    with engine.begin() as connection:
        connection.execute(insert(person).values(id=key, site=site, created_at=NOW))


def test_the_migrations_make_exactly_the_schema(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_several_at_once_may_open_a_new_database(postgresql: Server) -> None:
    url, failed = postgresql.empty_database(), list[Exception]()

    def open_it() -> None:
        try:
            open_database(url).dispose()
        except Exception as error:  # noqa: BLE001 - looked at below
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_an_address_without_a_driver_means_the_one_that_we_bring(postgresql: Server) -> None:
    plain = postgresql.database().replace("postgresql+psycopg:", "postgresql:")
    one = open_database(plain)
    assert one.dialect.driver == "psycopg"
    one.dispose()


def test_a_server_that_says_nothing_counts_as_lost_after_a_minute_or_as_the_address_says(
    postgresql: Server,
) -> None:
    url = f"{postgresql.database()}&keepalives_idle=7"
    one = open_database(url)
    with one.connect() as connection:
        told: dict[str, str] = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    one.dispose()
    for known in (told, conninfo_to_dict(_address(one))):
        assert (known["keepalives_idle"], known["keepalives_interval"]) == ("7", "10")
        assert (known["connect_timeout"], known["tcp_user_timeout"]) == ("10", "60000")


def test_a_newer_database_and_one_that_is_not_there_are_refused_in_words(
    engine: Engine, postgresql: Server
) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    address = engine.url.render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnusable) as caught:
        open_database(address)
    assert (caught.value.code, caught.value.problem.params) == ("database.newer", {"version": "9999"})
    with pytest.raises(DatabaseFailed) as gone:
        open_database(postgresql.url("nowhere"))
    assert gone.value.code == "database.gone"
    with pytest.raises(DatabaseFailed) as unreachable:
        open_database("postgresql://me:hunter2@/x?host=/nonexistent")
    assert unreachable.value.code == "database.gone"
    assert "hunter2" not in repr(unreachable.value.problem)


# --- who writes ----------------------------------------------------------------------------------------------------


def _waits(engine: Engine, act: threading.Thread) -> bool:
    """Whether the thread has begun to wait for a lock, rather than having come to its end."""
    act.start()
    asked = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + 10
    while act.is_alive() and time.monotonic() < deadline:
        with reading(engine) as connection:
            if connection.execute(asked).scalar():
                return True
        time.sleep(0.01)
    return False


def test_who_means_to_write_waits_for_who_writes(engine: Engine) -> None:
    second = threading.Thread(target=_add, args=(engine, "q"))
    with engine.begin() as first:
        first.execute(select(person.c.id))
        assert _waits(engine, second)
        first.execute(insert(person).values(id="p", site="main", created_at=NOW))
    second.join()
    with reading(engine) as connection:
        assert set(connection.execute(select(person.c.id)).scalars()) == {"p", "q"}


def test_writers_of_two_sites_do_not_wait_for_each_other_and_those_of_one_do(engine: Engine) -> None:
    with of_site(engine, "north").begin() as first:
        first.execute(insert(person).values(id="n", site="north", created_at=NOW))
        _add(of_site(engine, "south"), "s", "south")  # at once
        same = threading.Thread(target=_add, args=(of_site(engine, "north"), "n2", "north"))
        assert _waits(engine, same)
    same.join()


def test_who_writes_everywhere_waits_for_who_writes_in_one_site(engine: Engine) -> None:
    everywhere = threading.Thread(target=_add, args=(engine, "p"))
    with of_site(engine, "north").begin() as first:
        first.execute(select(person.c.id))
        assert _waits(engine, everywhere)
    everywhere.join()


def test_reading_waits_for_nobody_sees_one_moment_and_cannot_write(engine: Engine) -> None:
    with engine.begin() as writer, reading(engine) as reader:
        writer.execute(insert(person).values(id="p", site="main", created_at=NOW))
        assert reader.execute(select(person.c.id)).all() == []
        writer.commit()
        assert reader.execute(select(person.c.id)).all() == []
    with pytest.raises(sa.exc.DBAPIError) as caught, reading(engine) as reader:
        reader.execute(insert(person).values(id="x", site="main", created_at=NOW))
    problem = database_problem(caught.value)
    assert problem is not None
    assert problem.code == "database.read-only"


def test_a_statement_that_is_right_by_itself_waits_for_no_writer(engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(insert(person).values(id="p", site="main", created_at=NOW))
        _add(single_statements(engine), "q")


def test_who_waits_too_long_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_SECONDS", 0.05)
    impatient = database._engine(engine.url)
    database.LOCK_WAIT_SECONDS  # noqa: B018 - read when a connection is made
    with engine.begin(), pytest.raises(sa.exc.DBAPIError) as caught:
        _add(impatient, "p")
    problem = database_problem(caught.value)
    assert problem is not None
    assert problem.code == "database.locked"
    impatient.dispose()


def test_one_apply_at_a_time_holds_a_site_and_a_lost_connection_lets_go(engine: Engine) -> None:
    with only_one(engine, "main"):
        with pytest.raises(Refused) as caught, only_one(engine, "main"):
            raise AssertionError
        assert caught.value.code == "apply.another-runs"
        with only_one(engine, "other"):
            pass
    with only_one(engine, "main"):
        pass
    other = open_database(engine.url.render_as_string(hide_password=False))
    held = only_one(other, "main")
    held.__enter__()
    with engine.begin() as connection:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        connection.execute(sa.text(kill))
    deadline = time.monotonic() + 10
    while True:
        try:
            with only_one(engine, "main"):
                break
        except Refused:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    with pytest.raises(sa.exc.DBAPIError):
        held.__exit__(None, None, None)
    other.dispose()


def test_facts_are_counted_and_streamed_as_on_sqlite(engine: Engine) -> None:
    facts = [
        Fact(GRADE, f"{n}", NOW, "p", "archive", "archive/final", {"item": "mod", "grade": 1.5, "max": 2.0})
        for n in range(4100)
    ]
    _add(engine, "p")
    counts = []
    for _ in range(2):
        with repeatable(of_site(engine, "main")).begin() as connection:
            counts.append(store_facts(connection, "main", facts, NOW, None))
    assert counts == [4100, 0]
    with reading(engine) as connection:
        assert [fact.source_id for fact in facts_of(connection, "main")] == [str(n) for n in range(4100)]


def test_a_missing_driver_is_told_with_the_line_to_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(DatabaseUnusable) as caught:
        open_database("postgresql://lms@/x?host=/tmp")
    assert caught.value.code == "database.no-driver"
