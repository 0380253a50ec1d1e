"""The figures of which a programme gives account: how many, by what they are broken down, and what is not shown. Pure.

Two figures always: persons, each once, and participations, each time. A person counts in the institution, region and
quarter of the day on which they first counted, so that a breakdown adds up to the whole; a participation counts where
and when it happened. What happened outside the programme's institutions is told apart and counts nowhere.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from programmes.mean_interval import MeanInterval, mean_interval
from programmes.milestones import paths
from programmes.observations import Observation, Observed, Person, holder_of
from programmes.programme import Breakdown, Count, Indicator, Programme
from programmes.suppression import SMALL, Cell, hidden, hidden_nested

Unit = Literal["persons", "institutions", "questions", "score", "points"]
"""What the figure is: heads, institutions, answered questions, a mean from 0 to 100, percentage points."""

GENDERS = ("female", "male", "other", "undisclosed", "")
"""As in people/participants.csv; "" where nothing was written."""


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
    counted: tuple[Counted, ...]
    missing: tuple[str, ...]  # the holders who could count and do not

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


def results(programme: Programme, observed: Observed, as_of: datetime.date) -> tuple[Result, ...]:
    """Every indicator of a programme as of a day, in the order of the file."""
    return tuple(result(programme, indicator, observed, as_of) for indicator in programme.indicators)


def result(programme: Programme, indicator: Indicator, observed: Observed, as_of: datetime.date) -> Result:
    """One indicator as of the end of a day of the programme's calendar."""
    unit = unit_of(indicator.count, observed)
    everybody = list(_counted(programme, indicator.count, observed, as_of))
    here = tuple(one for one in everybody if one.first.institution in observed.institutions)
    outside = {one.holder for one in everybody} - {one.holder for one in here}
    could = _could_count(indicator.count, observed, as_of, unit) | {one.holder for one in here}
    shown: dict[Breakdown, tuple[Row, ...]] = {}
    of_institutions = unit == "institutions" or _is_of_institutions(indicator.count, observed)
    if of_institutions:
        wanted: tuple[Breakdown, ...] = ("institution", "region", "quarter")
        by = tuple(dict.fromkeys(one for one in indicator.by if one in wanted))
        for one in by:
            shown[one] = tuple(
                Row(key, figure)
                for key, figure in broken_down(programme, one, here, observed, as_of, unit).items()
            )
    else:
        shown = _without_small(programme, indicator.by, here, observed, as_of, unit)
    return Result(
        indicator,
        as_of,
        unit,
        _of_few(_figure(here, unit), unit, is_of_persons=not of_institutions),
        len(could),
        len(outside),
        shown,
        here,
        tuple(sorted(could - {one.holder for one in here})),
    )


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


def _is_of_institutions(count: Count, observed: Observed) -> bool:
    return count.score in observed.institution_questionnaires


# --- who counts -------------------------------------------------------------------------------


def _counted(
    programme: Programme, count: Count, observed: Observed, as_of: datetime.date
) -> Iterator[Counted]:
    if count.gain is not None:
        yield from _gained(count.gain.pre, count.gain.post, observed, as_of)
        return
    counting = [one for one in _counting(programme, count, observed) if one.holds_on(as_of)]
    if count.milestone is not None:
        for code, steps in sorted(paths(programme, observed, as_of).items()):
            for step in steps:
                if step.milestone == count.milestone and step.on is not None:
                    source = "; ".join(step.sources)
                    holder = holder_of(code)
                    reached = Observation("milestone", step.milestone, holder, step.on, code, source, 1)
                    yield Counted(holder, reached, (reached,))
        return
    inside = observed.institutions
    found: dict[str, dict[str, Observation]] = defaultdict(dict)
    for one in counting:
        found[one.holder].setdefault(one.source, one)
    for holder in sorted(found):
        everything = tuple(found[holder].values())
        # Who was elsewhere first and came to the programme later counts from the day on which they were here.
        ours = tuple(one for one in everything if one.institution in inside) or everything
        yield Counted(holder, ours[0], ours, ours[-1].value)


def _counting(programme: Programme, count: Count, observed: Observed) -> Iterator[Observation]:
    """What counts once for each source, in order."""
    if count.completed is not None:
        return observed.of("completed", [count.completed])
    if count.attended is not None:
        wanted = [one.id for one in programme.sessions if {one.id, one.kind} & set(count.attended)]
        return observed.of("attended", wanted)
    if count.certified is not None:
        return observed.of("certified", [count.certified])
    if count.passed is not None:
        return _passed(count.passed, observed)
    if count.score is not None:
        return (one for one in observed.of("filled", [count.score]) if one.value is not None)
    if count.answered is not None:
        return (one for one in observed.observations if one.what == "answered")
    return iter(())


def _passed(quiz: str, observed: Observed) -> Iterator[Observation]:
    """Attempts with the pass mark; for those without one, that Moodle says so."""
    mark = observed.pass_marks.get(quiz)
    by_attempt = [
        one for one in observed.of("tried", [quiz]) if mark is not None and (one.value or 0) >= mark
    ]
    known = {one.holder for one in by_attempt}
    told = [one for one in observed.of("passed", [quiz]) if one.holder not in known]
    return iter(sorted([*by_attempt, *told], key=lambda one: (one.on, one.source)))


def _gained(pre: str, post: str, observed: Observed, as_of: datetime.date) -> Iterator[Counted]:
    """Of those with both: the last attempt at the one less the first at the other; they count on the day of the last."""
    first: dict[str, Observation] = {}
    last: dict[str, Observation] = {}
    for one in observed.of("tried", [pre]):
        if one.on <= as_of and one.value is not None:
            first.setdefault(one.holder, one)
    for one in observed.of("tried", [post]):
        if one.on <= as_of and one.value is not None:
            last[one.holder] = one
    for holder in sorted(first.keys() & last.keys()):
        begin, end = first[holder], last[holder]
        assert begin.value is not None
        assert end.value is not None
        yield Counted(holder, end, (end,), end.value - begin.value, begin.value)


def _could_count(count: Count, observed: Observed, as_of: datetime.date, unit: Unit) -> set[str]:
    """Whom the denominator holds: who tried, took one of the two tests, or belongs to an institution on the day."""
    if unit == "institutions" or _is_of_institutions(count, observed):
        return {holder_of(code) for code in observed.institutions}
    tried = [count.passed] if count.passed is not None else []
    if count.gain is not None:
        tried = [count.gain.pre, count.gain.post]
    if tried:
        return {
            one.holder
            for what in ("tried", "passed")
            for one in observed.of(what, tried)
            if one.on <= as_of and one.institution in observed.institutions
        }
    return {
        holder for holder, person in observed.persons.items() if person.institution in observed.institutions
    }


# --- figures and breakdowns -------------------------------------------------------------------


def _figure(counted: Sequence[Counted], unit: Unit) -> Figure:
    persons = len(counted)
    if unit in ("score", "points"):
        mean: MeanInterval | None = mean_interval([one.value for one in counted if one.value is not None])
        if mean is None:
            return Figure(0, 0)
        return Figure(persons, persons, mean.mean, mean.low, mean.high)
    return Figure(persons, sum(len(one.observations) for one in counted))


def _of_few(figure: Figure, unit: Unit, *, is_of_persons: bool) -> Figure:
    """A mean of one to four persons would tell of each of them: only their number is told."""
    if is_of_persons and unit in ("score", "points") and 0 < figure.persons < SMALL:
        return Figure(figure.persons, figure.participations)
    return figure


def keys_of(
    programme: Programme,
    by: Breakdown,
    observed: Observed,
    as_of: datetime.date,
    counted: Iterable[Counted] = (),
) -> tuple[str, ...]:
    """The lines of a breakdown, also those of which there is none: all institutions, all quarters so far."""
    if by == "institution":
        return tuple(observed.institutions)
    if by == "region":
        return tuple(dict.fromkeys(sorted(observed.institutions.values())))
    if by == "gender":
        return GENDERS
    if by == "language":
        there = {person.language for person in observed.persons.values()} - {""}
        return (*programme.languages, *sorted(there - set(programme.languages)), "")
    days = [one.on for each in counted for one in each.observations if one.on <= as_of]
    start = min([programme.dates.from_, *days])
    end = max([min(as_of, programme.dates.until), *days])
    return tuple(_quarters(start, end))


def quarter_of(day: datetime.date) -> str:
    """The quarter of a day, as in 2026-Q1."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _quarters(start: datetime.date, end: datetime.date) -> Iterator[str]:
    year, number = start.year, (start.month + 2) // 3
    while (year, number) <= (end.year, (end.month + 2) // 3):
        yield f"{year}-Q{number}"
        year, number = (year, number + 1) if number < 4 else (year + 1, 1)


def _key_by(by: Breakdown, observed: Observed) -> Callable[[str, Observation], str]:
    """In which line of a breakdown something that a holder did counts."""
    if by == "institution":
        return lambda _, one: one.institution
    if by == "region":
        region_of = observed.institutions
        return lambda _, one: region_of.get(one.institution, "")
    if by == "quarter":
        quarters: dict[datetime.date, str] = {}  # of few days many times

        def quarter(_: str, one: Observation) -> str:
            known = quarters.get(one.on)
            if known is None:
                known = quarters[one.on] = quarter_of(one.on)
            return known

        return quarter
    nobody, persons = Person(), observed.persons
    if by == "gender":
        return lambda holder, _: persons.get(holder, nobody).gender
    return lambda holder, _: persons.get(holder, nobody).language


def broken_down(
    programme: Programme,
    by: Breakdown,
    counted: Sequence[Counted],
    observed: Observed,
    as_of: datetime.date,
    unit: Unit,
) -> dict[str, Figure]:
    """The figures of a breakdown by key, before small cells are hidden."""
    keys = keys_of(programme, by, observed, as_of, counted)
    persons: dict[str, list[Counted]] = {key: [] for key in keys}
    times: dict[str, int] = dict.fromkeys(keys, 0)
    key_of = _key_by(by, observed)
    for one in counted:
        persons.setdefault(key_of(one.holder, one.first), []).append(one)
        for each in one.observations:
            key = key_of(one.holder, each)
            times[key] = times.get(key, 0) + 1
    found = {}
    for key, group in persons.items():
        figure = _figure(group, unit)
        mean = unit in ("score", "points")
        found[key] = figure if mean else replace(figure, participations=times.get(key, 0))
    return found


def _cells(
    figures: Mapping[str, Figure], by: Breakdown, counted: Sequence[Counted], observed: Observed
) -> dict[str, Cell]:
    heads: dict[str, set[str]] = defaultdict(set)
    key_of = _key_by(by, observed)
    for one in counted:
        for each in one.observations:  # the first of which is `first`
            heads[key_of(one.holder, each)].add(one.holder)
    return {key: Cell(figure.persons, len(heads[key])) for key, figure in figures.items()}


def _without_small(
    programme: Programme,
    by: Sequence[Breakdown],
    counted: Sequence[Counted],
    observed: Observed,
    as_of: datetime.date,
    unit: Unit,
) -> dict[Breakdown, tuple[Row, ...]]:
    figures = {one: broken_down(programme, one, counted, observed, as_of, unit) for one in by}
    cells = {one: _cells(figures[one], one, counted, observed) for one in by}
    gone: dict[Breakdown, frozenset[str]] = {one: hidden(cells[one]) for one in by}
    if "institution" in gone and "region" in gone:
        regions: dict[str, dict[str, Cell]] = {key: {} for key in cells["region"]}
        for code, cell in cells["institution"].items():
            regions.setdefault(observed.institutions.get(code, ""), {})[code] = cell
        gone["region"], gone["institution"] = hidden_nested(regions, cells["region"])
    return {
        one: tuple(Row(key, None if key in gone[one] else figure) for key, figure in figures[one].items())
        for one in by
    }
