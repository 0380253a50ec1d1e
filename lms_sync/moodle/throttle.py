"""How much is asked of one site at a time: less where it answers slowly or is busy, more again where it is quick.

Additive increase, multiplicative decrease, as TCP does it (RFC 5681, section 3.1): a refusal or an answer that takes twice
as long as that function usually takes halves the number of calls at once; good answers raise it by one for each round. A
single caller cannot ask less at once: a busy site is given pauses between two calls, which shrink with good answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_SLOW_FACTOR = 2.0
_SLOW_SECONDS = 1.0  # quicker than this is never slow
_FIRST_PAUSE, _LONGEST_PAUSE, _NO_PAUSE = 0.25, 8.0, 0.05  # seconds
_WEIGHT = 0.1  # of the newest answer in what is usual for a function


@dataclass
class Throttle:
    """Shared by all connections to one site. `most` calls at once at most; `sleep` waits some seconds."""

    most: int = 8
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    allowed: float = field(init=False)
    pause: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.allowed = float(self.most)
        self._usual: dict[str, float] = {}
        self._running = 0
        self._free = threading.Condition()

    def give_time(self) -> None:
        """Waits before a call where the site was busy; not for a repeated one, which waits by itself."""
        with self._free:
            pause = self.pause
        if pause:
            self.sleep(pause)

    @contextmanager
    def call(self, function: str) -> Iterator[Call]:
        """Waits until the site may be asked, and learns from how it answers within the block."""
        with self._free:
            self._free.wait_for(lambda: self._running < max(1, int(self.allowed)))
            self._running += 1
        made = Call(self.clock())
        try:
            yield made
        finally:
            with self._free:
                self._running -= 1
                self._learn(function, self.clock() - made.began, busy=made.busy)
                self._free.notify_all()

    def _learn(self, function: str, seconds: float, *, busy: bool) -> None:
        usual = self._usual.get(function)
        slow = usual is not None and seconds > max(_SLOW_SECONDS, _SLOW_FACTOR * usual)
        if not busy:  # what is always slow becomes usual, and no reason to ask less and less
            self._usual[function] = seconds if usual is None else usual + _WEIGHT * (seconds - usual)
        if busy or slow:
            self.allowed = max(1.0, self.allowed / 2)
        else:
            self.allowed = min(float(self.most), self.allowed + 1 / max(1.0, self.allowed))
        if busy:
            self.pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self.pause * 2))
        elif not slow:
            self.pause = self.pause / 2 if self.pause > _NO_PAUSE else 0.0


@dataclass
class Call:
    """One request: when it began, and whether the site was busy, refused or did not answer."""

    began: float
    busy: bool = False
