"""Brings what happened in Moodle since the last pull into the fact log.

The companion plugin's `local_lmssync_get_changes` gives the changed rows of one stream in pages,
ordered by (time, id). A page's facts and its cursor are stored in one transaction, so a pull that is
killed anywhere goes on where its last stored page ended, and a page that is wrong moves nothing.

Each course has its own cursor: a course that is added later is read from its beginning while the
others go on. Courses whose cursors lie close together are read in one call.

The stored cursor stays some time behind the site's present (`OVERLAP`), because rows may come into
its database later than the time that they carry. Rows read twice for that are recognised by the fact log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired, Protocol

import pydantic
from pydantic import Field, TypeAdapter
from sqlalchemy import Connection, Engine, insert, select, update
from typing_extensions import TypedDict

from authoring.problems import LmsSyncError, Problem
from lms_sync.clock import Clock
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ANSWER,
    COURSE_COMPLETION,
    GRADE,
    QUESTION_OUTCOME,
    QUIZ_ATTEMPT,
    RESULT_STREAMS,
    SCORM_RESULT,
    Fact,
    store_facts,
)
from lms_sync.moodle.errors import CallRefused
from lms_sync.moodle_answers import Asked, answer_facts, store_answers
from lms_sync.people import known_persons, meet_account
from lms_sync.store import schema
from lms_sync.store.database import reading

CHANGES = "local_lmssync_get_changes"
ACCOUNTS = "local_lmssync_get_accounts"

PAGE = 5000
"""Rows asked for in one call: larger pages are quicker and hold more memory."""

OVERLAP = {
    # Moodle's cron completes a course when it gets to it, and writes the time of the last criterion, which may
    # lie far back where cron has not run. The stream is short: a row for each person and course.
    COURSE_COMPLETION: 30 * 86400,
    GRADE: 86400,  # carries the date of grading, not of writing
    ACTIVITY_COMPLETION: 300,
    QUIZ_ATTEMPT: 300,
    QUESTION_OUTCOME: 300,
    SCORM_RESULT: 300,
    ANSWER: 300,
}
"""Seconds by which each stream's stored cursor stays behind the site's present."""

_TOGETHER = 3600  # seconds between cursors that are read in one call, at the price of that many known rows
_COURSES_PER_CALL = 500  # below the number of variables that PHP accepts in one request
_IDS_PER_CALL = 500

# The plugin names SCORM's stream after Moodle's table, the fact log after what it means.
_PLUGIN_STREAM = {SCORM_RESULT: "scorm_track", ANSWER: "feedback_answer"}


class Caller(Protocol):
    """What a pull needs of a Moodle client."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        """Calls a web service function; its value. Raises MoodleError."""


class WrongPage(LmsSyncError):
    """The site's answer breaks the rules of `get_changes`; nothing of it was stored."""


class PullInterrupted(LmsSyncError):
    """The pull was asked to stop; what was read so far is stored."""


@dataclass(frozen=True)
class UnlistedAccount:
    """An account that learns in our courses and is in no people file."""

    user_id: int
    username: str


@dataclass(frozen=True)
class PullReport:
    """What a pull did: new facts by stream, pages read, seconds, accounts seen for the first time, warnings."""

    new: Mapping[str, int]
    pages: int
    rows: int
    seconds: float
    unlisted: tuple[UnlistedAccount, ...] = ()
    warnings: tuple[Problem, ...] = ()
    reader: str = "plugin"  # or "by person"

    @property
    def facts(self) -> int:
        """New facts over all streams."""
        return sum(self.new.values())

    def as_json(self) -> dict[str, object]:
        """For `--json` and the run's record; without names."""
        return {
            "facts": self.facts,
            "new": dict(self.new),
            "reader": self.reader,
            "pages": self.pages,
            "rows": self.rows,
            "seconds": round(self.seconds, 2),
            "unlisted": [account.user_id for account in self.unlisted],
        }


Progress = Callable[[str, int, int], None]
"""Told after every stored page: the stream, its rows read so far, its new facts so far."""


def pull(
    client: Caller,
    engine: Engine,
    site: str,
    courses: Mapping[str, int],
    clock: Clock,
    *,
    page: int = PAGE,
    progress: Progress | None = None,
    stopping: Callable[[], bool] | None = None,
    subjects: Mapping[str, Mapping[int, str]] | None = None,
    asked: Mapping[str, tuple[Asked, ...]] | None = None,
) -> PullReport:
    """Reads every stream of `courses` (our key → Moodle's course id) since its cursor.

    `subjects` gives for adopted courses our keys of their activities by Moodle's course module numbers; `asked`
    the questionnaires of programmes by the keys of the activities that ask them.

    Raises MoodleError where the site fails, WrongPage where its answer cannot be right, PullInterrupted
    when `stopping` says so between two pages; in each case what was stored stays, and the next pull goes on
    from there. The run and its outcome are in the table `run`.
    """
    if page < 1:
        raise ValueError("a page has at least one row")
    run_id = begin_run(engine, site, "pull", clock)
    work = _Pull(
        client,
        engine,
        site,
        dict(courses),
        clock,
        page,
        run_id,
        progress,
        stopping or (lambda: False),
        subjects or {},
        asked or {},
    )
    try:
        for stream in RESULT_STREAMS:
            work.read_stream(stream)
        if work.asked:
            work.read_stream(ANSWER)
    except BaseException as error:
        code = error.code if isinstance(error, LmsSyncError) else type(error).__name__
        finish_run(engine, run_id, "failed", {**work.report().as_json(), "error": code}, clock)
        raise
    report = work.report()
    finish_run(engine, run_id, "done", report.as_json(), clock)
    return report


def courses_on_site(client: Caller, keys: Iterable[str]) -> tuple[dict[str, int], tuple[Problem, ...]]:
    """Moodle's ids of our courses, found by idnumber, and a warning for each course that is not there.

    Raises WrongPage where two courses have the same idnumber, MoodleError where the site fails.
    """
    function = "core_course_get_courses_by_field"
    found: dict[str, int] = {}
    warnings: list[Problem] = []
    for key in keys:
        answer = client.call(function, {"field": "idnumber", "value": key})
        try:
            courses = _courses.validate_python(answer)["courses"]
        except pydantic.ValidationError as error:
            raise WrongPage("pull.page-shape", stream=function, detail=_first_error(error)) from error
        ids = [course["id"] for course in courses if course.get("idnumber", key) == key]
        if len(ids) > 1:
            raise WrongPage("pull.course-not-clear", course=key)
        if ids:
            found[key] = ids[0]
        else:
            warnings.append(Problem("pull.course-not-on-site", {"course": key}, severity="warning"))
    return found, tuple(warnings)


# --- the record of runs -----------------------------------------------------------------------


def begin_run(engine: Engine, site: str, verb: str, clock: Clock) -> int:
    """Writes down that a run begins; its id."""
    with engine.begin() as connection:
        row = insert(schema.run).values(site=site, verb=verb, started_at=clock.now())
        key = connection.execute(row).inserted_primary_key
        assert key is not None
        return int(key[0])


def finish_run(
    engine: Engine, run_id: int, outcome: str, summary: Mapping[str, object], clock: Clock
) -> None:
    """Writes down how a run ended: done, failed or partly."""
    with engine.begin() as connection:
        connection.execute(
            update(schema.run)
            .where(schema.run.c.id == run_id)
            .values(finished_at=clock.now(), outcome=outcome, summary=dict(summary))
        )


# --- what the plugin answers ------------------------------------------------------------------


class _Row(TypedDict):
    id: Annotated[int, Field(gt=0)]
    t: Annotated[int, Field(ge=0, lt=1 << 33)]
    courseid: int
    userid: Annotated[int, Field(gt=0)]
    key: str
    cmid: int
    data: str


class _Page(TypedDict):
    now: Annotated[int, Field(gt=0, lt=1 << 33)]
    more: bool
    since: int
    afterid: int
    rows: list[_Row]


class _Account(TypedDict):
    id: int
    username: str
    deleted: bool


class _Course(TypedDict):
    id: int
    idnumber: NotRequired[str]


class _Courses(TypedDict):
    courses: list[_Course]


class _ActivityCompletion(TypedDict):
    state: Annotated[int, Field(ge=0, le=4)]
    complete: bool


class _CourseCompletion(TypedDict):
    timecompleted: int | None


_Score = Annotated[float, Field(allow_inf_nan=False)]


class _Grade(TypedDict):
    item: str
    grade: _Score | None
    max: _Score


class _QuizAttempt(TypedDict):
    attempt: int
    state: str
    sumgrades: _Score | None
    max: _Score


class _FeedbackAnswer(TypedDict):
    answers: dict[str, str]


class _Draw(TypedDict):
    category: str
    tags: list[str]


class _QuestionOutcome(TypedDict):
    attempt: int
    state: str
    slot: Annotated[int, Field(gt=0)]
    question: Annotated[str, Field(min_length=1)]
    version: int
    type: str
    variant: int
    max: _Score
    fraction: _Score | None
    outcome: str
    chosen: list[int | None] | None
    response: str | None
    right: str | None
    random: _Draw | None


class _ScormTrack(TypedDict):
    attempt: int
    element: str
    value: str | int | float  # Moodle gives some values as numbers


_page: TypeAdapter[_Page] = TypeAdapter(_Page)
_courses: TypeAdapter[_Courses] = TypeAdapter(_Courses)
_accounts: TypeAdapter[list[_Account]] = TypeAdapter(list[_Account])
_activity_completion: TypeAdapter[_ActivityCompletion] = TypeAdapter(_ActivityCompletion)
_course_completion: TypeAdapter[_CourseCompletion] = TypeAdapter(_CourseCompletion)
_grade: TypeAdapter[_Grade] = TypeAdapter(_Grade)
_quiz_attempt: TypeAdapter[_QuizAttempt] = TypeAdapter(_QuizAttempt)
_question_outcome: TypeAdapter[_QuestionOutcome] = TypeAdapter(_QuestionOutcome)
_scorm_track: TypeAdapter[_ScormTrack] = TypeAdapter(_ScormTrack)
_feedback_answer: TypeAdapter[_FeedbackAnswer] = TypeAdapter(_FeedbackAnswer)


def _activity_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = _activity_completion.validate_json(data)
    return t, {"state": value["state"], "complete": value["complete"]}


def _course_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    # `t` is the latest of completed, started and enrolled; a completion happened when it happened.
    completed = _course_completion.validate_json(data)["timecompleted"]
    return completed or t, {"complete": bool(completed)}


def _grade_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = _grade.validate_json(data)
    return t, {"item": value["item"], "grade": value["grade"], "max": value["max"]}


def _quiz_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = _quiz_attempt.validate_json(data)
    return t, {
        "attempt": value["attempt"],
        "state": value["state"],
        "score": value["sumgrades"],
        "max": value["max"],
    }


def _outcome_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    return t, dict(_question_outcome.validate_json(data))


def _scorm_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = _scorm_track.validate_json(data)
    return t, {"attempt": value["attempt"], "element": value["element"], "value": str(value["value"])}


def _answer_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    return t, dict(_feedback_answer.validate_json(data)["answers"])


_VALUE_OF: Mapping[str, Callable[[str, int], tuple[int, dict[str, object]]]] = {
    ACTIVITY_COMPLETION: _activity_value,
    COURSE_COMPLETION: _course_value,
    GRADE: _grade_value,
    QUIZ_ATTEMPT: _quiz_value,
    QUESTION_OUTCOME: _outcome_value,
    SCORM_RESULT: _scorm_value,
    ANSWER: _answer_value,
}


# --- one pull ---------------------------------------------------------------------------------

Position = tuple[int, int]  # (since, afterid): the time and id of the last row that has been read


@dataclass
class _Pull:
    client: Caller
    engine: Engine
    site: str
    courses: Mapping[str, int]
    clock: Clock
    page: int
    run_id: int
    progress: Progress | None
    stopping: Callable[[], bool]
    subjects: Mapping[str, Mapping[int, str]]
    asked: Mapping[str, tuple[Asked, ...]]
    new: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESULT_STREAMS, 0))
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESULT_STREAMS, 0))
    pages: int = 0
    unlisted: list[UnlistedAccount] = field(default_factory=list)
    clock_behind: int = 0
    old_plugin: bool = False

    def __post_init__(self) -> None:
        self.started = self.clock.now()
        if self.asked:
            self.new[ANSWER] = self.rows[ANSWER] = 0
        self._asking = {key.partition("/")[0] for key in self.asked}
        self._person_of: dict[int, str] = {}  # Moodle user id → person id, as far as met

    def report(self) -> PullReport:
        seconds = (self.clock.now() - self.started).total_seconds()
        warnings: tuple[Problem, ...] = ()
        if self.clock_behind:
            warnings = (Problem("pull.clock-behind", {"seconds": self.clock_behind}, severity="warning"),)
        if self.old_plugin:
            warnings = (*warnings, Problem("pull.no-question-outcomes", severity="warning"))
        rows = sum(self.rows.values())
        return PullReport(dict(self.new), self.pages, rows, seconds, tuple(self.unlisted), warnings)

    def read_stream(self, stream: str) -> None:
        try:
            for start, together in self._groups(stream):
                self._read_group(stream, together, start)
        except CallRefused as refused:
            if stream != QUESTION_OUTCOME or refused.errorcode != "unknownstream":
                raise
            self.old_plugin = True  # it tells everything else, as it always has

    def _groups(self, stream: str) -> Iterator[tuple[Position, dict[str, int]]]:
        """Courses to be read in one call each, with the position to begin at."""
        table = schema.cursor
        query = select(table.c.course, table.c.since, table.c.after_id).where(
            table.c.site == self.site, table.c.stream == stream
        )
        with reading(self.engine) as connection:
            known = {row.course: (row.since, row.after_id) for row in connection.execute(query)}
        read = self.courses if stream != ANSWER else self._asking & self.courses.keys()
        ordered = sorted((known.get(course, (0, 0)), course) for course in read)
        group: dict[str, int] = {}
        first: Position = (0, 0)
        for position, course in ordered:
            apart = position[0] - first[0] > _TOGETHER
            if group and (apart or len(group) == _COURSES_PER_CALL):
                yield first, group
                group = {}
            if not group:
                first = position
            group[course] = self.courses[course]
        if group:
            yield first, group

    def _read_group(self, stream: str, courses: Mapping[str, int], position: Position) -> None:
        key_of = {course_id: course for course, course_id in courses.items()}
        while True:
            if self.stopping():
                raise PullInterrupted("pull.interrupted", facts=sum(self.new.values()))
            arguments = {
                "stream": _PLUGIN_STREAM.get(stream, stream),
                "courseids": list(courses.values()),
                "since": position[0],
                "afterid": position[1],
                "limit": self.page,
            }
            answer = checked_page(self.client.call(CHANGES, arguments), stream, key_of, position, self.page)
            rows = answer["rows"]
            self.clock_behind = max(self.clock_behind, position[0] - answer["now"])
            values = [_value(stream, row) for row in rows]  # every row is read before anything is stored
            strangers = self._ask_about_strangers({row["userid"] for row in rows})
            if rows:
                position = (rows[-1]["t"], rows[-1]["id"])
            reached = position if answer["more"] else max(position, (answer["now"], 0))
            behind = min(reached, (answer["now"] - OVERLAP[stream], 0))
            self._store(stream, rows, values, key_of=key_of, strangers=strangers, position=behind)
            self.pages += 1
            self.rows[stream] += len(rows)
            if self.progress is not None:
                self.progress(stream, self.rows[stream], self.new[stream])
            if not answer["more"]:
                return

    def _store(
        self,
        stream: str,
        rows: Sequence[_Row],
        values: Sequence[tuple[int, dict[str, object]]],
        *,
        key_of: Mapping[int, str],
        strangers: Sequence[int],
        position: Position,
    ) -> None:
        now = self.clock.now()
        with self.engine.begin() as connection:
            met = known_persons(connection, self.site, strangers)  # another pull may have met them meanwhile
            for user_id in strangers:
                if user_id not in met:
                    met[user_id] = meet_account(connection, self.site, user_id, now)
            person_of = {**self._person_of, **met} if met else self._person_of
            if stream == ANSWER:
                new = self._store_answers(connection, rows, values, key_of, person_of, now)
                for course in key_of.values():
                    self._move_cursor(connection, stream, course, position, now)
                self._person_of.update(met)
                self.new[stream] += new
                return
            facts = (
                Fact(
                    stream,
                    str(row["id"]),
                    datetime.fromtimestamp(t, UTC),
                    person_of[row["userid"]],
                    key_of[row["courseid"]],
                    self._subject(key_of[row["courseid"]], row),
                    value,
                )
                for row, (t, value) in zip(rows, values, strict=True)
            )
            new = store_facts(connection, self.site, facts, now, self.run_id)
            for course in key_of.values():
                self._move_cursor(connection, stream, course, position, now)
        self._person_of.update(met)
        self.new[stream] += new

    def _store_answers(
        self,
        connection: Connection,
        rows: Sequence[_Row],
        values: Sequence[tuple[int, dict[str, object]]],
        key_of: Mapping[int, str],
        person_of: Mapping[int, str],
        now: datetime,
    ) -> int:
        facts: list[Fact] = []
        for row, (t, said) in zip(rows, values, strict=True):
            asked = self.asked.get(self._subject(key_of[row["courseid"]], row), ())
            when = datetime.fromtimestamp(t, UTC)
            answers = {key: str(value) for key, value in said.items()}
            facts += answer_facts(asked, person_of[row["userid"]], when, answers)
        return store_answers(connection, self.site, facts, now, self.run_id)

    def _subject(self, course: str, row: _Row) -> str:
        adopted = self.subjects.get(course)
        key = row["key"] if adopted is None else adopted.get(row["cmid"], "")
        return key or (f"cmid:{row['cmid']}" if row["cmid"] else "")

    def _move_cursor(
        self, connection: Any, stream: str, course: str, position: Position, now: datetime
    ) -> None:
        table = schema.cursor
        here = (table.c.site == self.site) & (table.c.stream == stream) & (table.c.course == course)
        stored = connection.execute(select(table.c.since, table.c.after_id).where(here)).first()
        if stored is not None and tuple(stored) >= position:
            return  # never back: another course of the group was behind
        since, after_id = max(position, (0, 0))
        if stored is None:
            key = {"site": self.site, "stream": stream, "course": course}
            connection.execute(insert(table).values(**key, since=since, after_id=after_id, updated_at=now))
        else:
            connection.execute(
                update(table).where(here).values(since=since, after_id=after_id, updated_at=now)
            )

    def _ask_about_strangers(self, user_ids: set[int]) -> list[int]:
        """User ids that the database does not know yet, after the site has told which accounts they are."""
        unknown = sorted(user_ids - self._person_of.keys())
        with reading(self.engine) as connection:
            self._person_of.update(known_persons(connection, self.site, unknown))
        strangers = [user_id for user_id in unknown if user_id not in self._person_of]
        for start in range(0, len(strangers), _IDS_PER_CALL):
            answer = self.client.call(ACCOUNTS, {"userids": strangers[start : start + _IDS_PER_CALL]})
            try:
                accounts = _accounts.validate_python(answer)
            except pydantic.ValidationError as error:
                raise WrongPage("pull.page-shape", stream=ACCOUNTS, detail=_first_error(error)) from error
            self.unlisted += [
                UnlistedAccount(account["id"], account["username"])
                for account in accounts
                if not account["deleted"]
            ]
        return strangers


def checked_page(
    answer: object, stream: str, courses: Mapping[int, str], after: Position, limit: int
) -> _Page:
    """An answer of `get_changes` as a page that keeps the rules; else WrongPage.

    The rules: the agreed shape; at most `limit` rows; "more" only with rows; rows in rising order of
    (time, id), all after the position asked for and before the site's present; only courses asked for; the
    position given is that of the last row.
    """
    try:
        page = _page.validate_python(answer)
    except pydantic.ValidationError as error:
        raise WrongPage("pull.page-shape", stream=stream, detail=_first_error(error)) from error
    rows = page["rows"]
    if page["more"] and not rows:
        raise WrongPage("pull.page-empty", stream=stream)
    if len(rows) > limit:
        raise WrongPage("pull.page-size", stream=stream, rows=len(rows), limit=limit)
    last = after
    for row in rows:
        here = (row["t"], row["id"])
        if here <= last:
            raise WrongPage("pull.page-order", stream=stream, row=row["id"])
        if row["t"] >= page["now"]:
            raise WrongPage("pull.page-future", stream=stream, row=row["id"])
        if row["courseid"] not in courses:
            raise WrongPage("pull.page-course", stream=stream, row=row["id"], course=row["courseid"])
        last = here
    if (page["since"], page["afterid"]) != last:
        raise WrongPage("pull.page-cursor", stream=stream)
    return page


def _value(stream: str, row: _Row) -> tuple[int, dict[str, object]]:
    try:
        return _VALUE_OF[stream](row["data"], row["t"])
    except pydantic.ValidationError as error:
        raise WrongPage("pull.row-shape", stream=stream, row=row["id"], detail=_first_error(error)) from error


def _first_error(error: pydantic.ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(step) for step in first['loc']) or '-'}: {first['msg']}"
