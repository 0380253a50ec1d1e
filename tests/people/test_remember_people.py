from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from lms_sync.facts import Fact, facts_of, store_facts
from lms_sync.people import (
    MatchedAccount,
    Participant,
    Remembered,
    known_accounts,
    new_person,
    remember_people,
)
from lms_sync.store import schema
from lms_sync.store.database import open_database

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
ARTA = Participant("A-1", "Arta", "Leka", "berat", "arta", "arta@example.org", ("archive",), "female", "sq")
BESA = Participant("A-2", "Besa", "Gjoka", "fier", "besa", "besa@example.org", ("archive",))
ARTAS = {"A-1": MatchedAccount(31, "email")}


@pytest.fixture
def engine(either_database: str) -> Iterator[Engine]:
    """On SQLite and on PostgreSQL."""
    engine = open_database(either_database)
    yield engine
    engine.dispose()


def remember(engine: Engine, *participants: Participant, days: int = 0, matched: Any = None) -> Remembered:
    with engine.begin() as connection:
        return remember_people(connection, "site", participants, matched or {}, START + timedelta(days=days))


def rows(engine: Engine, table: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(table)))


def person_of(engine: Engine, idnumber: str) -> str:
    return next(row.person_id for row in rows(engine, schema.person_data) if row.idnumber == idnumber)


def test_people_are_remembered_once(engine: Engine) -> None:
    assert remember(engine, ARTA, BESA, matched=ARTAS) == Remembered(new=2)
    assert remember(engine, ARTA, BESA, days=1, matched=ARTAS) == Remembered()
    assert len(rows(engine, schema.person)) == 2
    assert [(row.user_id, row.matched_by, row.created_by_us) for row in rows(engine, schema.account)] == [
        (31, "email", False)
    ]
    with engine.connect() as connection:
        assert known_accounts(connection, "site") == ARTAS


def test_personal_data_are_in_one_table_with_a_salt_of_their_own(engine: Engine) -> None:
    remember(engine, ARTA, BESA)
    arta, besa = sorted(rows(engine, schema.person_data), key=lambda row: row.idnumber)
    assert (arta.given_name, arta.family_name, arta.gender) == ("Arta", "Leka", "female")
    assert len(arta.salt) == 32
    assert arta.salt != besa.salt
    assert "Leka" not in str(rows(engine, schema.person) + rows(engine, schema.membership))


def test_a_changed_name_keeps_the_person_and_the_salt(engine: Engine) -> None:
    remember(engine, ARTA)
    (before,) = rows(engine, schema.person_data)
    married = Participant(**{**vars(ARTA), "lastname": "Leka Hoxha"})
    assert remember(engine, married, days=1) == Remembered(changed=1)
    (after,) = rows(engine, schema.person_data)
    assert (after.person_id, after.salt, after.family_name) == (before.person_id, before.salt, "Leka Hoxha")


def test_a_transfer_keeps_the_time_in_the_institution_before(engine: Engine) -> None:
    remember(engine, ARTA)
    moved = Participant(**{**vars(ARTA), "institution": "fier"})
    assert remember(engine, moved, days=10) == Remembered(moved=1)
    assert [(row.institution, row.valid_from, row.valid_to) for row in rows(engine, schema.membership)] == [
        ("berat", START, START + timedelta(days=10)),
        ("fier", START + timedelta(days=10), None),
    ]


def test_who_leaves_the_file_stays_known_and_may_come_back(engine: Engine) -> None:
    remember(engine, ARTA, BESA, matched=ARTAS)
    person = person_of(engine, "A-1")
    assert remember(engine, BESA, days=5) == Remembered(left=1)
    assert remember(engine, BESA, days=6) == Remembered()
    remember(engine, ARTA, BESA, days=9, matched=ARTAS)
    assert person_of(engine, "A-1") == person
    artas = [
        (row.valid_from, row.valid_to) for row in rows(engine, schema.membership) if row.person_id == person
    ]
    assert artas == [(START, START + timedelta(days=5)), (START + timedelta(days=9), None)]


def met_by_pull(engine: Engine, user_id: int) -> str:
    with engine.begin() as connection:
        stranger = new_person(connection, "site", START)
        connection.execute(
            insert(schema.account).values(
                site="site",
                user_id=user_id,
                person_id=stranger,
                created_by_us=False,
                matched_by="pull",
                matched_at=START,
            )
        )
        value = {"complete": True}
        store_facts(
            connection,
            "site",
            [Fact("course_completion", "1", START, stranger, "archive", "", value)],
            START,
            None,
        )
    return stranger


def test_a_stranger_whom_a_pull_met_becomes_the_participant_with_all_facts(engine: Engine) -> None:
    stranger = met_by_pull(engine, 31)
    assert remember(engine, ARTA, matched=ARTAS) == Remembered(new=1)
    assert person_of(engine, "A-1") == stranger
    assert [row.matched_by for row in rows(engine, schema.account)] == ["email"]


def test_a_participant_who_was_known_before_the_account_was_gets_its_facts(engine: Engine) -> None:
    remember(engine, ARTA)
    met_by_pull(engine, 31)
    remember(engine, ARTA, days=1, matched=ARTAS)
    with engine.connect() as connection:
        assert len(list(facts_of(connection, "site", person_id=person_of(engine, "A-1")))) == 1


def test_an_idnumber_that_changes_keeps_the_person_of_the_account(engine: Engine) -> None:
    remember(engine, ARTA, matched=ARTAS)
    person = person_of(engine, "A-1")
    renumbered = Participant(**{**vars(ARTA), "idnumber": "B-77"})
    assert remember(engine, renumbered, matched={"B-77": ARTAS["A-1"]}) == Remembered(changed=1)
    assert person_of(engine, "B-77") == person


def test_an_account_that_goes_to_another_person_is_told_and_facts_stay(engine: Engine) -> None:
    remember(engine, ARTA, BESA, matched=ARTAS)
    result = remember(engine, ARTA, BESA, days=1, matched={"A-2": MatchedAccount(31, "hand")})
    assert [problem.code for problem in result.problems] == ["people.account-changed-hands"]
    with engine.connect() as connection:
        assert known_accounts(connection, "site") == {"A-2": MatchedAccount(31, "hand")}


def test_an_account_that_we_created_stays_ours_when_it_is_matched_by_idnumber_later(engine: Engine) -> None:
    remember(engine, ARTA, matched={"A-1": MatchedAccount(31, "created")})
    remember(engine, ARTA, days=1, matched={"A-1": MatchedAccount(31, "idnumber")})
    (account,) = rows(engine, schema.account)
    assert (account.created_by_us, account.matched_by) == (True, "created")


def test_sites_do_not_see_each_other(engine: Engine) -> None:
    remember(engine, ARTA, matched=ARTAS)
    with engine.begin() as connection:
        assert known_accounts(connection, "other") == {}
        assert remember_people(connection, "other", [ARTA], ARTAS, START).new == 1
    assert len(rows(engine, schema.person)) == 2
