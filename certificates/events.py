"""What happens to awards after their issue: lines that are only ever added, each an entry of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from certificates import chain
from certificates.award import Award
from lms_sync.store import schema

_ADD_LINE = insert(schema.status_event)


def write_issued(
    connection: Connection, awards: Sequence[Award], *, actor: str, now: datetime, after: chain.Head
) -> None:
    """Says of awards of one site that were just entered that they were issued, within the caller's transaction."""
    lines = [
        {"site": one.site, "issue_id": one.id, "event": chain.ISSUED, "at": now, "actor": actor}
        for one in awards
    ]
    connection.execute(_ADD_LINE, lines)
    chain.add_issues(connection, awards[0].site, [one.id for one in awards], now, after)


def write_event(
    connection: Connection,
    award: Award,
    event: str,
    *,
    actor: str,
    reason: str | None,
    now: datetime,
    successor: str | None = None,
) -> int:
    """Adds a line about an issued award within the caller's transaction; its id. Such lines never change.

    `successor` is the issue that replaces a superseded one. Raises Refused where the clock is behind the register.
    """
    last = chain.open_chain(connection, award.site, now)
    line = {
        "issue_id": award.id,
        "event": event,
        "at": now,
        "actor": actor,
        "reason": reason,
        "successor": successor,
    }
    done = connection.execute(_ADD_LINE, {"site": award.site, **line})
    chain.add_event(connection, award.site, line, now, last)
    assert done.inserted_primary_key is not None
    return int(done.inserted_primary_key[0])


def events_of(connection: Connection, issue_id: str) -> list[str]:
    """What was written about an award, oldest first."""
    table = schema.status_event
    query = select(table.c.event).where(table.c.issue_id == issue_id).order_by(table.c.id)
    return list(connection.execute(query).scalars())
