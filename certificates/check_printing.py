"""What would stop the certificates of a policy from being set: logos, letters, too many words. And names. Found by `lms-sync check`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from authoring.problems import LmsSyncError, Place, Problem
from certificates.certificate_pdf import (
    characters_lacking,
    name_fits,
    printed_name,
    printed_text,
    wording_fits,
)
from certificates.policy import Policy
from certificates.printed import read_logo


def name_problems(names: Iterable[tuple[str, str, Place]]) -> Iterator[Problem]:
    """Which people's names no certificate could hold: first name, last name, and where they stand. Warnings, because they
    may learn all the same.
    """
    for first, last, place in names:
        name = printed_name(first, last)
        if lacking := characters_lacking(name):
            yield Problem(
                "certificate.letters-lacking", {"name": name, "letters": " ".join(lacking)}, place, "warning"
            )
        elif not name_fits(name, "portrait"):  # the narrower one
            yield Problem("certificate.name-too-wide", {"name": name}, place, "warning")


def printing_problems(policy: Policy, folder: Path) -> Iterator[Problem]:
    """Every problem of what a policy has printed; `folder` is the academy's, in which the logos are."""
    for number, logo in enumerate(policy.design.logos):
        try:
            read_logo(folder, logo.file)
        except LmsSyncError as error:
            for one in error.problems:
                yield policy.problem(one.code, ("design", "logos", number), **one.params)
    if lacking := characters_lacking(printed_text(policy)):
        yield policy.problem(
            "certificate.policy-letters-lacking", (), policy=policy.id, letters=" ".join(lacking)
        )
    elif not wording_fits(policy):
        yield policy.problem("certificate.policy-too-long", (), policy=policy.id)
