"""Keeps what a site's rows say now: each change of a row is a fact, also back, also away.

A row that a pull has read is an observation of the present. It is compared with the last fact of its
source: what says the same adds nothing; what differs is added with the row's own time. Moodle sets some rows
back without a new time (a course completion that is taken back, a grade after a deleted attempt). Such a change has
the time at which the site was seen to have changed, and says so ("time": "observed"), so that the facts
of one source are in the order in which they held.

What is no longer on the site has a last fact that says so (`GONE`). The log keeps what was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    COURSE_COMPLETION,
    ENROLMENT,
    GRADE,
    QUESTION_OUTCOME,
    QUIZ_ATTEMPT,
    SCORM_INTERACTION,
    SCORM_RESULT,
    Fact,
    store_facts,
)
from lms_sync.store import schema

GONE = "gone"
"""The name in the value of a fact which says that the site no longer has the row."""

_NOTHING: Mapping[str, Mapping[str, object]] = {
    ACTIVITY_COMPLETION: {"state": 0, "complete": False},
    COURSE_COMPLETION: {"complete": False},
    GRADE: {"grade": None},
    QUIZ_ATTEMPT: {"state": "deleted", "score": None},
    QUESTION_OUTCOME: {
        "state": "deleted",
        "fraction": None,
        "outcome": "deleted",
        "chosen": None,
        "response": None,
    },
    SCORM_RESULT: {"value": ""},
    ENROLMENT: {"enrolled": False},
    SCORM_INTERACTION: {"response": "", "result": ""},
}
"""What holds of each stream once its row is gone; the rest of the value stays, to say of what."""

_IDS_A_QUERY = 500
_ONE = timedelta(seconds=1)


@dataclass(frozen=True)
class Stored:
    """How many facts were new, how many of them say that something is gone, how many row numbers were reused."""

    new: int = 0
    gone: int = 0
    reused: int = 0

    def __add__(self, other: Stored) -> Stored:
        return Stored(self.new + other.new, self.gone + other.gone, self.reused + other.reused)


def current_facts(site: str, stream: str, person_id: str | None = None) -> Select[Any]:
    """The view of what holds: of each source of a stream the last fact of the log, also where it says "gone".

    With `person_id` only sources that were once that person's.
    """
    table = schema.fact
    last = select(func.max(table.c.id)).where(table.c.site == site, table.c.stream == stream)
    if person_id is not None:
        once = select(table.c.source_id).where(
            table.c.site == site, table.c.person_id == person_id, table.c.stream == stream
        )
        last = last.where(table.c.source_id.in_(once))
    return select(table).where(table.c.id.in_(last.group_by(table.c.source_id)))


def store_observed(
    connection: Connection,
    site: str,
    stream: str,
    facts: Sequence[Fact],
    seen_at: int,
    recorded_at: datetime,
    run_id: int | None,
) -> Stored:
    """Adds what of these rows of one stream differs from what was known, within the caller's transaction.

    `seen_at` is the site's time in epoch seconds when it answered. A number that belonged to somebody else, or to
    another course, was given anew (a restore from backup does that): what had it before is gone.
    """
    known = _last_of(connection, site, stream, [fact.source_id for fact in facts])
    new: list[Fact] = []
    gone = reused = 0
    for fact in facts:
        last = known.get(fact.source_id)
        if last is not None and (last.person_id, last.course) != (fact.person_id, fact.course):
            reused += 1
            if not last.value.get(GONE):
                new.append(_gone(stream, last, seen_at))
                gone += 1
            last = None
        told = fact if last is None else _news(fact, last, seen_at)
        if told is not None:
            new.append(told)
            known[fact.source_id] = told
    return Stored(store_facts(connection, site, new, recorded_at, run_id), gone, reused)


def store_gone(
    connection: Connection,
    site: str,
    stream: str,
    source_ids: Iterable[str],
    seen_at: int,
    recorded_at: datetime,
    run_id: int | None,
    *,
    courses: Collection[str],
) -> Stored:
    """Adds for each source of these courses that was known, and is not gone yet, that the site no longer has it."""
    known = _last_of(connection, site, stream, list(source_ids))
    facts = [
        _gone(stream, last, seen_at)
        for last in known.values()
        if last.course in courses and not last.value.get(GONE)
    ]
    new = store_facts(connection, site, facts, recorded_at, run_id)
    return Stored(new, new)


def present_sources(
    connection: Connection, site: str, stream: str, courses: Collection[str]
) -> Iterator[str]:
    """The source ids of the plugin's rows of courses that are known and not known to be gone; streamed."""
    given = {"site": site, "stream": stream, "courses": sorted(courses)}
    for row in connection.execute(_PRESENT, given, execution_options={"yield_per": 2000}):
        if row.source_id.isascii() and row.source_id.isdigit() and not row.value.get(GONE):
            yield row.source_id


_Known = Fact | Row[Any]
"""The last fact of a source: as it is stored, or as it is about to be."""


def _news(fact: Fact, last: _Known, seen_at: int) -> Fact | None:
    """The fact as it is to be added, or None where it says nothing that was not known."""
    later = fact.source_time > last.source_time
    if fact.content_hash == last.content_hash:
        return fact if fact.source_time != last.source_time else None
    if later:
        return fact
    if last.value.get("time") == "observed" and not last.value.get(GONE):
        said = {name: value for name, value in last.value.items() if name != "time"}
        if dict(fact.value) == said and fact.subject == last.subject:
            return None
    when = max(datetime.fromtimestamp(seen_at, UTC), last.source_time + _ONE)
    return replace(fact, source_time=when, value={**fact.value, "time": "observed"})


def _gone(stream: str, last: _Known, seen_at: int) -> Fact:
    when = max(datetime.fromtimestamp(seen_at, UTC), last.source_time + _ONE)
    value = {**last.value, **_NOTHING.get(stream, {}), GONE: True, "time": "observed"}
    return Fact(stream, last.source_id, when, last.person_id, last.course, last.subject, value)


def _last_of(connection: Connection, site: str, stream: str, source_ids: Sequence[str]) -> dict[str, _Known]:
    wanted = sorted(set(source_ids))
    found: dict[str, _Known] = {}
    for start in range(0, len(wanted), _IDS_A_QUERY):
        given = {"site": site, "stream": stream, "sources": wanted[start : start + _IDS_A_QUERY]}
        for row in connection.execute(_LAST, given):
            found[row.source_id] = row
    return found


# Made once: SQLAlchemy takes longer to put these together than SQLite to answer them.
_of_stream = (schema.fact.c.site == bindparam("site")) & (schema.fact.c.stream == bindparam("stream"))
_newest = select(func.max(schema.fact.c.id)).where(_of_stream).group_by(schema.fact.c.source_id)
_LAST = select(schema.fact).where(
    schema.fact.c.id.in_(_newest.where(schema.fact.c.source_id.in_(bindparam("sources", expanding=True))))
)
_PRESENT = select(schema.fact.c.source_id, schema.fact.c.value).where(
    schema.fact.c.id.in_(_newest), schema.fact.c.course.in_(bindparam("courses", expanding=True))
)
