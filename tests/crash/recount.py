"""An independent recount: which objects a site has, from its own log alone. It imports nothing of the product.

The log holds every write that took effect. Objects live from the line that made them to the line that took them away.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Thing = tuple[str, str]
"""What it is, and its key: ("cohort", "institution-x"), ("enrolment", "<course>:<person>")."""


@dataclass(frozen=True)
class Wanted:
    """What a site must have in the end, written down by hand and not by the product."""

    things: frozenset[Thing]
    people: Mapping[int, str] = field(default_factory=dict)  # accounts that were there before: id → person
    versions: Mapping[str, int] = field(
        default_factory=dict
    )  # questions that must have more than one version
    suspended: frozenset[str] = frozenset()  # enrolments, "<course>:<person>"
    before: frozenset[Thing] = frozenset()  # may be there too: an earlier state of the files wanted them


@dataclass(frozen=True)
class Recount:
    """What is wrong: made twice, not there, there and wanted by nobody."""

    duplicates: tuple[Thing, ...]
    losses: tuple[Thing, ...]
    unknown: tuple[Thing, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.duplicates or self.losses or self.unknown)


def recount(lines: Iterable[str], wanted: Wanted, caller: str = "lmssync") -> Recount:
    """Reads a stand-in's log from its beginning. Only what `caller` did is looked at."""
    living, versions, suspended = _read(lines, wanted.people, caller)
    return judge(living, wanted, versions=versions, suspended=suspended)


def judge(
    living: Mapping[Thing, int],
    wanted: Wanted,
    *,
    versions: Mapping[str, int],
    suspended: Collection[str],
) -> Recount:
    """Compares what lives (with how many of each) with what is wanted."""
    duplicates = [thing for thing, number in living.items() if number > 1]
    duplicates += [
        ("question version", key) for key, n in versions.items() if n > wanted.versions.get(key, 1)
    ]
    losses = [thing for thing in wanted.things if not living.get(thing)]
    losses += [("question version", key) for key, n in wanted.versions.items() if versions.get(key, 0) < n]
    losses += [("suspension", key) for key in wanted.suspended if key not in suspended]
    unknown = [thing for thing in living if thing not in wanted.things | wanted.before]
    unknown += [("suspension", key) for key in suspended if key not in wanted.suspended]
    return Recount(tuple(sorted(duplicates)), tuple(sorted(losses)), tuple(sorted(unknown)))


def _read(
    lines: Iterable[str], people: Mapping[int, str], caller: str
) -> tuple[Counter[Thing], dict[str, int], set[str]]:
    living: Counter[Thing] = Counter()
    versions: dict[str, int] = {}
    suspended: set[str] = set()
    courses: dict[int, str] = {}
    persons = dict(people)
    for line in lines:
        entry = json.loads(line)
        if entry["caller"] != caller:
            continue
        what, action = entry["what"], entry["action"]
        if what == "course" and action == "create":
            courses[entry["id"]] = entry["idnumber"]
        if what == "user" and action == "create":
            persons[entry["id"]] = entry["idnumber"]
        thing = _thing(entry, courses, persons)
        if thing is None:
            continue
        if action in ("create", "created", "add"):
            living[thing] += 1
        elif action in ("delete", "remove"):
            living[thing] -= 1
        elif what == "criteria":
            living[thing] = 1
        if what == "question" and "version" in entry:
            versions[entry["key"]] = max(versions.get(entry["key"], 0), entry["version"])
        if what == "enrolment":
            (suspended.add if entry.get("status") else suspended.discard)(thing[1])
    return +living, versions, suspended


_KEYS = {
    "course_category": ("course category", "idnumber"),
    "course": ("course", "idnumber"),
    "section": ("section", "key"),
    "question_category": ("question category", "key"),
    "question": ("question", "key"),
    "activity": ("activity", "key"),
    "cohort": ("cohort", "idnumber"),
    "group": ("group", "idnumber"),
    "user": ("account", "idnumber"),
}


def _thing(entry: Mapping[str, Any], courses: Mapping[int, str], persons: Mapping[int, str]) -> Thing | None:
    what = entry["what"]
    if what in _KEYS:
        name, field_name = _KEYS[what]
        return name, str(entry.get(field_name) or f"without a key, id {entry.get('id')}")
    course = courses.get(entry.get("course", 0), f"course {entry.get('course')}")
    person = persons.get(entry.get("userid", 0), f"user {entry.get('userid')}")
    if what == "criteria":
        return "criteria", course
    if what == "cohort_member":
        return "cohort member", f"{entry['cohort']}:{person}"
    if what == "enrolment":
        return "enrolment", f"{course}:{person}"
    if what == "group_member":
        return "group member", f"{entry['group']}:{person}"
    return None  # drafts, which Moodle clears away itself, and what learners do
