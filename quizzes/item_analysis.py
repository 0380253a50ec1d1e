"""What results say about each question: figures, how often each answer was given and by whom, and flags. Pure.

The best and the weakest third of the attempts, by their marks in the whole quiz, show whether an answer draws those who
know or those who do not. Groups (languages, institutions) of fewer than five persons are not shown, nor what would give
them away, by the rule of `programmes.suppression`.
"""

from __future__ import annotations

import html
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from programmes.suppression import SMALL, Cell, hidden
from quizzes.answer_labels import QuestionLabels
from quizzes.item_flags import with_flags
from quizzes.item_results import AnswerCount, GroupFigure, ItemAnalysis, PositionResult, QuestionResult
from quizzes.item_statistics import ItemFigures, statistics
from quizzes.results import (
    Attempt,
    AttemptId,
    Groups,
    Outcome,
    Which,
    attempts_that_count,
    marks_of,
    of_attempts,
    positions_of,
)

_MOST_ENTRIES = 12


def analyse(
    attempts: Iterable[Attempt],
    outcomes: Iterable[Outcome],
    labels: Mapping[str, QuestionLabels],
    *,
    which: Which = "highest",
    groups: Mapping[str, Groups] | None = None,
) -> ItemAnalysis:
    """The analysis of the attempts that count; `groups` by what they are ("language", "institution")."""
    counted = attempts_that_count(attempts, which)
    mine = of_attempts(outcomes, counted)
    positions = positions_of(mine)
    found = statistics(positions, marks_of(mine), [one.score or 0.0 for one in counted])
    thirds = _thirds(counted)
    by_question: dict[str, list[Outcome]] = {}
    for outcome in mine:
        by_question.setdefault(outcome.question, []).append(outcome)
    results = []
    for key, its in by_question.items():
        drawn = its[0].random is not None
        figures = found.drawn[key] if drawn else found.positions[its[0].slot]
        results.append(_question(key, its, figures, labels.get(key), thirds, groups or {}))
    order = {position.slot: number for number, position in enumerate(positions)}
    results.sort(key=lambda one: (order[min(one.slots)], one.key))
    shown = tuple(
        PositionResult(
            position.slot,
            found.positions[position.slot],
            next((one.random for one in mine if one.slot == position.slot and one.random), None),
            tuple(one.key for one in results if position.slot in one.slots),
        )
        for position in positions
    )
    return with_flags(
        ItemAnalysis(
            which,
            len({one.id.person for one in counted}),
            max((one.most for one in counted), default=0.0),
            found.quiz,
            shown,
            tuple(results),
            _bands(counted),
        )
    )


def _bands(attempts: Sequence[Attempt]) -> tuple[int, ...]:
    bands = [0] * 10
    for one in attempts:
        share = (one.score or 0.0) / one.most if one.most else 0.0
        bands[min(9, max(0, math.floor(share * 10 + 1e-9)))] += 1
    return tuple(bands)


def _thirds(attempts: Sequence[Attempt]) -> tuple[frozenset[AttemptId], frozenset[AttemptId]]:
    """The best and the weakest third of the attempts by their marks."""
    ordered = sorted(attempts, key=lambda one: (-(one.score or 0.0), one.id))
    size = math.ceil(len(ordered) / 3)
    best = frozenset(one.id for one in ordered[:size])
    return best, frozenset(one.id for one in ordered[len(ordered) - size :]) - best


def _question(
    key: str,
    outcomes: Sequence[Outcome],
    figures: ItemFigures,
    labels: QuestionLabels | None,
    thirds: tuple[frozenset[AttemptId], frozenset[AttemptId]],
    groups: Mapping[str, Groups],
) -> QuestionResult:
    versions = tuple(sorted({one.version for one in outcomes}))
    # Options may have other places in an earlier version: answers are those to the newest.
    newest = [one for one in outcomes if one.version == versions[-1]]
    return QuestionResult(
        key,
        tuple(sorted({one.slot for one in outcomes})),
        outcomes[0].random is not None,
        outcomes[0].type,
        labels.text if labels else "",
        labels.index if labels else None,
        figures,
        labels.guess if labels else None,
        sum(not one.answered for one in outcomes),
        versions,
        _answers(newest, labels, thirds),
        {kind: _group_figures(outcomes, of) for kind, of in groups.items()},
        labels.difficulty if labels else None,
    )


# --- answers -------------------------------------------------------------------------------------------------


def _answers(
    outcomes: Sequence[Outcome],
    labels: QuestionLabels | None,
    thirds: tuple[frozenset[AttemptId], frozenset[AttemptId]],
) -> tuple[AnswerCount, ...]:
    counter = _Counter(outcomes, thirds)
    if labels is not None and labels.stems:
        return tuple(_pairs(counter, labels))
    if labels is not None and labels.options and all(one.chosen for one in outcomes if one.answered):
        return tuple(
            counter.count(
                option.text,
                {one.attempt for one in outcomes if one.chosen and place in one.chosen},
                right=option.right,
                score=option.score,
                place=place,
            )
            for place, option in enumerate(labels.options)
        )
    return tuple(_entries(counter, outcomes, labels.language if labels else ""))


@dataclass(frozen=True)
class _Counter:
    outcomes: Sequence[Outcome]
    thirds: tuple[frozenset[AttemptId], frozenset[AttemptId]]

    def count(
        self,
        text: str,
        attempts: set[AttemptId],
        *,
        right: bool,
        score: float | None = None,
        place: int | None = None,
        part: str | None = None,
    ) -> AnswerCount:
        """Counts the attempts in which the answer was given, of those that saw the question."""
        seen = {one.attempt for one in self.outcomes}
        shares = [_share(attempts & third, seen & third) for third in self.thirds]
        return AnswerCount(
            text, len(attempts), _share(attempts, seen), shares[0], shares[1], right, score, place, part
        )


def _share(
    part: set[AttemptId] | frozenset[AttemptId], whole: set[AttemptId] | frozenset[AttemptId]
) -> float:
    return len(part) / len(whole) if whole else 0.0


def _pairs(counter: _Counter, labels: QuestionLabels) -> Iterable[AnswerCount]:
    """For each statement its right choice first, then the wrong ones that anybody took."""
    for stem, (said, right) in enumerate(labels.stems):
        chosen: dict[int, set[AttemptId]] = {right: set()}
        for one in counter.outcomes:
            if one.chosen and stem < len(one.chosen) and (place := one.chosen[stem]) is not None:
                chosen.setdefault(place, set()).add(one.attempt)
        for place, attempts in sorted(
            chosen.items(), key=lambda row: (row[0] != right, -len(row[1]), row[0])
        ):
            text = labels.options[place].text if place < len(labels.options) else "?"
            yield counter.count(text, attempts, right=place == right, place=place, part=said)


_SPANS = re.compile(r'(?:<span lang="[^"]*" class="multilang">[^<]*(?:</span>|<?/?\w*$))+')
_SPAN = re.compile(r'<span lang="([^"]*)" class="multilang">([^<]*)')
_CUT = re.compile(r"<[^>]*$")


def in_words(response: str, language: str) -> str:
    """A response as a reader sees it: of gaps and of what is dragged onto an image Moodle tells every language, as HTML."""

    def choose(found: re.Match[str]) -> str:
        texts = dict(_SPAN.findall(found[0]))
        return texts.get(language) or next(iter(texts.values()), "")

    if 'class="multilang"' in response:
        response = html.unescape(_CUT.sub("…", _SPANS.sub(choose, response)))
    return " ".join(response.split())


def _entries(counter: _Counter, outcomes: Sequence[Outcome], language: str) -> Iterable[AnswerCount]:
    """What was written, most frequent first: only what so many persons wrote that it is nobody's own."""
    spelled: defaultdict[str, Counter[str]] = defaultdict(Counter)
    attempts: defaultdict[str, set[AttemptId]] = defaultdict(set)
    earned: dict[str, float] = {}
    for one in outcomes:
        if one.response is None or not one.response.strip():
            continue
        said = in_words(one.response, language)
        same = said.casefold()
        spelled[same][said] += 1
        attempts[same].add(one.attempt)
        earned[same] = max(earned.get(same, 0.0), one.fraction or 0.0)
    often = [same for same, by in attempts.items() if len({one.person for one in by}) >= SMALL]
    often.sort(key=lambda same: (-len(attempts[same]), same))
    for same in often[:_MOST_ENTRIES]:
        text = min(spelled[same].items(), key=lambda row: (-row[1], row[0]))[0]
        right = earned[same] > 0
        yield counter.count(text, attempts[same], right=right, score=earned[same])


# --- groups --------------------------------------------------------------------------------------------------


def _group_figures(outcomes: Sequence[Outcome], group_of: Groups) -> tuple[GroupFigure, ...]:
    marks: defaultdict[str, list[float]] = defaultdict(list)
    persons: defaultdict[str, set[str]] = defaultdict(set)
    for one in outcomes:
        code = group_of.get(one.attempt.person, "")
        marks[code].append((one.mark or 0.0) / one.most if one.most else 0.0)
        persons[code].add(one.attempt.person)
    gone = hidden({code: Cell(len(those), len(those)) for code, those in persons.items()})
    return tuple(
        GroupFigure(code, None, None)
        if code in gone
        else GroupFigure(code, len(marks[code]), math.fsum(marks[code]) / len(marks[code]))
        for code in sorted(marks)
    )
