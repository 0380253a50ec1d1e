"""The officer's verbs, as typed: certify, approve, keys init, serve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import update

from authoring.problems import LmsSyncError, Refused
from lms_sync.cli.officer import approve, certify, serve
from lms_sync.cli.officer_keys import keys
from lms_sync.clock import SystemClock
from lms_sync.demo import MARKER, run_demo
from lms_sync.served import served_at
from lms_sync.store import schema

CONFIG = """\
language: en
sites: {main: {url: "https://moodle.example.org", token_env: TOKEN}}
database: {url: "sqlite:///state.db"}
issuer: {did: "did:web:verifiko.example.gov.al", key_file: issuer.pem}
portal: {base_url: "https://verifiko.example.gov.al", port: 0}
"""


@pytest.fixture
def folder(academy: Any, policy_text: str, web: Any) -> Iterator[Path]:
    """An academy folder with facts of five people, three of whom have earned the award."""
    where: Path = academy.folder
    web.key_file = where / "issuer.pem"
    (where / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (where / "certificates" / "archive-officer").mkdir(parents=True)
    (where / "certificates" / "archive-officer" / "policy.yaml").write_text(policy_text, encoding="utf-8")
    yield where
    academy.engine.dispose()


def run(command: Any, *arguments: str) -> tuple[object, str]:
    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def test_the_way_of_an_award_on_the_command_line(folder: Path) -> None:
    where = ("--dir", str(folder))
    code, said = run(keys, "init", *where)
    assert code == 0
    assert "z6Mk" in said
    code, said = run(certify, *where)
    assert code == 0
    assert "Gëzim Çela" in said
    assert 'lms-sync approve --all --by "Name Surname"' in said
    code, said = run(certify, "--json", *where)
    first = json.loads(said)["proposals"][0]["id"]
    code, said = run(approve, first[:8], "--by", "Officer", "--json", *where)
    assert [award["serial"] for award in json.loads(said)["issued"]] == ["DPA-2026-00001"] or code == 0
    code, said = run(approve, "--all", "--by", "Officer", *where)
    assert code == 0
    assert "2 awards approved by Officer." in said
    assert len(list((folder / "build" / "certificates").glob("*.pdf"))) == 3
    code, said = run(approve, "--all", "--by", "Officer", *where)
    assert (code, said.strip()) == (0, "Nothing waits for approval.")
    code, said = run(certify, "--json", *where)
    summary = json.loads(said)
    assert (code, summary["proposals"], summary["issued"]) == (0, [], [])
    assert summary["policies"][0]["issued"] == 3


def _list(folder: Path, academy: Any, *people: str) -> None:
    """Puts these people, who must be known by a number, on the list of the course."""
    rows = ["idnumber,firstname,lastname,institution,courses"]
    with academy.engine.begin() as connection:
        for number, person in enumerate(people):
            connection.execute(
                update(schema.person_data)
                .where(schema.person_data.c.person_id == person)
                .values(idnumber=f"N{number}")
            )
            rows.append(f"N{number},Given,Family,AL-01,archive-officers")
    (folder / "people").mkdir()
    (folder / "people" / "institutions.csv").write_text("code,name_en\nAL-01,Town\n", encoding="utf-8")
    (folder / "people" / "participants.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_people_who_are_on_no_list_are_told_apart_and_not_decided_about_unasked(
    folder: Path, academy: Any
) -> None:
    where = ("--dir", str(folder))
    run(keys, "init", *where)
    everybody = json.loads(run(certify, "--json", *where)[1])
    assert everybody["policies"][0]["not_listed"] == 0  # no list says anything: all are meant
    earned = [one["person"] for one in everybody["proposals"]]
    assert len(earned) == 3
    late = academy.add_person("Vonë", "Ardhuri")  # learns, and is never put on a list

    _list(folder, academy, earned[0])
    told = json.loads(run(certify, "--json", *where)[1])
    assert {one["person"]: one["listed"] for one in told["proposals"]} == {
        earned[0]: True,
        earned[1]: False,
        earned[2]: False,
    }
    assert told["policies"][0]["not_listed"] == 5  # two who had earned it, two who had not, and the late one
    said = run(certify, *where)[1]
    assert "On no list of the course" in said
    assert "5 people have learned in the courses and are on no list" in said
    assert "Vonë" not in said

    said = run(approve, "--all", "--by", "Officer", *where)[1]
    assert "1 award approved by Officer." in said
    assert "2 proposals are for people who are on no list" in said

    told = json.loads(run(certify, "--all", "--json", *where)[1])
    chosen = next(one["id"] for one in told["proposals"] if one["person"] == late)
    assert "1 award approved by Officer." in run(approve, chosen, "--by", "Officer", *where)[1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--by", "O"), "approve.nothing-chosen"),
        (("--by", "O", "--all", "abc"), "approve.nothing-chosen"),
        (("--by", "O", "zzz"), "approve.not-proposed"),
        (("--by", "O", ""), "approve.ambiguous"),
    ],
)
def test_what_is_approved_must_be_clear(folder: Path, arguments: tuple[str, ...], code: str) -> None:
    run(keys, "init", "--dir", str(folder))
    run(certify, "--dir", str(folder))
    with pytest.raises(Refused) as caught:
        run(approve, *arguments, "--dir", str(folder))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('did: "did:web:verifiko.example.gov.al", ', "", "issuer.did-missing"),
        ('base_url: "https://verifiko.example.gov.al", ', "", "portal.base-url-missing"),
        ("key_file: issuer.pem", "key_file: other.pem", "keys.missing"),
    ],
)
def test_without_issuer_address_or_key_nothing_is_even_approved(
    folder: Path, old: str, new: str, code: str
) -> None:
    run(keys, "init", "--dir", str(folder))
    run(certify, "--dir", str(folder))
    (folder / "config.yaml").write_text(CONFIG.replace(old, new), encoding="utf-8")
    with pytest.raises(LmsSyncError) as caught:
        run(approve, "--all", "--by", "O", "--dir", str(folder))
    assert caught.value.code == code
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    _, said = run(certify, "--json", "--dir", str(folder))
    assert len(json.loads(said)["proposals"]) == 3


def test_an_automatic_policy_issues_when_it_certifies(folder: Path, policy_text: str) -> None:
    path = folder / "certificates" / "archive-officer" / "policy.yaml"
    path.write_text(policy_text.replace("approval: manual", "approval: automatic"), encoding="utf-8")
    run(keys, "init", "--demo", "--dir", str(folder))
    _, said = run(certify, "--json", "--dir", str(folder))
    assert len(json.loads(said)["issued"]) == 3
    _, said = run(certify, "--json", "--dir", str(folder))
    assert json.loads(said)["issued"] == []


def test_a_partly_refused_batch_ends_with_exit_code_4(folder: Path, academy: Any) -> None:
    academy.add_person("李", "明")
    run(keys, "init", "--dir", str(folder))
    run(certify, "--dir", str(folder))
    code, _ = run(approve, "--all", "--by", "O", "--dir", str(folder))
    assert code == 4
    assert len(list((folder / "build" / "certificates").glob("*.pdf"))) == 3


def test_the_served_portal_shows_what_was_issued(folder: Path) -> None:
    where = ("--dir", str(folder))
    run(keys, "init", *where)
    run(certify, *where)
    _, said = run(approve, "--all", "--by", "Officer", "--json", *where)
    award = json.loads(said)["issued"][0]
    process = subprocess.Popen(
        [sys.executable, "-c", "from lms_sync.cli import main; main()", "serve", *where],
        stdout=subprocess.PIPE, text=True, encoding="utf-8", env={**os.environ, "LMS_SYNC_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split(" at ")[1].split(" ")[0]
        answer = httpx.get(
            f"{address}verify/{award['verification_id']}", headers={"Accept": "application/json"}, timeout=20
        )
        assert answer.json() == {
            "status": "valid",
            "serial": award["serial"],
            "issued_on": award["issued_on"],
        }
        assert "server" not in answer.headers
        assert served_at(folder) == address
        (folder / MARKER).touch()
        with pytest.raises(Refused) as caught:  # a demo would replace the folder
            run_demo(folder, SystemClock(), lambda code, /, **params: None)
        assert caught.value.code == "demo.served"
    finally:
        process.terminate()
        process.wait(20)
    assert served_at(folder) is None


def test_a_port_in_use_is_told(folder: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(LmsSyncError) as caught:
        run(serve, "--dir", str(folder), "--port", str(taken.getsockname()[1]))
    assert caught.value.code == "serve.port-busy"
