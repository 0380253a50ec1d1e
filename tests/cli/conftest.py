"""The command as it is typed, in this process, beside the stand-in of the push tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lms_sync.cli import commands
from lms_sync.cli.outcome import run_command


@dataclass
class Ended:
    """How a command ended: its exit code, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """Runs `lms-sync` with arguments; `language` is the reader's."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, language: str = "en") -> Ended:
        monkeypatch.setenv("LMS_SYNC_LANGUAGE", language)
        monkeypatch.setattr(sys, "argv", ["lms-sync", *map(str, arguments)])
        capsys.readouterr()
        code = run_command(commands)
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return run


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes at once where a client waits before it tries again."""
    monkeypatch.setattr("lms_sync.moodle.client.time.sleep", lambda seconds: None)


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file with its content, but for the state database, which a run opens."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".lms-sync" not in path.parts
    }


@pytest.fixture
def files() -> Any:
    return files_below
