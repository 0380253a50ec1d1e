"""The record of runs: what began when, how it ended, and what it said of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine, insert, update

from authoring.problems import LmsSyncError
from lms_sync.clock import Clock
from lms_sync.store import schema


def begin_run(engine: Engine, site: str, verb: str, clock: Clock) -> int:
    """Writes down that a run begins; its id."""
    with engine.begin() as connection:
        row = insert(schema.run).values(site=site, verb=verb, started_at=clock.now())
        key = connection.execute(row).inserted_primary_key
        assert key is not None
        return int(key[0])


def finish_run(
    engine: Engine, run_id: int, outcome: str, summary: Mapping[str, object], clock: Clock
) -> None:
    """Writes down how a run ended: done, failed or partly."""
    with engine.begin() as connection:
        connection.execute(
            update(schema.run)
            .where(schema.run.c.id == run_id)
            .values(finished_at=clock.now(), outcome=outcome, summary=dict(summary))
        )


@contextmanager
def recorded_run(
    engine: Engine, site: str, verb: str, clock: Clock, summary: Callable[[], Mapping[str, object]]
) -> Iterator[int]:
    """A run from its beginning to its end, with its id; `summary` tells at the end what it did, failed or not."""
    run_id = begin_run(engine, site, verb, clock)
    try:
        yield run_id
    except BaseException as error:
        code = error.code if isinstance(error, LmsSyncError) else type(error).__name__
        finish_run(engine, run_id, "failed", {**summary(), "error": code}, clock)
        raise
    finish_run(engine, run_id, "done", summary(), clock)
