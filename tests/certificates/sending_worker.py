"""Forks a process for each line that it is told ("queue", "send"), which sends certificates until none waits; answers its id.

Everything is loaded before, so that a killed process costs next to nothing and dies while it sends, not while it begins.
"""

from __future__ import annotations

import os
import smtplib
import sys

from certificates.delivery import queue_certificates, send_queued
from lms_sync.clock import SystemClock
from lms_sync.store.database import open_database


def send(url: str, port: int, *, queue: bool) -> None:
    engine = open_database(url, migrate=False)
    if queue:
        queue_certificates(engine, "main", SystemClock())
    send_queued(
        engine, "main", lambda: smtplib.SMTP("127.0.0.1", port, timeout=10), "o@example.org", SystemClock()
    )


def main() -> None:
    url, port = sys.argv[1], int(sys.argv[2])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                send(url, port, queue=line.strip() == "queue")
            except BaseException as error:  # noqa: BLE001 - a failure is told by the exit code, whatever it is
                print(error, file=sys.stderr)
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(status, flush=True)


if __name__ == "__main__":
    main()
