"""Brings results into the fact log where the site lacks the companion plugin: person by person, with core functions.

Core cannot say what changed since yesterday, so each pull asks for every learner anew. What it tells of a
person is stored before the next are asked, so a pull that is stopped goes on where it was. Facts have
source ids of their own ("core:…", made of Moodle's numbers) and Moodle's own times, so reading
the same again adds nothing; where core tells no time, a fact is added only when it says something new.

What core does not tell: when a course was completed (the time of the last criterion stands for it), the course
completion of suspended people, SCORM attempts before the last, what came of single questions of a quiz, and who left
before the first pull.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired, Protocol, TypeVar

import pydantic
from pydantic import Field, TypeAdapter
from sqlalchemy import Connection, Engine, delete, insert, select
from typing_extensions import TypedDict

from authoring.problems import LmsSyncError, Problem
from lms_sync.clock import Clock
from lms_sync.enrolled import ENROLLED, EnrolledPerson, last_values
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    COURSE_COMPLETION,
    GRADE,
    QUIZ_ATTEMPT,
    RESULT_STREAMS,
    SCORM_RESULT,
    Fact,
)
from lms_sync.moodle.errors import MoodleError, UnknownOutcome
from lms_sync.moodle.many_calls import ManyCalls, SubCall
from lms_sync.observed import GONE, current_facts, store_gone, store_observed
from lms_sync.pull_report import PullInterrupted, PullReport
from lms_sync.run_record import recorded_run
from lms_sync.store import schema
from lms_sync.store.database import reading

BY_PERSON = "by person"
"""The name under which this reader's place in a course is kept in the table `cursor`."""

ACTIVITIES = "core_completion_get_activities_completion_status"
COURSE = "core_completion_get_course_completion_status"
GRADES = "gradereport_user_get_grade_items"
ATTEMPTS = "mod_quiz_get_user_attempts"
QUIZZES = "mod_quiz_get_quizzes_by_courses"
TRACKS = "mod_scorm_get_scorm_sco_tracks"
SCOES = "mod_scorm_get_scorm_scoes"
SCORMS = "mod_scorm_get_scorms_by_courses"

_STREAM_OF = {
    ACTIVITIES: ACTIVITY_COMPLETION,
    COURSE: COURSE_COMPLETION,
    GRADES: GRADE,
    ATTEMPTS: QUIZ_ATTEMPT,
    TRACKS: SCORM_RESULT,
}
_NEEDS = {ATTEMPTS: (QUIZZES,), TRACKS: (SCORMS, SCOES)}

# The plugin's stream has the same: results, not the player's own notes.
_ELEMENTS = {
    "cmi.core.lesson_status",
    "cmi.core.score.raw",
    "cmi.completion_status",
    "cmi.success_status",
    "cmi.score.raw",
}

# Refusals that are about one person and not about the token.
_PERSONAL = {
    "usernotenroled",
    "notenrolled",
    "suspended",
    "userdeleted",
    "invaliduser",
    "usernotconfirmed",
    "accessdenied",
    "notingroup",
}

_WHOLLY_TOLD = (ACTIVITY_COMPLETION, GRADE, QUIZ_ATTEMPT)
"""Streams of which core tells all of a person: what is not told is no longer there."""

_STALE = 86400  # seconds after which a stopped pull is begun anew: what it read first is old by then


class Caller(Protocol):
    """Whatever can call a web service function."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """The function's value; raises MoodleError."""


@dataclass(frozen=True)
class PersonalCourse:
    """A course to be read: our key, Moodle's id, our keys of its activities by their numbers, its learners."""

    key: str
    id: int
    subjects: Mapping[int, str]
    learners: Sequence[EnrolledPerson]


PeopleProgress = Callable[[str, int, int], None]
"""Told after every stored group of people: the course, how many have been read, how many there are."""


class CannotRead(LmsSyncError):
    """The token's service lacks what reading a course takes."""


def pull_by_person(
    client: Caller,
    engine: Engine,
    site: str,
    courses: Sequence[PersonalCourse],
    persons: Mapping[int, str],
    clock: Clock,
    *,
    offered: Collection[str],
    many: ManyCalls,
    progress: PeopleProgress | None = None,
    stopping: Callable[[], bool] | None = None,
    full: bool = False,
    resume: bool = False,
) -> PullReport:
    """Reads the results of every learner of the courses; `persons` are our ids of their accounts.

    A pull that was stopped within the last day is gone on with; with `resume` also an older one, with `full` none.

    `offered` are the functions of the token's service: what it lacks is left out, and told. Raises MoodleError
    where the site fails, PullInterrupted when `stopping` says so; what was stored stays in each case.
    """
    work = _Work(client, engine, site, persons, clock, many, offered, progress, stopping or (lambda: False))
    work.resume, work.anew = resume, full
    with recorded_run(engine, site, "pull", clock, lambda: work.report().as_json()) as run_id:
        work.run_id = run_id
        for course in courses:
            work.read_course(course)
    return work.report()


# --- what core answers --------------------------------------------------------------------------

_Time = Annotated[int, Field(ge=0, lt=1 << 33)]
_Score = Annotated[float, Field(allow_inf_nan=False)]


class _Status(TypedDict):
    cmid: int
    state: Annotated[int, Field(ge=0, le=4)]
    timecompleted: _Time
    isoverallcomplete: bool


class _Statuses(TypedDict):
    statuses: list[_Status]


class _Criterion(TypedDict):
    complete: bool
    timecompleted: _Time | None


class _CourseStatus(TypedDict):
    completed: bool
    completions: list[_Criterion]


class _CourseAnswer(TypedDict):
    completionstatus: _CourseStatus


class _Item(TypedDict):
    id: int
    itemtype: str
    cmid: NotRequired[int | None]
    scaleid: NotRequired[int | None]
    graderaw: _Score | None
    grademax: NotRequired[_Score | None]
    gradedategraded: NotRequired[_Time | None]
    gradedatesubmitted: NotRequired[_Time | None]


class _UserGrades(TypedDict):
    gradeitems: list[_Item]


class _Grades(TypedDict):
    usergrades: list[_UserGrades]


class _Attempt(TypedDict):
    id: int
    attempt: int
    state: str
    preview: NotRequired[int]
    timemodified: _Time
    sumgrades: _Score | None


class _Attempts(TypedDict):
    attempts: list[_Attempt]


class _Track(TypedDict):
    element: str
    value: str | int | float


class _Tracks(TypedDict):
    attempt: int
    tracks: list[_Track]


class _TracksAnswer(TypedDict):
    data: _Tracks


class _Quiz(TypedDict):
    id: int
    coursemodule: int
    sumgrades: NotRequired[_Score | None]


class _Quizzes(TypedDict):
    quizzes: list[_Quiz]


class _Scorm(TypedDict):
    id: int
    coursemodule: int


class _Scorms(TypedDict):
    scorms: list[_Scorm]


class _Sco(TypedDict):
    id: int
    launch: str


class _Scoes(TypedDict):
    scoes: list[_Sco]


_statuses: TypeAdapter[_Statuses] = TypeAdapter(_Statuses)
_course_answer: TypeAdapter[_CourseAnswer] = TypeAdapter(_CourseAnswer)
_grades: TypeAdapter[_Grades] = TypeAdapter(_Grades)
_attempts: TypeAdapter[_Attempts] = TypeAdapter(_Attempts)
_tracks: TypeAdapter[_TracksAnswer] = TypeAdapter(_TracksAnswer)
_quizzes: TypeAdapter[_Quizzes] = TypeAdapter(_Quizzes)
_scorms: TypeAdapter[_Scorms] = TypeAdapter(_Scorms)
_scoes: TypeAdapter[_Scoes] = TypeAdapter(_Scoes)


Shape = TypeVar("Shape")


def _as(adapter: TypeAdapter[Shape], function: str, answer: Any) -> Shape:
    try:
        return adapter.validate_python(answer)
    except pydantic.ValidationError as error:
        raise UnknownOutcome("moodle.unexpected-shape", function=function) from error


def try_course(client: Caller, course_id: int, *, role: int) -> Iterator[tuple[str, MoodleError]]:
    """Asks about one learner of a course in every way that a pull does; each function that is refused, and how."""
    options = [{"name": "userfields", "value": "id,roles"}, {"name": "limitnumber", "value": "500"}]
    many = ManyCalls(client, together=False, sleep=lambda seconds: None)
    first: list[SubCall] = [
        SubCall(ENROLLED, {"courseid": course_id, "options": options}),
        SubCall(QUIZZES, {"courseids": [course_id]}),
        SubCall(SCORMS, {"courseids": [course_id]}),
    ]
    told = dict(zip([call.function for call in first], many.run(first), strict=True))
    for function, answer in told.items():
        if isinstance(answer, MoodleError):
            yield function, answer
    users = told[ENROLLED] if isinstance(told[ENROLLED], list) else []
    learners = [user for user in users if any(one["roleid"] == role for one in user.get("roles", ()))]
    if not learners:
        return
    questions = [_Question(ACTIVITIES), _Question(COURSE), _Question(GRADES)]
    if isinstance(told[QUIZZES], dict):
        questions += [_Question(ATTEMPTS, quiz["id"]) for quiz in told[QUIZZES]["quizzes"][:1]]
    if isinstance(told[SCORMS], dict) and told[SCORMS]["scorms"]:
        scoes = many.run([SubCall(SCOES, {"scormid": told[SCORMS]["scorms"][0]["id"]})])[0]
        if isinstance(scoes, MoodleError):
            yield SCOES, scoes
        else:
            questions += [_Question(TRACKS, sco["id"]) for sco in scoes["scoes"] if sco["launch"]][:1]
    calls = [question.call(course_id, learners[0]["id"]) for question in questions]
    for call, answer in zip(calls, many.run(calls), strict=True):
        if isinstance(answer, MoodleError) and answer.errorcode not in {*_PERSONAL, "nocriteriaset"}:
            yield call.function, answer


def ask_about(
    client: Caller,
    courses: Sequence[PersonalCourse],
    persons: Mapping[int, str],
    clock: Clock,
    *,
    offered: Collection[str],
    many: ManyCalls,
) -> tuple[list[tuple[int, Fact]], set[tuple[str, str, int]], list[Problem]]:
    """What core tells of the learners of courses now: facts by account, (stream, course, account) that it answered, warnings.

    Nothing is stored. Raises MoodleError.
    """
    work = _Work(client, None, "", persons, clock, many, offered, None, lambda: False)
    facts: list[tuple[int, Fact]] = []
    answered: set[tuple[str, str, int]] = set()
    for course in courses:
        asked = [
            (person, question)
            for question in work.questions(course)
            for person in course.learners
            if person.active or question.function != COURSE
        ]
        calls = [question.call(course.id, person.user_id) for person, question in asked]
        refused: set[tuple[str, str, int]] = set()
        nothing: dict[str, dict[str, Mapping[str, Any]]] = {
            stream: {} for stream in (COURSE_COMPLETION, GRADE, SCORM_RESULT)
        }
        for (person, question), answer in zip(asked, many.run(calls), strict=True):
            of = (_STREAM_OF[question.function], course.key, person.user_id)
            if isinstance(answer, MoodleError):
                refused.add(of)
            else:
                answered.add(of)
                told = work.facts_told(course, person, question, answer, nothing)
                facts += [(person.user_id, fact) for fact in told]
        answered -= refused
    return facts, answered, work.warnings


# --- one pull -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Question:
    """One thing to ask about every learner of a course. `max`: the most marks of a quiz."""

    function: str
    about: int = 0  # quiz or SCO
    cmid: int = 0
    max: float = 0.0

    def call(self, course_id: int, user_id: int) -> SubCall:
        match self.function:
            case "mod_quiz_get_user_attempts":
                arguments: dict[str, object] = {"quizid": self.about, "userid": user_id, "status": "all"}
            case "mod_scorm_get_scorm_sco_tracks":
                arguments = {"scoid": self.about, "userid": user_id}
            case _:
                arguments = {"courseid": course_id, "userid": user_id}
        return SubCall(self.function, arguments)


@dataclass
class _Work:
    client: Caller
    engine: Engine | None  # None where nothing is stored
    site: str
    persons: Mapping[int, str]
    clock: Clock
    many: ManyCalls
    offered: Collection[str]
    progress: PeopleProgress | None
    stopping: Callable[[], bool]
    run_id: int | None = None
    new: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESULT_STREAMS, 0))
    rows: int = 0
    people: int = 0
    gone: int = 0
    told: set[tuple[str, str]] = field(default_factory=set)
    resume: bool = False
    anew: bool = False
    warnings: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.clock.now()

    def report(self) -> PullReport:
        seconds = (self.clock.now() - self.started).total_seconds()
        return PullReport(
            dict(self.new),
            self.many.requests,
            self.rows,
            seconds,
            warnings=tuple(self.warnings),
            reader=BY_PERSON,
            gone=self.gone,
        )

    def read_course(self, course: PersonalCourse) -> None:
        questions = list(self.questions(course))
        since, after = self._place(course.key)
        waiting = [person for person in course.learners if person.user_id > after]
        done = len(course.learners) - len(waiting)
        assert self.engine is not None
        with reading(self.engine) as connection:
            known = {
                stream: {
                    source: value
                    for source, (_, value) in last_values(connection, self.site, course.key, stream).items()
                    if not value.get(GONE)
                }
                for stream in (COURSE_COMPLETION, GRADE, SCORM_RESULT)
            }
            present = {
                stream: {
                    row.source_id: row.person_id
                    for row in connection.execute(current_facts(self.site, stream))
                    if row.course == course.key and not row.value.get(GONE)
                }
                for stream in _WHOLLY_TOLD
            }
        unseen: set[int] = set()
        withheld: set[str] = set()  # not all of these streams is told any more
        while waiting:
            if self.stopping():
                raise PullInterrupted("pull.interrupted", facts=sum(self.new.values()))
            together = max(1, self.many.size // max(1, len(questions)))
            group, waiting = waiting[:together], waiting[together:]
            asked = [
                (person, question)
                for person in group
                for question in questions
                if person.active or question.function != COURSE  # Moodle tracks nobody who is suspended
            ]
            calls = [question.call(course.id, person.user_id) for person, question in asked]
            facts: list[Fact] = []
            self.told = set()
            answered: set[tuple[str, int]] = set()
            refused: set[tuple[str, int]] = set()
            for (person, question), answer in zip(asked, self.many.run(calls), strict=True):
                of = (_STREAM_OF[question.function], person.user_id)
                (refused if isinstance(answer, MoodleError) else answered).add(of)
                if not isinstance(answer, MoodleError):
                    facts += self.facts_told(course, person, question, answer, known)
                elif answer.errorcode in _PERSONAL:
                    unseen.add(person.user_id)
                elif question in questions:
                    questions.remove(question)
                    withheld.add(_STREAM_OF[question.function])
                    self._not_visible(course, question, answer)
            gone = {
                stream: [
                    source
                    for source, holder in present[stream].items()
                    if holder in {self.persons[user] for of, user in answered - refused if of == stream}
                    and (stream, source) not in self.told
                    and (source.startswith("core:") or stream == QUIZ_ATTEMPT)
                ]
                for stream in _WHOLLY_TOLD
                if stream not in withheld
            }
            self._store(course.key, facts, gone, (since, group[-1].user_id if waiting else 0))
            done += len(group)
            self.people += len(group)
            if self.progress is not None:
                self.progress(course.key, done, len(course.learners))
        if unseen:
            self.warnings.append(
                Problem(
                    "pull.people-not-visible", {"course": course.key, "n": len(unseen)}, severity="warning"
                )
            )

    def _not_visible(self, course: PersonalCourse, question: _Question, error: MoodleError) -> None:
        if error.errorcode == "nocriteriaset":
            self.warnings.append(Problem("pull.no-criteria", {"course": course.key}, severity="warning"))
            return
        subject = course.subjects.get(question.cmid, course.key)
        reason = error.problem.params.get("message") or error.errorcode or error.code
        self.warnings.append(
            Problem(
                "pull.not-visible",
                {"function": question.function, "subject": subject, "reason": reason},
                severity="warning",
            )
        )

    # --- what to ask --------------------------------------------------------------------------

    def questions(self, course: PersonalCourse) -> Iterator[_Question]:
        """What there is to ask about each learner of a course."""
        for function in _STREAM_OF:
            lacking = [name for name in (function, *_NEEDS.get(function, ())) if name not in self.offered]
            if lacking:
                warning = Problem("pull.not-offered", {"functions": ", ".join(lacking)}, severity="warning")
                if warning not in self.warnings:  # of another course
                    self.warnings.append(warning)
            elif function == ATTEMPTS:
                answer = self.client.call(QUIZZES, {"courseids": [course.id]})
                for quiz in _as(_quizzes, QUIZZES, answer)["quizzes"]:
                    most = quiz.get("sumgrades") or 0.0
                    yield _Question(function, quiz["id"], quiz["coursemodule"], most)
            elif function == TRACKS:
                yield from self._scoes(course)
            else:
                yield _Question(function)

    def _scoes(self, course: PersonalCourse) -> Iterator[_Question]:
        answer = self.client.call(SCORMS, {"courseids": [course.id]})
        scorms = _as(_scorms, SCORMS, answer)["scorms"]
        calls = [SubCall(SCOES, {"scormid": scorm["id"]}) for scorm in scorms]
        for scorm, told in zip(scorms, self.many.run(calls), strict=True):
            if isinstance(told, MoodleError):
                self._not_visible(course, _Question(SCOES, cmid=scorm["coursemodule"]), told)
                continue
            for sco in _as(_scoes, SCOES, told)["scoes"]:
                if sco["launch"]:
                    yield _Question(TRACKS, sco["id"], scorm["coursemodule"])

    # --- what is told -------------------------------------------------------------------------

    def facts_told(
        self,
        course: PersonalCourse,
        person: EnrolledPerson,
        question: _Question,
        answer: Any,
        known: Mapping[str, dict[str, Mapping[str, Any]]],
    ) -> Iterator[Fact]:
        """The facts in an answer; of what has no time of its own those alone that `known` does not say already."""
        user = person.user_id
        stream = _STREAM_OF[question.function]

        def fact(source: str, t: int, cmid: int, value: Mapping[str, object]) -> Fact:
            self.rows += 1
            self.told.add((stream, source))
            subject = course.subjects.get(cmid) or (f"cmid:{cmid}" if cmid else "")
            time = datetime.fromtimestamp(t, UTC)
            return Fact(stream, source, time, self.persons[user], course.key, subject, value)

        def news(source: str, t: int, cmid: int, value: Mapping[str, object]) -> Iterator[Fact]:
            """For what has no time of its own: only where it differs from what was known last."""
            self.told.add((stream, source))
            if known[stream].get(source) != value:
                known[stream][source] = value
                yield fact(source, t, cmid, value)

        now = int(self.clock.now().timestamp())
        match question.function:
            case "core_completion_get_activities_completion_status":
                for status in _as(_statuses, ACTIVITIES, answer)["statuses"]:
                    if status["timecompleted"]:
                        yield fact(
                            f"core:{status['cmid']}:{user}",
                            status["timecompleted"],
                            status["cmid"],
                            {"state": status["state"], "complete": status["isoverallcomplete"]},
                        )
            case "core_completion_get_course_completion_status":
                source = f"core:{course.id}:{user}"
                course_status = _as(_course_answer, COURSE, answer)["completionstatus"]
                times = [one["timecompleted"] or 0 for one in course_status["completions"] if one["complete"]]
                before = known[stream].get(source, {}).get("complete", False)
                if course_status["completed"] != before:
                    last = max(times, default=0) if course_status["completed"] else 0
                    basis = "last-criterion" if last else "observed"
                    value = {"complete": course_status["completed"], "time": basis}
                    yield from news(source, last or now, 0, value)
            case "gradereport_user_get_grade_items":
                for user_grades in _as(_grades, GRADES, answer)["usergrades"]:
                    for item in user_grades["gradeitems"]:
                        yield from self._grade(item, user, now, fact, news)
            case "mod_quiz_get_user_attempts":
                for attempt in _as(_attempts, ATTEMPTS, answer)["attempts"]:
                    if not attempt.get("preview"):
                        value = {
                            "attempt": attempt["attempt"],
                            "state": attempt["state"],
                            "score": attempt["sumgrades"],
                            "max": question.max,
                        }
                        # Moodle's own number of the attempt, which the plugin tells as well.
                        yield fact(str(attempt["id"]), attempt["timemodified"], question.cmid, value)
            case "mod_scorm_get_scorm_sco_tracks":
                data = _as(_tracks, TRACKS, answer)["data"]
                told = {track["element"]: track["value"] for track in data["tracks"]}
                for element in sorted(_ELEMENTS & told.keys()):
                    value = {"attempt": data["attempt"], "element": element, "value": str(told[element])}
                    source = f"core:{question.about}:{user}:{data['attempt']}:{element}"
                    yield from news(source, int(told.get("timemodified") or now), question.cmid, value)

    def _grade(
        self,
        item: _Item,
        user: int,
        now: int,
        fact: Callable[[str, int, int, Mapping[str, object]], Fact],
        news: Callable[[str, int, int, Mapping[str, object]], Iterator[Fact]],
    ) -> Iterator[Fact]:
        if item["itemtype"] not in ("mod", "course") or item["graderaw"] is None or item.get("scaleid"):
            return
        source = f"core:{item['id']}:{user}"
        value: dict[str, object] = {
            "item": item["itemtype"],
            "grade": item["graderaw"],
            "max": item.get("grademax") or 0.0,
        }
        cmid = item.get("cmid") or 0
        time = item.get("gradedategraded") or item.get("gradedatesubmitted") or 0
        if time:
            yield fact(source, time, cmid, value)
        else:
            yield from news(source, now, cmid, {**value, "time": "observed"})

    # --- where we are -------------------------------------------------------------------------

    def _place(self, course: str) -> tuple[int, int]:
        """When the reading of a course began, and the account read last: 0 to begin at the beginning."""
        cursor = schema.cursor
        query = select(cursor.c.since, cursor.c.after_id).where(
            cursor.c.site == self.site, cursor.c.stream == BY_PERSON, cursor.c.course == course
        )
        now = int(self.started.timestamp())
        assert self.engine is not None
        with reading(self.engine) as connection:
            row = connection.execute(query).first()
        if row is not None and row.after_id and not self.anew and (self.resume or now - row.since < _STALE):
            return row.since, row.after_id
        return now, 0

    def _store(
        self,
        course: str,
        facts: Sequence[Fact],
        gone: Mapping[str, Sequence[str]],
        place: tuple[int, int],
    ) -> None:
        now = self.clock.now()
        seen_at = int(now.timestamp())
        assert self.engine is not None
        with self.engine.begin() as connection:
            for stream in RESULT_STREAMS:
                of_stream = [fact for fact in facts if fact.stream == stream]
                found = store_observed(connection, self.site, stream, of_stream, seen_at, now, self.run_id)
                lost = gone.get(stream, ())
                found += store_gone(
                    connection, self.site, stream, lost, seen_at, now, self.run_id, courses=(course,)
                )
                self.new[stream] += found.new
                self.gone += found.gone
            self._move(connection, course, place, now)

    def _move(self, connection: Connection, course: str, place: tuple[int, int], now: datetime) -> None:
        cursor = schema.cursor
        here = {"site": self.site, "stream": BY_PERSON, "course": course}
        connection.execute(delete(cursor).filter_by(**here))
        connection.execute(insert(cursor).values(**here, since=place[0], after_id=place[1], updated_at=now))
