"""The web service functions that the product calls, found in its code and not in a list that somebody keeps."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("lms_sync", "certificates", "authoring", "course_packages", "quizzes")
LISTS = "lms_sync/moodle/functions.py"  # what a service should offer; nothing is called there
_WORD = re.compile(r"\w+")
SIGNATURES = ROOT / "moodle_standin" / "signatures"


@cache
def known_functions() -> frozenset[str]:
    """Every function of Moodle 4.5.6 and of the companion plugin."""
    core = (SIGNATURES / "function_names_4.5.6.txt").read_text(encoding="utf-8").split()
    plugin = json.loads((SIGNATURES / "local_lmssync.json").read_text(encoding="utf-8"))
    return frozenset({*core, *plugin})


def functions_in(path: Path) -> frozenset[str]:
    """The function names that stand as whole strings in a Python file."""
    text = path.read_text(encoding="utf-8")
    if known_functions().isdisjoint(_WORD.findall(text)):  # most files; parsing all of them takes seconds
        return frozenset()
    strings = {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return frozenset(strings & known_functions())


def _files() -> Iterator[Path]:
    for package in PRODUCT:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def called_functions() -> dict[str, tuple[str, ...]]:
    """Each function that is named where it could be called, with the files that name it."""
    found: dict[str, list[str]] = {}
    for path in _files():
        name = path.relative_to(ROOT).as_posix()
        if name == LISTS:
            continue
        imported = _from_the_lists(path)
        for function in sorted(functions_in(path) | imported):
            found.setdefault(function, []).append(name)
    return {function: tuple(files) for function, files in sorted(found.items())}


def _from_the_lists(path: Path) -> frozenset[str]:
    """Functions that a file takes by a name of the lists, such as MANY_CALLS."""
    import lms_sync.moodle.functions as lists

    text = path.read_text(encoding="utf-8")
    if lists.__name__ not in text:
        return frozenset()
    names = {
        alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module == "lms_sync.moodle.functions"
        for alias in node.names
    }
    return frozenset(value for name in names if isinstance(value := getattr(lists, name), str))
