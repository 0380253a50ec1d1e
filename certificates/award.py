"""One issued award as the register keeps it: its number, its dates and the wording of its policy.

The wording is copied when the award is issued, so that neither a later policy nor another title of the
course changes what was awarded. No personal data are in it: the holder's name is a document of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row

from authoring.languages import LocalizedText
from certificates.design import PrintedLogo, PrintedSignatory, Sheet
from certificates.policy import Kind, Policy

KINDS = ("holder", "credential", "pdf")
"""The documents of an award, in the order in which they are made."""


class Wording(BaseModel):
    """What an award says, in every language it is written in, and who answers for it."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    form: Literal["award/1"] = "award/1"
    kind: Kind
    title: LocalizedText
    description: LocalizedText
    criteria: LocalizedText
    hours: float | None
    outcomes: dict[str, tuple[str, ...]]
    issuer_name: LocalizedText
    issuer_did: str
    signatory_name: str
    signatory_role: LocalizedText
    timezone: str
    languages: tuple[str, ...]
    base_url: str
    earned_on: date
    demo: bool
    sheet: Sheet = "landscape"
    logos: tuple[PrintedLogo, ...] = ()
    signatories: tuple[PrintedSignatory, ...] = ()  # awards of earlier versions name only one, above

    @classmethod
    def of(
        cls,
        policy: Policy,
        *,
        issuer_did: str,
        base_url: str,
        earned_on: date,
        demo: bool,
        logos: tuple[PrintedLogo, ...] = (),
        signatories: tuple[PrintedSignatory, ...] = (),
    ) -> Wording:
        """The wording of a policy at the moment of issuing; who signs without a seal may be left to the policy."""
        return cls(
            kind=policy.kind,
            title=policy.title,
            description=policy.description,
            criteria=policy.criteria,
            hours=None if policy.kind == "institution" else policy.hours,
            outcomes={language: policy.outcomes.get(language, ()) for language in policy.languages},
            issuer_name=policy.issuer_name,
            issuer_did=issuer_did,
            signatory_name=policy.signatory.name,
            signatory_role=policy.signatory.role,
            timezone=policy.timezone,
            languages=policy.languages,
            base_url=base_url.rstrip("/"),
            earned_on=earned_on,
            demo=demo,
            sheet=policy.design.sheet,
            logos=logos,
            signatories=signatories
            or tuple(PrintedSignatory(name=one.name, role=one.role) for one in policy.signatories),
        )

    @property
    def signers(self) -> tuple[PrintedSignatory, ...]:
        """Who signs, the issuer's first."""
        return self.signatories or (PrintedSignatory(name=self.signatory_name, role=self.signatory_role),)

    def as_json(self) -> dict[str, object]:
        """For the register."""
        return self.model_dump(mode="json")


@dataclass(frozen=True)
class Award:
    """A row of the register."""

    id: str
    site: str
    grant_key: str
    person_id: str
    policy: str
    policy_version: int
    serial: str
    verification_id: str
    status_list: int
    status_index: int
    issued_at: datetime
    issued_on: date
    expires_on: date | None
    wording: Wording
    supersedes: str | None = None  # the award that this one replaced

    @property
    def verification_url(self) -> str:
        """Where anyone checks this award."""
        return f"{self.wording.base_url}/verify/{self.verification_id}"

    @property
    def credential_url(self) -> str:
        """Where the signed credential is; also its id."""
        return f"{self.wording.base_url}/credentials/{self.verification_id}"

    @property
    def status_list_url(self) -> str:
        """Where the status list is that holds this award's bit."""
        return f"{self.wording.base_url}/status/{self.status_list}"

    @property
    def valid_until(self) -> datetime | None:
        """The last second of the last valid day in the issuer's calendar, or None."""
        if self.expires_on is None:
            return None
        midnight = datetime.combine(
            self.expires_on + timedelta(days=1), time(), ZoneInfo(self.wording.timezone)
        )
        return midnight - timedelta(seconds=1)


def award_from_row(row: Row[Any]) -> Award:
    """An award from a row of the table `issue`."""
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    plain = {name: values[name] for name in Award.__dataclass_fields__ if name != "wording"}
    return Award(**plain, wording=Wording.model_validate(values["public"]))
