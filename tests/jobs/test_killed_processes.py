"""Several processes on one database, killed and frozen while they work: every due time one success, effects once.

A few seconds here; 30 seconds each in `make proofs`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lms_sync
from tests.postgresql_server import Server

CAMPAIGN = Path(__file__).with_name("kill_campaign.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are made by fork, and frozen by signals")
@pytest.mark.parametrize(("kind", "processes"), [("apscheduler", 2), ("procrastinate", 4)])
def test_every_due_time_has_one_success_and_its_effects_once(
    kind: str, processes: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "procrastinate":
        server: Server = request.getfixturevalue("postgresql")
        url = server.database()
    else:
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('empty_state'), tmp_path)}"
    arguments = [kind, "--seconds", "3", "--processes", str(processes), "--url", url]
    done = subprocess.run(
        [sys.executable, str(CAMPAIGN), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env={**os.environ, "PYTHONPATH": str(Path(lms_sync.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["due"] == said["done"] == 9
    assert said["effects"] == 27
    assert said["killed"] + said.get("frozen", 0) >= 2
    assert said["restarts"] >= 1
