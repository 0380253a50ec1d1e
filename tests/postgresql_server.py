"""A real PostgreSQL for tests: started in a folder of its own by somebody without privileges, gone with the process.

Debian's binaries are used (package `postgresql`); the server listens on a unix socket only and never waits for the
disk. Databases are copies of one that was migrated once.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "PostgreSQL is missing. Type: sudo apt-get install -y --no-install-recommends postgresql"

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "90",
    "autovacuum": "off",
}


def binaries() -> Path | None:
    """Where the server's programs are, of the newest version that is here."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name)
    )
    if found:
        return found[-1].parent
    known = shutil.which("initdb")
    return Path(known).resolve().parent if known else None


class Server:
    """A running server; its only user, `lms`, needs no password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        self._template: str | None = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://lms@/{database}?host={self.folder}"

    def empty_database(self, template: str = "template0") -> str:
        """Makes a database; its URL."""
        name = f"test_{next(self._numbers)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def database(self) -> str:
        """Makes a database with today's tables; its URL."""
        if self._template is None:
            from lms_sync.store.database import open_database

            self._say("CREATE DATABASE migrated TEMPLATE template0")
            open_database(self.url("migrated")).dispose()
            self._template = "migrated"
        return self.empty_database(self._template)

    def _say(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(f"host={self.folder} user=lms dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def started() -> Iterator[Server]:
    """Starts a server; it ends with the block, and also where this process is killed."""
    programs = binaries()
    if programs is None:
        raise FileNotFoundError(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    identity: dict[str, object] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    folder.chmod(0o755)
    data = folder / "data"
    try:
        make = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "lms",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        done = subprocess.run(make, cwd="/", capture_output=True, text=True, check=False, **identity)  # type: ignore[call-overload]
        if done.returncode:
            raise RuntimeError(done.stderr)
        settings = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        # The shell ends the server when its input closes, which it does however this process ends.
        line = f"'{programs}/postgres' -D '{data}' -k '{folder}' {settings} >'{folder}/log' 2>&1 & read _; kill -INT $!; wait"
        shell = subprocess.Popen(["sh", "-c", line], cwd="/", stdin=subprocess.PIPE, **identity)  # type: ignore[call-overload]
        try:
            _wait_until_it_answers(folder)
            yield Server(folder)
        finally:
            shell.stdin.close()
            shell.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_answers(folder: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host={folder} user=lms dbname=postgres").close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text()) from None
            time.sleep(0.02)
        else:
            return
