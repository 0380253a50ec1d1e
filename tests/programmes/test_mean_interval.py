"""The interval is Student's: against the quantiles of printed tables, and of a sample worked out by hand."""

from __future__ import annotations

import pytest

from programmes.mean_interval import mean_interval, of_many, quantile


@pytest.mark.parametrize(
    ("freedom", "t"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (10, 2.228), (29, 2.045), (120, 1.980)],
)
def test_the_quantiles_are_those_of_the_tables(freedom: int, t: float) -> None:
    assert quantile(freedom) == pytest.approx(t, abs=0.0005)


@pytest.mark.parametrize("freedom", [500, 999, 1000])
def test_of_many_the_quantile_is_the_same(freedom: int) -> None:
    assert of_many(freedom) == pytest.approx(quantile(freedom), rel=1e-12)
    assert quantile(1_000_000) == pytest.approx(1.959966, abs=1e-6)


def test_the_interval_of_a_sample() -> None:
    # Mean 20, standard deviation 7.9057, n 5: 20 ± 2.776 × 7.9057 / √5.
    found = mean_interval([10, 15, 20, 25, 30])
    assert found is not None
    assert (found.n, found.mean) == (5, 20)
    assert (found.low, found.high) == (pytest.approx(10.184, abs=0.001), pytest.approx(29.816, abs=0.001))


def test_one_value_has_no_interval_and_none_no_mean() -> None:
    one = mean_interval([42])
    assert one is not None
    assert (one.mean, one.low) == (42, None)
    assert mean_interval([]) is None
