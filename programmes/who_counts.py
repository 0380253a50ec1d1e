"""Who counts for an indicator: on which days, where, and who else could. Pure.

A person counts in the institution of the day on which they first counted in one of the programme's. What happened
outside the programme's institutions is told apart and counts nowhere.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from programmes.columns import Columns, Floats, Ints, columns_of, day_number, flags
from programmes.milestones import paths
from programmes.observations import Observation, Observed, holder_of
from programmes.programme import Count, Indicator, Programme

Unit = Literal["persons", "institutions", "questions", "score", "points"]
"""What the figure is: heads, institutions, answered questions, a mean from 0 to 100, percentage points."""


def unit_of(count: Count, observed: Observed) -> Unit:
    """What an indicator counts."""
    if count.gain is not None:
        return "points"
    if count.score is not None:
        return "score"
    if count.answered is not None:
        return "questions"
    if count.milestone is not None or count.certified in observed.institution_awards:
        return "institutions"
    return "persons"


def is_of_institutions(count: Count, observed: Observed) -> bool:
    return count.score in observed.institution_questionnaires


@dataclass(frozen=True)
class Here:
    """All that counts in the programme's institutions, and whose it is, each holder once.

    `who` are the numbers of the holders, `first` and `last` the rows of the columns with which each begins and ends.
    """

    columns: Columns
    who: Ints
    first: Ints
    last: Ints
    before: Floats | None = None  # of a gain, beside the columns: what the value is the difference to

    @property
    def values(self) -> Floats:
        """The value of each holder: the last."""
        return self.columns.value[self.last]


def counted_here(
    programme: Programme, indicator: Indicator, observed: Observed, as_of: datetime.date
) -> Here:
    """What counts of an indicator in the programme's institutions."""
    return here_of(*counting(programme, indicator.count, observed, as_of), observed)


def here_of(columns: Columns, before: Floats | None, observed: Observed) -> Here:
    inside = columns.place < len(observed.institutions)
    ours = columns.take(inside)
    who, first, last = ours.of_each()
    return Here(ours, who, first, last, None if before is None else before[inside])


def counting(
    programme: Programme, count: Count, observed: Observed, as_of: datetime.date, *, listed: bool = False
) -> tuple[Columns, Floats | None]:
    """What counts by the end of a day, wherever it was, once for each source; of a gain also what was before.

    With `listed` each row can be made an observation of.
    """
    if count.gain is not None:
        return _gained(count.gain.pre, count.gain.post, observed, as_of, listed=listed)
    if count.completed is not None:
        found = observed.learned.columns("completed", count.completed, in_order=False, listed=listed)
        return _until(found, as_of), None
    if count.passed is not None:
        return _until(_passed(count.passed, observed, listed=listed), as_of), None
    if count.milestone is not None:
        reached = _columns(list(_reached(programme, count.milestone, observed, as_of)), observed)
        return replace(reached, value=np.full(len(reached), np.nan)), None
    once: dict[tuple[str, str], Observation] = {}
    for one in _told(programme, count, observed):
        if one.holds_on(as_of):
            once.setdefault((one.holder, one.source), one)
    return _columns(list(once.values()), observed), None


def _columns(observations: list[Observation], observed: Observed) -> Columns:
    return columns_of(observations, observed.learned.holders, observed.learned.places)


def _until(columns: Columns, as_of: datetime.date) -> Columns:
    return columns.take(columns.on <= day_number(as_of))


def _reached(
    programme: Programme, milestone: str, observed: Observed, as_of: datetime.date
) -> Iterator[Observation]:
    for code, steps in sorted(paths(programme, observed, as_of).items()):
        for step in steps:
            if step.milestone == milestone and step.on is not None:
                source = "; ".join(step.sources)
                yield Observation("milestone", milestone, holder_of(code), step.on, code, source, 1)


def _told(programme: Programme, count: Count, observed: Observed) -> Iterator[Observation]:
    """What is no million: sessions, awards, questionnaires, answers, in order."""
    if count.attended is not None:
        wanted = [one.id for one in programme.sessions if {one.id, one.kind} & set(count.attended)]
        return observed.of("attended", wanted)
    if count.certified is not None:
        return observed.of("certified", [count.certified])
    if count.score is not None:
        return (one for one in observed.of("filled", [count.score]) if one.value is not None)
    if count.answered is not None:
        return (one for one in observed.observations if one.what == "answered")
    return iter(())


def _passed(quiz: str, observed: Observed, *, listed: bool) -> Columns:
    """Attempts with the pass mark; for those without one, that Moodle says so."""
    mark = observed.pass_marks.get(quiz)
    tried = observed.learned.columns("tried", quiz, in_order=False, listed=listed)
    by_attempt = tried.take(np.nan_to_num(tried.value) >= (np.inf if mark is None else mark))
    told = observed.learned.columns("passed", quiz, in_order=False, listed=listed)
    known = flags(by_attempt.holder, len(observed.learned.holders))
    others = told.take(~known[told.holder])
    return by_attempt.and_(others).by_day() if len(others) else by_attempt


def _gained(
    pre: str, post: str, observed: Observed, as_of: datetime.date, *, listed: bool
) -> tuple[Columns, Floats]:
    """Of those with both: the last attempt at the one less the first at the other; they count on the day of the last."""
    begin, end = (
        columns.take(~np.isnan(columns.value))
        for quiz in (pre, post)
        for columns in [_until(observed.learned.columns("tried", quiz, in_order=True, listed=listed), as_of)]
    )
    who, first, _ = begin.of_each()
    whose, _, ends = end.of_each()
    _, mine, theirs = np.intersect1d(who, whose, assume_unique=True, return_indices=True)
    before = begin.value[first[mine]]
    last = end.take(ends[theirs])
    return replace(last, value=last.value - before), before


def could_count(count: Count, observed: Observed, as_of: datetime.date, unit: Unit) -> Ints:
    """Whom the denominator holds: who tried, took one of the two tests, or belongs to an institution on the day."""
    if unit == "institutions" or is_of_institutions(count, observed):
        holders = [observed.learned.holders.of(holder_of(code)) for code in observed.institutions]
        return np.array(holders, dtype=np.int64)
    tried = [count.passed] if count.passed is not None else []
    if count.gain is not None:
        tried = [count.gain.pre, count.gain.post]
    found = []
    for quiz in tried:
        for what in ("tried", "passed"):
            those = _until(observed.learned.columns(what, quiz, in_order=False, listed=False), as_of)
            found.append(those.holder[those.place < len(observed.institutions)])
    if tried:
        return np.concatenate(found)
    place = observed.people.place
    return np.flatnonzero((place >= 0) & (place < len(observed.institutions)))
