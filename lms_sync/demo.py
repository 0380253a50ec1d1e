"""The whole way in one go: an example academy, a stand-in Moodle, people who learn, certificates that verify.

Everything is real but the site and the people: the same files, calls, database, keys (marked as demo
keys) and portal as in daily use.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import requests
from sqlalchemy import Engine

from authoring.problems import LmsSyncError, Refused
from lms_sync.academy import build_academy, read_academy
from lms_sync.clock import Clock
from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient
from lms_sync.package_data import config_example, example_academy
from lms_sync.people import Participant, known_accounts, read_people
from lms_sync.pull import pull
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.served import served_at
from lms_sync.settings import Settings, database_url, load_settings, read_token
from lms_sync.store.database import open_database, reading
from lms_sync.write_files import write_durably

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

    def as_json(self) -> dict[str, object]:
        """The mapping that is written."""
        return asdict(self)


# How each of eight neighbours in the list does: package's status and score, share of right answers in the quiz.
_WAYS: tuple[tuple[str, int | None, float | None], ...] = (
    ("passed", 95, 1.0),
    ("passed", 90, 0.9),
    ("passed", 80, 0.85),
    ("passed", 100, 0.5),  # fails the quiz
    ("passed", 85, 0.95),
    ("incomplete", None, None),  # stops half-way
    ("passed", 75, 0.8),
    ("failed", 40, 0.75),  # fails the package
)


def run_demo(folder: Path, clock: Clock, said: Said, *, example: str = "archive-officers") -> DemoSummary:
    """Plays the demo in `folder`; raises Refused where that is somebody's own folder, and DemoFailed."""
    started = time.monotonic()
    _make_folder(folder, example)
    academy = read_academy(folder)
    said("demo.checked", courses=len(academy.courses), quizzes=len(academy.quizzes))
    built = build_academy(academy)
    questions = sum(len(bank.questions) for bank in built.banks.values())
    said("demo.built", packages=len(built.packages), questions=questions)

    people = read_people(folder).participants
    passwords = {person.username: secrets.token_urlsafe(12) for person in people}
    service_token = secrets.token_hex(16)
    with _standin(people, passwords, service_token) as url:
        settings = _configure(folder, url, service_token, clock)
        site = settings.sites[SITE]
        client = MoodleClient(url, read_token(SITE, site, folder))
        engine = open_database(database_url(settings, folder))
        said("demo.site", url=url, n=len(people))

        def again() -> Prepared:
            with reading(engine) as connection:
                known = known_accounts(connection, SITE)
            return prepare(client, built, settings, site, known=known)

        prepared = again()
        if prepared.plan.refused:
            raise DemoFailed("demo.apply-refused", n=len(prepared.plan.refused))
        said("demo.planned", n=len(prepared.plan.work))
        report, left = apply_prepared(
            client, engine, SITE, prepared, settings, site, folder, clock, again=again
        )
        if report.failed:
            change, problem = report.failed[0]
            raise DemoFailed("demo.apply-failed", n=len(report.failed), key=change.key, code=problem.code)
        created = report.done.get("create", 0)
        second = len(again().plan.work)
        said("demo.applied", created=created, second=second)

        courses = left.observation.course_ids
        learned = _learn(url, people, passwords, courses, folder)
        said("demo.learned", **learned)
        time.sleep(1.1)  # a pull leaves the running second to the next one: its rows may not all be there yet
        facts = pull(client, engine, SITE, courses, clock).facts
        said("demo.pulled", n=facts)
        client.close()
    certificates, second_issued = _certify(engine, folder, settings, clock)
    said("demo.certified", n=certificates, second=second_issued)
    verification, verification_url, pdf = _verify(engine, folder, settings, clock)
    said("demo.verified", status=verification, url=verification_url)
    reports = _report(folder, settings, clock)
    said("demo.reported", institutions=reports)
    summary = DemoSummary(
        packages=len(built.packages),
        questions=questions,
        created=created,
        second_apply_changes=second,
        facts=facts,
        certificates=certificates,
        second_certify_issued=second_issued,
        verification=verification,
        verification_url=verification_url,
        certificate=str(pdf),
        seconds=round(time.monotonic() - started, 1),
    )
    text = json.dumps(summary.as_json(), ensure_ascii=False, indent=2) + "\n"
    write_durably(folder / "summary.json", text.encode("utf-8"))
    return summary


def _make_folder(folder: Path, example: str) -> None:
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise Refused("demo.not-ours", folder=str(folder))
        if (address := served_at(folder)) is not None:
            raise Refused("demo.served", folder=str(folder), url=address)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("made by lms-sync demo; replaced by the next demo\n", encoding="utf-8")
    shutil.copytree(example_academy(example), folder, dirs_exist_ok=True)


def _configure(folder: Path, url: str, token: str, clock: Clock) -> Settings:
    from certificates.keys import make_key

    write_durably(folder / ".lms-sync" / "token", f"{token}\n".encode(), mode=0o600)
    write_durably(folder / "config.yaml", demo_config(url).encode("utf-8"))
    settings = load_settings(folder)
    make_key(folder / settings.issuer.key_file, demo=True, clock=clock)
    return settings


def demo_config(url: str) -> str:
    """The commented example configuration, with the demo's own values in place of the example's."""
    text = config_example()
    for example, own in (
        ("url: https://moodle.example.org", f"url: {url}"),
        ("token_env: LMS_SYNC_TOKEN", "token_file: .lms-sync/token"),
        ("    # token_file: .lms-sync/token\n", ""),
        ("did: did:web:certificates.example.org", "did: did:web:127.0.0.1%3A8440"),
        ("base_url: https://certificates.example.org", "base_url: http://127.0.0.1:8440"),
    ):
        if text.count(example) != 1:
            raise ValueError(f"config.example.yaml has no single {example!r}")
        text = text.replace(example, own)
    return "# Made by lms-sync demo. The site was the stand-in Moodle, which ended with the demo.\n" + text


@contextmanager
def _standin(people: Sequence[Participant], passwords: Mapping[str, str], token: str) -> Iterator[str]:
    """A stand-in Moodle with everybody's account on it, as a process of its own; its address."""
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
                "lang": person.language or "sq",
            }
            for number, person in enumerate(people)
        ],
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
            yield f"http://127.0.0.1:{_port_of(process, port_file)}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            if process.stderr is not None:
                process.stderr.close()


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


def _learn(
    url: str,
    people: Sequence[Participant],
    passwords: Mapping[str, str],
    course_ids: Mapping[str, int],
    folder: Path,
) -> dict[str, int]:
    """Everybody learns, each in one of the ways; how many went which way."""
    quizzes = read_academy(folder).quizzes
    counts = {"passed": 0, "failed": 0, "stopped": 0}
    for number, person in enumerate(people):
        status, score, right = _WAYS[number % len(_WAYS)]
        learner = PracticeLearner(
            MoodleClient(url, mobile_token(url, person.username, passwords[person.username]))
        )
        for course in person.courses:
            learner.take_package(course_ids[course], status=status, score=score)
            if right is not None:
                learner.take_quiz(course_ids[course], quizzes[course], right=right)
        learner.client.close()
        way = "stopped" if right is None else "passed" if status == "passed" and right >= _PASS else "failed"
        counts[way] += 1
    return counts


_PASS = 0.7


def _certify(engine: Engine, folder: Path, settings: Settings, clock: Clock) -> tuple[int, int]:
    """Certify, approve, certify again: certificates issued the first time and the second."""
    from certificates.policy import read_policies
    from certificates.register import approve, certify, issue_approved, open_issuer, proposals
    from lms_sync.assessment.files import materials
    from lms_sync.assessment.milestones import record_by_rule
    from lms_sync.programme_files import programmes_by_id

    policies = read_policies(folder)
    programmes = programmes_by_id(folder)
    issuer = open_issuer(
        did=settings.issuer.did, base_url=settings.portal.base_url, key_file=folder / settings.issuer.key_file
    )
    issued: list[int] = []
    for _ in range(2):
        record_by_rule(engine, SITE, materials(folder, policies), clock.now())
        certify(engine, SITE, policies, clock, programmes=programmes)
        waiting = [one.grant_key for one in proposals(engine, SITE)]
        approve(engine, SITE, waiting, by="Demo registrar", clock=clock)
        report = issue_approved(engine, SITE, issuer, clock)
        if report.problems:
            raise DemoFailed("demo.not-issued", n=len(report.problems), code=report.problems[0].code)
        issued.append(len(report.issued))
    return issued[0], issued[1]


def _verify(engine: Engine, folder: Path, settings: Settings, clock: Clock) -> tuple[str, str, Path]:
    """Asks the portal over HTTP about one certificate; its status, its address, and the PDF written out."""
    from certificates.register import issued, read_document

    first = min(issued(engine, SITE), key=lambda one: one.serial)
    pdf = folder / "certificates" / "issued" / f"{first.serial}.pdf"
    write_durably(pdf, read_document(engine, first.issue_id, "pdf"), mode=0o600)
    with _portal(engine, folder, settings, clock) as url:
        reply = requests.get(
            f"{url}/verify/{first.verification_id}", headers={"Accept": "application/json"}, timeout=30
        )
        answer = reply.json()
    if answer.get("serial") != first.serial:
        raise DemoFailed("demo.verify-failed", answer=str(answer))
    return str(answer["status"]), first.verification_url, pdf


@contextmanager
def _portal(engine: Engine, folder: Path, settings: Settings, clock: Clock) -> Iterator[str]:
    """The verification portal on a free port of this machine; its address."""
    import uvicorn

    from certificates.keys import read_public_key
    from certificates.portal.app import create_app

    app = create_app(
        engine,
        did=settings.issuer.did,
        keys=(read_public_key(folder / settings.issuer.key_file),),
        issuer_name=settings.issuer.name,
        language=settings.language,
        clock=clock,
    )
    # Named as TCP, so that the server switches off waiting for more to send (Nagle's algorithm).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)  # so that a request waits until the server has started
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def _report(folder: Path, settings: Settings, clock: Clock) -> int:
    """Writes the completion report of every course; how many institutions the first one lists."""
    from lms_sync.cli.officer_report import make_reports

    written = make_reports(folder, settings, SITE, settings.sites[SITE], clock, language="sq")
    return len(written[0].report.rows)
