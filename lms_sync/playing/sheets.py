"""Sign-in sheets as they come back: the product's own spreadsheet, filled in as a leader does, and recorded."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from pathlib import Path

import openpyxl
from sqlalchemy import Engine

from certificates.policy import Policy
from lms_sync.clock import Clock, local_date
from lms_sync.people import People
from lms_sync.playing.scenarios import Scenario
from lms_sync.sessions.record import Recorded, record_attendance
from lms_sync.sessions.sheet import Sheet, exercises_of, sheet_of
from lms_sync.sessions.sheet_xlsx import sheet_xlsx
from lms_sync.write_files import write_durably
from programmes import Programme, Session
from programmes.attendance import read_attendance, read_cells

_EXERCISE = "exercise: "


def fill_in(sheet: Sheet, scenario: Scenario, language: str) -> bytes:
    """The spreadsheet of a session as the leader sends it back: who was there, hours of who left early, exercises."""
    book = openpyxl.load_workbook(io.BytesIO(sheet_xlsx(sheet, language)))
    page = book.worksheets[0]
    rows = list(page.iter_rows())
    top = next(place for place, row in enumerate(rows) if row[0].value == "idnumber")
    columns = {str(cell.value): place for place, cell in enumerate(rows[top]) if cell.value}
    leaders = {one.idnumber for one in sheet.leaders}
    known = leaders | {one.idnumber for one in sheet.people}
    for row in rows[top + 1 :]:
        number = str(row[0].value or "")
        if number not in known:
            continue
        missed = scenario.missed.get((sheet.session.id, number))
        for place, day in enumerate(sheet.session.days, 1):
            row[columns[day.date.isoformat()]].value = "–" if place == missed else "✓"
        for key in set(sheet.exercises) - scenario.elsewhere:
            if missed is None and (number in leaders) == (key in scenario.of_leaders):
                accepted = "0" if (key, number) in scenario.refused else "✓"
                row[columns[f"{_EXERCISE}{key}"]].value = accepted
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def record(
    engine: Engine,
    site: str,
    folder: Path,
    programme: Programme,
    session: Session,
    people: People,
    policies: Sequence[Policy],
    scenario: Scenario,
    clock: Clock,
) -> Recorded | None:
    """Fills in the sheet of a session and records it; None where nobody is expected. The sheet is kept in `sheets/`."""
    language = programme.default_language
    sheet = sheet_of(programme, session, people, policies, language)
    if not sheet.people and not sheet.leaders:
        return None
    path = folder / "sheets" / f"{programme.id}-{session.id}.xlsx"
    write_durably(path, fill_in(sheet, scenario, language), mode=0o600)
    now = clock.now()
    told = read_attendance(
        read_cells(path),
        session,
        people={one.idnumber: one.name for one in people.participants},
        exercises=exercises_of(programme, policies),
        today=local_date(now, programme.timezone),
    )
    return record_attendance(engine, site, sheet, told, people, by="Demo officer", now=now)


def day_after(session: Session) -> datetime.date:
    """When the sheet of a session comes back."""
    return max(day.date for day in session.days) + datetime.timedelta(days=1)
