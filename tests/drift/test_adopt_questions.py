"""Questions that were edited in Moodle come back into the author's file, with its comments, order and quotes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.drift.conftest import COURSE, QUIZ_FILE

if TYPE_CHECKING:
    from tests.drift.conftest import Edited

SINGLE, SHORT = "receiving-first-step", "receiving-no-unit"


def _question(edited: Edited, name: str) -> Any:
    return edited.site.questions[edited.entry(name).latest.questionid]


def _in_both(sq: str, en: str) -> str:
    return f'<span lang="sq" class="multilang">{sq}</span><span lang="en" class="multilang">{en}</span>'


def _answers(edited: Edited, name: str, place: int, **changed: Any) -> dict[str, Any]:
    answers = list(_question(edited, name).answers)
    answers[place] = dataclasses.replace(answers[place], **changed)
    return {"answers": tuple(answers)}


EDITS: dict[str, tuple[Callable[[Edited], dict[str, Any]], tuple[str, ...], int]] = {
    "words": (
        lambda one: {
            "questiontext": f"<p>{_in_both('Hapi i <em>parë</em>?', 'The <em>first</em> step?')}</p>",
            "generalfeedback": _in_both("Po!", "Yes!"),
            **_answers(one, SINGLE, 0, text=_in_both("Tjetër gjë", "Something else")),
        },
        ("Hapi i *parë*?", "Po!", "Tjetër gjë"),
        4,
    ),
    "words-in-one-language": (
        lambda one: {"questiontext": _question(one, SINGLE).questiontext.replace("The postman", "A postman")},
        ("A postman leaves",),
        1,
    ),
    "what-is-not-words": (
        lambda one: {
            "penalty": 0.25,
            "name": "Hapi zero",
            "tags": (*_question(one, SINGLE).tags, "basics"),
        },
        ("penalty: ", "Hapi zero", "basics"),
        3,
    ),
}


@pytest.mark.parametrize("named", EDITS)
def test_an_edit_comes_back_and_nothing_else_of_the_file_changes(edited: Edited, named: str) -> None:
    edit, words, most = EDITS[named]
    before = edited.read(QUIZ_FILE).splitlines()
    version = edited.entry(SINGLE).latest.version
    edited.new_version(SINGLE, **edit(edited))
    result = edited.run("drift", "--adopt", "--json")
    assert result.return_value == 0, result.output
    assert {one["key"] for one in json.loads(result.output)["taken"]} == {f"{COURSE}:{SINGLE}"}
    after = edited.read(QUIZ_FILE).splitlines()
    assert [word for word in words if not any(word in line for line in after)] == []
    assert len([line for line in after if line not in before]) <= most
    assert [line for line in before if "#" in line and line not in after] == []
    edited.rebuild()
    assert edited.drift() == ()
    report, left = edited.apply()
    assert (report.total, left.plan.work, left.plan.kept_edits) == (0, (), ())
    assert edited.entry(SINGLE).latest.version == version + 1  # the edit itself, and none of ours


def test_an_edit_of_a_question_that_the_files_have_changed_too_is_a_conflict(edited: Edited) -> None:
    edited.new_version(SINGLE, defaultmark=4.0)
    edited.set_text(QUIZ_FILE, 'name: "Hapi i parë në sportel"', 'name: "Hapi 1"')
    result = edited.run("drift", "--adopt")
    assert result.return_value == 3
    assert "4" not in edited.read(QUIZ_FILE).partition("options:")[0].rpartition("points:")[2][:4]


def test_an_edit_that_the_checks_of_the_files_refuse_is_left_with_their_reasons(edited: Edited) -> None:
    edited.new_version(SINGLE, defaultmark=2.5)  # draws from questions of different points
    result = edited.run("drift", "--adopt", "--json")
    assert result.return_value == 2
    (left,) = json.loads(result.output)["left"]
    assert (left["reason"], left["field"], left["in_moodle"]) == ("edit.refused-by-files", "defaultmark", 2.5)
    assert "quiz.draw-points-differ" in left["because"]


def test_several_questions_come_back_at_once_and_a_dry_run_writes_nothing(edited: Edited) -> None:
    edited.new_version(SINGLE, name="Tjetër")
    edited.new_version(SHORT, generalfeedback=_in_both("Ja", "Here"))
    before = edited.read(QUIZ_FILE)
    assert edited.run("drift", "--adopt", "--dry-run").return_value == 2
    assert edited.read(QUIZ_FILE) == before
    assert edited.run("drift", "--adopt").return_value == 0
    edited.rebuild()
    assert edited.work() == []
    assert edited.drift() == ()


def test_a_question_is_taken_over_once_the_site_can_tell_what_it_says(edited: Edited) -> None:
    number = edited.entry(SINGLE).latest.questionid
    edited.site.questions[number] = dataclasses.replace(_question(edited, SINGLE), source="", name="x")
    result = edited.run("drift", "--adopt", "--json")
    assert [one["reason"] for one in json.loads(result.output)["left"]] == ["edit.question-not-exported"]
