"""A programme's coverage report over many facts: the whole verb, with its page, PDF, workbook and CSV.

The database is that of `states` (PULLED_FACTS, MANY_FACTS), in which everybody also gets a gender, a language and an institution of
61; one in thirty moved from one institution to another, one in a thousand has two rows. The programme counts ten courses with
twenty indicators, each broken down by everything: who completed the course, and who passed its quiz.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from states import COURSES, FACTS, KEPT, PROMISED, START, _fill, _make, _told

from lms_sync.store import schema
from lms_sync.store.database import open_database, reading

_BEFORE = datetime(2025, 12, 1, tzinfo=UTC)
_MOVED = datetime(2026, 1, 4, tzinfo=UTC)
_PEOPLE = FACTS // 100
_GENDERS = ("female", "male", "female", "male", "other", "undisclosed", None)
_LANGUAGES = ("sq", "sq", "en", None)

_PROGRAMME = """\
schema: programme/1
id: many
title: {{en: Many, sq: Shumë}}
languages: [sq, en]
timezone: Europe/Tirane
dates: {{from: 2026-01-01, until: 2026-12-31}}
institutions: {{kinds: [municipality]}}
courses: [{courses}]
quizzes: [{courses}]
indicators:
"""
_INDICATOR = """\
  - id: {id}
    title: {{en: {id}, sq: {id}}}
    definition: {{en: Who did so., sq: Kush e bëri.}}
    count: {{{count}}}
    targets: [{{by: 2026-06-30, value: 50000}}, {{by: 2026-12-31, value: 80000}}]
    by: [gender, institution, region, language, quarter]
"""
_COURSE = """\
schema: course/1
id: {id}
version: "1.0"
title: {{en: A course, sq: Një kurs}}
category: {{id: many, title: {{en: Many, sq: Shumë}}}}
languages: {{default: sq, offered: [sq, en]}}
sections:
  - id: start
    title: {{en: Start, sq: Fillimi}}
    activities:
      - {{id: final, kind: quiz, quiz: {id}, title: {{en: Quiz, sq: Test}}}}
"""
_QUIZ = """\
schema: quiz/1
id: {id}
title: {{en: Quiz, sq: Test}}
languages: {{default: sq, offered: [sq, en]}}
settings: {{pass: 70%}}
questions:
"""
_QUESTION = """\
  - id: q{n}
    type: single
    name: Question {n}
    text: {{en: Which one?, sq: Cila?}}
    options:
      - {{text: {{en: This, sq: Kjo}}, correct: true}}
      - {{text: {{en: That, sq: Ajo}}}}
"""
_CONFIG = """\
language: en
sites: {{s: {{url: "https://moodle.example.org", token_env: LMS_SYNC_TOKEN, timezone: Europe/Tirane}}}}
database: {{url: "sqlite:///{path}"}}
"""


def _academy(folder: Path, path: str) -> None:
    def write(name: str, text: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    programme = _PROGRAMME.format(courses=", ".join(COURSES))
    for course in COURSES:
        programme += _INDICATOR.format(id=f"completed-{course}", count=f"completed: {course}")
        programme += _INDICATOR.format(id=f"passed-{course}", count=f"passed: {course}/final")
        write(f"courses/{course}/course.yaml", _COURSE.format(id=course))
        questions = "".join(_QUESTION.format(n=n) for n in range(20))
        write(f"quizzes/{course}.yaml", _QUIZ.format(id=course) + questions)
    write("programmes/many.yaml", programme.replace(f"quizzes: [{', '.join(COURSES)}]\n", ""))
    towns = "".join(f"i{n},Municipality {n},Bashkia {n},municipality,Region {n % 12}\n" for n in range(61))
    write("people/institutions.csv", f"code,name_en,name_sq,kind,region\n{towns}")
    takes = ";".join(COURSES)
    listed = "".join(f"AO-{n},Name,Surname,i{n % 61},{takes}\n" for n in range(_PEOPLE))
    write("people/participants.csv", f"idnumber,firstname,lastname,institution,courses\n{listed}")
    write("config.yaml", _CONFIG.format(path=path))


def _place_everybody(path: str) -> None:
    engine = open_database(f"sqlite:///{path}")
    table, data = schema.membership, schema.person_data
    with reading(engine) as connection:
        if connection.execute(select(table.c.id).limit(1)).first() is not None:
            return
    about = [
        {"person": f"{n:036}", "gender": _GENDERS[n % 7], "language": _LANGUAGES[n % 4]}
        for n in range(_PEOPLE)
    ]
    places = []
    for n in range(_PEOPLE):
        mine = {"site": "s", "person_id": f"{n:036}"}
        moved = _MOVED if n % 30 == 7 else None
        places.append({**mine, "institution": f"i{n % 61}", "valid_from": _BEFORE, "valid_to": moved})
        if moved:
            places.append({**mine, "institution": f"i{(n + 1) % 61}", "valid_from": moved, "valid_to": None})
    second = range(
        _PEOPLE, _PEOPLE + _PEOPLE // 1000
    )  # rows of their own, without facts: `states` counts the same
    rows = [{"id": f"{n:036}", "site": "s", "created_at": START} for n in second]
    same = [
        {"site": "s", "person_id": f"{n:036}", "same_as": f"{n - _PEOPLE:036}", "decided_at": START}
        for n in second
    ]
    with engine.begin() as connection:
        told = update(data).where(data.c.person_id == bindparam("person"))
        connection.execute(told.values(gender=bindparam("gender"), language=bindparam("language")), about)
        connection.execute(insert(table), places)
        connection.execute(insert(schema.person), rows)
        connection.execute(insert(schema.same_person), same)
    engine.dispose()


_COMMAND = "from lms_sync.cli import main; main()"


def _report(folder: str, told: Any) -> None:
    """The command as an officer starts it, from its first module to its end."""
    began = time.perf_counter()
    arguments = ["report", "coverage", "many", "--json", "--dir", folder]
    path = os.pathsep.join([str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")])
    said = subprocess.run(
        [sys.executable, "-c", _COMMAND, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    told.put(
        {
            "seconds": time.perf_counter() - began,
            "cpu": spent.ru_utime + spent.ru_stime,
            "megabytes": spent.ru_maxrss / 1024,
            "exit": said.returncode,
            "said": said.stdout or said.stderr,
        }
    )


def measure() -> list[dict[str, object]]:
    """The figures, for bench/results.json."""
    import json

    with tempfile.TemporaryDirectory() as folder:
        path = KEPT or str(Path(folder) / "many.db")
        _fill(path)
        _place_everybody(path)
        _told(_make, path)
        academy = Path(folder) / "academy"
        _academy(academy, path)
        found = _told(_report, str(academy))
        assert found["exit"] == 0, found["said"]
        said = json.loads(found["said"])
        assert len(said["files"]) == 8
        completed = sum(1 for n in range(_PEOPLE) if n % 3)
        for one in said["indicators"]:
            assert one["persons"] == (completed if one["id"].startswith("completed") else _PEOPLE)
    where = f"{FACTS:,} facts, {FACTS // 10:,} pairs of person and course, 20 indicators, 61 institutions; {found['cpu']:.2f} s of CPU"
    small = FACTS < PROMISED
    suffix = "-small" if small else ""
    most = 5 * FACTS / PROMISED + 3 if small else 5  # of little, the eight files are most

    def figure(name: str, value: float, unit: str, goal: str, *, met: bool) -> dict[str, object]:
        return {
            "id": f"facts.{name}{suffix}",
            "value": round(value, 2),
            "unit": unit,
            "peer": where,
            "peer_value": None,
            "ratio": None,
            "goal": goal,
            "met": met,
        }

    return [
        figure(
            "coverage-seconds",
            found["seconds"],
            "s",
            "<= 5 s for 10,000,000 facts",
            met=found["seconds"] <= most,
        ),
        figure(
            "coverage-memory",
            found["megabytes"],
            "MB",
            "<= 600 MB for 10,000,000 facts",
            met=found["megabytes"] <= 600,
        ),
    ]
