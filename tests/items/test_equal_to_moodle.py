"""The figures equal what a real Moodle computed and stored for the same attempts, and the preview marks as it did.

`moodle/recorded.json.gz` holds what `lms-sync pull` fetched from a Moodle 4.5 (people numbered anew), and what that Moodle's own
statistics report computed: its table rows, and its numbers before they were rounded to the tables' decimals. How it was made:
`moodle/README.md`.
"""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from quizzes import Quiz, read_quiz
from quizzes.answer_labels import labels_of
from quizzes.item_statistics import ItemFigures, Statistics, statistics
from quizzes.preview.page import FOLDER
from quizzes.preview.shown import shown_questions
from quizzes.results import (
    Attempt,
    AttemptId,
    Draw,
    Outcome,
    Which,
    attempts_that_count,
    marks_of,
    of_attempts,
    positions_of,
)

HERE = Path(__file__).parent / "moodle"
WAYS: tuple[Which, ...] = ("all", "highest", "first", "last")


@cache
def recorded() -> dict[str, Any]:
    found = json.loads(gzip.decompress((HERE / "recorded.json.gz").read_bytes()))
    assert isinstance(found, dict)
    return found


@cache
def quiz() -> Quiz:
    return read_quiz(HERE / "quizzes" / "stats-quiz.yaml", root=HERE)


@cache
def pulled() -> tuple[list[Attempt], list[Outcome]]:
    attempts = [
        Attempt(AttemptId("qr-stats/final", person, number), state, score, most)
        for person, number, state, score, most in recorded()["attempts"]
    ]
    outcomes = [
        Outcome(
            AttemptId("qr-stats/final", one["person"], one["attempt"]),
            *(
                one[name]
                for name in ("slot", "question", "version", "type", "variant", "max", "fraction", "outcome")
            ),
            None if one["chosen"] is None else tuple(one["chosen"]),
            one["response"],
            one["right"],
            None if one["random"] is None else Draw(one["random"]["category"], tuple(one["random"]["tags"])),
        )
        for one in recorded()["outcomes"]
    ]
    return attempts, outcomes


@cache
def computed(which: Which) -> Statistics:
    attempts, outcomes = pulled()
    counted = attempts_that_count(attempts, which)
    mine = of_attempts(outcomes, counted)
    return statistics(positions_of(mine), marks_of(mine), [one.score or 0.0 for one in counted])


def figures(found: Statistics, row: dict[str, Any]) -> ItemFigures:
    """What answers to a row of Moodle's: a position, or a question that was drawn."""
    return found.positions[int(row["slot"])] if row["slot"] else found.drawn[row["question"]]


NAMES = {
    "s": "n",
    "facility": "facility",
    "sd": "sd",
    "maxmark": "maxmark",
    "effectiveweight": "effective_weight",
    "discriminationindex": "discrimination_index",
    "discriminativeefficiency": "discriminative_efficiency",
}
QUIZ_NAMES = {
    "median": "median",
    "standarddeviation": "sd",
    "skewness": "skewness",
    "kurtosis": "kurtosis",
    "cic": "cic",
    "errorratio": "error_ratio",
    "standarderror": "standard_error",
}


def test_there_is_as_much_as_was_promised() -> None:
    attempts, outcomes = pulled()
    assert len([one for one in attempts if one.state == "finished"]) >= 200
    assert len({one.slot for one in outcomes}) == 20
    assert (
        len(
            {
                one.type if one.type != "multichoice" else one.question.split(":")[1].split("-")[0]
                for one in outcomes
            }
        )
        == 6
    )
    assert len({one.slot for one in outcomes if one.random}) == 6
    assert recorded()["moodle"]["release"].startswith("4.5")


@pytest.mark.parametrize("which", WAYS)
def test_figures_of_questions_are_moodles(which: Which) -> None:
    found = computed(which)
    rows = recorded()["moodle"][which]["live"]
    assert len(rows) == len(found.positions) + len(found.drawn) == 20 + 14
    for row in rows:
        mine = figures(found, row)
        for theirs, ours in NAMES.items():
            if ours == "effective_weight" and not row["slot"]:
                continue
            value = getattr(mine, ours)
            if row[theirs] is None:
                assert value is None, (row, ours)
            else:
                assert value == pytest.approx(float(row[theirs]), abs=1e-6, rel=0), (row, ours, value)
        assert mine.negative_covariance == bool(row["negcovar"])


@pytest.mark.parametrize("which", WAYS)
def test_figures_of_questions_are_the_rows_that_moodle_stored(which: Which) -> None:
    found = computed(which)
    for row in recorded()["moodle"][which]["rows"]:
        mine = figures(found, row)
        for theirs, ours in NAMES.items():
            if row[theirs] is not None and not (ours == "effective_weight" and not row["slot"]):
                decimals = len(str(row[theirs]).partition(".")[2])  # the column's own
                rounding = 0.5 * 10**-decimals if decimals else 0
                assert abs(getattr(mine, ours) - float(row[theirs])) <= rounding + 1e-6, (row, ours)


@pytest.mark.parametrize("which", WAYS)
def test_figures_of_the_quiz_are_moodles(which: Which) -> None:
    mine = computed(which).quiz
    live, row = recorded()["moodle"][which]["quiz_live"], recorded()["moodle"][which]["quiz_row"]
    assert mine.n == int(live["s"])
    assert mine.mean == pytest.approx(float(live["avg"]), abs=1e-6)
    for theirs, ours in QUIZ_NAMES.items():
        value = getattr(mine, ours)
        assert value == pytest.approx(float(live[theirs]), abs=1e-6, rel=0), theirs
        decimals = len(str(row[theirs]).partition(".")[2])
        assert abs(value - float(row[theirs])) <= 0.5 * 10**-decimals + 1e-6


def test_guess_scores_are_moodles() -> None:
    labels = labels_of(quiz(), "en")
    told = {
        row["question"]: row["randomguessscore"]
        for row in recorded()["moodle"]["all"]["live"]
        if row["question"]
    }
    assert set(told) == set(labels)
    for key, score in told.items():
        mine = labels[key].guess
        assert (mine is None) == (score is None), key
        assert score is None or math.isclose(mine or 0.0, float(score), abs_tol=1e-6), key


def test_places_of_options_lead_to_the_marks_that_moodle_gave(browser: Any) -> None:
    """Every recorded response, marked by the preview's script, earns what Moodle gave for it."""
    rules = {f"{quiz().id}:{one.id}": one.body.rules for one in shown_questions(quiz(), "en")}
    _, outcomes = pulled()
    cases = []
    for one in outcomes:
        if one.chosen is None and one.response is None:
            assert one.fraction in (None, 0.0), one
            continue
        rule = rules[one.question]
        assert rule is not None
        chosen: Any = one.chosen and list(one.chosen)
        if rule["type"] in ("single", "truefalse"):
            chosen = chosen[0]
        cases.append((rule, {"chosen": chosen, "text": one.response}, one))
    page = browser.new_page()
    page.add_script_tag(content=(FOLDER / "marking.js").read_text(encoding="utf-8"))
    script = "cases => cases.map(([question, response]) => Marking.mark(question, response))"
    marks = page.evaluate(script, [[rule, response] for rule, response, _ in cases])
    page.close()
    wrong = [
        (one.question, one.chosen, one.response, one.fraction, mark)
        for mark, (_, _, one) in zip(marks, cases, strict=True)
        if abs((mark or 0.0) - (one.fraction or 0.0)) > 1e-6
    ]
    assert wrong == []
    assert len(Counter(rule["type"] for rule, _, _ in cases)) == 6
    assert len(cases) > 3500
