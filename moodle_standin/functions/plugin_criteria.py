"""local_lmssync_set_criteria."""

from __future__ import annotations

from typing import Any

from moodle_standin.change_log import note
from moodle_standin.completion import delete_course_completions, review_course
from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import (
    CRITERIA_KEY,
    criteria_fields,
    criteria_fingerprint,
    criteria_losses,
    find_activity,
    find_row,
    is_unchanged,
    remember,
    visible_hash,
)
from moodle_standin.plugin_access import enter_to_write
from moodle_standin.plugin_data import DataReader, check_hash, decode_object
from moodle_standin.records import Course, OwnedObject
from moodle_standin.site import Call, Site


@serves("local_lmssync_set_criteria")
def set_criteria(call: Call, params: dict[str, Any]) -> Any:
    """Sets the completion criteria of a course; equal ones are not touched, records are lost only when
    accepted.
    """
    site = call.site
    course = enter_to_write(call, params["courseid"], "moodle/course:update")
    wanted_hash = params["hash"]
    check_hash(wanted_hash)
    data = DataReader(decode_object(params["data"]))
    keys = list(dict.fromkeys(data.strings("activities")))
    aggregation = data.word("aggregation", ("all", "any")) if data.has("aggregation") else "all"
    accept = data.strings("accept") if data.has("accept") else []
    data.finish()
    row = find_row(site, course.id, "criteria", CRITERIA_KEY)
    before = criteria_fields(site, course, {})
    live = ""
    if row is not None or before["activities"]:
        live = visible_hash(row, course.id, criteria_fingerprint(site, course))
    if is_unchanged(CRITERIA_KEY, live, wanted_hash, params["expect"]):
        return {"id": course.id, "action": "unchanged", "hash": wanted_hash, "warnings": []}
    cmids = [_tracked(site, course, key) for key in keys]
    wanted = {"activities": sorted(f"cmid:{c}" for c in cmids), "aggregation": aggregation}
    if wanted["activities"] != before["activities"] or (cmids and aggregation != before["aggregation"]):
        losses = criteria_losses(site, course.id)
        if losses and "criteria" not in accept:
            raise plugin_error(
                "criterialocked",
                "The completion criteria of the course differ, and setting them would delete the course "
                f"completions of {losses} learners.",
            )
        if losses:
            delete_course_completions(site, course.id)
            call.record("course_completion", "delete_all", course=course.id)
        note(site, "course_completion", course.id)
        site.criteria[course.id] = cmids
        site.criteria_aggregation[course.id] = aggregation
        for user_id in site.enrolments[course.id]:
            review_course(call, course.id, user_id)
    remember(
        site,
        OwnedObject(
            course.id, "criteria", CRITERIA_KEY, course.id, wanted_hash, criteria_fingerprint(site, course)
        ),
    )
    action = "updated" if live else "created"
    call.record("criteria", action, course=course.id, activities=keys)
    return {"id": course.id, "action": action, "hash": wanted_hash, "warnings": []}


def _tracked(site: Site, course: Course, key: str) -> int:
    module = find_activity(site, course, key)
    if module is None:
        raise plugin_error("unknownactivity", f'There is no activity with the key "{key}" in this course.')
    if not module.completion or not course.enablecompletion:
        raise plugin_error(
            "activitynottracked",
            f'The activity "{key}" cannot be a criterion of the course: completion tracking is off for it or for the '
            "course.",
        )
    return module.id
