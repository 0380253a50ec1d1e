"""Prior learning: what somebody has learned elsewhere, recognised by an officer with evidence, as a fact like attendance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from authoring.problems import NONE_YET, Refused
from certificates.explain import find_holder
from certificates.holders import printed_names
from certificates.policy import Policy
from lms_sync.clock import Clock, local_date
from lms_sync.facts import PRIOR_LEARNING, Fact, store_told, told_source_id
from lms_sync.same_person import one_person
from lms_sync.store import schema
from lms_sync.write_files import refuse_links, write_durably

FOLDER = "evidence/prior-learning"
MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Recognised:
    """What was recorded; `new` is False where the same was known already. `file` is where the evidence was kept."""

    person: str
    name: str
    kind: str
    on: date
    recognised: bool
    evidence: str
    new: bool
    file: str = ""

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "person": self.person,
            "name": self.name,
            "kind": self.kind,
            "on": self.on.isoformat(),
            "recognised": self.recognised,
            "evidence": self.evidence,
            "new": self.new,
            "file": self.file or None,
        }


def record_prior_learning(
    engine: Engine,
    site: str,
    folder: Path,
    policies: Iterable[Policy],
    person: str,
    kind: str,
    *,
    evidence: str,
    by: str,
    clock: Clock,
    on: date | None = None,
    recognised: bool = True,
) -> Recognised:
    """Records that prior learning of a kind is recognised (or not after all), `on` a day; today where none is given.

    `evidence` is the path of a file, which is copied into the academy and named with its SHA-256, or words. Raises
    Refused where the person is not clear, no policy asks for that kind, or the day is still to come.
    """
    asking = [policy for policy in policies if any(kind in one.prior_learning for one in policy.versions)]
    if not asking:
        known = sorted(
            {each for policy in policies for one in policy.versions for each in one.prior_learning}
        )
        raise Refused("prior-learning.not-asked", kind=kind, known=", ".join(known) or NONE_YET)
    if not by.strip():
        raise Refused("approve.nobody")
    if not evidence.strip():
        raise Refused("prior-learning.no-evidence")
    now = clock.now()
    today = local_date(now, asking[0].timezone)
    day = on or today
    if day > today:
        raise Refused("prior-learning.in-future", day=day.isoformat())
    content = _content(evidence)
    with engine.begin() as connection:
        holder = find_holder(connection, site, person, "person")
        one = one_person(connection, site)
        holder = one.get(holder, holder)
        file, said = "", evidence.strip()
        if content is not None:
            digest = hashlib.sha256(content).hexdigest()
            file = f"{FOLDER}/{kind}-{digest[:16]}{Path(evidence).suffix.lower()}"
            said = f"{file} sha256:{digest}"
        value = {"recognised": recognised, "on": day.isoformat(), "evidence": said, "recorded_by": by.strip()}
        fact = Fact(PRIOR_LEARNING, told_source_id(kind, holder), now, holder, "", kind, value)
        new = store_told(connection, site, [fact], now, None)
        name = printed_names(connection, [holder]).get(holder, "")
        if content is not None:
            _keep(folder, file, content)
    return Recognised(holder, name, kind, day, recognised, said, bool(new), file)


def _content(evidence: str) -> bytes | None:
    """The file's content; None for words. Raises Refused for what looks like a file and is none, or is too large."""
    path = Path(evidence)
    try:
        there = path.is_file()
    except (OSError, ValueError):
        return None  # too long for a name, or with characters that no name has: words
    if not there:
        if len(path.suffix) in range(3, 7) and " " not in evidence.strip():
            raise Refused("milestones.no-file", file=evidence)
        return None
    content = path.read_bytes()
    if len(content) > MAX_BYTES:
        raise Refused("milestones.file-too-large", file=path.name, limit=MAX_BYTES // 1_000_000)
    return content


def _keep(folder: Path, name: str, content: bytes) -> None:
    target = folder / name
    refuse_links(target, below=folder)
    if not target.is_file() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_durably(target, content, mode=0o600)  # it may hold names and marks


def kept_files(connection: Connection, site: str, people: Iterable[str]) -> list[str]:
    """The files of evidence, in the academy, of these people and of nobody else."""
    fact = schema.fact
    query = select(fact.c.person_id, fact.c.value).where(fact.c.site == site, fact.c.stream == PRIOR_LEARNING)
    ours: set[str] = set()
    others: set[str] = set()
    wanted = set(people)
    for row in connection.execute(query):
        name = str(row.value.get("evidence", "")).partition(" sha256:")[0]
        if name.startswith(f"{FOLDER}/"):
            (ours if row.person_id in wanted else others).add(name)
    return sorted(ours - others)
