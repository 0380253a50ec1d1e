"""Every failure that was recorded on a real Moodle is understood as what it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lms_sync.moodle.errors import AccessRefused, CallRefused, FunctionMissing, MoodleError, SiteBusy
from lms_sync.moodle.wire import parse_reply

RECORDINGS = Path(__file__).resolve().parents[2] / "moodle_standin" / "recordings" / "errors"

MEANT: dict[str, tuple[type[MoodleError], str] | None] = {  # None: the answer looks like success
    "disabled_service": (AccessRefused, "moodle.service-refused"),
    "expired_token": (AccessRefused, "moodle.service-refused"),
    "expired_token_second_call": (AccessRefused, "moodle.invalid-token"),
    "function_not_in_service": (AccessRefused, "moodle.service-refused"),
    "invalid_token": (AccessRefused, "moodle.invalid-token"),
    "invalidparameter_with_debuginfo": (CallRefused, "moodle.refused"),
    "ip_restricted": (AccessRefused, "moodle.service-refused"),
    "maintenance_cli": (SiteBusy, "moodle.maintenance"),
    "maintenance_ui_admin": None,
    "maintenance_ui_user": (SiteBusy, "moodle.maintenance"),
    "max_input_vars_enrol_2000": None,
    "max_input_vars_read_token_first": None,
    "max_input_vars_read_token_last": (AccessRefused, "moodle.invalid-token"),
    "max_input_vars_users_1100": (CallRefused, "moodle.refused"),
    "missing_function": (FunctionMissing, "moodle.function-missing"),
    "missing_param": (CallRefused, "moodle.refused"),
    "missing_wsfunction": (CallRefused, "moodle.refused"),
    "no_token": (AccessRefused, "moodle.invalid-token"),
    "nonexistent_course": (CallRefused, "moodle.refused"),
    "nopermission_completion_other_user": (AccessRefused, "moodle.access"),
    "nopermission_create_course": (AccessRefused, "moodle.no-capability"),
    "not_enrolled_course": (AccessRefused, "moodle.access"),
    "plugin_nopermission": (AccessRefused, "moodle.no-capability"),
    "rest_disabled": (AccessRefused, "moodle.web-services-off"),
    "rest_over_post_max_size": (CallRefused, "moodle.body-dropped"),
    "unknown_param": (CallRefused, "moodle.refused"),
    "upgrade_pending": None,
    "upgrade_running": (SiteBusy, "moodle.maintenance"),
    "upload_bad_token": (AccessRefused, "moodle.invalid-token"),
    "upload_no_file": None,
    "upload_over_post_max_size": None,
    "webservices_disabled": (AccessRefused, "moodle.web-services-off"),
    "wrong_type": (CallRefused, "moodle.refused"),
    "xml_default_format": (CallRefused, "moodle.body-dropped"),
}


def test_every_recording_is_looked_at() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.json")} == set(MEANT)


@pytest.mark.parametrize("name", sorted(MEANT))
def test_a_recorded_reply_is_understood_as_what_happened(name: str) -> None:
    recorded = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    response = recorded["response"]
    body = response if isinstance(response, str) else json.dumps(response)
    function = "upload" if "upload.php" in recorded["function"] else recorded["function"]
    arguments = function, recorded["http_status"], recorded["content_type"], body.encode("utf-8")
    meant = MEANT[name]
    if meant is None:
        assert parse_reply(*arguments).value == response
        return
    with pytest.raises(MoodleError) as caught:
        parse_reply(*arguments)
    assert (type(caught.value), caught.value.code) == meant
    if isinstance(response, dict):
        assert caught.value.errorcode == response["errorcode"]


def test_the_reason_that_moodle_gives_only_when_debugging_reaches_the_reader() -> None:
    recorded = json.loads((RECORDINGS / "invalidparameter_with_debuginfo.json").read_text(encoding="utf-8"))
    with pytest.raises(CallRefused) as caught:
        parse_reply(
            "core_user_create_users", 200, "application/json", json.dumps(recorded["response"]).encode()
        )
    assert str(recorded["response"]["debuginfo"]).split("\n")[0][:40] in str(
        caught.value.problem.params["message"]
    )
