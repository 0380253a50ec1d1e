"""A filled-in sheet is understood as a whole, or every mistake in it is told with its row and column."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError, Problem
from programmes.attendance import (
    ACCEPTED,
    PRESENCE,
    Cells,
    SheetTold,
    read_attendance,
    read_cells,
    session_named,
)
from programmes.programme import Session

SESSION = Session.model_validate(
    {
        "id": "elbasan-1",
        "title": "Elbasan",
        "leader": "AO-T",
        "leader_award": "trainer",
        "days": [
            {"date": "2026-03-12", "from": "09:00", "until": "15:30", "hours": 5},
            {"date": "2026-03-13", "from": "09:00", "until": "13:00", "hours": 3.5},
        ],
    }
)
PEOPLE = {"AO-1": "Ana Çela", "AO-2": "Besnik Hoxhaj", "AO-T": "Teuta Shembulli"}
HEAD = ("idnumber", "name", "role", "2026-03-12", "2026-03-12 hours", "2026-03-13", "exercise: course/page")
LEADER = ("AO-T", "Teuta", "leader", "present", "", "present", "")
TODAY = datetime.date(2026, 3, 20)


def read(
    *rows: tuple[object, ...], today: datetime.date = TODAY, head: tuple[object, ...] = HEAD
) -> SheetTold:
    cells = Cells("sheet.xlsx", (("session", "archive-61/elbasan-1"), head, *rows))
    return read_attendance(cells, SESSION, people=PEOPLE, exercises={"course/page"}, today=today)


def problems_of(*rows: tuple[object, ...], **kwargs: object) -> list[tuple[str, int, int]]:
    with pytest.raises(ContentError) as caught:
        read(*rows, **kwargs)  # type: ignore[arg-type]
    for problem in caught.value.problems:
        assert len({describe(problem, language) for language in LANGUAGES}) == len(LANGUAGES)
    return [(one.code, one.place.line, one.place.column) for one in caught.value.problems]


def test_days_hours_exercises_and_who_led_are_read() -> None:
    told = read(
        LEADER,
        ("ao-1", "Ana", "", "i pranishëm", "", "Prezent", "pranuar"),
        ("AO-2", "Besnik", "pjesëmarrës", "partly", "2,5", "", "no"),
    )
    ana, besnik = told.people[1:]
    assert [(day.hours, day.full) for day in ana.days] == [(5, True), (3.5, True)]
    assert dict(ana.exercises) == {"course/page": True}
    assert [(day.day.isoformat(), day.hours, day.full) for day in besnik.days] == [("2026-03-12", 2.5, False)]
    assert dict(besnik.exercises) == {"course/page": False}
    assert told.led_on(datetime.date(2026, 3, 12)) == ("AO-T",)
    assert told.session == "archive-61/elbasan-1"
    assert told.warnings == ()


def test_an_empty_cell_says_nothing_and_absent_says_absent() -> None:
    told = read(LEADER, ("AO-1", "Ana", "", "", "", "mungon", ""))
    assert [(day.day.day, day.present, day.hours) for day in told.people[1].days] == [(13, False, 0)]


def test_a_session_that_asks_for_an_award_and_has_no_leader_recorded_is_told() -> None:
    told = read(("AO-1", "Ana", "", "present", "", "absent", ""))
    (warning,) = told.warnings
    assert (warning.code, warning.severity, warning.params["day"]) == (
        "sheet.nobody-led",
        "warning",
        "2026-03-12",
    )


def test_rows_with_an_institution_only_are_headings_and_empty_rows_are_nothing() -> None:
    told = read(("", "Bashkia Elbasan", "", "", "", "", ""), ("",) * 7, LEADER)
    assert [one.idnumber for one in told.people] == ["AO-T"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("AO-9", "X", "", "present", "", "", ""), ("sheet.unknown-person", 3, 1)),
        (("", "Hoxhaj Besnik", "", "present", "", "", ""), ("sheet.no-number", 3, 1)),
        (("AO-1", "", "boss", "present", "", "", ""), ("sheet.role", 3, 3)),
        (("AO-1", "", "", "maybe", "", "", ""), ("sheet.presence", 3, 4)),
        (("AO-1", "", "", "partly", "", "", ""), ("sheet.partly-without-hours", 3, 4)),
        (("AO-1", "", "", "partly", "six", "", ""), ("sheet.hours", 3, 5)),
        (("AO-1", "", "", "partly", 6, "", ""), ("sheet.hours", 3, 5)),
        (("AO-1", "", "", "partly", -1, "", ""), ("sheet.hours", 3, 5)),
        (("AO-1", "", "", "partly", 5, "", ""), ("sheet.partly-with-hours", 3, 5)),
        (("AO-1", "", "", "present", 3, "", ""), ("sheet.present-with-hours", 3, 5)),
        (("AO-1", "", "", "absent", 3, "", ""), ("sheet.absent-with-hours", 3, 5)),
        (("AO-1", "", "", "", 3, "", ""), ("sheet.hours-alone", 3, 5)),
        (("AO-1", "", "", "present", "", "", "perhaps"), ("sheet.accepted", 3, 7)),
    ],
)
def test_a_row_that_is_not_understood_is_told_with_its_row_and_column(
    row: tuple[object, ...], expected: tuple[str, int, int]
) -> None:
    assert problems_of(row) == [expected]


def test_everything_wrong_is_told_at_once() -> None:
    rows = [("AO-1", "", "", "maybe", "", "huh", ""), ("AO-9", "", "", "", "", "", ""), ("AO-1",)]
    assert [code for code, _, _ in problems_of(*rows)] == [
        "sheet.presence",
        "sheet.presence",
        "sheet.unknown-person",
        "sheet.twice",
    ]


def test_nobody_was_there_tomorrow() -> None:
    found = problems_of(LEADER, today=datetime.date(2026, 3, 12))
    assert found == [("sheet.future", 3, 6)]


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (("number", "name"), "sheet.no-head"),
        (("idnumber", "name"), "sheet.no-days"),
        (("idnumber", "2026-03-14"), "sheet.other-day"),
        (("idnumber", "2026-03-12", "12.03.2026"), "sheet.day-twice"),
        (("idnumber", "2026-03-12", "exercise: course/pages"), "sheet.no-exercise"),
    ],
)
def test_columns_that_do_not_fit_the_session_are_told(head: tuple[object, ...], code: str) -> None:
    assert [found for found, _, _ in problems_of(head=head)] == [code]


def test_a_day_may_be_written_as_spreadsheets_write_it() -> None:
    head = ("idnumber", datetime.datetime(2026, 3, 12), "13.3.2026", "role")
    told = read(("AO-T", "x", "x", "leader"), ("AO-1", "x", 0, ""), head=head)
    assert [day.present for day in told.people[1].days] == [True, False]


def test_csv_and_xlsx_say_the_same(tmp_path: Path) -> None:
    rows = [
        ("session", "archive-61/elbasan-1"),
        HEAD,
        LEADER,
        ("AO-1", "Çela", "", "present", "", "partly", ""),
    ]
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    book.save(tmp_path / "a.xlsx")
    text = "\r\n".join(";".join(map(str, row)) for row in rows)
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    for name in ("a.xlsx", "a.csv"):
        cells = read_cells(tmp_path / name)
        assert session_named(cells) == "archive-61/elbasan-1"
        with pytest.raises(ContentError) as caught:
            read_attendance(cells, SESSION, people=PEOPLE, exercises={"course/page"}, today=TODAY)
        assert [one.code for one in caught.value.problems] == ["sheet.partly-without-hours"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("idnumber;ë".encode("cp1250"), "sheet.not-utf8"),
        (b"PK\x03\x04 no spreadsheet", "sheet.unreadable"),
        (b'idnumber;"open', "sheet.unreadable"),
        (b"", "sheet.no-head"),
        (b"x\n" * 20_001, "sheet.too-many-rows"),
    ],
)
def test_a_file_that_is_no_sheet_is_told(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ContentError) as caught:
        read_attendance(read_cells(path), SESSION, people=PEOPLE, exercises=(), today=TODAY)
    assert [one.code for one in caught.value.problems] == [code]


_cell = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.booleans(),
    st.sampled_from([*PRESENCE, *ACCEPTED, *PEOPLE]),
)  # fmt: skip


@given(st.lists(st.lists(_cell, max_size=8).map(tuple), max_size=6))
def test_whatever_stands_in_the_cells_is_understood_or_told(rows: list[tuple[object, ...]]) -> None:
    told: SheetTold | None = None
    problems: tuple[Problem, ...] = ()
    try:
        told = read(*rows)
    except ContentError as error:
        problems = error.problems
    assert all(one.place.line for one in problems)
    assert (told is None) == bool(problems)
    for one in told.people if told else ():
        assert one.idnumber in PEOPLE
        for day in one.days:
            assert 0 <= day.hours <= 5
            assert day.present == (day.hours > 0)
