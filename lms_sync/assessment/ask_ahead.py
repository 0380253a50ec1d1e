"""Has a database asked in a thread of its own, so that it works on the next answer while somebody counts with the last one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
Found = TypeVar("Found")

_AHEAD = 8  # questions of which the answers lie ready or are looked for: each may be as large as a course


class AskAhead(Generic[Question, Answer]):
    """Questions in about the order in which they are foreseen; others are right too, and only slower.

    Between the beginning and the end nobody else may use the connection on which `ask` does.
    """

    def __init__(self, ask: Callable[[Question], Answer], foreseen: Iterable[Question]) -> None:
        self._ask = ask
        self._foreseen = deque(dict.fromkeys(foreseen))
        self._under_way: dict[Question, Future[Answer]] = {}
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> AskAhead[Question, Answer]:
        self._begin_more()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def answer(self, question: Question) -> Answer:
        """What `ask` says; raises what it raises."""
        found: Future[Answer] | None = None
        if question in self._under_way:
            for passed_by in [*self._under_way]:  # nobody has asked for those before
                found = self._under_way.pop(passed_by)
                if passed_by == question:
                    break
                found.cancel()
        if found is None:
            found = self._thread.submit(self._ask, question)
        self._begin_more()
        return found.result()

    def now(self, look: Callable[[], Found]) -> Found:
        """What else needs the connection, when the thread comes to it."""
        return self._thread.submit(look).result()

    def _begin_more(self) -> None:
        while self._foreseen and len(self._under_way) < _AHEAD:
            question = self._foreseen.popleft()
            self._under_way[question] = self._thread.submit(self._ask, question)
