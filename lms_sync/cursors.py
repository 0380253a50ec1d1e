"""Where each stream of each course has been read up to: the table `cursor`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import sqlite

from lms_sync.plugin_rows import Position
from lms_sync.store import schema


def kept_positions(
    connection: Connection, site: str, streams: Collection[str]
) -> dict[str, dict[str, Position]]:
    """By stream, then by course, the kept positions."""
    table = schema.cursor
    query = select(table.c.stream, table.c.course, table.c.since, table.c.after_id).where(
        table.c.site == site, table.c.stream.in_(sorted(streams))
    )
    found: dict[str, dict[str, Position]] = {stream: {} for stream in streams}
    for row in connection.execute(query):
        found[row.stream][row.course] = (row.since, row.after_id)
    return found


def keep_positions(
    connection: Connection,
    site: str,
    positions: Iterable[tuple[str, str, Position]],
    now: datetime,
    *,
    back: bool = False,
) -> None:
    """Keeps positions (stream, course, position); not where a later one is kept, unless they may go `back`."""
    rows = [
        {
            "site": site,
            "stream": stream,
            "course": course,
            "since": max(position, (0, 0))[0],
            "after_id": max(position, (0, 0))[1],
            "updated_at": now,
        }
        for stream, course, position in positions
    ]
    if not rows:
        return
    connection.execute(_kept(connection.dialect.name, back), rows)


@cache
def _kept(dialect: str, back: bool) -> Any:
    """Made once: SQLAlchemy takes longer to put it together than SQLite to do it."""
    table = schema.cursor
    insert: Any = sqlite.insert
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # late: most state databases are SQLite's

        insert = postgresql.insert
    statement = insert(table)
    told = statement.excluded
    later = (told.since > table.c.since) | (
        (told.since == table.c.since) & (told.after_id > table.c.after_id)
    )
    return statement.on_conflict_do_update(
        index_elements=["site", "stream", "course"],
        set_={name: told[name] for name in ("since", "after_id", "updated_at")},
        where=None if back else later,
    )
