"""The same work for many things, by all processors of the machine where that is quicker."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Generic, Self, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

MOST = 8
"""Processes; each holds a part of the memory."""

_PARTS = 64
"""For each process: enough that all end at nearly the same moment."""
_MOST_PARTS = 256
"""What a byte can number."""


def in_parallel(work: Callable[[Thing], Result], things: Sequence[Thing], *, least: int) -> list[Result]:
    """`[work(thing) for thing in things]`; with at least `least` things for each, by several processes.

    The things are cut into parts, and each process takes the next part when it is done with one, so that none waits for
    another that has other work to do as well. `work` must not depend on what it did before, and its results must pickle.
    A process that fails is no failure of the whole: its parts are done here. Only on Linux: elsewhere a process takes
    longer to start than it saves.
    """
    with Begun(work, things, least=least) as begun:
        return begun.finish(work)


class Begun(Generic[Thing, Result]):
    """The same, begun by the other processes at once, while this one has something else to do before it comes to `finish`.

    Leaving it without that ends them.
    """

    def __init__(self, work: Callable[[Thing], Result], things: Sequence[Thing], *, least: int) -> None:
        self.things = things
        self._started: list[tuple[int, IO[bytes]]] = []  # processes, and what each has done
        self._running: set[int] = set()
        count = min(_processors(), len(things) // max(least, 1), MOST)
        if count < 2 or sys.platform != "linux" or threading.active_count() > 1:
            return
        size = -(-len(things) // min(count * _PARTS, _MOST_PARTS))
        self._parts = [things[at : at + size] for at in range(0, len(things), size)]
        # The numbers of the parts that nobody has taken yet, a byte each: who reads one has taken it.
        self._left, put = os.pipe()
        os.write(put, bytes(range(len(self._parts))))
        os.close(put)
        for _ in range(count - 1):
            # A file in memory, into which each part goes as soon as it is done: a pipe would hold up who writes into it.
            done = os.fdopen(os.memfd_create("done"), "w+b")
            # A copy of this process begins at once and has everything that is loaded already. Not by `multiprocessing`: that
            # takes longer to load than all of this.
            process = os.fork()
            if process == 0:
                try:
                    _work(work, self._parts, self._left, done)
                finally:
                    os._exit(0)  # at once: what waits to be written is for the first process to write
            self._started.append((process, done))
            self._running.add(process)

    def finish(self, work: Callable[[Thing], Result]) -> list[Result]:
        """What became of all things, in their order, this process having done its share by `work`."""
        if not self._started:
            return [work(thing) for thing in self.things]
        done = {number: [work(thing) for thing in self._parts[number]] for number in _taken(self._left)}
        for process, results in self._started:
            self._wait_for(process)
            results.seek(0)
            with contextlib.suppress(
                EOFError, pickle.UnpicklingError
            ):  # the last, of one that was killed, may not be whole
                while True:
                    number, part = pickle.load(results)  # noqa: S301 - written by this program, into its own memory
                    done[number] = part
        return [
            result
            for number, part in enumerate(self._parts)
            for result in (done[number] if number in done else [work(thing) for thing in part])
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._started:
            os.close(self._left)
        for process, results in self._started:
            results.close()
            if process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                self._wait_for(process)
        self._started = []

    def _wait_for(self, process: int) -> None:
        with contextlib.suppress(ChildProcessError):  # somebody has waited for it already
            os.waitpid(process, 0)
        self._running.discard(process)  # its number may be another's from now on


def _taken(left: int) -> Iterator[int]:
    """The numbers of the parts that this process takes, until none is left."""
    while number := os.read(left, 1):
        yield number[0]


def _work(work: Callable[[Any], Any], parts: Sequence[Sequence[Any]], left: int, done: IO[bytes]) -> None:
    with contextlib.suppress(Exception):  # it happens again where it can be told
        for number in _taken(left):
            result = [work(thing) for thing in parts[number]]
            pickle.dump((number, result), done, pickle.HIGHEST_PROTOCOL)
    done.flush()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
