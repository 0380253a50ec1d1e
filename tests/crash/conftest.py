"""Shows the crash table at the end of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_tables: list[str] = []


@pytest.fixture
def record_table() -> Callable[[str], None]:
    """Takes a table to be shown."""
    return _tables.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for table in _tables:
        terminalreporter.section("crash table")
        terminalreporter.write(table)
