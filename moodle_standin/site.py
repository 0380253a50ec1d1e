"""One Moodle site in memory: its tables, its clock, its settings, who may do what, and the log of what took
effect.
"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from moodle_standin.errors import (
    access_denied,
    invalid_token,
    login_required,
    missing_record,
    no_permission,
)
from moodle_standin.faults import FaultQueue
from moodle_standin.records import (
    ActivityCompletion,
    BankEntry,
    CalendarEvent,
    Cohort,
    Course,
    CourseCategory,
    CourseCompletion,
    CourseModule,
    CriterionCompletion,
    Discussion,
    Enrolment,
    FeedbackAnswer,
    GlossaryEntry,
    Grade,
    GradeItem,
    Group,
    LogLine,
    OwnedObject,
    Question,
    QuestionCategory,
    Quiz,
    QuizAttempt,
    QuizOverride,
    Sco,
    Scorm,
    ScormAttempt,
    Section,
    Service,
    SimpleActivity,
    StoredFile,
    Submission,
    Token,
    User,
)
from moodle_standin.services import (
    MOBILE_FUNCTIONS,
    PLUGIN_RELEASE,
    PLUGIN_VERSION,
    READING_FUNCTIONS,
    STUDENT_CAPABILITIES,
    SYNC_FUNCTIONS,
)

Row = TypeVar("Row")

MOODLE_VERSION = "2024100706"
MOODLE_RELEASE = "4.5.6 (Build: 20250811)"
STUDENT_ROLE = 5


@dataclass
class Settings:
    """The switches of a site and of its web server that a client can feel."""

    name: str = "Stand-in Moodle"
    release: str = MOODLE_RELEASE  # what it says of itself; it behaves like 4.5 whatever it says
    url: str = "http://127.0.0.1"
    max_input_vars: int = 5000
    post_max_size: int = 100 * 1024 * 1024
    upload_max_filesize: int = 100 * 1024 * 1024
    debug: bool = False
    webservices_enabled: bool = True
    rest_enabled: bool = True
    maintenance: Literal["", "cli", "ui"] = ""
    upgrade_running: bool = False
    multilang_filter: bool = True
    scorm_standard: bool = False
    protect_package_downloads: bool = False
    allow_same_email: bool = False
    shuffle_lists: bool = True
    plugin_version: int = PLUGIN_VERSION
    plugin_release: str = PLUGIN_RELEASE
    assignable_roles: tuple[int, ...] = (STUDENT_ROLE,)


@dataclass
class Clock:
    """The site's time. It runs with the machine's, from wherever it was set; frozen it stands still."""

    offset: float = 0.0
    frozen_at: int | None = None

    def now(self) -> int:
        return self.frozen_at if self.frozen_at is not None else int(time.time() + self.offset)

    def set(self, now: int, *, frozen: bool) -> None:
        self.offset = now - time.time()
        self.frozen_at = now if frozen else None


@dataclass
class Site:
    """All state of one stand-in. One process, one thread: functions run one after the other, as in one
    transaction.
    """

    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    faults: FaultQueue = field(default_factory=FaultQueue)
    random: random.Random = field(default_factory=lambda: random.Random(20241007))  # noqa: S311 - it draws questions, not secrets

    users: dict[int, User] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)
    capabilities: dict[int, set[str]] = field(default_factory=dict)
    """System-level capabilities by user; students get theirs by enrolment."""
    course_categories: dict[int, CourseCategory] = field(default_factory=dict)
    courses: dict[int, Course] = field(default_factory=dict)
    sections: dict[int, Section] = field(default_factory=dict)
    modules: dict[int, CourseModule] = field(default_factory=dict)
    forums: dict[int, str] = field(default_factory=dict)
    simple: dict[tuple[str, int], SimpleActivity] = field(default_factory=dict)
    discussions: dict[int, Discussion] = field(default_factory=dict)
    events: dict[int, CalendarEvent] = field(default_factory=dict)
    feedback_answers: dict[int, FeedbackAnswer] = field(default_factory=dict)
    feedback_items: dict[tuple[int, str], int] = field(default_factory=dict)
    """(questionnaire, label) -> the number of the question."""
    glossary_entries: dict[int, GlossaryEntry] = field(default_factory=dict)
    submissions: dict[tuple[int, int], Submission] = field(default_factory=dict)
    """(assignment id, user id) -> what was handed in last."""
    scorms: dict[int, Scorm] = field(default_factory=dict)
    scoes: dict[int, Sco] = field(default_factory=dict)
    scorm_attempts: dict[tuple[int, int], list[ScormAttempt]] = field(default_factory=dict)
    """(scorm id, user id) -> attempts in the order of their numbers."""
    quizzes: dict[int, Quiz] = field(default_factory=dict)
    quiz_overrides: dict[int, QuizOverride] = field(default_factory=dict)
    quiz_attempts: dict[int, QuizAttempt] = field(default_factory=dict)
    question_categories: dict[int, QuestionCategory] = field(default_factory=dict)
    bank_entries: dict[int, BankEntry] = field(default_factory=dict)
    questions: dict[int, Question] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    """Tag without regard to case -> the spelling of its first use."""
    cohorts: dict[int, Cohort] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    enrolments: dict[int, dict[int, list[Enrolment]]] = field(default_factory=lambda: defaultdict(dict))
    """Course id -> user id -> enrolments by their methods."""
    grade_items: dict[int, GradeItem] = field(default_factory=dict)
    grades: dict[tuple[int, int], Grade] = field(default_factory=dict)
    activity_completions: dict[tuple[int, int], ActivityCompletion] = field(default_factory=dict)
    views: set[tuple[int, int]] = field(default_factory=set)
    criteria: dict[int, list[int]] = field(default_factory=dict)
    """Course id -> the cms that the course's completion asks for."""
    criteria_aggregation: dict[int, str] = field(default_factory=dict)
    criterion_completions: dict[tuple[int, int, int], CriterionCompletion] = field(default_factory=dict)
    course_completions: dict[tuple[int, int], CourseCompletion] = field(default_factory=dict)
    drafts: dict[tuple[int, int], list[StoredFile]] = field(default_factory=dict)
    """(user id, draft itemid) -> files: a draft area belongs to one user."""
    owned: dict[tuple[int, str, str], OwnedObject] = field(default_factory=dict)
    certificates: dict[tuple[str, int], tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """(key of the client, user id) -> hash and document: what people see of their certificates."""
    change_log: list[LogLine] = field(default_factory=list)
    """The plugin's table of what rows do not tell themselves, and since when it is complete."""
    logged_since: int = 1
    identifier: str = "the stand-in"
    """What Moodle calls itself since it was installed ($CFG->siteidentifier)."""
    last_access: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """(course, user) -> the row's id and time."""
    log: list[str] = field(default_factory=list, repr=False)

    _sequences: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _contexts: dict[tuple[str, int], int] = field(default_factory=lambda: {("system", 0): 1})

    def __post_init__(self) -> None:
        self.services = {
            "lmssync": Service("lmssync", SYNC_FUNCTIONS, restricted=True),
            "lmssync_read": Service("lmssync_read", READING_FUNCTIONS, uploadfiles=False, restricted=True),
            "moodle_mobile_app": Service("moodle_mobile_app", MOBILE_FUNCTIONS),
        }

    # --- time, ids, log

    def now(self) -> int:
        return self.clock.now()

    def next_id(self, table: str) -> int:
        """The next id of a table."""
        self._sequences[table] += 1
        return self._sequences[table]

    def reserve_id(self, table: str, used: int) -> int:
        """Takes an id given by the seed, so that later ids are above it."""
        self._sequences[table] = max(self._sequences[table], used)
        return used

    def context_id(self, level: str, instance: int) -> int:
        """Moodle's context id of an object; the system's is 1."""
        if level == "system":
            return 1
        return self._contexts.setdefault((level, instance), 10 + len(self._contexts))

    def record(self, call: Call | None, what: str, action: str, **details: Any) -> None:
        """Appends a write that took effect to the log that independent recounts read."""
        entry: dict[str, Any] = {
            "n": len(self.log) + 1,
            "time": self.now(),
            "caller": call.user.username if call else "",
            "function": call.function if call else "",
            "what": what,
            "action": action,
            **details,
        }
        self.log.append(json.dumps(entry, ensure_ascii=False))

    def shuffled(self, rows: Iterable[Row]) -> list[Row]:
        """Moodle promises no order for some lists; here they come in another order each time."""
        result = list(rows)
        if self.settings.shuffle_lists:
            self.random.shuffle(result)
        return result

    # --- looking things up

    def user(self, user_id: int) -> User:
        """A user by id; a missing or deleted one is `invalidrecord`."""
        found = self.users.get(user_id)
        if found is None or found.deleted:
            raise missing_record("user")
        return found

    def user_by_name(self, username: str) -> User | None:
        """A user by user name, if there is one."""
        return next((u for u in self.users.values() if u.username == username and not u.deleted), None)

    def course(self, course_id: int) -> Course:
        """A course by id, or `invalidrecord`."""
        if course_id not in self.courses:
            raise missing_record("course")
        return self.courses[course_id]

    def module(self, cmid: int) -> CourseModule:
        """A course module by id, or `invalidrecord`."""
        found = self.modules.get(cmid)
        if found is None:
            raise missing_record("course_modules")
        return found

    def module_of(self, modname: str, instance: int) -> CourseModule:
        """The course module of an activity."""
        for module in self.modules.values():
            if module.modname == modname and module.instance == instance and not module.deletioninprogress:
                return module
        raise missing_record("course_modules")

    def modules_in(self, course_id: int) -> Iterator[CourseModule]:
        """The course modules of a course in the order of the page."""
        for section_id in self.courses[course_id].sections:
            for cmid in self.sections[section_id].sequence:
                yield self.modules[cmid]

    def module_name(self, module: CourseModule) -> str:
        """The name of a module's activity."""
        if module.modname == "scorm":
            return self.scorms[module.instance].name
        if module.modname == "quiz":
            return self.quizzes[module.instance].name
        if (module.modname, module.instance) in self.simple:
            return self.simple[module.modname, module.instance].name
        return self.forums.get(module.instance, "Announcements")

    def enrolments_of(self, course_id: int, user_id: int | None = None) -> list[Enrolment]:
        """The enrolments in a course, of one user or of all."""
        by_user = self.enrolments[course_id]
        if user_id is not None:
            return by_user.get(user_id, [])
        return [enrolment for enrolments in by_user.values() for enrolment in enrolments]

    def enrol(self, enrolment: Enrolment) -> None:
        """Adds an enrolment."""
        self.enrolments[enrolment.courseid].setdefault(enrolment.userid, []).append(enrolment)

    def is_actively_enrolled(self, course_id: int, user_id: int) -> bool:
        """Whether one enrolment of the user is active now."""
        now = self.now()
        return any(
            e.status == 0 and e.timestart <= now and (e.timeend == 0 or e.timeend > now)
            for e in self.enrolments_of(course_id, user_id)
        )

    def grade_item_of(self, modname: str, instance: int) -> GradeItem | None:
        """The grade item of an activity, if it has one."""
        return next(
            (i for i in self.grade_items.values() if i.itemmodule == modname and i.iteminstance == instance),
            None,
        )

    # --- who may do what

    def has_capability(self, user: User, capability: str, course_id: int | None = None) -> bool:
        """Whether the user may: as administrator, by a system role, or as a student of the course."""
        if user.is_admin or capability in self.capabilities.get(user.id, ()):
            return True
        if course_id is None or capability not in STUDENT_CAPABILITIES:
            return False
        return any(e.roleid == STUDENT_ROLE for e in self.enrolments_of(course_id, user.id))

    def require_capability(self, user: User, capability: str, course_id: int | None = None) -> None:
        """Moodle's `require_capability`: `nopermissions` when the user may not."""
        if not self.has_capability(user, capability, course_id):
            raise no_permission(capability)

    def require_course_access(self, user: User, course_id: int) -> Course:
        """`validate_context` on a course: an active enrolment or moodle/course:view, and a visible course."""
        course = self.course(course_id)
        if not course.visible and not self.has_capability(user, "moodle/course:viewhiddencourses"):
            raise login_required()
        if not self.has_capability(user, "moodle/course:view") and not self.is_actively_enrolled(
            course_id, user.id
        ):
            raise login_required()
        return course

    def require_module_access(self, user: User, module: CourseModule) -> Course:
        """`validate_context` on a course module."""
        course = self.require_course_access(user, module.course)
        section = self.sections[module.section]
        if not (module.visible and section.visible) and not self.has_capability(
            user, "moodle/course:viewhiddenactivities"
        ):
            raise login_required()
        return course

    # --- tokens

    def authenticate(self, token: str | None, ip: str) -> tuple[User, Token]:
        """Finds the caller. An expired token is deleted by its first use, as in Moodle."""
        found = self.tokens.get(token or "")
        if found is None:
            raise invalid_token()
        if found.validuntil and found.validuntil < self.now():
            del self.tokens[found.token]
            raise access_denied("Invalid token - token expired - check validuntil time for the token")
        if found.iprestriction and found.iprestriction != ip:
            raise access_denied(f"Invalid service - IP:{ip} is not supported - check this allowed user")
        user = self.users[found.userid]
        if user.deleted or user.suspended:
            raise access_denied("Refused web service access for a suspended or deleted user")
        return user, found

    def issue_token(self, user: User, service: str) -> Token:
        """Gives the user's token for a service, a new one when there is none."""
        for token in self.tokens.values():
            if token.userid == user.id and token.service == service:
                return token
        token = Token(secrets.token_hex(16), user.id, service)
        self.tokens[token.token] = token
        return token


@dataclass
class Call:
    """One web service call: who asks, for what, on which site."""

    site: Site
    user: User
    token: Token
    function: str
    ip: str = "127.0.0.1"
    raw: bool = False
    """moodlewssettingraw: names and texts as they are stored."""
    filter: bool = False
    """moodlewssettingfilter: names and texts through the site's filters."""
    lang: str = ""

    def require(self, capability: str, course_id: int | None = None) -> None:
        self.site.require_capability(self.user, capability, course_id)

    def can(self, capability: str, course_id: int | None = None) -> bool:
        return self.site.has_capability(self.user, capability, course_id)

    def record(self, what: str, action: str, **details: Any) -> None:
        self.site.record(self, what, action, **details)


def sha1(content: bytes) -> str:
    """Moodle's content hash of a stored file."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
