"""A quiz begins in a workbook or a GIFT file, and goes back into one; what cannot be meant is named by its cell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lms_sync.quiz_sheets.layout import LETTERS
from quizzes import build_bank, read_quiz
from tests.cli.conftest import Ended, command

__all__ = ["command"]

Command = Callable[..., Ended]
SAMPLES = Path(__file__).parents[1] / "quizzes" / "samples"

ROWS: list[dict[str, Any]] = [
    {"type": "one right", "text:en": "Who keeps the seal?", "text:sq": "Kush e ruan vulën?", "A:en": "The registrar",
     "A:sq": "Protokollisti", "B:en": "The mayor", "B:sq": "Kryetari", "right": "A", "points": 2, "tags": "core, seal"},
    {"type": "disa të sakta", "id": "several", "text:en": "Which?", "text:sq": "Cilat?", "A:en": "a", "A:sq": "a", "B:en": "b",
     "B:sq": "b", "C:en": "c", "C:sq": "c", "right": "a, C", "feedback:en": "See 4.", "feedback:sq": "Shih 4."},
    {"type": "adevărat sau fals", "text:en": "It is so.", "text:sq": "Është.", "right": "e vërtetë"},
    {"type": "short", "text:en": "Word?", "text:sq": "Fjala?", "A:en": "box", "A:sq": "kutia"},
    {"type": "number", "text:en": "How many?", "text:sq": "Sa?", "A:en": 12.5, "B:en": "7 ± 0.5"},
    {"type": "matching", "text:en": "Match.", "text:sq": "Lidhni.", "A:en": "letter → book", "A:sq": "shkresa → libri",
     "B:en": "file -> box", "B:sq": "dosja -> kutia", "C:en": "→ bin", "C:sq": "→ koshi"},
]  # fmt: skip


@pytest.fixture
def workbook(tmp_path: Path, command: Command) -> Callable[..., Path]:
    """The supplied workbook in English and Albanian, with rows filled in; `spoil` changes it before it is saved."""

    def fill(
        rows: list[dict[str, Any]], spoil: Callable[[Any], object] = lambda book: None, **settings: str
    ) -> Path:
        path = tmp_path / "questions.xlsx"
        made = command("new", "quiz", "--workbook", path, "--language", "en", "--language", "sq")
        assert made.code == 0, made.said
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[1]
        keys = {cell.value: cell.column for cell in sheet[1] if cell.value}
        for number, row in enumerate(rows, 3):
            for key, value in row.items():
                sheet.cell(number, keys[key], value)
        for line in book.worksheets[0].iter_rows(min_col=1, max_col=3):
            if (value := settings.get(str(line[0].value).replace(":", "_"))) is not None:
                line[2].value = value
        spoil(book)
        book.save(path)
        return path

    return fill


def test_a_workbook_becomes_a_quiz_file(
    workbook: Callable[..., Path], tmp_path: Path, command: Command
) -> None:
    path = workbook(
        ROWS, id="archive", title_en="Archive", title_sq="Arkivi", **{"pass": "70%", "attempts": "2"}
    )
    ended = command("new", "quiz", path, "--dir", tmp_path)
    assert ended.code == 0, ended.said
    quiz = read_quiz(tmp_path / "quizzes" / "archive.yaml", root=tmp_path)
    assert [one.type for one in quiz.questions] == [
        "single",
        "multiple",
        "truefalse",
        "short",
        "numerical",
        "matching",
    ]
    assert [one.id for one in quiz.questions][:3] == ["who-keeps-the-seal", "several", "it-is-so"]
    single, several, _, _, numbers, pairs = quiz.questions
    assert (single.points, single.tags) == (2, ("core", "seal"))
    assert [option.correct for option in several.options] == [True, False, True]
    assert [(str(one.answer), str(one.tolerance)) for one in numbers.accepted] == [
        ("12.5", "0"),
        ("7", "0.5"),
    ]
    assert pairs.pairs[1].right.in_language("sq") == "kutia"
    assert pairs.extra[0].in_language("en") == "bin"
    assert (quiz.settings.attempts, float(quiz.settings.pass_mark)) == (2, 0.7)
    again = command("new", "quiz", path, "--dir", tmp_path)
    assert again.code == 1  # what is there is never overwritten
    assert "archive.yaml is there already" in again.err


@pytest.mark.parametrize(
    ("row", "spoil", "words"),
    [
        ({"type": "riddle"}, None, "questions.xlsx, Questions!B3: Cell B3: “riddle” is no type"),
        ({"text:en": "Q"}, None, "Cell B3: the question has no type"),
        ({"type": "single", "text:en": "Q", "A:en": "a"}, None, "it is not said which answer is right"),
        ({"type": "single", "text:en": "Q", "A:en": "a", "right": "B"}, None, "the answer B is right, but it is empty"),
        ({"type": "single", "text:en": "Q", "A:en": "a", "right": "Z"}, None, "“Z” is no letter"),
        ({"type": "truefalse", "text:en": "Q", "right": "perhaps"}, None, "neither true nor false"),
        ({"type": "numerical", "text:en": "Q", "A:en": "3,5"}, None, "Cell E3: “3,5” can be read in two ways"),
        ({"type": "numerical", "text:en": "Q", "A:en": "many"}, None, "Cell E3: “many” is not a number"),
        ({"type": "matching", "text:en": "Q", "A:en": "a b"}, None, "Cell E3: this pair has no arrow"),
        ({"type": "short", "text:en": "Q", "A:en": "x"}, ("E3", '="a"&"b"'), "Cell E3 holds a formula"),
        ({"type": "short", "text:en": "Q", "A:en": "x"}, "merge", "The cells E3:E5 are merged"),
        ({"type": "short", "text:en": "Q", "text:sq": "P", "A:en": "x"}, None, "questions.xlsx, Questions!E3"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named_by_its_cell(
    row: dict[str, Any],
    spoil: object,
    words: str,
    workbook: Callable[..., Path],
    tmp_path: Path,
    command: Command,
) -> None:
    def change(book: Any) -> None:
        sheet = book.worksheets[1]
        if spoil == "merge":
            sheet.merge_cells("E3:E5")
        elif isinstance(spoil, tuple):
            sheet[spoil[0]] = spoil[1]

    ended = command("new", "quiz", workbook([row], change, id="x"), "--dir", tmp_path)
    assert ended.code == 1
    assert words in ended.err
    assert not (tmp_path / "quizzes").exists()


def test_a_workbook_of_another_kind_is_refused(tmp_path: Path, command: Command) -> None:
    path = tmp_path / "list.xlsx"
    openpyxl.Workbook().save(path)
    ended = command("new", "quiz", path, "--dir", tmp_path)
    assert ended.code == 1
    assert "not the workbook for quizzes" in ended.err


def test_the_workbook_offers_words_of_the_reader(tmp_path: Path, command: Command) -> None:
    for language, word in (("en", "one right"), ("sq", "një e saktë"), ("ro", "un răspuns corect")):
        path = tmp_path / f"{language}.xlsx"
        assert command("new", "quiz", "--workbook", path, language=language).code == 0
        sheet = openpyxl.load_workbook(path).worksheets[1]
        lists = [str(rule.formula1) for rule in sheet.data_validations.dataValidation]
        assert any(word in one for one in lists)
        assert sheet.row_dimensions[1].hidden
        assert [cell.value for cell in sheet[1]][:4] == ["id", "type", f"text:{language}", f"A:{language}"]


def test_a_quiz_goes_into_a_workbook_and_back(
    tmp_path: Path, command: Command, workbook: Callable[..., Path]
) -> None:
    assert (
        command(
            "new", "quiz", workbook(ROWS, id="archive", title_en="A", title_sq="A"), "--dir", tmp_path
        ).code
        == 0
    )
    out = command("export", "archive", tmp_path / "out.xlsx", "--dir", tmp_path, language="ro")
    assert out.code == 0, out.said
    assert command("new", "quiz", tmp_path / "out.xlsx", "--id", "again", "--dir", tmp_path).code == 0
    first, second = (
        read_quiz(tmp_path / "quizzes" / f"{name}.yaml", root=tmp_path) for name in ("archive", "again")
    )
    assert first.questions == second.questions


def test_what_a_workbook_and_gift_have_no_place_for_is_told(tmp_path: Path, command: Command) -> None:
    for name, code in (("out.xlsx", "sheets.left-out-scores"), ("out.gift", "gift.left-out-image")):
        ended = command(
            "export", "all-types", tmp_path / name, "--dir", SAMPLES, "--json", "--language", "en"
        )
        told = json.loads(ended.out)
        assert code in {problem["code"] for problem in told["warnings"]}
        left_out = sum(".left-out" in problem["code"] for problem in told["warnings"])
        assert told["questions"] == 6 - left_out


def test_a_gift_file_becomes_a_quiz_file(tmp_path: Path, command: Command) -> None:
    source = tmp_path / "old questions.gift"
    source.write_text("Kush e ruan vulën?{=Protokollisti ~Kryetari}\n\nËshtë kështu.{T}\n", encoding="utf-8")
    ended = command("new", "quiz", source, "--language", "sq", "--title", "Arkivi", "--dir", tmp_path)
    assert ended.code == 0, ended.said
    quiz = read_quiz(tmp_path / "quizzes" / "old-questions.yaml", root=tmp_path)
    assert quiz.title.in_language("sq") == "Arkivi"
    assert [one.id for one in quiz.questions] == ["kush-e-ruan-vulen", "eshte-keshtu"]


def test_an_export_of_moodle_becomes_a_quiz_file_with_its_images(tmp_path: Path, command: Command) -> None:
    shutil.copytree(SAMPLES, tmp_path / "old")
    assert command("build", "--dir", tmp_path / "old").code == 0
    source = tmp_path / "old" / "build" / "every-type" / "every-type.moodle.xml"
    ended = command(
        "new",
        "quiz",
        source,
        "--id",
        "every-type",
        "--language",
        "sq",
        "--language",
        "en",
        "--dir",
        tmp_path / "new",
    )
    assert ended.code == 0, ended.said
    first = read_quiz(tmp_path / "old" / "quizzes" / "every-type.yaml", root=tmp_path / "old")
    second = read_quiz(tmp_path / "new" / "quizzes" / "every-type.yaml", root=tmp_path / "new")
    hashes = [{one.key: one.hash for one in build_bank(quiz).questions} for quiz in (first, second)]
    assert hashes[0] == hashes[1]


def test_a_broken_gift_file_is_told_by_line_and_column(tmp_path: Path, command: Command) -> None:
    source = tmp_path / "old.gift"
    source.write_text("Fine {T}\n\nBroken {=a ~b\n", encoding="utf-8")
    ended = command("new", "quiz", source, "--dir", tmp_path, language="ro")
    assert ended.code == 1
    assert "old.gift:3:8: Această acoladă nu se închide" in ended.err
    assert not (tmp_path / "quizzes").exists()


def test_there_are_as_many_letters_as_answers() -> None:
    assert len(LETTERS) == 8
