"""Whether a portal is running on an academy folder: so that nothing takes the folder away from under it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

_NOTE = Path(".lms-sync") / "serving"


@contextlib.contextmanager
def serving(folder: Path, host: str, port: int) -> Iterator[None]:
    """Leaves a note of the address in the folder for as long as it is served; none where it cannot be written."""
    note = folder / _NOTE
    with contextlib.suppress(OSError):  # a portal may run where it can only read
        note.parent.mkdir(exist_ok=True)
        note.write_text(f"{host} {port}\n", encoding="utf-8")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            note.unlink()


def served_at(folder: Path) -> str | None:
    """The address at which a portal answers for the folder, or None. A note that was left behind counts for nothing."""
    try:
        host, port = (folder / _NOTE).read_text(encoding="utf-8").split()
        with socket.create_connection((host, int(port)), timeout=2):
            pass
    except (OSError, ValueError, OverflowError):
        return None
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
