"""local_lmssync_get_state: what was pushed into a course, as it is now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moodle_standin.completion import SCORE_ELEMENTS, STATUS_ELEMENTS
from moodle_standin.functions.registry import serves
from moodle_standin.overrides import overrides_of
from moodle_standin.owned_objects import (
    CRITERIA_KEY,
    activity_fields,
    activity_fingerprint,
    category_fields,
    criteria_fields,
    criteria_fingerprint,
    criteria_losses,
    event_fields,
    event_fingerprint,
    find_row,
    fingerprint,
    our_activities,
    our_events,
    our_sections,
    question_fields,
    question_fingerprint,
    rows_by_object,
    section_fields,
    section_fingerprint,
    visible_hash,
)
from moodle_standin.records import Course, CourseModule, ScormValue
from moodle_standin.site import Call, Site


@serves("local_lmssync_get_state")
def get_state(call: Call, params: dict[str, Any]) -> Any:
    """Everything of ours in one course as JSON text; what others made is not in it."""
    site = call.site
    course = site.require_course_access(call.user, params["courseid"])
    if not call.can("local/lmssync:pull"):
        call.require("local/lmssync:push", course.id)
    call.require("moodle/course:viewparticipants", course.id)
    activities = list(our_activities(site, course))
    keys = {module.id: key for key, _, module in activities}
    state = {
        "courseid": course.id,
        "sections": site.shuffled(
            {
                "key": row.key,
                "id": section.id,
                "number": course.sections.index(section.id),
                "hash": visible_hash(row, section.id, section_fingerprint(section)),
                "fields": {**section_fields(section), "position": place},
            }
            for place, (row, section) in enumerate(our_sections(site, course), start=1)
        ),
        "activities": site.shuffled(_activities(site, course)),
        "categories": site.shuffled(_categories(site, course)),
        "questions": site.shuffled(_questions(site, course)),
        "criteria": _criteria(site, course, keys),
        "events": site.shuffled(
            {
                "key": key,
                "id": event.id,
                "hash": visible_hash(row, event.id, event_fingerprint(site, event)),
                "fields": event_fields(site, event),
            }
            for key, row, event in our_events(site, course.id)
        ),
        "groups": site.shuffled(
            {"id": g.id, "idnumber": g.idnumber, "name": g.name, "members": site.shuffled(g.members)}
            for g in site.groups.values()
            if g.courseid == course.id and course.idnumber and g.idnumber.startswith(f"{course.idnumber}/")
        ),
        "overrides": site.shuffled(overrides_of(site, course, activities)),
        "enrolments": site.shuffled([e.userid, e.status, e.method] for e in site.enrolments_of(course.id)),
    }
    return {"state": json.dumps(state, ensure_ascii=False)}


def _activities(site: Site, course: Course) -> Iterator[dict[str, Any]]:
    sections = rows_by_object(site, course.id, "section")
    for key, row, module in our_activities(site, course):
        item: dict[str, Any] = {
            "key": key,
            "id": module.id,
            "instance": module.instance,
            "modname": module.modname,
            "section": sections[module.section].key if module.section in sections else "",
            "hash": visible_hash(row, module.id, activity_fingerprint(site, module)),
            "fields": activity_fields(site, module),
            "attempts": users_with_attempts(site, module),
            "completions": sum(
                row.state != 0 for (cmid, _), row in site.activity_completions.items() if cmid == module.id
            ),
        }
        if module.modname == "assign":
            item["graded"] = site.simple[module.modname, module.instance].graded
        if module.modname == "scorm":
            item["package"] = package_of(site, module)
            item["scoes"] = [
                {"identifier": identifier, "learners": len(users)}
                for identifier, users in users_by_item(site, module.instance).items()
            ]
            item["grades"] = _grades_on_items(site, module.instance)
        yield item


def package_of(site: Site, module: CourseModule) -> dict[str, Any]:
    """What Moodle made of the stored package."""
    scorm = site.scorms[module.instance]
    return {
        "sha1": scorm.sha1hash,
        "version": scorm.version,
        "launch": scorm.launch,
        "size": len(scorm.package.content) if scorm.package else 0,
    }


def users_by_item(site: Site, scorm_id: int) -> dict[str, set[int]]:
    """The users with tracks in each SCO, by item identifier."""
    users: dict[int, set[int]] = {
        sco.id: set() for sco in site.scoes.values() if sco.scorm == scorm_id and sco.scormtype == "sco"
    }
    for (scorm, user), attempts in site.scorm_attempts.items():
        if scorm == scorm_id:
            for sco_id in {sco_id for attempt in attempts for sco_id, _ in attempt.values}:
                users.setdefault(sco_id, set()).add(user)
    return {site.scoes[sco_id].identifier: found for sco_id, found in sorted(users.items())}


def _grades_on_items(site: Site, scorm_id: int) -> list[dict[str, Any]]:
    """Learners with a grade that nobody wrote by hand, by the SCOs on which it rests."""
    method = site.scorms[scorm_id].grademethod
    item = site.grade_item_of("scorm", scorm_id)
    groups: dict[tuple[str, ...], int] = {}
    for (scorm, user), attempts in site.scorm_attempts.items():
        grade = site.grades.get((item.id, user)) if item and scorm == scorm_id else None
        if grade is None or not grade.finalgrade or grade.overridden:
            continue
        scores: dict[str, float] = {}
        for value in (one for attempt in attempts for one in attempt.values.values()):
            score = _score_of(value, method)
            if score > 0:
                identifier = site.scoes[value.scoid].identifier
                scores[identifier] = max(score, scores.get(identifier, 0.0))
        best = max(scores.values(), default=0.0)
        items = tuple(sorted(name for name, score in scores.items() if method != 1 or score == best))
        if items:
            groups[items] = groups.get(items, 0) + 1
    return [{"items": list(items), "learners": n} for items, n in sorted(groups.items())]


def _score_of(value: ScormValue, method: int) -> float:
    if method == 0:
        return float(value.element in STATUS_ELEMENTS and value.value in ("completed", "passed"))
    try:
        return float(value.value) if value.element in SCORE_ELEMENTS else 0.0
    except ValueError:
        return 0.0


def users_with_attempts(site: Site, module: CourseModule) -> int:
    """How many users have attempts in the activity; previews do not count."""
    if module.modname == "scorm":
        return len({user for scorm, user in site.scorm_attempts if scorm == module.instance})
    if module.modname == "quiz":
        attempts = site.quiz_attempts.values()
        return len({a.userid for a in attempts if a.quiz == module.instance and not a.preview})
    simple = site.simple.get((module.modname, module.instance))
    return simple.answers if simple else 0


def _categories(site: Site, course: Course) -> Iterator[dict[str, Any]]:
    rows = rows_by_object(site, course.id, "category")
    for category in site.question_categories.values():
        if category.course != course.id or not category.idnumber:
            continue
        prefix = f"{category.idnumber}:"
        holds_ours = any(
            e.category == category.id and e.idnumber.startswith(prefix) for e in site.bank_entries.values()
        )
        row = rows.get(category.id)
        if row is None and not holds_ours:
            continue
        fields = category_fields(category)
        yield {
            "key": category.idnumber,
            "id": category.id,
            "hash": visible_hash(row, category.id, fingerprint(fields)),
            "fields": fields,
        }


def _questions(site: Site, course: Course) -> Iterator[dict[str, Any]]:
    rows = rows_by_object(site, course.id, "question")
    for entry in site.bank_entries.values():
        category = site.question_categories[entry.category]
        if category.course != course.id or not entry.idnumber:
            continue
        row = rows.get(entry.id)
        if row is None and not entry.idnumber.startswith(f"{category.idnumber}:"):
            continue
        yield {
            "key": entry.idnumber,
            "id": entry.id,
            "category": category.idnumber,
            "questionid": entry.latest.questionid,
            "version": entry.latest.version,
            "status": entry.latest.status,
            "hash": visible_hash(row, entry.id, question_fingerprint(site, entry)),
            "fields": question_fields(site, entry),
        }


def _criteria(site: Site, course: Course, keys: dict[int, str]) -> dict[str, Any] | None:
    row = find_row(site, course.id, "criteria", CRITERIA_KEY)
    live = criteria_fields(site, course, keys)
    if row is None and not live["activities"]:
        return None
    return {
        "hash": visible_hash(row, course.id, criteria_fingerprint(site, course)),
        **live,
        "locked": criteria_losses(site, course.id) > 0,
        "completed": criteria_losses(site, course.id),
    }
