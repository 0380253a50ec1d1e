"""mod_glossary: entries of a glossary, with the cleaning that Moodle does to their texts."""

from __future__ import annotations

import html
import re
from typing import Any, Final

from moodle_standin.errors import MoodleError, missing_record
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.ratings import no_ratings
from moodle_standin.functions.registry import serves
from moodle_standin.records import CourseModule, GlossaryEntry
from moodle_standin.site import Call

_LANG: Final = re.compile(r'(?<!xml:)\blang="([a-zA-Z-]+)"(?! xml:lang)')
_EDITING_TIME: Final = 30 * 60


def _glossary(call: Call, instance: int) -> CourseModule:
    if ("glossary", instance) not in call.site.simple:
        raise missing_record("glossary")
    module = call.site.module_of("glossary", instance)
    call.site.require_module_access(call.user, module)
    return module


def _settings(call: Call, instance: int) -> dict[str, Any]:
    return call.site.simple["glossary", instance].settings


@serves("mod_glossary_get_glossaries_by_courses")
def get_glossaries_by_courses(call: Call, params: dict[str, Any]) -> Any:
    """The glossaries of courses; one that the account may not see is left out without a word. No idnumber."""
    rows = []
    for course_id in params["courseids"]:
        call.site.require_course_access(call.user, course_id)
        for module in call.site.modules_in(course_id):
            if module.modname != "glossary" or not call.can("mod/glossary:view", course_id):
                continue
            simple = call.site.simple["glossary", module.instance]
            rows.append(
                {
                    "id": module.instance,
                    "coursemodule": module.id,
                    "course": course_id,
                    "name": name_in_answer(call, simple.name),
                    "intro": simple.intro,
                    "introformat": 1,
                    "introfiles": [],
                    "section": call.site.courses[course_id].sections.index(module.section),
                    "visible": bool(module.visible),
                    "groupmode": module.groupmode,
                    "groupingid": 0,
                    "lang": None,
                    "allowduplicatedentries": simple.settings.get("allowduplicatedentries", 0),
                    "displayformat": "dictionary",
                    "mainglossary": 0,
                    "showspecial": 1,
                    "showalphabet": 1,
                    "showall": 1,
                    "allowcomments": simple.settings.get("allowcomments", 0),
                    "allowprintview": 1,
                    "usedynalink": 0,
                    "defaultapproval": simple.settings.get("defaultapproval", 1),
                    "approvaldisplayformat": "default",
                    "globalglossary": 0,
                    "entbypage": 10,
                    "editalways": 0,
                    "rsstype": 0,
                    "rssarticles": 0,
                    "assessed": 0,
                    "assesstimestart": 0,
                    "assesstimefinish": 0,
                    "scale": 0,
                    "timecreated": module.added,
                    "timemodified": module.added,
                    "completionentries": 0,
                    "browsemodes": ["letter"],
                    "canaddentry": int(call.can("mod/glossary:write", course_id)),
                }
            )
    return {"glossaries": rows, "warnings": []}


@serves("mod_glossary_get_entries_by_letter")
def get_entries_by_letter(call: Call, params: dict[str, Any]) -> Any:
    """A page of entries, by concept; those that wait for approval only for who wrote or may approve them."""
    module = _glossary(call, params["id"])
    call.require("mod/glossary:view", module.course)
    letter = params["letter"].upper()
    waiting = params.get("options", {}).get("includenotapproved") and call.can(
        "mod/glossary:approve", module.course
    )
    found = [
        entry
        for entry in call.site.glossary_entries.values()
        if entry.glossary == params["id"]
        and (entry.approved or waiting or entry.userid == call.user.id)
        and (letter == "ALL" or entry.concept.upper().startswith(letter))
    ]
    found.sort(key=lambda entry: (entry.concept.lower(), entry.id))
    page = found[params["from"] : params["from"] + params["limit"]]
    return {
        "count": len(found),
        "entries": [_row(call, entry) for entry in page],
        "ratinginfo": no_ratings(call.site, module, "entry"),
        "warnings": [],
    }


def _row(call: Call, entry: GlossaryEntry) -> dict[str, Any]:
    user = call.site.users[entry.userid]
    return {
        "id": entry.id,
        "glossaryid": entry.glossary,
        "userid": entry.userid,
        "userfullname": f"{user.firstname} {user.lastname}",
        "userpictureurl": f"{call.site.settings.url}/theme/image.php/boost/core/1/u/f1",
        "concept": html.escape(entry.concept, quote=False),
        "definition": _LANG.sub(r'lang="\1" xml:lang="\1"', entry.definition),
        "definitionformat": 1,
        "definitiontrust": False,
        "attachment": False,
        "attachments": [],
        "timecreated": entry.timecreated,
        "timemodified": entry.timemodified,
        "teacherentry": True,
        "sourceglossaryid": 0,
        "usedynalink": bool(entry.usedynalink),
        "casesensitive": False,
        "fullmatch": False,
        "approved": bool(entry.approved),
        "tags": [],
    }


@serves("mod_glossary_add_entry")
def add_entry(call: Call, params: dict[str, Any]) -> Any:
    """A new entry; a concept that is there already is refused unless the glossary allows it."""
    module = _glossary(call, params["glossaryid"])
    call.require("mod/glossary:write", module.course)
    _check_concept(call, params["glossaryid"], params["concept"])
    site = call.site
    approved = _settings(call, params["glossaryid"]).get("defaultapproval", 1) or call.can(
        "mod/glossary:approve", module.course
    )
    entry = GlossaryEntry(
        site.next_id("glossary_entries"),
        params["glossaryid"],
        call.user.id,
        params["concept"].strip(),
        params["definition"],
        int(bool(approved)),
        site.now(),
        site.now(),
    )
    site.glossary_entries[entry.id] = entry
    call.record("glossary_entry", "create", id=entry.id, concept=entry.concept)
    return {"entryid": entry.id, "warnings": []}


@serves("mod_glossary_update_entry")
def update_entry(call: Call, params: dict[str, Any]) -> Any:
    """Changes an entry: one's own for half an hour, any with mod/glossary:manageentries."""
    entry, module = _changeable(call, params["entryid"])
    if entry.concept.lower() != params["concept"].strip().lower():
        _check_concept(call, entry.glossary, params["concept"])
    entry.concept, entry.definition = params["concept"].strip(), params["definition"]
    entry.timemodified = call.site.now()
    call.record("glossary_entry", "update", id=entry.id, course=module.course)
    return {"result": True, "warnings": []}


@serves("mod_glossary_delete_entry")
def delete_entry(call: Call, params: dict[str, Any]) -> Any:
    """Deletes an entry, with the same rights."""
    entry, module = _changeable(call, params["entryid"])
    del call.site.glossary_entries[entry.id]
    call.record("glossary_entry", "delete", id=entry.id, course=module.course)
    return {"result": True, "warnings": []}


def _changeable(call: Call, entry_id: int) -> tuple[GlossaryEntry, CourseModule]:
    entry = call.site.glossary_entries.get(entry_id)
    if entry is None:
        raise missing_record("glossary_entries")
    module = _glossary(call, entry.glossary)
    if call.can("mod/glossary:manageentries", module.course):
        return entry, module
    call.require("mod/glossary:write", module.course)
    if entry.userid != call.user.id:
        raise MoodleError("errcannoteditothers", "You cannot edit other people's entries.")
    if call.site.now() - entry.timecreated > _EDITING_TIME:
        raise MoodleError("erredittimeexpired", "The editing time for this entry has expired.")
    return entry, module


def _check_concept(call: Call, glossary: int, concept: str) -> None:
    if _settings(call, glossary).get("allowduplicatedentries"):
        return
    wanted = concept.strip().lower()
    if any(
        entry.glossary == glossary and entry.concept.lower() == wanted
        for entry in call.site.glossary_entries.values()
    ):
        raise MoodleError(
            "errconceptalreadyexists", "This concept already exists. No duplicates allowed in this glossary."
        )
