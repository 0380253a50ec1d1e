"""/healthz: whether the jobs are in order, for a watchdog. 200 or 503 with JSON; no names, no secrets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from socket import create_server

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lms_sync.jobs.status import JobStatus


def health_app(
    look: Callable[[], Sequence[JobStatus]], doing: Callable[[], Mapping[str, object]]
) -> Starlette:
    """Answers /healthz: 200 where nothing is stale, 503 where something is or the database cannot be read."""

    def healthz(_: Request) -> JSONResponse:
        try:
            jobs = look()
        except Exception:  # noqa: BLE001 - what it was is in the log of the jobs; a watchdog needs the fact
            return JSONResponse({"status": "no database", **doing()}, 503)
        stale = [one.as_json() for one in jobs if one.is_stale]
        said = {"status": "stale" if stale else "ok", "jobs": len(jobs), "stale": stale, **doing()}
        return JSONResponse(said, 503 if stale else 200, {"Cache-Control": "no-store"})

    return Starlette(routes=[Route("/healthz", healthz, methods=["GET"])])


@contextmanager
def answering(app: Starlette, host: str, port: int) -> Iterator[int]:
    """Serves in a thread while the block lasts; the port (0: one that is free). Raises OSError where it is taken."""
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    socket = create_server((host, port))  # uvicorn's own would end the process where the port is taken
    thread = threading.Thread(target=server.run, args=([socket],), name="healthz", daemon=True)
    thread.start()
    try:
        yield int(socket.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(5)
        socket.close()
