"""What people see of their awards in their Moodle profile: in words, only what changed, nothing of who was erased."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, update

from authoring.languages import LocalizedText
from authoring.messages import text
from certificates import register
from certificates.delivery import send_again
from certificates.listing import list_certificates
from certificates.privacy_erase import erase_people
from certificates.profiles import Titles, by_language, profile_documents
from lms_sync.cli import commands
from lms_sync.cli.administrator_jobs import jobs_at_once
from lms_sync.cli.administrator_pull import job_code
from lms_sync.clock import SystemClock
from lms_sync.jobs.inline import Inline
from lms_sync.jobs.ledger import Ledger
from lms_sync.jobs.work import Worker
from lms_sync.profile_push import Pushed, push_profiles
from lms_sync.settings import load_settings
from lms_sync.store import schema
from moodle_standin.errors import MoodleError
from moodle_standin.functions.registry import run
from moodle_standin.seed import build_site
from moodle_standin.server import create_app
from moodle_standin.site import Call, Site
from tests.certificates.conftest import BASE_URL, DID, NAMES, POLICY
from tests.certificates.test_delivery import MailServer, mail

__all__ = ["mail"]  # a fixture

TITLES = Titles(
    {"archive-officers": LocalizedText({"sq": "Arkivat", "en": "Archives"})},
    {"archive-officers/final": LocalizedText({"sq": "Provimi", "en": "Final examination"})},
)


class Moodle:
    """The stand-in, called without a network; it knows the users 101 to 105."""

    def __init__(self) -> None:
        users = [
            {"id": 101 + n, "username": f"s{n}", "firstname": "F", "lastname": "L", "idnumber": f"E{n}"}
            for n in range(5)
        ]
        seed = {"service_account": {"username": "lmssync", "token": "t" * 32}, "users": users}
        self.site: Site = build_site(seed)
        self.sent: list[int] = []

    def call(self, function: str, arguments: Any = None, *, write: bool = False) -> Any:
        token = next(iter(self.site.tokens.values()))
        if function == "local_lmssync_set_certificates":
            self.sent += [one["userid"] for one in arguments["people"]]
        return run(Call(self.site, self.site.users[token.userid], token, function), arguments)

    def shown(self, user: int) -> Any:
        return next(
            (document for (_, one), (_, document) in self.site.certificates.items() if one == user), None
        )

    def holder_of(self, serial: str) -> int:
        return next(
            user
            for (_, user), (_, document) in self.site.certificates.items()
            if any(award["serial"] == serial for award in document["awards"])
        )


@pytest.fixture
def moodle() -> Moodle:
    return Moodle()


def _with_accounts(academy: Any) -> Any:
    with academy.engine.begin() as connection:
        for number, person in enumerate(academy.people):
            values = {"site": academy.site, "user_id": 101 + number, "person_id": person}
            how = {"created_by_us": False, "matched_by": "idnumber", "matched_at": academy.clock.now()}
            connection.execute(insert(schema.account).values(**values, **how))
    return academy


@pytest.fixture
def earned(academy: Any) -> Any:
    """Five people with accounts, three of whom have earned the award."""
    return _with_accounts(academy)


@pytest.fixture
def people(three_issued: Any) -> Any:
    """The same, and the awards are issued."""
    return _with_accounts(three_issued)


def push(academy: Any, moodle: Moodle) -> Pushed:
    documents = profile_documents(academy.engine, academy.site, [academy.policy], academy.clock, TITLES)
    return push_profiles(moodle, documents, issuer_did=DID)


def test_what_was_issued_and_what_is_missing_is_told_with_its_activity(people: Any, moodle: Moodle) -> None:
    done = push(people, moodle)
    assert done == Pushed(set=5, unchanged=0, removed=0, unknown=0)
    holder = moodle.holder_of("DPA-2026-00001")
    (award,) = moodle.shown(holder)["awards"]
    assert award["title"]["en"] == "Certified archive and protocol officer"
    assert (award["serial"], award["state"], award["expires"]) == ("DPA-2026-00001", "valid", "2029-03-02")
    assert award["pdf"].startswith(f"{BASE_URL}/holder/")
    assert award["pdf"] == award["page"] + "/certificate.pdf"
    assert award["verify"].startswith(f"{BASE_URL}/verify/")
    assert moodle.shown(101)["underway"] == []
    (waiting,) = moodle.shown(104)["underway"]
    assert (waiting["state"], waiting["renewal"]) == ("pending", 0)
    done, missing = waiting["requirements"]
    assert (done["met"], done["course"], done["activity"], done["name"]["sq"]) == (
        "yes",
        "archive-officers",
        "",
        "Arkivat",
    )
    assert (missing["met"], missing["course"], missing["activity"]) == (
        "no",
        "archive-officers",
        "archive-officers/final",
    )
    assert missing["words"]["en"] == "Quiz: at least 70 % needed, best result so far 69.99 %"
    assert set(missing["words"]) == {"en", "sq", "ro"}
    assert missing["name"] == {"sq": "Provimi", "en": "Final examination"}


def test_a_second_time_nothing_is_sent_and_afterwards_only_what_changed(people: Any, moodle: Moodle) -> None:
    push(people, moodle)
    moodle.sent.clear()
    assert push(people, moodle) == Pushed(0, 5, 0, 0)
    people.clock.advance(timedelta(days=400))  # what depends on today is not part of it
    assert push(people, moodle).unchanged == 5
    register.suspend(people.engine, people.site, "DPA-2026-00002", by="O", reason="r", clock=people.clock)
    assert push(people, moodle) == Pushed(1, 4, 0, 0)
    holder = moodle.holder_of("DPA-2026-00002")
    assert moodle.sent == [holder]
    assert moodle.shown(holder)["awards"][0]["state"] == "suspended"


def test_what_became_of_an_award_is_told_in_its_state(people: Any, moodle: Moodle) -> None:
    who = {"by": "O", "reason": "r", "clock": people.clock}
    register.revoke(people.engine, people.site, "DPA-2026-00001", people.issuer(), **who)
    register.correct(people.engine, people.site, "DPA-2026-00002", people.issuer(), even_if_same=True, **who)
    push(people, moodle)
    first = moodle.shown(moodle.holder_of("DPA-2026-00001"))
    assert [one["state"] for one in first["awards"]] == ["revoked"]
    old, new = moodle.shown(moodle.holder_of("DPA-2026-00002"))["awards"]
    assert (old["state"], old["successor"]) == ("superseded", new["serial"])
    assert new["state"] == "valid"
    people.clock.advance(timedelta(days=1200))
    by_serial = {
        one.award.serial: one.status
        for one in list_certificates(people.engine, people.site, [], people.clock)
    }
    assert by_serial["DPA-2026-00003"] == "expired"
    push(people, moodle)
    last = moodle.shown(moodle.holder_of("DPA-2026-00003"))
    assert last["awards"][0]["state"] == "valid"  # and Moodle says from the date that it has expired


def test_what_waits_for_approval_or_for_its_number_is_told(earned: Any, moodle: Moodle) -> None:
    earned.certify()
    push(earned, moodle)
    assert moodle.shown(101)["underway"][0]["state"] == "eligible"
    earned.approve()
    push(earned, moodle)
    assert moodle.shown(101)["underway"][0]["state"] == "approved"
    assert {one["met"] for one in moodle.shown(101)["underway"][0]["requirements"]} == {"yes"}


def test_who_is_erased_or_has_no_account_any_more_is_taken_away(people: Any, moodle: Moodle) -> None:
    moodle.site.users[103].deleted = True
    assert push(people, moodle).unknown == 1
    erase_people(
        people.engine,
        people.site,
        [people.people[0]],
        people.folder,
        by="O",
        reason="asked",
        clock=people.clock,
    )
    assert push(people, moodle) == Pushed(0, 3, 1, 1)
    assert moodle.shown(101) is None
    assert not [line for line in moodle.site.log if NAMES[0][1] in line]


def test_another_academy_on_the_same_moodle_keeps_what_it_told(people: Any, moodle: Moodle) -> None:
    push(people, moodle)
    assert push_profiles(moodle, {}, issuer_did="did:web:other.example") == Pushed(0, 0, 0, 0)
    assert push_profiles(moodle, {}, issuer_did=DID) == Pushed(0, 0, 5, 0)


def test_many_people_go_in_several_calls(moodle: Moodle) -> None:
    documents = {
        101: {"awards": [], "underway": []},
        **{number: {"awards": [], "underway": []} for number in range(5000, 5250)},
    }
    assert push_profiles(moodle, documents, issuer_did=DID) == Pushed(1, 0, 0, 250)
    assert len(moodle.sent) == 251


def test_a_document_that_cannot_be_read_is_refused_whole(people: Any, moodle: Moodle) -> None:
    documents = profile_documents(people.engine, people.site, [people.policy], people.clock, TITLES)
    for change, code in (
        ({"verify": "javascript:alert(1)"}, "datavalue"),
        ({"state": "good"}, "datavalue"),
        ({"title": {}}, "datavalue"),
        ({"expires": "2026-02-30"}, "datavalue"),
        ({"timezone": "Europe/Nowhere"}, "datavalue"),
        ({"note": "x"}, "dataunknown"),
    ):
        documents[105] = {"awards": [{**documents[101]["awards"][0], **change}], "underway": []}
        with pytest.raises(MoodleError) as caught:
            push_profiles(moodle, documents, issuer_did=DID)
        assert caught.value.errorcode == code
        assert moodle.site.certificates == {}


def test_every_requirement_has_words_for_learners() -> None:
    for kind in (
        "course_completed",
        "quiz",
        "attendance",
        "exercise",
        "award",
        "milestone",
        "pilot_led",
        "prior_learning",
        "effective",
    ):
        for met in ("met", "not"):
            for language in ("sq", "ro", "en"):
                said = text(
                    f"profile.{kind}-{met}",
                    {"on": "1", "score": "2", "wanted": "3", "subject": "s"},
                    language,
                )
                assert "{" not in said
                assert said != f"profile.{kind}-{met}"


def test_languages_are_written_as_moodle_writes_them() -> None:
    assert by_language(LocalizedText({"sr-Latn": "Arhiv", "en": "Archive"})) == {
        "sr_latn": "Arhiv",
        "en": "Archive",
    }
    assert by_language(LocalizedText("ISO 9001")) == {"en": "ISO 9001"}


CONFIG = """\
language: en
sites: {{main: {{url: "{url}", token_file: token}}}}
database: {{url: "{database}"}}
issuer: {{did: "{did}", key_file: issuer.pem}}
portal: {{base_url: "{base}"}}
{schedule}
"""
SCHEDULE = """\
schedule: [{{job: profiles, every: 2 h}}, {{job: send, at: "06:15"}}, {{job: backup, at: "02:00"}}]
notify: {{email: {{host: 127.0.0.1, port: {port}, security: none, sender: o@example.org, to: [it@example.org]}}}}
"""


def test_the_verb_and_the_schedule_show_and_send(
    people: Any, moodle: Moodle, server: Any, mail: MailServer
) -> None:
    server.app = create_app(moodle.site)
    folder: Path = people.folder
    (folder / "token").write_text("t" * 32, encoding="ascii")
    (folder / "token").chmod(0o600)
    policy = folder / "certificates" / "archive-officer" / "policy.yaml"
    policy.parent.mkdir(parents=True)
    policy.write_text(POLICY, encoding="utf-8")
    with people.engine.begin() as connection:
        connection.execute(update(schema.person_data).values(email="holder@example.org"))

    def configure(schedule: str) -> None:
        said = CONFIG.format(url=server.url, database=people.url, did=DID, base=BASE_URL, schedule=schedule)
        (folder / "config.yaml").write_text(said, encoding="utf-8")

    configure("")
    told = CliRunner().invoke(
        commands, ["certificates", "profiles", "--dir", str(folder), "--json"], standalone_mode=False
    )
    assert told.exception is None
    assert json.loads(told.output) == {"set": 5, "unchanged": 0, "removed": 0, "unknown": 0}
    assert jobs_at_once(load_settings(folder), "main") == ["pull", "certify", "report"]
    configure(SCHEDULE.format(port=mail.port))
    settings = load_settings(folder)
    assert jobs_at_once(settings, "main") == ["pull", "certify", "send", "profiles", "report"]
    worker = Worker(
        Ledger(people.engine, SystemClock()), job_code(folder, settings, "en", SystemClock()), language="en"
    )
    register.suspend(people.engine, people.site, "DPA-2026-00001", by="O", reason="r", clock=people.clock)
    assert Inline(worker, ["main"]).run_now("main", ["profiles", "send"]) == {"send": True, "profiles": True}
    assert len(mail.received) == 2  # the suspended one is not sent
    assert moodle.shown(moodle.holder_of("DPA-2026-00001"))["awards"][0]["state"] == "suspended"
    assert Inline(worker, ["main"]).run_now("main", ["send"]) == {"send": True}
    assert len(mail.received) == 2
    send_again(people.engine, people.site, "DPA-2026-00002", people.clock)
    mail.server.shutdown()
    mail.server.server_close()
    assert Inline(worker, ["main"]).run_now("main", ["send"]) == {
        "send": False
    }  # so that somebody hears of it
