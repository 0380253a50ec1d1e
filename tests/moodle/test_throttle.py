"""A site that is slow or busy is asked less at once, and more again when it is quick; one site's trouble is its own."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import MoodleError
from lms_sync.moodle.throttle import Throttle
from lms_sync.settings import Secret


class Site:
    """A clock that stands still but for the time that the site takes."""

    def __init__(self, most: int = 8) -> None:
        self.now = 0.0
        self.paused: list[float] = []
        self.throttle = Throttle(most, self.paused.append, lambda: self.now)

    def answers(self, seconds: float, *, busy: bool = False) -> None:
        self.throttle.give_time()
        with self.throttle.call("f") as made:
            self.now += seconds
            made.busy = busy


def test_a_quick_site_is_asked_as_much_as_allowed_without_pauses() -> None:
    site = Site()
    for _ in range(50):
        site.answers(0.2)
    assert (site.throttle.allowed, site.paused) == (8, [])


def test_slow_answers_halve_what_is_asked_at_once_and_quick_ones_raise_it_again() -> None:
    site = Site()
    for _ in range(10):
        site.answers(0.5)
    site.answers(5)
    assert site.throttle.allowed == 4
    site.answers(5)
    assert site.throttle.allowed == 2
    for _ in range(60):
        site.answers(0.5)
    assert site.throttle.allowed == 8
    assert site.paused == []


def test_a_busy_site_is_left_longer_each_time_and_the_pauses_end_when_it_is_well() -> None:
    site = Site()
    for _ in range(8):
        site.answers(0.1, busy=True)
    assert site.throttle.allowed == 1
    assert site.paused == [0.25, 0.5, 1, 2, 4, 8, 8]
    for _ in range(20):
        site.answers(0.1)
    assert site.throttle.pause == 0


def test_what_is_always_slow_is_no_reason_to_ask_less_and_less() -> None:
    site = Site()
    for _ in range(200):
        site.answers(6)
    assert site.throttle.allowed == 8


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans())), st.integers(1, 16))
def test_whatever_happens_at_least_one_call_is_allowed_and_at_most_the_most(
    answers: list[tuple[float, bool]], most: int
) -> None:
    site = Site(most)
    for seconds, busy in answers:
        site.answers(seconds, busy=busy)
        assert 1 <= site.throttle.allowed <= most
        assert 0 <= site.throttle.pause <= 8


def test_no_more_than_allowed_are_under_way() -> None:
    throttle = Throttle(3)
    guard, now, most = threading.Lock(), [0], [0]

    def ask() -> None:
        with throttle.call("f"):
            with guard:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.01)
            with guard:
                now[0] -= 1

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 3


def test_the_connections_of_one_site_share_what_was_learnt_and_a_site_that_is_away_is_left_alone() -> None:
    waited: list[float] = []
    client = MoodleClient("http://127.0.0.1:9", Secret("0123456789abcdef"), waits=(), sleep=waited.append)
    other = client.another()
    for one in (client, other):
        with pytest.raises(MoodleError):
            one.call("core_webservice_get_site_info")
    assert client.throttle is other.throttle
    assert client.throttle.allowed == 2
    assert waited == [0.25]
