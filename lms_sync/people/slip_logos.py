"""Whose logos stand on the slips of an institution: those of the programmes in which it takes part."""

from __future__ import annotations

from pathlib import Path

from lms_sync.people.read import Institution
from lms_sync.people.slips_pdf import Logo
from programmes import read_programmes


def slip_logos(folder: Path, institution: Institution, language: str) -> tuple[Logo, ...]:
    """The partners' logos in their order, each picture once; raises ContentError where a programme cannot be read."""
    found: dict[Path, Logo] = {}
    for programme in read_programmes(folder):
        if programme.takes_part(institution.code, institution.kind):
            for partner in programme.partners:
                path = folder / partner.logo
                if partner.logo and path.is_file():
                    found.setdefault(path, Logo((partner.short or partner.name).in_language(language), path))
    return tuple(found.values())
