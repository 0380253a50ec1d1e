"""The award policy of an institution: `certificates/<slug>/policy.yaml`, form policy/1.

A policy says what an award is called, what must be met for it, how long it is valid and who approves it.
It is read as data, checked as a whole (every problem at once, each at its place), and carries its own
tests: given these facts, on this date, expect this. The form is described in `docs/formats/policy.md`.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import string
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from authoring.languages import Language, LocalizedText
from authoring.problems import ContentError, Problem
from authoring.read_yaml import Document, Pointer, load_model, parse_yaml, read_text, relative_name
from programmes.programme import SessionKind

POLICY_FILE = "policy.yaml"
MAX_SERIAL = 64

_PERCENT = re.compile(r"^(\d{1,3}(?:\.\d{1,5})?) ?%$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def _percent(value: object) -> Decimal:
    found = _PERCENT.match(value) if isinstance(value, str) else None
    if found is None or Decimal(found.group(1)) > 100:
        raise ValueError("policy.percent")
    return Decimal(found.group(1))


def _calendar_date(value: object) -> datetime.date:
    if isinstance(value, str) and _DATE.match(value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("policy.date")


def _none_or_map(value: object) -> object:
    if value == "none":
        return None
    if value is None:
        raise ValueError("policy.validity")
    return value


def _slug(value: str) -> str:
    if len(value) > 40 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError("slug")
    return value


Percent = Annotated[Decimal, BeforeValidator(_percent)]
CalendarDate = Annotated[datetime.date, BeforeValidator(_calendar_date)]
Slug = Annotated[str, AfterValidator(_slug)]
State = Literal["eligible", "pending"]
Kind = Literal["achievement", "attendance", "trainer", "institution"]
"""What an award says of its holder. Those of kind "institution" are held by institutions, all others by people."""


def _several(value: object) -> object:
    """One name, or a list of names."""
    return (value,) if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Signatory(_Strict):
    """Who signs the certificate on paper."""

    name: str
    role: LocalizedText


class QuizAtLeast(_Strict):
    """A quiz activity (`<course>/<activity>`) and the least share of its marks."""

    activity: str
    min: Percent


class Attendance(_Strict):
    """Sessions of a programme, by id or by kind, and how many of them (or of their days) must be attended in full."""

    programme: str
    sessions: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    kind: SessionKind | None = None
    at_least: Annotated[int, Field(ge=1)] | Literal["all"] | None = None
    days_at_least: Annotated[int, Field(ge=1)] | None = None

    @property
    def wants_all(self) -> bool:
        """Whether every one of the sessions has to be attended."""
        return self.days_at_least is None and self.at_least in (None, "all")


class PilotLed(_Strict):
    """How many pilot sessions of a programme the holder must have led that count."""

    programme: str
    at_least: Annotated[int, Field(ge=1)] = 1


class Requirement(_Strict):
    """One node of the tree: exactly one of its keys is set (checked by `read_policy`)."""

    course_completed: str | None = None
    quiz: QuizAtLeast | None = None
    attendance: Attendance | None = None
    exercise: str | None = None
    award: str | None = None
    milestone: str | None = None
    pilot_led: PilotLed | None = None
    all: tuple[Requirement, ...] | None = None
    any: tuple[Requirement, ...] | None = None

    @property
    def parts(self) -> tuple[Requirement, ...]:
        """The requirements below an `all` or `any`; empty for a leaf."""
        return self.all or self.any or ()

    def leaves(self) -> Iterator[Requirement]:
        """The leaves of the tree, in the order written."""
        if self.all is None and self.any is None:
            yield self
        for part in self.parts:
            yield from part.leaves()


class Validity(_Strict):
    """How long an award is valid, counted from the day it was earned."""

    months: Annotated[int, Field(ge=1, le=1200)]


class SerialPattern(_Strict):
    """How serial numbers look: a format with `{year}` and `{n}`, such as "DPA-{year}-{n:05d}"."""

    pattern: str

    def series(self, year: int) -> str:
        """The name of the counter: the pattern with its year filled in."""
        return self.pattern.replace("{year}", str(year))

    def number(self, year: int, n: int) -> str:
        """The serial number itself."""
        return self.pattern.format(year=year, n=n)


class GivenFact(_Strict):
    """A fact in a policy's own test: one of the six first keys, `on` (or `day`), and what belongs to it."""

    course_completed: str | None = None
    quiz: str | None = None
    attendance: str | None = None  # <programme>/<session>; one day of it
    exercise: str | None = None
    award: str | None = None
    milestone: str | None = None
    pilot_led: str | None = None  # <programme>/<session>; one day of it
    score: Percent | None = None  # of a quiz
    hours: Annotated[float, Field(ge=0)] | None = None  # of an attendance: fewer than the day has
    leader_award: str | None = None  # of an attendance: what its leader held that day, or none
    until: CalendarDate | None = None  # of an award: its last valid day
    suspended_on: CalendarDate | None = None
    resumed_on: CalendarDate | None = None
    revoked_on: CalendarDate | None = None
    on: CalendarDate | None = None
    day: CalendarDate | None = None

    @property
    def date(self) -> datetime.date:
        """The day of the fact."""
        found = self.on or self.day
        assert found is not None  # checked when the policy was read
        return found


class Expectation(_Strict):
    """What a policy's own test expects; only the keys written are compared."""

    state: State
    earned_on: CalendarDate | None = None
    expires_on: CalendarDate | None = None
    missing: tuple[str, ...] | None = None


class PolicyTest(_Strict):
    """Given these facts, on this date, expect this."""

    given: tuple[GivenFact, ...]
    as_of: CalendarDate
    expect: Expectation


class Policy(_Strict):
    """A whole policy. Make one with `read_policy`, which also checks what single fields cannot tell."""

    form: Literal["policy/1"] = Field(alias="schema")
    id: Slug
    version: Annotated[int, Field(ge=1)]
    kind: Kind
    title: LocalizedText
    description: LocalizedText
    criteria: LocalizedText
    hours: Annotated[float, Field(gt=0, le=10_000)] | None = None
    outcomes: dict[Language, tuple[str, ...]] = {}
    issuer_name: LocalizedText
    signatory: Signatory
    timezone: str
    require: Requirement
    validity: Annotated[Validity | None, BeforeValidator(_none_or_map)]
    approval: Literal["manual", "automatic"]
    serial: SerialPattern
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    tests: tuple[PolicyTest, ...] = ()

    _text: str = PrivateAttr(default="")
    _document: Document | None = PrivateAttr(default=None)

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

    @property
    def courses(self) -> tuple[str, ...]:
        """Keys of the courses whose facts this policy looks at."""
        keys = {
            leaf.course_completed
            or (leaf.quiz.activity if leaf.quiz else leaf.exercise or "").split("/", 1)[0]
            for leaf in self.require.leaves()
        }
        return tuple(sorted(keys - {""}))

    @property
    def programmes(self) -> tuple[str, ...]:
        """Ids of the programmes whose sessions or milestones this policy looks at."""
        keys = set()
        for leaf in self.require.leaves():
            if (sessions := leaf.attendance or leaf.pilot_led) is not None:
                keys.add(sessions.programme)
            if leaf.milestone is not None:
                keys.add(leaf.milestone.split("/", 1)[0])
        return tuple(sorted(keys))

    @property
    def awards(self) -> tuple[str, ...]:
        """Ids of the policies whose awards this one asks for."""
        return tuple(sorted({leaf.award for leaf in self.require.leaves() if leaf.award is not None}))

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
    if problems := list(_whole(policy)):
        raise ContentError(problems)
    return policy


def read_policies(root: Path) -> tuple[Policy, ...]:
    """Every `certificates/*/policy.yaml` of an academy folder, by id; raises ContentError with all problems."""
    policies: dict[str, Policy] = {}
    problems: list[Problem] = []
    for path in sorted((root / "certificates").glob(f"*/{POLICY_FILE}")):
        try:
            policy = read_policy(path, root=root)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        if policy.id in policies:
            problems.append(policy.problem("policy.same-id", ("id",), id=policy.id))
        policies.setdefault(policy.id, policy)
    if problems:
        raise ContentError(problems)
    return tuple(policies[key] for key in sorted(policies))


def _own_code(problem: Problem) -> Problem:
    """The validators of this module name their message code in place of a reason."""
    reason = str(problem.params.get("reason", ""))
    if problem.code == "yaml.wrong-value" and reason.startswith("policy."):
        return Problem(reason, {k: v for k, v in problem.params.items() if k != "reason"}, problem.place)
    return problem


def _whole(policy: Policy) -> Iterator[Problem]:
    """What no single field can tell."""
    yield from _tree_problems(policy, policy.require, ("require",))
    try:
        ZoneInfo(policy.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield policy.problem("policy.timezone", ("timezone",), value=policy.timezone)
    yield from _serial_problems(policy)
    if len(policy.languages) > 2 or len(set(policy.languages)) != len(policy.languages):
        yield policy.problem("policy.languages", ("languages",), n=len(policy.languages))
    texts: dict[Pointer, LocalizedText] = {
        ("title",): policy.title,
        ("description",): policy.description,
        ("criteria",): policy.criteria,
        ("issuer_name",): policy.issuer_name,
        ("signatory", "role"): policy.signatory.role,
    }
    for pointer, text in texts.items():
        for language in text.missing(policy.languages):
            yield policy.problem("policy.translation-missing", pointer, key=pointer[-1], language=language)
    if policy.outcomes:
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
    for number, test in enumerate(policy.tests):
        for index, given in enumerate(test.given):
            if not _is_complete(given):
                yield policy.problem(
                    "policy.given", ("tests", number, "given", index), keys=", ".join(_GIVEN_KEYS)
                )
    if policy.hours is None and policy.kind != "institution":
        yield policy.problem("policy.hours", (), kind=policy.kind)


_GIVEN_KEYS = ("course_completed", "quiz", "attendance", "exercise", "award", "milestone", "pilot_led")
_GIVEN_WITH = {
    "quiz": {"score"},
    "attendance": {"hours", "leader_award"},
    "award": {"until", "suspended_on", "resumed_on", "revoked_on"},
}
_KEY = re.compile(r"[^/\s]+/[^/\s]+")


def _is_complete(given: GivenFact) -> bool:
    written = {key for key in given.model_fields_set if getattr(given, key) is not None}
    what = [key for key in _GIVEN_KEYS if key in written]
    if len(what) != 1 or ("on" in written) == ("day" in written):
        return False
    (key,) = what
    if key in ("attendance", "exercise", "milestone", "pilot_led") and not _KEY.fullmatch(
        getattr(given, key)
    ):
        return False
    return written - {key, "on", "day"} <= _GIVEN_WITH.get(key, set()) and (
        key != "quiz" or "score" in written
    )


def _tree_problems(policy: Policy, node: Requirement, pointer: Pointer) -> Iterator[Problem]:
    if (
        len(node.model_fields_set) != 1
        or next(iter(node.model_dump(include=node.model_fields_set).values())) is None
    ):
        yield policy.problem("policy.one-requirement", pointer, keys=", ".join(Requirement.model_fields))
        return
    if node.all == () or node.any == ():
        yield policy.problem("policy.empty-list", pointer, key="all" if node.any is None else "any")
    if node.quiz is not None and not _KEY.fullmatch(node.quiz.activity):
        yield policy.problem("policy.activity-key", (*pointer, "quiz", "activity"), value=node.quiz.activity)
    for name in ("exercise", "milestone"):
        value = getattr(node, name)
        if value is not None and not _KEY.fullmatch(value):
            yield policy.problem(f"policy.{name}-key", (*pointer, name), value=value)
    if (attendance := node.attendance) is not None:
        if bool(attendance.sessions) == (attendance.kind is not None):
            yield policy.problem("policy.which-sessions", (*pointer, "attendance"))
        if attendance.at_least is not None and attendance.days_at_least is not None:
            yield policy.problem("policy.sessions-or-days", (*pointer, "attendance", "days_at_least"))
        if len(set(attendance.sessions)) != len(attendance.sessions):
            yield policy.problem("policy.session-twice", (*pointer, "attendance", "sessions"))
    if (key := _not_for(policy, node)) is not None:
        yield policy.problem(f"policy.not-for-{policy.holder_kind}", (*pointer, key), key=key)
    key = "all" if node.all is not None else "any"
    for index, part in enumerate(node.parts):
        yield from _tree_problems(policy, part, (*pointer, key, index))


def _not_for(policy: Policy, node: Requirement) -> str | None:
    """The key of a leaf that this kind of holder can never meet."""
    (key,) = node.model_fields_set
    if key in ("all", "any", "award"):
        return None
    return key if (key == "milestone") != (policy.kind == "institution") else None


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
