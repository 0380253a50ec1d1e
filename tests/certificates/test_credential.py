"""Credentials are Open Badges 3.0, verify with an independent reading of the standard, and hide what they can."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import socket
from typing import Any

import pytest
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3VerificationError
from sqlalchemy import select

from certificates import register
from certificates.credential import LIST_BITS, encode_bits, hashed_name
from certificates.keys import did_document, read_public_key
from certificates.signing import NotSigned, check_proof
from lms_sync.store import schema


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def issued(issued_academy: Any) -> dict[str, Any]:
    first = register.issued(issued_academy.engine, issued_academy.site)[0]
    content = issued_academy.document(first, "credential")
    return {
        "academy": issued_academy,
        "award": first,
        "credential": json.loads(content),
        "text": content.decode("utf-8"),
    }


def test_signing_and_checking_ask_no_network(academy: Any, no_network: None) -> None:
    report = academy.issue_all()
    assert len(report.issued) == 3
    content = register.read_document(academy.engine, report.issued[0].issue_id, "credential")
    check_proof(json.loads(content), academy.issuer().signer.public)


def test_a_credential_verifies_against_the_published_did_document(issued: dict[str, Any]) -> None:
    academy = issued["academy"]
    issuer = academy.issuer()
    document = json.dumps(did_document(issuer.did, read_public_key(academy.key_file))).encode()
    asked: list[str] = []

    def download(url: str) -> bytes:
        asked.append(url)
        if url.endswith("/.well-known/did.json"):
            return document
        return academy_list(academy)

    verifier = OB3LdpVerifier.for_issuer_did(issuer.did)
    found = verifier.verify(issued["text"], download=download)
    assert found.issuer.id == issuer.did
    assert asked == ["https://verifiko.example.gov.al/.well-known/did.json"]


def academy_list(academy: Any) -> bytes:
    with academy.engine.connect() as connection:
        return bytes(connection.execute(select(schema.status_list.c.content)).scalar_one())


def test_the_status_list_is_signed_with_the_same_key(issued: dict[str, Any]) -> None:
    academy = issued["academy"]
    published = json.loads(academy_list(academy))
    check_proof(published, academy.issuer().signer.public)
    assert published["id"] == issued["credential"]["credentialStatus"]["statusListCredential"]
    published["credentialSubject"]["encodedList"] = encode_bits([1])
    with pytest.raises(NotSigned):
        check_proof(published, academy.issuer().signer.public)


def _set(path: str, value: object) -> Any:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for part in parents:
            document = document[part]
        document[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("name", "Drejtor"),
        _set("validUntil", "2099-01-01T00:00:00Z"),
        _set("credentialSubject/licenseNumber", "DPA-2026-00099"),
        _set("credentialSubject/achievement/name", "Another"),
        _set("credentialStatus/statusListIndex", "1"),
        _set("issuer/id", "did:web:forger.example"),
        _set("somethingNew", "x"),
        lambda document: document.pop("validUntil"),
        lambda document: document["credentialSubject"].pop("identifier"),
    ],
)
def test_whatever_is_changed_in_a_credential_is_noticed(issued: dict[str, Any], change: Any) -> None:
    key = issued["academy"].issuer().signer.public
    check_proof(issued["credential"], key)
    tampered = copy.deepcopy(issued["credential"])
    change(tampered)
    from openbadgeslib.ob3.did import resolve_did

    with pytest.raises(OB3VerificationError):
        OB3LdpVerifier(resolve_did(f"did:key:{key.multikey}")).verify(tampered)


@pytest.mark.parametrize("place", ["somethingNew", "credentialSubject/grade", "proof/note"])
def test_what_the_proof_does_not_cover_is_noticed(issued: dict[str, Any], place: str) -> None:
    tampered = copy.deepcopy(issued["credential"])
    _set(place, "x")(tampered)
    with pytest.raises(NotSigned):
        check_proof(tampered, issued["academy"].issuer().signer.public)


def test_the_key_of_another_does_not_verify(issued: dict[str, Any], tmp_path: Any) -> None:
    from certificates.keys import make_key

    other = make_key(tmp_path / "other.pem", demo=False, clock=issued["academy"].clock)
    with pytest.raises(NotSigned):
        check_proof(issued["credential"], other)


def test_a_credential_says_what_was_awarded_and_until_when(issued: dict[str, Any]) -> None:
    credential = issued["credential"]
    assert credential["@context"][1].endswith("context-3.0.3.json")
    assert credential["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert credential["validFrom"] == "2026-03-05T09:30:00Z"
    assert credential["validUntil"] == "2029-03-02T22:59:59Z"  # the last second of 2 March in Tirana
    achievement = credential["credentialSubject"]["achievement"]
    assert achievement["achievementType"] == "Certification"
    assert achievement["criteria"] == {"narrative": "Kursi dhe provimi përfundimtar."}
    assert "16 orë trajnimi." in achievement["description"]
    assert credential["credentialStatus"]["type"] == "BitstringStatusListEntry"
    assert credential["credentialStatus"]["statusPurpose"] == "revocation"


def test_the_holder_is_named_by_a_salted_hash_only(issued: dict[str, Any]) -> None:
    (identity,) = issued["credential"]["credentialSubject"]["identifier"]
    assert identity["identityHash"] == hashed_name("Gëzim Çela", identity["salt"])
    assert "Gëzim" not in issued["text"]
    assert len(identity["salt"]) == 32


def test_a_document_with_an_undefined_term_is_not_signed(issued: dict[str, Any]) -> None:
    document = {key: value for key, value in issued["credential"].items() if key != "proof"}
    with pytest.raises(NotSigned):
        issued["academy"].issuer().signer.sign({**document, "note": "x"}, issued["academy"].clock.now())


def test_a_demo_credential_says_so_in_name_and_description(new_academy: Any) -> None:
    academy = new_academy(demo=True)
    academy.add_person("Gëzim", "Çela")
    academy.certify()
    academy.approve()
    (award,) = academy.issue().issued
    credential = json.loads(academy.document(award, "credential"))
    assert credential["name"].startswith("DEMO")
    assert credential["description"].startswith("DEMO")
    assert credential["credentialSubject"]["achievement"]["name"].startswith("DEMO")


def test_a_status_list_is_a_compressed_bitstring_most_significant_bit_first() -> None:
    encoded = encode_bits([0, 9, LIST_BITS - 1])
    assert encoded.startswith("u")
    raw = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-(len(encoded) - 1) % 4)))
    assert len(raw) * 8 == LIST_BITS == 131_072
    assert (raw[0], raw[1], raw[-1]) == (0b1000_0000, 0b0100_0000, 0b0000_0001)
    assert encode_bits([]) == encode_bits([])
