"""A new course is finished and clean at once, in whatever languages it was asked for, and overwrites nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from authoring.course import read_course
from authoring.problems import LmsSyncError
from authoring.starter_course import write_starter_course
from course_packages import target_files
from quizzes import read_quiz
from tests.cli.conftest import Ended, command, files_below

__all__ = ["command"]


@pytest.mark.parametrize("languages", [("sq",), ("ro", "en", "sq")])
def test_a_new_course_is_checked_clean_and_builds_at_once(
    tmp_path: Path, languages: tuple[str, ...], command: Callable[..., Ended]
) -> None:
    arguments = [word for language in languages for word in ("--language", language)]
    made = command("new", "course", "Arkivi për fillestarë: ș & “ç”", *arguments, "--dir", tmp_path)
    assert made.code == 0, made.said
    assert command("check", "--dir", tmp_path).said == "No errors: 1 course, 1 quiz.\n"  # nor a warning
    course = read_course(tmp_path / "courses" / "arkivi-per-fillestare-s-c", root=tmp_path)
    assert course.warnings == ()
    assert course.languages.offered == languages
    assert course.title.in_language(languages[-1]) == "Arkivi për fillestarë: ș & “ç”"
    assert len(course.lessons) == 2
    blocks = {
        type(block).__name__ for lesson in course.lessons for block in lesson.texts[languages[0]].blocks
    }
    assert len(blocks) >= 10  # it shows what a lesson can hold
    assert "imsmanifest.xml" in target_files(course).files
    quiz = read_quiz(tmp_path / "quizzes" / "arkivi-per-fillestare-s-c-final.yaml", root=tmp_path)
    assert quiz.warnings == ()


def test_two_courses_stand_beside_each_other_and_neither_is_overwritten(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_starter_course(tmp_path, name, ("en",), title=f"Course {name}")
    before = files_below(tmp_path)
    with pytest.raises(LmsSyncError) as error:
        write_starter_course(tmp_path, "One", ("sq",))
    assert error.value.code == "init.course-exists"
    (tmp_path / "quizzes" / "three-final.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(LmsSyncError) as error:
        write_starter_course(tmp_path, "three", ("sq",))
    assert error.value.code == "init.course-exists"
    with pytest.raises(LmsSyncError) as error:
        write_starter_course(tmp_path, "…/..", ("sq",))
    assert error.value.code == "init.course-name"
    assert {name: text for name, text in files_below(tmp_path).items() if "three" not in name} == before


def test_a_new_academy_in_three_languages_is_checked_clean_too(
    tmp_path: Path, command: Callable[..., Ended]
) -> None:
    languages = ("--language", "ro", "--language", "sq", "--language", "en")
    assert command("init", tmp_path / "academy", *languages).code == 0
    assert command("new", "course", "second", *languages, "--dir", tmp_path / "academy").code == 0
    assert command("check", "--dir", tmp_path / "academy").said == "No errors: 2 courses, 2 quizzes.\n"
