"""A small academy for the crash table, as it is first and as it is changed later; and what a site must have of it.

What must be there is written down here by hand: the recount shall not ask the product what it wanted.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "contract"))

from academy_on_trial import AcademyOnTrial
from recount import Thing, Wanted

from lms_sync.academy import BuiltAcademy

QUESTIONS = (
    "receiving-first-step", "receiving-order", "receiving-missing-attachment", "protocol-match-numbers",
    "protocol-count-numbers",
)  # fmt: skip
SLOTS = (
    {"use": "receiving-first-step"},
    {"draw": 1, "tags": ["receiving"]},
    {"use": "protocol-match-numbers"},
)
CHANGED_QUESTION = "protocol-count-numbers"


@dataclass(frozen=True)
class Stage:
    """The academy at one time."""

    name: str
    academy: AcademyOnTrial
    built: BuiltAcademy
    wanted: Wanted
    parallel: int = 1
    begins_anew: bool = False  # on the site as it was before the first stage


class SmallAcademy:
    """Category, course, two sections, package, five questions, quiz, criteria, two cohorts and groups, four people.

    Two people have accounts already where `existing` names their ids; for the others accounts are made.
    """

    def __init__(self, prefix: str, existing: tuple[int, ...] = ()) -> None:
        self.prefix = prefix
        self.existing = {number: f"{prefix}-P{n}" for n, number in enumerate(existing, 1)}
        self.first = self._first()

    def _academy(self) -> AcademyOnTrial:
        return AcademyOnTrial(self.prefix, questions=QUESTIONS, slots=SLOTS)

    def _first(self) -> Stage:
        academy = self._academy()
        academy.write_people([self.person(n) for n in (1, 2, 3, 4)], self._institutions(2))
        wanted = Wanted(frozenset(self._things((1, 2, 3, 4))), self.existing)
        return Stage("first push", academy, academy.build(), wanted)

    def changed(self) -> Stage:
        """Every kind of object is changed; somebody leaves, somebody comes, with an institution of their own."""
        academy = self._academy()

        def course(data: dict[str, Any]) -> None:
            data["title"]["sq"] += " 2"
            data["category"]["title"]["sq"] += " 2"
            data["sections"][0]["title"]["sq"] += " 2"

        def quiz(data: dict[str, Any]) -> None:
            data["settings"]["time_limit"] = "30 min"
            data["category"]["title"]["sq"] += " 2"
            one = next(one for one in data["questions"] if one["id"] == CHANGED_QUESTION)
            one["text"]["sq"] += " Po?"

        academy.change_course(course)
        academy.change_quiz(quiz)
        academy.change_lesson()
        institutions = self._institutions(3)
        institutions[f"{self.prefix}-i1"] = ("Bashkia e re", "New municipality")
        academy.write_people([self.person(n) for n in (1, 2, 3, 5)], institutions)
        left = f"{academy.course}:{self.prefix}-P4"
        wanted = Wanted(
            frozenset(self._things((1, 2, 3, 5))),
            self.existing,
            versions={f"{academy.quiz}:{CHANGED_QUESTION}": 2},
            suspended=frozenset({left}),
            before=frozenset(self._things((1, 2, 3, 4))),
        )
        return Stage("changed files", academy, academy.build(), wanted)

    def two_courses(self) -> Stage:
        """Two courses on one shelf, each with a package, pushed at once; two people are in both."""
        academy = AcademyOnTrial(f"{self.prefix}2", questions=QUESTIONS[:1], slots=({"use": QUESTIONS[0]},))

        def only_package(data: dict[str, Any]) -> None:
            data["sections"] = [one for one in data["sections"] if one["id"] == "learn"]
            data["complete_when"] = {"all": ["package"]}

        academy.change_course(only_package)
        second = f"{academy.course}-b"
        shutil.copytree(academy.folder / "courses" / academy.course, academy.folder / "courses" / second)
        file = academy.folder / "courses" / second / "course.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(f"id: {academy.course}\n", f"id: {second}\n", 1), encoding="utf-8")
        academy.write_people([self.person(n) for n in (1, 3)], self._institutions(2))
        people = academy.folder / "people" / "participants.csv"
        rows = people.read_text(encoding="utf-8").replace(academy.course, f"{academy.course}|{second}")
        people.write_text(rows, encoding="utf-8")
        things = {("course category", academy.category)}
        for course in (academy.course, second):
            things |= {("course", course), ("section", f"{course}/learn")}
            things |= {("activity", f"{course}/package"), ("criteria", course)}
        for number in (1, 3):
            who, institution = f"{self.prefix}-P{number}", f"{self.prefix}-{institution_of(number)}"
            things.add(("cohort", f"institution-{institution}"))
            things.add(("cohort member", f"institution-{institution}:{who}"))
            if who not in self.existing.values():
                things.add(("account", who))
            for course in (academy.course, second):
                things |= {("group", f"{course}/{institution}"), ("enrolment", f"{course}:{who}")}
                things.add(("group member", f"{course}/{institution}:{who}"))
        wanted = Wanted(frozenset(things), self.existing)
        return Stage("two at once", academy, academy.build(), wanted, parallel=2, begins_anew=True)

    def person(self, number: int) -> dict[str, str]:
        """A row of participants.csv."""
        name = f"{self.prefix}-p{number}"
        return {
            "idnumber": f"{self.prefix}-P{number}",
            "username": name,
            "email": f"{name}@example.org",
            "firstname": "Person",
            "lastname": str(number),
            "institution": f"{self.prefix}-{institution_of(number)}",
        }

    def accounts(self) -> list[dict[str, object]]:
        """The accounts that are there before, for a stand-in's seed."""
        rows = []
        for number, who in self.existing.items():
            person = self.person(int(who.rsplit("-P", 1)[1]))
            rows.append({**{name: person[name] for name in ("username", "email", "idnumber")}, "id": number})
        if len(rows) > 1:
            rows[1]["idnumber"] = ""  # found by user name
        return rows

    def _institutions(self, number: int) -> dict[str, tuple[str, str]]:
        return {
            f"{self.prefix}-i{n}": (f"Bashkia {self.prefix} {n}", f"Municipality {self.prefix} {n}")
            for n in range(1, number + 1)
        }

    def _things(self, people: tuple[int, ...]) -> set[Thing]:
        prefix = self.prefix
        course, quiz = f"{prefix}-archive", f"{prefix}-final"
        things = {
            ("course category", f"{prefix}-academy"),
            ("course", course),
            ("section", f"{course}/learn"),
            ("section", f"{course}/exam"),
            ("activity", f"{course}/package"),
            ("activity", f"{course}/final"),
            ("criteria", course),
            ("question category", quiz),
            *(("question", f"{quiz}:{one}") for one in QUESTIONS),
        }
        for number in people:
            who, institution = f"{prefix}-P{number}", f"{prefix}-{institution_of(number)}"
            things |= {
                ("cohort", f"institution-{institution}"),
                ("group", f"{course}/{institution}"),
                ("cohort member", f"institution-{institution}:{who}"),
                ("enrolment", f"{course}:{who}"),
                ("group member", f"{course}/{institution}:{who}"),
            }
            if who not in self.existing.values():
                things.add(("account", who))
        return things

    def close(self) -> None:
        """Removes the folders."""
        self.first.academy.close()


def institution_of(number: int) -> str:
    """Where a person works: two in each of the first two institutions, the fifth in the third."""
    return f"i{(number + 1) // 2}"
