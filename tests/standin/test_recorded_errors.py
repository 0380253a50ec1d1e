"""Every recorded error of a real Moodle 4.5.6: the stand-in, put into that condition, answers alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
import requests

FOLDER = files("moodle_standin") / "recordings" / "errors"
NAMES = sorted(f.name.removesuffix(".json") for f in FOLDER.iterdir() if f.name.endswith(".json"))
INFO = "core_webservice_get_site_info"
CONTENTS = "core_course_get_contents"

Replay = Callable[[Any], requests.Response]
REPLAYS: dict[str, Replay] = {}


def replays(name: str) -> Callable[[Replay], Replay]:
    def register(function: Replay) -> Replay:
        REPLAYS[name] = function
        return function

    return register


def recording(name: str) -> dict[str, Any]:
    loaded = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@replays("disabled_service")
def _(moodle: Any) -> requests.Response:
    moodle.site.services["lmssync"].enabled = False
    return moodle.post(INFO, {})


@replays("expired_token")
def _(moodle: Any) -> requests.Response:
    moodle.site.tokens[moodle.token].validuntil = moodle.site.now() - 1
    return moodle.post(INFO, {})


@replays("expired_token_second_call")
def _(moodle: Any) -> requests.Response:
    moodle.site.tokens[moodle.token].validuntil = moodle.site.now() - 1
    moodle.post(INFO, {})
    return moodle.post(INFO, {})


@replays("function_not_in_service")
def _(moodle: Any) -> requests.Response:
    service = moodle.site.services["lmssync"]
    service.functions = service.functions - {CONTENTS}
    return moodle.post(CONTENTS, {"courseid": 2})


@replays("invalid_token")
def _(moodle: Any) -> requests.Response:
    return moodle.post(INFO, {}, token="f" * 32)


@replays("invalidparameter_with_debuginfo")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.debug = True
    return moodle.post("core_user_create_users", {"users": [_user("u1", "u1b@example.com")]})


@replays("ip_restricted")
def _(moodle: Any) -> requests.Response:
    moodle.site.tokens[moodle.token].iprestriction = "192.0.2.7"
    return moodle.post(INFO, {})


@replays("maintenance_cli")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.maintenance = "cli"
    return moodle.post(INFO, {})


def _as_admin(moodle: Any) -> str:
    admin = next(u for u in moodle.site.users.values() if u.is_admin)
    return str(moodle.site.issue_token(admin, "moodle_mobile_app").token)


@replays("maintenance_ui_admin")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.maintenance = "ui"
    return moodle.post(INFO, {}, token=_as_admin(moodle))


@replays("maintenance_ui_user")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.maintenance = "ui"
    return moodle.post(INFO, {})


@replays("upgrade_pending")
def _(moodle: Any) -> requests.Response:
    return moodle.post(INFO, {}, token=_as_admin(moodle))


@replays("upgrade_running")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.upgrade_running = True
    return moodle.post(INFO, {})


@replays("max_input_vars_enrol_2000")
def _(moodle: Any) -> requests.Response:
    course = _course(moodle)
    people = [_account(moodle, n) for n in range(2000)]
    pairs = [("wsfunction", "enrol_manual_enrol_users"), ("moodlewsrestformat", "json")]
    for place, user in enumerate(people):
        row = f"enrolments[{place}]"
        pairs += [(f"{row}[roleid]", "5"), (f"{row}[userid]", str(user)), (f"{row}[courseid]", str(course))]
    answer = moodle.post_pairs(pairs, f"?wstoken={moodle.token}")
    assert len(moodle.site.enrolments[course]) == 1666
    return answer


@replays("max_input_vars_users_1100")
def _(moodle: Any) -> requests.Response:
    before = len(moodle.site.users)
    pairs = [
        ("wstoken", moodle.token),
        ("wsfunction", "core_user_create_users"),
        ("moodlewsrestformat", "json"),
    ]
    for n in range(1100):
        pairs += [(f"users[{n}][{key}]", value) for key, value in _user(f"v{n}", f"v{n}@example.com").items()]
    answer = moodle.post_pairs(pairs)
    assert len(moodle.site.users) == before
    return answer


def _many_names(moodle: Any, *, token_first: bool) -> requests.Response:
    names = [f"nobody{n}" for n in range(5099)] + ["u1"]
    pairs = [
        ("wsfunction", "core_user_get_users_by_field"),
        ("moodlewsrestformat", "json"),
        ("field", "username"),
    ]
    pairs += [(f"values[{n}]", name) for n, name in enumerate(names)]
    token = ("wstoken", moodle.token)
    return moodle.post_pairs([token, *pairs] if token_first else [*pairs, token])


@replays("max_input_vars_read_token_first")
def _(moodle: Any) -> requests.Response:
    return _many_names(moodle, token_first=True)


@replays("max_input_vars_read_token_last")
def _(moodle: Any) -> requests.Response:
    return _many_names(moodle, token_first=False)


@replays("missing_function")
def _(moodle: Any) -> requests.Response:
    return moodle.post("core_course_no_such_function", {})


@replays("missing_param")
def _(moodle: Any) -> requests.Response:
    return moodle.post(CONTENTS, {})


@replays("missing_wsfunction")
def _(moodle: Any) -> requests.Response:
    return moodle.post_pairs([("moodlewsrestformat", "json"), ("wstoken", moodle.token)])


@replays("no_token")
def _(moodle: Any) -> requests.Response:
    return moodle.post_pairs([("wsfunction", INFO), ("moodlewsrestformat", "json")])


@replays("nonexistent_course")
def _(moodle: Any) -> requests.Response:
    return moodle.post(CONTENTS, {"courseid": 999999})


@replays("nopermission_completion_other_user")
def _(moodle: Any) -> requests.Response:
    arguments = {"courseid": _course(moodle), "userid": moodle.user_id("s2")}
    return moodle.post("core_completion_get_activities_completion_status", arguments, moodle.learner("s1"))


@replays("nopermission_create_course")
def _(moodle: Any) -> requests.Response:
    moodle.site.capabilities[moodle.user_id("lmssync")].discard("moodle/course:create")
    course = {"fullname": "x", "shortname": "x", "categoryid": 1}
    return moodle.post("core_course_create_courses", {"courses": [course]})


@replays("not_enrolled_course")
def _(moodle: Any) -> requests.Response:
    return moodle.post(CONTENTS, {"courseid": _course(moodle)}, moodle.learner("s1"))


@replays("plugin_nopermission")
def _(moodle: Any) -> requests.Response:
    moodle.site.capabilities[moodle.user_id("lmssync")].discard("local/lmssync:pull")
    return moodle.post("local_lmssync_get_accounts", {"userids": [2]})


@replays("rest_disabled")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.rest_enabled = False
    return moodle.post(INFO, {})


@replays("rest_over_post_max_size")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.post_max_size = 1000
    return moodle.post("core_user_get_users_by_field", {"field": "username", "values": ["x" * 2000]})


@replays("unknown_param")
def _(moodle: Any) -> requests.Response:
    return moodle.post(CONTENTS, {"courseid": _course(moodle), "colour": "red"})


def _upload(moodle: Any, token: str, content: bytes) -> requests.Response:
    return moodle.http.post(f"/webservice/upload.php?token={token}", files={"file": ("a.txt", content)})


@replays("upload_bad_token")
def _(moodle: Any) -> requests.Response:
    return _upload(moodle, "f" * 32, b"hello")


@replays("upload_no_file")
def _(moodle: Any) -> requests.Response:
    return moodle.http.post("/webservice/upload.php", data={"token": moodle.token, "itemid": "0"})


@replays("upload_over_post_max_size")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.post_max_size = 1000
    return _upload(moodle, moodle.token, b"x" * 2000)


@replays("webservices_disabled")
def _(moodle: Any) -> requests.Response:
    moodle.site.settings.webservices_enabled = False
    return moodle.post(INFO, {})


@replays("wrong_type")
def _(moodle: Any) -> requests.Response:
    return moodle.post(CONTENTS, {"courseid": "abc"})


@replays("xml_default_format")
def _(moodle: Any) -> requests.Response:
    return moodle.post_pairs([("wsfunction", INFO), ("wstoken", "f" * 32)])


def _course(moodle: Any) -> int:
    wanted = {"fullname": "Replay", "shortname": "replay", "categoryid": 1}
    return int(moodle.call("core_course_create_courses", courses=[wanted])[0]["id"])


def _user(username: str, email: str) -> dict[str, str]:
    return {
        "username": username,
        "password": "not-a-secret",
        "firstname": "U",
        "lastname": "One",
        "email": email,
    }


def _account(moodle: Any, n: int) -> int:
    from moodle_standin.records import User

    user = User(moodle.site.next_id("user"), f"many{n}", "", "M", str(n), f"many{n}@example.org")
    moodle.site.users[user.id] = user
    return user.id


def form(message: str) -> str:
    """A message without what belongs to the occasion: numbers and the name of the capability."""
    return re.sub(r"\d+", "N", re.sub(r"\([A-Z][^)]*\)", "(…)", message))


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_error_comes_back_alike(name: str, moodle: Any) -> None:
    recorded = recording(name)
    answer = REPLAYS[name](moodle)
    assert answer.status_code == recorded["http_status"]
    if recorded["content_type"] != "(not recorded)":
        assert answer.headers["content-type"] == recorded["content_type"]
    expected = recorded["response"]
    if name == "maintenance_cli":
        assert "under maintenance</title>" in answer.text
        assert "The site is undergoing maintenance and is currently not available" in answer.text
    elif isinstance(expected, str):
        assert answer.text == expected
    elif not isinstance(expected, dict) or "exception" not in expected:
        given = answer.json()
        assert type(given) is type(expected)
        if isinstance(expected, dict):
            assert list(given) == list(expected)
        else:
            assert given == expected
    else:
        given = answer.json()
        assert list(given) == list(expected)
        assert (given["exception"], given["errorcode"]) == (expected["exception"], expected["errorcode"])
        assert form(given["message"]) == form(expected["message"])
        assert given.get("debuginfo") == expected.get("debuginfo")


def test_every_recorded_error_has_a_replay() -> None:
    assert sorted(REPLAYS) == NAMES


def test_upload_says_the_same_in_maintenance_as_the_other_scripts(moodle: Any) -> None:
    moodle.site.settings.maintenance = "cli"
    assert _upload(moodle, moodle.token, b"x").status_code == 503


def test_an_upload_that_is_too_large_loses_a_token_sent_in_the_body(moodle: Any) -> None:
    moodle.site.settings.post_max_size = 1000
    answer = moodle.http.post(
        "/webservice/upload.php", data={"token": moodle.token}, files={"f": ("a.txt", b"x" * 2000)}
    )
    assert answer.json()["errorcode"] == "missingparam"


def test_a_real_function_that_is_not_served_is_told_apart_from_an_unknown_one(moodle: Any) -> None:
    answer = moodle.post("core_calendar_get_calendar_events", {})
    assert answer.status_code == 501
    assert answer.json()["errorcode"] == "notserved"


def test_an_answer_without_a_format_is_xml(moodle: Any) -> None:
    answer = moodle.post_pairs(
        [
            ("wsfunction", "core_course_get_categories"),
            ("criteria[0][key]", "id"),
            ("criteria[0][value]", "1"),
            ("wstoken", moodle.token),
        ]
    )
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.text.startswith(
        '<?xml version="1.0" encoding="UTF-8" ?>\n<RESPONSE>\n<MULTIPLE>\n<SINGLE>\n'
    )
    assert '<KEY name="id"><VALUE>1</VALUE>\n</KEY>' in answer.text
