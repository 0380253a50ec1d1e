"""core_cohort: cohorts and their members."""

from __future__ import annotations

from typing import Any

from moodle_standin.errors import MoodleError, invalid_parameter, missing_record, no_permission
from moodle_standin.functions.registry import Steps, serves
from moodle_standin.records import Cohort, User
from moodle_standin.site import Call


def _row(cohort: Cohort) -> dict[str, Any]:
    return {
        "id": cohort.id,
        "name": cohort.name,
        "idnumber": cohort.idnumber,
        "description": cohort.description,
        "descriptionformat": 1,
        "visible": cohort.visible,
        "theme": "",
    }


def _context_of(call: Call, kind: dict[str, Any]) -> int:
    """The context that `categorytype` names: the system, or a course category by id or idnumber."""
    site = call.site
    if kind["type"] == "system":
        return 1
    if kind["type"] not in ("id", "idnumber"):
        raise invalid_parameter("category type not valid")
    for category in site.course_categories.values():
        if str(getattr(category, kind["type"])) == kind["value"]:
            return site.context_id("category", category.id)
    raise invalid_parameter(f"category not exists: category {kind['type']} = {kind['value']}")


def _require_reading(call: Call) -> None:
    if not call.can("moodle/cohort:manage") and not call.can("moodle/cohort:view"):
        raise no_permission("moodle/cohort:view")


@serves("core_cohort_create_cohorts")
def create_cohorts(call: Call, params: dict[str, Any]) -> Steps:
    """All or nothing; an idnumber that is there is `invalidparameter`, unless two calls overlap."""
    site = call.site
    contexts = []
    taken = {c.idnumber for c in site.cohorts.values()}
    for wanted in params["cohorts"]:
        contexts.append(_context_of(call, wanted["categorytype"]))
        if wanted["idnumber"] in taken:
            raise invalid_parameter(f"record already exists: idnumber={wanted['idnumber']}")
        call.require("moodle/cohort:manage")
        taken.add(wanted["idnumber"])
    yield  # no unique index: see registry.Steps
    rows = []
    for wanted, context in zip(params["cohorts"], contexts, strict=True):
        visible = wanted.get("visible")
        cohort = Cohort(
            site.next_id("cohort"),
            wanted["name"],
            wanted["idnumber"],
            wanted.get("description") or "",
            True if visible is None else visible,
            context,
        )
        site.cohorts[cohort.id] = cohort
        call.record("cohort", "create", id=cohort.id, idnumber=cohort.idnumber)
        rows.append(_row(cohort))
    return rows


@serves("core_cohort_update_cohorts")
def update_cohorts(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing, answers null."""
    site = call.site
    for wanted in params["cohorts"]:
        if wanted["id"] not in site.cohorts:
            raise missing_record("cohort")
        call.require("moodle/cohort:manage")
    for wanted in params["cohorts"]:
        cohort = site.cohorts[wanted["id"]]
        cohort.name, cohort.idnumber = wanted["name"], wanted["idnumber"]
        cohort.contextid = _context_of(call, wanted["categorytype"])
        if wanted.get("description") is not None:
            cohort.description = wanted["description"]
        if wanted.get("visible") is not None:
            cohort.visible = wanted["visible"]
        call.record("cohort", "update", id=cohort.id, idnumber=cohort.idnumber)
    return None


@serves("core_cohort_get_cohorts")
def get_cohorts(call: Call, params: dict[str, Any]) -> Any:
    """All cohorts, or those with the given ids."""
    site = call.site
    _require_reading(call)
    if not params["cohortids"]:
        return site.shuffled([_row(c) | {"customfields": []} for c in site.cohorts.values()])
    for cohort_id in params["cohortids"]:
        if cohort_id not in site.cohorts:
            raise missing_record("cohort")
    return [_row(site.cohorts[i]) | {"customfields": []} for i in params["cohortids"]]


@serves("core_cohort_search_cohorts")
def search_cohorts(call: Call, params: dict[str, Any]) -> Any:
    """Cohorts of the context whose name, idnumber or description holds the query; paged."""
    site = call.site
    _require_reading(call)
    context = params["context"]
    wanted: int | None = context["contextid"] or 1
    if context["contextlevel"] == "coursecat":
        wanted = site.context_id("category", context["instanceid"])
    elif context["contextlevel"] not in ("", "system"):
        raise invalid_parameter("the stand-in has cohorts in the system and in course categories only")
    elif not context["contextlevel"] and not context["contextid"]:
        raise invalid_parameter(
            "Missing parameters, please provide contextlevel with instance id or contextid"
        )
    if params["includes"] == "all":
        wanted = None
    query = params["query"].lower()
    found = [
        c
        for c in site.cohorts.values()
        if (wanted is None or c.contextid == wanted)
        and (query in c.name.lower() or query in c.idnumber.lower() or query in c.description.lower())
    ]
    found.sort(key=lambda c: (c.name, c.idnumber))
    limit = params["limitnum"]
    page = found[params["limitfrom"] :]
    return {"cohorts": [_row(c) | {"customfields": []} for c in (page[:limit] if limit else page)]}


@serves("core_cohort_get_cohort_members")
def get_cohort_members(call: Call, params: dict[str, Any]) -> Any:
    """User ids by cohort, in no promised order."""
    site = call.site
    for cohort_id in params["cohortids"]:
        if cohort_id not in site.cohorts:
            raise missing_record("cohort")
    _require_reading(call)
    return [{"cohortid": i, "userids": site.shuffled(site.cohorts[i].members)} for i in params["cohortids"]]


@serves("core_cohort_add_cohort_members")
def add_cohort_members(call: Call, params: dict[str, Any]) -> Any:
    """Unknown cohorts or users and members already there are warnings; the rest is added."""
    site = call.site
    warnings: list[dict[str, Any]] = []

    def warn(code: str, message: str) -> None:
        warnings.append({"warningcode": code, "message": message})

    for member in params["members"]:
        cohort_type, user_type = member["cohorttype"], member["usertype"]
        if cohort_type["type"] not in ("id", "idnumber"):
            warn("1", f"invalid parameter: cohortype={cohort_type['type']}")
            continue
        if user_type["type"] not in ("id", "username"):
            warn("1", f"invalid parameter: usertype={user_type['type']}")
            continue
        cohorts = [
            c for c in site.cohorts.values() if str(getattr(c, cohort_type["type"])) == cohort_type["value"]
        ]
        if not cohorts:
            warn("2", f"cohort {cohort_type['type']}={cohort_type['value']} not exists")
            continue
        if len(cohorts) > 1:
            raise MoodleError("Error", "error/cohort/Error")
        user = _find_user(call, user_type["type"], user_type["value"])
        if user is None:
            warn("2", f"user {user_type['type']}={user_type['value']} not exists")
            continue
        cohort = cohorts[0]
        if user.id in cohort.members:
            warn(
                "3",
                f"record already exists: cohort({cohort_type['type']}={cohort_type['value']} "
                f"{user_type['type']}={user_type['value']})",
            )
            continue
        if not call.can("moodle/cohort:manage") and not call.can("moodle/cohort:assign"):
            raise no_permission("moodle/cohort:assign")
        cohort.members.append(user.id)
        call.record("cohort_member", "add", cohort=cohort.idnumber, userid=user.id)
    return {"warnings": warnings}


def _find_user(call: Call, kind: str, value: str) -> User | None:
    if kind == "username":
        return call.site.user_by_name(value)
    found = call.site.users.get(int(value)) if value.isdigit() else None
    return None if found is None or found.deleted else found


@serves("core_cohort_delete_cohort_members")
def delete_cohort_members(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing; somebody who is no member is left alone."""
    site = call.site
    for member in params["members"]:
        if member["cohortid"] not in site.cohorts:
            raise missing_record("cohort")
        site.user(member["userid"])
        if not call.can("moodle/cohort:manage") and not call.can("moodle/cohort:assign"):
            raise no_permission("moodle/cohort:assign")
    for member in params["members"]:
        cohort = site.cohorts[member["cohortid"]]
        if member["userid"] in cohort.members:
            cohort.members.remove(member["userid"])
            call.record("cohort_member", "remove", cohort=cohort.idnumber, userid=member["userid"])
    return None
