"""The same work for many things, by all processors of the machine where that is quicker."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

MOST = 8
"""Processes; each holds a part of the memory."""


def in_parallel(work: Callable[[Thing], Result], things: Sequence[Thing], *, least: int) -> list[Result]:
    """`[work(thing) for thing in things]`; with at least `least` things for each, by several processes.

    `work` must not depend on what it did before, and its results must pickle. A process that fails is no failure of the
    whole: its part is done here. Only on Linux: elsewhere a process takes longer to start than it saves.
    """
    count = min(_processors(), len(things) // max(least, 1), MOST)
    if count < 2 or sys.platform != "linux" or threading.active_count() > 1:
        return [work(thing) for thing in things]
    import multiprocessing

    # A copy of this process begins at once and has everything that is loaded already.
    context = multiprocessing.get_context("fork")
    size = -(-len(things) // count)
    parts = [things[at : at + size] for at in range(0, len(things), size)]
    started = []
    for part in parts[1:]:
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(work, part, sender), daemon=True)
        process.start()
        sender.close()
        started.append((part, process, receiver))
    results = [work(thing) for thing in parts[0]]
    for part, process, receiver in started:
        try:
            done = receiver.recv()
        except (EOFError, OSError):
            done = None
        receiver.close()
        process.join()
        results.extend([work(thing) for thing in part] if done is None else done)
    return results


def _work(work: Callable[[Any], Any], part: Sequence[Any], sender: Any) -> None:
    try:
        done = [work(thing) for thing in part]
    except Exception:  # noqa: BLE001 - it happens again where it can be told
        done = None
    sender.send(done)
    sender.close()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
