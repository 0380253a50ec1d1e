from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from lms_sync.facts import Fact, facts_of, store_facts
from lms_sync.people import new_person
from lms_sync.store import schema
from lms_sync.store.database import open_database

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def engine(either_database: str) -> Iterator[Engine]:
    """On SQLite and on PostgreSQL."""
    engine = open_database(either_database)
    yield engine
    engine.dispose()


def grade(person: str, value: float, *, at: datetime = NOW, source_id: str = "1") -> Fact:
    return Fact(
        "grade",
        source_id,
        at,
        person,
        "archive",
        "archive/final",
        {"item": "mod", "grade": value, "max": 10.0},
    )


def test_the_same_observation_is_stored_once_and_a_changed_one_beside_it(engine: Engine) -> None:
    with engine.begin() as connection:
        person = new_person(connection, "site", NOW)
        same = [grade(person, 7.0), grade(person, 7.0), grade(person, 8.0)]
        assert store_facts(connection, "site", same, NOW, None) == 2
        assert store_facts(connection, "site", same, NOW, None) == 0
        assert store_facts(connection, "other", same, NOW, None) == 2
    with engine.connect() as connection:
        assert [fact.value["grade"] for fact in facts_of(connection, "site")] == [7.0, 8.0]


def test_a_fact_comes_back_as_it_went_in(engine: Engine) -> None:
    with engine.begin() as connection:
        fact = grade(new_person(connection, "site", NOW), 7.5)
        store_facts(connection, "site", [fact], NOW, None)
    with engine.connect() as connection:
        (found,) = facts_of(connection, "site")
    assert found == fact
    assert found.content_hash == fact.content_hash


def test_facts_come_oldest_first_and_of_one_person_or_course_when_asked(engine: Engine) -> None:
    with engine.begin() as connection:
        one, two = (new_person(connection, "site", NOW) for _ in range(2))
        facts = [
            grade(one, 3.0, at=NOW, source_id="3"),
            grade(one, 1.0, at=NOW - timedelta(days=2), source_id="1"),
            grade(two, 2.0, at=NOW - timedelta(days=1), source_id="2"),
        ]
        store_facts(connection, "site", facts, NOW, None)
    with engine.connect() as connection:
        assert [fact.source_id for fact in facts_of(connection, "site")] == ["1", "2", "3"]
        assert [fact.source_id for fact in facts_of(connection, "site", person_id=two)] == ["2"]
        assert not list(facts_of(connection, "site", course="another"))


def test_the_hash_says_what_the_source_said_not_whose_it_is() -> None:
    assert grade("a", 7.0).content_hash == grade("b", 7.0).content_hash
    assert grade("a", 7.0).content_hash != grade("a", 7.5).content_hash


def test_a_time_without_a_zone_and_an_unknown_stream_are_refused() -> None:
    with pytest.raises(ValueError):
        grade("a", 1.0, at=datetime(2026, 1, 1))
    with pytest.raises(ValueError):
        Fact("rumour", "1", NOW, "a", "archive", "", {})


def test_many_facts_are_stored_in_reasonable_time(tmp_path: Path, empty_state: Path) -> None:
    # On PostgreSQL tests/store/test_on_postgresql.py stores some thousands.
    with open_database(f"sqlite:///{shutil.copy(empty_state, tmp_path)}").begin() as connection:
        person = new_person(connection, "site", NOW)
        facts = (grade(person, 1.0, source_id=str(number)) for number in range(20_000))
        assert store_facts(connection, "site", facts, NOW, None) == 20_000
        assert connection.execute(select(func.count()).select_from(schema.fact)).scalar() == 20_000
