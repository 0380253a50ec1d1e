"""An edit made in Moodle goes into the files as an author would have written it, and then nothing is left to do."""

from __future__ import annotations

import copy
import datetime
import difflib
import html
import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.languages import LocalizedText, multilang
from authoring.problems import ContentError
from authoring.read_yaml import load_model, parse_yaml
from authoring.to_markdown import to_markdown
from lms_sync.academy import Academy, BuiltAcademy, read_academy
from lms_sync.adopt_drift import Adoption, PatchedFile, adopt, write_adoption
from lms_sync.desired import summary_html
from lms_sync.drift import FieldDrift, ObjectDrift, Standing
from lms_sync.plan import Kind
from moodle_standin.records import QuestionCategory, Slot
from quizzes import Quiz, quiz_settings
from quizzes.numbers import seconds
from quizzes.quiz_activity import review_masks
from tests.everything import together

if TYPE_CHECKING:
    from tests.drift.conftest import Edited

COURSE = "archive-officers"
COURSE_FILE = f"courses/{COURSE}/course.yaml"
QUIZ_FILE = f"quizzes/{COURSE}.yaml"
LEARN_AT = 1  # which of the sections it is
TIRANA = ZoneInfo("Europe/Tirane")
USE, DRAW = "  - {use: receiving-first-step}", "  - {draw: 2, tags: [receiving]}"
LEARN, FINAL = f"{COURSE}/learn", f"{COURSE}/final"


def spans(sq: str, en: str) -> str:
    return f'<span lang="sq" class="multilang">{sq}</span><span lang="en" class="multilang">{en}</span>'


def _paragraph(sq: str, en: str) -> str:
    return spans(f"<p>{sq}</p>", f"<p>{en}</p>")


def _on(find: str, name: str, value: object) -> Callable[[Edited], None]:
    def edit(site: Edited) -> None:
        thing = getattr(site, find)()
        assert getattr(thing, name) != value
        setattr(thing, name, value)

    return edit


def _pass(site: Edited) -> None:
    site.site.grade_item_of("quiz", site.quiz().id).gradepass = 62.5


def _behaviour(site: Edited) -> None:
    quiz = site.quiz()
    quiz.preferredbehaviour, quiz.review = "immediatefeedback", review_masks("immediatefeedback")


def _learn_name(site: Edited) -> None:
    site.section("learn").name = spans("Studio", "Study")


def _exam_summary(site: Edited) -> None:
    site.section("exam").summary = _paragraph("Njëzet <strong>pyetje</strong>.", "Twenty <em>questions</em>.")


def _simple(site: Edited, name: str, field: str, value: object) -> None:
    module = site.module(name)
    activity = site.site.simple[module.modname, module.instance]
    if field == "intro":
        activity.intro = value
    elif field == "rules":
        activity.rules = {**activity.rules, **dict(value)}  # type: ignore[call-overload]
    else:
        assert activity.settings[field] != value
        activity.settings[field] = value


def _of(name: str, field: str, value: object) -> Callable[[Edited], None]:
    return lambda site: _simple(site, name, field, value)


def _rule(name: str, **values: int) -> Callable[[Edited], None]:
    def edit(site: Edited) -> None:
        for field, value in values.items():
            setattr(site.module(name), field, value)

    return edit


def _date(name: str, which: str, moment: int) -> Callable[[Edited], None]:
    def edit(site: Edited) -> None:
        module = site.module(name)
        module.available = {**module.available, which: moment}

    return edit


def _at(day: str) -> int:
    return int(datetime.datetime.fromisoformat(day).replace(tzinfo=TIRANA).timestamp())


def _groups(name: str, *codes: str) -> Callable[[Edited], None]:
    def edit(site: Edited) -> None:
        module = site.module(name)
        module.available = {**module.available, "groups": [f"{COURSE}/{code}" for code in codes]}

    return edit


def _move(site: Edited, name: str, into: str) -> None:
    module, target = site.module(name), site.section(into)
    site.site.sections[module.section].sequence.remove(module.id)
    target.sequence.append(module.id)
    module.section = target.id


def _draw_from_elsewhere(site: Edited) -> None:
    number = site.site.next_id("question_categories")
    site.site.question_categories[number] = QuestionCategory(number, site.course().id, "Mine", "mine")
    drawn = next(one for one in site.quiz().slots if not one.entry)
    drawn.category = number


def _reviewed(**masks: int) -> Callable[[Edited], None]:
    def edit(site: Edited) -> None:
        quiz = site.quiz()
        quiz.review = {**quiz.review, **masks}

    return edit


def _swap_slots(site: Edited) -> None:
    site.quiz().slots.reverse()


def _mark(site: Edited) -> None:
    site.quiz().slots[0].maxmark = 2.5


def _slot_gone(site: Edited) -> None:
    site.quiz().slots.pop(0)


def _slot_new(site: Edited) -> None:
    site.quiz().slots.append(Slot(site.site.next_id("quiz_slots"), 1.0, entry=site.entry().id))


def _fewer_drawn(site: Edited) -> None:
    site.quiz().slots.pop()


# Every field that can be taken over: the edit, the file, and what an author would find changed in it.
ADOPTABLE: dict[str, tuple[Callable[[Edited], None], str, tuple[tuple[str, str], ...]]] = {
    "course title": (
        _on("course", "fullname", spans("Arkivi", "Archive &amp; protocol")),
        COURSE_FILE,
        (
            ('"Arkivi dhe protokolli në bashki"\n  en', '"Arkivi"\n  en'),
            ('en: "Archive and protocol in the municipality"\nsummary', 'en: "Archive & protocol"\nsummary'),
        ),
    ),
    "section name": (
        _learn_name,
        COURSE_FILE,
        (('title: {sq: "Mëso", en: "Learn"}', 'title: {sq: "Studio", en: "Study"}'),),
    ),
    "section summary": (
        _exam_summary,
        COURSE_FILE,
        (
            (
                "Njëzet pyetje, 45 minuta, tri përpjekje. Vlen rezultati më i mirë; kalohet me 70 %.",
                "Njëzet **pyetje**.",
            ),
            (
                "Twenty questions, 45 minutes, three attempts. The best result counts; the pass mark is 70 %.",
                "Twenty *questions*.",
            ),
        ),
    ),
    "package title": (
        _on("scorm", "name", spans("Mësimet: nga sporteli te arkivi shtetëror", "All lessons")),
        COURSE_FILE,
        (('en: "Lessons: from the counter to the state archive"', 'en: "All lessons"'),),
    ),
    "quiz title": (
        _on("quiz", "name", spans("Provimi", "Exam")),
        COURSE_FILE,
        (('{sq: "Testi përfundimtar", en: "Final quiz"}', '{sq: "Provimi", en: "Exam"}'),),
    ),
    "time limit": (
        _on("quiz", "timelimit", 5400),
        QUIZ_FILE,
        (("time_limit: 45 min", "time_limit: 1 h 30 min"),),
    ),
    "no time limit": (_on("quiz", "timelimit", 0), QUIZ_FILE, (("time_limit: 45 min", "time_limit: none"),)),
    "attempts": (_on("quiz", "attempts", 0), QUIZ_FILE, (("attempts: 3", "attempts: 0"),)),
    "grading": (_on("quiz", "grademethod", 4), QUIZ_FILE, (("grading: highest", "grading: last"),)),
    "pass mark": (_pass, QUIZ_FILE, (("pass: 70%", "pass: 62.5%"),)),
    "shuffle": (
        _on("quiz", "shuffleanswers", 0),
        QUIZ_FILE,
        (("shuffle_answers: true", "shuffle_answers: false"),),
    ),
    "per page": (
        _on("quiz", "questionsperpage", 0),
        QUIZ_FILE,
        (("questions_per_page: 5", "questions_per_page: 0"),),
    ),
    "introduction of the quiz": (
        lambda site: setattr(
            site.quiz(), "intro", f"<p>{spans('Pak <strong>fjalë</strong>.', 'A few words.')}</p>"
        ),
        QUIZ_FILE,
        (),
    ),
    "what learners see": (
        _reviewed(rightanswer=0x01110, marks=0x00010),
        QUIZ_FILE,
        (
            (
                "  behaviour: deferredfeedback\n",
                (
                    "  behaviour: deferredfeedback\n"
                    "  review: {marks: [closed], right_answer: [immediately, open, closed]}\n"
                ),
            ),
        ),
    ),
    "slots in another order": (
        _swap_slots,
        QUIZ_FILE,
        ((f"{USE}\n{DRAW}\n", f"{DRAW}\n{USE}\n"),),
    ),
    "points of a slot": (_mark, QUIZ_FILE, ((USE, USE.replace("}", ", points: 2.5}")),)),
    "a slot less": (_slot_gone, QUIZ_FILE, ((f"{USE}\n", ""),)),
    "a slot more": (_slot_new, QUIZ_FILE, ((f"{DRAW}\n", f"{DRAW}\n  - {{use: receiving-no-unit}}\n"),)),
    "fewer drawn": (_fewer_drawn, QUIZ_FILE, ((DRAW, DRAW.replace("2", "1")),)),
    "question category": (
        lambda site: setattr(site.question_category(), "name", "Bankë"),
        QUIZ_FILE,
        (('category:\n  title: {sq: "Arkivi dhe protokolli në bashki"', 'category:\n  title: {sq: "Bankë"'),),
    ),
    "course category": (lambda site: setattr(site.shelf(), "name", "Akademi"), COURSE_FILE, ()),
    "available from another day": (
        _date("own-work", "from", _at("2027-03-05")),
        COURSE_FILE,
        (("from: 2027-03-02,", "from: 2027-03-05,"),),
    ),
    "available until another hour": (
        _date("own-work", "until", _at("2027-07-01T12:30")),
        COURSE_FILE,
        (("until: 2027-06-30 17:00", "until: 2027-07-01 12:30"),),
    ),
    "available without an end": (
        _date("own-work", "until", 0),
        COURSE_FILE,
        ((", until: 2027-06-30 17:00", ""),),
    ),
    "available at a time where the file says nothing": (
        _date("law", "from", _at("2027-03-28T03:30")),  # the hour after the clocks were put forward
        COURSE_FILE,
        (
            (
                'title: {sq: "Ligji", en: "The law"}}',
                'title: {sq: "Ligji", en: "The law"}, available: {from: 2027-03-28 03:30}}',
            ),
        ),
    ),
    "for one more institution": (
        _groups("own-work", "bulqize", "dimal"),
        COURSE_FILE,
        (("groups: [dimal]", "groups: [dimal, bulqize]"),),
    ),
    "for everybody": (_groups("own-work"), COURSE_FILE, ((", groups: [dimal]", ""),)),
    "due another day": (
        _of("own-work", "duedate", _at("2027-05-20T23:59")),
        COURSE_FILE,
        (("due: 2027-05-15   # after", "due: 2027-05-20   # after"),),
    ),
    "not due any more": (
        _of("own-work", "duedate", 0),
        COURSE_FILE,
        (("        due: 2027-05-15   # after Easter\n", ""),),
    ),
    "expected by a day": (
        _rule("final", completionexpected=_at("2027-06-01T23:59")),
        COURSE_FILE,
        (
            (
                "        completion: passed\n      - id: eval",
                "        completion: passed\n        due: 2027-06-01\n      - id: eval",
            ),
        ),
    ),
    "completion by any grade": (
        _rule("final", completionpassgrade=0),
        COURSE_FILE,
        (
            (
                "        completion: passed\n      - id: eval",
                "        completion: completed\n      - id: eval",
            ),
        ),
    ),
    "completion of an assignment": (
        _of("own-work", "rules", {"view": 1, "submit": 0}),
        COURSE_FILE,
        (("completion: submitted\ncomplete", "completion: viewed\ncomplete"),),
    ),
    "required activities": (
        lambda site: site.site.criteria.update({site.course().id: [site.module("final").id]}),
        COURSE_FILE,
        (("{all: [package, final]}", "{all: [final]}"),),
    ),
    "text of a label": (
        _of("hello", "intro", _paragraph("Tungjatjeta", "<strong>Hello</strong> all")),
        COURSE_FILE,
        (('text: {sq: "**Tung**", en: "**Hello**"}', 'text: {sq: "Tungjatjeta", en: "**Hello** all"}'),),
    ),
    "a text where there was none": (
        _of("law", "intro", _paragraph("Lexoni", "Read")),
        COURSE_FILE,
        (('en: "The law"}}', 'en: "The law"}, text: {sq: Lexoni, en: Read}}'),),
    ),
    "an emptied summary": (lambda site: setattr(site.section("exam"), "summary", ""), COURSE_FILE, ()),
    "address": (
        _of("law", "externalurl", "https://example.org/new"),
        COURSE_FILE,
        (("https://example.org/law", "https://example.org/new"),),
    ),
    "subscription": (
        _of("help-desk", "forcesubscribe", 3),
        COURSE_FILE,
        (("subscription: automatic", "subscription: off"),),
    ),
    "group mode": (
        _rule("help-desk", groupmode=1),
        COURSE_FILE,
        (("        groups: visible", "        groups: separate"),),
    ),
    "approval": (
        _of("glossary", "defaultapproval", 1),
        COURSE_FILE,
        (("approval: true\n  - id: exam", "approval: false\n  - id: exam"),),
    ),
    "comments": (
        _of("glossary", "allowcomments", 1),
        COURSE_FILE,
        (("approval: true\n  - id: exam", "approval: true\n        comments: true\n  - id: exam"),),
    ),
    "points": (_of("own-work", "grade", 50), COURSE_FILE, (("points: 20", "points: 50"),)),
    "points to pass": (_of("own-work", "gradepass", 15.0), COURSE_FILE, (("pass: 12", "pass: 15"),)),
    "nothing to pass": (_of("own-work", "gradepass", 0.0), COURSE_FILE, (("        pass: 12\n", ""),)),
    "only texts are handed in": (
        _of("own-work", "submissions", {"text": 1, "files": 0}),
        COURSE_FILE,
        (("submit: [text, files]   # both", "submit: [text]   # both"),),
    ),
    "two files": (
        _of("own-work", "submissions", {"text": 1, "files": 2}),
        COURSE_FILE,
        (
            (
                "        completion: submitted\ncomplete",
                "        completion: submitted\n        max_files: 2\ncomplete",
            ),
        ),
    ),
    "names are kept": (
        _of("evaluation", "anonymous", 2),
        COURSE_FILE,
        (
            (
                "        completion: submitted\n      - {id: hello",
                "        completion: submitted\n        anonymous: false\n      - {id: hello",
            ),
        ),
    ),
    "behaviour": (
        _on("quiz", "preferredbehaviour", "deferredcbm"),
        QUIZ_FILE,
        (("behaviour: deferredfeedback", "behaviour: deferredcbm"),),
    ),
    "behaviour with what learners see": (
        _behaviour,
        QUIZ_FILE,
        (("behaviour: deferredfeedback", "behaviour: immediatefeedback"),),
    ),
}


def _comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


# Edits of one thing: the later would hide the earlier.
ONE_THING = (
    {"slots in another order", "points of a slot", "a slot less", "a slot more", "fewer drawn"},
    {"behaviour", "behaviour with what learners see", "what learners see"},
    {"section summary", "an emptied summary"},
    {"time limit", "no time limit"},
    {"available until another hour", "available without an end"},
    {"for one more institution", "for everybody"},
    {"due another day", "not due any more"},
    {"points", "points to pass", "nothing to pass"},
    {"only texts are handed in", "two files", "completion of an assignment"},
    {"expected by a day", "completion by any grade"},
    {"approval", "comments"},
    {"available at a time where the file says nothing", "a text where there was none"},
)


# Where the new lines are not written down here, the file is not compared byte by byte.
TOLD = [name for name, (_, _, changes) in ADOPTABLE.items() if changes]
FREE = [name for name, (_, _, changes) in ADOPTABLE.items() if not changes]


@pytest.mark.parametrize(
    "named", [*together(TOLD, ONE_THING), *together(FREE)], ids=lambda named: f"{named[0]}+{len(named) - 1}"
)
def test_an_edit_is_written_where_it_belongs_and_the_plan_is_empty(
    edited: Edited, named: tuple[str, ...]
) -> None:
    before = {path: edited.read(path) for path in (COURSE_FILE, QUIZ_FILE)}
    expected = dict(before)
    for name in named:
        edit, path, changes = ADOPTABLE[name]
        edit(edited)
        for old, new in changes:
            assert expected[path].count(old) == 1, old
            expected[path] = expected[path].replace(old, new)
    result = edited.run("drift", "--adopt")
    assert result.return_value == 0, result.output
    after = {path: edited.read(path) for path in before}
    if named[0] in TOLD:
        assert after == expected  # and not one byte else
    assert {path: _comments(text) for path, text in after.items()} == {
        path: _comments(text) for path, text in before.items()
    }
    assert all(f"--- a/{ADOPTABLE[name][1]}" in result.output for name in named)
    edited.rebuild()
    left = edited.prepare()
    assert left.judged.drift == ()
    # The course's own title is in the package as well.
    rest = [("update", "activity", f"{COURSE}/package")] if "course title" in named else []
    assert [(one.action.value, one.kind.value, one.key) for one in left.plan.work] == rest
    assert left.plan.refused == ()


def test_a_course_summary_is_written_in_its_own_lines(edited: Edited) -> None:
    course = edited.course()
    course.summary = course.summary.replace("Six lessons, each", "Six <em>short</em> lessons, each")
    before = edited.read(COURSE_FILE)
    assert edited.run("drift", "--adopt").return_value == 0
    assert edited.read(COURSE_FILE) == before.replace("Six lessons, each", "Six *short* lessons, each")


def test_a_course_summary_that_was_emptied_is_empty_in_the_file(edited: Edited) -> None:
    edited.course().summary = ""
    assert edited.run("drift", "--adopt").return_value == 0
    edited.rebuild()
    assert edited.drift() == ()
    assert edited.course().summary == ""
    assert edited.push.built.academy.courses[COURSE].summary is None


def test_what_was_taken_over_is_ours_afterwards(edited: Edited) -> None:
    edited.quiz().timelimit = 60
    edited.run("drift", "--adopt")
    edited.rebuild()
    edited.set_text(QUIZ_FILE, "time_limit: 1 min", "time_limit: 2 min")
    assert edited.refused() == []
    edited.apply()
    assert edited.quiz().timelimit == 120


def test_dry_run_shows_the_patch_and_writes_nothing(edited: Edited) -> None:
    edited.quiz().timelimit = 60
    before = edited.read(QUIZ_FILE)
    result = edited.run("drift", "--adopt", "--dry-run")
    assert result.return_value == 2
    assert "+  time_limit: 1 min" in result.output
    assert edited.read(QUIZ_FILE) == before
    assert edited.told() == [("activity", FINAL, "timelimit", "theirs")]


def test_a_setting_that_the_file_leaves_out_is_put_behind_its_neighbours(edited: Edited) -> None:
    text = edited.read(QUIZ_FILE)
    edited.write(QUIZ_FILE, text.replace("  grading: highest\n", ""))
    edited.quiz().grademethod = 2
    assert edited.run("drift", "--adopt").return_value == 0
    assert "  behaviour: deferredfeedback\n  grading: average\n  intro:\n" in edited.read(QUIZ_FILE)
    edited.rebuild()
    assert edited.work() == []


def test_a_file_with_windows_line_ends_keeps_them(edited: Edited) -> None:
    path = edited.folder / COURSE_FILE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    edited.rebuild()
    _learn_name(edited)
    before = path.read_bytes()
    assert edited.run("drift", "--adopt").return_value == 0
    assert path.read_bytes() == before.replace(
        'sq: "Mëso", en: "Learn"'.encode(), b'sq: "Studio", en: "Study"'
    )


# --- what is not taken over -----------------------------------------------------------------------


def _long_title(site: Edited) -> None:
    site.section("learn").name = spans("Gjatë " * 40, "Long")


NOT: dict[str, tuple[Callable[[Edited], Any], str]] = {
    "a sign that we write otherwise": (_on("quiz", "name", spans("A & B", "C")), "edit.markup"),
    "one language is missing": (
        _on("quiz", "name", '<span lang="sq" class="multilang">Vetëm shqip</span>'),
        "edit.languages",
    ),
    "words beside the languages": (_on("quiz", "name", "Also " + spans("a", "b")), "edit.languages"),
    "a language twice": (_on("quiz", "name", spans("a", "b") + spans("c", "d")), "edit.languages"),
    "formatting without Markdown": (
        lambda site: setattr(site.section("exam"), "summary", '<p dir="ltr">Words</p>'),
        "edit.html",
    ),
    "a table": (
        lambda site: setattr(site.section("exam"), "summary", "<table><tr><td>1</td></tr></table>"),
        "edit.html",
    ),
    "an emptied title": (lambda site: setattr(site.section("exam"), "name", " "), "edit.emptied"),
    "more attempts than a file can say": (_on("quiz", "attempts", 500), "edit.refused-by-files"),
    "a title longer than files take": (_long_title, "edit.refused-by-files"),
    "an unknown behaviour": (_on("quiz", "preferredbehaviour", "ours_alone"), "edit.refused-by-files"),
    "hidden": (lambda site: setattr(site.section("exam"), "visible", 0), "edit.hidden"),
    "an activity in another section": (lambda site: _move(site, "final", "learn"), "edit.moved"),
    "a package": (_on("scorm", "sha1hash", "0" * 40), "edit.file"),
    "a draw from elsewhere": (_draw_from_elsewhere, "edit.slots"),
    "rules without a word": (_rule("final", completionview=1), "edit.rules"),
    "rules that the course needs": (
        _rule("final", completion=0, completionpassgrade=0, completiongradeitemnumber=None),
        "edit.refused-by-files",
    ),
    "other conditions": (
        lambda site: setattr(
            site.module("law"), "available", {"from": 0, "until": 0, "groups": [], "other": {}}
        ),
        "edit.conditions",
    ),
    "a moment between two minutes": (_date("law", "from", 1_800_000_001), "edit.value"),
    "an end before the beginning": (
        _date("own-work", "until", 1_700_000_000 // 60 * 60),
        "edit.refused-by-files",
    ),
    "questions of a questionnaire": (
        lambda site: _simple(site, "evaluation", "items", []),
        "edit.questionnaire",
    ),
    "a page with its own files": (
        lambda site: _simple(site, "how-it-works", "content", "<p>x</p>"),
        "edit.page-file",
    ),
    "a question in other clothes": (
        lambda site: site.new_version(questiontext='<div style="color: red">x</div>'),
        "edit.question-not-in-yaml",
    ),
    "a question that was hidden": (
        lambda site: setattr(site.entry().latest, "status", "hidden"),
        "edit.hidden",
    ),
    "a cohort": (lambda site: setattr(site.cohort(), "name", "x"), "edit.people-list"),
    "somebody who was suspended": (lambda site: setattr(site.enrolment(), "status", 1), "edit.enrolment"),
}


ONE_FIELD = (
    {"a sign that we write otherwise", "one language is missing", "words beside the languages", "a language twice"},
    {"formatting without Markdown", "a table"},
    {"rules without a word", "rules that the course needs"},
    {"other conditions", "a moment between two minutes"},
    {"a question in other clothes", "a question that was hidden"},
)  # fmt: skip


@pytest.mark.parametrize("named", together(NOT, ONE_FIELD), ids=lambda named: f"{named[0]}+{len(named) - 1}")
def test_what_cannot_be_taken_over_is_named_with_its_value_and_a_reason(
    edited: Edited, named: tuple[str, ...]
) -> None:
    for name in named:
        NOT[name][0](edited)
    before = [edited.read(path) for path in (COURSE_FILE, QUIZ_FILE)]
    result = edited.run("drift", "--adopt", "--json")
    assert result.return_value == 2
    told = json.loads(result.output)
    assert sorted(one["reason"] for one in told["left"]) == sorted(NOT[name][1] for name in named)
    assert told["taken"] == told["files"] == []
    assert [edited.read(path) for path in (COURSE_FILE, QUIZ_FILE)] == before
    assert sum(len(one.fields) for one in edited.drift()) == len(named)


def test_a_patch_with_which_the_academy_does_not_read_is_taken_back(edited: Edited) -> None:
    path = edited.folder / COURSE_FILE
    good = path.read_bytes()
    broken = PatchedFile(path, COURSE_FILE, good, good.replace(b"id: package", b"id: final"))
    with pytest.raises(ContentError):
        write_adoption(Adoption((broken,)), edited.folder)
    assert path.read_bytes() == good


def test_one_edit_that_cannot_be_taken_over_does_not_stop_the_others(edited: Edited) -> None:
    edited.quiz().attempts = 500
    edited.quiz().timelimit = 60
    _learn_name(edited)
    assert edited.run("drift", "--adopt").return_value == 2
    assert "time_limit: 1 min" in edited.read(QUIZ_FILE)
    assert "attempts: 3" in edited.read(QUIZ_FILE)
    assert '"Study"' in edited.read(COURSE_FILE)
    edited.rebuild()
    assert edited.told() == [("activity", FINAL, "attempts", "theirs")]


def test_a_conflict_is_taken_over_only_when_it_is_named(edited: Edited) -> None:
    edited.quiz().timelimit = 60
    edited.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 30 min")
    assert edited.run("drift", "--adopt").return_value == 3
    assert "time_limit: 30 min" in edited.read(QUIZ_FILE)
    assert edited.run("drift", "--adopt", "--theirs", FINAL).return_value == 0
    edited.rebuild()
    assert "time_limit: 1 min" in edited.read(QUIZ_FILE)
    assert edited.drift() == ()
    assert edited.work() == []


def test_a_title_for_all_languages_becomes_one_for_each_where_moodle_has_each(edited: Edited) -> None:
    edited.set_text(COURSE_FILE, 'title: {sq: "Provimi", en: "Exam"}', "title: Provimi")
    edited.apply()
    edited.section("exam").name = spans("Provim", "Exam: the end")
    assert edited.run("drift", "--adopt").return_value == 0
    assert 'title: {sq: Provim, en: "Exam: the end"}' in edited.read(COURSE_FILE)
    edited.rebuild()
    assert edited.work() == []


# --- laws -----------------------------------------------------------------------------------------

WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn", "Zl", "Zp"])
    | st.sampled_from("&<>'\"#:{}[]*_\\"),
    min_size=1,
    max_size=30,
).filter(lambda text: bool(text.strip()))


class Folder:
    """An academy that prints as a word: hypothesis prints what it hands to a test."""

    def __init__(self, academy: Academy) -> None:
        self.folder = academy.folder
        self.courses = academy.courses
        self.quizzes = academy.quizzes

    def __repr__(self) -> str:
        return "academy"


@pytest.fixture(scope="module")
def academy(built_small: BuiltAcademy) -> Any:
    return Folder(read_academy(built_small.academy.folder))


def _one(kind: Kind, key: str, name: str, theirs: object) -> ObjectDrift:
    return ObjectDrift(kind, key, COURSE, (FieldDrift(name, Standing.THEIRS, None, theirs, None),))


def _file(adoption: Adoption, academy: Any, path: str) -> tuple[str, str]:
    before = (academy.folder / path).read_text(encoding="utf-8")
    after = next((one.after.decode() for one in adoption.files if one.name == path), before)
    return before, after


@given(WORDS, WORDS)
def test_any_title_of_moodle_is_taken_over_exactly_or_not_at_all(academy: Any, sq: str, en: str) -> None:
    theirs = multilang(LocalizedText({"sq": sq, "en": en}), ("sq", "en"))
    adoption = adopt(academy, [_one(Kind.SECTION, LEARN, "name", theirs)], use_multilang=True)
    before, after = _file(adoption, academy, COURSE_FILE)
    assert adoption.taken  # whatever a title is made of, it has a form in YAML
    title: Any = copy.deepcopy(parse_yaml(after, "f").data)
    assert multilang(LocalizedText(title["sections"][LEARN_AT]["title"]), ("sq", "en")) == theirs
    span = parse_yaml(before, "f").span(("sections", LEARN_AT, "title"))
    assert span is not None
    assert after.startswith(before[: span.start + 1])
    assert after.endswith(before[span.end - 1 :])


@given(st.text(st.sampled_from("<>&;ab \"'/=spanltr"), max_size=40))
def test_whatever_moodle_has_the_files_then_say_the_same_or_are_untouched(academy: Any, theirs: str) -> None:
    for name in ("name", "summary"):
        adoption = adopt(academy, [_one(Kind.SECTION, LEARN, name, theirs)], use_multilang=True)
        before, after = _file(adoption, academy, COURSE_FILE)
        if not adoption.taken:
            assert after == before
            assert len(adoption.left) == 1
            continue
        data: Any = parse_yaml(after, "f").data
        section = data["sections"][LEARN_AT]
        made = (
            multilang(LocalizedText(section["title"]), ("sq", "en"))
            if name == "name"
            else summary_html(LocalizedText(section["summary"]), ("sq", "en"))
            if "summary" in section
            else ""  # emptied in Moodle: the key goes
        )
        assert made == theirs


@settings(max_examples=25)
@given(st.integers(0, 31_536_000))
def test_any_time_limit_is_written_as_the_same_number_of_seconds(academy: Any, limit: int) -> None:
    adoption = adopt(academy, [_one(Kind.ACTIVITY, FINAL, "timelimit", limit)], use_multilang=True)
    _, after = _file(adoption, academy, QUIZ_FILE)
    data: Any = parse_yaml(after, "f").data
    assert seconds(str(data["settings"]["time_limit"])) == limit


@settings(max_examples=25)
@given(st.decimals(0, 100, places=5))
def test_any_pass_mark_is_written_as_the_same_grade(academy: Any, mark: Any) -> None:
    adoption = adopt(academy, [_one(Kind.ACTIVITY, FINAL, "gradepass", float(mark))], use_multilang=True)
    _, after = _file(adoption, academy, QUIZ_FILE)
    quiz = load_model(parse_yaml(after, "quizzes/f.yaml"), Quiz)
    assert quiz_settings(quiz)["gradepass"] == float(mark)


MARKDOWN = st.recursive(
    WORDS.map(html.unescape),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map("\n\n".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda items: "\n".join(f"- {one}" for one in items))
        | inner.map(lambda text: f"**{text}**")
        | inner.map(lambda text: f"[{text}](https://example.org/a?b=1&c=2)")
        | inner.map(lambda text: f"# {text}")
    ),
    max_leaves=4,
)


@given(MARKDOWN)
def test_markdown_never_comes_back_as_something_else_unseen(academy: Any, text: str) -> None:
    theirs = summary_html(text)
    adoption = adopt(academy, [_one(Kind.SECTION, LEARN, "summary", theirs)], use_multilang=True)
    _, after = _file(adoption, academy, COURSE_FILE)
    data: Any = parse_yaml(after, "f").data
    made = summary_html(LocalizedText(data["sections"][LEARN_AT]["summary"]), ("sq", "en"))
    assert (made == theirs) == bool(adoption.taken)


@pytest.mark.parametrize(
    "text",
    [
        "Plain words.",
        "Two\nlines.",
        "One.\n\nTwo.",
        "**Strong** and *weak* and `code`.",
        "- one\n- two",
        "1. one\n2. two",
        "3. three\n4. four",
        "# Head\n\nText with [a link](https://example.org/x?a=1&b=2).",
        "> Said\n> so.",
        "Stars \\* and \\_ and \\[brackets\\] & < >.",
        "One\\\ntwo.",
        "- one\n\n  more\n\n- two",
        "Text\n\n---\n\nText",
    ],
)
def test_what_authors_write_in_summaries_comes_back_as_the_same_html(text: str) -> None:
    rendered = summary_html(text)
    back = to_markdown(rendered)
    assert back is not None
    assert summary_html(back) == rendered


# Edits of several fields at once: adopt, and nothing drifts, nothing is left to do, nothing else in the files changed.
TOGETHER = [
    name
    for name in ADOPTABLE
    if name not in {"course title", "behaviour", "behaviour with what learners see"}
]


@pytest.mark.parametrize("seed", range(6))
def test_any_edits_together_are_taken_over_line_by_line_and_nothing_is_left(
    edited: Edited, seed: int
) -> None:
    chosen = random.Random(seed).sample(TOGETHER, 9)
    for name in chosen:
        ADOPTABLE[name][0](edited)
    texts = {path: edited.read(path) for path in (COURSE_FILE, QUIZ_FILE)}
    result = edited.run("drift", "--adopt")
    assert result.return_value == 0, (chosen, result.output)
    edited.rebuild()
    assert edited.drift() == ()
    assert edited.work() == []
    assert edited.refused() == []
    for path, before_text in texts.items():
        after_text = edited.read(path)
        assert _comments(after_text) == _comments(before_text)
        lines = difflib.ndiff(before_text.splitlines(), after_text.splitlines())
        changed = [line for line in lines if line.startswith("- ")]
        assert len(changed) <= 3 * len(chosen), changed
