"""Who has completed a course, in numbers for each institution: a table, CSV, XLSX.

Every institution of the list has its row, also where nobody has begun. Everything is counted from the
states that the fact log tells, and the register, up to one moment, so that the same moment gives the same report later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat, starmap
from math import fsum

from sqlalchemy import Connection, select

from authoring.messages import text
from lms_sync.clock import local_date
from lms_sync.count_listed import BETWEEN, Listed
from lms_sync.people import People
from lms_sync.report_people import KnownPeople, Source, counted_people, known_people
from lms_sync.state_table import KeptStates, kept_states
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
    known: KnownPeople | None = None,
) -> CompletionReport:
    """Counts one course for every institution of `people`, from facts and awards up to `as_of`.

    started: did anything in it (an attempt, a SCORM result, a grade, a completed activity). completed: the
    course was complete at any time, whatever was reset later. certified: holds an award of the course's
    policies that is not revoked. `known` are these people as the site knows them, where several reports are made. Participants are those whom the people files list for the course, and for an
    adopted course that they do not list anybody for, those enrolled in Moodle.
    """
    known = known or known_people(connection, site, people)
    one = known.one
    states = kept_states(connection, site, [course.key])
    counted_for = counted_people(
        connection,
        site,
        known,
        course.key,
        from_moodle=course.learners_from_moodle,
        learned=lambda: {
            one.get(person, person)
            for some in states.first(course.key, "started", as_of)
            if some
            for person in some.split(BETWEEN)
        },
        as_of=as_of,
        language=language,
    )
    counting = _Counting(counted_for.listed, one)
    started, unlisted = counting.of(states.first(course.key, "started", as_of))
    completed, _ = counting.of(states.first(course.key, "completed", as_of))
    certified, _ = counting.of([BETWEEN.join(_certified(connection, site, course.policies, as_of, one))])
    final = course.final_quiz
    scores = counting.mean(states, course.key, final, as_of) if final else {}
    participants = counted_for.listed.of_institution

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

    def __init__(self, listed: Listed, one: Mapping[str, str]) -> None:
        self._listed = listed
        self._one = one
        self._several = {*one, *one.values()}

    def of(self, texts: Iterable[str]) -> tuple[Counter[str], int]:
        """How many there are of each institution, and how many of none. Nobody comes twice but under two rows."""
        found: Counter[str | None] = Counter()
        several: set[str] = set()
        for people in texts:
            some = people
            if self._several and people:
                each = people.split(BETWEEN)
                several.update(self._one.get(one, one) for one in each if one in self._several)
                some = self._single(each)
            found.update(self._listed.count(some))
        found.update(map(self._listed.institution_of.get, several))
        elsewhere = found.pop(None, 0)
        return Counter({code: n for code, n in found.items() if code is not None}), elsewhere

    def mean(self, states: KeptStates, course: str, quiz: str, as_of: datetime) -> dict[str | None, float]:
        """The mean of each institution, and under None that of everybody; of two rows the later score counts."""
        values: dict[str, list[tuple[float, int]]] = defaultdict(list)  # percentages, and how many have them
        for score, people in states.grades(course, quiz, as_of):
            some = self._single(people.split(BETWEEN)) if self._several else people
            for code, number in self._listed.count(some).items():
                if code is not None:
                    values[code].append((score, number))
        latest: dict[str, tuple[datetime, float]] = {}
        if self._several:
            for state in states.holding("graded", as_of, quiz, self._several):
                if state.score is not None:
                    holder = self._one.get(state.person_id, state.person_id)
                    told = (state.valid_from, state.score)
                    latest[holder] = max(latest.get(holder, told), told)
        for holder, (_, score) in latest.items():
            if (code := self._listed.institution_of.get(holder)) is not None:
                values[code].append((score, 1))
        means: dict[str | None, float] = {code: _mean(some) for code, some in values.items()}
        if values:
            means[None] = _mean([*chain.from_iterable(values.values())])
        return means

    def _single(self, people: Sequence[str]) -> str:
        """Those who have one row."""
        return BETWEEN.join(one for one in people if one not in self._several)


def _mean(counted: Sequence[tuple[float, int]]) -> float:
    """The mean of percentages that so many have, whose sum is exact to the last digit."""
    return fsum(chain.from_iterable(starmap(repeat, counted))) / sum(number for _, number in counted)


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
