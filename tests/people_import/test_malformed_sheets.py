"""Spreadsheets as people send them: each gets its message, at its cell, in three languages."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from authoring.messages import LANGUAGES, catalogue, text
from authoring.problems import ContentError
from lms_sync.people.import_people import store
from tests.people_import.conftest import Understand, workbook

H = ["Nr.", "Emri", "Mbiemri", "Bashkia", "E-mail", "Gjinia"]


def person(
    first: Any = "Genti", last: Any = "Marku", at: Any = "berat", mail: Any = None, sex: Any = "M"
) -> list[Any]:
    return [1, first, last, at, mail, sex]


def list_of(*rows: list[Any], header: list[Any] | None = None, above: int = 0) -> bytes:
    return workbook([*([["Lista e punonjësve të arkivit"]] * above), header or H, *rows])


def changed(rows: list[list[Any]], change: Callable[[Any, Any], None]) -> bytes:
    return workbook(rows, change)


def with_part(raw: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        new.writestr(name, content)
    return out.getvalue()


def sheet_xml(raw: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as container:
        return container.read("xl/worksheets/sheet1.xml")


def container(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 600
GOOD = list_of(person())


@dataclass(frozen=True)
class Case:
    """A file, the message that it gets, and the cell (or "" where the whole file is meant).

    The file is made when its test comes: every process of the tests reads this table.
    """

    code: str
    cell: str
    make: Callable[[], bytes]
    name: str = "list.xlsx"
    options: dict[str, Any] = field(default_factory=dict)
    stops: bool = True  # else the list is read all the same, and what was done is told

    @cached_property
    def content(self) -> bytes:
        return self.make()


def merge(*ranges: str) -> Callable[[Any, Any], None]:
    def change(_book: Any, sheet: Any) -> None:
        for one in ranges:
            sheet.merge_cells(one)

    return change


def hide(row: int = 0, column: str = "") -> Callable[[Any, Any], None]:
    def change(_book: Any, sheet: Any) -> None:
        if row:
            sheet.row_dimensions[row].hidden = True
        if column:
            sheet.column_dimensions[column].hidden = True

    return change


def second_sheet(state: str = "visible", rows: list[list[Any]] | None = None) -> Callable[[Any, Any], None]:
    def change(book: Any, _sheet: Any) -> None:
        other = book.create_sheet("Vjetra")
        for row in rows or [H, person()]:
            other.append(row)
        other.sheet_state = state

    return change


S = ";".join(H).encode()

CASES: dict[str, Case] = {
    # --- the file ---
    "an empty file": Case("import.empty", "", lambda: b"\r\n  \r\n", "list.csv"),
    "an encrypted workbook": Case(
        "import.encrypted", "", lambda: OLE + "EncryptedPackage".encode("utf-16-le")
    ),
    "the format of Excel 97": Case(
        "import.old-excel", "", lambda: OLE + "Workbook".encode("utf-16-le"), "list.xls"
    ),
    "a web page called .xls": Case(
        "import.other-format", "", lambda: b"<html><table><tr><td>Emri", "list.xls"
    ),
    "a PDF called .xlsx": Case("import.other-format", "", lambda: b"%PDF-1.7 ...", "list.xlsx"),
    "a Word document": Case("import.other-format", "", lambda: container(word__document_xml=b"<x/>")),
    "an OpenDocument sheet": Case(
        "import.other-format",
        "",
        lambda: container(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
    ),
    "half a download": Case("import.broken", "", lambda: GOOD[: len(GOOD) // 2]),
    "a workbook whose sheet is no XML": Case(
        "import.broken", "", lambda: with_part(GOOD, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData>")
    ),
    "entities that would grow": Case(
        "import.broken",
        "",
        lambda: with_part(
            GOOD, "xl/worksheets/sheet1.xml", b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + sheet_xml(GOOD)
        ),
    ),
    "a zip bomb": Case(
        "import.unpacks-too-large", "", lambda: with_part(GOOD, "xl/media/logo.bin", b"\0" * 70_000_000)
    ),
    "cells merged over the whole sheet": Case(
        "import.unpacks-too-large",
        "",
        lambda: with_part(
            GOOD,
            "xl/worksheets/sheet1.xml",
            sheet_xml(GOOD).replace(
                b"</sheetData>",
                b'</sheetData><mergeCells count="1"><mergeCell ref="A5:XFD1048576"/></mergeCells>',
            ),
        ),
    ),
    "a stray cell in the last row": Case(
        "import.too-many-rows",
        "Lista!A1048576",
        lambda: changed([H, person()], lambda _b, s: s.__setitem__("A1048576", "x")),
    ),
    "macros": Case(
        "import.macros", "", lambda: with_part(GOOD, "xl/vbaProject.bin", b"vba"), "list.xlsm", stops=False
    ),
    "a quotation mark that is never closed": Case(
        "import.quote-open",
        "3",
        lambda: S + b'\n1;Genti;Marku;berat;;M\n2;"Ana;Leka' + b";x" * 2000,
        "list.csv",
    ),
    "Windows-1252": Case(
        "import.encoding",
        "",
        lambda: S + "\n1;Çlirim;Këllezi;berat;;M\n".encode("cp1252"),
        "list.csv",
        stops=False,
    ),
    "Windows-1250": Case(
        "import.encoding",
        "",
        lambda: "Nume;Prenume;Instituţia\nŞtefănescu;Ioana;igm\n".encode("cp1250"),
        "list.csv",
        stops=False,
    ),
    "UTF-16 from “Unicode text”": Case(
        "import.encoding",
        "",
        lambda: "Emri\tMbiemri\tBashkia\nGenti\tMarku\tberat\n".encode("utf-16"),
        "list.txt",
        stops=False,
    ),
    # --- sheets and headers ---
    "no header": Case("import.no-header", "Lista!1", lambda: workbook([person(), person("Ana", "Leka")])),
    "two sheets with lists": Case(
        "import.several-sheets", "", lambda: changed([H, person()], second_sheet())
    ),
    "a sheet that is not there": Case(
        "import.no-such-sheet", "", lambda: GOOD, options={"sheets": ["Fleta1"]}
    ),
    "a hidden sheet": Case(
        "import.sheet-hidden", "Vjetra", lambda: changed([H, person()], second_sheet("hidden")), stops=False
    ),
    "a sheet of notes": Case(
        "import.sheet-left-out",
        "Vjetra",
        lambda: changed([H, person()], second_sheet(rows=[["Shënime"]])),
        stops=False,
    ),
    "two columns of e-mail": Case(
        "import.column-twice", "Lista!G1", lambda: list_of([*person(), "a@example.org"], header=[*H, "Email"])
    ),
    "first names without last names": Case(
        "import.no-lastname-column", "Lista!A1", lambda: workbook([["Prenume", "E-mail"], ["Ana", None]])
    ),
    "last names without first names": Case(
        "import.no-firstname-column", "Lista!A1", lambda: workbook([["Mbiemri", "E-mail"], ["Leka", None]])
    ),
    "a misspelt heading": Case(
        "import.column-similar",
        "Lista!E1",
        lambda: list_of(
            person(), header=["Nr.", "Emri", "Mbiemri", "Bashkia", "Posta elektornike", "Gjinia"]
        ),
        stops=False,
    ),
    "a column without a heading": Case(
        "import.column-without-header", "Lista!G2", lambda: list_of([*person(), "x"]), stops=False
    ),
    "a personal number": Case(
        "import.column-not-kept",
        "Lista!G1",
        lambda: list_of([*person(), "I85101001A"], header=[*H, "Numri personal"]),
        stops=False,
    ),
    "a hidden column": Case(
        "import.column-hidden", "Lista!F1", lambda: changed([H, person()], hide(column="F")), stops=False
    ),
    "hidden rows": Case(
        "import.rows-hidden",
        "Lista!3",
        lambda: changed([H, person(), person("Ana", "Leka")], hide(row=3)),
        stops=False,
    ),
    "a header and nobody": Case("import.no-rows", "Lista!1", list_of),
    "the header again on the next page": Case(
        "import.header-again", "Lista!3", lambda: list_of(person(), H, person("Ana", "Leka")), stops=False
    ),
    "a sum": Case("import.total-row", "Lista!A3", lambda: list_of(person(), ["Gjithsej:", 1]), stops=False),
    "an institution as a heading between rows": Case(
        "import.institution-heading",
        "Lista!A2",
        lambda: workbook([["Emri", "Mbiemri", "Gjinia"], ["Bashkia Berat"], ["Genti", "Marku", "M"]]),
        stops=False,
    ),
    "the institution in the title": Case(
        "import.institution-from-title",
        "Lista!A1",
        lambda: workbook([["Institucioni: Bashkia Vlorë"], ["Emri", "Mbiemri"], ["Genti", "Marku"]]),
        stops=False,
    ),
    "an institution merged over its people": Case(
        "import.merged-filled",
        "Lista!D2",
        lambda: changed([H, person(), person("Ana", "Leka", None)], merge("D2:D3")),
        stops=False,
    ),
    "a signature below the list": Case(
        "import.row-outside",
        "Lista!G4",
        lambda: workbook(
            [[*H, None], person(), [], [None, None, None, None, None, None, "Përgatiti: A. Leka"]]
        ),
        stops=False,
    ),
    "a row twice": Case("import.row-repeated", "Lista!3", lambda: list_of(person(), person()), stops=False),
    # --- cells ---
    "names in capitals": Case(
        "import.capitals", "Lista!B2", lambda: list_of(person("ÇLIRIM", "Këllezi")), stops=False
    ),
    "Cyrillic letters in a name": Case(
        "import.look-alike", "Lista!C2", lambda: list_of(person(last="M\u0430rku")), stops=False
    ),
    "a name in Cyrillic": Case("import.other-script", "Lista!B2", lambda: list_of(person("Иван"))),
    "a zero-width space": Case(
        "import.invisible", "Lista!C2", lambda: list_of(person(last="Mar\u200bku")), stops=False
    ),
    "Romanian cedillas": Case(
        "import.cedilla",
        "Lista!A2",
        lambda: workbook([["Nume", "Prenume", "Instituția"], ["Ţurcanu", "Ioana", "igm"]]),
        stops=False,
    ),
    "a title before the name": Case(
        "import.title-dropped", "Lista!B2", lambda: list_of(person("Znj. Ana", "Leka")), stops=False
    ),
    "UTF-8 read as something else": Case(
        "import.mojibake", "Lista!C2", lambda: list_of(person(last="KÃ«lliÃ§i"))
    ),
    "letters lost on the way": Case("import.letters-lost", "Lista!B2", lambda: list_of(person("Shpres?"))),
    "two people in a cell": Case("import.several-people", "Lista!B2", lambda: list_of(person("Ana\nBesa"))),
    "two whole names in a cell": Case(
        "import.several-people",
        "Lista!A2",
        lambda: workbook([["Emër Mbiemër", "Bashkia"], ["Ana Leka dhe Besa Gjoka", "berat"]]),
    ),
    "a number in a name": Case("import.digits-in-name", "Lista!B2", lambda: list_of(person("Genti 2"))),
    "a formula as a name": Case("import.formula-like", "Lista!B2", lambda: list_of(person("'@SUM"))),
    "an address as a name": Case(
        "import.not-a-name", "Lista!C2", lambda: list_of(person(last="g.marku@example.org"))
    ),
    "a whole name of one word": Case(
        "import.one-word-name",
        "Lista!A2",
        lambda: workbook([["Emër Mbiemër", "Bashkia"], ["Genti", "berat"]]),
    ),
    "an order that nobody knows": Case(
        "import.name-order",
        "Lista!A2",
        lambda: workbook([["Emri i plotë", "Bashkia"], ["Genti Marku", "berat"]]),
    ),
    "three names": Case(
        "import.name-split",
        "Lista!A2",
        lambda: workbook([["Emër Mbiemër", "Bashkia"], ["Ana Maria Leka", "berat"]]),
        stops=False,
    ),
    "a formula that was never calculated": Case(
        "import.formula-without-value", "Lista!C2", lambda: list_of(person(last='=UPPER("marku")'))
    ),
    "an error value": Case("import.error-value", "Lista!D2", lambda: list_of(person(at="#REF!"))),
    "a gender that is none": Case("import.bad-gender", "Lista!F2", lambda: list_of(person(sex="po"))),
    "an address with a full stop and spaces": Case(
        "import.email-mended", "Lista!E2", lambda: list_of(person(mail=" g.marku @example.org.")), stops=False
    ),
    "an address without a domain": Case(
        "import.bad-email", "Lista!E2", lambda: list_of(person(mail="g.marku@bashkia"))
    ),
    "two addresses": Case(
        "import.several-emails", "Lista!E2", lambda: list_of(person(mail="a@example.org; b@example.org"))
    ),
    "a number that was rounded": Case(
        "import.number-rounded",
        "Lista!A2",
        lambda: workbook(
            [["Kodi", "Emri", "Mbiemri", "Bashkia"], [1.2345678901234567e19, "Genti", "Marku", "berat"]]
        ),
    ),
    "a number with a fraction": Case(
        "import.number-with-fraction",
        "Lista!A2",
        lambda: workbook([["Kodi", "Emri", "Mbiemri", "Bashkia"], [12.5, "Genti", "Marku", "berat"]]),
    ),
    "an institution misspelt": Case(
        "import.institution-similar", "Lista!D2", lambda: list_of(person(at="Bashkia Elbassan"))
    ),
    "an institution that is not there": Case(
        "import.institution-unknown", "Lista!D2", lambda: list_of(person(at="Ministria e Punëve"))
    ),
    "no institution": Case("import.no-institution", "Lista!D2", lambda: list_of(person(at=None))),
    "no last name": Case("import.no-lastname", "Lista!C2", lambda: list_of(person(last=None))),
    "no first name": Case("import.no-firstname", "Lista!B2", lambda: list_of(person(first="-"))),
    "only an address": Case(
        "import.no-name", "Lista!B2", lambda: list_of(person(None, None, mail="a@example.org"))
    ),
    "a date that is none": Case(
        "import.bad-date",
        "Lista!D2",
        lambda: workbook([["Emri", "Mbiemri", "Bashkia", "Që nga"], ["Ana", "Leka", "berat", "31.02.2026"]]),
    ),
    "a day or a month": Case(
        "import.date-ambiguous",
        "Lista!D2",
        lambda: workbook(
            [["First name", "Last name", "Institution", "Since"], ["Ana", "Leka", "berat", "03/04/2026"]]
        ),
    ),
    "a day to come": Case(
        "import.date-in-future",
        "Lista!D2",
        lambda: workbook(
            [["Emri", "Mbiemri", "Bashkia", "Që nga"], ["Ana", "Leka", "berat", datetime.date(2027, 1, 1)]]
        ),
    ),
    "a language that is none": Case(
        "import.bad-language",
        "Lista!D2",
        lambda: workbook([["Emri", "Mbiemri", "Bashkia", "Gjuha"], ["Ana", "Leka", "berat", "po"]]),
    ),
    "a user name with a space": Case(
        "import.bad-username",
        "Lista!D2",
        lambda: workbook(
            [["First name", "Last name", "Institution", "Username"], ["Ana", "Leka", "berat", "ana leka"]]
        ),
    ),
    "a course by its title": Case(
        "import.course-unknown",
        "Lista!D2",
        lambda: workbook(
            [["Emri", "Mbiemri", "Bashkia", "Trajnimi"], ["Ana", "Leka", "berat", "Arkiv dhe protokoll"]]
        ),
        options={"known_courses": ["archive"]},
    ),
    "a name longer than Moodle takes": Case(
        "import.cell-too-long", "Lista!B2", lambda: list_of(person("A" + "na" * 60))
    ),
    # --- who is who ---
    "an address that somebody has": Case(
        "import.same-email", "Lista!2", lambda: list_of(person(mail="besnik.hoxhaj@example.org"))
    ),
    "a name that somebody has": Case(
        "import.same-name", "Lista!2", lambda: list_of(person("Drita", "Mehilli", "vlore"))
    ),
    "another spelling of a name": Case(
        "import.similar-name", "Lista!2", lambda: list_of(person("Besnik", "Hoxha", "elbasan"))
    ),
    "a name from another institution": Case(
        "import.same-name-elsewhere",
        "Lista!2",
        lambda: list_of(person("Drita", "Mëhilli", "berat", None, "F")),
    ),
    "a number of somebody else": Case(
        "import.idnumber-other-name",
        "Lista!2",
        lambda: workbook([["Kodi", "Emri", "Mbiemri", "Bashkia"], ["AO-0001", "Genti", "Marku", "berat"]]),
    ),
    "a number twice": Case(
        "import.rows-contradict",
        "Lista!3",
        lambda: workbook(
            [
                ["Kodi", "Emri", "Mbiemri", "Bashkia"],
                ["N-1", "Genti", "Marku", "berat"],
                ["N-1", "Genti", "Marku", "vlore"],
            ]
        ),
    ),
}


def found(read: Understand, case: Case) -> dict[tuple[str, str], bool]:
    """Every message with its cell, and whether it keeps anything from being written."""
    try:
        result = read(case.content, case.name, **case.options)
    except ContentError as error:
        return {(one.code, str(one.params.get("cell", ""))): True for one in error.problems}
    said = {(one.code, str(one.params.get("cell", ""))): False for one in result.told}
    said |= {(one.code, str(one.params.get("cell", ""))): True for one in result.errors}
    said |= {(one.reason, one.cell): True for one in result.comparison.questions}
    return said


def test_there_are_many_kinds_of_malformed_lists() -> None:
    assert len(CASES) == 82
    assert len({case.code for case in CASES.values()}) >= 73


@pytest.mark.parametrize("name", CASES)
def test_a_malformed_list_gets_its_message_at_its_cell(read: Understand, academy: Path, name: str) -> None:
    case = CASES[name]
    before = (academy / "people" / "participants.csv").read_bytes()
    said = found(read, case)
    assert said.get((case.code, case.cell)) is case.stops, said
    for language in LANGUAGES:
        assert case.code in catalogue(language)
        assert text(case.code, {}, language)
    assert (academy / "people" / "participants.csv").read_bytes() == before


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.stops])
def test_what_stops_a_list_says_what_to_do_and_writes_nothing(
    read: Understand, academy: Path, name: str
) -> None:
    case = CASES[name]
    assert all("remedy" in catalogue(language)[case.code] for language in LANGUAGES)
    before = (academy / "people" / "participants.csv").read_bytes()
    try:
        result = read(case.content, case.name, **case.options)
    except ContentError:
        return
    assert result.content is None
    assert store(result, academy, language="en") is False
    assert (academy / "people" / "participants.csv").read_bytes() == before


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.stops])
def test_what_is_only_told_is_taken_over(read: Understand, academy: Path, name: str) -> None:
    case = CASES[name]
    result = read(case.content, case.name, **case.options)
    assert result.decided, [one.code for one in result.errors] + [
        one.reason for one in result.comparison.questions
    ]
    assert store(result, academy, language="en") is True
    assert len(result.comparison.new) >= 1
