"""For all tests: generated examples are few enough for every commit (EVERYTHING: more), and a busy machine fails none of them."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.everything import EVERYTHING
from tests.postgresql_server import MISSING, Server, binaries, started
from tests.pushed_academy import built_example, not_pushed, push, pushed, pushed_once, server

__all__ = ["built_example", "not_pushed", "push", "pushed", "pushed_once", "server"]  # fixtures

settings.register_profile(
    "every commit",
    max_examples=200 if EVERYTHING else 40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("every commit")


class _FilesStayTogether(LoadScopeScheduling):
    """A file's tests run in one process, in their order; those of the contract suite, whose steps build on each other, all do."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/contract" if nodeid.startswith("tests/contract/") else nodeid.split("::", 1)[0]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than processors: many tests wait for a browser, a site or another process."""
    return 1 + (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file begins first: at the end one process would work on it alone."""
    items.sort(key=lambda item: "wheel" not in item.keywords)


gc.disable()  # until everything is loaded: nothing of it is garbage, and looking for some takes a tenth of the time


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was loaded by now stays until the end: looking through it for garbage again and again takes a tenth of the time."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 50)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return _FilesStayTogether(config, log)


# The databases of the tests wait for the disk at every commit, which takes longer than the work itself: where there is
# room in memory, their folders are made there. What failed stays to be looked at.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4_000_000_000:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # nothing leaves this machine
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, one for all tests of a process: playwright can be started only once there. Missing it is a failure under CI=true."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        line = "Chromium is missing. Type: sudo apt-get install -y --no-install-recommends chromium-headless-shell"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of our own, one for all tests of a process. Missing it is a failure under CI=true."""
    if binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with started() as server:
        yield server


@pytest.fixture(scope="session")
def empty_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state database with today's tables and nothing in it, to be copied: migrating one takes a quarter of a second."""
    from lms_sync.store.database import open_database

    path = tmp_path_factory.mktemp("state") / "state.db"
    engine = open_database(f"sqlite:///{path}")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a state database with nothing in its tables, of each kind."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        return server.database()
    return f"sqlite:///{shutil.copy(request.getfixturevalue('empty_state'), tmp_path)}"
