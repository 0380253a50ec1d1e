"""Plants eight breakages into the pull, one at a time, and tells which the stateful test finds: python tests/facts/planted.py [NAME …].

As a pytest plugin (`-p tests.facts.planted`) it plants the one that PLANTED names. For `make proofs`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def cursor_moved_before_the_store() -> None:
    from lms_sync import pull

    store = pull.PluginPull.store

    def moved_first(self: Any, answered: Any, passes: Any, *, moves: bool, seen: Any = None) -> None:
        if moves:
            with self.engine.begin() as connection:
                self._keep_where(connection, answered, self.clock.now())
        store(self, answered, passes, moves=moves, seen=seen)

    pull.PluginPull.store = moved_first  # type: ignore[method-assign]


def lag_window_dropped() -> None:
    from lms_sync import pull

    pull.OVERLAP = dict.fromkeys(pull.OVERLAP, 0)
    pull._OVERLAP_WITH_LOG = 0


def deletions_ignored() -> None:
    from lms_sync import full_pass

    full_pass.FullPass._store_gone = lambda *_: None  # type: ignore[method-assign,assignment]


def the_rest_of_a_second_dropped() -> None:
    from lms_sync.plugin_source import PluginSource

    ask = PluginSource.ask

    def skipping(self: Any, asks: Any) -> Any:
        answered = ask(self, asks)
        for _, page in answered:
            if page["more"]:
                page["afterid"] = 1 << 40
        return answered

    PluginSource.ask = skipping  # type: ignore[method-assign]


def a_row_read_again_stored_again() -> None:
    from lms_sync import observed

    news = observed._news

    def again(fact: Any, last: Any, seen_at: int) -> Any:
        if fact.content_hash == last.content_hash:
            return replace(fact, source_time=last.source_time + timedelta(seconds=1))
        return news(fact, last, seen_at)

    observed._news = again


def numbers_given_anew_taken_for_the_same_row() -> None:
    from lms_sync import observed

    last_of = observed._last_of

    class Anybody:
        """The last fact of a number, whoever asks."""

        def __init__(self, row: Any, fact: Any) -> None:
            self.__dict__.update(
                {
                    name: getattr(row, name)
                    for name in ("source_id", "source_time", "value", "content_hash", "subject")
                }
            )
            self.person_id, self.course = fact.person_id, fact.course

    store = observed.store_observed

    def stored(connection: Any, site: str, stream: str, facts: Any, *rest: Any) -> Any:
        of = {fact.source_id: fact for fact in facts}

        def blind(*arguments: Any) -> Any:
            return {one: Anybody(row, of[one]) for one, row in last_of(*arguments).items()}

        observed._last_of = blind
        try:
            return store(connection, site, stream, facts, *rest)
        finally:
            observed._last_of = last_of

    from lms_sync import pull

    pull.store_observed = stored


def yesterdays_data_accepted() -> None:
    from lms_sync import pull

    # Either guard alone is enough: who takes cursors back reads again what the old answer had set back.
    pull.check_present = lambda *_: None
    pull.begin_again = lambda *_: None


def what_goes_back_ignored() -> None:
    from lms_sync import observed

    news = observed._news

    def forward_only(fact: Any, last: Any, seen_at: int) -> Any:
        return news(fact, last, seen_at) if fact.source_time > last.source_time else None

    observed._news = forward_only


BREAKAGES: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        cursor_moved_before_the_store,
        lag_window_dropped,
        deletions_ignored,
        the_rest_of_a_second_dropped,
        a_row_read_again_stored_again,
        numbers_given_anew_taken_for_the_same_row,
        yesterdays_data_accepted,
        what_goes_back_ignored,
    )
}

if os.environ.get("PLANTED"):
    BREAKAGES[os.environ["PLANTED"]]()


def main(names: list[str]) -> int:
    """Runs the stateful test with each breakage; 1 where one is not found."""
    missed = 0
    for name in names or list(BREAKAGES):
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.facts.planted",
        ]
        done = subprocess.run(
            [*command, str(HERE / "test_nothing_lost.py")],
            env={**os.environ, "PLANTED": name},
            cwd=HERE.parents[1],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            print(done.stdout, done.stderr)
        found = done.returncode == 1
        missed += not found
        why = next((line for line in done.stdout.splitlines() if line.startswith("E  ")), "")[:100]
        print(
            f"{'found ' if found else 'MISSED'}  {name}  {time.monotonic() - began:.0f} s  {why}", flush=True
        )
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
