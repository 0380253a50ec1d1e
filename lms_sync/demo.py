"""The whole way in one go: an example academy, a stand-in Moodle, people who learn, certificates that verify.

Everything is real but the site and the people: the same files, calls, database, keys (marked as demo
keys) and portal as in daily use. A programme takes months; the stand-in's time and ours go through its days
together, so that every date in the register is one on which it could have happened.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import requests

from authoring.problems import LmsSyncError, Refused
from certificates.policy import Policy, read_policies
from helpdesk import read_helpdesk_file
from lms_sync.academy import build_academy, read_academy
from lms_sync.clock import Clock
from lms_sync.configured_issuer import configured_issuer
from lms_sync.helpdesk_site import build_helpdesk
from lms_sync.moodle.client import MoodleClient
from lms_sync.package_data import config_example, example_academy
from lms_sync.people import Participant, known_accounts, read_people
from lms_sync.playing.dates import move_scenario, move_text, years_to_move
from lms_sync.playing.ending import awards, explain_some, report_completion, report_coverage, verify_one
from lms_sync.playing.learning import courses_to_take
from lms_sync.playing.many_people import write_many
from lms_sync.playing.play import Play
from lms_sync.playing.scenarios import FULL, SCENARIOS, Scenario
from lms_sync.playing.stage import StandInStage
from lms_sync.programme_files import programmes_by_id, read_programme_files
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.served import served_at
from lms_sync.settings import Settings, database_url, load_settings, read_token
from lms_sync.store.database import open_database, reading
from lms_sync.typst_memory import give_back
from lms_sync.write_files import write_durably
from programmes import Programme

MARKER = ".lms-sync-demo"
DEFAULT_FOLDER = "demo-academy"
SITE = "main"


class Said(Protocol):
    """Told of each step."""

    def __call__(self, code: str, /, **params: object) -> None:
        """A message code and its values."""


class DemoFailed(LmsSyncError):
    """A step of the demo did not come out as it must."""


@dataclass(frozen=True)
class DemoSummary:
    """What the demo did; the form of `summary.json`."""

    packages: int
    questions: int
    created: int
    second_apply_changes: int
    facts: int
    certificates: int
    second_certify_issued: int
    verification: str
    verification_url: str
    certificate: str
    seconds: float
    programme: str
    sessions: int
    participations: int
    exercises: int
    assignments_marked: int
    awards: Mapping[str, int]
    """Certificates by policy."""
    questionnaires: int
    milestones: int
    """Steps of institutions that are reached, by rule and by hand."""
    institutions_certified: int
    coverage_report: str
    helpdesk_pages: int
    questions_asked: int
    questions_answered: int
    explained: str
    """The file with what `lms-sync explain` says of a few people and institutions."""

    def as_json(self) -> dict[str, object]:
        """The mapping that is written."""
        return asdict(self)


def run_demo(
    folder: Path, clock: Clock, said: Said, *, example: str = "archive-officers", full: bool = False
) -> DemoSummary:
    """Plays the demo in `folder`; raises Refused where that is somebody's own folder, and DemoFailed.

    `full` plays the programme of the 61 municipalities to its last visit, with 600 participants of all of them.
    """
    started = time.monotonic()
    if full and example not in FULL:
        raise Refused("demo.not-full", programme=example, known=", ".join(FULL))
    scenario = _make_folder(folder, FULL[example] if full else SCENARIOS[example], clock)
    if full:
        write_many(folder, scenario.example)
    academy = read_academy(folder)
    said("demo.checked", courses=len(academy.courses), quizzes=len(academy.quizzes))
    built = build_academy(academy)
    if built.manuals:
        give_back()
    questions = sum(built.banks.values())
    said("demo.built", packages=len(built.packages), questions=questions)

    programme = programmes_by_id(folder)[scenario.programme]
    policies = read_policies(folder)
    people = read_people(folder)
    service_token = secrets.token_hex(16)
    with _standin(people.participants, programme, service_token) as stage:
        stage.go_to(scenario.pushed)
        settings = _configure(folder, stage.url, service_token, programme, policies, clock)
        site = settings.sites[SITE]
        client = MoodleClient(stage.url, read_token(SITE, site, folder))
        engine = open_database(database_url(settings, folder))
        said("demo.site", url=stage.url, n=len(people.participants))

        def again() -> Prepared:
            with reading(engine) as connection:
                known = known_accounts(connection, SITE)
            return prepare(client, built, settings, site, known=known)

        prepared = again()
        if prepared.plan.refused:
            raise DemoFailed("demo.apply-refused", n=len(prepared.plan.refused))
        said("demo.planned", n=len(prepared.plan.work))
        report, left = apply_prepared(
            client, engine, SITE, prepared, settings, site, folder, stage.clock, again=again
        )
        if report.failed:
            change, problem = report.failed[0]
            raise DemoFailed("demo.apply-failed", n=len(report.failed), key=change.key, code=problem.code)
        created = report.done.get("create", 0)
        second = len(again().plan.work)
        said("demo.applied", created=created, second=second)

        issuer = configured_issuer(settings, folder, stage.clock)
        courses = courses_to_take(academy.courses, academy.quizzes, left.observation)
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
            desk=read_helpdesk_file(folder),
        )
        counts = play.run()
        said("demo.learned", passed=counts.passed, failed=counts.failed, stopped=counts.stopped)
        said("demo.sessions", n=counts.sessions, days=counts.participations, hours=f"{counts.hours:g}")
        said("demo.pulled", n=counts.facts)
        said("demo.asked", n=counts.asked, answered=counts.answered)
        stage.back_to_now()
        client.close()
    second_issued = play.award()
    play.print_certificates()
    give_back()
    said("demo.certified", n=counts.certificates, second=second_issued)
    verified = verify_one(engine, SITE, folder, settings, clock)
    said("demo.verified", status=verified.status, url=verified.url)
    reports = report_completion(folder, settings, SITE, clock, programme.default_language)
    said("demo.reported", institutions=reports)
    give_back()
    covered = report_coverage(engine, SITE, folder, programme, clock)
    said("demo.covered", n=covered.milestones, certified=covered.institutions_certified)
    give_back()
    helpdesk = build_helpdesk(folder)
    said("demo.helpdesk", n=len(helpdesk.site.pages))
    summary = DemoSummary(
        packages=len(built.packages),
        questions=questions,
        created=created,
        second_apply_changes=second,
        facts=counts.facts,
        certificates=counts.certificates,
        second_certify_issued=second_issued,
        verification=verified.status,
        verification_url=verified.url,
        certificate=str(verified.pdf),
        seconds=round(time.monotonic() - started, 1),
        programme=programme.id,
        sessions=counts.sessions,
        participations=counts.participations,
        exercises=counts.exercises,
        assignments_marked=counts.marked,
        awards=awards(engine, SITE),
        questionnaires=counts.questionnaires,
        milestones=covered.milestones,
        institutions_certified=covered.institutions_certified,
        coverage_report=str(covered.page),
        helpdesk_pages=len(helpdesk.site.pages),
        questions_asked=counts.asked,
        questions_answered=counts.answered,
        explained=str(explain_some(engine, SITE, folder, scenario, policies, programme, clock)),
    )
    text = json.dumps(summary.as_json(), ensure_ascii=False, indent=2) + "\n"
    write_durably(folder / "summary.json", text.encode("utf-8"))
    return summary


def _make_folder(folder: Path, scenario: Scenario, clock: Clock) -> Scenario:
    """A fresh copy of an example, its dates moved by whole years where it would be played in the future."""
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise Refused("demo.not-ours", folder=str(folder))
        if (address := served_at(folder)) is not None:
            raise Refused("demo.served", folder=str(folder), url=address)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("made by lms-sync demo; replaced by the next demo\n", encoding="utf-8")
    shutil.copytree(example_academy(scenario.example), folder, dirs_exist_ok=True)
    move = years_to_move(scenario.last, clock.now().date())
    if move:
        for path in sorted((folder / "programmes").glob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            path.write_text(move_text(text, lambda day: day + move), encoding="utf-8", newline="\n")
    return move_scenario(scenario, move)


def _configure(
    folder: Path, url: str, token: str, programme: Programme, policies: Sequence[Policy], clock: Clock
) -> Settings:
    from certificates.keys import make_key

    write_durably(folder / ".lms-sync" / "token", f"{token}\n".encode(), mode=0o600)
    write_durably(folder / "config.yaml", demo_config(url, programme, policies).encode("utf-8"))
    settings = load_settings(folder)
    make_key(folder / settings.issuer.key_file, demo=True, clock=clock)
    return settings


def demo_config(url: str, programme: Programme, policies: Sequence[Policy]) -> str:
    """The commented example configuration, with the demo's own values in place of the example's.

    Languages and the time zone are the programme's; who issues is who issues its first award.
    """
    issuer = next(one.issuer_name for one in policies if one.id == programme.awards[0])
    names = json.dumps(issuer.root, ensure_ascii=False)
    language = programme.default_language
    text = config_example()
    for example, own in (
        ("url: https://moodle.example.org", f"url: {url}"),
        ("token_env: LMS_SYNC_TOKEN", "token_file: .lms-sync/token"),
        ("    # token_file: .lms-sync/token\n", ""),
        ("\nlanguage: en\n", f"\nlanguage: {language}\n"),
        ("    timezone: Europe/Tirane\n", f"    timezone: {programme.timezone}\n"),
        ("    language: sq\n", f"    language: {language}\n"),
        ("did: did:web:certificates.example.org", "did: did:web:127.0.0.1%3A8440"),
        (
            "name: {sq: Drejtoria e Përgjithshme e Arkivave, en: General Directorate of Archives}",
            f"name: {names}",
        ),
        ("base_url: https://certificates.example.org", "base_url: http://127.0.0.1:8440"),
    ):
        if text.count(example) != 1:
            raise ValueError(f"config.example.yaml has no single {example!r}")
        text = text.replace(example, own)
    return "# Made by lms-sync demo. The site was the stand-in Moodle, which ended with the demo.\n" + text


_TRAINER = "demo-trainer"
_MAY = [
    "moodle/course:manageactivities",
    "moodle/course:view",
    "mod/assign:view",
    "mod/assign:grade",
    "mod/forum:viewdiscussion",
    "mod/forum:replypost",
    "mod/forum:viewqandawithoutposting",
]


@contextmanager
def _standin(people: Sequence[Participant], programme: Programme, token: str) -> Iterator[StandInStage]:
    """A stand-in Moodle with everybody's account on it, as a process of its own; the stage that it is."""
    passwords = {person.username: secrets.token_urlsafe(12) for person in people}
    passwords[_TRAINER] = secrets.token_urlsafe(12)
    seed = {
        "service_account": {"token": token},
        "users": [
            {
                "username": person.username,
                "password": passwords[person.username],
                "firstname": person.firstname,
                "lastname": person.lastname,
                "email": person.email,
                # The first half is known to the site by number, the others only by their user names.
                "idnumber": person.idnumber if number % 2 == 0 else "",
                "lang": person.language or programme.default_language,
            }
            for number, person in enumerate(people)
        ]
        + [
            {
                "username": _TRAINER,
                "password": passwords[_TRAINER],
                "firstname": "Demo",
                "lastname": "Trainer",
            }
        ],
        "capabilities": {_TRAINER: _MAY},
        "courses": [  # there before us, and untouched after us
            {
                "fullname": "Hyrje në punë",
                "shortname": "HYRJE",
                "idnumber": "",
                "users": [person.username for person in people[:5]],
            }
        ],
    }
    with tempfile.TemporaryDirectory(prefix="lms-sync-demo-") as temporary:
        seed_file, port_file = Path(temporary) / "seed.json", Path(temporary) / "port"
        write_durably(seed_file, json.dumps(seed, ensure_ascii=False).encode("utf-8"), mode=0o600)
        command = [sys.executable, "-m", "moodle_standin", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--seed", str(seed_file), "--port-file", str(port_file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=temporary,
            env=_environment(),
        )
        try:
            url = f"http://127.0.0.1:{_port_of(process, port_file)}"
            yield StandInStage(url, passwords, _TRAINER, programme.timezone, partial(_set_clock, url))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            if process.stderr is not None:
                process.stderr.close()


def _set_clock(url: str, now: int) -> None:
    requests.post(f"{url}/standin/clock", json={"now": now, "frozen": False}, timeout=30).raise_for_status()


def _environment() -> dict[str, str]:
    # Where the programs run from a checkout that is not installed, the other process must find them as well.
    paths = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def _port_of(process: subprocess.Popen[bytes], port_file: Path) -> int:
    for _ in range(200):
        if port_file.is_file():
            return int(port_file.read_text(encoding="utf-8"))
        if process.poll() is not None:
            break
        time.sleep(0.05)
    told = (
        process.stderr.read().decode("utf-8", "replace")
        if process.poll() is not None and process.stderr
        else ""
    )
    raise DemoFailed("demo.standin-failed", reason=told.strip()[-300:] or "no answer")
