"""The progress of apply on a terminal: objects done, the one just done, and how much of files has been sent."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any, Self, TextIO

import click

_PAUSE = 0.2  # seconds between two drawings while a file is on its way


class ApplyProgress:
    """A bar on a terminal, nothing elsewhere. Threads may tell it at once."""

    def __init__(self, total: int, *, enabled: bool, file: TextIO | None = None) -> None:
        file = file or sys.stderr
        self._bar: Any = None
        if enabled and total and file.isatty():
            self._bar = click.progressbar(
                length=total, file=file, show_pos=True, show_eta=False, item_show_func=self._shown, width=24
            )
        self._lock = threading.Lock()
        self._key = ""
        self._sent = 0
        self._drawn = 0.0

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

    def step(self, done: int, total: int, key: str) -> None:
        """`done` of `total` objects are done, `key` last. Both begin anew where the site had to be read again."""
        with self._lock:
            self._key = key
            if self._bar is not None:
                self._bar.length, self._bar.pos = total, done
                self._draw()

    def sent(self, size: int) -> None:
        """So many bytes more of a file have left."""
        with self._lock:
            self._sent += size
            if self._bar is not None and time.monotonic() - self._drawn >= _PAUSE:
                self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._bar.current_item = self._key
        self._bar.render_progress()

    def _shown(self, key: str | None) -> str:
        from lms_sync.doctor import size_in_words

        files = f"↑ {size_in_words(self._sent)}" if self._sent else ""
        return "  ".join(part for part in (files, key or "") if part)
