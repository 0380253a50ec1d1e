"""The status of an award: computed from what was written about it and from the date; nothing is ever late.

Written are only issued, suspended, resumed, revoked, superseded and erased; "expired" follows from dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

Status = Literal["valid", "expired", "suspended", "revoked", "superseded", "erased", "unknown"]

STATUSES: tuple[Status, ...] = ("valid", "expired", "suspended", "revoked", "superseded", "erased", "unknown")

FINAL = frozenset({"revoked", "superseded", "erased"})
"""Events after which an award never stands again."""

REVOKING = ("revoked", "erased")
"""Events that set the award's bit in the status list (purpose "revocation")."""


def status_of(events: Iterable[str], expires_on: date | None, today: date) -> Status:
    """The status of an issued award on `today`, a date of the issuer's calendar.

    `events` are those written about it, oldest first. Erased and revoked are final and outweigh dates;
    an award that ended is expired even if it was suspended before.
    """
    written = list(events)
    for final in ("erased", "revoked", "superseded"):
        if final in written:
            return final
    if expires_on is not None and today > expires_on:
        return "expired"
    suspensions = [event for event in written if event in ("suspended", "resumed")]
    return "suspended" if suspensions and suspensions[-1] == "suspended" else "valid"
