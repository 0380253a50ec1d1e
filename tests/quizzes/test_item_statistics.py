"""Figures of questions and quizzes: by hand, by a slow reference in exact fractions, and by what a real Moodle stored."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizzes.item_analysis import in_words
from quizzes.item_statistics import (
    ItemFigures,
    Mark,
    Position,
    QuizFigures,
    Statistics,
    quiz_figures,
    statistics,
)

# --- by hand ---------------------------------------------------------------------------------------------


def table(rows: list[list[float | None]], points: list[float]) -> Statistics:
    """Statistics of a quiz whose attempts are the rows."""
    positions = [Position(slot, most) for slot, most in enumerate(points, 1)]
    marks = [
        Mark(attempt, slot, f"q{slot}", mark, points[slot - 1])
        for attempt, row in enumerate(rows)
        for slot, mark in enumerate(row, 1)
    ]
    return statistics(positions, marks, [sum(mark or 0 for mark in row) for row in rows])


def test_a_small_table_reckoned_by_hand() -> None:
    # Three attempts at two questions of one point: marks (1, 1), (1, 0), (0, 0).
    found = table([[1, 1], [1, 0], [0, 0]], [1, 1])
    first = found.positions[1]
    assert first.facility == pytest.approx(2 / 3)
    assert first.sd == pytest.approx(math.sqrt(1 / 3))
    # Σ(x-x̄)(y-ȳ) = 1/3·2/3 - 1/3·1/3 + 2/3·1/3 = 1/3, by 2; both variances are 1/3.
    assert first.discrimination_index == pytest.approx(100 * (1 / 6) / (1 / 3))
    # Sorted, x = (0, 1, 1) and y = (0, 0, 1): the same covariance is the highest possible.
    assert first.discriminative_efficiency == pytest.approx(100)
    assert first.intended_weight == 50
    assert first.effective_weight == pytest.approx(50)
    # Marks 2, 1, 0: variance 1; CIC = 100 · 2/1 · (1 - 2/3).
    assert found.quiz.cic == pytest.approx(200 / 3)
    assert found.quiz.error_ratio == pytest.approx(100 * math.sqrt(1 / 3))
    assert found.quiz.standard_error == pytest.approx(math.sqrt(1 / 3))
    assert (found.quiz.mean, found.quiz.median, found.quiz.skewness) == (1, 1, 0)


def test_a_question_that_the_good_ones_miss_has_no_effective_weight() -> None:
    found = table([[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1]], [1, 1, 1])
    assert found.positions[3].negative_covariance
    assert found.positions[3].effective_weight is None
    assert (found.positions[3].discrimination_index or 0) < 0
    weights = [found.positions[slot].effective_weight or 0 for slot in (1, 2)]
    assert sum(weights) == pytest.approx(100)


def test_consistency_can_be_negative() -> None:
    found = table([[1, 0], [0, 1], [1, 0], [0, 0.5]], [1, 1])
    assert (found.quiz.cic or 0) < 0
    assert (found.quiz.error_ratio or 0) > 100


def test_what_was_not_answered_counts_nothing_but_counts() -> None:
    found = table([[None, 1], [1, 1], [None, 0], [1, 0]], [1, 1])
    assert (found.positions[1].n, found.positions[1].facility) == (4, 0.5)


@pytest.mark.parametrize("rows", [[], [[1, 0]], [[1, 1], [1, 1], [1, 1]]])
def test_where_nothing_varies_there_is_no_figure_that_needs_it(rows: list[list[float | None]]) -> None:
    found = table(rows, [1, 1])
    assert found.positions[1].discrimination_index is None
    assert found.positions[1].effective_weight is None
    assert found.quiz.cic is None


def test_equal_marks_that_no_binary_number_hits_are_equal() -> None:
    found = table([[0.3333333, 0.1]] * 7, [1, 1])
    assert (found.positions[1].sd, found.positions[1].discrimination_index) == (0, None)
    assert found.quiz.skewness is None


def test_a_question_that_was_drawn_is_compared_with_the_whole_mark() -> None:
    positions = [Position(1, 1), Position(2, 1, random=True), Position(3, 1, random=True)]
    marks = []
    rows = [
        ("a", "b", 1, 1, 0),
        ("b", "a", 0, 1, 1),
        ("a", "b", 1, 0, 0),
        ("b", "a", 1, 0, 1),
        ("a", "b", 0, 0, 1),
    ]
    for attempt, (second, third, *earned) in enumerate(rows):
        for slot, (question, mark) in enumerate(zip(("fixed", second, third), earned, strict=True), 1):
            marks.append(Mark(attempt, slot, question, mark, 1))
    found = statistics(positions, marks, [sum(row[2:]) for row in rows])
    assert set(found.drawn) == {"a", "b"}
    assert found.drawn["a"].n == found.drawn["b"].n == 5
    # "a" was marked 1, 1, 0, 1, 0 in attempts of 2, 2, 1, 2, 1 points: the whole mark, its own included.
    x, total = [1, 1, 0, 1, 0], [2, 2, 1, 2, 1]
    assert x == [mark - 1 for mark in total]
    assert found.drawn["a"].discrimination_index == pytest.approx(100)
    assert found.drawn["a"].effective_weight is None


def test_variants_are_told_apart_only_where_there_are_several() -> None:
    positions = [Position(1, 1), Position(2, 1)]
    marks = [Mark(n, 1, "calc", n % 2, 1, variant=1 + n % 3) for n in range(9)]
    marks += [Mark(n, 2, "plain", n % 3 / 2, 1) for n in range(9)]
    found = statistics(positions, marks, [n % 2 + n % 3 / 2 for n in range(9)])
    assert set(found.variants) == {(1, 1), (1, 2), (1, 3)}
    assert {found.variants[1, variant].n for variant in (1, 2, 3)} == {3}


# --- by a reference in exact fractions -------------------------------------------------------------------


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def cov(x: list[Fraction], y: list[Fraction]) -> Fraction:
    a, b = mean(x), mean(y)
    return sum(((p - a) * (q - b) for p, q in zip(x, y, strict=True)), Fraction(0)) / (len(x) - 1)


def reference(rows: list[list[Fraction]], points: list[Fraction]) -> tuple[list[ItemFigures], QuizFigures]:
    """The documented formulas, one after the other, exact up to the last root."""
    n, p = len(rows), len(points)
    totals = [sum(row, Fraction(0)) for row in rows]
    columns = [[row[slot] for row in rows] for slot in range(p)]
    with_total = [cov(x, totals) for x in columns]
    roots = [math.sqrt(one) if one >= 0 else None for one in with_total]
    together = sum(root for root in roots if root is not None)
    items = []
    for slot, x in enumerate(columns):
        rest = [total - mark for total, mark in zip(totals, x, strict=True)]
        product = cov(x, x) * cov(rest, rest)
        best = cov(sorted(x), sorted(rest))
        root = roots[slot]
        items.append(
            ItemFigures(
                n,
                float(points[slot]),
                float(mean(x) / points[slot]),
                math.sqrt(cov(x, x)),
                float(100 * points[slot] / sum(points)),
                100 * root / together if root is not None and together else None,
                100 * float(cov(x, rest)) / math.sqrt(product) if product else None,
                100 * float(cov(x, rest) / best) if best else None,
                with_total[slot] < 0,
            )
        )
    middle = sorted(totals)
    apart = [total - mean(totals) for total in totals]
    m2, m3, m4 = (mean([one**power for one in apart]) for power in (2, 3, 4))
    k2 = n * m2 / (n - 1)
    median = float((middle[(n - 1) // 2] + middle[n // 2]) / 2)
    if not k2:
        return items, QuizFigures(n, float(mean(totals)), median, 0.0)
    k3 = n**2 * m3 / ((n - 1) * (n - 2))
    k4 = n**2 * ((n + 1) * m4 - 3 * (n - 1) * m2**2) / ((n - 1) * (n - 2) * (n - 3))
    cic = Fraction(100 * p, p - 1) * (1 - sum((cov(x, x) for x in columns), Fraction(0)) / k2)
    ratio = 100 * math.sqrt(1 - cic / 100)
    sd = math.sqrt(k2)
    return items, QuizFigures(
        n,
        float(mean(totals)),
        median,
        sd,
        float(k3) / sd**3,
        float(k4 / k2**2),
        float(cic),
        ratio,
        ratio * sd / 100,
    )


def close(one: object, other: object) -> bool:
    values = zip(vars(one).values(), vars(other).values(), strict=True)
    return all(
        a == b or (None not in (a, b) and math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-6))
        for a, b in values
    )


SEVENTHS = st.sampled_from(
    [Fraction(one, 20) for one in range(21)] + [Fraction(3333333, 10**7), Fraction(-1, 4)]
)


@given(
    st.integers(2, 5).flatmap(
        lambda p: st.tuples(
            st.lists(st.lists(SEVENTHS, min_size=p, max_size=p), min_size=4, max_size=12),
            st.lists(st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 2)]), min_size=p, max_size=p),
        )
    )
)
def test_every_figure_is_that_of_the_exact_formulas(
    made: tuple[list[list[Fraction]], list[Fraction]],
) -> None:
    rows, points = made
    items, quiz = reference(rows, points)
    marked: list[list[float | None]] = [[float(mark) for mark in row] for row in rows]
    found = table(marked, [float(one) for one in points])
    assert close(found.quiz, quiz), (found.quiz, quiz)
    for slot, item in enumerate(items, 1):
        assert close(found.positions[slot], item), (found.positions[slot], item)


def test_the_order_of_attempts_changes_nothing() -> None:
    draw = random.Random(6)
    rows: list[list[float | None]] = [[draw.choice([0, 0.25, 0.5, 1]) for _ in range(6)] for _ in range(40)]
    before = table(rows, [1.0] * 6)
    draw.shuffle(rows)
    after = table(rows, [1.0] * 6)
    assert close(before.quiz, after.quiz)
    assert all(close(before.positions[slot], after.positions[slot]) for slot in range(1, 7))


def test_a_response_in_all_languages_is_told_in_the_readers() -> None:
    both = '{<span lang="sq" class="multilang">datë &amp; orë</span><span lang="en" class="multilang">date &amp; time</span>}'
    assert in_words(f"{both} {{}} {both}", "sq") == "{datë & orë} {} {datë & orë}"
    assert in_words(both, "ro") == "{datë & orë}"
    cut = f'{both} {{<span lang="sq" class="multilang">parë</span'
    assert in_words(cut, "en") == "{date & time} {parë"
    assert in_words(f"{both} {{<span la", "en") == "{date & time} {…"
    assert in_words("a  < b", "en") == "a < b"


def test_two_attempts_have_a_deviation_and_no_more() -> None:
    assert quiz_figures([1.0, 2.0], 2, 0.5) == QuizFigures(2, 1.5, 1.5, math.sqrt(0.5))
