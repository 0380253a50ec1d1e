"""A register lives: people learn, awards are approved, issued, suspended, renewed, corrected, revoked, erased, in any order.

Whatever happens, nothing that was issued changes, what is told of each award follows from what was written about it,
the chain verifies, and deciding only whom something touched stores what deciding about everybody would store.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine, insert, select

from authoring.problems import Refused
from certificates import lifecycle, register
from certificates.audit import verify
from certificates.issue import enter_approved
from certificates.issuer import Issuer
from certificates.policy import Policy, parse_policy
from certificates.portal.lookup import find_award
from certificates.privacy_erase import erase_people
from certificates.status import status_of
from certificates.validity import window_opens
from lms_sync.clock import FixedClock, local_date
from lms_sync.facts import PRIOR_LEARNING, Fact, store_facts
from lms_sync.store import schema
from lms_sync.store.database import open_database

SITE = "main"
START = datetime(2026, 1, 31, 9, tzinfo=UTC)
PEOPLE = [f"00000000-0000-4000-8000-{n:012d}" for n in range(4)]

COMMON = """\
schema: policy/1
version: 1
title: T
description: D
criteria: C
hours: 8
issuer_name: I
signatory: {name: N, role: R}
timezone: Europe/Tirane
languages: [en]
approval: manual
"""
OFFICER = f"""{COMMON}
id: officer
kind: achievement
require:
  any:
    - within:
        months: 2
        require:
          all:
            - course_completed: course
            - quiz: {{activity: course/final, min: 70%}}
    - prior_learning: diploma
validity: {{months: 3}}
renewal: {{window_months: 1, grace_days: 10, require: {{quiz: {{activity: course/final, min: 70%}}}}}}
serial: {{pattern: "O-{{n}}"}}
"""
TRAINER = f"""{COMMON}
id: trainer
kind: trainer
require:
  n_of: {{n: 2, of: [{{award: officer}}, {{quiz: {{activity: course/final, min: 90%}}}}, {{prior_learning: teaching}}]}}
validity: {{months: 4}}
serial: {{pattern: "T-{{n}}"}}
"""


class Register(RuleBasedStateMachine):
    """The register, and beside it what was written about each award."""

    template: Path
    issuer: Issuer
    awards: Bundle[str] = Bundle("awards")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=self.template.parent))
        shutil.copy(self.template, self.folder / "state.db")
        self.engine: Engine = open_database(f"sqlite:///{self.folder}/state.db")
        self.clock = FixedClock(START)
        self.policies: list[Policy] = [parse_policy(OFFICER, "officer"), parse_policy(TRAINER, "trainer")]
        self.written: dict[str, list[str]] = {}  # by serial: the events
        self.rows: dict[str, Any] = {}  # by serial: the row as it was issued
        self.chain: list[Any] = []
        self.facts = 0
        self.erased: set[str] = set()

    @initialize()
    def begin(self) -> None:
        with self.engine.begin() as connection:
            for n, person in enumerate(PEOPLE):
                connection.execute(insert(schema.person).values(id=person, site=SITE, created_at=START))
                connection.execute(
                    insert(schema.person_data).values(
                        person_id=person, site=SITE, salt=b"s" * 32, idnumber=f"P{n}", given_name="Ëndrra", family_name=f"Ș{n}"
                    )
                )  # fmt: skip

    def teardown(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.folder)

    # --- what happens ---------------------------------------------------------------------

    @rule(days=st.integers(1, 45))
    def time_passes(self, days: int) -> None:
        self.clock.advance(timedelta(days=days))

    @rule(
        person=st.sampled_from(PEOPLE),
        what=st.sampled_from(["course", "quiz", "best", "diploma", "teaching"]),
        ago=st.integers(0, 20),
    )
    def somebody_learns(self, person: str, what: str, ago: int) -> None:
        self.facts += 1
        at, source = self.clock.now() - timedelta(days=ago), f"f{self.facts}"
        if what == "course":
            fact = Fact("course_completion", source, at, person, "course", "", {"complete": True})
        elif what in ("quiz", "best"):
            value = {"item": "mod", "grade": 75.0 if what == "quiz" else 95.0, "max": 100.0}
            fact = Fact("grade", source, at, person, "course", "course/final", value)
        else:
            on = local_date(at, "Europe/Tirane").isoformat()
            told = {"recognised": True, "on": on, "evidence": "paper", "recorded_by": "O"}
            fact = Fact(PRIOR_LEARNING, f"{what}/{person}", self.clock.now(), person, "", what, told)
        with self.engine.begin() as connection:
            store_facts(connection, SITE, [fact], self.clock.now(), None)

    @rule(target=awards)
    def certify_approve_and_issue(self) -> Any:
        register.certify(self.engine, SITE, self.policies, self.clock)
        waiting = [one.grant_key for one in register.proposals(self.engine, SITE)]
        register.approve(self.engine, SITE, waiting, by="Officer", clock=self.clock)
        return self._entered()

    def _entered(self) -> Any:
        from hypothesis.stateful import multiple

        made, problems = enter_approved(self.engine, SITE, self.issuer, self.clock)
        assert not problems
        serial_of = {row["id"]: serial for serial, row in self.rows.items()}
        for award in made:
            self.written[award.serial] = ["issued"]
            self.rows[award.serial] = self._row(award.id)
            if award.supersedes is not None:
                old = serial_of[award.supersedes]
                self.written[old].append("superseded")
                assert award.expires_on is not None
                before = self.rows[old]
                if (
                    self.rows[award.serial]["issued_on"] != before["issued_on"]
                    and award.expires_on != before["expires_on"]
                ):
                    assert award.expires_on > before["expires_on"]
            serial_of[award.id] = award.serial
        return multiple(*(award.serial for award in made))

    def _row(self, issue_id: str) -> Any:
        with self.engine.connect() as connection:
            return (
                connection.execute(select(schema.issue).where(schema.issue.c.id == issue_id)).mappings().one()
            )

    def _status(self, serial: str) -> str:
        today = local_date(self.clock.now(), "Europe/Tirane")
        return status_of(self.written[serial], self.rows[serial]["expires_on"], today)

    @rule(serial=awards, verb=st.sampled_from(["suspend", "resume", "revoke"]))
    def an_officer_acts(self, serial: str, verb: str) -> None:
        allowed = {
            "suspend": ("valid",), "resume": ("suspended",),
            "revoke": ("valid", "expired", "suspended", "superseded", "revoked"),
        }[verb]  # fmt: skip
        before, event = (
            self._status(serial),
            {"suspend": "suspended", "resume": "resumed", "revoke": "revoked"}[verb],
        )

        def act() -> None:  # as register.revoke, without signing the status list, which has tests of its own
            lifecycle._write(
                self.engine,
                SITE,
                serial,
                event,
                allowed,
                by="Officer",
                reason="Ëndrra said so",
                clock=self.clock,
            )

        if before not in allowed:
            with pytest.raises(Refused) as refused:
                act()
            assert refused.value.code == f"lifecycle.is-{before}"
            return
        act()
        if before != "revoked":
            self.written[serial].append(event)

    @rule(target=awards, serial=awards)
    def an_officer_corrects(self, serial: str) -> Any:
        from hypothesis.stateful import multiple

        award = find_award(self.engine, self.rows[serial]["verification_id"], self.clock).award
        assert award is not None
        if self._status(serial) not in ("valid", "expired"):
            with pytest.raises(Refused):
                lifecycle.correct(
                    self.engine, SITE, serial, self.issuer, by="O", reason="name", clock=self.clock
                )
            return multiple()
        with self.engine.begin() as connection:
            lifecycle._approve_correction(
                connection, award, by="O", reason="name", clock=self.clock, policy=None
            )
        return self._entered()

    @precondition(lambda self: len(self.erased) < 2)
    @rule(person=st.sampled_from(PEOPLE))
    def somebody_is_erased(self, person: str) -> None:
        if person in self.erased:
            return
        done = erase_people(
            self.engine, SITE, [person], self.folder, by="Officer", reason="asked for it", clock=self.clock
        )
        self.erased.add(person)
        for serial in done.serials:
            self.written[serial].append("erased")

    # --- what holds -----------------------------------------------------------------------

    @invariant()
    def nothing_issued_changes(self) -> None:
        with self.engine.connect() as connection:
            rows = {row["serial"]: row for row in connection.execute(select(schema.issue)).mappings()}
            chain = connection.execute(
                select(schema.register_entry).order_by(schema.register_entry.c.number)
            ).all()
        assert rows == self.rows
        assert chain[: len(self.chain)] == self.chain
        self.chain = chain

    @invariant()
    def the_portal_says_what_was_written(self) -> None:
        for serial, row in self.rows.items():
            found = find_award(self.engine, row["verification_id"], self.clock)
            assert found.status == self._status(serial)
            assert (found.holder is None) == (found.status == "erased")
            if found.status == "superseded":
                assert found.successor is not None
                back = find_award(self.engine, found.successor.verification_id, self.clock)
                assert back.predecessor is not None
                assert back.predecessor.serial == serial

    @invariant()
    def the_numbers_have_no_gaps_and_the_chain_verifies(self) -> None:
        for letter in "OT":
            numbers = sorted(int(serial[2:]) for serial in self.rows if serial[0] == letter)
            assert numbers == list(range(1, len(numbers) + 1))
        assert verify(self.engine, SITE).broken == ()

    @invariant()
    def deciding_about_everybody_again_stores_nothing_more(self) -> None:
        touched = register.certify(self.engine, SITE, self.policies, self.clock)
        everybody = register.certify(self.engine, SITE, self.policies, self.clock, anew=True)
        for one, other in zip(touched.policies, everybody.policies, strict=True):
            assert other.new == 0
            assert (one.eligible, one.pending, one.renewing) == (
                other.eligible,
                other.pending,
                other.renewing,
            )


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory: pytest.TempPathFactory, session_keys: dict[bool, Path]) -> None:
    """An empty database to copy, and an issuer."""
    folder = tmp_path_factory.mktemp("lifecycle")
    open_database(f"sqlite:///{folder}/template.db").dispose()
    Register.template = folder / "template.db"
    Register.issuer = register.open_issuer(
        did="did:web:verifiko.example.gov.al",
        base_url="https://verifiko.example.gov.al",
        key_file=session_keys[False],
    )


# LIFECYCLE_EXAMPLES=500: the long campaign of `make proofs`.
TestRegister = Register.TestCase
TestRegister.settings = settings(
    max_examples=int(os.environ.get("LIFECYCLE_EXAMPLES", "3")),
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_the_window_of_the_machine_opens_at_all() -> None:
    assert window_opens(date(2026, 4, 29), 1) == date(2026, 3, 30)
