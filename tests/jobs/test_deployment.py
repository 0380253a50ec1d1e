"""The service files name commands that there are, and systemd finds nothing wrong with them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from lms_sync.cli import commands

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy").glob("*.service"))


def _command(unit: Path) -> list[str]:
    found = re.search(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return shlex.split(found.group(1))


def _accepted(arguments: list[str]) -> bool:
    """Whether the command line is one that the command would run, without running it."""
    context = click.Context(commands)
    verb = commands.get_command(context, arguments[0])
    assert verb is not None
    verb.make_context(arguments[0], arguments[1:], parent=context)
    return True


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_there_is(unit: Path) -> None:
    program, *arguments = _command(unit)
    assert program.endswith("/lms-sync")
    assert _accepted(arguments)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    assert UNITS
    paths = []
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(_command(unit)[0], "/bin/true")
        text = re.sub(r"^(Documentation=).*$", r"\1man:true(1)", text, flags=re.MULTILINE)
        name = unit.name.replace("@.", "@1.")  # a template is looked at as one of its instances
        (tmp_path / name).write_text(text, encoding="utf-8")
        paths.append(str(tmp_path / name))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_container_file_says_that_it_was_not_run_and_names_what_there_is() -> None:
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    assert "NOT RUN" in text
    for name in re.findall(r"-r (\S+)", text):
        assert (ROOT / name).is_file()
    for line in re.findall(r"lms-sync ((?:run|worker) --dir .*)$", text, re.MULTILINE):
        assert _accepted(shlex.split(line))
