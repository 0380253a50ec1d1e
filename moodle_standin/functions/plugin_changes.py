"""local_lmssync_get_changes: what learners did since a cursor."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from moodle_standin.completion import SCORE_ELEMENTS, STATUS_ELEMENTS, is_complete
from moodle_standin.errors import MoodleError, plugin_error
from moodle_standin.functions.registry import serves
from moodle_standin.owned_objects import our_activities
from moodle_standin.question_outcomes import outcome
from moodle_standin.quiz_attempts import IN_PROGRESS
from moodle_standin.records import CourseModule, ScormAttempt
from moodle_standin.site import Call, Site

LARGEST_PAGE = 20000
MOST_IDS = 1000
LONGEST = 255

_INTERACTION = re.compile(r"cmi\.interactions_[0-9]+\.id")
_INTERACTION_PARTS = {
    "id": "id",
    "type": "type",
    "student_response": "response",
    "learner_response": "response",
    "result": "result",
}


class Change(NamedTuple):
    """One row of a stream; they are sorted by time, then id."""

    t: int
    id: int
    courseid: int
    userid: int
    cmid: int
    data: dict[str, Any]


Stream = Callable[[Site, set[int]], Iterator[Change]]


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
        raise _unknown(params["stream"])
    return {"now": site.now(), **_page(site, stream, params["courseids"], params, limit)}


@serves("local_lmssync_get_news")
def get_news(call: Call, params: dict[str, Any]) -> Any:
    """Answers questions about streams one after the other until the rows are used up; the others are left out."""
    site = call.site
    call.require("local/lmssync:pull")
    left = params["limit"]
    if not 1 <= left <= LARGEST_PAGE:
        raise plugin_error("badlimit", f"The limit must be between 1 and {LARGEST_PAGE}.")
    pages: list[dict[str, Any]] = []
    for number, question in enumerate(_questions(params["asked"])):
        if left < 1:
            break
        stream = _STREAMS.get(question["stream"])
        if stream is None:
            raise _unknown(question["stream"])
        if "ids" in question:
            if len(question["ids"]) > left:
                break
            wanted = set(question["ids"])
            courses = {c for c in question["courseids"] if c in site.courses}
            rows = sorted((row for row in stream(site, courses) if row.id in wanted), key=lambda row: row.id)
            page: dict[str, Any] = {
                "more": False,
                "since": 0,
                "afterid": 0,
                "rows": _told(site, rows, courses),
            }
        else:
            page = _page(site, stream, question["courseids"], question, left)
        left -= len(page["rows"])
        if question.get("text"):
            page = {**page, "rows": [], "text": json.dumps(page["rows"], ensure_ascii=False)}
        pages.append({"asked": number, **page})
    return {
        "now": site.now(),
        "logsince": site.logged_since,
        "site": hashlib.sha256(site.identifier.encode()).hexdigest(),
        "pages": pages,
    }


def _unknown(name: str) -> MoodleError:
    return plugin_error("unknownstream", f'There is no stream "{name}". Known: {", ".join(_STREAMS)}')


def _questions(text: str) -> list[dict[str, Any]]:
    refusal = plugin_error(
        "notquestions",
        "The questions are not a JSON list of streams with courses and a cursor or row numbers.",
    )
    try:
        questions = json.loads(text)
    except ValueError:
        raise refusal from None
    if not isinstance(questions, list) or not questions:
        raise refusal
    for question in questions:
        if not isinstance(question, dict):
            raise refusal
        for name in ("courseids", "ids"):
            if not all(isinstance(one, int) for one in question.get(name, [])):
                raise refusal
        if not question.get("courseids"):
            raise plugin_error("nocourses", "The list of courses is empty.")
        if "ids" in question and not 1 <= len(question["ids"]) <= MOST_IDS:
            raise plugin_error("badlimit", f"The limit must be between 1 and {MOST_IDS}.")
        question.setdefault("stream", "")
        question.setdefault("since", 0)
        question.setdefault("afterid", 0)
    return questions


def _page(
    site: Site, stream: Stream, courseids: list[int], cursor: Mapping[str, int], limit: int
) -> dict[str, Any]:
    now = site.now()
    courses = {c for c in courseids if c in site.courses}
    after = (cursor["since"], cursor["afterid"])
    rows = sorted(
        (row for row in stream(site, courses) if row.t < now and (row.t, row.id) > after),
        key=lambda row: (row.t, row.id),
    )
    page = rows[:limit]
    since, afterid = (page[-1].t, page[-1].id) if page else after
    return {
        "more": len(rows) > limit,
        "since": since,
        "afterid": afterid,
        "rows": _told(site, page, courses),
    }


def _told(site: Site, rows: list[Change], courses: set[int]) -> list[dict[str, Any]]:
    keys = {m.id: key for c in courses for key, _, m in our_activities(site, site.courses[c])} if rows else {}
    return [
        {
            "id": row.id,
            "t": row.t,
            "courseid": row.courseid,
            "userid": row.userid,
            "key": keys.get(row.cmid, ""),
            "cmid": row.cmid,
            "data": json.dumps(row.data),
        }
        for row in rows
    ]


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
            if site.questions[taken.questionid].qtype == "description":
                continue  # nothing comes of what is only read
            time = max(attempt.timemodified, taken.lastaction)
            data = outcome(site, attempt, taken, slots.get(taken.slot))
            yield Change(time, taken.id, module.course, attempt.userid, module.id, data)


def _scorm_attempts(site: Site, courses: set[int]) -> Iterator[tuple[CourseModule, int, ScormAttempt]]:
    """Every attempt at a package of these courses, with its activity and whose it is."""
    modules = {m.instance: m for m in site.modules.values() if m.modname == "scorm"}
    for (scorm_id, user_id), attempts in site.scorm_attempts.items():
        module = modules.get(scorm_id)
        if module is None or module.course not in courses:
            continue
        for attempt in attempts:
            yield module, user_id, attempt


def _scorm_track(site: Site, courses: set[int]) -> Iterator[Change]:
    for module, user_id, attempt in _scorm_attempts(site, courses):
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


def _scorm_interaction(site: Site, courses: set[int]) -> Iterator[Change]:
    for module, user_id, attempt in _scorm_attempts(site, courses):
        for (sco, element), value in attempt.values.items():
            if not _INTERACTION.fullmatch(element):
                continue
            prefix = element.removesuffix("id")
            parts = {
                name.removeprefix(prefix): one
                for (of, name), one in attempt.values.items()
                if of == sco and name.startswith(prefix)
            }
            data: dict[str, Any] = {"attempt": attempt.attempt, "type": "", "response": "", "result": ""}
            for part, name in _INTERACTION_PARTS.items():
                if part in parts:
                    data[name] = parts[part].value[:LONGEST]
            time = max(one.timemodified for one in parts.values())
            yield Change(time, value.id, module.course, user_id, module.id, data)


def _enrolment(site: Site, courses: set[int]) -> Iterator[Change]:
    for course in courses:
        for one in site.enrolments_of(course):
            data = {
                "enrolled": one.status == 0,
                "method": one.method,
                "from": one.timestart,
                "until": one.timeend,
            }
            yield Change(max(one.timemodified, one.timecreated), one.id, course, one.userid, 0, data)


def _last_access(site: Site, courses: set[int]) -> Iterator[Change]:
    for (course, user_id), (number, time) in site.last_access.items():
        if course in courses and site.enrolments_of(course, user_id):
            yield Change(time, number, course, user_id, 0, {"at": time})


def _log(site: Site, courses: set[int]) -> Iterator[Change]:
    for line in site.change_log:
        if line.courseid in courses:
            data = {"stream": line.stream, "rowid": line.rowid}
            yield Change(line.timecreated, line.id, line.courseid, line.userid, line.cmid, data)


_STREAMS: Mapping[str, Stream] = {
    "activity_completion": _activity_completion,
    "course_completion": _course_completion,
    "enrolment": _enrolment,
    "feedback_answer": _feedback_answer,
    "grade": _grade,
    "last_access": _last_access,
    "log": _log,
    "quiz_attempt": _quiz_attempt,
    "question_outcome": _question_outcome,
    "scorm_interaction": _scorm_interaction,
    "scorm_track": _scorm_track,
}
