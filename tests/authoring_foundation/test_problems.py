"""Problems come in reading order, each once, and carry what a machine needs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.problems import ContentError, LmsSyncError, Place, Problem, Refused, in_reading_order

PLACES = st.builds(Place, st.sampled_from(["a.yaml", "b/c.md"]), st.integers(0, 5), st.integers(0, 5))
PROBLEMS = st.builds(Problem, st.sampled_from(["yaml.tab", "yaml.tag"]), st.just({"tag": "x"}), PLACES)


@given(st.lists(PROBLEMS))
def test_problems_are_told_by_file_line_and_column_each_once(problems: list[Problem]) -> None:
    ordered = in_reading_order(problems)
    assert [one.place for one in ordered] == sorted(one.place for one in ordered)
    assert len({(one.place, one.code) for one in ordered}) == len(ordered)
    assert {(one.place, one.code) for one in ordered} == {(one.place, one.code) for one in problems}
    assert in_reading_order(reversed(problems)) == ordered


def test_lines_are_ordered_as_numbers() -> None:
    problems = [Problem("yaml.tab", {}, Place("a", line)) for line in (10, 9, 100)]
    assert [one.place.line for one in in_reading_order(problems)] == [9, 10, 100]


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place("a.yaml", 3, 4), "a.yaml:3:4"),
        (Place("a.yaml", 3), "a.yaml:3"),
        (Place("a.yaml"), "a.yaml"),
        (Place(), "-"),
        (Place("a.yaml", 0, 4), "a.yaml"),
    ],
)
def test_a_place_shows_only_what_is_known(place: Place, shown: str) -> None:
    assert str(place) == shown


def test_a_content_error_carries_every_problem_and_stands_for_the_first() -> None:
    error = ContentError(
        [Problem("yaml.tag", {"tag": "x"}, Place("b", 2)), Problem("yaml.tab", {}, Place("a", 9))]
    )
    assert [one.code for one in error.problems] == ["yaml.tab", "yaml.tag"]
    assert (error.code, error.problem.place) == ("yaml.tab", Place("a", 9))


def test_an_error_about_nothing_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError):
        ContentError([])


def test_refusing_has_an_exit_code_of_its_own() -> None:
    assert (LmsSyncError.exit_code, ContentError.exit_code, Refused.exit_code) == (1, 1, 3)


def test_a_problem_as_json_is_flat_and_complete() -> None:
    problem = Problem("yaml.tag", {"tag": "!x", "n": 3}, Place("a.yaml", 1, 2), "warning")
    assert json.loads(json.dumps(problem.as_json())) == {
        "code": "yaml.tag",
        "severity": "warning",
        "file": "a.yaml",
        "line": 1,
        "column": 2,
        "params": {"tag": "!x", "n": "3"},
    }
