"""A release of Moodle that nobody has tried is said to be so, read, and not written to unless asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from lms_sync.verified_release import is_verified
from moodle_standin.seed import build_site
from tests.cli.conftest import command
from tests.pushed_academy import COURSE

if TYPE_CHECKING:
    from tests.cli.conftest import Ended
    from tests.pushed_academy import Push

    Command = Callable[..., Ended]

__all__ = ["command"]


@pytest.mark.parametrize("release", ["4.5.6 (Build: 20250811)", "4.5", "4.5+", "4.5.12+ (Build: 20270101)"])
def test_the_series_that_was_tried_is_verified(release: str) -> None:
    assert is_verified(release)


@pytest.mark.parametrize("release", ["5.0.1 (Build: 20250101)", "5.2", "4.4.9", "4.50", "14.5", "", "dev"])
def test_any_other_is_not(release: str) -> None:
    assert not is_verified(release)


def test_the_stand_in_says_the_release_of_its_seed() -> None:
    assert build_site({"site": {"release": "5.1 (Build: 20251006)"}}).settings.release.startswith("5.1")


@pytest.mark.parametrize("arguments", [("--yes",), ("--yes", "--json"), ("--parallel", "2", "--yes")])
def test_apply_writes_nothing_to_it(push: Push, command: Command, arguments: tuple[str, ...]) -> None:
    push.site.settings.release = "5.1 (Build: 20251006)"
    ended = command("apply", "--dir", push.folder, *arguments)
    assert ended.code == 3, ended.said
    assert "5.1 (Build: 20251006)" in ended.err
    assert "--unverified" in ended.err
    assert push.log() == []


def test_undo_takes_nothing_back_on_it(pushed: Push, command: Command) -> None:
    pushed.set_text(f"courses/{COURSE}/course.yaml", "Course news", "News of the course")
    assert command("apply", "--dir", pushed.folder, "--yes").code == 0
    pushed.site.settings.release = "5.1 (Build: 20251006)"
    before = len(pushed.log())
    ended = command("apply", "--dir", pushed.folder, "--undo", "2", "--yes")
    assert ended.code == 3, ended.said
    assert "--unverified" in ended.err
    assert pushed.log(before) == []


def test_where_there_is_nothing_to_write_nothing_is_refused(pushed: Push, command: Command) -> None:
    pushed.site.settings.release = "5.1 (Build: 20251006)"
    assert command("apply", "--dir", pushed.folder, "--yes").code == 0


def test_reading_it_is_not_refused(push: Push, command: Command) -> None:
    push.site.settings.release = "5.1 (Build: 20251006)"
    assert command("plan", "--dir", push.folder).code == 2
    assert command("pull", "--dir", push.folder).code == 0
    told = json.loads(command("doctor", "--dir", push.folder, "--json").out)["findings"]
    assert [one["level"] for one in told if one["code"] == "doctor.release-not-verified"] == ["warning"]


def test_whoever_asks_for_it_may_write_to_it(push: Push, command: Command) -> None:
    push.site.settings.release = "5.1 (Build: 20251006)"
    assert command("apply", "--dir", push.folder, "--unverified", "--yes").code == 0
    assert command("plan", "--dir", push.folder).code == 0
