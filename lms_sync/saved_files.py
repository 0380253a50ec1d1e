"""Tells which files have been saved, as long as somebody listens.

Files are watched by looking at their sizes and times: that works on network drives and shared folders as well, where systems
tell nothing of changes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from authoring.build_cache import Stamp, settled, stamp
from lms_sync.last_build import inputs

PAUSE_SECONDS = 0.05
"""Between two looks; more where a look takes longer than a tenth of it."""
GLANCE_SECONDS = 0.01
"""Between two looks at the files that were saved last: most often it is they that are saved next."""
FEW = 20
"""So many of them at most: an author saves the same ones again and again."""
SETTLE_SECONDS = 0.01
"""An editor that writes in several steps is given this long after each of them."""

PASSING = re.compile(r"/(?:[.#~][^/]*|[^/.]+|[^/]*(?:~|\.(?:tmp|bak|swp|part)))$")
"""What editors and systems put beside a file while it is saved."""


class SavedFiles:
    """Files as they were when they were last looked at: `look` gives all of them, by names relative to `folder`.

    At least `pause` seconds lie between two looks, and ten times as long as one takes.
    """

    def __init__(self, look: Callable[[], dict[str, Stamp]], folder: Path, pause: float = 0) -> None:
        self.seen: dict[str, Stamp] | None = None  # nothing was looked at yet
        self._look = look
        self._folder = folder
        self._pause = pause
        self._last: dict[str, None] = {}  # names of those that were saved last, the newest first
        self._next = 0.0

    def due(self) -> bool:
        """Whether it is time to look: earlier, where one of the files that were saved last is another now."""
        return time.monotonic() >= self._next or bool(self._saved_again())

    def changed(self) -> tuple[str, ...] | None:
        """Looks: the names of the files that are new, gone or changed, or None for none. The first time nothing was known: ().

        Where one is known to be saved again, the others are left for the next time: to look at all takes longer.
        """
        now = self._with(self._saved_again()) or self._all()
        if now == self.seen:
            return None
        while self.seen is not None:
            time.sleep(SETTLE_SECONDS)
            later = self._with(changed_names(self.seen, now))
            if later == now:
                break
            now = later
        names = changed_names(self.seen, now)
        self.seen = now
        self._last = dict.fromkeys((*names, *self._last)[:FEW])
        return names

    def _saved_again(self) -> list[str]:
        seen = self.seen or {}
        return [name for name in self._last if stamp(self._folder / name) != seen.get(name)]

    def _with(self, names: Iterable[str]) -> dict[str, Stamp]:
        """What was seen, with these files as they are now; nothing where none are named."""
        new = {name: stamp(self._folder / name) for name in names}
        return {name: one for name, one in {**(self.seen or {}), **new}.items() if one} if new else {}

    def _all(self) -> dict[str, Stamp]:
        begun = time.monotonic()
        now = self._look()
        ended = time.monotonic()
        self._next = ended + max(self._pause, 10 * (ended - begun))
        return now


def saved_files(academy: Path) -> Iterator[tuple[str, ...]]:
    """The names of the files that are new, gone or changed, each time that some are; without end.

    Once more without names when all of them are so old that a build can be certain of what it read.
    """
    files = SavedFiles(lambda: _inputs(academy), academy, PAUSE_SECONDS)
    files.changed()
    unsure = True
    while True:
        if changed := files.changed():
            unsure = True
            yield changed
            continue
        if unsure and all(settled(one) for one in (files.seen or {}).values()):
            unsure = False
            yield ()
        wait(files)


def wait(files: SavedFiles) -> None:
    """Waits until it is time to look at these files."""
    while not files.due():
        time.sleep(GLANCE_SECONDS)


def changed_names(before: dict[str, Stamp] | None, now: dict[str, Stamp]) -> tuple[str, ...]:
    """The names of files that are new, gone or changed; none where nothing was known before."""
    if before is None:
        return ()
    return tuple(sorted(name for name in {*before, *now} if before.get(name) != now.get(name)))


def _inputs(academy: Path) -> dict[str, Stamp]:
    return {name: one for name, one in inputs(academy).items() if not PASSING.search(name)}
