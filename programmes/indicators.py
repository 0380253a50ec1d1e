"""The figures of which a programme gives account: how many, by what they are broken down, and what is not shown. Pure.

Two figures always: persons, each once, and participations, each time. A person counts in the institution, region and
quarter of the day on which they first counted, so that a breakdown adds up to the whole; a participation counts where
and when it happened. What happened outside the programme's institutions is told apart and counts nowhere.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from programmes.columns import Flags, Floats, Ints, Numbers, day_number, flags
from programmes.mean_interval import mean_interval
from programmes.observations import Observation, Observed
from programmes.programme import Breakdown, Indicator, Programme
from programmes.suppression import SMALL, Cell, hidden, hidden_nested
from programmes.who_counts import (
    Here,
    Unit,
    could_count,
    counting,
    here_of,
    is_of_institutions,
    unit_of,
)

GENDERS = ("female", "male", "other", "undisclosed", "")
"""As in people/participants.csv; "" where nothing was written."""

_OF_INSTITUTIONS = ("institution", "region", "quarter")
"""By what institutions are broken down."""


@dataclass(frozen=True)
class Figure:
    """A figure. `persons` are distinct persons or institutions, `n` of a mean; `participations` counts every time.

    A mean has `value` (None where there is nobody), and `low` and `high`, its 95 % confidence interval.
    """

    persons: int
    participations: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One line of a breakdown; `figure` is None where it is not shown (`programmes.suppression`)."""

    key: str
    figure: Figure | None


@dataclass(frozen=True, slots=True)
class Counted:
    """One holder who counts: where and when they first did, and all that counts of them."""

    holder: str
    first: Observation
    observations: tuple[Observation, ...]
    value: float | None = None
    before: float | None = None  # of a gain: what `value` is the difference to


@dataclass(frozen=True)
class Listing:
    """Who counts, and the holders who could count and do not; made only where somebody asks for it."""

    counted: tuple[Counted, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Goal:
    """Where a figure should be by the end of a day."""

    by: datetime.date
    value: float


@dataclass(frozen=True)
class Result:
    """An indicator as of a day. `asked` is how many could count (the denominator); `outside` are those who do not."""

    indicator: Indicator
    as_of: datetime.date
    unit: Unit
    figure: Figure
    asked: int
    outside: int
    breakdowns: Mapping[Breakdown, tuple[Row, ...]]
    missing: int  # how many could count and do not
    before: float | None = None  # of a gain: the mean of what `value` is the difference to
    listed: Listing | None = None

    @property
    def reached(self) -> float | None:
        """The one number that is compared with baseline and targets."""
        if self.unit in ("score", "points"):
            return self.figure.value
        return self.figure.participations if self.unit == "questions" else self.figure.persons

    @property
    def goal(self) -> Goal | None:
        """The target that is due next, or the last one."""
        targets = self.indicator.targets
        due = [target for target in targets if target.by >= self.as_of] or targets[-1:]
        return Goal(due[0].by, due[0].value) if due else None

    @property
    def progress(self) -> float | None:
        """How much of the way from the baseline to the goal is gone, from 0 upwards; None without goal or figure."""
        if self.goal is None or self.reached is None or self.goal.value == self.indicator.baseline:
            return None
        way = self.goal.value - self.indicator.baseline
        return max(0.0, (self.reached - self.indicator.baseline) / way)

    def series(self) -> tuple[tuple[str, int], ...]:
        """The figure at the end of each quarter, of those who count today; of means there is none.

        Quarters whose figure would give away a hidden one are left out.
        """
        if self.unit in ("score", "points") or self.reached is None:
            return ()
        rows = [
            (row.key, None if row.figure is None else self._times(row.figure))
            for row in self.breakdowns.get("quarter", ())
        ]
        first_hidden = next((index for index, (_, n) in enumerate(rows) if n is None), len(rows))
        last_hidden = max((index for index, (_, n) in enumerate(rows) if n is None), default=-1)
        found = []
        for index, (key, _) in enumerate(rows):
            if index < first_hidden:
                found.append((key, sum(n or 0 for _, n in rows[: index + 1])))
            elif index >= last_hidden:
                found.append((key, int(self.reached) - sum(n or 0 for _, n in rows[index + 1 :])))
        return tuple(found)

    def _times(self, figure: Figure) -> int:
        return figure.participations if self.unit == "questions" else figure.persons


def results(
    programme: Programme, observed: Observed, as_of: datetime.date, *, listed: Collection[str] = ()
) -> tuple[Result, ...]:
    """Every indicator of a programme as of a day, in the order of the file; see `result` for those that are listed."""
    return tuple(
        result(programme, indicator, observed, as_of, listed=indicator.id in listed)
        for indicator in programme.indicators
    )


def result(
    programme: Programme,
    indicator: Indicator,
    observed: Observed,
    as_of: datetime.date,
    *,
    listed: bool = False,
) -> Result:
    """One indicator as of the end of a day of the programme's calendar, with `listed` also who counts and who does not."""
    count = indicator.count
    unit = unit_of(count, observed)
    everything, before = counting(programme, count, observed, as_of, listed=listed)
    here = here_of(everything, before, observed)
    outside = len(everything.of_each()[0]) - len(here.who)
    able = could_count(count, observed, as_of, unit)
    could = flags(able, len(observed.learned.holders))
    could[here.who] = True
    of_institutions = unit == "institutions" or is_of_institutions(count, observed)
    wanted = [one for one in indicator.by if not of_institutions or one in _OF_INSTITUTIONS]
    by = list(dict.fromkeys(wanted))
    found = {one: broken_down(programme, one, here, observed, as_of, unit) for one in by}
    shown: dict[Breakdown, tuple[Row, ...]]
    if of_institutions:
        shown = {one: tuple(Row(key, figure) for key, (figure, _) in found[one].items()) for one in by}
    else:
        shown = _without_small(by, found, observed)
    asked = int(np.count_nonzero(could))
    return Result(
        indicator,
        as_of,
        unit,
        _of_few(_figure(here, unit), unit, is_of_persons=not of_institutions),
        asked,
        outside,
        shown,
        asked - len(here.who),
        None if here.before is None or not len(here.who) else fsum(here.before.tolist()) / len(here.who),
        _listing(here, could, observed) if listed else None,
    )


def _listing(here: Here, could: Flags, observed: Observed) -> Listing:
    """Who counts with all that counts of them, and who could and does not."""
    name = observed.learned.holders.texts
    could[here.who] = False
    missing = tuple(sorted(name[number] for number in np.flatnonzero(could)))
    by_holder = np.argsort(here.columns.holder, kind="stable")
    ends = np.searchsorted(here.columns.holder[by_holder], here.who, side="right")
    counted, start = [], 0
    for place, end in enumerate(ends.tolist()):
        rows = by_holder[start:end]
        theirs = tuple(here.columns.made(int(row)) for row in here.columns.row[rows])
        value = float(here.values[place])
        before = None if here.before is None else float(here.before[here.first[place]])
        counted.append(
            Counted(name[here.who[place]], theirs[0], theirs, None if np.isnan(value) else value, before)
        )
        start = end
    return Listing(tuple(sorted(counted, key=lambda one: one.holder)), missing)


# --- figures and breakdowns -------------------------------------------------------------------


def _figure(here: Here, unit: Unit) -> Figure:
    if unit in ("score", "points"):
        return _mean(here.values)
    return Figure(len(here.who), len(here.columns))


def _mean(values: Floats) -> Figure:
    mean = mean_interval(values[~np.isnan(values)].tolist())
    if mean is None:
        return Figure(0, 0)
    return Figure(len(values), len(values), mean.mean, mean.low, mean.high)


def _of_few(figure: Figure, unit: Unit, *, is_of_persons: bool) -> Figure:
    """A mean of one to four persons would tell of each of them: only their number is told."""
    if is_of_persons and unit in ("score", "points") and 0 < figure.persons < SMALL:
        return Figure(figure.persons, figure.participations)
    return figure


def quarter_of(day: datetime.date) -> str:
    """The quarter of a day, as in 2026-Q1."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _quarters(days: Ints) -> Ints:
    """The quarters of days, from that in which 1970 began."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // 3


def _keys(
    programme: Programme, by: Breakdown, here: Here, observed: Observed, as_of: datetime.date
) -> tuple[list[str], Ints]:
    """The lines of a breakdown, also those of which there is none, and which of them each row counts in.

    There are all institutions, and all quarters so far.
    """
    columns = here.columns
    if by == "institution":
        return list(observed.institutions), columns.place
    if by == "region":
        regions = Numbers(sorted(observed.institutions.values()))
        region_of = np.array([regions.of(one) for one in observed.institutions.values()], dtype=np.int64)
        return regions.texts, region_of[columns.place]
    if by == "quarter":
        quarters = _quarters(columns.on)
        dates = programme.dates
        known = _quarters(np.array([day_number(dates.from_), day_number(min(as_of, dates.until))]))
        start = int(min(known[0], quarters.min(initial=known[0])))
        end = int(max(known[1], quarters.max(initial=known[1])))
        names = [f"{1970 + one // 4}-Q{one % 4 + 1}" for one in range(start, end + 1)]
        return names, quarters - start
    people = observed.people
    codes, texts = (people.gender, people.genders) if by == "gender" else (people.language, people.languages)
    usual = GENDERS if by == "gender" else programme.languages
    keys = Numbers([*usual, *sorted({*texts.texts} - {*usual, ""}), ""])
    key_of = np.array([keys.of(one) for one in texts.texts], dtype=np.int64)
    found = np.full(len(columns), keys.of(""), dtype=np.int64)
    known_ones = columns.holder < len(codes)
    found[known_ones] = key_of[codes[columns.holder[known_ones]]]
    return keys.texts, found


def broken_down(
    programme: Programme, by: Breakdown, here: Here, observed: Observed, as_of: datetime.date, unit: Unit
) -> dict[str, tuple[Figure, Cell]]:
    """The figures of a breakdown by key, before small cells are hidden, with what decides whether they are."""
    names, keys = _keys(programme, by, here, observed, as_of)
    of_first = keys[here.first]
    persons = np.bincount(of_first, minlength=len(names))
    times = np.bincount(keys, minlength=len(names))
    first_key = np.zeros(int(here.who.max(initial=0)) + 1, dtype=np.int64)
    first_key[here.who] = of_first
    holder = here.columns.holder
    other = keys != first_key[holder]  # few are in more lines than that of their first
    also = np.unique(holder[other] * len(names) + keys[other])
    heads = persons + np.bincount(also % max(len(names), 1), minlength=len(names))
    found = {}
    for number, name in enumerate(names):
        if unit in ("score", "points"):
            figure = _mean(here.values[of_first == number])
        else:
            figure = Figure(int(persons[number]), int(times[number]))
        found[name] = figure, Cell(figure.persons, int(heads[number]))
    return found


def _without_small(
    by: Sequence[Breakdown],
    found: Mapping[Breakdown, Mapping[str, tuple[Figure, Cell]]],
    observed: Observed,
) -> dict[Breakdown, tuple[Row, ...]]:
    cells = {one: {key: cell for key, (_, cell) in found[one].items()} for one in by}
    gone: dict[Breakdown, frozenset[str]] = {one: hidden(cells[one]) for one in by}
    if "institution" in gone and "region" in gone:
        regions: dict[str, dict[str, Cell]] = {key: {} for key in cells["region"]}
        for code, cell in cells["institution"].items():
            regions.setdefault(observed.institutions.get(code, ""), {})[code] = cell
        gone["region"], gone["institution"] = hidden_nested(regions, cells["region"])
    return {
        one: tuple(Row(key, None if key in gone[one] else figure) for key, (figure, _) in found[one].items())
        for one in by
    }
