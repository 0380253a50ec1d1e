"""Wherever apply is killed, the next run finishes it: nothing twice, nothing lost, nothing unknown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork: the crash table needs a warm process that forks"
)


@dataclass(frozen=True)
class Campaign:
    """What the campaign printed and found, the control apart, and its exit code."""

    table: str
    outcomes: list[dict[str, Any]]
    control: list[dict[str, Any]]
    code: int


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """In a process of its own, which has no threads and may fork."""
    written = tmp_path_factory.mktemp("crash") / "outcomes.json"
    command = [sys.executable, str(HERE / "campaign.py"), "--and-control", "--json", str(written)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, cwd=HERE.parent.parent
    )
    assert written.is_file(), done.stdout + done.stderr
    outcomes = json.loads(written.read_text(encoding="utf-8"))
    waiting = [one for one in outcomes if one["trial"]["waits"]]
    return Campaign(done.stdout, waiting, [one for one in outcomes if one not in waiting], done.returncode)


def test_no_kill_makes_anything_twice_or_loses_it(campaign: Campaign, record_table: Any) -> None:
    record_table(campaign.table)
    bad = [one for one in campaign.outcomes if one["wrong"] or any(one["found"].values())]
    assert bad == []
    assert campaign.code == 0
    killed = [one for one in campaign.outcomes if one["killed"]]
    assert sum(one["killed"] for one in killed) > 200  # each at a place of its own, or after other kills
    reached = {one["trial"]["what"] for one in killed}
    steps = {"intent", "sent", "confirmed", "end of run"}
    assert reached >= {f"{when} “{step}” is stored" for step in steps for when in ("before", "after")}
    assert any(one["trial"]["stage"] == 2 for one in killed)  # two courses at once
    late = [kill["late"] for one in killed for kill in one["trial"]["kills"]]
    assert max(late) == 1.0


def test_without_the_rule_the_table_shows_duplicates(campaign: Campaign) -> None:
    twice = {thing[0] for one in campaign.control for thing in one["found"]["duplicates"]}
    assert twice >= {"course category", "course", "cohort", "group"}
    assert not twice & {"account", "enrolment", "cohort member", "section", "activity", "question version"}
