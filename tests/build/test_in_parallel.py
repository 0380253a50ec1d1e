"""Several processes come to what one comes to, also when one of them dies."""

from __future__ import annotations

import os

import pytest

from authoring.in_parallel import in_parallel

HERE = os.getpid()


def test_results_come_in_the_order_of_the_things() -> None:
    things = list(range(101))
    assert in_parallel(lambda n: n * n, things, least=10) == [n * n for n in things]
    assert in_parallel(lambda n: n, [], least=10) == []


def test_the_part_of_a_process_that_dies_is_done_by_the_others() -> None:
    def work(n: int) -> int:
        if os.getpid() != HERE and n == 90:
            os._exit(9)
        return -n

    assert in_parallel(work, range(100), least=10) == [-n for n in range(100)]


def test_an_error_is_raised_as_if_there_were_one_process() -> None:
    def work(n: int) -> int:
        if n == 95:
            raise KeyError(n)
        return n

    with pytest.raises(KeyError):
        in_parallel(work, range(100), least=10)
