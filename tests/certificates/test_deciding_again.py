"""`certify` decides those whom something has touched, and what it stores is what deciding about everybody would store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from certificates import register
from certificates.policy import parse_policy
from certificates.simulate import simulate
from lms_sync.facts import Fact, store_facts
from lms_sync.same_person import put_together
from lms_sync.store import schema


def certify(academy: Any, **more: Any) -> Any:
    return academy.certify(**more).policies[0]


def completes(academy: Any, person: str, source: str = "late", at: Any = None) -> None:
    value: dict[str, object] = {"complete": True}
    fact = Fact("course_completion", source, at or academy.clock.now(), person, "archive-officers", "", value)
    with academy.engine.begin() as connection:
        store_facts(connection, academy.site, [fact], academy.clock.now(), None)


def same_as_everybody(academy: Any, **more: Any) -> bool:
    before, after = certify(academy, **more), certify(academy, anew=True, **more)
    assert after.looked_at >= before.looked_at
    return bool(
        after.new == 0
        and (after.eligible, after.pending, after.not_listed)
        == (before.eligible, before.pending, before.not_listed)
    )


def test_a_second_run_looks_at_nobody_and_a_new_fact_at_its_person(academy: Any) -> None:
    assert certify(academy).looked_at == 5
    assert certify(academy).looked_at == 0
    completes(academy, academy.people[4])
    again = certify(academy)
    assert (again.looked_at, again.new, again.eligible) == (1, 1, 4)
    assert same_as_everybody(academy)


def test_another_policy_another_merge_or_another_clock_decides_about_everybody(
    academy: Any, policy_text: str
) -> None:
    certify(academy)
    academy.policy = parse_policy(policy_text.replace("min: 70%", "min: 60%"), "p")
    changed = certify(academy)
    assert (changed.looked_at, changed.eligible) == (5, 4)
    with academy.engine.begin() as connection:
        put_together(connection, academy.site, academy.people[4], academy.people[0], academy.clock.now())
    assert certify(academy).looked_at == 4
    academy.clock.advance(-timedelta(days=1))  # as of an earlier day less may have happened
    assert certify(academy).looked_at == 4
    assert same_as_everybody(academy)


def test_a_rebuilt_table_of_facts_or_one_that_came_late_is_noticed(academy: Any) -> None:
    certify(academy)
    with academy.engine.begin() as connection:
        rows = connection.execute(select(schema.fact)).mappings().all()
        connection.execute(delete(schema.fact))
        for row in rows[1:]:  # as after a pull from the beginning: other numbers, and one is not there
            connection.execute(insert(schema.fact).values(**{k: v for k, v in row.items() if k != "id"}))
    assert certify(academy).looked_at == 5
    assert certify(academy).looked_at == 0
    with academy.engine.begin() as connection:  # a transaction with a lower number that ended later
        first = connection.execute(select(schema.fact.c.id).order_by(schema.fact.c.id)).scalars().first()
        moved = {k: v for k, v in rows[0].items() if k != "id"} | {"id": first - 1}
        connection.execute(insert(schema.fact).values(**moved))
    assert certify(academy).looked_at == 5
    assert same_as_everybody(academy)


def test_a_fact_with_a_day_to_come_is_looked_at_when_the_day_has_come(academy: Any) -> None:
    certify(academy)
    completes(academy, academy.people[4], at=academy.clock.now() + timedelta(days=3))
    assert certify(academy).eligible == 3
    academy.clock.advance(timedelta(days=2))
    assert certify(academy).looked_at == 0
    academy.clock.advance(timedelta(days=1))
    found = certify(academy)
    assert (found.looked_at, found.eligible) == (1, 4)


def test_who_comes_onto_a_list_is_decided_and_who_leaves_it_is_counted_apart(academy: Any) -> None:
    some = {academy.policy.id: academy.people[:2]}
    first = certify(academy, listed=some)
    assert (first.eligible, first.not_listed, first.looked_at) == (2, 3, 2)
    more = {academy.policy.id: academy.people[1:4]}
    second = certify(academy, listed=more)
    assert (second.eligible, second.pending, second.not_listed, second.looked_at) == (2, 1, 2, 2)
    assert same_as_everybody(academy, listed=more)
    assert certify(academy).not_listed == 0


def test_who_was_approved_is_settled_and_nobody_else_is_looked_at(academy: Any) -> None:
    certify(academy)
    one = register.proposals(academy.engine, academy.site)[0]
    academy.approve([one.grant_key])
    after = certify(academy)
    assert (after.eligible, after.approved, after.looked_at) == (2, 1, 0)
    assert same_as_everybody(academy)


# --- simulate ---------------------------------------------------------------------------------


@pytest.fixture
def stored(academy: Any) -> Callable[[], list[Any]]:
    def rows() -> list[Any]:
        with academy.engine.connect() as connection:
            return [connection.execute(select(table)).all() for table in schema.metadata.sorted_tables]

    return rows


def test_a_changed_policy_shows_who_would_gain_and_lose_and_writes_nothing(
    academy: Any, policy_text: str, stored: Callable[[], list[Any]]
) -> None:
    with academy.engine.begin() as connection:  # one of the three has just about passed
        fact = schema.fact
        found = (fact.c.person_id == academy.people[1]) & (fact.c.stream == "grade")
        connection.execute(
            update(fact).where(found).values(value={"item": "mod", "grade": 72.0, "max": 100.0})
        )
    certify(academy)
    one = register.proposals(academy.engine, academy.site)[0]
    academy.approve([one.grant_key])
    before = stored()

    def changes(text: str) -> dict[str, str]:
        changed = parse_policy(text, "changed.yaml")
        result = simulate(academy.engine, academy.site, academy.policy, changed, academy.clock)
        assert result.same == 5 - len(result.changes)
        return {each.name: each.change for each in result.changes}

    assert changes(policy_text) == {}
    assert changes(policy_text.replace("min: 70%", "min: 69%")) == {"Mănuța Brâncoveanu": "gains"}
    assert changes(policy_text.replace("min: 70%", "min: 80%")) == {"Ștefan Țîrlea": "loses"}
    assert set(changes(policy_text.replace("months: 36", "months: 24")).values()) == {"moves"}
    assert changes(policy_text.replace("min: 70%", "min: 99%"))["Gëzim Çela"] == "keeps"
    assert stored() == before
