"""Nothing lost, nothing twice: pulls among everything that can happen on a site and on the way from it."""

from __future__ import annotations

import atexit
import os
import pickle
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from small_world import FAULTS, Client, World, learn, small_site
from sqlalchemy import event, select

from lms_sync.clock import FixedClock
from lms_sync.moodle.errors import MoodleError
from lms_sync.pull import PullReport, WrongPage, pull
from lms_sync.store import schema
from lms_sync.store.database import open_database
from moodle_standin import taken_back

EXAMPLES = int(os.environ.get("NOTHING_LOST_EXAMPLES", "100"))
STEPS = int(os.environ.get("NOTHING_LOST_STEPS", "30"))

_WORLD = World(small_site())
learn(_WORLD)
_SITE = pickle.dumps(_WORLD.site)
_MEMORY = Path("/dev/shm")
_FOLDER = Path(tempfile.mkdtemp(prefix="nothing-lost-", dir=_MEMORY if _MEMORY.is_dir() else None))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
_EMPTY = _FOLDER / "empty.db"
open_database(f"sqlite:///{_EMPTY}").dispose()
_STATE = _FOLDER / "state.db"
# One for all: what is learned of SQL on the way is kept, which a fifth of the time went into. Nothing else of it is.
_ENGINE = open_database(f"sqlite:///{_STATE}", migrate=False)
_ENGINE.dispose()


@event.listens_for(_ENGINE, "commit")
def _commit(connection: Any) -> None:
    if NothingLost.running is not None:
        NothingLost.running.commit(connection)


COURSE = st.sampled_from(["archive", "ethics"])
LEARNER = st.integers(0, 2)
MODULE = st.sampled_from(["scorm", "quiz"])
ELEMENTS = (
    "cmi.core.lesson_status",
    "cmi.core.score.raw",
    "cmi.interactions_0.id",
    "cmi.interactions_0.result",
)


class Killed(BaseException):
    """The process is gone; nothing of it runs any more."""


def current(engine: Any) -> tuple[dict[Any, Any], int]:
    """What the log says of now, by its own order: (stream, number) → (account, course, value); and how many facts."""
    with engine.connect() as connection:
        user_of = {row.person_id: row.user_id for row in connection.execute(select(schema.account))}
        last: dict[tuple[str, str], Any] = {}
        facts = list(connection.execute(select(schema.fact).order_by(schema.fact.c.id)))
    for row in facts:
        key = (row.stream, row.source_id)
        before = last.get(key)
        if before is not None and before.person_id == row.person_id and before.course == row.course:
            same = before.content_hash == row.content_hash
            assert not same or row.source_time != before.source_time, f"the same fact twice: {key}"
            assert same or row.source_time > before.source_time, f"a change before what it changed: {key}"
        elif before is not None:
            assert before.value.get("gone"), f"somebody else's number, and what had it is not gone: {key}"
        last[key] = row
    held = {}
    for key, row in last.items():
        value = {name: said for name, said in row.value.items() if name != "time"}
        if not value.get("gone"):
            held[key] = (user_of[row.person_id], row.course, value)
    return held, len(facts)


class NothingLost(RuleBasedStateMachine):
    """A site that lives, and a pull that comes by."""

    running: ClassVar[NothingLost | None] = None

    def __init__(self) -> None:
        super().__init__()
        NothingLost.running = self
        self.engine = _ENGINE
        self.engine.dispose()
        for one in _FOLDER.glob("state.db*"):
            one.unlink()
        shutil.copy(_EMPTY, _STATE)
        self.world = World(pickle.loads(_SITE), time=_WORLD.time)
        self.client = Client(self.world)
        self.everything_is_told = False
        self.clock_goes_wrong = False
        self.untold = False  # something happened that only a full pass can find
        self.seen_skew = self.lowest_skew = 0
        self.commits_left: int | None = None
        self.open()

    @initialize(known=st.booleans(), told=st.booleans(), clocks=st.booleans())
    def begins(self, *, known: bool, told: bool, clocks: bool) -> None:
        """Half of the sites were read before; on half nothing happens that the site does not tell, of half the clock goes right."""
        self.everything_is_told = told
        self.clock_goes_wrong = clocks
        if known:
            self.world.pass_time(400)
            self.read(page=500)

    def open(self) -> None:
        """A new process opens the database: nobody is connected to it any more."""
        self.engine.dispose()
        self.commits_left = None

    def commit(self, connection: Any) -> None:
        """Dies before or after the commit that it is to die at."""
        if self.commits_left is None:
            return
        self.commits_left -= 1
        if self.commits_left <= 0:
            if self.dies_after and self.commits_left == 0:
                connection.connection.driver_connection.commit()
            raise Killed

    def teardown(self) -> None:
        try:
            self.world.skew = 0
            self.world.pass_time(3 * 3600)
            self.client.faults, self.client.old = iter(()), None
            self.read(page=500)
            self.clock_was_seen()
            if self.untold:
                self.read(full=True, page=500)
            self.compare()
            self.world.pass_time(10)
            # What is read in full once more says nothing that was not known.
            assert self.read(full=not self.untold, page=500).facts == 0, "the same rows made facts again"
        finally:
            self.engine.dispose()

    def clock_was_seen(self) -> None:
        """Between two pulls the site's clock was slow and put right again: what happened then looks old."""
        if self.lowest_skew < min(self.seen_skew, self.world.skew) - 60:
            self.untold = True
        self.seen_skew = self.lowest_skew = self.world.skew

    def compare(self) -> None:
        """The log's present is the site's own."""
        held, _ = current(self.engine)
        assert held == self.world.present()

    def read(self, *, full: bool = False, page: int = 7) -> PullReport:
        world = self.world
        return pull(
            self.client,
            self.engine,
            "site",
            world.courses,
            FixedClock(datetime.fromtimestamp(world.time, UTC)),
            page=page,
            full=full,
            sleep=lambda seconds: None,
        )

    # --- the site

    @rule(
        course=COURSE,
        learner=LEARNER,
        module=MODULE,
        what=st.sampled_from(["completes or not", "is graded", "attempts", "plays", "looks in"]),
        data=st.data(),
    )
    def somebody_learns(self, course: str, learner: int, module: str, what: str, data: st.DataObject) -> None:
        world = self.world
        number, user = world.courses[course], world.users[learner]
        match what:
            case "completes or not":
                world.complete(number, user, module, data.draw(st.integers(0, 3)))
            case "is graded":
                # The total's maximum, which may change, belongs to everybody's grade, and only the log says so.
                world.grade(number, user, module, data.draw(st.sampled_from([0.0, 55.5, 100.0])))
            case "attempts":
                world.attempt(number, user)
            case "plays":
                value = data.draw(st.sampled_from(["passed", "80", "new"]))
                world.scorm(number, user, data.draw(st.sampled_from(ELEMENTS)), value)
            case _:
                if world.site.is_actively_enrolled(number, user):
                    taken_back.look_in(world.site, number, user)

    @rule(data=st.data(), value=st.sampled_from([10.0, 90.0]), ago=st.sampled_from([30, 30, 4000, 200_000]))
    @precondition(lambda self: self.world.site.grades)
    def is_graded_again_with_an_old_date(self, data: st.DataObject, value: float, ago: int) -> None:
        site = self.world.site
        item, user = data.draw(st.sampled_from(sorted(site.grades)))
        taken_back.grade_again(site, item, user, value, site.now() - ago)

    @rule(
        course=COURSE,
        learner=LEARNER,
        what=st.sampled_from(
            ["grade", "attempt", "package attempt", "leaves", "is suspended", "comes", "reset"]
        ),
        data=st.data(),
    )
    def something_is_taken_back(self, course: str, learner: int, what: str, data: st.DataObject) -> None:
        world = self.world
        site, number, user = world.site, world.courses[course], world.users[learner]
        match what:
            case "grade" if site.grades:
                taken_back.delete_grade(site, *data.draw(st.sampled_from(sorted(site.grades))))
            case "attempt" if site.quiz_attempts:
                taken_back.delete_quiz_attempt(site, data.draw(st.sampled_from(sorted(site.quiz_attempts))))
            case "package attempt":
                scorm = world.modules(number, "scorm").instance
                if attempts := site.scorm_attempts.get((scorm, user)):
                    taken_back.delete_scorm_attempt(site, scorm, user, attempts[0].attempt)
            case "leaves":
                taken_back.unenrol(site, number, user)
            case "is suspended" | "comes":
                taken_back.enrol_again(site, number, user, status=int(what == "is suspended"))
            case "reset":
                taken_back.reset_completions(site, number)

    @rule(what=st.sampled_from(["course completion", "completion"]), data=st.data())
    @precondition(lambda self: not self.everything_is_told)
    def something_changes_and_nothing_tells(self, what: str, data: st.DataObject) -> None:
        site = self.world.site
        done = sorted(key for key, one in site.course_completions.items() if one.timecompleted)
        if what == "course completion" and done:
            taken_back.set_back_course_completion(site, *data.draw(st.sampled_from(done)))
            self.untold = True
        elif site.activity_completions:
            key = data.draw(st.sampled_from(sorted(site.activity_completions)))
            taken_back.delete_activity_completion(site, *key)
            self.untold = True

    # --- its clock, its past

    @rule(seconds=st.sampled_from([1, 1, 20, 400, 5000, 9 * 86400]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule(skew=st.sampled_from([0, 0, 3600, -3600, 30]))
    @precondition(lambda self: self.clock_goes_wrong)
    def the_clock_of_the_site_is_set(self, skew: int) -> None:
        self.world.skew = skew
        self.lowest_skew = min(self.lowest_skew, skew)
        self.world.set_clock()

    @rule()
    def a_backup_is_made(self) -> None:
        self.world.keep_backup()

    @rule(course=COURSE, learner=LEARNER)
    @precondition(lambda self: self.world.kept is not None and not self.everything_is_told)
    def the_site_is_restored_from_its_backup(self, course: str, learner: int) -> None:
        """Numbers that were given since are given anew, to whoever comes next."""
        world = self.world
        world.restore_backup()
        world.scorm(world.courses[course], world.users[learner], ELEMENTS[0], "new")
        self.untold = True

    # --- the pull

    @rule(
        faults=st.lists(st.sampled_from([None, None, *FAULTS]), max_size=3),
        dies_at=st.none() | st.integers(1, 6),
        after=st.booleans(),
        full=st.sampled_from([False, False, True]),
        old=st.booleans(),
        page=st.sampled_from([2, 7, 500]),
        later=st.sampled_from([0, 1, 400, 400]),  # the last: beyond what is read again anyway
    )
    def pulls(
        self,
        faults: list[str | None],
        dies_at: int | None,
        page: int,
        later: int,
        *,
        after: bool,
        full: bool,
        old: bool,
    ) -> None:
        self.world.pass_time(later)
        self.client.faults = iter(faults)
        self.client.old = self.world.past() if old else None  # yesterday's data
        self.commits_left, self.dies_after = dies_at, after
        try:
            self.read(full=full, page=page)
        except (MoodleError, WrongPage):
            self.commits_left = None
        except Killed:
            self.engine.dispose()
            self.open()
        finally:
            self.client.faults, self.client.old, self.commits_left = iter(()), None, None

    @rule(course=COURSE, learner=LEARNER, dies_at=st.integers(1, 4), after=st.booleans())
    def a_pull_of_something_old_is_killed(
        self, course: str, learner: int, dies_at: int, *, after: bool
    ) -> None:
        """And the next one finds it, although it lies before everything that is read again anyway."""
        self.world.scorm(self.world.courses[course], self.world.users[learner], ELEMENTS[0], "new")
        self.world.pass_time(400)
        self.commits_left, self.dies_after = dies_at, after
        try:
            self.read(page=7)
        except (MoodleError, WrongPage):
            self.commits_left = None
        except Killed:
            self.engine.dispose()
            self.open()
        self.commits_left = None
        self.in_peace(page=3)

    @rule(late=st.booleans(), page=st.sampled_from([3, 500]), data=st.data())
    def pulls_in_peace(self, *, late: bool, page: int, data: st.DataObject) -> None:
        """With `late` something is stored after it that was written half a minute before."""
        self.in_peace(page)
        site = self.world.site
        if late and site.grades:
            item, user = data.draw(st.sampled_from(sorted(site.grades)))
            taken_back.grade_again(
                site, item, user, data.draw(st.sampled_from([20.0, 70.0])), site.now() - 30
            )

    def in_peace(self, page: int = 500) -> None:
        """Nothing goes wrong: what is known afterwards is what the site has, before a full pass could mend it."""
        self.world.pass_time(1)  # rows of the running second are not told yet
        try:
            self.read(page=page)
        except WrongPage as wrong:
            if wrong.code != "pull.site-in-the-past":
                raise
            self.clock_was_seen()
            return
        self.clock_was_seen()
        if not self.untold and not self.clock_goes_wrong:  # what lies in the site's future is not told yet
            self.compare()

    @rule(course=COURSE, learner=LEARNER, element=st.sampled_from(ELEMENTS[:2]))
    def something_is_learned_since_a_backup(self, course: str, learner: int, element: str) -> None:
        """And pulled, so that the next to answer from that backup, or to be given its numbers, contradicts it."""
        world = self.world
        world.keep_backup()
        world.scorm(world.courses[course], world.users[learner], element, "new")
        world.pass_time(1000)
        self.in_peace()

    @rule()
    @precondition(lambda self: self.world.kept is not None)
    def the_site_answers_with_old_data(self) -> None:
        self.client.old = self.world.past()
        try:
            self.read(full=True, page=500)
        except WrongPage:
            pass
        finally:
            self.client.old = None


TestNothingLost = NothingLost.TestCase
TestNothingLost.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    phases=[Phase.explicit, Phase.generate] + [Phase.shrink] * (os.environ.get("SHRINK") == "1"),
    suppress_health_check=list(HealthCheck),
)
