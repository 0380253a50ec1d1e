"""core_course: course categories and courses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_standin.errors import MoodleError, coding_error, invalid_parameter, missing_record, write_error
from moodle_standin.functions.registry import serves
from moodle_standin.records import Course, CourseCategory, CourseModule, GradeItem, Section
from moodle_standin.site import Call, Site

YEAR = 365 * 86400


# --- categories


@serves("core_course_create_categories")
def create_categories(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing; a duplicate idnumber is `categoryidnumbertaken`."""
    site = call.site
    new: list[CourseCategory] = []
    for wanted in params["categories"]:
        if wanted["parent"] and wanted["parent"] not in site.course_categories:
            raise MoodleError("unknowcategory", "error/unknowcategory")
        call.require("moodle/category:manage")
        name = wanted["name"].strip()
        idnumber = wanted.get("idnumber") or ""
        if not name:
            raise MoodleError("categorynamerequired", "Category name is required")
        if len(name) > 255:
            raise MoodleError("categorytoolong", "Category name is too long")
        if idnumber:
            if len(idnumber) > 100:
                raise MoodleError("idnumbertoolong", "ID number is too long")
            if any(c.idnumber == idnumber for c in [*site.course_categories.values(), *new]):
                raise MoodleError("categoryidnumbertaken", "ID number is already used for another category")
        new.append(
            CourseCategory(
                id=0,
                name=name,
                parent=wanted["parent"],
                idnumber=idnumber,
                description=wanted.get("description") or "",
                timemodified=site.now(),
            )
        )
    for category in new:
        category.id = site.next_id("course_categories")
        site.course_categories[category.id] = category
        call.record("course_category", "create", id=category.id, idnumber=category.idnumber)
    return [{"id": c.id, "name": c.name} for c in new]


@serves("core_course_get_categories")
def get_categories(call: Call, params: dict[str, Any]) -> Any:
    """Criteria id, ids, name, parent, idnumber, visible, theme; all must fit."""
    site = call.site
    found = list(site.course_categories.values())
    for criterion in params["criteria"]:
        key, value = criterion["key"], criterion["value"].strip()
        if key == "id":
            found = [c for c in found if str(c.id) == value]
        elif key == "ids":
            wanted = {part.strip() for part in value.split(",")}
            found = [c for c in found if str(c.id) in wanted]
        elif key == "idnumber":
            call.require("moodle/category:manage")
            found = [c for c in found if c.idnumber == value]
        elif key == "name":
            found = [c for c in found if c.name == value]
        elif key == "parent":
            found = [c for c in found if str(c.parent) == value]
        elif key == "visible":
            found = [c for c in found if str(c.visible) == value]
        else:
            raise MoodleError("criteriaerror", "You can not search on this criteria")
    if params["addsubcategories"]:
        wanted_ids = {c.id for c in found}
        below = [
            c for c in site.course_categories.values() if any(p in wanted_ids for p in _ancestors(site, c))
        ]
        found += [c for c in below if c.id not in wanted_ids]
    manages = call.can("moodle/category:manage")
    result = []
    for category in found:
        path = [*reversed(_ancestors(site, category)), category.id]
        row: dict[str, Any] = {
            "id": category.id,
            "name": category.name,
            "description": category.description,
            "descriptionformat": 1,
            "parent": category.parent,
            "sortorder": 10000 * category.id,
            "coursecount": sum(c.category == category.id for c in site.courses.values()),
            "depth": len(path),
            "path": "/" + "/".join(str(part) for part in path),
        }
        if manages:
            row |= {
                "idnumber": category.idnumber,
                "visible": category.visible,
                "visibleold": category.visible,
                "timemodified": category.timemodified,
                "theme": "",
            }
        result.append(row)
    return result


def _ancestors(site: Site, category: CourseCategory) -> list[int]:
    result = []
    while category.parent:
        category = site.course_categories[category.parent]
        result.append(category.id)
    return result


@serves("core_course_update_categories")
def update_categories(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing, answers null."""
    site = call.site
    for wanted in params["categories"]:
        if wanted["id"] not in site.course_categories:
            raise MoodleError("unknowncategory", "error/unknowncategory")
        call.require("moodle/category:manage")
        idnumber = wanted.get("idnumber")
        if idnumber and any(
            c.idnumber == idnumber and c.id != wanted["id"] for c in site.course_categories.values()
        ):
            raise MoodleError("categoryidnumbertaken", "ID number is already used for another category")
    for wanted in params["categories"]:
        category = site.course_categories[wanted["id"]]
        for name in ("name", "idnumber", "parent", "description"):
            if wanted.get(name) is not None:
                setattr(category, name, wanted[name])
        category.timemodified = site.now()
        call.record("course_category", "update", id=category.id, idnumber=category.idnumber)
    return None


# --- courses


def create_course_record(site: Site, wanted: Mapping[str, Any]) -> Course:
    """Makes a course with its sections, its announcements forum and its course grade item, without any check."""
    now = site.now()
    start = int(wanted.get("startdate") or (now - now % 86400 + 86400))
    course = Course(
        id=site.next_id("course"),
        category=wanted["categoryid"],
        fullname=wanted["fullname"],
        shortname=wanted["shortname"],
        startdate=start,
        enddate=int(wanted["enddate"]) if wanted.get("enddate") is not None else start + YEAR,
        timecreated=now,
        timemodified=now,
        formatoptions={"hiddensections": 1, "coursedisplay": 0, "indentation": "1"},
    )
    _set_course_fields(course, wanted)
    site.courses[course.id] = course
    numsections = wanted.get("numsections")
    for _ in range(1 + (4 if numsections is None else int(numsections))):
        add_section(site, course)
    if course.newsitems:
        instance = site.next_id("forum")
        site.forums[instance] = "Announcements"
        add_module(site, course, course.sections[0], "forum", instance)
    item = GradeItem(site.next_id("grade_items"), course.id, "course", "", course.id)
    site.grade_items[item.id] = item
    return course


_COURSE_FIELDS = (
    "fullname", "shortname", "idnumber", "summary", "summaryformat", "format", "showgrades", "newsitems",
    "startdate", "enddate", "maxbytes", "showreports", "visible", "groupmode", "groupmodeforce",
    "defaultgroupingid", "enablecompletion", "completionnotify", "lang",
)  # fmt: skip


def _set_course_fields(course: Course, wanted: Mapping[str, Any]) -> None:
    for name in _COURSE_FIELDS:
        if wanted.get(name) is not None:
            setattr(course, name, wanted[name])
    for option in wanted.get("courseformatoptions") or []:
        course.formatoptions[option["name"]] = option["value"]


def add_section(site: Site, course: Course, position: int | None = None) -> Section:
    """Adds a section at a place of the page (its number), or at the end."""
    section = Section(site.next_id("course_sections"), course.id)
    site.sections[section.id] = section
    course.sections.insert(len(course.sections) if position is None else position, section.id)
    return section


def add_module(site: Site, course: Course, section_id: int, modname: str, instance: int) -> CourseModule:
    """Adds a course module at the end of a section."""
    module = CourseModule(
        site.next_id("course_modules"), course.id, section_id, modname, instance, added=site.now()
    )
    site.modules[module.id] = module
    site.sections[section_id].sequence.append(module.id)
    return module


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
def create_courses(call: Call, params: dict[str, Any]) -> Any:
    """All or nothing. An unknown custom field is silently ignored."""
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
    others = [(c.shortname, c.idnumber) for c in site.courses.values() if c.id != course.id]
    _check_course_names(others, wanted.get("fullname"), wanted.get("shortname"), wanted.get("idnumber"))
    if wanted.get("categoryid") is not None:
        if wanted["categoryid"] not in site.course_categories:
            raise missing_record("course_categories")
        course.category = wanted["categoryid"]
    _set_course_fields(course, wanted)
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
        "fullname": course.fullname,
        "displayname": course.fullname,
        "shortname": course.shortname,
        "courseimage": f"{site.settings.url}/pluginfile.php/{site.context_id('course', course.id)}"
        "/course/generated/course.svg",
        "categoryid": course.category,
        "categoryname": site.course_categories[course.category].name,
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


@serves("core_courseformat_create_module")
def create_module(call: Call, params: dict[str, Any]) -> Any:
    """Refuses every module with a sentence as its errorcode, as 4.5 does for SCORM, quiz and most others."""
    call.site.require_course_access(call.user, params["courseid"])
    sentence = f"Module {params['modname']} does not support quick creation"
    raise MoodleError(sentence, f"error/{sentence}")


@serves("core_course_delete_modules")
def delete_modules(call: Call, params: dict[str, Any]) -> Any:
    """Deletes course modules and what they hold."""
    site = call.site
    for cmid in params["cmids"]:
        module = site.module(cmid)
        call.require("moodle/course:manageactivities", module.course)
    for cmid in params["cmids"]:
        module = site.modules.pop(cmid)
        site.sections[module.section].sequence.remove(cmid)
        if module.modname == "scorm":
            site.scorms.pop(module.instance, None)
        elif module.modname == "quiz":
            site.quizzes.pop(module.instance, None)
        call.record("course_module", "delete", id=cmid, idnumber=module.idnumber)
    return None


@serves("core_update_inplace_editable")
def update_inplace_editable(call: Call, params: dict[str, Any]) -> Any:
    """Renames a section (component format_topics, item sectionname) or an activity (core_course, activityname)."""
    site = call.site
    kind = (params["component"], params["itemtype"])
    value = params["value"]
    item_id = int(params["itemid"]) if params["itemid"].isdigit() else 0
    if kind == ("format_topics", "sectionname"):
        section = site.sections.get(item_id)
        if section is None:
            raise missing_record("course_sections")
        call.require("moodle/course:update", section.course)
        section.name = value
        url, what = f"{site.settings.url}/course/section.php?id={item_id}", "section"
    elif kind == ("core_course", "activityname"):
        module = site.module(item_id)
        call.require("moodle/course:manageactivities", module.course)
        if module.modname == "scorm":
            site.scorms[module.instance].name = value
        elif module.modname == "quiz":
            site.quizzes[module.instance].name = value
        url, what = f"{site.settings.url}/mod/{module.modname}/view.php?id={item_id}", "activity"
    else:
        raise coding_error("inplace editable is not known")
    call.record(what, "rename", id=item_id)
    return {
        "displayvalue": f'<a href="{url}">{value}</a>',
        "component": kind[0],
        "itemtype": kind[1],
        "value": value,
        "itemid": str(item_id),
        "edithint": f"Edit {what} name",
        "editlabel": f"New name for {what} {value}",
        "editicon": {"key": "t/editstring", "component": "moodle", "title": f"Edit {what} name"},
        "type": "text",
        "options": "",
        "linkeverything": 0,
    }
