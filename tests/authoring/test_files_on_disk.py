"""Files and folders appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from authoring import starter_academy, write_files
from authoring.course import read_course
from authoring.problems import LmsSyncError
from authoring.starter_academy import write_starter_academy
from authoring.write_files import CannotWrite, refuse_links, write_durably


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.zip"
    write_durably(target, b"one")
    write_durably(target, b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in target.parent.iterdir()] == ["a.zip"]


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_the_folder_made_for_a_secret_is_private(tmp_path: Path) -> None:
    write_durably(tmp_path / "new" / "token", b"x", mode=0o600)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "token").stat().st_mode) == 0o600


def test_a_write_that_is_cut_off_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.zip"
    write_durably(target, b"old")

    def stop(source: object, destination: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write_files.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_durably(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_full_disk_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write_files.os, "fsync", full)
    with pytest.raises(CannotWrite) as error:
        write_durably(tmp_path / "a.zip", b"x")
    assert error.value.problem.params["reason"] == "No space left on device"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege there")
def test_nothing_is_written_through_a_link_in_the_academy(tmp_path: Path) -> None:
    for name in ("elsewhere", "academy", "academy/build"):
        (tmp_path / name).mkdir()
    refuse_links(tmp_path / "academy" / "build" / "slug" / "a.zip", below=tmp_path / "academy")
    (tmp_path / "academy" / "build" / "slug").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotWrite) as error:
        refuse_links(tmp_path / "academy" / "build" / "slug" / "a.zip", below=tmp_path / "academy")
    assert error.value.code == "files.link"


@pytest.mark.parametrize("languages", [("sq",), ("ro", "en"), ("en", "sq", "ro")])
def test_a_new_academy_reads_without_a_problem(tmp_path: Path, languages: tuple[str, ...]) -> None:
    folder = tmp_path / "new" / "academy"
    names = write_starter_academy(folder, languages, "language: sq\n")
    course = read_course(folder / "courses" / "answering-citizens", root=folder)
    assert course.warnings == ()
    assert course.languages.offered == languages
    assert len(course.checks) == 2
    assert (
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == names
    )


def test_git_leaves_secrets_and_results_out_of_a_new_academy(tmp_path: Path) -> None:
    write_starter_academy(tmp_path / "academy", ("en",), "")
    ignored = (tmp_path / "academy" / ".gitignore").read_text(encoding="utf-8").split()
    assert ignored == [".lms-sync/", "build/", "reports/", "people/matches.csv"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(LmsSyncError) as error:
        write_starter_academy(tmp_path, ("sq",), "")
    assert error.value.code == "init.not-empty"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "academy").mkdir()
    assert write_starter_academy(tmp_path / "academy", ("en",), "")


def test_a_beginning_that_is_cut_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(source: object, destination: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(starter_academy.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_starter_academy(tmp_path / "academy", ("en",), "")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_files_are_as_open_as_the_process_allows_and_it_never_allows_more_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.delattr(os, "umask")  # another thread would make its files with what it is set to
            write_durably(tmp_path / "report.csv", b"")
            write_durably(tmp_path / "key.pem", b"", mode=0o600)
            write_durably(tmp_path / "wide", b"", mode=0o666)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"report.csv": 0o640, "key.pem": 0o600, "wide": 0o666}
