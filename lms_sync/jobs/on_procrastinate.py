"""Runs jobs on as many machines as wanted, with procrastinate on the PostgreSQL of the state database.

The ledger says what is to be done and what was; procrastinate brings rows of it to workers. Every process, at each of its
ticks, puts due times into the ledger and hands the rows that may be taken to the queue, with the lock of their site; two
that do so at once add nothing twice. A worker takes the row from the ledger before it works. So a queue that loses or
doubles a job does no harm.

The ticks go by a clock that nobody sets. procrastinate's own periodic tasks go by the one on the wall, and keep the latest
time: set back by an hour, or once ahead in any of the processes, they come to nothing for so long.

What is tried again after a failure waits in the ledger, not in the queue: there an earlier job that waits for its time
would hold back all later ones with the same lock. For the same reason jobs of lost workers are taken out of the queue;
the ledger hands their rows out again when the lease has run out.

The queue has a schema of its own in the database, named after procrastinate's version, and is made when a worker first
starts. A newer version makes another; nothing in it needs to be kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from authoring.messages import text
from authoring.problems import LmsSyncError
from lms_sync.jobs.due import Planned
from lms_sync.jobs.ledger import DueTimes
from lms_sync.jobs.work import Worker
from lms_sync.store.database import lost_after

log = logging.getLogger("lms_sync.jobs")

_WORK = "work"
_AGAIN_SECONDS = 5.0


class NoQueue(LmsSyncError):
    """Workers need a PostgreSQL database and the libraries of the extra `postgresql`."""


@dataclass(frozen=True)
class Paces:
    """How often things are looked at: the tick, and signs of life."""

    tick_seconds: float = 5
    heartbeat: timedelta = timedelta(seconds=5)
    lost_after: timedelta = timedelta(seconds=20)


class OnProcrastinate:
    """The port with a queue in PostgreSQL. `at_once` sites are worked on at the same time in this process.

    Raises NoQueue where the database is another one or the libraries are missing.
    """

    def __init__(
        self, worker: Worker, planned: Sequence[Planned], *, at_once: int = 4, paces: Paces | None = None
    ) -> None:
        self._worker = worker
        self._due = DueTimes(worker.ledger, list(planned), worker.ledger.clock.now())
        self._at_once = at_once
        self._paces = paces or Paces()
        self._app = self._make_app(worker.ledger.engine)

    # --- the port -----------------------------------------------------------------------------

    def defer(self, site: str, job: str, course: str = "") -> int:
        """Asks for a job now; the number of its row. A tick hands it to the queue."""
        return self._worker.ledger.put(site, job, course)

    def run(self) -> None:
        """Works until Ctrl-C or SIGTERM; a job that is running then ends at its next safe point."""
        asyncio.run(self._run())

    def status(self) -> Mapping[str, object]:
        """What is running in this process."""
        return {
            "backend": "procrastinate",
            "running": [claim.id for claim in self._worker.running()],
            "at_once": self._at_once,
        }

    # --- the queue ----------------------------------------------------------------------------

    def _make_app(self, engine: Engine) -> Any:
        if engine.dialect.name != "postgresql":
            raise NoQueue("jobs.workers-need-postgresql")
        try:
            import procrastinate
        except ImportError as error:
            raise NoQueue("jobs.no-procrastinate") from error
        schema = "lms_queue_" + procrastinate.__version__.replace(".", "_")
        address = _address(engine)
        _make_queue(address, schema)
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=address, kwargs={"options": f"-c search_path={schema}"}, min_size=1, max_size=10
            )
        )

        @app.task(name="lms_sync.work", queue=_WORK)
        def work(site: str, row: int) -> None:
            claim = self._worker.ledger.take(
                site, self._worker.owner, only=row, each_counts=self._worker.each_counts
            )
            if claim is not None:
                self._worker.run(claim)

        return app

    async def _tick_on(self) -> None:
        """Ticks without end; where the database is away the worker beside it ends, and with it this."""
        while True:
            try:
                await self._tick()
            except Exception as error:  # noqa: BLE001 - the next tick comes
                self._worker.log_failure("queue", error)
            await asyncio.sleep(self._paces.tick_seconds)

    async def _tick(self) -> None:
        import procrastinate

        await self._forget_lost_workers(self._app)
        await asyncio.to_thread(self._ask)
        work = self._app.tasks["lms_sync.work"]
        for site, rows in (await asyncio.to_thread(self._worker.ledger.ready)).items():
            for row in rows:
                job = work.configure(lock=f"site:{site}", queueing_lock=f"row:{row}")
                with contextlib.suppress(procrastinate.exceptions.AlreadyEnqueued):
                    await job.defer_async(site=site, row=row)

    def _ask(self) -> None:
        self._due.ask()
        self._worker.tell()

    async def _forget_lost_workers(self, app: Any) -> None:
        import procrastinate

        since = self._paces.lost_after.total_seconds()
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=since):
            log.warning("%s", text("jobs.worker-lost", {"n": job.id}, self._worker.language))
            with contextlib.suppress(procrastinate.exceptions.ConnectorException):  # another tick was first
                await app.job_manager.finish_job(job, procrastinate.jobs.Status.FAILED, delete_job=True)

    # --- the process --------------------------------------------------------------------------

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._at_once + 4, thread_name_prefix="work"))
        main = asyncio.current_task()
        assert main is not None

        def stop() -> None:
            if not self._worker.stopping.is_set():
                log.info("%s", text("jobs.stopping", {}, self._worker.language))
                self._worker.stopping.set()
                main.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError):  # other systems, other threads
                loop.add_signal_handler(number, stop)
        with contextlib.suppress(asyncio.CancelledError):
            await self._work_until_stopped()

    async def _work_until_stopped(self) -> None:
        while True:
            try:
                async with self._app.open_async():
                    await _until_one_ends(self._tick_on(), self._serve())
            except Exception as error:  # noqa: BLE001 - the database is away for a while; leases run out meanwhile
                self._worker.log_failure("queue", error)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _serve(self) -> None:
        await self._app.run_worker_async(
            queues=[_WORK],
            name=self._worker.owner,
            concurrency=self._at_once,
            fetch_job_polling_interval=1.0,
            update_heartbeat_interval=self._paces.heartbeat.total_seconds(),
            stalled_worker_timeout=self._paces.lost_after.total_seconds(),
            delete_jobs="always",
            install_signal_handlers=False,
        )


async def _until_one_ends(*serving: Coroutine[Any, Any, None]) -> None:
    """Waits until one of them ends, as when the database is lost or this worker was taken for lost; ends the others."""
    tasks = [asyncio.ensure_future(one) for one in serving]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _address(engine: Engine) -> str:
    """The connection string of libpq for the database of an engine."""
    from psycopg.conninfo import make_conninfo

    url = engine.url
    parts: dict[str, Any] = url.translate_connect_args(username="user", database="dbname")
    parts.update({name: value for name, value in url.query.items() if isinstance(value, str)})
    return make_conninfo(**lost_after(url), **parts)


def _make_queue(address: str, schema: str) -> None:
    """Makes the queue's tables where they are not there yet; several processes may try at once."""
    import psycopg
    from procrastinate.schema import SchemaManager
    from psycopg import sql

    name = sql.Identifier(schema)
    with psycopg.connect(address) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('lms-sync queue', 0))")
        there = connection.execute("SELECT to_regclass(%s)", (f"{schema}.procrastinate_jobs",)).fetchone()
        if there is not None and there[0] is not None:
            return
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(name))
        connection.execute(SchemaManager.get_schema())
