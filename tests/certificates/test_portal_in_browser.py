"""The portal in Chromium: a certificate's file is checked there and nothing of it sent; axe finds nothing in any language."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from certificates import register
from certificates.holder_link import holder_link
from certificates.lifecycle import find_award_said
from certificates.offline import publish_offline
from tests.axe import WCAG_AND_MORE, violations
from tests.certificates.conftest import _academy_in
from tests.certificates.seals import make_seal
from tests.certificates.test_pdf_signatures import sealed_academy
from tests.certificates.test_portal import Portal

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for pictures to look at


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, session_keys: Any) -> Iterator[tuple[str, Portal]]:
    """A portal with one award that two seals have signed, at an address of this machine."""
    folder = tmp_path_factory.mktemp("portal")
    with pytest.MonkeyPatch.context() as patch:
        academy = sealed_academy(
            lambda policy: _academy_in(folder, session_keys[False], policy),
            folder,
            patch,
            school=make_seal(folder / "rsa.p12", "Shkolla e Administratës", bits=2048),  # both kinds of key
        )
        assert academy.issue_all().problems == ()
        portal = Portal(academy)
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(portal.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", portal
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 900, "height": 900})
    yield context.new_page()
    context.close()


def shoot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def outcome_of(page: Any, content: bytes) -> str:
    page.set_input_files("#file", files=[{"name": "c.pdf", "mimeType": "application/pdf", "buffer": content}])
    page.wait_for_selector("#file-result:not([hidden]) [data-outcome]:not([hidden])")
    return str(page.get_attribute("#file-result [data-outcome]:not([hidden])", "data-outcome"))


def test_a_file_is_judged_in_the_browser_and_stays_there(served: tuple[str, Portal], page: Any) -> None:
    address, portal = served
    pdf = register.read_document(portal.academy.engine, portal.award.issue_id, "pdf")
    requests: list[Any] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - playwright cannot take a method
    page.goto(f"{address}/?lang=en")
    requests.clear()
    assert outcome_of(page, pdf) == "same"
    seals = page.locator("#file-result [data-seals] li").all_inner_texts()
    assert [text.split(":")[0] for text in seals] == ["✓ Signature intact"] * 2
    assert "Shkolla e Administratës" in seals[1]
    assert page.inner_text("[data-status]:not([hidden])") == "Valid"
    shoot(page, "portal-file")

    sent = [(one.method, one.url, one.post_data) for one in requests]
    assert all(method == "GET" and data is None for method, _, data in sent)
    assert {url.split("/")[3] for _, url, _ in sent} == {"files", "verify"}

    page.reload()
    assert outcome_of(page, pdf + b"\n% added later") == "added-to"
    page.reload()
    flipped = bytearray(pdf)
    flipped[pdf.index(b"stream\n") + 40] ^= 1
    assert outcome_of(page, bytes(flipped)) == "changed"
    assert "✗" in page.locator("#file-result [data-seals] li").first.inner_text()
    page.reload()
    assert outcome_of(page, b"%PDF-1.7 a bill") == "not-ours"
    page.reload()
    assert outcome_of(page, b"PK a word file") == "unreadable"


def test_axe_finds_nothing_in_any_language(served: tuple[str, Portal], page: Any) -> None:
    address, portal = served
    academy = portal.academy
    with academy.engine.connect() as connection:
        award = find_award_said(connection, academy.site, portal.award.serial)
        holder = holder_link(connection, award).removeprefix(award.wording.base_url)
    paths = {
        "start": "/",
        "verify": f"/verify/{award.verification_id}",
        "issuer": "/issuer",
        "holder": holder,
    }
    every = os.environ.get("EVERYTHING")  # `make proofs`: each page in each language
    for language, other in (("sq", "verify"), ("ro", "issuer"), ("en", "holder")):
        for name, path in paths.items():
            if name not in ("start", other) and not every:
                continue
            page.goto(f"{address}{path}?lang={language}")
            if name == "start":  # with everything shown that a file can bring
                page.evaluate(
                    "document.querySelectorAll('#drop [hidden]').forEach(one => one.hidden = false)"
                )
            assert violations(page, WCAG_AND_MORE) == [], (language, name)
            shoot(page, f"portal-{name}-{language}")


def test_a_page_says_its_status_without_javascript(served: tuple[str, Portal], browser: Any) -> None:
    address, portal = served
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{address}/?lang=en")
    assert not page.is_visible("#drop")
    page.fill("#id", portal.award.verification_id.lower())
    page.press("#id", "Enter")
    assert page.inner_text("[role=status] h1") == "Valid"
    shoot(page, "portal-verify-360")
    context.close()


def test_the_offline_page_verifies_without_network_and_says_how_old_it_is(
    served: tuple[str, Portal], browser: Any, tmp_path: Path
) -> None:
    _, portal = served
    academy = portal.academy
    written = publish_offline(
        academy.engine,
        academy.site,
        tmp_path / "out",
        academy.issuer(),
        (academy.issuer().signer.public,),
        academy.clock,
    )
    assert {path.name for path in written} == {
        *(f"verify-offline.{language}.html" for language in ("sq", "ro", "en")),
        "did.json",
        "1.json",
    }
    pdf = register.read_document(academy.engine, portal.award.issue_id, "pdf")
    path = tmp_path / "out" / "verify-offline.en.html"
    content = path.read_text(encoding="utf-8")
    assert "Gëzim" not in content
    assert portal.award.verification_id not in content

    context = browser.new_context(offline=True)
    page = context.new_page()
    page.clock.set_fixed_time("2026-03-12T12:00:00Z")
    page.goto(path.as_uri())
    page.wait_for_selector("#by-id:not([hidden])")
    assert "7 days" in page.inner_text("#age")
    assert "✓ The list is signed" in page.inner_text("#age")
    page.fill("#id", portal.award.verification_id.lower())
    page.press("#id", "Enter")
    page.wait_for_selector("#id-result [data-status=valid]:not([hidden])")
    assert "DPA-2026-00001" in page.inner_text("#id-result")
    page.fill("#id", "0" * 28)
    page.click("#by-id button")
    page.wait_for_selector("#id-result [data-status=unknown]:not([hidden])")
    assert outcome_of(page, pdf) == "same"
    assert page.locator("#file-result [data-seals] li").count() == 2
    assert page.inner_text("#file-result [data-statuses] [data-status]:not([hidden])") == "Valid"
    assert violations(page, WCAG_AND_MORE) == []
    shoot(page, "portal-offline")

    page.clock.set_fixed_time("2030-01-01T12:00:00Z")
    page.reload()
    page.wait_for_selector("#by-id:not([hidden])")
    assert "This list is old" in page.inner_text("#age")
    assert outcome_of(page, pdf) == "same"
    assert page.inner_text("#file-result [data-statuses] [data-status]:not([hidden])") == "Expired"

    path.write_text(content.replace('"status":"valid"', '"status":"VALID"'), encoding="utf-8")
    page.reload()
    page.wait_for_selector("[data-signature=bad]:not([hidden])")
    assert not page.is_visible("#by-id")
    context.close()
