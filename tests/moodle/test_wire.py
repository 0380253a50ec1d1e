"""What goes to Moodle is what PHP reads, and every shape that comes back is a value or one typed error."""

from __future__ import annotations

import contextlib
import json
import time
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_sync.moodle.errors import (
    AccessRefused,
    CallRefused,
    FunctionMissing,
    MoodleError,
    SiteBusy,
    UnknownOutcome,
)
from lms_sync.moodle.functions import ANSWERS, FUNCTIONS
from lms_sync.moodle.wire import flatten, form_of, parse_reply

JSON = "application/json"


def parse(body: object, function: str = "f", status: int = 200, content_type: str = JSON) -> object:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_reply(function, status, content_type, raw).value


def error(body: object, function: str = "f", status: int = 200, content_type: str = JSON) -> MoodleError:
    with pytest.raises(MoodleError) as caught:
        parse(body, function, status, content_type)
    return caught.value


# --- arguments -----------------------------------------------------------------------------------------------


def test_arguments_take_the_form_that_php_reads() -> None:
    arguments = {
        "courses": [{"fullname": "A", "visible": True, "tags": ["x", "y"]}, {"fullname": "B"}],
        "n": 0,
    }
    assert flatten(arguments) == [
        ("courses[0][fullname]", "A"),
        ("courses[0][visible]", "1"),
        ("courses[0][tags][0]", "x"),
        ("courses[0][tags][1]", "y"),
        ("courses[1][fullname]", "B"),
        ("n", "0"),
    ]


def test_false_is_nought_and_nothing_is_left_out() -> None:
    assert flatten({"a": False, "b": None, "c": "", "d": [], "e": 0.1}) == [
        ("a", "0"),
        ("c", ""),
        ("e", "0.1"),
    ]


LEAVES = st.text(max_size=20) | st.integers() | st.booleans()
ARGUMENTS = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), inner, min_size=1, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def _nest(pairs: list[tuple[str, str]]) -> object:
    """Reads bracket names as PHP does."""
    tree: dict[str, object] = {}
    for name, value in pairs:
        steps = name.replace("]", "").split("[")
        here = tree
        for step in steps[:-1]:
            here = here.setdefault(step, {})
        assert steps[-1] not in here
        here[steps[-1]] = value
    return tree


def _as_php_has_it(value: object) -> object:
    if isinstance(value, dict):
        return {name: _as_php_has_it(item) for name, item in value.items()}
    if isinstance(value, list):
        return {str(place): _as_php_has_it(item) for place, item in enumerate(value)}
    return str(int(value)) if isinstance(value, bool) else str(value)


@given(ARGUMENTS)
def test_any_arguments_arrive_as_they_were(arguments: dict[str, object]) -> None:
    pairs = parse_qsl(urlencode(flatten(arguments)), keep_blank_values=True)
    assert _nest(pairs) == _as_php_has_it(arguments)


@given(ARGUMENTS)
def test_the_token_is_always_last_so_that_a_cut_request_is_refused(arguments: dict[str, object]) -> None:
    form = form_of("core_x", arguments, "secret-token")
    assert form[-1] == ("wstoken", "secret-token")
    assert [name for name, _ in form].count("wstoken") == 1
    assert ("moodlewsrestformat", "json") in form[:3]


# --- values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [{}, {"a": 1}, [], [{"id": 1}], None, 5, "text", True, {"error": False, "data": "x"}]
)
def test_whatever_is_json_and_no_failure_is_a_value(value: object) -> None:
    assert parse(value) == value


def test_a_byte_order_mark_and_other_content_types_are_no_matter() -> None:
    assert parse("\ufeff[1]".encode(), content_type="text/plain; charset=utf-8") == [1]


@pytest.mark.parametrize(
    "printed", ["Notice: x on line 5\n", "<div class='alert'>WARNING [1]</div>", "<br />\n<b>W</b> {a} "]
)
def test_what_was_printed_before_the_answer_is_kept_beside_it(printed: str) -> None:
    reply = parse_reply("f", 200, JSON, (printed + json.dumps([{"id": 7}])).encode())
    assert reply.value == [{"id": 7}]
    assert reply.printed == printed.strip()


def test_a_failure_after_something_printed_is_still_a_failure() -> None:
    body = (
        b"<p>Notice</p>"
        + json.dumps({"exception": "e", "errorcode": "invalidtoken", "message": "m"}).encode()
    )
    assert isinstance(error(body), AccessRefused)


# --- failures --------------------------------------------------------------------------------------------------


def _exception(errorcode: str, message: str = "said") -> dict[str, str]:
    return {"exception": "core\\exception\\moodle_exception", "errorcode": errorcode, "message": message}


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (_exception("invalidtoken"), AccessRefused, "moodle.invalid-token"),
        (_exception("accessexception"), AccessRefused, "moodle.service-refused"),
        (_exception("nopermissions"), AccessRefused, "moodle.no-capability"),
        (_exception("requireloginerror"), AccessRefused, "moodle.access"),
        (_exception("errorcoursecontextnotvalid"), AccessRefused, "moodle.access"),
        (
            _exception("invalidrecord", "Can not find data record in database table external_functions."),
            FunctionMissing,
            "moodle.function-missing",
        ),
        (
            _exception("invalidrecord", "Can not find data record in database table course."),
            CallRefused,
            "moodle.refused",
        ),
        (_exception("invalidparameter"), CallRefused, "moodle.refused"),
        (_exception("dmlwriteexception"), CallRefused, "moodle.refused"),
        (_exception("sitemaintenance"), SiteBusy, "moodle.maintenance"),
        (_exception("upgraderunning"), SiteBusy, "moodle.maintenance"),
        (_exception("stale"), CallRefused, "moodle.rule-stale"),
        (_exception("locked"), CallRefused, "moodle.rule-locked"),
        (_exception("deadpackage"), CallRefused, "moodle.rule-deadpackage"),
        (_exception("quizhasattempts"), CallRefused, "moodle.rule-quizhasattempts"),
        (_exception("completionlocked"), CallRefused, "moodle.rule-completionlocked"),
        (_exception("criterialocked"), CallRefused, "moodle.rule-criterialocked"),
        (_exception("questionrefused"), CallRefused, "moodle.rule-questionrefused"),
        ({"error": "Invalid token", "errorcode": "invalidtoken"}, AccessRefused, "moodle.invalid-token"),
    ],
)
def test_moodles_own_error_codes_decide(body: object, kind: type[MoodleError], code: str) -> None:
    raised = error(body)
    assert (type(raised), raised.code) == (kind, code)


def test_the_same_error_in_another_language_is_the_same_error() -> None:
    albanian = error(_exception("nopermissions", "Na vjen keq, por nuk keni leje ta bëni këtë"))
    assert albanian.code == "moodle.no-capability"
    assert "Na vjen keq" in str(albanian.problem.params["message"])


def _xml(errorcode: str) -> bytes:
    return f'<?xml version="1.0"?><EXCEPTION><ERRORCODE>{errorcode}</ERRORCODE></EXCEPTION>'.encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (503, b"<html>maintenance</html>", SiteBusy, "moodle.maintenance"),
        (413, b"<html>Request Entity Too Large</html>", CallRefused, "moodle.body-dropped"),
        (429, b"", SiteBusy, "moodle.overloaded"),
        (403, b"", AccessRefused, "moodle.web-services-off"),
        (403, b"<html>firewall</html>", UnknownOutcome, "moodle.http-status"),
        (301, b"", UnknownOutcome, "moodle.redirect"),
        (303, b"", UnknownOutcome, "moodle.redirect"),
        (404, b"<html></html>", UnknownOutcome, "moodle.http-status"),
        (500, b"", UnknownOutcome, "moodle.http-status"),
        (502, b"<html>Bad gateway</html>", UnknownOutcome, "moodle.gateway"),
        (504, b"", UnknownOutcome, "moodle.gateway"),
        (200, b"", UnknownOutcome, "moodle.not-json-empty"),
        (200, b"   \n", UnknownOutcome, "moodle.not-json-empty"),
        (200, b"<!DOCTYPE html><html><body>Sign in</body></html>", UnknownOutcome, "moodle.not-json-html"),
        (200, b'{"a": [1, 2', UnknownOutcome, "moodle.not-json-other"),
        (200, b"Fatal error: Allowed memory size", UnknownOutcome, "moodle.not-json-other"),
        (200, b"\x89PNG\x00\xff", UnknownOutcome, "moodle.not-json-other"),
        (200, _xml("invalidtoken"), CallRefused, "moodle.body-dropped"),
        (200, _xml("other"), CallRefused, "moodle.refused"),
    ],
)
def test_replies_that_are_no_json_are_told_apart(
    status: int, body: bytes, kind: type[MoodleError], code: str
) -> None:
    raised = error(body, status=status, content_type="text/html")
    assert (type(raised), raised.code) == (kind, code)


@pytest.mark.parametrize("function", sorted(ANSWERS))
@pytest.mark.parametrize("value", [None, [], {}, [None], [[]], "text", 7, {"status": False}, [{"x": 1}]])
def test_an_answer_of_another_form_is_an_unknown_outcome_and_never_a_surprise(
    function: str, value: object
) -> None:
    kind, keys = ANSWERS[function]
    fits = isinstance(value, kind) and (not keys or value == []) and value != [None] and value != [[]]
    if fits:
        assert parse(value, function) == value
    else:
        assert error(value, function).code == "moodle.unexpected-shape"


def test_the_forms_are_those_of_functions_that_we_call() -> None:
    assert set(ANSWERS) <= set(FUNCTIONS)


@given(st.binary(max_size=200), st.sampled_from([200, 200, 301, 403, 404, 500, 502, 503]))
def test_no_reply_whatever_it_holds_leads_to_anything_but_a_value_or_a_moodle_error(
    body: bytes, status: int
) -> None:
    with contextlib.suppress(MoodleError):
        parse_reply("core_course_get_courses_by_field", status, "x/y", body)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
        max_leaves=6,
    )
)
def test_no_json_whatever_its_form_leads_to_anything_but_a_value_or_a_moodle_error(value: object) -> None:
    with contextlib.suppress(MoodleError):
        parse(value, "local_lmssync_get_state")


def test_long_pages_are_told_by_their_beginning_without_markup() -> None:
    raised = error(b"<html><head></head><body><h1>Please   sign in</h1>" + b"x" * 5000 + b"</body></html>")
    start = str(raised.problem.params["start"])
    assert start.startswith("Please sign in")
    assert len(start) <= 120


def test_an_answer_nested_without_end_is_no_answer() -> None:
    assert error(b"[" * 200_000).code == "moodle.not-json-other"
    assert error(b"<p>Notice</p> " + b'{"a":' * 200_000).code == "moodle.not-json-other"


def test_a_huge_page_with_many_brackets_is_told_apart_quickly() -> None:
    started = time.monotonic()
    assert error(b"<html>" + b"if (x) { y[0] = [1, 2]; } " * 100_000).code == "moodle.not-json-html"
    assert time.monotonic() - started < 3
