"""core_course: courses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_standin.course_records import create_course_record, set_course_fields
from moodle_standin.errors import MoodleError, invalid_parameter, missing_record, write_error
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.registry import Steps, serves
from moodle_standin.records import Course
from moodle_standin.site import Call


def _check_course_names(
    others: list[tuple[str, str]], fullname: str | None, shortname: str | None, idnumber: str | None
) -> None:
    if shortname is not None and any(shortname == name for name, _ in others):
        raise MoodleError("shortnametaken", f"Short name is already used for another course ({shortname})")
    if idnumber and any(idnumber == number for _, number in others):
        raise MoodleError("courseidnumbertaken", f"ID number is already used for another course ({idnumber})")
    if len(shortname or "") > 255 or len(fullname or "") > 1333 or len(idnumber or "") > 100:
        raise write_error("a course's name or idnumber is too long for its column")


@serves("core_course_create_courses")
def create_courses(call: Call, params: dict[str, Any]) -> Steps:
    """All or nothing. An unknown custom field is silently ignored. Names are unique unless two calls overlap."""
    site = call.site
    taken = [(c.shortname, c.idnumber) for c in site.courses.values()]
    for wanted in params["courses"]:
        if wanted["categoryid"] not in site.course_categories:
            raise MoodleError(
                "errorcatcontextnotvalid",
                "You cannot execute functions in the category context "
                f"(category id:{wanted['categoryid']}). The context error message was: "
                "Invalid parameter value detected",
            )
        call.require("moodle/course:create")
        for name in ("fullname", "shortname"):
            if not wanted[name].strip():
                raise MoodleError("errorinvalidparam", f'The param "{name}" is invalid.')
        _check_course_names(taken, wanted["fullname"], wanted["shortname"], wanted.get("idnumber"))
        taken.append((wanted["shortname"], wanted.get("idnumber") or ""))
    yield  # no unique index: see registry.Steps
    result = []
    for wanted in params["courses"]:
        if not call.can("moodle/course:visibility"):
            wanted["visible"] = site.course_categories[wanted["categoryid"]].visible
        course = create_course_record(site, wanted)
        call.record("course", "create", id=course.id, idnumber=course.idnumber)
        result.append({"id": course.id, "shortname": course.shortname})
    return result


_CHANGE_CAPABILITIES = {
    "fullname": "moodle/course:changefullname",
    "shortname": "moodle/course:changeshortname",
    "idnumber": "moodle/course:changeidnumber",
    "summary": "moodle/course:changesummary",
    "visible": "moodle/course:visibility",
    "categoryid": "moodle/course:changecategory",
}


@serves("core_course_update_courses")
def update_courses(call: Call, params: dict[str, Any]) -> Any:
    """Each row by itself: a bad one becomes a warning, the good ones are saved."""
    warnings = []
    for wanted in params["courses"]:
        try:
            _update_course(call, wanted)
        except MoodleError as error:
            warnings.append(
                {
                    "item": "course",
                    "itemid": wanted["id"],
                    "warningcode": error.errorcode,
                    "message": error.message,
                }
            )
    return {"warnings": warnings}


def _update_course(call: Call, wanted: Mapping[str, Any]) -> None:
    site = call.site
    course = site.require_course_access(call.user, wanted["id"])
    call.require("moodle/course:update", course.id)
    for name, capability in _CHANGE_CAPABILITIES.items():
        old = course.category if name == "categoryid" else getattr(course, name, None)
        if wanted.get(name) is not None and wanted[name] != old:
            call.require(capability, course.id)
    for name in ("fullname", "shortname"):
        if wanted.get(name) is not None and not wanted[name].strip():
            raise MoodleError("errorinvalidparam", f'The param "{name}" is invalid.')
    others = [(c.shortname, c.idnumber) for c in site.courses.values() if c.id != course.id]
    _check_course_names(others, wanted.get("fullname"), wanted.get("shortname"), wanted.get("idnumber"))
    if wanted.get("categoryid") is not None:
        if wanted["categoryid"] not in site.course_categories:
            raise missing_record("course_categories")
        course.category = wanted["categoryid"]
    set_course_fields(course, wanted)
    course.timemodified = site.now()
    call.record("course", "update", id=course.id, idnumber=course.idnumber)


@serves("core_course_delete_courses")
def delete_courses(call: Call, params: dict[str, Any]) -> Any:
    """Deletes courses with their sections and modules; an unknown id is a warning."""
    site = call.site
    warnings = []
    for course_id in params["courseids"]:
        if course_id not in site.courses:
            warnings.append(
                {
                    "item": "course",
                    "itemid": course_id,
                    "warningcode": "unknowncourseidnumber",
                    "message": f'Unknown course ID "{course_id}"',
                }
            )
            continue
        call.require("moodle/course:delete", course_id)
        course = site.courses.pop(course_id)
        for section_id in course.sections:
            for cmid in site.sections.pop(section_id).sequence:
                site.modules.pop(cmid)
        site.criteria.pop(course_id, None)
        call.record("course", "delete", id=course_id, idnumber=course.idnumber)
    return {"warnings": warnings}


@serves("core_course_get_courses_by_field")
def get_courses_by_field(call: Call, params: dict[str, Any]) -> Any:
    """Finds courses by id, ids, shortname, idnumber or category; without a field all of them."""
    site = call.site
    field, value = params["field"], params["value"]
    courses = list(site.courses.values())
    if field == "id":
        courses = [c for c in courses if str(c.id) == value]
    elif field == "ids":
        ids = {part.strip() for part in value.split(",")}
        courses = [c for c in courses if str(c.id) in ids]
    elif field == "shortname":
        courses = [c for c in courses if c.shortname == value]
    elif field == "idnumber":
        courses = [c for c in courses if c.idnumber == value]
    elif field == "category":
        courses = [c for c in courses if str(c.category) == value]
    elif field == "sectionid":
        courses = [c for c in courses if value in {str(s) for s in c.sections}]
    elif field:
        raise invalid_parameter("Invalid field name")
    visible = [c for c in courses if c.visible or call.can("moodle/course:viewhiddencourses", c.id)]
    return {"courses": [_course_by_field(call, c) for c in visible], "warnings": []}


def _course_by_field(call: Call, course: Course) -> dict[str, Any]:
    site = call.site
    row: dict[str, Any] = {
        "id": course.id,
        "fullname": name_in_answer(call, course.fullname),
        "displayname": name_in_answer(call, course.fullname),
        "shortname": name_in_answer(call, course.shortname),
        "courseimage": f"{site.settings.url}/pluginfile.php/{site.context_id('course', course.id)}"
        "/course/generated/course.svg",
        "categoryid": course.category,
        "categoryname": name_in_answer(call, site.course_categories[course.category].name),
        "sortorder": 10000 * course.category + course.id,
        "summary": course.summary,
        "summaryformat": course.summaryformat,
        "summaryfiles": [],
        "overviewfiles": [],
        "showactivitydates": True,
        "showcompletionconditions": True,
        "contacts": [],
        "enrollmentmethods": ["manual"] if course.manual_enrolment else [],
    }
    if call.can("moodle/course:update", course.id):
        row |= {
            name: getattr(course, name)
            for name in (
                "idnumber", "format", "showgrades", "newsitems", "startdate", "enddate", "maxbytes",
                "showreports", "visible", "groupmode", "groupmodeforce", "defaultgroupingid",
                "enablecompletion", "completionnotify", "lang", "timecreated", "timemodified",
            )
        }  # fmt: skip
        row |= {"theme": "", "marker": 0, "legacyfiles": 0, "calendartype": "", "requested": 0}
        row["cacherev"] = course.timemodified
        row["filters"] = [
            {"filter": name, "localstate": 0, "inheritedstate": 1}
            for name in [
                *(["multilang"] if site.settings.multilang_filter else []),
                "displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin",
            ]
        ]  # fmt: skip
        row["courseformatoptions"] = [{"name": k, "value": v} for k, v in course.formatoptions.items()]
    return row


@serves("core_course_get_courses")
def get_courses(call: Call, params: dict[str, Any]) -> Any:
    """Courses by id, or all that the caller may see."""
    site = call.site
    ids = (params["options"] or {}).get("ids")
    result = []
    for course in list(site.courses.values()) if ids is None else [site.course(i) for i in ids]:
        site.require_course_access(call.user, course.id)
        row = _course_by_field(call, course)
        row |= {"numsections": len(course.sections) - 1, "categorysortorder": row["sortorder"]}
        row.setdefault("startdate", course.startdate)
        row.setdefault("enddate", course.enddate)
        row.setdefault("format", course.format)
        result.append(row)
    return result


@serves("core_course_view_course")
def view_course(call: Call, params: dict[str, Any]) -> Any:
    """A learner opens the course page."""
    call.site.require_course_access(call.user, params["courseid"])
    return {"status": True, "warnings": []}
