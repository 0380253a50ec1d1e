"""The path of an institution: by rule from what was observed, by hand with evidence, and its own award at the end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from authoring.problems import Refused
from certificates.policy import parse_policy
from certificates.register import certify, proposals
from lms_sync.assessment.milestones import listed_paths, record_by_rule, record_milestone
from lms_sync.clock import FixedClock
from lms_sync.facts import facts_of
from lms_sync.people import meet_institution
from lms_sync.store import schema
from lms_sync.store.database import reading
from tests.assessment.world import SITE, START, World, empty_world, material, programme

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
AS_OF = NOW.date()

MODEL = """\
schema: policy/1
id: model
version: 1
kind: institution
title: {en: Model municipality}
description: {en: It keeps its archive.}
criteria: {en: All milestones.}
issuer_name: {en: School}
signatory: {name: N N, role: {en: Director}}
timezone: UTC
require:
  all:
    - milestone: p/assessed
    - milestone: p/staff
    - milestone: p/visited
    - milestone: p/supplied
validity: none
approval: manual
serial: {pattern: "M-{n:03d}"}
languages: [en]
tests: []
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return empty_world(tmp_path)


def steps(world: World, tmp_path: Path, code: str, as_of: date = AS_OF) -> dict[str, date | None]:
    [path] = listed_paths(world.engine, SITE, material(programme(tmp_path)), as_of, [code])
    return {step.milestone: step.on for step in path.steps}


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 10, tzinfo=UTC)


def test_an_institution_reaches_each_milestone_on_the_day_of_what_it_rests_upon(
    world: World, tmp_path: Path
) -> None:
    with world.engine.begin() as connection:
        town = meet_institution(connection, SITE, "n1", "N1", START)
        world.answer(connection, town, "baseline", 40, at(2, 1))
        one, other = world.person(connection), world.person(connection)
        for who in (one, other):
            world.belongs(connection, who, "n1", START)
        world.award(connection, one, "officer", at(3, 1))
        world.award(connection, other, "officer", at(3, 20))
        world.attended(connection, one, "visit-1", date(2026, 5, 5), present=True, at=at(5, 5))
    assert steps(world, tmp_path, "n1") == {
        "assessed": date(2026, 2, 1),
        "staff": date(2026, 3, 20),
        "visited": date(2026, 5, 5),
        "supplied": None,
    }
    assert steps(world, tmp_path, "n1", date(2026, 3, 19))["staff"] is None
    assert not any(steps(world, tmp_path, "n2").values())


def test_two_awards_of_one_person_or_never_valid_together_are_not_two_certified(
    world: World, tmp_path: Path
) -> None:
    with world.engine.begin() as connection:
        one, other = world.person(connection), world.person(connection)
        for who in (one, other):
            world.belongs(connection, who, "n1", START)
        world.award(connection, one, "officer", at(2, 1), date(2026, 2, 20))
        world.award(connection, one, "officer", at(2, 10), date(2026, 3, 1))
        world.award(connection, other, "officer", at(3, 2))
    assert steps(world, tmp_path, "n1")["staff"] is None


def test_an_award_counts_for_where_its_holder_was_when_it_was_issued(world: World, tmp_path: Path) -> None:
    with world.engine.begin() as connection:
        people = [world.person(connection) for _ in range(2)]
        for who in people:
            world.belongs(connection, who, "n1", START, at(4, 1))
            world.belongs(connection, who, "s1", at(4, 1))
            world.award(connection, who, "officer", at(3, 1))
    assert steps(world, tmp_path, "n1")["staff"] == date(2026, 3, 1)
    assert steps(world, tmp_path, "s1")["staff"] is None


def test_by_hand_with_evidence_once_and_again_only_when_it_differs(world: World, tmp_path: Path) -> None:
    ours = material(programme(tmp_path))
    scan = tmp_path / "note.pdf"
    scan.write_bytes(b"%PDF-1.4 a delivery note")

    def record(evidence: str = str(scan), on: date = date(2026, 5, 4), minutes: int = 0) -> bool:
        now = NOW + timedelta(minutes=minutes)
        return record_milestone(
            world.engine, SITE, tmp_path, ours, "n1", "supplied", on=on, evidence=evidence, by="N", now=now
        ).new

    assert record()
    assert not record(minutes=1)
    assert steps(world, tmp_path, "n1")["supplied"] == date(2026, 5, 4)
    [kept] = (tmp_path / "evidence" / "p").iterdir()
    assert kept.read_bytes() == scan.read_bytes()
    with reading(world.engine) as connection:
        [fact] = facts_of(connection, SITE)
    assert str(fact.value["evidence"]).startswith(f"evidence/p/{kept.name} sha256:")
    assert record("Protocol 12", date(2026, 5, 5), minutes=2)
    assert steps(world, tmp_path, "n1")["supplied"] == date(2026, 5, 5)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"institution": "nowhere"}, "milestones.no-institution"),
        ({"milestone": "nothing"}, "milestones.no-milestone"),
        ({"milestone": "staff"}, "milestones.by-rule"),
        ({"by": " "}, "milestones.nobody"),
        ({"evidence": " "}, "milestones.no-evidence"),
        ({"evidence": "missing.pdf"}, "milestones.no-file"),
        ({"on": date(2026, 7, 1)}, "milestones.in-future"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_nothing_stored(
    world: World, tmp_path: Path, change: dict[str, object], code: str
) -> None:
    told = {
        "institution": "n1",
        "milestone": "supplied",
        "on": AS_OF,
        "evidence": "Note",
        "by": "N",
        **change,
    }
    ours = material(programme(tmp_path))
    with pytest.raises(Refused) as refused:
        record_milestone(
            world.engine,
            SITE,
            tmp_path,
            ours,
            told.pop("institution"),
            told.pop("milestone"),
            now=NOW,
            **told,
        )
    assert refused.value.code == code
    with reading(world.engine) as connection:
        assert connection.execute(select(schema.fact)).first() is None


def test_the_institution_earns_its_own_award_when_rules_and_hands_agree(world: World, tmp_path: Path) -> None:
    test_an_institution_reaches_each_milestone_on_the_day_of_what_it_rests_upon(world, tmp_path)
    ours, policy = material(programme(tmp_path)), parse_policy(MODEL, "policy.yaml")
    record_milestone(
        world.engine,
        SITE,
        tmp_path,
        ours,
        "n1",
        "supplied",
        on=date(2026, 6, 1),
        evidence="A",
        by="N",
        now=NOW,
    )
    assert record_by_rule(world.engine, SITE, [ours], NOW) == 3
    assert record_by_rule(world.engine, SITE, [ours], NOW + timedelta(hours=1)) == 0
    certify(world.engine, SITE, [policy], FixedClock(NOW), programmes={"p": ours.programme})
    [waiting] = proposals(world.engine, SITE)
    assert (waiting.name, waiting.earned_on) == ("N1", date(2026, 6, 1))


def test_what_a_rule_does_not_say_any_more_is_taken_back(world: World, tmp_path: Path) -> None:
    ours = material(programme(tmp_path))
    with world.engine.begin() as connection:
        one = world.person(connection)
        world.belongs(connection, one, "n1", START)
        world.attended(connection, one, "visit-1", date(2026, 5, 5), present=True, at=at(5, 5))
    record_by_rule(world.engine, SITE, [ours], NOW)
    with world.engine.begin() as connection:
        world.attended(connection, one, "visit-1", date(2026, 5, 5), present=False, at=at(5, 9))
    record_by_rule(world.engine, SITE, [ours], NOW + timedelta(days=1))
    with reading(world.engine) as connection:
        told = [fact.value["reached"] for fact in facts_of(connection, SITE) if fact.stream == "milestone"]
    assert told == [True, False]
