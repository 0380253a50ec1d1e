"""Facts: immutable observations, each with its source and the source's time. Only ever added.

What a Moodle resets, deletes or recalculates later changes nothing here; who wants to know what
holds on a date reads the facts up to that date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema

COURSE_COMPLETION = "course_completion"
ACTIVITY_COMPLETION = "activity_completion"
GRADE = "grade"
QUIZ_ATTEMPT = "quiz_attempt"
SCORM_RESULT = "scorm_result"
ENROLMENT = "enrolment"
HELPDESK = "helpdesk"

RESULT_STREAMS = (ACTIVITY_COMPLETION, COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT, SCORM_RESULT)
"""What learners did, in the order in which a pull reads it."""

STREAMS = (*RESULT_STREAMS, ENROLMENT, HELPDESK)
"""Every kind of fact there is."""

_BATCH = 2000


@dataclass(frozen=True)
class Fact:
    """One observation about one person in one course.

    `source_id` is the row's id at the source within its stream, `source_time` the source's own time
    (aware). `course` and `subject` are our keys; `subject` is "" for the course as a whole. `value` by stream:

    ===================  =====================================================
    course_completion    {"complete": bool}
    activity_completion  {"state": 0..3, "complete": bool}
    grade                {"item": "mod"|"course", "grade": float|None, "max": float}
    quiz_attempt         {"attempt": int, "state": str, "score": float|None, "max": float}
    scorm_result         {"attempt": int, "element": str, "value": str}
    enrolment            {"enrolled": bool, "institution": [str]}
    helpdesk             {"discussion": int, "state": "open"|"answered"}
    ===================  =====================================================

    Facts that were read person by person, without the plugin (`lms_sync.pull_by_person`), have source ids that
    begin with "core:". Where the site told no time, their value says what stands for it: "time" is
    "last-criterion" or "observed". Enrolments are of adopted courses and always "observed".
    """

    stream: str
    source_id: str
    source_time: datetime
    person_id: str
    course: str
    subject: str
    value: Mapping[str, object]

    def __post_init__(self) -> None:
        if self.stream not in STREAMS:
            raise ValueError(f"no such stream: {self.stream}")
        if self.source_time.tzinfo is None:
            raise ValueError("a fact needs an aware time")

    @property
    def content_hash(self) -> str:
        """SHA-256 of what the source said.

        The person is not part of it: the id is ours, and random, so that the same row read into a
        fresh database has the same hash.
        """
        said = json.dumps(
            [self.course, self.subject, self.value], ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(said.encode("utf-8")).hexdigest()


def store_facts(
    connection: Connection, site: str, facts: Iterable[Fact], recorded_at: datetime, run_id: int | None
) -> int:
    """Adds the facts that are not there yet, within the caller's transaction; how many were new.

    A fact is there when its site, stream, source id, source time and content are: the database's own
    unique constraint decides, so that reading the same rows again, or two pulls at once, add nothing.
    """
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(schema.fact).on_conflict_do_nothing(
        index_elements=["site", "stream", "source_id", "source_time", "content_hash"]
    )
    new = 0
    remaining = iter(facts)
    while batch := list(islice(remaining, _BATCH)):
        rows = [
            {
                "site": site,
                "stream": fact.stream,
                "source_id": fact.source_id,
                "source_time": fact.source_time,
                "content_hash": fact.content_hash,
                "person_id": fact.person_id,
                "course": fact.course,
                "subject": fact.subject,
                "value": dict(fact.value),
                "recorded_at": recorded_at,
                "run_id": run_id,
            }
            for fact in batch
        ]
        new += connection.execute(statement, rows).rowcount
    return new


def facts_of(
    connection: Connection, site: str, person_id: str | None = None, course: str | None = None
) -> Iterator[Fact]:
    """The facts of a site, or of one person or course in it, oldest first by the source's time; streamed.

    Who has two rows (`lms_sync.same_person`) has the facts of both, under the person who stands for them.
    """
    one = one_person(connection, site)
    table = schema.fact
    query = select(table).where(table.c.site == site).order_by(table.c.source_time, table.c.id)
    if person_id is not None:
        query = query.where(table.c.person_id.in_(all_of(person_id, one)))
    if course is not None:
        query = query.where(table.c.course == course)
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        person = one.get(row.person_id, row.person_id)
        yield Fact(row.stream, row.source_id, row.source_time, person, row.course, row.subject, row.value)
