"""`lms-sync demo --programme` with all that it leaves: the training of trainers here, the archive officers from the wheel,
the inspectorate in `make proofs`. What each of the three needs to be played is looked at on every commit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from certificates.policy import read_policies
from helpdesk import read_helpdesk_file
from lms_sync.clock import SystemClock
from lms_sync.demo import demo_config, run_demo
from lms_sync.package_data import example_academy
from lms_sync.people import read_people
from lms_sync.playing.scenarios import SCENARIOS
from lms_sync.programme_files import programmes_by_id, read_programme_files
from tests.demo import what_was_played
from tests.everything import EVERYTHING


@pytest.mark.parametrize("example", SCENARIOS)
def test_the_configuration_follows_the_programme(example: str) -> None:
    folder = example_academy(example)
    programme = programmes_by_id(folder)[SCENARIOS[example].programme]
    config = demo_config("http://127.0.0.1:1", programme, read_policies(folder))
    what_was_played.configured(config, programme.id)


@pytest.mark.parametrize("example", SCENARIOS)
def test_whom_and_what_a_scenario_names_is_in_its_example(example: str) -> None:
    folder, scenario = example_academy(example), SCENARIOS[example]
    programme, people = programmes_by_id(folder)[scenario.programme], read_people(folder)
    policies = {one.id: one for one in read_policies(folder)}
    assert what_was_played.AWARDS[programme.id].keys() == policies.keys() & set(programme.awards)
    numbers = {one.idnumber for one in people.participants}
    institutions = {one.code for one in people.institutions}
    named = {*scenario.otherwise, *(who for _, who in scenario.missed), *(who for _, who in scenario.refused)}
    assert named | {one.who for one in scenario.asked} <= numbers
    assert {session for session, _ in scenario.missed} <= {one.id for one in programme.sessions}
    assert {who for who, _ in scenario.explained} <= numbers | institutions
    assert {award for _, award in scenario.explained} <= policies.keys()
    shown = {(one.institution, one.milestone) for one in scenario.shown}
    assert {institution for institution, _ in shown} <= institutions
    assert {milestone for _, milestone in shown} <= {one.id for one in programme.milestones}
    files = read_programme_files(folder)
    for filled in scenario.answered:
        assert files.questionnaire(filled.questionnaire) is not None
        assert set(filled.institutions) <= institutions
    desk = read_helpdesk_file(folder)
    assert desk is not None
    assert desk.forum is not None


PLAYED = ["training-of-trainers", "inspectorate"] if EVERYTHING else ["training-of-trainers"]


@pytest.fixture(scope="module", params=PLAYED)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("demo") / "academy"
    run_demo(folder, SystemClock(), lambda code, /, **params: None, example=str(request.param))
    return folder, json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_the_programme_is_pushed_learned_awarded_verified_and_reported(played: tuple[Path, Any]) -> None:
    folder, summary = played
    what_was_played.pushed_learned_awarded_and_verified(folder, summary)
    what_was_played.reported(folder, summary)
    config = (folder / "config.yaml").read_text(encoding="utf-8")
    what_was_played.configured(config, summary["programme"])


def test_explain_says_why_a_session_led_too_early_counts_for_nobody(played: tuple[Path, Any]) -> None:
    _, summary = played
    if summary["programme"] == "migration-governance":  # the inspectorate's sessions ask for no award
        said = Path(summary["explained"]).read_text(encoding="utf-8")
        assert "led without holding the valid award" in said
        assert "Arta Dëshira, who held no valid award" in said
