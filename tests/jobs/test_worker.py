"""Jobs in one process: a slow or broken site delays no other, what fails is told, and who is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import signal
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import Engine, select, update

from authoring.problems import Refused
from lms_sync.clock import FixedClock, SystemClock
from lms_sync.jobs.due import Every, Planned
from lms_sync.jobs.health import answering, health_app
from lms_sync.jobs.inline import Inline
from lms_sync.jobs.ledger import Ledger
from lms_sync.jobs.logs import JsonLines
from lms_sync.jobs.notify import ByEmail, ByWebhook, Notice, send_waiting, ways_of
from lms_sync.jobs.on_apscheduler import OnApscheduler
from lms_sync.jobs.on_procrastinate import NoQueue, OnProcrastinate, Paces
from lms_sync.jobs.status import job_status, read_job_runs, said
from lms_sync.jobs.work import GaveWay, JobCode, Work, Worker
from lms_sync.settings import EmailSettings, NotifySettings, Secret, SettingsError
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading
from tests.postgresql_server import Server

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path, empty_state: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{shutil.copy(empty_state, tmp_path)}")
    yield engine
    engine.dispose()


def worker(engine: Engine, clock: Any = None, **jobs: JobCode) -> Worker:
    return Worker(Ledger(engine, clock or SystemClock()), lambda site: jobs)


def well(done: list[str]) -> JobCode:
    def job(work: Work) -> dict[str, object]:
        done.append(f"{work.site} {work.claim.job}")
        return {"n": len(done)}

    return job


def broken(work: Work) -> None:
    raise ZeroDivisionError("one by zero")


def refused(work: Work) -> None:
    raise Refused("issuer.did-missing")


def test_jobs_run_once_in_their_order_and_an_error_reaches_no_other(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    backend = Inline(worker(engine, pull=refused, certify=broken, report=well(done)), ["main"])
    with caplog.at_level(logging.INFO):
        assert backend.run_now("main", ("report", "pull", "certify")) == {
            "pull": False,
            "certify": False,
            "report": True,
        }
    assert done == ["main report"]
    found = {one.job: one for one in read_job_runs(engine, "main", 10)}
    assert found["pull"].error == "issuer.did-missing"
    assert found["certify"].error == "ZeroDivisionError"
    assert (found["report"].state, found["report"].summary) == ("done", {"n": 1})
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert "issuer.did-missing" in told
    assert "Traceback" not in told
    assert backend.run_now("main", ("pull",)) == {"pull": False}  # by hand nothing waits for its time


def test_a_database_that_cannot_be_written_ends_nothing(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks_the_ledger(work: Work) -> None:
        with engine.begin() as connection:
            schema.job_run.drop(connection)

    one = worker(engine, pull=breaks_the_ledger)
    number = one.ledger.put("main", "pull")
    claim = one.ledger.take("main", "me", only=number)
    assert claim is not None
    assert one.run(claim) is None
    assert caplog.records


def test_a_job_that_holds_its_site_for_too_long_gives_way_and_goes_on_later(engine: Engine) -> None:
    steps: list[str] = []

    def endless(work: Work) -> None:
        steps.append("pull")
        if len(steps) > 2:
            return
        while not work.stopping():
            time.sleep(0.001)
        raise GaveWay

    one = worker(engine, pull=endless, report=lambda work: steps.append("report"))
    one.longest = lambda site: timedelta(seconds=0.01)
    for job in ("pull", "report"):
        one.ledger.put("main", job)
    one.drain("main")
    assert steps == ["pull", "report", "pull"]
    assert {run.state for run in read_job_runs(engine, "main", 10)} == {"done"}


def test_who_was_taken_for_lost_stops_and_stores_nothing_more(engine: Engine) -> None:
    outcome: list[str] = []

    def slow(work: Work) -> None:
        # Another process takes the row over, as if this one had slept.
        with engine.begin() as connection:
            past = work.claim.due_at - timedelta(days=1)
            connection.execute(update(schema.job_run).values(lease_until=past))
        assert one.ledger.take("main", "another") is not None
        with work.engine.begin():
            outcome.append("stored")

    one = worker(engine, pull=slow)
    claim = one.ledger.take("main", "me", only=one.ledger.put("main", "pull"))
    assert claim is not None
    assert one.run(claim) is None
    assert outcome == []
    assert [run.state for run in read_job_runs(engine, "main", 10)] == ["running"]


def test_a_long_job_keeps_its_lease(engine: Engine) -> None:
    def long(work: Work) -> None:
        time.sleep(0.5)
        with work.engine.begin():
            pass

    one = Worker(Ledger(engine, SystemClock(), lease=timedelta(seconds=0.2)), lambda site: {"pull": long})
    claim = one.ledger.take("main", "me", only=one.ledger.put("main", "pull"))
    assert claim is not None
    assert one.run(claim) is True


# --- many sites in one process -------------------------------------------------------------------------------------


def test_a_slow_and_a_broken_site_delay_no_other_and_what_is_due_together_keeps_its_order(
    engine: Engine,
) -> None:
    done: list[str] = []
    free, finished = threading.Event(), threading.Event()

    def job(work: Work) -> None:
        if work.site == "slow":
            free.wait(30)
        if work.site == "broken":
            raise ZeroDivisionError
        done.append(f"{work.site} {work.claim.job}")
        if len([one for one in done if not one.startswith("slow")]) == 4:
            finished.set()

    jobs = dict.fromkeys(("pull", "report"), job)
    planned = [
        Planned(site, name, Every(3600))
        for site in ("slow", "broken", "a", "b")
        for name in ("report", "pull")
    ]
    backend = OnApscheduler(
        Worker(Ledger(engine, SystemClock()), lambda site: jobs), planned, sweep=timedelta(seconds=0.1)
    )
    thread = threading.Thread(target=backend.run)
    thread.start()
    try:
        assert finished.wait(30)
        assert not [one for one in done if one.startswith("slow")]
        for site in ("a", "b"):
            assert [one for one in done if one.startswith(site)] == [f"{site} pull", f"{site} report"]
    finally:
        free.set()
        backend.stop()
        thread.join()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of POSIX")
def test_being_told_to_end_is_heard_whichever_thread_the_system_tells(engine: Engine) -> None:
    backend = OnApscheduler(worker(engine), [])
    unheard = threading.Timer(20, backend.stop)
    told = threading.Timer(0.3, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
    unheard.start()
    told.start()
    backend.run()
    unheard.cancel()
    assert not backend.stopped.is_set()


def test_the_schedule_goes_on_where_the_clock_is_set_back_by_an_hour(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = timedelta(0)

    class OnTheWall(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) - back

    class Wall:
        def now(self) -> datetime:
            return OnTheWall.now(UTC)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", OnTheWall)
    first, again = threading.Event(), threading.Event()

    def job(work: Work) -> None:
        (again if first.is_set() else first).set()

    jobs: Any = {"pull": job}
    ledger = Ledger(engine, Wall())
    planned = [Planned("main", "pull", Every(3600))]
    backend = OnApscheduler(Worker(ledger, lambda site: jobs), planned, sweep=timedelta(seconds=0.05))
    thread = threading.Thread(target=backend.run)
    thread.start()
    try:
        assert first.wait(30)
        while backend._busy:  # else the put row would be taken at once
            time.sleep(0.01)
        back = timedelta(hours=1)
        ledger.put("main", "pull")  # as another process does it
        assert again.wait(10)
    finally:
        backend.stop()
        thread.join()


def test_workers_go_on_where_the_clock_is_set_back_by_an_hour(
    postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = 0.0

    class Wall:
        @staticmethod
        def time() -> float:
            return time.time() - back

    monkeypatch.setattr("procrastinate.periodic.time", Wall)
    engine = open_database(postgresql.database())
    first, again = threading.Event(), threading.Event()

    def job(work: Work) -> None:
        (again if first.is_set() else first).set()

    backend = OnProcrastinate(
        worker(engine, pull=job), [Planned("main", "pull", Every(3600))], paces=Paces(tick_seconds=1)
    )

    async def run() -> None:
        nonlocal back
        running = asyncio.ensure_future(backend._run())
        assert await asyncio.to_thread(first.wait, 30)
        back = 3600.0
        await asyncio.sleep(1.5)  # a tick that was asked for before may still come
        backend.defer("main", "pull")
        heard = await asyncio.to_thread(again.wait, 10)
        running.cancel()
        await running
        assert heard

    with ThreadPoolExecutor(
        1
    ) as other_thread:  # a browser of another test may have left a loop running in this one
        other_thread.submit(asyncio.run, run()).result()
    engine.dispose()


def test_workers_need_postgresql(engine: Engine) -> None:
    with pytest.raises(NoQueue) as caught:
        OnProcrastinate(worker(engine), [])
    assert caught.value.code == "jobs.workers-need-postgresql"


# --- who is told ---------------------------------------------------------------------------------------------------


@pytest.fixture
def mails() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes everything; its port and the messages."""
    taken: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part
                    taken.append(body.decode())
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 well\r\n")
                if verb == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1], taken
        server.shutdown()
        thread.join()


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """A web hook; its address, what it was sent, and the answers that it gives next."""
    taken: list[dict[str, Any]] = []
    answers: list[int] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append({**body, "key": self.headers["Idempotency-Key"]})
            self.send_response(answers.pop(0) if answers else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/x", taken, answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_failure_and_recovery_reach_people_once_each_by_every_way(
    engine: Engine, mails: tuple[int, list[str]], hook: tuple[str, list[dict[str, Any]], list[int]]
) -> None:
    port, messages = mails
    address, posts, answers = hook
    clock = FixedClock(NOW)
    settings = EmailSettings(host="127.0.0.1", port=port, security="none", to=("it@example.org",))
    ways: dict[str, Any] = {"email": ByEmail(settings, None), "webhook": ByWebhook(Secret(address))}
    ledger = Ledger(engine, clock, ways=tuple(ways))
    fails = [True, True, True, False, False]

    def job(work: Work) -> None:
        if fails.pop(0):
            raise Refused("issuer.did-missing")

    one = Worker(ledger, lambda site: {"pull": job}, "sq", tell=lambda: told.append(send()))
    told: list[int] = []

    def send() -> int:
        return send_waiting(engine, ways, clock, "sq")

    ledger.put("main", "pull")
    answers.append(500)  # the hook is away the first time
    for _ in range(4):
        one.drain("main")
        clock.advance(timedelta(minutes=10))
        send()
    ledger.put("main", "pull")
    one.drain("main")
    assert send() == 0
    assert len(messages) == 2
    assert "Subject: main: pull =?utf-8?" in messages[0] or "main: pull d" in messages[0]
    assert [post["kind"] for post in posts] == ["failure", "failure", "recovery"]
    assert posts[0]["key"] == posts[1]["key"] != posts[2]["key"]
    assert posts[1]["error"] == "issuer.did-missing"
    assert "funksionon përsëri" in posts[2]["text"]
    with reading(engine) as connection:
        assert set(connection.execute(select(schema.notice.c.state)).scalars()) == {"sent"}


@pytest.mark.parametrize(("drips", "sent"), [("head", 0), ("body", 1)])
def test_a_hook_whose_answer_drips_without_end_holds_nobody_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, drips: str, sent: int
) -> None:
    monkeypatch.setattr("lms_sync.jobs.notify._TIMEOUT", 0.3)
    over, ended = threading.Event(), threading.Event()

    class Hook(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X-Long: " if drips == "head" else b"\r\n"))
            with contextlib.suppress(OSError):
                for _ in range(200):  # ten seconds
                    if over.wait(0.05):
                        return
                    self.wfile.write(b"x")
                ended.set()

    ledger = Ledger(engine, FixedClock(NOW), tell_after=1, ways=("webhook",))
    ledger.put("main", "pull")
    Worker(ledger, lambda site: {"pull": broken}).drain("main")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        ways = {"webhook": ByWebhook(Secret(f"http://127.0.0.1:{server.server_address[1]}/x"))}
        try:
            assert send_waiting(engine, ways, FixedClock(NOW), "en") == sent
            assert not ended.is_set()
        finally:
            over.set()
            server.shutdown()
            thread.join()


def test_a_way_that_stays_closed_is_given_up_and_its_address_is_not_logged(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FixedClock(NOW)
    ways: dict[str, Any] = {"webhook": ByWebhook(Secret("http://127.0.0.1:9/secret-part"))}
    ledger = Ledger(engine, clock, tell_after=1, ways=("webhook",))
    one = Worker(ledger, lambda site: {"pull": broken})
    ledger.put("main", "pull")
    one.drain("main")
    for _ in range(12):
        assert send_waiting(engine, ways, clock, "en") == 0
        clock.advance(timedelta(days=2))
    assert "secret-part" not in caplog.text
    with reading(engine) as connection:
        assert connection.execute(select(schema.notice.c.state, schema.notice.c.tries)).all() == [
            ("given-up", 8)
        ]


@pytest.mark.parametrize("language", ["en", "sq", "ro"])
def test_a_notice_says_what_fails_since_when_and_why(language: str) -> None:
    notice = Notice("n", "main", "pull", "archive", "failure", "at", "since-when", "code", "the reason")
    assert "pull (archive)" in notice.subject(language)
    for part in ("since-when", "the reason", "main"):
        assert part in notice.body(language)
    assert "{" not in notice.body(language)


def test_a_secret_for_notices_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_HOOK", raising=False)
    with pytest.raises(SettingsError) as caught:
        ways_of(NotifySettings(webhook_env="NO_HOOK"))
    assert caught.value.code == "settings.secret-env-empty"
    assert ways_of(NotifySettings()) == {}


# --- how it stands -------------------------------------------------------------------------------------------------


def test_the_status_says_in_words_what_is_stale_and_why(engine: Engine) -> None:
    clock = FixedClock(NOW)
    planned = [Planned("main", "pull", Every(900)), Planned("main", "report", Every(900))]
    ledger = Ledger(engine, clock)
    one = Worker(ledger, lambda site: {"pull": refused, "report": lambda work: None})

    def stands() -> dict[str, str]:
        return {one.planned.job: one.state for one in job_status(engine, planned, clock)}

    assert set(stands().values()) <= {"fresh", "never"}
    ledger.ask(planned, clock.now(), NOW)
    one.drain("main")
    assert stands() == {"pull": "failing", "report": "fresh"}
    clock.advance(timedelta(hours=3))
    found = job_status(engine, planned, clock)
    assert {each.planned.job: each.state for each in found} == {"pull": "failing", "report": "late"}
    for language, words in (("en", "3 hours ago"), ("sq", "3 orë"), ("ro", "3 ore")):
        lines = [line for each in found for line in said(each, clock.now(), language)]
        assert any(words in line for line in lines), lines
        assert any("did" in line for line in lines)  # the reason of the failure
        assert "{" not in "".join(lines)


def test_healthz_tells_a_watchdog(engine: Engine) -> None:
    clock = FixedClock(NOW)
    planned = [Planned("main", "pull", Every(900))]
    ledger = Ledger(engine, clock)
    one = Worker(ledger, lambda site: {"pull": lambda work: None})
    ledger.ask(planned, NOW, NOW)
    one.drain("main")

    def ask(app: Any) -> tuple[int, dict[str, Any]]:
        with answering(app, "127.0.0.1", 0) as port:
            answer = requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10)
            return answer.status_code, answer.json()

    app = health_app(lambda: job_status(engine, planned, clock), lambda: {"backend": "inline"})
    status, told = ask(app)
    assert (status, told["status"], told["backend"]) == (200, "ok", "inline")
    clock.advance(timedelta(hours=2))
    status, told = ask(app)
    assert (status, told["stale"][0]["job"]) == (503, "pull")

    def away() -> list[Any]:
        raise OSError

    assert ask(health_app(away, dict))[0] == 503


def test_logs_for_machines_name_the_run(engine: Engine) -> None:
    lines: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(self.format(record)))

    handler = Keep()
    handler.setFormatter(JsonLines())
    log = logging.getLogger("lms_sync.jobs")
    log.addHandler(handler)
    before, log.level = log.level, logging.INFO
    try:
        one = worker(engine, pull=lambda work: {"facts": 3})
        number = one.ledger.put("main", "pull")
        one.drain("main")
        log.info("outside")
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
    assert lines[0]["run"] == f"{number}.1"
    assert (lines[0]["site"], lines[0]["job"], lines[0]["level"]) == ("main", "pull", "info")
    assert "run" not in lines[-1]
