"""Questionnaires come back filled in, and what somebody saw with their own eyes is recorded as a milestone."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from pathlib import Path

import openpyxl
from sqlalchemy import Engine

from lms_sync.assessment.answers import RecordedAnswers, record_answers
from lms_sync.assessment.form import Form, form_xlsx
from lms_sync.clock import Clock, local_date
from lms_sync.people import People
from lms_sync.programme_files import ProgrammeFiles
from lms_sync.write_files import write_durably
from programmes import Questionnaire
from programmes.attendance import read_cells
from programmes.questionnaire import ChoiceQuestion, NumberQuestion, RatingQuestion

_QUESTION, _ANSWER = 1, 4  # columns of the form, counted from 1


def answers_of(questionnaire: Questionnaire, good: float, place: int) -> dict[str, int | str]:
    """What somebody answers whose state is about as `good` as this, from 0 to 1; neighbours answer a little differently."""
    found: dict[str, int | str] = {}
    for number, question in enumerate(questionnaire.questions):
        if isinstance(question, ChoiceQuestion | RatingQuestion):
            wanted = good * max(question.points) + ((place + number) % 3 - 1) * 0.34
            distances = [abs(points - wanted) for points in question.points]
            found[question.id] = distances.index(min(distances)) + 1
        elif isinstance(question, NumberQuestion):
            least = 0.0 if question.min is None else question.min
            most = least + 12 if question.max is None else question.max
            found[question.id] = int(min(most, least + 2 + (place + number) % 7))
        elif question.required:
            found[question.id] = "–"
    return found


def fill_in(form: Form, answers: Mapping[str, int | str], on: datetime.date, language: str) -> bytes:
    """The product's own spreadsheet of a questionnaire, filled in."""
    book = openpyxl.load_workbook(io.BytesIO(form_xlsx(form, language)))
    page = book.worksheets[0]
    below = False
    for row in page.iter_rows(max_col=_ANSWER):
        key = row[_QUESTION - 1].value
        if key == "date":
            row[_QUESTION].value = on
        elif below and key in answers:
            row[_ANSWER - 1].value = answers[str(key)]
        below = below or key == "question"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def answer_questionnaire(
    engine: Engine,
    site: str,
    folder: Path,
    files: ProgrammeFiles,
    form: Form,
    people: People,
    good: float,
    place: int,
    clock: Clock,
) -> RecordedAnswers:
    """Fills in a form and records it; it is kept in `forms/`."""
    programme, questionnaire = form.programme, form.questionnaire
    now = clock.now()
    on = local_date(now, programme.timezone)
    path = folder / "forms" / f"{programme.id}-{questionnaire.id}-{form.code}.xlsx"
    filled = fill_in(form, answers_of(questionnaire, good, place), on, programme.default_language)
    write_durably(path, filled, mode=0o600)
    return record_answers(engine, site, files, people, read_cells(path), by="Demo officer", now=now)
