"""A stand-in Moodle in this process with two courses and three learners, and a client that can fail in every way.

The client runs the stand-in's own REST script on the form that the product would send, without HTTP between them: a pull
takes milliseconds, so that thousands of them can be tried.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lms_sync.moodle.errors import SiteBusy, UnknownOutcome
from lms_sync.moodle.wire import form_of, refusal
from moodle_standin.completion import set_grade, set_state
from moodle_standin.functions import plugin_changes
from moodle_standin.functions.registry import finish
from moodle_standin.moodle_xml import Draft
from moodle_standin.parameters import nest
from moodle_standin.question_bank import store_question
from moodle_standin.quiz_attempts import start
from moodle_standin.records import (
    Answer,
    CourseModule,
    GradeItem,
    QuestionCategory,
    Quiz,
    Scorm,
    ScormAttempt,
    ScormValue,
    Slot,
)
from moodle_standin.scripts import rest_steps
from moodle_standin.seed import build_site
from moodle_standin.site import Call, Site
from moodle_standin.taken_back import look_in

TOKEN = "0123456789abcdef0123456789abcdef"
START = 1_800_000_000
LEARNERS = 3
FAULTS = ("busy", "cut", "empty", "twice", "disorder")
"""What a page can suffer: 503; the connection cut in it; no rows and "more"; a row twice; rows out of order."""


def small_site() -> Site:
    """Two courses with a SCORM activity and a quiz each, three learners in both, a frozen clock."""
    site = build_site(
        {
            "site": {"name": "Small", "now": START, "random_seed": 7},
            "service_account": {"token": TOKEN},
            "users": [{"username": f"s{number}"} for number in range(LEARNERS)],
            "courses": [
                {"fullname": name, "shortname": name, "users": [f"s{number}" for number in range(LEARNERS)]}
                for name in ("archive", "ethics")
            ],
        }
    )
    site.clock.set(START, frozen=True)
    for course in site.courses.values():
        category = QuestionCategory(
            site.next_id("question_categories"), course.id, "Bank", f"bank-{course.id}"
        )
        site.question_categories[category.id] = category
        answers = (Answer(0, "True", 1.0, ""), Answer(0, "False", 0.0, ""))
        draft = Draft("seal", "truefalse", "Seal", "<p>?</p>", 1.0, 1.0, "", answers, {}, (), ())
        entry = store_question(site, category, draft, None, author=0)
        quiz_id, scorm_id = site.next_id("quiz"), site.next_id("scorm")
        site.quizzes[quiz_id] = Quiz(
            quiz_id, course.id, "Test", sumgrades=1.0, slots=[Slot(1, 1.0, entry.id)]
        )
        site.scorms[scorm_id] = Scorm(scorm_id, course.id, "Lesson", version="SCORM_1.2", launch=1)
        cmids = []
        for modname, instance in (("scorm", scorm_id), ("quiz", quiz_id)):
            number = site.next_id("course_modules")
            section = course.sections[0]
            site.modules[number] = CourseModule(number, course.id, section, modname, instance, completion=2)
            site.sections[section].sequence.append(number)
            item = site.next_id("grade_items")
            site.grade_items[item] = GradeItem(item, course.id, "mod", modname, instance)
            cmids.append(number)
        if not any(
            item.itemtype == "course" and item.courseid == course.id for item in site.grade_items.values()
        ):
            item = site.next_id("grade_items")
            site.grade_items[item] = GradeItem(item, course.id, "course", "", 0)
        site.criteria[course.id] = cmids
    return site


@dataclass
class World:
    """The site, the true time beside its own, and what was ever its past."""

    site: Site
    time: int = START
    skew: int = 0
    kept: bytes | None = None

    def __post_init__(self) -> None:
        self.users = sorted(user.id for user in self.site.users.values() if user.username.startswith("s"))
        self.courses = {course.shortname: course.id for course in self.site.courses.values()}

    def pass_time(self, seconds: int) -> None:
        """Time passes; the site's clock goes along, as wrong as it is."""
        self.time += seconds
        self.set_clock()

    def set_clock(self) -> None:
        self.site.clock.set(self.time + self.skew, frozen=True)

    def call(self, user: int) -> Call:
        """A call by somebody, as far as the site's own functions need one."""
        return Call(self.site, self.site.users[user], self.site.tokens[TOKEN], "test")

    def modules(self, course: int, modname: str) -> CourseModule:
        return next(m for m in self.site.modules.values() if m.course == course and m.modname == modname)

    # --- what learners do

    def complete(self, course: int, user: int, modname: str, state: int) -> None:
        set_state(self.call(user), self.modules(course, modname), user, state, None)

    def grade(self, course: int, user: int, modname: str, value: float) -> None:
        item = self.site.grade_item_of(modname, self.modules(course, modname).instance)
        assert item is not None
        set_grade(self.call(user), item, user, value)

    def attempt(self, course: int, user: int) -> None:
        """Begins an attempt at the quiz, or finishes the one that is open."""
        site = self.site
        quiz = site.quizzes[self.modules(course, "quiz").instance]
        mine = [one for one in site.quiz_attempts.values() if (one.quiz, one.userid) == (quiz.id, user)]
        running = [one for one in mine if one.state == "inprogress"]
        if not running:
            start(site, quiz, site.users[user], preview=False)
            return
        (one,) = running
        one.state, one.sumgrades, one.timefinish, one.timemodified = "finished", 1.0, site.now(), site.now()
        one.slots[0].state, one.slots[0].fraction, one.slots[0].lastaction = "gradedright", 1.0, site.now()

    def scorm(self, course: int, user: int, element: str, value: str) -> None:
        """The package writes a value into the last attempt, or into a new one."""
        site = self.site
        scorm = site.scorms[self.modules(course, "scorm").instance]
        attempts = site.scorm_attempts.setdefault((scorm.id, user), [])
        if not attempts or value == "new":
            number = max((one.attempt for one in attempts), default=0) + 1
            attempts.append(ScormAttempt(site.next_id("scorm_attempt"), scorm.id, user, number))
        values = attempts[-1].values
        old = values.get((1, element))
        number = old.id if old else site.next_id("scorm_scoes_value")
        values[1, element] = ScormValue(number, 1, element, value, site.now())

    def restore_backup(self) -> None:
        """The site is as it was when it was kept; numbers given since are given anew, to whoever comes."""
        if self.kept is not None:
            self.site = pickle.loads(self.kept)
            self.set_clock()

    def keep_backup(self) -> None:
        self.kept = pickle.dumps(self.site)

    def past(self) -> Site | None:
        """The site as it was when it was kept."""
        return None if self.kept is None else pickle.loads(self.kept)

    # --- what it says

    def present(self) -> dict[tuple[str, str], tuple[int, str, dict[str, Any]]]:
        """Every row that the site has: (stream, number) → (account, course, what it says)."""
        name_of = {number: name for name, number in self.courses.items()}
        found = {}
        for name, stream in plugin_changes._STREAMS.items():
            if name in ("log", "feedback_answer"):
                continue
            for row in stream(self.site, set(self.courses.values())):
                key = ("scorm_result" if name == "scorm_track" else name, str(row.id))
                found[key] = (row.userid, name_of[row.courseid], _said(name, row.data))
        return found


def learn(world: World) -> None:
    """Two of three have learnt already, one of them both courses to the end."""
    for number, user in enumerate(world.users[:2]):
        for course in world.courses.values():
            world.scorm(course, user, "cmi.core.lesson_status", "passed")
            world.scorm(course, user, "cmi.interactions_0.id", "helpful_p1")
            world.scorm(course, user, "cmi.interactions_0.student_response", "too-long")
            world.attempt(course, user)
            world.pass_time(50)
            world.attempt(course, user)
            world.grade(course, user, "quiz", 80.0)
            world.complete(course, user, "quiz", 1)
            if number == 0:
                world.complete(course, user, "scorm", 1)
            look_in(world.site, course, user)


def _said(stream: str, data: dict[str, Any]) -> dict[str, Any]:
    match stream:
        case "course_completion":
            return {"complete": bool(data["timecompleted"])}
        case "grade":
            return {name: data[name] for name in ("item", "grade", "max")}
        case "quiz_attempt":
            return {
                "attempt": data["attempt"],
                "state": data["state"],
                "score": data["sumgrades"],
                "max": data["max"],
            }
        case "enrolment":
            return {**data, "institution": []}
        case "last_access":
            return {}
        case _:
            return data


@dataclass
class Client:
    """The product's side of the wire. `faults`: what the next calls suffer, None for nothing."""

    world: World
    faults: Iterator[str | None] = field(default_factory=lambda: iter(()))
    old: Site | None = None
    calls: int = 0

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """One request to the stand-in's REST script, and what becomes of the answer on its way."""
        self.calls += 1
        fault = next(self.faults, None)
        if fault == "busy":
            raise SiteBusy("moodle.maintenance", function=function)
        site = self.world.site if self.old is None else self.old
        form = nest(form_of(function, arguments or {}, TOKEN))
        answer = json.loads(bytes(finish(rest_steps(site, form, "127.0.0.1")).body))
        if isinstance(answer, dict) and "exception" in answer:
            raise refusal(function, answer)
        if fault == "cut":
            raise UnknownOutcome("moodle.connection-lost", function=function)
        if function == "local_lmssync_get_news" and fault is not None:
            for page in answer["pages"]:
                page["rows"] = json.loads(page.pop("text"))
            _spoil(answer["pages"], fault)
        return answer


def _spoil(pages: list[dict[str, Any]], fault: str) -> None:
    full = [page for page in pages if len(page["rows"]) > 1]
    if fault == "empty":
        pages[0].update(rows=[], more=True)
    elif full and fault == "twice":
        full[0]["rows"].insert(1, full[0]["rows"][0])
    elif full and fault == "disorder":
        full[0]["rows"].reverse()
