"""What `requests` does not tell or limit: whether a request left, and how long the whole of its answer takes.

Only the wait between two pieces has a limit there. A server that sends a header line letter by letter, or one
chunk size without end, would hold a client for ever; so a clock shuts the connection down from outside.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import Any, Self

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

_current = threading.local()


class Watch:
    """Over one request of this thread. `sent`: part of it may have reached the server; `passed`: time is up.

    The time runs from the moment when the request has been sent whole, so that a large file may take its time.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.sent = False
        self.passed = False

    def __enter__(self) -> Self:
        _current.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        _current.watch = None
        _clock.stop(self)

    def start(self, sock: socket.socket) -> None:
        """Starts the clock for a connection on which the answer will come."""
        _clock.start(self, sock)

    def end(self, sock: socket.socket) -> None:
        """Time is up."""
        self.passed = True
        with contextlib.suppress(OSError):  # gone already
            # Past TLS, which must not be touched while another thread reads through it.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Clock:
    """One thread for all requests that wait: a thread for each would take as long as the rest of a short one.

    It wakes up when the time of the request that was first to wait is up, looks who still waits, and ends when nobody
    does.
    """

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nobody waits, and no thread runs: in a forked child there is only the parent's."""
        self._changed = threading.Condition()
        self._waiting: dict[Watch, tuple[float, socket.socket]] = {}
        self._wakes_at = 0.0
        self._runs = False

    def start(self, watch: Watch, sock: socket.socket) -> None:
        ends_at = time.monotonic() + watch.seconds
        with self._changed:
            self._waiting[watch] = ends_at, sock
            if not self._runs:
                self._runs, self._wakes_at = True, ends_at
                threading.Thread(target=self._run, name="watch over requests", daemon=True).start()
            elif ends_at < self._wakes_at:
                self._changed.notify()

    def stop(self, watch: Watch) -> None:
        with self._changed:
            self._waiting.pop(watch, None)

    def _run(self) -> None:
        with self._changed:
            while self._waiting:
                self._wakes_at = min(ends_at for ends_at, _ in self._waiting.values())
                self._changed.wait(self._wakes_at - time.monotonic())
                now = time.monotonic()
                for watch, (ends_at, sock) in list(self._waiting.items()):
                    if ends_at <= now:
                        del self._waiting[watch]
                        watch.end(sock)
            self._runs = False


_clock = _Clock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_clock.begin_anew)


class _Watched:
    sock: Any

    def send(self, data: Any) -> None:
        """Connects where that is needed, and sends."""
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        watch: Watch | None = getattr(_current, "watch", None)
        if watch is not None:
            watch.sent = True
        super().send(data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """Waits for the answer's head."""
        watch: Watch | None = getattr(_current, "watch", None)
        if watch is not None and self.sock is not None:
            watch.start(self.sock)
        return super().getresponse()  # type: ignore[misc]


class _Connection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class WatchedAdapter(HTTPAdapter):
    """Sends requests on connections that tell the Watch of their thread."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """As in requests, with our connections."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def watched_session() -> requests.Session:
    """A session of which every request can be watched."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, WatchedAdapter())
    return session
