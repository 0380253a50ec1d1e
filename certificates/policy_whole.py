"""What no single field of a policy can tell: whether its parts go together."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from decimal import InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from authoring.languages import LocalizedText
from authoring.problems import Problem
from authoring.read_yaml import Pointer
from certificates.policy_tests import GIVEN_KEYS, KEY, is_complete
from certificates.requirement import Requirement

if TYPE_CHECKING:
    from certificates.policy import Policy

MAX_SERIAL = 64
MAX_LANGUAGES = 3  # on one sheet


def whole_problems(policy: Policy) -> Iterator[Problem]:
    """Every problem of a policy whose single fields are sound."""
    yield from _tree_problems(policy, policy.require, ("require",))
    yield from _date_problems(policy)
    try:
        ZoneInfo(policy.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield policy.problem("policy.timezone", ("timezone",), value=policy.timezone)
    yield from _serial_problems(policy)
    if len(policy.languages) > MAX_LANGUAGES or len(set(policy.languages)) != len(policy.languages):
        yield policy.problem("policy.languages", ("languages",), n=len(policy.languages))
    yield from _text_problems(policy)
    for number, test in enumerate(policy.tests):
        for index, given in enumerate(test.given):
            if not is_complete(given):
                yield policy.problem(
                    "policy.given", ("tests", number, "given", index), keys=", ".join(GIVEN_KEYS)
                )
    if policy.hours is None and policy.kind != "institution":
        yield policy.problem("policy.hours", (), kind=policy.kind)
    yield from _equivalence_problems(policy)


def _text_problems(policy: Policy) -> Iterator[Problem]:
    texts: dict[Pointer, LocalizedText] = {
        ("title",): policy.title,
        ("description",): policy.description,
        ("criteria",): policy.criteria,
        ("issuer_name",): policy.issuer_name,
        ("signatory", "role"): policy.signatory.role,
        **{("cosigners", number, "role"): one.role for number, one in enumerate(policy.cosigners)},
        **{("design", "logos", number, "name"): one.name for number, one in enumerate(policy.design.logos)},
    }
    for pointer, text in texts.items():
        for language in text.missing(policy.languages):
            yield policy.problem("policy.translation-missing", pointer, key=pointer[-1], language=language)
    if not policy.outcomes:
        return
    for language in policy.languages:
        if not policy.outcomes.get(language):
            yield policy.problem(
                "policy.translation-missing", ("outcomes",), key="outcomes", language=language
            )
    counts = {
        len(policy.outcomes[language]) for language in policy.languages if policy.outcomes.get(language)
    }
    if len(counts) > 1:
        yield policy.problem(
            "policy.outcomes-differ", ("outcomes",), counts=", ".join(map(str, sorted(counts)))
        )


# --- requirements -----------------------------------------------------------------------------


def _tree_problems(policy: Policy, root: Requirement, pointer: Pointer) -> Iterator[Problem]:
    for node, at in root.nodes(pointer):
        yield from _node_problems(policy, node, at)


def _node_problems(policy: Policy, node: Requirement, pointer: Pointer) -> Iterator[Problem]:
    if len(node.model_fields_set) != 1 or getattr(node, next(iter(node.model_fields_set))) is None:
        yield policy.problem("policy.one-requirement", pointer, keys=", ".join(Requirement.model_fields))
        return
    for key in ("all", "any"):
        if getattr(node, key) == ():
            yield policy.problem("policy.empty-list", pointer, key=key)
    if node.n_of is not None and node.n_of.n > len(node.n_of.of):
        yield policy.problem(
            "policy.n-of-fewer", (*pointer, "n_of", "n"), wanted=node.n_of.n, n=len(node.n_of.of)
        )
    if node.quiz is not None and not KEY.fullmatch(node.quiz.activity):
        yield policy.problem("policy.activity-key", (*pointer, "quiz", "activity"), value=node.quiz.activity)
    for name in ("exercise", "milestone"):
        value = getattr(node, name)
        if value is not None and not KEY.fullmatch(value):
            yield policy.problem(f"policy.{name}-key", (*pointer, name), value=value)
    if (attendance := node.attendance) is not None:
        if bool(attendance.sessions) == (attendance.kind is not None):
            yield policy.problem("policy.which-sessions", (*pointer, "attendance"))
        if attendance.at_least is not None and attendance.days_at_least is not None:
            yield policy.problem("policy.sessions-or-days", (*pointer, "attendance", "days_at_least"))
        if len(set(attendance.sessions)) != len(attendance.sessions):
            yield policy.problem("policy.session-twice", (*pointer, "attendance", "sessions"))
    if (wrong := _not_for(policy, node)) is not None:
        yield policy.problem(f"policy.not-for-{policy.holder_kind}", (*pointer, wrong), key=wrong)


def _not_for(policy: Policy, node: Requirement) -> str | None:
    """The key of a leaf that this kind of holder can never meet."""
    (key,) = node.model_fields_set
    if not node.is_leaf or key == "award":
        return None
    return key if (key == "milestone") != (policy.kind == "institution") else None


def _equivalence_problems(policy: Policy) -> Iterator[Problem]:
    asked: dict[str, set[str]] = {"course_completed": set(), "quiz": set(), "exercise": set(), "award": set()}
    for leaf in policy.all_leaves():
        for key, found in asked.items():
            value = getattr(leaf, key)
            if value is not None:
                found.add(value.activity if leaf.quiz is not None else value)
    for key, found in asked.items():
        for subject, others in getattr(policy.equivalences, key).items():
            pointer = ("equivalences", key, subject)
            if subject not in found:
                yield policy.problem("policy.equivalence-unused", pointer, key=key, subject=subject)
            if subject in others or not others:
                yield policy.problem("policy.equivalence-empty", pointer, subject=subject)


# --- dates ------------------------------------------------------------------------------------


def _date_problems(policy: Policy) -> Iterator[Problem]:
    effective, validity, renewal = policy.effective, policy.validity, policy.renewal
    if validity is not None and validity.form is None:
        yield policy.problem("policy.validity", ("validity",))
        return
    begin, end = effective.from_, effective.until
    if begin is not None and end is not None and end < begin:
        yield policy.problem("policy.dates-contradict", ("effective", "until"), first=begin, last=end)
    last = None if validity is None else validity.until
    if last is not None and begin is not None and last < begin:
        yield policy.problem("policy.dates-contradict", ("validity", "until"), first=begin, last=last)
    if renewal is None:
        return
    if validity is None or validity.form == "until":
        yield policy.problem("policy.renewal-without-end", ("renewal",))
        return
    length = validity.months or validity.every_months or 0
    if renewal.window_months > length:
        yield policy.problem(
            "policy.window-too-long",
            ("renewal", "window_months"),
            window=renewal.window_months,
            months=length,
        )
    if renewal.require is not None:
        yield from _tree_problems(policy, renewal.require, ("renewal", "require"))


# --- numbers ----------------------------------------------------------------------------------


def _serial_problems(policy: Policy) -> Iterator[Problem]:
    pattern = policy.serial.pattern
    try:
        fields = [(name, spec) for _, name, spec, _ in string.Formatter().parse(pattern) if name is not None]
        sample = policy.serial.number(2026, 99_999)
        different = policy.serial.number(2026, 1) != sample
    except (ValueError, KeyError, IndexError, AttributeError, InvalidOperation):
        fields, sample, different = [], "", False
    wellformed = (
        different
        and sorted(name for name, _ in fields) in (["n"], ["n", "year"])
        and all(spec == "" or (name == "n" and re.fullmatch(r"0[1-9]d", spec or "")) for name, spec in fields)
        and re.fullmatch(r"[A-Za-z0-9./-]+", sample)
        and len(sample) <= MAX_SERIAL - 8
    )
    if not wellformed:
        yield policy.problem("policy.serial", ("serial", "pattern"), value=pattern)
