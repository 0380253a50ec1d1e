"""Time is passed in, in UTC, and the institution's calendar decides what day it is."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lms_sync.clock import FixedClock, SystemClock, local_date

ROOT = Path(__file__).resolve().parents[2]


def test_clocks_tell_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    summer = datetime(2026, 7, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    clock = FixedClock(summer)
    assert clock.now() == summer
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(days=1))
    assert clock.now() == summer + timedelta(days=1)


def test_a_clock_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError):
        FixedClock(datetime(2026, 1, 1))
    with pytest.raises(ValueError):
        local_date(datetime(2026, 1, 1), "Europe/Tirane")


def test_a_day_begins_at_midnight_of_the_institution() -> None:
    moment = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert local_date(moment, "Europe/Tirane") == date(2027, 1, 1)
    assert local_date(moment, "UTC") == date(2026, 12, 31)


def test_nothing_reads_the_machines_clock_but_the_clock() -> None:
    reading: list[str] = []
    for package in (
        "authoring",
        "course_packages",
        "quizzes",
        "programmes",
        "helpdesk",
        "lms_sync",
        "certificates",
    ):
        for path in (ROOT / package).rglob("*.py"):
            if path.name == "clock.py":
                continue
            text = path.read_text(encoding="utf-8")
            if not any(f".{name}" in text for _, name in _CLOCKS):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                    owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                    if (owner, node.attr) in _CLOCKS:
                        reading.append(f"{path.relative_to(ROOT)}:{node.lineno} {owner}.{node.attr}")
    assert reading == []


_CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "localtime"),
    ("time", "gmtime"),
}
