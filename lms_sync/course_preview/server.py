"""The preview's server: on this machine only, for this run only, and it only reads.

Who asks must name the machine itself (another name that leads here is a page elsewhere that wants to look in), and must
know the token in the path, which is made anew for every run. Nothing comes from elsewhere, no script stands in a page.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from authoring.problems import ContentError, LmsSyncError
from course_packages.run_time import scorm12_api
from course_packages.zip_file import read_content
from lms_sync.course_preview.page import page_html, state_of
from lms_sync.course_preview.shown_course import ShownCourse

HOST = "127.0.0.1"
PORT = 8450
STILL_HERE_SECONDS = 10
"""After which a page that has nothing to be told is told that the preview is there; it notices so who has gone."""

_HERE = Path(__file__).parent
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COURSE_POLICY = (  # that of the package's own page, and nobody else may frame it
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_TYPES = {  # not what a system has been told that these endings mean
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".vtt": "text/vtt",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class CannotServe(LmsSyncError):
    """The port is in use."""


class Preview:
    """A course, the page that shows it, and everybody who looks at it."""

    def __init__(self, course: ShownCourse, reader: str) -> None:
        """`reader` is the language of the page and of the problems, not of the course."""
        self.course = course
        self.reader = reader
        self.token = secrets.token_urlsafe(16)
        self.ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()

    def tell(self) -> None:
        """Wakes everybody who waits for news; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def end(self) -> None:
        """Lets everybody go."""
        self.ended.set()
        self.tell()

    def _wake(self) -> None:
        for one in self._waiting:
            one.set()

    def app(self) -> Starlette:
        """The web application; every path begins with the token."""
        begin = f"/{self.token}"
        return Starlette(
            routes=[
                Route(f"{begin}/", self.page),
                Route(f"{begin}/events", self.events),
                Route(f"{begin}/course/{{build:int}}/{{name:path}}", self.course_file),
                Route(f"{begin}/{{name}}", self.own_file),
            ],
            middleware=[
                Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)
            ],
            exception_handlers={HTTPException: self.refused},
        )

    async def refused(self, _request: Request, error: Exception) -> Response:
        """An address that is none."""
        assert isinstance(error, HTTPException)
        return PlainTextResponse(str(error.detail), error.status_code, headers=_ALWAYS)

    async def page(self, _request: Request) -> Response:
        """The preview's own page, around the course."""
        html = page_html(self.course.now, self.reader)
        return Response(
            html, media_type="text/html", headers={**_ALWAYS, "Content-Security-Policy": _PAGE_POLICY}
        )

    async def own_file(self, request: Request) -> Response:
        """What the preview's page consists of."""
        found = _own_files().get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return Response(found[0], media_type=found[1], headers=_ALWAYS)

    async def course_file(self, request: Request) -> Response:
        """A file of the course's newest good build. The number in the path keeps what is older out of the way."""
        name = request.path_params["name"]
        content = self.course.now.contents.get(name)
        if content is None:
            raise HTTPException(404)
        headers = {**_ALWAYS, "Content-Security-Policy": _COURSE_POLICY}
        if isinstance(content, Path):
            if not content.is_file():
                raise HTTPException(404)
            return FileResponse(content, media_type=_type(name), headers=headers)  # in parts, for films
        try:
            return Response(read_content(content), media_type=_type(name), headers=headers)
        except ContentError as error:  # it was changed this moment; the page is told by the next look
            raise HTTPException(404) from error

    async def events(self, _request: Request) -> Response:
        """Server-sent events: the state of the course now, and each time that it has become another."""
        self._loop = asyncio.get_running_loop()
        return StreamingResponse(self._news(), media_type="text/event-stream", headers=_ALWAYS)

    async def _news(self) -> AsyncIterator[str]:
        news = asyncio.Event()
        self._waiting.add(news)
        told = -1
        try:
            while not self.ended.is_set():
                news.clear()
                look = self.course.now
                if look.number != told:
                    told = look.number
                    state = json.dumps(state_of(self.course, look, self.reader), ensure_ascii=False)
                    yield f"data: {state}\n\n"
                try:
                    await asyncio.wait_for(news.wait(), STILL_HERE_SECONDS)
                except TimeoutError:
                    yield ": here\n\n"
        finally:
            self._waiting.discard(news)


class _Server(uvicorn.Server):
    """Ends at once when it is told to: pages that wait for news are let go first."""

    preview: Preview

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self.preview.ended.is_set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.preview.end()
        super().handle_exit(sig, frame)


def serve(preview: Preview, listening: socket.socket) -> None:
    """Serves and watches until `preview.end()`, or Ctrl+C: then KeyboardInterrupt, after everything was put away."""
    config = uvicorn.Config(
        preview.app(),
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=100,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    server.preview = preview
    watching = threading.Thread(target=preview.course.watch, args=(preview.ended, preview.tell), daemon=True)
    watching.start()
    try:
        server.run(sockets=[listening])
    finally:
        preview.end()
        watching.join(timeout=5)


def listen(port: int) -> socket.socket:
    """A socket on this machine that nobody else reaches; port 0 is any that is free. Raises CannotServe."""
    try:
        listening = socket.create_server((HOST, port), backlog=64)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotServe("live.port-busy", port=port, other=port + 1, reason=reason) from error
    # Every answer goes out in two parts; without this the second waits 40 ms for the first to be acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _own_files() -> Mapping[str, tuple[bytes, str]]:
    return {
        "page.css": ((_HERE / "page.css").read_bytes(), "text/css"),
        "page.js": ((_HERE / "page.js").read_bytes(), "text/javascript"),
        "scorm12.js": (scorm12_api(), "text/javascript"),
    }


def _type(name: str) -> str:
    ending = name[name.rfind(".") :].lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
