"""Locks of PostgreSQL by name: who writes where, and who applies.

Advisory locks belong to one database. Their numbers are the first 63 bits of the SHA-256 of what they are for, so that
two never share one by chance.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text


def _number(*what: str) -> int:
    digest = hashlib.sha256("\0".join(("lms-sync", *what)).encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


_WHOLE = _number("write")


def lock_writing(connection: Connection, site: str | None) -> None:
    """Waits until the transaction may write: in the whole database, or, with a site, in that site's rows.

    Whoever writes everywhere waits for those who write in one site, and they for them.
    """
    if site is None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _WHOLE})
        return
    connection.execute(
        text("SELECT pg_advisory_xact_lock_shared(:whole), pg_advisory_xact_lock(:site)"),
        {"whole": _WHOLE, "site": _number("write", site)},
    )


def try_lock_apply(connection: Connection, site: str) -> bool:
    """Takes the lock of the site's apply, until the connection ends; False where another one has it."""
    asked = text("SELECT pg_try_advisory_lock(:n)")
    return bool(connection.execute(asked, {"n": _number("apply", site)}).scalar())


def unlock_apply(connection: Connection, site: str) -> None:
    """Lets go of the lock of the site's apply."""
    connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _number("apply", site)})
