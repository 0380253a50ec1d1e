"""The portal's further pages: files checked in the browser, the issuer's and the holder's page, limits, whatever people type."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any

import pytest
from sqlalchemy import event

from certificates import register
from certificates.holder_link import holder_link
from certificates.lifecycle import find_award_said
from certificates.portal.limits import Misses, network_of
from certificates.privacy_erase import erase_people
from tests.certificates.test_portal import JSON, UNKNOWN, Portal


@pytest.fixture
def portal(issued_academy: Any) -> Portal:
    return Portal(issued_academy)


def link_of(portal: Portal) -> str:
    academy = portal.academy
    with academy.engine.connect() as connection:
        link = holder_link(connection, find_award_said(connection, academy.site, portal.award.serial))
    return link.removeprefix("https://verifiko.example.gov.al")


def test_a_file_is_compared_by_its_digest_and_by_the_seals_of_its_award(portal: Portal) -> None:
    import hashlib

    pdf = register.read_document(portal.academy.engine, portal.award.issue_id, "pdf")
    answer = portal.get(f"/files/{portal.award.verification_id}")
    assert answer.json() == {"pdf_sha256": hashlib.sha256(pdf).hexdigest(), "seals": []}
    for typed in UNKNOWN[:4]:
        assert portal.get(f"/files/{typed}").json() == {"pdf_sha256": None, "seals": []}


@pytest.mark.parametrize(
    ("language", "words"),
    [("sq", "Shtoje në LinkedIn"), ("ro", "Adaugă în LinkedIn"), ("en", "Add to LinkedIn")],
)
def test_the_holder_finds_everything_at_a_private_address(portal: Portal, language: str, words: str) -> None:
    link = link_of(portal)
    answer = portal.get(f"{link}?lang={language}")
    assert answer.status_code == 200
    assert "Gëzim Çela" in answer.text
    assert words in answer.text
    assert "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&amp;name=" in answer.text
    assert "certId=DPA-2026-00001" in answer.text
    assert "noindex" in answer.headers["x-robots-tag"]
    pdf = portal.get(f"{link}/certificate.pdf")
    assert pdf.content == register.read_document(portal.academy.engine, portal.award.issue_id, "pdf")
    assert "attachment" in pdf.headers["content-disposition"]
    assert portal.get(f"{link}/credential.json").json()["type"][1] == "OpenBadgeCredential"


def test_every_other_address_of_a_holder_leads_nowhere(portal: Portal) -> None:
    link = link_of(portal)
    token = link.rsplit("/", 1)[1]
    assert re.fullmatch("[a-z2-7]{32}", token)
    for wrong in (
        link[:-1] + ("a" if link[-1] != "a" else "b"),
        link.rsplit("/", 1)[0] + "/x",
        f"/holder/{'0' * 28}/{token}",
        f"/holder/x/{token}",
        f"{link}/other",
        f"{link}ë",
    ):
        assert portal.get(wrong).status_code == 404, wrong
        assert portal.get(f"{wrong}/certificate.pdf").status_code == 404
    academy = portal.academy
    erase_people(
        academy.engine,
        academy.site,
        [portal.award.person_id],
        academy.folder,
        by="O",
        reason="r",
        clock=academy.clock,
    )
    for path in (link, f"{link}/certificate.pdf", f"{link}/credential.json"):
        assert portal.get(path).status_code == 404


def test_the_issuers_page_says_who_signs(portal: Portal) -> None:
    page = portal.get("/issuer?lang=en").text
    assert "did:web:verifiko.example.gov.al" in page
    assert portal.academy.issuer().signer.public.multikey in page
    assert portal.get("/offline.html").status_code == 404


def test_unknown_and_malformed_ids_cost_the_same_statements(portal: Portal) -> None:
    asked: list[str] = []
    event.listen(portal.academy.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    costs = set()
    for typed in ["2B081DE35JCWZ2H1YB5J6VK998R7", "x", "a" * 500, "DPA-2026-00001"]:
        asked.clear()
        portal.get(f"/verify/{typed}", **JSON)
        costs.add(tuple(asked))
    assert len(costs) == 1


def test_only_misses_are_limited_and_they_are_forgotten() -> None:
    now = [0.0]
    misses = Misses(lambda: now[0])
    assert not any(misses.one_more("192.0.2.7") for _ in range(30))
    assert misses.one_more("192.0.2.200")  # the same /24
    assert not misses.one_more("198.51.100.1")
    assert not misses.one_more(None)
    now[0] = 120
    assert not misses.one_more("192.0.2.7")
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("::ffff:192.0.2.9") == network_of("192.0.2.1")
    for number in range(10_500):
        misses.one_more(f"10.{number // 256}.{number % 256}.1")
    assert len(misses._seen) <= 10_000


def test_a_town_hall_that_mistypes_still_gets_its_certificates_checked(portal: Portal) -> None:
    statuses = [portal.get(f"/verify/unknown-{number}").status_code for number in range(32)]
    assert statuses[:30] == [200] * 30
    assert statuses[30:] == [429, 429]
    assert portal.get("/verify/unknown?lang=en").headers["retry-after"] == "60"
    assert portal.get(f"/verify/{portal.award.verification_id}", **JSON).json()["status"] == "valid"
    assert portal.get(link_of(portal)).status_code == 200


PATHS = (
    "/", "/verify", "/verify/{}", "/credentials/{}", "/files/{}", "/status/{}", "/holder/{}/{}", "/holder/{}/{}/certificate.pdf",
    "/issuer", "/{}", "/.well-known/did.json", "/portal.js", "/holder/{}", "/offline.html",
)  # fmt: skip
HEADERS = (
    "accept",
    "accept-language",
    "host",
    "if-none-match",
    "range",
    "cookie",
    "x-forwarded-for",
    "content-type",
)


def fuzzed(seed: int, n: int, known: list[str]) -> list[dict[str, Any]]:
    """Requests as nobody sends them on purpose: paths, queries and headers of any bytes, with a known id now and then."""
    chance = random.Random(seed)
    pieces = [
        *known,
        *UNKNOWN,
        "%",
        "%2e%2e",
        "\u202e",
        "\ud83d\ude00",
        "' OR 1=1 --",
        "{{7*7}}",
        "\x00",
        "é" * 200,
        "-1",
        "9" * 40,
    ]

    def piece() -> str:
        if chance.random() < 0.3:
            return "".join(
                chr(chance.choice((chance.randrange(1, 128), chance.randrange(1, 0xD7FF))))
                for _ in range(chance.randrange(40))
            )
        return chance.choice(pieces)

    requests = []
    for _ in range(n):
        path = re.sub(r"\{\}", lambda _: piece(), chance.choice(PATHS))
        query = "&".join(
            f"{chance.choice(('lang', 'id', 'x', ''))}={chance.choice(('sq', 'ro', 'en', piece()))}"
            for _ in range(chance.randrange(3))
        )
        headers = [
            (
                chance.choice(HEADERS).encode(),
                chance.choice(("application/json", "*/*", "text/html;q=x", piece())).encode(
                    "utf-8", "replace"
                ),
            )
            for _ in range(chance.randrange(4))
        ]
        requests.append(
            {
                "type": "http",
                "http_version": "1.1",
                "method": chance.choice(("GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "TRACE")),
                "path": path.encode("utf-8", "replace").decode("utf-8"),
                "raw_path": path.encode("utf-8", "replace"),
                "query_string": query.encode("utf-8", "replace"),
                "headers": headers,
                "client": (f"10.{chance.randrange(256)}.{chance.randrange(256)}.1", 1),
                "server": ("portal", 443),
                "scheme": "https",
                "root_path": "",
            }
        )
    return requests


def test_two_thousand_fuzzed_requests_never_fail(portal: Portal) -> None:
    seed = random.randrange(2**32)
    link = link_of(portal)
    requests = fuzzed(
        seed, 2000, [portal.award.verification_id, link.rsplit("/", 1)[1], portal.award.serial, "1"]
    )
    statuses: dict[int, int] = {}

    async def run() -> None:
        for scope in requests:
            sent: list[Any] = []

            async def send(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)

            async def receive() -> Any:
                return {"type": "http.request", "body": b"", "more_body": False}

            await portal.app(scope, receive, send)
            status = sent[0]["status"]
            statuses[status] = statuses.get(status, 0) + 1
            assert status < 500, (seed, scope)

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(
        1
    ) as own:  # a browser's test before this one leaves a loop running in this thread
        own.submit(asyncio.run, run()).result()
    assert sum(statuses.values()) == 2000
    assert {200, 303, 404, 405} <= set(statuses)
    assert json.dumps(statuses)
