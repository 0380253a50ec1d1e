"""The trainer's verbs: what they print, write and return."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from authoring import write_files
from lms_sync.cli import commands
from lms_sync.cli.outcome import run_command

Run = Callable[..., tuple[int, str, str]]

COURSE = "courses/answering-citizens/course.yaml"
LESSON = "courses/answering-citizens/lessons/from-request-to-answer/lesson.{}.md"
PACKAGE = "build/answering-citizens/answering-citizens-scorm12.zip"
BANK = "build/answering-citizens/answering-citizens.moodle.xml"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `lms-sync` with arguments; its exit code, output and errors."""
    monkeypatch.setenv("LMS_SYNC_LANGUAGE", "en")

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lms-sync", *map(str, arguments)])
        code = run_command(commands)
        output = capfd.readouterr()
        return code, output.out, output.err

    return call


@pytest.fixture
def academy(run: Run, tmp_path: Path) -> Path:
    folder = tmp_path / "academy"
    assert run("init", folder, "--language", "sq", "--language", "en")[0] == 0
    return folder


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_academy_is_checked_and_built_at_once(run: Run, academy: Path) -> None:
    code, output, _ = run("check", "--dir", academy, "--strict")
    assert (code, output) == (0, "No errors: 1 course, 1 quiz.\n")
    code, output, _ = run("build", "--dir", academy)
    assert code == 0
    assert PACKAGE in output
    assert "3 questions are ready" in output
    with zipfile.ZipFile(academy / PACKAGE) as archive:
        assert "imsmanifest.xml" in archive.namelist()
    assert (academy / BANK).read_bytes().startswith(b"<?xml")
    assert (academy / "config.yaml").read_text(encoding="utf-8").count("\nlanguage: sq\n") == 1


def test_building_again_leaves_the_files_untouched(run: Run, academy: Path) -> None:
    run("build", "--dir", academy)
    before = [(academy / name).stat().st_mtime_ns for name in (PACKAGE, BANK)]
    run("build", "--dir", academy)
    assert [(academy / name).stat().st_mtime_ns for name in (PACKAGE, BANK)] == before


def test_check_lists_every_mistake_by_file_with_its_remedy_and_returns_one(run: Run, academy: Path) -> None:
    spoil(academy / COURSE, "all: [package, final]", "all: [package, exam]")
    spoil(academy / LESSON.format("sq"), "../../media/answer.svg", "../../media/none.svg")
    spoil(academy / LESSON.format("en"), "- [x] True", "- [ ] True")
    code, output, _ = run("check", "--dir", academy)
    assert code == 1
    assert f"{COURSE}:" in output
    assert (
        "complete_when names exam, and there is no such activity.\n    Activities of this course: final, package."
        in output
    )
    assert "lesson.sq.md:14: The picture ../../media/none.svg is not there." in output
    assert "No answer of the knowledge check same-number is marked as right." in output
    assert output.endswith("\n3 errors.\n")
    assert "No errors" not in output


@pytest.mark.parametrize(("language", "words"), [("sq", "gabime"), ("ro", "erori"), ("en", "errors")])
def test_check_speaks_the_language_asked_for(run: Run, academy: Path, language: str, words: str) -> None:
    spoil(academy / COURSE, "all: [package, final]", "all: [one, two]")
    code, output, _ = run("check", "--dir", academy, "--language", language)
    assert code == 1
    assert output.endswith(f"\n2 {words}.\n")


def test_check_as_json_says_the_same_to_a_machine(run: Run, academy: Path) -> None:
    spoil(academy / COURSE, "all: [package, final]", "all: [package, exam]")
    code, output, _ = run("check", "--dir", academy, "--json")
    report = json.loads(output)
    assert code == 1
    assert (report["errors"], report["warnings"]) == (1, 0)
    problem = report["problems"][0]
    assert (problem["code"], problem["file"]) == ("course.unknown-activity", COURSE)
    assert problem["line"] > 1
    assert problem["what"]
    assert problem["remedy"]


def test_a_build_with_mistakes_writes_nothing(run: Run, academy: Path) -> None:
    spoil(academy / COURSE, "all: [package, final]", "all: [package, exam]")
    code, _, errors = run("build", "--dir", academy)
    assert code == 1
    assert "exam" in errors
    assert not (academy / "build").exists()


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege there")
def test_a_build_folder_that_leads_elsewhere_is_refused(run: Run, academy: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (academy / "build").symlink_to(tmp_path / "elsewhere")
    code, _, errors = run("build", "--dir", academy)
    assert code == 1
    assert "build" in errors
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_build_as_json_names_what_was_written(run: Run, academy: Path) -> None:
    code, output, _ = run("build", "--dir", academy, "--json")
    report = json.loads(output)
    assert code == 0
    assert [package["path"] for package in report["packages"]] == [PACKAGE]
    assert report["packages"][0]["languages"] == ["sq", "en"]
    assert report["banks"] == [{"path": BANK, "questions": 3}]


def test_build_writes_every_target_under_its_own_name_and_strict_checks_judge_all_of_them(
    run: Run, academy: Path
) -> None:
    targets = (
        "[{kind: scorm12}, {kind: scorm12, scos: lessons}, {kind: scorm2004, languages: [en]}, {kind: html}]"
    )
    spoil(academy / COURSE, "complete_when:", f"targets: {targets}\ncomplete_when:")
    assert run("check", "--dir", academy, "--strict")[0] == 0
    code, output, _ = run("build", "--dir", academy, "--json")
    packages = json.loads(output)["packages"]
    assert code == 0
    name = PACKAGE.removesuffix("scorm12.zip")
    assert [package["path"] for package in packages] == [
        f"{name}{target}.zip" for target in ("scorm12", "scorm12-lessons", "scorm2004-en", "html")
    ]
    assert [package["kind"] for package in packages] == ["scorm12", "scorm12", "scorm2004", "html"]
    assert packages[2]["languages"] == ["en"]
    assert all((academy / package["path"]).stat().st_size == package["size"] for package in packages)


def test_stopping_a_build_leaves_no_half_file_and_the_next_one_carries_on(
    run: Run, academy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(made: object, path: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(write_files.os, "replace", stop)  # the moment before a file is there
        code, _, errors = run("build", "--dir", academy)
    assert code == 130
    assert "Traceback" not in errors
    assert [path for path in (academy / "build").rglob("*") if path.is_file()] == []
    assert run("build", "--dir", academy)[0] == 0


def test_a_folder_without_an_academy_is_told_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, output, _ = run("check", "--dir", tmp_path / "empty")
    assert code == 1
    assert str(tmp_path / "empty") in output


def test_a_new_academy_has_a_policy_that_is_checked_and_says_when_it_fails(run: Run, academy: Path) -> None:
    policy = academy / "certificates" / "answering-citizens" / "policy.yaml"
    assert policy.is_file()
    spoil(policy, "min: 60%", "min: 90%")
    code, output, _ = run("check", "--dir", academy)
    assert code == 1
    assert "certificates/answering-citizens/policy.yaml" in output


@pytest.mark.parametrize("language", ["sq", "ro", "en"])
def test_a_new_academy_is_without_fault_in_every_language(run: Run, tmp_path: Path, language: str) -> None:
    assert run("init", tmp_path / "new", "--language", language)[0] == 0
    code, output, _ = run("check", "--dir", tmp_path / "new", "--json")
    assert (code, json.loads(output)["problems"]) == (0, [])


def test_a_warning_about_a_quiz_is_shown_where_nothing_else_is_wrong(run: Run, academy: Path) -> None:
    quiz = academy / "quizzes" / "answering-citizens.yaml"
    spoil(quiz, ", score: -50%", "")
    code, output, _ = run("check", "--dir", academy)
    assert code == 0
    assert "quizzes/answering-citizens.yaml:" in output
    assert "1 warning." in output


def test_init_does_not_touch_a_folder_that_holds_something(run: Run, academy: Path) -> None:
    code, _, errors = run("init", academy)
    assert code == 1
    assert "holds something already" in errors


@pytest.mark.parametrize(("type_", "told"), [("qanda", True), ("news", True), ("general", False)])
def test_check_warns_of_a_help_desk_at_which_learners_cannot_ask(
    run: Run, academy: Path, type_: str, told: bool
) -> None:
    course = academy / COURSE
    text = course.read_text(encoding="utf-8")
    at = text.index("activities:") + len("activities:\n")
    forum = f"      - {{id: desk, kind: forum, type: {type_}, title: Desk}}\n"
    course.write_text(text[:at] + forum + text[at:], encoding="utf-8")
    (academy / "programmes").mkdir()
    (academy / "programmes" / "school.yaml").write_text(
        "schema: programme/1\nid: school\ntitle: The school\nlanguages: [en]\ntimezone: Europe/Tirane\n"
        "dates: {from: 2026-01-12, until: 2026-12-18}\ncourses: [answering-citizens]\n"
        "forums: {helpdesk: answering-citizens/desk}\n",
        encoding="utf-8",
    )
    code, output, _ = run("check", "--dir", academy)
    assert code == 0, output
    assert ("learners cannot ask there" in output) is told
    assert ("school.yaml:8" in output) is told
