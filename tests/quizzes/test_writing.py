"""Item writing: what gives the answer away is told in each language it works for, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from authoring.messages import LANGUAGES as MESSAGE_LANGUAGES
from authoring.messages import catalogue, describe
from authoring.problems import ContentError, Problem
from quizzes import Quiz, read_quiz
from quizzes.checks.guessing import chance_of_passing
from quizzes.checks.known import EVERY, MAY_BE_IGNORED
from quizzes.checks.page import page
from quizzes.checks.words import LANGUAGES

CASES: dict[str, dict[str, dict[str, list[str]]]] = yaml.load(
    (Path(__file__).parent / "samples" / "writing-cases.yaml").read_text("utf-8"), yaml.CSafeLoader
)
EACH = [
    pytest.param(
        code, language, kind, case, id=f"{code.removeprefix('quiz.writing-')} {language} {kind} {number}"
    )
    for code, languages in CASES.items()
    for language, kinds in languages.items()
    for kind, cases in kinds.items()
    for number, case in enumerate(cases, 1)
]


def question(case: str, number: int = 1) -> dict[str, Any]:
    stem, *options = (one.strip() for one in case.split("|"))
    return {
        "id": f"q{number}",
        "type": "single",
        "text": stem,
        "options": [{"text": one.removeprefix("*"), "correct": one.startswith("*")} for one in options],
    }


def quiz_of(folder: Path, questions: list[dict[str, Any]], language: str = "sq", **more: object) -> Quiz:
    path = folder / "quizzes" / "q.yaml"
    path.parent.mkdir(exist_ok=True)
    head = {
        "schema": "quiz/1",
        "id": "q",
        "title": "Q",
        "languages": {"default": language, "offered": [language]},
    }
    path.write_text(
        json.dumps({**head, **more, "questions": questions}, ensure_ascii=False), encoding="utf-8"
    )
    return read_quiz(path, root=folder)


def warnings_of(case: str, language: str, folder: Path) -> tuple[Problem, ...]:
    if "||" in case:
        texts = case.split("||")
        statements = [
            {"id": f"q{n}", "type": "truefalse", "text": text.strip(), "answer": True}
            for n, text in enumerate(texts)
        ]
        return quiz_of(folder, statements, language).warnings
    return quiz_of(folder, [question(case)], language).warnings


@pytest.mark.parametrize(("code", "language", "kind", "case"), EACH)
def test_what_gives_the_answer_away_is_told_and_nothing_else(
    code: str, language: str, kind: str, case: str, tmp_path: Path
) -> None:
    found = [one for one in warnings_of(case, language, tmp_path) if one.code == code]
    assert len(found) >= 1 if kind == "caught" else not found
    for problem in found:
        assert problem.severity == "warning"
        assert all(describe(problem, one) for one in MESSAGE_LANGUAGES)


def test_every_check_of_writing_has_three_cases_of_each_kind_in_each_language() -> None:
    assert CASES.keys() == {code for code in MAY_BE_IGNORED if code.startswith("quiz.writing-")} - {
        "quiz.writing-key-position"
    }
    for code, languages in CASES.items():
        assert languages.keys() == set(LANGUAGES) == {"sq", "ro", "en"}
        assert all(
            len(kinds["caught"]) >= 3 and len(kinds["innocent"]) >= 3 for kinds in languages.values()
        ), code


def test_every_check_says_for_which_languages_it_works() -> None:
    for code, languages in MAY_BE_IGNORED.items():
        assert languages == EVERY or set(languages) <= set(LANGUAGES), code
        assert code in catalogue("en")


def choices(keys: str, *, shuffle: bool) -> list[dict[str, Any]]:
    return [
        {
            **question(
                f"Pyetja me numrin {number}, ndryshe nga të tjerat: {chr(97 + number) * 30}? | a | b | c",
                number,
            ),
            "shuffle": shuffle,
            "options": [{"text": one, "correct": one == key} for one in "abc"],
        }
        for number, key in enumerate(keys, 1)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("keys", "shuffle", "told"),
    [
        ("aaaaaaab", False, True),
        ("bbbbbbbb", False, True),
        ("ccacccbcc", False, True),
        ("abcabcab", False, False),
        ("aaaaaaaa", True, False),
        ("aaaaaaa", False, False),
    ],
)
def test_right_answers_at_one_place_are_told_where_nothing_is_shuffled(
    keys: str, shuffle: bool, told: bool, language: str, tmp_path: Path
) -> None:
    found = [one.code for one in quiz_of(tmp_path, choices(keys, shuffle=shuffle), language).warnings]
    assert ("quiz.writing-key-position" in found) == told


# --- guessing -------------------------------------------------------------------------------------


def true_or_false(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"t{n}", "type": "truefalse", "text": f"{chr(97 + n) * 40}.", "answer": n % 2 == 0}
        for n in range(count)
    ]


def test_chance_of_passing_is_that_of_a_coin(tmp_path: Path) -> None:
    quiz = quiz_of(tmp_path, true_or_false(4), settings={"pass": "75%"})
    assert chance_of_passing(quiz) == pytest.approx(5 / 16)
    codes = [one.code for one in quiz.warnings]
    assert "quiz.guess-passes" in codes


def test_chance_of_passing_counts_every_try(tmp_path: Path) -> None:
    settings = {"pass": "80%", "attempts": 3, "grading": "highest"}
    quiz = quiz_of(tmp_path, true_or_false(5), settings=settings)
    (found,) = [one for one in quiz.warnings if one.code == "quiz.guess-passes"]
    assert found.params["chance"] == f"{(1 - (1 - 6 / 32) ** 3) * 100:.0f}%"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("statements", "settings", "told"),
    [
        (4, {"pass": "75%"}, True),
        (2, {"pass": "50%"}, True),
        (5, {"pass": "80%", "attempts": 3, "grading": "highest"}, True),
        (12, {"pass": "90%"}, False),
        (10, {"pass": "100%"}, False),
        (4, {}, False),
    ],
)
def test_a_quiz_that_a_coin_passes_is_told_and_no_other(
    statements: int, settings: dict[str, Any], told: bool, language: str, tmp_path: Path
) -> None:
    quiz = quiz_of(tmp_path, true_or_false(statements), language, settings=settings)
    assert ("quiz.guess-passes" in [one.code for one in quiz.warnings]) == told


def test_many_choices_cannot_be_guessed(tmp_path: Path) -> None:
    quiz = quiz_of(tmp_path, choices("abcabcabcabc", shuffle=True), settings={"pass": "70%"})
    assert "quiz.guess-passes" not in [one.code for one in quiz.warnings]
    chance = chance_of_passing(quiz)
    assert chance is not None
    assert chance < 0.01


# --- switching off --------------------------------------------------------------------------------

FLAWED = "Kush e merr shkresën? | *Protokollisti | Titullari | Të gjitha të mësipërmet"
SWITCH = {"code": "quiz.writing-all-or-none", "reason": "E kërkon ligji me këto fjalë."}


@pytest.mark.parametrize("where", ["question", "quiz"])
def test_a_check_is_switched_off_by_its_code_and_a_reason(where: str, tmp_path: Path) -> None:
    asked = question(FLAWED)
    assert [one.code for one in quiz_of(tmp_path, [asked]).warnings] == [SWITCH["code"]]
    if where == "question":
        quiz = quiz_of(tmp_path, [{**asked, "ignore": [SWITCH]}])
    else:
        quiz = quiz_of(tmp_path, [asked], ignore=[SWITCH])
    assert quiz.warnings == ()


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        ({**SWITCH, "reason": " "}, "quiz.ignore-without-reason"),
        ({**SWITCH, "code": "quiz.writing-all-or-non"}, "quiz.ignore-unknown-similar"),
        ({**SWITCH, "code": "quiz.single-right"}, "quiz.ignore-unknown"),
        ({**SWITCH, "code": "nothing"}, "quiz.ignore-unknown"),
    ],
)
def test_switching_off_what_cannot_be_or_without_a_reason_is_refused(
    switch: dict[str, str], code: str, tmp_path: Path
) -> None:
    with pytest.raises(ContentError) as caught:
        quiz_of(tmp_path, [{**question(FLAWED), "ignore": [switch]}])
    assert code in {one.code for one in caught.value.problems if one.severity == "error"}


def test_a_switch_with_nothing_left_to_switch_off_is_told(tmp_path: Path) -> None:
    quiz = quiz_of(tmp_path, [{**question("Kush? | *Ai | Ajo"), "ignore": [SWITCH]}])
    assert [one.code for one in quiz.warnings] == ["quiz.ignore-unused"]


def test_page_of_the_checks_is_the_one_that_the_catalogue_makes() -> None:
    page_file = Path(__file__).parents[2] / "docs" / "checks.md"
    assert page_file.read_text(encoding="utf-8") == page(), "python -m quizzes.checks.page > docs/checks.md"
