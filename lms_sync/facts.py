"""Facts: immutable observations, each with its source and the source's time. Only ever added.

What a Moodle resets, deletes or recalculates later changes nothing here; who wants to know what
holds on a date reads the facts up to that date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from typing import Any

from sqlalchemy import Connection, Row, select

from lms_sync.same_person import all_of, one_person
from lms_sync.store import schema
from lms_sync.store.many_rows import insert_columns

COURSE_COMPLETION = "course_completion"
ACTIVITY_COMPLETION = "activity_completion"
GRADE = "grade"
QUIZ_ATTEMPT = "quiz_attempt"
QUESTION_OUTCOME = "question_outcome"
SCORM_RESULT = "scorm_result"
ENROLMENT = "enrolment"
SCORM_INTERACTION = "scorm_interaction"
LAST_ACCESS = "last_access"
ATTENDANCE = "attendance"
SESSION_LED = "session_led"
EXERCISE = "exercise"
ANSWER = "answer"
MILESTONE = "milestone"
HELPDESK = "helpdesk"
PRIOR_LEARNING = "prior_learning"

RESULT_STREAMS = (ACTIVITY_COMPLETION, COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT, QUESTION_OUTCOME, SCORM_RESULT)
"""What learners did, in the order in which a pull reads it."""

PLUGIN_STREAMS = (*RESULT_STREAMS, SCORM_INTERACTION, ENROLMENT, LAST_ACCESS)
"""What only the companion plugin tells of every course; enrolments of adopted courses are read from core's list."""

PROGRAMME_STREAMS = (ATTENDANCE, SESSION_LED, EXERCISE, ANSWER, MILESTONE, HELPDESK, PRIOR_LEARNING)
"""What happened outside Moodle's courses: told by people, or by the help desk's forum."""

STREAMS = (*PLUGIN_STREAMS, *PROGRAMME_STREAMS)
"""Every kind of fact there is."""

CORRECTABLE = (ATTENDANCE, SESSION_LED, EXERCISE, ANSWER, MILESTONE, PRIOR_LEARNING)
"""Streams of what people told: a later fact with the same source id says that the earlier one was wrong."""

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode

_BATCH = 2000
_UNIQUE = ("site", "stream", "source_id", "source_time", "content_hash")
_IDS_A_QUERY = 500
_SOURCE_ID = 128


@dataclass(frozen=True)
class Fact:
    """One observation about one holder (a person, or an institution) in one course or programme.

    `source_id` is the row's id at the source within its stream, `source_time` the source's own time
    (aware). `course` and `subject` are our keys; `subject` is "" for the course as a whole. `value` by stream:

    ===================  =====================================================
    course_completion    {"complete": bool}
    activity_completion  {"state": 0..3, "complete": bool}
    grade                {"item": "mod"|"course", "grade": float|None, "max": float}
    quiz_attempt         {"attempt": int, "state": str, "score": float|None, "max": float}
    question_outcome     {"attempt": int, "state": str, "slot": int, "question": key, "version": int, "type": str,
                         "variant": int, "max": float, "fraction": float|None, "outcome": str,
                         "chosen": [int|None]|None, "response": str|None, "right": str|None,
                         "random": {"category": str, "tags": [str]}|None}
    scorm_result         {"attempt": int, "element": str, "value": str}
    scorm_interaction    {"attempt": int, "id": str, "type": str, "response": str, "result": str}
    enrolment            {"enrolled": bool, "institution": [str]}; from the plugin also
                         "method": str, "from": epoch, "until": epoch (0: unlimited)
    last_access          {}: the source time says it
    attendance           {"day": date, "present": bool, "hours": float, "full": bool,
                         "leader": person|None, "leaders": [person], "recorded_by": str}
    session_led          {"day": date, "led": bool, "hours": float, "recorded_by": str}
    exercise             {"accepted": bool, "on": date, "recorded_by": str}
    answer               {"answers": {}, "score": float|None, "areas": {}, "recorded_by": str}
    milestone            {"reached": bool, "on": date, "evidence": str, "recorded_by": str}
    helpdesk             {"discussion": int, "state": "open"|"answered"}
    prior_learning       {"recognised": bool, "on": date, "evidence": str, "recorded_by": str}
    ===================  =====================================================

    Dates are ISO texts. The subject of attendance and session_led is "<session>", of exercise
    "<course>/<exercise>", of answer "<questionnaire>", of milestone "<milestone>", of helpdesk "<forum>", of prior_learning
    its kind; `course` is the programme, for an exercise the course, for prior_learning "". Their `source_time` is when it was told, and who wants to know
    what holds takes the newest fact of each source id (`latest_of_each`). Holders of milestones are institutions.

    Facts that were read person by person, without the plugin (`lms_sync.pull_by_person`), have source ids that
    begin with "core:". Where the site told no time, their value says what stands for it: "time" is
    "last-criterion" or "observed". Enrolments of adopted courses are always "observed".

    A row that changed without a later time of its own has "time": "observed" too, and the time at which that was seen. One that is
    no longer on the site has a last fact with "gone": true, and the values of nothing (`lms_sync.observed`).
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

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of what the source said.

        The person is not part of it: the id is ours, and random, so that the same row read into a
        fresh database has the same hash.
        """
        said = _canonical([self.course, self.subject, self.value])
        return hashlib.sha256(said.encode("utf-8")).hexdigest()


def store_facts(
    connection: Connection, site: str, facts: Iterable[Fact], recorded_at: datetime, run_id: int | None
) -> int:
    """Adds the facts that are not there yet, within the caller's transaction; how many were new.

    A fact is there when its site, stream, source id, source time and content are: the database's own
    unique constraint decides, so that reading the same rows again, or two pulls at once, add nothing.
    """
    new = 0
    remaining = iter(facts)
    while batch := list(islice(remaining, _BATCH)):
        columns: dict[str, Sequence[object]] = {
            "stream": [fact.stream for fact in batch],
            "source_id": [fact.source_id for fact in batch],
            "source_time": [fact.source_time for fact in batch],
            "content_hash": [fact.content_hash for fact in batch],
            "person_id": [fact.person_id for fact in batch],
            "course": [fact.course for fact in batch],
            "subject": [fact.subject for fact in batch],
            "value": [dict(fact.value) for fact in batch],
        }
        same = {"site": site, "recorded_at": recorded_at, "run_id": run_id}
        new += insert_columns(connection, schema.fact, columns, _UNIQUE, same=same)
    return new


def told_source_id(*parts: str) -> str:
    """A stable source id of what people told: the parts with slashes, or their SHA-256 where that is too long."""
    said = "/".join(parts)
    return said if len(said) <= _SOURCE_ID else hashlib.sha256(said.encode("utf-8")).hexdigest()


def store_told(
    connection: Connection, site: str, facts: Sequence[Fact], recorded_at: datetime, run_id: int | None
) -> int:
    """Adds what people told, where it differs from what was told last under the same source id; how many were new.

    Who records is not a difference: telling the same again, by whomever, adds nothing. For streams in `CORRECTABLE`.
    """
    last: dict[tuple[str, str], Fact] = {}
    wanted = sorted({fact.source_id for fact in facts})
    table = schema.fact
    for start in range(0, len(wanted), _IDS_A_QUERY):
        query = select(table).where(
            table.c.site == site,
            table.c.stream.in_(CORRECTABLE),
            table.c.source_id.in_(wanted[start : start + _IDS_A_QUERY]),
        )
        for row in connection.execute(query):
            fact = _fact(row)
            key = (fact.stream, fact.source_id)
            if key not in last or _is_later(fact, last[key]):
                last[key] = fact
    new = []
    for fact in facts:
        before = last.get((fact.stream, fact.source_id))
        if before is None or _said(before) != _said(fact):
            new.append(fact)
            last[fact.stream, fact.source_id] = fact
    return store_facts(connection, site, new, recorded_at, run_id)


def _said(fact: Fact) -> tuple[object, ...]:
    return (
        fact.person_id,
        fact.course,
        fact.subject,
        {k: v for k, v in fact.value.items() if k != "recorded_by"},
    )


def latest_of_each(facts: Iterable[Fact]) -> list[Fact]:
    """Facts without those that were corrected later; of streams that nobody corrects, all. In the order of their time.

    Of two with the same source id and time, which no careful source has, the content decides, so that the order in
    which facts are given changes nothing.
    """
    kept: dict[tuple[str, str], Fact] = {}
    others: list[Fact] = []
    for fact in facts:
        if fact.stream not in CORRECTABLE:
            others.append(fact)
            continue
        key = (fact.stream, fact.source_id)
        before = kept.get(key)
        if before is None or _is_later(fact, before):
            kept[key] = fact
    found = sorted([*others, *kept.values()], key=_in_order)
    if any(_in_order(one) == _in_order(other) for one, other in pairwise(found)):
        found.sort(key=lambda fact: (*_in_order(fact), fact.content_hash))
    return found


# What content a fact has takes longer to say than to read it: only where times are the same is it asked for.


def _is_later(fact: Fact, before: Fact) -> bool:
    if fact.source_time == before.source_time:
        return before.content_hash < fact.content_hash
    return before.source_time < fact.source_time


def _in_order(fact: Fact) -> tuple[datetime, str, str]:
    return fact.source_time, fact.stream, fact.source_id


@lru_cache(maxsize=10_000)
def read_value(said: str) -> Mapping[str, Any]:
    """The value of a fact, from the text that the database has; most say what many others say, and nobody changes them."""
    value: Mapping[str, Any] = json.loads(said)
    return value


def facts_of(
    connection: Connection,
    site: str,
    person_id: str | None = None,
    course: str | None = None,
    streams: Collection[str] | None = None,
) -> Iterator[Fact]:
    """The facts of a site, or of one person or course in it, oldest first by the source's time; streamed.

    `streams` leaves out what is of none of them: the outcomes of questions are most of a site's facts.

    Who has two rows (`lms_sync.same_person`) has the facts of both, under the person who stands for them.
    """
    one = one_person(connection, site)
    table = schema.fact
    query = select(table).where(table.c.site == site).order_by(table.c.source_time, table.c.id)
    if person_id is not None:
        query = query.where(table.c.person_id.in_(all_of(person_id, one)))
    if course is not None:
        query = query.where(table.c.course == course)
    if streams is not None:
        query = query.where(table.c.stream.in_(sorted(streams)))
    for row in connection.execute(query, execution_options={"yield_per": _BATCH}):
        yield _fact(row, one.get(row.person_id, row.person_id))


def facts_of_people(
    connection: Connection,
    site: str,
    courses: Collection[str],
    one: Mapping[str, str],
    people: Collection[str] | None = None,
    streams: Collection[str] | None = None,
) -> Iterator[Fact]:
    """The facts of a site in some courses and programmes, holder by holder, each one's oldest first; streamed.

    `streams` leaves out what is of none of them.

    `people` are some holders, by the rows that stand for them; None: everybody. Facts of a second row
    (`lms_sync.same_person`, `one`) come where that row comes, under the person who stands for both.
    """
    table = schema.fact
    query = (
        select(table)
        .where(table.c.site == site, table.c.course.in_(sorted(courses)))
        .order_by(table.c.person_id, table.c.source_time, table.c.id)
    )
    if streams is not None:
        query = query.where(table.c.stream.in_(sorted(streams)))
    if people is None:
        queries = [query]
    else:
        wanted = sorted({same for person in people for same in all_of(person, one)})
        queries = [
            query.where(table.c.person_id.in_(wanted[start : start + _IDS_A_QUERY]))
            for start in range(0, len(wanted), _IDS_A_QUERY)
        ]
    for each in queries:
        for row in connection.execute(each, execution_options={"yield_per": _BATCH}):
            yield _fact(row, one.get(row.person_id, row.person_id))


def _fact(row: Row[Any], person: str | None = None) -> Fact:
    holder = person or row.person_id
    return Fact(row.stream, row.source_id, row.source_time, holder, row.course, row.subject, row.value)
