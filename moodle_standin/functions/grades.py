"""gradereport_user: the grade items of one user, or of everybody in one answer."""

from __future__ import annotations

from typing import Any

from moodle_standin.errors import MoodleError
from moodle_standin.functions.registry import serves
from moodle_standin.records import Course, GradeItem, User
from moodle_standin.site import Call


@serves("gradereport_user_get_grade_items")
def get_grade_items(call: Call, params: dict[str, Any]) -> Any:
    """User 0 means all learners of the course."""
    site = call.site
    course = site.require_course_access(call.user, params["courseid"])
    if params["userid"]:
        users = [site.user(params["userid"])]
        if not site.enrolments_of(course.id, users[0].id):
            raise MoodleError("notenrolled", "Not enrolled")
    else:
        users = [site.users[u] for u in site.enrolments[course.id]]
    call.require("gradereport/user:view", course.id)
    if users != [call.user] and not call.can("moodle/grade:viewall", course.id):
        raise MoodleError("nopermissiontoviewgrades", "Can not view grades.")
    return {"usergrades": [_user(call, course, user) for user in users], "warnings": []}


def _user(call: Call, course: Course, user: User) -> dict[str, Any]:
    items = [i for i in call.site.grade_items.values() if i.courseid == course.id]
    items.sort(key=lambda i: (i.itemtype == "course", i.id))
    return {
        "courseid": course.id,
        "courseidnumber": course.idnumber,
        "userid": user.id,
        "userfullname": user.fullname,
        "useridnumber": user.idnumber,
        "maxdepth": 2,
        "gradeitems": [_item(call, item, user) for item in items],
    }


def _item(call: Call, item: GradeItem, user: User) -> dict[str, Any]:
    site = call.site
    grade = site.grades.get((item.id, user.id))
    value = grade.finalgrade if grade else None
    when = grade.timemodified if grade else None
    row: dict[str, Any] = {
        "id": item.id,
        "itemname": None,
        "itemtype": item.itemtype,
        "itemmodule": item.itemmodule or None,
        "iteminstance": item.iteminstance,
        "itemnumber": None,
        "idnumber": None,
        "categoryid": None,
        "outcomeid": None,
        "scaleid": None,
        "locked": None,
        "graderaw": value,
        "gradedatesubmitted": when if item.itemmodule not in ("", "scorm") else None,
        "gradedategraded": when,
        "gradehiddenbydate": False,
        "gradeneedsupdate": False,
        "gradeishidden": False,
        "gradeislocked": None,
        "gradeisoverridden": None,
        "gradeformatted": "-" if value is None else f"{value:.2f}",
        "grademin": 0,
        "grademax": item.grademax,
        "rangeformatted": f"0&ndash;{item.grademax:g}",
        "percentageformatted": "-" if value is None else f"{100 * value / (item.grademax or 1):.2f} %",
        "feedback": "",
        "feedbackformat": 0,
    }
    if item.itemtype == "mod":
        module = site.module_of(item.itemmodule, item.iteminstance)
        row |= {
            "itemname": site.module_name(module),
            "itemnumber": 0,
            "idnumber": module.idnumber,
            "categoryid": item.courseid,
            "cmid": module.id,
        }
        if value is not None and item.gradepass > 0:
            word, icon = (
                ("Pass", "check text-success") if value >= item.gradepass else ("Fail", "xmark text-danger")
            )
            row["gradeformatted"] = (
                f'<i class="icon fa fa-{icon} fa-fw inline"  title="{word}" role="img" aria-label="{word}"></i>'
                f"{value:.2f}"
            )
    return row
