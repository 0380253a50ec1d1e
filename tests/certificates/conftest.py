"""A small register: people, facts, a policy, a key; all in a temporary folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from certificates import register
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

    def issue_all(self) -> register.IssueReport:
        """Certifies, approves and issues whatever can be."""
        register.certify(self.engine, self.site, [self.policy], self.clock)
        register.approve(self.engine, self.site, None, by="Officer", clock=self.clock)
        return register.issue_approved(self.engine, self.site, self.issuer(), self.clock)

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


@pytest.fixture(scope="session")
def issued_folder(tmp_path_factory: pytest.TempPathFactory, session_keys: dict[bool, Path]) -> Path:
    """A register with one issued award; to be copied, not written to."""
    folder = tmp_path_factory.mktemp("issued")
    academy = _academy_in(folder, session_keys[False], POLICY)
    academy.add_person(*NAMES[0])
    assert academy.issue_all().problems == ()
    academy.engine.dispose()
    return folder


@pytest.fixture
def issued_academy(tmp_path: Path, issued_folder: Path, session_keys: dict[bool, Path]) -> Academy:
    """An academy of its own with one issued award."""
    shutil.copy(issued_folder / "state.db", tmp_path / "state.db")
    return _academy_in(tmp_path, session_keys[False], POLICY)


@pytest.fixture
def new_academy(tmp_path: Path, session_keys: dict[bool, Path]) -> Callable[..., Academy]:
    def make(*, demo: bool = False, policy: str = POLICY) -> Academy:
        return _academy_in(tmp_path, session_keys[demo], policy)

    return make


@pytest.fixture
def academy(new_academy: Callable[..., Academy]) -> Academy:
    """Three who have earned the award, one who failed the quiz, one who has not completed the course."""
    made = new_academy()
    for given, family in NAMES[:3]:
        made.add_person(given, family)
    made.add_person(*NAMES[3], score=69.99)
    made.add_person(*NAMES[4], done=False)
    return made


@pytest.fixture
def policy_text() -> str:
    return POLICY


@pytest.fixture
def policy() -> Policy:
    return parse_policy(POLICY, "policy.yaml")


@pytest.fixture
def make_fact() -> Callable[..., Fact]:
    return fact
