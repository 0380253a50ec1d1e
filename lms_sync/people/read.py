"""Reads `people/institutions.csv` and `people/participants.csv` of an academy folder."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from pathlib import Path

from authoring.problems import ContentError, Place, Problem
from lms_sync.people.import_words import gender_of
from lms_sync.people.read_csv import CsvRow, read_csv

INSTITUTIONS = "people/institutions.csv"
PARTICIPANTS = "people/participants.csv"

_INSTITUTION_COLUMNS = re.compile(r"^(name_[a-z]{2,3}|kind|region|parent|language)$")
_PARTICIPANT_COLUMNS = ("username", "email", "courses", "gender", "language", "since", "extra_time")

_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")  # part of the idnumber of a cohort and of groups
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
# The form that HTML 5 gives for e-mail addresses, and a dot in the domain; no dots in a row or at an end.
EMAIL = re.compile(
    r"^(?!\.)(?!.*\.\.)(?!.*\.@)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$"
)

# The widths of Moodle's columns.
LONGEST = {"idnumber": 255, "username": 100, "email": 100, "firstname": 100, "lastname": 100}

_MOST_EXTRA_TIME = 4

GENDERS = ("female", "male", "other", "undisclosed")


@dataclass(frozen=True)
class Institution:
    """A municipality or another body that sends people."""

    code: str
    names: Mapping[str, str]  # by language
    kind: str = ""
    region: str = ""
    parent: str = ""
    language: str = ""  # in which its people are written to
    place: Place = field(default=Place(), compare=False)

    def name(self, language: str) -> str:
        """Its name in a language, else in the first language it has."""
        return self.names.get(language) or next(iter(self.names.values()))


@dataclass(frozen=True)
class Participant:
    """A person who is to learn. `username` is in lower case, as Moodle keeps it; "" where not given."""

    idnumber: str
    firstname: str
    lastname: str
    institution: str
    username: str = ""
    email: str = ""
    courses: tuple[str, ...] = ()
    gender: str = ""  # female, male, other, undisclosed or ""
    language: str = ""
    since: date | None = None  # the day from which the person belongs to the institution
    extra_time: Fraction | None = None  # what part of a quiz's time limit the person gets in addition
    place: Place = field(default=Place(), compare=False)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.firstname} {self.lastname}"


@dataclass(frozen=True)
class People:
    """Everybody in the files, what was odd but usable, and the delimiter that the spreadsheet of the place uses."""

    institutions: tuple[Institution, ...] = ()
    participants: tuple[Participant, ...] = ()
    warnings: tuple[Problem, ...] = ()
    delimiter: str = ","
    listed: bool = field(default=True, compare=False)  # there is a list: who is not in it has left

    def participants_of(self, course: str) -> tuple[Participant, ...]:
        """Who is to take a course."""
        return tuple(participant for participant in self.participants if course in participant.courses)


def read_people(folder: Path, *, courses: Collection[str] | None = None) -> People:
    """Reads both files of an academy folder; raises ContentError with every problem in them.

    An academy without a `people/participants.csv` has no participants yet, which is fine. `courses`: the
    courses that there are, where the caller wants an unknown one to be a problem.
    """
    problems: list[Problem] = []
    institutions, warnings = _read_institutions(folder, problems)
    # With an unreadable list of institutions every code would be unknown; its own problems say it all.
    codes = None if problems else [institution.code for institution in institutions]
    participants: list[Participant] = []
    delimiter = ","
    if (folder / PARTICIPANTS).exists():
        try:
            file = read_csv(
                folder / PARTICIPANTS,
                root=folder,
                required=("idnumber", "firstname", "lastname", "institution"),
                optional=_PARTICIPANT_COLUMNS,
            )
        except ContentError as error:
            problems += error.problems
        else:
            warnings += file.warnings
            delimiter = file.delimiter
            participants = [_participant(row, codes, courses, problems) for row in file.rows]
            problems += _duplicates(file.rows, "idnumber")
            problems += _duplicates(file.rows, "username")
            shared = _duplicates(
                file.rows, "email", code="people.shared-email"
            )  # allowed: an office may have one
            warnings += (replace(one, severity="warning") for one in shared)
    if problems:
        raise ContentError(problems)
    listed = (folder / PARTICIPANTS).exists()
    return People(tuple(institutions), tuple(participants), tuple(warnings), delimiter, listed)


def read_institutions(folder: Path) -> tuple[Institution, ...]:
    """The institutions alone: there may be a hundred thousand participants. Raises ContentError."""
    problems: list[Problem] = []
    institutions, _ = _read_institutions(folder, problems)
    if problems:
        raise ContentError(problems)
    return tuple(institutions)


def _read_institutions(folder: Path, problems: list[Problem]) -> tuple[list[Institution], list[Problem]]:
    if not (folder / INSTITUTIONS).exists():
        return [], []
    try:
        file = read_csv(folder / INSTITUTIONS, root=folder, required=("code",), optional=_INSTITUTION_COLUMNS)
    except ContentError as error:
        problems += error.problems
        return [], []
    institutions = [_institution(row, problems) for row in file.rows]
    problems += _duplicates(file.rows, "code")
    problems += _wrong_parents(file.rows)
    return institutions, list(file.warnings)


def _institution(row: CsvRow, problems: list[Problem]) -> Institution:
    code = row["code"]
    names = {
        column.removeprefix("name_"): cell
        for column, cell in row.cells.items()
        if column.startswith("name_") and cell
    }
    if not _CODE.match(code):
        problems.append(row.problem("people.bad-code", "code"))
    if not names:
        problems.append(row.problem("people.no-name", "code"))
    if row["language"] and not _LANGUAGE.match(row["language"]):
        problems.append(row.problem("people.bad-language", "language"))
    return Institution(
        code,
        names or {"": code},
        row["kind"],
        row["region"],
        row["parent"],
        row["language"],
        place=row.place("code"),
    )


def _wrong_parents(rows: Sequence[CsvRow]) -> Iterator[Problem]:
    parent_of = {row["code"]: row["parent"] for row in rows}
    for row in rows:
        parent = row["parent"]
        if parent and parent not in parent_of:
            yield row.problem("people.unknown-parent", "parent")
        seen = {row["code"]}
        while parent and parent not in seen:
            seen.add(parent)
            parent = parent_of.get(parent, "")
        if parent == row["code"]:
            yield row.problem("people.parent-loop", "parent")


def _participant(
    row: CsvRow, institutions: Sequence[str] | None, courses: Collection[str] | None, problems: list[Problem]
) -> Participant:
    for column, longest in LONGEST.items():
        if len(row[column]) > longest:
            problems.append(row.problem("people.too-long", column, limit=longest))
    if row["email"] and not EMAIL.match(row["email"]):
        problems.append(row.problem("people.bad-email", "email"))
    if re.search(r"\s", row["username"]):
        problems.append(row.problem("people.bad-username", "username"))
    if row["language"] and not _LANGUAGE.match(row["language"]):
        problems.append(row.problem("people.bad-language", "language"))
    gender = gender_of(row["gender"]) or ""
    if row["gender"] and not gender:
        problems.append(row.problem("people.bad-gender", "gender", choices=", ".join(GENDERS)))
    if institutions is not None and row["institution"] not in institutions:
        problems.append(
            _unknown(row, "people.unknown-institution", "institution", row["institution"], institutions)
        )
    taken = tuple(dict.fromkeys(re.findall(r"[^\s;,|]+", row["courses"])))
    if courses is not None:
        problems += [
            _unknown(row, "people.unknown-course", "courses", course, courses)
            for course in taken
            if course not in courses
        ]
    return Participant(
        row["idnumber"],
        row["firstname"],
        row["lastname"],
        row["institution"],
        row["username"].lower(),
        row["email"],
        taken,
        gender,
        row["language"],
        _since(row, problems),
        _extra_time(row, problems),
        place=row.place("idnumber"),
    )


def _since(row: CsvRow, problems: list[Problem]) -> date | None:
    if not row["since"]:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", row["since"]):
            return date.fromisoformat(row["since"])
    except ValueError:
        pass
    problems.append(row.problem("people.bad-since", "since"))
    return None


def _extra_time(row: CsvRow, problems: list[Problem]) -> Fraction | None:
    """A part of the time limit, written "25%" or "1/4"; at most four times as much."""
    written = row["extra_time"]
    if not written:
        return None
    percent = re.fullmatch(r"(\d{1,3})\s*%", written)
    ratio = re.fullmatch(r"(\d{1,2})\s*/\s*(\d{1,2})", written)
    part = None
    if percent:
        part = Fraction(int(percent[1]), 100)
    elif ratio and int(ratio[2]):
        part = Fraction(int(ratio[1]), int(ratio[2]))
    if part is None or not 0 <= part <= _MOST_EXTRA_TIME:
        problems.append(row.problem("people.bad-extra-time", "extra_time"))
        return None
    return part or None


def _unknown(row: CsvRow, code: str, column: str, value: str, known: Collection[str]) -> Problem:
    similar = difflib.get_close_matches(value, list(known), n=1)
    if similar:
        return Problem(f"{code}-similar", {"value": value, "similar": similar[0]}, row.place(column))
    return Problem(code, {"value": value}, row.place(column))


def _duplicates(rows: Sequence[CsvRow], column: str, *, code: str = "people.duplicate") -> Iterator[Problem]:
    """Values that stand twice, whatever the case of their letters; the second and later places."""
    lines: dict[str, int] = {}
    for row in rows:
        value = row[column].casefold()
        if not value:
            continue
        if value in lines:
            yield row.problem(code, column, first_line=lines[value])
        else:
            lines[value] = row.line
