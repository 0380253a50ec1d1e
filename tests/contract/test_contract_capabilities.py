"""Least privilege: each capability of the documented role is taken away in turn, and what then fails names it.

Where taking one away changes nothing that the product does, `STAYS` says why the role has it all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import pytest
from academy_on_trial import AcademyOnTrial, Office
from ground import Ground, hash_of, sha1, sha256, text_of
from sites import ROOT, STUDENT_ROLE, SiteUnderTest

from authoring.messages import describe
from lms_sync.moodle.errors import AccessRefused, CallRefused, MoodleError

ROLE: tuple[str, ...] = tuple(
    json.loads((ROOT / "moodle_plugin" / "role.json").read_text(encoding="utf-8"))["capabilities"]
)

STAYS: Mapping[str, str] = {
    "webservice/rest:use": "where the service of the mobile app is on, every account has it; elsewhere only this role gives it",
    "moodle/category:viewhiddencategories": "a course category that an administrator has hidden would be taken for missing",
    "moodle/course:visibility": "the product hides no course, the contract suite and the trials hide theirs when they end",
}


class Trials:
    """For each capability something that the product does with it, in a course of this file's own."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.site = site
        self.office = Office(site, AcademyOnTrial(f"{site.run}-r"))
        self.ground = Ground(site)
        self.ground.academy.close()
        self.ground.academy = self.office.academy
        self.makes = 0

    @cached_property
    def pushed(self) -> Any:
        """The course as the product pushes it, with all capabilities."""
        report, left, _seconds = self.office.apply()
        assert not report.failed
        return left.observation

    @property
    def course(self) -> int:
        return int(self.pushed.course_ids[self.office.academy.course])

    @cached_property
    def learner(self) -> int:
        row = self.ground.user_row(1)
        made = self.call("core_user_create_users", {"users": [row]})
        return int(made[0]["id"])

    def close(self) -> None:
        if "pushed" in self.__dict__:
            row = {"id": self.course, "visible": 0}
            self.site.client.call("core_course_update_courses", {"courses": [row]}, write=True)
        self.office.close()

    def call(self, function: str, arguments: Mapping[str, object]) -> Any:
        return self.site.client.call(function, arguments, write=True)

    # --- what is tried

    def section(self, **fields: object) -> Any:
        data = {"name": "Mësoni", **fields}
        return self.call(
            "local_lmssync_upsert_section",
            {
                "courseid": self.course,
                "key": self.ground.key("learn"),
                "hash": hash_of(data),
                "expect": "*",
                "data": text_of(data),
            },
        )

    def activity(self, name: str, modname: str, /, *, draft: int = 0, **fields: object) -> Any:
        data = {"name": "Provë", **fields}
        return self.call(
            "local_lmssync_upsert_activity",
            {
                "courseid": self.course,
                "key": self.ground.key(name),
                "hash": hash_of(data),
                "expect": "*",
                "modname": modname,
                "sectionkey": "",
                "draftitemid": draft,
                "data": text_of(data),
            },
        )

    def with_file(self, name: str, modname: str, content: bytes, **fields: object) -> Any:
        draft = self.site.client.upload_bytes(content, str(fields.get("filename", "package.zip")))
        return self.activity(name, modname, draft=draft, sha1=sha1(content), **fields)

    def quiz(self) -> Any:
        slot = {"random": 1, "category": self.ground.academy.quiz, "tags": [], "maxmark": 1.0}
        return self.activity("another-quiz", "quiz", slots=[slot])

    def override(self) -> Any:
        data = {"attempts": 9}
        arguments = {
            "courseid": self.course,
            "activitykey": self.ground.key("final"),
            "groupkey": "",
            "userid": self.learner,
            "hash": hash_of(data),
            "expect": "*",
            "data": text_of(data),
        }
        return self.call("local_lmssync_upsert_override", arguments)

    def questions(self, *, category: str = "", changed: bool = True) -> Any:
        key, xml = self.a_question
        data = {
            "category": {"name": "Pyetje", "info": ""},
            "questions": [{"key": key, "hash": sha256("changed" if changed else "again")}],
        }
        return self.call(
            "local_lmssync_upsert_questions",
            {
                "courseid": self.course,
                "categorykey": category or self.ground.academy.quiz,
                "draftitemid": self.site.client.upload_bytes(xml, "questions.xml"),
                "data": text_of(data),
            },
        )

    @cached_property
    def a_question(self) -> tuple[str, bytes]:
        bank = self.office.built.content[0].quizzes[self.ground.academy.quiz][1]
        key = bank.questions[0].key
        return key, bank.xml_of([key])

    def after_reinstallation(self) -> Any:
        self.site.forget_objects("moodle/question:editmine", self.course)
        return self.questions(changed=False)

    def course_row(self, **fields: object) -> Any:
        """A change of the course; what core refuses stands in its warnings, which apply reads as here."""
        function = "core_course_update_courses"
        answer = self.call(function, {"courses": [{"id": self.course, **fields}]})
        for warning in answer["warnings"]:
            refused = CallRefused("moodle.refused", function=function, message=warning["message"])
            raise self.site.client.naming_capabilities(refused, function)
        return answer

    @cached_property
    def another_category(self) -> int:
        row = {"name": f"Provë {self.site.run}-r2", "idnumber": f"{self.site.run}-r2"}
        return int(self.call("core_course_create_categories", {"categories": [row]})[0]["id"])

    def hidden_course(self) -> Any:
        return self.site.client.call("local_lmssync_get_state", {"courseid": self.hidden})

    @cached_property
    def hidden(self) -> int:
        assert self.pushed
        key = f"{self.site.run}-hidden"
        category = self.pushed.category_ids[self.office.academy.category]
        row = {"fullname": key, "shortname": key, "categoryid": category, "idnumber": key, "visible": 0}
        return int(self.call("core_course_create_courses", {"courses": [row]})[0]["id"])

    def new_course(self) -> Any:
        key = f"{self.site.run}-new"
        category = self.pushed.category_ids[self.office.academy.category]
        row = {"fullname": key, "shortname": key, "categoryid": category, "idnumber": key}
        return self.call("core_course_create_courses", {"courses": [row]})

    def enrol(self) -> Any:
        rows = [{"roleid": STUDENT_ROLE, "userid": self.learner, "courseid": self.course, "suspend": 0}]
        return self.call("enrol_manual_enrol_users", {"enrolments": rows})

    def found_by(self, field: str) -> Any:
        assert self.learner
        value = {"username": self.ground.username(1), "email": f"{self.ground.username(1)}@example.org"}[
            field
        ]
        found = self.site.client.call("core_user_get_users_by_field", {"field": field, "values": [value]})
        return [one["id"] for one in found]

    def account(self) -> Any:
        return self.site.client.call("local_lmssync_get_accounts", {"userids": [self.learner]})

    def hidden_activities(self) -> Any:
        assert self.hidden_page
        sections = self.site.client.call("core_course_get_contents", {"courseid": self.course})
        return [one["name"] for section in sections for one in section["modules"] if one["name"] == "Fshehur"]

    def listed(self, modname: str) -> Any:
        sections = self.site.client.call("core_course_get_contents", {"courseid": self.course})
        return [one["id"] for section in sections for one in section["modules"] if one["modname"] == modname]

    @cached_property
    def hidden_page(self) -> Any:
        return self.activity("hidden", "page", name="Fshehur", visible=0)


def _package(trials: Trials) -> Any:
    return trials.with_file("p", "scorm", trials.ground.package_file)


FAILS: Mapping[str, Callable[[Trials], Any]] = {
    "local/lmssync:pull": lambda t: t.site.client.call(
        "local_lmssync_get_changes",
        {"stream": "grade", "courseids": [t.course], "since": 0, "afterid": 0, "limit": 10},
    ),
    "local/lmssync:push": lambda t: t.section(),
    "local/lmssync:setcertificates": lambda t: t.site.client.call(
        "local_lmssync_get_certificates", {"source": t.site.run, "after": 0, "limit": 1}
    ),
    "moodle/course:activityvisibility": lambda t: t.activity("h", "page", visible=0),
    "moodle/course:changecategory": lambda t: t.course_row(categoryid=t.another_category),
    "moodle/course:changefullname": lambda t: t.course_row(fullname="Tjetër"),
    "moodle/course:changeshortname": lambda t: t.course_row(shortname=f"{t.site.run}-other"),
    "moodle/course:changesummary": lambda t: t.course_row(summary="<p>214</p>", summaryformat=1),
    "moodle/course:create": lambda t: t.new_course(),
    "moodle/course:manageactivities": lambda t: t.activity("a", "page"),
    "moodle/course:managegroups": lambda t: t.call(
        "core_group_create_groups",
        {"groups": [{"courseid": t.course, "name": "G", "description": "", "idnumber": f"{t.site.run}/g"}]},
    ),
    "moodle/course:movesections": lambda t: t.section(position=2),
    "moodle/course:sectionvisibility": lambda t: t.section(visible=0),
    "moodle/course:update": lambda t: t.section(),
    "moodle/course:view": lambda t: t.site.client.call("local_lmssync_get_state", {"courseid": t.course}),
    "moodle/course:viewhiddencourses": lambda t: t.hidden_course(),
    "moodle/course:viewparticipants": lambda t: t.site.client.call(
        "local_lmssync_get_state", {"courseid": t.course}
    ),
    "moodle/category:manage": lambda t: t.site.client.call(
        "core_course_get_categories",
        {"criteria": [{"key": "idnumber", "value": t.office.academy.category}], "addsubcategories": 0},
    ),
    "moodle/question:add": lambda t: t.questions(),
    "moodle/question:editmine": lambda t: t.after_reinstallation(),
    "moodle/question:managecategory": lambda t: t.questions(),
    "moodle/question:movemine": lambda t: t.questions(category=f"{t.ground.academy.quiz}-2"),
    "moodle/question:useall": lambda t: t.quiz(),
    "moodle/question:viewall": lambda t: t.site.client.call(
        "local_lmssync_get_questions", {"courseid": t.course, "after": 0, "limit": 1}
    ),
    "moodle/calendar:manageentries": lambda t: t.activity("f", "forum", type="general", duedate=1900000000),
    "mod/assign:addinstance": lambda t: t.activity("a", "assign"),
    "mod/feedback:addinstance": lambda t: t.activity("a", "feedback"),
    "mod/feedback:edititems": lambda t: t.activity(
        "a",
        "feedback",
        items=[{"key": "x", "type": "text", "name": "Pse?", "required": 0, "options": []}],
    ),
    "mod/forum:addinstance": lambda t: t.activity("a", "forum", type="general"),
    "mod/glossary:addinstance": lambda t: t.activity("a", "glossary"),
    "mod/label:addinstance": lambda t: t.activity("a", "label"),
    "mod/page:addinstance": lambda t: t.activity("a", "page"),
    "mod/quiz:addinstance": lambda t: t.quiz(),
    "mod/quiz:manage": lambda t: t.quiz(),
    "mod/quiz:manageoverrides": lambda t: t.override(),
    "mod/resource:addinstance": lambda t: t.with_file("a", "resource", b"214", filename="a.txt"),
    "mod/scorm:addinstance": _package,
    "mod/url:addinstance": lambda t: t.activity("a", "url", externalurl="https://example.org/"),
    "moodle/cohort:manage": lambda t: t.call(
        "core_cohort_create_cohorts",
        {
            "cohorts": [
                {
                    "categorytype": {"type": "system", "value": ""},
                    "name": "K",
                    "idnumber": f"{t.site.run}-k",
                    "visible": 1,
                }
            ]
        },
    ),
    "moodle/user:create": lambda t: t.call("core_user_create_users", {"users": [t.ground.user_row(2)]}),
    "enrol/manual:enrol": lambda t: t.enrol(),
    "moodle/role:assign": lambda t: t.enrol(),
}
"""What is refused without the capability."""

IS_OVERLOOKED: Mapping[str, tuple[str, Callable[[Trials], Any]]] = {
    "mod/quiz:view": ("core_course_get_contents", lambda t: t.listed("quiz")),
    "moodle/course:viewhiddenactivities": ("core_course_get_contents", lambda t: t.hidden_activities()),
    "moodle/user:viewalldetails": ("core_user_get_users_by_field", lambda t: t.found_by("username")),
    "moodle/user:viewdetails": ("core_user_get_users_by_field", lambda t: t.found_by("username")),
    "moodle/site:viewuseridentity": ("core_user_get_users_by_field", lambda t: t.found_by("email")),
}
"""What Moodle leaves out of an answer without the capability, and refuses nothing: only the plan's warning tells it."""


@pytest.fixture(scope="module")
def trials(site: SiteUnderTest) -> Iterator[Trials]:
    made = Trials(site)
    yield made
    made.close()


def step_of(capability: str) -> str:
    return "lacks-" + capability.replace("/", "-").replace(":", "-")


def test_every_capability_of_the_role_is_tried_or_has_a_reason() -> None:
    assert sorted([*FAILS, *IS_OVERLOOKED, *STAYS]) == sorted(ROLE)


@pytest.mark.parametrize("capability", sorted(FAILS))
def test_what_fails_without_a_capability_names_it(
    capability: str, site: SiteUnderTest, trials: Trials
) -> None:
    assert trials.pushed
    assert trials.learner
    assert trials.another_category
    assert trials.hidden
    with (
        site.without_capability(step_of(capability), capability),
        pytest.raises(MoodleError) as caught,
    ):
        FAILS[capability](trials)
    problem = caught.value.problem
    site.keep(step_of(capability), str(problem.params["function"]))
    for language in ("en", "sq", "ro"):
        assert capability in describe(problem, language)


@pytest.mark.parametrize("capability", sorted(IS_OVERLOOKED))
def test_what_is_overlooked_without_a_capability_is_announced(
    capability: str, site: SiteUnderTest, trials: Trials
) -> None:
    assert trials.pushed
    function, look = IS_OVERLOOKED[capability]
    seen = look(trials)
    assert seen
    with site.without_capability(step_of(capability), capability):
        assert look(trials) != seen
        site.keep(step_of(capability), function)
        assert trials.office.plan().lacks == (capability,)


@pytest.mark.parametrize("capability", sorted(STAYS))
def test_a_capability_that_stays_for_a_reason_is_announced_too(
    capability: str, site: SiteUnderTest, trials: Trials
) -> None:
    assert trials.pushed
    with site.without_capability(step_of(capability), capability):
        said = _what_the_plan_says(trials)
    # Where another role gives it to every account, nothing is lacking.
    assert capability in said or (capability == "webservice/rest:use" and said == "")


def _what_the_plan_says(trials: Trials) -> str:
    try:
        return ", ".join(trials.office.plan().lacks)
    except AccessRefused as error:
        return describe(error.problem, "en")


def test_an_account_that_need_not_make_accounts_does_not_lack_that_capability(
    site: SiteUnderTest, trials: Trials
) -> None:
    assert trials.pushed
    with site.without_capability("plan-without-user-create", "moodle/user:create"):
        assert trials.office.settings.people.create == "never"
        assert trials.office.plan().lacks == ()
