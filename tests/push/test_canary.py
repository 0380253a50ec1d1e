"""`apply --canary`: one site first; the others only where it went well there, and one of them stops no other."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from lms_sync.cli import commands
from tests.pushed_academy import Push

NOWHERE = "http://127.0.0.1:9"


def _apply(push: Push, *arguments: str) -> Result:
    sites = "".join(
        f"  {name}: {{url: '{url}', token_file: token}}\n"
        for name, url in {"away": NOWHERE, "gone": f"{NOWHERE}/x", "main": push.url}.items()
    )
    (push.folder / "config.yaml").write_text(f"language: en\nsites:\n{sites}", encoding="utf-8")
    return CliRunner().invoke(
        commands, ["apply", "--dir", str(push.folder), "--yes", *arguments], standalone_mode=False
    )


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")


def test_where_the_first_site_fails_no_other_is_touched(push: Push) -> None:
    result = _apply(push, "--canary", "away")
    assert result.exception is not None or result.return_value != 0
    assert push.log() == []


def test_where_the_first_site_goes_well_the_others_follow_and_one_stops_no_other(push: Push) -> None:
    result = _apply(push, "--canary", "main")
    assert result.return_value == 4, result.output
    assert push.log()
    heads = [line for line in result.stdout.splitlines() if line in ("main (first)", "away", "gone")]
    assert heads == ["main (first)", "away", "gone"]
    assert "Applied to 1 site; not wholly to: away, gone." in result.stdout


def test_a_canary_goes_with_nothing_that_is_for_one_site(push: Push) -> None:
    result = _apply(push, "--canary", "main", "--site", "main")
    assert "--canary" in str(result.exception)
    assert push.log() == []
