"""The way of `people import`: open, understand, compare, and – when nothing is undecided – write. Nothing half-way."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from authoring.problems import ContentError, LmsSyncError, Place, Problem, in_reading_order
from lms_sync.people.import_compare import Comparison, Question, compare, question_key
from lms_sync.people.import_decisions import (
    ImportDecisions,
    read_import_decisions,
    write_import_decisions,
)
from lms_sync.people.import_header import Header, find_header
from lms_sync.people.import_institution import InstitutionFinder
from lms_sync.people.import_letters import Order
from lms_sync.people.import_open import open_sheets
from lms_sync.people.import_rows import ImportedRow, ReadingOptions, read_rows
from lms_sync.people.import_sheet import Sheet, SheetFile, problem_at
from lms_sync.people.import_write import with_people
from lms_sync.people.read import INSTITUTIONS, PARTICIPANTS, People, read_people
from lms_sync.write_files import write_durably

ALL_SHEETS = "*"


class CannotImport(LmsSyncError):
    """Nothing of the file can be imported."""


@dataclass(frozen=True)
class UnderstoodSheet:
    """A sheet that was read, with its header."""

    sheet: Sheet
    header: Header


@dataclass(frozen=True)
class ImportResult:
    """Everything that was understood of a file, and everything that was not.

    `content` is participants.csv as it would be written; None while something is undecided, or where nothing changes.
    """

    file: str
    sheets: tuple[UnderstoodSheet, ...]
    rows: tuple[ImportedRow, ...]
    problems: tuple[Problem, ...]  # of the file, its sheets and rows; errors and what was told
    comparison: Comparison
    people: People
    decisions: ImportDecisions
    content: bytes | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems of the file or of a sheet, which no decision settles."""
        return tuple(one for one in self.problems if one.severity == "error")

    @property
    def told(self) -> tuple[Problem, ...]:
        """What was put right or left out, for the reader to check."""
        rows = (problem for row in self.rows for problem in row.problems if problem.severity == "warning")
        mine = (problem for problem in self.problems if problem.severity == "warning")
        return tuple(in_reading_order([*mine, *rows, *self.comparison.told]))

    @property
    def decided(self) -> bool:
        """Whether nothing stands in the way of writing."""
        return not self.errors and not self.comparison.questions


def understand(
    path: Path,
    folder: Path,
    *,
    sheets: Sequence[str] = (),
    institution: str = "",
    order: Order = "unknown",
    courses: Sequence[str] = (),
    known_courses: Collection[str] | None = None,
    today: date = date.max,
    taken: Collection[str] = (),
) -> ImportResult:
    """Reads a file and compares it with an academy folder; writes nothing.

    `taken` are idnumbers that nobody new may get; `known_courses` are all there are, where the caller knows them. Raises ContentError where the file cannot be read at all or the
    academy's own files have a mistake, CannotImport where an institution or course is not there.
    """
    people = read_people(folder)
    if not people.institutions:
        raise CannotImport("import.no-institutions", Place(INSTITUTIONS))
    codes = [one.code for one in people.institutions]
    if institution and institution not in codes:
        raise CannotImport("people.unknown-institution", value=institution)
    decisions = read_import_decisions(folder, codes)
    file = open_sheets(path)
    finder = InstitutionFinder(people.institutions, decisions.institutions)
    understood, problems = _choose(file, sheets)
    known = None if known_courses is None else frozenset(known_courses)
    options = ReadingOptions(institution, order, today, tuple(courses), known)
    rows: list[ImportedRow] = []
    for one in understood:
        problems += one.header.problems
        if any(problem.severity == "error" for problem in one.header.problems):
            continue
        read = read_rows(one.sheet, one.header, finder, options)
        rows += read.rows
        problems += read.problems
    comparison = compare(rows, people.participants, decisions.words, taken=taken)
    result = ImportResult(
        path.name,
        tuple(understood),
        tuple(rows),
        (*file.told, *problems),
        comparison,
        people,
        decisions,
    )
    if not result.decided or not (comparison.new or comparison.changed):
        return result
    before = (folder / PARTICIPANTS).read_bytes() if (folder / PARTICIPANTS).exists() else None
    content = with_people(before, comparison.new, comparison.changed, delimiter=people.delimiter)
    _refuse_unreadable(content, folder)
    return replace(result, content=content)


def _choose(file: SheetFile, wanted: Sequence[str]) -> tuple[list[UnderstoodSheet], list[Problem]]:
    """The sheets to read. With several that look like lists and none named, nothing is chosen."""
    name = file.sheets[0].file if file.sheets else ""
    problems: list[Problem] = []
    there = {one.name: one for one in file.sheets}
    every = ALL_SHEETS in wanted
    for one in wanted:
        if one not in there and one != ALL_SHEETS:
            names = ", ".join(there) or "-"
            problems.append(problem_at(name, "", "no-such-sheet", 0, 0, "error", name=one, names=names))
    if problems:
        return [], problems
    found = [UnderstoodSheet(one, header) for one in file.sheets if (header := find_header(one)) is not None]
    visible = [one for one in found if not one.sheet.hidden]
    if wanted:
        chosen = [one for one in found if one.sheet.name in wanted or (every and not one.sheet.hidden)]
        read = {one.sheet.name for one in chosen}
        problems += [_no_header(there[one]) for one in wanted if one != ALL_SHEETS and one not in read]
    else:
        chosen = visible
        if len(visible) > 1:
            names = ", ".join(one.sheet.name for one in visible)
            problems.append(problem_at(name, "", "several-sheets", 0, 0, "error", names=names))
            return [], problems
        if not visible:
            filled = [one for one in file.sheets if one.cells]
            if filled:
                problems += [_no_header(one) for one in filled if not one.hidden] or [_no_header(filled[0])]
            else:
                problems.append(problem_at(name, "", "empty", 0, 0, "error", file=name))
    read = {one.sheet.name for one in chosen}
    for sheet in file.sheets:
        if (
            sheet.name in read
            or not sheet.cells
            or any(p.params.get("sheet") == sheet.name for p in problems)
        ):
            continue
        code = "sheet-hidden" if sheet.hidden else "sheet-left-out"
        problems.append(problem_at(name, sheet.name, code, 0, 0, "warning"))
    return chosen, problems


def _no_header(sheet: Sheet) -> Problem:
    row = sheet.rows[0] if sheet.rows else 0
    return sheet.problem("no-header", row)


def _refuse_unreadable(content: bytes, folder: Path) -> None:
    """Raises ContentError where `check` would find a mistake in what is about to be written."""
    with tempfile.TemporaryDirectory(prefix="lms-sync-") as made:
        trial = Path(made)
        (trial / "people").mkdir()
        shutil.copyfile(folder / INSTITUTIONS, trial / INSTITUTIONS)
        (trial / PARTICIPANTS).write_bytes(content)
        read_people(trial)


def store(result: ImportResult, folder: Path, *, language: str) -> bool:
    """Writes participants.csv where nothing is undecided, else the questions; whether the former.

    Raises ContentError where somebody has changed participants.csv meanwhile, CannotWrite.
    """
    delimiter = result.people.delimiter
    if not result.decided:
        if not result.errors:
            write_import_decisions(
                folder,
                result.comparison.questions,
                result.decisions,
                language=language,
                delimiter=delimiter,
            )
        return False
    if result.content is not None:
        if read_people(folder).participants != result.people.participants:
            raise ContentError([Problem("import.changed-meanwhile", {}, Place(PARTICIPANTS))])
        write_durably(folder / PARTICIPANTS, result.content)
    write_import_decisions(
        folder,
        (),
        result.decisions,
        taken_over=_taken_over(result),
        language=language,
        delimiter=delimiter,
    )
    return True


def _taken_over(result: ImportResult) -> list[Question]:
    """New people whom their row does not name for certain: without number and address."""
    return [
        Question(
            question_key("pair", one.row.key, one.idnumber),
            one.row.place,
            one.row.name,
            "import.taken-over",
            {"idnumber": one.idnumber},
            one.idnumber,
        )
        for one in result.comparison.outcomes
        if one.kind == "new" and "idnumber" not in one.row.fields and "email" not in one.row.fields
    ]
