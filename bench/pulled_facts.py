"""How fast rows become facts, beside the bare libraries in the same run.

- decode and validate: a body of the plugin as checked values, beside pydantic's own `validate_json` of the same shapes.
- store: observations into SQLite as `pull` does it (each compared with what was known, synchronous=NORMAL), beside one executemany
  of SQLAlchemy Core with the same rows, in the same mode.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pydantic
from sqlalchemy import Engine, insert

from lms_sync import plugin_rows
from lms_sync.facts import ACTIVITY_COMPLETION, GRADE, Fact
from lms_sync.observed import store_observed
from lms_sync.plugin_source import Ask, PluginSource
from lms_sync.store import schema
from lms_sync.store.database import open_database, repeatable

ROWS = 20_000
NOW = 1_800_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)


def best(*works: Callable[[], object], times: int = 7) -> list[float]:
    """The shortest of some runs of each, in seconds; in turns, so that a busy moment meets all of them."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, times_of in zip(works, taken, strict=True):
            began = time.perf_counter()
            work()
            times_of.append(time.perf_counter() - began)
    return [min(one) for one in taken]


def figure(name: str, rate: float, peer: str, peer_rate: float, goal: float) -> dict[str, object]:
    """A rate of ours beside a bare library's."""
    return {
        "id": name,
        "value": round(rate),
        "unit": "rows/s",
        "peer": peer,
        "peer_value": round(peer_rate),
        "ratio": round(rate / peer_rate, 2),
        "goal": f">= {goal} x",
        "met": rate / peer_rate >= goal,
    }


def body() -> str:
    """An answer of the plugin with one full page of grades, a tenth of a point apart."""
    rows = [
        {
            "id": number,
            "t": NOW - 1_000_000 + number,
            "courseid": 7,
            "userid": 30 + number % 2000,
            "key": "archive/final",
            "cmid": 5,
            "data": json.dumps({"item": "mod", "grade": number % 1001 / 10, "max": 100.0, "pass": 50.0}),
        }
        for number in range(1, ROWS + 1)
    ]
    page = {"asked": 0, "more": False, "since": rows[-1]["t"], "afterid": ROWS, "rows": []}
    page["text"] = json.dumps(rows)
    return json.dumps({"now": NOW, "logsince": 1, "pages": [page]})


class _Site:
    """Answers with the body, decoded as the client does it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def call(self, *_: object, **__: object) -> Any:
        return json.loads(self.text)


def decoding() -> dict[str, object]:
    """Decode and validate."""
    text = body()
    source = PluginSource(_Site(text), ROWS)
    news: Any = pydantic.TypeAdapter(plugin_rows.News)
    given: Any = pydantic.TypeAdapter(list[plugin_rows.PageRow])
    said: Any = plugin_rows.grade_shape

    def ours() -> None:
        ((ask, page),) = source.ask([Ask(GRADE, {"archive": 7})])
        plugin_rows.values_of(ask.stream, page["rows"])

    def bare() -> None:
        for page in news.validate_json(text)["pages"]:
            for row in given.validate_json(page["text"]):
                said.validate_json(row["data"])

    took, took_bare = best(ours, bare)
    return figure("facts.decode-and-validate", ROWS / took, "pydantic validate_json", ROWS / took_bare, 0.8)


def _facts(number: int) -> list[Fact]:
    return [
        Fact(
            ACTIVITY_COMPLETION,
            str(one),
            START + timedelta(seconds=one),
            f"{one % 2000:036}",
            "archive",
            "archive/final",
            {"state": 1, "complete": True},
        )
        for one in range(1, number + 1)
    ]


def _database(folder: str, name: str, people: int) -> Engine:
    engine = repeatable(open_database(f"sqlite:///{Path(folder) / name}"))
    with engine.begin() as connection:
        rows = [{"id": f"{one:036}", "site": "s", "created_at": START} for one in range(people)]
        connection.execute(insert(schema.person), rows)
    return engine


def storing() -> dict[str, object]:
    """Store what is all new, in transactions of one page (5,000 rows)."""
    facts = _facts(ROWS)
    pages = [facts[start : start + 5000] for start in range(0, ROWS, 5000)]
    rows = [
        [
            {
                "site": "s",
                "stream": fact.stream,
                "source_id": fact.source_id,
                "source_time": fact.source_time,
                "content_hash": fact.content_hash,
                "person_id": fact.person_id,
                "course": fact.course,
                "subject": fact.subject,
                "value": fact.value,
                "recorded_at": START,
                "run_id": None,
            }
            for fact in page
        ]
        for page in pages
    ]
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(5):
            ours = _database(folder, f"ours{turn}.db", 2000)
            facts = _facts(ROWS)  # their hashes are still to be computed, those of the bare rows are not
            pages = [facts[start : start + 5000] for start in range(0, ROWS, 5000)]
            began = time.perf_counter()
            for page in pages:
                with ours.begin() as connection:
                    store_observed(connection, "s", ACTIVITY_COMPLETION, page, NOW, START, None)
            taken["ours"].append(time.perf_counter() - began)
            bare = _database(folder, f"bare{turn}.db", 2000)
            began = time.perf_counter()
            for some in rows:
                with bare.begin() as connection:
                    connection.execute(insert(schema.fact), some)
            taken["bare"].append(time.perf_counter() - began)
            ours.dispose()
            bare.dispose()
    return figure("facts.store", ROWS / min(taken["ours"]), "SQLAlchemy Core", ROWS / min(taken["bare"]), 0.6)


def measure() -> list[dict[str, object]]:
    """The figures, for bench/results.json."""
    return [decoding(), storing()]
