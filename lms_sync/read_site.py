"""Chooses how a site is read, and reads it: by the companion plugin where it is, else person by person.

Courses of the academy are found by their idnumber, adopted ones by Moodle's id; who learns in an adopted
course is told by Moodle itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any, Protocol

from sqlalchemy import Engine

from authoring.problems import Problem
from lms_sync.adopt import missing, see_activities
from lms_sync.adopted import AdoptedCourse
from lms_sync.clock import Clock
from lms_sync.enrolled import (
    ENROLLED,
    EnrolledPerson,
    InstitutionFrom,
    list_enrolled,
    remember_enrolled,
    store_enrolments,
)
from lms_sync.facts import ENROLMENT
from lms_sync.moodle.errors import AccessRefused, FunctionMissing
from lms_sync.moodle.functions import MANY_CALLS
from lms_sync.moodle.many_calls import Caller, ManyCalls
from lms_sync.moodle_answers import Asked
from lms_sync.people import People
from lms_sync.plugin_source import CHANGES, LOG, Ask, PluginSource
from lms_sync.pull import pull
from lms_sync.pull_by_person import CannotRead, PeopleProgress, PersonalCourse, pull_by_person
from lms_sync.pull_report import Progress, PullReport
from lms_sync.run_record import recorded_run
from lms_sync.site_identity import check_identity
from lms_sync.state_table import keep_states
from lms_sync.store.database import reading
from lms_sync.verify_pull import Verified, choose, compare, with_learners

COURSE_MODULE = "core_course_get_course_module"


@dataclass(frozen=True)
class SiteReader:
    """How a site is to be read: by whom, into where, and what its settings say about people."""

    client: Caller
    engine: Engine
    site: str
    clock: Clock
    people: People = People()
    role: int = 5
    institution_from: InstitutionFrom = "none"
    progress: Progress | None = None
    people_progress: PeopleProgress | None = None
    stopping: Callable[[], bool] | None = None
    asked: Mapping[str, tuple[Asked, ...]] = field(default_factory=dict)  # by the keys of activities
    full: bool = False
    resume: bool = False
    since: datetime | None = None
    patience: Sequence[float] = ()

    def read(self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> PullReport:
        """Reads the courses: `authored` by our key Moodle's id, and the adopted ones; then the states follow.

        Raises MoodleError, CannotRead, PullInterrupted; what was stored stays.
        """
        found = self._read(authored, adopted)
        keep_states(self.engine, self.site)
        return found

    def _read(self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> PullReport:
        # Without adopted courses the plugin is simply asked: what the site offers would be one more call.
        offered = self._offered() if adopted else frozenset({CHANGES})
        try:
            return self._read_by(self.reader(offered), authored, adopted)
        except (AccessRefused, FunctionMissing):
            if adopted or CHANGES in (offered := self._offered()):
                raise  # something else is wrong
            return self._read_by(self.reader(offered), authored, adopted)

    def reader(self, offered: Collection[str]) -> Reader:
        """The best way of reading that the functions of the token's service allow."""
        if CHANGES in offered:
            return PluginReader(self, offered)
        return CoreReader(self, offered, in_batches=MANY_CALLS in offered)

    @staticmethod
    def _read_by(reader: Reader, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> PullReport:
        found = reader.read(authored, adopted)
        return replace(found, reader=reader.name, cannot_see=reader.cannot_see())

    def _offered(self) -> frozenset[str]:
        info = self.client.call("core_webservice_get_site_info")
        return frozenset(str(one["name"]) for one in info["functions"])

    def by_plugin(self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> PullReport:
        """Asks the companion plugin what has changed. Raises as `read` does."""
        courses = {**authored, **{course.key: course.moodle_course for course in adopted}}
        return pull(
            self.client,
            self.engine,
            self.site,
            courses,
            self.clock,
            progress=self.progress,
            stopping=self.stopping,
            subjects={course.key: course.subjects for course in adopted},
            asked=self.asked,
            full=self.full,
            resume=self.resume,
            since=self.since,
            patience=self.patience,
        )

    def refuse_another(self, adopted: Sequence[AdoptedCourse]) -> None:
        """Asks the plugin which Moodle it is, before core is asked who learns there. Raises AnotherSite, MoodleError."""
        source = PluginSource(self.client, 1, self.patience)
        source.ask([Ask(LOG, {course.key: course.moodle_course for course in adopted[:1]})])
        if source.identity is not None:
            with reading(self.engine) as connection:
                check_identity(connection, self.site, source.identity)

    def enrolments(self, adopted: Sequence[AdoptedCourse], offered: Collection[str]) -> _Enrolments:
        """Who learns in the adopted courses, from core's list."""
        if ENROLLED not in offered:
            warning = Problem("pull.enrolled-not-offered", {"function": ENROLLED}, severity="warning")
            return _Enrolments({}, {}, 0, (warning,))
        return self._list({course.key: course.moodle_course for course in adopted}, adopted)

    def _list(self, courses: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> _Enrolments:
        """Lists the learners of courses, remembers their accounts, and keeps who learns in the adopted ones."""
        lists = {
            key: list_enrolled(
                self.client, key, number, role=self.role, institution_from=self.institution_from
            )
            for key, number in courses.items()
        }
        learners = {key: one.learners for key, one in lists.items()}
        now = self.clock.now()
        new = 0
        told = {"facts": 0, "people": 0}
        with (
            recorded_run(self.engine, self.site, "enrolments", self.clock, lambda: told) as run_id,
            self.engine.begin() as connection,
        ):
            everybody = [person for one in learners.values() for person in one]
            persons, odd = remember_enrolled(connection, self.site, everybody, self.people.participants, now)
            for course in adopted:
                new += store_enrolments(
                    connection, self.site, course.key, learners[course.key], persons, now, run_id
                )
            told |= {"facts": new, "people": len(persons)}
        warnings = [warning for one in lists.values() for warning in one.warnings]
        return _Enrolments(learners, persons, new, (*warnings, *odd))

    def by_person(
        self,
        authored: Mapping[str, int],
        adopted: Sequence[AdoptedCourse],
        offered: Collection[str],
        *,
        together: bool,
    ) -> PullReport:
        """Asks core about every learner; `together`: several calls in a request. Raises as `read` does."""
        courses, enrolments = self._courses_of_people(authored, adopted, offered)
        many = ManyCalls(self.client, together=together)
        found = pull_by_person(
            self.client,
            self.engine,
            self.site,
            courses,
            enrolments.persons,
            self.clock,
            offered=offered,
            many=many,
            progress=self.people_progress,
            stopping=self.stopping,
            full=self.full or self.since is not None,
            resume=self.resume,
        )
        limits = []
        if self.since is not None:
            limits.append(Problem("pull.since-by-person", {}, severity="warning"))
        return replace(
            _together(found, enrolments), warnings=(*limits, *enrolments.warnings, *found.warnings)
        )

    def verify(
        self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse], number: int, random: Random
    ) -> Verified:
        """Compares `number` learners, drawn at random, with what core tells of them.

        What differs is pulled and looked at once more: people learn while they are compared. Raises as `read` does.
        """
        offered = self._offered()
        everything, enrolments = self._courses_of_people(authored, adopted, offered)
        many = ManyCalls(self.client, together=MANY_CALLS in offered)
        chosen = choose(everything, number, random)
        found = self._compared(chosen, enrolments.persons, offered, many)
        if found.differences:
            self.read(authored, adopted)
            doubtful = {one.user_id for one in found.differences}
            again = self._compared(with_learners(chosen, doubtful), enrolments.persons, offered, many)
            found = replace(found, differences=again.differences)
        return found

    def _compared(
        self,
        courses: Sequence[PersonalCourse],
        persons: Mapping[int, str],
        offered: Collection[str],
        many: ManyCalls,
    ) -> Verified:
        return compare(
            self.client, self.engine, self.site, courses, persons, self.clock, offered=offered, many=many
        )

    def _courses_of_people(
        self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse], offered: Collection[str]
    ) -> tuple[list[PersonalCourse], _Enrolments]:
        """The courses with their learners, for asking about each of them; raises CannotRead, MoodleError."""
        if lacking := missing(offered, (ENROLLED,)):
            raise CannotRead("pull.cannot-read", functions=", ".join(lacking))
        ids = {**authored, **{course.key: course.moodle_course for course in adopted}}
        enrolments = self._list(ids, adopted)
        subjects: dict[str, Mapping[int, str]] = {course.key: course.subjects for course in adopted}
        subjects |= {key: self._own_subjects(key, number, offered) for key, number in authored.items()}
        courses = [
            PersonalCourse(key, number, subjects[key], enrolments.learners[key])
            for key, number in ids.items()
        ]
        return courses, enrolments

    def _own_subjects(self, key: str, number: int, offered: Collection[str]) -> dict[int, str]:
        """Our keys of the activities of a course of ours, by the idnumbers that were given to them by hand."""
        if COURSE_MODULE not in offered:
            return {}
        found = {}
        for activity in see_activities(self.client, number):
            told: Any = self.client.call(COURSE_MODULE, {"cmid": activity.cmid})
            idnumber = str(told["cm"].get("idnumber") or "")
            if idnumber.startswith(f"{key}/"):
                found[activity.cmid] = idnumber
        return found


# --- three ways ---------------------------------------------------------------------------------


class Reader(Protocol):
    """A way of reading a site."""

    @property
    def name(self) -> str:
        """As reports and `--json` call it."""

    def cannot_see(self) -> Problem:
        """What this way does not tell, for whoever reads the report."""

    def read(self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> PullReport:
        """Reads the courses. Raises MoodleError, CannotRead, PullInterrupted; what was stored stays."""


@dataclass(frozen=True)
class PluginReader:
    """By the companion plugin: what has changed, in one call."""

    site: SiteReader
    offered: Collection[str]
    name: str = "plugin"

    def cannot_see(self) -> Problem:
        return Problem("pull.by-plugin", severity="warning")

    def read(self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> PullReport:
        if not adopted:
            return self.site.by_plugin(authored, ())
        self.site.refuse_another(adopted)
        enrolments = self.site.enrolments(adopted, self.offered)
        return _together(self.site.by_plugin(authored, adopted), enrolments)


@dataclass(frozen=True)
class CoreReader:
    """By core's functions about every learner: several calls in a request, or call by call."""

    site: SiteReader
    offered: Collection[str]
    in_batches: bool

    @property
    def name(self) -> str:
        return "in batches" if self.in_batches else "by person"

    def cannot_see(self) -> Problem:
        return Problem("pull.by-person", severity="warning")

    def read(self, authored: Mapping[str, int], adopted: Sequence[AdoptedCourse]) -> PullReport:
        return self.site.by_person(authored, adopted, self.offered, together=self.in_batches)


@dataclass(frozen=True)
class _Enrolments:
    learners: Mapping[str, Sequence[EnrolledPerson]]
    persons: Mapping[int, str]
    new: int
    warnings: tuple[Problem, ...]


def _together(found: PullReport, enrolments: _Enrolments) -> PullReport:
    return replace(
        found,
        new={**found.new, ENROLMENT: enrolments.new},
        warnings=(*enrolments.warnings, *found.warnings),
    )
