"""The issuer of an academy folder as `config.yaml` has it: key, address, seals, logos."""

from __future__ import annotations

from pathlib import Path

from certificates.issuer import Issuer, open_issuer
from certificates.seal import SealFile
from lms_sync.clock import Clock, SystemClock
from lms_sync.settings import Settings


def configured_issuer(settings: Settings, folder: Path, clock: Clock | None = None) -> Issuer:
    """Opens the key and every seal. Raises what `open_issuer` raises."""
    return open_issuer(
        did=settings.issuer.did,
        base_url=settings.portal.base_url,
        key_file=folder / settings.issuer.key_file,
        seals=[
            SealFile(name, folder / seal.file, seal.password_env) for name, seal in settings.seals.items()
        ],
        logos=folder,
        clock=clock or SystemClock(),
    )


def seal_files(settings: Settings, folder: Path) -> list[SealFile]:
    """Where the seals are, as configured."""
    return [SealFile(name, folder / seal.file, seal.password_env) for name, seal in settings.seals.items()]
