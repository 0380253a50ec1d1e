"""Offline: the stand-in answers as the real Moodle did when it was recorded, and the plugin is still the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from recordings import ABOUT, ON_MYSQL, RECORDINGS, read_recording, recorded_steps, write_transcript
from shapes import Tolerated, differences
from sites import ROOT, SiteUnderTest
from test_coverage import called

from lms_sync.moodle.functions import FUNCTIONS
from lms_sync.plugin_zip import plugin_source_sha256

HOW = "run `make contract` on a real Moodle with MOODLE_URL, MOODLE_TOKEN, MOODLE_ADMIN_CLI and CONTRACT_RECORD=1"

NOT_RECORDED: frozenset[str] = frozenset()
"""Called by the suite, but of no recording."""

TOLERATED: tuple[Tolerated, ...] = (
    Tolerated(
        "changes-course-completion",
        r"\.rows\[\]\.data\.timecompleted",
        "null until Moodle has worked the course completion out, at once or by the next cron",
    ),
    Tolerated(
        "changes-question-outcome",
        r"\.rows\[\]\.data\.(chosen|response|random|fraction|version).*",
        "by the question that was drawn: what its type tells, where the draw stands, which version it has",
    ),
    Tolerated(
        "forum-discussions",
        r"\.discussions\[\]\.attachment",
        "declared as a text, and false where there is none; the product does not read it",
    ),
    Tolerated(
        "grades-told-by-core",
        r"\.usergrades\[\]\.gradeitems\[\]\.weight(raw|formatted)",
        "there or not, by how the course weighs its grades; the product does not read it",
    ),
    Tolerated(
        "learner-questions",
        r"\.questions\[\]\.settings",
        "a text or null, by the type of the question that was drawn; the product does not read it",
    ),
)


@pytest.fixture(scope="session")
def stand_in_steps(stand_in_run: SiteUnderTest | None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The stand-in's steps as they would be recorded: of this session, or of a run made for it."""
    target = tmp_path_factory.mktemp("contract") / "transcript.json"
    if stand_in_run is not None and not set(recorded_steps()) - stand_in_run.transcript.steps.keys():
        write_transcript(stand_in_run, target)
    else:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        files = [str(path) for path in sorted(Path(__file__).parent.glob("test_contract_*.py"))]
        done = subprocess.run(
            [*command, *files],
            cwd=ROOT,
            env={**os.environ, "CONTRACT_TRANSCRIPT": str(target)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert target.is_file(), done.stdout[-3000:]
    return json.loads(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("step", recorded_steps())
def test_the_stand_in_answers_as_the_real_moodle_did(step: str, stand_in_steps: dict[str, Any]) -> None:
    recorded, seen = read_recording(step), stand_in_steps.get(step)
    assert seen is not None, f"{step} is recorded and no longer a step of the suite"
    assert seen["function"] == recorded["function"]
    assert seen["http_status"] == recorded["http_status"]
    assert kind_of(seen["content_type"]) == kind_of(recorded["content_type"])
    if isinstance(recorded["response"], str):
        assert isinstance(seen["response"], str)
        assert bool(seen["response"].strip()) == bool(recorded["response"].strip())
        return
    found = [
        f"{path or 'the answer'}: {what}"
        for path, what in differences(recorded["response"], seen["response"])
        if not any(one.covers(step, path) for one in TOLERATED)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("step", recorded_steps(ON_MYSQL))
def test_moodle_answers_alike_on_both_databases(step: str) -> None:
    ours, theirs = read_recording(step), read_recording(step, ON_MYSQL)
    assert theirs["function"] == ours["function"]
    assert theirs["http_status"] == ours["http_status"]
    assert kind_of(theirs["content_type"]) == kind_of(ours["content_type"])
    found = [
        f"{path or 'the answer'}: {what}"
        for path, what in differences(ours["response"], theirs["response"])
        if not any(one.covers(step, path) for one in TOLERATED)
    ]
    assert not found, "\n".join(found)


def kind_of(content_type: str) -> str:
    """The content type without its character set."""
    return content_type.partition(";")[0].strip().lower()


def about() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((RECORDINGS / ABOUT).read_text(encoding="utf-8"))
    return loaded


def test_the_plugin_is_the_one_that_was_recorded() -> None:
    assert about()["plugin_source_sha256"] == plugin_source_sha256(), f"the plugin has changed since: {HOW}"


def test_every_function_of_the_product_has_a_recorded_step() -> None:
    recorded = {read_recording(step)["function"] for step in recorded_steps()}
    assert not called() - recorded - NOT_RECORDED, HOW
    assert not NOT_RECORDED & recorded, "these have been recorded: take them off the list"


def test_every_function_of_the_product_has_a_recorded_step_on_mysql_too() -> None:
    recorded = {read_recording(step, ON_MYSQL)["function"] for step in recorded_steps(ON_MYSQL)}
    assert not called() - recorded - NOT_RECORDED, HOW


def test_no_recording_holds_an_address_a_token_or_a_password() -> None:
    for path in [*RECORDINGS.glob("*.json"), *ON_MYSQL.glob("*.json")]:
        step, text = path.stem, path.read_text(encoding="utf-8")
        assert not re.search(r"https?:(?:\\?/){2}(?:127\.|localhost)", text), step
        assert not re.search(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", text), step
        assert "aA1-" not in text, step
        assert "/opt/" not in text, step


def test_the_page_of_what_was_verified_is_that_of_the_recordings() -> None:
    page = (ROOT / "docs" / "verified.md").read_text(encoding="utf-8")
    for function in FUNCTIONS:
        assert f"| `{function}` | Moodle " in page, f"docs/verified.md lacks {function}: {HOW}"
    assert str(about()["recorded_on"]) in page


def test_the_stand_ins_service_offers_what_the_plugin_declares() -> None:
    from moodle_standin.services import SYNC_FUNCTIONS

    source = (ROOT / "moodle_plugin" / "local_lmssync" / "db" / "services.php").read_text(encoding="utf-8")
    declared = set(re.findall(r"'((?:core|enrol|mod|tool|gradereport)_[a-z_]+)'", source))
    declared |= {
        f"local_lmssync_{name}" for name in re.findall(r"'([a-z_]+)' => \[\s*'(?:read|write)'", source)
    }
    assert set(SYNC_FUNCTIONS) == declared


def test_the_stand_ins_role_is_the_plugins_role() -> None:
    from moodle_standin.services import ROLE_CAPABILITIES

    role = json.loads((ROOT / "moodle_plugin" / "role.json").read_text(encoding="utf-8"))
    assert set(ROLE_CAPABILITIES) == set(role["capabilities"])
