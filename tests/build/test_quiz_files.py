"""Many quiz files: what one process makes several make too, and what has not changed is not read again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lms_sync.quiz_files import KNOWN, build_quizzes
from quizzes import build_bank, read_quiz

SAMPLES = Path(__file__).parents[1] / "quizzes" / "samples"


@pytest.fixture
def academy(tmp_path: Path) -> Path:
    folder = tmp_path / "academy"
    shutil.copytree(SAMPLES / "media", folder / "media")
    shutil.copytree(SAMPLES / "quizzes", folder / "quizzes")
    return folder


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*.moodle.xml")}


def test_several_processes_make_what_one_makes(academy: Path, tmp_path: Path) -> None:
    for number in range(3):
        text = (
            (academy / "quizzes" / "every-type.yaml")
            .read_text("utf-8")
            .replace("id: every-type", f"id: copy-{number}")
        )
        (academy / "quizzes" / f"copy-{number}.yaml").write_text(text, encoding="utf-8")
    built = [build_quizzes(academy, tmp_path / str(n), cache=False, processes=n) for n in (1, 2)]
    assert built[0] == built[1]
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    quiz = read_quiz(academy / "quizzes" / "every-type.yaml", root=academy)
    assert contents(tmp_path / "1")["every-type.moodle.xml"] == build_bank(quiz).xml


def test_what_has_not_changed_is_not_read_again_and_its_warnings_are_told_again(
    academy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = build_quizzes(academy, out)
    again = build_quizzes(academy, out)
    assert (first.read, again.read) == (2, 0)
    assert (
        [one.code for one in again.problems]
        == [one.code for one in first.problems]
        == ["quiz.numbers-differ"]
    )
    assert again.problems[0].place == first.problems[0].place
    assert again.questions == first.questions


@pytest.mark.parametrize("what", ["the file", "an image", "what was made", "what is known"])
def test_any_change_is_seen(what: str, academy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_quizzes(academy, out)
    if what == "the file":
        path = academy / "quizzes" / "every-type.yaml"
        path.write_text(path.read_text("utf-8").replace("Saktë!", "Mirë!"), encoding="utf-8")
    elif what == "an image":
        path = academy / "media" / "shelf.png"
        path.write_bytes(path.read_bytes() + b"\0")
    elif what == "what was made":
        (out / "every-type.moodle.xml").write_bytes(b"")
    else:
        (out / KNOWN).write_text("{", encoding="utf-8")
    built = build_quizzes(academy, out)
    assert built.read == (2 if what == "what is known" else 1)
    quiz = read_quiz(academy / "quizzes" / "every-type.yaml", root=academy)
    assert contents(out)["every-type.moodle.xml"] == build_bank(quiz).xml


def test_a_mistake_is_told_each_time(academy: Path, tmp_path: Path) -> None:
    path = academy / "quizzes" / "all-types.yaml"
    path.write_text(path.read_text("utf-8").replace("pass: 62.5%", "pass: 62.5"), encoding="utf-8")
    for _ in range(2):
        built = build_quizzes(academy, tmp_path / "out")
        assert [one.code for one in built.problems if one.severity == "error"] == ["quiz.pass-mark"]
    assert not (tmp_path / "out" / "all-types.moodle.xml").exists()
