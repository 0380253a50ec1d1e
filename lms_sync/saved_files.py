"""Tells which files of an academy have been saved, as long as somebody listens.

Files are watched by looking at their sizes and times: that works on network drives and shared folders as well, where systems
tell nothing of changes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from authoring.build_cache import Stamp, settled, stamp
from lms_sync.last_build import inputs

PAUSE_SECONDS = 0.05
"""Between two looks; more where a look takes longer than a tenth of it."""
GLANCE_SECONDS = 0.01
"""Between two looks at the files that were saved last: most often it is they that are saved next."""
FEW = 20
"""So many of them at most."""
SETTLE_SECONDS = 0.01
"""An editor that writes in several steps is given this long after each of them."""

PASSING = re.compile(r"/(?:[.#~][^/]*|[^/.]+|[^/]*(?:~|\.(?:tmp|bak|swp|part)))$")
"""What editors and systems put beside a file while it is saved."""


def saved_files(academy: Path) -> Iterator[tuple[str, ...]]:
    """The names of the files that are new, gone or changed, each time that some are; without end.

    Once more without names when all of them are so old that a build can be certain of what it read.
    """
    before, unsure = _look(academy), True
    last: dict[str, Stamp | None] = {}
    while True:
        begun = time.monotonic()
        now = _look(academy)
        pause = max(PAUSE_SECONDS, 10 * (time.monotonic() - begun))
        if now == before:
            if unsure and all(settled(one) for one in now.values()):
                unsure = False
                yield ()
            wait(pause, academy, last)
            continue
        while True:
            time.sleep(SETTLE_SECONDS)
            later = _look(academy)
            if later == now:
                break
            now = later
        changed = changed_names(before, now)
        before, unsure = now, True
        last = {name: now.get(name) for name in changed[:FEW]}
        yield changed


def changed_names(before: dict[str, Stamp] | None, now: dict[str, Stamp]) -> tuple[str, ...]:
    """The names of files that are new, gone or changed; none where nothing was known before."""
    if before is None:
        return ()
    return tuple(sorted(name for name in {*before, *now} if before.get(name) != now.get(name)))


def wait(seconds: float, academy: Path, last: Mapping[str, Stamp | None]) -> None:
    """Waits, and no longer than until one of these files is no more as it was."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, GLANCE_SECONDS) if last else left)
        if any(stamp(academy / name) != one for name, one in last.items()):
            return


def _look(academy: Path) -> dict[str, Stamp]:
    return {name: one for name, one in inputs(academy).items() if not PASSING.search(name)}
