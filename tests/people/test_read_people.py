from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.messages import LANGUAGES, catalogue
from authoring.problems import ContentError, Problem
from lms_sync.people import People, read_people
from lms_sync.people.read_csv import escaped, unescaped, write_csv

INSTITUTIONS = (
    "code,name_sq,name_en,kind,region,parent\nberat,Bashkia Berat,Municipality of Berat,municipality,Berat,\n"
)
HEADER = "idnumber,username,email,firstname,lastname,institution,courses,gender,language\n"
ARTA = "A-1,Arta.Leka,arta@example.org,Arta,Leka,berat,archive;ethics,F,sq\n"


def academy(folder: Path, participants: str | bytes, institutions: str | bytes = INSTITUTIONS) -> Path:
    (folder / "people").mkdir(exist_ok=True)
    for name, content in (("participants", participants), ("institutions", institutions)):
        raw = content.encode("utf-8") if isinstance(content, str) else content
        (folder / "people" / f"{name}.csv").write_bytes(raw)
    return folder


def problems(folder: Path, **options: object) -> list[tuple[str, str]]:
    with pytest.raises(ContentError) as caught:
        read_people(folder, **options)  # type: ignore[arg-type]
    return [(problem.code, str(problem.place)) for problem in caught.value.problems]


def test_the_example_academy_reads_without_a_problem() -> None:
    people = read_people(Path(__file__).parents[2] / "examples" / "archive-officers")
    assert len(people.institutions) == 61
    assert len(people.participants) >= 24
    assert people.warnings == ()


def test_a_participant_is_read_whole(tmp_path: Path) -> None:
    (arta,) = read_people(academy(tmp_path, HEADER + ARTA)).participants
    assert (arta.idnumber, arta.username, arta.email) == ("A-1", "arta.leka", "arta@example.org")
    assert arta.courses == ("archive", "ethics")
    assert (arta.gender, arta.language, arta.name) == ("female", "sq", "Arta Leka")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"sep=;\n"])
def test_what_excel_saves_is_read(tmp_path: Path, start: bytes, newline: str) -> None:
    text = (HEADER + ARTA).replace(";", "|").replace(",", ";").replace("|", ",")
    people = read_people(academy(tmp_path, start + text.replace("\n", newline).encode()))
    assert people.participants[0].courses == ("archive", "ethics")
    assert people.delimiter == ";"


def test_letters_come_in_one_unicode_form_and_without_spaces_around(tmp_path: Path) -> None:
    people = read_people(academy(tmp_path, HEADER + "A-1,,, E\u0308rle\u0301 ,\u00a0C\u0327ela,berat,,,\n"))
    assert people.participants[0].name == "Ërlé Çela"


def test_an_academy_without_people_is_fine(tmp_path: Path) -> None:
    assert read_people(tmp_path) == People()


def test_every_wrong_cell_is_told_with_its_line_and_column(tmp_path: Path) -> None:
    participants = HEADER + (
        "A-1,arta,arta@example.org,Arta,Leka,berat,archive,F,sq\n"
        "\n"
        "a-1,ARTA,arta(at)example.org,Besa,,berta,arhcive,X,albanian language\n"
        '"A-3",b c,x@example.org,"two\nlines",Leka,berat,,,\n'
        "A-4,dea,dea@example.org,Dea,Leka,berat,,,,too many\n"
    )
    folder = academy(tmp_path, participants)
    assert problems(folder) == [
        ("people.value-missing", "people/participants.csv:4:5"),
        ("people.control-character", "people/participants.csv:5:4"),
        ("people.too-many-cells", "people/participants.csv:7"),
    ]
    mended = (
        participants.replace("Besa,,", "Besa,Gj,").replace("two\nlines", "Two").replace(",,,too many", ",")
    )
    assert problems(academy(tmp_path, mended), courses=["archive"]) == [
        ("people.duplicate", "people/participants.csv:4:1"),
        ("people.duplicate", "people/participants.csv:4:2"),
        ("people.bad-email", "people/participants.csv:4:3"),
        ("people.unknown-institution-similar", "people/participants.csv:4:6"),
        ("people.unknown-course-similar", "people/participants.csv:4:7"),
        ("people.bad-gender", "people/participants.csv:4:8"),
        ("people.bad-language", "people/participants.csv:4:9"),
        ("people.bad-username", "people/participants.csv:5:2"),
    ]


def test_wrong_institutions_are_told_and_do_not_make_every_participant_wrong(tmp_path: Path) -> None:
    institutions = "code,name_sq,parent\na b,Bashkia,\nberat,,\nfier,Fier,roskovec\nx,X,y\ny,Y,x\nX,Xx,\n"
    assert problems(academy(tmp_path, HEADER + ARTA, institutions)) == [
        ("people.bad-code", "people/institutions.csv:2:1"),
        ("people.no-name", "people/institutions.csv:3:1"),
        ("people.unknown-parent", "people/institutions.csv:4:3"),
        ("people.parent-loop", "people/institutions.csv:5:3"),
        ("people.parent-loop", "people/institutions.csv:6:3"),
        ("people.duplicate", "people/institutions.csv:7:1"),
    ]


@pytest.mark.parametrize(
    ("participants", "expected"),
    [
        ("", [("people.empty-file", "people/participants.csv:1")]),
        ("idnumber,firstname,lastname\n", [("people.column-missing", "people/participants.csv:1")]),
        (
            "idnumber,firstname,lastname,institution,Email,email\n",
            [("people.column-twice", "people/participants.csv:1:6")],
        ),
        (HEADER + 'A-1,"arta,x\n', [("people.csv-syntax", "people/participants.csv:2")]),
        (HEADER.encode() + b"A-1,,,\xc7ela,x,berat,,,\n", [("yaml.not-utf8", "people/participants.csv:2")]),
        (
            b"\x00\x01\x02",
            [("people.column-missing", "people/participants.csv:1")] * 4
            + [("people.column-unknown", "people/participants.csv:1:1")],
        ),
    ],
    ids=["empty", "no institution", "twice", "open quote", "windows letters", "no text"],
)
def test_a_file_that_is_no_list_of_people_is_told(
    tmp_path: Path, participants: str | bytes, expected: list[tuple[str, str]]
) -> None:
    assert problems(academy(tmp_path, participants)) == expected


def test_a_column_with_a_slip_in_its_name_is_a_warning(tmp_path: Path) -> None:
    people = read_people(academy(tmp_path, HEADER.replace("email", "emial") + ARTA))
    assert [(warning.code, warning.params["similar"]) for warning in people.warnings] == [
        ("people.column-unknown-similar", "email")
    ]


@pytest.mark.parametrize("good", ["a@b.al", "a.b+c@x-y.gov.al", "o'neil@example.org"])
@pytest.mark.parametrize(
    "bad", ["a", "a@b", "a@b..al", ".a@b.al", "a.@b.al", "a b@c.al", "a@b.al, c@d.al", "a@-b.al"]
)
def test_only_an_email_address_is_one(tmp_path: Path, good: str, bad: str) -> None:
    read_people(academy(tmp_path, HEADER + f'A-1,,"{good}",A,B,berat,,,\n'))
    assert problems(academy(tmp_path, HEADER + f'A-1,,"{bad}",A,B,berat,,,\n'))[0][0] == "people.bad-email"


@settings(max_examples=60)
@given(st.lists(st.text(), min_size=1, max_size=3))
def test_no_cell_that_is_written_begins_like_a_formula_and_each_can_be_had_back(cells: list[str]) -> None:
    (row,) = csv.reader(io.StringIO(write_csv([cells]).decode("utf-8-sig"), newline=""))
    for cell, written in zip(cells, row, strict=True):
        assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
        if "\r" not in cell:
            assert escaped(cell) == written
            assert unescaped(written) == cell


@settings(max_examples=200)
@given(st.lists(st.text("=+-@＝;,\n\t\"' a"), min_size=1, max_size=3), st.sampled_from(",;"))
def test_a_spreadsheet_with_another_separator_finds_no_formula_either(
    cells: list[str], delimiter: str
) -> None:
    said = write_csv([cells], delimiter).decode("utf-8-sig")
    for other in ",;\t":
        for line in said.split("\n"):  # as if it took no quotation mark seriously, or all of them away
            for cell in line.split(other):
                assert not cell.strip('"').startswith(("=", "+", "-", "@", "＝"))
    for cell in cells:
        assert unescaped(escaped(cell)) == cell


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1", "'=1"),
        ("a;=1", "a;'=1"),
        ("a\n@x", "a\n'@x"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("A-1; B-2", "A-1; B-2"),
    ],
)
def test_a_formula_is_told_by_where_it_stands(cell: str, written: str) -> None:
    assert (escaped(cell), unescaped(written)) == (written, cell)


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_in_any_other_way(raw: bytes) -> None:
    import tempfile

    told: tuple[Problem, ...] = ()
    with tempfile.TemporaryDirectory() as folder:
        try:
            read_people(academy(Path(folder), HEADER.encode() + raw))
        except ContentError as error:
            told = error.problems
    assert all(problem.code in catalogue("en") for problem in told)


def test_every_text_of_people_is_there_in_three_languages() -> None:
    codes = {
        code for code in catalogue("en") if code.split(".")[0] in ("people", "pull", "report", "schedule")
    }
    for language in LANGUAGES:
        assert codes <= catalogue(language).keys()
