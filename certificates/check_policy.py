"""Runs the tests that stand inside a policy file, and finds requirements that can never be met."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from authoring.problems import Problem
from authoring.read_yaml import Pointer
from certificates.decide import decide
from certificates.policy import Policy, PolicyTest, Requirement
from lms_sync.facts import Fact


def check_policy(policy: Policy, *, known: Collection[str] | None = None) -> list[Problem]:
    """Runs the policy's own tests; with `known` (course and activity keys) also looks for what can never be met."""
    problems: list[Problem] = []
    if known is not None:
        problems.extend(_unknown_keys(policy, known))
    if not policy.tests:
        problems.append(Problem("policy.no-tests", {}, policy.problem("", ()).place, "warning"))
    for number, test in enumerate(policy.tests):
        decision = decide(policy, _facts_of(policy, test), test.as_of)
        actual: dict[str, object] = {
            "state": decision.state,
            "earned_on": decision.earned_on,
            "expires_on": decision.expires_on,
            "missing": tuple(reason.requirement for reason in decision.missing),
        }
        for key in sorted(test.expect.model_fields_set):
            wanted = getattr(test.expect, key)
            if wanted != actual[key]:
                problems.append(
                    policy.problem(
                        "policy.test-failed",
                        ("tests", number, "expect", key),
                        number=number + 1,
                        key=key,
                        wanted=_shown(wanted),
                        actual=_shown(actual[key]),
                    )
                )
    return problems


def _shown(value: object) -> str:
    if value is None or value == ():
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _unknown_keys(policy: Policy, known: Collection[str]) -> Iterator[Problem]:
    def walk(node: Requirement, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
        if node.course_completed is not None:
            yield node.course_completed, (*pointer, "course_completed")
        if node.quiz is not None:
            yield node.quiz.activity, (*pointer, "quiz", "activity")
        for index, part in enumerate(node.parts):
            yield from walk(part, (*pointer, "all" if node.all is not None else "any", index))

    for key, pointer in walk(policy.require, ("require",)):
        if key not in known:
            similar = difflib.get_close_matches(key, list(known), n=1)
            yield policy.problem("policy.never-met", pointer, key=key, similar=similar[0] if similar else "-")


def _facts_of(policy: Policy, test: PolicyTest) -> Sequence[Fact]:
    """The facts that a policy's own test gives, each at noon of its day in the policy's zone."""
    facts = []
    for index, given in enumerate(test.given):
        noon = datetime(given.on.year, given.on.month, given.on.day, 12, tzinfo=ZoneInfo(policy.timezone))
        if given.course_completed is not None:
            stream, course, subject = "course_completion", given.course_completed, ""
            value: dict[str, object] = {"complete": True}
        else:
            subject = given.quiz or ""
            stream, course = "grade", subject.split("/", 1)[0]
            value = {"grade": float(given.score or 0), "max": 100.0, "item": "mod"}
        facts.append(Fact(stream, f"test-{index}", noon.astimezone(UTC), "test", course, subject, value))
    return facts
