"""Compares two replies by their shape: the same keys, the same types, and the same words where words are fixed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# The version of a function is that of the component which brings it; a package's and a question's are ours.
# A discussion's `created` is a time, elsewhere it is a number of objects.
_NOT_EXACT = re.compile(r".*\.functions\[\]\.version|.*\.discussions\[\]\.created")

# Values that clients decide on: these must be the same, not only of the same type.
_EXACT = {
    "action", "errorcode", "exception", "warningcode", "errortype", "created", "updated", "unchanged", "hidden",
    "version", "modname", "qtype", "status", "filearea", "component", "auth", "complete", "locked", "aggregation",
    "more", "isoverallcomplete",
}  # fmt: skip


@dataclass(frozen=True)
class Tolerated:
    """A difference that is known and harmless: where (patterns for step and path), and why."""

    step: str
    path: str
    reason: str

    def covers(self, step: str, path: str) -> bool:
        """Whether a difference is this one."""
        return bool(re.fullmatch(self.step, step) and re.fullmatch(self.path, path))


def shape_of(value: Any) -> str:
    """A value's keys and types in one line."""
    value = _opened(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{shape_of(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + "|".join(sorted({shape_of(one) for one in value})) + "]"
    return _type(value)


def differences(recorded: Any, seen: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where `seen` has another shape than `recorded`: (path, what). List elements are matched in any order."""
    recorded, seen = _opened(recorded), _opened(seen)
    if isinstance(recorded, dict) and isinstance(seen, dict):
        for name in sorted(recorded.keys() | seen.keys()):
            here = f"{path}.{name}"
            if name not in seen:
                yield here, "the stand-in lacks this key"
            elif name not in recorded:
                yield here, "the real Moodle does not have this key"
            else:
                yield from differences(recorded[name], seen[name], here)
    elif isinstance(recorded, list) and isinstance(seen, list):
        yield from _list_differences(recorded, seen, f"{path}[]")
    elif _type(recorded) != _type(seen):
        yield path, f"{_type(recorded)} on the real Moodle, {_type(seen)} on the stand-in"
    elif path.rpartition(".")[2] in _EXACT and recorded != seen and not _NOT_EXACT.fullmatch(path):
        yield path, f"{recorded!r} on the real Moodle, {seen!r} on the stand-in"


def _list_differences(recorded: Sequence[Any], seen: Sequence[Any], path: str) -> Iterator[tuple[str, str]]:
    if bool(recorded) != bool(seen):
        yield path, f"{len(recorded)} elements on the real Moodle, {len(seen)} on the stand-in"
        return
    told = set()
    for ours, theirs, swap in ((recorded, seen, False), (seen, recorded, True)):
        for one in theirs:
            found = [
                list(differences(other, one, path) if not swap else differences(one, other, path))
                for other in ours
            ]
            for difference in min(found, key=len):
                if difference not in told:
                    told.add(difference)
                    yield difference


def _opened(value: Any) -> Any:
    """JSON inside a string is compared as what it says."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", list: "list", dict: "object"}[type(value)]
