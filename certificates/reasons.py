"""Why a decision says what it says: one reason for each leaf of the tree, with what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from lms_sync.facts import Fact

Kind = Literal[
    "course_completed", "quiz", "attendance", "exercise", "award", "milestone", "pilot_led", "prior_learning",
    "effective",
]  # fmt: skip
"""What a leaf asks for; "effective": that the policy is in effect."""

What = Literal[
    "counted", "absent", "partly", "no-leader", "leader-without-award",
    "led", "led-without-award", "award-expired", "award-suspended", "award-revoked", "award-not-valid", "award-counted",
]  # fmt: skip

_REFERENCE_PARTS = 3


@dataclass(frozen=True)
class Note:
    """What one observation adds to a reason: a day of a session that counts or why not, or what became of an award.

    `leaders` are opaque ids of holders, `award` is the policy that is meant: the one that the session's leader has to
    hold, or the one that counts.
    """

    what: What
    day: date | None
    session: str = ""
    hours: float | None = None
    leaders: tuple[str, ...] = ()
    award: str = ""
    fact: tuple[str, str, str] | None = None  # stream, source id, source time

    def as_json(self) -> dict[str, object]:
        """For the register: only what is known."""
        plain: dict[str, object] = {"what": self.what}
        if self.day is not None:
            plain["day"] = self.day.isoformat()
        for name in ("session", "hours", "award"):
            if getattr(self, name) not in ("", None):
                plain[name] = getattr(self, name)
        for name in ("leaders", "fact"):
            if getattr(self, name):
                plain[name] = list(getattr(self, name))
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Note:
        """What `as_json` wrote."""
        day = plain.get("day")
        return cls(
            plain["what"],
            None if day is None else date.fromisoformat(day),
            plain.get("session", ""),
            plain.get("hours"),
            tuple(plain.get("leaders", ())),
            plain.get("award", ""),
            _reference_from(plain.get("fact")),
        )


@dataclass(frozen=True)
class Reason:
    """One leaf of the requirement tree, and the fact that met it.

    `met` "not needed" is an alternative whose other branches were enough.
    """

    requirement: Kind
    subject: str
    met: Literal["yes", "no", "not needed"]
    on: date | None = None
    score: str | None = None
    wanted: str | None = None
    fact: tuple[str, str, str] | None = None  # stream, source id, source time
    notes: tuple[Note, ...] = ()
    path: tuple[str, ...] = ()  # the groups above it that are more than the outermost `all`, see `group`

    def as_json(self) -> dict[str, object]:
        """For the register: only what is known."""
        plain: dict[str, object] = {"requirement": self.requirement, "subject": self.subject, "met": self.met}
        if self.on is not None:
            plain["on"] = self.on.isoformat()
        for name in ("score", "wanted"):
            if getattr(self, name) is not None:
                plain[name] = getattr(self, name)
        if self.fact is not None:
            plain["fact"] = list(self.fact)
        if self.notes:
            plain["notes"] = [note.as_json() for note in self.notes]
        if self.path:
            plain["path"] = list(self.path)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Reason:
        """What `as_json` wrote."""
        on = plain.get("on")
        return cls(
            plain["requirement"],
            plain["subject"],
            plain["met"],
            None if on is None else date.fromisoformat(on),
            plain.get("score"),
            plain.get("wanted"),
            _reference_from(plain.get("fact")),
            tuple(Note.from_json(note) for note in plain.get("notes", ())),
            tuple(plain.get("path", ())),
        )


def group(kind: Literal["all", "any", "n_of", "within"], number: int, wanted: int = 0) -> str:
    """How a group of the tree is called in a reason's path: kind, how many are wanted, place among its siblings."""
    return f"{kind}:{wanted}:{number}" if wanted else f"{kind}:{number}"


def group_parts(name: str) -> tuple[str, int]:
    """The kind of a group, and how many (or how many months) it wants; 0 where that says nothing."""
    kind, *rest = name.split(":")
    return kind, int(rest[0]) if len(rest) == 2 else 0


def reference(fact: Fact) -> tuple[str, str, str]:
    """What names a fact in a reason: stream, source id, source time."""
    return (fact.stream, fact.source_id, fact.source_time.isoformat())


def _reference_from(plain: list[str] | None) -> tuple[str, str, str] | None:
    if plain is None or len(plain) != _REFERENCE_PARTS:
        return None
    return (plain[0], plain[1], plain[2])
