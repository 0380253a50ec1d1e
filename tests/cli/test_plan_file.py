"""A saved plan is what it says: it fits its schema, is applied as it was seen, and refused once anything has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lms_sync.plan_file import plan_schema

COURSE_FILE = "courses/archive-officers/course.yaml"
SECTION = "Ushtrohuni dhe mësoni"


def rename_section(push: Any) -> None:
    course = push.folder / COURSE_FILE
    text = course.read_text(encoding="utf-8")
    before = next(line for line in text.split("\n") if line.strip().startswith("- id: learn"))
    after = text.index(before) + len(before)
    start = text.index("sq:", after)
    end = min(position for position in (text.find(",", start), text.find("\n", start)) if position > 0)
    course.write_text(text[:start] + f"sq: {SECTION}" + text[end:], encoding="utf-8")


@pytest.fixture
def saved(pushed: Any, command: Callable[..., Any]) -> Path:
    """A plan that renames one section, saved."""
    rename_section(pushed)
    path = pushed.folder / "plan.json"
    ended = command("plan", "--dir", pushed.folder, "--out", path)
    assert ended.code == 2, ended.said
    assert str(path) in ended.out
    return path


def test_a_plan_fits_its_schema(pushed: Any, saved: Path, command: Callable[..., Any]) -> None:
    plan = json.loads(saved.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(plan_schema())
    jsonschema.validate(plan, plan_schema(), cls=jsonschema.Draft202012Validator)
    (change,) = plan["changes"]
    assert (change["action"], change["kind"], change["key"]) == (
        "update",
        "section",
        "archive-officers/learn",
    )
    assert SECTION in change["fields"][0]["to"]
    printed = command("plan", "--dir", pushed.folder, "--json")
    jsonschema.validate(json.loads(printed.out), plan_schema(), cls=jsonschema.Draft202012Validator)


def test_a_first_plan_fits_its_schema_as_well(push: Any, command: Callable[..., Any]) -> None:
    printed = command("plan", "--dir", push.folder, "--json")
    assert printed.code == 2
    plan = json.loads(printed.out)
    jsonschema.validate(plan, plan_schema(), cls=jsonschema.Draft202012Validator)
    assert plan["counts"]["create"] == len(plan["changes"]) > 100


def test_a_saved_plan_is_applied(pushed: Any, saved: Path, command: Callable[..., Any]) -> None:
    ended = command("apply", saved, "--dir", pushed.folder, "--yes")
    assert ended.code == 0, ended.said
    assert command("plan", "--dir", pushed.folder).code == 0


def test_a_plan_is_refused_once_the_site_has_changed(
    pushed: Any, saved: Path, command: Callable[..., Any]
) -> None:
    section = next(one for one in pushed.site.sections.values() if "Exam" in (one.name or ""))
    section.name = "Changed by a teacher"
    before = len(pushed.log())
    ended = command("apply", saved, "--dir", pushed.folder, "--yes")
    assert ended.code == 3
    assert "archive-officers/exam" in ended.err
    assert len(pushed.log()) == before, "nothing was done"


def test_a_plan_is_refused_once_the_files_have_changed(
    pushed: Any, saved: Path, command: Callable[..., Any]
) -> None:
    course = pushed.folder / COURSE_FILE
    course.write_text(course.read_text(encoding="utf-8").replace(SECTION, "Edhe ndryshe"), encoding="utf-8")
    ended = command("apply", saved, "--dir", pushed.folder, "--yes")
    assert ended.code == 3
    assert "archive-officers/learn" in ended.err


def test_a_plan_is_refused_once_it_was_applied(pushed: Any, saved: Path, command: Callable[..., Any]) -> None:
    assert command("apply", saved, "--dir", pushed.folder, "--yes").code == 0
    assert command("apply", saved, "--dir", pushed.folder, "--yes").code == 3


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"no plan", b"\xff\xfe", b'{"form": "lms-sync-plan/9"}']
)
def test_what_is_no_plan_is_told(push: Any, command: Callable[..., Any], content: bytes) -> None:
    path = push.folder / "plan.json"
    path.write_bytes(content)
    ended = command("apply", path, "--dir", push.folder, "--yes")
    assert ended.code == 1
    assert "plan --out" in ended.err
    assert "Traceback" not in ended.err


def test_changing_much_at_once_wants_force(pushed: Any, command: Callable[..., Any]) -> None:
    quiz = pushed.folder / "quizzes" / "archive-officers.yaml"
    text = quiz.read_text(encoding="utf-8")
    quiz.write_text(text.replace('{sq: "', '{sq: "Shih: ').replace("sq: '", "sq: 'Shih: "), encoding="utf-8")
    participants = pushed.folder / "people" / "participants.csv"
    participants.write_text(
        participants.read_text(encoding="utf-8").split("\n", 1)[0] + "\n", encoding="utf-8"
    )
    planned = command("plan", "--dir", pushed.folder)
    if planned.code != 3:  # the list alone is a sixth of what is there
        pytest.fail(planned.said)
    before = len(pushed.log())
    refused = command("apply", "--dir", pushed.folder, "--yes")
    assert refused.code == 3
    assert "--force" in refused.err
    assert len(pushed.log()) == before
    assert command("apply", "--dir", pushed.folder, "--yes", "--force").code == 0


def test_without_a_person_to_ask_nothing_is_done_unless_yes_is_said(
    push: Any, command: Callable[..., Any]
) -> None:
    for more in ((), ("--json",)):
        ended = command("apply", "--dir", push.folder, *more)
        assert ended.code == 3
        assert "--yes" in ended.err
    assert not push.log(), "nothing was done"
