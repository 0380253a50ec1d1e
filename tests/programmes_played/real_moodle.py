"""Plays the three example programmes on a real Moodle, from the push to the award of the last one.

    MOODLE_URL=… MOODLE_TOKEN=… MOODLE_ADMIN_CLI=… python tests/programmes_played/real_moodle.py [--only NAME]
        [--keep FOLDER] [--pictures FOLDER]

MOODLE_TOKEN is that of the service account, MOODLE_ADMIN_CLI a command that runs a PHP script as the site's web user in
Moodle's folder: it makes the accounts and the trainer, and runs the tasks by which Moodle completes courses. Everything
is made with keys of the run's own. Learners log in as the mobile app does. A site's time cannot be moved: people learn
today, what came before their awards has yesterday's date at the latest, and what needs a certified trainer is today.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from own_keys import play_today, played_days, rename, renamed_scenario

from certificates.keys import make_key
from certificates.policy import read_policies
from helpdesk import read_helpdesk_file
from lms_sync.academy import build_academy, read_academy
from lms_sync.clock import SystemClock
from lms_sync.configured_issuer import configured_issuer
from lms_sync.demo import demo_config
from lms_sync.helpdesk_site import build_helpdesk
from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import MoodleError
from lms_sync.package_data import example_academy
from lms_sync.people import known_accounts, read_people
from lms_sync.playing.ending import awards, explain_some, report_completion, report_coverage, verify_one
from lms_sync.playing.learning import courses_to_take
from lms_sync.playing.play import Play
from lms_sync.playing.scenarios import SCENARIOS
from lms_sync.playing.stage import RealStage
from lms_sync.programme_files import programmes_by_id, read_programme_files
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.settings import Secret, database_url, load_settings
from lms_sync.store.database import open_database, reading

HERE = Path(__file__).parent
SITE = "main"
T = TypeVar("T")
TASKS = (r"\core\task\completion_regular_task", r"\core\task\completion_daily_task")


PATIENCE = 60


def patiently(act: Callable[[], T]) -> T:
    """Does something again while the site's web services are switched off, as another trial may have done."""
    for _ in range(PATIENCE):
        try:
            return act()
        except MoodleError as error:
            if error.code not in ("moodle.web-services-off", "moodle.maintenance", "learner.no-token"):
                print(error.problem)
                raise
            time.sleep(2)
    return act()


class PatientClient(MoodleClient):
    """A client that waits while the site refuses everybody; nothing was done then."""

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        return patiently(lambda: MoodleClient.call(self, function, arguments, write=write))


class PatientStage(RealStage):
    """Learners with such clients."""

    def learner(self, username: str) -> PracticeLearner:
        return PracticeLearner(PatientClient(self.url, self.token_of(username)))

    def token_of(self, username: str) -> Secret:
        """A learner's token, once the site gives one."""
        return patiently(lambda: mobile_token(self.url, username, self._passwords[username]))


class Trial:
    """One programme, played on a site."""

    def __init__(self, example: str, folder: Path, url: str, token: Secret, admin: list[str]) -> None:
        self.folder, self.url, self.token, self.admin = folder, url, token, admin
        self.clock = SystemClock()
        self.run = f"p{time.strftime('%y%m%d')}{secrets.token_hex(2)}"
        shutil.copytree(example_academy(example), folder)
        self.scenario = SCENARIOS[example]
        self.figures: dict[str, Any] = {"programme": self.scenario.programme, "run": self.run}
        self.passwords: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    def administer(self, *arguments: str, said: str = "") -> str:
        """Runs a PHP script on the site."""
        done = subprocess.run(
            [*self.admin, *arguments], input=said, capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{arguments[0]}: {(done.stderr or done.stdout)[-500:]}")
        return done.stdout

    def cron(self) -> None:
        """What Moodle's cron does for completion, twice: what the first round finds, the second completes."""
        for _ in range(2):
            for task in TASKS:
                self.administer("admin/cli/scheduled_task.php", f"--execute={task}")

    def timed(self, what: str, began: float) -> None:
        self.seconds[what] = round(time.monotonic() - began, 1)

    def play(self) -> dict[str, Any]:
        """Everything; the figures."""
        folder = self.folder
        own = rename(folder, self.run)
        scenario = renamed_scenario(self.scenario, own)
        programme = programmes_by_id(folder)[scenario.programme]
        days = played_days(programme)
        shown_on = {(one.institution, one.milestone): one.on for one in scenario.shown}
        today = self.clock.now().astimezone(ZoneInfo(programme.timezone)).date()
        scenario = play_today(folder, programme, scenario, today)
        programme = programmes_by_id(folder)[scenario.programme]
        policies, people = read_policies(folder), read_people(folder)
        trainer = f"{self.run}.trainer"
        self.make_accounts(people.participants, trainer)

        config = demo_config(self.url, programme, policies)
        (folder / "config.yaml").write_text(
            config.replace("# Made by lms-sync demo", "# Made"), encoding="utf-8"
        )
        settings = load_settings(folder)
        make_key(folder / settings.issuer.key_file, demo=True, clock=self.clock)
        site = settings.sites[SITE]
        client = PatientClient(self.url, self.token)
        engine = open_database(database_url(settings, folder))
        academy = read_academy(folder)
        built = build_academy(academy)

        def again() -> Prepared:
            with reading(engine) as connection:
                known = known_accounts(connection, SITE)
            return prepare(client, built, settings, site, known=known)

        began = time.monotonic()
        prepared = again()
        report, left = apply_prepared(
            client, engine, SITE, prepared, settings, site, folder, self.clock, again=again
        )
        self.timed("push", began)
        assert not report.failed, [(one.key, problem.code) for one, problem in report.failed]
        self.figures["created"] = report.done.get("create", 0)
        self.figures["second_apply_changes"] = len(again().plan.work)
        course_ids = left.observation.course_ids
        self.figures["course_ids"] = dict(course_ids)
        script = str(HERE / "site_scripts" / "accounts.php")
        self.administer(script, "trainer", trainer, *map(str, course_ids.values()))

        issuer = configured_issuer(settings, folder, self.clock)
        courses = courses_to_take(academy.courses, academy.quizzes, left.observation)
        stage = PatientStage(self.url, self.clock, self.passwords, trainer, self.cron)
        play = Play(
            stage,
            client,
            engine,
            SITE,
            folder,
            scenario,
            programme,
            people,
            policies,
            issuer,
            courses,
            read_programme_files(folder),
            days=days,
            shown_on=shown_on,
            desk=read_helpdesk_file(folder),
        )
        began = time.monotonic()
        counts = play.run()
        self.timed("play", began)
        self.figures |= asdict(counts)
        self.figures["second_certify_issued"] = play.award()
        began = time.monotonic()
        play.print_certificates()
        self.timed("certificates", began)
        self.figures["awards"] = awards(engine, SITE)
        verified = verify_one(engine, SITE, folder, settings, self.clock)
        self.figures["verification"] = verified.status
        self.figures["certificate"] = str(verified.pdf)
        self.figures["institutions_reported"] = report_completion(
            folder, settings, SITE, self.clock, programme.default_language
        )
        explained = explain_some(engine, SITE, folder, scenario, policies, programme, self.clock)
        print(explained.read_text(encoding="utf-8"))
        covered = report_coverage(engine, SITE, folder, programme, self.clock)
        self.figures |= {
            "milestones_reached": covered.milestones,
            "institutions_certified": covered.institutions_certified,
            "indicators": covered.indicators,
            "coverage_report": str(covered.page),
        }
        self.figures["helpdesk_pages"] = len(build_helpdesk(folder).site.pages)
        client.close()
        self.figures["seconds"] = self.seconds
        return self.figures

    def make_accounts(self, people: Any, trainer: str) -> None:
        """Everybody of the people files, and the trainer, with passwords that only this run knows."""
        rows = [
            {
                "username": one.username,
                "firstname": one.firstname,
                "lastname": one.lastname,
                "email": one.email,
                "idnumber": one.idnumber,
                "password": f"aA1-{secrets.token_urlsafe(15)}",
            }
            for one in people
        ]
        rows.append(
            {
                "username": trainer,
                "firstname": "Provë",
                "lastname": "Trajnere",
                "email": f"{trainer}@example.org",
                "idnumber": "",
                "password": f"aA1-{secrets.token_urlsafe(15)}",
            }
        )
        self.passwords = {row["username"]: row["password"] for row in rows}
        began = time.monotonic()
        said = self.administer(
            str(HERE / "site_scripts" / "accounts.php"), "make", said=json.dumps(rows, ensure_ascii=False)
        )
        self.timed("accounts", began)
        self.figures["accounts"] = int(said.strip().splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=SCENARIOS, action="append")
    parser.add_argument("--keep", type=Path, help="the academy folders and figures are kept here")
    arguments = parser.parse_args()
    url, token = os.environ["MOODLE_URL"], Secret(os.environ["MOODLE_TOKEN"])
    admin = shlex.split(os.environ["MOODLE_ADMIN_CLI"])
    root = arguments.keep or Path(tempfile.mkdtemp(prefix="lms-sync-played-"))
    root.mkdir(parents=True, exist_ok=True)
    for example in arguments.only or SCENARIOS:
        folder = root / example
        if folder.exists():
            shutil.rmtree(folder)
        trial = Trial(example, folder, url, token, admin)
        figures = trial.play()
        secret = root / f"{example}.passwords.json"
        secret.touch(0o600)
        secret.write_text(json.dumps(trial.passwords), encoding="utf-8")
        text = json.dumps(figures, ensure_ascii=False, indent=1, default=str)
        (root / f"{example}.json").write_text(text + "\n", encoding="utf-8")
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
