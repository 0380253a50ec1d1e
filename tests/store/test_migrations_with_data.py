"""From every earlier revision to today's with rows in every table, on SQLite and PostgreSQL: no row is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from lms_sync.store.database import LATEST, MIGRATIONS, open_database, reading, revision, upgrade
from tests.postgresql_server import Server

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def _revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def _value(column: sa.Column[Any], number: int) -> object:
    """A value that its column can hold, and that tells its row from the others."""
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return _value(key.column, number)
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.DateTime):
        return NOW if getattr(kind, "timezone", False) else NOW.replace(tzinfo=None)
    if isinstance(kind, sa.Date):
        return date(2026, 3, number)
    if isinstance(kind, sa.JSON):
        return {"ë": [number, 1.5, None]}
    if isinstance(kind, sa.LargeBinary):
        return bytes([0, 255, number])
    if isinstance(kind, sa.Float):
        return number + 0.1
    assert isinstance(kind, sa.String), column
    return f"ș{number}"[: kind.length]


def fill(connection: Connection, numbers: tuple[int, ...] = (1, 2)) -> dict[str, list[dict[str, Any]]]:
    """Rows of these numbers in every table that is there; what was put in."""
    there = MetaData()
    there.reflect(connection)
    rows = {
        table.name: [{column.name: _value(column, n) for column in table.columns} for n in numbers]
        for table in there.sorted_tables
        if table.name != "alembic_version"
    }
    for table in there.sorted_tables:
        if table.name in rows:
            connection.execute(sa.insert(table), rows[table.name])
    return rows


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_row_of_any_earlier_revision_is_lost_on_the_way(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """At each revision rows are put into all tables of then; at the end the rows of all revisions are there."""
    if kind == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        url = server.empty_database()
    else:
        url = f"sqlite:///{tmp_path}/state.db"
    *earlier, last = _revisions()
    assert last == LATEST
    old = open_database(url, migrate=False)
    put: dict[str, list[dict[str, Any]]] = {}
    for number, one in enumerate(earlier, 1):
        with old.begin() as connection:
            upgrade(connection, one)
            for name, rows in fill(connection, (number,)).items():
                put.setdefault(name, []).extend(rows)
    old.dispose()
    engine = open_database(url)
    assert revision(engine) == LATEST
    now = MetaData()
    with reading(engine) as connection:
        now.reflect(connection)
        for name, rows in put.items():
            table = now.tables[name]
            found = [dict(row._mapping) for row in connection.execute(sa.select(table))]
            assert len(found) == len(rows)
            for row in rows:
                kept = {column: value for column, value in row.items() if column in table.c}
                assert any(
                    all(other[column] == value for column, value in kept.items()) for other in found
                ), (name, row)
    engine.dispose()
