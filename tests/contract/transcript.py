"""What went over the wire in a run of the suite: every exchange, and the named steps among them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lms_sync.moodle.client import MoodleClient


@dataclass
class Exchange:
    """One request and its reply; the token is not part of it."""

    function: str
    request: object
    status: int
    content_type: str
    body: bytes
    note: str = ""

    @property
    def response(self) -> object:
        """The body as JSON where it is JSON, else as text."""
        text = self.body.decode("utf-8", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text


@dataclass
class Transcript:
    """Every exchange of a run in order, and the steps that were given a name."""

    exchanges: list[Exchange] = field(default_factory=list)
    steps: dict[str, Exchange] = field(default_factory=dict)

    def keep(self, step: str, function: str = "", *, note: str = "") -> Exchange:
        """Names the last exchange (of a function, where one is given)."""
        assert step not in self.steps, f"two steps are called {step}"
        found = next(one for one in reversed(self.exchanges) if function in ("", one.function))
        self.steps[step] = Exchange(**{**vars(found), "note": note})
        return found

    @property
    def functions(self) -> frozenset[str]:
        """The web service functions that were called with any answer."""
        return frozenset(one.function for one in self.exchanges)

    @property
    def answered(self) -> frozenset[str]:
        """The functions of which at least one call was not refused."""
        good = set()
        for one in self.exchanges:
            value = one.response
            refused = isinstance(value, dict) and ("exception" in value or "errorcode" in value)
            if one.status == 200 and not refused:
                good.add(one.function)
        return frozenset(good)


class WatchedClient(MoodleClient):
    """The product's own client; what passes through it is noted in a transcript."""

    def __init__(self, *arguments: Any, transcript: Transcript, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.transcript = transcript
        self._request: object = None

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        self._request = arguments or {}
        return super().call(function, arguments, write=write)

    def post(self, function: str, path: str, form: list[tuple[str, str]], request: object) -> Exchange:
        """A request that the product would never send, as it stands; its exchange."""
        reply = self._http.post(self.url + path, data=form, timeout=60, allow_redirects=False)
        content_type = reply.headers.get("Content-Type", "")
        self.transcript.exchanges.append(
            Exchange(function, request, reply.status_code, content_type, reply.content)
        )
        return self.transcript.exchanges[-1]

    def _send(self, function: str, *arguments: Any, **named: Any) -> Any:
        answer = super()._send(function, *arguments, **named)
        request = "a file in a multipart form" if function == "upload" else self._request
        self.transcript.exchanges.append(
            Exchange(function, request, answer.status, answer.content_type, answer.body)
        )
        return answer
