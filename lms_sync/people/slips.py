"""Accounts for officials without e-mail, with a one-time password that only the printed slip knows.

The password goes to Moodle and onto the slip, and is kept nowhere else: it is made here, held in memory as a
`Secret`, and gone when the command ends. Moodle asks for a new one at the first login.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lms_sync.moodle.errors import AccessRefused, CallRefused, FunctionMissing
from lms_sync.people.create import FORCE_CHANGE, create_missing
from lms_sync.people.import_words import folded
from lms_sync.people.match import Caller, MatchedAccount, Undecided, find_accounts, match_people
from lms_sync.people.matches_file import Decision
from lms_sync.people.read import EMAIL, Participant
from lms_sync.settings import Secret

NO_EMAIL = "noemail.invalid"
"""The domain of addresses that stand for none. Moodle sends nothing to `.invalid` (RFC 2606)."""

# Without letters and digits that look alike in print: I l 1 O 0 o.
_SMALL = "abcdefghijkmnpqrstuvwxyz"
_LARGE = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "23456789"
_GROUPS, _GROUP = 3, 4


@dataclass(frozen=True)
class Slip:
    """What one official gets on paper."""

    idnumber: str
    name: str
    username: str
    password: Secret


@dataclass(frozen=True)
class SlipPlan:
    """Who gets a slip, and who does not and why (`Undecided.reason` is the end of a code, people.reason-…)."""

    new: tuple[Participant, ...] = ()  # with a user name that is free, and the address that stands for none
    again: Mapping[str, tuple[Participant, int]] = field(
        default_factory=dict
    )  # idnumber → with user name; account
    refused: tuple[Undecided, ...] = ()


def one_time_password() -> str:
    """A password that meets Moodle's own policy: 12 random signs (some 59 bits) in three groups with hyphens."""
    while True:
        signs = [secrets.choice(_LARGE)] + [
            secrets.choice(_SMALL + _DIGITS) for _ in range(_GROUPS * _GROUP - 1)
        ]
        if any(s in _DIGITS for s in signs) and any(s in _SMALL for s in signs):
            return "-".join("".join(signs[i : i + _GROUP]) for i in range(0, len(signs), _GROUP))


def placeholder_email(idnumber: str) -> str:
    """The address that stands for none, another one for each number."""
    local = re.sub(r"[^a-z0-9._-]+", "-", idnumber.lower()).strip(".-") or "person"
    local = re.sub(r"\.\.+", ".", local)[:60]
    return f"{local}@{NO_EMAIL}"


def usernames_for(participant: Participant) -> list[str]:
    """User names that may be made of a name, the plain one first."""
    first, last = (folded(part).replace(" ", "") for part in (participant.firstname, participant.lastname))
    plain = re.sub(r"[^a-z0-9.]", "", f"{first}.{last}").strip(".")[:80] or "user"
    return [plain, *(f"{plain}{number}" for number in range(2, 30))]


def plan_slips(
    client: Caller,
    participants: Sequence[Participant],
    *,
    decisions: Mapping[str, Decision],
    known: Mapping[str, MatchedAccount],
    again: bool = False,
) -> SlipPlan:
    """Looks who has an account; changes nothing. `participants` are those without an e-mail address.

    With `again`, accounts that we have made and nobody has ever used get a new password. Raises MoodleError.
    """
    usable, refused = _with_usernames(client, participants)
    report = match_people(client, usable, "username", "missing", decisions=decisions, known=known)
    refused += report.undecided
    by_number = {one.idnumber: one for one in usable}
    details = _details(client, [match.user_id for match in report.matched.values()])
    renewed: dict[str, tuple[Participant, int]] = {}
    for idnumber, match in report.matched.items():
        one, account = by_number[idnumber], details.get(match.user_id, {})
        ours = match.created_by_us or account.get("email", "") == placeholder_email(idnumber)
        reason = _why_not(account, ours=ours, again=again)
        if reason:
            refused.append(Undecided(idnumber, one.name, reason, detail=str(account.get("username", ""))))
        else:
            renewed[idnumber] = (replace(one, username=str(account["username"])), match.user_id)
    return SlipPlan(report.missing, renewed, tuple(refused))


def _why_not(account: Mapping[str, Any], *, ours: bool, again: bool) -> str:
    if not ours:
        return "slip-not-ours"
    if account.get("auth") != "manual":
        return "slip-other-login"
    if "lastaccess" not in account or "firstaccess" not in account:
        return "slip-use-unknown"  # the site hides it from us: nobody's password is changed on a guess
    if account["lastaccess"] or account["firstaccess"]:
        return "slip-used"
    return "" if again else "slip-given"


def _with_usernames(
    client: Caller, participants: Sequence[Participant]
) -> tuple[list[Participant], list[Undecided]]:
    wanted = [name for one in participants if not one.username for name in usernames_for(one)]
    taken: set[str] = set(find_accounts(client, "username", wanted))
    taken |= {one.username for one in participants if one.username}
    usable: list[Participant] = []
    for one in participants:
        name = one.username or next(free for free in usernames_for(one) if free not in taken)
        taken.add(name)
        usable.append(replace(one, username=name, email=placeholder_email(one.idnumber)))
    return usable, []


def _details(client: Caller, user_ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    if not user_ids:
        return {}
    values = [str(user_id) for user_id in sorted(user_ids)]
    answer = client.call("core_user_get_users_by_field", {"field": "id", "values": values})
    return {int(user["id"]): user for user in answer}


def make_slips(
    client: Caller,
    plan: SlipPlan,
    *,
    on_created: Callable[[Mapping[str, MatchedAccount]], None],
) -> tuple[list[Slip], list[Undecided]]:
    """Makes and renews the accounts of a plan; the slips of those that Moodle has taken, and who was refused.

    `on_created` is told of accounts at once. Raises MoodleError where the site fails; whoever then has an account
    and no slip gets one with `again`.
    """
    passwords = {
        idnumber: Secret(one_time_password())
        for idnumber in (*(one.idnumber for one in plan.new), *plan.again)
    }
    made = create_missing(
        client, plan.new, "manual", on_created=on_created, password_of=lambda one: passwords[one.idnumber]
    )
    slips = [
        Slip(one.idnumber, one.name, one.username, passwords[one.idnumber])
        for one in plan.new
        if one.idnumber in made.created
    ]
    refused = list(made.refused)
    for idnumber, (one, user_id) in plan.again.items():
        try:
            detail = _renew(client, user_id, passwords[idnumber])
        except (AccessRefused, FunctionMissing):
            refused.append(Undecided(idnumber, one.name, "slip-may-not-renew"))
            continue
        if detail is None:
            slips.append(Slip(idnumber, one.name, one.username, passwords[idnumber]))
        else:
            refused.append(Undecided(idnumber, one.name, "refused", detail=detail))
    if plan.again:
        renewed = {who: MatchedAccount(user_id, "created") for who, (_, user_id) in plan.again.items()}
        on_created(renewed)
    return sorted(slips, key=lambda one: (folded(one.name), one.idnumber)), refused


def _renew(client: Caller, user_id: int, password: Secret) -> str | None:
    """Sets a new one-time password; what the site said against it, or None. Raises MoodleError."""
    row = {"id": user_id, "password": password.reveal(), "preferences": FORCE_CHANGE}
    try:
        answer = client.call("core_user_update_users", {"users": [row]}, write=True)
    except CallRefused as error:
        return str(error.problem.params.get("message", "")) or error.errorcode or error.code
    warnings = answer.get("warnings") if isinstance(answer, dict) else None
    return "; ".join(str(one.get("message", "")) for one in warnings) if warnings else None


def without_email(participants: Sequence[Participant], institution: str) -> list[Participant]:
    """Whom a slip is for: of this institution, without an address that reaches them."""
    return [
        one
        for one in participants
        if one.institution == institution
        and (not one.email or one.email.lower().endswith(f"@{NO_EMAIL}") or not EMAIL.match(one.email))
    ]
