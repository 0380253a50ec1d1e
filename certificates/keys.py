"""The institution's signing key: made once, never overwritten; and its public half, which anyone may read.

The private key is an Ed25519 key in a PKCS#8 PEM file that only its owner may read. Beside it lies
`<name>.public.json` with the public half (as a Multikey, W3C Controlled Identifiers, section 2.2.2), from
which the portal makes did.json. A demo key says so in both files, and everything signed with it says so too.
Only `certificates.signing` opens the private key.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from authoring.problems import LmsSyncError, Refused
from lms_sync.clock import Clock
from lms_sync.write_files import CannotWrite, write_durably

DEMO_MARK = "DEMO KEY: certificates signed with it are not valid\n"
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


def public_file(key_file: Path) -> Path:
    """Where the public half of a key file lies."""
    return key_file.with_name(key_file.stem + ".public.json")


def make_key(key_file: Path, *, demo: bool, clock: Clock) -> PublicKey:
    """Makes a key pair. Raises Refused where a key is there already: a lost key cannot be made again."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if key_file.exists():
        raise Refused("keys.exists", path=key_file.name)
    private = Ed25519PrivateKey.generate()
    public = PublicKey(
        multikey_of(private.public_key().public_bytes_raw()), demo, clock.now().isoformat(timespec="seconds")
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    described = {
        "form": "issuer-key/1",
        "multikey": public.multikey,
        "demo": public.demo,
        "created_at": public.created_at,
    }
    # The public half first: a crash between the two leaves no key without its description.
    write_durably(public_file(key_file), (json.dumps(described, indent=2) + "\n").encode("utf-8"))
    _write_new(key_file, (DEMO_MARK.encode("ascii") if demo else b"") + pem)
    return public


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


def multikey_of(raw_public_key: bytes) -> str:
    """An Ed25519 public key as a Multikey: "z" and base 58 of the multicodec prefix and the 32 bytes."""
    number = int.from_bytes(_ED25519_PUBLIC + raw_public_key, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    return "z" + digits


def did_document(did: str, *keys: PublicKey) -> dict[str, object]:
    """The issuer's DID document with its public keys, current one first (DID Core 1.0; Multikey)."""
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
    }


def _write_new(path: Path, content: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError as error:
        raise Refused("keys.exists", path=path.name) from error
    except OSError as error:
        raise CannotWrite(
            "files.cannot-write", path=str(path), reason=error.strerror or str(error)
        ) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise CannotWrite(
            "files.cannot-write", path=str(path), reason=error.strerror or str(error)
        ) from error
