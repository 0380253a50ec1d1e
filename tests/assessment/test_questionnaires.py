"""A form goes out, comes back filled in, and is understood as a whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine, select

from authoring.problems import ContentError
from lms_sync.assessment.answers import RecordedAnswers, compared, record_answers
from lms_sync.assessment.files import programme_files
from lms_sync.assessment.form import Form, form_pdf, form_xlsx
from lms_sync.people import read_people
from lms_sync.programme_files import ProgrammeFiles
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading
from programmes.attendance import read_cells

SITE = "home"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
PROGRAMME = """\
schema: programme/1
id: counter
title: {sq: Sporteli, en: The counter}
languages: [sq, en]
timezone: Europe/Tirane
dates: {from: 2026-01-12, until: 2026-12-18}
disclaimer: {sq: Mendime të autorëve., en: The authors' views.}
questionnaires: [baseline, follow-up, opinion]
"""
QUESTIONS = """\
title: {sq: Gjendja, en: The state}
text: {sq: Zgjidhni atë që shihni., en: Choose what you see.}
areas: [{id: book, title: {sq: Libri, en: The book}}]
questions:
  - {id: kept, area: book, type: choice, required: true, question: {sq: A mbahet?, en: Is it kept?},
     answers: [{text: {sq: Jo, en: "No"}}, {text: {sq: Po, en: "Yes"}, points: 2}]}
  - {id: order, type: rating, weight: 2, question: {sq: Sa mirë?, en: How well?},
     scale: [{sq: Keq, en: Badly}, {sq: Mirë, en: Well}, {sq: Shumë mirë, en: Very well}]}
  - {id: metres, type: number, min: 0, max: 900, question: {sq: Sa metra?, en: How many metres?}, unit: m}
  - {id: words, type: text, question: {sq: Çfarë mungon?, en: What is missing?}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "programmes").mkdir()
    (tmp_path / "programmes" / "counter.yaml").write_text(PROGRAMME, encoding="utf-8")
    (tmp_path / "questionnaires").mkdir()
    for name, of in (("baseline", "institution"), ("follow-up", "institution"), ("opinion", "person")):
        head = f"schema: questionnaire/1\nid: {name}\nof: {of}\n"
        (tmp_path / "questionnaires" / f"{name}.yaml").write_text(head + QUESTIONS, encoding="utf-8")
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "institutions.csv").write_text(
        "code,name_sq,name_en,kind,region\nberat,Bashkia Berat,Berat,municipality,Berat\n"
        "kucove,Bashkia Kuçovë,Kuçovë,municipality,Berat\n",
        encoding="utf-8",
    )
    (tmp_path / "people" / "participants.csv").write_text(
        "idnumber,firstname,lastname,institution\nA-1,Drita,Mëhilli,berat\n", encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path / 'state.db'}")


@pytest.fixture
def files(folder: Path) -> ProgrammeFiles:
    return programme_files(folder)


Fill = Callable[..., Path]


@pytest.fixture
def fill(folder: Path, files: ProgrammeFiles) -> Fill:
    """The form of an institution or person, filled in; `cells` sets any others by their names."""

    def filled(
        answers: dict[str, object],
        *,
        slug: str = "baseline",
        code: str = "berat",
        on: object = date(2026, 2, 3),
        language: str = "sq",
        cells: dict[str, object] | None = None,
    ) -> Path:
        people, of = read_people(folder), files.questionnaire(slug)
        assert of is not None
        institution = next((one for one in people.institutions if one.code == code), None)
        person = next((one for one in people.participants if one.idnumber == code), None)
        form = Form(files.programmes[0], of, institution, person)
        book = openpyxl.load_workbook(io.BytesIO(form_xlsx(form, language)))
        sheet = book.worksheets[0]
        sheet["B5"] = on
        for row in range(10, sheet.max_row + 1):
            if sheet.cell(row, 1).value in answers:
                sheet.cell(row, 4).value = answers[sheet.cell(row, 1).value]  # type: ignore[assignment]
        for name, value in (cells or {}).items():
            sheet[name] = value
        path = folder / "filled.xlsx"
        book.save(path)
        return path

    return filled


@pytest.fixture
def record(folder: Path, files: ProgrammeFiles, engine: Engine) -> Callable[..., RecordedAnswers]:
    def recorded(path: Path, now: datetime = NOW) -> RecordedAnswers:
        return record_answers(engine, SITE, files, read_people(folder), read_cells(path), by="N. N.", now=now)

    return recorded


def test_what_is_chosen_in_the_form_comes_back_with_its_score(
    fill: Fill, record: Callable[..., RecordedAnswers]
) -> None:
    told = record(fill({"kept": "2. Po", "order": "3. Shumë mirë", "metres": 120.5, "words": "Kutitë"}))
    assert told.told.answers == {"kept": 2, "order": 3, "metres": 120.5, "words": "Kutitë"}
    assert (told.score.whole, told.score.areas) == (100.0, {"book": 100.0})
    assert (told.code, told.told.on, told.new) == ("berat", date(2026, 2, 3), True)


@pytest.mark.parametrize("answer", [2, "2", "Po", "PO", "Yes", "2. Yes", "2) po", "2."])
def test_an_answer_is_known_by_number_or_words_in_any_language(
    fill: Fill, record: Callable[..., RecordedAnswers], answer: object
) -> None:
    assert record(fill({"kept": answer})).told.answers == {"kept": 2}


def test_the_same_form_again_adds_nothing_and_another_corrects_it(
    fill: Fill, record: Callable[..., RecordedAnswers], engine: Engine
) -> None:
    path = fill({"kept": 1})
    assert record(path).new
    assert not record(path, NOW + timedelta(hours=1)).new
    assert record(fill({"kept": 2}), NOW + timedelta(hours=2)).new
    with reading(engine) as connection:
        assert len(connection.execute(select(schema.fact.c.id)).all()) == 2


def test_a_person_s_form_is_kept_for_the_person(
    fill: Fill, record: Callable[..., RecordedAnswers], engine: Engine
) -> None:
    record(fill({"kept": 1}, slug="opinion", code="A-1"))
    with reading(engine) as connection:
        query = select(schema.person_data.c.idnumber).join(
            schema.fact, schema.fact.c.person_id == schema.person_data.c.person_id
        )
        assert connection.execute(query).scalar_one() == "A-1"


@pytest.mark.parametrize(
    ("answers", "change", "expected"),
    [
        ({}, {}, [("form.missing", 10, 4)]),
        ({"kept": 3}, {}, [("form.no-such-answer", 10, 4)]),
        ({"kept": "2. Jo"}, {}, [("form.no-such-answer", 10, 4)]),
        ({"kept": "Ndoshta"}, {}, [("form.no-such-answer", 10, 4)]),
        ({"kept": 1, "metres": "shumë"}, {}, [("form.not-a-number", 12, 4)]),
        ({"kept": 1, "metres": -1}, {}, [("form.too-small", 12, 4)]),
        ({"kept": 1, "metres": 901}, {}, [("form.too-large", 12, 4)]),
        ({"kept": 1}, {"on": None}, [("form.no-date", 5, 2)]),
        ({"kept": 1}, {"on": "dje"}, [("form.bad-date", 5, 2)]),
        ({"kept": 1}, {"on": "2026-07-01"}, [("form.date-in-future", 5, 2)]),
        ({"kept": 1}, {"cells": {"B4": "tirane"}}, [("form.unknown-institution", 4, 2)]),
        ({"kept": 1}, {"cells": {"B4": None}}, [("form.no-institution", 4, 2)]),
        ({"kept": 1}, {"cells": {"A11": "ordr"}}, [("form.unknown-question", 11, 1)]),
        ({"kept": 1}, {"cells": {"A11": "kept"}}, [("form.twice", 11, 1)]),
        ({"kept": 1}, {"cells": {"D20": "?"}}, [("form.no-question", 20, 4)]),
        ({"kept": 1}, {"cells": {"A10": None, "D10": None}}, [("form.row-missing", 0, 0)]),
        ({"kept": 1}, {"cells": {"A9": "pyetja"}}, [("form.no-head", 1, 0)]),
        (
            {"kept": 9, "metres": "x"},
            {"on": "dje"},
            [("form.bad-date", 5, 2), ("form.no-such-answer", 10, 4), ("form.not-a-number", 12, 4)],
        ),
    ],
)
def test_every_mistake_is_told_with_row_and_column_and_nothing_is_stored(
    fill: Fill,
    record: Callable[..., RecordedAnswers],
    engine: Engine,
    answers: dict[str, object],
    change: dict[str, object],
    expected: list[tuple[str, int, int]],
) -> None:
    with pytest.raises(ContentError) as told:
        record(fill(answers, **change))
    assert [(one.code, one.place.line, one.place.column) for one in told.value.problems] == expected
    with reading(engine) as connection:
        assert connection.execute(select(schema.fact)).first() is None


def test_baseline_and_follow_up_are_compared_for_every_institution(
    fill: Fill,
    record: Callable[..., RecordedAnswers],
    engine: Engine,
    files: ProgrammeFiles,
    folder: Path,
) -> None:
    record(fill({"kept": 1, "order": 1}))
    record(fill({"kept": 2, "order": 2}, slug="follow-up", on=date(2026, 6, 1)))
    people = read_people(folder)
    asked, rows = compared(engine, SITE, files, files.programmes[0], people, date(2026, 6, 30))
    assert [one.id for one in asked] == ["baseline", "follow-up"]
    assert [(one.institution.code, one.change) for one in rows] == [("berat", 66.7), ("kucove", None)]
    _, before = compared(engine, SITE, files, files.programmes[0], people, date(2026, 5, 31))
    assert list(before[0].scores) == ["baseline"]


@pytest.mark.parametrize("language", ["sq", "en"])
def test_the_printed_form_has_every_question_answer_and_the_disclaimer(
    folder: Path, files: ProgrammeFiles, language: str
) -> None:
    from pypdf import PdfReader

    of = files.questionnaire("baseline")
    assert of is not None
    form = Form(files.programmes[0], of, read_people(folder).institutions[1])
    content = form_pdf(form, folder, language)
    said = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())
    for question in of.questions:
        assert question.question.in_language(language) in said
    expected = {
        "sq": ("Shumë mirë", "Mendime të autorëve", "Bashkia Kuçovë"),
        "en": ("Very well", "The authors"),
    }
    assert all(words in said for words in expected[language])
    assert form_pdf(form, folder, language) == content
    assert form_xlsx(form, language) == form_xlsx(form, language)
