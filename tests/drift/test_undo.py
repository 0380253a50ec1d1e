"""A run is taken back: what it replaced is there again, byte for byte, and nothing else is touched."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from authoring.problems import LmsSyncError
from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient

if TYPE_CHECKING:
    from tests.drift.conftest import Edited

COURSE = "archive-officers"
COURSE_FILE = f"courses/{COURSE}/course.yaml"
QUIZ_FILE = f"quizzes/{COURSE}.yaml"
LESSON = f"courses/{COURSE}/lessons/receiving-documents/lesson.sq.md"
FINAL = f"{COURSE}/final"
QUESTION = f"{COURSE}:receiving-no-unit"


def _undo(edited: Edited, run: int, *more: str) -> Any:
    return edited.run("apply", "--undo", str(run), "--yes", *more)


def _everything(edited: Edited) -> Any:
    """What learners and teachers see of the course."""
    site = edited.site
    latest = {
        entry.idnumber: site.questions[entry.latest.questionid].questiontext
        for entry in site.bank_entries.values()
    }
    course = edited.course()
    return copy.deepcopy(
        {
            "course": (course.fullname, course.summary, course.category),
            "sections": [(one.name, one.summary, one.visible) for one in site.sections.values()],
            "order": course.sections,
            "package": edited.scorm().sha1hash,
            "file": site.simple["resource", edited.module("register-page").instance].settings,
            "quiz": {**vars(edited.quiz()), "timemodified": 0, "slots": []},
            "slots": [(one.entry, one.tags, one.maxmark) for one in edited.quiz().slots],
            "questions": latest,
            "visible": {one.idnumber: one.visible for one in site.modules.values()},
        }
    )


def test_a_run_that_changed_every_kind_of_thing_is_taken_back_whole(edited: Edited) -> None:
    before = _everything(edited)
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.set_text(COURSE_FILE, 'title: {sq: "Mëso", en: "Learn"}', 'title: {sq: "Mëso", en: "Study"}')
    edited.set_text(COURSE_FILE, "Archive and protocol in the municipality", "Archive and protocol")
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.set_text(QUIZ_FILE, "one employee by written order", "some employee by written order")
    edited.set_text(QUIZ_FILE, "- {draw: 2, tags: [receiving]}", "- {draw: 1, tags: [receiving]}")
    path = edited.folder / "courses" / COURSE / "files" / "register-page.pdf"
    path.write_bytes(path.read_bytes() + b"\n% another\n")
    edited.rebuild()
    edited.apply()
    assert {name for name, value in _everything(edited).items() if value != before[name]} == {
        "course",
        "sections",
        "package",
        "file",
        "quiz",
        "slots",
        "questions",
    }
    result = _undo(edited, 2)
    assert result.return_value == 0, result.output
    after = _everything(edited)
    assert {name for name, value in after.items() if value != before[name]} == set()
    assert edited.drift() == ()
    assert len(edited.work()) == 6  # the files still want what was taken back: it says so
    assert "files" in result.output.splitlines()[-1]
    assert json.loads(edited.run("runs", "--json").output)[0]["verb"] == "undo"


def test_what_was_taken_back_can_be_brought_again(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.apply()
    pushed = _everything(edited)
    assert _undo(edited, 2).return_value == 0
    assert _everything(edited) != pushed
    assert _undo(edited, 3).return_value == 0
    assert _everything(edited) == pushed
    assert edited.work() == []


def test_a_package_comes_back_byte_for_byte_and_learners_keep_their_attempts(edited: Edited) -> None:
    content = edited.scorm().package.content
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.apply()
    url = edited.push.url
    learner = PracticeLearner(MoodleClient(url, mobile_token(url, "arjola.cela", "Learner-1")))
    learner.take_package(edited.course().id, status="passed", score=90)
    learner.client.close()
    results = copy.deepcopy(
        (edited.site.scorm_attempts, edited.site.grades, edited.site.activity_completions)
    )
    assert edited.scorm().package.content != content
    assert _undo(edited, 2).return_value == 0
    assert edited.scorm().package.content == content
    assert (edited.site.scorm_attempts, edited.site.grades, edited.site.activity_completions) == results


def test_what_was_changed_since_is_a_conflict_and_stays(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.set_text(QUIZ_FILE, "one employee by written order", "some employee by written order")
    edited.set_text(COURSE_FILE, 'title: {sq: "Mëso", en: "Learn"}', 'title: {sq: "Mëso", en: "Study"}')
    edited.apply()
    edited.quiz().timelimit = 60
    edited.new_version(questiontext="<p>Theirs</p>")
    result = _undo(edited, 2)
    assert result.return_value == 3
    assert FINAL in result.output
    assert edited.quiz().timelimit == 60
    assert edited.site.questions[edited.entry().latest.questionid].questiontext == "<p>Theirs</p>"
    assert "Learn" in edited.section("learn").name  # what is as the run left it comes back


def test_an_edit_of_another_field_stays_beside_what_comes_back(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.apply()
    edited.quiz().attempts = 9
    assert _undo(edited, 2).return_value == 0
    assert (edited.quiz().timelimit, edited.quiz().attempts) == (2700, 9)
    assert ("activity", FINAL, "attempts", "theirs") in edited.told()


def test_what_a_run_hid_is_shown_again_and_what_it_made_stays(edited: Edited) -> None:
    text = edited.read(COURSE_FILE)
    start, end = text.index("      - id: glossary\n"), text.index("  - id: exam\n")
    page = '      - id: extra\n        kind: label\n        title: {sq: "S", en: "E"}\n        text: {sq: "S", en: "E"}\n'
    edited.write(COURSE_FILE, text[:start] + page + text[end:])
    edited.apply()
    assert edited.module("glossary").visible == 0
    result = _undo(edited, 2)
    assert result.return_value == 0
    assert edited.module("glossary").visible == 1
    assert edited.module("extra").visible == 1


def test_what_was_not_kept_is_refused_with_a_reason_and_the_rest_comes_back(edited: Edited) -> None:
    for path in (edited.folder / ".lms-sync" / "kept").glob("*/*"):
        path.unlink()
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.apply()
    pushed = edited.scorm().sha1hash
    result = _undo(edited, 2)
    assert result.return_value == 3
    assert ".lms-sync/kept" in result.output
    assert edited.scorm().sha1hash == pushed
    assert edited.quiz().timelimit == 2700


def test_a_kept_file_that_is_not_what_its_name_says_is_not_sent(edited: Edited) -> None:
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.apply()
    for path in (edited.folder / ".lms-sync" / "kept").glob("*/*.zip"):
        path.write_bytes(b"PK something else")
    before = edited.scorm().sha1hash
    assert _undo(edited, 2).return_value == 3
    assert edited.scorm().sha1hash == before


def test_an_edit_that_was_overwritten_has_no_kept_text(edited: Edited) -> None:
    edited.new_version(questiontext="<p>Theirs</p>")
    edited.section("learn").name = "Studio"
    edited.apply(overwrite_edits=True)
    result = _undo(edited, 2)
    assert result.return_value == 3
    assert QUESTION in result.output
    assert edited.section("learn").name == "Studio"  # a field's value was written down


def test_slots_under_attempts_are_taken_back_only_with_the_loss_accepted(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "- {draw: 2, tags: [receiving]}", "- {draw: 1, tags: [receiving]}")
    edited.apply()
    url = edited.push.url
    learner = PracticeLearner(MoodleClient(url, mobile_token(url, "arjola.cela", "Learner-1")))
    learner.take_quiz(edited.course().id, edited.push.built.academy.quizzes[COURSE], right=1.0)
    learner.client.close()
    assert _undo(edited, 2).return_value == 3
    assert len(edited.quiz().slots) == 2
    assert _undo(edited, 2, "--accept-loss", "grades").return_value == 0
    assert len(edited.quiz().slots) == 3


@pytest.mark.parametrize("run", [99, 0])
def test_a_run_that_is_not_there_is_said_so(edited: Edited, run: int) -> None:
    with pytest.raises(LmsSyncError) as caught:
        _undo(edited, run)
    assert caught.value.code == "undo.no-such-run"


def test_an_undo_is_planned_first_and_asks(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.apply()
    with pytest.raises(LmsSyncError) as caught:  # no terminal to ask on, and no --yes
        edited.run("apply", "--undo", "2")
    assert caught.value.code == "apply.say-yes"
    assert edited.quiz().timelimit == 1800


def test_kept_files_are_named_by_their_content(edited: Edited) -> None:
    kept = edited.folder / ".lms-sync" / "kept"
    package = next(kept.glob("*/*.zip"))
    assert package.parent.name == hashlib.sha1(package.read_bytes()).hexdigest() == edited.scorm().sha1hash
    assert len(list(kept.glob("*.xml"))) == len(edited.site.bank_entries)


def _undoable(edited: Edited) -> list[int]:
    return [one["run"] for one in json.loads(edited.run("runs", "--json").output) if one["undoable"]]


def test_texts_dates_and_rules_of_activities_come_back(edited: Edited) -> None:
    def seen() -> Any:
        site = edited.site
        return copy.deepcopy(
            (
                {key: (one.name, one.intro, one.settings, one.rules) for key, one in site.simple.items()},
                {
                    one.idnumber: (
                        one.available,
                        one.completion,
                        one.completionexpected,
                        one.groupmode,
                        one.section,
                    )
                    for one in site.modules.values()
                },
                edited.quiz().intro,
                site.criteria,
            )
        )

    before = seen()
    edited.set_text(
        COURSE_FILE, 'text: {sq: "**Tung**", en: "**Hello**"}', 'text: {sq: "Tjetër", en: "Other"}'
    )
    edited.set_text(COURSE_FILE, "https://example.org/law", "https://example.org/other")
    edited.set_text(COURSE_FILE, "due: 2027-05-15", "due: 2027-05-16")
    edited.set_text(COURSE_FILE, "from: 2027-03-02", "from: 2027-03-03")
    edited.set_text(COURSE_FILE, "points: 20", "points: 30")
    edited.set_text(COURSE_FILE, "approval: true\n  - id: exam", "approval: false\n  - id: exam")
    edited.set_text(COURSE_FILE, "complete_when: {all: [package, final]}", "complete_when: {all: [final]}")
    text = edited.read(COURSE_FILE)
    line = next(one for one in text.splitlines(keepends=True) if "id: hello" in one)
    edited.write(
        COURSE_FILE, text.replace(line, "").replace("      - id: glossary\n", f"{line}      - id: glossary\n")
    )
    edited.apply()
    assert seen() != before
    result = _undo(edited, 2)
    assert result.return_value == 0, result.output
    assert seen() == before


def test_an_undo_of_an_undo_of_an_undo_is_an_undo(edited: Edited) -> None:
    before = _everything(edited)
    edited.set_text(QUIZ_FILE, "one employee by written order", "some employee by written order")
    edited.set_text(QUIZ_FILE, "- {draw: 2, tags: [receiving]}", "- {draw: 1, tags: [receiving]}")
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.apply()
    pushed = _everything(edited)
    for run, expected in ((2, before), (3, pushed), (4, before), (5, pushed)):
        result = _undo(edited, run)
        assert result.return_value == 0, result.output
        assert _everything(edited) == expected
    assert _undoable(edited) == [6, 5, 4, 3, 2]
    assert edited.work() == []  # the files' own state once more


def test_a_second_undo_of_the_same_run_finds_nothing_to_do(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "one employee by written order", "some employee by written order")
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.set_text(QUIZ_FILE, "- {draw: 2, tags: [receiving]}", "- {draw: 1, tags: [receiving]}")
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.apply()
    assert _undo(edited, 2).return_value == 0
    after = _everything(edited)
    result = _undo(edited, 2)
    assert result.return_value == 0, result.output
    assert _everything(edited) == after
    assert _undoable(edited) == [3, 2]  # the second replaced nothing


def test_only_the_object_that_was_changed_since_is_refused(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "- {draw: 2, tags: [receiving]}", "- {draw: 1, tags: [receiving]}")
    edited.set_text(LESSON, "title: ", "title: Ri - ")
    edited.set_text(
        COURSE_FILE, 'text: {sq: "**Tung**", en: "**Hello**"}', 'text: {sq: "Tjetër", en: "Other"}'
    )
    edited.apply()
    edited.quiz().slots[0].maxmark = 3.0
    result = _undo(edited, 2)
    assert result.return_value == 3
    assert "slots" in result.output
    assert len(edited.quiz().slots) == 2  # as somebody left it
    assert edited.quiz().slots[0].maxmark == 3.0
    label = edited.site.simple["label", edited.module("hello").instance]
    assert "Hello" in label.intro
    assert edited.scorm().sha1hash != ""
    assert edited.drift(base=True)  # and drift still tells of it


def test_what_a_later_run_changed_again_is_not_taken_back_from_under_it(edited: Edited) -> None:
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    edited.apply()
    edited.set_text(QUIZ_FILE, "time_limit: 30 min", "time_limit: 20 min")
    edited.apply()
    assert _undo(edited, 2).return_value == 3
    assert edited.quiz().timelimit == 1200
    assert _undo(edited, 3).return_value == 0  # in the order of their making they go back
    assert _undo(edited, 2).return_value == 0
    assert edited.quiz().timelimit == 2700
