"""Names of files in a package: which could be written outside its folder, and which take each other's place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from authoring.problems import Problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MAX_NAME = 240
"""Longest path in bytes: Windows stops at 260 with the folder in front, most file systems at 255 for one part."""


def name_problems(names: Collection[str]) -> Iterator[Problem]:
    """Names that are no plain relative paths, and names that some file system takes for the same."""
    seen: dict[str, str] = {}
    for name in sorted(names):
        if why := unsafe_path(name):
            yield Problem("package.name-unsafe", {"name": shown(name), "why": why})
        if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME:
            yield Problem("package.name-too-long", {"name": shown(name), "limit": MAX_NAME})
        other = seen.setdefault(unicodedata.normalize("NFC", name.casefold()), name)
        if other != name:
            yield Problem("package.names-collide", {"name": shown(name), "other": shown(other)})


def unsafe_path(path: str) -> str | None:
    """What keeps a path from being a plain relative one, or None."""
    if "\\" in path:
        return "\\"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return path[:2]
    if ".." in path.split("/"):
        return ".."
    if found := _CONTROL.search(path):
        return f"U+{ord(found.group()):04X}"
    return None


def shown(name: str, most: int = 80) -> str:
    """A name as it can be printed: nothing invisible in it, and not longer than a line."""
    text = "".join(each if each.isprintable() else f"<U+{ord(each):04X}>" for each in name)
    return text if len(text) <= most else f"{text[: most - 1]}…"
