"""core_user: accounts. What is told of another account depends on the caller's capabilities, as in Moodle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moodle_standin.errors import MoodleError, coding_error, invalid_parameter, write_error
from moodle_standin.functions.registry import Steps, serves
from moodle_standin.records import User
from moodle_standin.site import Call, Site

INTERNAL_AUTH = ("manual", "email", "nologin")


def user_details(
    call: Call, user: User, fields: set[str] | None = None, course_id: int | None = None
) -> dict[str, Any] | None:
    """One account as `user_get_user_details` gives it.

    User name, idnumber and login method of others need moodle/user:viewalldetails; an e-mail address needs
    moodle/site:viewuseridentity, or a display setting that allows it. Empty idnumbers are left out.
    """
    site = call.site
    own = user.id == call.user.id
    if not own and not call.can("moodle/user:viewdetails", course_id):
        return None
    all_details = own or call.can("moodle/user:viewalldetails")
    identity = call.can("moodle/site:viewuseridentity")
    row: dict[str, Any] = {"firstname": user.firstname, "lastname": user.lastname}
    if all_details:
        row["username"] = user.username
    if (
        own
        or identity
        or user.maildisplay == 1
        or (user.maildisplay == 2 and _share_course(site, call.user, user))
    ):
        row["email"] = user.email
    if all_details:
        row["department"] = user.department
        if user.idnumber:
            row["idnumber"] = user.idnumber
        if user.institution:
            row["institution"] = user.institution
        row |= {
            "auth": user.auth,
            "confirmed": user.confirmed,
            "lang": user.lang,
            "theme": "",
            "mailformat": 1,
            "trackforums": 0,
        }
    row |= {"firstaccess": user.firstaccess, "lastaccess": user.lastaccess}
    row |= {"suspended": user.suspended, "timezone": "99"}
    picture = f"{site.settings.url}/theme/image.php/boost/core/1/u"
    row |= {"profileimageurlsmall": f"{picture}/f2", "profileimageurl": f"{picture}/f1"}
    if course_id is not None:
        row["lastcourseaccess"] = 0
        row["groups"] = [
            {"id": g.id, "name": g.name, "description": g.description, "descriptionformat": 1}
            for g in site.groups.values()
            if g.courseid == course_id and user.id in g.members
        ]
        row["roles"] = [
            {
                "roleid": role,
                "name": "",
                "shortname": "student" if role == 5 else f"role{role}",
                "sortorder": 0,
            }
            for role in sorted({e.roleid for e in site.enrolments_of(course_id, user.id)})
        ]
    if fields is not None:
        row = {name: value for name, value in row.items() if name in fields}
    return {"id": user.id, "fullname": user.fullname, **row}


def _share_course(site: Site, one: User, other: User) -> bool:
    return any(one.id in by_user and other.id in by_user for by_user in site.enrolments.values())


@serves("core_user_get_users_by_field")
def get_users_by_field(call: Call, params: dict[str, Any]) -> Any:
    """Exact values of id, idnumber, username or email; may give several accounts for one value, in any
    order.
    """
    field = params["field"]
    if field not in ("id", "idnumber", "username", "email"):
        raise coding_error(
            f"invalid field parameter (The search field '{field}' is not supported, "
            "look at the web service documentation)"
        )
    for value in params["values"]:
        bad = (field == "id" and not re.fullmatch(r"-?\d+", value)) or (
            field == "username" and re.search(r"[^-.@_a-z0-9]", value)
        )
        if bad:
            raise invalid_parameter(f"The field '{field}' value is invalid: {value}")
    values = set(params["values"])
    if field == "email":
        # PostgreSQL compares exactly; the clients of lists of addresses cannot rely on another case being
        # found.
        found = [u for u in call.site.users.values() if u.email in values]
    else:
        found = [u for u in call.site.users.values() if str(getattr(u, field)) in values]
    rows = []
    for user in found:
        if user.deleted:
            continue
        details = user_details(call, user)
        if details and details.get(field):
            rows.append(details)
    return call.site.shuffled(rows)


@serves("core_user_get_users")
def get_users(call: Call, params: dict[str, Any]) -> Any:
    """Accounts that fit all criteria; `%` is a wildcard in text fields other than idnumber."""
    site = call.site
    known = ("id", "lastname", "firstname", "idnumber", "username", "email", "auth")
    found = [u for u in site.users.values() if not u.deleted and u.username != "guest"]
    warnings = []
    for criterion in params["criteria"]:
        key, value = criterion["key"], criterion["value"]
        if key not in known:
            warnings.append(
                {
                    "item": key,
                    "itemid": 0,
                    "warningcode": "invalidfieldparameter",
                    "message": f"The search key '{key}' is not supported, look at the web service documentation",
                }
            )
            continue
        if key in ("id", "idnumber", "auth"):
            found = [u for u in found if str(getattr(u, key)) == value]
        else:
            pattern = re.compile(".*".join(re.escape(part) for part in value.split("%")), re.I | re.S)
            found = [u for u in found if pattern.fullmatch(str(getattr(u, key)))]
    rows = [details for u in found if (details := user_details(call, u)) is not None]
    return {"users": site.shuffled(rows), "warnings": warnings}


@serves("core_user_create_users")
def create_users(call: Call, params: dict[str, Any]) -> Steps:
    """All or nothing; every refusal is `invalidparameter`, its reason only in debuginfo. The database itself keeps
    user names unique, also where two calls overlap.
    """
    site = call.site
    call.require("moodle/user:create")
    names = {u.username for u in site.users.values()}
    mails = {u.email.lower() for u in site.users.values()}
    for wanted in params["users"]:
        for name in ("username", "firstname", "lastname"):
            if not wanted[name].strip():
                raise invalid_parameter(f"The field {name} cannot be blank")
        if wanted["username"] in names:
            raise invalid_parameter(f"Username already exists: {wanted['username']}")
        internal = wanted["auth"] in INTERNAL_AUTH
        if internal and not wanted.get("password") and not wanted.get("createpassword"):
            raise invalid_parameter("Invalid password: you must provide a password, or set createpassword.")
        _check_email(wanted["email"])
        if not site.settings.allow_same_email and wanted["email"].lower() in mails:
            raise invalid_parameter(f"Email address already exists: {wanted['email']}")
        names.add(wanted["username"])
        mails.add(wanted["email"].lower())
    yield
    if {u.username for u in site.users.values()} & {wanted["username"] for wanted in params["users"]}:
        raise write_error("duplicate key value violates unique constraint mdl_user_mneuse_uix")
    result = []
    for wanted in params["users"]:
        user = User(
            id=site.next_id("user"),
            username=wanted["username"],
            password=wanted.get("password") or "",
            firstname=wanted["firstname"],
            lastname=wanted["lastname"],
            email=wanted["email"],
            idnumber=wanted["idnumber"],
            auth=wanted["auth"],
            lang=wanted["lang"] or "en",
            institution=wanted.get("institution") or "",
            department=wanted.get("department") or "",
            timecreated=site.now(),
            preferences=_preferences(wanted),
        )
        if wanted.get("createpassword"):
            user.preferences["auth_forcepasswordchange"] = "1"
        site.users[user.id] = user
        call.record(
            "user", "create", id=user.id, username=user.username, idnumber=user.idnumber, auth=user.auth
        )
        result.append({"id": user.id, "username": user.username})
    return result


def _preferences(wanted: Mapping[str, Any]) -> dict[str, str]:
    return {one["type"]: one["value"] for one in wanted.get("preferences") or ()}


def _check_email(email: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise invalid_parameter(f"Email address is invalid: {email}")


@serves("core_user_update_users")
def update_users(call: Call, params: dict[str, Any]) -> Any:
    """Each row by itself: a bad one becomes a warning, the good ones are saved. Unknown custom fields are
    ignored.
    """
    call.require("moodle/user:update")
    warnings = []
    for wanted in params["users"]:
        try:
            _update_user(call, wanted)
        except MoodleError as error:
            warnings.append(
                {
                    "item": "user",
                    "itemid": wanted["id"],
                    "warningcode": error.errorcode,
                    "message": error.message,
                }
            )
    return {"warnings": warnings}


def _update_user(call: Call, wanted: Mapping[str, Any]) -> None:
    site = call.site
    user = site.users.get(wanted["id"])
    if user is None:
        raise MoodleError("invaliduserid", "Invalid user ID")
    if user.is_admin and user.id != call.user.id and not call.user.is_admin:
        raise MoodleError("usernotupdatedadmin", "Cannot update admin accounts")
    if user.deleted:
        raise MoodleError("usernotupdateddeleted", "User is a deleted user")
    if user.username == "guest":
        raise MoodleError("usernotupdatedguest", "Cannot update guest account")
    email = wanted.get("email")
    if email and email != user.email:
        taken = any(u.email.lower() == email.lower() for u in site.users.values() if u.id != user.id)
        if taken and not site.settings.allow_same_email:
            raise MoodleError("useremailduplicate", "Duplicate email address")
    changed = []
    for name in (
        "username", "auth", "suspended", "password", "firstname", "lastname", "email", "idnumber",
        "institution", "department", "lang", "maildisplay",
    ):  # fmt: skip
        if wanted.get(name) is not None and wanted[name] != getattr(user, name):
            setattr(user, name, wanted[name])
            changed.append(name)
    user.preferences |= _preferences(wanted)
    call.record("user", "update", id=user.id, username=user.username, changed=changed)
