"""Plan, apply and drift take what an earlier verb has read and packed; what they say and push is the same without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from authoring.build_cache import FILE, BuildCache
from tests.cli.conftest import Ended, command, files_below
from tests.pushed_academy import COURSE, Push

__all__ = ["command"]  # a fixture

Command = Callable[..., Ended]


def planned(push: Push, command: Command, *, cached: bool) -> dict[str, Any]:
    """What plan says, without the moment in which it was made; and the files that it leaves."""
    if cached:
        assert BuildCache(push.folder).get("quiz", COURSE)
    else:
        (push.folder / FILE).unlink(missing_ok=True)
    ended = command("plan", "--json", "--dir", push.folder)
    assert ended.code in (0, 2)
    said = json.loads(ended.out)
    assert said.pop("made_at")
    return {"plan": said, "told": ended.err, "files": files_below(push.folder)}


def test_a_plan_is_the_same_with_what_an_earlier_verb_has_kept(push: Push, command: Command) -> None:
    anew = planned(push, command, cached=False)
    assert anew["plan"]["changes"]
    assert planned(push, command, cached=True) == anew  # kept by the plan itself
    assert command("build", "--dir", push.folder).code == 0
    built = planned(push, command, cached=True)  # kept by a build
    assert built["plan"] == anew["plan"]
    assert built == planned(push, command, cached=False)


def test_what_was_changed_since_is_read_again_and_pushed_as_without_the_cache(
    pushed: Push, command: Command
) -> None:
    assert planned(pushed, command, cached=False)["plan"]["changes"] == []
    assert planned(pushed, command, cached=True)["plan"]["changes"] == []
    for name, old, new in (
        (f"courses/{COURSE}/lessons/filing-plan/lesson.sq.md", "# ", "# Sot: "),
        (f"quizzes/{COURSE}.yaml", "shuffle: true", "shuffle: false"),
    ):
        path = pushed.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    cached = planned(pushed, command, cached=True)
    assert {(one["kind"], one["key"]) for one in cached["plan"]["changes"]} >= {
        ("activity", f"{COURSE}/package")
    }
    assert cached == planned(pushed, command, cached=False)
    assert (
        command("apply", "--yes", "--dir", pushed.folder).code == 0
    )  # with the cache that this plan has left
    assert planned(pushed, command, cached=False)["plan"]["changes"] == []
    drift = command("drift", "--json", "--dir", pushed.folder)
    (pushed.folder / FILE).unlink()
    assert command("drift", "--json", "--dir", pushed.folder) == drift
