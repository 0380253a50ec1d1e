"""A small programme that has run for half a year, made up anew for each seed: transfers, two courses, resets,
corrections, awards taken back, and people with two numbers."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert

from lms_sync.assessment.observe import Material
from lms_sync.facts import Fact, store_facts
from lms_sync.people import Institution, meet_institution
from lms_sync.same_person import put_together
from lms_sync.store import schema
from lms_sync.store.database import open_database
from programmes import Programme, read_programme

SITE = "home"
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DAYS = 180
LAST = (START + timedelta(days=DAYS)).date()
REGIONS = {"n1": "North", "n2": "North", "n3": "North", "s1": "South", "s2": "South", "e1": "East"}
OTHERS = {"x1": "North"}  # an institution that takes no part
GENDERS = ("female", "male", "female", "male", "other", "undisclosed", "", None)

PROGRAMME = """\
schema: programme/1
id: p
title: {en: Programme, sq: Programi}
languages: [en, sq]
timezone: UTC
dates: {from: 2026-01-05, until: 2026-12-31}
disclaimer: {en: Views of the authors., sq: Pikëpamje të autorëve.}
institutions: {kinds: [municipality]}
courses: [one, two]
awards: [officer, model]
sessions:
  - {id: north, kind: session, title: {en: North, sq: Veri}, days: [
      {date: 2026-02-03, from: "09:00", until: "15:00", hours: 5},
      {date: 2026-02-04, from: "09:00", until: "15:00", hours: 5}]}
  - {id: south, kind: session, title: {en: South, sq: Jug}, days: [
      {date: 2026-04-14, from: "09:00", until: "15:00", hours: 5}]}
  - {id: visit-1, kind: visit, title: {en: Visit, sq: Vizitë}, days: [
      {date: 2026-05-05, from: "09:00", until: "12:00", hours: 3}]}
  - {id: visit-2, kind: visit, title: {en: Visit, sq: Vizitë}, days: [
      {date: 2026-05-06, from: "09:00", until: "12:00", hours: 3}]}
milestones:
  - {id: assessed, title: {en: Assessed, sq: Vlerësuar}, when: {questionnaire: baseline}}
  - {id: staff, title: {en: Two certified, sq: Dy të certifikuar}, when: {certified: {award: officer, at_least: 2}}}
  - {id: visited, title: {en: Visited, sq: Vizituar}, when: {session: {kind: visit}}}
  - {id: supplied, title: {en: Supplied, sq: Furnizuar}, by_hand: true}
questionnaires: [baseline, opinion]
indicators:
"""
COUNTS = {
    "done-one": "completed: one",
    "done-two": "completed: two",
    "there": "attended: session",
    "visits": "attended: [visit-1, visit-2]",
    "officers": "certified: officer",
    "passes": "passed: one/final",
    "assessed": "milestone: assessed",
    "staff": "milestone: staff",
    "supplied": "milestone: supplied",
    "state": "score: baseline",
    "opinion": "score: opinion",
    "gain": "gain: {pre: one/pre, post: one/final}",
}


def programme(folder: Path) -> Programme:
    """The programme with an indicator of each kind, broken down by everything."""
    text = PROGRAMME + "".join(
        f"""  - id: {name}
    title: {{en: {name}, sq: {name}}}
    definition: {{en: What {name} means., sq: Ç'do të thotë {name}.}}
    count: {{{count}}}
    baseline: 0
    targets: [{{by: 2026-06-30, value: 10}}, {{by: 2026-12-31, value: 20}}]
    by: [gender, institution, region, language, quarter]
"""
        for name, count in COUNTS.items()
    )
    path = folder / "programmes" / "p.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_programme(path, root=folder)


def material(of: Programme) -> Material:
    institutions = tuple(
        Institution(code, {"en": code.title(), "sq": code.title()}, "municipality", region)
        for code, region in REGIONS.items()
    )
    return Material(of, institutions, {"one/final": 70.0}, frozenset({"model"}), frozenset({"baseline"}))


@dataclass
class World:
    """Writes what happens; `rng` decides. `now` is when it is recorded."""

    engine: Engine
    rng: random.Random
    now: datetime = START
    people: list[str] = field(default_factory=list)
    numbers: int = 0

    def moment(self, first: int = 0, last: int = DAYS - 1) -> datetime:
        return START + timedelta(days=self.rng.randint(first, last), hours=self.rng.randint(0, 12))

    def person(self, connection: Connection, **data: Any) -> str:
        self.numbers += 1
        person_id = f"{self.rng.randrange(16**8):08x}-{self.numbers}"
        connection.execute(insert(schema.person).values(id=person_id, site=SITE, created_at=START))
        values = {"gender": self.rng.choice(GENDERS), "language": self.rng.choice(("en", "sq", "ro", None))}
        connection.execute(
            insert(schema.person_data).values(
                person_id=person_id,
                site=SITE,
                salt=b"0" * 32,
                idnumber=f"N-{self.numbers}",
                given_name=f"G{self.numbers}",
                family_name=f"F{self.numbers}",
                **{**values, **data},
            )
        )
        self.people.append(person_id)
        return person_id

    def belongs(
        self, connection: Connection, person_id: str, code: str, begin: datetime, end: datetime | None = None
    ) -> None:
        connection.execute(
            insert(schema.membership).values(
                site=SITE, person_id=person_id, institution=code, valid_from=begin, valid_to=end
            )
        )

    def fact(
        self,
        connection: Connection,
        stream: str,
        person_id: str,
        course: str,
        subject: str,
        value: dict[str, Any],
        at: datetime,
        source_id: str = "",
    ) -> None:
        self.numbers += 1
        fact = Fact(stream, source_id or f"r{self.numbers}", at, person_id, course, subject, value)
        store_facts(connection, SITE, [fact], max(at, self.now), None)

    def attended(
        self, connection: Connection, person_id: str, session: str, day: date, *, present: bool, at: datetime
    ) -> None:
        value = {"day": day.isoformat(), "present": present, "hours": 5.0, "leader": None, "recorded_by": "N"}
        source = f"p/{session}/{day.isoformat()}/{person_id}"
        self.fact(connection, "attendance", person_id, "p", session, value, at, source)

    def tried(self, connection: Connection, person_id: str, quiz: str, percent: float, at: datetime) -> None:
        value = {"attempt": 1, "state": "finished", "score": percent / 10, "max": 10.0}
        self.fact(connection, "quiz_attempt", person_id, "one", quiz, value, at)

    def award(
        self, connection: Connection, person_id: str, policy: str, at: datetime, until: date | None = None
    ) -> str:
        self.numbers += 1
        issue_id = f"issue-{self.numbers}"
        connection.execute(
            insert(schema.issue).values(
                id=issue_id,
                site=SITE,
                grant_key=f"{self.numbers:064d}",
                person_id=person_id,
                policy=policy,
                policy_version=1,
                series="s",
                serial=f"S-{self.numbers}",
                verification_id=f"v{self.numbers}",
                status_list=1,
                status_index=self.numbers,
                issued_at=at,
                issued_on=at.date(),
                expires_on=until,
                public={"timezone": "UTC"},
            )
        )
        self.event(connection, issue_id, "issued", at)
        return issue_id

    def event(self, connection: Connection, issue_id: str, event: str, at: datetime) -> None:
        connection.execute(
            insert(schema.status_event).values(site=SITE, issue_id=issue_id, event=event, at=at, actor="N")
        )

    def answer(
        self, connection: Connection, holder: str, questionnaire: str, score: float | None, at: datetime
    ) -> None:
        value = {
            "answers": {},
            "score": score,
            "areas": {},
            "on": at.date().isoformat(),
            "recorded_by": "N",
        }
        self.fact(connection, "answer", holder, "p", questionnaire, value, at, f"p/{questionnaire}/{holder}")

    def milestone(
        self, connection: Connection, holder: str, milestone: str, at: datetime, *, reached: bool = True
    ) -> None:
        value = {"reached": reached, "on": at.date().isoformat(), "evidence": "a note", "recorded_by": "N"}
        self.fact(connection, "milestone", holder, "p", milestone, value, at, f"p/{milestone}/{holder}")


def empty_world(path: Path, seed: int = 0) -> World:
    return World(open_database(f"sqlite:///{path / 'state.db'}"), random.Random(seed))


def random_world(path: Path, seed: int, size: int = 36) -> World:
    """Half a year of `size` people."""
    world = empty_world(path, seed)
    rng = world.rng
    with world.engine.begin() as connection:
        for _ in range(size):
            _person(world, connection)
        for one, other in zip(
            rng.sample(world.people, 6)[::2], rng.sample(world.people, 6)[1::2], strict=True
        ):
            put_together(connection, SITE, one, other, world.moment())
        for code in REGIONS:
            holder = meet_institution(connection, SITE, code, code.title(), START)
            for _ in range(rng.choice((0, 1, 1, 2))):
                world.answer(connection, holder, "baseline", round(rng.uniform(0, 100), 1), world.moment())
            for _ in range(rng.choice((0, 1, 2))):
                world.milestone(connection, holder, "supplied", world.moment(), reached=rng.random() < 0.8)
    return world


def _person(world: World, connection: Connection) -> None:
    rng = world.rng
    me = world.person(connection)
    places = rng.choices((*REGIONS, *OTHERS), k=rng.choice((0, 1, 1, 1, 2, 3)))
    begin = START - timedelta(days=40) if rng.random() < 0.8 else world.moment(0, 60)
    for number, code in enumerate(places):
        last = number == len(places) - 1
        end = begin + timedelta(days=rng.randint(30, 80))
        leaves = last and rng.random() < 0.2
        world.belongs(connection, me, code, begin, None if last and not leaves else end)
        begin = end
    for course in ("one", "two"):
        if rng.random() < 0.6:
            at = world.moment(0, 120)
            row = f"cc-{course}-{me}"
            world.fact(connection, "course_completion", me, course, "", {"complete": True}, at, row)
            world.fact(
                connection, "course_completion", me, course, "", {"complete": True}, at + timedelta(1), row
            )
            if rng.random() < 0.4:  # reset, and completed anew
                world.fact(
                    connection,
                    "course_completion",
                    me,
                    course,
                    "",
                    {"complete": False},
                    at + timedelta(5),
                    row,
                )
                again = {"complete": True}
                world.fact(
                    connection, "course_completion", me, course, "", again, at + timedelta(30), row + "b"
                )
    if rng.random() < 0.6:
        world.tried(connection, me, "one/pre", rng.uniform(0, 70), world.moment(0, 30))
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        world.tried(connection, me, "one/final", rng.uniform(40, 100), world.moment(31, DAYS - 1))
    if rng.random() < 0.1:
        world.fact(
            connection,
            "activity_completion",
            me,
            "one",
            "one/final",
            {"state": 2, "complete": True},
            world.moment(31),
        )
    for session, days in (
        ("north", (date(2026, 2, 3), date(2026, 2, 4))),
        ("south", (date(2026, 4, 14),)),
        ("visit-1", (date(2026, 5, 5),)),
        ("visit-2", (date(2026, 5, 6),)),
    ):
        for day in days:
            if rng.random() < 0.4:
                at = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
                world.attended(connection, me, session, day, present=rng.random() < 0.8, at=at)
                if rng.random() < 0.3:
                    later = at + timedelta(days=3)
                    world.attended(connection, me, session, day, present=rng.random() < 0.5, at=later)
    if rng.random() < 0.5:
        at = world.moment(40, 150)
        until = (at + timedelta(days=rng.choice((20, 400)))).date()
        issue = world.award(connection, me, "officer", at, until)
        if rng.random() < 0.3:
            world.event(connection, issue, "suspended", at + timedelta(days=5))
            if rng.random() < 0.5:
                world.event(connection, issue, "resumed", at + timedelta(days=9))
        if rng.random() < 0.15:
            world.event(connection, issue, "revoked", at + timedelta(days=12))
        if rng.random() < 0.2:
            world.award(connection, me, "officer", at + timedelta(days=25))
    if rng.random() < 0.5:
        world.answer(connection, me, "opinion", round(rng.uniform(0, 100), 1), world.moment(30))
