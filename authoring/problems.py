"""Problems are data: a code, named values, a place; catalogues turn them into words.

Exception tree (every one carries problems, none carries prose)::

    LmsSyncError          one problem; the root of all typed errors of the suite
    ├── ContentError      what an author wrote cannot be used; all problems at once
    └── Refused           the suite declines to act (exit code 3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Self

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Place:
    """Where in the author's files: 1-based line and column, 0 where unknown; `file` relative with '/'."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file or "-"]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class Coded(str):
    """A value of a problem that has words of its own: a plain English text for programs and logs, a code for readers."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, english: str) -> Self:
        made = super().__new__(cls, english)
        made.code = code
        return made


NONE_YET = Coded("word.none-yet", "none yet")
"""For a list of what is known, where nothing is."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `code` has an entry in a message catalogue; `params` are its named values."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    place: Place = Place()
    severity: Severity = "error"

    def as_json(self) -> dict[str, object]:
        """A flat mapping for `--json` output."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "params": {name: str(value) for name, value in self.params.items()},
        }


def in_reading_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file, line and column, without repetitions."""
    unique: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        unique.setdefault((problem.place, problem.code, str(sorted(problem.params.items()))), problem)
    return sorted(unique.values(), key=lambda problem: (problem.place, problem.code))


class LmsSyncError(Exception):
    """Root of the suite's errors: a message code with its named values, and the exit code it leads to."""

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, /, place: Place | None = None, **params: object) -> None:
        self.problem = Problem(code, params, place or Place())
        super().__init__(code)

    @property
    def code(self) -> str:
        """The message code of the (first) problem."""
        return self.problem.code

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems that this error stands for."""
        return (self.problem,)


class ContentError(LmsSyncError):
    """An author's files cannot be used as they are; `problems` holds every reason, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = in_reading_order(problems)
        if not ordered:
            raise ValueError("a ContentError needs at least one problem")
        first = ordered[0]
        super().__init__(first.code, first.place, **first.params)
        self._problems = tuple(ordered)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class Refused(LmsSyncError):
    """The suite declines to do what was asked, because it would do harm."""

    exit_code = 3
