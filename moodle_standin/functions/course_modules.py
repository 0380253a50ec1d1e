"""core_course and core_courseformat: what core functions can do with course modules, and what they refuse."""

from __future__ import annotations

from typing import Any

from moodle_standin.change_log import note
from moodle_standin.errors import MoodleError, coding_error, missing_record
from moodle_standin.functions.registry import serves
from moodle_standin.site import Call
from moodle_standin.taken_back import delete_grade


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
        item = site.grade_item_of(module.modname, module.instance)
        if item is not None:
            for key in [key for key in site.grades if key[0] == item.id]:
                delete_grade(site, *key)
            del site.grade_items[item.id]
        for key in [key for key in site.activity_completions if key[0] == cmid]:
            del site.activity_completions[key]
        note(site, "", module.course, cmid=cmid)
        call.record("course_module", "delete", id=cmid, idnumber=module.idnumber)
    return None


@serves("core_update_inplace_editable")
def update_inplace_editable(call: Call, params: dict[str, Any]) -> Any:
    """Renames a section (component format_topics, item sectionname) or an activity (core_course,
    activityname).
    """
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
