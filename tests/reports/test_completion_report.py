from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Connection, Engine, insert

import lms_sync
from authoring.messages import LANGUAGES
from lms_sync.completion_output import headings, report_csv, report_xlsx, terminal_table, write_report
from lms_sync.completion_report import CompletionReport, ReportedCourse, completion_report
from lms_sync.facts import Fact, store_facts
from lms_sync.people import Institution, MatchedAccount, Participant, People, read_people, remember_people
from lms_sync.store import schema
from lms_sync.store.database import open_database

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive-officers"
NOW = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # the 23rd in Tirana
THEN = NOW - timedelta(days=3)
COURSE = ReportedCourse("archive", "Arkivi", "archive/final", ("archive-officer",))


def participants(institution: str, count: int, first: int = 1) -> list[Participant]:
    return [
        Participant(f"{institution}-{n}", "Emri", "Mbiemri", institution, courses=("archive",))
        for n in range(first, first + count)
    ]


PEOPLE = People(
    (
        Institution("berat", {"sq": "Bashkia Berat", "en": "Municipality of Berat"}),
        Institution("fier", {"sq": "Bashkia Fier"}),
        Institution("has", {"sq": "Bashkia Has"}),
        Institution("=2+3", {"sq": "@Bashkia\tkeqdashëse"}),
    ),
    (
        *participants("berat", 4),
        *participants("fier", 3),
        Participant("other", "A", "B", "fier", courses=("ethics",)),
        *participants("=2+3", 1),
    ),
)


def add(connection: Connection, stream: str, person: str, value: Mapping[str, object], **more: Any) -> None:
    fact = Fact(
        stream,
        more.get("source_id", str(uuid.uuid4())),
        more.get("at", THEN),
        person,
        more.get("course", "archive"),
        more.get("subject", ""),
        value,
    )
    store_facts(connection, "site", [fact], NOW, None)


def grade(connection: Connection, person: str, value: float | None, **more: Any) -> None:
    add(
        connection,
        "grade",
        person,
        {"item": "mod", "grade": value, "max": 20.0},
        subject="archive/final",
        **more,
    )


def issue(connection: Connection, person: str, number: int, *events: str) -> None:
    key = str(uuid.uuid4())
    connection.execute(
        insert(schema.issue).values(
            id=key,
            site="site",
            grant_key=key,
            person_id=person,
            policy="archive-officer",
            policy_version=1,
            series="2026",
            serial=f"2026-{number}",
            verification_id=key,
            status_list=1,
            status_index=number,
            issued_at=THEN,
            issued_on=date(2026, 11, 19),
            public={},
        )
    )
    for position, event in enumerate(("issued", *events)):
        connection.execute(
            insert(schema.status_event).values(
                site="site", issue_id=key, event=event, at=THEN + timedelta(hours=position), actor="test"
            )
        )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    with engine.begin() as connection:
        matched = {p.idnumber: MatchedAccount(n, "idnumber") for n, p in enumerate(PEOPLE.participants, 100)}
        remember_people(connection, "site", PEOPLE.participants, matched, THEN)
        person = {row.idnumber: row.person_id for row in connection.execute(schema.person_data.select())}
        # berat-1: completed, reset by Moodle later, graded twice, certified
        add(connection, "course_completion", person["berat-1"], {"complete": True})
        add(
            connection,
            "course_completion",
            person["berat-1"],
            {"complete": False},
            at=THEN + timedelta(days=1),
        )
        grade(connection, person["berat-1"], 10.0)
        grade(connection, person["berat-1"], 18.0, at=THEN + timedelta(hours=1))
        grade(connection, person["berat-1"], None, at=THEN + timedelta(hours=2))
        issue(connection, person["berat-1"], 1)
        # berat-2: began an attempt; berat-3: certified, then revoked; berat-4: nothing but an empty row
        add(
            connection,
            "quiz_attempt",
            person["berat-2"],
            {"attempt": 1, "state": "inprogress", "score": None, "max": 20},
        )
        add(connection, "course_completion", person["berat-3"], {"complete": True})
        grade(connection, person["berat-3"], 12.0)
        issue(connection, person["berat-3"], 2, "revoked")
        add(connection, "activity_completion", person["berat-4"], {"state": 0, "complete": False})
        # fier-1: suspended and resumed; fier-2: suspended
        add(connection, "course_completion", person["fier-1"], {"complete": True})
        issue(connection, person["fier-1"], 3, "suspended", "resumed")
        add(connection, "course_completion", person["fier-2"], {"complete": True})
        issue(connection, person["fier-2"], 4, "suspended")
        # another course, and a person of that course who also learned here
        add(connection, "course_completion", person["fier-3"], {"complete": True}, course="ethics")
        add(connection, "scorm_result", person["other"], {"attempt": 1, "element": "x", "value": "1"})
    yield engine
    engine.dispose()


def report(
    engine: Engine, people: People = PEOPLE, *, as_of: datetime = NOW, language: str = "sq"
) -> CompletionReport:
    with engine.connect() as connection:
        return completion_report(
            connection, "site", people, COURSE, as_of=as_of, timezone="Europe/Tirane", language=language
        )


def test_every_institution_has_its_numbers_zeros_included(engine: Engine) -> None:
    made = report(engine)
    numbers = {
        row.code: (row.participants, row.started, row.completed, row.certified, row.rate, row.score)
        for row in made.rows
    }
    assert numbers == {
        "berat": (4, 3, 2, 1, 0.5, 75.0),
        "fier": (3, 2, 2, 1, 2 / 3, None),
        "has": (0, 0, 0, 0, None, None),
        "=2+3": (1, 0, 0, 0, 0.0, None),
    }
    total = made.total
    assert (total.participants, total.started, total.completed, total.certified) == (8, 5, 4, 2)
    assert (total.rate, total.score) == (0.5, 75.0)
    assert made.unlisted == 1


def test_all_sixty_one_municipalities_are_listed_before_anybody_has_begun(engine: Engine) -> None:
    people = read_people(EXAMPLE)
    course = replace(COURSE, key="archive-officers")
    with engine.connect() as connection:
        made = completion_report(
            connection, "empty", people, course, as_of=NOW, timezone="Europe/Tirane", language="en"
        )
    assert len(made.rows) == 61
    assert sum(row.participants for row in made.rows) == made.total.participants == len(people.participants)
    assert (made.total.started, made.total.completed, made.total.certified) == (0, 0, 0)
    assert made.rows[0].institution == "Municipality of Belsh"


def test_an_academy_without_participants_gives_zeros(engine: Engine) -> None:
    made = report(engine, replace(PEOPLE, participants=()))
    assert (made.total.participants, made.total.rate, made.total.score) == (0, None, None)
    assert len(made.rows) == 4


def test_the_same_moment_gives_the_same_report_later(engine: Engine) -> None:
    before = report(engine, as_of=THEN)
    assert (before.total.completed, before.total.certified) == (4, 4)
    assert before.rows[0].score == 55.0  # 10 and 12 of 20: the better grade came an hour later
    assert report_xlsx(report(engine), "sq") == report_xlsx(report(engine), "sq")


def test_the_csv_has_a_total_and_no_formula(engine: Engine) -> None:
    raw = report_csv(report(engine), "en")
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert rows[0] == headings("en")
    assert rows[1] == ["berat", "Bashkia Berat", "4", "3", "2", "1", "50.0", "75.0"]
    assert rows[3] == ["has", "Bashkia Has", "0", "0", "0", "0", "", ""]
    assert rows[4][:2] == ["'=2+3", "'@Bashkia\tkeqdashëse"]
    assert rows[5] == ["", "Gjithsej", "8", "5", "4", "2", "50.0", "75.0"]


@pytest.mark.parametrize("language", ["sq", "ro"])
def test_where_numbers_have_a_comma_a_semicolon_divides_the_csv(engine: Engine, language: str) -> None:
    raw = report_csv(report(engine, language=language), language).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(raw, newline=""), delimiter=";"))
    assert rows[0] == headings(language)
    assert rows[1] == ["berat", "Bashkia Berat", "4", "3", "2", "1", "50,0", "75,0"]


def test_long_names_of_institutions_take_several_lines_within_the_width_of_the_terminal(
    engine: Engine,
) -> None:
    made = report(engine)
    longer = replace(made.rows[0], institution="Bashkia Gjirokastër dhe rrethinat e saj të mëdha")
    for width in (80, 100):
        lines = terminal_table(replace(made, rows=(longer, *made.rows[1:])), "sq", width=width)
        assert max(map(len, lines)) <= width
        assert "mëdha" in " ".join(lines)


def test_the_workbook_has_numbers_formats_definitions_and_no_formula(engine: Engine) -> None:
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx(report(engine), "sq")))
    table, definitions = book.worksheets
    assert [cell.value for cell in table[3]] == headings("sq")
    assert [cell.value for cell in table[4]] == ["berat", "Bashkia Berat", 4, 3, 2, 1, 0.5, 75]
    assert [cell.number_format for cell in table[4]][2:] == ["#,##0"] * 4 + ["0.0%", "0.0"]
    assert table["A7"].value == "=2+3"
    assert table["A7"].data_type == "s"
    assert table["A7"].quotePrefix
    assert [cell.value for cell in table[8]][1:6] == ["Gjithsej", 8, 5, 4, 2]
    assert table["B8"].font.bold
    assert table.freeze_panes == "C4"
    assert table.auto_filter.ref == "A3:H7"
    words = {row[0].value: row[1].value for row in definitions.iter_rows(min_row=3)}
    assert words["Gjendja më"] == "2026-11-22 23:30:00 (Europe/Tirane)"
    assert set(headings("sq")) <= words.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_definitions_and_table_are_in_the_language_asked_for(engine: Engine, language: str) -> None:
    made = report(engine, language=language)
    assert len(set(headings(language))) == 8
    lines = terminal_table(made, language)
    assert not any("report." in line for line in lines)
    assert max(map(len, lines)) <= 80
    (berat,) = (line for line in lines if "Berat" in line)
    assert ("50.0%" if language == "en" else "50,0") in berat


def test_the_files_are_named_after_course_and_local_date(engine: Engine, tmp_path: Path) -> None:
    paths = write_report(report(engine, as_of=NOW + timedelta(hours=1)), tmp_path, "en")
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "reports/completion-archive-2026-11-23.csv",
        "reports/completion-archive-2026-11-23.xlsx",
    ]


# --- the command ------------------------------------------------------------------------------

CONFIG = """\
language: en
sites:
  test: {url: "https://moodle.example.org", token_env: NO_SUCH_TOKEN, timezone: Europe/Tirane}
"""


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    here = {**os.environ, "PYTHONPATH": str(Path(lms_sync.__file__).parent.parent), "LMS_SYNC_LANGUAGE": "en"}
    start = "import sys; sys.argv[0] = 'lms-sync'; from lms_sync.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", start, "report", "completion", "--dir", str(folder), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=30,
        env=here,
    )


def test_the_command_reports_without_a_token_and_tells_where_the_files_are(tmp_path: Path) -> None:
    for part in ("courses", "people", "certificates"):
        shutil.copytree(EXAMPLE / part, tmp_path / part)
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    ended = command(tmp_path, "--json", "--language", "ro")
    assert (ended.returncode, ended.stderr) == (0, "")
    (one,) = json.loads(ended.stdout)["reports"]
    assert len(one["institutions"]) == 61
    assert [Path(name).stat().st_size > 1000 for name in one["files"]] == [True, True]
    wrong = command(tmp_path, "--course", "no-such")
    assert wrong.returncode == 1
    assert "There is no course no-such" in wrong.stderr
    assert "Traceback" not in wrong.stderr
