"""What happens in Moodle's pages and not through web services: above all, that things are taken back.

Each does what Moodle's own code does to its rows, and leaves in the plugin's log what the plugin's observers would.
"""

from __future__ import annotations

from moodle_standin.change_log import note, note_if_late
from moodle_standin.completion import course_completion_row, delete_course_completions
from moodle_standin.records import Enrolment
from moodle_standin.site import Site

WITH_NAME = 2
"""What Moodle calls an answer that is given with the person's name."""


def take_back(site: Site, what: str, *numbers: int) -> None:
    """By the words of the control address; raises KeyError where there is no such thing."""
    match what:
        case "quiz-attempt":
            delete_quiz_attempt(site, *numbers)
        case "scorm-attempt":
            cmid, user, number = numbers
            delete_scorm_attempt(site, site.modules[cmid].instance, user, number)
        case "grade":
            delete_grade(site, *next(key for key, grade in site.grades.items() if grade.id == numbers[0]))
        case "answer":
            delete_answer(site, *numbers)
        case "enrolment":
            course, user = numbers
            unenrol(site, course, user)
        case "access":
            look_in(site, *numbers)
        case "completions":
            reset_completions(site, *numbers)
        case _:
            raise ValueError(what)


def look_in(site: Site, course: int, user: int) -> None:
    """Somebody opens a page of a course in a browser; Moodle keeps that at most once a minute, and not for web services."""
    known = site.last_access.get((course, user))
    if known is None or known[1] <= site.now() - 60:
        number = known[0] if known else site.next_id("user_lastaccess")
        site.last_access[course, user] = (number, site.now())


def delete_grade(site: Site, item: int, user: int) -> None:
    """A row of `grade_grades` is deleted (grade_grade::delete)."""
    grade = site.grades.pop((item, user))
    note(site, "grade", site.grade_items[item].courseid, user, grade.id)


def grade_again(site: Site, item: int, user: int, value: float, dated: int) -> None:
    """A grade gets another value with a date of grading that lies back, as after a deleted attempt (update_raw_grade)."""
    grade = site.grades[item, user]
    grade.finalgrade, grade.timemodified = value, dated
    note_if_late(site, dated, "grade", site.grade_items[item].courseid, user, grade.id)


def delete_quiz_attempt(site: Site, attempt_id: int) -> None:
    """An attempt goes with its questions (quiz_delete_attempt)."""
    attempt = site.quiz_attempts.pop(attempt_id)
    course = site.quizzes[attempt.quiz].course
    note(site, "quiz_attempt", course, attempt.userid, attempt_id)
    note(site, "question_outcome", course, attempt.userid)


def delete_scorm_attempt(site: Site, scorm: int, user: int, number: int) -> None:
    """An attempt goes with all its values (scorm_delete_attempt)."""
    attempts = site.scorm_attempts[scorm, user]
    site.scorm_attempts[scorm, user] = [one for one in attempts if one.attempt != number]
    for stream in ("scorm_track", "scorm_interaction"):
        note(site, stream, site.scorms[scorm].course, user)


def delete_answer(site: Site, number: int) -> None:
    """An answer to a questionnaire goes (feedback_delete_completed); of one without a name nothing is kept."""
    answer = site.feedback_answers.pop(number)
    module = next(
        m for m in site.modules.values() if (m.modname, m.instance) == ("feedback", answer.feedback)
    )
    if answer.anonymous_response == WITH_NAME:
        note(site, "feedback_answer", module.course, answer.userid, number, module.id)


def unenrol(site: Site, course: int, user: int, method: str = "manual") -> None:
    """An enrolment ends; with the last one the person's grades and last access go, completions stay (unenrol_user)."""
    before = site.enrolments_of(course, user)
    rest = [one for one in before if one.method != method]
    for one in before:
        if one.method == method:
            note(site, "enrolment", course, user, one.id)
            note(site, "last_access", course, user)
    if rest:
        site.enrolments[course][user] = rest
        return
    site.enrolments[course].pop(user, None)
    for group in site.groups.values():
        if group.courseid == course and user in group.members:
            group.members.remove(user)
    site.last_access.pop((course, user), None)
    for item, grade_user in [key for key in site.grades if key[1] == user]:
        if site.grade_items[item].courseid == course:
            delete_grade(site, item, grade_user)


def set_back_course_completion(site: Site, course: int, user: int) -> None:
    """A completed course is open again: the row keeps no time of that. Moodle tells it by no event either."""
    course_completion_row(site, course, user).timecompleted = None


def delete_activity_completion(site: Site, cmid: int, user: int) -> None:
    """A row goes from the database and nothing tells: an administrator's script, another plugin."""
    del site.activity_completions[cmid, user]


def reset_completions(site: Site, course: int) -> None:
    """The course is reset: everybody's completions go (delete_all_completion_data, course_reset_ended)."""
    for key in [key for key in site.activity_completions if site.modules[key[0]].course == course]:
        del site.activity_completions[key]
    delete_course_completions(site, course)
    note(site, "", course)


def enrol_again(site: Site, course: int, user: int, status: int = 0) -> None:
    """Somebody is enrolled, or the enrolment is suspended or made active."""
    for one in site.enrolments_of(course, user):
        if one.method == "manual":
            one.status, one.timemodified = status, site.now()
            return
    number = site.next_id("user_enrolments")
    now = site.now()
    site.enrol(Enrolment(number, course, user, "manual", status, timecreated=now, timemodified=now))
