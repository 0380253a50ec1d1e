"""Creates the accounts of participants who have none.

Moodle makes a password itself and sends it to the person (`createpassword`), or the login method
keeps its own; only for a printed slip (`lms_sync.people.slips`) one is sent along. Its create function is all or nothing for a call and does not say which row was bad,
so a refused batch is halved until the bad row stands alone. After every call the accounts are read
back by idnumber.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lms_sync.moodle.errors import CallRefused, UnknownOutcome
from lms_sync.people.match import Caller, MatchedAccount, Undecided, find_accounts
from lms_sync.people.read import Participant
from lms_sync.settings import Secret

_PER_CALL = 50

# Login methods that keep a password in Moodle; the others refuse nothing and need none.
_OWN_PASSWORD = {"manual", "email"}

FORCE_CHANGE = [{"type": "auth_forcepasswordchange", "value": "1"}]
"""The preference by which Moodle asks for a new password at the next login."""


@dataclass(frozen=True)
class CreateReport:
    """Accounts that were made (by idnumber), and participants whom the site refused."""

    created: Mapping[str, MatchedAccount] = field(default_factory=dict)
    refused: tuple[Undecided, ...] = ()


def create_missing(
    client: Caller,
    participants: Sequence[Participant],
    auth: str,
    *,
    on_created: Callable[[Mapping[str, MatchedAccount]], None] | None = None,
    password_of: Callable[[Participant], Secret] | None = None,
) -> CreateReport:
    """Creates one account for each participant (those in `MatchReport.missing`).

    With `password_of`, each gets that password for once. `on_created` is told after each call, so that the caller can remember the accounts at once. Raises
    MoodleError where the site fails; accounts told so far stay, and the next run finds the rest by idnumber.
    """
    created: dict[str, MatchedAccount] = {}
    refused: list[Undecided] = []
    waiting: list[Sequence[Participant]] = []
    usable: list[Participant] = []
    for participant in participants:
        if participant.username and participant.email:
            usable.append(participant)
        else:
            refused.append(Undecided(participant.idnumber, participant.name, "incomplete"))
    waiting = [usable[start : start + _PER_CALL] for start in range(0, len(usable), _PER_CALL)]
    waiting.reverse()
    while waiting:
        batch = waiting.pop()
        try:
            users = [_fields(person, auth, password_of) for person in batch]
            client.call("core_user_create_users", {"users": users}, write=True)
        except CallRefused as error:
            if len(batch) > 1:
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]
            else:
                detail = str(error.problem.params.get("message", "")) or error.errorcode
                refused.append(Undecided(batch[0].idnumber, batch[0].name, "refused", detail=detail))
            continue
        except UnknownOutcome:
            landed = _read_back(client, batch)
            if not landed:
                raise  # all or nothing: it did not land, and the site does not answer as it should
        else:
            landed = _read_back(client, batch)
        refused += [
            Undecided(person.idnumber, person.name, "not-read-back")
            for person in batch
            if person.idnumber not in landed
        ]
        if on_created is not None:
            on_created(landed)
        created.update(landed)
    return CreateReport(created, tuple(refused))


def _fields(
    person: Participant, auth: str, password_of: Callable[[Participant], Secret] | None
) -> dict[str, object]:
    fields: dict[str, object] = {
        "username": person.username,
        "auth": auth,
        "firstname": person.firstname,
        "lastname": person.lastname,
        "email": person.email,
        "idnumber": person.idnumber,
    }
    if password_of is not None:
        fields |= {"password": password_of(person).reveal(), "preferences": FORCE_CHANGE}
    elif auth in _OWN_PASSWORD:
        fields["createpassword"] = True
    return fields


def _read_back(client: Caller, batch: Sequence[Participant]) -> dict[str, MatchedAccount]:
    found = find_accounts(client, "idnumber", [person.idnumber for person in batch])
    return {
        idnumber: MatchedAccount(next(iter(ids)), "created")
        for idnumber, ids in found.items()
        if len(ids) == 1
    }
