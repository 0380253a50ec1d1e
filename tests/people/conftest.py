"""A stand-in Moodle over HTTP whose accounts the tests can look at, an academy folder, a state database."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import Engine

from lms_sync.moodle.client import MoodleClient
from lms_sync.settings import Secret
from lms_sync.store.database import open_database
from moodle_standin.seed import build_site
from moodle_standin.server import create_app
from moodle_standin.site import Site

TOKEN = "0123456789abcdef0123456789abcdef"

StartSite = Callable[..., tuple[Site, MoodleClient]]


class _Address:
    """One address for the whole session, behind which each test puts its own site."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def address() -> Iterator[tuple[_Address, str]]:
    address = _Address()
    # asyncio switches the wait for acknowledgements (40 ms a call) off only for sockets that say TCP
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(address, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield address, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def start_site(address: tuple[_Address, str]) -> Iterator[StartSite]:
    """Starts a stand-in with these accounts; the site, and a client with the service account's token."""
    clients: list[MoodleClient] = []

    def start(users: list[dict[str, Any]]) -> tuple[Site, MoodleClient]:
        site = build_site({"users": users, "service_account": {"token": TOKEN, "username": "lmssync"}})
        address[0].app = create_app(site)
        clients.append(MoodleClient(address[1], Secret(TOKEN), waits=()))
        return site, clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    engine.dispose()
