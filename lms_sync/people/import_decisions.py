"""`people/import-decisions.csv`: what an import could not decide, for a person, and what was decided.

The last column is for the person: `same`, `different`, `skip`, or the code of an institution. Decided rows are kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from authoring.messages import text
from authoring.problems import ContentError, Problem
from lms_sync.people.import_compare import Question
from lms_sync.people.read_csv import read_csv, unescaped, write_csv
from lms_sync.write_files import write_durably

DECISIONS = "people/import-decisions.csv"
COLUMNS = ("key", "cell", "says", "question", "proposed", "answers", "decision")

_WORDS = {
    "same": ("same", "njëjti", "i njëjti", "e njëjta", "njejti", "acelasi", "același", "aceeași"),
    "different": ("different", "tjetër", "tjeter", "tjetra", "diferit", "diferită", "altul", "alta"),
    "skip": ("skip", "kapërce", "kaperce", "lë jashtë", "omite", "sari", "omis"),
}
_WORD = {word: meaning for meaning, words in _WORDS.items() for word in words}


@dataclass(frozen=True)
class ImportDecisions:
    """What a person has written, by the question's key, and the rows of the file that hold a decision."""

    words: Mapping[str, str] = field(default_factory=dict)  # same, different, skip, or an institution's code
    institutions: Mapping[str, str] = field(default_factory=dict)  # folded name → code
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


def read_import_decisions(folder: Path, codes: Collection[str]) -> ImportDecisions:
    """Reads the decisions; raises ContentError with every cell that is no decision. No file: none."""
    path = folder / DECISIONS
    if not path.exists():
        return ImportDecisions()
    from lms_sync.people.import_words import folded

    file = read_csv(path, root=folder, required=("key",), optional=COLUMNS)
    words: dict[str, str] = {}
    institutions: dict[str, str] = {}
    rows: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for row in file.rows:
        said = unescaped(row["decision"])
        if not said:
            continue
        answers = row["answers"].split()
        word = _WORD.get(said.casefold(), said)
        if "CODE" in answers:
            code = unescaped(row["proposed"]) if word == "same" and "same" in answers else word
            if code not in codes:
                problems.append(row.problem("import.decision-no-code", "decision"))
                continue
            institutions[folded(unescaped(row["says"]))] = code
        elif word not in (answers or _WORDS):
            allowed = ", ".join(answers or _WORDS)
            problems.append(row.problem("import.decision-unknown", "decision", allowed=allowed))
            continue
        words[row["key"]] = word
        rows[row["key"]] = tuple(unescaped(row[column]) for column in COLUMNS)
    if problems:
        raise ContentError(problems)
    return ImportDecisions(words, institutions, rows)


def write_import_decisions(
    folder: Path,
    questions: Iterable[Question],
    decisions: ImportDecisions,
    *,
    taken_over: Iterable[Question] = (),
    language: str = "en",
    delimiter: str = ",",
) -> bool:
    """Writes the open questions below what was decided; whether there are open ones.

    `taken_over` are questions that an import has answered itself, by making the person: the next import of the
    same row then knows whom it made. The file is left alone when it would not change. Raises CannotWrite.
    """
    rows = dict(decisions.rows)
    for one in taken_over:
        rows[one.key] = (*_row(one, language), "same")
    waiting: dict[str, tuple[str, ...]] = {}
    for one in questions:
        if one.key in rows:
            continue
        row = _row(one, language)
        before = waiting.get(one.key)
        if before is not None:  # another wrong cell of the same row
            row = (*row[:1], *(f"{a}; {b}" for a, b in zip(before[1:4], row[1:4], strict=True)), *row[4:])
        waiting[one.key] = row
    content_rows = [*rows.values(), *((*row, "") for row in waiting.values())]
    path = folder / DECISIONS
    if content_rows or path.exists():
        content = write_csv([COLUMNS, *content_rows], delimiter)
        if not path.exists() or path.read_bytes() != content:
            write_durably(path, content)
    return bool(waiting)


def _row(one: Question, language: str) -> tuple[str, ...]:
    asked = re.sub(r"\s+", " ", text(one.reason, one.values, language))
    return (one.key, one.cell, one.said, asked, one.proposed, " ".join(one.answers))
