"""What the product calls where the companion plugin is missing: pushing with core's functions, reading person by person.

The service account's token for core's functions is made for the run (`site_scripts/service_of_functions.php`). What
is read of a learner is asked here by the learner: the answers have one form, whoever may ask.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ground import Ground, new_password
from sites import SiteUnderTest
from transcript import WatchedClient

from lms_sync.moodle.errors import AccessRefused
from lms_sync.moodle.functions import MANY_CALLS
from lms_sync.moodle.many_calls import ManyCalls, SubCall
from lms_sync.moodle.state_by_core import FUNCTIONS_WITHOUT_PLUGIN, name_section, section_ids
from lms_sync.people.slips import FORCE_CHANGE

CORE_SERVICE = "a service of core's functions"
NEW_PASSWORD = "a new one-time password (core_user_update_users, moodle/user:update)"


@pytest.fixture
def by_core(site: SiteUnderTest) -> Iterator[WatchedClient]:
    """The service account in a service without the plugin's functions."""
    with site.service_of(CORE_SERVICE, FUNCTIONS_WITHOUT_PLUGIN) as token:
        client = site.client_with(token)
        yield client
        client.close()


# --- with the service of the plugin, which offers these too


def test_the_contents_of_a_course_tell_sections_and_activities(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.package
    contents = ground.call("core_course_get_contents", {"courseid": ground.course})
    site.keep("contents")
    shown = {module["id"]: module["modname"] for section in contents for module in section["modules"]}
    assert shown[ground.package["id"]] == "scorm"
    assert {"section", "name", "summary", "visible"} <= contents[1].keys()


def test_the_groups_of_a_course_and_their_members_are_told(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.enrolled
    row = {"courseid": ground.course, "name": "Arkivi", "description": "", "idnumber": ground.key("arkivi")}
    group = int(ground.call("core_group_create_groups", {"groups": [row]}, write=True)[0]["id"])
    members = [{"groupid": group, "userid": ground.users[0]}]
    ground.call("core_group_add_group_members", {"members": members}, write=True)
    told = ground.call("core_group_get_course_groups", {"courseid": ground.course})
    site.keep("groups-of-a-course")
    assert [one["name"] for one in told if one["idnumber"] == row["idnumber"]] == ["Arkivi"]
    told = ground.call("core_group_get_group_members", {"groupids": [group]})
    site.keep("members-of-a-group")
    assert told == [{"groupid": group, "userids": [ground.users[0]]}]


def test_the_learners_of_a_course_are_told_with_their_roles(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.enrolled
    options = [{"name": "userfields", "value": "id,roles"}, {"name": "limitnumber", "value": "500"}]
    told = ground.call("core_enrol_get_enrolled_users", {"courseid": ground.course, "options": options})
    site.keep("enrolled-people")
    assert {one["id"] for one in told} >= set(ground.users)
    assert all(one["roles"] for one in told if one["id"] in ground.users)


def test_many_reads_go_in_one_request_and_a_refusal_ends_it(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.course
    good = SubCall("core_course_get_contents", {"courseid": ground.course})
    bad = SubCall("core_course_get_contents", {"courseid": 0})
    many = ManyCalls(site.client, together=True, sleep=lambda seconds: None)
    answers = many.run([good, bad, good])
    site.keep("many-calls", MANY_CALLS)
    assert [type(one).__name__ for one in answers] == ["list", "CallRefused", "list"]
    assert many.requests == 2


def test_the_service_account_reads_packages(site: SiteUnderTest, ground: Ground) -> None:
    """Quizzes need a capability that the plugin's role can do without: learners read them in `Ground.learned`."""
    assert ground.package
    scorms = ground.call("mod_scorm_get_scorms_by_courses", {"courseids": [ground.course]})["scorms"]
    site.keep("scorms")
    assert [one["coursemodule"] for one in scorms] == [ground.package["id"]]
    assert len(scorms[0]["sha1hash"]) == 40


# --- with a service of core's functions only


def test_core_names_a_section(site: SiteUnderTest, ground: Ground, by_core: WatchedClient) -> None:
    assert ground.sections
    section = section_ids(by_core, ground.course)[2]
    before = ground.state()["sections"][ground.key("exam")]["fields"]["name"]
    name_section(by_core, section, "Provimi përfundimtar")
    site.keep("section-named-by-core", "core_update_inplace_editable")
    contents = by_core.call("core_course_get_contents", {"courseid": ground.course})
    assert [one["name"] for one in contents if one["id"] == section] == ["Provimi përfundimtar"]
    name_section(by_core, section, before)


def test_core_tells_an_activity_with_its_idnumber(
    site: SiteUnderTest, ground: Ground, by_core: WatchedClient
) -> None:
    assert ground.package
    told = by_core.call("core_course_get_course_module", {"cmid": ground.package["id"]})["cm"]
    site.keep("activity-told-by-core")
    assert told["idnumber"] == ground.key("package")
    assert {"visible", "completion"} <= told.keys()


def test_a_new_one_time_password_takes_one_function_and_one_capability_more(
    site: SiteUnderTest, ground: Ground
) -> None:
    name, password = ground.username(3), new_password()
    row = {"id": ground.users[3], "password": password, "preferences": FORCE_CHANGE}
    functions = ("core_webservice_get_site_info", "core_user_update_users")
    with site.service_of(NEW_PASSWORD, functions) as token, site.allowed("moodle/user:update"):
        client = site.client_with(token)
        try:
            answer = client.call("core_user_update_users", {"users": [row]}, write=True)
        except AccessRefused:
            site.skip(NEW_PASSWORD, "the documented role does not allow it")
        finally:
            client.close()
    site.keep("user-new-password", "core_user_update_users")
    assert not answer.get("warnings")
    ground.passwords[name] = password


# --- what a person's results look like to core


def test_core_tells_the_results_of_a_learner(ground: Ground) -> None:
    assert ground.learned
    told = ground.told_by_core
    states = {one["cmid"]: one["state"] for one in told["activities"]["statuses"]}
    assert states[ground.package["id"]] in {1, 2}
    assert [one["complete"] for one in told["course"]["completionstatus"]["completions"]] == [True, True]
    items = told["grades"]["usergrades"][0]["gradeitems"]
    assert {one["idnumber"]: one["graderaw"] for one in items}[ground.key("package")] == 90
    assert [one["state"] for one in told["attempts"]["attempts"]] == ["finished"]
    values = {one["element"]: str(one["value"]) for one in told["tracks"]["data"]["tracks"]}
    assert values["cmi.core.lesson_status"] == "passed"
    assert float(values["cmi.core.score.raw"]) == 90
