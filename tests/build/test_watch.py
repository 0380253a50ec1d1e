"""`build --watch` builds again whenever a file is saved, and tells what it came to."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Sequence

import pytest
from click.testing import CliRunner

from lms_sync import saved_files
from lms_sync.cli import commands
from lms_sync.last_build import inputs
from tests.build.conftest import SmallAcademy

ZIP = "build/small/small-scorm12.zip"
LESSON = "courses/small/lessons/two/lesson.en.md"


def watched(
    academy: SmallAcademy, saves: Sequence[Callable[[], None]], monkeypatch: pytest.MonkeyPatch, *more: str
) -> tuple[int, list[str]]:
    """What the command says while somebody saves files, one in each of its pauses, and then ends it."""
    left = iter(saves)

    def pause(*_: object) -> None:
        try:
            save = next(left)
        except StopIteration:
            raise KeyboardInterrupt from None
        save()

    monkeypatch.setattr(saved_files, "wait", pause)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(time, "strftime", lambda _: "11:05:00")
    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")
    run = CliRunner().invoke(commands, ["build", "--watch", "--dir", str(academy.folder), *more])
    return run.exit_code, [line.partition(" (")[0] for line in run.output.split("\n") if line]


def test_each_save_is_told_with_what_the_build_came_to(
    small_academy: SmallAcademy, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_academy.write_lesson("three", picture="b")  # or it would be told that nothing shows it
    broken = b"---\ntitle: Two\n---\n# Two\n"
    done, said = watched(
        small_academy,
        [
            lambda: small_academy.write_lesson("two", "other words"),
            lambda: None,
            lambda: small_academy.write(small_academy.folder / LESSON, broken),
            lambda: small_academy.write(small_academy.course / ".lesson.swp", b"an editor's own"),
            lambda: small_academy.write_lesson("two", "words at last"),
        ],
        monkeypatch,
    )
    ready = "  ✓ 1 course package is ready."
    assert said == [
        f"  {ZIP}", "1 course package is ready.", "It builds again whenever you save a file. Ctrl+C ends it.",
        f"11:05:00 {LESSON}", ready,
        f"11:05:00 {LESSON}",
        f"{LESSON}:4: A heading with one # is the title of the page, and the title stands at the top of the file already.",
        "    Begin with ##.", "1 error.",
        f"11:05:00 {LESSON}", ready,
        "No more builds.",
    ]  # fmt: skip
    assert done == 0
    with zipfile.ZipFile(small_academy.folder / ZIP) as archive:
        assert b"words at last" in archive.read("lessons/two.en.js")


def test_a_file_saved_in_several_steps_is_one_change(
    small_academy: SmallAcademy, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter(["one", "two", "three", "", "", "", ""])
    pauses = 0

    def sleep(*_: object) -> None:
        if pauses and (words := next(steps)):
            small_academy.write_lesson("two", words)

    def pause(*_: object) -> None:
        nonlocal pauses
        pauses += 1
        sleep()

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(saved_files, "wait", pause)
    told = saved_files.saved_files(small_academy.folder)
    assert next(told) == ()  # all is old enough that a build may be certain of it
    assert next(told) == (LESSON,)
    assert b"three" in (small_academy.folder / LESSON).read_bytes()


def test_who_saves_the_same_file_again_does_not_wait_for_the_next_look_at_all_files(
    small_academy: SmallAcademy, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, slept = small_academy.folder, []
    files = saved_files.SavedFiles(lambda: inputs(folder), folder, pause=3600)
    assert files.changed() == ()
    small_academy.write_lesson("two", "other words")
    assert files.changed() == (LESSON,)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            small_academy.write_lesson("two", "words that are longer than those before")

    monkeypatch.setattr(time, "sleep", sleep)
    saved_files.wait(files)
    assert slept == [saved_files.GLANCE_SECONDS] * 3
