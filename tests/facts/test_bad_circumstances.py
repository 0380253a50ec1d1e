"""A pull into a database that refuses, and from a Moodle that is not the one it was: nothing lost, nothing twice, said in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import OperationalError

from lms_sync.adopted import AdoptedCourse
from lms_sync.clock import FixedClock
from lms_sync.people.remember import known_persons, name_account
from lms_sync.pull import PullReport, pull
from lms_sync.pull_report import AnotherSite
from lms_sync.read_site import SiteReader
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading
from lms_sync.store.failures import database_problem
from tests.facts.small_world import Client, World, learn, small_site
from tests.facts.test_nothing_lost import current

FEW = 7  # rows of a page: a pull takes several


@dataclass
class Reading:
    """A world that is pulled into a database of its own."""

    world: World
    engine: Engine
    path: Path
    client: Any

    def pull(self, page: int = FEW, *, full: bool = False) -> PullReport:
        clock = FixedClock(datetime.fromtimestamp(self.world.time, UTC))
        return pull(self.client, self.engine, "site", self.world.courses, clock, page=page, full=full)

    def facts(self) -> int:
        with reading(self.engine) as connection:
            return connection.execute(select(func.count()).select_from(schema.fact)).scalar_one()


@pytest.fixture
def here(tmp_path: Path, empty_state: Path) -> Iterator[Reading]:
    world = World(small_site())
    learn(world)
    world.pass_time(1000)
    path = tmp_path / "state.db"
    path.write_bytes(empty_state.read_bytes())
    engine = open_database(f"sqlite:///{path}")
    yield Reading(world, engine, path, Client(world))
    engine.dispose()


@contextmanager
def refusing(here: Reading, how: str) -> Iterator[None]:
    """From the third call on the database is full, read-only, or locked by somebody else who does not let go."""
    other = sqlite3.connect(here.path, isolation_level=None)

    def harm(driver: Any, *_: object) -> None:
        if here.client.calls < 3:
            return
        if how == "full":
            pages = driver.execute("PRAGMA page_count").fetchone()[0]
            driver.execute(f"PRAGMA max_page_count={pages}")
        elif how == "read-only":
            driver.execute("PRAGMA query_only=1")
        else:
            driver.execute("PRAGMA busy_timeout=10")
            if not other.in_transaction:
                other.execute("BEGIN IMMEDIATE")

    event.listen(here.engine, "checkout", harm)
    try:
        yield
    finally:
        event.remove(here.engine, "checkout", harm)
        other.close()
        here.engine.dispose()


@pytest.mark.parametrize("how", ["full", "read-only", "locked"])
def test_a_database_that_refuses_in_the_middle_loses_and_doubles_nothing(here: Reading, how: str) -> None:
    with refusing(here, how), pytest.raises(OperationalError) as caught:
        here.pull()
    problem = database_problem(caught.value)
    assert problem is not None
    assert problem.code == f"database.{how}"
    stored = here.facts()
    held, _ = current(here.engine)
    present = here.world.present()
    assert 0 < stored < len(present)
    assert held.items() <= present.items()
    found = here.pull(page=500)
    assert current(here.engine) == (present, stored + found.facts)
    assert here.pull(page=500).facts == 0


def test_another_moodle_under_the_name_of_a_site_is_refused_before_its_people_are_taken_for_others(
    here: Reading,
) -> None:
    here.pull()
    before = current(here.engine), here.client.calls
    another = World(replace(small_site(), identifier="installed in another town"))
    learn(another)
    another.pass_time(5000)
    ours, here.client = here.client, Client(another)
    with pytest.raises(AnotherSite) as caught:
        here.pull()
    assert caught.value.problem.params == {"site": "site"}
    assert here.client.calls == 1
    assert current(here.engine) == before[0]
    here.client = ours  # the address was mended
    here.world.pass_time(10)
    assert here.pull().facts == 0


def test_nobody_is_taken_for_a_learner_of_an_adopted_course_of_another_moodle(here: Reading) -> None:
    course = AdoptedCourse.model_validate(
        {
            "schema": "adopted/1",
            "site": "site",
            "moodle_course": here.world.courses["archive"],
            "key": "archive",
            "title": "Archive",
        }
    )

    def read() -> PullReport:
        clock = FixedClock(datetime.fromtimestamp(here.world.time, UTC))
        return SiteReader(here.client, here.engine, "site", clock).read({}, [course])

    assert read().new["enrolment"] == len(here.world.users)
    before = here.facts()
    here.world.site.identifier = "installed in another town"
    here.world.site.enrolments[here.world.courses["archive"]].clear()
    here.world.pass_time(60)
    with pytest.raises(AnotherSite):
        read()
    assert here.facts() == before


def test_a_moodle_that_moved_to_another_address_is_the_same(here: Reading) -> None:
    here.pull()
    here.world.site.url = "https://moved.example.org"
    here.world.pass_time(10)
    assert here.pull().facts == 0


def test_accounts_that_a_restore_gave_to_other_people_are_told_by_a_full_reading(here: Reading) -> None:
    site, users = here.world.site, here.world.users
    for user in users:
        site.users[user].idnumber = f"AO-{user}"
    here.pull()
    with here.engine.begin() as connection:
        for user, person in known_persons(connection, "site", users).items():
            name_account(
                connection, "site", person, idnumber=f"AO-{user}", username=site.users[user].username
            )
    here.world.pass_time(60)
    assert here.pull(full=True).warnings == ()
    site.users[users[0]].username = "married"  # the same person under another name
    site.users[users[1]].idnumber, site.users[users[1]].username = "AO-9", "another"
    here.world.pass_time(60)
    assert [(one.code, one.params) for one in here.pull(full=True).warnings] == [
        ("pull.accounts-changed-hands", {"n": 1, "accounts": str(users[1])})
    ]
