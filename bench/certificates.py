"""Certificates: how many a processor second sets, what issuing adds to its parts, deciding again, and the portal's answers.

Each figure stands beside its bare parts, measured in the same run. BENCH_FACTS (default: a million) may be smaller.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FACTS = int(os.environ.get("BENCH_FACTS", "1000000"))
FACTS_EACH = 20
CERTIFICATES = 60
SITE, DID, BASE = "main", "did:web:bench.example.al", "https://bench.example.al"
NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
NAMES = (
    ("Gëzim", "Çela"),
    ("Ștefan", "Țîrlea"),
    ("Shpresa", "Hoxhaj"),
    ("Mănuța", "Brâncoveanu"),
    ("Fatmir", "Kodër"),
)


def measure() -> list[dict[str, object]]:
    """The figures, for bench/results.json."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        return [*_issuing(folder / "issue"), *_portal(folder / "issue"), *_deciding(folder / "decide")]


def _figure(
    name: str, value: float, unit: str, peer: str, peer_value: float, ratio: float, goal: str, met: bool
) -> dict[str, object]:
    return {
        "id": f"certificates.{name}", "value": round(value, 2), "unit": unit, "peer": peer, "peer_value": round(peer_value, 2),
        "ratio": round(ratio, 3), "goal": goal, "met": met,
    }  # fmt: skip


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


# --- issuing ------------------------------------------------------------------------------------


def _register(folder: Path) -> tuple[Any, Any, Any]:
    """An empty register, its policy and its issuer with a seal."""
    from certificates.issuer import open_issuer
    from certificates.keys import make_key
    from certificates.policy import parse_policy
    from certificates.seal import SealFile
    from lms_sync.clock import FixedClock
    from lms_sync.store.database import open_database
    from tests.certificates.conftest import POLICY
    from tests.certificates.seals import PASSWORD, make_seal

    folder.mkdir()
    clock = FixedClock(NOW)
    os.environ["BENCH_SEAL_PASSWORD"] = PASSWORD
    make_key(folder / "key.pem", demo=False, clock=clock)
    seal = SealFile("archives", make_seal(folder / "seal.p12", "Archives"), "BENCH_SEAL_PASSWORD")
    issuer = open_issuer(did=DID, base_url=BASE, key_file=folder / "key.pem", seals=[seal], clock=clock)
    policy = parse_policy(
        POLICY.replace("en: General Director}}", "en: General Director}, seal: archives}"), "policy.yaml"
    )
    return open_database(f"sqlite:///{folder / 'state.db'}"), policy, issuer


def _people(engine: Any, n: int) -> None:
    from sqlalchemy import insert

    from lms_sync.store import schema

    people = [f"00000000-0000-4000-8000-{number:012d}" for number in range(n)]
    with engine.begin() as connection:
        connection.execute(
            insert(schema.person),
            [{"id": one, "site": SITE, "created_at": NOW, "kind": "person"} for one in people],
        )
        connection.execute(
            insert(schema.person_data),
            [
                {
                    "person_id": one,
                    "site": SITE,
                    "salt": b"s" * 32,
                    "given_name": NAMES[i % 5][0],
                    "family_name": f"{NAMES[i % 5][1]} {i}",
                }
                for i, one in enumerate(people)
            ],
        )


def _issuing(folder: Path) -> Iterator[dict[str, object]]:
    from certificates import register
    from lms_sync.clock import FixedClock
    from lms_sync.facts import Fact, store_facts

    engine, policy, issuer = _register(folder)
    clock = FixedClock(NOW)
    _people(engine, CERTIFICATES + 5)
    with engine.begin() as connection:
        for number in range(CERTIFICATES + 5):
            person = f"00000000-0000-4000-8000-{number:012d}"
            graded = {"item": "mod", "grade": 85.0, "max": 100.0}
            store_facts(
                connection,
                SITE,
                [
                    Fact(
                        "course_completion",
                        f"c{number}",
                        NOW - timedelta(days=3),
                        person,
                        "archive-officers",
                        "",
                        {"complete": True},
                    ),
                    Fact(
                        "grade",
                        f"g{number}",
                        NOW - timedelta(days=2),
                        person,
                        "archive-officers",
                        "archive-officers/final",
                        graded,
                    ),
                ],
                NOW,
                None,
            )
    register.certify(engine, SITE, [policy], clock)
    waiting = [one.grant_key for one in register.proposals(engine, SITE)]
    register.approve(engine, SITE, waiting[:5], by="B", clock=clock)
    register.issue_approved(engine, SITE, issuer, clock)  # everything is loaded and warm

    # Whole and parts by turns, ten certificates at a time: a machine that is slower for a while is so for both.
    whole = n = 0.0
    each: list[tuple[float, float, float, float]] = []
    for begin in range(5, len(waiting), 10):
        register.approve(engine, SITE, waiting[begin : begin + 10], by="B", clock=clock)
        began = time.process_time()
        report = register.issue_approved(engine, SITE, issuer, clock)
        whole += time.process_time() - began
        n += len(report.issued)
        each.append(_parts(issuer, _others_like(engine, [one.issue_id for one in report.issued]), begin))
    signing, setting, sealing, bare = map(sum, zip(*each, strict=True))
    parts = setting + signing + sealing
    rate = n / setting
    yield _figure(
        "rendered-per-cpu-second",
        rate,
        "1/CPU-s",
        "bare Typst, one line, PDF/A-3a",
        n / bare,
        rate / (n / bare),
        ">= 50",
        rate >= 50,
    )
    yield _figure(
        "issue-whole", whole / n * 1000, "CPU-ms", "rendering, credential and seal by themselves", parts / n * 1000, whole / parts,
        "<= 1.2 of the sum", whole <= 1.2 * parts,
    )  # fmt: skip


def _parts(issuer: Any, awards: list[Any], begin: int) -> tuple[float, float, float, float]:
    """Processor seconds of signing, setting and sealing these awards by themselves, and of bare Typst as often."""
    from certificates import certificate_pdf
    from certificates.credential import build_credential
    from certificates.pdf_signatures import SignatureField, sign_pdf

    holders = [f"{' '.join(NAMES[i % 5])} {begin + i}" for i in range(len(awards))]
    credentials: list[bytes] = []
    rendered: list[bytes] = []

    def sign() -> None:
        for award, holder in zip(awards, holders, strict=True):
            signed = issuer.signer.sign(build_credential(award, holder, "s" * 32), NOW)
            credentials.append(json.dumps(signed, ensure_ascii=False, indent=1).encode("utf-8"))

    place = next(certificate_pdf.sealed_places(awards[0].wording))[1]
    field = SignatureField(
        "signature-1", place.rect("landscape"), "Signature", "en", issuer.seals["archives"]
    )
    return (
        _cpu(sign),
        _cpu(lambda: rendered.extend(map(certificate_pdf.render, awards, holders, credentials))),
        _cpu(lambda: [sign_pdf(pdf, [field], NOW) for pdf in rendered]),
        _cpu(lambda: [_bare_typst() for _ in awards]),
    )


def _others_like(engine: Any, ids: list[str]) -> list[Any]:
    """Awards that nobody has issued, with numbers of their own: nothing of their sheets is remembered."""
    from dataclasses import replace

    from sqlalchemy import select

    from certificates.award import award_from_row
    from certificates.verification_id import new_verification_id
    from lms_sync.store import schema

    with engine.connect() as connection:
        rows = connection.execute(select(schema.issue).where(schema.issue.c.id.in_(ids))).all()
    return [
        replace(award_from_row(row), verification_id=new_verification_id(), serial=f"{row.serial}-{k}")
        for k, row in enumerate(rows)
    ]


def _bare_typst() -> bytes:
    from certificates import certificate_pdf

    return certificate_pdf._compile(  # noqa: SLF001 - the bare engine
        '#set document(title: "t")\n#set page(width: 297mm, height: 210mm)\nGëzim Çela'
    )


# --- the portal ---------------------------------------------------------------------------------

_EMPTY = """
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
import sys, uvicorn, socket
listening = socket.socket(); listening.bind(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
async def page(request): return HTMLResponse("<!doctype html><title>.</title>")
app = Starlette(routes=[Route("/{rest:path}", page)])
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")).run([listening])
"""
_OURS = """
import sys, uvicorn, socket
from datetime import UTC, datetime
from pathlib import Path
from certificates.portal.app import create_app
from certificates.public_key import read_public_keys
from lms_sync.clock import FixedClock
from lms_sync.store.database import open_database
folder = Path(sys.argv[1])
listening = socket.socket(); listening.bind(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
app = create_app(open_database(f"sqlite:///{folder / 'state.db'}"), did="did:web:bench.example.al", keys=read_public_keys(folder / "key.pem"),
                 issuer_name=None, language="sq", clock=FixedClock(datetime(2026, 3, 5, 9, 30, tzinfo=UTC)))
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")).run([listening])
"""


@contextmanager
def _served(program: str, *arguments: str) -> Iterator[tuple[int, int]]:
    """The port and process id of a server."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=HERE.parent, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait()


def _rate(port: int, pid: int, path: str, accept: str, seconds: float = 3.0) -> tuple[float, float]:
    """Requests per second, and per second of the server's processor time, over one kept connection."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: {accept}\r\n\r\n".encode()

    def cpu() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    deadline = time.monotonic() + 20
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    with connection, connection.makefile("rb") as answers:

        def ask() -> None:
            connection.sendall(request)
            assert b" 200 " in answers.readline()
            length = 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            answers.read(length)

        for _ in range(30):
            ask()
        n, began, used = 0, time.perf_counter(), cpu()
        while time.perf_counter() - began < seconds:
            for _ in range(20):
                ask()
            n += 20
        return n / (time.perf_counter() - began), n / max(cpu() - used, 0.01)


def _portal(folder: Path) -> Iterator[dict[str, object]]:
    from certificates import register
    from lms_sync.store.database import open_database

    award = register.issued(open_database(f"sqlite:///{folder / 'state.db'}"), SITE)[0]
    with _served(_EMPTY) as (port, pid):
        empty = statistics.median(_rate(port, pid, "/", "text/html", 2.0)[1] for _ in range(3))
    with _served(_OURS, str(folder)) as (port, pid):
        path = f"/verify/{award.verification_id}?lang=ro"
        page = statistics.median(_rate(port, pid, path, "text/html", 2.0)[1] for _ in range(3))
        machine = statistics.median(_rate(port, pid, path, "application/json", 2.0)[1] for _ in range(3))
    yield _figure(
        "portal-page",
        page,
        "requests/CPU-s",
        "an empty Starlette page",
        empty,
        page / empty,
        ">= 0.2 of it",
        page >= 0.2 * empty,
    )
    yield _figure(
        "portal-json",
        machine,
        "requests/CPU-s",
        "an empty Starlette page",
        empty,
        machine / empty,
        ">= 0.2 of it",
        machine >= 0.2 * empty,
    )


# --- deciding again -----------------------------------------------------------------------------


def _deciding(folder: Path) -> Iterator[dict[str, object]]:
    """All of 20 facts each about so many people; then one hundredth of the facts new, about one hundredth of the people."""
    from certificates import register
    from certificates.policy import parse_policy
    from lms_sync.clock import FixedClock
    from lms_sync.facts import Fact, store_facts
    from lms_sync.store.database import open_database
    from tests.certificates.conftest import POLICY

    folder.mkdir()
    engine = open_database(f"sqlite:///{folder / 'state.db'}")
    clock = FixedClock(NOW)
    policy = parse_policy(POLICY, "policy.yaml")
    n = FACTS // FACTS_EACH
    _people(engine, n)

    def facts(people: range, round_: int) -> Iterator[Fact]:
        for number in people:
            person = f"00000000-0000-4000-8000-{number:012d}"
            for k in range(FACTS_EACH - 1):
                graded = {"item": "mod", "grade": float((number * 7 + k * 13 + round_) % 100), "max": 100.0}
                moment = NOW - timedelta(days=30 - k - round_)
                yield Fact(
                    "grade",
                    f"{number}-{k}-{round_}",
                    moment,
                    person,
                    "archive-officers",
                    "archive-officers/final",
                    graded,
                )
            moment = NOW - timedelta(days=5 - round_)
            yield Fact(
                "course_completion",
                f"{number}-{round_}",
                moment,
                person,
                "archive-officers",
                "",
                {"complete": number % 3 > 0},
            )

    def store(people: range, round_: int) -> None:
        with engine.begin() as connection:
            store_facts(connection, SITE, facts(people, round_), NOW, None)

    def certify() -> None:
        register.certify(engine, SITE, [policy], clock)

    store(range(n), 0)
    whole = _cpu(certify)
    clock.advance(timedelta(minutes=5))
    store(range(0, n, 100), 1)
    again = _cpu(certify)
    engine.dispose()
    yield _figure(
        f"decide-again-{FACTS}-facts",
        again,
        "CPU-s",
        "deciding about everybody",
        whole,
        again / whole,
        "<= 0.05 of it",
        again <= 0.05 * whole,
    )
