"""Who issues: the institution's opened key, its identifier and its public address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from authoring.problems import Refused
from certificates.signing import Signer, open_signer

# What stands in config.example.yaml until the institution puts its own address in.
_EXAMPLE_HOST = "certificates.example.org"


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
    """The issuer as configured. Raises KeyUnusable, and Refused where `issuer.did` or `portal.base_url` is not
    set or still the example's.

    Both stand in every credential for ever, so that nothing is issued before they are decided.
    """
    if not did:
        raise Refused("issuer.did-missing")
    if not base_url:
        raise Refused("portal.base-url-missing")
    for value in (did, base_url):
        if _EXAMPLE_HOST in value:
            raise Refused("issuer.still-example", value=value)
    return Issuer(open_signer(key_file, did), base_url.rstrip("/"))
