"""Brings what happened in Moodle since the last pull into the fact log, by the companion plugin.

The plugin gives the changed rows of each stream in pages, ordered by (time, id), and a log of what rows do not tell
themselves. A page's facts and its cursor are stored in one transaction, so a pull that is killed anywhere goes on where its
last stored page ended, and a page that is wrong moves nothing. Each row is compared with what was known of it
(`lms_sync.observed`): rows read twice add nothing, rows that changed do, whichever time they carry.

Each course has its own cursor: a course that is added later is read from its beginning while the others go on. The stored
cursor stays some time behind the site's present, and behind ours (`OVERLAP`), because rows may come into its database
later than the time that they carry, and because clocks are put right. `lms_sync.full_pass` compares everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import pydantic
from sqlalchemy import Connection, Engine, select, update

from authoring.problems import Problem
from lms_sync.clock import Clock
from lms_sync.cursors import keep_positions, kept_positions
from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ANSWER,
    COURSE_COMPLETION,
    ENROLMENT,
    GRADE,
    LAST_ACCESS,
    PLUGIN_STREAMS,
    QUESTION_OUTCOME,
    QUIZ_ATTEMPT,
    SCORM_INTERACTION,
    SCORM_RESULT,
    Fact,
)
from lms_sync.full_pass import FullPass
from lms_sync.moodle_answers import Asked, Withdrawn, answer_facts, store_answers, store_withdrawn
from lms_sync.observed import Stored, store_observed
from lms_sync.people import known_persons, meet_accounts
from lms_sync.plugin_rows import (
    Account,
    Page,
    PageRow,
    Position,
    accounts_shape,
    first_error,
    values_of,
)
from lms_sync.plugin_source import CHANGES, LOG, Ask, Caller, PluginSource
from lms_sync.pull_report import Progress, PullInterrupted, PullReport, UnlistedAccount, WrongPage
from lms_sync.run_record import recorded_run
from lms_sync.site_courses import COURSE_ID, courses_on_site
from lms_sync.site_identity import check_identity, keep_identity
from lms_sync.site_time import KnownTime, begin_again, check_present, clock_warning, keep_time, known_time
from lms_sync.store import schema
from lms_sync.store.database import reading

__all__ = [
    "CHANGES",
    "OVERLAP",
    "PluginPull",
    "PullInterrupted",
    "PullReport",
    "WrongPage",
    "courses_on_site",
    "pull",
]

ACCOUNTS = "local_lmssync_get_accounts"

PAGE = 5000
"""Rows asked for in the first call: larger pages are quicker and hold more memory."""

OVERLAP = {
    # Moodle's cron completes a course when it gets to it, and writes the time of the last criterion, which may
    # lie far back where cron has not run. The stream is short: a row for each person and course.
    COURSE_COMPLETION: 30 * 86400,
    GRADE: 86400,  # carries the date of grading, not of writing
    ACTIVITY_COMPLETION: 300,
    QUIZ_ATTEMPT: 300,
    QUESTION_OUTCOME: 300,
    SCORM_RESULT: 300,
    SCORM_INTERACTION: 300,
    ENROLMENT: 300,
    LAST_ACCESS: 300,
    ANSWER: 300,
    LOG: 300,
}
"""Seconds by which each stream's stored cursor stays behind the site's present, where the plugin keeps no log."""

_OVERLAP_WITH_LOG = 300  # what is dated back is in the log
_BEFORE_PUT_BACK = (
    86400  # seconds before the last pull from which all is read again when the site's clock was put right
)

_TOGETHER = 3600  # seconds between cursors that are read together, at the price of that many known rows
_COURSES_PER_CALL = 500  # below the number of variables that PHP accepts in one request
IDS_PER_CALL = 500
"""Accounts that are asked about in one call."""


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
    full: bool = False,
    resume: bool = False,
    since: datetime | None = None,
    patience: Sequence[float] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> PullReport:
    """Reads every stream of `courses` (our key → Moodle's course id) since its cursor.

    `subjects` gives for adopted courses our keys of their activities by Moodle's course module numbers; `asked`
    the questionnaires of programmes by the keys of the activities that ask them. `full` reads everything and compares it with
    what is known; with `resume` it leaves out what a full pass that was stopped within the last day has done. `since` reads
    again from a moment on. `patience`: seconds to wait, each time that the site is busy, before it is asked again.

    Raises MoodleError where the site fails, WrongPage where its answer cannot be right, AnotherSite where another Moodle
    answers than the one that is known under the site's name, PullInterrupted when `stopping` says so between two pages; in each case what was stored stays, and the next pull goes on
    from there. The run and its outcome are in the table `run`.
    """
    if page < 1:
        raise ValueError("a page has at least one row")
    source = PluginSource(client, page, patience, sleep)
    work = PluginPull(
        client,
        source,
        engine,
        site,
        dict(courses),
        clock,
        progress,
        stopping or (lambda: False),
        subjects or {},
        asked or {},
    )
    with recorded_run(engine, site, "pull", clock, lambda: work.report().as_json()) as run_id:
        work.run_id = run_id
        passes = FullPass(work)
        fresh = work.courses_without_cursor()
        work.read_news(passes, None if since is None else int(since.timestamp()))
        passes.run(everything=full, resume=resume, fresh=fresh)
    return work.report()


# --- one pull ---------------------------------------------------------------------------------


class LooksAgain(Protocol):
    """What goes through the plugin's log."""

    @property
    def withdrawn(self) -> Collection[str]:
        """The courses of which it has read something that the rest of the log has to explain."""

    def follow(self, ask: Ask, page: Page) -> None:
        """Looks at what the entries of a page of the log name."""


@dataclass
class PluginPull:
    """One reading of one site: what it was given, and what it has done so far."""

    client: Caller
    source: PluginSource
    engine: Engine
    site: str
    courses: Mapping[str, int]
    clock: Clock
    progress: Progress | None
    stopping: Callable[[], bool]
    subjects: Mapping[str, Mapping[int, str]]
    asked: Mapping[str, tuple[Asked, ...]]
    run_id: int | None = None
    new: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PLUGIN_STREAMS, 0))
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PLUGIN_STREAMS, 0))
    pages: int = 0
    gone: int = 0
    reused: int = 0
    unlisted: list[UnlistedAccount] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.clock.now()
        if self.asked:
            self.new[ANSWER] = self.rows[ANSWER] = 0
        self._asking = {key.partition("/")[0] for key in self.asked}
        self._person_of: dict[int, str] = {}  # Moodle user id → person id, as far as met
        self._time: KnownTime | None = None
        self._identified = False  # the Moodle that answers is the one that is known under the site's name
        self._told = 0  # the site's time in the last answer
        self.first_told = 0  # and in the first

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams to be read, in their order."""
        return (*PLUGIN_STREAMS, ANSWER) if self.asked else PLUGIN_STREAMS

    def courses_in(self, stream: str) -> dict[str, int]:
        """The courses in which a stream is read."""
        if (
            stream == ENROLMENT
        ):  # who learns in adopted courses is read from core's list, with the institutions
            return {key: number for key, number in self.courses.items() if key not in self.subjects}
        if stream != ANSWER:
            return dict(self.courses)
        return {key: number for key, number in self.courses.items() if key in self._asking}

    def report(self) -> PullReport:
        """What was done up to now."""
        seconds = (self.clock.now() - self.started).total_seconds()
        warnings = list(self.warnings)
        if not self.source.knows(QUESTION_OUTCOME):
            warnings.append(Problem("pull.no-question-outcomes", severity="warning"))
        if self.reused:
            warnings.append(Problem("pull.numbers-reused", {"n": self.reused}, severity="warning"))
        rows = sum(self.rows.values())
        return PullReport(
            dict(self.new), self.pages, rows, seconds, tuple(self.unlisted), tuple(warnings), gone=self.gone
        )

    # --- what is new --------------------------------------------------------------------------

    def read_news(self, passes: LooksAgain, since: int | None = None) -> None:
        """Reads every stream from its cursors on, or from a moment on (epoch seconds of the site's clock)."""
        known = self.cursors(*self.streams, LOG)
        asks = [
            Ask(stream, together, start if since is None else (since, 0))
            for stream in (*self.streams, LOG)
            for start, together in self._groups(stream, known[stream])
        ]
        self.run(asks, passes, moves=True)

    def run(
        self,
        asks: Iterable[Ask],
        passes: LooksAgain,
        *,
        moves: bool,
        seen: Callable[[Ask, Page], None] | None = None,
    ) -> None:
        """Asks until everything is answered, storing page by page. `moves`: whether cursors follow."""
        waiting = list(asks)
        while waiting:
            if not self.source.together:
                waiting = [ask for ask in waiting if ask.stream != LOG]
                if not waiting:
                    return
            self.check_stop()
            answered = self.source.ask(waiting)
            self._check_identity()
            back = [self._from_further_back(ask, page, waiting) for ask, page in answered if page["now"]]
            if any(back):
                continue  # asked again, from before the moment at which the clock was put right
            self.store(answered, passes, moves=moves, seen=seen)
            done = {ask for ask, page in answered if not page["more"]}
            waiting = [ask for ask in waiting if ask not in done]

    def _check_identity(self) -> None:
        """Raises AnotherSite; before anything else of the site is believed, or asked."""
        if self.source.identity is not None and not self._identified:
            with reading(self.engine) as connection:
                self._identified = check_identity(connection, self.site, self.source.identity)

    def check_stop(self) -> None:
        """Raises PullInterrupted when the pull is to stop."""
        if self.stopping():
            raise PullInterrupted("pull.interrupted", facts=sum(self.new.values()))

    def _from_further_back(self, ask: Ask, page: Page, waiting: Sequence[Ask]) -> bool:
        """Looks at the site's time; True where a clock was set and the cursors have been taken back for it."""
        ours = int(self.clock.now().timestamp())
        first = self._time is None
        if self._time is None:
            with reading(self.engine) as connection:
                self._time = known_time(connection, self.site)
            if (warning := clock_warning(page["now"], ours)) is not None:
                self.warnings.append(warning)
            self.first_told = page["now"]
        self._told = page["now"]
        again = begin_again(self._time, page["now"], ours) if first else None
        if again is not None:
            self._take_back_cursors(again)
        check_present(self._time, page["now"], ours)
        if again is None:
            return False
        for one in waiting:
            one.position = min(one.position, (again, 0))
        return True

    def _take_back_cursors(self, to: int) -> None:
        table = schema.cursor
        later = (table.c.site == self.site) & (table.c.since > to) & table.c.stream.in_(OVERLAP)
        with self.engine.begin() as connection:
            found = connection.execute(
                update(table).where(later).values(since=to, after_id=0, updated_at=self.clock.now())
            )
        if found.rowcount:
            self.warnings.append(Problem("pull.clock-set", {}, severity="warning"))

    def courses_without_cursor(self) -> set[str]:
        """The courses that have never been read."""
        table = schema.cursor
        ours = (table.c.site == self.site) & (table.c.stream != COURSE_ID)
        query = select(table.c.course).distinct().where(ours)
        with reading(self.engine) as connection:
            return set(self.courses) - set(connection.execute(query).scalars())

    def _groups(
        self, stream: str, known: Mapping[str, Position]
    ) -> Iterable[tuple[Position, dict[str, int]]]:
        """Courses to be read together, with the position to begin at."""
        read = self.courses_in(stream)
        if stream == LOG:  # a course that was never read has no past to be corrected
            read = {key: number for key, number in read.items() if key in known}
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
            group[course] = read[course]
        if group:
            yield first, group

    def cursors(self, *streams: str) -> dict[str, dict[str, Position]]:
        """By stream, then by course, the kept positions."""
        with reading(self.engine) as connection:
            return kept_positions(connection, self.site, streams)

    def keep(self, name: str, courses: Iterable[str], position: Position) -> None:
        """Keeps the position of something that is no stream, whatever was kept."""
        now = self.clock.now()
        with self.engine.begin() as connection:
            keep_positions(connection, self.site, ((name, one, position) for one in courses), now, back=True)

    # --- storing ------------------------------------------------------------------------------

    def store(
        self,
        answered: Sequence[tuple[Ask, Page]],
        passes: LooksAgain,
        *,
        moves: bool,
        seen: Callable[[Ask, Page], None] | None = None,
    ) -> None:
        """Stores pages, and where they end, in one transaction; nothing of any of them where one is wrong."""
        log = [(ask, page) for ask, page in answered if ask.stream == LOG]
        told = [(ask, page) for ask, page in answered if ask.stream != LOG]
        values = [values_of(ask.stream, page["rows"]) for ask, page in told]
        strangers = self._ask_about_strangers({row["userid"] for _, page in told for row in page["rows"]})
        now = self.clock.now()
        found: list[tuple[str, int, Stored]] = []
        with self.engine.begin() as connection:
            if self.source.identity is not None and not self._identified:
                keep_identity(connection, self.site, self.source.identity, now)
            met = known_persons(connection, self.site, strangers)  # another pull may have met them meanwhile
            met |= meet_accounts(connection, self.site, [one for one in strangers if one not in met], now)
            person_of = {**self._person_of, **met} if met else self._person_of
            for (ask, page), said in zip(told, values, strict=True):
                stored = self._store_rows(connection, ask, page, said, person_of, now)
                found.append((ask.stream, len(page["rows"]), stored))
            if moves:
                self._keep_where(connection, told, now)
                if self._told:
                    keep_time(connection, self.site, self._told, now)
        self._identified = self.source.identity is not None
        self._person_of.update(met)
        for ask, page in log:
            passes.follow(ask, page)
            if moves:  # whoever goes on after a stop reads again what could not be judged yet
                judged = {key: number for key, number in ask.courses.items() if key not in passes.withdrawn}
                with self.engine.begin() as connection:
                    self._keep_where(connection, [(replace(ask, courses=judged), page)], self.clock.now())
        for ask, page in answered:
            if page["rows"] and not ask.ids:
                ask.position = (page["since"], page["afterid"])
            if seen is not None:
                seen(ask, page)
        for stream, rows, stored in found:
            self.pages += 1
            self.rows[stream] += rows
            self.count(stream, stored)
            if self.progress is not None:
                self.progress(stream, self.rows[stream], self.new[stream])

    def count(self, stream: str, stored: Stored) -> None:
        """Counts what was stored."""
        self.new[stream] += stored.new
        self.gone += stored.gone
        self.reused += stored.reused

    def withdraw(self, deleted: Sequence[Withdrawn]) -> None:
        """Adds that answers to questionnaires were deleted on the site."""
        if not deleted:
            return
        now = self.clock.now()
        with self.engine.begin() as connection:
            persons = known_persons(connection, self.site, sorted({one.user_id for one in deleted}))
            gone = [
                (self.asked.get(one.activity, ()), persons[one.user_id], one.at)
                for one in deleted
                if one.user_id in persons
            ]
            new = store_withdrawn(connection, self.site, gone, now, self.run_id)
        self.count(ANSWER, Stored(new, new))

    def _store_rows(
        self,
        connection: Connection,
        ask: Ask,
        page: Page,
        values: Sequence[tuple[int, dict[str, object]]],
        person_of: Mapping[int, str],
        now: datetime,
    ) -> Stored:
        if ask.stream == ANSWER:
            facts: list[Fact] = []
            for row, (t, said) in zip(page["rows"], values, strict=True):
                asked = self.asked.get(self.subject(ask.key_of[row["courseid"]], row), ())
                when = datetime.fromtimestamp(t, UTC)
                answers = {key: str(value) for key, value in said.items()}
                facts += answer_facts(asked, person_of[row["userid"]], when, answers)
            return Stored(store_answers(connection, self.site, facts, now, self.run_id))
        observed = [
            Fact(
                ask.stream,
                str(row["id"]),
                datetime.fromtimestamp(t, UTC),
                person_of[row["userid"]],
                ask.key_of[row["courseid"]],
                self.subject(ask.key_of[row["courseid"]], row),
                value,
            )
            for row, (t, value) in zip(page["rows"], values, strict=True)
        ]
        return store_observed(connection, self.site, ask.stream, observed, page["now"], now, self.run_id)

    def subject(self, course: str, row: PageRow) -> str:
        """Our key of the activity that a row is about; "" for none."""
        adopted = self.subjects.get(course)
        key = row["key"] if adopted is None else adopted.get(row["cmid"], "")
        return key or (f"cmid:{row['cmid']}" if row["cmid"] else "")

    # --- cursors ------------------------------------------------------------------------------

    def _keep_where(
        self, connection: Connection, answered: Sequence[tuple[Ask, Page]], now: datetime
    ) -> None:
        """Keeps where the next pull begins; another course of a group may be further already."""
        positions = [
            (ask.stream, course, self._behind(ask, page, now))
            for ask, page in answered
            if page["now"]
            for course in ask.courses
        ]
        keep_positions(connection, self.site, positions, now)

    def _behind(self, ask: Ask, page: Page, now: datetime) -> Position:
        """Where the next pull begins: behind the last row, the site's present, and ours."""
        last = (page["since"], page["afterid"])
        reached = last if page["more"] else max(last, (page["now"], 0))
        overlap = OVERLAP[ask.stream] if self.source.log_since is None else _OVERLAP_WITH_LOG
        present = min(page["now"], int(now.timestamp()))
        return min(reached, (present - overlap, 0))

    # --- people -------------------------------------------------------------------------------

    def _ask_about_strangers(self, user_ids: set[int]) -> list[int]:
        """User ids that the database does not know yet, after the site has told which accounts they are."""
        unknown = sorted(user_ids - self._person_of.keys())
        with reading(self.engine) as connection:
            self._person_of.update(known_persons(connection, self.site, unknown))
        strangers = [user_id for user_id in unknown if user_id not in self._person_of]
        for start in range(0, len(strangers), IDS_PER_CALL):
            self.unlisted += [
                UnlistedAccount(account["id"], account["username"])
                for account in self.accounts(strangers[start : start + IDS_PER_CALL])
                if not account["deleted"]
            ]
        return strangers

    def accounts(self, user_ids: Sequence[int]) -> list[Account]:
        """What the site says of at most `IDS_PER_CALL` accounts; raises MoodleError, WrongPage."""
        answer = self.client.call(ACCOUNTS, {"userids": list(user_ids)})
        try:
            return accounts_shape.validate_python(answer)
        except pydantic.ValidationError as error:
            raise WrongPage("pull.page-shape", stream=ACCOUNTS, detail=first_error(error)) from error
