"""Compares the people of a sheet with those whom the academy has, and proposes who may be the same. Pure.

Only what cannot mean anybody else is taken as the same person: one number under one name, or one e-mail
address under one name in one institution. Everything else that is alike is a question for a person.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from rapidfuzz import fuzz

from authoring.problems import Problem
from lms_sync.people.import_rows import ImportedRow
from lms_sync.people.import_words import folded
from lms_sync.people.read import Participant

COLUMNS = (
    "idnumber",
    "username",
    "email",
    "firstname",
    "lastname",
    "institution",
    "courses",
    "gender",
    "language",
    "since",
)

_SIMILAR = 88
_SHARED_BY = 3  # as many names with one address make it an office's

Word = Literal["same", "different", "skip"]


@dataclass(frozen=True)
class Question:
    """What a person must decide. `reason` with its values is a message; `answers` are the words that settle it."""

    key: str
    cell: str
    said: str
    reason: str
    values: Mapping[str, object] = field(default_factory=dict)
    proposed: str = ""  # idnumber, or codes of institutions
    answers: tuple[str, ...] = ("same", "different", "skip")


def question_key(kind: str, *parts: str) -> str:
    """By what a question is recognised the next time, wherever its row stands then."""
    return hashlib.sha256("\n".join((kind, *parts)).encode("utf-8")).hexdigest()[:12]


@dataclass(frozen=True)
class Change:
    """A field of an existing row with what it held and what it is to hold."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Outcome:
    """What becomes of a row: a new person, changes of one, nothing new, or left out."""

    row: ImportedRow
    kind: Literal["new", "changed", "same", "skipped", "repeated", "undecided"]
    idnumber: str = ""
    changes: tuple[Change, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The outcome of each row, in order; the new rows as they are to be written; what was told besides."""

    outcomes: tuple[Outcome, ...]
    new: Mapping[str, Mapping[str, str]]  # idnumber → fields
    changed: Mapping[str, Mapping[str, str]]  # idnumber → fields with their new values
    told: tuple[Problem, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        """Everything that a person must decide before anything is written.

        Several may have one key: two wrong cells of a row, which is skipped or mended as a whole. A question about
        the name of an institution stands once for all its rows.
        """
        found: dict[tuple[str, str, str], Question] = {}
        for outcome in self.outcomes:
            for one in outcome.questions:
                found.setdefault((one.key, one.reason, "" if "CODE" in one.answers else one.cell), one)
        return tuple(found.values())


@dataclass
class _Known:
    """Somebody whom a row may be: of the academy's file, or of an earlier row."""

    idnumber: str
    key: str  # the idnumber, or the key of the earlier row
    fields: dict[str, str]
    from_row: ImportedRow | None = None
    order: int = 0

    @cached_property
    def name(self) -> str:
        return _name(self.fields)


def _traits(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        ("institution", fields.get("institution", "")),
        ("name", _name(fields)),
        ("email", fields.get("email", "").casefold() or "\0"),
    ]


def _name(fields: Mapping[str, str]) -> str:
    return " ".join(sorted(folded(f"{fields.get('firstname', '')} {fields.get('lastname', '')}").split()))


def _shown(fields: Mapping[str, str]) -> str:
    return f"{fields.get('firstname', '')} {fields.get('lastname', '')}".strip()


def compare(
    rows: Sequence[ImportedRow],
    participants: Sequence[Participant],
    decided: Mapping[str, str],
    *,
    taken: Collection[str] = (),
) -> Comparison:
    """Compares every row, in order, with everybody known and with the rows before it.

    `decided` gives a person's words by the question's key. `taken` are idnumbers that may not be given to
    anybody new, because somebody had them once.
    """
    return _Comparing(rows, participants, decided, taken).compare()


class _Comparing:
    def __init__(
        self,
        rows: Sequence[ImportedRow],
        participants: Sequence[Participant],
        decided: Mapping[str, str],
        taken: Collection[str],
    ) -> None:
        self.rows = rows
        self.decided = decided
        self.known: list[_Known] = []
        self.by_number: dict[str, _Known] = {}
        self.by_trait: dict[tuple[str, str], list[_Known]] = {}
        for one in participants:
            self._know(_Known(one.idnumber, one.idnumber, _fields(one)))
        numbered = [row.fields["idnumber"] for row in rows if "idnumber" in row.fields]
        self.next = _numbers([one.idnumber for one in self.known], {*taken, *numbered})
        self.shared = self._shared_addresses()
        self.new: dict[str, dict[str, str]] = {}
        self.changed: dict[str, dict[str, str]] = {}
        self.keys: dict[str, ImportedRow] = {}
        self.told: list[Problem] = []

    def _know(self, one: _Known) -> None:
        one.order = len(self.known)
        self.known.append(one)
        self.by_number[one.idnumber.casefold()] = one
        for trait in _traits(one.fields):
            self.by_trait.setdefault(trait, []).append(one)

    def _near(self, fields: Mapping[str, str]) -> list[_Known]:
        """Everybody who has an institution, a name or an address in common with a row, in order."""
        found = {one.order: one for trait in _traits(fields) for one in self.by_trait.get(trait, ())}
        return [found[order] for order in sorted(found)]

    def compare(self) -> Comparison:
        outcomes = [self._row(row) for row in self.rows]
        return Comparison(tuple(outcomes), self.new, self.changed, tuple(self.told))

    def _shared_addresses(self) -> set[str]:
        names: dict[str, set[str]] = {}
        for fields in (*(one.fields for one in self.known), *(row.fields for row in self.rows)):
            if address := fields.get("email", "").casefold():
                names.setdefault(address, set()).add(_name(fields))
        return {address for address, who in names.items() if len(who) >= _SHARED_BY}

    def _row(self, row: ImportedRow) -> Outcome:
        stop = question_key("row", row.key)
        if self.decided.get(stop) == "skip":
            return Outcome(row, "skipped")
        if row.stopped:
            return Outcome(row, "undecided", questions=tuple(self._stopped(row, stop)))
        if row.key in self.keys:
            first = self.keys[row.key].place
            self.told.append(row.sheet.problem("row-repeated", row.row, 0, "warning", other=first))
            return Outcome(row, "repeated")
        self.keys[row.key] = row
        same, questions = self._who(row)
        if questions:
            return Outcome(row, "undecided", questions=tuple(questions))
        if same is None:
            return self._add(row)
        return self._change(row, same)

    def _stopped(self, row: ImportedRow, stop: str) -> Iterator[Question]:
        """A question for each thing that stops a row; an institution is asked about once for all its rows."""
        for problem in row.problems:
            if problem.severity != "error":
                continue
            if problem.code in ("import.institution-similar", "import.institution-unknown"):
                text = str(problem.params["text"])
                codes = str(problem.params.get("codes", ""))
                answers = ("same", "CODE") if len(codes.split()) == 1 else ("CODE",)
                key = institution_key(text)
                yield Question(
                    key, str(problem.params["cell"]), text, problem.code, problem.params, codes, answers
                )
            else:
                said = str(problem.params.get("text", "")) or row.name
                yield Question(
                    stop, str(problem.params["cell"]), said, problem.code, problem.params, "", ("skip",)
                )

    def _who(self, row: ImportedRow) -> tuple[_Known | None, list[Question]]:
        """The person whom a row is about, None for somebody new; or what is to be asked before that is known."""
        numbered = self.by_number.get(row.fields.get("idnumber", "").casefold() or "\0")
        if numbered is not None:
            if _compatible(row.fields, numbered.fields):
                return self._unless_contradicted(row, numbered)
            return self._asked(row, [(numbered, "idnumber-other-name")])
        near = self._near(row.fields)
        certain = [one for one in near if self._certainly(row, one)]
        if len(certain) == 1:
            return self._unless_contradicted(row, certain[0])
        alike = [(one, reason) for one in near if (reason := self._alike(row, one))]
        return self._asked(row, alike)

    def _unless_contradicted(self, row: ImportedRow, one: _Known) -> tuple[_Known | None, list[Question]]:
        """Two rows of one sheet about one person may add to each other, not say different things."""
        if one.from_row is None or not _contradictions(row.fields, one.fields):
            return one, []
        return self._asked(row, [(one, "rows-contradict")])

    def _asked(
        self, row: ImportedRow, alike: Sequence[tuple[_Known, str]]
    ) -> tuple[_Known | None, list[Question]]:
        same: list[_Known] = []
        questions: list[Question] = []
        for one, reason in alike:
            key = question_key("pair", row.key, one.key)
            word = self.decided.get(key)
            number_is_one = reason in ("idnumber-other-name", "rows-contradict")
            if word == "same":
                same.append(one)
            elif word == "skip" or (word == "different" and not number_is_one):
                continue
            else:
                values = {
                    "other": _shown(one.fields),
                    "idnumber": one.idnumber,
                    "institution": one.fields.get("institution", ""),
                    "email": one.fields.get("email", ""),
                    "where": one.from_row.place if one.from_row else "",
                }
                said = " · ".join(
                    part
                    for part in (row.name, row.fields.get("institution", ""), row.fields.get("email", ""))
                    if part
                )
                answers = ("same", "skip") if number_is_one else ("same", "different", "skip")
                questions.append(
                    Question(key, row.place, said, f"import.{reason}", values, one.idnumber, answers)
                )
        if len(same) > 1 and not questions:
            who: Mapping[str, object] = {"idnumbers": ", ".join(one.idnumber for one in same)}
            key = question_key("row", row.key)
            questions.append(Question(key, row.place, row.name, "import.several-same", who, "", ("skip",)))
        return (same[0] if same else None), questions

    def _certainly(self, row: ImportedRow, one: _Known) -> bool:
        mine, theirs = row.fields, one.fields
        return bool(
            "idnumber" not in mine
            and mine.get("email")
            and mine["email"].casefold() == theirs.get("email", "").casefold()
            and _name(mine) == one.name
            and mine.get("institution") == theirs.get("institution")
        )

    def _alike(self, row: ImportedRow, one: _Known) -> str:
        mine, theirs = row.fields, one.fields
        address = mine.get("email", "").casefold()
        if address and address == theirs.get("email", "").casefold() and address not in self.shared:
            return "same-email"
        name = _name(mine)
        if mine.get("institution") == theirs.get("institution"):
            if name == one.name:
                return "same-name"
            if fuzz.token_sort_ratio(name, one.name) >= _SIMILAR:
                return "similar-name"
        elif name == one.name and "idnumber" not in mine and one.from_row is None:
            return "same-name-elsewhere"
        return ""

    def _add(self, row: ImportedRow) -> Outcome:
        idnumber = row.fields.get("idnumber") or next(self.next)
        fields = {**row.fields, "idnumber": idnumber}
        self.new[idnumber] = fields
        self._know(_Known(idnumber, row.key, fields, row))
        return Outcome(row, "new", idnumber)

    def _change(self, row: ImportedRow, one: _Known) -> Outcome:
        """An empty cell says nothing; courses are added, never taken away."""
        changes: list[Change] = []
        for name in COLUMNS[1:]:
            after = row.fields.get(name, "")
            before = one.fields.get(name, "")
            if name == "courses":
                after = " ".join(dict.fromkeys([*before.split(), *after.split()]))
            if name in ("email", "username") and after.casefold() == before.casefold():
                continue
            if after and after != before:
                changes.append(Change(name, before, after))
        moved = any(change.field == "institution" for change in changes)
        if moved and one.fields.get("since") and "since" not in row.fields:
            changes.append(Change("since", one.fields["since"], ""))  # the day of the institution before
        if not changes:
            return Outcome(row, "same", one.idnumber)
        one.fields.update({change.field: change.after for change in changes})
        one.__dict__.pop("name", None)
        for trait in _traits(one.fields):
            if one not in self.by_trait.setdefault(trait, []):
                self.by_trait[trait].append(one)
        if one.idnumber in self.new:
            self.new[one.idnumber].update(one.fields)
        else:
            self.changed.setdefault(one.idnumber, {}).update({c.field: c.after for c in changes})
        return Outcome(row, "changed", one.idnumber, tuple(changes))


def institution_key(text: str) -> str:
    """The key of the question which institution a text means."""
    return question_key("institution", folded(text))


def _fields(one: Participant) -> dict[str, str]:
    return {
        "idnumber": one.idnumber,
        "username": one.username,
        "email": one.email,
        "firstname": one.firstname,
        "lastname": one.lastname,
        "institution": one.institution,
        "courses": " ".join(one.courses),
        "gender": one.gender,
        "language": one.language,
        "since": one.since.isoformat() if one.since else "",
    }


def _compatible(mine: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Whether two names under one number may be one person's: alike, or with one part in common (a marriage)."""
    parts = [folded(mine[name]) == folded(theirs.get(name, "")) for name in ("firstname", "lastname")]
    return any(parts) or fuzz.token_sort_ratio(_name(mine), _name(theirs)) >= _SIMILAR


def _contradictions(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    return [
        name
        for name in ("firstname", "lastname", "institution", "email", "username", "gender")
        if mine.get(name) and theirs.get(name) and folded(mine[name]) != folded(theirs[name])
    ]


def _numbers(existing: Sequence[str], taken: Collection[str]) -> Iterator[str]:
    """Numbers for new people, in the manner of those that there are: after AO-0024 comes AO-0025."""
    used = {one.casefold() for one in (*existing, *taken)}
    forms = Counter(
        (match[1], len(match[2])) for one in existing if (match := re.fullmatch(r"(.*?)(\d+)", one))
    )
    prefix, width = max(sorted(forms), key=lambda form: forms[form]) if forms else ("P-", 4)
    highest = max(
        (
            int(match[1])
            for one in used
            if (match := re.fullmatch(re.escape(prefix.casefold()) + r"(\d{1,12})", one))
        ),
        default=0,
    )
    while True:
        highest += 1
        yield f"{prefix}{highest:0{width}d}"
