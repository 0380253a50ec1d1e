"""Kills pulls at random moments, and looks whether anything was lost or is there twice: python tests/facts/kill_campaign.py --kills 300

Learners learn, and take back; then a process of its own pulls, and brings the states up to the facts, until SIGKILL ends it
after a random time; some pulls later one is let live. What the log says then is what the site has, every fact once, and the
states are those that are made anew from the log.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from small_world import Client, World, learn, small_site
from sqlalchemy import select
from test_nothing_lost import ELEMENTS, current

from lms_sync.clock import FixedClock
from lms_sync.pull import pull
from lms_sync.state_table import keep_states, make_anew
from lms_sync.store import schema
from lms_sync.store.database import open_database, repeatable
from moodle_standin import taken_back

SITE = "site"


def live(world: World, chance: random.Random) -> None:
    """Something happens on the site."""
    for _ in range(chance.randint(1, 6)):
        course, user = chance.choice(list(world.courses.values())), chance.choice(world.users)
        match chance.randrange(6):
            case 0:
                world.complete(course, user, chance.choice(["scorm", "quiz"]), chance.randrange(4))
            case 1:
                world.grade(course, user, "quiz", chance.choice([0.0, 50.0, 100.0]))
            case 2:
                world.attempt(course, user)
            case 3:
                world.scorm(course, user, chance.choice(ELEMENTS), chance.choice(["passed", "new"]))
            case 4 if world.site.quiz_attempts:
                taken_back.delete_quiz_attempt(world.site, chance.choice(sorted(world.site.quiz_attempts)))
            case _:
                taken_back.enrol_again(world.site, course, user, status=chance.randrange(2))
    world.pass_time(chance.choice([1, 400, 5000]))


def read(world: World, url: str, page: int, *, full: bool) -> int:
    """A pull as a process of its own does it; the number of new facts."""
    engine = repeatable(open_database(url, migrate=False))
    clock = FixedClock(datetime.fromtimestamp(world.time, UTC))
    facts = pull(Client(world), engine, SITE, world.courses, clock, page=page, full=full).facts
    keep_states(engine, SITE)
    engine.dispose()
    return facts


def killed(world: World, url: str, page: int, after: float, *, full: bool) -> bool:
    """Whether a pull was ended before it was done."""
    child = os.fork()
    if child == 0:
        read(world, url, page, full=full)
        os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def states(url: str) -> list[Any]:
    """The rows of the state table."""
    engine = open_database(url, migrate=False)
    with engine.connect() as connection:
        rows = connection.execute(select(schema.state).order_by(*schema.state.primary_key.columns)).all()
    engine.dispose()
    return [tuple(row) for row in rows]


def campaign(kills: int, seed: int, folder: Path) -> int:
    """Kills so many pulls; how many ended before they were done. Raises AssertionError where something is wrong."""
    chance = random.Random(seed)
    url = f"sqlite:///{folder / 'state.db'}"
    open_database(url).dispose()
    world = World(small_site())
    learn(world)
    world.pass_time(400)
    ended = tried = 0
    longest = 0.2
    while tried < kills:
        for _ in range(min(chance.randint(1, 5), kills - tried)):
            page, full = chance.choice([2, 7, 500]), chance.random() < 0.2
            ended += killed(world, url, page, chance.uniform(0, longest), full=full)
            tried += 1
            if chance.random() < 0.5:
                live(world, chance)
        world.pass_time(1)
        began = time.monotonic()
        read(world, url, chance.choice([7, 500]), full=False)
        longest = max(0.02, 1.5 * (time.monotonic() - began))
        engine = open_database(url, migrate=False)
        known, present = current(engine)[0], world.present()
        # A row that says of somebody that the course is still open has the time of enrolling: only a full pass finds it.
        open_rows = {
            key for key, (_, _, said) in present.items() if said == {"complete": False}
        } - known.keys()
        assert known == {key: row for key, row in present.items() if key not in open_rows}, "lost"
        followed = states(url)
        make_anew(engine, SITE)
        engine.dispose()
        assert states(url) == followed, "the states are not those of the log"
        world.pass_time(10)
        assert read(world, url, 500, full=True) == len(open_rows), "twice"
        live(world, chance)
    return ended


def main() -> int:
    """By the words of the command line; 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="kill-pulls-", dir=memory if memory.is_dir() else None))
    try:
        ended = campaign(asked.kills, asked.seed, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"{asked.kills} pulls met SIGKILL, {ended} of them before they were done; nothing lost, nothing twice"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
