"""Figures of a quiz and its questions as Moodle computes them, to the last digit that it stores. Pure.

Every formula is that of Moodle 4.5's own code: of questions in question/classes/statistics/questions/calculator.php, of
the quiz in mod/quiz/report/statistics/classes/calculator.php; both follow "Quiz item analysis calculations in practise"
of the developers' documentation. Moodle stores them in the tables question_statistics and quiz_statistics.

What goes in is the last state of every question of the attempts that count (see `quizzes.attempts_that_count`): one
`Mark` each. Marks are points, not shares; None is a question that was not answered or not marked, which counts as 0.
The one thing that is not Moodle's: what is 0 in exact numbers is 0 here, and may be rounding noise there, which then is a
figure: a variance where all marks are equal, a covariance of marks that have nothing to do with each other.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_NOISE = 1e-9  # marks have seven decimals: what differs by less is equal
_NOISE_OF_PRODUCTS = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mark:
    """The outcome of one question in one attempt: `mark` of at most `maxmark` points; `slot` is its position."""

    attempt: Hashable
    slot: int
    question: str
    mark: float | None
    maxmark: float
    variant: int = 1


@dataclass(frozen=True)
class Position:
    """A slot of the quiz: its points, and whether its question was drawn at random."""

    slot: int
    maxmark: float
    random: bool = False


@dataclass(frozen=True)
class ItemFigures:
    """The figures of a position, or of one question that was drawn at random. None where there is no such figure.

    `facility` is a share (0..1), the weights, `discrimination_index` and `discriminative_efficiency` are percent,
    `sd` is in points. `negative_covariance`: who did well in this question did badly in the whole quiz.
    """

    n: int
    maxmark: float
    facility: float | None = None
    sd: float | None = None
    intended_weight: float | None = None
    effective_weight: float | None = None
    discrimination_index: float | None = None
    discriminative_efficiency: float | None = None
    negative_covariance: bool = False


@dataclass(frozen=True)
class QuizFigures:
    """The figures of the whole quiz over the attempts that count; marks are points.

    `cic`, the coefficient of internal consistency (Cronbach's alpha), `error_ratio` are percent; `standard_error` is in
    points. None where there are too few attempts for a figure.
    """

    n: int
    mean: float | None = None
    median: float | None = None
    sd: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    cic: float | None = None
    error_ratio: float | None = None
    standard_error: float | None = None


@dataclass(frozen=True)
class Statistics:
    """Everything that Moodle's statistics report says in numbers.

    `positions` by slot, `drawn` by the question that was drawn, `variants` by (question or slot, variant) where a
    question was seen in more than one.
    """

    quiz: QuizFigures
    positions: Mapping[int, ItemFigures]
    drawn: Mapping[str, ItemFigures]
    variants: Mapping[tuple[int | str, int], ItemFigures] = field(default_factory=dict)


@dataclass(frozen=True)
class _Sample:
    """The marks of one item and what they are compared with: the other marks, and the whole mark, of the attempt."""

    x: Floats
    other: Floats
    total: Floats
    maxmark: float


@dataclass(frozen=True)
class _Moments:
    variance: float | None
    with_total: float | None
    figures: ItemFigures


def statistics(positions: Sequence[Position], marks: Iterable[Mark], totals: Sequence[float]) -> Statistics:
    """The figures of a quiz from its positions, the marks in them, and the stored marks of the whole attempts.

    `totals` are the attempts' own sums as Moodle stores them (five decimals); the figures of questions use the sums of
    their marks instead, as Moodle does. Marks in slots that are no position are left out.
    """
    known = {position.slot for position in positions}
    kept = [mark for mark in marks if mark.slot in known]
    sums: dict[Hashable, float] = {}
    for mark in kept:
        sums[mark.attempt] = sums.get(mark.attempt, 0.0) + (mark.mark or 0.0)
    by_slot: dict[int, list[Mark]] = {position.slot: [] for position in positions}
    by_question: dict[str, list[Mark]] = {}
    random = {position.slot for position in positions if position.random}
    for mark in kept:
        by_slot[mark.slot].append(mark)
        if mark.slot in random:
            by_question.setdefault(mark.question, []).append(mark)
    of_slots = {
        position.slot: moments(_sample(by_slot[position.slot], sums, position.maxmark, whole=False))
        for position in positions
    }
    drawn = {
        question: moments(_sample(its, sums, its[0].maxmark, whole=True)).figures
        for question, its in by_question.items()
    }
    variances = [one.variance for one in of_slots.values() if one.variance is not None]
    return Statistics(
        quiz_figures(totals, len(positions), math.fsum(variances)),
        _with_weights(positions, of_slots),
        drawn,
        _variants(by_slot, by_question, sums, positions),
    )


def _sample(marks: Sequence[Mark], sums: Mapping[Hashable, float], maxmark: float, *, whole: bool) -> _Sample:
    x = np.array([mark.mark or 0.0 for mark in marks], dtype=np.float64)
    total = np.array([sums[mark.attempt] for mark in marks], dtype=np.float64)
    # A question that was drawn is compared with the whole mark, its own included; a position with the rest.
    return _Sample(x, total if whole else total - x, total, maxmark)


def moments(sample: _Sample) -> _Moments:
    """Variance, covariance with the whole mark, and the figures of one item without its weights."""
    x, other = sample.x, sample.other
    n = len(x)
    share = facility(x, sample.maxmark)
    if n < 2:
        return _Moments(None, None, ItemFigures(n, sample.maxmark, share))
    variance = covariance(x, x)
    with_other = covariance(x, other)
    best = covariance(np.sort(x), np.sort(other))
    with_total = covariance(x, sample.total)
    product = variance * covariance(other, other)
    return _Moments(
        variance,
        with_total,
        ItemFigures(
            n,
            sample.maxmark,
            share,
            math.sqrt(variance),
            discrimination_index=100 * with_other / math.sqrt(product) if product else None,
            discriminative_efficiency=100 * with_other / best if best else None,
            negative_covariance=with_total < 0,
        ),
    )


def facility(x: Floats, maxmark: float) -> float | None:
    """The mean mark by the highest possible one: initial_question_walker(). None where nothing can be earned."""
    if not maxmark:
        return None
    return float(np.mean(x)) / maxmark if len(x) else 0.0


def covariance(x: Floats, y: Floats) -> float:
    """Sum of (x - mean)(y - mean) by n - 1: secondary_steps_walker(), secondary_question_walker(). At least two values."""
    if np.ptp(x) < _NOISE or np.ptp(y) < _NOISE:
        return 0.0
    a, b = x - np.mean(x), y - np.mean(y)
    products = float(np.dot(a, b))
    if abs(products) < _NOISE_OF_PRODUCTS * math.sqrt(float(np.dot(a, a)) * float(np.dot(b, b))):
        return 0.0
    return products / (len(x) - 1)


def _with_weights(positions: Sequence[Position], of_slots: Mapping[int, _Moments]) -> dict[int, ItemFigures]:
    """Adds the weights: intended by points, effective by the root of the covariance with the whole mark.

    calculate(): 100 · √cov(x, T) / Σ √cov(x, T) over the positions where it is not negative; none where it is.
    """
    points = math.fsum(position.maxmark for position in positions)
    roots = {
        slot: math.sqrt(one.with_total)
        for slot, one in of_slots.items()
        if one.with_total is not None and one.with_total >= 0
    }
    together = math.fsum(roots.values())
    found = {}
    for position in positions:
        plain = of_slots[position.slot].figures
        root = roots.get(position.slot)
        if root is None and not plain.negative_covariance:
            root = 0.0  # fewer than two attempts: PHP takes the root of nothing for nought
        found[position.slot] = ItemFigures(
            plain.n,
            plain.maxmark,
            plain.facility,
            plain.sd,
            100 * position.maxmark / points if points else None,
            100 * root / together if root is not None and together else None,
            plain.discrimination_index,
            plain.discriminative_efficiency,
            plain.negative_covariance,
        )
    return found


def _variants(
    by_slot: Mapping[int, Sequence[Mark]],
    by_question: Mapping[str, Sequence[Mark]],
    sums: Mapping[Hashable, float],
    positions: Sequence[Position],
) -> dict[tuple[int | str, int], ItemFigures]:
    """get_variants(): broken down only where a question was seen in more than the first variant."""
    random = {position.slot for position in positions if position.random}
    groups: list[tuple[int | str, Sequence[Mark], bool]] = [
        *((slot, its, False) for slot, its in by_slot.items() if slot not in random),
        *((question, its, True) for question, its in by_question.items()),
    ]
    found: dict[tuple[int | str, int], ItemFigures] = {}
    for name, its, whole in groups:
        seen = sorted({mark.variant for mark in its})
        if seen in ([], [1]):
            continue
        for variant in seen:
            chosen = [mark for mark in its if mark.variant == variant]
            found[name, variant] = moments(_sample(chosen, sums, its[0].maxmark, whole=whole)).figures
    return found


def quiz_figures(totals: Sequence[float], positions: int, sum_of_variances: float) -> QuizFigures:
    """The figures of the whole quiz: calculate() of the quiz's calculator.

    Skewness is k3 / k2^1.5, kurtosis k4 / k2², by the k-statistics of the attempts' marks; CIC is
    100 · p/(p-1) · (1 - Σ Var(x) / k2) over p positions, which can be negative; the error ratio 100 · √(1 - CIC/100).
    """
    n = len(totals)
    if not n:
        return QuizFigures(0)
    marks = np.array(totals, dtype=np.float64)
    mean, median = float(np.mean(marks)), float(np.median(marks))
    if n < 2:
        return QuizFigures(n, mean, median)
    apart = marks - mean if np.ptp(marks) >= _NOISE else np.zeros(n)
    m2, m3, m4 = (float(np.sum(apart**power)) / n for power in (2, 3, 4))
    sd = math.sqrt(m2 * n / (n - 1))
    if n < 3:
        return QuizFigures(n, mean, median, sd)
    k2 = n * m2 / (n - 1)
    if not k2:
        return QuizFigures(n, mean, median, sd)
    k3 = n * n * m3 / ((n - 1) * (n - 2))
    kurtosis = None
    if n > 3:
        k4 = n * n * ((n + 1) * m4 - 3 * (n - 1) * m2 * m2) / ((n - 1) * (n - 2) * (n - 3))
        kurtosis = k4 / (k2 * k2)
    cic = ratio = error = None
    if positions > 1:
        cic = 100 * positions / (positions - 1) * (1 - sum_of_variances / k2)
        ratio = 100 * math.sqrt(1 - cic / 100)
        error = ratio * sd / 100
    return QuizFigures(n, mean, median, sd, k3 / k2**1.5, kurtosis, cic, ratio, error)
