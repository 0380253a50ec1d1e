"""What the companion plugin sees of the objects that were pushed: live fields, fingerprints, and the
client's hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from moodle_standin.errors import plugin_error
from moodle_standin.records import (
    REVIEW_FIELDS,
    BankEntry,
    CalendarEvent,
    Course,
    CourseModule,
    OwnedObject,
    QuestionCategory,
    Quiz,
    Section,
    Slot,
)
from moodle_standin.site import Site

CRITERIA_KEY = "criteria"


def fingerprint(fields: dict[str, Any]) -> str:
    """A digest of live rows, for comparison with itself only."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def visible_hash(row: OwnedObject | None, object_id: int, live: str) -> str:
    """The client's own hash while nothing changed since its write, else "drift:" and a piece of the
    fingerprint.
    """
    if row is not None and row.objectid == object_id and row.livehash == live:
        return row.sourcehash
    return f"drift:{live[:16]}"


def is_unchanged(key: str, live: str, wanted: str, expect: str) -> bool:
    """True when there is nothing to do; `stale` when the object is not as the client saw it."""
    if live == wanted:
        return True
    if expect not in ("*", live):
        raise plugin_error(
            "stale",
            f'"{key}" is not as it was seen: expected "{expect}", found "{live}". Read the state again.',
        )
    return False


def find_row(site: Site, course_id: int, kind: str, key: str) -> OwnedObject | None:
    """The row of a key, if the plugin has one."""
    return site.owned.get((course_id, kind, key))


def remember(site: Site, row: OwnedObject) -> None:
    """Stores what was pushed under a key."""
    site.owned[row.courseid, row.kind, row.key] = row


def rows_by_object(site: Site, course_id: int, kind: str) -> dict[int, OwnedObject]:
    """All rows of one kind in a course by the id of their object."""
    return {
        row.objectid: row for row in site.owned.values() if row.courseid == course_id and row.kind == kind
    }


# --- sections


def our_sections(site: Site, course: Course) -> list[tuple[OwnedObject, Section]]:
    """The pushed sections in the order of the page."""
    rows = rows_by_object(site, course.id, "section")
    return [(rows[s], site.sections[s]) for s in course.sections if s in rows]


def section_fields(section: Section) -> dict[str, Any]:
    """Live fields of a section under the names that a push uses."""
    return {"name": section.name or "", "summary": section.summary, "visible": section.visible}


def section_fingerprint(section: Section) -> str:
    """Digest of the live section."""
    return fingerprint(section_fields(section))


# --- calendar events


def our_events(site: Site, course_id: int) -> Iterator[tuple[str, OwnedObject | None, CalendarEvent]]:
    """Pushed events of a course; one of a key that the plugin has no row for is known by its uuid."""
    rows = rows_by_object(site, course_id, "event")
    pushed = {row.key for number, row in rows.items() if _is_in(site, number, course_id)}
    for event in list(site.events.values()):
        if event.courseid != course_id or not event.uuid.startswith("local_lmssync:"):
            continue
        row = rows.get(event.id)
        key = event.uuid.removeprefix("local_lmssync:")
        if row is not None:
            yield row.key, row, event
        elif key not in pushed:
            yield key, None, event


def _is_in(site: Site, number: int, course_id: int) -> bool:
    return number in site.events and site.events[number].courseid == course_id


def event_fields(site: Site, event: CalendarEvent) -> dict[str, Any]:
    """Live fields of an event under the names that a push uses."""
    group = site.groups.get(event.groupid)
    return {
        "name": event.name,
        "description": event.description,
        "location": event.location,
        "start": event.timestart,
        "duration": event.timeduration,
        "group": (group.idnumber if group else "") or (f"id:{event.groupid}" if event.groupid else ""),
        "visible": event.visible,
    }


def event_fingerprint(site: Site, event: CalendarEvent) -> str:
    """Digest of the live event."""
    return fingerprint(event_fields(site, event))


# --- activities


def our_activities(site: Site, course: Course) -> Iterator[tuple[str, OwnedObject | None, CourseModule]]:
    """Pushed activities, and those whose idnumber begins with the course's."""
    rows = rows_by_object(site, course.id, "activity")
    for module in list(site.modules.values()):
        if module.course != course.id or module.deletioninprogress:
            continue
        row = rows.get(module.id)
        if row is not None:
            yield row.key, row, module
        elif course.idnumber and module.idnumber.startswith(f"{course.idnumber}/"):
            yield module.idnumber, None, module


def find_activity(site: Site, course: Course, key: str) -> CourseModule | None:
    """By idnumber, which Moodle does not keep unique; else by the plugin's own row."""
    found = [
        m
        for m in site.modules.values()
        if m.course == course.id and m.idnumber == key and not m.deletioninprogress
    ]
    if len(found) > 1:
        raise plugin_error(
            "ambiguous",
            f'More than one object has the key "{key}". '
            "Change the ID number of those that do not belong to lms-sync.",
        )
    if found:
        return found[0]
    row = find_row(site, course.id, "activity", key)
    return site.modules.get(row.objectid) if row else None


def activity_fields(site: Site, module: CourseModule) -> dict[str, Any]:
    """Live settings under the names that a push uses."""
    return {
        **_own_fields(site, module),
        "available": module.available,
        "groupmode": module.groupmode,
        "expected": module.completionexpected,
    }


def _own_fields(site: Site, module: CourseModule) -> dict[str, Any]:
    simple = site.simple.get((module.modname, module.instance))
    if simple is not None:
        return {
            "name": simple.name,
            "intro": simple.intro,
            "visible": module.visible,
            "completion": {"tracking": module.completion, **simple.rules},
            **simple.settings,
        }
    if module.modname == "scorm":
        scorm = site.scorms[module.instance]
        return {
            "name": scorm.name,
            "intro": scorm.intro,
            "visible": module.visible,
            "completion": {
                "tracking": module.completion,
                "status": scorm.completionstatusrequired or 0,
                "view": module.completionview,
            },
            **{n: getattr(scorm, n) for n in SCORM_NUMBERS},
            "maxgrade": float(scorm.maxgrade),
            "sha1": scorm.sha1hash,
        }
    if module.modname == "quiz":
        quiz = site.quizzes[module.instance]
        item = site.grade_item_of("quiz", quiz.id)
        completion = {
            "tracking": module.completion,
            "passgrade": module.completionpassgrade,
            "view": module.completionview,
        }
        if module.completiongradeitemnumber is not None and not module.completionpassgrade:
            completion["grade"] = 1
        return {
            "name": quiz.name,
            "intro": quiz.intro,
            "visible": module.visible,
            "completion": completion,
            **{n: getattr(quiz, n) for n in QUIZ_NUMBERS},
            "grade": float(quiz.grade),
            "gradepass": float(item.gradepass) if item else 0.0,
            "preferredbehaviour": quiz.preferredbehaviour,
            "review": {name: quiz.review.get(name, 0) for name in REVIEW_FIELDS},
            "slots": live_slots(site, quiz),
            "sections": [dict(one) for one in quiz.sections],
        }
    common: dict[str, Any] = {"name": site.module_name(module), "intro": "", "visible": module.visible}
    if module.modname == "forum":  # the announcements that Moodle makes with a course
        rules = dict.fromkeys(("view", "posts", "discussions", "replies"), 0)
        common |= {
            "completion": {"tracking": module.completion, **rules},
            "type": "news",
            "forcesubscribe": 1,
            "duedate": 0,
            "cutoffdate": 0,
        }
    return common


SCORM_NUMBERS = {
    "maxattempt": 1000,
    "grademethod": 3,
    "whatgrade": 3,
    "forcenewattempt": 2,
    "hidetoc": 3,
    "skipview": 2,
}
QUIZ_NUMBERS = {
    "timelimit": 31536000,
    "attempts": 1000,
    "grademethod": 4,
    "questionsperpage": 1000,
    "shuffleanswers": 1,
    "timeopen": 1 << 33,
    "timeclose": 1 << 33,
}


def activity_fingerprint(site: Site, module: CourseModule) -> str:
    """Digest of the live activity with its place and idnumber."""
    return fingerprint(
        {**activity_fields(site, module), "idnumber": module.idnumber, "section": module.section}
    )


def describe_slot(site: Site, slot: Slot) -> dict[str, Any]:
    """One slot in the words of a push; single draws are merged by `merge_slots`."""
    if slot.entry:
        entry = site.bank_entries[slot.entry]
        return {"question": entry.idnumber or f"entry:{entry.id}", "maxmark": slot.maxmark}
    category = site.question_categories.get(slot.category)
    described: dict[str, Any] = {
        "random": 1,
        "category": (category.idnumber if category else "") or f"id:{slot.category}",
        "tags": list(slot.tags),
        "maxmark": slot.maxmark,
    }
    if slot.filtercondition:
        described["filter"] = json.loads(slot.filtercondition).get("filter", {})
    return described


def merge_slots(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Joins equal draws that follow each other into one with their number."""
    merged: list[dict[str, Any]] = []
    for slot in slots:
        last = merged[-1] if merged else {}
        if "random" in slot and "random" in last and {**slot, "random": 0} == {**last, "random": 0}:
            last["random"] += slot["random"]
        else:
            merged.append(dict(slot))
    return merged


def live_slots(site: Site, quiz: Quiz) -> list[dict[str, Any]]:
    """The slots of a quiz in the words of a push."""
    return merge_slots([describe_slot(site, slot) for slot in quiz.slots])


# --- questions


def category_fields(category: QuestionCategory) -> dict[str, Any]:
    """Live fields of a question category."""
    return {"name": category.name, "info": category.info}


def question_fields(site: Site, entry: BankEntry) -> dict[str, Any]:
    """Live fields of the latest version of a question."""
    question = site.questions[entry.latest.questionid]
    return {"name": question.name, "qtype": question.qtype, "defaultmark": question.defaultmark}


def question_fingerprint(site: Site, entry: BankEntry) -> str:
    """Digest of the latest version of a question with its tags and status."""
    latest = entry.latest
    return fingerprint(
        {
            **question_fields(site, entry),
            "questionid": latest.questionid,
            "version": latest.version,
            "status": latest.status,
            "category": entry.category,
            "tags": sorted(tag.lower() for tag in site.questions[latest.questionid].tags),
        }
    )


# --- criteria


def criteria_fields(site: Site, course: Course, keys: dict[int, str]) -> dict[str, Any]:
    """Criteria of the course by the activities' keys; aggregation is always over all."""
    activities = sorted(keys.get(cmid, f"cmid:{cmid}") for cmid in site.criteria.get(course.id, []))
    return {"activities": activities, "aggregation": site.criteria_aggregation.get(course.id, "all")}


def criteria_fingerprint(site: Site, course: Course) -> str:
    """Digest of the live criteria by course module ids."""
    return fingerprint(criteria_fields(site, course, {}))


def criteria_losses(site: Site, course_id: int) -> int:
    """How many learners have a record that setting the criteria would delete."""
    users = {user for course, _, user in site.criterion_completions if course == course_id}
    users |= {
        user
        for (course, user), row in site.course_completions.items()
        if course == course_id and row.timecompleted is not None
    }
    return len(users)
