"""core_course and core_courseformat: what stands on a course page."""

from __future__ import annotations

from typing import Any, Final

from moodle_standin.answers import to_json
from moodle_standin.completion import completion_data
from moodle_standin.course_records import add_section
from moodle_standin.errors import MoodleError, course_context_not_valid, login_required, missing_record
from moodle_standin.formatting import name_in_answer, shown_name
from moodle_standin.functions.registry import serves
from moodle_standin.records import Course, CourseModule, Section
from moodle_standin.site import Call, Site

MODULE_IDS: Final = {"assign": 1, "feedback": 7, "forum": 9, "glossary": 10, "label": 13, "page": 16, "quiz": 17,
                     "resource": 18, "scorm": 19, "url": 22}  # fmt: skip
_SINGULAR: Final = {
    "assign": "Assignment",
    "feedback": "Feedback",
    "forum": "Forum",
    "glossary": "Glossary",
    "label": "Text and media area",
    "page": "Page",
    "quiz": "Quiz",
    "resource": "File",
    "scorm": "SCORM package",
    "url": "URL",
}
_PLURAL: Final = {
    **{modname: f"{name}s" for modname, name in _SINGULAR.items()},
    "feedback": "Feedback",
    "glossary": "Glossaries",
    "label": "Text and media areas",
    "quiz": "Quizzes",
}
_PURPOSE: Final = {
    **dict.fromkeys(("label", "page", "resource", "url"), "content"),
    **dict.fromkeys(("forum", "glossary"), "collaboration"),
    **dict.fromkeys(("assign", "quiz"), "assessment"),
    "feedback": "communication",
    "scorm": "interactivecontent",
}


def enter_course(call: Call, course_id: int) -> Course:
    """Course access for functions that wrap the refusal in their own words."""
    call.site.course(course_id)
    try:
        return call.site.require_course_access(call.user, course_id)
    except MoodleError as error:
        if error.errorcode == login_required().errorcode:
            raise course_context_not_valid(course_id) from None
        raise


def section_title(section: Section, number: int) -> str:
    """The name of a section, or what Moodle 4.5 shows for one without a name."""
    return section.name if section.name is not None else "General" if number == 0 else "New section"


@serves("core_course_get_contents")
def get_contents(call: Call, params: dict[str, Any]) -> Any:
    """Sections and modules in the order of the page; no idnumber anywhere."""
    site = call.site
    course = enter_course(call, params["courseid"])
    sees_hidden = call.can("moodle/course:viewhiddenactivities", course.id)
    wanted = {option["name"]: option["value"] for option in params["options"]}
    result = []
    for number, section_id in enumerate(course.sections):
        section = site.sections[section_id]
        if not section.visible and not sees_hidden:
            continue
        if "sectionid" in wanted and wanted["sectionid"] != str(section_id):
            continue
        if "sectionnumber" in wanted and wanted["sectionnumber"] != str(number):
            continue
        modules = [site.modules[cmid] for cmid in section.sequence]
        result.append(
            {
                "id": section.id,
                "name": shown_name(call, section_title(section, number)),
                "visible": section.visible,
                "summary": section.summary,
                "summaryformat": 1,
                "section": number,
                "hiddenbynumsections": 0,
                "uservisible": True,
                "component": None,
                "itemid": None,
                "modules": [
                    _module(call, module)
                    for module in modules
                    if (module.visible or sees_hidden)
                    and not module.deletioninprogress
                    and may_view(call, module)
                ],
            }
        )
    return result


_VIEW_IS_GIVEN = frozenset({"assign", "feedback", "glossary", "quiz"})
"""Types with a capability mod/…:view that an account without a role in the course lacks (their db/access.php)."""


def may_view(call: Call, module: CourseModule) -> bool:
    """Whether Moodle lists the module for the caller (cm_info::is_user_access_restricted_by_capability)."""
    return module.modname not in _VIEW_IS_GIVEN or call.can(f"mod/{module.modname}:view", module.course)


def _module(call: Call, module: CourseModule) -> dict[str, Any]:
    site = call.site
    row: dict[str, Any] = {
        "id": module.id,
        "url": f"{site.settings.url}/mod/{module.modname}/view.php?id={module.id}",
        "name": name_in_answer(call, site.module_name(module)),
        "instance": module.instance,
        "contextid": site.context_id("module", module.id),
        "visible": module.visible,
        "uservisible": True,
        "visibleoncoursepage": 1,
        "modicon": f"{site.settings.url}/theme/image.php/boost/{module.modname}/1/monologo?filtericon=1",
        "modname": module.modname,
        "purpose": _PURPOSE[module.modname],
        "branded": False,
        "modplural": _PLURAL[module.modname],
        "availability": None,
        "indent": 0,
        "onclick": "",
        "afterlink": None,
        "customdata": _custom_data(site, module),
        "noviewlink": False,
        "completion": module.completion,
        "downloadcontent": 1,
        "dates": [],
        "groupmode": 0,
    }
    if module.modname == "forum":
        row["activitybadge"] = {}
    if module.completion:
        row["completiondata"] = completion_data(site, module, call.user)
    return row


def _custom_data(site: Site, module: CourseModule) -> str:
    if module.modname == "scorm":
        scorm = site.scorms[module.instance]
        rules: dict[str, Any] = {
            "completionstatusrequired": _text(scorm.completionstatusrequired),
            "completionscorerequired": _text(scorm.completionscorerequired),
            "completionstatusallscos": _text(scorm.completionstatusallscos),
        }
    elif module.modname == "quiz":
        rules = {"completionpassorattemptsexhausted": [], "completionminattempts": "0"}
    else:
        return to_json({"trackingtype": "1"} if module.modname == "forum" else {})
    # The JSON of custom data is written by the cache, not by the REST server: no escaped slashes matter in
    # it.
    return to_json({"customcompletionrules": rules} if module.completion == 2 else {})


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


@serves("core_course_get_course_module")
def get_course_module(call: Call, params: dict[str, Any]) -> Any:
    """One module with its idnumber, for those who manage activities; others see less."""
    module = call.site.modules.get(params["cmid"])
    if module is None:
        raise MoodleError("invalidcoursemodule", "Invalid course module ID")
    return _course_module(call, module)


@serves("core_course_get_course_module_by_instance")
def get_course_module_by_instance(call: Call, params: dict[str, Any]) -> Any:
    """The same, found by module name and instance."""
    return _course_module(call, call.site.module_of(params["module"], params["instance"]))


def _course_module(call: Call, module: CourseModule) -> dict[str, Any]:
    site = call.site
    course = site.require_module_access(call.user, module)
    row: dict[str, Any] = {
        "id": module.id,
        "course": module.course,
        "module": MODULE_IDS[module.modname],
        "name": name_in_answer(call, site.module_name(module)),
        "modname": module.modname,
        "instance": module.instance,
        "section": module.section,
        "sectionnum": course.sections.index(module.section),
        "groupmode": 0,
        "groupingid": 0,
        "completion": module.completion,
        "downloadcontent": 1,
    }
    if call.can("moodle/course:manageactivities", module.course):
        item = site.grade_item_of(module.modname, module.instance)
        row |= {
            "idnumber": module.idnumber,
            "added": module.added,
            "score": 0,
            "indent": 0,
            "visible": module.visible,
            "visibleoncoursepage": 1,
            "visibleold": module.visible,
            "completiongradeitemnumber": module.completiongradeitemnumber,
            "completionpassgrade": module.completionpassgrade,
            "completionview": module.completionview,
            "completionexpected": 0,
            "showdescription": 0,
            "availability": None,
        }
        if item is not None:
            row |= {"gradepass": f"{item.gradepass:.2f}", "gradecat": module.course}
    return {"cm": row, "warnings": []}


# --- state updates of the course page


@serves("core_courseformat_update_course")
def update_course(call: Call, params: dict[str, Any]) -> Any:
    """section_add, section_hide, section_show, section_delete, cm_hide, cm_show, cm_delete.

    The answer is a JSON string of state updates inside the JSON.
    """
    site = call.site
    course = site.require_course_access(call.user, params["courseid"])
    action, ids = params["action"], params["ids"]
    call.require("moodle/course:update" if action.startswith("section") else "moodle/course:manageactivities")
    if action == "section_add":
        target = params["targetsectionid"]
        position = None if not target else course.sections.index(target) + 1
        section = add_section(site, course, position)
        call.record("section", "create", id=section.id, course=course.id)
    elif action in ("section_hide", "section_show"):
        for section_id in ids:
            _section(site, course, section_id).visible = int(action == "section_show")
            call.record("section", action, id=section_id, course=course.id)
    elif action == "section_delete":
        for section_id in ids:
            section = _section(site, course, section_id)
            course.sections.remove(section_id)
            for cmid in section.sequence:
                site.modules.pop(cmid)
            site.sections.pop(section_id)
            call.record("section", "delete", id=section_id, course=course.id)
    elif action in ("cm_hide", "cm_show"):
        for cmid in ids:
            site.module(cmid).visible = int(action == "cm_show")
            call.record("course_module", action, id=cmid, course=course.id)
    elif action == "cm_delete":
        for cmid in ids:
            module = site.module(cmid)
            site.sections[module.section].sequence.remove(cmid)
            site.modules.pop(cmid)
            call.record("course_module", "delete", id=cmid, idnumber=module.idnumber)
    else:
        raise MoodleError("codingerror", f"Invalid course state action {action}")
    return to_json(_state_updates(site, course))


def _section(site: Site, course: Course, section_id: int) -> Section:
    if section_id not in course.sections:
        raise missing_record("course_sections")
    return site.sections[section_id]


def _state_updates(site: Site, course: Course) -> list[dict[str, Any]]:
    url = site.settings.url
    updates: list[dict[str, Any]] = [
        {
            "name": "course",
            "action": "put",
            "fields": {
                "id": str(course.id),
                "numsections": len(course.sections) - 1,
                "sectionlist": [str(s) for s in course.sections],
                "editmode": False,
                "highlighted": "Highlighted",
                "maxsections": "52",
                "baseurl": f"{url}/course/view.php?id={course.id}",
                "statekey": f"{site.now()}_{course.timemodified}",
                "maxbytes": -1,
                "maxbytestext": "Unlimited",
            },
        }
    ]
    for number, section_id in enumerate(course.sections):
        section = site.sections[section_id]
        updates.append(
            {
                "name": "section",
                "action": "put",
                "fields": {
                    "id": str(section_id),
                    "section": number,
                    "number": number,
                    "title": section_title(section, number),
                    "hassummary": bool(section.summary),
                    "rawtitle": section.name,
                    "cmlist": [str(c) for c in section.sequence],
                    "visible": bool(section.visible),
                    "sectionurl": f"{url}/course/section.php?id={section_id}",
                    "current": False,
                    "indexcollapsed": False,
                    "contentcollapsed": False,
                    "hasrestrictions": False,
                    "bulkeditable": number > 0,
                    "component": None,
                    "itemid": None,
                    "parentsectionid": None,
                },
            }
        )
        updates += [_module_state(site, section, number, site.modules[cmid]) for cmid in section.sequence]
    return updates


def _module_state(site: Site, section: Section, number: int, module: CourseModule) -> dict[str, Any]:
    return {
        "name": "cm",
        "action": "put",
        "fields": {
            "id": str(module.id),
            "anchor": f"module-{module.id}",
            "name": site.module_name(module),
            "visible": bool(module.visible),
            "stealth": False,
            "sectionid": str(section.id),
            "sectionnumber": number,
            "uservisible": True,
            "hascmrestrictions": False,
            "modname": _SINGULAR[module.modname],
            "indent": 0,
            "groupmode": 0,
            "module": module.modname,
            "plugin": f"mod_{module.modname}",
            "hasdelegatedsection": False,
            "accessvisible": True,
            "url": f"{site.settings.url}/mod/{module.modname}/view.php?id={module.id}",
            "istrackeduser": False,
            "allowstealth": False,
        },
    }
