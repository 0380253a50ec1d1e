"""Reads a filled-in attendance sheet, CSV or XLSX: who was there on which day, for how many hours, and who led.

The sheet is the one that `lms-sync sessions sheet --xlsx` writes, or one like it: a line that names the columns,
`idnumber`, then a column for each day (`2026-03-12`), beside it `2026-03-12 hours`, `role`, and one for each exercise
(`exercise: <course>/<exercise>`). Every row is understood or told with its row and column; nothing is guessed.
"""

from __future__ import annotations

import csv
import datetime
import difflib
import io
import re
import unicodedata
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from authoring.problems import ContentError, Place, Problem
from programmes.programme import Session, SessionDay
from programmes.sessions import day_of

Presence = Literal["present", "absent", "partly"]
Role = Literal["participant", "leader"]

MAX_BYTES = 10_000_000
MAX_ROWS = 20_000
_HEAD_WITHIN = 30  # rows in which the line that names the columns must stand
_HOURS = ("hours", "orë", "ore")
_EXERCISE = re.compile(r"^(?:exercise|ushtrim|exercițiu)\s*:\s*(\S+/\S+)$", re.IGNORECASE)

PRESENCE: Mapping[str, Presence] = {
    **dict.fromkeys(("present", "i pranishëm", "e pranishme", "prezent", "prezentă", "x", "✓", "✔", "1", "p", "yes",
                     "po", "da"), "present"),
    **dict.fromkeys(("absent", "mungon", "mungoi", "absentă", "0", "-", "–", "no", "jo", "nu"), "absent"),
    **dict.fromkeys(("partly", "pjesërisht", "parțial", "½"), "partly"),
}  # fmt: skip
"""The words that a sheet may hold for a day, in three languages, in small letters."""

ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("", "participant", "pjesëmarrës", "pjesëmarrëse", "participantă"), "participant"),
    **dict.fromkeys(("leader", "drejtues", "drejtuese", "formator", "formatoare"), "leader"),
}

ACCEPTED: Mapping[str, bool] = {
    **dict.fromkeys(("accepted", "pranuar", "acceptat", "yes", "po", "da", "x", "✓", "✔", "1"), True),
    **dict.fromkeys(("not accepted", "nuk u pranua", "neacceptat", "no", "jo", "nu", "0", "-", "–"), False),
}


@dataclass(frozen=True)
class DayTold:
    """What a sheet says about one person and one day; `hours` are those that count."""

    day: datetime.date
    present: bool
    hours: float
    full: bool


@dataclass(frozen=True)
class PersonTold:
    """What a sheet says about one person: days and exercises; what was left empty is not there."""

    idnumber: str
    role: Role
    days: tuple[DayTold, ...] = ()
    exercises: Mapping[str, bool] = field(default_factory=dict)
    row: int = 0


@dataclass(frozen=True)
class SheetTold:
    """A whole sheet. `session` is the `<programme>/<session>` that it names, "" where it names none."""

    session: str
    people: tuple[PersonTold, ...]
    warnings: tuple[Problem, ...] = ()

    def led_on(self, day: datetime.date) -> tuple[str, ...]:
        """The idnumbers of those who led on a day: leaders who were there."""
        return tuple(
            one.idnumber
            for one in self.people
            if one.role == "leader" and any(told.day == day and told.present for told in one.days)
        )


@dataclass(frozen=True)
class Cells:
    """The cells of a file as they stand there: text, numbers, dates, None; `file` is its name for problems."""

    file: str
    rows: tuple[tuple[object, ...], ...]


def read_cells(path: Path) -> Cells:
    """The first sheet of an XLSX file, or a CSV file in UTF-8; raises ContentError where it is neither."""
    place = Place(path.name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ContentError(
            [Problem("sheet.unreadable", {"file": path.name, "reason": error.strerror or str(error)}, place)]
        ) from error
    if len(content) > MAX_BYTES:
        raise ContentError(
            [Problem("sheet.too-large", {"file": path.name, "limit": MAX_BYTES // 1_000_000}, place)]
        )
    rows = _xlsx(content, path.name) if content[:2] == b"PK" else _csv(content, path.name)
    if len(rows) > MAX_ROWS:
        raise ContentError([Problem("sheet.too-many-rows", {"file": path.name, "limit": MAX_ROWS}, place)])
    return Cells(path.name, tuple(rows))


def _xlsx(content: bytes, name: str) -> list[tuple[object, ...]]:
    import openpyxl  # heavy: only who reads a spreadsheet pays for it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > 20 * MAX_BYTES:
                raise ContentError([Problem("sheet.too-large", {"file": name, "limit": 200}, Place(name))])
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            sheet: Any = book.worksheets[0]
            return [
                tuple(row) for row in sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=200, values_only=True)
            ]
        finally:
            book.close()
    except ContentError:
        raise
    except Exception as error:  # a spreadsheet can be broken in as many ways as openpyxl has errors
        reason = type(error).__name__
        raise ContentError(
            [Problem("sheet.unreadable", {"file": name, "reason": reason}, Place(name))]
        ) from error


def _csv(content: bytes, name: str) -> list[tuple[object, ...]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ContentError([Problem("sheet.not-utf8", {"file": name}, Place(name, line))]) from error
    delimiter = max(
        ";,\t", key=lambda one: max((line.count(one) for line in text.splitlines()[:_HEAD_WITHIN]), default=0)
    )
    try:
        return [
            tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        ]
    except csv.Error as error:
        raise ContentError(
            [Problem("sheet.unreadable", {"file": name, "reason": str(error)}, Place(name))]
        ) from error


def session_named(cells: Cells) -> str:
    """The `<programme>/<session>` in the head of a sheet; "" where it names none."""
    for row in cells.rows[:_HEAD_WITHIN]:
        first = [cell for cell in map(_text, row) if cell][:2]
        if len(first) == 2 and first[0].casefold() in ("session", "seanca", "sesiunea", "seancë", "sesiune"):
            return first[1]
    return ""


def read_attendance(
    cells: Cells,
    session: Session,
    *,
    people: Mapping[str, str],
    exercises: Collection[str],
    today: datetime.date,
) -> SheetTold:
    """What a sheet says about a session; raises ContentError with every problem in it.

    `people` are the names of all participants by idnumber, `exercises` the keys that may be accepted here. A day after
    `today` cannot have been attended.
    """
    return _Reading(cells, session, people, exercises, today).read()


@dataclass(frozen=True)
class _Columns:
    number: int
    name: int | None
    role: int | None
    days: Mapping[int, SessionDay]
    hours: Mapping[datetime.date, int]
    exercises: Mapping[int, str]


class _Reading:
    def __init__(
        self,
        cells: Cells,
        session: Session,
        people: Mapping[str, str],
        exercises: Collection[str],
        today: datetime.date,
    ) -> None:
        self.cells = cells
        self.session = session
        self.people = people
        self.by_number = {_same(number): number for number in people}
        self.exercises = exercises
        self.today = today
        self.problems: list[Problem] = []

    def read(self) -> SheetTold:
        at = next(
            (
                index
                for index, row in enumerate(self.cells.rows[:_HEAD_WITHIN])
                if "idnumber" in [_text(cell).casefold() for cell in row]
            ),
            None,
        )
        if at is None:
            raise ContentError([Problem("sheet.no-head", {}, Place(self.cells.file, 1))])
        columns = self._columns(self.cells.rows[at], at + 1)
        told: dict[str, PersonTold] = {}
        for index, row in enumerate(self.cells.rows[at + 1 :], at + 2):
            one = self._person(row, index, columns)
            if one is None:
                continue
            if one.idnumber in told:
                first = told[one.idnumber].row
                self._problem("sheet.twice", index, columns.number, idnumber=one.idnumber, first=first)
                continue
            told[one.idnumber] = one
        if self.problems:
            raise ContentError(self.problems)
        sheet = SheetTold(session_named(self.cells), tuple(told.values()))
        return SheetTold(sheet.session, sheet.people, tuple(self._warnings(sheet)))

    def _warnings(self, sheet: SheetTold) -> Iterator[Problem]:
        place = Place(self.cells.file)
        if not any(one.days or one.exercises for one in sheet.people):
            yield Problem("sheet.nothing", {}, place, "warning")
        if self.session.leader_award is None:
            return
        for day in self.session.days:
            was_there = any(
                told.day == day.date and told.present
                for one in sheet.people
                if one.role == "participant"
                for told in one.days
            )
            if was_there and not sheet.led_on(day.date):
                values = {"day": day.date.isoformat(), "award": self.session.leader_award}
                yield Problem("sheet.nobody-led", values, place, "warning")

    def _columns(self, head: Sequence[object], row: int) -> _Columns:
        number, name, role = -1, None, None
        days: dict[int, SessionDay] = {}
        hours: dict[datetime.date, int] = {}
        exercises: dict[int, str] = {}
        for column, cell in enumerate(head):
            title = _text(cell)
            plain = title.casefold()
            if plain == "idnumber":
                number = column
            elif plain in ("name", "emri", "nume", "numele"):
                name = column
            elif plain in ("role", "roli", "rol", "rolul"):
                role = column
            elif found := _EXERCISE.match(title):
                if found[1] in self.exercises:
                    exercises[column] = found[1]
                else:
                    self._unknown("sheet.no-exercise", row, column, found[1], self.exercises)
            elif (day := _date(cell)) is not None:
                planned = self._planned(day, row, column)
                if planned is not None and planned in days.values():
                    self._problem("sheet.day-twice", row, column, day=day.isoformat())
                elif planned is not None:
                    days[column] = planned
            elif (
                plain.endswith(_HOURS)
                and (day := _date(title.rsplit(maxsplit=1)[0])) is not None
                and self._planned(day, row, column) is not None
            ):
                hours[day] = column
        if not days and not exercises and not self.problems:
            known = ", ".join(day.date.isoformat() for day in self.session.days)
            self._problem("sheet.no-days", row, 0, days=known)
        return _Columns(number, name, role, days, hours, exercises)

    def _planned(self, day: datetime.date, row: int, column: int) -> SessionDay | None:
        planned = day_of(self.session, day)
        if planned is None:
            known = ", ".join(one.date.isoformat() for one in self.session.days)
            self._problem(
                "sheet.other-day", row, column, day=day.isoformat(), session=self.session.id, days=known
            )
        return planned

    def _person(self, row: Sequence[object], index: int, columns: _Columns) -> PersonTold | None:
        said = _text(_cell(row, columns.number))
        name = "" if columns.name is None else _text(_cell(row, columns.name))
        filled = [c for c in (*columns.days, *columns.exercises) if _text(_cell(row, c))]
        if not said and not filled and not name:
            return None
        number = self.by_number.get(_same(said))
        if not said:
            if filled or not _is_heading(row):
                self._nobody(index, columns, name)
            return None
        if number is None:
            self._unknown("sheet.unknown-person", index, columns.number, said, self.people)
            return None
        role: Role | None = "participant"
        if columns.role is not None:
            role = self._word(row, index, columns.role, ROLES, "sheet.role")
        days = [
            told
            for column, day in columns.days.items()
            if (told := self._day(row, index, column, columns.hours.get(day.date), day)) is not None
        ]
        exercises = {
            key: accepted
            for column, key in columns.exercises.items()
            if _text(_cell(row, column))
            and (accepted := self._word(row, index, column, ACCEPTED, "sheet.accepted")) is not None
        }
        return PersonTold(number, role or "participant", tuple(days), exercises, index)

    def _nobody(self, index: int, columns: _Columns, name: str) -> None:
        close = {_in_any_order(full): number for number, full in self.people.items()}
        similar = difflib.get_close_matches(_in_any_order(name), list(close), n=1, cutoff=0.75)
        found = f"{close[similar[0]]} {self.people[close[similar[0]]]}" if similar else "-"
        self._problem("sheet.no-number", index, columns.number, name=name or "-", similar=found)

    def _day(
        self, row: Sequence[object], index: int, column: int, hours_column: int | None, day: SessionDay
    ) -> DayTold | None:
        told_hours = None if hours_column is None else _cell(row, hours_column)
        has_hours = hours_column is not None and bool(_text(told_hours))
        if not _text(_cell(row, column)):
            if has_hours and hours_column is not None:
                self._problem("sheet.hours-alone", index, hours_column, hours=_text(told_hours))
            return None
        presence = self._word(row, index, column, PRESENCE, "sheet.presence")
        if presence is None:
            return None
        if day.date > self.today:
            self._problem("sheet.future", index, column, day=day.date.isoformat())
            return None
        if not has_hours or hours_column is None:
            if presence == "partly":
                self._problem("sheet.partly-without-hours", index, column, hours=_plain(day.hours))
                return None
            return DayTold(
                day.date,
                presence == "present",
                day.hours if presence == "present" else 0.0,
                presence == "present",
            )
        hours = _hours(told_hours)
        if hours is None or not 0 <= hours <= day.hours:
            self._problem(
                "sheet.hours", index, hours_column, value=_text(told_hours), hours=_plain(day.hours)
            )
            return None
        fits = {"present": hours == day.hours, "absent": hours == 0, "partly": 0 < hours < day.hours}
        if not fits[presence]:
            self._problem(
                f"sheet.{presence}-with-hours",
                index,
                hours_column,
                value=_plain(hours),
                hours=_plain(day.hours),
            )
            return None
        return DayTold(day.date, presence != "absent", hours, presence == "present")

    def _word(
        self, row: Sequence[object], index: int, column: int | None, words: Mapping[str, Any], code: str
    ) -> Any:
        value = _text(_cell(row, column or 0))
        found = words.get(_same(value))
        if found is None:
            self._problem(code, index, column or 0, value=value)
        return found

    def _unknown(self, code: str, row: int, column: int, value: str, known: Collection[str]) -> None:
        similar = difflib.get_close_matches(value, list(known), n=1)
        self._problem(code, row, column, value=value, similar=similar[0] if similar else "-")

    def _problem(self, code: str, row: int, column: int, **params: object) -> None:
        self.problems.append(Problem(code, params, Place(self.cells.file, row, column + 1)))


def _is_heading(row: Sequence[object]) -> bool:
    """Whether only one cell of a row is filled: the name of an institution above its people."""
    return sum(bool(_text(cell)) for cell in row) == 1


def _cell(row: Sequence[object], column: int) -> object:
    return row[column] if 0 <= column < len(row) else None


def _text(cell: object) -> str:
    """A cell as a person reads it: a whole number without its point, composed letters, single spaces."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime.datetime):
        cell = cell.date()
    return " ".join(unicodedata.normalize("NFC", str(cell)).split())


def _same(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split()).casefold()


def _in_any_order(name: str) -> str:
    """A name for comparing: whether the surname comes first says nothing."""
    return " ".join(sorted(_same(name).split()))


def _date(cell: object) -> datetime.date | None:
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    text = _text(cell)
    if found := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text):
        parts = (int(found[1]), int(found[2]), int(found[3]))
    elif found := re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", text):
        parts = (int(found[3]), int(found[2]), int(found[1]))
    else:
        return None
    try:
        return datetime.date(*parts)
    except ValueError:
        return None


def _hours(cell: object) -> float | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    found = re.fullmatch(r"(\d{1,2})(?:[.,](\d{1,2}))?", _text(cell))
    return None if found is None else float(f"{found[1]}.{found[2] or 0}")


def _plain(hours: float) -> str:
    return f"{hours:g}"
