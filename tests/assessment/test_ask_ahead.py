"""What a database is asked ahead is what it is asked when somebody wants to know."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_sync.assessment.ask_ahead import AskAhead

_QUESTIONS = st.lists(st.integers(0, 30), max_size=40)


@given(_QUESTIONS, _QUESTIONS)
def test_whatever_was_foreseen_every_question_gets_its_answer_from_one_thread(
    foreseen: list[int], asked: list[int]
) -> None:
    by: set[int] = set()

    def look(question: int) -> int:
        by.add(threading.get_ident())
        return question * question

    with AskAhead(look, foreseen) as ahead:
        assert [ahead.answer(one) for one in asked] == [one * one for one in asked]
        assert ahead.now(lambda: look(7)) == 49
    assert len(by) == 1


def test_what_is_asked_in_the_order_foreseen_is_looked_for_once() -> None:
    looked: list[int] = []
    with AskAhead(looked.append, range(50)) as ahead:
        for one in range(50):
            ahead.answer(one)
    assert looked == [*range(50)]


def test_an_error_is_told_to_who_asks_and_nothing_goes_on_behind_them() -> None:
    looked: list[int] = []

    def look(question: int) -> None:
        looked.append(question)
        if question == 2:
            raise RuntimeError("locked")

    with AskAhead(look, range(100)) as ahead:
        assert [ahead.answer(one) for one in range(2)] == [None, None]
        with pytest.raises(RuntimeError, match="locked"):
            ahead.answer(2)
    assert len(looked) < 20
