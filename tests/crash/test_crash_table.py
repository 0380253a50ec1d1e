"""Wherever apply is killed, the next run finishes it: nothing twice, nothing lost, nothing unknown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork: the crash table needs a warm process that forks"
)


def run(*arguments: str, tmp_path: Path) -> tuple[str, list[dict[str, Any]], int]:
    """The campaign in a process of its own, which has no threads and may fork: table, outcomes, exit code."""
    written = tmp_path / "outcomes.json"
    command = [sys.executable, str(HERE / "campaign.py"), "--json", str(written), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, cwd=HERE.parent.parent
    )
    assert written.is_file(), done.stdout + done.stderr
    return done.stdout, json.loads(written.read_text(encoding="utf-8")), done.returncode


def test_no_kill_makes_anything_twice_or_loses_it(tmp_path: Path, record_table: Any) -> None:
    table, outcomes, code = run(tmp_path=tmp_path)
    record_table(table)
    bad = [one for one in outcomes if one["wrong"] or any(one["found"].values())]
    assert bad == []
    assert code == 0
    killed = [one for one in outcomes if one["killed"]]
    assert sum(one["killed"] for one in killed) >= 200  # each at a place of its own, or after other kills
    reached = {one["trial"]["what"] for one in killed}
    steps = {"intent", "sent", "confirmed", "end of run"}
    assert reached >= {f"{when} “{step}” is stored" for step in steps for when in ("before", "after")}
    assert any(one["trial"]["stage"] == 2 for one in killed)  # two courses at once
    late = [kill["late"] for one in killed for kill in one["trial"]["kills"]]
    assert max(late) == 1.0


def test_without_the_rule_the_table_shows_duplicates(tmp_path: Path) -> None:
    _, outcomes, code = run("--without-waiting", tmp_path=tmp_path)
    assert code == 1
    twice = {thing[0] for one in outcomes for thing in one["found"]["duplicates"]}
    assert twice >= {"course category", "course", "cohort", "group"}
    assert not twice & {"account", "enrolment", "cohort member", "section", "activity", "question version"}
