"""Whether anything has changed since the last build, told by the sizes and times of all files that it read and wrote."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authoring.build_cache import BuildCache, Stamp, settled, stamp, walk
from authoring.plain_values import plain_problem, problem_of
from authoring.problems import Problem

_KIND, _NAME = "build", "last"
_READ = ("courses", "quizzes", "programmes", "theme")
"""Folders of an academy that a build reads; what is added here only costs a build too many."""


@dataclass(frozen=True)
class LastBuild:
    """What a build came to: the `report` for programs, the names of its files, and its warnings."""

    report: dict[str, Any]
    names: tuple[str, ...]
    warnings: tuple[Problem, ...]


class Watch:
    """The files of an academy as they were when it was made; made before they are read."""

    def __init__(self, cache: BuildCache, today: datetime.date) -> None:
        self.cache = cache
        self.today = today
        self.read = inputs(cache.academy)

    def last_build(self) -> LastBuild | None:
        """The last build, where it would come out the same now."""
        kept = self.cache.get(_KIND, _NAME)
        try:
            if kept is None or kept["day"] != self.today.isoformat() or not _same(kept["read"], self.read):
                return None
            written = {name: stamp(self.cache.academy / name) for name in kept["written"]}
            if not _same(kept["written"], written):
                return None
            warnings = tuple(problem_of(one) for one in kept["warnings"])
            return LastBuild(kept["report"], tuple(kept["written"]), warnings)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def keep(self, report: dict[str, Any], names: Iterable[str], warnings: Iterable[Problem]) -> None:
        """Keeps what a build came to, unless a file is so new that it may still change without showing it."""
        written = {name: stamp(self.cache.academy / name) for name in names}
        # What has changed since these were looked at has another stamp by then, and is built once more.
        if not all(settled(one) for one in self.read.values()):
            return
        kept = {
            "day": self.today.isoformat(),  # a citation expires without a change of any file
            "read": self.read,
            "written": written,
            "report": report,
            "warnings": [plain_problem(one) for one in warnings],
        }
        self.cache.put(_KIND, _NAME, kept)


def inputs(academy: Path) -> dict[str, Stamp]:
    """Every file that a build may read, with its stamp."""
    return {name: one for folder in _READ for name, one in walk(academy / folder, folder).items()}


def _same(kept: dict[str, Any], now: dict[str, Stamp] | dict[str, Stamp | None]) -> bool:
    return kept.keys() == now.keys() and all(tuple(kept[name]) == one for name, one in now.items())
