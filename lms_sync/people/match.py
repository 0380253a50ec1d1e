"""Finds the account of each participant among the accounts that exist. Looks only; changes nothing.

In this order: what a person has decided; the account with the participant's idnumber, where there is
exactly one; the account that was matched before; the one active account with the participant's user
name (or e-mail address, as the configuration says). Anything else is for a person to decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, NotRequired, Protocol, TypeVar

import pydantic
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from authoring.problems import LmsSyncError
from lms_sync.moodle.errors import AccessRefused, FunctionMissing
from lms_sync.people.matches_file import Decision
from lms_sync.people.read import Participant

VALUES_PER_CALL = 300
_IDS_PER_CALL = 500
_NOT_OFFERED = ("accessexception", "invalidrecord")  # the function is not in the service, or not on the site

# What Moodle's own cleaning leaves of a user name; one that it would change makes it refuse the whole call.
_USERNAME = re.compile(r"^[a-z0-9._@-]+$")

Field = Literal["idnumber", "username", "email"]
By = Literal["idnumber", "username", "email", "hand", "created"]
Item = TypeVar("Item")


class Caller(Protocol):
    """What matching needs of a Moodle client."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """Calls a web service function; its value. Raises MoodleError."""


class MatchFailed(LmsSyncError):
    """The site's answer about accounts cannot be used."""


@dataclass(frozen=True)
class MatchedAccount:
    """A participant's account, and how it was found."""

    user_id: int
    by: By

    @property
    def created_by_us(self) -> bool:
        """Whether we made it."""
        return self.by == "created"


@dataclass(frozen=True, order=True)
class Candidate:
    """An account that may be the participant's."""

    user_id: int
    username: str
    auth: str
    idnumber: str = ""
    suspended: bool = False

    def __str__(self) -> str:
        return f"{self.user_id} ({self.username}, {self.auth})"


@dataclass(frozen=True)
class Undecided:
    """A participant for whom a person must decide. `reason` is the end of a message code, people.reason-…"""

    idnumber: str
    name: str
    reason: str
    candidates: tuple[Candidate, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class MatchReport:
    """Every participant in exactly one of four places."""

    matched: Mapping[str, MatchedAccount] = field(default_factory=dict)  # by idnumber
    undecided: tuple[Undecided, ...] = ()
    missing: tuple[Participant, ...] = ()  # to be created
    skipped: tuple[str, ...] = ()  # idnumbers that a person has decided to leave out


class _User(TypedDict):
    id: int
    idnumber: NotRequired[str]
    username: NotRequired[str]
    email: NotRequired[str]


class _Account(TypedDict):
    id: int
    idnumber: str
    username: str
    auth: str
    suspended: bool
    deleted: bool


_users: TypeAdapter[list[_User]] = TypeAdapter(list[_User])
_accounts: TypeAdapter[list[_Account]] = TypeAdapter(list[_Account])


def match_people(
    client: Caller,
    participants: Sequence[Participant],
    how: Literal["username", "email"],
    create: Literal["never", "missing"],
    *,
    decisions: Mapping[str, Decision] | None = None,
    known: Mapping[str, MatchedAccount] | None = None,
) -> MatchReport:
    """Matches participants with accounts; raises MoodleError, or MatchFailed on an answer that is none.

    `decisions` come from `people/matches.csv`, `known` from the database (both by idnumber). With
    `create` "missing", a participant without any account is in `missing`, provided that nobody has the
    participant's user name or e-mail address either.
    """
    matching = _Matching(
        client, participants, how=how, create=create, decisions=decisions or {}, known=known or {}
    )
    return matching.report()


class _Matching:
    def __init__(
        self,
        client: Caller,
        participants: Sequence[Participant],
        *,
        how: Literal["username", "email"],
        create: Literal["never", "missing"],
        decisions: Mapping[str, Decision],
        known: Mapping[str, MatchedAccount],
    ) -> None:
        self.participants = participants
        self.how = how
        self.other: Literal["username", "email"] = "email" if how == "username" else "username"
        self.create = create
        self.decisions = decisions
        self.known = known
        skip = {idnumber for idnumber, decision in decisions.items() if decision.action == "skip"}
        asked = [participant for participant in participants if participant.idnumber not in skip]
        self.hits = {
            "idnumber": find_accounts(client, "idnumber", (participant.idnumber for participant in asked)),
            "username": find_accounts(client, "username", (participant.username for participant in asked)),
            "email": find_accounts(client, "email", (participant.email for participant in asked)),
        }
        wanted = {user_id for hits in self.hits.values() for found in hits.values() for user_id in found}
        wanted |= {match.user_id for match in known.values()}
        wanted |= {decision.user_id for decision in decisions.values() if decision.user_id}
        self.accounts = _existing(client, wanted)

    def report(self) -> MatchReport:
        matched: dict[str, MatchedAccount] = {}
        undecided: list[Undecided] = []
        missing: list[Participant] = []
        skipped: list[str] = []
        for participant in self.participants:
            outcome = self._decide(participant)
            if outcome is None:
                skipped.append(participant.idnumber)
            elif isinstance(outcome, MatchedAccount):
                matched[participant.idnumber] = outcome
            elif isinstance(outcome, Undecided):
                undecided.append(outcome)
            else:
                missing.append(outcome)
        undecided += self._claimed_twice(matched)
        for refused in undecided:
            matched.pop(refused.idnumber, None)
        return MatchReport(matched, tuple(undecided), tuple(missing), tuple(skipped))

    def _decide(self, participant: Participant) -> MatchedAccount | Undecided | Participant | None:
        decision = self.decisions.get(participant.idnumber)
        if decision is not None and decision.action == "skip":
            return None
        if decision is not None and decision.user_id:
            if decision.user_id in self.accounts:
                return MatchedAccount(decision.user_id, "hand")
            return self._undecided(participant, "decided-gone", ())
        same_number = self._found("idnumber", participant.idnumber)
        if len(same_number) == 1:
            account = same_number[0]
            before = self.known.get(participant.idnumber)
            if before is not None and before.user_id == account.user_id:
                return before
            if account.suspended:
                return self._undecided(participant, "suspended", same_number)
            return MatchedAccount(account.user_id, "idnumber")
        if same_number:
            return self._undecided(participant, "several-idnumber", same_number)
        before = self.known.get(participant.idnumber)
        if before is not None and before.user_id in self.accounts:
            return before
        if decision is not None:  # "create", and there is none with the idnumber yet
            return participant
        return self._by_field(participant)

    def _by_field(self, participant: Participant) -> MatchedAccount | Undecided | Participant:
        value = participant.username if self.how == "username" else participant.email
        found = self._found(self.how, value)
        active = [account for account in found if not account.suspended]
        if len(active) == 1:
            return MatchedAccount(active[0].user_id, self.how)
        if active:
            return self._undecided(participant, f"several-{self.how}", active)
        if found:
            return self._undecided(participant, "suspended", found)
        elsewhere = self._found(
            self.other, participant.email if self.other == "email" else participant.username
        )
        if elsewhere:
            return self._undecided(participant, f"other-{self.other}", elsewhere)
        if participant.username and not _USERNAME.match(participant.username):
            return self._undecided(participant, "username-form", ())
        if self.create == "never":
            return self._undecided(participant, "none", ())
        if not participant.username or not participant.email:
            return self._undecided(participant, "incomplete", ())
        return participant

    def _found(self, name: Field, value: str) -> list[Candidate]:
        ids = self.hits[name].get(_folded(name, value), frozenset()) if value else frozenset()
        return sorted(self.accounts[user_id] for user_id in ids if user_id in self.accounts)

    def _undecided(self, participant: Participant, reason: str, candidates: Iterable[Candidate]) -> Undecided:
        return Undecided(participant.idnumber, participant.name, reason, tuple(candidates))

    def _claimed_twice(self, matched: Mapping[str, MatchedAccount]) -> Iterator[Undecided]:
        """An account has one owner: the strongest claim wins, equal claims are for a person to decide."""
        name_of = {participant.idnumber: participant.name for participant in self.participants}
        strength = {idnumber: _STRENGTH[match.by] for idnumber, match in matched.items()}
        best: dict[int, int] = {}
        for idnumber, match in matched.items():
            best[match.user_id] = max(best.get(match.user_id, 0), strength[idnumber])
        claims = Counter(
            match.user_id for idnumber, match in matched.items() if strength[idnumber] == best[match.user_id]
        )
        for idnumber, match in matched.items():
            weaker = strength[idnumber] < best[match.user_id]
            if weaker or claims[match.user_id] > 1:
                reason = "taken" if weaker else "claimed-twice"
                yield Undecided(idnumber, name_of[idnumber], reason, (self.accounts[match.user_id],))


_STRENGTH = {"hand": 4, "idnumber": 3, "created": 3, "username": 1, "email": 1}


def find_accounts(client: Caller, name: Field, values: Iterable[str]) -> dict[str, frozenset[int]]:
    """User ids by value of one field, for the values that some account has (deleted accounts may be among them).

    User names and e-mail addresses are compared without regard to case. PostgreSQL compares exactly, so an
    address is asked for as written and in small letters; another mixture of letters is not found there.
    """
    asked: dict[str, None] = {}
    for value in values:
        if name == "username":
            if _USERNAME.match(value.lower()):
                asked[value.lower()] = None
        elif value:
            asked[value] = None
            if name == "email":
                asked[value.lower()] = None
    found: dict[str, set[int]] = {}
    wanted = {_folded(name, value) for value in asked}
    for some in _batches(asked, VALUES_PER_CALL):
        answer = client.call("core_user_get_users_by_field", {"field": name, "values": some})
        try:
            users = _users.validate_python(answer)
        except pydantic.ValidationError as error:
            raise MatchFailed("people.answer-shape", function="core_user_get_users_by_field") from error
        for user in users:
            shown = user.get(name)
            if shown is None:
                raise MatchFailed("people.field-hidden", field=name)
            folded = _folded(name, shown)
            if folded in wanted and user.get("username") != "guest":
                found.setdefault(folded, set()).add(user["id"])
    return {value: frozenset(ids) for value, ids in found.items()}


def _folded(name: Field, value: str) -> str:
    return value if name == "idnumber" else value.casefold()


def _existing(client: Caller, user_ids: Iterable[int]) -> dict[int, Candidate]:
    """The accounts with these ids that are not deleted."""
    accounts: dict[int, Candidate] = {}
    for some in _batches(sorted(user_ids), _IDS_PER_CALL):
        try:
            answer = client.call("local_lmssync_get_accounts", {"userids": some})
        except (AccessRefused, FunctionMissing) as error:
            if error.errorcode not in _NOT_OFFERED:
                raise
            answer = _told_by_core(client, some)
        try:
            answered = _accounts.validate_python(answer)
        except pydantic.ValidationError as error:
            raise MatchFailed("people.answer-shape", function="local_lmssync_get_accounts") from error
        for account in answered:
            if not account["deleted"]:
                accounts[account["id"]] = Candidate(
                    account["id"],
                    account["username"],
                    account["auth"],
                    account["idnumber"],
                    account["suspended"],
                )
    return accounts


def _told_by_core(client: Caller, user_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The same of core's function, for a site without the companion plugin."""
    found = []
    for some in _batches(user_ids, VALUES_PER_CALL):
        for user in client.call("core_user_get_users_by_field", {"field": "id", "values": some}):
            found.append({"idnumber": "", "username": "", "auth": "", "suspended": False, **user})
            found[-1]["deleted"] = False  # core leaves out who is
    return found


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
