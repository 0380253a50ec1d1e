"""Which Moodle stands behind a site's name: results of two must never come together, for both number their people from 1.

The companion plugin tells it with every answer: a digest of what Moodle calls itself since it was installed, whatever its
address. The first one that is told under a name is kept.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from lms_sync.cursors import keep_positions
from lms_sync.pull_report import AnotherSite
from lms_sync.store import schema

IDENTITY = "site identity"
"""The name under which it is kept in the table `cursor`."""

_DIGITS = 15  # of the digest, hexadecimal: as many as fit into a whole number of the database


def check_identity(connection: Connection, site: str, told: str) -> bool:
    """Whether a Moodle is known under a site's name; raises AnotherSite where it is another one."""
    table = schema.cursor
    query = select(table.c.since).where(
        table.c.site == site, table.c.stream == IDENTITY, table.c.course == ""
    )
    known = connection.execute(query).scalar()
    if known is not None and known != _number(told):
        raise AnotherSite("pull.another-site", site=site)
    return known is not None


def keep_identity(connection: Connection, site: str, told: str, now: datetime) -> None:
    """Keeps which Moodle stands behind a name, within the caller's transaction; raises AnotherSite."""
    if not check_identity(connection, site, told):
        keep_positions(connection, site, [(IDENTITY, "", (_number(told), 0))], now)


def _number(told: str) -> int:
    return int(told[:_DIGITS], 16)
