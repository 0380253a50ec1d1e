"""Credentials are accepted, and bad ones refused, by verifiers that other people wrote: no code of ours judges here."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from certificates import register
from certificates.award import Award, Wording
from certificates.credential import build_credential, build_status_list
from certificates.keys import did_document, make_key, read_public_key, read_public_keys, rotate_key
from certificates.policy import read_policies
from certificates.signing import Signer, open_signer
from certificates.verification_id import new_verification_id
from lms_sync.clock import FixedClock
from lms_sync.store import schema
from tests.certificates.third_parties.judge import (
    MISSING,
    SCHEMA,
    Case,
    Verdict,
    installed,
    of_documents,
    schema_errors,
    verdicts,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMMES = ("archive-officers", "inspectorate", "training-of-trainers")
DID = "did:web:verifiko.example.gov.al"
BASE = "https://verifiko.example.gov.al"
ISSUED_AT = datetime(2026, 3, 6, 9, tzinfo=UTC)
IN_TIME = "2026-06-01T00:00:00Z"
TOO_LATE = "2040-01-01T00:00:00Z"


def signed_award(policy: Any, signer: Signer, index: int, expires_on: date | None) -> dict[str, Any]:
    award = Award(
        id="i", site="main", grant_key="k", person_id="7b5c4a0e-3d52-4f27-9f53-0f5c1f0a3c11", policy=policy.id,
        policy_version=policy.version, serial=policy.serial.number(2026, index + 1), verification_id=new_verification_id(),
        status_list=1, status_index=index, issued_at=ISSUED_AT, issued_on=ISSUED_AT.date(), expires_on=expires_on,
        wording=Wording.of(policy, issuer_did=signer.did, base_url=BASE, earned_on=date(2026, 3, 4), demo=signer.demo),
    )  # fmt: skip
    return signer.sign(build_credential(award, "Ștefan Gëzim Țîrlea-Çela", "a" * 32), ISSUED_AT)


def changed(credential: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    copied = copy.deepcopy(credential)
    change(copied)
    return copied


@pytest.fixture(scope="module")
def npm() -> None:
    """The packages of the lock file. Missing them is a failure under CI=true."""
    if not installed():
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)


@pytest.fixture(scope="module")
def judged(
    npm: None, tmp_path_factory: pytest.TempPathFactory, session_keys: dict[bool, Path]
) -> dict[str, Any]:
    """Every case by its name, with the verdict: one node process for all."""
    signer = open_signer(session_keys[False], DID)
    forger_file = tmp_path_factory.mktemp("forger") / "key.pem"
    make_key(forger_file, demo=False, clock=FixedClock(ISSUED_AT))
    key = read_public_key(session_keys[False])
    world = of_documents(
        [
            did_document(DID, key),
            signer.sign(build_status_list(f"{BASE}/status/1", DID, {3}, ISSUED_AT), ISSUED_AT),
        ]
    )
    cases: dict[str, Case] = {}

    # What the three programmes issue: every policy, with and without an end, numbers 0, 1, 2 …; bit 3 is set.
    policies = [one for programme in PROGRAMMES for one in read_policies(EXAMPLES / programme)]
    credentials = {
        policy.id: signed_award(policy, signer, number, date(2029, 3, 3) if policy.validity else None)
        for number, policy in enumerate(policies)
    }
    for name, credential in credentials.items():
        cases[f"issued: {name}"] = Case(credential, world, IN_TIME)
    revoked = policies[3].id

    # did:key, for trials: the DID document follows from the did itself.
    own = f"did:key:{key.multikey}"
    by_key = open_signer(session_keys[False], own)
    trial = of_documents(
        [
            did_document(own, key),
            by_key.sign(build_status_list(f"{BASE}/status/1", own, (), ISSUED_AT), ISSUED_AT),
        ]
    )
    cases["did:key"] = Case(signed_award(policies[0], by_key, 1, None), trial, IN_TIME)
    demo_signer = open_signer(session_keys[True], DID)
    demo_world = of_documents(
        [
            did_document(DID, read_public_key(session_keys[True])),
            demo_signer.sign(build_status_list(f"{BASE}/status/1", DID, (), ISSUED_AT), ISSUED_AT),
        ]
    )
    cases["demo"] = Case(signed_award(policies[0], demo_signer, 1, None), demo_world, IN_TIME)

    # A key that took the place of another: the old credential stays good, the list is signed with the new key.
    own_file = tmp_path_factory.mktemp("rotated") / "key.pem"
    make_key(own_file, demo=False, clock=FixedClock(ISSUED_AT))
    before = signed_award(policies[0], open_signer(own_file, DID), 1, None)
    rotate_key(own_file, FixedClock(ISSUED_AT))
    now_signer = open_signer(own_file, DID)
    rotated = of_documents(
        [
            did_document(DID, *read_public_keys(own_file)),
            now_signer.sign(build_status_list(f"{BASE}/status/1", DID, (), ISSUED_AT), ISSUED_AT),
        ]
    )
    cases["issued: with a former key"] = Case(before, rotated, IN_TIME)
    cases["issued: with the new key"] = Case(signed_award(policies[0], now_signer, 2, None), rotated, IN_TIME)

    # What must not be accepted.
    good = credentials[policies[0].id]
    for name, change in {
        "another name": lambda it: it.update(name="Director"),
        "another number": lambda it: it["credentialSubject"].update(licenseNumber="DPA-2026-00099"),
        "a later end": lambda it: it.update(validUntil="2099-01-01T00:00:00Z"),
        "no end": lambda it: it.pop("validUntil"),
        "another bit of the list": lambda it: it["credentialStatus"].update(statusListIndex="9"),
        "a term that nobody defined": lambda it: it.update(note="x"),
        "another issuer": lambda it: it["issuer"].update(id="did:web:forger.example"),
    }.items():
        cases[f"tampered: {name}"] = Case(changed(good, change), world, IN_TIME)
    cases["expired"] = Case(good, world, TOO_LATE)
    cases["before its time"] = Case(good, world, "2020-01-01T00:00:00Z")
    forged_for_us = signed_award(policies[0], open_signer(forger_file, DID), 0, None)
    cases["forged: a key that the issuer does not publish"] = Case(forged_for_us, world, IN_TIME)
    foreign = signed_award(policies[0], open_signer(forger_file, "did:web:forger.example"), 0, None)
    foreign["issuer"]["id"] = DID
    foreign_world = {
        **world,
        **of_documents([did_document("did:web:forger.example", read_public_key(forger_file))]),
    }
    cases["forged: a key of another issuer"] = Case(foreign, foreign_world, IN_TIME)
    emptied = changed(
        world[f"{BASE}/status/1"],
        lambda it: it["credentialSubject"].update(
            encodedList=build_status_list("u", DID, (), ISSUED_AT)["credentialSubject"]["encodedList"]
        ),
    )
    cases["a list with a bit taken out"] = Case(
        credentials[revoked], {**world, emptied["id"]: emptied}, IN_TIME
    )
    said = dict(zip(cases, verdicts(list(cases.values())), strict=True))
    return {"cases": cases, "said": said, "revoked": f"issued: {revoked}"}


def test_every_credential_that_the_programmes_issue_is_verified_with_its_status(
    judged: dict[str, Any],
) -> None:
    good = {name for name in judged["said"] if name.startswith("issued") or name in ("did:key", "demo")}
    assert len(good) == 13
    for name in good:
        expected = Verdict(True, (), revoked=name == judged["revoked"])
        assert judged["said"][name] == expected, name


def test_a_revoked_credential_is_seen_in_the_status_result_and_only_there(judged: dict[str, Any]) -> None:
    assert judged["said"][judged["revoked"]] == Verdict(True, (), revoked=True)


def test_tampered_expired_forged_and_early_ones_are_refused(judged: dict[str, Any]) -> None:
    bad = {
        name: said
        for name, said in judged["said"].items()
        if name.split(":")[0] not in ("issued", "did", "demo")
    }
    assert len(bad) == 12
    for name, said in bad.items():
        assert not said.verified, name
        assert said.errors, name
    told = {name: " ".join(said.errors) for name, said in bad.items()}
    assert "Invalid signature" in told["tampered: another name"]
    assert "validUntil" in told["expired"]
    assert "validFrom" in told["before its time"]
    assert "Safe mode" in told["tampered: a term that nobody defined"]
    assert "BitstringStatusListCredential" in told["a list with a bit taken out"]


def test_they_are_open_badges_by_the_schema_of_1edtech(judged: dict[str, Any]) -> None:
    import hashlib

    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest().startswith("b7358e895f492e74055dc6bfc7ffc420")
    for name, case in judged["cases"].items():
        if not name.startswith("tampered"):
            assert schema_errors(case.credential) == [], name
    good = judged["cases"]["did:key"].credential
    for take in ("issuer", "credentialSubject", "validFrom", "proof"):
        without = {key: value for key, value in good.items() if key != take}
        assert schema_errors(without) or take == "proof", take


def test_what_the_register_issues_and_revokes_is_read_so_by_others(three_issued: Any, npm: None) -> None:
    academy = three_issued
    issued = register.issued(academy.engine, academy.site)
    register.revoke(
        academy.engine,
        academy.site,
        issued[1].serial,
        academy.issuer(),
        by="O",
        reason="r",
        clock=academy.clock,
    )
    with academy.engine.connect() as connection:
        (published,) = connection.execute(select(schema.status_list.c.content)).scalars()
    world = of_documents([did_document(DID, read_public_key(academy.key_file)), json.loads(published)])
    credentials = [json.loads(academy.document(one, "credential")) for one in issued]
    now = (academy.clock.now() + timedelta(days=1)).isoformat()
    said = verdicts([Case(one, world, now) for one in credentials])
    assert said == [Verdict(True, (), revoked=number == 1) for number in range(3)]
    assert [schema_errors(one) for one in credentials] == [[], [], []]
