"""Quiz files: what several processes find is what one finds, and what a build has read is not read again."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from authoring.build_cache import BuildCache
from authoring.problems import ContentError, Problem
from lms_sync import quiz_files
from lms_sync.academy import BuiltAcademy, build_academy, read_academy
from lms_sync.quiz_files import QuizFiles
from quizzes import build_bank, read_quiz

SAMPLES = Path(__file__).parents[1] / "quizzes" / "samples"
WRONG = ("pass: 62.5%", "pass: 62.5")


@pytest.fixture
def academy(tmp_path: Path) -> Path:
    """Two quizzes, with images, that were written long ago."""
    folder = tmp_path / "academy"
    shutil.copytree(SAMPLES / "media", folder / "media")
    shutil.copytree(SAMPLES / "quizzes", folder / "quizzes")
    age(folder)
    return folder


def age(folder: Path) -> None:
    """Makes what is there old enough to be known by its time."""
    then = time.time_ns() - 60_000_000_000
    for path in folder.rglob("*"):
        os.utime(path, ns=(then, then))


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def spoil(path: Path) -> None:
    """Puts something else into a file without its size and time telling."""
    status = path.stat()
    path.write_bytes(b"\0" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def build(folder: Path, *, cached: bool = True) -> BuiltAcademy:
    cache = BuildCache(folder) if cached else None
    built = build_academy(read_academy(folder, cache, wanted="banks"), cache=cache)
    if cache:
        cache.save()
    return built


def banks(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("build/*/*.moodle.xml")}


def said(files: QuizFiles) -> list[list[Problem]]:
    return [files.problems, files.warnings]


@pytest.fixture(params=[1, 10**12], ids=["several processes", "one process"])
def worth_a_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(quiz_files, "_WORTH_A_PROCESS", request.param)
    return int(request.param)


def test_several_processes_tell_and_make_what_one_does(
    academy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = (academy / "quizzes" / "every-type.yaml").read_text("utf-8")
    for number in range(4):
        text = original.replace("id: every-type", f"id: copy-{number}")
        if number % 2:
            text = text.replace("Saktë!", "Saktë!\x07")
        (academy / "quizzes" / f"copy-{number}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(quiz_files, "_WORTH_A_PROCESS", 10**12)
    found = [QuizFiles(academy).read()]
    monkeypatch.setattr(quiz_files, "_WORTH_A_PROCESS", 1)
    found += [
        QuizFiles(academy).read(),
        QuizFiles(academy, wanted="banks").read(),
        QuizFiles(academy, wanted="nothing").read(),
    ]
    assert all(said(one) == said(found[0]) for one in found)
    assert [one.place.file for one in found[0].problems] == ["quizzes/copy-1.yaml", "quizzes/copy-3.yaml"]
    assert [list(one) for one in found] == [["all-types", "copy-0", "copy-2", "every-type"]] * 4
    for slug, quiz in found[0].items():
        assert build_bank(found[1][slug]) == build_bank(quiz) == build_bank(found[2][slug])
    assert not any((academy / ".lms-sync").iterdir())  # where nothing may be written, nothing is kept aside


def test_every_bank_is_what_its_file_makes(academy: Path, worth_a_process: int) -> None:
    built = build(academy)
    for slug, count in built.banks.items():
        bank = build_bank(read_quiz(academy / "quizzes" / f"{slug}.yaml", root=academy))
        assert banks(academy)[f"{slug}.moodle.xml"] == bank.xml
        assert len(bank.questions) == count


def test_a_mistake_in_one_file_keeps_every_bank_from_being_written(
    academy: Path, worth_a_process: int
) -> None:
    change(academy / "quizzes" / "all-types.yaml", *WRONG)
    for _ in range(2):
        with pytest.raises(ContentError) as caught:
            build(academy)
        assert [one.code for one in caught.value.problems if one.severity == "error"] == ["quiz.pass-mark"]
    assert not (academy / "build").exists()


def test_what_a_build_has_read_is_not_read_again_and_its_warnings_are_told_again(academy: Path) -> None:
    first = build(academy)
    written = banks(academy)
    for path in (academy / "quizzes").iterdir():
        spoil(path)
    again = build(academy)
    assert [one.code for one in first.academy.warnings] == ["quiz.numbers-differ"]
    assert again.academy.warnings == first.academy.warnings
    assert again.banks == first.banks
    assert banks(academy) == written


def test_a_quiz_that_was_not_read_is_read_when_somebody_asks_for_it(academy: Path) -> None:
    build(academy)
    quiz = read_academy(academy, BuildCache(academy)).quizzes["every-type"]
    assert build_bank(quiz) == build_bank(read_quiz(academy / "quizzes" / "every-type.yaml", root=academy))
    later = read_academy(academy, BuildCache(academy))
    spoil(academy / "quizzes" / "every-type.yaml")
    with pytest.raises(ContentError):
        _ = later.quizzes["every-type"]


@pytest.mark.parametrize("what", ["the file", "an image", "the bank", "a file just written"])
def test_any_change_is_seen(what: str, academy: Path) -> None:
    path = academy / "quizzes" / "every-type.yaml"
    if what == "a file just written":
        os.utime(path)
    build(academy)
    if what == "the bank":
        (academy / "build" / "every-type" / "every-type.moodle.xml").write_bytes(b"")
    elif what == "an image":
        image = academy / "media" / "shelf.png"
        image.write_bytes(image.read_bytes() + b"\0")
    else:
        status = path.stat()
        change(path, "Saktë!", "Saktë?")
        if what == "a file just written":
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    build(academy)
    assert banks(academy)["every-type.moodle.xml"] == build_bank(read_quiz(path, root=academy)).xml


def test_a_check_takes_over_what_a_build_has_read_and_writes_nothing(academy: Path) -> None:
    cache = academy / ".lms-sync"
    read_academy(academy, BuildCache(academy))
    assert not cache.exists()
    build(academy)
    spoil(academy / "quizzes" / "every-type.yaml")
    assert len(read_academy(academy, BuildCache(academy)).quizzes) == 2
