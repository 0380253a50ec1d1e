"""A sample of a policy's certificate, to be looked at before anybody gets one. It says that it is none."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

from authoring.messages import text
from authoring.problems import Problem
from certificates import certificate_pdf
from certificates.award import Award, Wording
from certificates.design import PrintedLogo, PrintedSignatory
from certificates.issue import unprintable
from certificates.policy import Policy
from certificates.printed import design_problems, logo_svg, printed_logos, printed_signatory, read_logo
from certificates.seal import Seal
from certificates.validity import first_period
from certificates.verification_id import LENGTH
from lms_sync.clock import Clock, local_date

_SAMPLE_ID = "0" * LENGTH


def preview(
    policy: Policy,
    clock: Clock,
    *,
    base_url: str,
    seals: Mapping[str, Seal],
    logos_in: Path,
    name: str | None = None,
) -> tuple[bytes | None, list[Problem]]:
    """The sample as PDF, and what would stop a real one. No PDF where a letter or a logo is missing.

    Nothing is signed: of the seals only the names are printed.
    """
    language = policy.languages[0]
    holder = name or text(f"preview.name-{policy.holder_kind}", {}, language)
    problems = [
        *unprintable(holder, "-", policy),
        *design_problems(policy.design, policy.signatories, seals, logos_in),
    ]
    if any(one.code != "seal.not-configured" for one in problems):
        return None, problems
    today = local_date(clock.now(), policy.timezone)
    period = first_period(policy.validity, today)
    logos: tuple[PrintedLogo, ...] = printed_logos(policy.design, logos_in)
    signatories = tuple(
        printed_signatory(one, seals) if one.seal in seals else PrintedSignatory(name=one.name, role=one.role)
        for one in policy.signatories
    )
    award = Award(
        id=str(uuid.uuid4()),
        site="preview",
        grant_key="",
        person_id="",
        policy=policy.id,
        policy_version=policy.version,
        serial=policy.serial.number(today.year, 0),
        verification_id=_SAMPLE_ID,
        status_list=0,
        status_index=0,
        issued_at=clock.now().replace(microsecond=0),
        issued_on=today,
        expires_on=period.expires_on,
        wording=Wording.of(
            policy,
            issuer_did="",
            base_url=base_url,
            earned_on=today,
            demo=True,
            logos=logos,
            signatories=signatories,
        ),
    )
    pictures = [logo_svg(read_logo(logos_in, one.file), one.file) for one in logos]
    return certificate_pdf.render(award, holder, None, pictures), problems
