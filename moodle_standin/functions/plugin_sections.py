"""local_lmssync_upsert_section."""

from __future__ import annotations

from typing import Any

from moodle_standin.course_records import add_section
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import (
    is_unchanged,
    our_sections,
    remember,
    section_fingerprint,
    visible_hash,
)
from moodle_standin.plugin_access import enter_to_write
from moodle_standin.plugin_data import DataReader, check_hash, check_key, decode_object
from moodle_standin.records import Course, OwnedObject, Section
from moodle_standin.site import Call, Site


@serves("local_lmssync_upsert_section")
def upsert_section(call: Call, params: dict[str, Any]) -> Any:
    """Creates or changes a section; its place counts among the sections that were pushed."""
    site = call.site
    course = enter_to_write(call, params["courseid"], "moodle/course:update")
    key, wanted_hash = params["key"], params["hash"]
    check_key(key)
    check_hash(wanted_hash)
    data = DataReader(decode_object(params["data"]))
    name = data.title("name") if data.text("name") else ""
    summary = data.text("summary") if data.has("summary") else None
    visible = data.integer("visible", 0, 1) if data.has("visible") else None
    position = data.integer("position", 1, 1000) if data.has("position") else None
    data.finish()
    if visible is not None:
        call.require("moodle/course:sectionvisibility", course.id)
    if position is not None:
        call.require("moodle/course:movesections", course.id)

    ours = our_sections(site, course)
    found = next(((row, section) for row, section in ours if row.key == key), None)
    live = visible_hash(found[0], found[1].id, section_fingerprint(found[1])) if found else ""
    unchanged = is_unchanged(key, live, wanted_hash, params["expect"])
    if found is not None and unchanged and _rank_is(ours, key, position):
        return {"id": found[1].id, "action": "unchanged", "hash": wanted_hash, "warnings": []}
    section = found[1] if found else _create_section(site, course, ours, position)
    if not unchanged:
        section.name = name
        if summary is not None:
            section.summary = summary
        if visible is not None:
            section.visible = visible
    if found is not None and position is not None:
        _move_section(course, ours, section, position)
    remember(
        site, OwnedObject(course.id, "section", key, section.id, wanted_hash, section_fingerprint(section))
    )
    action = "updated" if found else "created"
    call.record("section", action, id=section.id, key=key, course=course.id)
    return {"id": section.id, "action": action, "hash": wanted_hash, "warnings": []}


_Sections = list[tuple[OwnedObject, Section]]


def _rank_is(ours: _Sections, key: str, position: int | None) -> bool:
    keys = [row.key for row, _ in ours]
    return position is None or keys.index(key) + 1 == max(1, min(position, len(keys)))


def _create_section(site: Site, course: Course, ours: _Sections, position: int | None) -> Section:
    if not ours:
        return add_section(site, course)
    numbers = [course.sections.index(section.id) for _, section in ours]
    if position == 1:
        return add_section(site, course, max(1, numbers[0]))
    before = min((position or len(ours) + 1) - 1, len(ours))
    return add_section(site, course, numbers[before - 1] + 1)


def _move_section(course: Course, ours: _Sections, section: Section, position: int) -> None:
    ids = [s.id for _, s in ours]
    position = max(1, min(position, len(ids)))
    rank = ids.index(section.id) + 1
    if rank == position:
        return
    there = course.sections.index(ids[position - 1])
    course.sections.remove(section.id)
    course.sections.insert(there, section.id)
