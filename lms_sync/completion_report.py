"""Who has completed a course, in numbers for each institution: a table, CSV, XLSX.

Every institution of the list has its row, also where nobody has begun. Everything is counted from the
states that the fact log tells, and the register, up to one moment, so that the same moment gives the same report later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from statistics import fmean

from sqlalchemy import Connection, select

from authoring.messages import text
from lms_sync.clock import local_date
from lms_sync.people import People
from lms_sync.report_people import Source, counted_people
from lms_sync.same_person import one_person
from lms_sync.state_table import Held, kept_states
from lms_sync.store import schema

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
    one = one_person(connection, site)
    person_of = _person_ids(connection, site, one)
    states = kept_states(connection, site, [course.key])
    counted_for = counted_people(
        connection,
        site,
        people,
        course.key,
        person_of,
        from_moodle=course.learners_from_moodle,
        learned=lambda: {one.get(person, person) for person in states.first("started", as_of)},
        as_of=as_of,
        language=language,
    )
    counting = _Counting({person: code for code, person in counted_for.people if person}, one)
    started, unlisted = counting.of(states.first("started", as_of))
    completed, _ = counting.of(states.first("completed", as_of))
    certified, _ = counting.of(_certified(connection, site, course.policies, as_of, one))
    final = course.final_quiz
    scores = counting.mean(states.holding("graded", as_of, final)) if final else {}
    participants = Counter(code for code, _ in counted_for.people)

    def row(code: str | None, name: str) -> CompletionRow:
        asked, begun, done, held = (
            one.total() if code is None else one[code]
            for one in (participants, started, completed, certified)
        )
        rate = done / asked if asked else None
        return CompletionRow(code or "", name, asked, begun, done, held, rate, scores.get(code))

    rows = tuple(row(one.code, one.name(language)) for one in counted_for.institutions)
    total = row(None, text("report.total", {}, language))
    return CompletionReport(
        course.key, course.title, site, as_of, timezone, rows, total, unlisted, counted_for.source
    )


# --- from the state tables --------------------------------------------------------------------


class _Counting:
    """Counts people by the institution for which they count; who has two rows counts once."""

    def __init__(self, institution_of: Mapping[str, str], one: Mapping[str, str]) -> None:
        self._institution_of = institution_of
        self._one = one
        self._several = {*one, *one.values()}

    def of(self, people: Iterable[str]) -> tuple[Counter[str], int]:
        """How many there are of each institution, and how many of none. Nobody comes twice but under two rows."""
        found: Counter[str] = Counter()
        elsewhere = 0
        twice: set[str] = set()
        for person in people:
            holder = person
            if person in self._several:
                holder = self._one.get(person, person)
                if holder in twice:
                    continue
                twice.add(holder)
            code = self._institution_of.get(holder)
            if code is None:
                elsewhere += 1
            else:
                found[code] += 1
        return found, elsewhere

    def mean(self, graded: Iterable[Held]) -> dict[str | None, float]:
        """The mean of each institution, and under None that of everybody; of two rows the later score counts."""
        values: dict[str, list[float]] = defaultdict(list)
        twice: dict[str, tuple[datetime, float]] = {}
        for state in graded:
            if state.score is None:
                continue
            if state.person_id in self._several:
                holder = self._one.get(state.person_id, state.person_id)
                told = (state.valid_from, state.score)
                twice[holder] = max(twice.get(holder, told), told)
            elif (code := self._institution_of.get(state.person_id)) is not None:
                values[code].append(state.score)
        for holder, (_, score) in twice.items():
            if (code := self._institution_of.get(holder)) is not None:
                values[code].append(score)
        means: dict[str | None, float] = {code: fmean(some) for code, some in values.items()}
        if values:
            means[None] = fmean(chain.from_iterable(values.values()))
        return means


def _person_ids(connection: Connection, site: str, one: Mapping[str, str]) -> dict[str, str]:
    data = schema.person_data
    query = select(data.c.idnumber, data.c.person_id).where(data.c.site == site, data.c.idnumber.is_not(None))
    return {row.idnumber: one.get(row.person_id, row.person_id) for row in connection.execute(query)}


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
