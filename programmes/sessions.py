"""What counts of a session: its days, and whether their leader held the award that the session demands.

Pure: who held which award on a day is passed in. Certificates and indicators both ask here, so that a session
that counts for the one counts for the other.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from programmes.programme import Programme, Session, SessionDay

Reason = Literal["no-leader", "leader-without-award"]


class Holding(Protocol):
    """Knows who held which award on a day."""

    def valid_on(self, holder: str, award: str, day: datetime.date) -> bool:
        """Whether the holder (an opaque id) held the award (a policy's id) and it was valid at the end of the day."""


@dataclass(frozen=True)
class NotCounted:
    """Why a day of a session counts for nobody. `leaders` are opaque ids of holders; `award` what one of them lacked."""

    reason: Reason
    leaders: tuple[str, ...]
    award: str


def why_not_counted(
    session: Session, day: datetime.date, leaders: Sequence[str], held: Holding
) -> NotCounted | None:
    """Why a day of a session does not count for its participants; None where it counts.

    A session without `leader_award` always counts. With one, at least one of those who led that day must have held
    it and it must have been valid then; who is planned as leader does not matter, only who led.
    """
    if session.leader_award is None:
        return None
    if not leaders:
        return NotCounted("no-leader", (), session.leader_award)
    if any(held.valid_on(leader, session.leader_award, day) for leader in leaders):
        return None
    return NotCounted("leader-without-award", tuple(leaders), session.leader_award)


def day_of(session: Session, day: datetime.date) -> SessionDay | None:
    """The session's day with this date; None where it has none."""
    return next((one for one in session.days if one.date == day), None)


def chosen_sessions(programme: Programme, ids: Iterable[str], kind: str | None) -> tuple[Session, ...]:
    """The sessions of a programme with these ids, or of this kind, in the order of the programme."""
    wanted = set(ids)
    return tuple(one for one in programme.sessions if one.id in wanted or one.kind == kind)


def session_key(programme: str, session: str) -> str:
    """How a session is called outside its programme: `<programme>/<session>`."""
    return f"{programme}/{session}"


def find_session(programmes: Mapping[str, Programme], key: str) -> Session | None:
    """The session with a key `<programme>/<session>`."""
    programme, _, session = key.partition("/")
    return programmes[programme].session(session) if programme in programmes else None
