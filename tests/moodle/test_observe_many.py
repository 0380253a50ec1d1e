"""Many courses are read in few requests, several at a time, in their order, and none after a failure."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from lms_sync.moodle.errors import AccessRefused, UnknownOutcome
from lms_sync.moodle.functions import MANY_CALLS
from lms_sync.moodle.observe import _A_REQUEST, _TOGETHER, STATE, _states

COURSES = [(f"course-{number}", number) for number in range(100)]


class Site:
    """Answers for each course with its number; one course may be refused, or many in one request."""

    def __init__(self, *, offers_many: bool = True, at_once: int = 1, bad: int | None = None) -> None:
        self.offers_many = offers_many
        self.bad = bad
        self.calls: list[str] = []
        self.together = threading.Barrier(
            at_once, timeout=10
        )  # opens when so many wait in it at the same time

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        self.calls.append(function)
        asked: Any = arguments
        if function == STATE:
            return {"state": json.dumps({"id": asked["courseid"]})}
        if not self.offers_many:
            raise AccessRefused("moodle.service-refused", errorcode="accessexception", function=function)
        self.together.wait()
        responses: list[dict[str, object]] = []
        for one in asked["requests"]:
            number = json.loads(one["arguments"])["courseid"]
            if number == self.bad:
                said = {"errorcode": "nopermissions", "message": "no"}
                responses.append({"error": True, "exception": json.dumps(said)})
                break
            data = json.dumps({"state": json.dumps({"id": number})})
            responses.append({"error": False, "data": data})
        return {"responses": responses}


def numbers(site: Site, courses: list[tuple[str, int]]) -> list[int]:
    return [state["id"] for state in _states(site, courses, None)]


def test_many_courses_take_few_requests_of_which_several_are_under_way_at_once() -> None:
    courses = COURSES[: _A_REQUEST * _TOGETHER]
    site = Site(at_once=_TOGETHER)
    assert numbers(site, courses) == [number for _, number in courses]
    assert site.calls == [MANY_CALLS] * _TOGETHER


def test_the_last_request_may_be_smaller() -> None:
    site = Site()
    assert numbers(site, COURSES[:95]) == list(range(95))
    assert site.calls == [MANY_CALLS] * 10


def test_a_few_courses_are_asked_for_one_by_one() -> None:
    site = Site()
    assert numbers(site, COURSES[:3]) == [0, 1, 2]
    assert site.calls == [STATE] * 3
    assert numbers(site, []) == []


def test_a_service_without_the_function_for_many_calls_is_asked_course_by_course() -> None:
    site = Site(offers_many=False)
    assert numbers(site, COURSES[:20]) == list(range(20))
    assert site.calls.count(STATE) == 20


def test_one_course_that_is_refused_ends_it_with_its_own_error_and_the_rest_is_not_asked_for() -> None:
    site = Site(bad=3)
    with pytest.raises(AccessRefused) as caught:
        numbers(site, COURSES)
    assert caught.value.code == "moodle.no-capability"
    assert len(site.calls) <= 10 + _TOGETHER


def test_a_reader_of_its_own_is_used_for_every_course_and_its_failure_ends_it() -> None:
    asked: list[int] = []

    def read(key: str, course_id: int) -> Mapping[str, Any]:
        asked.append(course_id)
        if course_id == 5:
            raise UnknownOutcome("moodle.connection-lost", function="f")
        return {"id": course_id}

    with pytest.raises(UnknownOutcome):
        list(_states(Site(), COURSES, read))
    assert asked == [0, 1, 2, 3, 4, 5]
