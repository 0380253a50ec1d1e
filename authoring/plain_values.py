"""Frozen dataclasses and problems as values of JSON, and back: for what a cache keeps of a course and its lessons."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import astuple, fields, is_dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from authoring.languages import LocalizedText
from authoring.problems import Place, Problem

CLASS, PATH, DAY, TEXT, MAP, SECONDS = "/class", "/path", "/day", "/text", "/map", "/seconds"
_PLAIN = frozenset({str, int, bool, float, type(None)})
_NOT_PLAIN = frozenset({list, dict})
_DATACLASSES: set[type] = set()
"""Those that were seen: to ask whether a class is one takes longer than to write down its values."""


def to_plain(value: Any, base: Path, paths: set[str]) -> Any:
    """A value of JSON for a text, number, day, path, sequence, mapping of texts or dataclass; paths are kept relative to `base`.

    They are added to `paths`. Raises TypeError for anything else, so that nothing is kept that would come back as
    something else.
    """
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple:
        return [one if type(one) in _PLAIN else to_plain(one, base, paths) for one in value]
    if kind in _DATACLASSES:
        own = [getattr(value, name) for name in _names(kind)]
        parts = [one if type(one) in _PLAIN else to_plain(one, base, paths) for one in own]
        return {CLASS: [kind.__name__, *parts]}
    if isinstance(value, Path):
        written, inside = os.fspath(value), os.fspath(base).rstrip(os.sep) + os.sep
        kept = written[len(inside) :] if written.startswith(inside) else written
        paths.add(kept)
        return {PATH: kept}
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return {DAY: value.isoformat()}
    if isinstance(value, LocalizedText):
        return {TEXT: value.root if isinstance(value.root, str) else dict(value.root)}
    if isinstance(value, Mapping):
        return {MAP: [[key, to_plain(one, base, paths)] for key, one in value.items()]}
    if isinstance(value, datetime.timedelta):
        return {SECONDS: value.total_seconds()}
    if isinstance(value, (str, int, float)):  # of a kind of its own
        return value
    if is_dataclass(kind):
        _DATACLASSES.add(kind)
        return to_plain(value, base, paths)
    raise TypeError(type(value).__name__)


@lru_cache(maxsize=1000)
def _path(base: Path, name: str) -> Path:
    """One for all lessons that show the same picture."""
    return base / name


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def from_plain(value: Any, base: Path, classes: Mapping[str, type]) -> Any:
    """What `to_plain` was given. Raises KeyError, TypeError or ValueError for what it cannot have made."""
    if isinstance(value, list):
        return tuple([from_plain(one, base, classes) if type(one) in _NOT_PLAIN else one for one in value])
    if not isinstance(value, dict):
        return value
    ((sign, content),) = value.items()
    if sign == PATH:
        return _path(base, content)
    if sign == DAY:
        return datetime.date.fromisoformat(content)
    if sign == TEXT:
        return LocalizedText(content)
    if sign == MAP:
        return {key: from_plain(one, base, classes) for key, one in content}
    if sign == SECONDS:
        return datetime.timedelta(seconds=content)
    name, *parts = content
    made = [from_plain(one, base, classes) if type(one) in _NOT_PLAIN else one for one in parts]
    return classes[name](*made)


def plain_problem(problem: Problem) -> list[Any]:
    """A problem as a value of JSON. Its values stay numbers where they are some: the words of a message depend on them."""
    params = {
        name: value if isinstance(value, (str, int, float)) else str(value)
        for name, value in problem.params.items()
    }
    return [problem.code, params, astuple(problem.place), problem.severity]


def problem_of(plain: Any) -> Problem:
    """What `plain_problem` was given. Raises TypeError or ValueError for what it cannot have made."""
    code, params, place, severity = plain
    return Problem(code, params, Place(*place), severity)
