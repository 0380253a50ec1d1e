"""Every certificate with its state, as an officer sees it; and the register as a table for the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, select

from certificates.award import Award, award_from_row
from certificates.holders import printed_names
from certificates.policy import Policy
from certificates.status import Status, status_of
from certificates.validity import Phase, grace_ends, phase_on, window_opens
from lms_sync.clock import Clock, local_date
from lms_sync.store import schema
from lms_sync.store.database import reading

REGISTER = (
    "entry", "serial", "award", "version", "holder", "issued_on", "valid_until", "status", "replaced_by", "replaces",
    "approved_by", "first_approved_by", "approved_at", "protocol_number", "legal_basis", "policy_sha256", "pdf_sha256",
    "entry_hash",
)  # fmt: skip
"""Columns of the register for the archive."""


@dataclass(frozen=True)
class Certificate:
    """One issued award. `phase` and the two days are by the present policy's rule for renewals; computed, never stored."""

    award: Award
    name: str  # as in the register of people today; "" where it was erased
    status: Status
    phase: Phase
    window_opens: date | None
    grace_ends: date | None
    successor: str | None  # serial of what replaced it
    predecessor: str | None  # serial of what it replaced

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        award = self.award
        return {
            "serial": award.serial,
            "award": award.policy,
            "person": award.person_id,
            "name": self.name,
            "issued_on": award.issued_on.isoformat(),
            "expires_on": None if award.expires_on is None else award.expires_on.isoformat(),
            "status": self.status,
            "phase": self.phase,
            "window_opens": None if self.window_opens is None else self.window_opens.isoformat(),
            "grace_ends": None if self.grace_ends is None else self.grace_ends.isoformat(),
            "replaced_by": self.successor,
            "replaces": self.predecessor,
            "verification_id": award.verification_id,
            "verification_url": award.verification_url,
        }


def list_certificates(
    engine: Engine, site: str, policies: Iterable[Policy], clock: Clock
) -> list[Certificate]:
    """Every award of a site, in the order of issue."""
    rules = {policy.id: policy.renewal for policy in policies}
    issue, event = schema.issue, schema.status_event
    with reading(engine) as connection:
        awards = [
            award_from_row(row)
            for row in connection.execute(
                select(issue)
                .where(issue.c.site == site)
                .order_by(issue.c.issued_at, issue.c.series, issue.c.serial)
            )
        ]
        written: dict[str, list[Any]] = {}
        for row in connection.execute(select(event).where(event.c.site == site).order_by(event.c.id)):
            written.setdefault(row.issue_id, []).append(row)
        names = printed_names(connection, sorted({award.person_id for award in awards}))
    serial = {award.id: award.serial for award in awards}
    found = []
    for award in awards:
        today = local_date(clock.now(), award.wording.timezone)
        events = written.get(award.id, [])
        rule = rules.get(award.policy)
        ends = award.expires_on
        successor = next((row.successor for row in events if row.event == "superseded"), None)
        found.append(
            Certificate(
                award,
                names.get(award.person_id, ""),
                status_of((row.event for row in events), ends, today),
                phase_on(today, ends, rule),
                window_opens(ends, rule.window_months) if ends is not None and rule is not None else None,
                grace_ends(ends, rule.grace_days) if ends is not None and rule is not None else None,
                serial.get(successor or ""),
                serial.get(award.supersedes or ""),
            )
        )
    return found


def register_rows(engine: Engine, site: str, clock: Clock) -> list[list[str | float]]:
    """The register as rows for the archive: a heading, and one row for each award in the order of its entry."""
    certificates: Mapping[str, Certificate] = {
        one.award.id: one for one in list_certificates(engine, site, (), clock)
    }
    entry, approval, decision = schema.register_entry, schema.approval, schema.decision
    issue, document = schema.issue, schema.document
    query = (
        select(entry.c.number, entry.c.hash, issue.c.id, approval, decision.c.policy_sha256)
        .join(issue, issue.c.id == entry.c.subject)
        .join(approval, approval.c.grant_key == issue.c.grant_key)
        .join(decision, decision.c.id == approval.c.decision_id)
        .where(entry.c.site == site, entry.c.kind == "issued")
        .order_by(entry.c.number)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
        pdf = {
            row.issue_id: row.sha256
            for row in connection.execute(
                select(document.c.issue_id, document.c.sha256).where(
                    document.c.site == site, document.c.kind == "pdf"
                )
            )
        }
    found: list[list[str | float]] = [list(REGISTER)]
    for row in rows:
        one = certificates[row[issue.c.id]]
        award = one.award
        found.append(
            [
                row["number"],
                award.serial,
                award.policy,
                award.policy_version,
                one.name,
                award.issued_on.isoformat(),
                "" if award.expires_on is None else award.expires_on.isoformat(),
                one.status,
                one.successor or "",
                one.predecessor or "",
                row["approved_by"],
                row["first_by"] or "",
                row["approved_at"].isoformat(timespec="seconds"),
                row["protocol_number"] or "",
                row["legal_basis"] or "",
                row["policy_sha256"],
                pdf.get(award.id, ""),
                row["hash"],
            ]
        )
    return found
