"""The state database: one schema made by migrations, times in UTC, nothing half-migrated, nothing read stale."""

from __future__ import annotations

import io
import os
import re
import sqlite3
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, insert, select

from lms_sync.store import new_sqlite
from lms_sync.store.database import LATEST, MIGRATIONS, DatabaseUnusable, open_database, reading, repeatable
from lms_sync.store.failures import DatabaseFailed, database_problem
from lms_sync.store.schema import Moment, account, fact, journal, metadata, person, run

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    one = open_database(f"sqlite:///{tmp_path}/state.db")
    yield one
    one.dispose()


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def _shape(engine: Engine) -> dict[str, object]:
    """Everything that the database knows of its tables."""
    look = sa.inspect(engine)
    tables = [name for name in look.get_table_names() if name != "alembic_version"]
    return {
        name: (
            [
                (one["name"], str(one["type"]), one["nullable"], one["default"], one["primary_key"])
                for one in look.get_columns(name)
            ],
            sorted(look.get_foreign_keys(name), key=lambda one: str(one["name"])),
            sorted(look.get_unique_constraints(name), key=lambda one: str(one["name"])),
            sorted(
                (str(one["name"]), one["column_names"], one["unique"], str(_where(one)))
                for one in look.get_indexes(name)
            ),
            look.get_pk_constraint(name),
        )
        for name in tables
    }


def _where(index: Mapping[str, Any]) -> object:
    """The condition of an index that holds some rows only."""
    return index.get("dialect_options", {}).get("sqlite_where")


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".lms-sync" / "state.db"
    one = open_database(f"sqlite:///{path}")
    with reading(one) as connection:
        connection.execute(select(person)).all()
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    one.dispose()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_what_exists_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    open_database(f"sqlite:///{path}").dispose()
    path.chmod(0o640)
    open_database(f"sqlite:///{path}").dispose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


# --- the schema --------------------------------------------------------------------------------------------------


def test_the_migrations_make_exactly_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    declared = sa.create_engine("sqlite://")
    metadata.create_all(declared)
    assert _shape(engine) == _shape(declared)


def test_the_newest_migration_is_the_one_that_the_program_knows() -> None:
    assert _scripts().get_heads() == [LATEST]


def _all_that_sqlite_keeps(connection: sa.Connection) -> list[tuple[object, ...]]:
    """Tables, indexes, triggers and views with the statements that made them, and every row, by name."""
    kept = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    )
    rows = [tuple(one) for one in kept]
    tables = [row[1] for row in rows if row[0] == "table"]
    return rows + [
        (table, *row) for table in tables for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
    ]


def test_a_new_database_is_byte_for_byte_what_the_migrations_make(engine: Engine, tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    migrated = sa.create_engine(f"sqlite:///{tmp_path}/migrated.db")
    with migrated.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    with migrated.connect() as one, engine.connect() as other:
        assert len(_all_that_sqlite_keeps(one)) > 60
        remedy = "Type: python -m lms_sync.store.new_sqlite"
        assert _all_that_sqlite_keeps(one) == _all_that_sqlite_keeps(other), remedy
        pragmas = ("user_version", "encoding", "auto_vacuum", "page_size", "application_id")
        for name in pragmas:
            ask = f"PRAGMA {name}"
            assert one.exec_driver_sql(ask).scalar() == other.exec_driver_sql(ask).scalar()
    migrated.dispose()
    assert new_sqlite.FILE.read_text(encoding="utf-8") == new_sqlite.written_by_migrations()


def test_a_migration_that_is_not_written_down_yet_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with sa.create_engine(f"sqlite:///{tmp_path}/old.db").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        )
        old = [*made.scalars(), "INSERT INTO alembic_version VALUES ('0001')"]
    stale = tmp_path / "stale.sql"
    stale.write_text("".join(f"{one};\n" for one in old), encoding="utf-8")
    monkeypatch.setattr(new_sqlite, "FILE", stale)
    one = open_database(f"sqlite:///{tmp_path}/state.db")
    declared = sa.create_engine("sqlite://")
    metadata.create_all(declared)
    assert _shape(one) == _shape(declared)
    one.dispose()


def test_what_holds_something_already_is_migrated_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE of_somebody_else (x)")
    one = open_database(f"sqlite:///{path}")
    declared = sa.create_engine("sqlite://")
    metadata.create_all(declared)
    found = _shape(one)
    assert found.pop("of_somebody_else")
    assert found == _shape(declared)
    one.dispose()


@pytest.mark.parametrize("revision", [one.revision for one in _scripts().walk_revisions()][::-1])
def test_a_database_of_any_earlier_version_comes_up_with_what_it_holds(revision: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    old = sa.create_engine(url)
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        time = "2026-03-02 10:30:00"
        connection.exec_driver_sql(
            f"INSERT INTO person (id, site, created_at) VALUES ('p', 'main', '{time}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO fact (site, stream, source_id, source_time, content_hash, person_id, course, subject, value,"
            f" recorded_at) VALUES ('main', 'grade', '1', '{time}', 'h', 'p', 'c', 'c/q', '{{}}', '{time}')"
        )
    old.dispose()
    now = open_database(url)
    with now.connect() as connection:
        kept = connection.execute(select(fact.c.source_id, fact.c.source_time)).one()
    declared = sa.create_engine("sqlite://")
    metadata.create_all(declared)
    assert tuple(kept) == ("1", NOW)
    assert _shape(now) == _shape(declared)
    now.dispose()


def test_the_migrations_never_make_tables_from_todays_schema() -> None:
    for path in sorted((MIGRATIONS / "versions").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        assert "create_all" not in source
        assert not re.search(r"^\s*(from|import) lms_sync", source, re.MULTILINE)


def test_on_postgresql_every_table_is_made_after_those_that_it_refers_to() -> None:
    buffer = io.StringIO()
    options = {"as_sql": True, "output_buffer": buffer, "target_metadata": metadata}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        for script in reversed(list(_scripts().walk_revisions())):
            script.module.upgrade()
    made: set[str] = set()
    for statement in buffer.getvalue().split(";"):
        if found := re.search(r"CREATE TABLE (\w+)", statement):
            assert set(re.findall(r"REFERENCES (\w+)", statement)) <= made
            made.add(found.group(1))
    assert made == set(metadata.tables)
    assert "TIMESTAMP WITH TIME ZONE" in buffer.getvalue()


def test_every_row_says_of_which_site_it_is() -> None:
    assert [name for name, table in metadata.tables.items() if "site" not in table.c] == []


def test_every_time_is_a_moment() -> None:
    for table in metadata.tables.values():
        for column in table.c:
            if isinstance(column.type, sa.DateTime) or column.name.endswith("_at"):
                assert isinstance(column.type, Moment), f"{table.name}.{column.name}"


def test_the_longest_key_has_room_in_the_journal() -> None:
    group, idnumber = 40 + 1 + 64, 255  # course/institution:participant
    assert journal.c.key.type.length >= group + 1 + idnumber


# --- opening -----------------------------------------------------------------------------------------------------


def test_opening_again_finds_what_was_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/er/state.db"
    first = open_database(url)
    with first.begin() as connection:
        connection.execute(insert(person).values(id="p", site="main", created_at=NOW))
    first.dispose()
    second = open_database(url)
    with second.connect() as connection:
        assert connection.execute(select(person.c.created_at)).scalar() == NOW
    second.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    open_database(f"sqlite:///{path}").dispose()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = _dump(path)
    with pytest.raises(DatabaseUnusable) as caught:
        open_database(f"sqlite:///{path}")
    assert (caught.value.code, caught.value.problem.params) == ("database.newer", {"version": "9999"})
    assert _dump(path) == before


def _dump(path: Path) -> list[str]:
    raw = sqlite3.connect(path)
    try:
        return list(raw.iterdump())
    finally:
        raw.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is a letter to the mayor" * 100)
    with pytest.raises(DatabaseUnusable) as caught:
        open_database(f"sqlite:///{path}")
    assert caught.value.code == "database.unusable"
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_place_where_no_database_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for url in (f"sqlite:///{tmp_path}/file/state.db", f"sqlite:///{tmp_path}", "nonsense"):
        with pytest.raises(DatabaseUnusable) as caught:
            open_database(url)
        assert caught.value.code == "database.unusable"
    for url in ("nothing://x/y", "mysql://x/y"):
        with pytest.raises(DatabaseUnusable) as caught:
            open_database(url)
        assert caught.value.code == "database.other-kind"


def test_a_password_in_the_address_is_not_told() -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        open_database("postgresql+nosuchdriver://me:hunter2@db.example.org/lms")
    assert "hunter2" not in repr(caught.value.problem)


@pytest.mark.parametrize("revision", [None, "0001"])
def test_a_migration_that_breaks_leaves_nothing_behind(tmp_path: Path, revision: str | None) -> None:
    path = tmp_path / "state.db"
    if revision is not None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        old = sa.create_engine(f"sqlite:///{path}")
        with old.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        old.dispose()
    before = _dump(path)
    seen: list[str] = []

    def breaking(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "CREATE TABLE" in statement:
            seen.append(statement)
            if len(seen) == 6:
                raise sqlite3.OperationalError("database or disk is full")

    event.listen(Engine, "before_cursor_execute", breaking)
    try:
        with pytest.raises(DatabaseFailed) as caught:
            open_database(f"sqlite:///{tmp_path}/state.db")
        assert caught.value.code == "database.full"
    finally:
        event.remove(Engine, "before_cursor_execute", breaking)
    assert _dump(path) == before
    assert revision is not None or not [line for line in before if "CREATE" in line]
    open_database(f"sqlite:///{tmp_path}/state.db").dispose()


def test_several_at_once_may_open_a_new_database(tmp_path: Path) -> None:
    opened: list[Engine | Exception] = []

    def open_it() -> None:
        try:
            opened.append(open_database(f"sqlite:///{tmp_path}/state.db"))
        except Exception as error:  # noqa: BLE001 - looked at below
            opened.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one for one in opened if isinstance(one, Exception)] == []
    for one in opened:
        assert isinstance(one, Engine)
        one.dispose()


# --- how SQLite is used ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30000)],
)
def test_sqlite_is_set_for_safety(engine: Engine, pragma: str, value: object) -> None:
    with engine.connect() as one, engine.connect() as other:  # on every connection, not only on the first
        for connection in (one, other):
            connection.rollback()
            cursor = connection.connection.cursor()
            assert cursor.execute(f"PRAGMA {pragma}").fetchone() == (value,)


def test_many_jobs_at_once_have_a_connection_each(engine: Engine) -> None:
    with ExitStack() as held:
        for _ in range(40):
            assert held.enter_context(reading(engine)).execute(select(person.c.id)).all() == []


def test_only_what_can_be_fetched_again_does_not_wait_for_the_disk(engine: Engine) -> None:
    asked = "PRAGMA synchronous"
    for chosen, mode in ((repeatable(engine), 1), (engine, 2), (repeatable(engine), 1), (engine, 2)):
        with chosen.begin() as connection:  # the same connection of the pool each time
            assert connection.exec_driver_sql(asked).scalar() == mode


def test_a_locked_and_a_read_only_database_are_told_as_what_they_are(tmp_path: Path, engine: Engine) -> None:
    def refused(connection: sqlite3.Connection, statement: str) -> str:
        with pytest.raises(sqlite3.Error) as caught:
            connection.execute(statement)
        connection.close()
        problem = database_problem(caught.value)
        assert problem is not None
        return problem.code

    address = f"file:{tmp_path}/state.db"
    with engine.begin():
        other = sqlite3.connect(address, uri=True, timeout=0.01, isolation_level=None)
        assert refused(other, "BEGIN IMMEDIATE") == "database.locked"
    only_reading = sqlite3.connect(f"{address}?mode=ro", uri=True)
    assert refused(only_reading, "DELETE FROM person") == "database.read-only"
    assert database_problem(sqlite3.IntegrityError("UNIQUE constraint failed: person.id")) is None


def test_a_row_that_refers_to_nothing_is_refused(engine: Engine) -> None:
    row = {"site": "main", "user_id": 1, "person_id": "nobody", "created_by_us": False}
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(insert(account).values(**row, matched_by="hand", matched_at=NOW))


def test_who_means_to_write_has_the_lock_from_the_beginning(tmp_path: Path, engine: Engine) -> None:
    other = sqlite3.connect(tmp_path / "state.db", timeout=0.05, isolation_level=None)
    with engine.begin() as connection:
        connection.execute(select(person.c.id))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_reading_does_not_wait_for_a_writer_and_sees_only_what_is_committed(engine: Engine) -> None:
    with engine.begin() as writer:
        writer.execute(insert(person).values(id="p", site="main", created_at=NOW))
        with reading(engine) as reader:
            assert reader.execute(select(person.c.id)).all() == []
    with reading(engine) as reader:
        assert reader.execute(select(person.c.id)).scalar() == "p"


def test_what_fails_in_a_transaction_leaves_none_of_it(engine: Engine) -> None:
    def write() -> None:
        with engine.begin() as connection:
            connection.execute(insert(person).values(id="p", site="main", created_at=NOW))
            connection.execute(insert(person).values(id="p", site="main", created_at=NOW))

    with pytest.raises(sa.exc.IntegrityError):
        write()
    with reading(engine) as reader:
        assert reader.execute(select(person.c.id)).all() == []


def test_values_are_not_shown_in_errors_of_the_database(engine: Engine) -> None:
    values = {"id": "p", "site": "Arjola Çela", "created_at": NOW}
    with engine.begin() as connection:
        connection.execute(insert(person).values(**values))
    with pytest.raises(sa.exc.IntegrityError) as caught, engine.begin() as connection:
        connection.execute(insert(person).values(**values))
    assert "Arjola" not in str(caught.value)


# --- times -------------------------------------------------------------------------------------------------------

ZONES = st.sampled_from(
    [UTC, ZoneInfo("Europe/Tirane"), timezone(timedelta(hours=-11)), ZoneInfo("Asia/Tokyo")]
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    one = open_database("sqlite://")
    yield one
    one.dispose()


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=ZONES))
def test_a_moment_comes_back_as_the_same_moment_in_utc(shared: Engine, moment: datetime) -> None:
    with shared.begin() as connection:
        done = connection.execute(insert(run).values(site="main", verb="x", started_at=moment))
        row = connection.execute(select(run).where(run.c.id == done.inserted_primary_key[0])).one()
    assert row.started_at == moment.astimezone(UTC)
    assert row.started_at.tzinfo is UTC
    assert row.finished_at is None


def test_the_hour_that_a_change_of_clocks_repeats_stays_two_hours(shared: Engine) -> None:
    zone = ZoneInfo("Europe/Tirane")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=zone)
    for moment in (first, first.replace(fold=1)):
        with shared.begin() as connection:
            connection.execute(insert(run).values(site="fold", verb="x", started_at=moment))
    with reading(shared) as connection:
        one, other = connection.execute(
            select(run.c.started_at).where(run.c.site == "fold").order_by(run.c.id)
        ).scalars()
    assert other - one == timedelta(hours=1)


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(sa.exc.StatementError, match="aware"), engine.begin() as connection:
        connection.execute(insert(run).values(site="main", verb="x", started_at=datetime(2026, 1, 1)))


def test_moments_are_ordered_as_they_were(engine: Engine) -> None:
    tirana = datetime(2026, 3, 2, 11, 0, tzinfo=ZoneInfo("Europe/Tirane"))  # before 10:30 UTC
    with engine.begin() as connection:
        for verb, moment in (("later", NOW), ("earlier", tirana)):
            connection.execute(insert(run).values(site="main", verb=verb, started_at=moment))
        verbs = connection.execute(select(run.c.verb).order_by(run.c.started_at)).scalars().all()
    assert verbs == ["earlier", "later"]
