"""From a sheet and its header to people: each row's person, and what of it could not be understood. Pure.

A problem of severity "warning" tells what was done; an "error" means that the row cannot be taken as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from authoring.problems import Problem
from lms_sync.people.import_dates import NoDate, read_date
from lms_sync.people.import_header import Column, Header, repeats_header
from lms_sync.people.import_institution import InstitutionFinder
from lms_sync.people.import_letters import Finding, Order, clean, in_latin, one_name, split_name
from lms_sync.people.import_sheet import Cell, Sheet
from lms_sync.people.import_words import folded, gender_of, is_total, language_of, means_nothing
from lms_sync.people.read import EMAIL, LONGEST

_WHOLE = {"given_family": "given-family", "family_given": "family-given", "whole_name": "unknown"}
_Wrong = Callable[..., None]  # says what is wrong with the cell of a field: code, values


@dataclass(frozen=True)
class ImportedRow:
    """A row that is about a person. `fields` are named as the columns of participants.csv."""

    sheet: Sheet = field(repr=False, compare=False)
    row: int
    key: str  # of what the row says, not of where it stands
    fields: Mapping[str, str]
    columns: Mapping[str, int] = field(repr=False)  # field → column in the sheet
    problems: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        """First and last name, as far as they were understood."""
        return " ".join(
            part for part in (self.fields.get("firstname", ""), self.fields.get("lastname", "")) if part
        )

    @property
    def stopped(self) -> bool:
        """Whether the row cannot be taken as it is."""
        return any(problem.severity == "error" for problem in self.problems)

    @property
    def place(self) -> str:
        """The row as people say it."""
        return self.sheet.cell_name(self.row)

    def problem(self, code: str, field: str = "", /, **values: object) -> Problem:
        """A problem with one of the fields."""
        return self.sheet.problem(code, self.row, self.columns.get(field, 0), **values)


@dataclass(frozen=True)
class ReadingOptions:
    """What the caller knows beyond the sheet."""

    institution: str = ""  # code, for rows that name none
    order: Order = "unknown"  # of whole names in one cell, where neither header nor cell shows it
    today: date = date.max
    courses: tuple[str, ...] = ()  # for every row, besides those of the sheet
    known_courses: frozenset[str] | None = None  # None: whatever a row says is a course


@dataclass(frozen=True)
class ImportedSheet:
    """The rows of a sheet, and what was told about the sheet and about rows that name nobody."""

    rows: tuple[ImportedRow, ...]
    problems: tuple[Problem, ...]


def read_rows(
    sheet: Sheet, header: Header, finder: InstitutionFinder, options: ReadingOptions
) -> ImportedSheet:
    """Reads every row below the header; raises nothing, whatever stands in them."""
    return _Rows(sheet, header, finder, options).read()


class _Rows:
    def __init__(
        self, sheet: Sheet, header: Header, finder: InstitutionFinder, options: ReadingOptions
    ) -> None:
        self.sheet = sheet
        self.header = header
        self.finder = finder
        self.options = options
        self.said: list[Problem] = []
        self.column = {one.field: one for one in header.columns}
        self.filled = dict(self._filled_down())
        self.heading = ""  # code of the institution that a heading between the rows has named
        self.title = "" if "institution" in self.column else self._from_title()

    def read(self) -> ImportedSheet:
        rows: list[ImportedRow] = []
        hidden: list[int] = []
        for number in self.sheet.rows:
            if number <= self.header.last_row or self._names_nobody(number):
                continue
            row = self._row(number)
            if number in self.sheet.hidden_rows:
                hidden.append(number)
            rows.append(row)
        if hidden:
            shown = ", ".join(str(number) for number in hidden[:20])
            self.said.append(
                self.sheet.problem("rows-hidden", hidden[0], 0, "warning", n=len(hidden), rows=shown)
            )
        if not rows:
            self.said.append(self.sheet.problem("no-rows", self.header.last_row))
        return ImportedSheet(tuple(rows), tuple(self.said))

    # --- the sheet -----------------------------------------------------------------------------

    def _filled_down(self) -> Iterator[tuple[tuple[int, int], str]]:
        """What merged cells say for each of their rows; told once a range."""
        known = {one.number: one for one in self.header.columns}
        for top, left, bottom, _ in self.sheet.merged:
            column = known.get(left)
            text = self.sheet.at(top, left)
            if column is None or top <= self.header.last_row or bottom == top or not text:
                continue
            if column.field in ("institution", "courses", "language", "since", "gender"):
                self.said.append(
                    self.sheet.problem(
                        "merged-filled", top, left, "warning", text=text, first=top, last=bottom
                    )
                )
                for row in range(top, bottom + 1):
                    yield (row, left), text
            elif column.field not in ("row_number", "national_number", "birth", "phone", "other"):
                self._tell("merged-person", top, left, text=text)

    def _from_title(self) -> str:
        """The institution that a title above the header, or else the sheet's name, is exactly."""
        if self.options.institution:
            return ""
        for row in self.sheet.rows:
            if row >= self.header.first_row:
                break
            for number in self.sheet.columns_of(row):
                text = clean(self.sheet.at(row, number)).text
                for part in (text, text.partition(":")[2]):
                    if part.strip() and (code := self.finder.find(part).code):
                        self._tell("institution-from-title", row, number, text=text, code=code)
                        return code
        if self.sheet.name and (code := self.finder.find(self.sheet.name).code):
            self._tell("institution-from-title", 0, 0, text=self.sheet.name, code=code)
            return code
        return ""

    def _tell(self, code: str, row: int, column: int, /, **values: object) -> None:
        self.said.append(self.sheet.problem(code, row, column, "warning", **values))

    def _names_nobody(self, row: int) -> bool:
        """Rows that are no people: headers again, sums, headings; told."""
        columns = self.sheet.columns_of(row)
        first = clean(self.sheet.at(row, columns[0])).text
        if repeats_header(self.sheet, self.header, row):
            self._tell("header-again", row, 0)
            return True
        words = [self.sheet.at(row, number) for number in columns]
        if any(is_total(word) for word in words[:2]) and not any("@" in word for word in words):
            self._tell("total-row", row, columns[0], text=first)
            return True
        if len(columns) == 1 and (code := self.finder.find(first).code):
            self.heading = code
            self._tell("institution-heading", row, columns[0], text=first, code=code)
            return True
        taken = {one.number for one in self.header.columns if one.field not in ("row_number", "other")}
        if not any(number in taken for number in columns):
            numbered = {one.number for one in self.header.columns if one.field == "row_number"}
            if not all(number in numbered for number in columns):
                self._tell("row-outside", row, columns[0], text=first[:60])
            return True  # a row with only a running number was left for somebody who did not come
        return False

    # --- a row ---------------------------------------------------------------------------------

    def _row(self, number: int) -> ImportedRow:
        fields: dict[str, str] = {}
        problems: list[Problem] = []
        raw: list[str] = []
        columns = {one.field: one.number for one in self.header.columns}
        for column in self.header.columns:
            cell = self.sheet.cells.get((number, column.number))
            if cell is None and (number, column.number) in self.filled:
                cell = Cell(self.filled[number, column.number])
            if cell is None or column.field in ("row_number", "national_number", "birth", "phone", "other"):
                continue
            raw.append(f"{column.field}={folded(cell.text)}")
            self._take(number, column, cell, fields, problems)
        for whole in _WHOLE:
            if whole in columns:
                columns.setdefault("firstname", columns[whole])
                columns.setdefault("lastname", columns[whole])
        for name, longest in LONGEST.items():
            if len(fields.get(name, "")) > longest:
                problems.append(
                    self.sheet.problem("cell-too-long", number, columns.get(name, 0), limit=longest)
                )
        self._complete(number, fields, columns, problems)
        key = hashlib.sha256("\n".join(raw).encode("utf-8")).hexdigest()[:12]
        return ImportedRow(self.sheet, number, key, fields, columns, tuple(problems))

    def _take(
        self, row: int, column: Column, cell: Cell, fields: dict[str, str], problems: list[Problem]
    ) -> None:
        def add(findings: tuple[Finding, ...]) -> None:
            for one in findings:
                severity = "error" if one.severity == "stops" else "warning"
                problems.append(
                    self.sheet.problem(one.code, row, column.number, severity, **dict(one.values))  # type: ignore[arg-type]
                )

        def wrong(code: str, /, **values: object) -> None:
            problems.append(self.sheet.problem(code, row, column.number, header=column.header, **values))

        if cell.kind == "no-value":
            wrong("formula-without-value", text=cell.text[:60])
            return
        if cell.kind == "error":
            wrong("error-value", text=cell.text)
            return
        cleaned = clean(cell.text, romanian=self._is_romanian(row))
        add(cleaned.findings)
        text = cleaned.text
        if cleaned.stops or means_nothing(text):
            return
        if len(text) > 500:
            wrong("cell-too-long", limit=500)
            return
        match column.field:
            case "firstname" | "lastname":
                one = one_name(text)
                add(one.findings)
                if not one.stops:
                    fields[column.field] = one.text
            case "given_family" | "family_given" | "whole_name":
                order = _WHOLE[column.field]
                latin = in_latin(text)
                add(latin.findings)
                chosen: Order = self.options.order if order == "unknown" else order  # type: ignore[assignment]
                name = split_name(latin.text, chosen)
                add(name.findings)
                if not name.stops and not latin.stops:
                    fields["firstname"], fields["lastname"] = name.given, name.family
            case "email":
                self._email(text, fields, problems, row, column)
            case "idnumber":
                self._idnumber(text, cell, fields, wrong)
            case "username":
                if re.search(r"\s", text):
                    wrong("bad-username", text=text)
                else:
                    fields["username"] = text.lower()
            case "institution":
                self._institution(text, fields, wrong)
            case "gender":
                if (gender := gender_of(text)) is not None:
                    fields["gender"] = gender
                else:
                    wrong("bad-gender", text=text)
            case "language":
                if (language := language_of(text)) is not None:
                    fields["language"] = language
                else:
                    wrong("bad-language", text=text)
            case "courses":
                self._courses(text, fields, wrong)
            case "since":
                self._since(text, cell, fields, wrong)

    def _is_romanian(self, row: int) -> bool:
        column = self.column.get("language")
        said = language_of(self.sheet.at(row, column.number)) if column else None
        return (said or self.header.language) == "ro"

    def _email(
        self, text: str, fields: dict[str, str], problems: list[Problem], row: int, column: Column
    ) -> None:
        latin = in_latin(text)
        for one in latin.findings:
            severity = "error" if one.severity == "stops" else "warning"
            problems.append(self.sheet.problem(one.code, row, column.number, severity, **dict(one.values)))  # type: ignore[arg-type]
        if latin.stops:
            return
        inner = re.search(r"<([^<>\s]+@[^<>\s]+)>", latin.text)
        address = inner.group(1) if inner else latin.text
        if address.count("@") > 1:
            problems.append(self.sheet.problem("several-emails", row, column.number, text=address))
            return
        mended = re.sub(r"^mailto:", "", "".join(address.split()), flags=re.I).strip(".,;:<>()'\"")
        if not EMAIL.match(mended):
            problems.append(self.sheet.problem("bad-email", row, column.number, text=latin.text))
            return
        if mended != text:
            problems.append(self.sheet.problem("email-mended", row, column.number, "warning", text=mended))
        fields["email"] = mended

    def _idnumber(self, text: str, cell: Cell, fields: dict[str, str], wrong: _Wrong) -> None:
        long = cell.kind == "number" and len(text.strip("-")) > 15
        if long or re.fullmatch(r"\d(?:[.,]\d+)?[eE]\+?\d+", text):
            wrong("number-rounded", text=text)
        elif cell.kind == "number" and "." in text:
            wrong("number-with-fraction", text=text)
        elif text[:1] in "=+-@'" or "\n" in text:
            wrong("formula-like", text=text.replace("\n", " / "))
        else:
            fields["idnumber"] = re.sub(r"^(\d+)\.0$", r"\1", text)

    def _institution(self, text: str, fields: dict[str, str], wrong: _Wrong) -> None:
        found = self.finder.find(text)
        if found.code:
            fields["institution"] = found.code
            return
        said = text.replace("\n", " / ")
        if found.proposed:
            names = "; ".join(f"{code} ({self.finder.names[code]})" for code in found.proposed)
            wrong("institution-similar", text=said, similar=names, codes=" ".join(found.proposed))
        else:
            wrong("institution-unknown", text=said)

    def _courses(self, text: str, fields: dict[str, str], wrong: _Wrong) -> None:
        named = re.findall(r"[^\s;,|]+", text)
        known = self.options.known_courses
        if known is not None and not known.issuperset(named):
            wrong("course-unknown", text=text.replace("\n", " / "), known=", ".join(sorted(known)) or "–")
        else:
            fields["courses"] = " ".join(named)

    def _since(self, text: str, cell: Cell, fields: dict[str, str], wrong: _Wrong) -> None:
        try:
            day = read_date(text, "" if cell.kind == "date" else self.header.language)
        except NoDate as error:
            wrong(str(error.args[0]), text=text)
            return
        if day > self.options.today:
            wrong("date-in-future", text=day.isoformat())
        else:
            fields["since"] = day.isoformat()

    def _complete(
        self, row: int, fields: dict[str, str], columns: Mapping[str, int], problems: list[Problem]
    ) -> None:
        stopped = {problem.place.column for problem in problems if problem.severity == "error"}
        if "institution" not in fields and columns.get("institution", 0) not in stopped:
            code = self.options.institution or self.heading or self.title
            if code:
                fields["institution"] = code
            else:
                problems.append(self.sheet.problem("no-institution", row, columns.get("institution", 0)))
        lacking = [
            name
            for name in ("firstname", "lastname")
            if name not in fields and columns.get(name, 0) not in stopped
        ]
        if lacking:
            code = "no-name" if len(lacking) == 2 else f"no-{lacking[0]}"
            problems.append(self.sheet.problem(code, row, columns.get(lacking[0], 0)))
        if self.options.courses:
            listed = fields.get("courses", "").split()
            fields["courses"] = " ".join(dict.fromkeys([*listed, *self.options.courses]))
