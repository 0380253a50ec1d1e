"""The same work for many things, by all processors of the machine where that is quicker."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

MOST = 8
"""Processes; each holds a part of the memory."""

_PARTS = 16
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
    count = min(_processors(), len(things) // max(least, 1), MOST)
    if count < 2 or sys.platform != "linux" or threading.active_count() > 1:
        return [work(thing) for thing in things]
    import multiprocessing

    # A copy of this process begins at once and has everything that is loaded already.
    context = multiprocessing.get_context("fork")
    size = -(-len(things) // min(count * _PARTS, _MOST_PARTS))
    parts = [things[at : at + size] for at in range(0, len(things), size)]
    # The numbers of the parts that nobody has taken yet, a byte each: who reads one has taken it.
    left, put = os.pipe()
    os.write(put, bytes(range(len(parts))))
    os.close(put)
    started = []
    try:
        for _ in range(count - 1):
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(work, parts, left, sender), daemon=True)
            process.start()
            sender.close()
            started.append((process, receiver))
        done = {number: [work(thing) for thing in parts[number]] for number in _taken(left)}
    finally:
        os.close(left)
    for process, receiver in started:
        with contextlib.suppress(EOFError, OSError):
            done.update(receiver.recv())
        receiver.close()
        process.join()
    return [
        result
        for number, part in enumerate(parts)
        for result in (done[number] if number in done else [work(thing) for thing in part])
    ]


def _taken(left: int) -> Iterator[int]:
    """The numbers of the parts that this process takes, until none is left."""
    while number := os.read(left, 1):
        yield number[0]


def _work(work: Callable[[Any], Any], parts: Sequence[Sequence[Any]], left: int, sender: Any) -> None:
    done = {}
    with contextlib.suppress(Exception):  # it happens again where it can be told
        for number in _taken(left):
            done[number] = [work(thing) for thing in parts[number]]
    sender.send(done)
    sender.close()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
