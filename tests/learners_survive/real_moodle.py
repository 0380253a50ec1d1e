"""Twenty learners on a real Moodle keep what they have while the course changes under them.

    MOODLE_URL=… MOODLE_TOKEN=… MOODLE_ADMIN_CLI=… python tests/learners_survive/real_moodle.py

The learners do what they do through the functions of the mobile app, with tokens of their own. What they have is read
from Moodle's own tables by a script on the site (what_learners_have.php), before and after: the tracks of the package,
attempts and every answer in the quiz, grades, completions and their dates.

First the trainers change texts, add a lesson and add a question: all of it must be there as before. Then a package is
forced up whose item has another identifier: the plan's forecast must be the number of learners who then have no tracks.
Afterwards course and cohorts are hidden; accounts stay, with passwords that nobody knows.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent / "contract")]

from academy_on_trial import EXAMPLE, LESSONS, AcademyOnTrial, Office  # noqa: E402
from ground import new_password, sha1, with_other_identifiers  # noqa: E402
from sites import STUDENT_ROLE, RealSite  # noqa: E402

from lms_sync.package_data import example_academy  # noqa: E402
from lms_sync.plan import Action, Change, Kind, Loss, PlanOptions  # noqa: E402
from lms_sync.push import Prepared, apply_prepared  # noqa: E402

ENROLLED = 22  # two never come
# Of the twenty who do: status and score in the package, share of the quiz that is right (None: not begun), whether it is handed in.
COURSES_OF_EVENTS: tuple[tuple[int, str, int | None, float | None, bool], ...] = (
    (9, "passed", 90, 1.0, True),
    (3, "passed", 75, 0.4, True),
    (3, "failed", 30, 1.0, True),
    (3, "incomplete", None, 0.5, False),
    (2, "incomplete", 20, None, False),
)
ADDED_QUESTION = {
    "id": "added-later",
    "type": "truefalse",
    "tags": ["receiving"],
    "text": {"sq": "Dokumenti shënohet në regjistër?", "en": "Is the document entered into the register?"},
    "answer": True,
}


def main() -> int:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    trial = Trial()
    try:
        trial.run()
    finally:
        trial.close()
    return 1 if trial.faults else 0


class Trial:
    """One academy, twenty learners, one course of changes."""

    def __init__(self) -> None:
        self.site = RealSite()
        self.academy = AcademyOnTrial(f"{self.site.run}-s")
        self.code = f"{self.site.run}-dimal"
        self.people = [self._person(number) for number in range(1, ENROLLED + 1)]
        self.passwords = {person["username"]: new_password() for person in self.people}
        self.academy.write_people(self.people, {self.code: ("Bashkia (provë)", "Municipality (trial)")})
        self.office = Office(self.site, self.academy)
        self.course = 0
        self.faults: list[str] = []

    def _person(self, number: int) -> dict[str, str]:
        name = f"{self.academy.prefix}-{number:02}"
        return {
            "idnumber": name.upper(),
            "username": name,
            "email": f"{name}@example.org",
            "firstname": ("Arta", "Besnik", "Çelik", "Drita")[number % 4],
            "lastname": f"Hoxhaj {number}",
            "institution": self.code,
        }

    # --- the two halves

    def run(self) -> None:
        self.make_people()
        self.push(f"the course goes up, {ENROLLED} people in it")
        self.learn()
        before = self.what_they_have()
        self.say(f"they have: {amounts(before)}")

        self.change_the_files()
        self.push("changed texts, an added lesson, an added question")
        self.compare(before, self.what_they_have())

        self.lose()

    def make_people(self) -> None:
        columns = ("username", "firstname", "lastname", "email", "idnumber")
        users = [
            {**{name: person[name] for name in columns}, "password": self.passwords[person["username"]]}
            for person in self.people
        ]
        self.site.client.call("core_user_create_users", {"users": users}, write=True)

    def push(self, what: str, options: PlanOptions | None = None) -> Prepared:
        self.office.rebuild()
        return self.apply(what, self.office.plan(options))

    def apply(self, what: str, prepared: Prepared, *, more: bool = False) -> Prepared:
        work = Counter(f"{one.action.value} {one.kind.value}" for one in prepared.plan.work)
        self.expect(
            not prepared.plan.refused, f"{what}: refused {[one.key for one in prepared.plan.refused]}"
        )
        report, left, seconds = self._send(prepared)
        failed = [(one.key, problem.code, dict(problem.params)) for one, problem in report.failed]
        self.expect(not failed, f"{what}: failed {failed}")
        self.expect(more or not left.plan.work, f"{what}: left {[one.key for one in left.plan.work]}")
        self.course = left.observation.course_ids[self.academy.course]
        told = ", ".join(f"{count} {name}" for name, count in sorted(work.items()))
        self.say(f"{what}: {told} ({seconds:.1f} s)")
        return left

    def _send(self, prepared: Prepared) -> tuple[Any, Prepared, float]:
        started = time.monotonic()
        report, left = apply_prepared(
            self.site.client, self.office.engine, "contract", prepared, self.office.settings,
            self.office.site_settings, self.academy.folder, self.office.clock, again=self.office.plan,
        )  # fmt: skip
        return report, left, time.monotonic() - started

    def learn(self) -> None:
        quiz = self.office.built.content[0].quizzes[self.academy.quiz][0]
        names = iter(person["username"] for person in self.people)
        started = time.monotonic()
        for count, status, score, right, finish in COURSES_OF_EVENTS:
            for _ in range(count):
                name = next(names)
                learner = self.site.learner(name, self.passwords[name])
                learner.take_package(self.course, status=status, score=score, suspend_data="v1;0,2")
                if right is not None:
                    learner.take_quiz(self.course, quiz, right=right, finish=finish)
                learner.client.close()
        time.sleep(2.1)  # so that a date that is written anew is another date
        self.say(f"twenty learners learned ({time.monotonic() - started:.1f} s)")

    def change_the_files(self) -> None:
        folder = self.academy.folder / "courses" / self.academy.course
        lesson = example_academy(EXAMPLE) / "courses" / EXAMPLE / "lessons"
        added = next(one for one in sorted(lesson.iterdir()) if one.name not in LESSONS)
        shutil.copytree(added, folder / "lessons" / added.name)

        def course(written: dict[str, Any]) -> None:
            written["lessons"].append({"id": added.name, "minutes": 10})
            written["title"]["en"] += " (2)"
            written["sections"][0]["title"] = {"sq": "Mësoni tani", "en": "Learn now"}
            for section in written["sections"]:
                for activity in section["activities"]:
                    activity["title"] = {name: f"{said} 2" for name, said in activity["title"].items()}

        def quiz(written: dict[str, Any]) -> None:
            written["questions"].append(ADDED_QUESTION)
            for question in written["questions"][:4]:
                question["text"] = {name: f"{said} (2)" for name, said in question["text"].items()}

        self.academy.change_course(course)
        self.academy.change_quiz(quiz)
        self.academy.change_lesson()

    def compare(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        for name, rows in before.items():
            now = {row["id"]: row for row in after[name]}
            gone = [row for row in rows if row["id"] not in now]
            other = [(row, now[row["id"]]) for row in rows if row["id"] in now and now[row["id"]] != row]
            came = len(now) - len(rows) + len(gone)
            if name == "grades":
                # Moodle grades everybody again when a package is replaced: who has no grade gets an empty one or 0.
                known = {row["id"] for row in rows}
                new = [row["finalgrade"] for row in after[name] if row["id"] not in known]
                filled = [
                    pair for pair in other if pair[0]["finalgrade"] is None and is_zero(pair[1]["finalgrade"])
                ]
                other = [pair for pair in other if pair not in filled]
                self.expect(all(one is None or is_zero(one) for one in new), f"{name}: new ones {new}")
                zeros = sum(map(is_zero, new)) + len(filled)
                self.say(f"{name}: Moodle's regrading made {len(new)} rows; {zeros} that had none have 0 now")
                came = 0
            self.expect(not gone, f"{name}: {len(gone)} rows gone")
            self.expect(not other, f"{name}: {len(other)} rows changed, for instance {other[:1]}")
            self.expect(not came, f"{name}: {came} rows came")
            self.say(f"{name}: {len(rows)} rows, {len(gone)} gone, {len(other)} changed")

    def lose(self) -> None:
        """A package whose item has another identifier: refused, forecast, and then counted."""
        before = self.what_they_have()
        prepared = with_forced_identifier(self.office, self.academy.folder / "forced.zip", PlanOptions())
        package = self.package_of(prepared)
        forecast = {loss.kind: loss.learners for loss in package.losses}
        self.expect(package.action is Action.REFUSE, f"the loss was not refused: {package}")
        self.say(f"forced identifier: {package.action.value}, forecast {forecast}")
        allowed = PlanOptions(accept_loss=frozenset({Loss.ATTEMPTS, Loss.GRADES}))
        again = with_forced_identifier(self.office, self.academy.folder / "forced.zip", allowed)
        self.apply("forced identifier, loss accepted", again, more=True)
        after = self.what_they_have()
        had = {row["userid"] for row in before["tracks"]}
        lost = had - {row["userid"] for row in after["tracks"]}
        grades = {row["id"]: row["finalgrade"] for row in after["grades"]}
        fell = sum(
            not is_zero(row["finalgrade"]) and is_zero(grades.get(row["id"]))
            for row in before["grades"]
            if row["itemmodule"] == "scorm" and row["finalgrade"] is not None
        )
        self.expect(
            forecast == {Loss.ATTEMPTS: len(lost), Loss.GRADES: fell},
            f"the forecast was {forecast}; {len(lost)} learners have lost their tracks, {fell} grades fell",
        )
        self.say(f"then {len(lost)} learners have no tracks; {fell} grades of the package fell to 0")
        for name in (
            "quiz attempts",
            "answers",
            "activity completions",
            "criteria met",
            "course completions",
        ):
            self.expect(after[name] == before[name], f"{name} changed with the package")

    def package_of(self, prepared: Prepared) -> Change:
        key = f"{self.academy.course}/package"
        return next(one for one in prepared.plan.changes if (one.kind, one.key) == (Kind.ACTIVITY, key))

    # --- what is there

    def what_they_have(self) -> dict[str, list[dict[str, Any]]]:
        command = [
            *shlex.split(os.environ["MOODLE_ADMIN_CLI"]),
            str(HERE / "what_learners_have.php"),
            str(self.course),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
        return found

    def expect(self, fine: bool, fault: str) -> None:
        if not fine:
            self.faults.append(fault)
            print(f"! {fault}", flush=True)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def close(self) -> None:
        call = self.site.client.call
        if self.course:
            call("core_course_update_courses", {"courses": [{"id": self.course, "visible": 0}]}, write=True)
            found = call(
                "core_user_get_users_by_field", {"field": "username", "values": list(self.passwords)}
            )
            rows = [
                {"roleid": STUDENT_ROLE, "userid": one["id"], "courseid": self.course, "suspend": 1}
                for one in found
            ]
            call("enrol_manual_enrol_users", {"enrolments": rows}, write=True)
        self.office.close()
        self.site.close()
        print(f"{len(self.faults)} faults", flush=True)


def with_forced_identifier(office: Office, target: Path, options: PlanOptions) -> Prepared:
    """The plan with a package that somebody has tampered with: its item has another identifier."""
    office.rebuild()
    (content,) = office.built.content
    assert content.package is not None
    forced = with_other_identifiers(content.package.path.read_bytes())
    target.write_bytes(forced)
    with zipfile.ZipFile(target) as archive:
        assert b"OTHER-" in archive.read("imsmanifest.xml")
    package = replace(
        content.package,
        path=target,
        sha1=sha1(forced),
        content_sha256="",
        items=frozenset(f"OTHER-{one}" for one in content.package.items),
    )
    office.built = replace(office.built, content=(replace(content, package=package),))
    return office.plan(options)


def is_zero(value: object) -> bool:
    """Whether a grade, a number or its text, is 0."""
    return value is not None and float(str(value)) == 0.0


def amounts(have: Mapping[str, list[dict[str, Any]]]) -> str:
    """How much there is of everything."""
    return ", ".join(f"{len(rows)} {name}" for name, rows in have.items())


if __name__ == "__main__":
    sys.exit(main())
