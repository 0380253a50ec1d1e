"""The companion plugin's functions: found by key, compared by hash, refused when somebody would lose
something.
"""

from __future__ import annotations

import json
from typing import Any

import pytest


def hash_of(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def error_of(function: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Exception) as caught:
        function(*arguments, **named)
    return str(caught.value.code)  # type: ignore[attr-defined]


def test_what_was_pushed_comes_back_with_its_hash_and_its_fields(moodle: Any, course: Any) -> None:
    state = moodle.state(course.id)
    assert state["sections"]["ao/learn"]["fields"] == {
        "name": "Learn",
        "summary": "",
        "visible": 1,
        "position": 1,
    }
    package = state["activities"]["ao/package"]
    assert package["hash"] == course.scorm["hash"]
    assert package["fields"]["completion"] == {"tracking": 2, "status": 6, "view": 0}
    quiz = state["activities"]["ao/final"]
    assert quiz["fields"]["gradepass"] == 70
    assert quiz["fields"]["slots"][0] == {"question": "bank:single", "maxmark": 1.0}
    assert set(state["questions"]) == {f"bank:{n}" for n in ("single", "tf", "short", "number", "match")}
    assert state["criteria"] == {
        "hash": hash_of("criteria"),
        "activities": ["ao/final", "ao/package"],
        "aggregation": "all",
        "locked": False,
        "completed": 0,
    }


def test_objects_of_others_are_never_listed(moodle: Any, course: Any) -> None:
    assert "forum" in {m.modname for m in moodle.site.modules.values() if m.course == course.id}
    state = moodle.state(course.id)
    assert {a["modname"] for a in state["activities"].values()} == {"scorm", "quiz"}
    assert len(state["sections"]) == 1


def test_the_same_hash_again_changes_nothing_whatever_was_expected(moodle: Any, course: Any) -> None:
    before = len(moodle.site.log)
    again = moodle.push_section(course.id, "ao/learn", expect="drift:0", name="Learn", position=1)
    assert again["action"] == "unchanged"
    assert len(moodle.site.log) == before


def test_a_write_that_expects_another_state_is_stale(moodle: Any, course: Any) -> None:
    assert error_of(moodle.push_section, course.id, "ao/learn", expect="", name="New") == "stale"
    assert error_of(moodle.push_section, course.id, "ao/other", expect=hash_of("x")) == "stale"
    live = moodle.state(course.id)["sections"]["ao/learn"]["hash"]
    assert moodle.push_section(course.id, "ao/learn", expect=live, name="New")["action"] == "updated"


def test_a_change_by_hand_shows_as_drift_and_can_be_overwritten(moodle: Any, course: Any) -> None:
    section = moodle.state(course.id)["sections"]["ao/learn"]
    moodle.site.sections[section["id"]].name = "Changed by hand"
    drifted = moodle.state(course.id)["sections"]["ao/learn"]
    assert drifted["hash"].startswith("drift:")
    assert drifted["fields"]["name"] == "Changed by hand"
    answer = moodle.push_section(course.id, "ao/learn", expect=drifted["hash"], name="Learn", position=1)
    assert answer["action"] == "updated"
    assert moodle.state(course.id)["sections"]["ao/learn"]["fields"]["name"] == "Learn"


def test_an_activity_with_our_idnumber_but_unknown_to_the_plugin_is_reported_as_drift(
    moodle: Any, course: Any
) -> None:
    moodle.site.owned.clear()
    state = moodle.state(course.id)
    assert set(state["activities"]) == {"ao/package", "ao/final"}
    assert all(a["hash"].startswith("drift:") for a in state["activities"].values())
    assert all(q["hash"].startswith("drift:") for q in state["questions"].values())
    assert state["sections"] == {}


def test_two_activities_with_one_idnumber_are_refused_not_guessed(moodle: Any, course: Any) -> None:
    quiz = next(m for m in moodle.site.modules.values() if m.modname == "quiz")
    quiz.idnumber = "ao/package"
    assert error_of(
        moodle.push_activity, course.id, "ao/package", "scorm", {"name": "x", "sha1": "0" * 40}
    ) == ("ambiguous")


def test_sections_stand_in_the_order_of_their_positions(moodle: Any, empty_course: int) -> None:
    for position, key in enumerate("abc", start=1):
        moodle.push_section(empty_course, f"ao/{key}", position=position)
    moodle.push_section(empty_course, "ao/c", position=1)
    moodle.push_section(empty_course, "ao/d", position=2)
    shown = moodle.call("core_course_get_contents", courseid=empty_course)
    assert [s["name"] for s in shown] == ["General", "ao/c", "ao/d", "ao/a", "ao/b"]


def test_an_activity_moves_to_another_section_in_place(moodle: Any, course: Any) -> None:
    moodle.push_section(course.id, "ao/exam", name="Exam", position=2)
    fields = moodle.state(course.id)["activities"]["ao/final"]["fields"]
    answer = moodle.push_activity(course.id, "ao/final", "quiz", fields, section="ao/exam")
    assert (answer["action"], answer["id"]) == ("updated", course.quiz["id"])
    assert moodle.state(course.id)["activities"]["ao/final"]["section"] == "ao/exam"
    assert (
        error_of(moodle.push_activity, course.id, "ao/final", "quiz", fields, section="ao/none")
        == "nosection"
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("no json", "notjson"),
        ("[1]", "notjson"),
        ("{}", "datamissing"),
        ('{"name": "x", "colour": "red"}', "dataunknown"),
        ('{"name": 5}', "datavalue"),
        ('{"name": " "}', "badtext"),
        ('{"name": "<b>x</b>"}', "badtext"),
        ('{"name": " x "}', "badtext"),
        ('{"name": "' + "x" * 256 + '"}', "toolong"),
        ('{"name": "x", "visible": 2}', "datavalue"),
        ('{"name": "x", "position": 0}', "datavalue"),
    ],
)
def test_data_that_moodle_would_not_keep_as_sent_are_refused(
    data: str, code: str, moodle: Any, empty_course: int
) -> None:
    arguments = {"courseid": empty_course, "key": "ao/x", "hash": hash_of("x"), "expect": "", "data": data}
    assert moodle.error("local_lmssync_upsert_section", **arguments) == code


def test_keys_and_hashes_have_a_form(moodle: Any, empty_course: int) -> None:
    good = {
        "courseid": empty_course,
        "key": "ao/x",
        "hash": hash_of("x"),
        "expect": "",
        "data": '{"name": "x"}',
    }
    for name, value, code in (
        ("key", "ao x", "badkey"),
        ("key", "x" * 101, "badkey"),
        ("hash", "abc", "badhash"),
    ):
        assert moodle.error("local_lmssync_upsert_section", **{**good, name: value}) == code


def test_a_draft_of_another_account_looks_empty(moodle: Any, empty_course: int, zip_package: Any) -> None:
    foreign = moodle.upload("p.zip", zip_package("x"), token=moodle.learner("s1"))
    data = {"name": "x", "sha1": "0" * 40}
    assert error_of(moodle.push_activity, empty_course, "ao/p", "scorm", data, draft=foreign) == "baddraft"
    assert error_of(moodle.push_activity, empty_course, "ao/p", "scorm", data) == "nofile"


def test_every_write_needs_the_capabilities_of_its_job(moodle: Any, empty_course: int) -> None:
    account = moodle.site.capabilities[moodle.user_id("lmssync")]
    for capability in ("local/lmssync:push", "moodle/course:update", "moodle/course:movesections"):
        account.discard(capability)
        assert error_of(moodle.push_section, empty_course, "ao/x", position=1) == "nopermissions"
        account.add(capability)
    account.discard("mod/quiz:addinstance")
    assert error_of(moodle.push_quiz, empty_course, "ao/q", []) == "nopermissions"
    site = moodle.call("local_lmssync_get_site")
    assert site["missing_capabilities"] == ["mod/quiz:addinstance"]


# --- learners' work


def test_slots_under_attempts_change_only_when_the_loss_is_accepted(
    moodle: Any, course: Any, bank: dict[str, str], right_answers: dict[str, Any]
) -> None:
    moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    slots = [{"question": "bank:single"}]
    assert error_of(moodle.push_quiz, course.id, "ao/final", slots) == "quizhasattempts"
    same = [{"question": key} for key in bank]
    assert moodle.push_quiz(course.id, "ao/final", same, name="Renamed")["action"] == "updated"
    assert moodle.push_quiz(course.id, "ao/final", slots, accept=["slots"])["action"] == "updated"
    assert moodle.state(course.id)["activities"]["ao/final"]["attempts"] == 1


def test_a_completion_rule_with_records_changes_only_when_the_loss_is_accepted(
    moodle: Any, course: Any
) -> None:
    fields = moodle.state(course.id)["activities"]["ao/package"]["fields"]
    fields["completion"] = {"tracking": 2, "status": 2, "view": 0}
    moodle.track("s1", course.scorm["instance"], {"cmi.core.lesson_status": "completed"})
    done = moodle.states("s1", course.id)["scorm"]
    assert (done["state"], done["timecompleted"]) == (1, moodle.site.now())
    assert error_of(moodle.push_activity, course.id, "ao/package", "scorm", fields) == "completionlocked"
    moodle.pass_time(50)
    answer = moodle.push_activity(course.id, "ao/package", "scorm", {**fields, "accept": ["completion"]})
    assert answer["action"] == "updated"
    assert moodle.states("s1", course.id)["scorm"]["state"] == 0


def test_a_completion_rule_without_records_is_changed(moodle: Any, course: Any) -> None:
    fields = moodle.state(course.id)["activities"]["ao/package"]["fields"]
    fields["completion"] = {"tracking": 2, "status": 2, "view": 1}
    moodle.push_activity(course.id, "ao/package", "scorm", fields)
    live = moodle.state(course.id)["activities"]["ao/package"]["fields"]
    assert live["completion"] == {"tracking": 2, "status": 2, "view": 1}


def set_criteria(moodle: Any, course: int, *keys: str, **more: Any) -> Any:
    data = {"activities": list(keys), **more}
    return moodle.call(
        "local_lmssync_set_criteria",
        courseid=course,
        hash=hash_of(json.dumps(data)),
        expect="*",
        data=json.dumps(data),
    )


def test_criteria_with_records_change_only_when_the_loss_is_accepted(moodle: Any, course: Any) -> None:
    moodle.track("s1", course.scorm["instance"], {"cmi.core.lesson_status": "passed"})
    assert moodle.state(course.id)["criteria"]["locked"] is True
    assert error_of(set_criteria, moodle, course.id, "ao/package") == "criterialocked"
    assert set_criteria(moodle, course.id, "ao/package", "ao/final", accept=[])["action"] == "updated"
    assert len(moodle.site.criterion_completions) == 1
    answer = set_criteria(moodle, course.id, "ao/package", accept=["criteria"])
    assert answer["action"] == "updated"
    # The package alone is now enough, and it was done.
    assert moodle.site.course_completions[course.id, moodle.user_id("s1")].timecompleted is not None


def test_criteria_must_be_activities_of_the_course_with_completion(moodle: Any, course: Any) -> None:
    assert error_of(set_criteria, moodle, course.id, "ao/none") == "unknownactivity"
    fields = moodle.state(course.id)["activities"]["ao/final"]["fields"]
    fields["completion"] = {"tracking": 0, "passgrade": 0, "view": 0}
    moodle.push_activity(course.id, "ao/final", "quiz", fields)
    assert error_of(set_criteria, moodle, course.id, "ao/final") == "activitynottracked"


# --- questions


def test_questions_get_a_new_version_only_when_their_hash_differs(
    moodle: Any, course: Any, bank: dict[str, str]
) -> None:
    bank["bank:tf"] = bank["bank:tf"].replace("Is it dated?", "Is it signed?")
    bank["bank:new"] = bank["bank:short"].replace("bank:short", "bank:new")
    answer = moodle.push_questions(course.id, "bank", bank)
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (1, 1, 4)
    versions = {q["key"]: q["version"] for q in answer["questions"]}
    assert versions == {**dict.fromkeys(bank, 1), "bank:tf": 2}
    again = moodle.push_questions(course.id, "bank", bank)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 6)


def test_one_refused_question_leaves_all_as_they_were(
    moodle: Any, course: Any, bank: dict[str, str], make_question: Any
) -> None:
    before = moodle.state(course.id)
    bank["bank:tf"] = bank["bank:tf"].replace("Is it dated?", "Is it signed?")
    bank["bank:bad"] = make_question(
        "shortanswer", "bank:bad", "?", '<answer fraction="50"><text>x</text></answer>'
    )
    assert error_of(moodle.push_questions, course.id, "bank", bank) == "questionrefused"
    assert moodle.state(course.id) == before or moodle.state(course.id)["questions"] == before["questions"]


def test_a_question_missing_from_the_file_is_named(moodle: Any, course: Any, bank: dict[str, str]) -> None:
    data = {"category": {"name": "Bank"}, "questions": [{"key": "bank:x", "hash": hash_of("x")}]}
    draft = moodle.upload("q.xml", ("<quiz>" + bank["bank:tf"] + "</quiz>").encode())
    arguments = {"courseid": course.id, "categorykey": "bank", "draftitemid": draft, "data": json.dumps(data)}
    assert moodle.error("local_lmssync_upsert_questions", **arguments) == "questionmissing"


def test_a_quiz_that_nobody_could_start_is_refused(moodle: Any, course: Any) -> None:
    many = [{"random": 6, "category": "bank", "tags": []}]
    assert error_of(moodle.push_quiz, course.id, "ao/q2", many) == "notenoughquestions"
    unknown = [{"random": 1, "category": "bank", "tags": ["nowhere"]}]
    assert error_of(moodle.push_quiz, course.id, "ao/q2", unknown) == "unknowntag"
    assert error_of(moodle.push_quiz, course.id, "ao/q2", [{"question": "bank:none"}]) == "unknownquestion"
    assert "ao/q2" not in moodle.state(course.id)["activities"]


# --- reading changes


def test_changes_are_paged_by_a_cursor_and_leave_out_the_running_second(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    for name in ("s1", "s2", "s3"):
        moodle.track(name, course.scorm["instance"], {"cmi.core.lesson_status": "passed"})
        moodle.answer_quiz(name, course.quiz["instance"], right_answers)
        moodle.pass_time(1)
    moodle.track("s1", course.scorm["instance"], {"cmi.core.score.raw": "50"}, attempt=2)
    arguments: dict[str, Any] = {"stream": "scorm_track", "courseids": [course.id], "since": 0, "afterid": 0}
    rows = []
    for _ in range(3):
        page = moodle.call("local_lmssync_get_changes", **arguments, limit=1)
        rows += page["rows"]
        arguments |= {"since": page["since"], "afterid": page["afterid"]}
    assert page["more"] is False
    assert [r["userid"] for r in rows] == [moodle.user_id(n) for n in ("s1", "s2", "s3")]
    assert {r["key"] for r in rows} == {"ao/package"}
    empty = moodle.call("local_lmssync_get_changes", **arguments, limit=1)
    assert (empty["rows"], empty["since"], empty["afterid"]) == ([], arguments["since"], arguments["afterid"])


def test_the_outcome_of_each_question_is_told_by_places_of_options(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    moodle.answer_quiz("s2", course.quiz["instance"], {**right_answers, "Who registers?": None})
    moodle.answer_quiz("s3", course.quiz["instance"], right_answers, finish=False)
    moodle.pass_time(5)
    rows = moodle.changes(course.id, "question_outcome")
    assert {row["userid"] for row in rows} == {moodle.user_id("s1"), moodle.user_id("s2")}
    assert len({row["id"] for row in rows}) == len(rows) == 10
    told = {row["data"]["type"]: row["data"] for row in rows if row["userid"] == moodle.user_id("s1")}
    assert {data["fraction"] for data in told.values()} == {1.0}
    assert told["truefalse"]["chosen"] == [0]
    assert told["match"]["chosen"] == [0, 1, 2]
    assert (told["numerical"]["chosen"], told["numerical"]["response"]) == (None, "12.9")
    assert told["multichoice"]["response"] == told["multichoice"]["right"] == "clerk"
    assert len([data for data in told.values() if data["random"]]) == len(
        [slot for slot in moodle.site.quizzes[course.quiz["instance"]].slots if slot.category]
    )
    left_out = [row["data"] for row in rows if row["data"]["outcome"] == "gaveup"]
    assert [(one["type"], one["fraction"], one["chosen"], one["response"]) for one in left_out] == [
        ("multichoice", None, None, None)
    ]


def test_every_stream_tells_what_happened(moodle: Any, course: Any, right_answers: dict[str, Any]) -> None:
    moodle.track(
        "s1", course.scorm["instance"], {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "80"}
    )
    moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    now = moodle.site.now()
    moodle.pass_time(5)
    told = {
        stream: [(r["key"], r["data"]) for r in moodle.changes(course.id, stream)]
        for stream in ("activity_completion", "course_completion", "grade", "quiz_attempt", "scorm_track")
    }
    assert told["activity_completion"] == [
        ("ao/package", {"state": 1, "complete": True}),
        ("ao/final", {"state": 2, "complete": True}),
    ]
    assert told["course_completion"] == [("", {"timecompleted": now, "timestarted": now})]
    grades = {(key, d["item"]): d["grade"] for key, d in told["grade"]}
    assert grades == {("ao/package", "mod"): 80, ("ao/final", "mod"): 100, ("", "course"): 180}
    assert told["quiz_attempt"][0][1]["state"] == "finished"
    assert [d["element"] for _, d in told["scorm_track"]] == ["cmi.core.lesson_status", "cmi.core.score.raw"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"courseids": []}, "invalidparameter"),
        ({"limit": 0}, "badlimit"),
        ({"stream": "weather"}, "unknownstream"),
    ],
)
def test_a_wrong_question_for_changes_is_refused(
    change: dict[str, Any], code: str, moodle: Any, course: Any
) -> None:
    good: dict[str, Any] = {
        "stream": "grade",
        "courseids": [course.id],
        "since": 0,
        "afterid": 0,
        "limit": 10,
    }
    assert moodle.error("local_lmssync_get_changes", **{**good, **change}) == code


def test_accounts_are_told_without_names_and_addresses(moodle: Any) -> None:
    user = moodle.user_id("s1")
    rows = moodle.call("local_lmssync_get_accounts", userids=[user, 999999])
    assert rows == [
        {
            "id": user,
            "idnumber": "E00001",
            "username": "s1",
            "auth": "manual",
            "suspended": False,
            "confirmed": True,
            "deleted": False,
        }
    ]


def test_marks_of_slots_reach_the_attempts_when_nothing_else_changes(
    moodle: Any, course: Any, bank: dict[str, str], right_answers: dict[str, Any]
) -> None:
    half = {text: right_answers[text] for text in ("Who registers?", "Is it dated?", "Name it.", "How many?")}
    moodle.answer_quiz("s1", course.quiz["instance"], half)
    slots = [{"question": key, "maxmark": 6 if key == "bank:match" else 1} for key in bank]
    moodle.push_quiz(course.id, "ao/final", slots, accept=["slots"])
    user = moodle.user_id("s1")
    attempt = moodle.call("mod_quiz_get_user_attempts", quizid=course.quiz["instance"], userid=user)[
        "attempts"
    ][0]
    assert attempt["sumgrades"] == 4
    best = moodle.call("mod_quiz_get_user_best_grade", as_user="s1", quizid=course.quiz["instance"])
    assert best["grade"] == 40
    assert moodle.states("s1", course.id)["quiz"]["state"] == 3


def test_a_fault_in_a_question_that_is_not_pushed_does_no_harm(
    moodle: Any, course: Any, bank: dict[str, str], make_question: Any
) -> None:
    bad = make_question("shortanswer", "bank:bad", "?", '<answer fraction="50"><text>x</text></answer>')
    new = bank["bank:tf"].replace("bank:tf", "bank:new")
    data = {"category": {"name": "Bank"}, "questions": [{"key": "bank:new", "hash": hash_of(new)}]}
    draft = moodle.upload("q.xml", f"<quiz>{bad}{new}</quiz>".encode())
    answer = moodle.call(
        "local_lmssync_upsert_questions",
        courseid=course.id,
        categorykey="bank",
        draftitemid=draft,
        data=json.dumps(data),
    )
    assert answer["created"] == 1


def test_the_question_that_moodle_refuses_is_named(
    moodle: Any, course: Any, bank: dict[str, str], make_question: Any, make_choices: Any
) -> None:
    bank["bank:bad"] = make_question("multichoice", "bank:bad", "?", make_choices(("a", 100), ("b", 33.33)))
    with pytest.raises(Exception) as caught:
        moodle.push_questions(course.id, "bank", bank)
    assert caught.value.body["errorcode"] == "questionrefused"  # type: ignore[attr-defined]
    assert '"bank:bad"' in caught.value.body["message"]  # type: ignore[attr-defined]
    assert "do not match grade options" in caught.value.body["message"]  # type: ignore[attr-defined]
