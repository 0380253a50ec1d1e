"""Distinct persons stay distinct, and one person stays one: over transfers, new names, two courses and a merge."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from authoring.problems import Refused
from certificates.policy import parse_policy
from certificates.register import approve, certify, grant_key, proposals
from lms_sync.clock import FixedClock
from lms_sync.completion_report import ReportedCourse, completion_report
from lms_sync.facts import Fact, facts_of, store_facts
from lms_sync.people import Institution, Participant, People, remember_people
from lms_sync.people.history import people_history
from lms_sync.people.merge import merge, merged_file, two_people, undo_merge
from lms_sync.same_person import all_of, one_person, put_together
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading

START = datetime(2026, 1, 10, 8, tzinfo=UTC)
PLACES = ("berat", "elbasan", "vlore")
COURSES = ("archive", "protocol")
INSTITUTIONS = tuple(Institution(code, {"en": code.title()}) for code in PLACES)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    one = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield one
    one.dispose()


def person_id(engine: Engine, idnumber: str) -> str:
    data = schema.person_data
    with reading(engine) as connection:
        return str(
            connection.execute(select(data.c.person_id).where(data.c.idnumber == idnumber)).scalar_one()
        )


def completed(engine: Engine, idnumber: str, course: str, number: int) -> None:
    fact = Fact(
        "course_completion",
        f"{course}-{number}",
        START,
        person_id(engine, idnumber),
        course,
        "",
        {"complete": True},
    )
    with engine.begin() as connection:
        store_facts(connection, "site", [fact], START, None)


def remember(engine: Engine, people: list[Participant], days: int) -> None:
    with engine.begin() as connection:
        remember_people(connection, "site", people, {}, START + timedelta(days=days))


def counted(engine: Engine, people: list[Participant], course: str) -> tuple[int, int]:
    """Participants and completions in the report's total."""
    with reading(engine) as connection:
        report = completion_report(
            connection,
            "site",
            People(INSTITUTIONS, tuple(people)),
            ReportedCourse(course, course),
            as_of=START + timedelta(days=900),
            timezone="Europe/Tirane",
            language="en",
        )
    return report.total.participants, report.total.completed


# --- the law --------------------------------------------------------------------------------------


@dataclass
class World:
    """What is true of the people, told in another way than the database tells it."""

    people: dict[str, Participant] = field(default_factory=dict)
    human: dict[str, int] = field(default_factory=dict)  # idnumber → who it really is
    done: set[tuple[str, str]] = field(default_factory=set)  # idnumber, course


acts = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(0, 5), st.sampled_from(PLACES)),
        st.tuples(st.just("move"), st.integers(0, 5), st.sampled_from(PLACES)),
        st.tuples(st.just("rename"), st.integers(0, 5), st.sampled_from(["Hoxha", "Leka"])),
        st.tuples(st.just("complete"), st.integers(0, 5), st.sampled_from(COURSES)),
        st.tuples(st.just("leave"), st.integers(0, 5), st.just("")),
        st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5).map(str)),
    ),
    min_size=4,
    max_size=25,
)


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without a row: migrating takes longer than everything that happens in one world."""
    path = tmp_path_factory.mktemp("law") / "empty.db"
    engine = open_database(f"sqlite:///{path}")
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@settings(max_examples=25)
@given(acts)
def test_as_many_humans_are_counted_as_there_are(
    empty_database: Path, acts: list[tuple[str, int, str]]
) -> None:
    path = empty_database.with_name("world.db")
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"world.db{suffix}").unlink(missing_ok=True)
    shutil.copyfile(empty_database, path)
    engine = open_database(f"sqlite:///{path}")
    world = World()
    try:
        for day, (act, who, what) in enumerate(acts, 1):
            _do(engine, world, act, f"N-{who}", what, day)
        _compare(engine, world)
    finally:
        engine.dispose()


def _do(engine: Engine, world: World, act: str, who: str, what: str, day: int) -> None:
    there = world.people.get(who)
    if act == "arrive" and there is None:
        # Everybody has the same name: nothing but the number tells them apart.
        world.people[who] = Participant(who, "Arben", "Hoxha", what, courses=COURSES)
        world.human.setdefault(who, len(world.human))
    elif there is None:
        return
    elif act == "move":
        world.people[who] = replace(there, institution=what)
    elif act == "rename":
        world.people[who] = replace(there, lastname=what)
    elif act == "leave":
        del world.people[who]
    elif act == "complete":
        completed(engine, who, what, day)
        world.done.add((who, what))
    elif act == "merge":
        other = f"N-{what}"
        if other not in world.people or world.human[other] == world.human[who]:
            return
        now = START + timedelta(days=day)
        with engine.begin() as connection:
            people = People(INSTITUTIONS, tuple(world.people.values()))
            old, new = two_people(connection, "site", people, who, other, now)
            merge(connection, "site", old, new, now)
        same = world.human[who]
        for number, human in world.human.items():
            if human == same:
                world.human[number] = world.human[other]
    remember(engine, list(world.people.values()), day)


def _compare(engine: Engine, world: World) -> None:
    listed = list(world.people.values())
    humans = {world.human[one.idnumber] for one in listed}
    for course in COURSES:
        done = {world.human[number] for number, taken in world.done if taken == course}
        assert counted(engine, listed, course) == (len(humans), len(done & humans))
    with reading(engine) as connection:
        history = people_history(connection, "site", People(INSTITUTIONS, tuple(listed)))
        facts = list(facts_of(connection, "site"))
    assert len(history) == len(set(world.human.values()))
    assert len({fact.person_id for fact in facts}) == len({world.human[number] for number, _ in world.done})
    assert {one.idnumber: one.institution for one in history if one.listed and not one.other_numbers} == {
        one.idnumber: one.institution
        for one in listed
        if list(world.human.values()).count(world.human[one.idnumber]) == 1
    }
    _memberships_never_overlap(engine)


def _memberships_never_overlap(engine: Engine) -> None:
    with reading(engine) as connection:
        rows = connection.execute(
            select(schema.membership).order_by(schema.membership.c.person_id, schema.membership.c.valid_from)
        ).all()
    for before, after in pairwise(rows):
        assert before.valid_to is None or before.valid_from < before.valid_to
        if before.person_id == after.person_id:
            assert before.valid_to is not None
            assert before.valid_to <= after.valid_from


# --- one by one -----------------------------------------------------------------------------------

ARTA = Participant("A-1", "Arta", "Leka", "berat", "arta", "", ("archive",), "female", "sq")
ARTA_AGAIN = Participant("A-9", "Arta", "Hoxha", "vlore", "", "arta@example.org", ("protocol",))
BESA = Participant("A-2", "Besa", "Gjoka", "vlore", courses=("archive",))


def merged(engine: Engine, people: list[Participant], old: str, new: str, *, undo: bool = False) -> None:
    with engine.begin() as connection:
        both = two_people(connection, "site", People(INSTITUTIONS, tuple(people)), old, new, START)
        (undo_merge if undo else merge)(connection, "site", *both, START)


def test_a_merge_rewrites_no_fact_and_can_be_undone(engine: Engine) -> None:
    people = [ARTA, ARTA_AGAIN, BESA]
    remember(engine, people, 0)
    for number, idnumber in enumerate(("A-1", "A-9", "A-2")):
        completed(engine, idnumber, "archive", number)
    with reading(engine) as connection:
        before = connection.execute(select(schema.fact)).all()
    merged(engine, people, "A-9", "A-1")
    with reading(engine) as connection:
        assert connection.execute(select(schema.fact)).all() == before
        assert len(list(facts_of(connection, "site", person_id(engine, "A-1")))) == 2
        assert {fact.person_id for fact in facts_of(connection, "site")} == {
            person_id(engine, "A-1"),
            person_id(engine, "A-2"),
        }
    with pytest.raises(Refused):
        merged(engine, people, "A-1", "A-9")
    merged(engine, people, "A-9", "A-1", undo=True)
    with reading(engine) as connection:
        assert one_person(connection, "site") == {}


def test_a_chain_of_merges_leads_to_one_and_never_in_a_circle(engine: Engine) -> None:
    people = [replace(BESA, idnumber=f"B-{n}") for n in range(4)]
    remember(engine, people, 0)
    ids = [person_id(engine, one.idnumber) for one in people]
    with engine.begin() as connection:
        assert put_together(connection, "site", ids[0], ids[1], START)
        assert put_together(connection, "site", ids[1], ids[2], START)
        assert not put_together(connection, "site", ids[2], ids[0], START)
        assert put_together(connection, "site", ids[3], ids[0], START)
        one = one_person(connection, "site")
    assert {one.get(each, each) for each in ids} == {ids[2]}
    assert all_of(ids[3], one) == sorted(ids)


def test_the_row_of_the_old_number_goes_and_the_new_one_takes_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    text = (
        "idnumber,firstname,lastname,institution,courses,email,gender,username\n"
        "A-1,Arta,Leka,berat,archive,,female,arta\n"
        "A-2,Besa,Gjoka,vlore,archive,,,\n"
        "A-9,Arta,Hoxha,vlore,protocol,arta@example.org,,\n"
    )
    (tmp_path / "people" / "participants.csv").write_text(text, encoding="utf-8")
    content = merged_file(tmp_path, People(INSTITUTIONS, (ARTA, BESA, ARTA_AGAIN)), "A-9", "A-1")
    assert content is not None
    assert content.decode() == (
        "idnumber,firstname,lastname,institution,courses,email,gender,username\n"
        "A-1,Arta,Leka,berat,archive protocol,arta@example.org,female,arta\n"
        "A-2,Besa,Gjoka,vlore,archive,,,\n"
    )


def test_a_number_of_nobody_is_not_merged(engine: Engine) -> None:
    with pytest.raises(Refused) as caught:
        merged(engine, [ARTA], "A-7", "A-1")
    assert caught.value.code == "people.merge-unknown"


def test_a_former_name_is_kept_with_its_day_and_only_with_personal_data(engine: Engine) -> None:
    remember(engine, [ARTA], 0)
    remember(engine, [replace(ARTA, lastname="Hoxha")], 30)
    with reading(engine) as connection:
        (one,) = people_history(connection, "site", People(INSTITUTIONS, (replace(ARTA, lastname="Hoxha"),)))
    assert [(name.name, name.until) for name in one.former_names] == [
        ("Arta Leka", START + timedelta(days=30))
    ]
    assert one.name == "Arta Hoxha"


def test_a_day_in_the_file_dates_a_transfer(engine: Engine) -> None:
    remember(engine, [ARTA], 0)
    moved = replace(ARTA, institution="vlore", since=date(2026, 2, 1))
    remember(engine, [moved], 60)
    with reading(engine) as connection:
        (one,) = people_history(connection, "site", People(INSTITUTIONS, (moved,)))
    first = datetime(2026, 2, 1, tzinfo=UTC)
    assert (one.since, one.before[0].institution, one.before[0].until) == (first, "berat", first)


def test_a_day_that_comes_later_dates_the_transfer_again(engine: Engine) -> None:
    remember(engine, [ARTA], 0)
    remember(engine, [replace(ARTA, institution="vlore")], 60)
    dated = replace(ARTA, institution="vlore", since=date(2026, 2, 1))
    remember(engine, [dated], 61)
    with reading(engine) as connection:
        (one,) = people_history(connection, "site", People(INSTITUTIONS, (dated,)))
    first = datetime(2026, 2, 1, tzinfo=UTC)
    assert (one.since, one.before[0].until) == (first, first)


def test_a_day_left_standing_does_not_take_the_time_before_away(engine: Engine) -> None:
    dated = replace(ARTA, since=date(2025, 3, 1))
    remember(engine, [dated], 0)
    moved = replace(dated, institution="vlore")
    remember(engine, [moved], 60)
    with reading(engine) as connection:
        (one,) = people_history(connection, "site", People(INSTITUTIONS, (moved,)))
    assert [stay.institution for stay in one.before] == ["berat"]
    assert one.since == START + timedelta(days=60)


POLICY = """\
schema: policy/1
id: archive
version: 1
kind: achievement
title: {en: Archive officer}
description: {en: Knows the rules.}
criteria: {en: The course.}
hours: 16
outcomes: {en: [Keeps the archive]}
validity: {months: 36}
issuer_name: {en: General Directorate}
signatory: {name: Ardita, role: {en: Director}}
timezone: Europe/Tirane
require: {course_completed: archive}
approval: manual
serial: {pattern: "A-{year}-{n:05d}"}
languages: [en]
tests:
  - given: [{course_completed: archive, on: 2026-03-02}]
    as_of: 2026-03-05
    expect: {state: eligible, earned_on: 2026-03-02, expires_on: 2029-03-01}
"""


@pytest.mark.parametrize("approved", ["A-9", ""])
def test_an_award_is_not_given_to_both_numbers_of_one_person(engine: Engine, approved: str) -> None:
    policy = parse_policy(POLICY, "policy.yaml")
    people = [ARTA, ARTA_AGAIN]
    remember(engine, people, 0)
    clock = FixedClock(START + timedelta(days=5))
    for number, idnumber in enumerate(("A-1", "A-9")):
        completed(engine, idnumber, "archive", number)
    certify(engine, "site", [policy], clock)
    if approved:
        key = grant_key("archive", person_id(engine, approved))
        assert approve(engine, "site", [key], by="A. Director", clock=clock) == 1
    merged(engine, people, "A-9", "A-1")
    certify(engine, "site", [policy], clock)
    waiting = [one.person_id for one in proposals(engine, "site")]
    assert waiting == ([] if approved else [person_id(engine, "A-1")])
    if approved:
        with pytest.raises(Refused):
            approve(
                engine,
                "site",
                [grant_key("archive", person_id(engine, "A-1"))],
                by="A. Director",
                clock=clock,
            )
