"""The courses of the academy on a site: looked for once, then asked for together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from small_world import Client, World, small_site
from sqlalchemy import Engine

from lms_sync.clock import FixedClock
from lms_sync.pull import pull
from lms_sync.site_courses import find_courses
from lms_sync.store.database import open_database

CLOCK = FixedClock(datetime(2027, 1, 15, 8, tzinfo=UTC))


class Counting(Client):
    """Counts what it is asked, by what courses are looked for."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        self.asked = [*getattr(self, "asked", []), str((arguments or {}).get("field"))]
        return super().call(function, arguments, write=write)


@pytest.fixture
def engine(empty_state: Any, tmp_path: Any) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    engine.dispose()


def test_courses_that_were_found_once_are_asked_for_in_one_call(engine: Engine) -> None:
    world = World(small_site())
    for course in world.site.courses.values():
        course.idnumber = course.shortname
    client = Counting(world)

    def find() -> tuple[dict[str, int], list[str]]:
        client.asked = []
        found, warnings = find_courses(client, engine, "site", [*world.courses, "absent"], CLOCK)
        assert [one.params for one in warnings] == [{"course": "absent"}]
        return found, client.asked

    first, asked = find()
    assert (first, asked) == (world.courses, ["idnumber"] * 3)
    assert find() == (first, ["ids", "idnumber"])
    archive = world.site.courses[first["archive"]]
    archive.idnumber, world.site.courses[first["ethics"]].idnumber = "ethics", "archive"
    assert find() == ({"archive": first["ethics"], "ethics": first["archive"]}, ["ids", *["idnumber"] * 3])


def test_a_course_of_which_only_the_number_is_known_is_read_from_its_beginning(engine: Engine) -> None:
    world = World(small_site())
    for course in world.site.courses.values():
        course.idnumber = course.shortname
    world.pass_time(400)
    client = Client(world)
    courses, _ = find_courses(client, engine, "site", world.courses, CLOCK)
    clock = FixedClock(datetime.fromtimestamp(world.time, UTC))
    assert pull(client, engine, "site", courses, clock).facts > 0
    assert pull(client, engine, "site", courses, clock).rows == 0
