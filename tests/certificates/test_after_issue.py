"""What happens to awards afterwards: two persons approve, renewals and corrections are linked, reviews change nothing."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import insert, select, update

from authoring.problems import Refused
from certificates import issue, lifecycle, register
from certificates.audit import verify
from certificates.documents import Document, find_document, keep_documents, make_documents
from certificates.explain import explain
from certificates.held import read_held
from certificates.issue import enter_approved
from certificates.listing import list_certificates
from certificates.policy import parse_policy
from certificates.portal.lookup import find_award
from certificates.privacy_erase import erase_people
from certificates.renew import proposed_renewal
from certificates.to_sign import list_digest, list_to_sign
from lms_sync.cli.officer_explain import explanation_lines
from lms_sync.facts import Fact, store_facts
from lms_sync.store import schema
from tests.certificates.conftest import graded

RENEWAL = """\
validity: {months: 36}
renewal: {window_months: 6, grace_days: 30, require: {quiz: {activity: archive-officers/final, min: 70%}}}
"""


def enter(academy: Any) -> list[Any]:
    """Certifies, approves and enters whatever can be, without documents."""
    academy.certify()
    academy.approve()
    entered: list[Any] = academy.enter()
    return entered


def passes_again(academy: Any, person: str, at: datetime) -> None:
    with academy.engine.begin() as connection:
        facts = [graded(at, 88.0, person=person, source=f"again-{at:%Y%m%d}")]
        store_facts(connection, academy.site, facts, academy.clock.now(), None)


def go_to(academy: Any, day: str) -> None:
    academy.clock.advance(datetime.fromisoformat(f"{day}T10:00:00").replace(tzinfo=UTC) - academy.clock.now())


# --- two persons ------------------------------------------------------------------------------


@pytest.fixture
def strict(academy: Any, policy_text: str) -> Any:
    academy.policy = parse_policy(policy_text.replace("approval: manual", "approval: two-persons"), "p")
    academy.certify()
    return academy


def test_where_the_policy_says_so_two_different_persons_approve(strict: Any) -> None:
    def agree(by: str, keys: Any = None) -> Any:
        basis = register.Basis("Nr. 7", "Ligji 9154")
        return register.agree(strict.engine, strict.site, keys, by=by, clock=strict.clock, basis=basis)

    assert agree("Teuta Kola") == register.Agreed(0, first=3)
    assert [one.first_by for one in register.proposals(strict.engine, strict.site)] == ["Teuta Kola"] * 3
    assert enter_approved(strict.engine, strict.site, strict.issuer(), strict.clock) == ([], [])
    with pytest.raises(Refused) as refused:
        agree("  teuta   KOLA ")
    assert refused.value.code == "approve.same-person"
    assert agree("Arben Gashi") == register.Agreed(3)
    with strict.engine.connect() as connection:
        rows = connection.execute(select(schema.approval)).all()
    assert {(row.first_by, row.approved_by, row.protocol_number, row.legal_basis) for row in rows} == {
        ("Teuta Kola", "Arben Gashi", "Nr. 7", "Ligji 9154")
    }
    assert len(enter_approved(strict.engine, strict.site, strict.issuer(), strict.clock)[0]) == 3


def test_a_decision_that_changed_wants_both_again(strict: Any, policy_text: str) -> None:
    register.agree(strict.engine, strict.site, None, by="Teuta Kola", clock=strict.clock)
    changed = policy_text.replace("approval: manual", "approval: two-persons").replace(
        "months: 36", "months: 24"
    )
    strict.policy = parse_policy(changed, "p")
    strict.certify()
    done = register.agree(strict.engine, strict.site, None, by="Arben Gashi", clock=strict.clock)
    assert done == register.Agreed(0, first=3)


def test_the_list_to_sign_names_everybody_and_fits_any_number(strict: Any) -> None:
    waiting = register.proposals(strict.engine, strict.site)
    for language, several in (("sq", 15), ("ro", 1)):
        rows = waiting * several
        made = list_to_sign(
            strict.engine, strict.site, strict.policy, rows, language=language, today=date(2026, 3, 5)
        )
        pages = PdfReader(io.BytesIO(made)).pages
        said = " ".join(page.extract_text() for page in pages)
        assert (len(pages) > 1) == (several > 1)
        for one in waiting:
            assert one.name in said
            assert one.grant_key[:8] in said
        assert list_digest(rows)[:32] in said


# --- renewals ---------------------------------------------------------------------------------


@pytest.fixture
def renewable(academy: Any, policy_text: str) -> Any:
    academy.policy = parse_policy(policy_text.replace("validity: {months: 36}\n", RENEWAL), "p")
    return academy


def test_a_renewal_replaces_the_award_and_each_leads_to_the_other(renewable: Any) -> None:
    first, *others = enter(renewable)
    assert first.expires_on == date(2029, 3, 2)
    go_to(renewable, "2028-09-03")  # the first day of the window
    renewable.certify()
    assert register.proposals(renewable.engine, renewable.site) == []  # the old result renews nothing
    passes_again(renewable, first.person_id, renewable.clock.now())
    found = explain(renewable.engine, renewable.site, renewable.policy, first.person_id, renewable.clock)
    assert (found.serial, found.phase, found.renewal.state) == (first.serial, "window", "eligible")  # type: ignore[union-attr]
    (renewed,) = enter(renewable)
    assert (renewed.supersedes, renewed.expires_on) == (first.id, date(2032, 3, 2))
    old = find_award(renewable.engine, first.verification_id, renewable.clock)
    new = find_award(renewable.engine, renewed.verification_id, renewable.clock)
    assert (old.status, old.successor.serial) == ("superseded", renewed.serial)  # type: ignore[union-attr]
    assert (new.status, new.predecessor.serial) == ("valid", first.serial)  # type: ignore[union-attr]
    assert old.as_json()["replaced_by"] == renewed.verification_id
    with renewable.engine.connect() as connection:
        held = read_held(connection, renewable.site)
    assert held.of(first.person_id, "archive-officer")[-1].since == date(2026, 3, 3)  # without a break
    listed = {
        one.award.serial: one
        for one in list_certificates(renewable.engine, renewable.site, [renewable.policy], renewable.clock)
    }
    assert listed[first.serial].successor == renewed.serial
    assert [listed[one.serial].phase for one in others] == ["window", "window"]
    assert verify(renewable.engine, renewable.site).broken == ()


def test_a_renewal_is_refused_with_the_reason(renewable: Any) -> None:
    first, second, _ = enter(renewable)

    def code(serial: str) -> str:
        with pytest.raises(Refused) as refused:
            proposed_renewal(renewable.engine, renewable.site, serial, [renewable.policy], renewable.clock)
        return refused.value.code

    assert code(first.serial) == "renew.not-open"
    go_to(renewable, "2029-03-10")  # in the grace
    assert code(first.serial) == "renew.missing"
    passes_again(renewable, first.person_id, renewable.clock.now())
    proposal = proposed_renewal(
        renewable.engine, renewable.site, first.serial, [renewable.policy], renewable.clock
    )
    assert (proposal.cycle, proposal.expires_on) == (2, date(2032, 3, 9))
    go_to(renewable, "2029-04-02")  # the grace is over: the course is asked for again
    with pytest.raises(Refused) as refused:
        proposed_renewal(renewable.engine, renewable.site, second.serial, [renewable.policy], renewable.clock)
    assert "course_completed" in str(refused.value.problem.params["missing"])


def test_explain_shows_the_renewal_in_words(renewable: Any) -> None:
    first = enter(renewable)[0]
    go_to(renewable, "2028-10-01")
    found = explain(renewable.engine, renewable.site, renewable.policy, first.person_id, renewable.clock)
    assert json.dumps(found.as_json())
    for language, word in (("sq", "Rinovimi"), ("ro", "Reînnoire"), ("en", "Renewal")):
        lines = list(explanation_lines(found, {renewable.policy.id: renewable.policy}, {}, language))
        assert any(line.startswith(word) for line in lines)
        assert sum("✗" in line for line in lines) == 1


# --- corrections and a person who changes -----------------------------------------------------


def test_a_correction_prints_todays_name_and_keeps_every_date(academy: Any) -> None:
    first = enter(academy)[0]
    with academy.engine.begin() as connection:
        person = schema.person_data.c.person_id == first.person_id
        connection.execute(update(schema.person_data).where(person).values(family_name="Çela-Hoxha"))
    academy.clock.advance(timedelta(days=100))
    for number in (4, 5):
        serial = first.serial if number == 4 else "DPA-2026-00004"
        with academy.engine.begin() as connection:
            award = lifecycle.find_award_said(connection, academy.site, serial.lower())
            lifecycle._approve_correction(
                connection, award, by="O", reason="r", clock=academy.clock, policy=None
            )
        (new,) = enter_approved(academy.engine, academy.site, academy.issuer(), academy.clock)[0]
        assert (new.serial, new.expires_on, new.wording.earned_on) == (
            f"DPA-2026-{number:05d}",
            first.expires_on,
            first.wording.earned_on,
        )
    found = find_award(academy.engine, new.verification_id, academy.clock)
    assert (found.holder, found.status) == ("Gëzim Çela-Hoxha", "valid")
    old = find_award(academy.engine, first.verification_id, academy.clock)
    assert (old.holder, old.status) == ("Gëzim Çela", "superseded")
    with pytest.raises(Refused) as refused:
        register.correct(
            academy.engine,
            academy.site,
            first.serial,
            academy.issuer(),
            by="O",
            reason="r",
            clock=academy.clock,
        )
    assert refused.value.code == "lifecycle.is-superseded"
    assert enter(academy) == []  # a correction is not another award


def test_two_people_with_one_address_are_asked_about_not_guessed(academy: Any) -> None:
    with academy.engine.begin() as connection:
        for number, person in enumerate(academy.people[:2]):
            values = {"email": "zyra@elbasan.example", "idnumber": f"A-{number}"}
            one = schema.person_data.c.person_id == person
            connection.execute(update(schema.person_data).where(one).values(**values))
    with pytest.raises(Refused) as refused:
        explain(academy.engine, academy.site, academy.policy, "zyra@elbasan.example", academy.clock)
    assert refused.value.code == "explain.several"
    assert refused.value.problem.params["numbers"] == "A-0, A-1"


# --- reviews ----------------------------------------------------------------------------------


def test_suspending_a_trainer_lists_what_depends_on_it_and_changes_nothing(academy: Any) -> None:
    made = enter(academy)
    trainer = made[0]
    with academy.engine.begin() as connection:  # what others have earned in sessions that the trainer led
        for number, award in enumerate(made[1:]):
            led_by = [trainer.person_id] if number == 0 else [award.person_id]
            note = {
                "what": "counted",
                "day": "2026-03-01",
                "session": "p/s",
                "leaders": led_by,
                "award": trainer.policy,
            }
            why = [
                {
                    "requirement": "attendance",
                    "subject": "p/s",
                    "met": "yes",
                    "on": "2026-03-01",
                    "notes": [note],
                }
            ]
            decision = schema.decision
            key = decision.c.grant_key == award.grant_key
            connection.execute(update(decision).where(key).values(why=why))
        connection.execute(
            insert(schema.decision).values(
                site=academy.site, grant_key="k" * 64, policy="another", policy_version=1, policy_sha256="0" * 64,
                person_id=trainer.person_id, cycle=1, as_of=date(2026, 3, 5), state="eligible", earned_on=date(2026, 3, 5),
                why=[{"requirement": "award", "subject": trainer.policy, "met": "yes", "on": "2026-03-03"}],
                decided_at=academy.clock.now(),
            )
        )  # fmt: skip
    done = register.suspend(
        academy.engine, academy.site, trainer.serial, by="O", reason="complaint", clock=academy.clock
    )
    assert done.to_review == 2
    found = register.to_review(academy.engine, academy.site)
    assert {(one.serial, one.policy, one.because, one.days) for one in found} == {
        (made[1].serial, trainer.policy, "led", ("2026-03-01",)),
        (None, "another", "required", ()),
    }
    assert {find_award(academy.engine, one.verification_id, academy.clock).status for one in made[1:]} == {
        "valid"
    }
    with pytest.raises(Refused):
        register.close_review(
            academy.engine, academy.site, [999], by="O", outcome="stands", clock=academy.clock
        )
    first = found[0].id
    assert (
        register.close_review(
            academy.engine, academy.site, [first], by="O", outcome="stands", clock=academy.clock
        )
        == 1
    )
    assert [one.id for one in register.to_review(academy.engine, academy.site)] == [found[1].id]
    assert register.to_review(academy.engine, academy.site, closed=True)[0].outcome == "stands"


def test_an_institutions_award_depends_on_who_led_the_visit_and_on_the_awards_that_were_counted(
    academy: Any, policy_text: str
) -> None:
    academy.policy = parse_policy(policy_text.replace("kind: achievement", "kind: trainer"), "p")
    trainer, other, _ = enter(academy)
    at, town = academy.clock.now(), academy.people[4]
    led = {"day": "2026-03-01", "present": True, "hours": 4, "full": True, "leaders": [trainer.person_id]}
    proofs = {"visited": "attendance/p/visit-1/2026-03-01", "staff": f"issue/{other.id}, issue/x"}
    reached = [
        Fact(
            "milestone",
            f"p/{name}",
            at,
            town,
            "p",
            name,
            {"reached": True, "on": "2026-03-02", "evidence": proof},
        )
        for name, proof in proofs.items()
    ]
    with academy.engine.begin() as connection:
        store_facts(
            connection,
            academy.site,
            [Fact("attendance", "a", at, academy.people[3], "p", "visit-1", led), *reached],
            at,
            None,
        )
        why = [
            {
                "requirement": "milestone",
                "subject": f"p/{one.subject}",
                "met": "yes",
                "fact": ["milestone", one.source_id, at.isoformat()],
            }
            for one in reached
        ]
        connection.execute(
            insert(schema.decision).values(
                site=academy.site, grant_key="t" * 64, policy="town", policy_version=1, policy_sha256="0" * 64, person_id=town,
                cycle=1, as_of=date(2026, 3, 5), state="eligible", earned_on=date(2026, 3, 5), why=why, decided_at=at,
            )
        )  # fmt: skip

    def suspend(serial: str) -> Any:
        register.suspend(academy.engine, academy.site, serial, by="O", reason="r", clock=academy.clock)
        return [
            (one.trigger, one.policy, one.because, one.days)
            for one in register.to_review(academy.engine, academy.site)
        ]

    assert suspend(trainer.serial) == [(trainer.serial, "town", "led", ("2026-03-01",))]
    assert suspend(other.serial)[1:] == [(other.serial, "town", "required", ())]


def test_each_act_needs_a_name_and_a_reason(academy: Any) -> None:
    serial = enter(academy)[0].serial
    for by, reason, code in ((" ", "r", "approve.nobody"), ("O", " ", "lifecycle.no-reason")):
        with pytest.raises(Refused) as refused:
            register.suspend(academy.engine, academy.site, serial, by=by, reason=reason, clock=academy.clock)
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        register.suspend(
            academy.engine, academy.site, "DPA-2026-99999", by="O", reason="r", clock=academy.clock
        )
    assert refused.value.code == "revoke.unknown"


# --- several at once --------------------------------------------------------------------------


def test_one_that_may_not_be_issued_any_more_holds_up_no_other(academy: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(issue, "PORTION", 2)
    first, second, _ = enter(academy)
    with academy.engine.begin() as connection:
        for award in (first, second):
            lifecycle._approve_correction(
                connection, award, by="O", reason="r", clock=academy.clock, policy=None
            )
    register.revoke(
        academy.engine, academy.site, first.serial, academy.issuer(), by="O", reason="r", clock=academy.clock
    )
    for name in ("Zana", "Zef", "Zoja"):
        academy.add_person(name, "Zeqiri")
    academy.certify()
    academy.approve()
    made, problems = enter_approved(academy.engine, academy.site, academy.issuer(), academy.clock)
    assert [(one.code, one.params["serial"]) for one in problems] == [("correct.not-standing", first.serial)]
    assert sorted(one.serial[-1] for one in made) == ["4", "5", "6", "7"]
    assert [one.supersedes for one in made if one.supersedes] == [second.id]
    assert verify(academy.engine, academy.site).broken == ()


def test_who_is_erased_while_the_certificate_is_made_has_none(academy: Any) -> None:
    first, second, _ = enter(academy)
    sheets = [Document(one, "pdf", "application/pdf", b"%PDF") for one in (first, second)]
    erase_people(
        academy.engine,
        academy.site,
        [first.person_id],
        academy.folder,
        by="O",
        reason="asked for it",
        clock=academy.clock,
    )
    keep_documents(academy.engine, academy.site, sheets, academy.clock)
    assert find_document(academy.engine, first.id, "pdf") is None
    assert find_document(academy.engine, second.id, "pdf") == b"%PDF"
    completed, problems = make_documents(academy.engine, academy.site, academy.issuer(), academy.clock)
    assert first.id not in {one.id for one in completed}
    assert problems == []
    assert find_document(academy.engine, second.id, "pdf") == b"%PDF"  # written once
