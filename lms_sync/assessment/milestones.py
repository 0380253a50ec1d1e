"""Milestones as facts: recorded by hand with evidence, or by rule before awards are decided."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine

from authoring.problems import Refused
from lms_sync.assessment.observe import Material, observed
from lms_sync.clock import local_date
from lms_sync.facts import MILESTONE, Fact, facts_of, latest_of_each, store_told, told_source_id
from lms_sync.people import Institution, institutions_by_code, meet_institution
from lms_sync.store.database import reading_one_moment
from lms_sync.write_files import refuse_links, write_durably
from programmes.milestones import Step, paths, reached_by_rule
from programmes.programme import Milestone

EVIDENCE = "evidence"
"""The folder for scans that prove something: `evidence/<programme>/…` of an academy."""

MAX_BYTES = 50_000_000
BY_RULE = "rule"


@dataclass(frozen=True)
class RecordedMilestone:
    """What was recorded; `new` is False where the same was known already. `file` is where the evidence was kept."""

    institution: Institution
    milestone: Milestone
    on: date
    reached: bool
    evidence: str
    new: bool
    file: str = ""

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "institution": self.institution.code,
            "milestone": self.milestone.id,
            "reached": self.reached,
            "on": self.on.isoformat(),
            "evidence": self.evidence,
            "new": self.new,
            "file": self.file or None,
        }


def record_milestone(
    engine: Engine,
    site: str,
    folder: Path,
    material: Material,
    institution: str,
    milestone: str,
    *,
    on: date,
    evidence: str,
    by: str,
    now: datetime,
    reached: bool = True,
) -> RecordedMilestone:
    """Records a milestone that no rule tells; raises Refused where that cannot be.

    `evidence` is said in words, or is the path of a file: that is copied into the academy's `evidence/`, and its
    SHA-256 stands in the fact. Telling the same again adds nothing; another day or evidence corrects what was told.
    """
    programme = material.programme
    here = next((one for one in material.institutions if one.code == institution), None)
    if here is None:
        known = ", ".join(one.code for one in material.institutions[:70]) or "-"
        raise Refused("milestones.no-institution", institution=institution, known=known)
    chosen = next((one for one in programme.milestones if one.id == milestone), None)
    if chosen is None:
        known = ", ".join(one.id for one in programme.milestones) or "-"
        raise Refused("milestones.no-milestone", milestone=milestone, known=known)
    if not chosen.by_hand:
        raise Refused("milestones.by-rule", milestone=milestone, programme=programme.id)
    if not by.strip():
        raise Refused("milestones.nobody")
    if not evidence.strip():
        raise Refused("milestones.no-evidence")
    if on > local_date(now, programme.timezone):
        raise Refused("milestones.in-future", day=on.isoformat())
    kept = _keep_file(folder, material, institution, milestone, evidence)
    said = kept[1] if kept else evidence.strip()
    value: dict[str, object] = {
        "reached": reached,
        "on": on.isoformat(),
        "evidence": said,
        "recorded_by": by.strip(),
    }
    with engine.begin() as connection:
        holder = meet_institution(connection, site, institution, here.name(programme.default_language), now)
        fact = _fact(programme.id, milestone, holder, value, now)
        new = store_told(connection, site, [fact], now, None)
    return RecordedMilestone(here, chosen, on, reached, said, bool(new), kept[0] if kept else "")


def _keep_file(
    folder: Path, material: Material, institution: str, milestone: str, evidence: str
) -> tuple[str, str] | None:
    """Copies a file of evidence; its path in the academy and what the fact says of it, None for words."""
    path = Path(evidence)
    try:
        if not path.is_file():
            if len(path.suffix) in range(3, 7) and " " not in evidence.strip():
                raise Refused("milestones.no-file", file=evidence)
            return None
    except (OSError, ValueError):
        return None  # too long for a name, or with characters that no name has: words
    content = path.read_bytes()
    if len(content) > MAX_BYTES:
        raise Refused("milestones.file-too-large", file=path.name, limit=MAX_BYTES // 1_000_000)
    digest = hashlib.sha256(content).hexdigest()
    name = f"{EVIDENCE}/{material.programme.id}/{milestone}-{institution}-{digest[:12]}{path.suffix.lower()}"
    target = folder / name
    refuse_links(target, below=folder)
    if not target.is_file() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_durably(target, content, mode=0o600)  # it may hold names and signatures
    return name, f"{name} sha256:{digest}"


def _fact(programme: str, milestone: str, holder: str, value: dict[str, object], now: datetime) -> Fact:
    source_id = told_source_id(programme, milestone, holder)
    return Fact(MILESTONE, source_id, now, holder, programme, milestone, value)


def record_by_rule(engine: Engine, site: str, materials: Iterable[Material], now: datetime) -> int:
    """Records what rules say of milestones, so that awards may ask for them; how many facts were new.

    What a rule does not say any more, because what it rested upon was corrected, is taken back by a later fact.
    """
    new = 0
    for material in materials:
        programme = material.programme
        ruled = {one.id for one in programme.milestones if one.when is not None}
        if not ruled:
            continue
        today = local_date(now, programme.timezone)
        names = {one.code: one.name(programme.default_language) for one in material.institutions}
        with engine.begin() as connection:
            seen = observed(connection, site, material, as_of=today)
            steps = reached_by_rule(programme, seen, today)
            stands = {(step.institution, step.milestone) for step in steps}
            facts = []
            for step in steps:
                assert step.on is not None
                holder = meet_institution(connection, site, step.institution, names[step.institution], now)
                facts.append(_fact(programme.id, step.milestone, holder, _by_rule(step), now))
            code_of = {holder: code for code, holder in institutions_by_code(connection, site).items()}
            for fact in latest_of_each(
                one for one in facts_of(connection, site, course=programme.id) if one.stream == MILESTONE
            ):
                key = (code_of.get(fact.person_id, ""), fact.subject)
                if fact.subject in ruled and fact.value.get("reached") is True and key not in stands:
                    value = {**fact.value, "reached": False, "recorded_by": BY_RULE}
                    facts.append(_fact(programme.id, fact.subject, fact.person_id, value, now))
            new += store_told(connection, site, facts, now, None)
    return new


def _by_rule(step: Step) -> dict[str, object]:
    assert step.on is not None
    return {
        "reached": True,
        "on": step.on.isoformat(),
        "evidence": ", ".join(step.sources),
        "recorded_by": BY_RULE,
    }


@dataclass(frozen=True)
class InstitutionPath:
    """An institution with its steps, in the programme's order."""

    institution: Institution
    steps: tuple[Step, ...]

    @property
    def reached(self) -> int:
        """How many milestones are reached."""
        return sum(step.on is not None for step in self.steps)

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "institution": self.institution.code,
            "reached": self.reached,
            "milestones": [
                {
                    "milestone": step.milestone,
                    "on": None if step.on is None else step.on.isoformat(),
                    "evidence": step.evidence or ", ".join(step.sources) or None,
                }
                for step in self.steps
            ],
        }


def listed_paths(
    engine: Engine, site: str, material: Material, as_of: date, institutions: Sequence[str] = ()
) -> list[InstitutionPath]:
    """Every institution's path as of a day, or of those named; raises Refused for one that there is not."""
    with reading_one_moment(engine) as connection:
        seen = observed(connection, site, material, as_of=as_of)
    found = paths(material.programme, seen, as_of)
    if unknown := [code for code in institutions if code not in found]:
        known = ", ".join(found) or "-"
        raise Refused("milestones.no-institution", institution=unknown[0], known=known)
    return [
        InstitutionPath(one, found[one.code])
        for one in material.institutions
        if not institutions or one.code in institutions
    ]
