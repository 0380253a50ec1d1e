"""A course that the suite makes call by call, so that every call is seen by itself. Made as far as it is needed."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import time
import zipfile
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from academy_on_trial import AcademyOnTrial
from sites import STUDENT_ROLE, SiteUnderTest

from lms_sync.desired import CourseContent, desired_state
from lms_sync.desired_activities import FOUND_BY_MOODLE
from lms_sync.learners import PracticeLearner
from lms_sync.plan import DesiredObject, Kind, hash_of
from quizzes import Quiz

NOBODY = 999_999_999
"""An id that no site has."""


def sha256(text: str) -> str:
    """A hash as a client gives one."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def sha1(content: bytes) -> str:
    """How Moodle names a stored file."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def new_password() -> str:
    """A password that Moodle's default policy takes; it is forgotten with the run."""
    return f"aA1-{secrets.token_urlsafe(15)}"


def text_of(value: object) -> str:
    """JSON as the product writes it into its one argument."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dead_package() -> bytes:
    """A zip that Moodle would store, and that has nothing to launch."""
    manifest = (
        '<?xml version="1.0"?><manifest identifier="M" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" '
        'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schema>ADL SCORM</schema>'
        '<schemaversion>1.2</schemaversion></metadata><organizations default="O"><organization identifier="O">'
        "<title>Bosh</title></organization></organizations><resources/></manifest>"
    )
    return zipped({"imsmanifest.xml": manifest.encode()})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def with_other_identifiers(package: bytes) -> bytes:
    """The package with other item identifiers: to Moodle, other SCOs."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["imsmanifest.xml"] = files["imsmanifest.xml"].replace(
        b'<item identifier="', b'<item identifier="OTHER-'
    )
    return zipped(files)


class Ground:
    """The run's course for single calls: its objects, its people, and what they have done."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.site = site
        self.academy = AcademyOnTrial(f"{site.run}-g")
        self.passwords: dict[str, str] = {}

    def close(self) -> None:
        """Hides and suspends what can be; the suite deletes nothing on a site."""
        made = self.__dict__
        call = self.site.client.call
        if "course" in made:
            call("core_course_update_courses", {"courses": [{"id": self.course, "visible": 0}]}, write=True)
        if "enrolled" in made:
            rows = [
                {"roleid": STUDENT_ROLE, "userid": user, "courseid": self.course, "suspend": 1}
                for user in self.enrolled
            ]
            call("enrol_manual_enrol_users", {"enrolments": rows}, write=True)
        self.academy.close()

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """A call of the service account."""
        return self.site.client.call(function, arguments, write=write)

    # --- course category, course, sections

    @cached_property
    def content(self) -> CourseContent:
        return self.academy.content

    @cached_property
    def quiz(self) -> Quiz:
        return self.content.quizzes[self.academy.quiz][0]

    @cached_property
    def wanted(self) -> dict[tuple[Kind, str], DesiredObject]:
        """What the product wants of the course."""
        objects = desired_state([self.content], {}, [], language="sq", use_multilang=True).objects
        return {(one.kind, one.key): one for one in objects}

    def wanted_fields(self, name: str) -> Mapping[str, object]:
        """The fields of an activity as the product wants them."""
        return self.wanted[Kind.ACTIVITY, self.key(name)].fields

    text_of = staticmethod(text_of)

    def key(self, name: str) -> str:
        return f"{self.academy.course}/{name}"

    @cached_property
    def category(self) -> int:
        row = {"name": f"Provë {self.academy.prefix}", "idnumber": self.academy.category}
        made = self.call("core_course_create_categories", {"categories": [row]}, write=True)
        self.site.keep("category-created")
        return int(made[0]["id"])

    @property
    def course_row(self) -> dict[str, object]:
        fields = self.wanted[Kind.COURSE, self.academy.course].fields
        return {
            "fullname": fields["fullname"],
            "shortname": fields["shortname"],
            "categoryid": self.category,
            "summary": fields["summary"],
            "summaryformat": 1,
            "enablecompletion": 1,
            "idnumber": self.academy.course,
            "format": "topics",
            "numsections": 0,
        }

    @cached_property
    def course(self) -> int:
        made = self.call("core_course_create_courses", {"courses": [self.course_row]}, write=True)
        self.site.keep("course-created")
        return int(made[0]["id"])

    def state(self) -> dict[str, Any]:
        """The plugin's state of the course, its lists by key."""
        state = self.site.client.call_json(
            "local_lmssync_get_state", {"courseid": self.course}, field="state"
        )
        for name in ("sections", "activities", "categories", "questions"):
            state[name] = {one["key"]: one for one in state[name]}
        return dict(state)

    def section(self, name: str, /, *, expect: str = "", **changed: object) -> Any:
        fields = {**self.wanted[Kind.SECTION, self.key(name)].fields, **changed}
        arguments = {
            "courseid": self.course,
            "key": self.key(name),
            "hash": hash_of(fields),
            "expect": expect,
            "data": text_of(fields),
        }
        return self.call("local_lmssync_upsert_section", arguments, write=True)

    @cached_property
    def sections(self) -> dict[str, Any]:
        made = {"learn": self.section("learn")}
        self.site.keep("section-created")
        made["exam"] = self.section("exam")
        return made

    # --- package, questions, quiz, criteria

    def activity(self, name: str, /, *, expect: str = "", draft: int = 0, **changed: object) -> Any:
        fields = {**self.wanted[Kind.ACTIVITY, self.key(name)].fields, **changed}
        fields = {one: value for one, value in fields.items() if one not in FOUND_BY_MOODLE}
        modname, section = fields.pop("modname"), fields.pop("section")
        arguments = {
            "courseid": self.course,
            "key": self.key(name),
            "hash": hash_of(fields),
            "expect": expect,
            "modname": modname,
            "sectionkey": section,
            "draftitemid": draft,
            "data": text_of(fields),
        }
        return self.call("local_lmssync_upsert_activity", arguments, write=True)

    def upload(self, content: bytes, name: str) -> int:
        return self.site.client.upload_bytes(content, name)

    @cached_property
    def package_file(self) -> bytes:
        assert self.content.package is not None
        return self.content.package.path.read_bytes()

    @cached_property
    def package(self) -> Any:
        assert self.sections
        draft = self.upload(self.package_file, "package.zip")
        self.site.keep("upload", "upload")
        made = self.activity("package", draft=draft)
        self.site.keep("package-created")
        return made

    def push_questions(
        self, xml: bytes, hashes: Mapping[str, str], *, category: str = "", expect: str | None = None
    ) -> Any:
        seen = {} if expect is None else {"expect": expect}
        draft = self.upload(xml, f"{self.academy.quiz}.xml") if xml else 0
        data = {
            "category": {"name": self.content.quizzes[self.academy.quiz][1].category_name, "info": ""},
            "questions": [{"key": key, "hash": value, **seen} for key, value in hashes.items()],
        }
        arguments = {
            "courseid": self.course,
            "categorykey": category or self.academy.quiz,
            "draftitemid": draft,
            "data": text_of(data),
        }
        return self.call("local_lmssync_upsert_questions", arguments, write=True)

    @cached_property
    def question_hashes(self) -> dict[str, str]:
        return {one.key: one.hash for one in self.content.quizzes[self.academy.quiz][1].questions}

    @cached_property
    def questions(self) -> Any:
        bank = self.content.quizzes[self.academy.quiz][1]
        made = self.push_questions(bank.xml_of(list(self.question_hashes)), self.question_hashes)
        self.site.keep("questions-created")
        return made

    @cached_property
    def final(self) -> Any:
        assert self.sections
        assert self.questions
        made = self.activity("final")
        self.site.keep("quiz-created")
        return made

    def set_criteria(self, names: list[str], *, expect: str = "") -> Any:
        data = {"activities": [self.key(name) for name in names], "aggregation": "all"}
        arguments = {"courseid": self.course, "hash": hash_of(data), "expect": expect, "data": text_of(data)}
        return self.call("local_lmssync_set_criteria", arguments, write=True)

    @cached_property
    def criteria(self) -> Any:
        assert self.package
        assert self.final
        made = self.set_criteria(["final", "package"])
        self.site.keep("criteria-created")
        return made

    # --- people

    def username(self, number: int) -> str:
        return f"{self.academy.prefix}-{number:02}"

    def user_row(self, number: int) -> dict[str, object]:
        name = self.username(number)
        self.passwords[name] = new_password()
        return {
            "username": name,
            "password": self.passwords[name],
            "firstname": ("Arta", "Besnik", "Çelik", "Drita")[number % 4],
            "lastname": f"Hoxhaj {number}",
            "email": f"{name}@example.org",
            "idnumber": name.upper(),
        }

    @cached_property
    def users(self) -> list[int]:
        rows = [self.user_row(number) for number in range(4)]
        made = self.call("core_user_create_users", {"users": rows}, write=True)
        self.site.keep("users-created")
        by_name = {one["username"]: int(one["id"]) for one in made}
        return [by_name[self.username(number)] for number in range(4)]

    def enrol(self, users: list[int], *, suspend: int = 0) -> Any:
        rows = [
            {"roleid": STUDENT_ROLE, "userid": user, "courseid": self.course, "suspend": suspend}
            for user in users
        ]
        return self.call("enrol_manual_enrol_users", {"enrolments": rows}, write=True)

    @cached_property
    def enrolled(self) -> list[int]:
        assert self.course
        self.enrol(self.users)
        self.site.keep("enrolled")
        return self.users

    def login(self, number: int) -> PracticeLearner:
        assert self.users
        name = self.username(number)
        return self.site.learner(name, self.passwords[name])

    @cached_property
    def learned(self) -> dict[str, int]:
        """One passes everything, one fails both, one stops half-way in both; the user ids by what they did."""
        assert self.criteria
        assert self.enrolled
        passer = self.login(0)
        passer.take_package(self.course, status="passed", score=90)
        for function, step in (
            ("mod_scorm_get_scorms_by_courses", "learner-scorms"),
            ("mod_scorm_get_scorm_scoes", "learner-scoes"),
            ("mod_scorm_launch_sco", "learner-launch"),
            ("mod_scorm_insert_scorm_tracks", "learner-tracks"),
        ):
            self.site.keep(step, function)
        passer.take_quiz(self.course, self.quiz, right=1.0)
        for function, step in (
            ("mod_quiz_get_quizzes_by_courses", "learner-quizzes"),
            ("mod_quiz_start_attempt", "learner-attempt"),
            ("mod_quiz_get_attempt_data", "learner-questions"),
            ("mod_quiz_process_attempt", "learner-answers"),
        ):
            self.site.keep(step, function)
        self.told_by_core = self._told_by_core(passer, self.users[0])
        failer = self.login(1)
        failer.take_package(self.course, status="failed", score=40)
        failer.take_quiz(self.course, self.quiz, right=0.0)
        stopper = self.login(2)
        stopper.take_package(self.course, status="incomplete", score=None, suspend_data="v1;0,2")
        stopper.take_quiz(self.course, self.quiz, right=0.5, finish=False)
        self.site.keep("learner-answers-kept", "mod_quiz_process_attempt")
        for one in (passer, failer, stopper):
            one.client.close()
        time.sleep(1.1)  # get_changes leaves the running second to the next page
        return {"passed": self.users[0], "failed": self.users[1], "stopped": self.users[2]}

    def _told_by_core(self, learner: PracticeLearner, user: int) -> dict[str, Any]:
        """What core's functions tell of somebody, asked as long as all is visible to them."""
        call = learner.client.call
        of_them = {"courseid": self.course, "userid": user}
        quiz = call("mod_quiz_get_quizzes_by_courses", {"courseids": [self.course]})["quizzes"][0]
        scorm = call("mod_scorm_get_scorms_by_courses", {"courseids": [self.course]})["scorms"][0]
        scoes = call("mod_scorm_get_scorm_scoes", {"scormid": scorm["id"]})["scoes"]
        sco = next(one["id"] for one in scoes if one["launch"])
        told = {}
        for name, function, arguments in (
            ("activities", "core_completion_get_activities_completion_status", of_them),
            ("course", "core_completion_get_course_completion_status", of_them),
            ("grades", "gradereport_user_get_grade_items", of_them),
            (
                "attempts",
                "mod_quiz_get_user_attempts",
                {"quizid": quiz["id"], "userid": user, "status": "all"},
            ),
            ("tracks", "mod_scorm_get_scorm_sco_tracks", {"scoid": sco, "userid": user}),
        ):
            told[name] = call(function, arguments)
            self.site.keep(f"{name}-told-by-core", function)
        return told

    def changes(self, stream: str, /, **changed: object) -> dict[str, Any]:
        """One page of a stream, its data parsed."""
        arguments = {
            "stream": stream,
            "courseids": [self.course],
            "since": 0,
            "afterid": 0,
            "limit": 1000,
            **changed,
        }
        page = self.call("local_lmssync_get_changes", arguments)
        return {**page, "rows": [{**row, "data": json.loads(row["data"])} for row in page["rows"]]}
