"""local_lmssync_upsert_event: calendar events of a course or of one of its groups."""

from __future__ import annotations

from typing import Any

from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import (
    event_fields,
    event_fingerprint,
    is_unchanged,
    our_events,
    remember,
    visible_hash,
)
from moodle_standin.plugin_access import enter_to_write
from moodle_standin.plugin_data import DataReader, check_hash, check_key, decode_object
from moodle_standin.records import CalendarEvent, OwnedObject
from moodle_standin.site import Call

_COLUMNS = {"start": "timestart", "duration": "timeduration"}


@serves("local_lmssync_upsert_event")
def upsert_event(call: Call, params: dict[str, Any]) -> Any:
    """Creates an event, or changes it in place; found by its key, which Moodle keeps as its uuid."""
    site = call.site
    course = enter_to_write(call, params["courseid"], "moodle/calendar:manageentries")
    key, wanted_hash = params["key"], params["hash"]
    check_key(key)
    check_hash(wanted_hash)
    wanted = _read(params["data"])
    found = next(((row, event) for one, row, event in our_events(site, course.id) if one == key), None)
    live = visible_hash(found[0], found[1].id, event_fingerprint(site, found[1])) if found else ""
    if is_unchanged(key, live, wanted_hash, params["expect"]) and found:
        return {"id": found[1].id, "action": "unchanged", "hash": wanted_hash, "warnings": []}
    if found is None and "start" not in wanted:
        raise plugin_error("datamissing", 'The data lack "start".')
    group = wanted.pop("group", None)
    group_id = 0
    if group:
        ids = [g.id for g in site.groups.values() if g.courseid == course.id and g.idnumber == group]
        if not ids:
            raise plugin_error("unknowngroup", f'There is no group with the key "{group}" in this course.')
        group_id = min(ids)
    if found is None:
        number = site.next_id("event")
        event = CalendarEvent(number, course.id, uuid=f"local_lmssync:{key}")
        site.events[number] = event
    else:
        event = found[1]
    for name, value in wanted.items():
        setattr(event, _COLUMNS.get(name, name), value)
    if group is not None:
        event.groupid = group_id
    remember(
        site,
        OwnedObject(course.id, "event", key, event.id, wanted_hash, event_fingerprint(site, event)),
    )
    action = "updated" if found else "created"
    call.record("event", action, id=event.id, key=key, course=course.id, **event_fields(site, event))
    return {"id": event.id, "action": action, "hash": wanted_hash, "warnings": []}


def _read(text: str) -> dict[str, Any]:
    data = DataReader(decode_object(text))
    wanted: dict[str, Any] = {"name": data.title("name", 1333)}
    if data.has("description"):
        wanted["description"] = data.text("description")
    if data.has("location"):
        wanted["location"] = data.text("location")
        if wanted["location"] != wanted["location"].strip():
            raise plugin_error("badtext", 'Moodle would not keep "location" as it was sent.')
    if data.has("start"):
        wanted["start"] = data.integer("start", 1, 1 << 33)
    if data.has("duration"):
        wanted["duration"] = data.integer("duration", 0, 366 * 86400)
    if data.has("group"):
        wanted["group"] = data.text("group")
    if data.has("visible"):
        wanted["visible"] = data.integer("visible", 0, 1)
    data.finish()
    return wanted
