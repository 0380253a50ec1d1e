"""How a play ends: one certificate verified over HTTP, the reports written, a few awards explained."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlalchemy import Engine

from authoring.problems import LmsSyncError
from certificates.policy import Policy
from certificates.register import issued, read_document
from lms_sync.clock import Clock
from lms_sync.playing.scenarios import Scenario
from lms_sync.settings import Settings
from lms_sync.write_files import write_durably
from programmes import Programme


class VerifyFailed(LmsSyncError):
    """The portal says something else than the register."""


@dataclass(frozen=True)
class Verified:
    """One certificate: what the portal says of it, its address, and the PDF written out."""

    status: str
    url: str
    pdf: Path


def awards(engine: Engine, site: str) -> dict[str, int]:
    """How many certificates of each policy were issued."""
    return dict(sorted(Counter(one.policy for one in issued(engine, site)).items()))


def explain_some(
    engine: Engine,
    site: str,
    folder: Path,
    scenario: Scenario,
    policies: Sequence[Policy],
    programme: Programme,
    clock: Clock,
) -> Path:
    """Writes what `lms-sync explain` says of those whom the scenario names; the file."""
    from certificates.explain import explain
    from lms_sync.cli.officer_explain import explanation_lines

    by_id = {one.id: one for one in policies}
    programmes = {programme.id: programme}
    said = []
    for who, award in scenario.explained:
        found = explain(engine, site, by_id[award], who, clock, programmes=programmes)
        said.append("\n".join(explanation_lines(found, by_id, programmes, programme.default_language)))
    path = folder / "explained.txt"
    write_durably(path, ("\n\n\n".join(said) + "\n").encode("utf-8"), mode=0o600)
    return path


def verify_one(engine: Engine, site: str, folder: Path, settings: Settings, clock: Clock) -> Verified:
    """Asks the portal over HTTP about the first certificate of the first award; raises VerifyFailed."""
    first = min(issued(engine, site), key=lambda one: one.serial)
    pdf = folder / "certificates" / "issued" / f"{first.serial}.pdf"
    write_durably(pdf, read_document(engine, first.issue_id, "pdf"), mode=0o600)
    with serve_portal(engine, folder, settings, clock) as url:
        reply = requests.get(
            f"{url}/verify/{first.verification_id}", headers={"Accept": "application/json"}, timeout=30
        )
        answer = reply.json()
    if answer.get("serial") != first.serial:
        raise VerifyFailed("demo.verify-failed", answer=str(answer))
    return Verified(str(answer["status"]), first.verification_url, pdf)


@contextmanager
def serve_portal(engine: Engine, folder: Path, settings: Settings, clock: Clock) -> Iterator[str]:
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


def report_completion(folder: Path, settings: Settings, site: str, clock: Clock, language: str) -> int:
    """Writes the completion report of every course; how many institutions the first one lists."""
    from lms_sync.cli.officer_report import make_reports

    written = make_reports(folder, settings, site, settings.sites[site], clock, language=language)
    return len(written[0].report.rows)


@dataclass(frozen=True)
class CoverageReport:
    """The coverage report of a programme: its page, the milestones that are reached, and certified institutions."""

    page: Path
    milestones: int
    institutions_certified: int
    indicators: int


def report_coverage(
    engine: Engine, site: str, folder: Path, programme: Programme, clock: Clock
) -> CoverageReport:
    """Counts the programme as of now and writes page, PDF, workbook and CSV in its first language, pages in all."""
    from lms_sync.assessment.coverage import coverage
    from lms_sync.assessment.coverage_page import coverage_html
    from lms_sync.assessment.coverage_pdf import coverage_pdf
    from lms_sync.assessment.coverage_sheets import coverage_csv, coverage_xlsx

    counted = coverage(engine, site, folder, programme.id, today=clock.now())
    first = programme.default_language
    files = {f"{language}.html": coverage_html(counted, folder, language) for language in programme.languages}
    files[f"{first}.pdf"] = coverage_pdf(counted, folder, first)
    files[f"{first}.xlsx"] = coverage_xlsx(counted, first)
    files[f"{first}.csv"] = coverage_csv(counted, first)
    for ending, content in files.items():
        write_durably(folder / "reports" / f"{counted.name}.{ending}", content)
    return CoverageReport(
        folder / "reports" / f"{counted.name}.{first}.html",
        sum(one.reached for one in counted.paths),
        len(counted.certified),
        len(counted.results),
    )
