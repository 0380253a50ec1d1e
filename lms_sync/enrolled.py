"""Who is enrolled in a course that we only read, as core's functions tell it, and what of that is remembered.

Of people in no file only their number and user name on the site, and the institution that Moodle gives
for them, are kept: no names, no addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NotRequired, Protocol

import pydantic
from pydantic import TypeAdapter
from sqlalchemy import Connection, select
from typing_extensions import TypedDict

from authoring.problems import Problem
from lms_sync.adopt import plain_text
from lms_sync.facts import ENROLMENT, Fact, store_facts
from lms_sync.moodle.errors import AccessRefused, CallRefused, UnknownOutcome
from lms_sync.people import (
    MatchedAccount,
    Participant,
    known_accounts,
    known_persons,
    meet_account,
    name_account,
    remember_people,
)
from lms_sync.same_person import one_person
from lms_sync.state_table import kept_states
from lms_sync.store import schema

ENROLLED = "core_enrol_get_enrolled_users"
InstitutionFrom = Literal["none", "group", "department", "institution"]

_PAGE = 500


class Caller(Protocol):
    """Whatever can call a web service function."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """The function's value; raises MoodleError."""


class _Role(TypedDict):
    roleid: int


class _Group(TypedDict):
    name: str


class _User(TypedDict):
    id: int
    idnumber: NotRequired[str]
    username: NotRequired[str]
    department: NotRequired[str]
    institution: NotRequired[str]
    groups: NotRequired[list[_Group]]
    roles: NotRequired[list[_Role]]


_users: TypeAdapter[list[_User]] = TypeAdapter(list[_User])


@dataclass(frozen=True)
class EnrolledPerson:
    """A learner of a course. `institutions` are names as Moodle has them: several where groups are read."""

    user_id: int
    idnumber: str
    username: str
    active: bool
    institutions: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnrolledList:
    """The learners of a course, by account number, and what was odd about the list."""

    learners: tuple[EnrolledPerson, ...]
    warnings: tuple[Problem, ...] = ()


def list_enrolled(
    client: Caller, course: str, course_id: int, *, role: int, institution_from: InstitutionFrom
) -> EnrolledList:
    """Everybody who has the role `role` (the learners') in a course; raises MoodleError.

    Whose enrolment is suspended is told apart where the token may see that; else all count as active.
    """
    wanted = {"none": (), "group": ("groups",)}.get(institution_from, (institution_from,))
    fields = ",".join(("id", "username", "idnumber", "roles", *wanted))
    users = list(_pages(client, course_id, {"userfields": fields}))
    warnings: list[Problem] = []
    suspended: set[int] = set()
    try:
        only = {"userfields": "id", "onlysuspended": 1}
        suspended = {user["id"] for user in _pages(client, course_id, only)}
    except (AccessRefused, CallRefused):
        warnings.append(Problem("pull.suspended-not-visible", {"course": course}, severity="warning"))
    learners = [user for user in users if any(one["roleid"] == role for one in user.get("roles", ()))]
    if users and not learners:
        roles = sorted({one["roleid"] for user in users for one in user.get("roles", ())})
        shown = ", ".join(map(str, roles)) or "-"
        warnings.append(
            Problem("pull.no-learners", {"course": course, "role": role, "roles": shown}, severity="warning")
        )
    if learners and not any(user.get("username") or user.get("idnumber") for user in learners):
        warnings.append(Problem("pull.accounts-not-visible", {"course": course}, severity="warning"))
    people = tuple(
        EnrolledPerson(
            user["id"],
            user.get("idnumber", ""),
            user.get("username", ""),
            user["id"] not in suspended,
            _institutions(user, institution_from),
        )
        for user in sorted(learners, key=lambda user: user["id"])
    )
    return EnrolledList(people, tuple(warnings))


def institution_sources(client: Caller, course_id: int, *, role: int) -> dict[str, int]:
    """Of the first learners of a course ("learners"), how many have each source of an institution filled in.

    For choosing `people.institution_from`; nothing of it is kept. Raises MoodleError.
    """
    options = {"userfields": "id,roles,groups,department,institution", "limitnumber": _PAGE}
    rows = [{"name": name, "value": str(value)} for name, value in options.items()]
    users = _checked(client.call(ENROLLED, {"courseid": course_id, "options": rows}))
    learners = [user for user in users if any(one["roleid"] == role for one in user.get("roles", ()))]
    sources: tuple[InstitutionFrom, ...] = ("group", "department", "institution")
    found: dict[str, int] = {
        name: sum(bool(_institutions(user, name)) for user in learners) for name in sources
    }
    return {"learners": len(learners), **found}


def _checked(answer: Any) -> list[_User]:
    try:
        return _users.validate_python(answer)
    except pydantic.ValidationError as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=ENROLLED) from error


def _pages(client: Caller, course_id: int, options: Mapping[str, object]) -> Iterator[_User]:
    start = 0
    while True:
        page = {**options, "limitfrom": start, "limitnumber": _PAGE}
        rows = [{"name": name, "value": str(value)} for name, value in page.items()]
        users = _checked(client.call(ENROLLED, {"courseid": course_id, "options": rows}))
        yield from users
        if not users:  # a page may be short of people whom the token may not see
            return
        start += _PAGE


def _institutions(user: _User, source: InstitutionFrom) -> tuple[str, ...]:
    match source:
        case "none":
            names: Sequence[str] = ()
        case "group":
            names = [group["name"] for group in user.get("groups", ())]
        case "department" | "institution":
            names = [user.get(source, "")]
    return tuple(sorted({plain for name in names if (plain := plain_text(name))}))


# --- what is remembered -------------------------------------------------------------------------


def remember_enrolled(
    connection: Connection,
    site: str,
    enrolled: Iterable[EnrolledPerson],
    participants: Sequence[Participant],
    now: datetime,
) -> tuple[dict[int, str], tuple[Problem, ...]]:
    """The persons of all these accounts, those met for the first time included, within the caller's transaction.

    Who is in the people files is found there by number, else by user name, unless an account was matched before.
    """
    people = {person.user_id: person for person in enrolled}
    odd: tuple[Problem, ...] = ()
    if participants:
        known = known_accounts(connection, site)
        matched = _matches(people.values(), [one for one in participants if one.idnumber not in known])
        odd = remember_people(connection, site, participants, matched, now).problems
    persons = known_persons(connection, site, sorted(people))
    for user_id, person in people.items():
        if user_id not in persons:
            persons[user_id] = meet_account(connection, site, user_id, now)
        name_account(connection, site, persons[user_id], idnumber=person.idnumber, username=person.username)
    return persons, odd


def _matches(
    people: Iterable[EnrolledPerson], participants: Sequence[Participant]
) -> dict[str, MatchedAccount]:
    by_number: dict[str, list[int]] = {}
    by_name: dict[str, int] = {}
    for person in people:
        by_number.setdefault(person.idnumber, []).append(person.user_id)
        by_name[person.username] = person.user_id
    found: dict[str, MatchedAccount] = {}
    for participant in participants:
        numbered = by_number.get(participant.idnumber, [])
        if len(numbered) == 1:
            found[participant.idnumber] = MatchedAccount(numbered[0], "idnumber")
        elif not numbered and participant.username and participant.username in by_name:
            found[participant.idnumber] = MatchedAccount(by_name[participant.username], "username")
    return found


def store_enrolments(
    connection: Connection,
    site: str,
    course: str,
    enrolled: Sequence[EnrolledPerson],
    persons: Mapping[int, str],
    now: datetime,
    run_id: int,
) -> int:
    """Adds what is new about who learns in a course, and who does so no longer; how many facts were new."""
    last = last_values(connection, site, course, ENROLMENT)
    facts = []
    listed = set()
    for person in enrolled:
        source = f"core:{course}:{person.user_id}"
        listed.add(source)
        value: Mapping[str, object] = {"enrolled": person.active, "institution": list(person.institutions)}
        if source not in last or last[source][1] != value:
            facts.append(Fact(ENROLMENT, source, now, persons[person.user_id], course, "", value))
    for source, (person_id, value) in last.items():
        if source not in listed and value["enrolled"]:
            gone = {"enrolled": False, "institution": value["institution"]}
            facts.append(Fact(ENROLMENT, source, now, person_id, course, "", gone))
    return store_facts(connection, site, facts, now, run_id)


def last_values(
    connection: Connection, site: str, course: str, stream: str
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """By source id the person and the value of the latest fact of one stream in one course."""
    fact = schema.fact
    query = (
        select(fact.c.source_id, fact.c.person_id, fact.c.value)
        .where(fact.c.site == site, fact.c.course == course, fact.c.stream == stream)
        .order_by(fact.c.source_time, fact.c.id)
    )
    return {row.source_id: (row.person_id, row.value) for row in connection.execute(query)}


@dataclass(frozen=True)
class Learner:
    """A person who was enrolled at some moment, with the institutions that Moodle named then."""

    person_id: str
    institutions: tuple[str, ...]


def learners_at(connection: Connection, site: str, course: str, as_of: datetime) -> list[Learner]:
    """Who was enrolled in an adopted course at a moment, by what was known then."""
    one = one_person(connection, site)
    enrolled = kept_states(connection, site, [course]).holding("enrolled", as_of)
    learners = {
        one.get(state.person_id, state.person_id): tuple(state.institutions or ()) for state in enrolled
    }
    return [Learner(person, institutions) for person, institutions in learners.items()]
