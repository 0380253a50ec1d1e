"""Asks the companion plugin for rows: all cursors in one call where it knows how, else cursor by cursor.

How many rows are asked for follows how fast the site answers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pydantic

from lms_sync.facts import ANSWER, SCORM_RESULT
from lms_sync.moodle.errors import AccessRefused, CallRefused, FunctionMissing, SiteBusy, UnknownOutcome
from lms_sync.plugin_rows import (
    Page,
    Position,
    checked_page,
    first_error,
    kept_rules,
    news_shape,
    rows_of_ids,
    rows_shape,
)
from lms_sync.pull_report import WrongPage

CHANGES = "local_lmssync_get_changes"
NEWS = "local_lmssync_get_news"

LOG = "log"
"""The stream of what Moodle's rows do not tell themselves: what was deleted, and what changed without a new time."""

_PLUGIN_STREAM = {SCORM_RESULT: "scorm_track", ANSWER: "feedback_answer"}
"""The plugin names SCORM's stream after Moodle's table, the fact log after what it means."""

STREAM_OF = {name: stream for stream, name in _PLUGIN_STREAM.items()}
"""From the plugin's name of a stream to ours, where they differ."""

_FEWEST, _MOST = 200, 20_000  # rows of a page; the plugin gives no more
_SECONDS = 5.0  # that a page should take: far below the time after which a proxy gives up


class Caller(Protocol):
    """What a pull needs of a Moodle client."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """Calls a web service function; its value. Raises MoodleError."""


@dataclass(eq=False)
class Ask:
    """A stream of some courses (our key → Moodle's id), from a position on; or its rows of certain numbers."""

    stream: str
    courses: Mapping[str, int]
    position: Position = (0, 0)
    ids: Sequence[int] = ()

    def __post_init__(self) -> None:
        self.key_of = {course_id: course for course, course_id in self.courses.items()}

    def as_json(self) -> dict[str, object]:
        asked: dict[str, object] = {
            "stream": _PLUGIN_STREAM.get(self.stream, self.stream),
            "courseids": list(self.courses.values()),
            "text": 1,  # rows as one text, which Moodle need not check value by value
        }
        if self.ids:
            return {**asked, "ids": list(self.ids)}
        return {**asked, "since": self.position[0], "afterid": self.position[1]}


@dataclass
class PluginSource:
    """The plugin of one site. `size`: rows of the next page, between 200 and 20,000; fixed where it begins below."""

    client: Caller
    size: int
    patience: Sequence[float] = ()
    sleep: Callable[[float], None] = time.sleep
    timer: Callable[[], float] = time.monotonic
    together: bool = field(init=False, default=True)
    log_since: int | None = field(init=False, default=None)
    """Since when the plugin's log is complete, in the site's time; None where it keeps none."""
    identity: str | None = field(init=False, default=None)
    """Which Moodle it is (`lms_sync.site_identity`); None where the plugin does not tell."""

    def __post_init__(self) -> None:
        self._fixed = self.size < _FEWEST
        self._unknown: set[str] = set()

    def knows(self, stream: str) -> bool:
        """Whether the plugin is not known to lack a stream."""
        return stream not in self._unknown

    def ask(self, asks: Sequence[Ask]) -> list[tuple[Ask, Page]]:
        """The answers to the first of these questions, as many as fit into one page; never none of them.

        Raises MoodleError, and WrongPage where an answer breaks the rules. An answer that did not arrive is asked for
        again with fewer rows, a busy site after a while.
        """
        waits = iter(self.patience)
        while True:
            began = self.timer()
            try:
                answered = self._ask(asks)
            except UnknownOutcome:
                if self._fixed or self.size == _FEWEST:
                    raise
                self.size = max(_FEWEST, self.size // 4)  # too much for the site, or for a proxy
                continue
            except SiteBusy as busy:
                wait = next(waits, None)
                if wait is None:
                    raise
                self.sleep(max(wait, busy.retry_after))
                continue
            self._learn(self.timer() - began, sum(len(page["rows"]) for _, page in answered))
            return answered

    def _learn(self, took: float, rows: int) -> None:
        if self._fixed or (rows * 2 < self.size and took < _SECONDS):
            return  # a short page says nothing about a long one
        wanted = int(self.size * _SECONDS / max(took, 0.001))
        self.size = max(_FEWEST, min(wanted, 2 * self.size, _MOST))

    def _ask(self, asks: Sequence[Ask]) -> list[tuple[Ask, Page]]:
        if self.together:
            try:
                return self._all(asks)
            except (FunctionMissing, AccessRefused):
                self.together = False
        return [self._one(next(ask for ask in asks if not ask.ids))]

    def _one(self, ask: Ask) -> tuple[Ask, Page]:
        arguments = {**ask.as_json(), "limit": self.size}
        try:
            answer = self.client.call(CHANGES, arguments)
        except CallRefused as refused:
            if refused.errorcode != "unknownstream":
                raise
            self._unknown.add(ask.stream)
            return ask, _nothing(ask)
        return ask, checked_page(answer, ask.stream, ask.key_of, ask.position, self.size)

    def _all(self, asks: Sequence[Ask]) -> list[tuple[Ask, Page]]:
        asked = json.dumps([ask.as_json() for ask in asks], separators=(",", ":"))
        answer = self.client.call(NEWS, {"asked": asked, "limit": self.size})
        try:
            news = news_shape.validate_python(answer)
            for page in news["pages"]:
                if "text" in page:
                    page["rows"] = rows_shape.validate_json(page.pop("text"))
        except pydantic.ValidationError as error:
            raise WrongPage("pull.page-shape", stream=NEWS, detail=first_error(error)) from error
        numbers = [page["asked"] for page in news["pages"]]
        if not numbers or numbers != sorted({*numbers}) or not 0 <= numbers[0] <= numbers[-1] < len(asks):
            raise WrongPage("pull.page-shape", stream=NEWS, detail="asked")
        self.log_since = news["logsince"]
        self.identity = news.get("site")
        found = []
        left = self.size
        for page in news["pages"]:
            ask = asks[page["asked"]]
            whole: Page = {
                "now": news["now"],
                "more": page["more"],
                "since": page["since"],
                "afterid": page["afterid"],
                "rows": page["rows"],
            }
            if ask.ids:
                found.append((ask, rows_of_ids(whole, ask.stream, ask.key_of, ask.ids)))
            else:
                found.append((ask, kept_rules(whole, ask.stream, ask.key_of, ask.position, left)))
            left -= len(page["rows"])
        return found


def _nothing(ask: Ask) -> Page:
    """The answer of a plugin that does not know a stream yet: the cursor stays where it is."""
    return {"now": 0, "more": False, "since": ask.position[0], "afterid": ask.position[1], "rows": []}
