"""The officer's verbs after the issue, as typed: certificates, audit, privacy, certify --simulate."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from authoring.problems import Refused
from certificates import register
from certificates.keys import make_key, rotate_key
from certificates.lifecycle import find_award_said, says_the_same
from certificates.policy import parse_policy
from certificates.public_key import public_file, read_public_key
from lms_sync.cli.officer import approve, certify
from lms_sync.cli.officer_audit import audit
from lms_sync.cli.officer_certificates import certificates
from lms_sync.cli.officer_explain import explain
from lms_sync.cli.officer_privacy import privacy
from lms_sync.store import schema
from tests.certificates.conftest import BASE_URL, DID
from tests.certificates.test_officer_verbs import run

SERIAL = "DPA-2026-00001"
BY = ("--by", "Teuta Kola")


@pytest.fixture
def academy(issued_academy: Any, policy_text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An academy folder with one issued certificate."""
    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")
    where: Path = issued_academy.folder
    config = {
        "language": "en",
        "sites": {"main": {"url": "https://moodle.example.org", "token_env": "TOKEN"}},
        "database": {"url": "sqlite:///state.db"},
        "issuer": {"did": DID, "key_file": str(issued_academy.key_file)},
        "portal": {"base_url": BASE_URL},
        "privacy": {"keep_months": 1, "reason": {"en": "no reason to keep"}},
    }
    (where / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    folder = where / "certificates" / "archive-officer"
    folder.mkdir(parents=True)
    renewal = "validity: {months: 36}\nrenewal: {window_months: 36}\n"
    text = policy_text.replace("validity: {months: 36}\n", renewal)
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    yield issued_academy
    issued_academy.engine.dispose()


def said(academy: Any, command: Any, *arguments: str) -> Any:
    code, output = run(command, *arguments, "--json", "--dir", str(academy.folder))
    return code, json.loads(output)


def test_a_certificate_is_suspended_resumed_and_revoked(academy: Any) -> None:
    reason = ("--reason", "complaint 12")
    assert said(academy, certificates, "suspend", SERIAL, *BY, *reason)[1] == {
        "serial": SERIAL,
        "event": "suspended",
        "to_review": 0,
    }
    (only,) = said(academy, certificates, "list")[1]["certificates"]
    assert (only["status"], only["phase"], only["name"]) == ("suspended", "window", "Gëzim Çela")
    assert said(academy, certificates, "resume", SERIAL.lower(), *BY, *reason)[0] == 0
    code, output = run(certificates, "revoke", SERIAL, *BY, *reason, "--dir", str(academy.folder))
    assert code == 3  # nobody there to ask
    assert said(academy, certificates, "revoke", SERIAL, *BY, *reason, "--yes")[1]["event"] == "revoked"
    with pytest.raises(Refused) as refused:
        said(academy, certificates, "resume", SERIAL, *BY, *reason)
    assert refused.value.code == "lifecycle.is-revoked"
    assert said(academy, certificates, "list", "--status", "valid")[1] == {"certificates": []}
    code, output = run(certificates, "review", "--dir", str(academy.folder))
    assert (code, output.strip()) == (0, "Nothing waits to be reviewed.")


def test_a_certificate_is_corrected_with_a_new_pdf(academy: Any) -> None:
    with academy.engine.begin() as connection:
        connection.execute(update(schema.person_data).values(family_name="Hoxha"))
    code, done = said(academy, certificates, "correct", SERIAL, *BY, "--reason", "mistyped", "--reword")
    assert (code, [one["serial"] for one in done["issued"]]) == (0, ["DPA-2026-00002"])
    assert (academy.folder / "build" / "certificates" / "DPA-2026-00002.pdf").is_file()
    code, output = run(certificates, "list", "--dir", str(academy.folder))
    assert f"{SERIAL}  archive-officer  2029-03-02  Replaced → DPA-2026-00002" in output
    with pytest.raises(Refused) as refused:
        said(academy, certificates, "renew", "DPA-2026-00002", *BY)
    assert refused.value.code == "renew.missing"


def test_nothing_is_issued_where_a_correction_would_say_the_same(academy: Any) -> None:
    correct = ("correct", SERIAL, *BY, "--reason", "looked twice")
    code, output = run(certificates, *correct, "--reword", "--dir", str(academy.folder))
    assert code == 0
    assert f"Certificate {SERIAL} would say the same as now; nothing was issued." in output
    assert "DPA-2026-00002" not in run(certificates, "list", "--dir", str(academy.folder))[1]
    code, done = said(academy, certificates, *correct, "--even-if-same")
    assert (code, [one["serial"] for one in done["issued"]]) == (0, ["DPA-2026-00002"])


@pytest.mark.parametrize("other", ["words", "version", "address"])
def test_a_correction_sees_what_else_would_be_said(academy: Any, other: str) -> None:
    policy = parse_policy(
        academy.policy.text.replace("hours: 16", "hours: 20" if other == "words" else "hours: 16").replace(
            "version: 1", "version: 2" if other == "version" else "version: 1"
        ),
        "p",
    )
    address = {"base_url": "https://moved.example.gov.al"} if other == "address" else {}
    with academy.engine.connect() as connection:
        award = find_award_said(connection, academy.site, SERIAL)
        assert not says_the_same(connection, award, academy.issuer(**address), policy)
        assert says_the_same(connection, award, academy.issuer(), None)


# --- the key, before anything is issued -----------------------------------------------------------


def _approve_another(academy: Any) -> Any:
    academy.people.append("the holder of the first certificate")
    academy.add_person("Shpresa", "Hoxhaj")
    run(certify, "--dir", str(academy.folder))
    return run(approve, "--all", *BY, "--dir", str(academy.folder))


@pytest.mark.parametrize("other", ["key", "did"])
def test_nothing_is_approved_where_the_published_document_names_another(
    academy: Any, web: Any, session_keys: Any, other: str
) -> None:
    if other == "key":
        web.key_file = session_keys[True]
    else:
        web.did = "did:web:somebody.example.gov.al"
    with pytest.raises(Refused) as refused:
        _approve_another(academy)
    assert refused.value.code == {"key": "keys.not-published", "did": "keys.document-of-other"}[other]
    assert web.asked == ["https://verifiko.example.gov.al/.well-known/did.json"]
    with academy.engine.connect() as connection:
        assert len(connection.execute(select(schema.approval)).all()) == 1
    # What was issued can be taken back all the same.
    assert said(academy, certificates, "revoke", SERIAL, *BY, "--reason", "r", "--yes")[0] == 0


def test_a_document_that_nobody_can_read_is_told_and_stops_nothing(academy: Any, web: Any) -> None:
    web.key_file = None
    code, output = _approve_another(academy)
    assert code == 0
    assert "did.json could not be read (ConnectTimeout)" in output
    assert len(register.issued(academy.engine, academy.site)) == 2


def test_a_key_that_forgets_those_before_it_issues_nothing(academy: Any, web: Any, tmp_path: Path) -> None:
    key_file = tmp_path / "another.pem"
    make_key(key_file, demo=False, clock=academy.clock)
    config = academy.folder / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace(str(academy.key_file), str(key_file)), encoding="utf-8"
    )
    web.key_file = key_file
    with pytest.raises(Refused) as refused:
        _approve_another(academy)
    assert refused.value.code == "keys.not-of-register"
    assert refused.value.problem.params["key"] == read_public_key(academy.key_file).multikey


def test_after_a_rotation_it_issues_once_the_new_key_is_published(
    academy: Any, web: Any, tmp_path: Path, session_keys: Any
) -> None:
    for half in (session_keys[False], public_file(session_keys[False])):
        shutil.copy2(half, tmp_path / half.name)
    key_file = tmp_path / session_keys[False].name
    config = academy.folder / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace(str(academy.key_file), str(key_file)), encoding="utf-8"
    )
    rotate_key(key_file, academy.clock)
    with pytest.raises(Refused) as refused:  # the portal was not restarted: it names the former key only
        _approve_another(academy)
    assert refused.value.code == "keys.not-published"
    web.key_file = key_file
    assert run(approve, "--all", *BY, "--dir", str(academy.folder))[0] == 0
    assert len(register.issued(academy.engine, academy.site)) == 2


def test_the_list_to_sign_is_written_and_the_protocol_kept(academy: Any) -> None:
    academy.people.append("the holder of the first certificate")
    academy.add_person("Shpresa", "Hoxhaj")
    run(certify, "--dir", str(academy.folder))
    (file,) = said(academy, certificates, "to-sign")[1]["files"]
    assert (academy.folder / file).read_bytes().startswith(b"%PDF")
    code, done = said(academy, approve, "--all", *BY, "--protocol", "Nr. 12", "--legal-basis", "Ligji 9154")
    assert (code, done["approved"]) == (0, 1)
    out = academy.folder / "register.csv"
    assert said(academy, audit, "export", "--out", str(out))[1]["awards"] == 2
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert [(row["serial"], row["protocol_number"]) for row in rows] == [
        (SERIAL, ""),
        (rows[1]["serial"], "Nr. 12"),
    ]


def test_audit_names_the_first_broken_entry_and_ends_with_1(academy: Any) -> None:
    said(academy, certificates, "suspend", SERIAL, *BY, "--reason", "r")
    code, sound = said(academy, audit, "verify")
    assert (code, sound["broken"], sound["second_place"]) == (0, [], 1)
    with academy.engine.begin() as connection:
        connection.execute(update(schema.issue).values(expires_on=None))
    code, broken = said(academy, audit, "verify")
    assert code == 1
    number = broken["broken"][0]["entry"]
    with academy.engine.connect() as connection:
        entry = schema.register_entry
        row = connection.execute(select(entry.c.kind).where(entry.c.number == number)).scalar_one()
    assert row == "issued"
    with academy.engine.begin() as connection:
        connection.execute(delete(schema.register_head))
    with pytest.raises(Refused) as refused:
        said(academy, certificates, "resume", SERIAL, *BY, "--reason", "r")
    assert refused.value.code == "register.no-head"


def test_simulate_tells_and_writes_nothing(academy: Any, policy_text: str) -> None:
    changed = academy.folder / "stricter.yaml"
    changed.write_text(policy_text.replace("min: 70%", "min: 99%"), encoding="utf-8")
    code, found = said(academy, certify, "--simulate", str(changed))
    assert (code, [one["change"] for one in found["changes"]]) == (0, ["keeps"])
    code, output = run(certify, "--simulate", str(changed), "--dir", str(academy.folder))
    assert "Gëzim Çela · quiz archive-officers/final" in output
    with academy.engine.connect() as connection:
        assert (
            connection.execute(select(schema.decided)).all()
            == connection.execute(select(schema.decided)).all()
        )


def test_a_person_is_exported_listed_as_due_and_erased(academy: Any) -> None:
    _, done = said(academy, privacy, "export", "Gëzim Çela")
    assert Path(done["file"]).is_file()
    assert said(academy, privacy, "retention")[1]["due"] == []  # the award's policy has no rule: it is kept
    policy = academy.folder / "certificates" / "archive-officer" / "policy.yaml"
    rule = 'approval: manual\nretention: {months: 1, reason: "Law 9887"}\n'
    policy.write_text(
        policy.read_text("utf-8").replace("approval: manual\n", rule).replace("months: 36}", "months: 1}"),
        encoding="utf-8",
    )
    code, _ = run(privacy, "erase", "Gëzim Çela", *BY, "--reason", "asked", "--dir", str(academy.folder))
    assert code == 3
    code, erased = said(academy, privacy, "erase", "Gëzim Çela", *BY, "--reason", "asked", "--yes")
    assert (code, erased["serials"]) == (0, [SERIAL])
    assert Path(done["file"]).relative_to(academy.folder).as_posix() in erased["files"]
    assert erased["still_named"] == []
    assert said(academy, audit, "verify")[0] == 0


def test_whoever_is_only_on_a_list_is_told_what_is_missing(academy: Any) -> None:
    people = academy.folder / "people"
    people.mkdir(exist_ok=True)
    (people / "institutions.csv").write_text(
        "code,name_sq,kind,region\nhas,Bashkia Has,municipality,Kukës\n", "utf-8"
    )
    (people / "participants.csv").write_text(
        "idnumber,username,email,firstname,lastname,institution\nAO-9,arta.has,,Arta,Has,has\n", "utf-8"
    )
    code, found = said(academy, explain, "arta  HAS", "archive-officer")
    assert (code, found["name"], found["state"], found["person"]) == (0, "Arta Has", "pending", "")
    assert {one["met"] for one in found["requirements"]} == {"no"}
    with pytest.raises(Refused) as refused:  # an institution cannot hold it
        said(academy, explain, "has", "archive-officer")
    assert refused.value.code == "explain.nobody"
