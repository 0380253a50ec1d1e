"""What people tell is stored once, corrected by a later fact, and never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lms_sync.facts import ATTENDANCE, Fact, facts_of, latest_of_each, store_told, told_source_id
from lms_sync.people import new_person
from lms_sync.store.database import open_database, reading

NOW = datetime(2026, 3, 12, 16, tzinfo=UTC)


def present(person: str, *, there: bool = True, hours: int = 0, by: str = "Ana", source: str = "s") -> Fact:
    value = {"day": "2026-03-12", "present": there, "hours": 5.0, "recorded_by": by}
    return Fact(ATTENDANCE, source, NOW + timedelta(hours=hours), person, "archive-61", "elbasan-1", value)


def test_telling_the_same_again_adds_nothing_and_a_correction_is_a_new_fact(either_database: str) -> None:
    engine = open_database(either_database)
    with engine.begin() as connection:
        person = new_person(connection, "main", NOW)
        assert store_told(connection, "main", [present(person)], NOW, None) == 1
        assert store_told(connection, "main", [present(person, hours=1, by="Ben")], NOW, None) == 0
        assert store_told(connection, "main", [present(person, there=False, hours=2)], NOW, None) == 1
        assert store_told(connection, "main", [present(person, hours=3)], NOW, None) == 1
    with reading(engine) as connection:
        told = list(facts_of(connection, "main"))
    assert [fact.value["present"] for fact in told] == [True, False, True]
    (stands,) = latest_of_each(told)
    assert stands.source_time == NOW + timedelta(hours=3)


@given(st.permutations(list(range(6))))
def test_the_order_in_which_facts_are_given_changes_nothing(order: list[int]) -> None:
    facts = [present("p", there=n % 2 == 0, hours=n // 2, source=f"s{n % 3}") for n in range(6)]
    facts.append(replace(facts[0], stream="grade", value={"item": "mod", "grade": 1.0, "max": 2.0}))
    shuffled = [facts[n] for n in order] + [facts[6]]
    assert latest_of_each(shuffled) == latest_of_each(facts)
    assert len(latest_of_each(facts)) == 4


def test_a_source_id_always_fits_its_column() -> None:
    assert told_source_id("archive-61", "elbasan-1", "2026-03-12", "x") == "archive-61/elbasan-1/2026-03-12/x"
    assert len(told_source_id("a" * 100, "b" * 100)) == 64
