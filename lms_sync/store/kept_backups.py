"""Where an academy's backups are kept, and how many."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(".lms-sync/backups")
_NAME = re.compile(r"state-[0-9]{8}-[0-9]{6}\.zip")
_STILL_AT_IT = 3600.0  # seconds


def backup_path(folder: Path, now: datetime) -> Path:
    """The file of a backup that is made now, named by the time in UTC."""
    return folder / FOLDER / f"state-{now.astimezone(UTC):%Y%m%d-%H%M%S}.zip"


def remove_older(folder: Path, keep: int, now: datetime) -> list[Path]:
    """Removes backups that `backup_path` named, but for the newest `keep`; those that are gone, oldest first.

    One whose name says that it is yet to be made was made by a clock that was ahead: it counts as older than all others,
    else it would push out what is made from now on. What a killed backup has left unfinished goes too, once nobody has
    written to it for an hour before a backup was finished.
    """
    if keep < 1:
        raise ValueError("at least one backup is kept")
    named = {path.name: path for path in (folder / FOLDER).glob("*.zip*")}
    there = [path for name, path in named.items() if _NAME.fullmatch(name)]
    there.sort(key=lambda path: (path.name <= backup_path(folder, now).name, path.name))
    parts = [
        path
        for name, path in named.items()
        if _NAME.fullmatch(name.removesuffix(".part")) and path not in there
    ]
    finished = max((_changed(path) for path in there), default=0.0)
    gone = there[:-keep]
    gone += sorted(path for path in parts if 0.0 < _changed(path) < finished - _STILL_AT_IT)
    for path in gone:
        path.unlink(missing_ok=True)  # another process may be removing them as well
    return gone


def _changed(path: Path) -> float:
    """When a file was last written to, in seconds; 0 where it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
