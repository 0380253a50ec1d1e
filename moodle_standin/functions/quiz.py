"""mod_quiz: reading quizzes and taking attempts as the mobile app does it."""

from __future__ import annotations

import json
from typing import Any

from moodle_standin.answers import to_json
from moodle_standin.completion import viewed
from moodle_standin.errors import MoodleError, invalid_parameter, missing_record
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.registry import serves
from moodle_standin.functions.scorm import accessible_courses
from moodle_standin.overrides import effective
from moodle_standin.question_html import INFORMATION, number_of, question_html, state_class, status
from moodle_standin.question_types import OTHER_TYPES
from moodle_standin.quiz_attempts import (
    FINISHED,
    GRACE_PERIOD_MIN,
    IN_PROGRESS,
    attempts_by,
    end_if_time_is_up,
    end_of,
    finish,
    start,
    take_answers,
)
from moodle_standin.records import REVIEW_FIELDS, CourseModule, Quiz, QuizAttempt, Slot
from moodle_standin.site import Call, Site


def _enter(call: Call, quiz_id: int) -> tuple[Quiz, CourseModule]:
    quiz = call.site.quizzes.get(quiz_id)
    if quiz is None:
        raise missing_record("quiz")
    module = call.site.module_of("quiz", quiz_id)
    call.site.require_module_access(call.user, module)
    return quiz, module


@serves("mod_quiz_get_quizzes_by_courses")
def get_quizzes_by_courses(call: Call, params: dict[str, Any]) -> Any:
    """Settings and review bit masks; managers see more."""
    site = call.site
    courses, warnings = accessible_courses(call, params["courseids"])
    rows = []
    for course_id in courses:
        manages = call.can("moodle/course:manageactivities", course_id)
        rows += [
            _activity(call, module, site.quizzes[module.instance], manages)
            for module in site.modules_in(course_id)
            if module.modname == "quiz"
            and (module.visible or call.can("moodle/course:viewhiddenactivities", course_id))
        ]
    return {"quizzes": site.shuffled(rows), "warnings": warnings}


def _activity(call: Call, module: CourseModule, quiz: Quiz, manages: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": quiz.id,
        "coursemodule": module.id,
        "course": module.course,
        "name": name_in_answer(call, quiz.name),
        "lang": "",
    }
    if not call.can("mod/quiz:view", module.course):
        return row
    times = effective(call.site, quiz, call.user.id)
    row |= {
        "intro": quiz.intro,
        "introformat": 1,
        "introfiles": [],
        "section": call.site.courses[module.course].sections.index(module.section),
        "visible": module.visible,
        "groupmode": 0,
        "groupingid": 0,
        "timeopen": times["timeopen"],
        "timeclose": times["timeclose"],
        "timelimit": times["timelimit"],
        "overduehandling": "autosubmit",
        "graceperiod": 86400,
        "preferredbehaviour": quiz.preferredbehaviour,
        "canredoquestions": 0,
        "attempts": times["attempts"],
        "attemptonlast": 0,
        "grademethod": quiz.grademethod,
        "decimalpoints": 2,
        "questiondecimalpoints": -1,
        **{f"review{name}": quiz.review.get(name, 0) for name in REVIEW_FIELDS},
        "questionsperpage": quiz.questionsperpage,
        "navmethod": "free",
        "sumgrades": quiz.sumgrades,
        "grade": quiz.grade,
        "browsersecurity": "-",
        "delay1": 0,
        "delay2": 0,
        "showuserpicture": 0,
        "showblocks": 0,
        "completionattemptsexhausted": 0,
        "completionpass": module.completionpassgrade,
        "allowofflineattempts": 0,
        "autosaveperiod": 60,
        "hasfeedback": 0,
        "hasquestions": int(bool(quiz.slots)),
    }
    if manages:
        row |= {
            "shuffleanswers": quiz.shuffleanswers,
            "timecreated": quiz.timecreated,
            "timemodified": quiz.timemodified,
            "password": "",
            "subnet": "",
        }
    return row


@serves("mod_quiz_view_quiz")
def view_quiz(call: Call, params: dict[str, Any]) -> Any:
    """The entry page was opened."""
    _, module = _enter(call, params["quizid"])
    viewed(call, module)
    return {"status": True, "warnings": []}


# --- attempts


def attempt_row(site: Site, attempt: QuizAttempt, quiz: Quiz, *, with_marks: bool) -> dict[str, Any]:
    """A row of `quiz_attempts` as the functions show it; an open attempt tells when its time is up."""
    ends = end_of(site, quiz, attempt, previews=True) if attempt.state == IN_PROGRESS else None
    return {
        "id": attempt.id,
        "quiz": attempt.quiz,
        "userid": attempt.userid,
        "attempt": attempt.attempt,
        "uniqueid": attempt.uniqueid,
        "layout": attempt.layout,
        "currentpage": attempt.currentpage,
        "preview": attempt.preview,
        "state": attempt.state,
        "timestart": attempt.timestart,
        "timefinish": attempt.timefinish,
        "timemodified": attempt.timemodified,
        "timemodifiedoffline": attempt.timemodified,
        "timecheckstate": ends,
        "sumgrades": attempt.sumgrades if with_marks else None,
        "gradednotificationsenttime": attempt.timefinish or None,
    }


@serves("mod_quiz_start_attempt")
def start_attempt(call: Call, params: dict[str, Any]) -> Any:
    """Opens an attempt. One still open is an error, one too many a warning with an empty attempt."""
    site = call.site
    quiz, module = _enter(call, params["quizid"])
    if not quiz.slots:
        raise MoodleError("noquestionsfound", "No questions found")
    previews = call.can("mod/quiz:preview", module.course)
    if not previews:
        call.require("mod/quiz:attempt", module.course)
    before = attempts_by(site, quiz.id, call.user.id)
    if before and before[-1].state == IN_PROGRESS:
        end_if_time_is_up(call, quiz, before[-1])
        if before[-1].state == IN_PROGRESS and not (previews and params["forcenew"]):
            raise MoodleError("attemptstillinprogress", "Attempt still in progress")
        if before[-1].state == FINISHED:
            raise MoodleError("attemptalreadyclosed", "This attempt has already been finished.")
        before[-1].state = "abandoned"
    real = [a for a in before if not a.preview]
    allowed = effective(site, quiz, call.user.id)
    prevented = ""
    if allowed["timeopen"] > site.now() or 0 < allowed["timeclose"] < site.now():
        prevented = "This quiz is not currently available"
    elif allowed["attempts"] and len(real) >= allowed["attempts"]:
        prevented = "No more attempts are allowed"
    if prevented and not previews:
        warning = {"item": "quiz", "itemid": quiz.id, "warningcode": "1", "message": prevented}
        return {"attempt": {}, "warnings": [warning]}
    attempt = start(site, quiz, call.user, preview=previews)
    call.record(
        "quiz_attempt", "start", id=attempt.id, quiz=quiz.id, userid=call.user.id, attempt=attempt.attempt,
        questions=[s.questionid for s in attempt.slots], preview=attempt.preview,
    )  # fmt: skip
    return {"attempt": attempt_row(site, attempt, quiz, with_marks=False), "warnings": []}


def _own_attempt(call: Call, attempt_id: int, *, check_time: bool) -> tuple[Quiz, QuizAttempt]:
    """An open attempt of the caller, as `validate_attempt` asks for."""
    attempt = call.site.quiz_attempts.get(attempt_id)
    if attempt is None:
        raise missing_record("quiz_attempts")
    quiz, module = _enter(call, attempt.quiz)
    if attempt.userid != call.user.id:
        raise MoodleError("notyourattempt", "This is not your attempt!")
    if not attempt.preview:
        call.require("mod/quiz:attempt", module.course)
    if check_time:
        end_if_time_is_up(call, quiz, attempt)
    if attempt.state != IN_PROGRESS:
        raise MoodleError("attemptalreadyclosed", "This attempt has already been finished.")
    return quiz, attempt


def _questions(call: Call, attempt: QuizAttempt, page: int | None, *, review: bool) -> list[dict[str, Any]]:
    rows = []
    # The quiz's review options say at which time the marks may be seen: during the attempt, or after it.
    shows_marks = bool(
        call.site.quizzes[attempt.quiz].review.get("maxmarks", 0x11110) & (0x01110 if review else 0x10000)
    )
    for slot in attempt.slots:
        if page is not None and slot.page != page:
            continue
        question = call.site.questions[slot.questionid]
        kind = OTHER_TYPES.get(question.qtype)
        told = kind.settings(question) if kind else None
        number = number_of(call, attempt, slot)
        row: dict[str, Any] = {
            "slot": slot.slot,
            "type": question.qtype,
            "page": slot.page,
            "questionnumber": number,
            "html": question_html(call, attempt, slot, question, review=review),
            "responsefileareas": [],
            "sequencecheck": slot.steps,
            "lastactiontime": slot.lastaction,
            "hasautosavedstep": False,
            "flagged": slot.flagged,
            "settings": None if told is None else to_json(told),
        }
        if number != INFORMATION:
            row |= {
                "number": int(number),
                "stateclass": state_class(slot),
                "status": status(slot),
                "blockedbyprevious": False,
            }
        if shows_marks:
            row["maxmark"] = slot.maxmark
        if review:
            row["state"] = slot.state
            row["mark"] = "" if slot.fraction is None else f"{slot.fraction * slot.maxmark:.2f}"
        rows.append(row)
    return rows


@serves("mod_quiz_get_attempt_data")
def get_attempt_data(call: Call, params: dict[str, Any]) -> Any:
    """The questions of one page as HTML with input fields."""
    quiz, attempt = _own_attempt(call, params["attemptid"], check_time=True)
    page = params["page"]
    last = max(slot.page for slot in attempt.slots)
    if not 0 <= page <= last:
        raise MoodleError("Invalid page number", "quiz/Invalid page number")
    attempt.currentpage = page
    return {
        "attempt": attempt_row(call.site, attempt, quiz, with_marks=False),
        "messages": [],
        "nextpage": -1 if page == last else page + 1,
        "questions": _questions(call, attempt, page, review=False),
        "warnings": [],
    }


@serves("mod_quiz_get_attempt_summary")
def get_attempt_summary(call: Call, params: dict[str, Any]) -> Any:
    """All questions of an open attempt and how many have no answer yet."""
    _, attempt = _own_attempt(call, params["attemptid"], check_time=True)
    return {
        "questions": _questions(call, attempt, None, review=False),
        "totalunanswered": sum(slot.state in ("todo", "invalid") for slot in attempt.slots),
        "warnings": [],
    }


@serves("mod_quiz_view_attempt")
def view_attempt(call: Call, params: dict[str, Any]) -> Any:
    """A page of an attempt was opened."""
    _, attempt = _own_attempt(call, params["attemptid"], check_time=True)
    attempt.currentpage = params["page"]
    return {"status": True, "warnings": []}


@serves("mod_quiz_save_attempt")
def save_attempt(call: Call, params: dict[str, Any]) -> Any:
    """Keeps answers without leaving the page."""
    _, attempt = _own_attempt(call, params["attemptid"], check_time=True)
    take_answers(call.site, attempt, {d["name"]: d["value"] for d in params["data"]})
    call.record("quiz_attempt", "save", id=attempt.id, quiz=attempt.quiz, userid=attempt.userid)
    return {"status": True, "warnings": []}


@serves("mod_quiz_process_attempt")
def process_attempt(call: Call, params: dict[str, Any]) -> Any:
    """Takes answers and, when asked to or out of time, hands the attempt in."""
    site = call.site
    quiz, attempt = _own_attempt(call, params["attemptid"], check_time=False)
    end = end_of(site, quiz, attempt)
    finishing, too_late = params["finishattempt"], False
    if end is None:
        finishing = finishing or params["timeup"]
    elif site.now() > end - 2:
        finishing, too_late = True, site.now() > end + GRACE_PERIOD_MIN
    if not too_late:
        take_answers(site, attempt, {d["name"]: d["value"] for d in params["data"]})
        call.record("quiz_attempt", "answer", id=attempt.id, quiz=quiz.id, userid=attempt.userid)
    if not finishing:
        return {"state": IN_PROGRESS, "warnings": []}
    finish(call, quiz, attempt)
    return {"state": FINISHED, "warnings": []}


@serves("mod_quiz_get_user_attempts")
def get_user_attempts(call: Call, params: dict[str, Any]) -> Any:
    """Finished attempts, unless `status` is all or unfinished."""
    site = call.site
    quiz, module = _enter(call, params["quizid"])
    wanted = params["status"]
    if wanted not in ("all", "finished", "unfinished"):
        raise invalid_parameter("Invalid status value")
    user = site.user(params["userid"] or call.user.id)
    reports = call.can("mod/quiz:viewreports", module.course)
    if user.id != call.user.id:
        call.require("mod/quiz:viewreports", module.course)
    rows = []
    for attempt in attempts_by(site, quiz.id, user.id):
        is_finished = attempt.state in (FINISHED, "abandoned")
        if (wanted == "finished" and not is_finished) or (wanted == "unfinished" and is_finished):
            continue
        if attempt.preview and not params["includepreviews"]:
            continue
        marks = reports or (attempt.state == FINISHED and quiz.review.get("marks", 0) & 0x11110 != 0)
        rows.append(attempt_row(site, attempt, quiz, with_marks=marks) | {"gradeitemmarks": []})
    return {"attempts": rows, "warnings": []}


@serves("mod_quiz_get_user_best_grade")
def get_user_best_grade(call: Call, params: dict[str, Any]) -> Any:
    """The grade that counts."""
    site = call.site
    quiz, module = _enter(call, params["quizid"])
    user = site.user(params["userid"] or call.user.id)
    if user.id != call.user.id:
        call.require("mod/quiz:viewreports", module.course)
    item = site.grade_item_of("quiz", quiz.id)
    grade = site.grades.get((item.id, user.id)) if item else None
    answer: dict[str, Any] = {"hasgrade": grade is not None and grade.finalgrade is not None, "warnings": []}
    if grade is not None and grade.finalgrade is not None:
        answer["grade"] = grade.finalgrade
    if item is not None and item.gradepass:
        answer["gradetopass"] = item.gradepass
    return answer


@serves("mod_quiz_get_attempt_review")
def get_attempt_review(call: Call, params: dict[str, Any]) -> Any:
    """A finished attempt with marks."""
    site = call.site
    attempt = site.quiz_attempts.get(params["attemptid"])
    if attempt is None:
        raise missing_record("quiz_attempts")
    quiz, module = _enter(call, attempt.quiz)
    if attempt.userid != call.user.id:
        call.require("mod/quiz:viewreports", module.course)
    elif attempt.state != FINISHED:
        raise MoodleError("attemptclosed", "Attempt has not closed yet")
    elif not quiz.review.get("attempt", 0) & 0x11110:
        raise MoodleError("noreview", "You are not allowed to review this quiz")
    grade = (attempt.sumgrades or 0.0) * quiz.grade / quiz.sumgrades if quiz.sumgrades else 0.0
    return {
        "grade": f"{grade:.5f}",
        "attempt": attempt_row(site, attempt, quiz, with_marks=True),
        "additionaldata": [
            {"id": "grade", "title": "Grade", "content": f"<b>{grade:.2f}</b> out of {quiz.grade:.2f}"}
        ],
        "questions": _questions(call, attempt, None if params["page"] < 0 else params["page"], review=True),
        "warnings": [],
    }


# --- slots, which core changes under attempts without a word


@serves("mod_quiz_add_random_questions")
def add_random_questions(call: Call, params: dict[str, Any]) -> Any:
    """Adds random slots; a quiz that has attempts is not refused."""
    site = call.site
    module = site.module(params["cmid"])
    site.require_module_access(call.user, module)
    call.require("mod/quiz:manage", module.course)
    quiz = site.quizzes[module.instance]
    try:
        category = json.loads(params["filtercondition"])["filter"]["category"]["values"][0]
    except (ValueError, KeyError, IndexError, TypeError):
        raise invalid_parameter("filtercondition") from None
    for _ in range(params["randomcount"]):
        quiz.slots.append(
            Slot(
                site.next_id("quiz_slots"),
                1.0,
                category=int(category),
                filtercondition=params["filtercondition"],
            )
        )
    quiz.sumgrades = sum(slot.maxmark for slot in quiz.slots)
    call.record("quiz", "add_random", id=quiz.id, count=params["randomcount"])
    return {"message": "Random questions have been added"}


@serves("mod_quiz_update_slots")
def update_slots(call: Call, params: dict[str, Any]) -> Any:
    """Changes maximum marks; a quiz that has attempts is not refused."""
    quiz, module = _enter(call, params["quizid"])
    call.require("mod/quiz:manage", module.course)
    slots = {slot.id: slot for slot in quiz.slots}
    for wanted in params["slots"]:
        if wanted["id"] not in slots:
            raise missing_record("quiz_slots")
        if wanted.get("maxmark") is not None:
            slots[wanted["id"]].maxmark = wanted["maxmark"]
    quiz.sumgrades = sum(slot.maxmark for slot in quiz.slots)
    call.record("quiz", "update_slots", id=quiz.id)
    return None


@serves("qbank_editquestion_set_status")
def set_status(call: Call, params: dict[str, Any]) -> Any:
    """A refusal inside a normal answer: a status other than ready or draft has no exception."""
    site = call.site
    for entry in site.bank_entries.values():
        for version in entry.versions:
            if version.questionid == params["questionid"]:
                call.require("moodle/question:add")
                if params["status"] not in ("ready", "draft"):
                    return {"status": False, "statusname": "", "error": "Unrecognised status"}
                version.status = params["status"]
                call.record("question", "set_status", id=entry.id, status=params["status"])
                return {"status": True, "statusname": params["status"].capitalize(), "error": ""}
    raise missing_record("question_versions")
