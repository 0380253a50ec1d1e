"""What a changed policy would do: who would gain, who would lose, before anything is published. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import Engine

from certificates.decide import Decision, decide_by_version
from certificates.held import read_held
from certificates.holders import printed_names
from certificates.policy import Policy
from certificates.propose import candidates
from certificates.standing import NEVER, read_standing
from lms_sync.clock import Clock, local_date
from lms_sync.same_person import one_person
from lms_sync.store.database import reading
from programmes.programme import Programme

Change = Literal["gains", "loses", "moves", "keeps"]
"""Earned by the changed policy only; by the present one only; by both with other dates; held, and kept all the same."""


@dataclass(frozen=True)
class Simulated:
    """One holder for whom the changed policy says something else. `missing` is what it asks for besides."""

    person: str
    name: str
    change: Change
    before: Decision | None
    after: Decision

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "person": self.person,
            "name": self.name,
            "change": self.change,
            "before": None if self.before is None else _json(self.before),
            "after": _json(self.after),
        }


@dataclass(frozen=True)
class Simulation:
    """Everybody for whom something changes, and for how many nothing does."""

    policy: str
    as_of: date
    changes: tuple[Simulated, ...]
    same: int

    def count(self, change: Change) -> int:
        """How many have this change."""
        return sum(one.change == change for one in self.changes)


def simulate(
    engine: Engine,
    site: str,
    present: Policy | None,
    changed: Policy,
    clock: Clock,
    *,
    listed: Collection[str] | None = None,
    programmes: Mapping[str, Programme] | None = None,
) -> Simulation:
    """Decides about everybody by the present policy and by the changed one, today; None: there was none.

    Who holds the award keeps it whatever the policy says; they are told apart where they would not earn it today. The
    changed file stands for the version that it names, beside all others.
    """
    there = programmes or {}
    today = local_date(clock.now(), changed.timezone)
    if present is not None:
        changed.beside([one for one in present.versions if one.version != changed.version])
    changes: list[Simulated] = []
    same = 0
    with reading(engine) as connection:
        one = one_person(connection, site)
        held = read_held(connection, site, one)
        standing = read_standing(connection, site, changed.id, one, today)
        by = [
            None
            if policy is None
            else dict(candidates(connection, site, policy, held, there, one, standing, None))
            for policy in (present, changed)
        ]
        for person in sorted({person for some in by if some is not None for person in some}):
            where = standing.get(person, NEVER)
            holds = where.before is not None or where.cycle is None
            if not holds and listed is not None and person not in listed:
                continue
            before, after = (
                None
                if policy is None or some is None
                else decide_by_version(
                    policy, some.get(person, ()), today, holder=person, held=held, programmes=there
                )[1]
                for policy, some in ((present, by[0]), (changed, by[1]))
            )
            assert after is not None
            change = _change(before, after, holds=holds)
            if change is None:
                same += 1
            else:
                changes.append(Simulated(person, "", change, before, after))
        names = printed_names(connection, [one.person for one in changes])
    named = [Simulated(c.person, names.get(c.person, ""), c.change, c.before, c.after) for c in changes]
    order = ("gains", "loses", "moves", "keeps")
    named.sort(key=lambda c: (order.index(c.change), c.name, c.person))
    return Simulation(changed.id, today, tuple(named), same)


def _change(before: Decision | None, after: Decision, *, holds: bool) -> Change | None:
    had, has = before is not None and before.state == "eligible", after.state == "eligible"
    if holds:
        return None if has else "keeps"
    if has and not had:
        return "gains"
    if had and not has:
        return "loses"
    if has and before is not None:
        moved = (before.earned_on, before.expires_on) != (after.earned_on, after.expires_on)
        return "moves" if moved else None
    return None


def _json(decision: Decision) -> dict[str, object]:
    return {
        "state": decision.state,
        "earned_on": None if decision.earned_on is None else decision.earned_on.isoformat(),
        "expires_on": None if decision.expires_on is None else decision.expires_on.isoformat(),
        "missing": [reason.as_json() for reason in decision.missing],
    }
