"""What the files say is what the site gets: once, in place, and never at the cost of what others did there."""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from lms_sync.apply import ApplyReport
from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import AccessRefused, SiteBusy, UnknownOutcome
from lms_sync.people import read_people
from lms_sync.plan import Action, Kind
from lms_sync.store.database import open_database
from tests.everything import together

if TYPE_CHECKING:
    from tests.pushed_academy import Push

COURSE = "archive-officers"
LESSON = "courses/archive-officers/lessons/protocol-book/lesson.sq.md"


# --- the whole way -----------------------------------------------------------------------------------------------


def test_the_first_apply_makes_everything_and_the_second_nothing(push: Push) -> None:
    people = len(read_people(push.folder).participants)
    first, left = push.apply()
    assert first.done == {"create": len(left.plan.changes)}
    assert left.plan.work == left.plan.refused == ()
    counts = {kind: sum(one.kind is kind for one in left.plan.changes) for kind in Kind}
    assert (counts[Kind.ACTIVITY], counts[Kind.SECTION]) == (9, 3)
    assert counts[Kind.ENROLMENT] == counts[Kind.GROUP_MEMBER] == counts[Kind.COHORT_MEMBER] == people
    assert counts[Kind.QUESTION] >= 20
    assert push.doubles() == {}
    before = len(push.log())
    second, _ = push.apply()
    assert second.done == {}
    assert push.log(before) == []


def test_with_the_state_database_deleted_there_is_still_nothing_to_do(pushed: Push) -> None:
    pushed.engine.dispose()
    for path in (pushed.folder / ".lms-sync").glob("state.db*"):
        path.unlink()
    assert pushed.work(remember=False) == []
    pushed.engine = open_database(f"sqlite:///{pushed.folder}/.lms-sync/state.db")
    before = len(pushed.log())
    pushed.apply()
    assert pushed.log(before) == []


def test_accounts_and_courses_that_were_there_are_as_they_were(push: Push) -> None:
    accounts = copy.deepcopy(push.site.users)
    other = next(one for one in push.site.courses.values() if one.shortname == "BEFORE")
    kept = copy.deepcopy(other)
    enrolled = copy.deepcopy(push.site.enrolments[other.id])
    push.apply()
    assert push.site.users == accounts
    assert push.site.courses[other.id] == kept
    assert push.site.enrolments[other.id] == enrolled


def test_texts_reach_the_site_in_all_languages(pushed: Push) -> None:
    name = pushed.course().fullname
    assert '<span lang="sq" class="multilang">Arkivi' in name
    assert '<span lang="en" class="multilang">Archive' in name


# --- changes -----------------------------------------------------------------------------------------------------


def _learn(push: Push, username: str = "arjola.cela", *, package: bool = True, right: float = 1.0) -> None:
    learner = PracticeLearner(MoodleClient(push.url, mobile_token(push.url, username, "Learner-1")))
    if package:
        learner.take_package(push.course().id, status="passed", score=90)
    learner.take_quiz(push.course().id, push.built.academy.quizzes[COURSE], right=right)
    learner.client.close()


def _results(push: Push) -> Any:
    site = push.site
    names = ("scorm_attempts", "quiz_attempts", "activity_completions", "grades")
    return copy.deepcopy({name: getattr(site, name) for name in names})


def test_one_changed_lesson_replaces_one_package_in_place_and_keeps_every_result(pushed: Push) -> None:
    _learn(pushed)
    results, before = _results(pushed), len(pushed.log())
    assert results["scorm_attempts"]
    assert results["quiz_attempts"]
    pushed.set_text(LESSON, "protokoll", "protokolli i ri")
    assert pushed.work() == [("update", "activity", "archive-officers/package")]
    report, left = pushed.apply()
    assert report.done == {"update": 1}
    assert left.plan.work == ()
    written = [(one["what"], one["action"]) for one in pushed.log(before)]
    assert written == [("draft_file", "create"), ("activity", "updated")]
    assert _results(pushed) == results


def test_what_is_taken_out_of_the_files_is_hidden_with_its_results(pushed: Push) -> None:
    _learn(pushed, package=False, right=0.0)
    results = _results(pushed)
    path = "courses/archive-officers/course.yaml"
    text = (pushed.folder / path).read_text(encoding="utf-8")
    exam = text[text.index("  - id: exam") :]
    pushed.set_text(path, exam, "complete_when: {all: [package]}\n")
    work = pushed.work()
    assert ("hide", "section", "archive-officers/exam") in work
    assert ("hide", "activity", "archive-officers/final") in work
    assert {action for action, _, _ in work} <= {"hide", "update"}
    pushed.apply()
    quiz = next(one for one in pushed.site.modules.values() if one.idnumber == "archive-officers/final")
    assert quiz.visible == 0
    assert _results(pushed)["quiz_attempts"] == results["quiz_attempts"]
    assert [one for one in pushed.work() if one[0] == "hide"] == []


def test_slots_of_a_quiz_that_learners_have_begun_are_not_changed(pushed: Push) -> None:
    _learn(pushed)
    path = "quizzes/archive-officers.yaml"
    text = (pushed.folder / path).read_text(encoding="utf-8")
    line = next(one for one in text.split("\n") if one.strip().startswith("- {use:"))
    pushed.set_text(path, line + "\n", "")
    plan = pushed.prepare(overwrite=True).plan
    assert [(one.key, one.reason) for one in plan.refused] == [
        ("archive-officers/final", "plan.learners-would-lose")
    ]


# --- edits in Moodle ---------------------------------------------------------------------------------------------


def _edit_section(push: Push) -> Any:
    row = push.site.owned[push.course().id, "section", "archive-officers/learn"]
    section = push.site.sections[row.objectid]
    section.name = "Emri i ri i mësuesit"
    return lambda: section.name


def _edit_quiz(push: Push) -> Any:
    quiz = next(one for one in push.site.quizzes.values() if one.course == push.course().id)
    quiz.timelimit = 60
    return lambda: quiz.timelimit


def _edit_question(push: Push) -> Any:
    key = "archive-officers:receiving-no-unit"
    entry = next(one for one in push.site.bank_entries.values() if one.idnumber == key)
    number = entry.versions[-1].questionid
    push.site.questions[number] = dataclasses.replace(push.site.questions[number], name="Renamed")
    return lambda: push.site.questions[entry.versions[-1].questionid].name


@pytest.mark.parametrize("edit", [_edit_section, _edit_quiz, _edit_question])
def test_an_edit_in_moodle_is_refused_and_overwritten_only_when_allowed(pushed: Push, edit: Any) -> None:
    shown = edit(pushed)
    edited = shown()
    before = len(pushed.log())
    plan = pushed.prepare().plan
    assert plan.work == ()
    assert [one.reason for one in plan.refused] == ["plan.edited-in-moodle"]
    pushed.apply()
    assert shown() == edited
    assert pushed.log(before) == []
    assert len(pushed.work(overwrite=True)) == 1
    _, left = pushed.apply(overwrite=True)
    assert shown() != edited
    assert left.plan.work == left.plan.refused == ()


def test_an_edit_between_plan_and_apply_is_found_and_kept(pushed: Push) -> None:
    pushed.set_text(
        "courses/archive-officers/course.yaml", 'title: {sq: "Mëso", en: "Learn"}', "title: Study"
    )
    prepared = pushed.prepare()
    shown = _edit_section(pushed)
    edited = shown()
    report, left = pushed.apply(prepared=prepared)
    assert [(change.key, problem.code) for change, problem in report.failed] == [
        ("archive-officers/learn", "moodle.rule-stale")
    ]
    assert shown() == edited
    assert [one.reason for one in left.plan.refused] == ["plan.edited-in-moodle"]


# --- people ------------------------------------------------------------------------------------------------------


def _status(push: Push, username: str) -> list[tuple[str, int]]:
    rows = push.site.enrolments[push.course().id].get(push.user_id(username), [])
    return [(one.method, one.status) for one in (rows if isinstance(rows, list) else [rows])]


def test_who_leaves_the_list_is_suspended_and_keeps_everything(pushed: Push) -> None:
    _learn(pushed)
    results, accounts = _results(pushed), copy.deepcopy(pushed.site.users)
    pushed.set_people(lambda rows: [row for row in rows if "arjola.cela" not in row])
    assert [one[:2] for one in pushed.work()] == [("hide", "enrolment")]
    report, left = pushed.apply()
    assert report.done == {"hide": 1}
    assert _status(pushed, "arjola.cela") == [("manual", 1)]
    assert left.plan.work == ()
    assert _results(pushed) == results
    assert pushed.site.users == accounts


def test_who_comes_back_is_active_again(pushed: Push) -> None:
    people = (pushed.folder / "people" / "participants.csv").read_text(encoding="utf-8")
    pushed.set_people(lambda rows: rows[1:])
    pushed.apply()
    (pushed.folder / "people" / "participants.csv").write_text(people, encoding="utf-8")
    report, left = pushed.apply()
    assert report.done == {"update": 1}
    assert left.plan.work == ()
    assert _status(pushed, "arjola.cela") == [("manual", 0)]


def _enrol_by_hand(push: Push, username: str) -> None:
    client = push.client()
    row = {"roleid": 5, "userid": push.user_id(username), "courseid": push.course().id}
    client.call("enrol_manual_enrol_users", {"enrolments": [row]}, write=True)
    client.close()


def test_whom_others_enrolled_stays_enrolled(push: Push) -> None:
    extra = {"username": "guest.teacher", "firstname": "G", "lastname": "T", "email": "g@example.org"}
    _add_account(push, **extra)
    push.apply()
    _enrol_by_hand(push, "guest.teacher")
    assert push.work() == []
    push.set_people(lambda rows: rows[1:])
    push.apply()
    assert _status(push, "guest.teacher") == [("manual", 0)]


def test_a_participant_of_another_course_whom_a_teacher_enrolled_stays_enrolled(push: Push) -> None:
    push.set_people(lambda rows: [rows[0].replace(",archive-officers,", ",,"), *rows[1:]])
    push.apply()
    _enrol_by_hand(push, "arjola.cela")
    assert push.work() == []


def _add_account(push: Push, **fields: Any) -> None:
    model = next(one for one in push.site.users.values() if one.username == "arjola.cela")
    number = max(push.site.users) + 1
    push.site.reserve_id("user", number)
    push.site.users[number] = dataclasses.replace(model, id=number, idnumber="", **fields)


def test_undecided_people_are_written_down_and_everybody_else_is_served(push: Push) -> None:
    push.set_people(lambda rows: [*rows, "AO-9,nobody.here,n@example.org,N,H,dimal,archive-officers,F,sq"])
    prepared = push.prepare()
    assert [(one.kind, one.key) for one in prepared.plan.refused] == [(Kind.ACCOUNT, "AO-9")]
    report, left = push.apply()
    assert report.complete
    assert left.plan.work == ()
    assert [one.key for one in left.plan.refused] == ["AO-9"]
    assert "AO-9" in (push.folder / "people" / "matches.csv").read_text(encoding="utf-8-sig")
    assert not any(one["what"] == "user" for one in push.log())


def test_nobody_is_suspended_because_a_user_name_was_changed(pushed: Push) -> None:
    second = next(one for one in pushed.site.users.values() if one.username == "besnik.hoxhaj")
    assert second.idnumber == ""  # so that only the user name tells who it is
    second.username, second.email = "b.hoxhaj", "new@example.org"
    assert pushed.work() == []  # remembered
    plan = pushed.prepare(remember=False).plan
    assert plan.work == ()
    assert [one.reason for one in plan.refused] == ["people.reason-none"]
    waiting = [one for one in plan.changes if one.reason == "plan.waits-for-decision"]
    assert [one.action for one in waiting] == [Action.KEEP]


def test_missing_people_get_an_account_only_when_that_is_configured_and_only_once(push: Push) -> None:
    push.set_people(lambda rows: [*rows, "AO-9,nobody.here,n@example.org,N,H,dimal,archive-officers,F,sq"])
    push.configure(create="missing")
    report, left = push.apply()
    assert report.complete
    assert left.plan.work == left.plan.refused == ()
    made = [one for one in push.log() if one["what"] == "user"]
    assert [(one["username"], one["action"]) for one in made] == [("nobody.here", "create")]
    assert _status(push, "nobody.here") == [("manual", 0)]
    before = len(push.log())
    push.apply()
    assert push.log(before) == []


# --- what goes wrong on the way ----------------------------------------------------------------------------------

WRITES = [
    "core_course_create_categories",
    "core_course_create_courses",
    "local_lmssync_upsert_section",
    "local_lmssync_upsert_questions",
    "local_lmssync_upsert_activity",
    "local_lmssync_set_criteria",
    "core_cohort_create_cohorts",
    "core_group_create_groups",
    "core_cohort_add_cohort_members",
    "enrol_manual_enrol_users",
    "core_group_add_group_members",
]


@pytest.mark.parametrize("functions", together(WRITES, at_most=2), ids=" ".join)  # one run looks again twice
def test_a_connection_that_breaks_after_the_work_leads_to_no_double(
    push: Push, functions: tuple[str, ...]
) -> None:
    for function in functions:
        push.fault(function, "cut_after_work")
    report, left = push.apply()
    assert report.complete
    assert left.plan.work == ()
    assert push.doubles() == {}
    assert {one.outcome for one in push.runs()} == {"done"}


LOOKED_AT_AGAIN = ("cut_before_work", "truncate", "html", "null")  # nobody knows what became of the request


@pytest.mark.parametrize(
    "kinds", together([*LOOKED_AT_AGAIN, "503", "print_before_json"], [LOOKED_AT_AGAIN]), ids=" ".join
)
@pytest.mark.parametrize(
    "functions", together(["core_course_create_courses", "local_lmssync_upsert_activity"])
)
def test_an_odd_answer_in_the_middle_is_got_over(
    push: Push, functions: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    for function in functions:
        for kind in kinds:
            push.fault(function, kind)
    report, left = push.apply()
    assert not push.site.faults.waiting
    assert report.complete
    assert left.plan.work == ()
    assert push.doubles() == {}
    assert any("printed by a plugin" in one for one in report.warnings) == ("print_before_json" in kinds)


def test_an_upload_that_breaks_is_sent_again(push: Push) -> None:
    push.fault("upload.php", "cut_after_work")
    report, left = push.apply()
    assert report.complete
    assert left.plan.work == ()
    assert push.doubles() == {}


@pytest.mark.parametrize("kind", ["maintenance", "upgraderunning", "503"])
def test_maintenance_in_the_middle_keeps_what_was_done_and_the_next_run_does_the_rest(
    push: Push, kind: str
) -> None:
    push.fault("*", kind, after=18, times=50)
    report = ApplyReport()
    with pytest.raises(SiteBusy) as caught:
        push.apply(report=report)
    assert caught.value.code == "moodle.maintenance"
    assert 0 < report.total < 152
    states = {one.state for one in push.journal()}
    assert states == {"confirmed", "failed"}
    assert [one.outcome for one in push.runs()] == ["failed"]
    assert push.runs()[0].summary["done"] == report.done
    push.site.faults.waiting.clear()
    second, left = push.apply()
    assert second.complete
    assert second.total + report.total == 152  # 8 of them days of sessions in the calendar
    assert left.plan.work == ()
    assert push.doubles() == {}


def test_a_connection_that_keeps_breaking_ends_the_run_and_not_the_sync(push: Push) -> None:
    push.fault("local_lmssync_upsert_activity", "cut_before_work", times=10)
    with pytest.raises(UnknownOutcome):
        push.apply()
    push.site.faults.waiting.clear()
    _, left = push.apply()
    assert left.plan.work == ()
    assert push.doubles() == {}


def test_a_token_that_is_withdrawn_in_the_middle_stops_the_run_at_once(push: Push) -> None:
    push.fault("*", "invalidtoken", after=20, times=50)
    with pytest.raises(AccessRefused):
        push.apply()
    asked = push.site.faults.struck
    assert asked == 1
    push.site.faults.waiting.clear()
    _, left = push.apply()
    assert left.plan.work == ()
    assert push.doubles() == {}


def test_one_row_that_is_refused_does_not_spoil_the_others(push: Push) -> None:
    prepared = push.prepare()
    gone = push.site.users[push.user_id("clirim.kercuku")]
    gone.deleted = True  # between plan and apply
    report, _ = push.apply(prepared=prepared)
    failed = {(change.kind, change.key.rsplit(":", 1)[1]) for change, _ in report.failed}
    assert failed
    assert {who for _, who in failed} == {"AO-0004"}
    people = len(read_people(push.folder).participants)
    enrolled = [one for one in push.log() if one["what"] == "enrolment"]
    assert len({one["userid"] for one in enrolled} - {gone.id}) == people - 1
    assert push.doubles() == {}


def test_a_shelf_that_cannot_be_made_leaves_its_course_out_and_tells_so(push: Push) -> None:
    prepared = push.prepare()
    client = push.client()
    row = {"name": "Somebody was faster", "idnumber": "archive-academy"}
    client.call("core_course_create_categories", {"categories": [row]}, write=True)
    client.close()
    report, left = push.apply(prepared=prepared)
    assert [change.kind for change, _ in report.failed] == [Kind.CATEGORY]
    assert Kind.COURSE in {change.kind for change in report.skipped}
    assert {one.kind for one in left.plan.work} >= {Kind.COURSE, Kind.CATEGORY}
    _, left = push.apply()
    assert left.plan.work == ()


def test_a_group_that_cannot_be_made_leaves_its_members_out_and_tells_so(pushed: Push) -> None:
    group = next(one for one in pushed.site.groups.values() if one.idnumber == "archive-officers/dimal")
    members = len(group.members)
    group.idnumber = ""  # somebody took our mark off; Moodle refuses a second group of the same name
    report, left = pushed.apply()
    assert [change.kind for change, _ in report.failed] == [Kind.GROUP]
    assert [change.kind for change in report.skipped] == [Kind.GROUP_MEMBER] * members
    assert len(left.plan.work) == members + 1


# --- the journal -------------------------------------------------------------------------------------------------


def test_the_journal_has_every_change_with_its_confirmation(push: Push) -> None:
    report, _ = push.apply()
    rows = push.journal()
    assert len(rows) == report.total
    assert [row.step for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert (row.site, row.state, row.action) == ("main", "confirmed", "create")
        assert row.confirmed_at >= row.intent_at
        assert row.intent_at.tzinfo is not None
        assert row.kind in set(Kind)
    alone = [row for row in rows if row.kind in ("course category", "course", "section", "activity")]
    assert all(row.remote_id for row in alone)
    (one,) = push.runs()
    assert (one.verb, one.outcome, one.summary["done"]) == ("apply", "done", report.done)
    assert one.finished_at >= one.started_at


def test_a_change_is_noted_as_sent_before_it_takes_effect_and_an_upload_comes_before_that(push: Push) -> None:
    seen: list[Counter[str]] = []
    known = push.site.record

    def record(*arguments: Any, **details: Any) -> None:
        seen.append(Counter(row.state for row in push.journal()))
        known(*arguments, **details)

    push.site.record = record
    push.apply()
    for states, entry in zip(seen, push.log(), strict=True):
        if entry["what"] == "draft_file":
            assert states["intent"] >= 1
            assert states["sent"] == 0
        else:
            assert states["sent"] >= 1
            assert states["intent"] == 0
    assert all(row.sent_at and row.intent_at <= row.sent_at <= row.confirmed_at for row in push.journal())


def test_a_plan_that_another_run_has_carried_out_meanwhile_makes_no_double(push: Push) -> None:
    prepared = push.prepare()
    push.apply()
    before = len(push.log())
    report, left = push.apply(prepared=prepared)
    assert not report.complete
    assert left.plan.work == ()
    assert push.doubles() == {}
    assert [one for one in push.log(before) if one["what"] != "draft_file"] == []


# --- what must not leave its place -------------------------------------------------------------------------------


def test_the_token_and_the_people_are_nowhere_but_where_they_belong(
    push: Push, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    push.site.settings.debug = True
    push.fault("local_lmssync_upsert_activity", "html")
    push.fault("core_group_create_groups", "cut_after_work")
    push.apply()
    token = (push.folder / "token").read_text().encode()
    people = [name.encode() for name in ("Kërçuku", "clirim.kercuku")]
    with push.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM person_data")
    with push.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in push.folder.rglob("*"):
        if path.is_file() and path.name != "token":
            content = path.read_bytes()
            assert token not in content, path
            if path.name != "participants.csv":
                assert not [one for one in people if one in content], path
    shown = capfd.readouterr()
    assert token.decode() not in caplog.text + shown.out + shown.err
