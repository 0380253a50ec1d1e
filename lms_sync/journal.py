"""What apply is about to do, has sent, and has confirmed: a row per change, written before the call goes out.

::

    intent      noted; nothing has left this machine yet (uploads go to a draft area, which changes nothing)
    sent        noted in the moment before the request leaves: from here on only the site knows
    confirmed   the site said so, or was read and has it as it was wanted
    failed      the site refused it: nothing was done
    lost        found after a stop: it never reached the site, and is planned again
    superseded  found after a stop: the files want something else by now

Rows that stay in `intent` or `sent` are what a run left that was stopped; `lms_sync.after_stop` settles them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, insert, select, update

from lms_sync.clock import Clock
from lms_sync.plan import Action, Change, Kind
from lms_sync.store.database import reading
from lms_sync.store.schema import journal, run

OPEN = ("intent", "sent")

# Made once, and for all rows of a request at once: that is most of what noting them costs.
_INTENT = insert(journal).returning(journal.c.id, sort_by_parameter_order=True)
_SENT = update(journal).where(journal.c.id == bindparam("row")).values(state="sent", sent_at=bindparam("at"))
_CONFIRMED = (
    update(journal)
    .where(journal.c.id == bindparam("row"))
    .values(
        state="confirmed",
        confirmed_at=bindparam("at"),
        remote_id=bindparam("remote"),
        detail=bindparam("told"),
    )
)


@dataclass(frozen=True)
class OpenRow:
    """A change of which the journal does not know how it ended."""

    id: int
    run_id: int
    action: Action
    kind: Kind
    scope: str
    key: str
    wanted_hash: str
    sent_at: datetime | None  # None: it never left


class Journal:
    """The journal of one run of apply on one site."""

    def __init__(self, engine: Engine, site: str, verb: str, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._site = site
        self._step = 0
        self._numbering = threading.Lock()  # several threads of one run write into one journal
        with engine.begin() as connection:
            done = connection.execute(insert(run).values(site=site, verb=verb, started_at=clock.now()))
            self.run_id = int(done.inserted_primary_key[0])  # type: ignore[index]

    def intend(self, changes: Sequence[Change]) -> list[int]:
        """Notes that these changes are about to be sent in one call; their row ids."""
        with self._numbering:
            first = self._step + 1
            self._step += len(changes)
        if not changes:
            return []
        rows = [
            {
                "site": self._site,
                "run_id": self.run_id,
                "step": step,
                "action": change.action.value,
                "kind": change.kind.value,
                "key": change.key,
                "wanted_hash": change.wanted_hash,
                "state": "intent",
                "detail": {"scope": change.scope},
                "intent_at": self._clock.now(),
            }
            for step, change in enumerate(changes, first)
        ]
        with self._engine.begin() as connection:
            return [int(number) for number in connection.execute(_INTENT, rows).scalars()]

    def send(self, ids: Sequence[int]) -> None:
        """Notes that the request with these changes leaves now."""
        now = self._clock.now()
        with self._engine.begin() as connection:
            if ids:
                connection.execute(_SENT, [{"row": number, "at": now} for number in ids])

    def confirm(self, ids: Iterable[int], details: Mapping[int, Mapping[str, Any]] | None = None) -> None:
        """Notes that Moodle answered that these changes are done; `details` by row id."""
        rows = []
        for number in ids:
            detail = dict((details or {}).get(number, {}))
            remote = detail.pop("remote_id", None)
            rows.append({"row": number, "at": self._clock.now(), "remote": remote, "told": detail or None})
        with self._engine.begin() as connection:
            if rows:
                connection.execute(_CONFIRMED, rows)

    def fail(self, ids: Iterable[int], code: str) -> None:
        """Notes that these changes were refused: nothing was done."""
        with self._engine.begin() as connection:
            connection.execute(
                update(journal)
                .where(journal.c.id.in_(list(ids)))
                .values(state="failed", detail={"code": code})
            )

    def finish(self, outcome: str, summary: Mapping[str, Any]) -> None:
        """Notes how the run ended: done, partly or failed."""
        with self._engine.begin() as connection:
            connection.execute(
                update(run)
                .where(run.c.id == self.run_id)
                .values(finished_at=self._clock.now(), outcome=outcome, summary=dict(summary))
            )


def open_rows(engine: Engine, site: str) -> tuple[OpenRow, ...]:
    """The changes on a site of which nobody knows how they ended, in the order in which they were meant."""
    query = (
        select(journal)
        .where(journal.c.site == site, journal.c.state.in_(OPEN))
        .order_by(journal.c.run_id, journal.c.step)
    )
    with reading(engine) as connection:
        found = connection.execute(query).all()
    return tuple(
        OpenRow(
            row.id,
            row.run_id,
            Action(row.action),
            Kind(row.kind),
            str((row.detail or {}).get("scope", "")),
            row.key,
            row.wanted_hash,
            row.sent_at if row.state == "sent" else None,
        )
        for row in found
    )


def settle_rows(engine: Engine, ends: Mapping[int, str], clock: Clock) -> None:
    """Notes how open rows turned out: `confirmed`, `lost` or `superseded`, by row id."""
    with engine.begin() as connection:
        for number, state in ends.items():
            found_at = {"confirmed_at": clock.now()} if state == "confirmed" else {}
            connection.execute(update(journal).where(journal.c.id == number).values(state=state, **found_at))


def close_stopped_runs(engine: Engine, site: str, clock: Clock) -> None:
    """Notes of runs that write on a site and never came to their end that they were stopped."""
    with engine.begin() as connection:
        connection.execute(
            update(run)
            .where(run.c.site == site, run.c.verb.in_(("apply", "undo")), run.c.finished_at.is_(None))
            .values(finished_at=clock.now(), outcome="stopped")
        )
