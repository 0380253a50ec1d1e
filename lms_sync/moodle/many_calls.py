"""Many small reads: several in one request where the site offers that, and never faster than is good for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lms_sync.moodle.errors import (
    AccessRefused,
    CallRefused,
    FunctionMissing,
    MoodleError,
    SiteBusy,
    UnknownOutcome,
)
from lms_sync.moodle.functions import MANY_CALLS
from lms_sync.moodle.wire import refusal

_FIRST = 20
_FEWEST = 4
_MOST = 200  # at three variables a call, within the 900 that a request may carry
_SECONDS = 3.0  # that a request should take: long enough to pay, short enough for any proxy
_REST = 0.25  # of the time that the site worked for us, for everybody else
_LONGEST_REST = 5.0


class Caller(Protocol):
    """Whatever can call a web service function."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """The function's value; raises MoodleError."""


@dataclass(frozen=True)
class SubCall:
    """One function with its arguments."""

    function: str
    arguments: Mapping[str, object]


class ManyCalls:
    """Runs reads in requests whose size follows how fast the site answers, with a rest after each.

    `together` says that the token's service offers `tool_mobile_call_external_functions`; else each read is
    a request of its own. `requests` counts what was sent.
    """

    def __init__(
        self,
        client: Caller,
        *,
        together: bool,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._together = together
        self._sleep = sleep
        self._now = now
        self.size = _FIRST
        self.requests = 0

    def run(self, calls: Sequence[SubCall]) -> list[Any]:
        """For each read its value, or the MoodleError with which the site refused it, in their order.

        Raises MoodleError where the site cannot be asked at all.
        """
        answers: list[Any] = []
        while len(answers) < len(calls):
            rest = calls[len(answers) :]
            if self._together:
                answers += self._several(rest[: self.size])
            else:
                answers.append(self._one(rest[0]))
        return answers

    def _one(self, call: SubCall) -> Any:
        started = self._now()
        self.requests += 1
        try:
            return self._client.call(call.function, call.arguments)
        except (AccessRefused, CallRefused, FunctionMissing) as error:
            return error
        finally:
            self._sleep(min(_REST * (self._now() - started), _LONGEST_REST))

    def _several(self, calls: Sequence[SubCall]) -> list[Any]:
        """The answers up to the first refusal: the site goes no further in one request."""
        rows = [
            {"function": call.function, "arguments": json.dumps(dict(call.arguments)), "settingraw": 1}
            for call in calls
        ]
        started = self._now()
        self.requests += 1
        try:
            told = self._client.call(MANY_CALLS, {"requests": rows})
        except UnknownOutcome:
            if self.size == _FEWEST:
                raise
            self.size = max(_FEWEST, self.size // 4)  # too much for the site, or for a proxy in front of it
            return []
        answers = [_answer(call, row) for call, row in zip(calls, _responses(told, len(calls)), strict=False)]
        took = self._now() - started
        wanted = int(len(answers) * _SECONDS / max(took, 0.001))
        self.size = max(_FEWEST, min(wanted, 2 * self.size, _MOST))
        self._sleep(min(_REST * took, _LONGEST_REST))
        return answers


def _responses(told: Any, sent: int) -> list[Any]:
    rows = told.get("responses") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= sent:
        raise UnknownOutcome("moodle.unexpected-shape", function=MANY_CALLS)
    if len(rows) < sent and not (isinstance(rows[-1], dict) and rows[-1].get("error")):
        raise UnknownOutcome("moodle.unexpected-shape", function=MANY_CALLS)
    return rows


def _answer(call: SubCall, row: Any) -> Any:
    try:
        if row["error"]:
            error: MoodleError = refusal(call.function, json.loads(row["exception"]))
            if isinstance(error, SiteBusy):
                raise error
            return error
        return json.loads(row["data"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=call.function) from error
