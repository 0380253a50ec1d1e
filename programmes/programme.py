"""The programme file `programmes/<slug>.yaml`, form programme/1, as a model.

`ProgrammeFile` would be the same thing, so there is one class: what is written is what later steps use. What no
single key can tell is checked by `read_programme`; whether courses, awards and people that it names exist is for
the caller to say, who reads those. The form is described in `docs/formats/programme.md`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from authoring.activity import Part
from authoring.checked_value import Identifier
from authoring.languages import Language, LocalizedText
from authoring.localized_parts import localized_texts
from authoring.problems import ContentError, Problem, in_reading_order
from authoring.read_yaml import Document, Pointer, load_model, read_yaml

FOLDER = "programmes"

SessionKind = Literal["session", "training-of-trainers", "pilot", "visit"]
Breakdown = Literal["gender", "institution", "region", "language", "quarter"]


def _day(value: object) -> datetime.date:
    if isinstance(value, datetime.date):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return datetime.date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("programme.day")


def _time(value: object) -> datetime.time:
    if isinstance(value, datetime.time):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d", value):
            return datetime.time.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("programme.time")


def _several(value: object) -> object:
    """One name, or a list of names."""
    return (value,) if isinstance(value, str) else value


Day = Annotated[datetime.date, BeforeValidator(_day)]
Time = Annotated[datetime.time, BeforeValidator(_time)]
Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""A list of names; one alone may be written without brackets."""


class Dates(Part):
    """From the first day to the last, both included."""

    from_: Day = Field(alias="from")
    until: Day


class ProgrammeCategory(Part):
    """The course category of Moodle in which the programme's courses stand."""

    id: Identifier
    title: LocalizedText


class Partner(Part):
    """Who owns, carries out, joins or pays for the programme; `logo` is a picture inside the academy folder."""

    id: Identifier
    role: Literal["owner", "implementer", "partner", "donor"]
    name: LocalizedText
    short: LocalizedText | None = None
    logo: str = ""
    url: str = ""


class Institutions(Part):
    """Which institutions take part: by kind or by code; neither means all."""

    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


class TargetGroup(Part):
    """Whom the programme is for."""

    id: Identifier
    title: LocalizedText


class Forums(Part):
    """Where news are written and questions asked: `<course>/<activity>` of kind forum."""

    news: str | None = None
    helpdesk: str | None = None


class Calendar(Part):
    """What of the sessions goes into Moodle's calendar: nothing, or each day, with the leader's name or without."""

    sessions: bool = True
    leader: bool = False


class AgendaItem(Part):
    """What happens at a time of a day."""

    at: Time
    title: LocalizedText


class SessionDay(Part):
    """A day of a session; `hours` are those that count, breaks not among them."""

    date: Day
    from_: Time = Field(alias="from")
    until: Time
    hours: Annotated[float, Field(gt=0, le=24)]
    agenda: tuple[AgendaItem, ...] = ()


class SessionPlace(Part):
    """Where people meet."""

    name: LocalizedText
    address: str = ""


class Session(Part):
    """People meet, on one or more days. `leader` holds idnumbers of participants."""

    id: Identifier
    kind: SessionKind = "session"
    title: LocalizedText
    course: str | None = None
    days: tuple[SessionDay, ...] = Field(min_length=1)
    place: SessionPlace | None = None
    leader: Names = ()
    leader_award: str | None = None
    institutions: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()

    @property
    def hours(self) -> float:
        """Hours of all days together."""
        return sum(day.hours for day in self.days)


class Certified(Part):
    """So many people of the institution hold an award."""

    award: str
    at_least: Annotated[int, Field(ge=1)] = 1


class SessionHeld(Part):
    """So many sessions of a kind took place with people of the institution."""

    kind: SessionKind
    at_least: Annotated[int, Field(ge=1)] = 1


class MilestoneRule(Part):
    """When a milestone is reached: exactly one of its keys."""

    questionnaire: str | None = None
    certified: Certified | None = None
    session: SessionHeld | None = None

    @model_validator(mode="after")
    def _one_key(self) -> MilestoneRule:
        if len(self.model_fields_set) != 1:
            raise ValueError("programme.one-rule")
        return self


class Milestone(Part):
    """A step on an institution's path: reached by rule, or recorded by hand with evidence."""

    id: Identifier
    title: LocalizedText
    when: MilestoneRule | None = None
    by_hand: bool = False

    @model_validator(mode="after")
    def _rule_or_hand(self) -> Milestone:
        if (self.when is None) != self.by_hand:
            raise ValueError("programme.rule-or-hand")
        return self


class Gain(Part):
    """From one quiz to another, `<course>/<activity>` each."""

    pre: str
    post: str


class Count(Part):
    """What an indicator counts: exactly one of its keys."""

    completed: str | None = None
    attended: Names | None = None
    certified: str | None = None
    passed: str | None = None
    milestone: str | None = None
    score: str | None = None
    gain: Gain | None = None
    answered: Literal["helpdesk"] | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Count:
        if len(self.model_fields_set) != 1:
            raise ValueError("programme.one-count")
        return self


class Target(Part):
    """A figure to be reached by the end of a day."""

    by: Day
    value: float


class Indicator(Part):
    """A figure of which the programme gives account."""

    id: Identifier
    title: LocalizedText
    definition: LocalizedText
    count: Count
    baseline: float = 0
    targets: tuple[Target, ...] = ()
    by: tuple[Breakdown, ...] = ()


class Programme(Part):
    """A programme, read and whole. Make one with `read_programme`."""

    schema_: Literal["programme/1"] = Field(alias="schema")
    id: Identifier
    title: LocalizedText
    summary: LocalizedText | None = None
    languages: tuple[Language, ...] = Field(min_length=1)
    timezone: str
    dates: Dates
    category: ProgrammeCategory | None = None
    partners: tuple[Partner, ...] = ()
    disclaimer: LocalizedText | None = None
    institutions: Institutions = Institutions()
    target_groups: tuple[TargetGroup, ...] = ()
    courses: tuple[str, ...] = ()
    quizzes: tuple[str, ...] = ()
    awards: tuple[str, ...] = ()
    forums: Forums = Forums()
    calendar: Calendar = Calendar()
    sessions: tuple[Session, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    questionnaires: tuple[str, ...] = ()
    indicators: tuple[Indicator, ...] = ()

    _document: Document | None = PrivateAttr(default=None)

    @property
    def zone(self) -> ZoneInfo:
        """Whose calendar decides which day it is."""
        return ZoneInfo(self.timezone)

    @property
    def default_language(self) -> str:
        """The language of what is printed when none is asked for."""
        return self.languages[0]

    def session(self, session_id: str) -> Session | None:
        """The session with this id."""
        return next((one for one in self.sessions if one.id == session_id), None)

    def takes_part(self, code: str, kind: str) -> bool:
        """Whether an institution with this code and kind is one of the programme's."""
        wanted = self.institutions
        return not (wanted.kinds or wanted.codes) or code in wanted.codes or kind in wanted.kinds

    def read_from(self, document: Document) -> Programme:
        """The same, knowing the places in its file."""
        self._document = document
        return self

    def problem(self, code: str, pointer: Pointer, **params: object) -> Problem:
        """A problem at a place of this programme's file."""
        return (
            Problem(code, params)
            if self._document is None
            else Problem(code, params, self._document.place(pointer))
        )


@dataclass(frozen=True)
class Known:
    """What there is in the academy that a programme may name; None where the caller does not know."""

    courses: Collection[str] | None = None
    activities: Collection[str] | None = None  # <course>/<activity>
    quizzes: Collection[str] | None = None
    awards: Collection[str] | None = None
    questionnaires: Collection[str] | None = None
    institutions: Collection[str] | None = None
    kinds: Collection[str] | None = None
    participants: Collection[str] | None = None


def read_programmes(folder: Path, known: Known | None = None) -> tuple[Programme, ...]:
    """Every `programmes/*.yaml` of an academy folder, by id; raises ContentError with the problems of all."""
    found: list[Programme] = []
    problems: list[Problem] = []
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        try:
            found.append(read_programme(path, root=folder, known=known))
        except ContentError as error:
            problems.extend(error.problems)
    if problems:
        raise ContentError(problems)
    return tuple(found)


def read_programme(path: Path, *, root: Path, known: Known | None = None) -> Programme:
    """Reads one programme file below `root`, the academy folder; raises ContentError with every problem in it."""
    document = read_yaml(path, root=root)
    try:
        programme = load_model(document, Programme).read_from(document)
    except ContentError as error:
        raise ContentError([_own_code(problem) for problem in error.problems]) from error
    if problems := [*_whole(programme, path, root), *_unknown(programme, known or Known())]:
        raise ContentError(in_reading_order(problems))
    return programme


def _own_code(problem: Problem) -> Problem:
    """The validators of this module name their message code in place of a reason."""
    reason = str(problem.params.get("reason", ""))
    if problem.code == "yaml.wrong-value" and reason.startswith("programme."):
        return Problem(reason, {k: v for k, v in problem.params.items() if k != "reason"}, problem.place)
    return problem


def _whole(programme: Programme, path: Path, root: Path) -> Iterator[Problem]:
    """What no single key can tell."""
    if programme.id != path.stem:
        yield programme.problem("programme.id-is-not-name", ("id",), id=programme.id, name=path.stem)
    try:
        programme.zone  # noqa: B018 - asks for it
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield programme.problem("programme.timezone", ("timezone",), value=programme.timezone)
    if programme.dates.until < programme.dates.from_:
        yield programme.problem("programme.ends-before-it-begins", ("dates", "until"))
    for pointer, text in localized_texts(programme, ()):
        for language in text.missing(programme.languages):
            yield programme.problem(
                "programme.text-not-translated", pointer, key=str(pointer[-1]), language=language
            )
    for name in ("partners", "target_groups", "sessions", "milestones", "indicators"):
        seen: set[str] = set()
        for index, one in enumerate(getattr(programme, name)):
            if one.id.casefold() in seen:
                yield programme.problem("programme.same-id", (name, index, "id"), id=one.id, list=name)
            seen.add(one.id.casefold())
    for index, partner in enumerate(programme.partners):
        if partner.logo and not _is_file_of(root, partner.logo):
            yield programme.problem("programme.no-file", ("partners", index, "logo"), file=partner.logo)
    yield from _session_problems(programme, root)
    yield from _indicator_problems(programme)


def _session_problems(programme: Programme, root: Path) -> Iterator[Problem]:
    for index, session in enumerate(programme.sessions):
        at: Pointer = ("sessions", index)
        days = [day.date for day in session.days]
        for number, day in enumerate(session.days):
            here: Pointer = (*at, "days", number)
            length = (day.until.hour - day.from_.hour) + (day.until.minute - day.from_.minute) / 60
            if length <= 0:
                yield programme.problem("programme.day-ends-before-it-begins", (*here, "until"))
            elif day.hours > length + 1e-9:
                yield programme.problem(
                    "programme.more-hours-than-day",
                    (*here, "hours"),
                    hours=day.hours,
                    length=round(length, 2),
                )
            if not programme.dates.from_ <= day.date <= programme.dates.until:
                yield programme.problem("programme.outside-dates", (*here, "date"), day=day.date.isoformat())
            if days.index(day.date) < number:
                yield programme.problem("programme.same-day", (*here, "date"), day=day.date.isoformat())
        for number, file in enumerate(session.materials):
            if not _is_file_of(root, file):
                yield programme.problem("programme.no-file", (*at, "materials", number), file=file)
        if session.leader_award and not session.leader:
            yield programme.problem("programme.no-leader", (*at, "leader_award"), award=session.leader_award)


def _indicator_problems(programme: Programme) -> Iterator[Problem]:
    milestones = {one.id for one in programme.milestones}
    sessions = {one.id for one in programme.sessions}
    kinds = {"session", "training-of-trainers", "pilot", "visit"}
    for index, indicator in enumerate(programme.indicators):
        at: Pointer = ("indicators", index, "count")
        count = indicator.count
        if count.milestone is not None and count.milestone not in milestones:
            yield programme.problem(
                "programme.unknown", (*at, "milestone"), what=count.milestone, known=_list(milestones)
            )
        for name in count.attended or ():
            if name not in sessions | kinds:
                yield programme.problem(
                    "programme.unknown", (*at, "attended"), what=name, known=_list(sessions | kinds)
                )
        days = [target.by for target in indicator.targets]
        if days != sorted(set(days)):
            yield programme.problem("programme.targets-in-order", ("indicators", index, "targets"))


def _unknown(programme: Programme, known: Known) -> Iterator[Problem]:
    """Names of things that the academy does not have."""
    for what, pointer, there in _named(programme, known):
        if there is not None and what not in there:
            yield programme.problem("programme.unknown", pointer, what=what, known=_list(there))


def _named(programme: Programme, known: Known) -> Iterator[tuple[str, Pointer, Collection[str] | None]]:
    for name, there in (
        ("courses", known.courses),
        ("quizzes", known.quizzes),
        ("awards", known.awards),
        ("questionnaires", known.questionnaires),
    ):
        for index, what in enumerate(getattr(programme, name)):
            yield what, (name, index), there
    for index, code in enumerate(programme.institutions.codes):
        yield code, ("institutions", "codes", index), known.institutions
    for index, kind in enumerate(programme.institutions.kinds):
        yield kind, ("institutions", "kinds", index), known.kinds
    for forum in ("news", "helpdesk"):
        if activity := getattr(programme.forums, forum):
            yield activity, ("forums", forum), known.activities
    for index, session in enumerate(programme.sessions):
        at: Pointer = ("sessions", index)
        if session.course:
            yield session.course, (*at, "course"), known.courses
        if session.leader_award:
            yield session.leader_award, (*at, "leader_award"), known.awards
        for number, code in enumerate(session.institutions):
            yield code, (*at, "institutions", number), known.institutions
        for number, who in enumerate(session.participants):
            yield who, (*at, "participants", number), known.participants
        for who in session.leader:
            yield who, (*at, "leader"), known.participants
    for index, milestone in enumerate(programme.milestones):
        here: Pointer = ("milestones", index, "when")
        if milestone.when and milestone.when.questionnaire:
            yield milestone.when.questionnaire, (*here, "questionnaire"), known.questionnaires
        if milestone.when and milestone.when.certified:
            yield milestone.when.certified.award, (*here, "certified", "award"), known.awards
    for index, indicator in enumerate(programme.indicators):
        count, here = indicator.count, ("indicators", index, "count")
        for key, there in (
            ("completed", known.courses),
            ("certified", known.awards),
            ("passed", known.activities),
            ("score", known.questionnaires),
        ):
            if what := getattr(count, key):
                yield what, (*here, key), there
        if count.gain:
            yield count.gain.pre, (*here, "gain", "pre"), known.activities
            yield count.gain.post, (*here, "gain", "post"), known.activities


def _list(names: Collection[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:20]) + (" …" if len(shown) > 20 else "") if shown else "-"


def _is_file_of(root: Path, name: str) -> bool:
    """Whether `name` is a file below `root`, and not by way of a link out of it."""
    try:
        path = (root / name).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return False
    return path.is_file() and path.is_relative_to(root.resolve()) and ".lms-sync" not in path.parts
