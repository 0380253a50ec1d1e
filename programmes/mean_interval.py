"""The mean of a sample and its 95 % confidence interval by Student's t. Pure, and the same on every machine.

Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4, give the two-sided probability of t for
whole degrees of freedom in closed form, which saves a library of statistics for one number. It has half as many terms
as there are degrees of freedom: of many, 26.7.5 gives t itself in five, with the same twelve digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

CONFIDENCE = 0.95
_MANY = 1000  # degrees of freedom


@dataclass(frozen=True)
class MeanInterval:
    """A mean over `n`; `low` and `high` are None where there are fewer than two."""

    n: int
    mean: float
    low: float | None = None
    high: float | None = None


def mean_interval(values: Sequence[float]) -> MeanInterval | None:
    """The mean of values with its interval; None where there are none."""
    n = len(values)
    if n == 0:
        return None
    mean = math.fsum(values) / n
    if n == 1:
        return MeanInterval(n, mean)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = quantile(n - 1) * deviation / math.sqrt(n)
    return MeanInterval(n, mean, mean - half, mean + half)


@cache
def quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The t within which, on either side of 0, the given share lies, for whole degrees of freedom."""
    if freedom > _MANY:
        return of_many(freedom, confidence)
    low, high = 0.0, 1.0
    while _within(high, freedom) < confidence:
        high *= 2
    while low < (middle := (low + high) / 2) < high:  # until there is no number between them
        if _within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return high


def of_many(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The same from the normal distribution's, for many degrees of freedom."""
    x = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def _within(t: float, freedom: int) -> float:
    """The probability of lying between -t and t."""
    angle = math.atan(t / math.sqrt(freedom))
    square = math.cos(angle) ** 2
    if freedom % 2:
        total, term = 0.0, math.cos(angle)
        for k in range(1, freedom // 2 + 1):
            total += term
            term *= square * 2 * k / (2 * k + 1)
        return 2 / math.pi * (angle + math.sin(angle) * total)
    total, term = 0.0, 1.0
    for k in range(1, freedom // 2 + 1):
        total += term
        term *= square * (2 * k - 1) / (2 * k)
    return math.sin(angle) * total
