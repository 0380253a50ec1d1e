"""The sign-in sheet to print: A4, one table for the days, institution by institution, with room for those who just came."""

from __future__ import annotations

from pathlib import Path

from authoring.messages import text
from certificates.dates import long_date, plain_number
from lms_sync.people import Participant
from lms_sync.sessions.sheet import Sheet
from lms_sync.sessions.typeset import picture_name, typeset
from programmes.programme import Programme, SessionDay

_DAYS_ON_A_SHEET = 4
_EMPTY_ROWS = 5


def sheet_pdf(sheet: Sheet, folder: Path, language: str) -> bytes:
    """The sheet as PDF; sessions of more than four days get a table for each four. Raises NotTypeset."""
    session, programme = sheet.session, sheet.programme
    place = "" if session.place is None else session.place.name.in_language(language)
    address = "" if session.place is None else session.place.address
    partners, pictures = partners_of(programme, folder, language)
    days = session.days
    data = {
        "lang": language,
        "programme": programme.title.in_language(language),
        "title": session.title.in_language(language),
        "kind": text(f"sessions.kind-{session.kind}", {}, language),
        "place": ", ".join(part for part in (place, address) if part),
        "leaders": [_person(one) for one in sheet.leaders],
        "days": [_day(day, language) for day in days],
        "parts": [
            list(range(start, min(start + _DAYS_ON_A_SHEET, len(days))))
            for start in range(0, len(days), _DAYS_ON_A_SHEET)
        ],
        "institutions": [
            {"name": institution.name(language), "people": [_person(one) for one in people]}
            for institution, people in sheet.expected
        ],
        "empty": _EMPTY_ROWS,
        "partners": partners,
        "disclaimer": "" if programme.disclaimer is None else programme.disclaimer.in_language(language),
        "id": sheet.text_id,
        "words": {
            name: text(f"sheet-print.{name}", {}, language)
            for name in (
                "heading", "place", "led-by", "agenda", "number", "name", "signature", "hours", "others",
                "others-note", "confirms", "sheet", "page", "leader", "hours-note", "institution",
            )
        },
    }  # fmt: skip
    return typeset("sheet", data, pictures, dated=days[0].date)


def partners_of(
    programme: Programme, folder: Path, language: str
) -> tuple[list[dict[str, str]], dict[str, Path]]:
    """The partners as a design shows them, in their order, and their pictures by the names used there."""
    shown, pictures = [], {}
    for number, one in enumerate(programme.partners):
        name = picture_name(number, folder / one.logo) if one.logo else ""
        if name:
            pictures[name] = folder / one.logo
        shown.append({"file": name, "name": (one.short or one.name).in_language(language)})
    return shown, pictures


def _person(one: Participant) -> dict[str, str]:
    return {"name": f"{one.lastname} {one.firstname}", "number": one.idnumber}


def _day(day: SessionDay, language: str) -> dict[str, object]:
    return {
        "date": long_date(day.date, language),
        "times": f"{day.from_:%H:%M}–{day.until:%H:%M}",
        "hours": text("sheet-print.counted", {"n": plain_number(day.hours)}, language),
        "agenda": [
            {"at": f"{item.at:%H:%M}", "title": item.title.in_language(language)} for item in day.agenda
        ],
    }
