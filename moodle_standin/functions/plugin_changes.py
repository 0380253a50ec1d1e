"""local_lmssync_get_changes: what learners did since a cursor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from moodle_standin.completion import SCORE_ELEMENTS, STATUS_ELEMENTS, is_complete
from moodle_standin.errors import plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import our_activities
from moodle_standin.question_outcomes import outcome
from moodle_standin.quiz_attempts import IN_PROGRESS
from moodle_standin.site import Call, Site

LARGEST_PAGE = 20000


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


def _question_outcome(site: Site, courses: set[int]) -> Iterator[Change]:
    modules = {m.instance: m for m in site.modules.values() if m.modname == "quiz"}
    for attempt in site.quiz_attempts.values():
        module = modules.get(attempt.quiz)
        if module is None or module.course not in courses or attempt.preview or attempt.state == IN_PROGRESS:
            continue
        slots = dict(enumerate(site.quizzes[attempt.quiz].slots, 1))
        for taken in attempt.slots:
            time = max(attempt.timemodified, taken.lastaction)
            data = outcome(site, attempt, taken, slots.get(taken.slot))
            yield Change(time, taken.id, module.course, attempt.userid, module.id, data)


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


def _feedback_answer(site: Site, courses: set[int]) -> Iterator[Change]:
    """Answers given with a name; anonymous ones are not told at all."""
    modules = {m.instance: m for m in site.modules.values() if m.modname == "feedback"}
    for answer in site.feedback_answers.values():
        module = modules.get(answer.feedback)
        activity = site.simple.get(("feedback", answer.feedback))
        if module is None or activity is None or module.course not in courses:
            continue
        if answer.anonymous_response != 2 or activity.settings["anonymous"] != 2:
            continue
        kinds = {item["key"]: item["type"] for item in activity.settings["items"]}
        none = {key: ("", "0") if kinds.get(key) in ("rating", "choice") else ("",) for key in answer.values}
        answers = {key: value for key, value in answer.values.items() if value not in none[key]}
        yield Change(
            answer.timemodified, answer.id, module.course, answer.userid, module.id, {"answers": answers}
        )


_STREAMS = {
    "activity_completion": _activity_completion,
    "course_completion": _course_completion,
    "feedback_answer": _feedback_answer,
    "grade": _grade,
    "quiz_attempt": _quiz_attempt,
    "question_outcome": _question_outcome,
    "scorm_track": _scorm_track,
}
