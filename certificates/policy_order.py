"""In which order policies are decided, where one award is a requirement of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from authoring.problems import Problem
from authoring.read_yaml import Pointer
from certificates.policy import Policy
from certificates.requirement import Requirement


def in_order(policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """Policies so that each comes after those whose awards it asks for; else trainers first, then by id.

    Trainers come first because sessions count by who led them.
    """
    by_id = {policy.id: policy for policy in policies}
    done: dict[str, Policy] = {}

    def add(policy: Policy, under_way: frozenset[str]) -> None:
        if policy.id in done or policy.id in under_way:
            return
        for award in policy.awards:
            if award in by_id:
                add(by_id[award], under_way | {policy.id})
        done[policy.id] = policy

    for policy in sorted(policies, key=lambda one: (one.kind != "trainer", one.id)):
        add(policy, frozenset())
    return tuple(done.values())


def cycles(policies: Mapping[str, Policy]) -> Iterator[Problem]:
    """A problem for each requirement of an award that, through others or at once, requires the policy's own award."""
    for policy in policies.values():
        for award, pointer in award_requirements(policy.require, ("require",)):
            if (way := _way(policies, award, policy.id)) is not None:
                shown = " → ".join((policy.id, *way))
                yield policy.problem("policy.cycle", pointer, way=shown)


def award_requirements(node: Requirement, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    """The awards that a requirement asks for, each with its place."""
    for one, at in node.nodes(pointer):
        if one.award is not None:
            yield one.award, (*at, "award")


def _way(policies: Mapping[str, Policy], start: str, goal: str) -> tuple[str, ...] | None:
    """The shortest way from an award to another by what they ask for."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        after = _asked(policies[way[-1]]) if way[-1] in policies else ()
        ways.extend((*way, award) for award in after if award not in seen)
        seen.update(after)
    return None


def _asked(policy: Policy) -> tuple[str, ...]:
    """The awards that must be held before this one is earned for the first time."""
    return tuple(sorted({leaf.award for leaf in policy.require.leaves() if leaf.award is not None}))
