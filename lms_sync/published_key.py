"""Whether the public address of a did:web names the key that would sign: looked up before anything is issued.

What a verifier finds there decides (did:web Method Specification, "Read (Resolve)"; VC Data Integrity 1.0, section 4.4): a
certificate that is signed with a key that is not listed is a forgery to all the world, and stays one on paper.
"""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from authoring.problems import Problem, Refused
from certificates.issuer import Issuer
from certificates.public_key import PublicKey

SECONDS = 5.0
_LARGEST = 256 * 1024  # bytes; a key takes a quarter of one thousand of them

Ask = Callable[[str], bytes]
"""What stands at an address. Raises OSError, with a reason, where it cannot be read."""


def published_key_problems(issuer: Issuer, ask: Ask | None = None) -> list[Problem]:
    """A warning where the document of the issuer's did:web cannot be read, and so is not known to be right.

    Raises Refused where it can be read and names other keys, or another did. Nothing is asked about a did:key, which is
    its key, about a key for demonstrations, and about an address of this machine, where nobody else would look.
    """
    address = document_address(issuer.did)
    if address is None or issuer.signer.demo:
        return []
    try:
        content = (ask or ask_web)(address)
        document = json.loads(content)
        if not isinstance(document, dict) or "id" not in document:
            raise ValueError("no DID document")
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, OSError) else "no DID document"
        return [
            Problem("keys.document-not-read", {"url": address, "reason": reason}, severity="warning"),
        ]
    if document["id"] != issuer.did:
        raise Refused("keys.document-of-other", url=address, did=document["id"], ours=issuer.did)
    if not _names(document, issuer.did, issuer.signer.public):
        listed = ", ".join(_keys_of(document)) or "–"
        raise Refused("keys.not-published", url=address, key=issuer.signer.public.multikey, listed=listed)
    return []


def document_address(did: str) -> str | None:
    """Where the document of a did:web is (`did:web:host`, `did:web:host%3Aport`, `did:web:host:path:to`); None for other
    dids, and for hosts that are this machine.
    """
    if not did.startswith("did:web:"):
        return None
    host, *path = (unquote(part) for part in did.removeprefix("did:web:").split(":"))
    if _is_this_machine(host.rsplit(":", 1)[0].strip("[]")):
        return None
    return f"https://{host}/{'/'.join(path or ['.well-known'])}/did.json"


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names(document: dict[str, Any], did: str, key: PublicKey) -> bool:
    """Whether a verifier who looks for the method of our signatures finds our key, and may use it for assertions."""
    wanted = key.verification_method(did)
    for one in _listed(document.get("assertionMethod")):
        method = one if isinstance(one, dict) else _method(document, did, one)
        if method is not None and _absolute(did, method.get("id")) == wanted:
            return _is_key(method, key)
    return False


def _method(document: dict[str, Any], did: str, reference: object) -> dict[str, Any] | None:
    for one in _listed(document.get("verificationMethod")):
        if isinstance(one, dict) and _absolute(did, one.get("id")) == _absolute(did, reference):
            return one
    return None


def _is_key(method: dict[str, Any], key: PublicKey) -> bool:
    if "publicKeyMultibase" in method:
        return bool(method["publicKeyMultibase"] == key.multikey)
    jwk = method.get("publicKeyJwk")
    x = base64.urlsafe_b64encode(key.raw()).decode("ascii").rstrip("=")
    return isinstance(jwk, dict) and (jwk.get("crv"), jwk.get("x")) == ("Ed25519", x)


def _keys_of(document: dict[str, Any]) -> list[str]:
    methods = [one for one in _listed(document.get("verificationMethod")) if isinstance(one, dict)]
    return [str(one.get("publicKeyMultibase") or one.get("id"))[:100] for one in methods[:5]]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _absolute(did: str, reference: object) -> str:
    return f"{did}{reference}" if str(reference).startswith("#") else str(reference)


def ask_web(address: str) -> bytes:
    """What a web server says, all of it within `SECONDS` of being asked. Raises OSError."""
    import requests

    from lms_sync.moodle.watched_connection import Watch, watched_session

    content = b""
    try:
        with (
            watched_session() as session,
            Watch(SECONDS) as watch,
            session.get(address, timeout=SECONDS, stream=True) as answer,
        ):
            if answer.status_code != 200:
                raise OSError(f"HTTP {answer.status_code}")
            for piece in answer.iter_content(16_384):
                content += piece
                if len(content) > _LARGEST:
                    raise OSError(f"> {_LARGEST} B")
    except requests.RequestException as error:
        raise OSError(type(error).__name__) from error
    if watch.passed:  # what is cut looks like what has ended
        raise OSError("Timeout")
    return content
