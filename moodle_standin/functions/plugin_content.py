"""The companion plugin's functions for a course that is to be written down as files: what it holds, and keys for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import (
    activity_fields,
    activity_fingerprint,
    category_fields,
    find_activity,
    find_row,
    fingerprint,
    question_fingerprint,
    remember,
    rows_by_object,
    section_fields,
    section_fingerprint,
)
from moodle_standin.plugin_access import enter_to_write
from moodle_standin.plugin_data import DataReader, check_hash, check_key, decode_object
from moodle_standin.question_bank import find_category, find_entry, may
from moodle_standin.question_export import exported
from moodle_standin.records import Course, CourseModule, OwnedObject
from moodle_standin.site import Call, Site

_MOST = 500
_EDITED = "edited"  # a live hash that no object can have


@serves("local_lmssync_get_content")
def get_content(call: Call, params: dict[str, Any]) -> Any:
    """Sections, activities and question categories of a course, whoever made them."""
    site = call.site
    course = enter_to_write(call, params["courseid"], "moodle/course:manageactivities")
    shelf = site.course_categories[course.category]
    content = {
        "course": {
            "id": course.id,
            "idnumber": course.idnumber,
            "shortname": course.shortname,
            "fullname": course.fullname,
            "summary": course.summary,
            "format": course.format,
            "enablecompletion": course.enablecompletion,
            "category": {"id": shelf.id, "name": shelf.name, "idnumber": shelf.idnumber},
        },
        "sections": list(_sections(site, course)),
        "categories": [
            {"id": one.id, "parent": 1, "idnumber": one.idnumber, "fields": category_fields(one)}
            for one in site.question_categories.values()
            if one.course == course.id
        ],
        "criteria": {"activities": list(site.criteria.get(course.id, [])), "others": 0},
    }
    return {"content": json.dumps(content, ensure_ascii=False)}


def _sections(site: Site, course: Course) -> Iterator[dict[str, Any]]:
    rows = rows_by_object(site, course.id, "section")
    keys = rows_by_object(site, course.id, "activity")
    for number, section_id in enumerate(course.sections):
        section = site.sections[section_id]
        yield {
            "id": section.id,
            "number": number,
            "key": rows[section.id].key if section.id in rows else "",
            "component": "",
            "fields": section_fields(section),
            "activities": [
                _activity(site, site.modules[number], keys)
                for number in section.sequence
                if number in site.modules and not site.modules[number].deletioninprogress
            ],
        }


def _activity(site: Site, module: CourseModule, keys: dict[int, OwnedObject]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": module.id,
        "instance": module.instance,
        "modname": module.modname,
        "idnumber": module.idnumber,
        "key": keys[module.id].key if module.id in keys else "",
        "fields": activity_fields(site, module),
        "rules": {},
    }
    if module.modname == "quiz":
        row["slots"] = [
            {"entry": one.entry, "category": one.category} for one in site.quizzes[module.instance].slots
        ]
    return row


@serves("local_lmssync_get_questions")
def get_questions(call: Call, params: dict[str, Any]) -> Any:
    """A page of the course's questions as Moodle XML, in the order of their bank entries."""
    site = call.site
    course = enter_to_write(call, params["courseid"])
    call.require("moodle/question:viewall", course.id)
    limit = max(1, min(params["limit"], _MOST))
    entries = []
    for entry in sorted(site.bank_entries.values(), key=lambda one: one.id):
        shown = [version for version in entry.versions if version.status != "hidden"]
        here = site.question_categories[entry.category].course == course.id
        if entry.id > params["after"] and shown and here:
            entries.append((entry, shown[-1]))
    rows = [
        {
            "id": entry.id,
            "key": entry.idnumber,
            "categoryid": entry.category,
            "questionid": version.questionid,
            "version": version.version,
            "status": version.status,
            "qtype": site.questions[version.questionid].qtype,
            "name": site.questions[version.questionid].name,
            "xml": exported(entry, site.questions[version.questionid]),
        }
        for entry, version in entries[:limit]
    ]
    return {"questions": rows, "next": rows[-1]["id"] if len(entries) > limit else 0}


@serves("local_lmssync_give_keys")
def give_keys(call: Call, params: dict[str, Any]) -> Any:
    """Gives objects of a course the keys of a client; all are checked before anything is stored."""
    course = enter_to_write(
        call, params["courseid"], "moodle/course:update", "moodle/course:manageactivities"
    )
    wanted = _read_keys(params["data"])
    work: list[Callable[[], None]] = []
    for kind, check in _CHECKS.items():
        work += [check(call, course, item) for item in wanted[kind]]
    for one in work:
        one()
    names = {
        "section": "sections",
        "activity": "activities",
        "category": "categories",
        "question": "questions",
    }
    call.record("course", "keys", id=course.id, **{names[kind]: len(wanted[kind]) for kind in names})
    return {**{names[kind]: len(wanted[kind]) for kind in names}, "warnings": []}


def _read_keys(text: str) -> dict[str, list[dict[str, Any]]]:
    data = DataReader(decode_object(text))
    wanted: dict[str, list[dict[str, Any]]] = {}
    for kind in _CHECKS:
        wanted[kind] = []
        for reader in data.objects(kind) if data.has(kind) else []:
            item: dict[str, Any] = {"id": reader.integer("id", 1, 1 << 62), "key": reader.text("key")}
            item["hash"] = reader.text("hash") if reader.has("hash") else ""
            reader.finish()
            check_key(item["key"])
            if item["hash"]:
                check_hash(item["hash"])
            wanted[kind].append(item)
    data.finish()
    return wanted


def _remember(site: Site, course: Course, kind: Any, item: dict[str, Any], live: str) -> None:
    live = live if item["hash"] else _EDITED
    before = rows_by_object(site, course.id, kind).get(item["id"])
    if before is not None and before.key != item["key"]:
        del site.owned[course.id, kind, before.key]
    remember(site, OwnedObject(course.id, kind, item["key"], item["id"], item["hash"], live))


def _ambiguous(key: str) -> Exception:
    return plugin_error(
        "ambiguous",
        f'More than one object has the key "{key}". '
        "Change the ID number of those that do not belong to lms-sync.",
    )


def _section(call: Call, course: Course, item: dict[str, Any]) -> Callable[[], None]:
    site = call.site
    other = find_row(site, course.id, "section", item["key"])
    if item["id"] not in course.sections:
        raise plugin_error("nosection", f'There is no section with the key "{item["key"]}" in this course.')
    if other is not None and other.objectid != item["id"]:
        raise _ambiguous(item["key"])
    live = section_fingerprint(site.sections[item["id"]])
    return lambda: _remember(site, course, "section", item, live)


def _activity_key(call: Call, course: Course, item: dict[str, Any]) -> Callable[[], None]:
    site = call.site
    module = site.modules.get(item["id"])
    other = find_activity(site, course, item["key"])
    if module is None or module.course != course.id:
        words = f'There is no activity with the key "{item["key"]}" in this course.'
        raise plugin_error("unknownactivity", words)
    if other is not None and other.id != item["id"]:
        raise _ambiguous(item["key"])

    def give() -> None:
        module.idnumber = item["key"]
        _remember(site, course, "activity", item, activity_fingerprint(site, module))

    return give


def _category(call: Call, course: Course, item: dict[str, Any]) -> Callable[[], None]:
    site = call.site
    call.require("moodle/question:managecategory", course.id)
    category = site.question_categories.get(item["id"])
    other = find_category(site, course.id, item["key"])
    if category is None or category.course != course.id:
        words = f'There is no question category with the key "{item["key"]}" in this course.'
        raise plugin_error("unknowncategory", words)
    if other is not None and other.id != item["id"]:
        raise _ambiguous(item["key"])

    def give() -> None:
        category.idnumber = item["key"]
        live = fingerprint(category_fields(category))
        remember(site, OwnedObject(course.id, "category", item["key"], category.id, live, live))

    return give


def _question(call: Call, course: Course, item: dict[str, Any]) -> Callable[[], None]:
    site = call.site
    entry = site.bank_entries.get(item["id"])
    other = find_entry(site, course.id, item["key"])
    if entry is None or site.question_categories[entry.category].course != course.id:
        raise plugin_error(
            "unknownquestion",
            f'There is no question with the key "{item["key"]}" in this course that is ready for use.',
        )
    if other is not None and other.id != item["id"]:
        raise _ambiguous(item["key"])
    if other is None and not may(call, "edit", entry.latest.questionid):
        raise plugin_error(
            "foreignquestion",
            f'The question "{item["key"]}" belongs to somebody else, or lies in another question category. '
            "The account lacks moodle/question:editall.",
        )

    def give() -> None:
        entry.idnumber = item["key"]
        _remember(site, course, "question", item, question_fingerprint(site, entry))

    return give


_CHECKS: dict[str, Callable[[Call, Course, dict[str, Any]], Callable[[], None]]] = {
    "section": _section,
    "activity": _activity_key,
    "category": _category,
    "question": _question,
}
