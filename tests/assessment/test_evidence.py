"""The evidence for a figure gives the figure again, to somebody who has only the ZIP, and names nobody."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from sqlalchemy import select

from lms_sync.assessment.coverage import Coverage, coverage
from lms_sync.assessment.evidence import chosen_result, evidence_key, evidence_zip
from lms_sync.cli import commands
from lms_sync.clock import FixedClock
from lms_sync.store import schema
from lms_sync.store.backup import restore_backup, write_backup
from lms_sync.store.database import open_database, reading
from tests.assessment.academy import random_academy
from tests.assessment.world import COUNTS, LAST, SITE, World
from tests.postgresql_server import Server

NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
SCHEMAS = Path(__file__).parents[2] / "lms_sync" / "schemas"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("academy")


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    return random_academy(folder)


@pytest.fixture(scope="module")
def counted(world: World, folder: Path) -> Coverage:
    return coverage(world.engine, SITE, folder, "p", today=NOW, as_of=LAST, listed=COUNTS)


def proof(counted: Coverage, folder: Path, indicator: str) -> dict[str, bytes]:
    content = evidence_zip(counted, chosen_result(counted, indicator), folder, SITE, key=evidence_key(folder))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("indicator", sorted(COUNTS))
def test_its_own_query_over_its_own_lists_gives_the_figure_again(
    counted: Coverage, folder: Path, indicator: str
) -> None:
    files = proof(counted, folder, indicator)
    result = chosen_result(counted, indicator)
    database = sqlite3.connect(":memory:")
    for table in ("list", "observations"):
        reader = csv.reader(io.StringIO(files[f"{table}.csv"].decode("utf-8-sig")))
        columns = next(reader)
        database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", reader)
    told = [database.execute(one).fetchone() for one in files["recount.sql"].decode().split(";")[:4]]
    figure = json.loads(files["figure.json"])
    assert told[0] == (result.figure.persons,) == (figure["persons"],)
    assert told[2] == (result.asked, result.missing) == (figure["denominator"], figure["missing"])
    if result.unit in ("score", "points"):
        assert told[3][0] == pytest.approx(result.figure.value, abs=1e-5)
    else:
        assert told[1] == (result.figure.participations,)


@pytest.mark.parametrize(
    "indicator", ["done-one", "there", "officers", "passes", "gain", "state", "assessed"]
)
def test_the_rows_it_names_in_the_state_database_are_there(
    counted: Coverage, world: World, folder: Path, indicator: str
) -> None:
    database = sqlite3.connect(str(world.engine.url.database))
    said = proof(counted, folder, indicator)["facts.sql"].decode()
    statements = [one for one in said.split(";") if "SELECT" in one]
    assert all(database.execute(one).fetchall() for one in statements)


def test_on_postgresql_figures_and_the_rows_it_names_are_those_of_sqlite(
    counted: Coverage, world: World, folder: Path, tmp_path: Path, postgresql: Server
) -> None:
    write_backup(world.engine, tmp_path / "world.zip", FixedClock(NOW))
    url = postgresql.empty_database()
    restore_backup(url, tmp_path / "world.zip")
    there = open_database(url)
    said_there = coverage(there, SITE, folder, "p", today=NOW, as_of=LAST)
    assert said_there.as_json() == counted.as_json()
    assert [one.outside for one in said_there.results] == [one.outside for one in counted.results]
    here = sqlite3.connect(str(world.engine.url.database))
    with reading(there) as connection:
        connection.exec_driver_sql("SET LOCAL timezone = 'Europe/Tirane'")  # as an auditor's session may be
        for indicator in ("done-one", "officers", "gain"):
            files = proof(counted, folder, indicator)
            said = [
                [one for one in files[name].decode().split(";") if "SELECT" in one]
                for name in ("facts.sql", "facts.postgresql.sql")
            ]
            for lite, post in zip(*said, strict=True):
                found = [row[0] for row in here.execute(lite)]
                assert found
                assert sorted(found) == sorted(row[0] for row in connection.exec_driver_sql(post))
    there.dispose()


def test_postgresql_gets_moments_with_their_zone_and_tables_of_the_same_columns(
    counted: Coverage, folder: Path
) -> None:
    files = {
        name: content.decode("utf-8-sig") for name, content in proof(counted, folder, "done-one").items()
    }
    sqlite, postgresql = files["facts.sql"], files["facts.postgresql.sql"]
    assert re.findall(r"<= '([^']+)'", postgresql) == [
        f"{one}+00" for one in re.findall(r"<= '([^']+)'", sqlite)
    ]
    for table in ("list", "observations"):
        columns = ", ".join(f"{one} text" for one in files[f"{table}.csv"].splitlines()[0].split(","))
        assert f"CREATE TEMPORARY TABLE {table} ({columns});" in files["recount.postgresql.sql"]


def test_every_file_has_its_hash_and_the_zip_the_same_bytes(counted: Coverage, folder: Path) -> None:
    files = proof(counted, folder, "officers")
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    key, result = evidence_key(folder), chosen_result(counted, "officers")
    first = evidence_zip(counted, result, folder, SITE, key=key)
    assert first == evidence_zip(counted, result, folder, SITE, key=evidence_key(folder))


def test_nobody_can_be_named_or_joined_with_another_report(
    counted: Coverage, world: World, folder: Path
) -> None:
    with reading(world.engine) as connection:
        data = connection.execute(select(schema.person_data)).mappings().all()
        secrets = {str(row[name]) for row in data for name in ("person_id", "idnumber") if row[name]}
    people: dict[str, set[str]] = {}
    for indicator in ("done-one", "officers"):
        files = proof(counted, folder, indicator)
        for name in ("list.csv", "observations.csv", "figure.json"):
            text = files[name].decode("utf-8-sig")
            assert not [one for one in secrets if one in text and not one.startswith("institution:")]
        people[indicator] = {row["holder"] for row in rows(files["list.csv"])}
    assert not people["done-one"] & people["officers"]
    other = coverage(world.engine, SITE, folder, "p", today=NOW, as_of=date(2026, 6, 1), listed=COUNTS)
    again = {row["holder"] for row in rows(proof(other, folder, "done-one")["list.csv"])}
    assert not people["done-one"] & again


def test_scans_that_were_kept_are_in_it_and_no_others(counted: Coverage, folder: Path) -> None:
    kept = folder / "evidence" / "p" / "sessions"
    kept.mkdir(parents=True)
    for name in ("north.pdf", "south.2.jpg", "visit-1.pdf", "northern.pdf"):
        (kept / name).write_bytes(name.encode())
    files = proof(counted, folder, "there")
    assert {name for name in files if name.startswith("scans/")} == {"scans/north.pdf", "scans/south.2.jpg"}
    assert "scans/" in files["README.en.txt"].decode()
    result = chosen_result(counted, "there")
    without = evidence_zip(counted, result, folder, SITE, key=evidence_key(folder), scans=False)
    with zipfile.ZipFile(io.BytesIO(without)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("scans/")]


def test_the_verb_writes_it_and_an_unknown_indicator_is_refused(world: World, folder: Path) -> None:
    asked = ["report", "evidence", "officers", "--programme", "p", "--as-of", LAST.isoformat()]
    said = CliRunner().invoke(commands, [*asked, "--json", "--dir", str(folder)])
    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    validator = Draft202012Validator(
        json.loads((SCHEMAS / "evidence.schema.json").read_text(encoding="utf-8"))
    )
    validator.validate(told)
    assert hashlib.sha256(Path(told["file"]).read_bytes()).hexdigest() == told["sha256"]
    asked[2] = "nothing"
    refused = CliRunner().invoke(commands, [*asked, "--dir", str(folder)])
    assert getattr(refused.exception, "code", None) == "coverage.no-indicator"
