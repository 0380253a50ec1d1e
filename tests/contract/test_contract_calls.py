"""Calls as such: the protocol, its refusals, and the core functions that the product uses."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from ground import NOBODY, Ground, new_password
from sites import STUDENT_ROLE, SiteUnderTest

from lms_sync.learners import mobile_token
from lms_sync.moodle.errors import AccessRefused, CallRefused, FunctionMissing, SiteBusy, UnknownOutcome
from lms_sync.moodle.functions import FUNCTIONS
from lms_sync.package_data import plugin_source
from lms_sync.settings import Secret

INFO = "core_webservice_get_site_info"
STATE = "local_lmssync_get_state"
USERS = "core_user_get_users_by_field"


def refused(kind: type[Exception], function: Any, *arguments: Any, **named: Any) -> Any:
    """The error of a call that must be refused."""
    with pytest.raises(kind) as caught:
        function(*arguments, **named)
    return caught.value


def form(
    site: SiteUnderTest, function: str, *pairs: tuple[str, str], token: bool = True
) -> list[tuple[str, str]]:
    last = [("wstoken", site.token.reveal())] if token else []
    return [("wsfunction", function), ("moodlewsrestformat", "json"), *pairs, *last]


# --- what the site is


def test_the_service_offers_every_function_that_the_product_calls(site: SiteUnderTest) -> None:
    info = site.client.call(INFO)
    site.about["site_info"] = info
    site.keep("site-info")
    assert not set(FUNCTIONS) - {one["name"] for one in info["functions"]}
    assert info["uploadfiles"]
    assert not info["userissiteadmin"], "the suite is for the least-privilege account"


def test_the_site_tells_its_limits_and_that_the_role_is_complete(site: SiteUnderTest) -> None:
    told = site.client.call("local_lmssync_get_site")
    site.about.update(told)
    site.keep("site")
    assert told["missing_capabilities"] == []
    source = (plugin_source() / "version.php").read_text(encoding="utf-8")
    assert f"version = {told['plugin_version']};" in source, "the site has another version of the plugin"
    assert STUDENT_ROLE in {one["id"] for one in told["assignable_roles"]}


# --- tokens and services


def test_an_unknown_token_is_refused(site: SiteUnderTest) -> None:
    stranger = site.client_with(Secret(secrets.token_hex(16)))
    assert refused(AccessRefused, stranger.call, INFO).code == "moodle.invalid-token"
    site.keep("unknown-token")


def test_a_request_without_a_token_is_refused(site: SiteUnderTest) -> None:
    reply = site.post(INFO, form(site, INFO, token=False), {})
    site.keep("no-token")
    assert reply.response["errorcode"] == "invalidtoken"


def test_without_a_format_the_answer_is_xml(site: SiteUnderTest) -> None:
    reply = site.post(INFO, [("wsfunction", INFO), ("wstoken", "f" * 32)], {}, "/webservice/rest/server.php")
    site.keep("xml", note="no moodlewsrestformat was sent, and a token that does not exist")
    assert reply.content_type.startswith("application/xml")
    assert "<ERRORCODE>invalidtoken</ERRORCODE>" in reply.response


def test_a_function_outside_the_tokens_service_is_refused(site: SiteUnderTest) -> None:
    error = refused(AccessRefused, site.client.call, "mod_quiz_start_attempt", {"quizid": 1}, write=True)
    site.keep("function-not-in-service")
    assert error.errorcode == "accessexception"


def test_a_learner_cannot_call_the_plugin(site: SiteUnderTest, ground: Ground) -> None:
    learner = ground.login(3)
    error = refused(AccessRefused, learner.client.call, "local_lmssync_get_site")
    site.keep("learner-calls-plugin")
    assert error.errorcode == "accessexception"


def test_an_unknown_function_is_named_as_missing(site: SiteUnderTest) -> None:
    refused(FunctionMissing, site.client.call, "local_lmssync_no_such_function")
    site.keep("unknown-function")


def test_an_account_without_the_role_may_do_nothing(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.enrolled
    changes = {"stream": "grade", "courseids": [ground.course], "since": 0, "afterid": 0, "limit": 10}
    section = {"courseid": ground.course, "key": "x", "hash": "0" * 64, "expect": "", "data": '{"name":"x"}'}
    with site.token_without_role("account-without-role", ground.username(3)) as token:
        weak = site.client_with(token)
        assert (
            refused(AccessRefused, weak.call, "local_lmssync_get_changes", changes).code
            == "moodle.capability-missing"
        )
        site.keep("no-capability-to-pull")
        error = refused(AccessRefused, weak.call, "local_lmssync_upsert_section", section, write=True)
        site.keep("no-capability-to-push")
        assert error.code == "moodle.capability-missing"
        row = {"name": "x", "idnumber": f"{site.run}-x"}
        error = refused(
            AccessRefused, weak.call, "core_course_create_categories", {"categories": [row]}, write=True
        )
        site.keep("no-capability-in-core")
        assert error.errorcode == "nopermissions"


# --- parameters


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        ("parameter-missing", {}),
        ("parameter-unknown", {"courseid": 1, "colour": "red"}),
        ("parameter-mistyped", {"courseid": "one"}),
    ],
)
def test_wrong_parameters_are_refused(step: str, arguments: dict[str, object], site: SiteUnderTest) -> None:
    error = refused(CallRefused, site.client.call, STATE, arguments)
    site.keep(step)
    assert error.errorcode == "invalidparameter"


def test_the_reason_of_a_refusal_is_told_only_while_debugging(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.users
    again = {"users": [{**ground.user_row(9), "username": ground.username(0)}]}
    with site.debugging("debugging"):
        error = refused(CallRefused, site.client.call, "core_user_create_users", again, write=True)
        site.keep("parameter-with-debuginfo")
    assert "already exists" in str(error.problem.params["message"])


def test_a_course_that_does_not_exist_is_an_invalid_record(site: SiteUnderTest) -> None:
    error = refused(CallRefused, site.client.call, STATE, {"courseid": NOBODY})
    site.keep("unknown-course")
    assert error.errorcode == "invalidrecord"


# --- requests that are cut


def test_a_read_that_is_cut_loses_its_token_and_is_refused(site: SiteUnderTest) -> None:
    limit = int(site.client.call("local_lmssync_get_site")["max_input_vars"])
    values = [(f"values[{place}]", str(NOBODY - place)) for place in range(limit)]
    reply = site.post(
        USERS, form(site, USERS, ("field", "id"), *values), {"field": "id", "values": f"{limit} ids"}
    )
    site.keep("cut-read", note="more variables than max_input_vars, the token last")
    assert reply.response["errorcode"] == "invalidtoken"


def test_a_write_that_is_cut_is_refused_and_nothing_is_done(site: SiteUnderTest) -> None:
    limit = int(site.client.call("local_lmssync_get_site")["max_input_vars"])
    key = f"{site.run}-cut"
    row = [
        ("categories[0][name]", "Cut"),
        ("categories[0][idnumber]", key),
        *((f"pad[{place}]", "0") for place in range(limit)),
    ]
    function = "core_course_create_categories"
    reply = site.post(function, form(site, function, *row), {"categories": "1 row", "pad": f"{limit} values"})
    site.keep("cut-write", note="more variables than max_input_vars, the token last")
    assert reply.response["errorcode"] == "invalidtoken"
    criteria = {"criteria": [{"key": "idnumber", "value": key}], "addsubcategories": 0}
    assert site.client.call("core_course_get_categories", criteria) == []


# --- files


def test_an_uploaded_file_can_be_taken_back(site: SiteUnderTest) -> None:
    draft = site.client.upload_bytes(b"x" * 100, "trial.txt")
    files = [{"filepath": "/", "filename": "trial.txt"}]
    site.client.call("core_files_delete_draft_files", {"draftitemid": draft, "files": files}, write=True)
    site.keep("draft-deleted")


def test_an_upload_without_a_file_gives_an_empty_list(site: SiteUnderTest) -> None:
    reply = site.post(
        "upload", [("itemid", "0"), ("token", site.token.reveal())], {}, "/webservice/upload.php"
    )
    site.keep("upload-without-file")
    assert reply.response == []


def test_an_upload_with_an_unknown_token_is_refused(site: SiteUnderTest) -> None:
    stranger = site.client_with(Secret(secrets.token_hex(16)))
    error = refused(AccessRefused, stranger.upload_bytes, b"x", "trial.txt")
    site.keep("upload-unknown-token")
    assert error.errorcode == "invalidtoken"


def test_a_request_above_the_limit_of_the_web_server_uploads_nothing(site: SiteUnderTest) -> None:
    with site.upload_limit("upload-over-limit") as limit:
        error = refused(CallRefused, site.client.upload_bytes, b"x" * (limit + 1), "large.bin")
        site.keep("upload-over-limit")
    assert error.code == "moodle.upload-dropped"


# --- a site that is closed


def test_maintenance_by_command_is_known_as_such(site: SiteUnderTest) -> None:
    client = site.client_with(site.token)
    with site.maintenance("maintenance-by-command"):
        error = refused(SiteBusy, client.call, INFO)
        site.keep("maintenance")
        refused(SiteBusy, client.upload_bytes, b"x", "trial.txt")
        site.keep("maintenance-upload")
    assert error.code == "moodle.maintenance"


def test_web_services_that_are_off_are_known_as_such(site: SiteUnderTest) -> None:
    with site.web_services_off("web-services-off"):
        error = refused(AccessRefused, site.client_with(site.token).call, INFO)
        site.keep("web-services-off")
    assert error.code == "moodle.web-services-off"


def test_an_address_without_a_moodle_is_an_unknown_outcome(site: SiteUnderTest) -> None:
    client = type(site.client)(f"{site.url}/no-such-folder", site.token, transcript=site.transcript, waits=())
    refused(UnknownOutcome, client.call, INFO)


# --- course categories and courses


def test_a_course_category_is_found_by_its_idnumber_and_renamed(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.category
    by_number = {"criteria": [{"key": "idnumber", "value": ground.academy.category}], "addsubcategories": 0}
    found = ground.call("core_course_get_categories", by_number)
    site.keep("category-found")
    assert [one["id"] for one in found] == [ground.category]
    renamed = {"categories": [{"id": ground.category, "name": f"Provë 2 {ground.academy.prefix}"}]}
    assert ground.call("core_course_update_categories", renamed, write=True) is None
    site.keep("category-renamed")
    assert ground.call("core_course_get_categories", by_number)[0]["name"].startswith("Provë 2")
    nothing = {"criteria": [{"key": "idnumber", "value": f"{site.run}-none"}], "addsubcategories": 0}
    assert ground.call("core_course_get_categories", nothing) == []
    site.keep("category-not-found")


def test_a_second_course_category_with_an_idnumber_is_refused(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.category
    again = {"categories": [{"name": "Another", "idnumber": ground.academy.category}]}
    error = refused(CallRefused, ground.call, "core_course_create_categories", again, write=True)
    site.keep("category-twice")
    assert error.errorcode == "categoryidnumbertaken"


def test_a_course_comes_back_with_its_names_as_they_were_sent(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.course
    by_number = {"field": "idnumber", "value": ground.academy.course}
    found = ground.call("core_course_get_courses_by_field", by_number)["courses"]
    site.keep("course-found")
    assert [one["id"] for one in found] == [ground.course]
    assert found[0]["fullname"] == ground.course_row["fullname"]
    assert found[0]["summary"] == ground.course_row["summary"]
    answer = ground.call(
        "core_course_get_courses_by_field", {"field": "idnumber", "value": f"{site.run}-none"}
    )
    site.keep("course-not-found")
    assert answer["courses"] == []


def test_a_course_is_changed_by_its_id(site: SiteUnderTest, ground: Ground) -> None:
    row = {"id": ground.course, "summary": "<p>214</p>", "summaryformat": 1}
    answer = ground.call("core_course_update_courses", {"courses": [row]}, write=True)
    site.keep("course-changed")
    assert answer["warnings"] == []


def test_a_change_that_is_refused_is_a_warning_and_no_exception(site: SiteUnderTest, ground: Ground) -> None:
    # (An unknown categoryid would be a warning too, but Moodle stores it first and loses the course.)
    row = {"id": ground.course, "shortname": ""}
    answer = ground.call("core_course_update_courses", {"courses": [row]}, write=True)
    site.keep("course-change-refused")
    assert answer["warnings"]


def test_a_second_course_with_an_idnumber_or_short_name_is_refused(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.course
    function = "core_course_create_courses"
    same_number = {**ground.course_row, "shortname": f"{site.run}-other"}
    error = refused(CallRefused, ground.call, function, {"courses": [same_number]}, write=True)
    site.keep("course-idnumber-twice")
    assert error.errorcode == "courseidnumbertaken"
    same_name = {**ground.course_row, "idnumber": f"{site.run}-other"}
    error = refused(CallRefused, ground.call, function, {"courses": [same_name]}, write=True)
    site.keep("course-shortname-twice")
    assert error.errorcode == "shortnametaken"


# --- accounts, cohorts, groups, enrolments


def test_accounts_are_found_by_number_user_name_and_address(site: SiteUnderTest, ground: Ground) -> None:
    for field, value in (
        ("idnumber", ground.username(0).upper()),
        ("username", ground.username(0)),
        ("email", f"{ground.username(0)}@example.org"),
    ):
        assert ground.users
        found = ground.call(USERS, {"field": field, "values": [value]})
        site.keep(f"user-by-{field}")
        assert [(one["id"], one[field]) for one in found] == [(ground.users[0], value)]


def test_an_account_with_a_user_name_that_exists_is_refused_and_nobody_is_made(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.users
    rows = [ground.user_row(8), {**ground.user_row(9), "username": ground.username(0)}]
    error = refused(CallRefused, ground.call, "core_user_create_users", {"users": rows}, write=True)
    site.keep("username-twice")
    assert error.errorcode == "invalidparameter"
    assert ground.call(USERS, {"field": "username", "values": [ground.username(8)]}) == []
    site.keep("user-not-found")


def test_accounts_tell_their_state_without_names(site: SiteUnderTest, ground: Ground) -> None:
    told = ground.call("local_lmssync_get_accounts", {"userids": [*ground.users, NOBODY]})
    site.keep("accounts")
    assert {one["id"] for one in told} == set(ground.users)
    assert {one["auth"] for one in told} == {"manual"}
    assert not any(one["suspended"] or one["deleted"] for one in told)


def test_of_a_deleted_account_only_that_is_told(site: SiteUnderTest, ground: Ground) -> None:
    row = ground.user_row(7)
    made = ground.call("core_user_create_users", {"users": [row]}, write=True)[0]
    site.delete_account("account-deleted", str(made["username"]))
    told = ground.call("local_lmssync_get_accounts", {"userids": [made["id"]]})
    site.keep("accounts-deleted")
    assert told == [
        {
            "id": made["id"], "idnumber": "", "username": "", "auth": "",
            "suspended": False, "confirmed": False, "deleted": True,
        }
    ]  # fmt: skip


def test_a_wrong_password_gives_no_token(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.users
    refused(AccessRefused, mobile_token, site.url, ground.username(0), new_password())
    form = [("username", ground.username(0)), ("password", "wrong"), ("service", "moodle_mobile_app")]
    reply = site.post("token.php", form, {"username": ground.username(0)}, "/login/token.php")
    site.keep("learner-wrong-password")
    assert reply.response["errorcode"] == "invalidlogin"


def test_a_learner_gets_a_token_as_the_app_does(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.users
    name = ground.username(3)
    form = [("username", name), ("password", ground.passwords[name]), ("service", "moodle_mobile_app")]
    reply = site.post(
        "token.php", form, {"username": name, "service": "moodle_mobile_app"}, "/login/token.php"
    )
    site.keep("learner-token")
    assert len(reply.response["token"]) == 32


def test_cohorts_are_made_renamed_and_filled(site: SiteUnderTest, ground: Ground) -> None:
    key = f"{ground.academy.prefix}-cohort"
    system = {"type": "system", "value": ""}
    row = {"categorytype": system, "name": "Bashkia e provës", "idnumber": key, "visible": 1}
    cohort = int(ground.call("core_cohort_create_cohorts", {"cohorts": [row]}, write=True)[0]["id"])
    site.keep("cohort-created")
    renamed = {"id": cohort, "categorytype": system, "name": "Bashkia e re e provës", "idnumber": key}
    ground.call("core_cohort_update_cohorts", {"cohorts": [renamed]}, write=True)
    site.keep("cohort-renamed")
    everything = ground.call("core_cohort_get_cohorts")
    site.keep("cohorts")
    assert [one["name"] for one in everything if one["idnumber"] == key] == ["Bashkia e re e provës"]
    members = [
        {"cohorttype": {"type": "id", "value": cohort}, "usertype": {"type": "id", "value": user}}
        for user in ground.users[:2]
    ]
    added = ground.call("core_cohort_add_cohort_members", {"members": members}, write=True)
    site.keep("cohort-members-added")
    assert not added.get("warnings")
    found = ground.call("core_cohort_get_cohort_members", {"cohortids": [cohort]})
    site.keep("cohort-members")
    assert sorted(found[0]["userids"]) == sorted(ground.users[:2])
    members[0]["usertype"]["value"] = NOBODY
    unknown = ground.call("core_cohort_add_cohort_members", {"members": members[:1]}, write=True)
    site.keep("cohort-member-unknown")
    assert unknown["warnings"]
    hidden = {**renamed, "visible": 0}
    ground.call("core_cohort_update_cohorts", {"cohorts": [hidden]}, write=True)


def test_groups_are_made_renamed_and_filled(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.enrolled
    row = {"courseid": ground.course, "name": "Bashkia", "description": "", "idnumber": ground.key("bashkia")}
    group = int(ground.call("core_group_create_groups", {"groups": [row]}, write=True)[0]["id"])
    site.keep("group-created")
    ground.call("core_group_update_groups", {"groups": [{"id": group, "name": "Bashkia e re"}]}, write=True)
    site.keep("group-renamed")
    members = [{"groupid": group, "userid": user} for user in ground.users[:2]]
    assert ground.call("core_group_add_group_members", {"members": members}, write=True) is None
    site.keep("group-members-added")
    told = {one["idnumber"]: one for one in ground.state()["groups"]}[ground.key("bashkia")]
    assert (told["name"], sorted(told["members"])) == ("Bashkia e re", sorted(ground.users[:2]))
    same_name = {**row, "name": "Bashkia e re", "idnumber": ground.key("tjetra")}
    error = refused(CallRefused, ground.call, "core_group_create_groups", {"groups": [same_name]}, write=True)
    site.keep("group-name-twice")
    assert error.errorcode == "invalidparameter"


def test_enrolling_twice_does_no_harm_and_an_enrolment_can_be_suspended(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.enrolled
    user = ground.users[3]
    assert ground.enrol([user]) is None
    assert [row for row in ground.state()["enrolments"] if row[0] == user] == [[user, 0, "manual"]]
    assert ground.enrol([user], suspend=1) is None
    site.keep("enrolment-suspended")
    assert [row for row in ground.state()["enrolments"] if row[0] == user] == [[user, 1, "manual"]]
    ground.enrol([user])
    error = refused(Exception, ground.enrol, [NOBODY])
    site.keep("enrolment-of-nobody")
    assert error.errorcode
