"""Awards are proposed, approved and issued once, with gapless numbers, whatever happens in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, insert, select, update

from authoring.problems import LmsSyncError, Refused
from certificates import documents, issue, register
from certificates.check_policy import check_policy
from certificates.issue import enter_approved
from certificates.policy import parse_policy
from certificates.verification_id import normal_form
from lms_sync.facts import Fact, store_facts
from lms_sync.store import schema
from lms_sync.store.database import open_database


def count(engine: Engine, table: object) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def certify_and_approve(academy: Any) -> None:
    academy.certify()
    academy.approve()


# --- propose ----------------------------------------------------------------------------------


def test_only_those_who_met_everything_are_proposed(academy) -> None:
    summary = academy.certify()
    (only,) = summary.policies
    assert (only.eligible, only.pending, only.approved, only.issued, only.new) == (3, 2, 0, 0, 5)
    assert [p.name for p in register.proposals(academy.engine, academy.site)] == [
        "Gëzim Çela",
        "Shpresa Hoxhaj",
        "Ștefan Țîrlea",
    ]


def test_deciding_again_with_the_same_result_stores_nothing(academy) -> None:
    for _ in range(3):
        summary = academy.certify()
        academy.clock.advance(timedelta(days=40))
    assert summary.policies[0].new == 0
    assert count(academy.engine, schema.decision) == 5


def test_a_new_fact_changes_only_the_decision_of_the_person_it_is_about(academy) -> None:
    academy.certify()
    completion = Fact(
        "course_completion",
        "late",
        academy.clock.now(),
        academy.people[4],
        "archive-officers",
        "",
        {"complete": True},
    )
    with academy.engine.begin() as connection:
        store_facts(connection, academy.site, [completion], academy.clock.now(), None)
    summary = academy.certify()
    assert (summary.policies[0].new, summary.eligible) == (1, 4)


def test_a_decision_keeps_its_reasons_and_the_text_of_its_policy(academy) -> None:
    academy.certify()
    with academy.engine.connect() as connection:
        decision = connection.execute(
            select(schema.decision).where(schema.decision.c.person_id == academy.people[3])
        ).one()
        text = connection.execute(select(schema.policy_text.c.text)).scalar_one()
    assert decision.why[1] == {
        "requirement": "quiz",
        "subject": "archive-officers/final",
        "met": "no",
        "score": "69.99 %",
        "wanted": "70 %",
    }
    assert decision.why[0]["fact"][0] == "course_completion"
    assert text == academy.policy.text
    assert decision.policy_sha256 == academy.policy.sha256


# --- approve ----------------------------------------------------------------------------------


def test_a_person_approves_and_is_remembered(academy) -> None:
    academy.certify()
    first, *_ = register.proposals(academy.engine, academy.site)
    assert academy.approve([first.grant_key], by=" Teuta Kola ", note="Nr. 12") == 1
    assert academy.approve([first.grant_key], by="Someone else") == 0
    with academy.engine.connect() as connection:
        (row,) = connection.execute(select(schema.approval)).all()
    assert (row.approved_by, row.note, row.automatic) == ("Teuta Kola", "Nr. 12", False)
    assert len(register.proposals(academy.engine, academy.site)) == 2


def test_what_is_not_proposed_cannot_be_approved(academy) -> None:
    academy.certify()
    pending = register.grant_key(academy.policy.id, academy.people[4])
    for keys in (["no such key"], [pending]):
        with pytest.raises(Refused) as caught:
            academy.approve(keys)
        assert caught.value.code == "approve.not-proposed"
    with pytest.raises(Refused):
        academy.approve(None, by="  ")
    assert count(academy.engine, schema.approval) == 0


def test_nothing_is_issued_without_approval(academy) -> None:
    academy.certify()
    assert academy.issue().issued == ()
    assert count(academy.engine, schema.serial_counter) == 0


def test_an_automatic_policy_approves_in_its_own_name(new_academy, policy_text: str) -> None:
    academy = new_academy(policy=policy_text.replace("approval: manual", "approval: automatic"))
    academy.add_person("Gëzim", "Çela")
    summary = academy.certify()
    assert (summary.policies[0].eligible, summary.policies[0].approved) == (0, 1)
    report = academy.issue()
    assert len(report.issued) == 1
    with academy.engine.connect() as connection:
        row = connection.execute(select(schema.approval)).one()
    assert (row.approved_by, row.automatic) == ("archive-officer 1", True)


# --- issue ------------------------------------------------------------------------------------


def test_an_issued_award_has_its_numbers_and_both_documents(academy) -> None:
    report = academy.issue_all()
    assert [award.serial for award in report.issued] == ["DPA-2026-00001", "DPA-2026-00002", "DPA-2026-00003"]
    assert report.problems == ()
    for award in report.issued:
        assert normal_form(award.verification_id) == award.verification_id
        assert (award.issued_on, award.expires_on) == (date(2026, 3, 5), date(2029, 3, 2))
        assert award.verification_url.endswith(f"/verify/{award.verification_id}")
        assert academy.document(award, "pdf").startswith(b"%PDF")
        credential = json.loads(academy.document(award, "credential"))
        assert credential["credentialSubject"]["licenseNumber"] == award.serial
    assert len({award.verification_id for award in report.issued}) == 3
    assert register.issued(academy.engine, academy.site) == list(report.issued)


def test_issuing_again_changes_not_a_byte(three_issued) -> None:
    academy = three_issued
    with academy.engine.connect() as connection:
        before = [
            connection.execute(select(table)).all()
            for table in (schema.issue, schema.document, schema.status_list)
        ]
    academy.clock.advance(timedelta(days=400))
    report = academy.issue_all()
    assert (report.issued, report.completed, report.problems) == ((), 0, ())
    with academy.engine.connect() as connection:
        assert before == [
            connection.execute(select(table)).all()
            for table in (schema.issue, schema.document, schema.status_list)
        ]


def test_neither_a_new_name_nor_a_new_policy_touches_an_issued_award(three_issued, policy_text: str) -> None:
    academy = three_issued
    first, *_ = register.issued(academy.engine, academy.site)
    before = academy.document(first, "pdf")
    with academy.engine.begin() as connection:
        connection.execute(update(schema.person_data).values(family_name="Tjetër"))
    newer = parse_policy(policy_text.replace("version: 1", "version: 2").replace("min: 70%", "min: 99%"), "p")
    summary = academy.certify(newer)
    assert (summary.policies[0].issued, summary.policies[0].eligible) == (3, 0)
    academy.issue()
    assert academy.document(first, "pdf") == before


def test_an_award_is_worded_by_the_policy_it_was_approved_under(academy, policy_text: str) -> None:
    certify_and_approve(academy)
    renamed = parse_policy(policy_text.replace("Zyrtar i certifikuar", "Titull tjetër"), "p")
    academy.certify(renamed)
    (first, *_) = academy.issue().issued
    credential = json.loads(academy.document(first, "credential"))
    assert credential["name"] == "Zyrtar i certifikuar i arkivit dhe protokollit"


def test_numbers_begin_anew_with_the_year_of_the_issuer(academy) -> None:
    academy.clock.advance(datetime(2026, 12, 31, 22, 30, tzinfo=UTC) - academy.clock.now())
    certify_and_approve(academy)
    assert academy.enter()[-1].serial == "DPA-2026-00003"
    academy.add_person("Luljeta", "Prifti")
    academy.clock.advance(timedelta(hours=1))  # 1 January, 00:30, in Tirana
    certify_and_approve(academy)
    (award,) = academy.enter()
    assert (award.serial, award.issued_on) == ("DPA-2027-00001", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("missing", "code"), [("did", "issuer.did-missing"), ("base_url", "portal.base-url-missing")]
)
def test_nothing_is_issued_before_did_and_address_are_set(academy, missing: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        academy.issuer(**{missing: None})
    assert caught.value.code == code
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("given", "family", "code"),
    [
        ("", "", "certificate.no-name"),
        ("李", "明", "certificate.letters-lacking"),
        ("A\u0007", "B", "certificate.letters-lacking"),
        ("A" * 150, "B" * 60, "certificate.name-too-long"),
    ],
)
def test_a_name_that_cannot_be_printed_takes_no_number(academy, given: str, family: str, code: str) -> None:
    academy.add_person(given, family)
    academy.add_person("Zana", "Zeqiri")
    certify_and_approve(academy)
    entered, problems = enter_approved(academy.engine, academy.site, academy.issuer(), academy.clock)
    assert [problem.code for problem in problems] == [code]
    assert [award.serial[-1] for award in entered] == ["1", "2", "3", "4"]
    with academy.engine.begin() as connection:
        connection.execute(
            update(schema.person_data)
            .where(schema.person_data.c.person_id == academy.people[5])
            .values(given_name="Li", family_name="Ming")
        )
    assert [award.serial for award in academy.enter()] == ["DPA-2026-00005"]


def test_the_printed_certificates_are_written_once_as_files(three_issued, tmp_path: Path) -> None:
    academy = three_issued
    written = register.write_certificates(academy.engine, academy.site, tmp_path / "out")
    assert [path.name for path in written] == [
        "DPA-2026-00001.pdf",
        "DPA-2026-00002.pdf",
        "DPA-2026-00003.pdf",
    ]
    assert register.write_certificates(academy.engine, academy.site, tmp_path / "out") == []


# --- crashes and crowds -----------------------------------------------------------------------


class Died(BaseException):
    """Stands for the end of the process."""


def test_dying_at_any_statement_loses_nothing_and_doubles_nothing(academy, monkeypatch) -> None:
    for module in (documents, issue):
        monkeypatch.setattr(module, "PORTION", 2)  # so that there are several
    certify_and_approve(academy)
    issuer = academy.issuer()
    state = {"left": 0}

    def die(*_: object) -> None:
        state["left"] -= 1
        if state["left"] == 0:
            raise Died

    event.listen(academy.engine, "before_cursor_execute", die)
    event.listen(academy.engine, "commit", die)
    deaths = 0
    while True:
        state["left"] = deaths + 1
        try:
            academy.issue(issuer)
            break
        except Died:
            deaths += 1
    assert deaths > 12
    event.remove(academy.engine, "before_cursor_execute", die)
    event.remove(academy.engine, "commit", die)
    awards = register.issued(academy.engine, academy.site)
    assert [award.serial for award in awards] == ["DPA-2026-00001", "DPA-2026-00002", "DPA-2026-00003"]
    assert count(academy.engine, schema.document) == 9
    assert count(academy.engine, schema.status_event) == 3
    with academy.engine.connect() as connection:
        assert all(connection.execute(select(schema.status_list.c.content)).scalars())


def test_eight_processes_that_die_now_and_then_issue_each_award_once(
    new_academy, session_keys, either_database
) -> None:
    """On SQLite and on PostgreSQL. GRANTS=1000: the long campaign of `make proofs`."""
    academy = new_academy()
    academy.url, academy.engine = either_database, open_database(either_database)
    grants = int(os.environ.get("GRANTS", "40"))
    for number in range(grants):
        academy.add_person("Person", f"Numër {number}")
    certify_and_approve(academy)
    worker = Path(__file__).parent / "issuing_worker.py"
    issuer = academy.issuer()
    academy.engine.dispose()
    done = subprocess.run(
        [
            sys.executable,
            str(worker),
            academy.url,
            str(session_keys[False]),
            issuer.did,
            issuer.base_url,
            "8",
        ],
        capture_output=True,
        text=True,
        timeout=120 + grants,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [line.split() for line in done.stdout.splitlines()]
    assert len(answers) in (7, 8)  # the first was killed, if it was not done before
    deaths = sum(int(one) for _, one in answers)
    assert deaths > 0, "nobody died"
    if grants >= 1000:
        assert deaths >= grants // 50
    if len([one for one in answers if one[0] != "0"]) < 2 and grants >= 1000:
        pytest.fail("one process did everything alone")
    awards = register.issued(academy.engine, academy.site)
    assert len({award.grant_key for award in awards}) == len(awards) == grants
    assert sorted(award.serial for award in awards) == [f"DPA-2026-{n:05d}" for n in range(1, grants + 1)]
    with academy.engine.connect() as connection:
        indices = connection.execute(select(schema.issue.c.status_list, schema.issue.c.status_index)).all()
        counter = connection.execute(select(schema.serial_counter.c.last)).scalar_one()
    assert len(set(indices)) == grants
    assert counter == grants
    assert count(academy.engine, schema.status_event) == grants


# --- status -----------------------------------------------------------------------------------


def test_a_revocation_sets_one_bit_and_stays(three_issued) -> None:
    academy = three_issued
    first, second, _ = register.issued(academy.engine, academy.site)
    issuer = academy.issuer()
    before = _published(academy)
    assert register.publish_status_lists(academy.engine, academy.site, issuer, academy.clock) == 0
    for _ in range(2):
        register.revoke(
            academy.engine,
            academy.site,
            first.verification_id,
            issuer,
            by="Officer",
            reason="error",
            clock=academy.clock,
        )
    after = _published(academy)
    assert before["credentialSubject"]["encodedList"] != after["credentialSubject"]["encodedList"]
    bits = _bits(after)
    with academy.engine.connect() as connection:
        numbered = select(schema.issue.c.verification_id, schema.issue.c.status_index)
        rows = {row.verification_id: row.status_index for row in connection.execute(numbered)}
        events = connection.execute(select(schema.status_event.c.event)).scalars().all()
    assert bits[rows[first.verification_id]] == 1
    assert bits[rows[second.verification_id]] == 0
    assert sum(bits) == 1
    assert events.count("revoked") == 1
    with pytest.raises(Refused):
        register.revoke(
            academy.engine, academy.site, "X" * 28, issuer, by="O", reason="-", clock=academy.clock
        )


def test_a_full_status_list_is_followed_by_another(academy) -> None:
    with academy.engine.begin() as connection:
        connection.execute(
            insert(schema.status_list).values(
                number=7, site="another", content=None, updated_at=academy.clock.now()
            )
        )
    certify_and_approve(academy)
    academy.enter()
    with academy.engine.connect() as connection:
        assert set(connection.execute(select(schema.issue.c.status_list)).scalars()) == {8}


def test_documents_of_another_issuer_are_not_signed(academy) -> None:
    certify_and_approve(academy)
    academy.enter()
    report = academy.issue(academy.issuer(did="did:web:other.example"))
    assert {problem.code for problem in report.problems} == {"issue.other-issuer"}
    with pytest.raises(LmsSyncError):
        register.read_document(
            academy.engine, register.issued(academy.engine, academy.site)[0].issue_id, "pdf"
        )
    assert academy.issue().completed == 3


def test_the_policy_of_the_register_tests_is_itself_sound(academy) -> None:
    assert check_policy(academy.policy) == []


def _published(academy: Any) -> dict[str, dict[str, str]]:
    with academy.engine.connect() as connection:
        return json.loads(connection.execute(select(schema.status_list.c.content)).scalar_one())


def _bits(published: dict[str, dict[str, str]]) -> list[int]:
    import base64
    import gzip

    encoded = published["credentialSubject"]["encodedList"].removeprefix("u")
    raw = gzip.decompress(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return [byte >> (7 - place) & 1 for byte in raw for place in range(8)]


def test_nothing_is_issued_under_the_examples_address(tmp_path: Path) -> None:
    for did, base_url in (
        ("did:web:certificates.example.org", "https://awards.gov.example"),
        ("did:web:awards.gov.example", "https://certificates.example.org"),
    ):
        with pytest.raises(Refused) as refused:
            register.open_issuer(did=did, base_url=base_url, key_file=tmp_path / "key.pem")
        assert refused.value.code == "issuer.still-example"
