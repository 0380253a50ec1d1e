"""What must be met for an award: a tree of requirements, as it is written in a policy.

Its leaves ask for facts (a course completed, a quiz passed, sessions attended …) or for another award; `all`, `any`,
`n_of` and `within` put them together. Nothing is decided here: see `certificates.weigh`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from authoring.read_yaml import Pointer
from programmes.programme import SessionKind

_PERCENT = re.compile(r"^(\d{1,3}(?:\.\d{1,5})?) ?%$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_MAX_MONTHS = 1200


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


def _slug(value: str) -> str:
    if len(value) > 40 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError("slug")
    return value


def several(value: object) -> object:
    """One name, or a list of names."""
    return (value,) if isinstance(value, str) else value


Percent = Annotated[Decimal, BeforeValidator(_percent)]
CalendarDate = Annotated[datetime.date, BeforeValidator(_calendar_date)]
Slug = Annotated[str, AfterValidator(_slug)]
Months = Annotated[int, Field(ge=1, le=_MAX_MONTHS)]


class Strict(BaseModel):
    """A part of a policy: unknown keys are mistakes, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class QuizAtLeast(Strict):
    """A quiz activity (`<course>/<activity>`) and the least share of its marks."""

    activity: str
    min: Percent


class Attendance(Strict):
    """Sessions of a programme, by id or by kind, and how many of them (or of their days) must be attended in full."""

    programme: str
    sessions: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    kind: SessionKind | None = None
    at_least: Annotated[int, Field(ge=1)] | Literal["all"] | None = None
    days_at_least: Annotated[int, Field(ge=1)] | None = None

    @property
    def wants_all(self) -> bool:
        """Whether every one of the sessions has to be attended."""
        return self.days_at_least is None and self.at_least in (None, "all")


class PilotLed(Strict):
    """How many pilot sessions of a programme the holder must have led that count."""

    programme: str
    at_least: Annotated[int, Field(ge=1)] = 1


class NOf(Strict):
    """So many of several requirements."""

    n: Annotated[int, Field(ge=1)]
    of: tuple[Requirement, ...]


class Within(Strict):
    """A requirement that must be met by what happened in so many months in a row."""

    months: Months
    require: Requirement


class Requirement(Strict):
    """One node of the tree: exactly one of its keys is set (checked by `certificates.policy_whole`)."""

    course_completed: str | None = None
    quiz: QuizAtLeast | None = None
    attendance: Attendance | None = None
    exercise: str | None = None
    award: str | None = None
    milestone: str | None = None
    pilot_led: PilotLed | None = None
    prior_learning: Slug | None = None
    all: tuple[Requirement, ...] | None = None
    any: tuple[Requirement, ...] | None = None
    n_of: NOf | None = None
    within: Within | None = None

    def branches(self, pointer: Pointer = ()) -> Iterator[tuple[Requirement, Pointer]]:
        """The requirements right below this one, each with its place; none for a leaf."""
        for key, parts in (("all", self.all), ("any", self.any)):
            for index, part in enumerate(parts or ()):
                yield part, (*pointer, key, index)
        if self.n_of is not None:
            for index, part in enumerate(self.n_of.of):
                yield part, (*pointer, "n_of", "of", index)
        if self.within is not None:
            yield self.within.require, (*pointer, "within", "require")

    @property
    def is_leaf(self) -> bool:
        """Whether it asks for something itself."""
        return self.all is None and self.any is None and self.n_of is None and self.within is None

    def nodes(self, pointer: Pointer = ()) -> Iterator[tuple[Requirement, Pointer]]:
        """The node and all below it, each with its place, in the order written."""
        yield self, pointer
        for part, at in self.branches(pointer):
            yield from part.nodes(at)

    def leaves(self) -> Iterator[Requirement]:
        """The leaves of the tree, in the order written."""
        return (node for node, _ in self.nodes() if node.is_leaf)
