"""What drift and runs print: a person finds the part that differs, a program finds what the schema says."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from lms_sync.cli.field_values import parts, shown_values

if TYPE_CHECKING:
    from tests.drift.conftest import Edited

COURSE = "archive-officers"
QUIZ_FILE = f"quizzes/{COURSE}.yaml"
TIRANA = ZoneInfo("Europe/Tirane")


def _valid(name: str, printed: str) -> Any:
    schema = json.loads((files("lms_sync") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    said = json.loads(printed)
    jsonschema.Draft202012Validator(schema).validate(said)
    return said


def test_everything_that_drift_prints_for_programs_is_as_its_schema_says(edited: Edited) -> None:
    assert _valid("drift", edited.run("drift", "--json").output)["drift"] == []
    edited.quiz().timelimit = 60
    edited.quiz().attempts = 500
    next(one for one in edited.site.quiz_overrides.values() if one.groupid).attempts = 7
    edited.new_version(questiontext='<div style="color: red">Other</div>')
    edited.enrolment().status = 1
    edited.delete_group()
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    result = edited.run("drift", "--json")
    assert result.return_value == 3
    said = _valid("drift", result.output)
    assert said["counts"] == {"objects": len(said["drift"]), "conflicts": 1}
    result = edited.run("drift", "--adopt", "--json")
    assert result.return_value == 3
    left = _valid("drift", result.output)["left"]
    assert {one["reason"] for one in left} == {
        "edit.conflict",
        "edit.refused-by-files",
        "edit.question-not-in-yaml",
        "edit.enrolment",
        "edit.deleted",
    }


def test_what_was_deleted_in_moodle_is_named_as_not_taken_over(edited: Edited) -> None:
    edited.site.groups.pop(edited.group().id)
    result = edited.run("drift", "--adopt")
    assert result.return_value == 2
    assert "! group " in result.output


def test_a_course_that_was_deleted_is_named_alone(edited: Edited) -> None:
    course = edited.course()
    course.idnumber = "another"
    output = edited.run("drift").output
    assert output.count("\n- ") + output.startswith("- ") == 1
    assert output.startswith(f"- course {COURSE}\n")


def test_runs_are_told_with_what_they_did_and_which_can_be_taken_back(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.apply()
    edited.run("apply", "--undo", "2", "--yes")
    edited.quiz().attempts = 5
    edited.run("drift", "--adopt")
    said = _valid("runs", edited.run("runs", "--json").output)
    assert [(one["run"], one["verb"], one["undoable"]) for one in said] == [
        (4, "adopt", False),
        (3, "undo", True),
        (2, "apply", True),
        (1, "apply", False),
    ]
    lines = edited.run("runs").output.splitlines()
    assert lines[1].startswith("     3 ↶ ")
    assert "run 2" in lines[1]


def test_control_characters_of_moodle_do_not_reach_the_terminal(edited: Edited) -> None:
    edited.section("learn").name = "Good\x1b[2J\x1b]0;x\x07"
    for verb in (("drift",), ("drift", "--adopt", "--dry-run"), ("plan",)):
        output = edited.run(*verb).output
        assert "Good" in output
        assert "\x1b" not in output
        assert "\x07" not in output


@pytest.mark.parametrize(
    ("name", "before", "after", "told"),
    [
        (
            "available",
            {"from": 0, "until": 0},
            {"from": 1803942000, "until": 0},
            "available.from: – → 2027-03-02 00:00",
        ),
        ("duedate", 1810418340, 0, "duedate: 2027-05-15 23:59 → –"),
        ("review", {"marks": 0x10}, {"marks": 0x1110}, "review.marks: closed → immediately, open, closed"),
        (
            "slots",
            [
                {"question": "a:1", "maxmark": 1.0},
                {"random": 2, "category": "a", "tags": ["x"], "maxmark": 1},
            ],
            [
                {"question": "a:1", "maxmark": 1.0},
                {"random": 2, "category": "a", "tags": ["x"], "maxmark": 2.5},
            ],
            "slots[2].maxmark: 1 → 2.5",
        ),
        (
            "slots",
            [
                {"question": "a:1", "maxmark": 1.0},
                {"random": 2, "category": "a", "tags": ["x"], "maxmark": 1},
            ],
            [{"random": 2, "category": "a", "tags": ["x"], "maxmark": 1}],
            "slots: [a:1 (1), 2 × x (1)] → [2 × x (1)]",
        ),
        (
            "name",
            '<span lang="sq" class="multilang">Mëso</span><span lang="en" class="multilang">Learn</span>',
            "Studio",
            "name: “sq: Mëso · en: Learn” → “Studio”",
        ),
        ("grade", 100.0, 50.5, "grade: 100 → 50.5"),
        ("intro", None, "<p>x</p>", "intro: – → “<p>x</p>”"),
    ],
)
def test_a_field_is_told_by_the_part_that_differs(
    name: str, before: object, after: object, told: str
) -> None:
    lines = []
    for part, values in parts(name, (before, after)):
        was, now = shown_values(part, values, zone=TIRANA)
        lines.append(f"{part}: {was} → {now}")
    assert lines == [told]
