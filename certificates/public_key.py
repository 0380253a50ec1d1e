"""The public half of the signing key, and the DID document that publishes it. No private key is opened here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from authoring.problems import LmsSyncError

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUBLIC = b"\xed\x01"  # multicodec prefix of an Ed25519 public key


class KeyUnusable(LmsSyncError):
    """A key file is missing, damaged, open to others, or does not belong where it is used."""


@dataclass(frozen=True)
class PublicKey:
    """What the world may know of the signing key."""

    multikey: str
    demo: bool
    created_at: str

    def verification_method(self, did: str) -> str:
        """The id of this key in the issuer's DID document."""
        return f"{did}#{self.multikey}"

    def raw(self) -> bytes:
        """The 32 bytes of the key."""
        number = 0
        for digit in self.multikey.removeprefix("z"):
            number = number * 58 + _BASE58.index(digit)
        return number.to_bytes(len(_ED25519_PUBLIC) + 32, "big").removeprefix(_ED25519_PUBLIC)


def public_file(key_file: Path) -> Path:
    """Where the public half of a key file lies."""
    return key_file.with_name(key_file.stem + ".public.json")


def read_public_key(key_file: Path) -> PublicKey:
    """The public half of the key in `key_file`, without opening that file. Raises KeyUnusable."""
    path = public_file(key_file)
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        return PublicKey(str(described["multikey"]), bool(described["demo"]), str(described["created_at"]))
    except FileNotFoundError as error:
        raise KeyUnusable("keys.missing", path=key_file.name) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyUnusable("keys.unreadable", path=path.name) from error


def read_public_keys(key_file: Path) -> tuple[PublicKey, ...]:
    """The public half of today's key, and those of former keys, the newest first. Raises KeyUnusable."""
    current = read_public_key(key_file)
    path = public_file(key_file)
    try:
        former = json.loads(path.read_text(encoding="utf-8")).get("former", [])
        return (
            current,
            *(PublicKey(str(one["multikey"]), bool(one["demo"]), str(one["created_at"])) for one in former),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyUnusable("keys.unreadable", path=path.name) from error


def multikey_of(raw_public_key: bytes) -> str:
    """An Ed25519 public key as a Multikey: "z" and base 58 of the multicodec prefix and the 32 bytes."""
    number = int.from_bytes(_ED25519_PUBLIC + raw_public_key, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    return "z" + digits


def did_document(did: str, *keys: PublicKey) -> dict[str, object]:
    """The issuer's DID document with its public keys, current one first (DID Core 1.0; Multikey).

    With a key of a demonstration it says so in a member of our own, which others pass over.
    """
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [
            {
                "id": key.verification_method(did),
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": key.multikey,
            }
            for key in keys
        ],
        "assertionMethod": [key.verification_method(did) for key in keys],
        **({"demo": True} if any(key.demo for key in keys) else {}),
    }
