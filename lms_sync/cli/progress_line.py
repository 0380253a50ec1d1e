"""One line on a terminal that changes while work goes on."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

import click


class ProgressLine:
    """A line that is written over and over on standard error; nothing where that is no terminal or `enabled` is false."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, line: str) -> None:
        """Puts the line in the place of the one before."""
        if self._enabled:
            self._width = max(self._width, len(line))
            click.echo("\r" + line.ljust(self._width), err=True, nl=False)

    def clear(self) -> None:
        """Takes the line away."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
            self._width = 0
