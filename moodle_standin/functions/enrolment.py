"""enrol_manual and core_enrol: who is in a course."""

from __future__ import annotations

import re
from typing import Any

from moodle_standin.completion import state_of
from moodle_standin.errors import MISSING_RECORD, MoodleError, invalid_parameter, login_required
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.course_pages import enter_course
from moodle_standin.functions.registry import serves
from moodle_standin.functions.users import user_details
from moodle_standin.records import Course, Enrolment, User
from moodle_standin.site import Call, Site
from moodle_standin.taken_back import unenrol


def _active_user(call: Call, user_id: int) -> User:
    user = call.site.users.get(user_id)
    if user is None:
        raise MoodleError("invaliduser", "Invalid user", exception=MISSING_RECORD)
    if user.deleted:
        raise MoodleError("userdeleted", "This user account has been deleted")
    if user.suspended:
        raise MoodleError("suspended", "This user account has been suspended")
    return user


@serves("enrol_manual_enrol_users")
def enrol_users(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing, answers null; enrolling again changes the status and is otherwise harmless."""
    site = call.site
    for wanted in params["enrolments"]:
        if wanted["courseid"] not in site.courses:
            raise invalid_parameter("Context does not exist")
        course = site.require_course_access(call.user, wanted["courseid"])
        call.require("enrol/manual:enrol", course.id)
        _active_user(call, wanted["userid"])
        if wanted["roleid"] not in site.settings.assignable_roles or not call.can(
            "moodle/role:assign", course.id
        ):
            raise MoodleError(
                "wsusercannotassign",
                f"You don't have the permission to assign this role ({wanted['roleid']}) to this user "
                f"({wanted['userid']}) in this course ({course.id}).",
            )
        if not course.manual_enrolment:
            raise MoodleError(
                "wsnoinstance",
                "Manual enrolment plugin instance doesn't exist or is disabled for the course "
                f"(id = {course.id})",
            )
    for wanted in params["enrolments"]:
        status = int(bool(wanted.get("suspend")))
        found = next(
            (e for e in site.enrolments_of(wanted["courseid"], wanted["userid"]) if e.method == "manual"),
            None,
        )
        start, end = wanted.get("timestart") or 0, wanted.get("timeend") or 0
        if found is None:
            site.enrol(
                Enrolment(
                    id=site.next_id("user_enrolments"),
                    courseid=wanted["courseid"],
                    userid=wanted["userid"],
                    method="manual",
                    status=status,
                    roleid=wanted["roleid"],
                    timestart=start,
                    timeend=end,
                    timecreated=site.now(),
                    timemodified=site.now(),
                )
            )
            action = "create"
        elif (found.status, found.timestart, found.timeend) != (status, start, end):
            found.status, found.timestart, found.timeend = status, start, end
            found.timemodified = site.now()
            action = "update"
        else:
            continue
        call.record("enrolment", action, course=wanted["courseid"], userid=wanted["userid"], status=status)
    return None


@serves("enrol_manual_unenrol_users")
def unenrol_users(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing, answers null; group memberships of the course go with the last enrolment."""
    site = call.site
    for wanted in params["enrolments"]:
        site.require_course_access(call.user, wanted["courseid"])
        call.require("enrol/manual:unenrol", wanted["courseid"])
        _active_user(call, wanted["userid"])
    for wanted in params["enrolments"]:
        course_id, user_id = wanted["courseid"], wanted["userid"]
        if all(e.method != "manual" for e in site.enrolments_of(course_id, user_id)):
            continue
        unenrol(site, course_id, user_id)
        call.record("enrolment", "delete", course=course_id, userid=user_id)
    return None


@serves("core_enrol_get_enrolled_users")
def get_enrolled_users(call: Call, params: dict[str, Any]) -> Any:
    """Everybody enrolled, by id, paged by options; fullname comes even when it was not asked for."""
    site = call.site
    course = enter_course(call, params["courseid"])
    call.require("moodle/course:viewparticipants", course.id)
    options = {option["name"]: option["value"] for option in params["options"]}
    only_active = options.get("onlyactive", "0") not in ("", "0")
    only_suspended = options.get("onlysuspended", "0") not in ("", "0")
    if only_active or only_suspended:
        call.require("moodle/course:enrolreview", course.id)
    fields = None
    if "userfields" in options:
        fields = {re.sub(r"[^A-Za-z0-9_-]", "", name) for name in options["userfields"].split(",")}
    found = []
    for user_id in site.enrolments[course.id]:
        user = site.users[user_id]
        active = site.is_actively_enrolled(course.id, user_id) and not user.suspended
        if user.deleted or (only_active and not active) or (only_suspended and active):
            continue
        found.append(user)
    found.sort(key=lambda u: u.id, reverse=options.get("sortdirection", "ASC").upper() == "DESC")
    start, number = int(options.get("limitfrom", 0) or 0), int(options.get("limitnumber", 0) or 0)
    page = found[start : start + number] if number else found[start:]
    return [row for user in page if (row := user_details(call, user, fields, course.id)) is not None]


@serves("core_enrol_get_users_courses")
def get_users_courses(call: Call, params: dict[str, Any]) -> Any:
    """The courses in which somebody is actively enrolled, with progress for those who may see it."""
    site = call.site
    user = site.user(params["userid"])
    rows = []
    for course in site.courses.values():
        if not site.is_actively_enrolled(course.id, user.id):
            continue
        own = user.id == call.user.id
        if not own:
            try:
                site.require_course_access(call.user, course.id)
            except MoodleError as error:
                if error.errorcode == login_required().errorcode:
                    continue
                raise
            if not call.can("moodle/course:viewparticipants", course.id):
                continue
        if not course.visible and not call.can("moodle/course:viewhiddencourses", course.id):
            continue
        rows.append(_course_of_user(call, course, user, params["returnusercount"]))
    return rows


def _course_of_user(call: Call, course: Course, user: User, with_count: bool) -> dict[str, Any]:
    site = call.site
    done = site.course_completions.get((course.id, user.id))
    row: dict[str, Any] = {
        "id": course.id,
        "shortname": name_in_answer(call, course.shortname),
        "fullname": name_in_answer(call, course.fullname),
        "displayname": name_in_answer(call, course.fullname),
        "idnumber": course.idnumber,
        "visible": course.visible,
        "summary": course.summary,
        "summaryformat": course.summaryformat,
        "format": course.format,
        "courseimage": f"{site.settings.url}/pluginfile.php/{site.context_id('course', course.id)}"
        "/course/generated/course.svg",
        "showgrades": course.showgrades,
        "lang": course.lang,
        "enablecompletion": course.enablecompletion,
        "completionhascriteria": bool(site.criteria.get(course.id)),
        "completionusertracked": True,
        "category": course.category,
        "progress": _progress(site, course, user),
        "completed": done is not None and done.timecompleted is not None,
        "startdate": course.startdate,
        "enddate": course.enddate,
        "marker": 0,
        "lastaccess": None,
        "isfavourite": False,
        "hidden": False,
        "overviewfiles": [],
        "showactivitydates": True,
        "showcompletionconditions": True,
        "timemodified": course.timemodified,
    }
    if with_count:
        row["enrolledusercount"] = len(site.enrolments[course.id])
    return row


def _progress(site: Site, course: Course, user: User) -> float | None:
    tracked = [m for m in site.modules_in(course.id) if m.completion]
    if not tracked:
        return None
    done = sum(state_of(site, module, user.id) in (1, 2) for module in tracked)
    return 100 * done / len(tracked)


@serves("core_enrol_get_course_enrolment_methods")
def get_course_enrolment_methods(call: Call, params: dict[str, Any]) -> Any:
    """The enrolment methods that learners could use by themselves; manual enrolment is not one of them."""
    enter_course(call, params["courseid"])
    return []
