"""Places at which a process that runs apply is killed: around each transaction of the state database and around each
request, and in the middle of a request.

They are found at the seams of SQLAlchemy and requests, not in the product's own code, so that no write can be
forgotten. Everything here happens in a forked child.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import requests.adapters
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool


@dataclass(frozen=True)
class Kill:
    """Where to kill: at the n-th place passed (from 1), or `after` seconds into the n-th request.

    With `late` the site works on that request for so long (seconds), and the client is killed meanwhile.
    """

    place: int = 0
    request: int = 0
    writing: int = 0  # the same, counting only requests that change something
    after: float = 0.0
    late: float = 0.0
    cut: bool = (
        False  # nobody is killed; the connection is cut at once, and the site works on for `late` seconds
    )


@dataclass(frozen=True)
class Place:
    """A place that a run passed."""

    name: str  # "before sent is stored", "request leaves", …
    request: int = 0  # the number of the request, where it is one
    function: str = ""


class _OfThisThread(threading.local):
    storing = ""  # what the transaction that is open will store
    stored = ""


class Watch:
    """Counts the places of a run in this process, and kills it at one of them."""

    def __init__(self, site_url: str, kill: Kill | None, told: Callable[[Place], None]) -> None:
        self._url = site_url
        self._kill = kill or Kill()
        self._told = told
        self._places = 0
        self._requests = 0
        self._writing = 0
        self._one_at_a_time = threading.RLock()  # apply may run in several threads
        self._here = _OfThisThread()

    def begin(self) -> None:
        """Hooks in; there is no way back, the process ends with the run."""
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._commit)
        event.listen(Pool, "checkin", self._committed)
        send = requests.adapters.HTTPAdapter.send

        def watched(adapter: Any, request: Any, **more: Any) -> Any:
            return self._request(request, lambda: send(adapter, request, **more))

        requests.adapters.HTTPAdapter.send = watched  # type: ignore[method-assign]

    def _pass(self, place: Place) -> None:
        with self._one_at_a_time:
            self._places += 1
            self._told(place)
            if self._places == self._kill.place:
                die()

    # --- the state database

    def _statement(self, _c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        found = re.match(r"\s*(INSERT INTO|UPDATE)\s+(\w+)", statement)
        if not found:
            return
        verb, table = found.groups()
        if table == "journal":
            values = [one for one in _flat(parameters) if isinstance(one, str)]
            known = ("intent", "sent", "confirmed", "failed", "lost", "superseded")
            self._here.storing = next((state for state in known if state in values), "journal")
        elif table == "run":
            self._here.storing = "begin of run" if verb == "INSERT INTO" else "end of run"
        else:
            self._here.storing = "people"

    def _commit(self, _connection: Any) -> None:
        if self._here.storing:
            self._pass(Place(f"before “{self._here.storing}” is stored"))
            self._here.stored, self._here.storing = self._here.storing, ""

    def _committed(self, _connection: Any, _record: Any) -> None:
        if self._here.stored:
            stored, self._here.stored = self._here.stored, ""
            self._pass(Place(f"after “{stored}” is stored"))

    # --- requests

    def _request(self, request: Any, send: Callable[[], Any]) -> Any:
        function = function_of(request)
        with self._one_at_a_time:
            self._requests += 1
            number = self._requests
            self._writing += is_write(function)
            mine = number == self._kill.request or (
                is_write(function) and self._writing == self._kill.writing
            )
        kind = "an upload" if function == "upload.php" else "a write" if is_write(function) else "a read"
        self._pass(Place(f"before {kind} leaves", number, function))
        if mine and self._kill.late:
            kind_of_fault = "cut_then_work" if self._kill.cut else "slow_store"
            self._fault(function, kind_of_fault, self._kill.late)
        if mine and not self._kill.cut:
            timer = threading.Timer(self._kill.after, die)
            timer.daemon = True
            timer.start()
        reply = send()
        self._pass(Place(f"after {kind} is answered", number, function))
        return reply

    def _fault(self, function: str, kind: str, seconds: float) -> None:
        body = json.dumps({"match": function, "kind": kind, "seconds": seconds}).encode()
        asked = Request(f"{self._url}/standin/faults", body, {"Content-Type": "application/json"})
        urlopen(asked, timeout=10).close()


def die() -> None:
    """As the machine's power would do it."""
    os.kill(os.getpid(), signal.SIGKILL)


def function_of(request: Any) -> str:
    """Which function of Moodle a prepared request calls."""
    if request.path_url.startswith("/webservice/upload.php"):
        return "upload.php"
    body = request.body or b""
    text = body if isinstance(body, str) else bytes(body[:200]).decode("utf-8", "replace")
    found = re.search(r"wsfunction=(\w+)", text)
    return found.group(1) if found else request.path_url


def is_write(function: str) -> bool:
    """Whether a function changes a site, by its name."""
    return not re.search(r"_get_|_search_", function)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple):
        return [item for one in value for item in _flat(one)]
    return [value]
