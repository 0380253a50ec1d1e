"""A site over HTTP whose get_changes the tests control row by row, and an empty state database."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import Engine

from lms_sync.moodle.client import MoodleClient
from lms_sync.settings import Secret
from lms_sync.store.database import open_database

sys.path.insert(0, str(Path(__file__).parent))  # for `small_world`

Answer = dict[str, Any]

UNKNOWN_FUNCTION = {
    "exception": "dml_missing_record_exception",
    "errorcode": "invalidrecord",
    "message": "Can't find data record in database table external_functions.",
}


@dataclass
class Plugin:
    """The rows of each stream as a site's database holds them, and what it says of accounts."""

    now: int = 1_800_000_000
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    spoil: Callable[[str, Answer], Answer | str | None] = lambda function, answer: answer
    url: str = ""

    def add(self, stream: str, row_id: int, t: int, *, course: int = 7, user: int = 30, **more: Any) -> None:
        """A row as the plugin gives it; `data` by keyword."""
        row = {"id": row_id, "t": t, "courseid": course, "userid": user, "key": "", "cmid": 0}
        row |= {name: more.pop(name) for name in ("key", "cmid") if name in more}
        rows = self.rows.setdefault(stream, [])
        rows[:] = [old for old in rows if old["id"] != row_id]
        rows.append({**row, "data": json.dumps(more)})

    def answer(self, function: str, arguments: dict[str, Any]) -> Any:
        if function == "local_lmssync_get_accounts":
            return [
                {
                    "id": user,
                    "idnumber": "",
                    "username": f"user{user}",
                    "auth": "manual",
                    "suspended": False,
                    "confirmed": True,
                    "deleted": False,
                }
                for user in arguments["userids"]
            ]
        after = (arguments["since"], arguments["afterid"])
        found = sorted(
            (row["t"], row["id"], position)
            for position, row in enumerate(self.rows.get(arguments["stream"], []))
            if after < (row["t"], row["id"])
            and row["t"] < self.now
            and row["courseid"] in arguments["courseids"]
        )
        page = [
            dict(self.rows[arguments["stream"]][position]) for _, _, position in found[: arguments["limit"]]
        ]
        since, afterid = (page[-1]["t"], page[-1]["id"]) if page else after
        more = len(found) > arguments["limit"]
        return {"now": self.now, "more": more, "since": since, "afterid": afterid, "rows": page}


def _arguments(form: dict[str, str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, value in form.items():
        if "[" in name:
            arguments.setdefault(name.partition("[")[0], []).append(int(value))
        else:
            arguments[name] = value if name == "stream" else int(value)
    return arguments


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    plugin = Plugin()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body, keep_blank_values=True))
            function = form.pop("wsfunction")
            form.pop("wstoken"), form.pop("moodlewsrestformat")
            if function == "local_lmssync_get_news":  # a plugin from before that function, and before its log
                answer: Any = UNKNOWN_FUNCTION
            else:
                arguments = _arguments(form)
                plugin.calls.append({"function": function, **arguments})
                answer = plugin.spoil(function, plugin.answer(function, arguments))
            if answer is None:
                self.close_connection = True
                return
            content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(503 if isinstance(answer, str) else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    plugin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield plugin
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(plugin: Plugin) -> Iterator[MoodleClient]:
    client = MoodleClient(plugin.url, Secret("t"), waits=())
    yield client
    client.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'state.db'}")
    yield engine
    engine.dispose()
