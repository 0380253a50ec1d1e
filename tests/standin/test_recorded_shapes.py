"""Answers recorded on a real Moodle 4.5.6: the stand-in gives the same keys and types for the same calls."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

RECORDINGS = files("moodle_standin") / "recordings"


def recorded(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["response"]


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return type(value).__name__


def shapes(value: Any, path: str = "") -> dict[str, set[str]]:
    """Every path of an answer with the kinds of values seen there; lists count as one element."""
    found: dict[str, set[str]] = {path: {kind(value)}}
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(f"{path}.{key}", item) for key, item in value.items()]
    elif isinstance(value, list):
        children = [(f"{path}[]", item) for item in value]
    for name, item in children:
        for inner, kinds in shapes(item, name).items():
            found.setdefault(inner, set()).update(kinds)
    return found


def differences(expected: Any, given: Any, optional: tuple[str, ...] = ()) -> list[str]:
    want, have = shapes(expected), shapes(given)
    result = []
    for path in sorted(want.keys() | have.keys()):
        if any(path == s or path.startswith((s + ".", s + "[")) for s in optional):
            continue
        if path not in have:
            result.append(f"missing {path}")
        elif path not in want:
            result.append(f"extra {path}")
        elif not have[path] <= want[path] and have[path] != {"NoneType"}:
            result.append(f"{path}: {have[path]} instead of {want[path]}")
    return result


def check(name: str, given: Any, *optional: str) -> None:
    assert differences(recorded(name), given, optional) == []


def test_categories(moodle: Any) -> None:
    wanted = {"name": "Compliance", "parent": 0, "idnumber": "cat-compliance", "description": "d"}
    check("structure/create_categories", moodle.call("core_course_create_categories", categories=[wanted]))
    found = moodle.call(
        "core_course_get_categories", criteria=[{"key": "idnumber", "value": "cat-compliance"}]
    )
    check("structure/get_categories_by_idnumber", found)
    changed = moodle.call("core_course_update_categories", categories=[{"id": found[0]["id"], "name": "New"}])
    assert changed == recorded("structure/update_categories") is None
    body = moodle.post("core_course_create_categories", {"categories": [wanted]}).json()
    assert body == recorded("structure/create_categories_duplicate_idnumber")


def test_courses(moodle: Any) -> None:
    wanted = {
        "fullname": "Fire safety",
        "shortname": "FS1",
        "categoryid": 1,
        "idnumber": "course-fs1",
        "summary": "<p>x</p>",
        "courseformatoptions": [{"name": "hiddensections", "value": 1}],
        "numsections": 2,
    }
    made = moodle.call("core_course_create_courses", courses=[wanted])
    check("structure/create_courses", made)
    course = made[0]["id"]
    check(
        "structure/get_courses_by_field_idnumber",
        moodle.call("core_course_get_courses_by_field", field="idnumber", value="course-fs1"),
    )
    contents = moodle.call("core_course_get_contents", courseid=course)
    check("structure/get_contents_empty_course", contents)
    assert [s["name"] for s in contents] == ["General", "New section", "New section"]
    for field, name in (("idnumber", "shortname"), ("shortname", "idnumber")):
        other = {**wanted, name: "else"}
        body = moodle.post("core_course_create_courses", {"courses": [other]}).json()
        assert body == recorded(f"structure/create_courses_duplicate_{field}")
    section = contents[1]["id"]
    arguments = {
        "component": "format_topics",
        "itemtype": "sectionname",
        "itemid": section,
        "value": "Basics",
    }
    check("structure/inplace_editable_section_name", moodle.call("core_update_inplace_editable", **arguments))
    added = moodle.call("core_courseformat_update_course", action="section_add", courseid=course)
    expected = json.loads(recorded("structure/courseformat_section_add"))
    assert differences(expected, json.loads(added)) == []


def test_modules(moodle: Any, course: Any) -> None:
    contents = moodle.call("core_course_get_contents", courseid=course.id)
    check("structure/get_contents_with_modules", contents)
    assert "idnumber" not in json.dumps(contents)
    module = moodle.call("core_course_get_course_module", cmid=course.scorm["id"])
    check("structure/get_course_module_with_idnumber", module)
    assert module["cm"]["idnumber"] == "ao/package"
    body = moodle.post(
        "core_courseformat_create_module", {"courseid": 2, "modname": "scorm", "targetsectionnum": 1}
    ).json()
    assert body == recorded("not-possible/create_module_scorm")


def test_site_info(moodle: Any) -> None:
    check("structure/site_info", moodle.call("core_webservice_get_site_info"))


def test_people(moodle: Any) -> None:
    wanted = {
        "username": "new",
        "password": "not-a-secret",
        "firstname": "N",
        "lastname": "Ew",
        "email": "new@example.com",
        "idnumber": "emp-9",
        "auth": "manual",
    }
    check("people/create_users", moodle.call("core_user_create_users", users=[wanted]))
    body = moodle.post("core_user_create_users", {"users": [wanted]}).json()
    assert body == recorded("people/create_users_duplicate")
    found = moodle.call("core_user_get_users_by_field", field="idnumber", values=["emp-1"])
    check("people/get_users_by_field", found)
    assert {u["username"] for u in found} == {"u1", "u4"}
    cohort = {
        "categorytype": {"type": "system", "value": ""},
        "name": "Staff",
        "idnumber": "co-staff",
        "description": "",
        "descriptionformat": 1,
    }
    check("people/create_cohorts", moodle.call("core_cohort_create_cohorts", cohorts=[cohort]))
    members = [
        {
            "cohorttype": {"type": "idnumber", "value": "co-staff"},
            "usertype": {"type": "username", "value": name},
        }
        for name in ("u1", "nope")
    ]
    assert moodle.call("core_cohort_add_cohort_members", members=members) == recorded(
        "people/add_cohort_members"
    )


def test_enrolments(moodle: Any, course: Any) -> None:
    again = [{"roleid": 5, "userid": moodle.user_id("s1"), "courseid": course.id}]
    assert moodle.call("enrol_manual_enrol_users", enrolments=again) == recorded("people/enrol_twice") is None
    options = {"userfields": "id,username,idnumber", "limitfrom": 0, "limitnumber": 2}
    page = moodle.call(
        "core_enrol_get_enrolled_users",
        courseid=course.id,
        options=[{"name": k, "value": v} for k, v in options.items()],
    )
    check("people/get_enrolled_users_page", page)
    assert [row["username"] for row in page] == ["s1", "s2"]


def test_rows_of_a_batch(moodle: Any, empty_course: int) -> None:
    good = {"fullname": "New", "shortname": "NEWOK", "categoryid": 1}
    taken = {"fullname": "Fire safety", "shortname": "AO", "categoryid": 1}
    body = moodle.post("core_course_create_courses", {"courses": [good, taken]}).json()
    assert body["errorcode"] == recorded("batch/create_courses_second_is_duplicate")["errorcode"]
    assert moodle.call("core_course_get_courses_by_field", field="shortname", value="NEWOK")["courses"] == []
    answer = moodle.call(
        "core_course_update_courses",
        courses=[
            {"id": empty_course, "fullname": "Renamed"},
            {"id": 999999, "fullname": "nope"},
            {"id": empty_course, "shortname": "NEWOK"},
        ],
    )
    assert answer == recorded("batch/update_courses_partial")
    assert moodle.site.courses[empty_course].shortname == "NEWOK"
    people = moodle.call(
        "core_user_update_users",
        users=[
            {
                "id": moodle.user_id("s1"),
                "firstname": "Uu",
                "customfields": [{"type": "staffno", "value": "77"}],
            },
            {"id": 99999, "firstname": "x"},
        ],
    )
    assert people == recorded("batch/update_users_partial")
    assert moodle.site.users[moodle.user_id("s1")].firstname == "Uu"
    users = [
        {"username": name, "password": "p", "firstname": "U", "lastname": "X", "email": f"{name}@example.com"}
        for name in ("fresh", "u1")
    ]
    body = moodle.post("core_user_create_users", {"users": users}).json()
    assert body == recorded("batch/create_users_second_is_duplicate")
    assert moodle.site.user_by_name("fresh") is None


def test_several_functions_in_one_request(moodle: Any, course: Any) -> None:
    status = "core_completion_get_course_completion_status"
    users = [moodle.user_id("s1"), moodle.user_id("s2")]
    moodle.track("s1", course.scorm["instance"], {"cmi.core.lesson_status": "passed"})
    answer = moodle.call(
        "tool_mobile_call_external_functions",
        requests=[
            {"function": status, "arguments": json.dumps({"courseid": course.id, "userid": u})} for u in users
        ],
    )
    check("batch/call_external_functions", answer)
    inner = [json.loads(r["data"]) for r in answer["responses"]]
    expected = [json.loads(r["data"]) for r in recorded("batch/call_external_functions")["responses"]]
    assert differences(expected, inner, ("[].completionstatus.completions[].timecompleted",)) == []

    new = json.dumps({"categories": [{"name": "BatchCat", "parent": 0, "idnumber": "bc1"}]})
    find = json.dumps({"criteria": [{"key": "idnumber", "value": "bc1"}]})
    answer = moodle.call(
        "tool_mobile_call_external_functions",
        requests=[
            {"function": "core_course_create_categories", "arguments": new},
            {"function": "core_course_create_categories", "arguments": new},
            {"function": "core_course_get_categories", "arguments": find},
        ],
    )
    expected = recorded("batch/call_external_functions_second_fails")
    assert differences(expected, answer) == []
    assert len(answer["responses"]) == 2
    given, want = (json.loads(a["responses"][1]["exception"]) for a in (answer, expected))
    assert (given.keys(), given["errorcode"], given["message"]) == (
        want.keys(),
        want["errorcode"],
        want["message"],
    )
    assert len([c for c in moodle.site.course_categories.values() if c.idnumber == "bc1"]) == 1


def test_uploads(moodle: Any, course: Any) -> None:
    answer = moodle.http.post(
        "/webservice/upload.php", data={"token": moodle.token, "itemid": "0"}, files={"f": ("s12.zip", b"x")}
    )
    check("files/upload_php", answer.json())
    arguments = {
        "component": "user",
        "filearea": "draft",
        "itemid": 0,
        "filepath": "/",
        "filename": "a.txt",
        "filecontent": "aGVsbG8=",
        "contextlevel": "user",
        "instanceid": 2,
    }
    check("files/core_files_upload_draft", moodle.call("core_files_upload", **arguments))
    foreign = {**arguments, "component": "mod_scorm", "filearea": "package"}
    body = moodle.post("core_files_upload", foreign).json()
    assert body == recorded("not-possible/core_files_upload_to_mod_scorm")
    listed = moodle.call(
        "core_files_get_files",
        contextid=-1,
        component="mod_scorm",
        filearea="package",
        itemid=0,
        filepath="/",
        filename="",
        contextlevel="module",
        instanceid=course.scorm["id"],
    )
    check("files/core_files_get_files_scorm_package", listed)


def test_quizzes(moodle: Any, course: Any, right_answers: dict[str, Any]) -> None:
    check(
        "quiz/get_quizzes_by_courses", moodle.call("mod_quiz_get_quizzes_by_courses", courseids=[course.id])
    )
    quiz = course.quiz["instance"]
    started = moodle.call("mod_quiz_start_attempt", as_user="s1", quizid=quiz)
    check("quiz/start_attempt", started)
    arguments = {"as_user": "s1", "attemptid": started["attempt"]["id"], "finishattempt": 1}
    assert moodle.call("mod_quiz_process_attempt", **arguments) == recorded("quiz/process_attempt")
    moodle.answer_quiz("s1", quiz, right_answers, finish=False)
    attempts = moodle.call(
        "mod_quiz_get_user_attempts", quizid=quiz, userid=moodle.user_id("s1"), status="all"
    )
    check("quiz/get_user_attempts", attempts)
    assert [a["state"] for a in attempts["attempts"]] == ["finished", "inprogress"]
    question = next(iter(moodle.site.questions))
    refused = moodle.call("qbank_editquestion_set_status", questionid=question, status="hidden")
    assert refused == recorded("quiz/editquestion_set_status_refused")


def test_scorm(moodle: Any, course: Any) -> None:
    check(
        "scorm/get_scorms_by_courses", moodle.call("mod_scorm_get_scorms_by_courses", courseids=[course.id])
    )
    scorm = course.scorm["instance"]
    values = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "90", "cmi.suspend_data": "x" * 70000}
    moodle.track("s1", scorm, values)
    sco = next(s.id for s in moodle.site.scoes.values() if s.identifier == "I1")
    tracks = moodle.call("mod_scorm_get_scorm_sco_tracks", scoid=sco, userid=moodle.user_id("s1"), attempt=1)
    expected = recorded("scorm/get_scorm_sco_tracks_other_user")
    assert differences(expected, tracks) == []
    kinds = [{t["element"]: kind(t["value"]) for t in a["data"]["tracks"]} for a in (expected, tracks)]
    assert kinds[0] == kinds[1]
    own = moodle.call("mod_scorm_get_scorm_user_data", as_user="s1", scormid=scorm, attempt=1)
    expected = recorded("scorm/get_scorm_user_data_own")
    assert differences(expected, own) == []
    for given, want in zip(own["data"], expected["data"], strict=True):
        assert {e["element"] for e in given["defaultdata"]} == {e["element"] for e in want["defaultdata"]}
        assert {e["element"] for e in given["userdata"]} == {e["element"] for e in want["userdata"]}


def test_completion_and_grades(moodle: Any, course: Any) -> None:
    user = moodle.user_id("s1")
    moodle.track("s1", course.scorm["instance"], {"cmi.core.lesson_status": "completed"})
    moodle.answer_quiz("s1", course.quiz["instance"], {})
    arguments = {"courseid": course.id, "userid": user}
    activities = moodle.call("core_completion_get_activities_completion_status", **arguments)
    expected = recorded("completion/activities_completion_status")
    assert differences(expected, activities) == []
    failed, want = activities["statuses"][1], expected["statuses"][1]
    assert (
        (failed["state"], failed["isoverallcomplete"])
        == (want["state"], want["isoverallcomplete"])
        == (3, False)
    )
    assert failed["details"] == want["details"]
    check(
        "completion/course_completion_status",
        moodle.call("core_completion_get_course_completion_status", **arguments),
    )
    check("completion/grade_items_one_user", moodle.call("gradereport_user_get_grade_items", **arguments))


def test_a_course_without_criteria(moodle: Any, empty_course: int) -> None:
    user = moodle.user_id("s1")
    moodle.call(
        "enrol_manual_enrol_users", enrolments=[{"roleid": 5, "userid": user, "courseid": empty_course}]
    )
    arguments = {"courseid": empty_course, "userid": user}
    body = moodle.post("core_completion_get_course_completion_status", arguments).json()
    assert body == recorded("completion/course_completion_status_nocriteria")
