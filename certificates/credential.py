"""Builds the documents that are signed: Open Badges 3.0 credentials and Bitstring status lists.

Sources: Open Badges Specification 3.0 (1EdTech), sections B.1 and following, with its context 3.0.3;
Verifiable Credentials Data Model 2.0 (W3C); Bitstring Status List 1.0 (W3C). Pure functions: signing and
storing happen elsewhere. A credential names no e-mail, mark or national number; the holder's name is
there as a salted hash only, so that the name on a paper can be checked against it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import uuid
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from authoring.messages import text
from certificates.award import Award
from certificates.dates import plain_number

LIST_BITS = 131_072
"""Length of a status list: the least that the standard allows, so that an award hides in a crowd."""

CONTEXTS = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
MEDIA_TYPE = "application/vc+ld+json"

_ACHIEVEMENT_TYPES = {
    "achievement": "Certification",
    "attendance": "CertificateOfCompletion",
    "trainer": "Certification",
    "institution": "QualityAssuranceCredential",
}


def build_credential(award: Award, holder: str, salt: str) -> dict[str, Any]:
    """The unsigned credential of an award, worded in the first of its languages."""
    wording = award.wording
    language = wording.languages[0]
    demo = text("certificate.demo-prefix", {}, language) + " " if wording.demo else ""
    title = demo + wording.title.in_language(language)
    credential: dict[str, Any] = {
        "@context": list(CONTEXTS),
        "id": award.credential_url,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": title,
        "description": demo + wording.description.in_language(language),
        "issuer": {
            "id": wording.issuer_did,
            "type": ["Profile"],
            "name": wording.issuer_name.in_language(language),
            "url": wording.base_url,
        },
        "validFrom": _instant(award.issued_at),
        "awardedDate": _instant(award.issued_at),
        "credentialSubject": {
            "id": f"urn:uuid:{award.person_id}",
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": hashed_name(holder, salt),
                    "identityType": "name",
                    "salt": salt,
                }
            ],
            "licenseNumber": award.serial,
            "achievement": {
                "id": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{wording.issuer_did}/{award.policy}')}",
                "type": ["Achievement"],
                "achievementType": _ACHIEVEMENT_TYPES[wording.kind],
                "name": title,
                "description": demo + _description(award, language),
                "criteria": {"narrative": wording.criteria.in_language(language)},
                "inLanguage": language,
                "version": str(award.policy_version),
            },
        },
        "credentialStatus": {
            "id": f"{award.status_list_url}#{award.status_index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(award.status_index),
            "statusListCredential": award.status_list_url,
        },
    }
    if (end := award.valid_until) is not None:
        credential["validUntil"] = _instant(end)
    return credential


def hashed_name(name: str, salt: str) -> str:
    """The form of Open Badges 3.0 for a hashed identity: "sha256$" and the hash of the value and its salt."""
    return "sha256$" + hashlib.sha256((name + salt).encode("utf-8")).hexdigest()


def build_status_list(url: str, issuer_did: str, revoked: Iterable[int], made_at: datetime) -> dict[str, Any]:
    """The unsigned status list whose bits at the indices in `revoked` are set."""
    return {
        "@context": [CONTEXTS[0]],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer_did,
        "validFrom": _instant(made_at),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encode_bits(revoked),
        },
    }


def encode_bits(indices: Iterable[int]) -> str:
    """A bitstring, most significant bit first, compressed and in multibase base64url ("u")."""
    bits = bytearray(LIST_BITS // 8)
    for index in indices:
        bits[index // 8] |= 0x80 >> (index % 8)
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).decode("ascii").rstrip("=")


def decode_bits(encoded: str) -> frozenset[int]:
    """The indices whose bits are set in what `encode_bits` made. Raises ValueError for anything else."""
    if not encoded.startswith("u"):
        raise ValueError("not multibase base64url")
    try:
        bits = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-(len(encoded) - 1) % 4)))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("not compressed") from error
    if len(bits) != LIST_BITS // 8:
        raise ValueError("wrong length")
    return frozenset(
        place * 8 + bit for place, byte in enumerate(bits) if byte for bit in range(8) if byte & 0x80 >> bit
    )


def _description(award: Award, language: str) -> str:
    wording = award.wording
    parts = [wording.description.in_language(language)]
    if wording.hours is not None:
        parts.append(text("certificate.hours", {"n": plain_number(wording.hours)}, language) + ".")
    parts.extend(f"- {outcome}" for outcome in wording.outcomes.get(language, ()))
    return "\n".join(parts)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
