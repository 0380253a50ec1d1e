"""core_group: groups of a course and their members."""

from __future__ import annotations

from typing import Any

from moodle_standin.errors import MoodleError, invalid_parameter, missing_record
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.course_pages import enter_course
from moodle_standin.functions.registry import Steps, serves
from moodle_standin.records import Group
from moodle_standin.site import Call


def _row(call: Call, group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "courseid": group.courseid,
        "name": name_in_answer(call, group.name),
        "description": group.description,
        "descriptionformat": 1,
        "enrolmentkey": None,
        "idnumber": group.idnumber,
        "visibility": 0,
        "participation": True,
    }


def _group(call: Call, group_id: int) -> Group:
    group = call.site.groups.get(group_id)
    if group is None:
        raise missing_record("groups")
    return group


@serves("core_group_create_groups")
def create_groups(call: Call, params: dict[str, Any]) -> Steps:
    """All or nothing; a name twice in one course is `invalidparameter`, an idnumber twice `idnumbertaken`, unless
    two calls overlap.
    """
    site = call.site
    taken = {(g.courseid, g.name) for g in site.groups.values()}
    numbers = {(g.courseid, g.idnumber) for g in site.groups.values() if g.idnumber}
    for wanted in params["groups"]:
        if not wanted["name"].strip():
            raise invalid_parameter("Invalid group name")
        if (wanted["courseid"], wanted["name"]) in taken:
            raise invalid_parameter("Group with the same name already exists in the course")
        enter_course(call, wanted["courseid"])
        call.require("moodle/course:managegroups", wanted["courseid"])
        taken.add((wanted["courseid"], wanted["name"]))
        number = (wanted["courseid"], (wanted.get("idnumber") or "").strip())
        if number in numbers:
            raise MoodleError("idnumbertaken", "This ID number is already in use")
        if number[1]:
            numbers.add(number)
    yield  # no unique index: see registry.Steps
    rows = []
    for wanted in params["groups"]:
        group = Group(
            site.next_id("groups"),
            wanted["courseid"],
            wanted["name"].strip(),
            wanted.get("idnumber") or "",
            wanted["description"] or "",
        )
        site.groups[group.id] = group
        call.record("group", "create", id=group.id, idnumber=group.idnumber, course=group.courseid)
        rows.append({**_row(call, group), "enrolmentkey": ""} | {"name": group.name})
    return rows


@serves("core_group_update_groups")
def update_groups(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing, answers null."""
    for wanted in params["groups"]:
        group = _group(call, wanted["id"])
        if not wanted["name"].strip():
            raise invalid_parameter("Invalid group name")
        clash = any(
            g.courseid == group.courseid and g.name == wanted["name"] and g.id != group.id
            for g in call.site.groups.values()
        )
        if clash:
            raise invalid_parameter("A different group with the same name already exists in the course")
        enter_course(call, group.courseid)
        call.require("moodle/course:managegroups", group.courseid)
    for wanted in params["groups"]:
        group = _group(call, wanted["id"])
        group.name = wanted["name"].strip()
        for name in ("description", "idnumber"):
            if wanted.get(name) is not None:
                setattr(group, name, wanted[name])
        call.record("group", "update", id=group.id, idnumber=group.idnumber, course=group.courseid)
    return None


@serves("core_group_get_course_groups")
def get_course_groups(call: Call, params: dict[str, Any]) -> Any:
    """The groups of one course."""
    enter_course(call, params["courseid"])
    call.require("moodle/course:managegroups", params["courseid"])
    return call.site.shuffled(
        [_row(call, g) for g in call.site.groups.values() if g.courseid == params["courseid"]]
    )


@serves("core_group_get_groups")
def get_groups(call: Call, params: dict[str, Any]) -> Any:
    """Groups by id."""
    rows = []
    for group_id in params["groupids"]:
        group = _group(call, group_id)
        enter_course(call, group.courseid)
        call.require("moodle/course:managegroups", group.courseid)
        rows.append(_row(call, group))
    return rows


@serves("core_group_get_group_members")
def get_group_members(call: Call, params: dict[str, Any]) -> Any:
    """User ids by group, in no promised order."""
    rows = []
    for group_id in params["groupids"]:
        group = _group(call, group_id)
        enter_course(call, group.courseid)
        call.require("moodle/course:managegroups", group.courseid)
        rows.append({"groupid": group_id, "userids": call.site.shuffled(group.members)})
    return rows


@serves("core_group_add_group_members")
def add_group_members(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing; only those who are enrolled can be members. Answers null."""
    for member in params["members"]:
        group = _group(call, member["groupid"])
        call.site.user(member["userid"])
        enter_course(call, group.courseid)
        call.require("moodle/course:managegroups", group.courseid)
        if not call.site.enrolments_of(group.courseid, member["userid"]):
            raise invalid_parameter("Only enrolled users may be members of groups")
    for member in params["members"]:
        group = _group(call, member["groupid"])
        if member["userid"] not in group.members:
            group.members.append(member["userid"])
            call.record("group_member", "add", group=group.idnumber, id=group.id, userid=member["userid"])
    return None


@serves("core_group_delete_group_members")
def delete_group_members(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing, answers null."""
    for member in params["members"]:
        group = _group(call, member["groupid"])
        call.site.user(member["userid"])
        enter_course(call, group.courseid)
        call.require("moodle/course:managegroups", group.courseid)
    for member in params["members"]:
        group = _group(call, member["groupid"])
        if member["userid"] in group.members:
            group.members.remove(member["userid"])
            call.record("group_member", "remove", group=group.idnumber, id=group.id, userid=member["userid"])
    return None
