"""The portal answers anyone, in three languages, without JavaScript, and gives nothing away."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, insert

from authoring.languages import LocalizedText
from certificates import lifecycle, register
from certificates.issue import enter_approved
from certificates.keys import read_public_key
from certificates.portal.app import create_app
from certificates.portal.languages import page_language, wants_json
from certificates.privacy_erase import erase_people
from certificates.signing import check_proof
from certificates.status import status_of
from certificates.verification_id import in_groups
from lms_sync.store import schema

JSON = {"Accept": "application/json"}


class Portal:
    """The application with an HTTP client in front of it, and the award that it is asked about."""

    def __init__(self, academy: Any) -> None:
        self.academy = academy
        self.award = register.issued(academy.engine, academy.site)[0]
        self.app = create_app(
            academy.engine,
            did=academy.issuer().did,
            keys=(read_public_key(academy.key_file),),
            issuer_name=LocalizedText({"sq": "Drejtoria e Arkivave", "en": "Directorate of Archives"}),
            language="sq",
            clock=academy.clock,
        )

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        from anyio.from_thread import start_blocking_portal

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
                return await client.request(
                    method, path, headers={k.replace("_", "-"): v for k, v in headers.items()}
                )

        # In a thread of its own: a test with a browser before this one leaves a loop running in ours.
        with start_blocking_portal() as elsewhere:
            return elsewhere.call(ask)

    def add_event(self, event: str) -> None:
        with self.academy.engine.begin() as connection:
            connection.execute(
                insert(schema.status_event).values(
                    site=self.academy.site,
                    issue_id=self.award.issue_id,
                    event=event,
                    at=self.academy.clock.now(),
                    actor="Officer",
                )
            )


@pytest.fixture
def portal(issued_academy: Any) -> Portal:
    return Portal(issued_academy)


def test_the_machine_gets_exactly_status_serial_and_date(portal: Portal) -> None:
    answer = portal.get(f"/verify/{portal.award.verification_id}", **JSON)
    assert answer.status_code == 200
    assert answer.json() == {"status": "valid", "serial": "DPA-2026-00001", "issued_on": "2026-03-05"}


@pytest.mark.parametrize(
    ("language", "word", "when"),
    [
        ("sq", "E vlefshme", "2 mars 2029"),
        ("ro", "Valabil", "2 martie 2029"),
        ("en", "Valid", "2 March 2029"),
    ],
)
def test_a_person_gets_a_page_in_their_language(portal: Portal, language: str, word: str, when: str) -> None:
    path = f"/verify/{portal.award.verification_id}"
    for answer in (
        portal.get(f"{path}?lang={language}"),
        portal.get(path, Accept_Language=f"de, {language};q=0.9"),
    ):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-language"] == language
        assert f'<html lang="{language}">' in answer.text
        assert f"<h1>{word}</h1>" in answer.text
        for shown in (
            "Gëzim Çela",
            "DPA-2026-00001",
            when,
            "Zyrtar i certifikuar",
            in_groups(portal.award.verification_id),
        ):
            assert shown in answer.text
        assert "<script" not in answer.text
        assert 'role="status"' in answer.text


def test_an_id_may_be_typed_as_on_paper(portal: Portal) -> None:
    typed = in_groups(portal.award.verification_id).lower().replace("-", "%20")
    assert portal.get(f"/verify/{typed}", **JSON).json()["status"] == "valid"
    answer = portal.get(f"/verify?id=%20{typed}&lang=ro")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/verify/{portal.award.verification_id}?lang=ro",
    )
    assert portal.get("/verify?id=%2F%2Fevil.example").headers["location"].startswith("/verify/%2F%2F")
    assert portal.get("/verify").headers["location"] == "/verify/-"


UNKNOWN = ["2B081DE35JCWZ2H1YB5J6VK998R7", "0" * 28, "x", "-", "DPA-2026-00001", "a" * 5000, "%00", "..%2F..%2Fetc", "%F0%9F%98%80", "a/b", "'; DROP TABLE issue; --", "<script>alert(1)</script>"]  # fmt: skip


@pytest.mark.parametrize("typed", UNKNOWN)
def test_unknown_and_malformed_ids_answer_alike(portal: Portal, typed: str) -> None:
    answer = portal.get(f"/verify/{typed}", **JSON)
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "unknown", "serial": None, "issued_on": None},
    )
    page = portal.get(f"/verify/{typed}?lang=en")
    assert page.status_code == 200
    assert "<h1>Not found</h1>" in page.text
    assert "<script>" not in page.text
    assert portal.get(f"/credentials/{typed}").status_code == 404


def test_a_certificate_ends_with_its_last_day_in_the_issuers_calendar(portal: Portal) -> None:
    path = f"/verify/{portal.award.verification_id}"
    clock = portal.academy.clock
    clock.advance(timedelta(days=1092, hours=13, minutes=29))  # 2029-03-01 22:59 UTC is 23:59 in Tirana
    assert portal.get(path, **JSON).json()["status"] == "valid"
    clock.advance(timedelta(days=1))
    assert portal.get(path, **JSON).json()["status"] == "valid"
    clock.advance(timedelta(minutes=1))
    assert portal.get(path, **JSON).json()["status"] == "expired"
    assert "E skaduar" in portal.get(path).text


def test_a_revocation_shows_on_the_next_request_without_its_reason(portal: Portal) -> None:
    academy = portal.academy
    register.revoke(
        academy.engine,
        academy.site,
        portal.award.verification_id,
        academy.issuer(),
        by="Officer",
        reason="plagiarism",
        clock=academy.clock,
    )
    answer = portal.get(f"/verify/{portal.award.verification_id}?lang=en")
    assert "<h1>Revoked</h1>" in answer.text
    assert "plagiarism" not in answer.text
    assert "Revoked on" in answer.text
    assert portal.get(f"/verify/{portal.award.verification_id}", **JSON).json()["status"] == "revoked"


@pytest.mark.parametrize("event", ["suspended", "superseded", "erased"])
def test_the_other_statuses_have_their_words(portal: Portal, event: str) -> None:
    portal.add_event(event)
    path = f"/verify/{portal.award.verification_id}"
    assert portal.get(path, **JSON).json()["status"] == event
    pages = [portal.get(f"{path}?lang={language}").text for language in ("sq", "ro", "en")]
    assert len({re.search("<h1>(.*)</h1>", page).group(1) for page in pages}) == 3  # type: ignore[union-attr]
    assert all(("Gëzim" in page) == (event != "erased") for page in pages)


def test_an_erased_holder_is_not_named_even_where_no_data_are_left(portal: Portal) -> None:
    portal.add_event("erased")
    with portal.academy.engine.begin() as connection:
        connection.execute(delete(schema.document))
    page = portal.get(f"/verify/{portal.award.verification_id}?lang=en").text
    assert "DPA-2026-00001" in page
    assert "erased" in page


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (["issued"], "valid"),
        (["issued", "suspended"], "suspended"),
        (["issued", "suspended", "resumed"], "valid"),
        (["issued", "revoked", "resumed"], "revoked"),
        (["issued", "superseded", "revoked"], "revoked"),
        (["issued", "revoked", "erased"], "erased"),
        (["issued", "superseded"], "superseded"),
    ],
)
def test_revoked_is_final_and_erased_outweighs_all(events: list[str], status: str, academy: Any) -> None:
    today = academy.clock.now().date()
    assert status_of(events, None, today) == status
    assert status_of(events, today, today) == status
    assert status_of(["issued", "suspended"], today - timedelta(days=1), today) == "expired"


def test_signed_documents_are_served_as_they_were_signed(portal: Portal) -> None:
    academy = portal.academy
    answer = portal.get(f"/credentials/{portal.award.verification_id}")
    assert answer.headers["content-type"] == "application/vc+ld+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.content == register.read_document(academy.engine, portal.award.issue_id, "credential")
    did = portal.get("/.well-known/did.json").json()
    assert did["id"] == answer.json()["issuer"]["id"]
    assert answer.json()["proof"]["verificationMethod"] in did["assertionMethod"]
    entry = answer.json()["credentialStatus"]
    published = portal.get(entry["statusListCredential"].removeprefix(academy.issuer().base_url))
    check_proof(published.json(), read_public_key(academy.key_file))
    for path in ("/status/2", "/status/x", "/status/99999999999999999999", "/status/%C2%B2", "/credentials/"):
        assert portal.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/verify/x",
        "/nothing",
        "/portal.css",
        "/robots.txt",
        "/status/1",
        "/.well-known/did.json",
        "/verify?id=x",
    ],
)
def test_every_answer_has_strict_headers(portal: Portal, path: str) -> None:
    headers = portal.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["cache-control"].startswith("private")
    assert "set-cookie" not in headers


def test_only_reading_is_possible(portal: Portal) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert portal.get(f"/verify/{portal.award.verification_id}", method=method).status_code == 405
    assert portal.get("/", method="HEAD").status_code == 200


def test_a_failure_says_nothing_about_its_cause(portal: Portal) -> None:
    with portal.academy.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE issue RENAME TO hidden")
    for headers in ({}, JSON):
        answer = portal.get("/verify/x?lang=en", **headers)
        assert answer.status_code == 500
        assert "no such table" not in answer.text
        assert "sqlite" not in answer.text.lower()
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "did not work" in portal.get("/verify/x?lang=en").text


def test_pages_are_whole_html(portal: Portal) -> None:
    from lxml import html

    for path in ("/", f"/verify/{portal.award.verification_id}", "/verify/x", "/nothing"):
        for language in ("sq", "ro", "en"):
            tree = html.fromstring(portal.get(f"{path}?lang={language}").content)
            assert len(tree.findall(".//h1")) == 1
            assert len(tree.findall(".//main")) == 1
            for field in tree.findall(".//input[@type='text']"):
                assert tree.find(f".//label[@for='{field.get('id')}']") is not None
            assert "{" not in tree.text_content()


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/verify//evil.example", "//evil.example/", "/verify/x/"]
)
def test_no_link_or_redirect_is_made_of_the_path_asked_for(portal: Portal, path: str) -> None:
    answer = portal.get(path)
    assert "location" not in answer.headers
    links = re.findall(r'href="([^"]*)"', answer.text)
    assert {"?lang=sq", "?lang=ro", "?lang=en"} <= set(links)
    assert not any("evil" in link for link in links)


def test_a_demo_award_says_so_to_machines_too(new_academy: Any) -> None:
    academy = new_academy(demo=True)
    academy.add_person("Gëzim", "Çela")
    academy.issue_all()
    portal = Portal(academy)
    assert portal.get(f"/verify/{portal.award.verification_id}", **JSON).json()["demo"] is True
    assert portal.get("/.well-known/did.json").json()["demo"] is True
    credential = portal.get(f"/credentials/{portal.award.verification_id}").json()
    assert "DEMO" in credential["credentialSubject"]["achievement"]["description"]


def test_a_demo_portal_says_so_on_every_page(new_academy: Any) -> None:
    academy = new_academy(demo=True)
    academy.add_person("Gëzim", "Çela")
    academy.issue_all()
    portal = Portal(academy)
    for path in ("/?lang=en", f"/verify/{portal.award.verification_id}?lang=en", "/nothing?lang=en"):
        assert portal.get(path).text.count("<strong>DEMO</strong>") == 1


def test_a_demo_certificate_is_marked_though_the_key_is_another_by_now(
    new_academy: Any, session_keys: Any
) -> None:
    academy = new_academy(demo=True)
    academy.add_person("Gëzim", "Çela")
    academy.issue_all()
    portal = Portal(academy)
    portal.app = create_app(
        academy.engine, did=None, keys=(read_public_key(session_keys[False]),), issuer_name=None, language="en", clock=academy.clock
    )  # fmt: skip
    assert "DEMO" in portal.get(f"/verify/{portal.award.verification_id}").text
    assert "DEMO" not in portal.get("/").text
    assert portal.get("/.well-known/did.json").status_code == 404


@pytest.mark.parametrize(
    ("accept", "json_wanted"),
    [
        ("application/json", True),
        ("application/json;q=0.5, text/html", False),
        ("text/html;q=0.5,application/json", True),
        ("*/*", False),
        ("", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/json;q=0", False),
        (";;;,,,q=", False),
    ],
)
def test_json_is_given_to_those_who_prefer_it(accept: str, json_wanted: bool) -> None:
    assert wants_json(accept) is json_wanted


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", "sq"),
        ("ro", "en", "ro"),
        ("xx", "en-GB,en;q=0.9", "en"),
        (None, "de, ro;q=0.2, en;q=0.8", "en"),
        (None, "en;q=0, ro;q=0.1", "ro"),
        (None, "sq-AL", "sq"),
        (None, "*;q=x", "sq"),
    ],
)
def test_the_language_is_the_one_asked_for(asked: str | None, accepted: str, language: str) -> None:
    assert page_language(asked, accepted, "sq") == language


def test_the_answer_for_machines_is_small_and_stable(portal: Portal) -> None:
    answer = portal.get(f"/verify/{portal.award.verification_id}", **JSON)
    assert json.loads(answer.content).keys() == {"status", "serial", "issued_on"}
    assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize("language", ["sq", "ro", "en"])
def test_a_replaced_certificate_leads_to_its_successor_and_back(portal: Portal, language: str) -> None:
    academy, old = portal.academy, portal.award
    with academy.engine.begin() as connection:
        award = lifecycle.find_award_said(connection, academy.site, old.serial)
        lifecycle._approve_correction(connection, award, by="O", reason="r", clock=academy.clock, policy=None)
    (new,) = enter_approved(academy.engine, academy.site, academy.issuer(), academy.clock)[0]
    page = portal.get(f"/verify/{old.verification_id}?lang={language}").text
    assert f'href="/verify/{new.verification_id}?lang={language}"' in page
    assert {"sq": "E zëvendësuar", "ro": "Înlocuit", "en": "Replaced"}[language] in page
    page = portal.get(f"/verify/{new.verification_id}?lang={language}").text
    assert f'href="/verify/{old.verification_id}?lang={language}"' in page
    assert portal.get(f"/verify/{old.verification_id}", **JSON).json() == {
        "status": "superseded",
        "serial": old.serial,
        "issued_on": "2026-03-05",
        "replaced_by": new.verification_id,
    }


@pytest.mark.parametrize(("language", "word"), [("sq", "E vërtetë"), ("ro", "Autentic"), ("en", "Genuine")])
def test_an_erased_certificate_is_said_to_be_genuine_without_a_name(
    portal: Portal, language: str, word: str
) -> None:
    academy, award = portal.academy, portal.award
    erase_people(
        academy.engine,
        academy.site,
        [award.person_id],
        academy.folder,
        by="O",
        reason="r",
        clock=academy.clock,
    )
    page = portal.get(f"/verify/{award.verification_id}?lang={language}").text
    assert f"{word}: " in page
    assert award.serial in page
    assert "Gëzim" not in page
    assert "/credentials/" not in page
    assert portal.get(f"/credentials/{award.verification_id}").status_code == 404
