"""The crash table: apply is killed at every place that it passes, run again, and its site recounted.

    python tests/crash/campaign.py                       the places of `make test`
    python tests/crash/campaign.py --without-waiting     the control: the rule is not there, and the recount shows it
    python tests/crash/campaign.py --every               every place of every stage
    python tests/crash/campaign.py --random 2000 --seed 7     random ones; both are in `make proofs`

One warm process imports everything, builds the academy once and forks the workers. A worker forks a child for each
kill; what is run to its end afterwards runs in the worker itself, on the files that the dead child has left. Stand-ins
run as processes of their own, one for each worker, and go on working on what a dead client has sent.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.request import Request, urlopen

from kill_points import Kill, Place, Watch, is_write
from recount import Recount, recount
from small_academy import SmallAcademy, Stage
from sqlalchemy import Engine

from lms_sync.after_stop import read_after_stop
from lms_sync.apply import ApplyReport
from lms_sync.clock import SystemClock
from lms_sync.journal import open_rows
from lms_sync.moodle.client import MoodleClient
from lms_sync.people import known_accounts
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.settings import PeopleSettings, Secret, Settings, SiteSettings
from lms_sync.store.database import open_database, reading
from lms_sync.store.one_at_a_time import only_one

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = "main"
TOKEN = "5" * 32
DATABASE = "state.db"


# --- one run of apply ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """A site, and how long it may work on one request."""

    url: str
    token: str
    student_role_id: int = 5

    def settings(self, longest: float) -> Settings:
        """The configuration that an administrator would write."""
        site = SiteSettings(
            url=self.url, token_env="UNUSED", student_role_id=self.student_role_id,
            longest_request_seconds=longest,
        )  # fmt: skip
        return Settings(sites={SITE: site}, people=PeopleSettings(create="missing"))

    def client(self) -> MoodleClient:
        """A client that is not patient with a site that is gone."""
        return MoodleClient(self.url, Secret(self.token), waits=(0.05, 0.1))


@dataclass(frozen=True)
class Workplace:
    """A folder with a state database, opened once: what is learned of SQL on the way serves all who are forked here.

    Nobody is connected between two runs, so that each of them, and each child, opens the files anew.
    """

    folder: Path
    engine: Engine

    @classmethod
    def at(cls, folder: Path) -> Workplace:
        """In a folder; the database is made where there is none."""
        return cls(folder, open_database(f"sqlite:///{folder / DATABASE}"))

    def begin(self, database: Path) -> None:
        """Leaves nothing but a copy of a database."""
        self.engine.dispose()
        for one in self.folder.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        shutil.copy(database, self.folder / DATABASE)


def run_apply(target: Target, stage: Stage, work: Workplace, longest: float) -> str:
    """What the verb does: settle, plan, apply, read back. What is wrong in the end, "" if nothing."""
    try:
        return _run_apply(target, stage, work, longest)
    finally:
        work.engine.dispose()


def _run_apply(target: Target, stage: Stage, work: Workplace, longest: float) -> str:
    settings = target.settings(longest)
    site = settings.sites[SITE]
    engine, folder = work.engine, work.folder
    client = target.client()
    clock = SystemClock()

    def again() -> Prepared:
        with reading(engine) as connection:
            known = known_accounts(connection, SITE)
        return prepare(client, stage.built, settings, site, known=known)

    report = ApplyReport()
    with only_one(engine, SITE), closing(client):
        prepared = read_after_stop(
            engine,
            SITE,
            clock,
            again,
            longest_seconds=longest,
            sleep=client.sleep,
            say=report.problems.append,
        )
        report, left = apply_prepared(
            client, engine, SITE, prepared, settings, site, folder, clock,
            again=again, report=report, say=report.problems.append, parallel=stage.parallel,
        )  # fmt: skip
    still_open = open_rows(engine, SITE)
    if not report.complete:
        return (
            "refused: "
            + "; ".join(
                f"{change.kind} {change.key} {problem.code} {dict(problem.params)}"
                for change, problem in report.failed
            )
            + f"; skipped {len(report.skipped)}"
        )
    if left.plan.work:
        return "left: " + ", ".join(f"{one.action} {one.kind} {one.key}" for one in left.plan.work)
    if still_open:
        return "the journal has open rows"
    return ""


def plan_again(target: Target, stage: Stage, work: Workplace) -> str:
    """What a plan says when everything that was on its way has landed."""
    settings = target.settings(1)
    with reading(work.engine) as connection:
        known = known_accounts(connection, SITE)
    work.engine.dispose()
    with closing(target.client()) as client:
        plan = prepare(client, stage.built, settings, settings.sites[SITE], known=known).plan
    wrong = [f"{one.action} {one.kind} {one.key}" for one in (*plan.work, *plan.refused)]
    return "planned again: " + ", ".join(wrong) if wrong else ""


def in_child(work: Callable[[], str]) -> tuple[int, str]:
    """Runs something in a fork of this warm process: its exit status (negative: the signal) and what it said."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        try:
            said = work()
            status = 1 if said else 0
        except BaseException:  # noqa: BLE001 - the parent is told of whatever it was
            said, status = traceback.format_exc(), 2
        with os.fdopen(send, "w", encoding="utf-8") as pipe:
            pipe.write(said)
        os._exit(status)
    os.close(send)
    with os.fdopen(receive, encoding="utf-8") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said


def in_this(work: Callable[[], str]) -> tuple[int, str]:
    """The same in this process, for what nobody kills: a child costs as much as a short run."""
    try:
        said = work()
    except Exception:  # noqa: BLE001 - told as a child's
        return 2, traceback.format_exc()
    return (1 if said else 0), said


# --- stand-ins -------------------------------------------------------------------------------------------------


@dataclass
class StandIn:
    """A stand-in Moodle as a process, and what a run needs to know of it."""

    process: subprocess.Popen[bytes]
    target: Target
    databases: dict[str, Path] = field(
        default_factory=dict
    )  # by stage: the state database that fits the site

    def ask(self, path: str, value: object = None, method: str = "") -> str:
        body = None if value is None else json.dumps(value).encode()
        asked = Request(f"{self.target.url}/standin/{path}", body, method=method or None)
        asked.add_header("Content-Type", "application/json")
        with urlopen(asked, timeout=20) as answer:
            return str(answer.read().decode("utf-8"))

    def wait_until_idle(self) -> None:
        """Waits for requests whose clients have died."""
        while json.loads(self.ask("working"))["working"]:
            time.sleep(0.01)


@contextmanager
def stand_in(folder: Path, academy: SmallAcademy) -> Iterator[StandIn]:
    """Starts one with the accounts that are there before."""
    folder.mkdir()
    seed = {
        "service_account": {"token": TOKEN},
        "users": academy.accounts(),
        "courses": [],
        "site": {"random_seed": 1},
    }
    (folder / "seed.json").write_text(json.dumps(seed), encoding="utf-8")
    port_file = folder / "port"
    command = [sys.executable, "-m", "moodle_standin", "--port", "0", "--stop-with-stdin"]
    process = subprocess.Popen(
        [*command, "--seed", str(folder / "seed.json"), "--port-file", str(port_file)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stdin=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not port_file.is_file():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the stand-in does not start")
            time.sleep(0.02)
        yield StandIn(process, Target(f"http://127.0.0.1:{int(port_file.read_text())}", TOKEN))
    finally:
        process.terminate()
        process.wait(10)


# --- one kill --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """Apply of a stage, killed once or several times, then run to its end."""

    stage: int
    what: str  # the row of the table
    kills: tuple[Kill, ...]
    function: str = ""
    waits: bool = True  # False: as if the rule were not there

    @property
    def late(self) -> float:
        """How long the site works on the request that loses its client."""
        return max(kill.late for kill in self.kills)

    @property
    def longest(self) -> float:
        """How long the site may work on one request, with a margin for a busy machine."""
        if not self.waits:
            return 0
        return self.late + 1.5 if self.late else 0.15


@dataclass(frozen=True)
class Outcome:
    """What came of a trial."""

    trial: Trial
    killed: int
    found: Recount
    wrong: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether nothing was made twice, lost or left behind."""
        return self.found.clean and not self.wrong

    def as_json(self) -> dict[str, Any]:
        """For results and for the pipe between processes."""
        return asdict(self)


def attempt(trial: Trial, stages: Sequence[Stage], site: StandIn, work: Workplace) -> Outcome:
    """Runs one trial on a fresh site."""
    started = time.monotonic()
    stage = stages[trial.stage]
    site.ask("back", {"name": stage.name})
    work.begin(site.databases[stage.name])
    killed, wrong = 0, ""
    for kill in trial.kills:
        status, said = in_child(lambda kill=kill: killable(site, stage, work, trial.longest, kill))  # type: ignore[misc]
        killed += status == -signal.SIGKILL
        if status > 0:
            wrong = f"the run to be killed ended with {status}: {said}"
        site.ask("faults", method="DELETE")
    status, said = in_this(lambda: run_apply(site.target, stage, work, trial.longest))
    wrong = wrong or (f"{status}: {said}" if status else "")
    site.wait_until_idle()
    found = recount(site.ask("log").splitlines(), stage.wanted)
    if trial.late and found.clean and not wrong:
        status, wrong = in_this(lambda: plan_again(site.target, stage, work))
    return Outcome(trial, killed, found, wrong, time.monotonic() - started)


def killable(site: StandIn, stage: Stage, work: Workplace, longest: float, kill: Kill) -> str:
    """Apply with somebody who watches where it is and kills it."""
    Watch(site.target.url, kill, lambda place: None).begin()
    return run_apply(site.target, stage, work, longest)


# --- which kills -----------------------------------------------------------------------------------------------


def places_of(site: StandIn, stage: Stage, work: Workplace) -> list[Place]:
    """Every place that a run passes which nobody kills."""
    site.ask("back", {"name": stage.name})
    work.begin(site.databases[stage.name])
    passed: list[Place] = []
    written = work.folder / "places.json"

    def watched() -> str:
        Watch(site.target.url, None, passed.append).begin()
        wrong = run_apply(site.target, stage, work, 1)
        written.write_text(json.dumps([asdict(one) for one in passed]), encoding="utf-8")
        return wrong

    status, said = in_child(watched)
    if status:
        raise RuntimeError(f"{stage.name}: {said}")
    return [Place(**one) for one in json.loads(written.read_text(encoding="utf-8"))]


LATE = (0.12, 0.4, 1.0)
"""How long the stand-in works on a request whose client is killed, in seconds; each in turn."""

ROWS = (
    "before a read leaves", "after a read is answered", "before “people” is stored", "after “people” is stored",
    "before “begin of run” is stored", "after “begin of run” is stored",
    "before “intent” is stored", "after “intent” is stored",
    "before an upload leaves", "in the middle of an upload", "after an upload is answered",
    "before “sent” is stored", "after “sent” is stored",
    "before a write leaves", "in the middle of a write", "after a write is answered",
    "before “confirmed” is stored", "after “confirmed” is stored",
    "before “end of run” is stored", "after “end of run” is stored",
    "in the middle of a write, and again while settling", "nobody: the connection is cut in the middle of a write",
)  # fmt: skip
"""The rows of the table, in the order in which a run passes them."""


def every_place(places: Sequence[Sequence[Place]]) -> list[Trial]:
    """Each place of each stage once; each writing request killed in the middle; some killed again while settling."""
    trials: list[Trial] = []
    for stage, passed in enumerate(places):
        trials += [Trial(stage, one.name, (Kill(n),), one.function) for n, one in enumerate(passed, 1)]
        for turn, one in enumerate(sending(passed)):
            trials += [in_the_middle(stage, one, late) for late in LATE]
            trials += [again_while_settling(stage, one, turn), cut_in_the_middle(stage, one)]
    return trials


def places_for_each_test(places: Sequence[Sequence[Place]]) -> list[Trial]:
    """As many of them as `make test` has time for: samples of a first push, of changes, and of two courses at once.

    After a kill at a place of each kind the next run is killed too, and in the first push the one after it: at other
    places each time.
    """
    trials: list[Trial] = []
    for stage, passed in enumerate(places):
        for turn, n in enumerate(_one_of_each_kind(passed, stage)):
            again = (Kill(place=2 + (5 * turn) % 41), Kill(place=3 + (11 * turn) % 37))
            kills = (Kill(n), *again[: 1 if stage else 2])
            trials.append(Trial(stage, passed[n - 1].name, kills, passed[n - 1].function))
        for turn, one in enumerate(sending(passed)):
            trials.append(in_the_middle(stage, one, LATE[(turn + stage) % 3]))
            if turn % 3 == stage:
                trials += [again_while_settling(stage, one, turn), cut_in_the_middle(stage, one)]
    return trials


def _one_of_each_kind(passed: Sequence[Place], stage: int) -> list[int]:
    """The number of one place of each kind, another one in each stage."""
    kinds: dict[str, list[int]] = {}
    for n, one in enumerate(passed, 1):
        kinds.setdefault(one.name, []).append(n)
    return [found[(turn + 3 * stage) % len(found)] for turn, found in enumerate(kinds.values())]


_NO_UNIQUE_INDEX = (
    "core_course_create_categories", "core_course_create_courses", "core_cohort_create_cohorts",
    "core_group_create_groups",
)  # fmt: skip


def without_waiting(places: Sequence[Sequence[Place]]) -> list[Trial]:
    """The control: as if nobody waited for a request whose client has died. It must show duplicates."""
    return [
        # So late that the second run gets there, however busy the machine is.
        replace(in_the_middle(0, one, 3.0 if one.function in _NO_UNIQUE_INDEX else LATE[0]), waits=False)
        for one in sending(places[0])
        if one.function != "upload.php"
    ]


def mixed(many: Sequence[Trial], few: Sequence[Trial]) -> list[Trial]:
    """All of both, the few evenly among the many."""
    step = len(many) / max(1, len(few))
    order = [(n, one) for n, one in enumerate(many)] + [(n * step, one) for n, one in enumerate(few)]
    return [one for _, one in sorted(order, key=lambda each: each[0])]


def in_the_middle(stage: int, one: Place, late: float) -> Trial:
    """The client dies while the site works."""
    what = "in the middle of " + ("an upload" if one.function == "upload.php" else "a write")
    return Trial(stage, what, (Kill(request=one.request, after=min(late / 3, 0.2), late=late),), one.function)


def again_while_settling(stage: int, one: Place, turn: int) -> Trial:
    """And the second run dies too, at one of its first places: it reads, waits, settles."""
    first = Kill(request=one.request, after=LATE[0] / 3, late=LATE[0])
    second = Kill(place=2 + (5 * turn) % 41)
    return Trial(stage, "in the middle of a write, and again while settling", (first, second), one.function)


def cut_in_the_middle(stage: int, one: Place) -> Trial:
    """Nobody dies, but a proxy loses patience; the run itself has to find out what became of it."""
    kill = Kill(request=one.request, late=LATE[0], cut=True)
    return Trial(stage, "nobody: the connection is cut in the middle of a write", (kill,), one.function)


def at_random(places: Sequence[Sequence[Place]], number: int, seed: int) -> list[Trial]:
    """Kills at random places and moments, up to three in a row, with delays of up to a second."""
    chance = random.Random(seed)
    trials = []
    for _ in range(number):
        stage = chance.randrange(len(places))
        kills = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            if chance.random() < 0.4:
                kills.append(Kill(chance.randint(1, len(places[stage]))))
            else:
                one = chance.choice(sending(places[stage]))
                late = round(chance.uniform(0.02, 1.0) ** 2, 3)
                cut = chance.random() < 0.15
                kills.append(Kill(request=one.request, after=late * chance.random(), late=late, cut=cut))
        trials.append(Trial(stage, f"{len(kills)} in a row, at random", tuple(kills)))
    return trials


def sending(passed: Sequence[Place]) -> list[Place]:
    """The requests that change something."""
    return [one for one in passed if one.name.startswith("before a") and is_write(one.function)]


# --- the campaign ----------------------------------------------------------------------------------------------


def campaign(
    choose: Callable[[list[list[Place]]], list[Trial]], workers: int = 2, said: Callable[[str], None] = print
) -> list[Outcome]:
    """Prepares everything once, forks the workers, and gathers what they found."""
    academy = SmallAcademy("kp", existing=(101, 102))
    stages = (academy.first, academy.changed(), academy.two_courses())
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        with many([stand_in(folder / f"site-{n}", academy) for n in range(workers)]) as sites:
            # In this process, which so has loaded everything before the first fork.
            workplaces = [prepare_site(site, stages, folder) for site in sites]
            gc.freeze()
            gc.set_threshold(
                100_000, 50, 50
            )  # as the command does; what a collection touches, a child has to copy
            places = [places_of(sites[0], stage, workplaces[0]) for stage in stages]
            trials = choose(places)
            said(f"{[len(one) for one in places]} places, {len(trials)} trials, {workers} workers")
            found = list(in_workers(trials, stages, sites, workplaces))
    for stage in stages:
        stage.academy.close()
    return found


@contextmanager
def many(managers: Sequence[Any]) -> Iterator[list[Any]]:
    """Several context managers as one."""
    with ExitStack() as held:
        yield [held.enter_context(one) for one in managers]


def prepare_site(site: StandIn, stages: Sequence[Stage], folder: Path) -> Workplace:
    """Keeps the site, and the state database with it, as it is before each stage. Where its runs take place."""
    kept = Path(tempfile.mkdtemp(dir=folder))
    work = Workplace.at(Path(tempfile.mkdtemp(dir=folder)))
    work.engine.dispose()
    for stage in stages:
        if stage.begins_anew:
            site.ask("back", {"name": stages[0].name})
            work.begin(site.databases[stages[0].name])
        site.ask("keep", {"name": stage.name})
        site.databases[stage.name] = Path(
            shutil.copy(work.folder / DATABASE, kept / f"before-{len(site.databases)}.db")
        )
        said = run_apply(site.target, stage, work, 1)
        if said:
            raise RuntimeError(f"{stage.name}: {said}")
    return work


def in_workers(
    trials: Sequence[Trial],
    stages: Sequence[Stage],
    sites: Sequence[StandIn],
    workplaces: Sequence[Workplace],
) -> Iterator[Outcome]:
    """Shares the trials out; each worker has a stand-in and a database of its own."""
    pipes = []
    for number, (site, work) in enumerate(zip(sites, workplaces, strict=True)):
        receive, send = os.pipe()
        if os.fork() == 0:
            os.close(receive)
            work_off(trials[number :: len(sites)], stages, site, work, send)
        os.close(send)
        pipes.append(receive)
    for receive in pipes:
        with os.fdopen(receive, encoding="utf-8") as pipe:
            for line in pipe:
                yield outcome_of(json.loads(line))
    ends = [os.wait()[1] for _ in sites]
    if any(ends):
        raise RuntimeError("a worker failed; what it met stands above")


def work_off(
    trials: Sequence[Trial], stages: Sequence[Stage], site: StandIn, work: Workplace, send: int
) -> NoReturn:
    """A worker: it ends here, whatever happens, and never runs into what its parent has still to do."""
    status = 1
    try:
        with os.fdopen(send, "w", encoding="utf-8") as pipe:
            for trial in trials:
                pipe.write(json.dumps(attempt(trial, stages, site, work).as_json()) + "\n")
                pipe.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - shown, and told by the exit code
        traceback.print_exc()
    os._exit(status)


def outcome_of(told: dict[str, Any]) -> Outcome:
    """From JSON."""
    trial = told["trial"]
    kills = tuple(Kill(**one) for one in trial["kills"])
    found = {name: tuple(tuple(thing) for thing in things) for name, things in told["found"].items()}
    return Outcome(
        Trial(**{**trial, "kills": kills}), told["killed"], Recount(**found), told["wrong"], told["seconds"]
    )


def table(outcomes: Iterable[Outcome]) -> str:
    """The crash table: kill points by where they are."""
    rows: dict[str, list[Outcome]] = {}
    for one in sorted(
        outcomes, key=lambda one: ROWS.index(one.trial.what) if one.trial.what in ROWS else len(ROWS)
    ):
        rows.setdefault(one.trial.what, []).append(one)
    head = ("killed", "runs", "kills", "duplicates", "losses", "unknown", "not finished")
    lines = [head]
    for what, found in [*rows.items(), ("all", [one for each in rows.values() for one in each])]:
        numbers = (
            len(found),
            sum(one.killed for one in found),
            sum(len(one.found.duplicates) for one in found),
            sum(len(one.found.losses) for one in found),
            sum(len(one.found.unknown) for one in found),
            sum(bool(one.wrong) for one in found),
        )
        lines.append((what, *map(str, numbers)))
    wide = max(len(line[0]) for line in lines)
    return "\n".join(
        line[0].ljust(wide)
        + "".join(one.rjust(len(name) + 2) for one, name in zip(line[1:], head[1:], strict=True))
        for line in lines
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--random", type=int, default=0, metavar="N", help="N random trials instead")
    parser.add_argument(
        "--without-waiting", action="store_true", help="the control, which must show duplicates"
    )
    parser.add_argument("--and-control", action="store_true", help="the control as well; it is only written")
    parser.add_argument("--every", action="store_true", help="every place of every stage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write every outcome here")
    arguments = parser.parse_args()
    started = time.monotonic()
    choose = every_place if arguments.every else places_for_each_test
    if arguments.without_waiting:
        choose = without_waiting
    if arguments.random:
        choose = lambda places: at_random(places, arguments.random, arguments.seed)  # noqa: E731
    if arguments.and_control:
        # The control waits most of its time: it is shared out among the others.
        choose = lambda places: mixed(places_for_each_test(places), without_waiting(places))  # noqa: E731
    outcomes = campaign(choose, arguments.workers)
    found = [one for one in outcomes if one.trial.waits or not arguments.and_control]
    print(table(found))
    for one in found:
        if not one.good:
            print(json.dumps(one.as_json(), ensure_ascii=False))
    print(f"{time.monotonic() - started:.1f} s" + (f", seed {arguments.seed}" if arguments.random else ""))
    if arguments.json:
        written = json.dumps([one.as_json() for one in outcomes], indent=1)
        arguments.json.write_text(written, encoding="utf-8")
    return 0 if all(one.good for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
