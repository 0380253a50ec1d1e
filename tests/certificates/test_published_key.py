"""What the document of a did:web must name, and where it is looked for."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from authoring.problems import Refused
from certificates.issuer import Issuer, open_issuer
from certificates.public_key import did_document
from lms_sync.published_key import ask_web, document_address, published_key_problems
from tests.certificates.conftest import BASE_URL, DID


@pytest.fixture
def issuer(session_keys: dict[bool, Path]) -> Issuer:
    return open_issuer(did=DID, base_url=BASE_URL, key_file=session_keys[False])


def judged(issuer: Issuer, document: object) -> list[str]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode("utf-8")
    return [one.code for one in published_key_problems(issuer, lambda _: content)]


@pytest.mark.parametrize(
    ("did", "address"),
    [
        ("did:web:verify.example.al", "https://verify.example.al/.well-known/did.json"),
        ("did:web:verify.example.al%3A8443", "https://verify.example.al:8443/.well-known/did.json"),
        ("did:web:gov.example.al:archives:2026", "https://gov.example.al/archives/2026/did.json"),
        ("did:web:127.0.0.1%3A8440", None),
        ("did:web:localhost%3A8440", None),
        ("did:key:z6Mk", None),
    ],
)
def test_the_document_is_where_the_method_says(did: str, address: str | None) -> None:
    assert document_address(did) == address


def test_a_demonstration_asks_nobody(session_keys: dict[bool, Path], web: Any) -> None:
    demo = open_issuer(did=DID, base_url=BASE_URL, key_file=session_keys[True])
    assert (published_key_problems(demo), web.asked) == ([], [])


def test_the_key_may_be_written_in_every_way_that_verifiers_read(issuer: Issuer) -> None:
    key = issuer.signer.public
    ours = did_document(DID, key)
    x = base64.urlsafe_b64encode(key.raw()).decode().rstrip("=")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x}
    method = {"id": f"#{key.multikey}", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": jwk}
    relative = {"id": DID, "verificationMethod": [method], "assertionMethod": [f"#{key.multikey}"]}
    inside = {"id": DID, "assertionMethod": method}
    assert [judged(issuer, one) for one in (ours, relative, inside)] == [[], [], []]


def test_a_key_that_is_not_for_assertions_or_stands_under_our_name_is_none(
    issuer: Issuer, session_keys: dict[bool, Path]
) -> None:
    key = issuer.signer.public
    ours: dict[str, Any] = did_document(DID, key)
    other = open_issuer(did=DID, base_url=BASE_URL, key_file=session_keys[True]).signer.public
    swapped = {"id": key.verification_method(DID), "publicKeyMultibase": other.multikey}
    for wrong in (
        {**ours, "assertionMethod": []},
        {**ours, "verificationMethod": []},
        {**ours, "verificationMethod": [swapped]},
        {"id": DID, "verificationMethod": "x", "assertionMethod": {"id": 1}},
    ):
        with pytest.raises(Refused) as refused:
            judged(issuer, wrong)
        assert refused.value.code == "keys.not-published"


@pytest.mark.parametrize("content", [b"", b"<!doctype html>", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_document_is_told_as_not_read(issuer: Issuer, content: bytes) -> None:
    assert judged(issuer, content) == ["keys.document-not-read"]


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/dripping":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(100):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            return
        content = b"x" * (10 if self.path == "/small" else 300_000)
        self.send_response(404 if self.path == "/gone" else 200)
        self.end_headers()
        with contextlib.suppress(OSError):  # who asks has heard enough
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_web_server_is_read_up_to_a_limit_and_its_failures_are_one_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            assert ask_web(f"{address}/small") == b"x" * 10
            for path, reason in (("/gone", "HTTP 404"), ("/large", "> 262144 B")):
                with pytest.raises(OSError, match=reason):
                    ask_web(address + path)
            monkeypatch.setattr("lms_sync.published_key.SECONDS", 0.3)
            with pytest.raises(OSError, match="Timeout"):  # never mind how slowly each byte comes
                ask_web(f"{address}/dripping")
        finally:
            server.shutdown()
            serving.join()
    with pytest.raises(OSError, match="ConnectionError"):
        ask_web(f"{address}/small")
