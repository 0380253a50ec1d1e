"""The suite's targets, and what it says at the end: what ran, what was skipped by name, and how long a push took."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from ground import Ground
from recordings import ALL_CALLED, folder_of, write_recordings, write_transcript
from sites import RealSite, SiteUnderTest, StandInSite
from verified import rewrite_table

HERE = Path(__file__).parent
REAL = bool(os.environ.get("MOODLE_URL") and os.environ.get("MOODLE_TOKEN"))
ONLY_STAND_IN = "CONTRACT_TRANSCRIPT" in os.environ  # a run for the comparison with the recordings

_sites: list[SiteUnderTest] = []
_failed: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="record the replies of the real Moodle")


def _targets() -> list[object]:
    found: list[object] = [pytest.param(StandInSite, id="stand-in")]
    if REAL and not ONLY_STAND_IN:
        found.append(pytest.param(RealSite, id="moodle", marks=pytest.mark.real))
    return found


@pytest.fixture(scope="session", params=_targets())
def site(request: pytest.FixtureRequest) -> Iterator[SiteUnderTest]:
    made = request.param()
    _sites.append(made)
    yield made
    made.close()


@pytest.fixture(scope="session")
def ground(site: SiteUnderTest) -> Iterator[Ground]:
    made = Ground(site)
    yield made
    made.close()


@pytest.fixture(scope="session")
def stand_in_run() -> SiteUnderTest | None:
    """The stand-in's run of this session, if all of it is over."""
    return next((one for one in _sites if isinstance(one, StandInSite)), None)


def _recording(config: pytest.Config) -> bool:
    wanted = config.getoption("--record", default=False) or os.environ.get("CONTRACT_RECORD") == "1"
    return bool(REAL and wanted and not ONLY_STAND_IN)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    later = pytest.mark.skip(reason="the recordings are being made; run once more without recording")
    for item in items:
        if item.path.parent != HERE:
            continue
        if _recording(config) and item.path.name == "test_recordings.py":
            item.add_marker(later)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and "tests/contract/" in report.nodeid:
        _failed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = os.environ.get("CONTRACT_TRANSCRIPT")
    for one in _sites:
        if isinstance(one, StandInSite) and target:
            write_transcript(one, Path(target))
    if not _recording(session.config):
        return
    for one in _sites:
        if isinstance(one, RealSite):
            one.recorded = not _failed and ALL_CALLED in one.figures
            if one.recorded:
                write_recordings(one, folder_of(one))
                rewrite_table()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _sites or ONLY_STAND_IN:
        return
    line = terminalreporter.write_line
    terminalreporter.section("contract")
    for one in _sites:
        line(one.summary())
        for name, value in one.figures.items():
            line(f"  {name}: {value}")
        for step, reason in one.skipped.items():
            line(f"  skipped: {step} ({reason})")
        if one.recorded is not None:
            said = (
                f"recorded in moodle_standin/recordings/{folder_of(one).name}"
                if one.recorded
                else "NOT recorded, because a test failed or was not run"
            )
            line(f"  {len(one.transcript.steps)} steps {said}")
    if not REAL:
        line(
            "real Moodle: not run (set MOODLE_URL, MOODLE_TOKEN and, for steps on the site, MOODLE_ADMIN_CLI)"
        )
