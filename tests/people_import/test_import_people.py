"""What a list says is taken over as it is meant, once, and never half-way."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authoring.problems import ContentError
from lms_sync.people import read_people
from lms_sync.people.import_dates import NoDate, read_date
from lms_sync.people.import_decisions import DECISIONS
from lms_sync.people.import_letters import clean, in_latin, name_case, split_name
from lms_sync.people.import_people import ImportResult, store
from lms_sync.people.import_words import gender_of
from lms_sync.people.import_write import with_people
from tests.people_import.conftest import PARTICIPANTS, Understand, workbook

H = ["Emri", "Mbiemri", "Bashkia", "E-mail"]


def rows(folder: Path) -> list[dict[str, str]]:
    raw = (folder / "people" / "participants.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(raw)))


def decide(folder: Path, *words: str) -> None:
    """Writes words into the column decision, in the order of the open questions."""
    path = folder / DECISIONS
    lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    waiting = [line for line in lines[1:] if not line[-1]]
    assert len(waiting) == len(words), waiting
    for line, word in zip(waiting, words, strict=True):
        line[-1] = word
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    path.write_text(out.getvalue(), encoding="utf-8")


def imported(read: Understand, folder: Path, content: Any, *words: str, **options: Any) -> ImportResult:
    """Imports a list; questions are answered with `words`."""
    result = read(content, **options)
    if words:
        assert not store(result, folder, language="en")
        decide(folder, *words)
        result = read(content, **options)
    assert store(result, folder, language="en"), [one.reason for one in result.comparison.questions]
    return result


# --- letters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ÇELA", "Çela"),
        ("ËNGJËLL", "Ëngjëll"),
        ("FUSHË-ARRËZ", "Fushë-Arrëz"),
        ("ȘTEFĂNESCU", "Ștefănescu"),
        ("D'ANGELO", "D'Angelo"),
        ("çela", "Çela"),
        ("McArthur", "McArthur"),
        ("de la Cruz", "de la Cruz"),
        ("Leka HOXHA", "Leka Hoxha"),
        ("İBRAHİM", "İbrahim"),
    ],
)
def test_capitals_become_a_name_with_its_own_letters(written: str, meant: str) -> None:
    assert name_case(written) == meant


@given(st.text(st.characters(categories=["Lu", "Ll"], max_codepoint=0x24F), min_size=1, max_size=20))
def test_a_name_keeps_its_letters_whatever_their_case(name: str) -> None:
    once = name_case(name)
    assert once.casefold() == name.casefold() or "i" in once.casefold()
    assert name_case(once) == once


def test_combining_marks_and_odd_spaces_become_one_form() -> None:
    assert clean(" C\u0327ela\u00a0\u2003Arjola\u200b ").text == "Çela Arjola"


@given(st.text(max_size=40))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text).text
    assert clean(once).text == once


@pytest.mark.parametrize("cyrillic", ["Аrben", "Аrbеn", "Маrku", "Dritа"])
def test_look_alikes_become_latin_and_are_told(cyrillic: str) -> None:
    latin = in_latin(cyrillic)
    assert latin.text.isascii()
    assert [one.code for one in latin.findings] == ["look-alike"]


def test_cedillas_change_only_in_romanian_and_not_in_turkish_names() -> None:
    assert clean("Ştefan Ţurcanu", romanian=True).text == "Ștefan Țurcanu"
    assert clean("Işık", romanian=True).text == "Işık"
    assert clean("Ştefan").text == "Ştefan"


@pytest.mark.parametrize(
    ("text", "order", "given", "family"),
    [
        ("ÇELA ARJOLA", "family-given", "Arjola", "Çela"),
        ("ÇELA Arjola", "unknown", "Arjola", "Çela"),
        ("Arjola ÇELA", "family-given", "Arjola", "Çela"),
        ("Çela, Arjola", "given-family", "Arjola", "Çela"),
        ("Znj. Arjola Çela", "given-family", "Arjola", "Çela"),
        ("POPESCU-IONESCU Ana Maria", "unknown", "Ana Maria", "Popescu-Ionescu"),
    ],
)
def test_one_cell_gives_given_and_family_name(text: str, order: Any, given: str, family: str) -> None:
    name = split_name(text, order)
    assert (name.given, name.family) == (given, family)
    assert not name.stops


@pytest.mark.parametrize(
    ("word", "gender"),
    [
        ("F", "female"), ("femër", "female"), ("Femeie", "female"), ("Grua", "female"), ("FEMALE", "female"),
        ("M", "male"), ("Mashkull", "male"), ("bărbat", "male"), ("burre", "male"),
        ("tjetër", "other"), ("altul", "other"), ("Other", "other"),
        ("prefer not to say", "undisclosed"), ("Nuk dëshiroj ta them", "undisclosed"),
        ("Prefer să nu spun", "undisclosed"), ("po", None), ("", None),
    ],
)  # fmt: skip
def test_gender_is_understood_in_three_languages(word: str, gender: str | None) -> None:
    assert gender_of(word) == gender


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("2026-03-12", "en"), ("12.03.2026", "sq"), ("12/3/26", "ro"), ("12 mars 2026", "sq"),
        ("12 martie 2026", "ro"), ("12 March 2026", "en"), ("46093", "sq"), ("12.03.2026.", "sq"), ("12 - 03 - 2026", "ro"),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text: str, language: str) -> None:
    assert read_date(text, language) == datetime.date(2026, 3, 12)


@given(st.text(max_size=20))
def test_no_text_makes_the_date_reader_fail_otherwise(text: str) -> None:
    with contextlib.suppress(NoDate):
        assert read_date(text, "sq").year > 1900


# --- a list is taken over -------------------------------------------------------------------------


def test_two_header_rows_merged_cells_and_a_title_are_understood(read: Understand, academy: Path) -> None:
    def join(_book: Any, sheet: Any) -> None:
        for one in ("A1:F1", "B3:C3", "D3:D4", "E3:F3", "D5:D6"):
            sheet.merge_cells(one)

    content = workbook(
        [
            ["REPUBLIKA E SHQIPËRISË"],
            [],
            ["Nr.", "Punonjësi", None, "Bashkia", "Kontakt"],
            [None, "Emri", "Mbiemri", None, "E-mail", "Tel."],
            [1, "GENTI", "MARKU", "Bashkia Berat", "g.marku@example.org", "069"],
            [2, "Ana", "Leka", None, None, None],
        ],
        join,
    )
    result = imported(read, academy, content)
    assert [(c.field, c.row, c.number) for c in result.sheets[0].header.columns] == [
        ("row_number", 3, 1),
        ("firstname", 4, 2),
        ("lastname", 4, 3),
        ("institution", 3, 4),
        ("email", 4, 5),
        ("phone", 4, 6),
    ]
    new = rows(academy)[3:]
    assert [(r["idnumber"], r["firstname"], r["lastname"], r["institution"]) for r in new] == [
        ("AO-0004", "Genti", "Marku", "berat"),
        ("AO-0005", "Ana", "Leka", "berat"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_is_read_whatever_its_separator(read: Understand, academy: Path, delimiter: str) -> None:
    content = "\n".join(delimiter.join(row) for row in [H, ["Genti", "Marku", "berat", "g@example.org"]])
    imported(read, academy, content.encode("utf-8-sig"), name="list.csv")
    assert rows(academy)[-1]["lastname"] == "Marku"


def test_lines_that_do_not_change_stay_byte_for_byte(read: Understand, academy: Path) -> None:
    imported(read, academy, [H, ["Genti", "Marku", "Bashkia Berat", None]])
    after = (academy / "people" / "participants.csv").read_text(encoding="utf-8")
    assert after == PARTICIPANTS + "AO-0004,,,Genti,Marku,berat,,,,\n"


def test_a_changed_row_changes_alone_and_keeps_its_remark(read: Understand, academy: Path) -> None:
    listed = [["Kodi", *H, "Që nga"], ["AO-0003", "Drita", "Mëhilli", "Bashkia Berat", None, "01.09.2026"]]
    result = imported(read, academy, listed)
    (outcome,) = result.comparison.outcomes
    assert [(c.field, c.before, c.after) for c in outcome.changes] == [
        ("institution", "vlore", "berat"),
        ("since", "", "2026-09-01"),
    ]
    before, after = (
        PARTICIPANTS.splitlines(),
        (academy / "people" / "participants.csv").read_text().splitlines(),
    )
    assert after[0] == before[0] + ",since"
    assert after[1:3] == before[1:3]
    assert after[3] == 'AO-0003,,,Drita,Mëhilli,berat,archive,F,sq,"on leave, until May",2026-09-01'
    assert read_people(academy).participants[2].since == datetime.date(2026, 9, 1)


def test_the_same_list_again_changes_nothing_and_asks_nothing(read: Understand, academy: Path) -> None:
    content = workbook(
        [H, ["Genti", "Marku", "Bashkia Berat", "g@example.org"], ["Ana", "Leka", "Bashkia Berat", None]]
    )
    imported(read, academy, content)
    before = (academy / "people" / "participants.csv").read_bytes()
    again = imported(read, academy, content)
    assert [one.kind for one in again.comparison.outcomes] == ["same", "same"]
    assert (academy / "people" / "participants.csv").read_bytes() == before


def test_an_empty_cell_takes_nothing_away_and_courses_are_added(read: Understand, academy: Path) -> None:
    listed = [["Kodi", *H, "Kurset"], ["AO-0001", "Arjola", "Çela", "cerrik", None, "ethics"]]
    imported(read, academy, listed)
    first = rows(academy)[0]
    assert (first["email"], first["courses"]) == ("arjola.cela@example.org", "archive ethics")


def test_a_person_decides_who_is_the_same(read: Understand, academy: Path) -> None:
    listed = [H, ["Besnik", "Hoxha", "elbasan", None], ["Drita", "Mëhilli", "berat", None]]
    result = imported(read, academy, listed, "different", "same")
    assert [(one.kind, one.idnumber) for one in result.comparison.outcomes] == [
        ("new", "AO-0004"),
        ("changed", "AO-0003"),
    ]
    assert [row["institution"] for row in rows(academy)] == ["cerrik", "elbasan", "berat", "elbasan"]


def test_a_decision_holds_when_the_row_moves(read: Understand, academy: Path) -> None:
    imported(read, academy, [H, ["Besnik", "Hoxha", "elbasan", None]], "skip")
    moved = read([["Lista"], [], H, ["Ana", "Leka", "berat", None], ["Besnik", "Hoxha", "elbasan", None]])
    assert moved.comparison.questions == ()


def test_a_name_of_an_institution_is_decided_once_for_all_its_rows(read: Understand, academy: Path) -> None:
    listed = [H, *([f"Ana{letter}", "Leka", "Bashkia Elbassan", None] for letter in "bcdk")]
    result = read(listed)
    assert len(result.comparison.questions) == 1
    imported(read, academy, [H, ["Genti", "Marku", "Bashkia Elbassan", None]], "same")
    assert rows(academy)[-1]["institution"] == "elbasan"


def test_a_row_with_a_mistake_may_be_left_out_and_the_rest_is_taken(read: Understand, academy: Path) -> None:
    listed = [
        [*H, "Gjinia"],
        ["Genti", "Marku", "berat", "nowhere", "po"],
        ["Ana", "Leka", "berat", None, "F"],
    ]
    assert len(read(listed).comparison.questions) == 2  # both cells are told at once
    result = imported(read, academy, listed, "skip")
    assert [one.kind for one in result.comparison.outcomes] == ["skipped", "new"]


def test_nothing_is_written_while_anything_is_undecided(read: Understand, academy: Path) -> None:
    listed = [H, ["Ana", "Leka", "berat", None], ["Genti", "Marku", "Bashkia Elbassan", None]]
    assert not store(read(listed), academy, language="sq")
    assert (academy / "people" / "participants.csv").read_text(encoding="utf-8") == PARTICIPANTS


def test_a_decision_that_is_none_is_told_with_its_line(read: Understand, academy: Path) -> None:
    assert not store(read([H, ["Besnik", "Hoxha", "elbasan", None]]), academy, language="en")
    decide(academy, "perhaps")
    with pytest.raises(ContentError) as caught:
        read([H, ["Besnik", "Hoxha", "elbasan", None]])
    assert [(one.code, one.place.line) for one in caught.value.problems] == [("import.decision-unknown", 2)]


def test_an_address_of_an_office_makes_nobody_the_same(read: Understand, academy: Path) -> None:
    listed = [
        H,
        *(
            [name, last, "vlore", "zyra@example.org"]
            for name, last in (("Ana", "Leka"), ("Genti", "Marku"), ("Zana", "Prifti"))
        ),
    ]
    result = imported(read, academy, listed)
    assert [one.kind for one in result.comparison.outcomes] == ["new"] * 3


def test_a_number_that_somebody_had_once_is_given_to_nobody(read: Understand) -> None:
    result = read([H, ["Genti", "Marku", "berat", None]], taken={"AO-0007"})
    assert result.comparison.outcomes[0].idnumber == "AO-0008"


def test_hidden_letters_make_no_second_person(read: Understand, academy: Path) -> None:
    spelled = [H, ["ARJOLA", "C\u0327ЕLА", "Bashkia\u00a0Cërrik", "Arjola.Cela@example.org."]]
    result = imported(read, academy, spelled)
    assert [(one.kind, one.idnumber) for one in result.comparison.outcomes] == [("same", "AO-0001")]


def test_a_list_changed_meanwhile_is_not_overwritten(read: Understand, academy: Path) -> None:
    result = read([H, ["Genti", "Marku", "berat", None]])
    path = academy / "people" / "participants.csv"
    path.write_text(PARTICIPANTS + "AO-0009,,,Zana,Prifti,berat,,,,\n", encoding="utf-8")
    with pytest.raises(ContentError):
        store(result, academy, language="en")
    assert "Prifti" in path.read_text(encoding="utf-8")


def test_a_first_list_makes_the_file(read: Understand, academy: Path) -> None:
    (academy / "people" / "participants.csv").unlink()
    imported(read, academy, [H, ["Genti", "Marku", "berat", "g@example.org"]])
    assert [(one.idnumber, one.name) for one in read_people(academy).participants] == [
        ("P-0001", "Genti Marku")
    ]


# --- laws -----------------------------------------------------------------------------------------

cells = st.one_of(
    st.none(),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(
        [
            "Emri",
            "Mbiemri",
            "Bashkia Berat",
            "berat",
            "Gjithsej",
            "a@example.org",
            "-",
            "Ana",
            "Ana Leka",
            "F",
        ]
    ),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 1, 1)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.lists(cells, min_size=1, max_size=6), max_size=8), st.booleans())
def test_no_sheet_makes_the_reader_fail_and_what_it_writes_can_be_read(
    read: Understand, academy: Path, body: list[list[Any]], headed: bool
) -> None:
    path = academy / "people" / "participants.csv"
    path.write_text(PARTICIPANTS, encoding="utf-8")
    (academy / DECISIONS).unlink(missing_ok=True)
    try:
        content = workbook([["Emri", "Mbiemri", "Bashkia", "E-mail", "Gjinia"], *body] if headed else body)
    except ValueError:
        return  # not even the writer takes it
    try:
        result = read(content)
    except ContentError:
        return
    store(result, academy, language="en")
    after = path.read_text(encoding="utf-8")
    if not result.decided:
        assert after == PARTICIPANTS
    people = read_people(academy).participants
    assert len(people) == 3 + len(result.comparison.new)
    assert len({one.idnumber for one in people}) == len(people)


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8), min_size=10, max_size=10),
    st.sampled_from([",", ";"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_adding_a_row_leaves_every_byte_before_it(
    values: list[str], delimiter: str, newline: str, mark: bool
) -> None:
    out = io.StringIO(newline="")
    table = csv.writer(out, delimiter=delimiter, lineterminator=newline)
    table.writerow(["idnumber", "firstname", "lastname", "institution", "note"])
    table.writerow(values[:5])
    table.writerow(values[5:])
    before = (b"\xef\xbb\xbf" if mark else b"") + out.getvalue().encode()
    new = {"N-1": {"idnumber": "N-1", "firstname": "Ana", "lastname": "Leka", "institution": "berat"}}
    after = with_people(before, new, {}, delimiter=delimiter)
    assert after.startswith(before)
    assert after[len(before) :].decode() == delimiter.join(["N-1", "Ana", "Leka", "berat", ""]) + newline
