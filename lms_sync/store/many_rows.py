"""Puts many rows into a table, those that are not there yet; how many were new."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from typing import Any

from sqlalchemy import JSON, Connection, Table, TextClause, TypeDecorator, text
from sqlalchemy.dialects import sqlite

from lms_sync.store.schema import Moment

_NOTHING: Mapping[str, object] = {}

_json = json.JSONEncoder(ensure_ascii=False).encode


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, object]], unique: Sequence[str]
) -> int:
    """Adds the rows of which no other has the same values in the columns `unique`, which must be a constraint.

    Every row names the same columns.
    """
    if not rows:
        return 0
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return insert_columns(connection, table, columns, unique)


def insert_columns(
    connection: Connection,
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    unique: Sequence[str],
    *,
    same: Mapping[str, Any] = _NOTHING,
) -> int:
    """As `insert_new`, column by column: the values of each, all equally many; `same` are those that every row has.

    The values go to the driver as it wants them, in one statement, in half the time that a statement with a mapping for each
    row takes. On PostgreSQL all values of a column travel as one array; its driver counts only so.
    """
    number = len(next(iter(columns.values())))
    if not number:
        return 0
    names, constant = tuple(columns), tuple(same)
    if connection.dialect.name == "postgresql":
        given: dict[str, Any] = {name: _array(table, name, values) for name, values in columns.items()}
        given |= {name: _array(table, name, [value])[0] for name, value in same.items()}
        return connection.execute(_from_arrays(table, names, constant, tuple(unique)), given).rowcount
    written: list[Any] = []
    for name, values in columns.items():
        write = _written(table, name)
        written.append(values if write is None else list(map(write, values)))
    for name, value in same.items():
        write = _written(table, name)
        written.append(repeat(value if write is None else write(value)))
    # zip ends with the columns: what all rows have repeats for ever.
    rows = list(zip(*written, strict=False))
    return connection.exec_driver_sql(_sqlite(table, (*names, *constant), tuple(unique)), rows).rowcount


def insert_of(connection: Connection) -> Any:
    """The INSERT of the database's kind, which knows ON CONFLICT."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # late: most state databases are SQLite's

        return postgresql.insert
    return sqlite.insert


# --- SQLite -----------------------------------------------------------------------------------


def _moment(value: datetime | None) -> str | None:
    """As SQLAlchemy has SQLite keep times: UTC without a zone, always with six places."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("times are stored aware")
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds")


def _json_or_null(value: object) -> str | None:
    return None if value is None else _json(value)


@cache
def _written(table: Table, name: str) -> Callable[[Any], object] | None:
    """How a value of a column is given to the driver; None: as it is."""
    kind: Any = table.c[name].type
    if isinstance(kind, Moment):
        return _moment
    if isinstance(kind, JSON):
        return _json_or_null if kind.none_as_null else _json
    if isinstance(kind, TypeDecorator):
        raise TypeError(f"{table.name}.{name} has a type of its own")
    return None


@cache
def _sqlite(table: Table, names: tuple[str, ...], unique: tuple[str, ...]) -> str:
    # Names are those of our own schema; values are bound.
    columns = ", ".join(f'"{name}"' for name in names)
    conflict = ", ".join(f'"{name}"' for name in unique)
    places = ", ".join("?" * len(names))
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({places}) ON CONFLICT ({conflict}) DO NOTHING'  # noqa: S608


# --- PostgreSQL -------------------------------------------------------------------------------


@cache
def _postgresql() -> Any:
    from sqlalchemy.dialects import postgresql

    return postgresql.dialect()  # type: ignore[no-untyped-call]


def _array(table: Table, name: str, values: Sequence[Any]) -> list[Any]:
    write = _written(table, name)
    return list(values) if write in (None, _moment) else [write(value) for value in values]


@cache
def _from_arrays(
    table: Table, names: tuple[str, ...], constant: tuple[str, ...], unique: tuple[str, ...]
) -> TextClause:
    arrays = ", ".join(f"CAST(:{name} AS {_kind_of(table, name)}[])" for name in names)
    given = ", ".join(f'"{name}"' for name in names)
    columns = ", ".join(f'"{name}"' for name in (*names, *constant))
    chosen = ", ".join(
        [_as_json(table, name, f'given."{name}"') for name in names]
        + [_as_json(table, name, f"CAST(:{name} AS {_kind_of(table, name)})") for name in constant]
    )
    conflict = ", ".join(f'"{name}"' for name in unique)
    return text(
        f'INSERT INTO "{table.name}" ({columns}) SELECT {chosen} FROM unnest({arrays}) AS given ({given})'  # noqa: S608
        f" ON CONFLICT ({conflict}) DO NOTHING"
    )


def _as_json(table: Table, name: str, value: str) -> str:
    return f"CAST({value} AS json)" if isinstance(table.c[name].type, JSON) else value


def _kind_of(table: Table, name: str) -> str:
    kind: Any = table.c[name].type
    if isinstance(kind, JSON):
        return "text"
    if isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return str(kind.compile(dialect=_postgresql()))
