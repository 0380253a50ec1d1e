"""mod_assign: reading assignments, handing in as the mobile app does, and marking by somebody who may."""

from __future__ import annotations

import html
from typing import Any

from moodle_standin.completion import set_grade, update_completion
from moodle_standin.errors import MoodleError, missing_record
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.registry import serves
from moodle_standin.parameters import strip_tags
from moodle_standin.records import CourseModule, SimpleActivity, Submission
from moodle_standin.site import Call, Site

NOT_ENROLLED = "User is not enrolled in this course or does not have requested capability"


def _enter(call: Call, assignment_id: int) -> tuple[SimpleActivity, CourseModule]:
    assignment = call.site.simple.get(("assign", assignment_id))
    if assignment is None:
        raise missing_record("assign")
    module = call.site.module_of("assign", assignment_id)
    call.site.require_module_access(call.user, module)
    call.require("mod/assign:view", module.course)
    return assignment, module


@serves("mod_assign_get_assignments")
def get_assignments(call: Call, params: dict[str, Any]) -> Any:
    """The assignments of the courses that the caller is enrolled in, or may see where that is asked for."""
    site = call.site
    mine = [c for c in site.courses if site.is_actively_enrolled(c, call.user.id)]
    courses, warnings = [], []
    for course_id in params["courseids"] or mine:
        if course_id not in mine and not params["includenotenrolledcourses"]:
            warnings.append(_warning("course", course_id, "2", NOT_ENROLLED))
            continue
        try:
            course = site.require_course_access(call.user, course_id)
        except MoodleError as error:
            warnings.append(
                _warning("course", course_id, "1", f"No access rights in course context {error.message}")
            )
            continue
        rows = []
        for module in site.modules_in(course_id):
            if module.modname != "assign":
                continue
            try:
                site.require_module_access(call.user, module)
                call.require("mod/assign:view", course_id)
            except MoodleError:
                warnings.append(_warning("module", module.id, "1", "No access rights in module context"))
                continue
            rows.append(_row(call, module, site.simple["assign", module.instance]))
        courses.append(
            {
                "id": course.id,
                "fullname": name_in_answer(call, course.fullname),
                "shortname": name_in_answer(call, course.shortname),
                "timemodified": course.timemodified,
                "assignments": rows,
            }
        )
    return {"courses": courses, "warnings": warnings}


def _warning(item: str, item_id: int, code: str, message: str) -> dict[str, Any]:
    return {"item": item, "itemid": item_id, "warningcode": code, "message": message}


def _row(call: Call, module: CourseModule, assignment: SimpleActivity) -> dict[str, Any]:
    settings = assignment.settings
    kinds = settings["submissions"]
    configs = []
    if kinds["text"]:
        configs += [_config("onlinetext", "assignsubmission", "enabled", "1")]
    if kinds["files"]:
        configs += [
            _config("file", "assignsubmission", "enabled", "1"),
            _config("file", "assignsubmission", "maxfilesubmissions", str(kinds["files"])),
        ]
    configs.append(_config("comments", "assignfeedback", "enabled", "1"))
    zeros = (
        "nosubmissions", "submissiondrafts", "sendnotifications", "sendlatenotifications",
        "allowsubmissionsfromdate", "gradingduedate", "teamsubmission", "requireallteammemberssubmit",
        "teamsubmissiongroupingid", "blindmarking", "hidegrader", "revealidentities", "markingworkflow",
        "markingallocation", "markinganonymous", "requiresubmissionstatement", "preventsubmissionnotingroup",
        "timelimit", "submissionattachments",
    )  # fmt: skip
    return {
        **dict.fromkeys(zeros, 0),
        "id": assignment.id,
        "cmid": module.id,
        "course": module.course,
        "name": name_in_answer(call, assignment.name),
        "sendstudentnotifications": 1,
        "duedate": settings["duedate"],
        "cutoffdate": settings["cutoffdate"],
        "grade": settings["grade"],
        "timemodified": assignment.timemodified,
        "completionsubmit": assignment.rules.get("submit", 0),
        "attemptreopenmethod": "untilpass",
        "maxattempts": 1,
        "configs": configs,
        "intro": assignment.intro,
        "introformat": 1,
        "introfiles": [],
        "introattachments": [],
    }


def _config(plugin: str, subtype: str, name: str, value: str) -> dict[str, Any]:
    return {"plugin": plugin, "subtype": subtype, "name": name, "value": value}


@serves("mod_assign_save_submission")
def save_submission(call: Call, params: dict[str, Any]) -> Any:
    """Hands in; without drafts, which are off by default, that is a submission. What is wrong is a warning."""
    site = call.site
    assignment, module = _enter(call, params["assignmentid"])
    if not _is_open(site, assignment):
        return [_not_saved(assignment, "You cannot add or edit a submission after the due date.")]
    call.require("mod/assign:submit", module.course)
    data, kinds = params["plugindata"], assignment.settings["submissions"]
    text = data.get("onlinetext_editor", {}).get("text", "") if kinds["text"] else ""
    draft = data.get("files_filemanager") if kinds["files"] else None
    files = site.drafts.get((call.user.id, draft), []) if draft else []
    if not strip_tags(text).strip() and not files:
        return [_not_saved(assignment, "Nothing was submitted")]
    key = (assignment.id, call.user.id)
    if key not in site.submissions:
        assignment.answers += 1
    site.submissions[key] = Submission(text, tuple(file.filename for file in files), site.now())
    call.record("submission", "save", assignment=assignment.id, userid=call.user.id)
    if assignment.rules.get("submit"):
        update_completion(call, module, call.user.id)
    return []


def _is_open(site: Site, assignment: SimpleActivity) -> bool:
    cutoff = int(assignment.settings["cutoffdate"])
    return not cutoff or site.now() <= cutoff


def _not_saved(assignment: SimpleActivity, notice: str) -> dict[str, Any]:
    return {
        "item": html.escape(notice),
        "itemid": assignment.id,
        "warningcode": "couldnotsavesubmission",
        "message": "Could not save submission.",
    }


@serves("mod_assign_save_grade")
def save_grade(call: Call, params: dict[str, Any]) -> Any:
    """Marks the work of one learner: the grade goes into the gradebook, the completion follows from it."""
    site = call.site
    assignment, module = _enter(call, params["assignmentid"])
    call.require("mod/assign:grade", module.course)
    user = site.user(params["userid"])
    value = None if params["grade"] == -1 else float(params["grade"])
    item = site.grade_item_of("assign", assignment.id)
    if item is None:
        return None
    if value is not None and (item.id, user.id) not in site.grades:
        assignment.graded += 1
    set_grade(call, item, user.id, value)
    update_completion(call, module, user.id)
    return None
