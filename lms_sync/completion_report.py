"""Who has completed a course, in numbers for each institution: a table, CSV, XLSX.

Every institution of the list has its row, also where nobody has begun. Everything is counted from the
fact log and the register up to one moment, so that the same moment gives the same report later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from authoring.messages import text
from lms_sync.clock import local_date
from lms_sync.facts import ACTIVITY_COMPLETION, COURSE_COMPLETION, GRADE, QUIZ_ATTEMPT, SCORM_RESULT
from lms_sync.people import People
from lms_sync.report_people import Source, counted_people
from lms_sync.same_person import one_person
from lms_sync.store import schema

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("code", "institution", "participants", "started", "completed", "certified", "rate", "score")
"""The report's columns; their headings are the messages report.column-…"""

_NOT_VALID = {"revoked", "superseded", "erased", "suspended"}


@dataclass(frozen=True)
class CompletionRow:
    """One institution's numbers.

    `rate` is completed by participants (0..1), None where there are none; `score` is the mean of the final quiz
    in percent, None where nobody has a grade.
    """

    code: str
    institution: str
    participants: int
    started: int
    completed: int
    certified: int
    rate: float | None
    score: float | None

    def as_json(self) -> dict[str, object]:
        """By the names of the columns; numbers rounded as in the CSV."""
        values: dict[str, object] = {name: getattr(self, name) for name in COLUMNS}
        values["rate"] = None if self.rate is None else round(self.rate, 4)
        values["score"] = None if self.score is None else round(self.score, 2)
        return values


@dataclass(frozen=True)
class CompletionReport:
    """The report on one course as of one moment. `unlisted`: people who learned and are in no list of the course.

    `source` says where its participants and institutions are from.
    """

    course: str
    title: str
    site: str
    as_of: datetime
    timezone: str
    rows: tuple[CompletionRow, ...]
    total: CompletionRow
    unlisted: int = 0
    source: Source = "files"

    @property
    def name(self) -> str:
        """The files' name without ending: the course and the local date."""
        return f"completion-{self.course}-{local_date(self.as_of, self.timezone).isoformat()}"

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "course": self.course,
            "site": self.site,
            "as_of": self.as_of.isoformat(),
            "institutions": [row.as_json() for row in self.rows],
            "total": self.total.as_json(),
            "unlisted": self.unlisted,
            "participants_from": self.source,
        }


@dataclass(frozen=True)
class ReportedCourse:
    """A course as the report needs it: its final quiz's key in Moodle ("" for none), the policies that award it.

    `learners_from_moodle`: where the people files list nobody for it, its learners are those enrolled in Moodle.
    """

    key: str
    title: str
    final_quiz: str = ""
    policies: tuple[str, ...] = ()
    learners_from_moodle: bool = False


def completion_report(
    connection: Connection,
    site: str,
    people: People,
    course: ReportedCourse,
    *,
    as_of: datetime,
    timezone: str,
    language: str,
) -> CompletionReport:
    """Counts one course for every institution of `people`, from facts and awards up to `as_of`.

    started: did anything in it (an attempt, a SCORM result, a grade, a completed activity). completed: the
    course was complete at any time, whatever was reset later. certified: holds an award of the course's
    policies that is not revoked. Participants are those whom the people files list for the course, and for an
    adopted course that they do not list anybody for, those enrolled in Moodle.
    """
    import pandas as pd  # a heavy library: only reports pay for it

    one = one_person(connection, site)
    person_of = _person_ids(connection, site, one)
    learned = _learned(connection, site, course, as_of, one)
    counted_for = counted_people(
        connection,
        site,
        people,
        course.key,
        person_of,
        from_moodle=course.learners_from_moodle,
        learned=learned.started | learned.completed,
        as_of=as_of,
        language=language,
    )
    frame = pd.DataFrame(counted_for.people, columns=["institution", "person"], dtype="object")
    frame["started"] = frame["person"].isin(learned.started)
    frame["completed"] = frame["person"].isin(learned.completed)
    frame["certified"] = frame["person"].isin(_certified(connection, site, course.policies, as_of, one))
    frame["score"] = frame["person"].map(learned.score).astype("float64")
    counted = frame.groupby("institution").agg(
        participants=("person", "size"),
        started=("started", "sum"),
        completed=("completed", "sum"),
        certified=("certified", "sum"),
        score=("score", "mean"),
    )
    counted = counted.reindex([institution.code for institution in counted_for.institutions])
    rows = tuple(
        _row(institution.code, institution.name(language), numbers)
        for institution, (_, numbers) in zip(counted_for.institutions, counted.iterrows(), strict=True)
    )
    total = CompletionRow(
        "",
        text("report.total", {}, language),
        len(frame),
        int(frame["started"].sum()),
        int(frame["completed"].sum()),
        int(frame["certified"].sum()),
        _share(int(frame["completed"].sum()), len(frame)),
        _number(frame["score"].mean()),
    )
    unlisted = len((learned.started | learned.completed) - set(frame["person"]))
    return CompletionReport(
        course.key, course.title, site, as_of, timezone, rows, total, unlisted, counted_for.source
    )


def _row(code: str, name: str, numbers: pd.Series[Any]) -> CompletionRow:
    count = {
        column: int(_number(numbers[column]) or 0)
        for column in ("participants", "started", "completed", "certified")
    }
    return CompletionRow(
        code,
        name,
        **count,
        rate=_share(count["completed"], count["participants"]),
        score=_number(numbers["score"]),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _number(value: Any) -> float | None:
    number = float(value)
    return None if number != number else number  # noqa: PLR0124 - not a number is unequal to itself


# --- from the state tables --------------------------------------------------------------------


@dataclass(frozen=True)
class _Learned:
    started: set[str]
    completed: set[str]
    score: Mapping[str, float]  # person → percent


def _person_ids(connection: Connection, site: str, one: Mapping[str, str]) -> dict[str, str]:
    data = schema.person_data
    query = select(data.c.idnumber, data.c.person_id).where(data.c.site == site, data.c.idnumber.is_not(None))
    return {row.idnumber: one.get(row.person_id, row.person_id) for row in connection.execute(query)}


def _learned(
    connection: Connection, site: str, course: ReportedCourse, as_of: datetime, one: Mapping[str, str]
) -> _Learned:
    fact = schema.fact
    here = (fact.c.site == site) & (fact.c.course == course.key) & (fact.c.source_time <= as_of)
    attempts = (
        select(fact.c.person_id).distinct().where(here, fact.c.stream.in_((QUIZ_ATTEMPT, SCORM_RESULT)))
    )
    started = {one.get(person, person) for person in connection.execute(attempts).scalars()}
    completed: set[str] = set()
    score: dict[str, float] = {}
    query = (
        select(fact.c.person_id, fact.c.stream, fact.c.subject, fact.c.value)
        .where(here, fact.c.stream.in_((ACTIVITY_COMPLETION, COURSE_COMPLETION, GRADE)))
        .order_by(fact.c.source_time, fact.c.id)
    )
    for row in connection.execute(query, execution_options={"yield_per": 2000}):
        value = row.value
        person = one.get(row.person_id, row.person_id)
        if row.stream == COURSE_COMPLETION:
            if value["complete"]:
                completed.add(person)
        elif row.stream == ACTIVITY_COMPLETION:
            if value["state"]:
                started.add(person)
        elif value["grade"] is not None:
            started.add(person)
            if row.subject == course.final_quiz and value["item"] == "mod" and value["max"]:
                score[person] = 100 * value["grade"] / value["max"]  # the latest grade stands
    return _Learned(started | completed, completed, score)


def _certified(
    connection: Connection, site: str, policies: Collection[str], as_of: datetime, one: Mapping[str, str]
) -> set[str]:
    issue, event = schema.issue, schema.status_event
    events = (
        select(event.c.issue_id, event.c.event)
        .join(issue, issue.c.id == event.c.issue_id)
        .where(issue.c.site == site, issue.c.policy.in_(sorted(policies)), event.c.at <= as_of)
        .order_by(event.c.at, event.c.id)
    )
    state = {row.issue_id: row.event for row in connection.execute(events)}
    issued = (
        select(issue.c.id, issue.c.person_id)
        .join(schema.person, schema.person.c.id == issue.c.person_id)
        .where(
            issue.c.site == site,
            issue.c.policy.in_(sorted(policies)),
            issue.c.issued_at <= as_of,
            schema.person.c.kind == "person",
        )
    )
    return {
        one.get(row.person_id, row.person_id)
        for row in connection.execute(issued)
        if state.get(row.id) not in _NOT_VALID
    }
