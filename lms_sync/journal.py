"""What apply is about to do, has sent, and has confirmed: a row per change, written before the call goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, insert, update

from lms_sync.clock import Clock
from lms_sync.plan import Change
from lms_sync.store.schema import journal, run


class Journal:
    """The journal of one run of apply on one site."""

    def __init__(self, engine: Engine, site: str, verb: str, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._site = site
        self._step = 0
        with engine.begin() as connection:
            done = connection.execute(insert(run).values(site=site, verb=verb, started_at=clock.now()))
            self.run_id = int(done.inserted_primary_key[0])  # type: ignore[index]

    def intend(self, changes: Sequence[Change]) -> list[int]:
        """Notes that these changes are about to be sent in one call; their row ids."""
        ids: list[int] = []
        with self._engine.begin() as connection:
            for change in changes:
                self._step += 1
                done = connection.execute(
                    insert(journal).values(
                        site=self._site,
                        run_id=self.run_id,
                        step=self._step,
                        action=change.action.value,
                        kind=change.kind.value,
                        key=change.key,
                        wanted_hash=change.wanted_hash,
                        state="intent",
                        intent_at=self._clock.now(),
                    )
                )
                ids.append(int(done.inserted_primary_key[0]))  # type: ignore[index]
        return ids

    def confirm(self, ids: Iterable[int], details: Mapping[int, Mapping[str, Any]] | None = None) -> None:
        """Notes that Moodle answered that these changes are done; `details` by row id."""
        with self._engine.begin() as connection:
            for number in ids:
                detail = dict((details or {}).get(number, {}))
                connection.execute(
                    update(journal)
                    .where(journal.c.id == number)
                    .values(
                        state="confirmed",
                        confirmed_at=self._clock.now(),
                        remote_id=detail.pop("remote_id", None),
                        detail=detail or None,
                    )
                )

    def fail(self, ids: Iterable[int], code: str) -> None:
        """Notes that these changes were refused, or that nobody knows whether they were done."""
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
