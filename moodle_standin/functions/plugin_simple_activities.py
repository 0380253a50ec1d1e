"""Pages, labels, links, files, forums, glossaries, assignments and questionnaires in upsert_activity."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from moodle_standin.completion import set_maximum
from moodle_standin.errors import plugin_error
from moodle_standin.plugin_access import only_draft_file
from moodle_standin.records import Course, CourseModule, GradeItem, SimpleActivity
from moodle_standin.simple_modules import FILES_OF_SITE, SIMPLE_MODULES
from moodle_standin.site import Call, Site, sha1


def check_simple(
    call: Call, modname: str, module: CourseModule | None, wanted: dict[str, Any], draftitemid: int
) -> None:
    """What must be right before anything moves."""
    own, accept = wanted["own"], wanted["accept"]
    activity = call.site.simple[modname, module.instance] if module else None
    live = activity.settings if activity else None
    name = module.idnumber if module else ""
    match modname:
        case "url":
            if live is None and not own:
                raise plugin_error("datamissing", 'The data lack "externalurl".')
        case "resource":
            if live is None or {name: live[name] for name in own} != own:
                _check_file(call, own, draftitemid)
        case "forum":
            before = live["type"] if live else own.get("type")
            if own.get("type", before) != before and "news" in (own["type"], before):
                raise plugin_error(
                    "typefixed",
                    f'The forum "{name}" is of the type "{before}" and cannot become "{own["type"]}".',
                )
            if own.get("duedate", live["duedate"] if live else 0):
                call.require("moodle/calendar:manageentries")
        case "assign":
            now = live or SIMPLE_MODULES[modname].defaults
            grade = own.get("grade", now["grade"])
            if own.get("gradepass", now["gradepass"]) > grade:
                raise plugin_error(
                    "datavalue", f'The value of "gradepass" is not allowed. Allowed: 0 … {grade}'
                )
            if own.get("submissions", now["submissions"])["files"] > FILES_OF_SITE:
                raise plugin_error(
                    "datavalue",
                    f'The value of "submissions.files" is not allowed. Allowed: 0 … {FILES_OF_SITE}',
                )
            if activity and activity.graded and grade != now["grade"] and "grades" not in accept:
                raise plugin_error(
                    "hasgrades",
                    f'The highest grade of "{name}" differs, and {activity.graded} grades were given.',
                )
        case "feedback":
            before = live["items"] if live else []
            if own.get("items", before) != before:
                if activity and activity.answers and "responses" not in accept:
                    raise plugin_error(
                        "feedbackhasresponses",
                        f'The questions of the questionnaire "{name}" differ, and {activity.answers} answers '
                        "were given.",
                    )
                call.require("mod/feedback:edititems")


def _check_file(call: Call, own: dict[str, Any], draftitemid: int) -> None:
    file = only_draft_file(call, draftitemid)
    found = sha1(file.content)
    if (found, file.filename) != (own["sha1"], own["filename"]):
        raise plugin_error(
            "wrongfile",
            f"The uploaded file is not the one that was announced: {file.filename}, {found} "
            f"instead of {own['filename']}, {own['sha1']}.",
        )


def create_simple(site: Site, course: Course, modname: str, instance: int) -> None:
    """A new activity with Moodle's defaults, and the grade item of an assignment."""
    module = SIMPLE_MODULES[modname]
    site.simple[modname, instance] = SimpleActivity(
        instance,
        course.id,
        modname,
        settings=deepcopy(dict(module.defaults)),
        rules=dict.fromkeys(module.rules, 0),
    )
    if modname == "assign":
        item = GradeItem(site.next_id("grade_items"), course.id, "mod", modname, instance)
        site.grade_items[item.id] = item


def fill_simple(site: Site, module: CourseModule, wanted: dict[str, Any]) -> None:
    """Stores what was sent; what was left out stays."""
    activity = site.simple[module.modname, module.instance]
    activity.name = wanted["name"]
    if wanted["intro"] is not None:
        activity.intro = wanted["intro"]
    activity.settings |= wanted["own"]
    activity.timemodified = site.now()
    item = site.grade_item_of(module.modname, module.instance)
    if item is not None:
        set_maximum(site, item, float(activity.settings["grade"]))
        item.gradepass = activity.settings["gradepass"]
