"""What `requests` does not tell or limit: whether a request left, and how long the whole of its answer takes.

Only the wait between two pieces has a limit there. A server that sends a header line letter by letter, or one
chunk size without end, would hold a client for ever; so a clock shuts the connection down from outside.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any, Self

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
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        _current.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        _current.watch = None
        if self._timer is not None:
            self._timer.cancel()

    def start(self, sock: socket.socket) -> None:
        """Starts the clock for a connection on which the answer will come."""
        self._timer = threading.Timer(self.seconds, self._end, (sock,))
        self._timer.daemon = True
        self._timer.start()

    def _end(self, sock: socket.socket) -> None:
        self.passed = True
        with contextlib.suppress(OSError):  # gone already
            # Past TLS, which must not be touched while another thread reads through it.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


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
