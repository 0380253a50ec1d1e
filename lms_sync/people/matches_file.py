"""`people/matches.csv`: participants without a clear account, for a person to decide.

The last column is for the person: the id of the account, `create`, or `skip`. Decided rows are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from authoring.messages import text
from authoring.problems import ContentError, Problem
from lms_sync.people.read_csv import read_csv, unescaped, write_csv
from lms_sync.write_files import write_durably

if TYPE_CHECKING:
    from lms_sync.people.match import Undecided

MATCHES = "people/matches.csv"
_COLUMNS = ("idnumber", "name", "reason", "candidates", "decision")


@dataclass(frozen=True)
class Decision:
    """What a person has decided about one participant, with the other cells of the row as they were."""

    idnumber: str
    action: Literal["account", "create", "skip"]
    user_id: int = 0
    cells: tuple[str, ...] = field(default=(), compare=False, repr=False)


def read_decisions(folder: Path) -> dict[str, Decision]:
    """The decisions in an academy's `people/matches.csv`, by idnumber; rows without one are left out.

    Raises ContentError with every cell that is no decision, and every account given to two participants.
    """
    path = folder / MATCHES
    if not path.exists():
        return {}
    decisions: dict[str, Decision] = {}
    problems: list[Problem] = []
    lines: dict[object, int] = {}
    file = read_csv(path, root=folder, required=("idnumber",), optional=_COLUMNS)
    for row in file.rows:
        word = row["decision"].casefold()
        idnumber = unescaped(row["idnumber"])
        if not word:
            continue
        if idnumber in decisions:
            problems.append(row.problem("people.duplicate", "idnumber", first_line=lines[idnumber]))
            continue
        lines[idnumber] = row.line
        cells = tuple(unescaped(row[column]) for column in _COLUMNS)
        if word in ("create", "skip"):
            decisions[idnumber] = Decision(idnumber, "create" if word == "create" else "skip", 0, cells)
        elif re.fullmatch(r"[1-9][0-9]{0,17}", word):
            user_id = int(word)
            if user_id in lines:
                problems.append(row.problem("people.decided-twice", "decision", first_line=lines[user_id]))
            lines[user_id] = row.line
            decisions[idnumber] = Decision(idnumber, "account", user_id, cells)
        else:
            problems.append(row.problem("people.bad-decision", "decision"))
    if problems:
        raise ContentError(problems)
    return decisions


def write_matches(
    folder: Path,
    undecided: Iterable[Undecided],
    decisions: Mapping[str, Decision],
    *,
    language: str = "en",
    delimiter: str = ",",
) -> Path | None:
    """Writes what is to be decided, and keeps what is; the file's path, or None where there is nothing to write.

    A row whose decision cannot be carried out stands there again, with the decision and the new reason.
    The file is left alone when it would not change. Raises CannotWrite.
    """
    rows: dict[str, list[str]] = {idnumber: list(decision.cells) for idnumber, decision in decisions.items()}
    for entry in undecided:
        said = text(f"people.reason-{entry.reason}", {"detail": entry.detail}, language)
        candidates = "; ".join(str(candidate) for candidate in entry.candidates)
        decided = rows.get(entry.idnumber)
        rows[entry.idnumber] = [entry.idnumber, entry.name, said, candidates, decided[-1] if decided else ""]
    path = folder / MATCHES
    if not rows and not path.exists():
        return None
    content = write_csv([_COLUMNS, *(rows[idnumber] for idnumber in sorted(rows))], delimiter)
    if not path.exists() or path.read_bytes() != content:
        write_durably(path, content)
    return path if rows else None
