"""local_lmssync_upsert_override: other dates, time limits and attempts for a group or a person."""

from __future__ import annotations

from typing import Any

from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.overrides import VALUES, override_fields, override_fingerprint
from moodle_standin.owned_objects import find_activity, find_row, is_unchanged, remember, visible_hash
from moodle_standin.plugin_access import enter_to_write
from moodle_standin.plugin_data import DataReader, check_hash, check_key, decode_object
from moodle_standin.records import Course, OwnedObject, QuizOverride
from moodle_standin.site import Call

_MOST = {"timeopen": 1 << 33, "timeclose": 1 << 33, "timelimit": 31536000, "attempts": 1000}


@serves("local_lmssync_upsert_override")
def upsert_override(call: Call, params: dict[str, Any]) -> Any:
    """Creates an override, changes it in place, or takes one of ours away."""
    site = call.site
    course = enter_to_write(call, params["courseid"])
    activity, wanted_hash = params["activitykey"], params["hash"]
    check_key(activity)
    check_hash(wanted_hash)
    wanted = _read(params["data"])
    module = find_activity(site, course, activity)
    if module is None or module.modname != "quiz":
        raise plugin_error(
            "unknownactivity", f'There is no activity with the key "{activity}" in this course.'
        )
    call.require("mod/quiz:manageoverrides", course.id)
    group, user = _whose(call, course, params["groupkey"], params["userid"])
    key = f"{activity}:{params['groupkey'] or f'user-{user}'}"
    row = next(
        (
            one
            for one in site.quiz_overrides.values()
            if (one.quiz, one.groupid, one.userid) == (module.instance, group, user)
        ),
        None,
    )
    entry = find_row(site, course.id, "override", f"override-{row.id}") if row else None
    live = visible_hash(entry, row.id, override_fingerprint(row)) if row else ""
    if wanted is None:
        if row is None:
            return _answer(0, "unchanged", wanted_hash)
        if entry is None or params["expect"] not in ("*", live):
            raise plugin_error(
                "stale",
                f'"{key}" is not as it was seen: expected "{params["expect"]}", found "{live}". '
                "Read the state again.",
            )
        del site.quiz_overrides[row.id]
        del site.owned[course.id, "override", entry.key]
        call.record("override", "removed", id=row.id, quiz=module.instance, group=group, user=user)
        return _answer(row.id, "removed", wanted_hash)
    if is_unchanged(key, live, wanted_hash, params["expect"]) and row:
        return _answer(row.id, "unchanged", wanted_hash)
    quiz = site.quizzes[module.instance]
    opens, closes = wanted["timeopen"], wanted["timeclose"]
    if opens and closes and closes <= opens:
        raise plugin_error("invalidparameter", "The close time must be after the open time.")
    for name, value in wanted.items():
        if value is not None and value == getattr(quiz, name):
            raise plugin_error(
                "notkept", f'Moodle did not keep "{name}" of "{key}" as it was sent, so nothing was changed.'
            )
    action = "updated" if row else "created"
    if row is None:
        row = QuizOverride(site.next_id("quiz_overrides"), quiz.id, group, user)
        site.quiz_overrides[row.id] = row
    for name, value in wanted.items():
        setattr(row, name, value)
    stored = OwnedObject(
        course.id, "override", f"override-{row.id}", row.id, wanted_hash, override_fingerprint(row)
    )
    remember(site, stored)
    call.record("override", action, id=row.id, quiz=quiz.id, group=group, user=user, **override_fields(row))
    return _answer(row.id, action, wanted_hash)


def _answer(number: int, action: str, wanted_hash: str) -> dict[str, Any]:
    return {"id": number, "action": action, "hash": wanted_hash, "warnings": []}


def _whose(call: Call, course: Course, group: str, user: int) -> tuple[int, int]:
    """The ids of the group and of the user, one of them 0."""
    if group:
        found = [
            one.id for one in call.site.groups.values() if (one.courseid, one.idnumber) == (course.id, group)
        ]
        if not found:
            raise plugin_error("unknowngroup", f'There is no group with the key "{group}" in this course.')
        return found[0], 0
    if not call.site.enrolments_of(course.id, user):
        raise plugin_error("notenrolled", f"The user {user} is not enrolled in this course.")
    return 0, user


def _read(text: str) -> dict[str, int | None] | None:
    data = DataReader(decode_object(text))
    if data.has("remove"):
        data.integer("remove", 1, 1)
        data.finish()
        return None
    wanted: dict[str, int | None] = dict.fromkeys(VALUES)
    for name, most in _MOST.items():
        if data.has(name):
            wanted[name] = data.integer(name, 0 if name == "attempts" else 1, most)
    data.finish()
    if all(value is None for value in wanted.values()):
        raise plugin_error("datamissing", f'The data lack "{" | ".join(VALUES)}".')
    return wanted
