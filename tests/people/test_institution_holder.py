"""An institution holds facts and awards as a person does, and is counted with people nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from lms_sync.people import institutions_by_code, meet_institution, new_person, of_kind
from lms_sync.store.database import open_database

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_an_institution_is_met_once_and_follows_its_name(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    with engine.begin() as connection:
        first = meet_institution(connection, "main", "elbasan", "Bashkia Elbasan", NOW)
        assert meet_institution(connection, "main", "elbasan", "Bashkia e Elbasanit", NOW) == first
        other = meet_institution(connection, "main", "vlore", "Bashkia Vlorë", NOW)
        assert institutions_by_code(connection, "main") == {"elbasan": first, "vlore": other}
        assert institutions_by_code(connection, "other") == {}


def test_people_and_institutions_are_told_apart(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    with engine.begin() as connection:
        person = new_person(connection, "main", NOW)
        institution = meet_institution(connection, "main", "elbasan", "Bashkia Elbasan", NOW)
        assert of_kind(connection, "main", "person") == {person}
        assert of_kind(connection, "main", "institution") == {institution}
