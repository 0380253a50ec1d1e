"""An institution's path: which milestones it has reached on which day, and by what. Pure.

Rules look at people where they were on the day: an award counts for the institution in which its holder was when it
was issued, attendance for that of the day of the session.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from programmes.observations import Observation, Observed
from programmes.programme import Certified, Milestone, Programme, SessionHeld


@dataclass(frozen=True)
class Step:
    """One milestone of one institution; `on` is None while it is not reached. `sources` are what it rests upon."""

    institution: str
    milestone: str
    on: datetime.date | None = None
    sources: tuple[str, ...] = ()
    evidence: str = ""


def paths(programme: Programme, observed: Observed, as_of: datetime.date) -> dict[str, tuple[Step, ...]]:
    """For every institution of the programme its milestones, in the programme's order, reached or not by a day."""
    found = {
        milestone.id: _by_hand(milestone, observed, as_of)
        if milestone.when is None
        else _by_rule(programme, milestone, observed, as_of)
        for milestone in programme.milestones
    }
    return {
        code: tuple(
            found[milestone.id].get(code, Step(code, milestone.id)) for milestone in programme.milestones
        )
        for code in observed.institutions
    }


def reached_by_rule(programme: Programme, observed: Observed, as_of: datetime.date) -> tuple[Step, ...]:
    """The milestones that rules say are reached, by institution and in the programme's order."""
    ruled = {milestone.id for milestone in programme.milestones if milestone.when is not None}
    return tuple(
        step
        for steps in paths(programme, observed, as_of).values()
        for step in steps
        if step.milestone in ruled and step.on is not None
    )


def _by_hand(milestone: Milestone, observed: Observed, as_of: datetime.date) -> dict[str, Step]:
    return {
        one.institution: Step(one.institution, milestone.id, one.on, (one.source,), one.evidence)
        for one in observed.of("milestone", [milestone.id])
        if one.value and one.on <= as_of and one.institution in observed.institutions
    }


def _by_rule(
    programme: Programme, milestone: Milestone, observed: Observed, as_of: datetime.date
) -> dict[str, Step]:
    rule = milestone.when
    assert rule is not None
    found: Iterable[Step]
    if rule.questionnaire is not None:
        found = _first_each(observed.of("filled", [rule.questionnaire]), milestone.id, as_of)
    elif rule.certified is not None:
        found = _certified(rule.certified, milestone.id, observed, as_of)
    else:
        assert rule.session is not None
        found = _sessions(programme, rule.session, milestone.id, observed, as_of)
    return {step.institution: step for step in found if step.institution in observed.institutions}


def _first_each(observations: Iterator[Observation], milestone: str, as_of: datetime.date) -> Iterable[Step]:
    found: dict[str, Step] = {}
    for one in observations:
        if one.on <= as_of and one.institution not in found:
            found[one.institution] = Step(one.institution, milestone, one.on, (one.source,))
    return found.values()


def _certified(rule: Certified, milestone: str, observed: Observed, as_of: datetime.date) -> Iterator[Step]:
    """Reached on the first day on which so many people held the award at the same time."""
    awards: dict[str, list[Observation]] = defaultdict(list)
    for one in observed.of("certified", [rule.award]):
        if one.on <= as_of:
            awards[one.institution].append(one)
    for institution, held in awards.items():
        days = sorted(
            {first for one in held for first, _ in one.spans or ((one.on, None),) if first <= as_of}
        )
        for day in days:
            valid = {one.holder: one.source for one in held if one.holds_on(day)}
            if len(valid) >= rule.at_least:
                yield Step(institution, milestone, day, tuple(sorted(valid.values())))
                break


def _sessions(
    programme: Programme, rule: SessionHeld, milestone: str, observed: Observed, as_of: datetime.date
) -> Iterator[Step]:
    """Reached on the day on which people of the institution were at so many sessions of the kind."""
    wanted = [session.id for session in programme.sessions if session.kind == rule.kind]
    first: dict[str, dict[str, Observation]] = defaultdict(dict)
    for one in observed.of("attended", wanted):
        if one.on <= as_of:
            first[one.institution].setdefault(one.subject, one)
    for institution, sessions in first.items():
        held = sorted(sessions.values(), key=lambda one: (one.on, one.subject))
        if len(held) >= rule.at_least:
            counted = held[: rule.at_least]
            yield Step(institution, milestone, counted[-1].on, tuple(one.source for one in counted))
