"""A questionnaire is scored by its own rule: weighted points over the most that could be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.problems import ContentError
from authoring.read_yaml import load_model, parse_yaml
from programmes import Questionnaire, read_questionnaires, score_answers
from tests.programmes.conftest import QUESTIONNAIRE

Academy = Callable[..., Path]
_BASELINE = load_model(parse_yaml(QUESTIONNAIRE, "baseline.yaml"), Questionnaire)


@pytest.fixture
def baseline(academy: Academy) -> Questionnaire:
    (questionnaire,) = read_questionnaires(academy())
    return questionnaire


def test_score_is_weighted_points_over_the_most(baseline: Questionnaire) -> None:
    # kept: 2 of 2, weight 1; order: 1 of 2, weight 2 → (2 + 2) ÷ (2 + 4)
    score = score_answers(baseline, {"kept": 2, "order": 2, "boxes": 40})
    assert score.whole == 66.7
    assert score.areas == {"book": 100.0}


def test_what_nobody_answered_counts_neither_way(baseline: Questionnaire) -> None:
    assert score_answers(baseline, {"order": 3}).whole == 100.0
    assert score_answers(baseline, {"order": 3}).areas == {"book": None}
    assert score_answers(baseline, {"boxes": 3}).whole is None


def test_a_level_begins_at_its_figure(baseline: Questionnaire) -> None:
    names = [level.in_language("en") for s in (0, 79.9, 80, 100) if (level := baseline.level(s))]
    assert names == ["Beginning", "Beginning", "Ready", "Ready"]


@pytest.mark.parametrize("chosen", [0, 3, "2", 1.0, True])
def test_a_choice_that_there_is_not_is_no_answer(baseline: Questionnaire, chosen: object) -> None:
    with pytest.raises(ValueError, match="kept"):
        score_answers(baseline, {"kept": chosen})  # type: ignore[dict-item]


@given(kept=st.integers(1, 2), order=st.integers(1, 3))
def test_a_better_answer_never_lowers_the_score(kept: int, order: int) -> None:
    score = score_answers(_BASELINE, {"kept": kept, "order": order}).whole
    assert score is not None
    assert 0 <= score <= 100
    for better in ({"kept": 2, "order": order}, {"kept": kept, "order": 3}):
        whole = score_answers(_BASELINE, better).whole
        assert whole is not None
        assert whole >= score


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("    area: book\n", "    area: room\n", "programme.unknown", 9),
        ("id: order", "id: kept", "programme.same-id", 13),
        ("{from: 0, title", "{from: 10, title", "questionnaire.levels-in-order", 19),
        ("min: 0}", "min: 2, max: 1}", "questionnaire.max-below-min", 18),
        ("type: rating", "type: stars", "yaml.wrong-choice", 14),
        ("id: baseline\nof", "id: base\nof", "programme.id-is-not-name", 2),
    ],
)
def test_what_is_wrong_is_told_at_its_line(
    academy: Academy, old: str, new: str, code: str, line: int
) -> None:
    with pytest.raises(ContentError) as caught:
        read_questionnaires(academy((old, new)))
    assert (code, line) in [(one.code, one.place.line) for one in caught.value.problems]
