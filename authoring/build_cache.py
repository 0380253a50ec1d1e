"""What earlier builds found out, kept so that it need not be found out again. Losing it costs time and nothing else.

One SQLite file in `.lms-sync/` of the academy. It counts only in the folder in which it was made and for the program that
made it: another version, another Python, a copied folder begin anew. Whatever is wrong with the file (broken,
locked, not writable, somebody else's), it is as if it were not there; no build fails or differs for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import sys
import sysconfig
import time
import zlib
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

FILE = Path(".lms-sync") / "build-cache.db"
SETTLED_NS = 2_000_000_000
"""Age from which a change would have another time: the coarsest clock of a disk in use (FAT) counts in 2 s."""

_FORM = 3
_PACKAGES = ("authoring", "course_packages", "quizzes", "programmes", "lms_sync")
_PROGRAM = Path(__file__).resolve().parent.parent
_TABLE = "CREATE TABLE IF NOT EXISTS entry (kind TEXT, name TEXT, value TEXT, sum INTEGER, PRIMARY KEY (kind, name))"

_T = TypeVar("_T")

Stamp = tuple[int, int]
"""Size and time of a file (nanoseconds)."""


def stamp(path: Path) -> Stamp | None:
    """The size and time of a file, or None where it cannot be asked."""
    try:
        status = os.stat(path)  # noqa: PTH116 - for every lesson, several times; a Path takes long
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def settled(one: Stamp) -> bool:
    """Whether a file that still has this stamp later is certain to be the same file."""
    return one[1] < time.time_ns() - SETTLED_NS


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


class Written(str):
    """A value of JSON as it is kept: who has it in another process than the one that keeps it hands over no more than this."""

    __slots__ = ()


def written(value: Any) -> Written:
    """A value of JSON as it is kept."""
    return Written(_JSON.encode(value))


class BuildCache:
    """Values by kind and name; what is put is written by `save`, all or nothing."""

    def __init__(self, academy: Path) -> None:
        self.academy = academy
        self.file = academy / FILE
        self._known: dict[str, dict[str, Any]] = {}
        self._new: dict[tuple[str, str], Any] = {}
        self._understood: dict[tuple[str, str], tuple[Any, Any]] = {}
        self._usable = self._is_ours()

    def get(self, kind: str, name: str) -> Any:
        """What was kept under this name, or None."""
        if (kind, name) in self._new:
            value = self._new[kind, name]
            return json.loads(value) if isinstance(value, Written) else value
        if kind not in self._known:
            self._known[kind] = self._read(kind)
        known = self._known[kind]
        if isinstance(known.get(name), Written):
            known[name] = json.loads(known[name])
        return known.get(name)

    def understood(self, kind: str, name: str, read: Callable[[Any], _T]) -> _T:
        """What `read` makes of what was kept, made once: who goes on building understands anew only what is new."""
        value = self.get(kind, name)
        known = self._understood.get((kind, name))
        if known is None or known[0] is not value:
            known = self._understood[kind, name] = value, read(value)
        found: _T = known[1]
        return found

    def put(self, kind: str, name: str, value: Any) -> None:
        """Keeps a value of JSON; None takes away what was there."""
        if isinstance(value, Written) or self.get(kind, name) != value:
            self._new[kind, name] = value

    def save(self) -> None:
        """Writes what is new. Says nothing where that cannot be done: the next build finds it out again."""
        if not self._new:
            return
        with contextlib.suppress(sqlite3.Error, OSError, ValueError, TypeError):
            try:
                self._write()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    return  # locked, read-only, disk full
                os.unlink(self.file)  # broken: begin anew
                self._usable = False
                self._write()
        for (kind, name), value in self._new.items():
            if kind in self._known:  # who goes on building reads no file for what it has written
                self._known[kind][name] = value
        self._new.clear()

    def _write(self) -> None:
        if self.file.parent.is_symlink() or self.file.is_symlink():
            return  # it may lead out of the academy
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self.file, timeout=0.5)) as database:
            database.execute("PRAGMA synchronous = OFF")  # a loss costs a build
            with database:
                database.execute(_TABLE)
                if not self._usable:
                    database.execute("DELETE FROM entry")
                    database.execute(
                        "INSERT INTO entry VALUES (?, ?, ?, 0)", ("meta", "meta", self._identity())
                    )
                database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", self._rows())
                gone = [key for key, value in self._new.items() if value is None]
                database.executemany("DELETE FROM entry WHERE kind = ? AND name = ?", gone)
        self._usable = True

    def _rows(self) -> Iterator[tuple[str, str, str, int]]:
        for (kind, name), value in self._new.items():
            if value is not None:
                text = value if isinstance(value, Written) else written(value)
                yield kind, name, text, zlib.crc32(text.encode())

    def _is_ours(self) -> bool:
        rows = self._select("SELECT value FROM entry WHERE kind = 'meta'")
        return [row[0] for row in rows] == [self._identity()]

    def _read(self, kind: str) -> dict[str, Any]:
        if not self._usable:
            return {}
        found: dict[str, Any] = {}
        for name, text, checksum in self._select("SELECT name, value, sum FROM entry WHERE kind = ?", kind):
            with contextlib.suppress(ValueError, AttributeError, TypeError):
                if zlib.crc32(text.encode()) == checksum:
                    found[name] = json.loads(text)
        return found

    def _select(self, query: str, *values: str) -> list[Any]:
        if not self.file.is_file():
            return []
        try:
            address = f"{self.file.resolve().as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(address, uri=True, timeout=0.5)) as database:
                return database.execute(query, values).fetchall()
        except (sqlite3.Error, OSError, ValueError):
            return []

    def _identity(self) -> str:
        """Where and by what it was made; a copy of the folder has another number on the disk."""
        status = self.academy.stat()
        return f"{_FORM} {status.st_ino} {os.path.realpath(self.academy)} {program()}"


@cache
def program() -> str:
    """A hash that changes with every change of the program, of Python and of the libraries."""
    places = sysconfig.get_paths()  # their times change when something is installed
    libraries = [f"{name} {stamp(Path(places[name]))}" for name in ("purelib", "platlib")]
    parts = [sys.version, zlib.ZLIB_RUNTIME_VERSION, *libraries]
    for package in _PACKAGES:
        parts.extend(sorted(f"{name} {one}" for name, one in walk(_PROGRAM / package, package).items()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def walk(folder: Path, name: str, without: Collection[str] = ()) -> dict[str, Stamp]:
    """Every file below a folder with its stamp, by names that begin with `name`; links are followed to files only.

    `without` are the names of files and folders that are passed over.
    """
    found: dict[str, Stamp] = {}
    waiting = [(os.fspath(folder), name)]
    while waiting:
        place, here = waiting.pop()
        try:
            entries = os.scandir(place)
        except OSError:
            continue
        with entries:
            for entry in entries:
                if without and f"{here}/{entry.name}" in without:
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != "__pycache__":
                            waiting.append((entry.path, f"{here}/{entry.name}"))
                        continue
                    status = entry.stat()
                except OSError:
                    continue
                found[f"{here}/{entry.name}"] = (status.st_size, status.st_mtime_ns)
    return found
