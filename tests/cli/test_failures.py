"""Whatever goes wrong, the reader gets words in their language and a remedy, no traceback, and nothing half-written."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from authoring.messages import LANGUAGES, remedy, text
from authoring.problems import Coded

if TYPE_CHECKING:
    from tests.cli.conftest import Ended
    from tests.pushed_academy import Push

    Command = Callable[..., Ended]

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from lms_sync.cli import main; main()"]


def _is_clear(ended: Ended, code: str, language: str, **params: object) -> None:
    """Says what the catalogue says, in the language, with its remedy; nothing else on standard output."""
    assert ended.code not in (0, 2)
    assert "Traceback" not in ended.said
    assert text(code, params, language) in ended.err
    cure = remedy(code, params, language)
    assert cure is None or cure in ended.err
    assert not any(text(code, params, other) in ended.err for other in LANGUAGES if other != language)


# --- the site ----------------------------------------------------------------------------------------------------


def _nobody_there(push: Push) -> dict[str, Any]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        push.url = f"http://127.0.0.1:{one.getsockname()[1]}"
    push.configure()
    return {
        "code": "moodle.no-connection",
        "url": push.url,
        "reason": Coded("moodle.because-refused", "connection refused"),
    }


def _wrong_token(push: Push) -> dict[str, Any]:
    (push.folder / "token").write_text("8" * 32)
    return {"code": "moodle.invalid-token"}


def _without(push: Push, *functions: str) -> None:
    service = push.site.services["lmssync"]
    rest = [one for one in service.functions if one not in functions]
    push.site.services["lmssync"] = dataclasses.replace(service, functions=type(service.functions)(rest))


def _no_function(push: Push) -> dict[str, Any]:
    _without(push, "core_user_get_users_by_field")
    return {"code": "moodle.service-refused", "function": "core_user_get_users_by_field", "detail": ""}


def _no_plugin(push: Push) -> dict[str, Any]:
    from moodle_standin.errors import missing_record

    # Moodle's answer for a function that nobody has installed.
    known = push.site.authenticate

    def authenticate(*arguments: Any) -> Any:
        raise missing_record("external_functions")

    push.site.authenticate = authenticate
    assert known
    return {"code": "moodle.function-missing", "function": "core_user_get_users_by_field"}


def _web_page(push: Push) -> dict[str, Any]:
    push.fault("*", "html", times=50)
    function = "core_user_get_users_by_field"
    return {
        "code": "moodle.not-json-html",
        "function": function,
        "start": "Gateway Please sign in to the network",
    }


def _maintenance(push: Push) -> dict[str, Any]:
    push.site.settings.maintenance = "cli"
    return {"code": "moodle.maintenance"}


def _services_off(push: Push) -> dict[str, Any]:
    push.site.settings.rest_enabled = False
    return {"code": "moodle.web-services-off"}


SITES = [_nobody_there, _wrong_token, _no_function, _no_plugin, _web_page, _maintenance, _services_off]


@pytest.mark.parametrize("trouble", SITES, ids=lambda one: one.__name__.strip("_"))
def test_trouble_with_the_site_is_told_in_three_languages(
    push: Push, command: Command, files: Any, no_waiting: None, trouble: Callable[[Push], dict[str, Any]]
) -> None:
    expected = trouble(push)
    before = files(push.folder)
    for language, verb in zip(LANGUAGES, (["plan"], ["apply", "--yes"], ["plan", "--json"]), strict=True):
        ended = command(*verb, "--dir", push.folder, language=language)
        assert (ended.code, ended.out) == (1, "")
        _is_clear(ended, expected["code"], language, **{k: v for k, v in expected.items() if k != "code"})
    assert push.log() == []
    assert files(push.folder) == before


@pytest.mark.parametrize("trouble", SITES, ids=lambda one: one.__name__.strip("_"))
def test_doctor_names_the_same_trouble_with_its_remedy(
    push: Push, command: Command, no_waiting: None, trouble: Callable[[Push], dict[str, Any]]
) -> None:
    expected = trouble(push)
    language = LANGUAGES[SITES.index(trouble) % len(LANGUAGES)]
    ended = command("doctor", "--dir", push.folder, language=language)
    assert ended.code == 1
    assert "Traceback" not in ended.said
    assert "✗" in ended.out
    if expected["code"] != "moodle.service-refused":  # doctor knows more: it names the functions
        assert str(remedy(expected["code"], {}, language)) in ended.out


def test_doctor_says_which_functions_the_token_lacks(push: Push, command: Command) -> None:
    _without(push, "core_course_create_courses")
    some = command("doctor", "--dir", push.folder)
    assert some.code == 1
    assert "core_course_create_courses" in some.out
    _without(
        push, *[one for one in push.site.services["lmssync"].functions if one.startswith("local_lmssync")]
    )
    none = command("doctor", "--dir", push.folder)
    assert "lms-sync plugin zip" in none.out


# --- files -------------------------------------------------------------------------------------------------------


def test_wrong_files_are_told_all_at_once_with_their_places(push: Push, command: Command, files: Any) -> None:
    course = push.folder / "courses" / "archive-officers"
    quiz = push.folder / "quizzes" / "archive-officers.yaml"
    _replace(course / "course.yaml", "license: CC-BY-4.0", "licence: CC-BY-4.0")
    _replace(quiz, "time_limit: 45 min", "time_limit: soon")
    (push.folder / "quizzes" / "second.yaml").write_text("schema: quiz/1\nid: &x second\nid: third\n")
    before = files(push.folder)
    for verb in (("check",), ("build",), ("plan",), ("apply", "--yes")):
        ended = command(*verb, "--dir", push.folder)
        assert ended.code == 1
        assert "Traceback" not in ended.said
        for place in (
            "courses/archive-officers/course.yaml",
            "quizzes/archive-officers.yaml",
            "quizzes/second.yaml",
        ):
            assert place in ended.said, verb
    assert files(push.folder) == before
    assert push.log() == []


def _replace(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def test_a_wrong_configuration_is_told_in_the_readers_language(push: Push, command: Command) -> None:
    (push.folder / "config.yaml").write_text("language: xx\nsites: {}\n")
    for language in LANGUAGES:
        ended = command("plan", "--dir", push.folder, language=language)
        assert ended.code == 1
        assert ended.err.count("config.yaml:") == 2
        _is_clear(ended, "yaml.wrong-choice", language, key="language", value="xx", choices="sq, ro, en")


def test_a_folder_that_is_no_academy_is_told(command: Command, tmp_path: Path) -> None:
    for verb in ("plan", "apply", "doctor", "pull", "certify", "report completion"):
        ended = command(*verb.split(), "--dir", tmp_path / "nothing")
        assert ended.code == 1, verb
        assert "config.yaml" in ended.err
        assert "Traceback" not in ended.said
    assert not (tmp_path / "nothing").exists()


# --- the disk ----------------------------------------------------------------------------------------------------


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every flush to the disk finds it full."""

    def fsync(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("verb", ["build", "plan", "plugin zip"])
def test_a_full_disk_leaves_what_was_there_and_no_crumbs(
    push: Push, command: Command, files: Any, full_disk: None, verb: str
) -> None:
    out = push.folder / "plugin.zip"
    out.write_bytes(b"the one of last week")
    for path in (push.folder / "build").rglob("*.zip"):
        path.write_bytes(b"the one of last week")
    before = files(push.folder)
    arguments = ["plugin", "zip", "--out", out] if verb == "plugin zip" else [verb, "--dir", push.folder]
    for language in LANGUAGES:
        ended = command(*arguments, language=language)
        assert ended.code == 1
        assert "Traceback" not in ended.said
        assert os.strerror(errno.ENOSPC) in ended.err
        assert str(remedy("files.cannot-write", {}, language)) in ended.err
    assert files(push.folder) == before


def test_a_state_database_on_a_full_disk_stops_apply_and_the_next_run_carries_on(
    push: Push, command: Command
) -> None:
    pages: list[int] = []

    def limit(connection: Any, _record: object) -> None:
        pages.append(connection.execute("PRAGMA page_count").fetchone()[0])
        connection.execute(f"PRAGMA max_page_count={pages[0] + 4}")

    event.listen(Engine, "connect", limit)
    try:
        for language in LANGUAGES:
            ended = command("apply", "--dir", push.folder, "--yes", language=language)
            assert ended.code == 1
            assert "Traceback" not in ended.said
            assert "database or disk is full" in ended.err
            assert str(remedy("database.full", {}, language)) in ended.err
    finally:
        event.remove(Engine, "connect", limit)
    assert command("apply", "--dir", push.folder, "--yes").code == 0
    assert push.doubles() == {}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_output_that_cannot_be_written_is_no_traceback(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=_environment("en"),
            check=False,
            text=True,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert text("files.disk-full", {}, "en") in done.stderr


# --- Ctrl-C ------------------------------------------------------------------------------------------------------


def _environment(language: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "LMS_SYNC_LANGUAGE": language}


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize(
    ("language", "moment"),
    [
        ("en", "core_user_get_users_by_field"),
        ("sq", "local_lmssync_upsert_activity"),
        ("ro", "enrol_manual_enrol_users"),
    ],
)
def test_ctrl_c_stops_with_a_word_and_the_same_command_carries_on(
    push: Push, command: Command, language: str, moment: str
) -> None:
    push.fault(moment, "slow", seconds=1)
    process = subprocess.Popen(
        [*COMMAND, "apply", "--dir", str(push.folder), "--yes"],
        env=_environment(language),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    while not push.site.faults.struck:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert text("command.stopped", {}, language) in err
    assert not list(push.folder.rglob("*.part"))
    assert command("apply", "--dir", push.folder, "--yes").code == 0
    assert push.doubles() == {}
    assert push.work() == []


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_while_the_programs_are_loaded_is_no_traceback(tmp_path: Path) -> None:
    # An import that takes its time, right after our first module, stands for any moment of loading.
    (tmp_path / "click").mkdir()
    (tmp_path / "click" / "__init__.py").write_text(
        "print('loading', flush=True)\nimport time\ntime.sleep(20)\n"
    )
    environment = {**_environment("en"), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    process = subprocess.Popen(
        COMMAND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "loading\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode != 0
    assert err == ""


def test_a_state_in_another_form_is_told_as_the_sites_doing(
    push: Push, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = json.dumps({"sections": None})
    command("apply", "--dir", push.folder, "--yes")
    registry = pytest.importorskip("moodle_standin.functions.registry")
    served = registry.served_functions()
    monkeypatch.setitem(served, "local_lmssync_get_state", lambda call, params: {"state": answer})
    for language in LANGUAGES:
        ended = command("plan", "--dir", push.folder, language=language)
        assert ended.code == 1
        assert "Traceback" not in ended.said
        _is_clear(ended, "moodle.unexpected-shape", language, function="local_lmssync_get_state")
