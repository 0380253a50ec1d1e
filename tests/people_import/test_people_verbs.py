"""The verbs list, import and merge from the command line: what they say, their exit codes, their JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lms_sync.cli import commands
from lms_sync.people import read_people, remember_people
from lms_sync.store.database import open_database
from tests.people_import.conftest import workbook
from tests.people_import.test_one_human_being import START
from tests.schemas import must_be

H = ["Emri", "Mbiemri", "Bashkia", "E-mail"]
Run = Callable[..., Any]


@pytest.fixture
def run(academy: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    config = "sites:\n  main:\n    url: https://moodle.example.org\n    token_env: NONE\n"
    (academy / "config.yaml").write_text(config, encoding="utf-8")
    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")

    def people(*arguments: str) -> Any:
        given = ["people", *arguments, "--dir", str(academy)]
        return CliRunner().invoke(commands, given, standalone_mode=False, catch_exceptions=False)

    return people


@pytest.fixture
def a_list(tmp_path: Path) -> Path:
    path = tmp_path / "lista.xlsx"
    path.write_bytes(workbook([["Lista"], [], H, ["GENTI", "MARKU", "Bashkia Berat", "g@example.org."]]))
    return path


def test_an_import_shows_what_it_understood_and_writes_with_yes(
    run: Run, a_list: Path, academy: Path
) -> None:
    shown = run("import", str(a_list))
    assert shown.return_value == 2
    assert "“Emri” Lista!A3" in shown.output
    assert "Genti Marku" in shown.output
    assert len(read_people(academy).participants) == 3
    done = run("import", str(a_list), "--yes")
    assert done.return_value == 0
    assert "1 new, 0 changed" in done.output
    assert [one.name for one in read_people(academy).participants][-1] == "Genti Marku"
    again = run("import", str(a_list), "--yes")
    assert (again.return_value, "Nothing new" in again.output) == (0, True)


def test_an_undecided_import_ends_with_3_and_a_broken_file_with_1(run: Run, tmp_path: Path) -> None:
    undecided = tmp_path / "a.xlsx"
    undecided.write_bytes(workbook([H, ["Besnik", "Hoxha", "elbasan", None]]))
    assert run("import", str(undecided), "--yes").return_value == 3
    headless = tmp_path / "b.xlsx"
    headless.write_bytes(workbook([["Besnik", "Hoxha"]]))
    assert run("import", str(headless), "--yes").return_value == 1


def test_json_tells_columns_rows_and_problems(run: Run, a_list: Path) -> None:
    said = json.loads(run("import", str(a_list), "--json").output)
    must_be("people-import", said)
    assert [column["field"] for column in said["sheets"][0]["columns"]] == [
        "firstname",
        "lastname",
        "institution",
        "email",
    ]
    assert said["rows"][0]["outcome"] == "new"
    assert said["rows"][0]["person"]["email"] == "g@example.org"
    assert {one["code"] for one in said["told"]} == {"import.capitals", "import.email-mended"}
    assert said["written"] is False


def remembered(academy: Path) -> None:
    engine = open_database(f"sqlite:///{academy / '.lms-sync' / 'state.db'}")
    with engine.begin() as connection:
        remember_people(connection, "main", read_people(academy).participants, {}, START)
    engine.dispose()


def test_list_shows_who_is_where_since_when(run: Run, academy: Path) -> None:
    remembered(academy)
    path = academy / "people" / "participants.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Çela,cerrik", "Çela Hoxha,berat"), encoding="utf-8"
    )
    engine = open_database(f"sqlite:///{academy / '.lms-sync' / 'state.db'}")
    with engine.begin() as connection:
        remember_people(connection, "main", read_people(academy).participants, {}, START.replace(month=6))
    engine.dispose()
    said = run("list").output
    assert "AO-0001  Arjola Çela Hoxha  berat  since 2026-06-10" in said
    assert "cerrik, 2026-01-10 to 2026-06-10" in said
    assert "called Arjola Çela until 2026-06-10" in said
    listed = json.loads(run("list", "--institution", "cerrik", "--json").output)["people"]
    assert [one["idnumber"] for one in listed] == ["AO-0001"]


def test_merge_takes_the_old_row_out_and_undo_makes_two_again(run: Run, academy: Path) -> None:
    assert run("merge", "AO-0003", "AO-0001").return_value == 2
    assert run("merge", "AO-0003", "AO-0001", "--yes").return_value == 0
    assert [one.idnumber for one in read_people(academy).participants] == ["AO-0001", "AO-0002"]
    assert "also numbered AO-0003" in run("list").output
    assert run("merge", "AO-0003", "AO-0001", "--undo", "--yes").return_value == 0
    assert "also numbered" not in run("list", "--all").output


def test_a_number_that_was_merged_away_is_not_given_to_somebody_new(
    run: Run, academy: Path, a_list: Path
) -> None:
    run("merge", "AO-0003", "AO-0001", "--yes")
    run("import", str(a_list), "--yes")
    assert [one.idnumber for one in read_people(academy).participants] == ["AO-0001", "AO-0002", "AO-0004"]
