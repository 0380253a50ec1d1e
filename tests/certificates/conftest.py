"""A small register: people, facts, a policy, a key; all in a temporary folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from certificates import register
from certificates.award import Award
from certificates.issue import enter_approved
from certificates.issuer import Issuer, open_issuer
from certificates.keys import make_key
from certificates.policy import Policy, parse_policy
from certificates.public_key import did_document, read_public_keys
from lms_sync.clock import FixedClock
from lms_sync.facts import Fact, store_facts
from lms_sync.store import schema
from lms_sync.store.database import open_database

SITE = "main"
DID = "did:web:verifiko.example.gov.al"
BASE_URL = "https://verifiko.example.gov.al"

POLICY = """\
schema: policy/1
id: archive-officer
version: 1
kind: achievement
title: {sq: Zyrtar i certifikuar i arkivit dhe protokollit, en: Certified archive and protocol officer}
description: {sq: Njeh rregullat e administrimit të dokumenteve., en: Knows the rules of records management.}
criteria: {sq: Kursi dhe provimi përfundimtar., en: The course and the final examination.}
hours: 16
outcomes:
  sq: [Regjistron dokumentet hyrëse, Mban librin e protokollit]
  en: [Registers incoming documents, Keeps the protocol book]
issuer_name: {sq: Drejtoria e Përgjithshme e Arkivave, en: General Directorate of Archives}
signatory: {name: Ardita Çela, role: {sq: Drejtore e Përgjithshme, en: General Director}}
timezone: Europe/Tirane
require:
  all:
    - course_completed: archive-officers
    - quiz: {activity: archive-officers/final, min: 70%}
validity: {months: 36}
approval: manual
serial: {pattern: "DPA-{year}-{n:05d}"}
languages: [sq, en]
tests:
  - given: [{course_completed: archive-officers, on: 2026-03-02}, {quiz: archive-officers/final, score: 82%, on: 2026-03-04}]
    as_of: 2026-03-05
    expect: {state: eligible, earned_on: 2026-03-04, expires_on: 2029-03-03}
  - given: [{quiz: archive-officers/final, score: 69%, on: 2026-03-04}]
    as_of: 2026-03-05
    expect: {state: pending, missing: [course_completed, quiz]}
"""

NAMES = (
    ("Gëzim", "Çela"),
    ("Ștefan", "Țîrlea"),
    ("Shpresa", "Hoxhaj"),
    ("Mănuța", "Brâncoveanu"),
    ("Fatmir", "Kodër"),
)


def fact(
    stream: str,
    moment: datetime,
    value: dict[str, object],
    *,
    person: str = "p",
    subject: str = "",
    source: str = "1",
) -> Fact:
    return Fact(stream, source, moment, person, "archive-officers", subject, value)


def completed(moment: datetime, **rest: str) -> Fact:
    return fact("course_completion", moment, {"complete": True}, **rest)


def graded(moment: datetime, percent: float, **rest: str) -> Fact:
    value: dict[str, object] = {"item": "mod", "grade": percent, "max": 100.0}
    return fact("grade", moment, value, subject="archive-officers/final", **rest)


@dataclass
class Academy:
    """What the tests of the register work with."""

    folder: Path
    engine: Engine
    clock: FixedClock
    policy: Policy
    key_file: Path
    url: str
    site: str = SITE
    people: list[str] = field(default_factory=list)

    def issuer(self, **changes: str | None) -> Issuer:
        wanted: dict[str, str | None] = {"did": DID, "base_url": BASE_URL, **changes}
        return open_issuer(did=wanted["did"], base_url=wanted["base_url"], key_file=self.key_file)

    def certify(self, policy: Policy | None = None, **more: Any) -> register.CertifySummary:
        """Decides by a policy, or by the academy's own."""
        return register.certify(self.engine, self.site, [policy or self.policy], self.clock, **more)

    def approve(self, keys: list[str] | None = None, by: str = "Officer", **more: Any) -> int:
        """Approves what has these grant keys, or whatever is proposed."""
        return register.approve(self.engine, self.site, keys, by=by, clock=self.clock, **more)

    def issue(self, issuer: Issuer | None = None) -> register.IssueReport:
        """Issues what is approved."""
        return register.issue_approved(self.engine, self.site, issuer or self.issuer(), self.clock)

    def issue_all(self) -> register.IssueReport:
        """Certifies, approves and issues whatever can be."""
        self.certify()
        self.approve()
        return self.issue()

    def enter(self) -> list[Award]:
        """Enters what is approved; nothing has a document yet but the holders' names."""
        made, problems = enter_approved(self.engine, self.site, self.issuer(), self.clock)
        assert problems == []
        return made

    def document(self, award: register.Issued, kind: str) -> bytes:
        """A document of an award as it was issued."""
        return register.read_document(self.engine, award.issue_id, kind)

    def add_person(self, given: str, family: str, *, score: float = 85.0, done: bool = True) -> str:
        """A person who has got so many percent in the final quiz, and has (or has not) completed the course."""
        number = len(self.people)
        person = f"00000000-0000-4000-8000-{number:012d}"
        moment = self.clock.now() - timedelta(days=2)
        facts = [graded(moment, score, person=person, source=f"g{number}")]
        if done:
            facts.append(completed(moment - timedelta(days=1), person=person, source=f"c{number}"))
        with self.engine.begin() as connection:
            connection.execute(insert(schema.person).values(id=person, site=SITE, created_at=moment))
            connection.execute(
                insert(schema.person_data).values(
                    person_id=person, site=SITE, salt=b"s" * 32, given_name=given, family_name=family
                )
            )
            store_facts(connection, SITE, facts, self.clock.now(), None)
        self.people.append(person)
        return person


@pytest.fixture(scope="session")
def session_keys(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    folder = tmp_path_factory.mktemp("keys")
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    files = {demo: folder / f"issuer-{demo}.pem" for demo in (False, True)}
    for demo, path in files.items():
        make_key(path, demo=demo, clock=clock)
    return files


NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


def _academy_in(folder: Path, key_file: Path, policy: str) -> Academy:
    url = f"sqlite:///{(folder / 'state.db').as_posix()}"
    return Academy(
        folder, open_database(url), FixedClock(NOW), parse_policy(policy, "policy.yaml"), key_file, url
    )


@dataclass
class Web:
    """The public web, as far as anyone asks it: the DID document that `lms-sync serve` makes of a key file, or nothing."""

    key_file: Path | None
    did: str = DID
    asked: list[str] = field(default_factory=list)

    def ask(self, address: str) -> bytes:
        self.asked.append(address)
        if self.key_file is None:
            raise OSError("ConnectTimeout")
        return json.dumps(did_document(self.did, *read_public_keys(self.key_file))).encode("utf-8")


@pytest.fixture(autouse=True)
def web(session_keys: dict[bool, Path], monkeypatch: pytest.MonkeyPatch) -> Web:
    """What stands at the address of the issuer's did; nothing leaves this machine."""
    made = Web(session_keys[False])
    monkeypatch.setattr("lms_sync.published_key.ask_web", made.ask)
    return made


def _earned(academy: Academy) -> None:
    """Three who have earned the award, one who failed the quiz, one who has not completed the course."""
    for given, family in NAMES[:3]:
        academy.add_person(given, family)
    academy.add_person(*NAMES[3], score=69.99)
    academy.add_person(*NAMES[4], done=False)


def _issued(academy: Academy) -> None:
    """The same five, and the three awards are issued."""
    _earned(academy)
    assert academy.issue_all().problems == ()


def _one_issued(academy: Academy) -> None:
    """One person and one issued award."""
    academy.add_person(*NAMES[0])
    assert academy.issue_all().problems == ()


class Registers:
    """Registers that are filled once and copied for each test; on PostgreSQL (`tests.on_postgresql`) filled each time."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self.folder, self.key_file = folder, key_file
        self.people: dict[str, list[str]] = {}

    def copied(self, fill: Callable[[Academy], None], to: Path) -> Academy:
        """An academy of its own in the folder `to`, as `fill` fills it."""
        kept = self.folder / fill.__name__
        if fill.__name__ not in self.people:
            kept.mkdir()
            first = _academy_in(kept, self.key_file, POLICY)
            fill(first)
            first.engine.dispose()
            self.people[fill.__name__] = first.people
        is_file = (kept / "state.db").stat().st_size > 0
        if is_file:
            shutil.copy(kept / "state.db", to / "state.db")
        academy = _academy_in(to, self.key_file, POLICY)
        if is_file:
            academy.people = list(self.people[fill.__name__])
        else:
            fill(academy)
        return academy


@pytest.fixture(scope="session")
def registers(tmp_path_factory: pytest.TempPathFactory, session_keys: dict[bool, Path]) -> Registers:
    return Registers(tmp_path_factory.mktemp("registers"), session_keys[False])


@pytest.fixture
def issued_academy(tmp_path: Path, registers: Registers) -> Academy:
    """An academy of its own with one person, who holds an award."""
    return registers.copied(_one_issued, tmp_path)


@pytest.fixture
def three_issued(tmp_path: Path, registers: Registers) -> Academy:
    """An academy of its own with five people and three awards."""
    return registers.copied(_issued, tmp_path)


@pytest.fixture
def academy(tmp_path: Path, registers: Registers) -> Academy:
    """An academy of its own with five people, three of whom have earned an award that nobody has decided about."""
    return registers.copied(_earned, tmp_path)


@pytest.fixture
def new_academy(tmp_path: Path, session_keys: dict[bool, Path]) -> Callable[..., Academy]:
    """An academy without people."""

    def make(*, demo: bool = False, policy: str = POLICY) -> Academy:
        return _academy_in(tmp_path, session_keys[demo], policy)

    return make


@pytest.fixture
def policy_text() -> str:
    return POLICY


@pytest.fixture
def policy() -> Policy:
    return parse_policy(POLICY, "policy.yaml")


@pytest.fixture
def make_fact() -> Callable[..., Fact]:
    return fact
