"""Who issues: the institution's opened key, its identifier and its public address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from authoring.problems import Refused
from certificates.public_key import PublicKey, read_public_keys
from certificates.seal import Seal, SealFile, open_seal
from certificates.signing import Signer, open_signer
from lms_sync.clock import Clock, SystemClock

# What stands in config.example.yaml until the institution puts its own address in.
_EXAMPLE_HOST = "certificates.example.org"


@dataclass(frozen=True)
class Issuer:
    """Who issues: the opened key, the public address under which anyone verifies, the opened seals by name, the folder in
    which the logos of certificates are, and the public halves of former keys.
    """

    signer: Signer
    base_url: str
    seals: Mapping[str, Seal] = field(default_factory=dict)
    logos: Path | None = None
    former: tuple[PublicKey, ...] = ()

    @property
    def did(self) -> str:
        """The institution's identifier."""
        return self.signer.did


def open_issuer(
    *,
    did: str | None,
    base_url: str | None,
    key_file: Path,
    seals: Iterable[SealFile] = (),
    logos: Path | None = None,
    clock: Clock | None = None,
) -> Issuer:
    """The issuer as configured. Raises KeyUnusable, SealUnusable, and Refused where `issuer.did` or `portal.base_url`
    is not set or still the example's, or a seal's certificate is not valid now (as `clock` says).

    Both stand in every credential for ever, so that nothing is issued before they are decided.
    """
    if not did:
        raise Refused("issuer.did-missing")
    if not base_url:
        raise Refused("portal.base-url-missing")
    for value in (did, base_url):
        if _EXAMPLE_HOST in value:
            raise Refused("issuer.still-example", value=value)
    opened = {one.name: open_seal(one, clock or SystemClock()) for one in seals}
    signer = open_signer(key_file, did)
    return Issuer(signer, base_url.rstrip("/"), opened, logos, read_public_keys(key_file)[1:])
