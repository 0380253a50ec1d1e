"""local_lmssync: what the site is, what was pushed into a course, and what learners did since a cursor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from moodle_standin.completion import SCORE_ELEMENTS, STATUS_ELEMENTS, is_complete
from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import (
    CRITERIA_KEY,
    activity_fields,
    activity_fingerprint,
    category_fields,
    criteria_fields,
    criteria_fingerprint,
    criteria_losses,
    find_row,
    fingerprint,
    our_activities,
    our_sections,
    question_fields,
    question_fingerprint,
    rows_by_object,
    section_fields,
    section_fingerprint,
    visible_hash,
)
from moodle_standin.records import Course, CourseModule
from moodle_standin.services import ROLE_CAPABILITIES
from moodle_standin.site import MOODLE_RELEASE, MOODLE_VERSION, Call, Site

LARGEST_PAGE = 20000


@serves("local_lmssync_get_site")
def get_site(call: Call, _params: dict[str, Any]) -> Any:
    """Versions, limits, switches, and what the account's role lacks."""
    site, settings = call.site, call.site.settings
    may_assign = call.can("moodle/role:assign")
    return {
        "plugin_version": settings.plugin_version,
        "plugin_release": settings.plugin_release,
        "moodle_version": MOODLE_VERSION,
        "moodle_release": MOODLE_RELEASE,
        "db_family": "postgres",
        "max_input_vars": settings.max_input_vars,
        "post_max_size": settings.post_max_size,
        "upload_max_filesize": settings.upload_max_filesize,
        "multilang_filter": settings.multilang_filter,
        "completion_enabled": True,
        "mobile_enabled": "moodle_mobile_app" in site.services,
        "scorm_standard": settings.scorm_standard,
        "server_time": site.now(),
        "missing_capabilities": site.shuffled(sorted(c for c in ROLE_CAPABILITIES if not call.can(c))),
        "assignable_roles": [
            {"id": role, "shortname": "student" if role == 5 else f"role{role}"}
            for role in (settings.assignable_roles if may_assign else ())
        ],
    }


@serves("local_lmssync_get_accounts")
def get_accounts(call: Call, params: dict[str, Any]) -> Any:
    """State of accounts without names and addresses; ids that do not exist are left out."""
    call.require("local/lmssync:pull")
    wanted = set(params["userids"])
    return [
        {
            "id": u.id,
            "idnumber": u.idnumber,
            "username": u.username,
            "auth": u.auth,
            "suspended": u.suspended,
            "confirmed": u.confirmed,
            "deleted": u.deleted,
        }
        for u in call.site.users.values()
        if u.id in wanted
    ]


# --- the state of a course


@serves("local_lmssync_get_state")
def get_state(call: Call, params: dict[str, Any]) -> Any:
    """Everything of ours in one course as JSON text; what others made is not in it."""
    site = call.site
    course = site.require_course_access(call.user, params["courseid"])
    if not call.can("local/lmssync:pull"):
        call.require("local/lmssync:push", course.id)
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
        "groups": site.shuffled(
            {"id": g.id, "idnumber": g.idnumber, "name": g.name, "members": site.shuffled(g.members)}
            for g in site.groups.values()
            if g.courseid == course.id and course.idnumber and g.idnumber.startswith(f"{course.idnumber}/")
        ),
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
        }
        if module.modname == "scorm":
            item["package"] = package_of(site, module)
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


def users_with_attempts(site: Site, module: CourseModule) -> int:
    if module.modname == "scorm":
        return len({user for scorm, user in site.scorm_attempts if scorm == module.instance})
    if module.modname == "quiz":
        attempts = site.quiz_attempts.values()
        return len({a.userid for a in attempts if a.quiz == module.instance and not a.preview})
    return 0


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
    }


# --- changes since a cursor


class Change(NamedTuple):
    """One row of a stream; they are sorted by time, then id."""

    t: int
    id: int
    courseid: int
    userid: int
    cmid: int
    data: dict[str, Any]


@serves("local_lmssync_get_changes")
def get_changes(call: Call, params: dict[str, Any]) -> Any:
    """One page of a stream after the cursor (since, afterid); rows of the running second are not there yet."""
    site = call.site
    call.require("local/lmssync:pull")
    if not params["courseids"]:
        raise plugin_error("nocourses", "The list of courses is empty.")
    limit = params["limit"]
    if not 1 <= limit <= LARGEST_PAGE:
        raise plugin_error("badlimit", f"The limit must be between 1 and {LARGEST_PAGE}.")
    stream = _STREAMS.get(params["stream"])
    if stream is None:
        raise plugin_error(
            "unknownstream", f'There is no stream "{params["stream"]}". Known: {", ".join(_STREAMS)}'
        )
    now = site.now()
    courses = {c for c in params["courseids"] if c in site.courses}
    after = (params["since"], params["afterid"])
    rows = sorted(row for row in stream(site, courses) if row.t < now and (row.t, row.id) > after)
    page = rows[:limit]
    keys = {m.id: key for c in courses for key, _, m in our_activities(site, site.courses[c])}
    since, afterid = (page[-1].t, page[-1].id) if page else after
    return {
        "now": now,
        "more": len(rows) > limit,
        "since": since,
        "afterid": afterid,
        "rows": [
            {
                "id": row.id,
                "t": row.t,
                "courseid": row.courseid,
                "userid": row.userid,
                "key": keys.get(row.cmid, ""),
                "cmid": row.cmid,
                "data": json.dumps(row.data),
            }
            for row in page
        ],
    }


def _activity_completion(site: Site, courses: set[int]) -> Iterator[Change]:
    for row in site.activity_completions.values():
        module = site.modules.get(row.cmid)
        if module is not None and module.course in courses:
            data = {"state": row.state, "complete": is_complete(module, row.state)}
            yield Change(row.timemodified, row.id, module.course, row.userid, module.id, data)


def _course_completion(site: Site, courses: set[int]) -> Iterator[Change]:
    for row in site.course_completions.values():
        if row.course not in courses:
            continue
        time = max(row.timecompleted or 0, row.timestarted, row.timeenrolled)
        data = {"timecompleted": row.timecompleted, "timestarted": row.timestarted}
        yield Change(time, row.id, row.course, row.userid, 0, data)


def _grade(site: Site, courses: set[int]) -> Iterator[Change]:
    modules = {(m.modname, m.instance): m.id for m in site.modules.values()}
    for grade in site.grades.values():
        item = site.grade_items[grade.itemid]
        if item.courseid not in courses:
            continue
        data = {
            "item": item.itemtype,
            "grade": grade.finalgrade,
            "max": float(item.grademax),
            "pass": float(item.gradepass),
        }
        cmid = modules.get((item.itemmodule, item.iteminstance), 0) if item.itemtype == "mod" else 0
        yield Change(grade.timemodified, grade.id, item.courseid, grade.userid, cmid, data)


def _quiz_attempt(site: Site, courses: set[int]) -> Iterator[Change]:
    modules = {m.instance: m for m in site.modules.values() if m.modname == "quiz"}
    for attempt in site.quiz_attempts.values():
        module = modules.get(attempt.quiz)
        if attempt.preview or module is None or module.course not in courses:
            continue
        data = {
            "attempt": attempt.attempt,
            "state": attempt.state,
            "sumgrades": attempt.sumgrades,
            "max": float(site.quizzes[attempt.quiz].sumgrades),
            "timestart": attempt.timestart,
            "timefinish": attempt.timefinish,
        }
        yield Change(attempt.timemodified, attempt.id, module.course, attempt.userid, module.id, data)


def _scorm_track(site: Site, courses: set[int]) -> Iterator[Change]:
    modules = {m.instance: m for m in site.modules.values() if m.modname == "scorm"}
    for (scorm_id, user_id), attempts in site.scorm_attempts.items():
        module = modules.get(scorm_id)
        if module is None or module.course not in courses:
            continue
        for attempt in attempts:
            for value in attempt.values.values():
                if value.element in STATUS_ELEMENTS or value.element in SCORE_ELEMENTS:
                    data = {"attempt": attempt.attempt, "element": value.element, "value": value.value}
                    yield Change(value.timemodified, value.id, module.course, user_id, module.id, data)


_STREAMS = {
    "activity_completion": _activity_completion,
    "course_completion": _course_completion,
    "grade": _grade,
    "quiz_attempt": _quiz_attempt,
    "scorm_track": _scorm_track,
}
