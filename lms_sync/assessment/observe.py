"""What has been observed of a programme, read from facts, the register and memberships.

Two dates that mean different things. The day up to which things happened is for `programmes.indicators` to judge.
`known_at` is the moment up to which somebody had told us: with it an earlier report can be made again, byte for byte,
although facts were added since. Facts of a merged person count for whoever stands for both; where a person was on a
day is asked of the row under which the fact was observed, then of the person's other rows.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, select

from certificates.held import NOBODY, Held, HeldAward, read_held
from lms_sync.assessment.learned import LearnedStates
from lms_sync.clock import local_date
from lms_sync.facts import (
    ANSWER,
    ATTENDANCE,
    HELPDESK,
    MILESTONE,
    Fact,
    latest_of_each,
    read_value,
)
from lms_sync.observed import GONE
from lms_sync.people import Institution
from lms_sync.people.institution_holder import PREFIX
from lms_sync.same_person import one_person
from lms_sync.store import schema
from programmes.columns import day_number
from programmes.observations import Observation, Observed, Span, holder_of, in_order
from programmes.programme import Programme
from programmes.sessions import day_of, why_not_counted

_TOLD = (ATTENDANCE, ANSWER, MILESTONE)


@dataclass(frozen=True)
class Material:
    """What the academy's files say about a programme: needed to read, and not in the database.

    `institutions` are those of the programme, `institution_awards` the policies whose holders are institutions.
    """

    programme: Programme
    institutions: tuple[Institution, ...]
    pass_marks: Mapping[str, float] = field(default_factory=dict)
    institution_awards: frozenset[str] = frozenset()
    institution_questionnaires: frozenset[str] = frozenset()


def observed(
    connection: Connection,
    site: str,
    material: Material,
    *,
    as_of: datetime.date,
    known_at: datetime.datetime | None = None,
) -> Observed:
    """Everything about a programme that is known (by `known_at`); `as_of` says where people belong now.

    What was learned in courses is read when it is asked for, by this connection.
    """
    reader = _Reader(connection, site, material, as_of, known_at)
    return Observed(
        in_order(reader.observations()),
        reader.learned,
        {one.code: one.region for one in material.institutions},
        material.pass_marks,
        material.institution_awards,
        material.institution_questionnaires,
    )


class _Reader:
    def __init__(
        self,
        connection: Connection,
        site: str,
        material: Material,
        as_of: datetime.date,
        known_at: datetime.datetime | None,
    ) -> None:
        self.connection = connection
        self.site = site
        self.material = material
        self.programme = material.programme
        self.known_at = known_at
        self.one = one_person(connection, site)
        institutions = [one.code for one in material.institutions]
        self.learned = LearnedStates(
            connection, site, self.programme, institutions, self.one, as_of=as_of, known_at=known_at
        )
        self.code_of = self._institutions()

    @cached_property
    def held(self) -> Held:
        """Who held which award: asked for where a session's leader must."""
        return read_held(self.connection, self.site, self.one)

    def _institutions(self) -> dict[str, str]:
        """The codes of holders that are institutions, by opaque id."""
        person, data = schema.person, schema.person_data
        query = (
            select(person.c.id, data.c.idnumber)
            .outerjoin(data, data.c.person_id == person.c.id)
            .where(person.c.site == self.site, person.c.kind == "institution")
        )
        return {row.id: (row.idnumber or "").removeprefix(PREFIX) for row in self.connection.execute(query)}

    def _place(self, person: str, day: datetime.date) -> str:
        """The code of the institution on a day; "" where nobody ever said one."""
        row = self.learned.rows.known.get(person)
        return "" if row is None else self.learned.places.texts[self.learned.where.one(row, day_number(day))]

    def observations(self) -> Iterator[Observation]:
        """All but what was learned in courses, in no order."""
        told = latest_of_each(self._facts(_TOLD, [self.programme.id]))
        for fact in told:
            if fact.stream == ATTENDANCE:
                yield from self._attended(fact)
            elif fact.stream == ANSWER:
                yield from self._filled(fact)
            else:
                yield from self._milestone(fact)
        yield from self._answered()
        yield from self._awards()

    def _facts(self, streams: Collection[str], courses: Collection[str]) -> Iterator[Fact]:
        table = schema.fact
        query = (
            select(
                table.c.stream,
                table.c.source_id,
                table.c.source_time,
                table.c.person_id,
                table.c.course,
                table.c.subject,
                cast(table.c.value, Text),
            )
            .where(
                table.c.site == self.site, table.c.stream.in_(streams), table.c.course.in_(sorted(courses))
            )
            .order_by(table.c.source_time, table.c.id)
        )
        if self.known_at is not None:
            query = query.where(table.c.recorded_at <= self.known_at)
        for some in self.connection.execute(query, execution_options={"yield_per": 2000}).partitions():
            for stream, source_id, at, person_id, course, subject, value in some:
                yield Fact(stream, source_id, at, person_id, course, subject, read_value(value))

    def _made(
        self,
        what: Any,
        fact: Fact,
        subject: str,
        *,
        on: datetime.date | None = None,
        source: str = "",
        value: float | None = None,
        evidence: str = "",
    ) -> Observation:
        day = on or local_date(fact.source_time, self.programme.timezone)
        if fact.person_id in self.code_of:
            code = self.code_of[fact.person_id]
            holder, institution = holder_of(code), code
        else:
            holder = self.one.get(fact.person_id, fact.person_id)
            institution = self._place(fact.person_id, day)
        source = source or f"{fact.stream}/{fact.source_id}"
        return Observation(what, subject, holder, day, institution, source, value, (), evidence)

    def _attended(self, fact: Fact) -> Iterator[Observation]:
        session = self.programme.session(fact.subject)
        if (
            session is None
            or fact.value.get("present") is not True
            or fact.person_id not in self.learned.rows.known
        ):
            return
        day = datetime.date.fromisoformat(str(fact.value["day"]))
        leaders = fact.value.get("leaders")
        if leaders is None:
            leaders = [fact.value["leader"]] if fact.value.get("leader") else []
        assert isinstance(leaders, list)
        held = NOBODY if session.leader_award is None else self.held
        if day_of(session, day) is None or why_not_counted(session, day, leaders, held) is not None:
            return
        # Two rows of one person on one day of a session are one participation.
        source = f"{ATTENDANCE}/{self.programme.id}/{session.id}/{day.isoformat()}"
        yield self._made("attended", fact, session.id, on=day, source=source)

    def _filled(self, fact: Fact) -> Iterator[Observation]:
        if fact.value.get(GONE):
            return
        score = fact.value.get("score")
        value = float(score) if isinstance(score, int | float) else None
        yield self._made("filled", fact, fact.subject, on=_told_day(fact), value=value)

    def _milestone(self, fact: Fact) -> Iterator[Observation]:
        milestone = next((one for one in self.programme.milestones if one.id == fact.subject), None)
        if milestone is None or not milestone.by_hand or fact.person_id not in self.code_of:
            return  # those by rule follow from what they rest upon, on any day
        yield self._made(
            "milestone",
            fact,
            fact.subject,
            on=_told_day(fact),
            value=1.0 if fact.value.get("reached") is True else 0.0,
            evidence=str(fact.value.get("evidence", "")),
        )

    def _answered(self) -> Iterator[Observation]:
        forum = self.programme.forums.helpdesk
        if forum is None:
            return
        seen: set[str] = set()
        for fact in self._facts((HELPDESK,), [forum.partition("/")[0]]):
            if fact.subject == forum and fact.value.get("state") == "answered" and fact.source_id not in seen:
                seen.add(fact.source_id)
                yield self._made("answered", fact, forum)

    def _awards(self) -> Iterator[Observation]:
        """Each award from the day of its issue, with the spans in which it was valid."""
        issue, event = schema.issue, schema.status_event
        issued = select(
            issue.c.id,
            issue.c.person_id,
            issue.c.policy,
            issue.c.issued_on,
            issue.c.expires_on,
            cast(issue.c.public, Text).label("public"),
        ).where(issue.c.site == self.site, issue.c.policy.in_(self.programme.awards))
        events = select(event.c.issue_id, event.c.event, event.c.at).where(event.c.site == self.site)
        events = events.order_by(event.c.at, event.c.id)
        if self.known_at is not None:
            issued = issued.where(issue.c.issued_at <= self.known_at)
            events = events.where(event.c.at <= self.known_at)
        written: dict[str, list[tuple[datetime.datetime, str]]] = defaultdict(list)
        for issue_id, what, at in self.connection.execute(events):
            written[issue_id].append((at, what))
        corrected = self._corrected()
        replaced = {*corrected.values()}
        for row in self.connection.execute(issued.order_by(issue.c.issued_on, issue.c.id)).all():
            if row.id in replaced:
                continue  # the award that corrects it stands for both
            zone = str(read_value(row.public)["timezone"])
            happened = tuple((local_date(at, zone), what) for at, what in written[row.id])
            issued_on = self._first_issued(row, corrected)
            award = HeldAward(row.person_id, row.policy, issued_on, row.expires_on, happened)
            spans = valid_spans(award)
            if not spans:
                continue
            code = self.code_of.get(row.person_id)
            holder = self.one.get(row.person_id, row.person_id) if code is None else holder_of(code)
            place = self._place(row.person_id, issued_on) if code is None else code
            yield Observation(
                "certified", row.policy, holder, spans[0][0], place, f"issue/{row.id}", None, spans
            )

    def _corrected(self) -> dict[str, str]:
        """By the award that corrects another, that other one."""
        issue, approval = schema.issue, schema.approval
        query = (
            select(issue.c.id, approval.c.supersedes)
            .join(approval, approval.c.grant_key == issue.c.grant_key)
            .where(issue.c.site == self.site, approval.c.supersedes.is_not(None))
        )
        if self.known_at is not None:
            query = query.where(issue.c.issued_at <= self.known_at)
        return {row.id: row.supersedes for row in self.connection.execute(query)}

    def _first_issued(self, row: Row[Any], corrected: dict[str, str]) -> datetime.date:
        """The day of issue; of a correction the day of the first award that it stands for."""
        first, day = row.id, row.issued_on
        while first in corrected:
            first = corrected[first]
        if first != row.id:
            table = schema.issue
            query = select(table.c.issued_on).where(table.c.id == first)
            day = self.connection.execute(query).scalar_one()
        assert isinstance(day, datetime.date)
        return day


def valid_spans(award: HeldAward) -> tuple[Span, ...]:
    """From when to when an award is valid, days judged by their end; none where it never was."""
    end = award.expires_on
    changes = {award.held_from, *(day for day, _ in award.events if day >= award.held_from)}
    if end is not None:
        changes.add(end + datetime.timedelta(days=1))
    days = sorted(changes)
    spans: list[Span] = []
    begin: datetime.date | None = None
    for day in days:
        valid = award.status_on(day) == "valid"
        if valid and begin is None:
            begin = day
        elif not valid and begin is not None:
            spans.append((begin, day - datetime.timedelta(days=1)))
            begin = None
    if begin is not None:
        spans.append((begin, None))
    return tuple(spans)


def _told_day(fact: Fact) -> datetime.date | None:
    on = fact.value.get("on")
    return datetime.date.fromisoformat(on) if isinstance(on, str) else None
