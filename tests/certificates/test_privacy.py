"""What is known of a person is handed out whole, erased without breaking the register, and kept no longer than the rule says."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import select

from authoring.problems import Refused
from certificates import register
from certificates.audit import verify
from certificates.documents import find_document
from certificates.policy import parse_policy
from certificates.portal.lookup import find_award, find_credential
from certificates.prior_learning import record_prior_learning
from certificates.privacy_erase import erase_people, person_ids
from certificates.privacy_export import export_person
from certificates.retention import due_for_erasure
from lms_sync.store import schema

ADDRESS = "gezim.cela@elbasan.example"


@pytest.fixture
def known(issued_academy: Any, policy_text: str) -> Any:
    """Gëzim Çela, who holds a certificate, has an address, an account, and a diploma that was recognised."""
    academy = issued_academy
    with academy.engine.begin() as connection:
        person = connection.execute(select(schema.issue.c.person_id)).scalar_one()
        values = {"email": ADDRESS, "idnumber": "AO-1"}
        connection.execute(sa.update(schema.person_data).values(**values))
        connection.execute(
            sa.insert(schema.account).values(
                site=academy.site, user_id=77, person_id=person, created_by_us=False, matched_by="email", matched_at=academy.clock.now()
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(schema.former_name).values(
                site=academy.site,
                person_id=person,
                given_name="Gëzim",
                family_name="Vjetri",
                until=academy.clock.now(),
            )
        )
    academy.people.append(person)
    academy.policy = parse_policy(
        policy_text.replace(
            "  all:\n",
            "  all:\n    - any: [{prior_learning: diploma}, {course_completed: archive-officers}]\n",
            1,
        ),
        "p",
    )
    (academy.folder / "diploma.pdf").write_bytes(b"%PDF diploma of Gezim")
    (academy.folder / "build" / "certificates").mkdir(parents=True)
    register.write_certificates(academy.engine, academy.site, academy.folder / "build" / "certificates")
    return academy


def recognise(academy: Any, **more: Any) -> Any:
    wanted: dict[str, Any] = {
        "evidence": str(academy.folder / "diploma.pdf"),
        "by": "Teuta Kola",
        "clock": academy.clock,
    }
    return record_prior_learning(
        academy.engine,
        academy.site,
        academy.folder,
        [academy.policy],
        "AO-1",
        "diploma",
        **{**wanted, **more},
    )


def erase(academy: Any, **more: Any) -> Any:
    ids = person_ids(academy.engine, academy.site, ADDRESS)
    wanted: dict[str, Any] = {"by": "Teuta Kola", "reason": "protocol 31", "clock": academy.clock}
    return erase_people(academy.engine, academy.site, ids, academy.folder, **{**wanted, **more})


def everything(academy: Any) -> str:
    """All that is stored, as text: every table, every file of the folder, the database as it lies on the disk."""
    with academy.engine.connect() as connection:
        rows = [connection.execute(select(table)).all() for table in schema.metadata.sorted_tables]
    files = b"".join(path.read_bytes() for path in academy.folder.rglob("*") if path.is_file())
    return repr(rows) + files.decode("utf-8", "replace")


def test_prior_learning_is_a_fact_with_the_hash_of_its_evidence(known: Any) -> None:
    done = recognise(known)
    assert done.new
    assert (known.folder / done.file).read_bytes() == b"%PDF diploma of Gezim"
    assert "sha256:" in done.evidence
    assert not recognise(known).new  # the same again
    assert recognise(known, recognised=False, evidence="the diploma was another's").new
    for wrong, code in (
        ({"by": " "}, "approve.nobody"),
        ({"evidence": "missing.pdf"}, "milestones.no-file"),
        ({"on": known.clock.now().date() + timedelta(days=2)}, "prior-learning.in-future"),
    ):
        with pytest.raises(Refused) as refused:
            recognise(known, **wrong)
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        record_prior_learning(
            known.engine, known.site, known.folder, [known.policy], "AO-1", "diplom", evidence="e", by="O", clock=known.clock
        )  # fmt: skip
    assert (refused.value.code, refused.value.problem.params["known"]) == (
        "prior-learning.not-asked",
        "diploma",
    )


def test_the_export_holds_every_table_and_every_document(known: Any) -> None:
    recognise(known)
    archive = zipfile.ZipFile(io.BytesIO(export_person(known.engine, known.site, "Gëzim Çela", "sq")))
    data = json.loads(archive.read("data.json"))
    assert set(data) >= {
        "person", "person_data", "former_name", "account", "fact", "decision", "approval", "issue", "status_event",
        "register_entry",
    }  # fmt: skip
    assert len(data["fact"]) == 3
    names = archive.namelist()
    assert {name.split("-")[-1] for name in names if name.startswith("certificates/")} == {
        "holder.json", "credential.json", "pdf.pdf",
    }  # fmt: skip
    assert ADDRESS in archive.read("data.json").decode()
    with pytest.raises(Refused):
        export_person(known.engine, known.site, "Nobody", "sq")


def test_after_an_erasure_nothing_says_who_it_was_and_the_chain_verifies(known: Any) -> None:
    recognise(known)
    register.suspend(
        known.engine, known.site, "DPA-2026-00001", by="T", reason="Gëzim Çela complained", clock=known.clock
    )
    (award,) = register.issued(known.engine, known.site)
    digest = _pdf_digest(known)
    done = erase(known)
    assert done.serials == ("DPA-2026-00001",)
    assert len(done.files) == 2  # the printed certificate and the diploma
    (known.folder / "diploma.pdf").unlink()  # the officer's own copy
    left = everything(known)
    for personal in ("Gëzim", "Vjetri", ADDRESS, "AO-1", "complained", "Gezim"):
        assert personal not in left
    register.publish_status_lists(known.engine, known.site, known.issuer(), known.clock)
    assert verify(known.engine, known.site).broken == ()
    found = find_award(known.engine, award.verification_id, known.clock)
    assert (found.status, found.holder) == ("erased", None)
    assert find_credential(known.engine, award.verification_id) is None
    assert find_document(known.engine, award.issue_id, "pdf") is None
    assert _pdf_digest(known) == digest  # a paper that somebody has kept is still known to be genuine
    assert (
        register.write_certificates(known.engine, known.site, known.folder / "build" / "certificates") == []
    )
    before = verify(known.engine, known.site).entries
    academy_again = erase_people(
        known.engine, known.site, [known.people[0]], known.folder, by="T", reason="r", clock=known.clock
    )
    assert academy_again.serials == ("DPA-2026-00001",)
    assert verify(known.engine, known.site).entries == before
    known.certify()
    assert register.proposals(known.engine, known.site) == []


def test_who_was_erased_is_counted_no_more_among_those_who_wait(known: Any, policy_text: str) -> None:
    head, _, _ = policy_text.partition("tests:")
    stricter = parse_policy(
        head.replace("id: archive-officer\n", "id: best\n").replace("70%", "100%"), "best"
    )
    assert register.certify(known.engine, known.site, [stricter], known.clock).policies[0].pending == 1
    erase(known)
    assert register.certify(known.engine, known.site, [stricter], known.clock).policies[0].pending == 0


def test_runs_that_moved_a_person_say_no_more_whom(known: Any) -> None:
    now = known.clock.now()
    kinds = {
        "enrolment": "archive-officers:{}",
        "cohort member": "institution-elbasan:{}",
        "group member": "archive-officers/elbasan:{}",
        "quiz override": "archive-officers/final:{}",  # who has more time, perhaps for an illness
        "account": "{}",
    }
    numbers = ("AO-1", "AO-11", "ao-1", "X:AO-1")
    keys = [(kind, key.format(number)) for number in numbers for kind, key in kinds.items()]
    with known.engine.begin() as connection:
        connection.execute(sa.insert(schema.run).values(id=1, site=known.site, verb="apply", started_at=now))
        for step, (kind, key) in enumerate(keys):
            one = {"site": known.site, "run_id": 1, "kind": kind, "key": key}
            connection.execute(
                sa.insert(schema.journal).values(
                    step=step, action="create", wanted_hash="", state="confirmed", intent_at=now, **one
                )
            )
            connection.execute(
                sa.insert(schema.applied).values(scope="", fields={}, hash="", applied_at=now, **one)
            )
            connection.execute(
                sa.insert(schema.replaced).values(
                    scope="", action="create", before_hash="", after={}, after_hash="", base={}, **one
                )
            )
    erase(known)
    with known.engine.connect() as connection:
        for table in (schema.applied, schema.replaced, schema.journal):
            left = {(row.kind, row.key) for row in connection.execute(select(table))}
            gone = {(kind, key.format("AO-1")) for kind, key in kinds.items()}
            assert left & set(keys) == set(keys) - gone
            erased = {(kind, key.format("erased")) for kind, key in kinds.items()}
            assert left - set(keys) == (erased if table is schema.journal else set())


def test_what_was_made_of_a_person_goes_too_and_what_was_made_of_others_stays(known: Any) -> None:
    build = known.folder / "build"
    for place in ("privacy", "print", "to-sign"):
        (build / place).mkdir(parents=True)
    (build / "privacy" / f"{known.people[0][:8]}.zip").write_bytes(b"everything")
    (build / f"register-{known.site}.csv").write_text("Gëzim", encoding="utf-8")
    for name, serial in (("elbasan", "DPA-2026-00001"), ("fier", "DPA-2026-00002")):
        with zipfile.ZipFile(build / "print" / f"{name}.zip", "w") as archive:
            archive.writestr(f"{serial}.pdf", b"")
    (build / "to-sign" / "archive-officer-2026-03-02.pdf").write_bytes(b"")
    erase(known)
    assert {path.relative_to(build).as_posix() for path in build.rglob("*") if path.is_file()} == {
        "print/fier.zip",
        "to-sign/archive-officer-2026-03-02.pdf",
    }


def test_why_a_job_failed_is_forgotten_where_it_names_the_person(known: Any) -> None:
    now = known.clock.now()
    job: dict[str, Any] = {"site": known.site, "job": "certify"}
    notice = {"kind": "failure", "at": now, "since": now, "way": "email", "state": "sent", "tries": 1}
    reasons = (f"participants.csv:3: {ADDRESS} stands there already", "no connection")
    with known.engine.begin() as connection:
        for n, reason in enumerate(reasons):
            one = {**job, "course": f"c{n}", "error": "x", "reason": reason}
            connection.execute(sa.insert(schema.job_state).values(failures=2, told=True, **one))
            connection.execute(sa.insert(schema.notice).values(**notice, **one))
    erase(known)
    with known.engine.connect() as connection:
        for table in (schema.job_state, schema.notice):
            left = connection.execute(select(table.c.error, table.c.reason).order_by(table.c.course)).all()
            assert left == [("x", None), ("x", "no connection")]


def _pdf_digest(academy: Any) -> str:
    with academy.engine.connect() as connection:
        document = schema.document
        return str(connection.execute(select(document.c.sha256).where(document.c.kind == "pdf")).scalar_one())


def test_the_erased_bit_is_set_in_the_status_list(known: Any) -> None:
    erase(known)
    assert register.publish_status_lists(known.engine, known.site, known.issuer(), known.clock) == 1


def test_who_is_still_on_the_list_is_not_erased(known: Any) -> None:
    people = known.folder / "people"
    people.mkdir()
    (people / "institutions.csv").write_text("code,name_sq\nelbasan,Elbasan\n", encoding="utf-8")
    rows = "idnumber,firstname,lastname,institution,courses\nAO-1,Gëzim,Çela,elbasan,\n"
    (people / "participants.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        erase(known)
    assert refused.value.code == "privacy.still-listed"
    assert "Gëzim" in everything(known)
    with pytest.raises(Refused):
        erase(known, reason=" ")


def test_data_are_due_when_every_rule_that_kept_them_is_over(known: Any, policy_text: str) -> None:
    rule = 'retention: {months: 12, reason: {sq: "Ligji", en: "Law 9887"}}\n'
    kept = parse_policy(policy_text.replace("approval: manual\n", f"approval: manual\n{rule}"), "p")

    def due(policy: Any = kept, **more: Any) -> list[Any]:
        return due_for_erasure(
            known.engine, known.site, [policy], known.clock, timezone="Europe/Tirane", language="en", **more
        )

    def go_to(day: str) -> None:
        known.clock.advance(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC) - known.clock.now())

    go_to("2030-03-02")  # a year after the last valid day
    assert due() == []
    go_to("2030-03-03")
    (only,) = due()
    assert (only.idnumber, only.since.isoformat(), only.reasons) == ("AO-1", "2030-03-02", ("Law 9887",))
    assert due(listed={"AO-1"}) == []
    assert due(parse_policy(policy_text, "p")) == []  # without a rule data are kept
    (only,) = due(keep_months=47, keep_reason="statistics")
    assert only.reasons == ("Law 9887", "statistics")
    assert due(keep_months=60) == []
