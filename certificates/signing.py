"""Signs documents with the institution's key: Data Integrity, cryptosuite eddsa-rdfc-2022.

The only module that opens the private key, and the only one that knows the library which canonicalizes and
signs (openbadgeslib over PyLD). JSON-LD contexts come from the copies bundled with that library; none is
ever fetched.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from authoring.problems import LmsSyncError, Refused
from certificates.keys import DEMO_MARK
from certificates.public_key import KeyUnusable, PublicKey, multikey_of, read_public_key

Json = dict[str, Any]


class NotSigned(LmsSyncError):
    """A document could not be signed, or a signature does not hold."""


@dataclass(frozen=True)
class Signer:
    """An opened key, bound to the issuer's DID."""

    did: str
    public: PublicKey
    _pem: bytes = field(repr=False)

    @property
    def demo(self) -> bool:
        """Whether the key was made for a demonstration."""
        return self.public.demo

    def sign(self, document: Mapping[str, Any], created: datetime) -> Json:
        """The document with a proof for the purpose assertionMethod. Raises NotSigned.

        A document of which the proof would not cover every member (an undefined term, a relative id) is
        refused: what is signed is the RDF that the JSON stands for (VC Data Integrity 1.0, section 2.4.1).
        """
        from openbadgeslib.errors import LibOpenBadgesException
        from openbadgeslib.ob3 import ldp
        from openbadgeslib.ob3.contexts import document_loader

        try:
            signed: Json = ldp.add_data_integrity_proof(
                dict(document), self._pem, self.public.verification_method(self.did), created=created
            )
            ldp._check_json_ld_form(signed, signed["proof"], document_loader())  # noqa: SLF001 - no public name yet
        except (LibOpenBadgesException, ValueError) as error:
            raise NotSigned("signing.failed", reason=str(error)) from error
        return signed

    def sign_bytes(self, content: bytes) -> bytes:
        """An Ed25519 signature (RFC 8032) over bytes that are no JSON-LD: the offline list."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(self._pem, password=None)
        assert isinstance(key, Ed25519PrivateKey)
        return key.sign(content)


def open_signer(key_file: Path, did: str) -> Signer:
    """Opens the key. Raises KeyUnusable where it is missing, damaged, readable by others or not the did's."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    public = read_public_key(key_file)
    try:
        mode = key_file.stat().st_mode
        pem = key_file.read_bytes()
    except FileNotFoundError as error:
        raise KeyUnusable("keys.missing", path=key_file.name) from error
    except OSError as error:
        raise KeyUnusable("keys.unreadable", path=key_file.name) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyUnusable("keys.open-to-others", path=key_file.name)
    demo = pem.startswith(DEMO_MARK.encode("ascii"))
    pem = pem.removeprefix(DEMO_MARK.encode("ascii"))
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusable("keys.unreadable", path=key_file.name) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyUnusable("keys.not-ed25519", path=key_file.name)
    multikey = multikey_of(private.public_key().public_bytes_raw())
    if multikey != public.multikey:
        raise KeyUnusable("keys.halves-differ", path=key_file.name)
    if did.startswith("did:key:") and did != f"did:key:{multikey}":
        raise Refused("keys.not-of-did", did=did, key=f"did:key:{multikey}")
    return Signer(did, PublicKey(multikey, demo or public.demo, public.created_at), pem)


def check_proof(document: Mapping[str, Any], key: PublicKey) -> None:
    """Checks a document's proof against a key that is trusted already. Raises NotSigned.

    What `sign` would refuse is refused here: a member that the proof does not cover could have been put in since.
    """
    from openbadgeslib.errors import LibOpenBadgesException
    from openbadgeslib.ob3 import did as dids
    from openbadgeslib.ob3 import ldp
    from openbadgeslib.ob3.contexts import document_loader

    try:
        ldp.verify_data_integrity_proof(dict(document), dids.resolve_did(f"did:key:{key.multikey}"))
        ldp._check_json_ld_form(dict(document), document["proof"], document_loader())  # noqa: SLF001 - as above
    except (LibOpenBadgesException, ValueError) as error:
        raise NotSigned("signing.proof-invalid", reason=str(error)) from error
