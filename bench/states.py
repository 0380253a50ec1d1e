"""A report over many facts: states made from the log, caught up with it, and the completion report of ten courses.

PULLED_FACTS facts (default 100,000; the promise is for 10,000,000: `PULLED_FACTS=10000000 python bench states`, about ten
minutes and 8 GB of disk in TMPDIR) of a hundredth as many people in ten courses: 4 activity completions, 2 attempts, 3 grades
and a course completion for each pair of person and course. Everybody is in the people files, in 61 institutions.
What is reported are all ten courses, written as CSV and XLSX as the verb does it, in a process of its own, with its peak of memory. MANY_FACTS names a database that was
made so before, or is to be kept.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from lms_sync.completion_output import write_report
from lms_sync.completion_report import ReportedCourse, completion_report
from lms_sync.facts import ACTIVITY_COMPLETION, COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT, Fact, store_facts
from lms_sync.people import Institution, Participant, People
from lms_sync.report_people import known_people
from lms_sync.state_table import keep_states, make_anew
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading, repeatable

FACTS = int(os.environ.get("PULLED_FACTS", "100000"))
KEPT = os.environ.get("MANY_FACTS", "")
PROMISED = 10_000_000
COURSES = [f"course-{number}" for number in range(10)]
START = datetime(2026, 1, 1, tzinfo=UTC)
_PEOPLE_A_PAGE = 200


def people() -> People:
    """Everybody in the people files."""
    institutions = tuple(Institution(f"i{n}", {"en": f"Municipality {n}"}) for n in range(61))
    return People(
        institutions,
        tuple(
            Participant(f"AO-{n}", "Name", "Surname", f"i{n % 61}", courses=tuple(COURSES))
            for n in range(FACTS // 100)
        ),
    )


def _learned(person: int) -> Iterator[Fact]:
    for place, course in enumerate(COURSES):
        base = (person * 10 + place) * 10
        when = START + timedelta(seconds=base)
        final = f"{course}/final"
        said: list[tuple[str, str, dict[str, object]]] = [
            *[(ACTIVITY_COMPLETION, f"{course}/a{n}", {"state": 1, "complete": True}) for n in range(4)],
            (QUIZ_ATTEMPT, final, {"attempt": 1, "state": "finished", "score": 5.0, "max": 10.0}),
            (GRADE, final, {"item": "mod", "grade": 5.0, "max": 10.0}),
            (QUIZ_ATTEMPT, final, {"attempt": 2, "state": "finished", "score": 8.0, "max": 10.0}),
            (GRADE, final, {"item": "mod", "grade": 5.0 + person % 5, "max": 10.0}),
            (GRADE, "", {"item": "course", "grade": 8.0, "max": 10.0}),
            (COURSE_COMPLETION, "", {"complete": person % 3 > 0}),
        ]
        for number, (stream, subject, value) in enumerate(said):
            yield Fact(
                stream,
                str(base + number),
                when + timedelta(seconds=number),
                f"{person:036}",
                course,
                subject,
                value,
            )


def _fill(path: str) -> None:
    engine = repeatable(open_database(f"sqlite:///{path}"))
    with engine.connect() as connection:
        if connection.execute(select(schema.fact.c.id).limit(1)).first() is not None:
            return
    for start in range(0, FACTS // 100, _PEOPLE_A_PAGE):
        some = range(start, min(start + _PEOPLE_A_PAGE, FACTS // 100))
        with engine.begin() as connection:
            ids = [f"{one:036}" for one in some]
            connection.execute(
                insert(schema.person), [{"id": one, "site": "s", "created_at": START} for one in ids]
            )
            connection.execute(
                insert(schema.person_data),
                [{"person_id": one, "site": "s", "salt": b"", "idnumber": f"AO-{int(one)}"} for one in ids],
            )
            facts = [fact for person in some for fact in _learned(person)]
            facts.sort(key=lambda fact: fact.stream)  # a pull brings stream after stream
            store_facts(connection, "s", facts, START, None)
    engine.dispose()


def _told(work: Any, path: str) -> Any:
    """What some work says of itself in a process of its own."""
    context = multiprocessing.get_context("fork")  # a module of the benches has no name to import it by
    told = context.Queue()
    process = context.Process(target=work, args=(path, told))
    process.start()
    found = told.get(timeout=3600)
    process.join()
    return found


def _spent(began: tuple[float, float]) -> dict[str, float]:
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": wall, "cpu": cpu, "megabytes": memory}


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _make(path: str, told: Any) -> None:
    _fill(path)
    engine = open_database(f"sqlite:///{path}", migrate=False)
    with reading(engine) as connection:
        kept = connection.execute(select(schema.state_mark.c.up_to)).scalar()
    if kept:  # a database that was kept
        told.put(None)
        return
    began = _now()
    made = make_anew(engine, "s")
    told.put({**_spent(began), "pairs": made})


def _catch_up(path: str, told: Any) -> None:
    engine = open_database(f"sqlite:///{path}", migrate=False)
    with engine.begin() as connection:
        at = time.time_ns()  # another one in each run
        facts = [
            Fact(GRADE, f"{at}-{one}", START, f"{one:036}", COURSES[0], f"{COURSES[0]}/final",
                 {"item": "mod", "grade": 1.0, "max": 10.0})
            for one in range(min(1000, FACTS // 100))
        ]  # fmt: skip
        store_facts(connection, "s", facts, START, None)
    began = _now()
    made = keep_states(engine, "s")
    told.put({**_spent(began), "pairs": made})


def _report(path: str, told: Any) -> None:
    engine = open_database(f"sqlite:///{path}", migrate=False)
    everybody = people()
    began = _now()
    keep_states(engine, "s")
    completed = 0
    with reading(engine) as connection:
        known = known_people(connection, "s", everybody)
    for course in COURSES:
        with reading(engine) as connection:
            found = completion_report(
                connection,
                "s",
                everybody,
                ReportedCourse(course, course, f"{course}/final"),
                as_of=datetime(2050, 1, 1, tzinfo=UTC),
                timezone="UTC",
                language="en",
                known=known,
            )
        completed += found.total.completed
        write_report(found, Path(path).parent, "en", "many-facts-reports")
    told.put({**_spent(began), "completed": completed})


def measure() -> list[dict[str, object]]:
    """The figures, for bench/results.json."""
    with tempfile.TemporaryDirectory() as folder:
        path = KEPT or str(Path(folder) / "many.db")
        made = _told(_make, path)
        caught = _told(_catch_up, path)
        reported = _told(_report, path)
    assert made is None or made["pairs"] == FACTS // 10
    assert reported["completed"] == sum(1 for one in range(FACTS // 100) if one % 3) * len(COURSES)
    where = f"{FACTS:,} facts, {FACTS // 10:,} pairs of person and course, {FACTS // 100:,} people listed"
    small = FACTS < PROMISED
    suffix = "-small" if small else ""

    def figure(
        name: str, value: float, unit: str, goal: str, *, met: bool, peer: str = where
    ) -> dict[str, object]:
        return {
            "id": f"facts.{name}{suffix}",
            "value": round(value, 2),
            "unit": unit,
            "peer": peer,
            "peer_value": None,
            "ratio": None,
            "goal": goal,
            "met": met,
        }

    most = 5 * FACTS / PROMISED + 1 if small else 5  # of little, opening and planning are most
    cpu = f"{where}; {reported['cpu']:.2f} s of CPU"
    figures = [
        figure("report-seconds", reported["seconds"], "s", "<= 5 s for 10,000,000 facts", met=reported["seconds"] <= most, peer=cpu),
        figure("report-memory", reported["megabytes"], "MB", "<= 600 MB for 10,000,000 facts", met=reported["megabytes"] <= 600),
        figure("states-caught-up", caught["pairs"] / caught["seconds"], "pairs/s", "told", met=True,
               peer=f"{caught['pairs']:,} of {FACTS // 10:,} pairs touched"),
    ]  # fmt: skip
    if made is not None:
        cpu = f"{made['cpu']:.1f} s of CPU, {made['megabytes']:.0f} MB"
        figures.append(figure("states-anew", FACTS / made["seconds"], "facts/s", "told", met=True, peer=cpu))
    return figures
