"""Certificates: how many a processor second sets, what issuing adds to its parts, deciding again, and the portal's answers.

Each figure stands beside its bare parts, measured in the same run. BENCH_FACTS (default: a million) may be smaller.

A full issue beside the sum of its parts. The whole is `issue_approved` for as many approved awards as one transaction takes:
looking for them, numbering, entering, making and storing their documents, the chain of the register, the status list.
The parts are what other people's libraries have to do for as many awards of the same wording, with numbers of their own,
and nothing else; all that they are given is made before the clock starts:

- openbadgeslib signs the finished credential and looks whether the proof covers every member of it;
- segno makes the QR code, and Typst sets the finished source with the credential attached, as PDF/A-3a and PDF/UA-1;
- pyHanko puts one PAdES signature into a tagged field, by `sign_pdf`: that leaves out what pyHanko's own `PdfSigner` does
  beside it, and takes about half of its time, so that it is the narrower measure.

Each of the three does eight awards before the next begins, as a program that did nothing else would: the instructions
and tables of one library stay in the processor's caches. No database, no reading of files, no chain.

Both are counted in processor seconds, of the program and of the system for it, in one process in which both have run
before. In every round one half of the parts comes before the whole and the other half
after it, so that a processor that grows slower or faster meanwhile does so for both; the ratio is the median of the
rounds' ratios. Bare Typst pages are set when all rounds are over: Typst forgets what ten documents have not used, and would
have to work it out again for the whole.
"""

from __future__ import annotations

import gc
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
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FACTS = int(os.environ.get("BENCH_FACTS", "1000000"))
FACTS_EACH = 20
ROUNDS = 15
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
    """Processor seconds of a piece of work."""
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
    from certificates import certificate_pdf, register
    from certificates.documents import PORTION
    from lms_sync.clock import FixedClock

    engine, policy, issuer = _register(folder)
    clock = FixedClock(NOW)
    n = PORTION * (ROUNDS + 1)
    _people(engine, n)
    _have_earned(engine, n)
    register.certify(engine, SITE, [policy], clock)
    waiting = [one.grant_key for one in register.proposals(engine, SITE)]
    wholes: list[float] = []
    parts: list[float] = []
    renders: list[float] = []
    issued: list[str] = []

    def whole() -> None:
        report = register.issue_approved(engine, SITE, issuer, clock)
        assert len(report.issued) == PORTION
        assert not report.problems
        issued[:] = [one.issue_id for one in report.issued]

    def render(others: list[Any], credentials: list[bytes]) -> None:
        for number, (award, credential) in enumerate(zip(others, credentials, strict=True)):
            certificate_pdf.render(award, _holder(number), credential)

    for number in range(ROUNDS + 1):
        here = waiting[number * PORTION : (number + 1) * PORTION]
        register.approve(engine, SITE, here, by="B", clock=clock)
        if number == 0:  # loads and warms everything up
            whole()
            continue
        others = _others_like(engine, issued)
        credentials = [register.read_document(engine, one, "credential") for one in issued]
        half = PORTION // 2
        before = _parts(issuer, others[:half], credentials[:half])
        after = _parts(issuer, others[half:], credentials[half:])
        gc.collect()  # what was prepared
        first = _cpu(before)
        wholes.append(_cpu(whole))
        parts.append(first + _cpu(after))
        if number <= 5:
            renders.append(_cpu(partial(render, _others_like(engine, issued), credentials)))
    ratio = statistics.median(a / b for a, b in zip(wholes, parts, strict=True))
    rate = PORTION / statistics.median(renders)
    bare = PORTION / statistics.median(
        _cpu(lambda: [_bare_typst(n) for n in range(PORTION)]) for _ in range(5)
    )
    yield _figure(
        "rendered-per-cpu-second",
        rate,
        "1/CPU-s",
        "bare Typst, one line, PDF/A-3a",
        bare,
        rate / bare,
        ">= 50",
        rate >= 50,
    )
    yield _figure(
        "issue-whole",
        statistics.median(wholes) / PORTION * 1000,
        "CPU-ms",
        "openbadgeslib, segno, Typst and pyHanko by themselves",
        statistics.median(parts) / PORTION * 1000,
        ratio,
        "<= 1.2 of the sum",
        ratio <= 1.2,
    )


def _have_earned(engine: Any, n: int) -> None:
    """Two facts about each of so many people, by which they have earned the award."""
    from lms_sync.facts import Fact, store_facts

    facts: list[Fact] = []
    for number in range(n):
        person = f"00000000-0000-4000-8000-{number:012d}"
        course, quiz = "archive-officers", "archive-officers/final"
        graded = {"item": "mod", "grade": 85.0, "max": 100.0}
        done = {"complete": True}
        facts += [
            Fact("course_completion", f"c{number}", NOW - timedelta(days=3), person, course, "", done),
            Fact("grade", f"g{number}", NOW - timedelta(days=2), person, course, quiz, graded),
        ]
    with engine.begin() as connection:
        store_facts(connection, SITE, facts, NOW, None)


def _parts(issuer: Any, awards: list[Any], credentials: list[bytes]) -> Callable[[], None]:
    """Signing, setting and sealing these awards by the libraries, with everything that they are given made already.

    `credentials` are attached: those of as many others, so that nothing has to be signed before its turn.
    """
    import segno

    from certificates import certificate_pdf
    from certificates.credential import build_credential
    from certificates.pdf_signatures import SignatureField, sign_pdf

    unsigned = [build_credential(award, _holder(i), "s" * 32) for i, award in enumerate(awards)]
    sources = [
        certificate_pdf.sheet_source(award, _holder(i), credential)
        for i, (award, credential) in enumerate(zip(awards, credentials, strict=True))
    ]
    place = next(certificate_pdf.sealed_places(awards[0].wording))[1]
    field = SignatureField(
        "signature-1", place.rect("landscape"), "Signature", "en", issuer.seals["archives"]
    )

    def work() -> None:
        for one in unsigned:
            issuer.signer.sign(one, NOW)
        sheets = []
        for award, source in zip(awards, sources, strict=True):
            segno.make(award.verification_url, **certificate_pdf.QR_OPTIONS)
            sheets.append(certificate_pdf.compile_sheet(source, award.issued_at))
        for pdf in sheets:
            sign_pdf(pdf, [field], NOW)

    return work


def _holder(number: int) -> str:
    return f"{' '.join(NAMES[number % 5])} {number}"


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


def _bare_typst(n: int) -> bytes:
    from certificates import certificate_pdf

    return certificate_pdf.compile_sheet(
        f'#set document(title: "t")\n#set page(width: 297mm, height: 210mm)\nGëzim Çela {n}'
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
