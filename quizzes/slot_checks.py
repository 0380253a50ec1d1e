"""Whether the slots of a quiz can be filled, for every learner and in every order of luck.

Moodle takes the fixed questions first and then fills the drawing slots one after the other, each with a
random question that is not used yet. A slot that finds none left ends the learner's attempt before it
begins, so a draw must be safe whatever the earlier ones took.
"""

from __future__ import annotations

import difflib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping

from authoring.problems import Place, Problem
from authoring.read_yaml import Pointer
from quizzes.quiz import Quiz, Slot
from quizzes.quiz_activity import points_of_draw, pool

At = Callable[[Pointer], Place]


def check_slots(quiz: Quiz, at: At, written_ids: frozenset[str], *, complete: bool) -> Iterator[Problem]:
    """Everything wrong with the slots.

    `written_ids` are the ids of all questions in the file; where some of them could not be read
    (`complete` is false), pools are not judged.
    """
    first_use: dict[str, int] = {}
    for index, slot in enumerate(quiz.slots):
        place = at(("slots", index))
        if (slot.use is None) == (slot.draw is None):
            yield Problem("quiz.slot-kind", {}, place)
        elif slot.use is not None:
            yield from _check_use(slot, place, written_ids)
            if slot.use in first_use:
                yield Problem("quiz.slot-twice", {"question": slot.use}, place)
            first_use.setdefault(slot.use, index)
        elif complete:
            yield from _check_tags(quiz, slot, place)
            yield from _check_points(quiz, slot, place)
    if complete:
        yield from _check_pools(quiz, at, frozenset(first_use))


def _check_use(slot: Slot, place: Place, written_ids: frozenset[str]) -> Iterator[Problem]:
    if slot.all_tags:
        yield Problem("quiz.slot-use-with-tags", {"question": slot.use}, place)
    if slot.use not in written_ids:
        yield _unknown("quiz.slot-unknown-question", str(slot.use), written_ids, place)


def _check_tags(quiz: Quiz, slot: Slot, place: Place) -> Iterator[Problem]:
    known = {tag.lower(): tag for question in quiz.questions for tag in quiz.tags_of(question)}
    for tag in slot.all_tags:
        if tag.lower() not in known:
            yield _unknown("quiz.slot-unknown-tag", tag, frozenset(known.values()), place)


def _unknown(code: str, name: str, known: frozenset[str], place: Place) -> Problem:
    similar = difflib.get_close_matches(name, sorted(known), n=1)
    if similar:
        return Problem(f"{code}-similar", {"name": name, "similar": similar[0]}, place)
    return Problem(code, {"name": name}, place)


def _check_points(quiz: Quiz, slot: Slot, place: Place) -> Iterator[Problem]:
    if pool(quiz, slot) and points_of_draw(quiz, slot) is None:
        yield Problem("quiz.draw-points-differ", {}, place)


def short_draws(quiz: Quiz) -> Iterator[tuple[int, int, int]]:
    """The draws that some luck can leave short: number of the slot, how many it draws, how many are sure to be left."""
    fixed = frozenset(slot.use for slot in quiz.slots if slot.use is not None)
    earlier: list[tuple[int, frozenset[str]]] = []
    for index, slot in enumerate(quiz.slots):
        if slot.draw is None or slot.use is not None:
            continue
        left = pool(quiz, slot) - fixed
        sure = len(left) - _most_taken(earlier, left)
        if slot.draw > sure:
            yield index, slot.draw, sure
        else:
            earlier.append((slot.draw, left))


def _check_pools(quiz: Quiz, at: At, fixed: frozenset[str]) -> Iterator[Problem]:
    earlier: list[tuple[int, frozenset[str]]] = []
    for index, slot in enumerate(quiz.slots):
        if slot.draw is None or slot.use is not None:
            continue
        whole = pool(quiz, slot)
        left = whole - fixed
        place = at(("slots", index))
        tags = ", ".join(slot.all_tags) or "-"
        if slot.draw > len(left):
            if whole:  # an unknown tag has been told already
                params = {"n": slot.draw, "tags": tags, "pool": len(whole), "left": len(left)}
                yield Problem("quiz.draw-too-large", params, place)
            continue
        taken = _most_taken(earlier, left)
        if slot.draw > len(left) - taken:
            params = {"n": slot.draw, "tags": tags, "left": len(left), "taken": taken}
            yield Problem("quiz.draws-overlap", params, place)
        earlier.append((slot.draw, left))


def _most_taken(earlier: list[tuple[int, frozenset[str]]], pool_now: frozenset[str]) -> int:
    """How many questions of a pool earlier draws can take at worst: a maximum flow from draws to questions.

    Draws with one pool count as one, and so do questions that lie in the same pools, so the network
    has as many nodes as there are kinds of draws, not as there are questions.
    """
    demand: Counter[frozenset[str]] = Counter()
    for count, drawn in earlier:
        demand[drawn & pool_now] += count
    pools = [drawn for drawn in demand if drawn]
    room = Counter(tuple(i for i, drawn in enumerate(pools) if question in drawn) for question in pool_now)
    wanted = {i: demand[drawn] for i, drawn in enumerate(pools)}
    flow: Counter[tuple[int, tuple[int, ...]]] = Counter()
    taken = 0
    while path := _open_path(wanted, room, flow):
        forward, back = path[::2], path[1::2]
        step = min(wanted[path[0][0]], room[path[-1][1]], *(flow[edge] for edge in back))
        for edge in forward:
            flow[edge] += step
        for edge in back:
            flow[edge] -= step
        wanted[path[0][0]] -= step
        room[path[-1][1]] -= step
        taken += step
    return taken


_Edge = tuple[int, tuple[int, ...]]


def _open_path(
    wanted: Mapping[int, int], room: Mapping[tuple[int, ...], int], flow: Mapping[_Edge, int]
) -> list[_Edge]:
    """A way from a draw that wants more to questions with room: edges forward and back in turn, or []."""
    paths: deque[tuple[int, list[_Edge]]] = deque((draw, []) for draw, count in wanted.items() if count)
    seen: set[tuple[int, ...]] = set()
    while paths:
        draw, path = paths.popleft()
        for kind in room:
            if kind in seen or draw not in kind:
                continue
            seen.add(kind)
            onward = [*path, (draw, kind)]
            if room[kind]:
                return onward
            paths.extend((other, [*onward, (other, kind)]) for other in kind if flow[other, kind])
    return []
