"""Where an academy's backups are kept, and how many."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(".lms-sync/backups")
_NAME = re.compile(r"state-[0-9]{8}-[0-9]{6}\.zip")


def backup_path(folder: Path, now: datetime) -> Path:
    """The file of a backup that is made now, named by the time in UTC."""
    return folder / FOLDER / f"state-{now.astimezone(UTC):%Y%m%d-%H%M%S}.zip"


def remove_older(folder: Path, keep: int) -> list[Path]:
    """Removes backups that `backup_path` named, but for the newest `keep`; those that are gone, oldest first."""
    if keep < 1:
        raise ValueError("at least one backup is kept")
    there = sorted(path for path in (folder / FOLDER).glob("*.zip") if _NAME.fullmatch(path.name))
    for path in there[:-keep]:
        path.unlink()
    return there[:-keep]
