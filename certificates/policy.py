"""The award policy of an institution: `certificates/<slug>/policy.yaml`, form policy/1.

A policy says what an award is called, what must be met for it, how long it is valid, how it is renewed and who
approves it. It is read as data, checked as a whole (every problem at once, each at its place), and carries its own
tests: given these facts, on this date, expect this. The form is described in `docs/formats/policy.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from authoring.languages import Language, LocalizedText
from authoring.problems import ContentError, Problem
from authoring.read_yaml import Document, Pointer, load_model, parse_yaml, read_text, relative_name
from certificates.design import MAX_COSIGNERS, Design, Signatory
from certificates.policy_tests import PolicyTest
from certificates.policy_whole import whole_problems
from certificates.requirement import Requirement, Slug, Strict, several
from certificates.validity import Effective, Renewal, Retention, Validity

POLICY_FILE = "policy.yaml"
OTHER_VERSIONS = "policy-*.yaml"

Kind = Literal["achievement", "attendance", "trainer", "institution"]
"""What an award says of its holder. Those of kind "institution" are held by institutions, all others by people."""

Approval = Literal["manual", "two-persons", "automatic"]
"""Who approves: a person, two different persons, or the policy itself."""


def _none_or_map(value: object) -> object:
    if value == "none":
        return None
    if value is None:
        raise ValueError("policy.validity")
    return value


Same = dict[str, Annotated[tuple[str, ...], BeforeValidator(several)]]


class Equivalences(Strict):
    """What counts as well: by the key of a requirement what it asks for, and what stands for it."""

    course_completed: Same = {}
    quiz: Same = {}
    exercise: Same = {}
    award: Same = {}


class SerialPattern(Strict):
    """How serial numbers look: a format with `{year}` and `{n}`, such as "DPA-{year}-{n:05d}"."""

    pattern: str

    def series(self, year: int) -> str:
        """The name of the counter: the pattern with its year filled in."""
        return self.pattern.replace("{year}", str(year))

    def number(self, year: int, n: int) -> str:
        """The serial number itself."""
        return self.pattern.format(year=year, n=n)


class Policy(Strict):
    """A whole policy. Make one with `read_policy`, which also checks what single fields cannot tell."""

    form: Literal["policy/1"] = Field(alias="schema")
    id: Slug
    version: Annotated[int, Field(ge=1)]
    effective: Effective = Effective()
    kind: Kind
    title: LocalizedText
    description: LocalizedText
    criteria: LocalizedText
    hours: Annotated[float, Field(gt=0, le=10_000)] | None = None
    outcomes: dict[Language, tuple[str, ...]] = {}
    issuer_name: LocalizedText
    signatory: Signatory
    cosigners: Annotated[tuple[Signatory, ...], Field(max_length=MAX_COSIGNERS)] = ()
    design: Design = Design()
    timezone: str
    require: Requirement
    equivalences: Equivalences = Equivalences()
    validity: Annotated[Validity | None, BeforeValidator(_none_or_map)]
    renewal: Renewal | None = None
    approval: Approval
    serial: SerialPattern
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    retention: Retention | None = None
    tests: tuple[PolicyTest, ...] = ()

    _text: str = PrivateAttr(default="")
    _document: Document | None = PrivateAttr(default=None)
    _others: tuple[Policy, ...] = PrivateAttr(default=())

    @property
    def text(self) -> str:
        """The policy as it was written."""
        return self._text

    @property
    def sha256(self) -> str:
        """SHA-256 of the policy's text in UTF-8, hexadecimal: it names the exact rules of an award."""
        return hashlib.sha256(self._text.encode("utf-8")).hexdigest()

    def written_as(self, text: str, document: Document) -> Policy:
        """The same policy, knowing its text and the places in it."""
        self._text, self._document = text, document
        return self

    def beside(self, others: Sequence[Policy]) -> Policy:
        """The same policy, knowing its other versions."""
        self._others = tuple(others)
        return self

    @property
    def signatories(self) -> tuple[Signatory, ...]:
        """Who signs, the issuer's first."""
        return (self.signatory, *self.cosigners)

    @property
    def versions(self) -> tuple[Policy, ...]:
        """The policy and its other versions of the policy, in the order in which they come into effect."""
        return tuple(
            sorted((self, *self._others), key=lambda one: (one.effective.from_ or date.min, one.version))
        )

    def all_leaves(self) -> Iterator[Requirement]:
        """The leaves of what it asks for, and of what its renewal asks for."""
        yield from self.require.leaves()
        if self.renewal is not None and self.renewal.require is not None:
            yield from self.renewal.require.leaves()

    def same_as(
        self, key: Literal["course_completed", "quiz", "exercise", "award"], subject: str
    ) -> tuple[str, ...]:
        """What a requirement asks for, and all that stands for it."""
        others: Same = getattr(self.equivalences, key)
        return (subject, *others.get(subject, ()))

    @property
    def courses(self) -> tuple[str, ...]:
        """Keys of the courses whose facts this policy looks at."""
        keys: set[str] = set()
        for leaf in self.all_leaves():
            if leaf.course_completed is not None:
                keys.update(self.same_as("course_completed", leaf.course_completed))
            elif leaf.quiz is not None:
                keys.update(one.split("/", 1)[0] for one in self.same_as("quiz", leaf.quiz.activity))
            elif leaf.exercise is not None:
                keys.update(one.split("/", 1)[0] for one in self.same_as("exercise", leaf.exercise))
        return tuple(sorted(keys))

    @property
    def programmes(self) -> tuple[str, ...]:
        """Ids of the programmes whose sessions or milestones this policy looks at."""
        keys = set()
        for leaf in self.all_leaves():
            if (sessions := leaf.attendance or leaf.pilot_led) is not None:
                keys.add(sessions.programme)
            if leaf.milestone is not None:
                keys.add(leaf.milestone.split("/", 1)[0])
        return tuple(sorted(keys))

    @property
    def awards(self) -> tuple[str, ...]:
        """Ids of the policies whose awards this one asks for, and of those that stand for them."""
        return tuple(
            sorted(
                {
                    one
                    for leaf in self.all_leaves()
                    if leaf.award is not None
                    for one in self.same_as("award", leaf.award)
                }
            )
        )

    @property
    def prior_learning(self) -> tuple[str, ...]:
        """The kinds of prior learning that this policy asks for."""
        return tuple(sorted({leaf.prior_learning for leaf in self.all_leaves() if leaf.prior_learning}))

    @property
    def holder_kind(self) -> Literal["person", "institution"]:
        """Who can hold the award."""
        return "institution" if self.kind == "institution" else "person"

    def problem(self, code: str, pointer: Pointer, **params: object) -> Problem:
        """A problem at a place of this policy's file."""
        if self._document is None:
            return Problem(code, params)
        return Problem(code, params, self._document.place(pointer))


def read_policy(path: Path, *, root: Path) -> Policy:
    """Reads one policy file below `root`; raises ContentError with every problem found.

    The policy's own tests are not run here: see `certificates.check_policy`.
    """
    return parse_policy(read_text(path, root=root), relative_name(path, root))


def parse_policy(text: str, file: str) -> Policy:
    """Reads a policy from its text; `file` is the name that problems carry. Raises ContentError."""
    document = parse_yaml(text, file)
    try:
        policy = load_model(document, Policy).written_as(text, document)
    except ContentError as error:
        raise ContentError(_own_code(problem) for problem in error.problems) from error
    if problems := list(whole_problems(policy)):
        raise ContentError(problems)
    return policy


def read_policies(root: Path) -> tuple[Policy, ...]:
    """Every `certificates/*/policy.yaml` of an academy folder, by id, each knowing its other versions in
    `policy-*.yaml` beside it. Raises ContentError with all problems.
    """
    policies: dict[str, Policy] = {}
    problems: list[Problem] = []

    def read(path: Path) -> Policy | None:
        try:
            return read_policy(path, root=root)
        except ContentError as error:
            problems.extend(error.problems)
            return None

    for path in sorted((root / "certificates").glob(f"*/{POLICY_FILE}")):
        others = [
            one for other in sorted(path.parent.glob(OTHER_VERSIONS)) if (one := read(other)) is not None
        ]
        policy = read(path)
        if policy is None:
            continue
        if policy.id in policies:
            problems.append(policy.problem("policy.same-id", ("id",), id=policy.id))
        policies.setdefault(policy.id, policy.beside(others))
        problems.extend(_version_problems(policy))
    if problems:
        raise ContentError(problems)
    return tuple(policies[key] for key in sorted(policies))


def _version_problems(policy: Policy) -> Iterator[Problem]:
    """Versions have one id, numbers that rise with their dates, and on each day at most one of them is in effect."""
    for before, after in zip(policy.versions, policy.versions[1:], strict=False):
        if after.id != before.id:
            yield after.problem("policy.version-id", ("id",), id=after.id, other=before.id)
        elif after.version <= before.version:
            yield after.problem(
                "policy.version-order", ("version",), version=after.version, other=before.version
            )
        elif after.effective.from_ is None:
            yield after.problem("policy.version-from", ("effective",), version=after.version)
        elif before.effective.until is None or before.effective.until >= after.effective.from_:
            yield before.problem(
                "policy.version-overlap",
                ("effective",),
                version=before.version,
                other=after.version,
                day=after.effective.from_,
            )


def _own_code(problem: Problem) -> Problem:
    """The validators of policies name their message code in place of a reason."""
    reason = str(problem.params.get("reason", ""))
    if problem.code == "yaml.wrong-value" and reason.startswith("policy."):
        return Problem(reason, {k: v for k, v in problem.params.items() if k != "reason"}, problem.place)
    return problem
