"""An edit made in Moodle is seen and stays until somebody takes it over or away; what we changed still arrives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, select

from lms_sync.store.schema import applied, replaced

if TYPE_CHECKING:
    from tests.drift.conftest import Edited

COURSE = "archive-officers"
COURSE_FILE = f"courses/{COURSE}/course.yaml"
QUIZ_FILE = f"quizzes/{COURSE}.yaml"
LEARN = f"{COURSE}/learn"
FINAL = f"{COURSE}/final"
QUESTION = f"{COURSE}:receiving-no-unit"


def _change_question_in_files(edited: Edited) -> None:
    text = edited.read(QUIZ_FILE)
    at = text.index("id: receiving-no-unit")
    at = text.index("one employee", at)
    edited.write(QUIZ_FILE, text[:at] + "some employee" + text[at + len("one employee") :])


def test_an_edit_stays_through_plan_and_apply_and_later_runs(edited: Edited) -> None:
    edited.section("learn").name = "Studio"
    for _ in range(2):
        report, left = edited.apply()
        assert report.done == {}
        assert left.plan.work == left.plan.refused == ()
        assert edited.section("learn").name == "Studio"
    assert edited.told() == [("section", LEARN, "name", "theirs")]


def test_what_only_we_changed_arrives_beside_an_edit_of_another_field(edited: Edited) -> None:
    edited.quiz().timelimit = 60
    edited.set_text(QUIZ_FILE, "attempts: 3", "attempts: 2")
    (change,) = edited.prepare().plan.work
    assert [(one.name, one.before, one.after) for one in change.differences] == [("attempts", 3, 2)]
    assert [(one.name, one.before) for one in change.kept] == [("timelimit", 60)]
    report, left = edited.apply()
    assert report.done == {"update": 1}
    assert left.plan.work == left.plan.refused == ()
    assert (edited.quiz().timelimit, edited.quiz().attempts) == (60, 2)
    assert edited.told() == [("activity", FINAL, "timelimit", "theirs")]  # and it is still told


def test_an_edit_stays_when_everything_else_of_the_object_is_pushed_again_and_again(edited: Edited) -> None:
    edited.section("learn").summary = "<p>Their words</p>"
    for name in ("One", "Two"):
        edited.write(COURSE_FILE, edited.read(COURSE_FILE).replace('en: "Learn"', f'en: "Learn {name}"', 1))
        edited.write(COURSE_FILE, edited.read(COURSE_FILE).replace('"Learn One Two"', '"Learn Two"'))
        edited.apply()
        assert edited.section("learn").summary == "<p>Their words</p>"


def test_a_merged_write_is_not_taken_for_ours_when_the_database_is_lost(edited: Edited) -> None:
    edited.quiz().timelimit = 60
    edited.set_text(QUIZ_FILE, "attempts: 3", "attempts: 2")
    edited.apply()
    assert edited.work(base=False) == []
    assert edited.refused(base=False) == [(FINAL, "plan.base-unknown")]
    assert edited.quiz().timelimit == 60


def test_both_changed_is_a_conflict_with_both_values_and_nothing_is_applied_to_it(edited: Edited) -> None:
    edited.quiz().timelimit = 60
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.set_text(QUIZ_FILE, "attempts: 3", "attempts: 2")
    (change,) = edited.prepare().plan.refused
    assert change.reason == "plan.conflict"
    values = {one.name: (one.base, one.before, one.after) for one in change.differences}
    assert values == {"timelimit": (2700, 60, 1800), "attempts": (3, 3, 2)}
    before = len(edited.push.log())
    edited.apply()
    assert edited.push.log(before) == []
    result = edited.run("drift")
    assert result.return_value == 3
    assert "60" in result.output
    assert "1800" in result.output


@pytest.mark.parametrize("key", [FINAL, f"{FINAL}#timelimit"])
def test_a_conflict_ends_when_a_side_is_named(edited: Edited, key: str) -> None:
    edited.quiz().timelimit = 60
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.set_text(QUIZ_FILE, "attempts: 3", "attempts: 2")
    edited.apply(theirs=frozenset({key}))
    assert (edited.quiz().timelimit, edited.quiz().attempts) == (60, 2)
    assert [two for _, two in edited.refused()] == ["plan.conflict"]  # Moodle's value is not in the files yet
    edited.apply(ours=frozenset({key}))
    assert edited.quiz().timelimit == 1800
    assert edited.drift() == ()


def test_a_conflict_ends_when_the_file_says_what_moodle_says(edited: Edited) -> None:
    edited.quiz().timelimit = 60
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.set_text(QUIZ_FILE, "time_limit: 30 min", "time_limit: 1 min")
    assert edited.drift() == ()
    assert edited.work() == []


def test_a_question_that_both_changed_is_a_conflict(edited: Edited) -> None:
    edited.new_version(questiontext="<p>Theirs</p>")
    assert edited.told() == [("question", QUESTION, "content", "theirs")]
    _change_question_in_files(edited)
    assert (QUESTION, "plan.conflict") in edited.refused()
    edited.apply()
    assert edited.site.questions[edited.entry().latest.questionid].questiontext == "<p>Theirs</p>"
    edited.apply(ours=frozenset({QUESTION}))
    assert "some employee" in edited.site.questions[edited.entry().latest.questionid].questiontext


def test_other_questions_are_pushed_beside_an_edited_one_and_leave_its_shelf_alone(edited: Edited) -> None:
    edited.new_version("receiving-first-step", questiontext="<p>Theirs</p>")
    edited.question_category().name = "Their shelf"
    _change_question_in_files(edited)
    report, _ = edited.apply()
    assert report.done["update"] >= 1
    kept = edited.entry("receiving-first-step").latest
    assert edited.site.questions[kept.questionid].questiontext == "<p>Theirs</p>"
    assert edited.question_category().name == "Their shelf"


def test_revert_takes_edits_away_and_leaves_conflicts(edited: Edited) -> None:
    edited.section("learn").name = "Studio"
    edited.quiz().timelimit = 60
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    assert edited.run("drift", "--revert").return_value == 3
    assert edited.section("learn").name == "Studio"  # it only plans
    edited.apply(revert_edits=True)
    assert "Learn" in edited.section("learn").name
    assert edited.quiz().timelimit == 60
    edited.apply(overwrite_edits=True)
    assert edited.quiz().timelimit == 1800
    assert edited.drift() == ()


def test_a_course_moved_elsewhere_stays_there_while_its_title_changes(edited: Edited) -> None:
    course, number = edited.course(), edited.site.next_id("course_categories")
    edited.site.course_categories[number] = type(edited.shelf())(number, "Elsewhere")
    course.category = number
    edited.set_text(COURSE_FILE, "Archive and protocol in the municipality", "Archive and protocol")
    report, left = edited.apply()
    assert report.done == {"update": 2}  # the package has the title as well
    assert not report.failed
    assert (course.category, "Archive and protocol<" in course.fullname) == (number, True)
    assert left.plan.work == ()


def test_an_activity_in_a_section_of_others_is_not_moved_back_by_another_change(edited: Edited) -> None:
    course = edited.course()
    module = edited.module("package")
    general = edited.site.sections[course.sections[0]]
    edited.site.sections[module.section].sequence.remove(module.id)
    general.sequence.append(module.id)
    module.section = general.id
    assert edited.work() == []
    edited.set_text(COURSE_FILE, 'en: "Lessons: from the counter to the state archive"', 'en: "Lessons"')
    assert edited.refused() == [(f"{COURSE}/package", "plan.stands-elsewhere")]
    edited.apply(ours=frozenset({f"{COURSE}/package"}))
    assert edited.drift() == ()
    assert module.section == edited.section("learn").id


def test_an_order_that_somebody_changed_stays_when_a_section_is_added(edited: Edited) -> None:
    places = edited.course().sections
    a, b = places.index(edited.section("learn").id), places.index(edited.section("exam").id)
    places[a], places[b] = places[b], places[a]
    edited.set_text(
        COURSE_FILE, "  - id: exam\n", '  - id: more\n    title: {sq: "Më shumë", en: "More"}\n  - id: exam\n'
    )
    report, left = edited.apply()
    assert report.complete
    assert left.plan.work == ()
    names = [edited.site.sections[number].name or "" for number in edited.course().sections]
    order = [word for name in names for word in ("Exam", "Learn", "More") if word in name]
    assert order == ["Exam", "Learn", "More"]
    assert {one[2:] for one in edited.told()} == {("position", "theirs")}


# --- the database is lost -------------------------------------------------------------------------


def _forget(edited: Edited) -> None:
    with edited.push.engine.begin() as connection:
        connection.execute(delete(applied))
        connection.execute(delete(replaced))


def test_with_nothing_remembered_plan_and_drift_work_by_what_the_site_says(edited: Edited) -> None:
    _forget(edited)
    assert edited.drift() == ()
    assert edited.work() == []
    edited.set_text(QUIZ_FILE, "attempts: 3", "attempts: 2")
    assert edited.work() == [("update", "activity", FINAL)]  # the site says that nobody touched it
    edited.section("learn").name = "Studio"
    assert edited.told() == [("section", LEARN, "name", "unknown")]
    assert edited.refused() == [(LEARN, "plan.edited-in-moodle")]
    result = edited.run("drift")
    assert result.return_value == 3
    assert "not known" in result.output


def test_with_nothing_remembered_what_core_keeps_without_a_hash_is_asked_about(edited: Edited) -> None:
    _forget(edited)
    edited.course().fullname = "Renamed"
    assert edited.refused() == [(COURSE, "plan.base-unknown")]
    edited.apply(ours=frozenset({COURSE}))
    assert "Archive" in edited.course().fullname
    assert edited.drift() == ()


def test_one_apply_remembers_again_what_was_lost(edited: Edited) -> None:
    _forget(edited)
    edited.apply()
    edited.section("learn").name = "Studio"
    edited.course().fullname = "Renamed"
    assert {one[3] for one in edited.told()} == {"theirs"}


# --- a run that was killed ------------------------------------------------------------------------


def test_what_a_killed_run_had_written_is_ours_and_no_edit(edited: Edited) -> None:
    with edited.push.engine.begin() as connection:
        rows = connection.execute(select(applied)).mappings().all()
    edited.set_text(COURSE_FILE, "Archive and protocol in the municipality", "Archive and protocol")
    edited.apply()
    with edited.push.engine.begin() as connection:  # as if it had been killed before it read back
        connection.execute(delete(applied))
        connection.execute(insert(applied), [dict(row) for row in rows])
    edited.set_text(COURSE_FILE, 'en: "Archive and protocol"', 'en: "Archives and protocol"')
    assert edited.drift() == ()
    assert edited.refused() == []
    assert ("update", "course", COURSE) in edited.work()


# --- the verb -------------------------------------------------------------------------------------


def test_the_verb_names_objects_fields_and_values_and_says_so_by_its_exit_code(edited: Edited) -> None:
    none = edited.run("drift")
    assert none.return_value == 0
    edited.section("learn").name = "Studio"
    some = edited.run("drift")
    assert some.return_value == 2
    assert LEARN in some.output
    assert "“Studio”" in some.output
    told = json.loads(edited.run("drift", "--json").output)
    assert told["counts"] == {"objects": 1, "conflicts": 0}
    (one,) = told["drift"]
    assert (one["kind"], one["key"]) == ("section", LEARN)
    (field,) = one["fields"]
    assert (field["name"], field["standing"], field["in_moodle"]) == ("name", "theirs", "Studio")
    assert field["last_applied"] == field["in_files"] != "Studio"


def test_plan_tells_which_edits_stay(edited: Edited) -> None:
    edited.section("learn").name = "Studio"
    result = edited.run("plan")
    assert result.return_value == 0
    assert "“Studio”" in result.output


def test_runs_are_listed_newest_first(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "attempts: 3", "attempts: 2")
    edited.apply()
    listed = json.loads(edited.run("runs", "--json").output)
    assert [one["run"] for one in listed] == [2, 1]
    assert listed[0]["verb"] == "apply"
    assert listed[0]["summary"]["done"] == {"update": 1}
    said = edited.run("runs").output
    assert "done" in said
    assert "changed 1" in said
