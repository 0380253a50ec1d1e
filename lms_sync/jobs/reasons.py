"""Why jobs failed, as it was told: words that may name people, such as the line of a list that is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from lms_sync.store import schema


def forget_reasons_naming(connection: Connection, site: str, words: Sequence[str]) -> None:
    """Takes out every kept reason in which one of `words` stands; the code of the error stays."""
    wanted = [word.casefold() for word in words]
    for table in (schema.job_state, schema.notice):
        query = select(table.c.reason).distinct().where(table.c.site == site, table.c.reason.is_not(None))
        for reason in connection.execute(query).scalars().all():
            if any(word in reason.casefold() for word in wanted):
                connection.execute(
                    update(table).where(table.c.site == site, table.c.reason == reason).values(reason=None)
                )
