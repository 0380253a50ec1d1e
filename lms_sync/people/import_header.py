"""Finds the header of a sheet – in one row or two, below titles and logos – and what each column is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from authoring.problems import Problem
from lms_sync.people.import_sheet import Sheet
from lms_sync.people.import_words import folded, headers

NAMES = ("firstname", "lastname", "given_family", "family_given", "whole_name")
NOT_TAKEN = ("row_number", "national_number", "birth", "phone", "other")
TAKEN = ("idnumber", "institution", "email", "username", "gender", "language", "courses", "since")

_LOOK_AT = 60
_SIMILAR = 84  # of 100; below it two words of six letters differ in more than one


@dataclass(frozen=True)
class Column:
    """A column that was understood: its field, the words above it, and where they stand."""

    field: str
    number: int
    header: str
    row: int
    language: str = ""


@dataclass(frozen=True)
class Header:
    """The header of a sheet: its rows, its columns, the language of its words, and what is odd or wrong about it."""

    first_row: int
    last_row: int
    columns: tuple[Column, ...]
    language: str
    problems: tuple[Problem, ...] = ()

    def column(self, field: str) -> Column | None:
        """The column of a field."""
        return next((column for column in self.columns if column.field == field), None)


def find_header(sheet: Sheet) -> Header | None:
    """The header of a sheet; None where no row looks like one.

    A row is a header when two of its cells are known words, a person's name among them; two rows are when the
    second makes more of the first. Where two words fit a cell equally well, nothing is chosen.
    """
    rows = [row for row in sheet.rows if row not in sheet.hidden_rows][:_LOOK_AT]
    best: tuple[int, Mapping[int, tuple[str, str, int, str]], int, int] | None = None
    for position, row in enumerate(rows):
        one = _meanings(sheet, row, None)
        tried = [(one, row, row)]
        if one and position + 1 < len(rows) and rows[position + 1] - row <= 2:
            tried.append((_meanings(sheet, row, rows[position + 1]), row, rows[position + 1]))
        for meanings, first, last in tried:
            fields = {field for field, _, _, _ in meanings.values()}
            if len(fields & {*NAMES, *TAKEN, "name"}) < 2 or not fields & {*NAMES, "name"}:
                continue
            if best is None or len(fields) > best[0]:
                best = (len(fields), meanings, first, last)
        if best is not None and row > best[3]:
            break
    if best is None:
        return None
    _, meanings, first, last = best
    return _header(sheet, meanings, first, last)


def _header(sheet: Sheet, meanings: Mapping[int, tuple[str, str, int, str]], first: int, last: int) -> Header:
    fields = {field for field, _, _, _ in meanings.values()}
    columns: list[Column] = []
    problems: list[Problem] = []
    for number, (field, header, row, language) in sorted(meanings.items()):
        if field == "name":  # the family name beside given names, else the whole name
            field = "lastname" if "firstname" in fields else "whole_name"
        elif field == "firstname" and language == "sq" and "lastname" not in fields:
            field = "whole_name"  # "Emri" is both: the first name beside last names, and the name
        before = next((one for one in columns if one.field == field and field not in NOT_TAKEN), None)
        if before is not None:
            at = sheet.cell_name(before.row, before.number)
            problems.append(sheet.problem("column-twice", row, number, header=header, other=at))
            continue
        columns.append(Column(field, number, header, row, language))
        if number in sheet.hidden_columns and field not in NOT_TAKEN:
            problems.append(sheet.problem("column-hidden", row, number, "warning", header=header))
        if field in ("national_number", "birth", "phone"):
            problems.append(sheet.problem("column-not-kept", row, number, "warning", header=header))
    problems += _names(sheet, columns)
    problems += _unknown(sheet, columns, first, last)
    languages = Counter(column.language for column in columns if column.language)
    language = max(sorted(languages), key=lambda one: languages[one]) if languages else "en"
    return Header(first, last, tuple(columns), language, tuple(problems))


def _names(sheet: Sheet, columns: list[Column]) -> list[Problem]:
    fields = {column.field: column for column in columns}
    if any(whole in fields for whole in ("given_family", "family_given", "whole_name")):
        return []
    for field, lacking in (("firstname", "lastname"), ("lastname", "firstname")):
        if field in fields and lacking not in fields:
            at = fields[field]
            return [sheet.problem(f"no-{lacking}-column", at.row, at.number, header=at.header)]
    return []


def _unknown(sheet: Sheet, columns: list[Column], first: int, last: int) -> list[Problem]:
    known = {column.number for column in columns}
    problems = []
    for number in range(1, sheet.width + 1):
        if number in known:
            continue
        row = last if sheet.at(last, number) else first
        said = " ".join(sheet.at(row, number).split())
        if not said:
            filled = next((r for r in sheet.rows if r > last and sheet.at(r, number)), None)
            if filled is not None:
                problems.append(sheet.problem("column-without-header", filled, number, "warning"))
            continue
        near = _nearest(said)
        code, values = ("column-similar", {"similar": near}) if near else ("column-unknown", {})
        problems.append(sheet.problem(code, row, number, "warning", header=said, **values))
    return problems


def _nearest(said: str) -> str:
    """The known header that a word is most like; "" where it is like none. Only proposed, never taken."""
    from rapidfuzz import fuzz, process

    wanted = {word for word, meanings in headers().items() if any(f not in NOT_TAKEN for f, _ in meanings)}
    found = process.extractOne(folded(said), sorted(wanted), scorer=fuzz.ratio, score_cutoff=_SIMILAR)
    return str(found[0]) if found else ""


def _meanings(sheet: Sheet, top: int, bottom: int | None) -> Mapping[int, tuple[str, str, int, str]]:
    """By column number what it means: field, the words, the row they stand in, their language."""
    found: dict[int, tuple[str, str, int, str]] = {}
    languages = Counter(
        language
        for row in (top, bottom)
        if row is not None
        for number in sheet.columns_of(row)
        for language in {one for _, one in headers().get(folded(sheet.at(row, number)), ())}
    )
    for number in range(1, sheet.width + 1):
        upper = " ".join(_spanned(sheet, top, number).split())
        lower = " ".join(sheet.at(bottom, number).split()) if bottom is not None else ""
        tried = [(f"{upper} {lower}".strip(), bottom or top), (lower, bottom or top), (upper, top)]
        for words, row in tried if lower else tried[2:]:
            if words is upper and lower and not sheet.at(top, number):
                continue  # only the group's heading stands above, and the lower word is unknown
            meanings = headers().get(folded(words))
            if not meanings:
                continue
            field, language = max(sorted(meanings), key=lambda one: languages[one[1]])
            found[number] = (field, words, row, language)
            break
    return found


def _spanned(sheet: Sheet, row: int, column: int) -> str:
    """What stands in a cell, or in the merged cells of which it is one."""
    if text := sheet.at(row, column):
        return text
    for top, left, bottom, right in sheet.merged:
        if top <= row <= bottom and left <= column <= right:
            return sheet.at(top, left)
    return ""


def repeats_header(sheet: Sheet, header: Header, row: int) -> bool:
    """Whether a row says what the header says, as where a list was printed on several pages."""
    same = [
        column
        for column in header.columns
        if sheet.at(row, column.number)
        and folded(sheet.at(row, column.number))
        in (folded(column.header), folded(sheet.at(column.row, column.number)))
    ]
    return len(same) >= 2
