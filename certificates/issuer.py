"""Who issues: the institution's opened key, its identifier and its public address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from authoring.problems import Refused
from certificates.signing import Signer, open_signer


@dataclass(frozen=True)
class Issuer:
    """Who issues: the opened key and the public address under which anyone verifies."""

    signer: Signer
    base_url: str

    @property
    def did(self) -> str:
        """The institution's identifier."""
        return self.signer.did


def open_issuer(*, did: str | None, base_url: str | None, key_file: Path) -> Issuer:
    """The issuer as configured. Raises Refused where `issuer.did` or `portal.base_url` is not set, KeyUnusable.

    Both stand in every credential for ever, so that nothing is issued before they are decided.
    """
    if not did:
        raise Refused("issuer.did-missing")
    if not base_url:
        raise Refused("portal.base-url-missing")
    return Issuer(open_signer(key_file, did), base_url.rstrip("/"))
