"""Many courses are read several at a time, in their order, and not one more after a failure."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from lms_sync.moodle.errors import UnknownOutcome
from lms_sync.moodle.observe import _TOGETHER, _states

COURSES = [(f"course-{number}", number) for number in range(20)]


def test_several_are_asked_for_at_once_and_come_in_their_order() -> None:
    together = threading.Barrier(
        _TOGETHER, timeout=10
    )  # passes only when so many wait in it at the same time

    def read(key: str, course_id: int) -> Mapping[str, Any]:
        together.wait()
        return {"key": key, "id": course_id}

    told = [(state["key"], state["id"]) for state in _states(read, COURSES, _TOGETHER)]
    assert told == COURSES


@pytest.mark.parametrize("courses", [COURSES[:3], []])
def test_a_few_are_read_one_after_the_other_without_a_thread(courses: list[tuple[str, int]]) -> None:
    me = threading.get_ident()

    def read(key: str, course_id: int) -> Mapping[str, Any]:
        assert threading.get_ident() == me
        return {"id": course_id}

    assert [state["id"] for state in _states(read, courses, _TOGETHER)] == [number for _, number in courses]


def test_after_a_failure_the_rest_is_not_asked_for() -> None:
    asked: list[int] = []
    failed = threading.Event()

    def read(key: str, course_id: int) -> Mapping[str, Any]:
        asked.append(course_id)
        if course_id == 1:
            failed.set()
            raise UnknownOutcome("moodle.connection-lost", function="f")
        failed.wait(10)
        return {}

    with pytest.raises(UnknownOutcome):
        list(_states(read, COURSES, _TOGETHER))
    assert len(asked) < len(COURSES)
