"""A client of a site that is only read sends nothing that could write; many reads go in few requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from authoring.problems import Refused
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import CallRefused, MoodleError, SiteBusy, UnknownOutcome
from lms_sync.moodle.functions import FUNCTIONS, READ_ONLY_FUNCTIONS, READING_FUNCTIONS
from lms_sync.moodle.many_calls import ManyCalls, SubCall
from lms_sync.settings import Secret
from moodle_standin.declared_functions import signatures
from moodle_standin.services import READING_CAPABILITIES
from moodle_standin.services import READING_FUNCTIONS as SERVED_TO_READERS

WRITING = sorted(set(FUNCTIONS) - READING_FUNCTIONS)


def reader() -> MoodleClient:
    return MoodleClient("http://127.0.0.1:9", Secret("never sent"), waits=(), read_only=True)


@pytest.mark.parametrize("function", [*WRITING, "core_course_delete_courses", "no_such_function"])
@pytest.mark.parametrize("write", [True, False])
def test_no_function_that_may_write_is_sent(function: str, write: bool) -> None:
    client = reader()
    with pytest.raises(Refused) as caught:
        client.call(function, {}, write=write)
    assert caught.value.code == "moodle.read-only"
    assert caught.value.exit_code == 3
    assert client.calls == 0


def test_a_read_that_is_said_to_write_is_not_sent_either() -> None:
    client = reader()
    with pytest.raises(Refused):
        client.call("core_webservice_get_site_info", write=True)
    assert client.calls == 0


def test_no_function_that_may_write_is_hidden_among_many() -> None:
    client = reader()
    requests = [{"function": "core_course_get_contents"}, {"function": "core_course_create_courses"}]
    with pytest.raises(Refused):
        client.call("tool_mobile_call_external_functions", {"requests": requests})
    assert client.calls == 0


def test_no_file_is_sent(tmp_path: Path) -> None:
    client = reader()
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(Refused):
        client.upload(tmp_path / "file")
    with pytest.raises(Refused):
        client.upload_bytes(b"content", "file")
    assert client.calls == 0


def test_moodle_itself_declares_every_function_of_a_reader_as_reading() -> None:
    declared = signatures()
    assert {name: declared[name]["type"] for name in READING_FUNCTIONS if name in declared} == {
        name: "read" if name != "tool_mobile_call_external_functions" else declared[name]["type"]
        for name in READING_FUNCTIONS
        if name in declared
    }
    assert len(WRITING) >= 14


def test_the_stand_in_offers_readers_what_the_product_asks_for() -> None:
    assert set(READ_ONLY_FUNCTIONS) == SERVED_TO_READERS


# --- many reads ------------------------------------------------------------------------------------


class Site:
    """Answers with the number that was asked for; refuses those of `refused`, and fails as often as told."""

    def __init__(self, *, refused: tuple[int, ...] = (), failures: int = 0, seconds: float = 0.0) -> None:
        self.refused = refused
        self.failures = failures
        self.seconds = seconds
        self.time = 0.0
        self.sizes: list[int] = []
        self.slept: list[float] = []

    def call(
        self, function: str, arguments: Mapping[str, object] | None = None, *, write: bool = False
    ) -> Any:
        assert function == "tool_mobile_call_external_functions"
        assert arguments is not None
        rows: Any = arguments["requests"]
        self.sizes.append(len(rows))
        self.time += self.seconds * len(rows)
        if self.failures:
            self.failures -= 1
            raise UnknownOutcome("moodle.no-answer", function=function, seconds=60)
        answers: list[dict[str, Any]] = []
        for row in rows:
            number = json.loads(row["arguments"])["number"]
            if number in self.refused:
                exception = json.dumps({"errorcode": "nopermissions", "message": "no"})
                answers.append({"error": True, "exception": exception})
                break
            answers.append({"error": False, "data": json.dumps({"number": number})})
        return {"responses": answers}

    def many(self) -> ManyCalls:
        return ManyCalls(self, together=True, sleep=self.slept.append, now=lambda: self.time)


def calls(count: int) -> list[SubCall]:
    return [SubCall("core_course_get_contents", {"number": number}) for number in range(count)]


def numbers(answers: list[Any]) -> list[Any]:
    return ["no" if isinstance(one, MoodleError) else one["number"] for one in answers]


def test_every_answer_comes_in_its_place_also_after_one_that_was_refused() -> None:
    site = Site(refused=(0, 7, 49))
    wanted: list[Any] = [*range(50)]
    for refused in site.refused:
        wanted[refused] = "no"
    assert numbers(site.many().run(calls(50))) == wanted


def test_requests_grow_with_a_quick_site_and_stay_small_with_a_slow_one() -> None:
    quick, slow = Site(seconds=0.001), Site(seconds=2.0)
    quick.many().run(calls(2000))
    slow.many().run(calls(60))
    assert max(quick.sizes) == 200
    assert slow.sizes[-1] == 4
    assert sum(slow.slept) >= 0.1 * slow.time  # a rest after each request


def test_a_request_that_is_too_much_is_tried_with_less() -> None:
    site = Site(failures=1)
    assert numbers(site.many().run(calls(20))) == [*range(20)]
    assert site.sizes[:2] == [20, 5]
    with pytest.raises(UnknownOutcome):
        Site(failures=9).many().run(calls(20))


def test_a_site_that_goes_into_maintenance_half_way_is_no_refusal() -> None:
    class Closing(Site):
        def call(self, function: str, arguments: Any = None, *, write: bool = False) -> Any:
            exception = json.dumps({"errorcode": "sitemaintenance", "message": "later"})
            return {"responses": [{"error": True, "exception": exception}]}

    with pytest.raises(SiteBusy):
        Closing().many().run(calls(3))


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"responses": []}, {"responses": [{"error": False}]}, {"responses": [{}, {}, {}, {}]},
     {"responses": [{"error": False, "data": "{"}]}, {"responses": [{"error": False, "data": "{}"}]}],
)  # fmt: skip
def test_an_answer_of_another_form_is_no_answer(answer: Any) -> None:
    class Odd(Site):
        def call(self, function: str, arguments: Any = None, *, write: bool = False) -> Any:
            return answer

    with pytest.raises(UnknownOutcome):
        Odd().many().run(calls(2))


def test_one_by_one_a_refusal_is_an_answer_too() -> None:
    class Refusing(Site):
        def call(self, function: str, arguments: Any = None, *, write: bool = False) -> Any:
            raise CallRefused("moodle.refused", errorcode="nocriteriaset", function=function, message="")

    many = ManyCalls(Refusing(), together=False, sleep=lambda seconds: None)
    assert [error.errorcode for error in many.run(calls(2))] == ["nocriteriaset"] * 2


def test_the_role_to_upload_is_the_one_that_was_tried() -> None:
    root = ElementTree.parse(Path(__file__).parents[2] / "docs" / "read-only-role.xml").getroot()
    assert {one.text for one in root.iter("allow")} == READING_CAPABILITIES
