"""What people have learned between two tests, with intervals of 95 %. Pure: the same marks give the same figures.

Paired: only who took both counts, each with the percentage of the attempt that counts. The mean gain has Student's interval
for paired samples. Hake's normalised gain is that of the group, (post - pre) / (100 - pre) of the mean percentages (R. R.
Hake, "Interactive-engagement versus traditional methods", American Journal of Physics 66, 1998); its interval is the
percentile bootstrap over persons (B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13), 10,000
resamples from a generator with a fixed seed, because a quotient of two correlated means has no simple exact interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from programmes.mean_interval import mean_interval

RESAMPLES = 10_000
_SEED = 19980101
_AT_ONCE = 1_000_000  # values drawn at once, so that memory stays small
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Gain:
    """Both means in percent, their difference in percentage points, and the normalised gain (1: all that was missing).

    The intervals are None for fewer than two persons; the normalised gain where the first mean is 100.
    """

    n: int
    before: float
    after: float
    points: float
    points_interval: tuple[float, float] | None
    normalised: float | None
    normalised_interval: tuple[float, float] | None


def gain(before: Mapping[str, float], after: Mapping[str, float]) -> Gain | None:
    """The gain of those who are in both, by person and percentage; None where nobody is."""
    both = sorted(before.keys() & after.keys())
    if not both:
        return None
    pre = np.array([before[person] for person in both], dtype=np.float64)
    post = np.array([after[person] for person in both], dtype=np.float64)
    interval = mean_interval([float(one) for one in post - pre])
    assert interval is not None
    points = None if interval.low is None or interval.high is None else (interval.low, interval.high)
    first, second = float(pre.mean()), float(post.mean())
    normalised = (second - first) / (100 - first) if first < 100 else None
    return Gain(
        len(both),
        first,
        second,
        interval.mean,
        points,
        normalised,
        None if normalised is None else _bootstrap(pre, post),
    )


def _bootstrap(pre: np.ndarray, post: np.ndarray) -> tuple[float, float] | None:
    """The percentiles of the normalised gain of resampled groups; groups whose first mean is 100 have none."""
    n = len(pre)
    if n < 2:
        return None
    draw = np.random.default_rng(_SEED)
    found = []
    block = max(1, _AT_ONCE // n)
    for start in range(0, RESAMPLES, block):
        chosen = draw.integers(0, n, size=(min(block, RESAMPLES - start), n))
        first, second = pre[chosen].mean(axis=1), post[chosen].mean(axis=1)
        room = 100 - first
        found.append((second - first)[room > 0] / room[room > 0])
    low, high = np.percentile(np.concatenate(found), [_LOW, _HIGH])
    return float(low), float(high)
