"""What the officer and the trainer are told of a quiz's questions, and the change that is proposed for its file."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from jsonschema import Draft202012Validator

from authoring.messages import LANGUAGES
from quizzes import read_quiz
from tests.axe import violations
from tests.cli.conftest import Ended, command

__all__ = ["command"]

Command = Callable[..., Ended]


@pytest.fixture(scope="module")
def told(played: Path) -> dict[str, Any]:
    """The report as `--json` gives it."""
    from click.testing import CliRunner

    from lms_sync.cli import commands

    arguments = [
        "report",
        "items",
        "archive-final",
        "--before",
        "archive-pre",
        "--dir",
        str(played),
        "--json",
    ]
    answer = CliRunner().invoke(commands, arguments, standalone_mode=False)
    assert answer.return_value == 0, answer.output
    found = json.loads(answer.output)
    assert isinstance(found, dict)
    return found


def question(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["questions"] if one["key"] == f"archive-final:{name}")


def test_the_output_is_as_its_schema_says(told: dict[str, Any]) -> None:
    schema = json.loads((files("lms_sync") / "schemas" / "items.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(told)
    assert (told["attempts"], told["persons"], len(told["positions"]), len(told["questions"])) == (
        120,
        120,
        7,
        8,
    )


def test_a_wrong_key_is_found_by_who_chose_what(told: dict[str, Any]) -> None:
    years = question(told, "years")
    assert years["discrimination_index"] < 0
    assert [flag["code"] for flag in years["flags"]][:2] == ["items.flag-key", "items.flag-negative"]
    key, rival = years["answers"][0], years["answers"][1]
    assert (key["right"], rival["right"]) == (True, False)
    assert rival["best"] > rival["weakest"]


def test_an_answer_that_nobody_believes_is_named(told: dict[str, Any]) -> None:
    seal = question(told, "seal")
    assert [answer["n"] for answer in seal["answers"]][3] == 0
    assert [flag["what"] for flag in seal["flags"] if flag["code"] == "items.flag-never"] == [
        "Nobody of 120 chose “The seal itself”: write an answer that somebody could believe."
    ]
    assert sum(answer["n"] for answer in seal["answers"]) == 120


def test_what_was_written_is_counted_where_five_wrote_it(told: dict[str, Any]) -> None:
    answers = {answer["text"]: answer for answer in question(told, "word")["answers"]}
    assert {"box", "Kutia"} <= set(answers)
    assert all(answer["n"] >= 5 for answer in answers.values())
    assert not {text.casefold() for text in answers} - {"box", "kutia", "shelf", "bag"}


def test_pairs_are_counted_for_each_statement(told: dict[str, Any]) -> None:
    answers = question(told, "place")["answers"]
    assert [(a["part"], a["text"]) for a in answers if a["right"]] == [
        ("Letter", "Register"),
        ("File", "Box"),
    ]
    assert {a["text"] for a in answers if not a["right"]} <= {"Register", "Box", "Bin"}


def test_small_groups_are_not_shown_nor_what_gives_them_away(told: dict[str, Any]) -> None:
    shown = {group["group"]: group["n"] for group in question(told, "seal")["groups"]["institution"]}
    assert shown == {"berat": 60, "fier": 40, "has": None, "kukes": None}
    assert {g["group"]: g["n"] for g in question(told, "seal")["groups"]["language"]} == {"sq": 60, "en": 60}


def test_what_was_learned_has_intervals(told: dict[str, Any]) -> None:
    gain = told["gain"]
    assert gain["n"] == 120
    assert gain["after"] > gain["before"]
    assert gain["points"] == pytest.approx(gain["after"] - gain["before"])
    low, high = gain["points_interval"]
    assert low < gain["points"] < high
    low, high = gain["normalised_interval"]
    assert 0 < low < gain["normalised"] < high < 1


def test_a_drawn_question_has_no_weight_and_its_position_has(told: dict[str, Any]) -> None:
    drawn = question(told, "pool-a")
    assert (drawn["drawn"], drawn["slots"], drawn["effective_weight"]) == (True, [6, 7], None)
    position = told["positions"][5]
    assert position["draws"] == {"category": "archive-final", "tags": ["pool"]}
    assert position["effective_weight"] > 0
    assert sum(one["n"] for one in told["questions"] if one["drawn"]) == 240


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_are_written_in_each_language(language: str, academy: Path, command: Command) -> None:
    ended = command("report", "items", "archive-final", "--dir", academy, "--language", language)
    assert ended.code == 0, ended.said
    assert "items." not in re.sub(r"\S+/items-\S+", "", ended.out)  # every word is in the catalogue
    names = {path.suffix: path for path in (academy / "reports").glob(f"*.{language}.*")}
    page = names[".html"].read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in page
    assert "items." not in page
    assert page.count("<svg") > 20
    assert "<script" not in page
    book = openpyxl.load_workbook(BytesIO(names[".xlsx"].read_bytes()))
    assert len(book.sheetnames) == 7
    assert book.worksheets[2].max_row == 3 + 8
    assert names[".csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    widest = max(len(line) for line in ended.out.splitlines() if not line.startswith(str(academy)))
    assert widest <= 80


def test_the_page_fits_a_phone_and_axe_finds_nothing(browser: Any, academy: Path, command: Command) -> None:
    assert command("report", "items", "archive-final", "--dir", academy, "--language", "sq").code == 0
    context = browser.new_context(viewport={"width": 360, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.goto(next((academy / "reports").glob("*.sq.html")).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert violations(page) == []
    context.close()


def test_the_proposed_change_is_a_patch_that_keeps_everything_else(academy: Path, command: Command) -> None:
    path = academy / "quizzes" / "archive-final.yaml"
    before = path.read_text(encoding="utf-8")
    ended = command("report", "items", "archive-final", "--dir", academy, "--patch")
    assert ended.code == 0, ended.said
    assert path.read_text(encoding="utf-8") == before
    subprocess.run(["patch", "-p1", "-s"], input=ended.out, text=True, cwd=academy, check=True)
    after = path.read_text(encoding="utf-8")
    assert re.search(r"\n  # lms-sync items: revise: is the key right\? .*\n  - id: years\n", after)
    assert re.search(
        r"\n      # lms-sync items: revise: nobody of 120 chose this\n      - \{text: \{en: The seal itself",
        after,
    )
    for kept in (
        "# The final test of the course.",
        "# the best attempt counts",
        "# it is 50",
        "# hardly likely",
    ):
        assert kept in after
    difficulties = {one.id: one.difficulty for one in read_quiz(path, root=academy).questions}
    assert list(difficulties)[:2] == ["seal", "years"]
    assert difficulties["seal"] == "medium"
    assert difficulties["years"] is None  # what is wrong is neither easy nor hard
    again = command("report", "items", "archive-final", "--dir", academy, "--patch")
    assert again.out == ""  # the same comments are not put there twice
    path.write_text(
        after.replace("  - id: signed", "  # lms-sync items: revise: of last year\n  - id: signed"),
        encoding="utf-8",
    )
    third = command("report", "items", "archive-final", "--dir", academy, "--patch")
    assert "-  # lms-sync items: revise: of last year" in third.out  # what does not hold any more goes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such"], "There is no quiz no-such."),
        (["archive/nothing"], "There is no quiz archive/nothing."),
    ],
)
def test_what_is_not_there_is_said(arguments: list[str], words: str, academy: Path, command: Command) -> None:
    ended = command("report", "items", *arguments, "--dir", academy)
    assert ended.code == 1
    assert words in ended.err
    assert "archive-final" in ended.err


def test_of_a_pair_both_forms_are_known_and_the_gain_is_told_unasked(academy: Path, command: Command) -> None:
    path = academy / "quizzes" / "archive-final.yaml"
    (academy / "quizzes" / "archive-pre.yaml").unlink()
    text = path.read_text(encoding="utf-8").replace("{draw: 2, tags", "{draw: 1, tags")
    for name in ("seal", "years", "signed", "place", "word"):
        text = text.replace(f"  - {{use: {name}}}\n", "")
    pair = "pair: {pre: archive-pre, title: {en: Before, sq: Para}}\n"
    path.write_text(text.replace("slots:", f"{pair}slots:", 1), encoding="utf-8")
    told = json.loads(command("report", "items", "archive-final", "--dir", academy, "--json").out)
    assert (told["gain"]["before_quiz"], told["gain"]["n"]) == ("archive-pre", 120)
    before = command("report", "items", "archive-pre", "--dir", academy)
    assert before.code == 0, before.said
    assert before.out.startswith("Before\n")
    shown = json.loads(command("preview", "quizzes/archive-final.yaml", "--dir", academy, "--json").out)
    assert [Path(one).name for one in shown["files"]] == ["archive-pre.html", "archive-final.html"]
