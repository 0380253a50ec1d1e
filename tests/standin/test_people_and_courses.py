"""Accounts, cohorts, groups, enrolments and courses: who may do and see what, and which lists have an order."""

from __future__ import annotations

from typing import Any

import pytest


def enrol(moodle: Any, course: int, username: str, **more: Any) -> Any:
    row = {"roleid": 5, "userid": moodle.user_id(username), "courseid": course, **more}
    return moodle.call("enrol_manual_enrol_users", enrolments=[row])


# --- accounts


def test_user_names_and_idnumbers_need_the_right_to_view_all_details(moodle: Any) -> None:
    account = moodle.site.capabilities[moodle.user_id("lmssync")]
    arguments = {"field": "idnumber", "values": ["E00001"]}
    assert moodle.call("core_user_get_users_by_field", **arguments)[0]["username"] == "s1"
    account.discard("moodle/user:viewalldetails")
    # Moodle leaves out accounts whose searched field it may not show: an empty answer, no error.
    assert moodle.call("core_user_get_users_by_field", **arguments) == []
    assert moodle.call("core_user_get_users_by_field", field="username", values=["s1"]) == []
    account.discard("moodle/site:viewuseridentity")
    assert moodle.call("core_user_get_users_by_field", field="email", values=["s1@example.org"]) == []


def test_two_accounts_with_one_idnumber_both_come_back(moodle: Any) -> None:
    rows = moodle.call("core_user_get_users_by_field", field="idnumber", values=["emp-1"])
    assert {row["username"] for row in rows} == {"u1", "u4"}


@pytest.mark.parametrize(
    "change",
    [
        {"username": "s1"},
        {"email": "s1@example.org"},
        {"email": "no-address"},
        {"firstname": " "},
        {"password": ""},
        {"username": "Capital"},
        {"auth": "telepathy"},
    ],
)
def test_an_account_that_cannot_be_made_stops_all_with_one_errorcode(
    change: dict[str, str], moodle: Any
) -> None:
    good = {"username": "n1", "password": "p", "firstname": "N", "lastname": "One", "email": "n1@example.org"}
    bad = {**good, "username": "n2", "email": "n2@example.org", **change}
    before = len(moodle.site.users)
    assert moodle.error("core_user_create_users", users=[good, bad]) == "invalidparameter"
    assert len(moodle.site.users) == before


def test_the_account_of_an_administrator_is_not_updated_by_others(moodle: Any) -> None:
    answer = moodle.call("core_user_update_users", users=[{"id": 2, "firstname": "x"}])
    assert answer["warnings"][0]["warningcode"] == "usernotupdatedadmin"


def test_a_token_for_a_learner_needs_the_right_password_and_an_active_account(moodle: Any) -> None:
    def ask(**more: str) -> dict[str, Any]:
        form = {"username": "s1", "password": "Trainee-1", "service": "moodle_mobile_app", **more}
        answer: dict[str, Any] = moodle.http.post("/login/token.php", data=form).json()
        return answer

    first = ask()
    assert ask()["token"] == first["token"]
    assert first["privatetoken"] is None
    assert ask(password="wrong")["errorcode"] == "invalidlogin"
    assert ask(service="nothing")["errorcode"] == "servicenotavailable"
    assert ask(service="lmssync")["errorcode"] == "cannotcreatetoken"
    moodle.site.users[moodle.user_id("s1")].suspended = True
    assert ask()["errorcode"] == "invalidlogin"


def test_a_suspended_account_can_no_longer_call(moodle: Any) -> None:
    token = moodle.learner("s1")
    moodle.site.users[moodle.user_id("s1")].suspended = True
    assert moodle.post("core_webservice_get_site_info", {}, token).json()["errorcode"] == "accessexception"


# --- cohorts and groups


def test_cohort_members_are_added_once_and_unknown_ones_are_warnings(moodle: Any) -> None:
    cohort = {"categorytype": {"type": "system", "value": ""}, "name": "Tirana", "idnumber": "institution-TR"}
    made = moodle.call("core_cohort_create_cohorts", cohorts=[cohort])[0]["id"]
    assert moodle.error("core_cohort_create_cohorts", cohorts=[{**cohort, "name": "x"}]) == "invalidparameter"
    member = {
        "cohorttype": {"type": "id", "value": str(made)},
        "usertype": {"type": "id", "value": str(moodle.user_id("s1"))},
    }
    assert moodle.call("core_cohort_add_cohort_members", members=[member])["warnings"] == []
    assert (
        moodle.call("core_cohort_add_cohort_members", members=[member])["warnings"][0]["warningcode"] == "3"
    )
    assert moodle.call("core_cohort_get_cohort_members", cohortids=[made]) == [
        {"cohortid": made, "userids": [moodle.user_id("s1")]}
    ]
    found = moodle.call("core_cohort_search_cohorts", query="institution-TR", context={"contextid": 1})
    assert [c["id"] for c in found["cohorts"]] == [made]
    moodle.call(
        "core_cohort_delete_cohort_members", members=[{"cohortid": made, "userid": moodle.user_id("s1")}]
    )
    assert moodle.call("core_cohort_get_cohort_members", cohortids=[made])[0]["userids"] == []


def test_groups_have_unique_names_in_a_course_and_only_enrolled_members(
    moodle: Any, empty_course: int
) -> None:
    group = {"courseid": empty_course, "name": "Tirana", "description": "", "idnumber": "ao/TR"}
    made = moodle.call("core_group_create_groups", groups=[group])[0]["id"]
    assert moodle.error("core_group_create_groups", groups=[group]) == "invalidparameter"
    assert moodle.error("core_group_create_groups", groups=[{**group, "name": "Other"}]) == "idnumbertaken"
    members = [{"groupid": made, "userid": moodle.user_id("s1")}]
    assert moodle.error("core_group_add_group_members", members=members) == "invalidparameter"
    enrol(moodle, empty_course, "s1")
    assert moodle.call("core_group_add_group_members", members=members) is None
    assert moodle.state(empty_course)["groups"] == [
        {"id": made, "idnumber": "ao/TR", "name": "Tirana", "members": [moodle.user_id("s1")]}
    ]
    moodle.call("core_group_delete_group_members", members=members)
    assert moodle.call("core_group_get_group_members", groupids=[made])[0]["userids"] == []


def test_groups_without_our_key_are_not_in_the_state(moodle: Any, empty_course: int) -> None:
    group = {"courseid": empty_course, "name": "Somebody's", "description": ""}
    moodle.call("core_group_create_groups", groups=[group])
    assert moodle.state(empty_course)["groups"] == []
    assert len(moodle.call("core_group_get_course_groups", courseid=empty_course)) == 1


# --- enrolments


def test_who_is_suspended_in_the_enrolment_loses_the_course_and_is_told_as_such(
    moodle: Any, course: Any
) -> None:
    user = moodle.user_id("s1")
    assert [c["id"] for c in moodle.call("core_enrol_get_users_courses", as_user="s1", userid=user)] == [
        course.id
    ]
    enrol(moodle, course.id, "s1", suspend=1)
    assert [user, 1, "manual"] in moodle.state(course.id)["enrolments"]
    assert moodle.call("core_enrol_get_users_courses", as_user="s1", userid=user) == []
    start = {"quizid": course.quiz["instance"]}
    assert moodle.error("mod_quiz_start_attempt", as_user="s1", **start) == "requireloginerror"
    status = {"courseid": course.id, "userid": user}
    assert moodle.error("core_completion_get_course_completion_status", **status) == "usernotenroled"
    enrol(moodle, course.id, "s1")
    assert moodle.call("mod_quiz_start_attempt", as_user="s1", **start)["attempt"]["state"] == "inprogress"


def test_only_roles_that_the_account_may_assign_can_be_given(moodle: Any, empty_course: int) -> None:
    row = {"roleid": 3, "userid": moodle.user_id("s1"), "courseid": empty_course}
    assert moodle.error("enrol_manual_enrol_users", enrolments=[row]) == "wsusercannotassign"
    moodle.site.courses[empty_course].manual_enrolment = False
    assert moodle.error("enrol_manual_enrol_users", enrolments=[{**row, "roleid": 5}]) == "wsnoinstance"


def test_one_bad_enrolment_enrols_nobody(moodle: Any, empty_course: int) -> None:
    good = {"roleid": 5, "userid": moodle.user_id("s1"), "courseid": empty_course}
    assert (
        moodle.error("enrol_manual_enrol_users", enrolments=[good, {**good, "userid": 99999}])
        == "invaliduser"
    )
    assert moodle.state(empty_course)["enrolments"] == []


# --- courses


def test_a_hidden_course_is_closed_to_learners(moodle: Any, course: Any) -> None:
    moodle.call("core_course_update_courses", courses=[{"id": course.id, "visible": 0}])
    arguments = {"courseid": course.id}
    assert moodle.error("core_course_get_contents", as_user="s1", **arguments) == "errorcoursecontextnotvalid"
    assert moodle.call("core_course_get_contents", **arguments)


def test_hidden_activities_are_not_shown_to_learners(moodle: Any, course: Any) -> None:
    fields = moodle.state(course.id)["activities"]["ao/final"]["fields"]
    moodle.push_activity(course.id, "ao/final", "quiz", {**fields, "visible": 0})
    assert (
        moodle.call("mod_quiz_get_quizzes_by_courses", as_user="s1", courseids=[course.id])["quizzes"] == []
    )
    start = {"quizid": course.quiz["instance"]}
    assert moodle.error("mod_quiz_start_attempt", as_user="s1", **start) == "requireloginerror"


@pytest.mark.parametrize(
    ("capability", "function", "arguments"),
    [
        ("moodle/category:manage", "core_course_create_categories", {"categories": [{"name": "x"}]}),
        ("moodle/course:create", "core_course_create_courses",
         {"courses": [{"fullname": "x", "shortname": "x", "categoryid": 1}]}),
        ("moodle/user:create", "core_user_create_users",
         {"users": [{"username": "x", "password": "p", "firstname": "x", "lastname": "x", "email": "x@y.zz"}]}),
        ("moodle/cohort:manage", "core_cohort_create_cohorts",
         {"cohorts": [{"categorytype": {"type": "system", "value": ""}, "name": "x", "idnumber": "x"}]}),
    ],
)  # fmt: skip
def test_a_missing_capability_is_named_in_moodles_words(
    capability: str, function: str, arguments: dict[str, Any], moodle: Any
) -> None:
    moodle.site.capabilities[moodle.user_id("lmssync")].discard(capability)
    body = moodle.post(function, arguments).json()
    assert body["errorcode"] == "nopermissions"
    assert body["message"].startswith("Sorry, but you do not currently have permissions to do that (")
    assert capability not in body["message"]


def test_lists_without_an_order_come_in_another_order_each_time(
    moodle: Any, course: Any, bank: dict[str, str]
) -> None:
    import json

    seen = set()
    for _ in range(6):
        state = json.loads(moodle.call("local_lmssync_get_state", courseid=course.id)["state"])
        seen.add(tuple(q["key"] for q in state["questions"]))
    assert len(seen) > 1
    assert {frozenset(keys) for keys in seen} == {frozenset(bank)}


# --- completion


def test_a_course_is_complete_when_all_criteria_are_met_at_the_time_of_the_last(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    user = moodle.user_id("s1")
    moodle.track("s1", course.scorm["instance"], {"cmi.core.lesson_status": "passed"})
    moodle.pass_time(100)
    moodle.answer_quiz("s1", course.quiz["instance"], {})
    arguments = {"courseid": course.id, "userid": user}
    status = moodle.call("core_completion_get_course_completion_status", **arguments)["completionstatus"]
    assert (status["completed"], [c["complete"] for c in status["completions"]]) == (False, [True, False])
    moodle.pass_time(100)
    moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    now = moodle.site.now()
    moodle.pass_time(100)
    status = moodle.call("core_completion_get_course_completion_status", **arguments)["completionstatus"]
    assert status["completed"] is True
    assert moodle.changes(course.id, "course_completion")[0]["data"]["timecompleted"] == now


def test_a_failed_quiz_that_asks_for_a_pass_is_state_3_and_not_complete(moodle: Any, course: Any) -> None:
    moodle.answer_quiz("s1", course.quiz["instance"], {})
    moodle.pass_time(1)
    assert moodle.changes(course.id, "activity_completion")[0]["data"] == {"state": 3, "complete": False}


def test_a_later_worse_attempt_takes_nothing_away(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    before = moodle.states("s1", course.id)["quiz"]
    moodle.pass_time(100)
    moodle.answer_quiz("s1", course.quiz["instance"], {})
    assert moodle.states("s1", course.id)["quiz"] == before


def test_learners_who_are_not_active_complete_no_course(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    moodle.track("s1", course.scorm["instance"], {"cmi.core.lesson_status": "passed"})
    attempt = moodle.answer_quiz("s1", course.quiz["instance"], right_answers, finish=False)
    enrol(moodle, course.id, "s1", suspend=1)
    arguments = {"as_user": "s1", "attemptid": attempt["id"], "finishattempt": 1}
    assert moodle.error("mod_quiz_process_attempt", **arguments) == "requireloginerror"
    moodle.pass_time(1)
    rows = moodle.changes(course.id, "course_completion")
    assert [r["data"]["timecompleted"] for r in rows] == [None]


def test_viewing_counts_where_the_rule_says_so(moodle: Any, course: Any) -> None:
    fields = moodle.state(course.id)["activities"]["ao/package"]["fields"]
    fields["completion"] = {"tracking": 2, "status": 0, "view": 1}
    moodle.push_activity(course.id, "ao/package", "scorm", fields)
    assert moodle.states("s1", course.id)["scorm"]["state"] == 0
    moodle.call("mod_scorm_launch_sco", as_user="s1", scormid=course.scorm["instance"])
    assert moodle.states("s1", course.id)["scorm"]["state"] == 1


# --- names in several languages

TITLE = '<span lang="sq" class="multilang">Arkivi & zyra</span><span lang="en" class="multilang">The archive</span>'


def _names(moodle: Any, course: int, **settings: str) -> dict[str, str]:
    def ask(function: str, **arguments: Any) -> Any:
        pairs = [(f"moodlewssetting{k}", v) for k, v in settings.items()]
        for key, value in arguments.items():
            pairs.append((key, str(value)))
        pairs += [("wsfunction", function), ("moodlewsrestformat", "json"), ("wstoken", moodle.token)]
        return moodle.post_pairs(pairs).json()

    found = ask("core_course_get_courses_by_field", field="id", value=course)["courses"][0]
    contents = ask("core_course_get_contents", courseid=course)
    return {
        "course": found["fullname"],
        "section": contents[1]["name"],
        "module": contents[1]["modules"][0]["name"],
    }


def test_names_come_back_raw_only_when_asked_for(moodle: Any, course: Any) -> None:
    moodle.call("core_course_update_courses", courses=[{"id": course.id, "fullname": TITLE}])
    moodle.push_section(course.id, "ao/learn", name=TITLE, position=1)
    fields = moodle.state(course.id)["activities"]["ao/package"]["fields"]
    moodle.push_activity(course.id, "ao/package", "scorm", {**fields, "name": TITLE}, section="ao/learn")
    in_a_row = "Arkivi &amp; zyraThe archive"
    assert _names(moodle, course.id) == {"course": in_a_row, "section": "The archive", "module": in_a_row}
    filtered = _names(moodle, course.id, filter="1", lang="sq")
    assert set(filtered.values()) == {"Arkivi &amp; zyra"}
    raw = _names(moodle, course.id, raw="1")
    assert (raw["course"], raw["module"]) == (TITLE, TITLE)
    # The plugin gives what is stored.
    assert moodle.state(course.id)["activities"]["ao/package"]["fields"]["name"] == TITLE
