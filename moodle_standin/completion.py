"""Grades and completion as Moodle keeps them: states 0 to 3, rules compared exactly, course criteria met at
once.
"""

from __future__ import annotations

from typing import Any, Final

from moodle_standin.change_log import note, note_if_late
from moodle_standin.errors import MoodleError
from moodle_standin.records import (
    ActivityCompletion,
    CourseCompletion,
    CourseModule,
    CriterionCompletion,
    Grade,
    GradeItem,
    Quiz,
    Scorm,
    User,
)
from moodle_standin.site import Call, Site

INCOMPLETE: Final = 0
COMPLETE: Final = 1
COMPLETE_PASS: Final = 2
COMPLETE_FAIL: Final = 3

STATUS_OPTIONS: Final = {"passed": 2, "completed": 4}
STATUS_ELEMENTS: Final = ("cmi.core.lesson_status", "cmi.completion_status", "cmi.success_status")
# Rules of the simple types. Only assignments can be handed in here; nobody can post or answer.
_SIMPLE_RULES: Final = ("posts", "discussions", "replies", "entries", "submit")
SCORE_ELEMENTS: Final = ("cmi.core.score.raw", "cmi.score.raw")


# --- grades


def set_grade(call: Call, item: GradeItem, user_id: int, value: float | None) -> None:
    """Writes a grade when it is another one, then the course's total and the activity's completion."""
    site = call.site
    old = site.grades.get((item.id, user_id))
    if old is not None and old.overridden:
        return
    if old is None or old.finalgrade != value or old.grademax != item.grademax:
        grade_id = old.id if old else site.next_id("grade_grades")
        site.grades[item.id, user_id] = Grade(grade_id, item.id, user_id, value, item.grademax, site.now())
        call.record("grade", "set", item=item.itemtype, module=item.itemmodule, userid=user_id, grade=value)
        if item.itemtype == "mod":
            _total_course(call, item.courseid, user_id)


def set_maximum(site: Site, item: GradeItem, most: float) -> None:
    """Changes what an item is graded up to (grade_item::update): nobody's grade is written for it."""
    if item.grademax != most:
        item.grademax = most
        note(site, "grade", item.courseid)


def _total_course(call: Call, course_id: int, user_id: int) -> None:
    """Natural weighting over the activities that have a grade, as a new Moodle does by default."""
    site = call.site
    items = [i for i in site.grade_items.values() if i.courseid == course_id]
    total = next(i for i in items if i.itemtype == "course")
    graded = [
        grade
        for i in items
        if i.itemtype == "mod"
        and (grade := site.grades.get((i.id, user_id))) is not None
        and grade.finalgrade is not None
    ]
    value = sum(g.finalgrade or 0.0 for g in graded) if graded else None
    set_maximum(site, total, sum(g.grademax for g in graded) or 100.0)
    set_grade(call, total, user_id, value)


def _grade_state(site: Site, module: CourseModule, user_id: int) -> int:
    item = site.grade_item_of(module.modname, module.instance)
    grade = site.grades.get((item.id, user_id)) if item else None
    if item is None or grade is None or grade.finalgrade is None:
        return INCOMPLETE
    if item.gradepass > 0.000009:
        return COMPLETE_PASS if grade.finalgrade >= item.gradepass else COMPLETE_FAIL
    return COMPLETE


# --- the rules of one activity


def rule_states(site: Site, module: CourseModule, user_id: int) -> dict[str, int]:
    """The state of each rule that the activity has, in the order in which Moodle shows them."""
    states: dict[str, int] = {}
    if module.completionview:
        states["completionview"] = COMPLETE if (module.id, user_id) in site.views else INCOMPLETE
    if module.modname == "scorm":
        states |= _scorm_states(site, site.scorms[module.instance], user_id)
    simple = site.simple.get((module.modname, module.instance))
    for rule in _SIMPLE_RULES if simple else ():
        if simple and simple.rules.get(rule):
            done = rule == "submit" and _has_handed_in(site, module, user_id)
            states[f"completion{rule}"] = COMPLETE if done else INCOMPLETE
    if module.completiongradeitemnumber is not None:
        state = _grade_state(site, module, user_id)
        states["completionusegrade"] = state
        if module.completionpassgrade:
            if state == COMPLETE:
                state = COMPLETE_PASS
            if state == COMPLETE_FAIL:
                states["completionusegrade"] = COMPLETE
            states["completionpassgrade"] = state
    return states


def _has_handed_in(site: Site, module: CourseModule, user_id: int) -> bool:
    if module.modname == "assign":
        return (module.instance, user_id) in site.submissions
    return any(one.key == (module.instance, user_id) for one in site.feedback_answers.values())


def _scorm_states(site: Site, scorm: Scorm, user_id: int) -> dict[str, int]:
    values = [v for a in site.scorm_attempts.get((scorm.id, user_id), []) for v in a.values.values()]
    statuses = [v for v in values if v.element in STATUS_ELEMENTS and v.value in STATUS_OPTIONS]
    states: dict[str, int] = {}
    if scorm.completionstatusallscos:
        done = {v.scoid for v in statuses}
        scoes = [s for s in site.scoes.values() if s.scorm == scorm.id and s.scormtype == "sco"]
        states["completionstatusallscos"] = COMPLETE if all(s.id in done for s in scoes) else INCOMPLETE
    if scorm.completionstatusrequired is not None:
        any_status = scorm.completionstatusrequired == sum(STATUS_OPTIONS.values())
        met = any(any_status or STATUS_OPTIONS[v.value] == scorm.completionstatusrequired for v in statuses)
        states["completionstatusrequired"] = COMPLETE if met else INCOMPLETE
    if scorm.completionscorerequired is not None:
        scores = [_number(v.value) for v in values if v.element in SCORE_ELEMENTS and v.value]
        met = any(score >= scorm.completionscorerequired for score in scores)
        states["completionscorerequired"] = COMPLETE if met else INCOMPLETE
    return states


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def overall_state(states: dict[str, int]) -> int:
    """All rules together: one incomplete rule is incomplete, a fail is a fail, a pass beats a plain
    completion.
    """
    values = list(states.values())
    if INCOMPLETE in values:
        return INCOMPLETE
    if COMPLETE_FAIL in values:
        return COMPLETE_FAIL
    return COMPLETE_PASS if COMPLETE_PASS in values else COMPLETE


def is_complete(module: CourseModule, state: int) -> bool:
    """Whether a state counts for the course: a fail counts only where no passing grade is required."""
    return state in (COMPLETE, COMPLETE_PASS) or (state == COMPLETE_FAIL and not module.completionpassgrade)


def state_of(site: Site, module: CourseModule, user_id: int) -> int:
    """The stored completion state of one user in one activity; no row is incomplete."""
    row = site.activity_completions.get((module.id, user_id))
    return row.state if row else INCOMPLETE


# --- what changes them


def viewed(call: Call, module: CourseModule) -> None:
    """The caller opened the activity."""
    if (module.id, call.user.id) not in call.site.views:
        call.site.views.add((module.id, call.user.id))
        call.record("view", "create", cmid=module.id, key=module.idnumber, userid=call.user.id)
        update_completion(call, module, call.user.id)


def update_completion(call: Call, module: CourseModule, user_id: int) -> None:
    """Evaluates the rules of one activity for one user and writes the state if it is another one."""
    if module.completion != 2 or not call.site.courses[module.course].enablecompletion:
        return
    row = call.site.activity_completions.get((module.id, user_id))
    if row is not None and row.overrideby is not None and row.state == COMPLETE:
        return
    set_state(call, module, user_id, overall_state(rule_states(call.site, module, user_id)), None)


def set_state(call: Call, module: CourseModule, user_id: int, state: int, override_by: int | None) -> None:
    """Writes a state with today's time, and the criteria of the course that follow from it."""
    site = call.site
    old = site.activity_completions.get((module.id, user_id))
    if (old.state if old else INCOMPLETE) != state or override_by is not None:
        row_id = old.id if old else site.next_id("course_modules_completion")
        site.activity_completions[module.id, user_id] = ActivityCompletion(
            row_id, module.id, user_id, state, site.now(), override_by
        )
        call.record(
            "activity_completion", "set", cmid=module.id, key=module.idnumber, userid=user_id, state=state
        )
    review_course(call, module.course, user_id)


def review_course(call: Call, course_id: int, user_id: int) -> None:
    """Marks criteria that are met and the course when all are; only for those who are actively enrolled."""
    site = call.site
    criteria = site.criteria.get(course_id, [])
    if not criteria or not site.is_actively_enrolled(course_id, user_id):
        return
    for cmid in criteria:
        row = site.activity_completions.get((cmid, user_id))
        if row is None or not is_complete(site.modules[cmid], row.state):
            continue
        if (course_id, cmid, user_id) not in site.criterion_completions:
            site.criterion_completions[course_id, cmid, user_id] = CriterionCompletion(
                site.next_id("course_completion_crit_compl"), course_id, cmid, user_id, row.timemodified
            )
            course_row = course_completion_row(site, course_id, user_id)
            course_row.timestarted = course_row.timestarted or row.timemodified
    met = [site.criterion_completions.get((course_id, cmid, user_id)) for cmid in criteria]
    times = [m.timecompleted for m in met if m is not None]
    if times and (len(times) == len(criteria) or site.criteria_aggregation.get(course_id) == "any"):
        course_row = course_completion_row(site, course_id, user_id)
        if course_row.timecompleted is None:
            course_row.timecompleted = max(times)
            note_if_late(
                site, course_row.timecompleted, "course_completion", course_id, user_id, course_row.id
            )
            call.record("course_completion", "complete", courseid=course_id, userid=user_id)


def course_completion_row(site: Site, course_id: int, user_id: int) -> CourseCompletion:
    """The user's row of `course_completions`, made when it is not there."""
    key = (course_id, user_id)
    if key not in site.course_completions:
        enrolled = [e.timecreated for e in site.enrolments_of(course_id, user_id)]
        site.course_completions[key] = CourseCompletion(
            site.next_id("course_completions"), course_id, user_id, timeenrolled=min(enrolled, default=0)
        )
    return site.course_completions[key]


def has_completion_records(site: Site, cmid: int) -> bool:
    """Whether anybody has a stored completion of the activity."""
    return any(c == cmid for c, _ in site.activity_completions)


def delete_course_completions(site: Site, course_id: int) -> None:
    """What clearing the criteria does: everybody's records of the course go."""
    for key in [k for k in site.criterion_completions if k[0] == course_id]:
        del site.criterion_completions[key]
    for course_key in [k for k in site.course_completions if k[0] == course_id]:
        del site.course_completions[course_key]


# --- what is told of it


def completion_data(site: Site, module: CourseModule, user: User) -> dict[str, Any]:
    """The completion of one activity for one user as the page and the reports show it."""
    row = site.activity_completions.get((module.id, user.id))
    state = row.state if row else INCOMPLETE
    states = rule_states(site, module, user.id) if module.completion == 2 else {}
    quiz_or_scorm = module.modname in ("quiz", "scorm")
    return {
        "state": state,
        "timecompleted": row.timemodified if row else 0,
        "overrideby": row.overrideby if row else None,
        "valueused": False,
        "hascompletion": module.completion > 0,
        "isautomatic": module.completion == 2,
        "istrackeduser": site.is_actively_enrolled(module.course, user.id)
        and any(e.roleid == 5 for e in site.enrolments_of(module.course, user.id)),
        "uservisible": True,
        "details": [
            {"rulename": name, "rulevalue": {"status": value, "description": _describe(site, module, name)}}
            for name, value in states.items()
        ]
        if quiz_or_scorm
        else [],
        "isoverallcomplete": state in (COMPLETE, COMPLETE_PASS)
        or (state == COMPLETE_FAIL and not module.completionpassgrade),
    }


def _describe(site: Site, module: CourseModule, rule: str) -> str:
    if rule == "completionstatusrequired":
        return {
            2: "Pass the activity",
            4: "Complete the activity",
            6: "Complete or pass the activity",
        }.get(site.scorms[module.instance].completionstatusrequired or 0, "")
    if rule == "completionscorerequired":
        score = site.scorms[module.instance].completionscorerequired
        return f"Receive a score of {score} or more"
    return {
        **{f"completion{name}": name for name in _SIMPLE_RULES},
        "completionview": "View",
        "completionstatusallscos": "Do all parts of this activity",
        "completionusegrade": "Receive a grade",
        "completionpassgrade": "Receive a passing grade",
    }[rule]


def course_status(site: Site, course_id: int, user: User, caller: User) -> dict[str, Any]:
    """Moodle's status of one user in one course; it has no completion time of the course."""
    tracked = site.is_actively_enrolled(course_id, user.id)
    if not tracked:
        if user.id == caller.id:
            raise MoodleError("notenroled", "You are not enrolled in this course")
        raise MoodleError("usernotenroled", "User is not enrolled in this course")
    criteria = site.criteria.get(course_id, [])
    if not criteria:
        raise MoodleError("nocriteriaset", "No completion criteria set for this course")
    rows = []
    for cmid in criteria:
        module = site.modules[cmid]
        done = site.criterion_completions.get((course_id, cmid, user.id))
        needs = []
        if module.completiongradeitemnumber is not None:
            needs.append("Achieving grade")
        if module.completionpassgrade:
            needs.append("Achieving passing grade")
        if module.completionview:
            needs.insert(0, "Viewing")
        url = f"{site.settings.url}/mod/{module.modname}/view.php?id={cmid}"
        rows.append(
            {
                "type": 4,
                "title": "Activity completion",
                "status": "Yes" if done else "No",
                "complete": done is not None,
                "timecompleted": done.timecompleted if done else None,
                "details": {
                    "type": "Activity completion",
                    "criteria": f'<a href="{url}">{site.module_name(module)}</a>',
                    "requirement": ", ".join(needs),
                    "status": "",
                },
            }
        )
    course_row = site.course_completions.get((course_id, user.id))
    return {
        "completed": course_row is not None and course_row.timecompleted is not None,
        "aggregation": 2 if site.criteria_aggregation.get(course_id) == "any" else 1,
        "completions": rows,
    }


def quiz_grade(quiz: Quiz, marks: list[float | None]) -> float | None:
    """The quiz grade from the marks of the finished attempts in their order, by the quiz's method."""
    real = [m for m in marks if m is not None]
    if not marks or not real:
        return None
    if quiz.grademethod == 2:
        best: float | None = sum(real) / len(real)
    elif quiz.grademethod == 3:
        best = marks[0]
    elif quiz.grademethod == 4:
        best = marks[-1]
    else:
        best = max(real)
    if best is None or quiz.sumgrades <= 0.000005:
        return None if best is None else 0.0
    return best * quiz.grade / quiz.sumgrades
