"""A pytest plugin: `python -m pytest -p tests.on_postgresql …` runs tests that make SQLite files on PostgreSQL instead.

Each path is a database of its own. Tests that copy, read or hand over the file itself do not work so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, make_url

from lms_sync.store import database
from tests.postgresql_server import Server


@pytest.fixture(scope="session", autouse=True)
def _on_postgresql(postgresql: Server) -> Iterator[None]:
    addresses: dict[str, str] = {}
    postgresql.database()  # makes the template, before anything is redirected
    open_as_named = database._engine

    def elsewhere(url: URL) -> Engine:
        path = str(url.database or "")
        template = (
            Path(path).parent.name == "state0"
        )  # the fixture empty_state, of which only the name is copied
        if url.get_backend_name() != "sqlite" or path in ("", ":memory:") or template:
            return open_as_named(url)
        if path not in addresses:
            addresses[path] = postgresql.database()
        return open_as_named(make_url(addresses[path]))

    database._engine = elsewhere
    yield
    database._engine = open_as_named
