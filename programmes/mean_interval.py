"""The mean of a sample and its 95 % confidence interval by Student's t. Pure, and the same on every machine.

Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4, give the two-sided probability of t for
whole degrees of freedom in closed form, which saves a library of statistics for one number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

CONFIDENCE = 0.95


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
    low, high = 0.0, 1.0
    while _within(high, freedom) < confidence:
        high *= 2
    while low < (middle := (low + high) / 2) < high:  # until there is no number between them
        if _within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return high


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
