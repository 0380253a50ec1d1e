"""core_completion: the state of activities and of a course for one user."""

from __future__ import annotations

from typing import Any

from moodle_standin.completion import completion_data, course_status, set_state, state_of
from moodle_standin.errors import MoodleError
from moodle_standin.functions.registry import serves
from moodle_standin.site import Call


@serves("core_completion_get_activities_completion_status")
def get_activities_completion_status(call: Call, params: dict[str, Any]) -> Any:
    """One user's state in every activity that has completion switched on."""
    site = call.site
    course = site.course(params["courseid"])
    user = site.user(params["userid"])
    site.require_course_access(call.user, course.id)
    if user.id != call.user.id:
        call.require("report/progress:view", course.id)
    rows = []
    for module in site.modules_in(course.id):
        if not module.completion:
            continue
        rows.append(
            {
                "cmid": module.id,
                "modname": module.modname,
                "instance": module.instance,
                "tracking": module.completion,
                **completion_data(site, module, user),
            }
        )
    return {"statuses": rows, "warnings": []}


@serves("core_completion_get_course_completion_status")
def get_course_completion_status(call: Call, params: dict[str, Any]) -> Any:
    """One user's state in the criteria of the course."""
    site = call.site
    course = site.course(params["courseid"])
    user = site.user(params["userid"])
    site.require_course_access(call.user, course.id)
    if user.id != call.user.id and not call.can("report/completion:view", course.id):
        raise MoodleError("cannotviewreport", "You cannot view this report")
    return {"completionstatus": course_status(site, course.id, user, call.user), "warnings": []}


@serves("core_completion_override_activity_completion_status")
def override_activity_completion_status(call: Call, params: dict[str, Any]) -> Any:
    """A teacher sets a state by hand."""
    site = call.site
    module = site.module(params["cmid"])
    user = site.user(params["userid"])
    site.require_module_access(call.user, module)
    call.require("moodle/course:overridecompletion", module.course)
    set_state(call, module, user.id, params["newstate"], call.user.id)
    row = site.activity_completions[module.id, user.id]
    return {
        "cmid": module.id,
        "userid": user.id,
        "state": state_of(site, module, user.id),
        "timecompleted": row.timemodified,
        "overrideby": call.user.id,
        "tracking": module.completion,
    }
