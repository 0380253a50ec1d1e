"""Makes the institution's signing key: once, never overwritten; a later key takes its place and leaves it known.

The private key is an Ed25519 key in a PKCS#8 PEM file that only its owner may read. Beside it lies
`<name>.public.json` with the public half (as a Multikey, W3C Controlled Identifiers, section 2.2.2), from
which the portal makes did.json. A demo key says so in both files, and everything signed with it says so too.
Only `certificates.signing` opens the private key.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from authoring.problems import LmsSyncError, Refused
from certificates.public_key import (
    KeyUnusable,
    PublicKey,
    did_document,
    multikey_of,
    public_file,
    read_public_key,
    read_public_keys,
)
from lms_sync.clock import Clock
from lms_sync.write_files import CannotWrite, write_durably

__all__ = [
    "DEMO_MARK",
    "KeyUnusable",
    "PublicKey",
    "did_document",
    "make_key",
    "public_file",
    "read_public_key",
    "read_public_keys",
    "rotate_key",
]

DEMO_MARK = "DEMO KEY: certificates signed with it are not valid\n"


def make_key(key_file: Path, *, demo: bool, clock: Clock) -> PublicKey:
    """Makes a key pair. Raises Refused where either half is there already: a lost key cannot be made again."""
    described_in = public_file(key_file)
    for half in (key_file, described_in):
        if os.path.lexists(half):
            raise Refused("keys.exists", path=half.name)
    public, pem = _new_pair(demo=demo, clock=clock)
    # The public half first: a crash between the two leaves no key without its description.
    _write_new(described_in, _described(public, ()), 0o644)
    try:
        _write_new(key_file, pem, 0o600)
    except LmsSyncError:
        described_in.unlink(missing_ok=True)  # ours, made a moment ago
        raise
    return public


def rotate_key(key_file: Path, clock: Clock) -> PublicKey:
    """Puts a new key in the place of the present one; gives back the new public half.

    The former public key stays in the description, so that did.json lists it and what it signed still verifies; the
    former private key is kept beside as `<name>-former-<end of its public half>.pem`, for the institution to keep or to destroy. Whoever
    kills it on the way types it again: the new key that was written is then put in its place. Raises KeyUnusable,
    CannotWrite.
    """
    keys = read_public_keys(key_file)
    coming = key_file.with_name(f"{key_file.stem}.next{key_file.suffix}")
    said = coming.with_name(f"{coming.stem}.public.json")
    if not coming.exists():
        said.unlink(missing_ok=True)  # of a run that was stopped before it wrote the key
        make_key(coming, demo=keys[0].demo, clock=clock)
    public = read_public_key(coming)
    if keys[0].multikey != public.multikey:
        former = key_file.with_name(f"{key_file.stem}-former-{keys[0].multikey[-8:]}{key_file.suffix}")
        if key_file.exists() and not former.exists():
            _write_new(former, key_file.read_bytes(), 0o600)
        write_durably(public_file(key_file), _described(public, keys), mode=0o644)
    os.replace(coming, key_file)
    said.unlink(missing_ok=True)
    return public


def _new_pair(*, demo: bool, clock: Clock) -> tuple[PublicKey, bytes]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = Ed25519PrivateKey.generate()
    public = PublicKey(
        multikey_of(private.public_key().public_bytes_raw()), demo, clock.now().isoformat(timespec="seconds")
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return public, (DEMO_MARK.encode("ascii") if demo else b"") + pem


def _described(public: PublicKey, former: tuple[PublicKey, ...]) -> bytes:
    described: dict[str, object] = {
        "form": "issuer-key/1",
        "multikey": public.multikey,
        "demo": public.demo,
        "created_at": public.created_at,
    }
    if former:
        described["former"] = [
            {"multikey": one.multikey, "demo": one.demo, "created_at": one.created_at} for one in former
        ]
    return (json.dumps(described, indent=2) + "\n").encode("utf-8")


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
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
