"""A new SQLite database in one step: what the migrations make of an empty file, written down.

`new_sqlite.sql` holds the statements that SQLite itself keeps of a database that was migrated; a test holds it to the
migrations, byte for byte. To walk through all of them takes many times as long, and loads Alembic.
Whoever adds a migration types: python -m lms_sync.store.new_sqlite
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection

FILE = Path(__file__).with_name("new_sqlite.sql")


def is_new(connection: Connection) -> bool:
    """Whether the database holds nothing at all."""
    return connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first() is None


def make(connection: Connection) -> str:
    """Makes the tables in a new database, within the caller's transaction; the migration at which it then is."""
    for statement in statements():
        connection.exec_driver_sql(statement)
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


def statements() -> Iterator[str]:
    """The statements, one by one."""
    lines: list[str] = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        lines.append(line)
        if line.endswith(";") and sqlite3.complete_statement(statement := "\n".join(lines)):
            yield statement.removesuffix(";")
            lines.clear()


def written_by_migrations() -> str:
    """What is to stand in the file."""
    from alembic import command

    from lms_sync.store.database import alembic_config

    engine = sqlalchemy.create_engine("sqlite://")
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        rows = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        )
        made = [row[0] for row in rows]
        tables = sqlalchemy.inspect(connection).get_table_names()
        filled = [one for one in tables if connection.exec_driver_sql(f"SELECT 1 FROM {one}").first()]  # noqa: S608
        if filled != ["alembic_version"]:
            raise NotImplementedError(f"migrations leave rows in {filled}; only their number is written down")
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    engine.dispose()
    made.append(f"INSERT INTO alembic_version (version_num) VALUES ('{version}')")  # noqa: S608
    return "".join(f"{one};\n" for one in made)


if __name__ == "__main__":
    FILE.write_text(written_by_migrations(), encoding="utf-8")
