"""A course of a site becomes files from which a plan has nothing to do, whoever made the course."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click.testing
import pytest

from lms_sync import import_course
from lms_sync.academy import read_academy
from lms_sync.cli import commands
from lms_sync.import_course import CannotImport
from lms_sync.moodle.errors import MoodleError
from moodle_standin.records import QuizOverride
from tests.drift.conftest import COURSE

if TYPE_CHECKING:
    from tests.drift.conftest import Edited


def run(folder: Path, *arguments: str) -> click.testing.Result:
    runner = click.testing.CliRunner()
    return runner.invoke(
        commands, [*arguments, "--dir", str(folder)], standalone_mode=False, catch_exceptions=False
    )


@pytest.fixture
def empty(edited: Edited, tmp_path: Path) -> Path:
    """Another academy folder with the same site, and nothing in it."""
    folder = tmp_path / "another"
    folder.mkdir()
    for name in ("config.yaml", "token"):
        shutil.copy(edited.folder / name, folder / name)
    (folder / "token").chmod(0o600)
    return folder


def forget(edited: Edited) -> None:
    """Makes the course one that teachers made by hand: no key of ours is left but that of the course."""
    edited.site.owned.clear()
    edited.site.events.clear()
    for module in edited.site.modules.values():
        module.idnumber = ""
    for entry in edited.site.bank_entries.values():
        entry.idnumber = ""
    for category in edited.site.question_categories.values():
        category.idnumber = ""


def imported(folder: Path, *more: str) -> tuple[Any, Any]:
    arguments = ("import", COURSE, "--language", "sq", "--language", "en", "--yes", "--json", *more)
    result = run(folder, *arguments)
    return result.return_value, json.loads(result.stdout) if result.stdout.startswith("{") else result.output


def test_a_course_that_teachers_made_becomes_files_and_the_plan_is_empty(edited: Edited, empty: Path) -> None:
    number = edited.site.next_id("quiz_overrides")
    edited.site.quiz_overrides[number] = QuizOverride(number, edited.quiz().id, userid=5, attempts=9)
    forget(edited)
    versions = {one.id: len(one.versions) for one in edited.site.bank_entries.values()}
    before = sorted(one.name for one in empty.iterdir())
    result = run(empty, "import", COURSE, "--language", "sq", "--language", "en", "--dry-run")
    assert f"+ courses/{COURSE}/course.yaml" in result.output
    assert sorted(one.name for one in empty.iterdir()) == before
    assert edited.site.owned == {}
    code, told = imported(empty)
    assert (code, told["planned"]) == (4, 0), told
    # Packages and files stay in Moodle, and are named.
    assert {one["code"] for one in told["left"]} <= {"course-import.file", "course-import.criteria"}
    planned = run(empty, "plan", "--course", COURSE, "--json")
    assert planned.return_value == 0, planned.output
    academy = read_academy(empty)
    course, quiz = academy.courses[COURSE], next(iter(academy.quizzes.values()))
    assert {one.kind for one in course.activities} >= {
        "quiz",
        "page",
        "forum",
        "glossary",
        "label",
        "url",
        "assignment",
        "feedback",
    }
    pushed = edited.push.built.academy.quizzes[COURSE]
    assert [(one.type, one.text) for one in quiz.questions] == [
        (one.type, one.text) for one in pushed.questions
    ]
    assert quiz.settings.time_limit == pushed.settings.time_limit
    assert [(one.draw, one.tags) for one in quiz.slots] == [(one.draw, one.tags) for one in pushed.slots]
    applied = run(empty, "apply", "--yes", "--course", COURSE)
    assert applied.return_value == 0, applied.output
    assert {one.id: len(one.versions) for one in edited.site.bank_entries.values()} == versions
    assert number in edited.site.quiz_overrides  # what a teacher allowed somebody stays


def test_files_that_were_lost_come_back_with_their_keys_and_say_what_is_missing(
    edited: Edited, empty: Path
) -> None:
    edited.site.events.clear()
    keys = {one.idnumber for one in edited.site.bank_entries.values()}
    _, told = imported(empty)
    # What lms-sync itself has pushed and cannot read back (package, file, exceptions) the new files lack.
    planned = json.loads(run(empty, "plan", "--course", COURSE, "--json").stdout)
    work = {(one["action"], one["key"]) for one in planned["changes"] if one["action"] != "keep"}
    missing = ("package", "register-page", "final@lushnje")
    assert work == {("hide", f"{COURSE}/{name}") for name in missing}
    assert told["planned"] == len(work)
    assert told["quizzes"] == [COURSE]
    assert {one.idnumber for one in edited.site.bank_entries.values()} == keys
    wanted = {one.id for one in edited.push.built.academy.courses[COURSE].activities}
    assert {one.id for one in read_academy(empty).courses[COURSE].activities} <= wanted


def test_an_import_writes_over_nothing_and_leaves_nothing_half_done(edited: Edited, empty: Path) -> None:
    forget(edited)
    quiz = empty / "courses" / COURSE / "course.yaml"
    quiz.parent.mkdir(parents=True)
    quiz.write_text("mine")
    with pytest.raises(CannotImport) as caught:
        run(empty, "import", COURSE, "--language", "sq", "--language", "en", "--yes")
    assert "course.yaml" in str(caught.value.problem.params["file"])
    assert quiz.read_text() == "mine"
    assert not (empty / "quizzes").exists() or not list((empty / "quizzes").glob("*.yaml"))
    quiz.unlink()
    role = edited.site.capabilities[next(iter(edited.site.tokens.values())).userid]
    role.discard("moodle/question:managecategory")
    with pytest.raises(MoodleError):
        run(empty, "import", COURSE, "--language", "sq", "--language", "en", "--yes")
    assert not quiz.exists()
    assert edited.site.owned == {}
    role.add("moodle/question:managecategory")
    assert imported(empty)[1]["planned"] == 0


def test_a_course_without_a_key_is_not_imported(edited: Edited, empty: Path) -> None:
    course, shelf = edited.course(), edited.shelf()
    number = course.id
    course.idnumber = "no key, this"
    with pytest.raises(CannotImport) as caught:
        run(empty, "import", f"id:{number}", "--yes")
    assert caught.value.problem.code == "course-import.course-id"
    course.idnumber = COURSE
    shelf.idnumber = ""
    with pytest.raises(CannotImport) as caught:
        run(empty, "import", COURSE, "--yes")
    assert caught.value.problem.code == "course-import.category-id"
    assert not (empty / "courses").exists()


def test_what_the_files_have_no_word_for_stays_and_is_listed(edited: Edited, empty: Path) -> None:
    forget(edited)
    page = next(one for one in edited.site.simple.values() if one.modname == "label")
    page.intro = '<div style="color: red">E kuqe</div>'
    edited.course().shortname = "Arkiva 2019"
    _, told = imported(empty)
    assert told["planned"] == 0
    assert len(told["differs"]) >= 2
    assert run(empty, "apply", "--yes", "--course", COURSE).return_value == 0
    assert page.intro == '<div style="color: red">E kuqe</div>'
    assert edited.course().shortname == "Arkiva 2019"


def test_a_question_that_yaml_cannot_say_or_the_checks_refuse_is_kept_as_xml(
    edited: Edited, empty: Path
) -> None:
    edited.change_question("receiving-no-unit", questiontext='<div style="color: red">A?</div>')
    edited.change_question("receiving-first-step", name="Pa zgjidhje të drejtë")
    question = edited.site.questions[edited.entry("receiving-first-step").latest.questionid]
    wrong = tuple(dataclasses.replace(one, fraction=0.0) for one in question.answers)
    edited.change_question("receiving-first-step", answers=wrong)
    forget(edited)
    _, told = imported(empty)
    kept = [one for one in told["left"] if one["code"] == "course-import.question-kept"]
    assert len(kept) == 2
    assert told["planned"] == 0
    (quiz,) = read_academy(empty).quizzes.values()
    assert sum(one.type == "raw" for one in quiz.questions) == 2


def test_a_questionnaire_of_teachers_is_brought_over_and_its_answers_keep_their_questions(
    edited: Edited, empty: Path
) -> None:
    form = next(one for one in edited.site.simple.values() if one.modname == "feedback")
    labels = [one["key"] for one in form.settings["items"]]
    for item in form.settings["items"]:
        item["key"] = ""  # teachers leave the label out
    forget(edited)
    _, told = imported(empty)
    assert told["planned"] == 0
    (found,) = (one for one in read_academy(empty).courses[COURSE].activities if one.kind == "feedback")
    (ours,) = (one for one in edited.push.built.academy.courses[COURSE].activities if one.kind == "feedback")
    assert f"{COURSE}/{found.id}" in told["differs"]
    assert [(one.type, one.question, one.required) for one in found.questions] == [
        (one.type, one.question, one.required) for one in ours.questions
    ]
    assert [found.answers_of(one) for one in found.questions] == [
        ours.answers_of(one) for one in ours.questions
    ]
    assert len({one.id for one in found.questions}) == len(labels)
    assert run(empty, "apply", "--yes", "--course", COURSE).return_value == 0
    assert {one["key"] for one in form.settings["items"]} == {""}


def test_a_questionnaire_with_a_question_of_another_type_is_named_and_stays(
    edited: Edited, empty: Path
) -> None:
    form = next(one for one in edited.site.simple.values() if one.modname == "feedback")
    form.settings["items"][0] |= {"type": "captcha", "options": []}
    forget(edited)
    _, told = imported(empty)
    (left,) = (one for one in told["left"] if one["code"] == "course-import.questionnaire")
    assert left["type"] == "captcha"
    assert told["planned"] == 0


@pytest.mark.parametrize(
    ("kind", "presentation", "depends", "plain"),
    [
        ("rating", "r>>>>>1####aspak|2####shumë", 0, True),  # one below the other
        ("rating", "d>>>>>1####aspak|2####shumë", 0, True),  # a menu
        ("rating", "r>>>>>0####aspak|5####shumë<<<<<1", 0, False),
        ("choice", "r>>>>>po|jo<<<<<1", 0, True),
        ("choice", "c>>>>>po|jo", 0, False),  # several can be ticked
        ("choice", "r>>>>>po|jo", 7, False),  # only after a certain answer
        ("text", "30|5", 0, True),
    ],
)
def test_how_a_question_looks_keeps_it_from_nothing_but_what_it_asks_does(
    kind: str, presentation: str, depends: int, plain: bool
) -> None:
    item = {"type": kind, "presentation": presentation, "settings": "", "depends": depends}
    assert import_course._is_plain(item) == plain


def test_quizzes_that_share_questions_or_ask_for_more_are_named_and_stay(edited: Edited, empty: Path) -> None:
    quiz = edited.quiz()
    draw = next(slot for slot in quiz.slots if slot.category)
    quiz.slots[quiz.slots.index(draw)] = dataclasses.replace(draw, filtercondition='{"filter": {"x": 1}}')
    forget(edited)
    _, told = imported(empty)
    assert "course-import.quiz-slots" in {one["code"] for one in told["left"]}
    assert told["quizzes"] == []
    assert told["planned"] == 0


def test_files_that_say_nothing_of_people_send_nobody_away(edited: Edited, empty: Path) -> None:
    imported(empty)
    planned = run(empty, "plan", "--course", COURSE, "--json")
    assert "enrolment" not in {one["kind"] for one in json.loads(planned.stdout)["changes"]}
    (empty / "people").mkdir()
    people = edited.read("people/institutions.csv")
    (empty / "people" / "institutions.csv").write_text(people, encoding="utf-8")
    header = edited.read("people/participants.csv").splitlines()[0]
    (empty / "people" / "participants.csv").write_text(f"{header}\n", encoding="utf-8")
    planned = run(empty, "plan", "--course", COURSE, "--json")
    assert "enrolment" in {one["kind"] for one in json.loads(planned.stdout)["changes"]}
