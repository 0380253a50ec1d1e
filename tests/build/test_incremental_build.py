"""A build that takes over what has not changed comes to the same as one that begins anew."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring import in_parallel, lesson_reader
from authoring.build_cache import FILE, BuildCache
from authoring.problems import ContentError, Problem
from course_packages import package_file, zip_file
from course_packages.package_file import write_package
from course_packages.zip_file import content_sha256, write_zip, zip_bytes
from lms_sync.academy import BuiltAcademy, build_academy, read_academy
from tests.build.conftest import SmallAcademy, png

EVERY_BLOCK = Path(__file__).resolve().parents[1] / "course_packages" / "every_block"
ZIP = "build/small/small-scorm12.zip"


def children() -> list[str]:
    """The processes that this one has begun (Linux)."""
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


def build(folder: Path, *, cached: bool = True) -> BuiltAcademy:
    cache = BuildCache(folder) if cached else None
    built = build_academy(read_academy(folder, cache, wanted="banks"), cache=cache)
    if cache:
        cache.save()
    return built


def fresh(academy: SmallAcademy) -> tuple[bytes, tuple[Problem, ...]]:
    """The package of a build elsewhere that knows nothing of earlier ones, and its warnings."""
    with tempfile.TemporaryDirectory() as elsewhere:
        copy = Path(elsewhere) / "copy"
        shutil.copytree(academy.folder / "courses", copy / "courses")
        built = build(copy, cached=False)
        return (copy / ZIP).read_bytes(), built.academy.warnings


def problems_of(academy: SmallAcademy) -> tuple[Problem, ...]:
    """What is wrong with it, found without knowing of earlier builds."""
    try:
        read_academy(academy.folder)
    except ContentError as error:
        return error.problems
    return ()


def fresh_bytes(academy: SmallAcademy) -> bytes:
    return fresh(academy)[0]


CHANGES = st.one_of(
    st.tuples(
        st.just("lesson"),
        st.sampled_from(["one", "two", "three", "four"]),
        st.sampled_from(["x", "y", "ë ț"]),
        st.sampled_from(["a", "b"]),
    ),
    st.tuples(st.just("picture"), st.sampled_from(["a", "b"]), st.integers(1, 9)),
    st.tuples(st.just("lessons"), st.permutations(["one", "two", "three", "four"]), st.integers(1, 4)),
    st.tuples(st.just("glossary"), st.sampled_from(["{sq: Akti}", "{en: Act, sq: Akti}", '"{x"'])),
    st.tuples(st.just("theme"), st.sampled_from(["'#204060'", "'#ffee00'"])),
    st.tuples(st.just("course"), st.sampled_from(["Small course", "Another", ""])),
    st.tuples(
        st.just("break"), st.sampled_from(["cache", "zip", "no cache", "no zip", "other zip", "old cache"])
    ),
    st.tuples(st.just("nothing")),
)


def make(academy: SmallAcademy, change: tuple[object, ...]) -> None:
    package, cache = academy.folder / ZIP, academy.folder / FILE
    match change:
        case ("lesson", str(name), str(words), str(picture)):
            academy.write_lesson(name, words, picture)
        case ("picture", str(name), int(size)):
            academy.write(academy.course / "media" / f"{name}.png", png(size, 4))
        case ("lessons", list(names), int(count)):
            academy.lessons = names[:count]
            for name in academy.lessons:
                if not (academy.course / "lessons" / name).exists():
                    academy.write_lesson(name)
            academy.write_course()
        case ("glossary", str(term)):
            words = f"{{id: act, term: {term}, definition: A paper.}}"
            academy.write(
                academy.course / "glossary.yaml", f"schema: glossary/1\nterms: [{words}]\n".encode()
            )
        case ("theme", str(colour)):
            theme = f"schema: theme/1\nextends: courtyard\ncolours: {{light: {{main: {colour}}}}}\n"
            academy.write(academy.course / "theme" / "theme.yaml", theme.encode())
        case ("course", str(title)):
            academy.write_course()
            course = (academy.course / "course.yaml").read_text("utf-8")
            written = course.replace("title: Small course", f"title: '{title}'")
            academy.write(academy.course / "course.yaml", written.encode())
        case ("break", "cache") if cache.is_file():
            cache.write_bytes(cache.read_bytes()[:5000] + b"not a database" * 99)
        case ("break", "old cache") if cache.is_file():
            with sqlite3.connect(cache) as database:
                database.execute("UPDATE entry SET value = '{}' WHERE kind = 'lesson'")
        case ("break", "zip") if package.is_file():
            package.write_bytes(package.read_bytes()[:-700])
        case ("break", "other zip") if package.is_file():
            package.write_bytes(b"x" * package.stat().st_size)
        case ("break", "no cache"):
            cache.unlink(missing_ok=True)
        case ("break", "no zip"):
            package.unlink(missing_ok=True)


@settings(max_examples=12, deadline=None)
@given(changes=st.lists(CHANGES, min_size=2, max_size=6))
def test_with_and_without_a_cache_the_bytes_are_the_same(changes: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        academy = SmallAcademy(Path(folder) / "academy")
        build(academy.folder)
        for change in changes:
            make(academy, change)
            if problems := problems_of(academy):
                with pytest.raises(ContentError) as told:
                    build(academy.folder)
                assert told.value.problems == problems
                continue
            built = build(academy.folder)
            packed = (academy.folder / ZIP).read_bytes()
            assert (packed, built.academy.warnings) == fresh(academy)
            (package,) = built.packages
            assert package.sha256 == hashlib.sha256(packed).hexdigest()
            assert package.sha1 == hashlib.sha1(packed).hexdigest()
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                files = {name: archive.read(name) for name in archive.namelist()}
            assert package.content_sha256 == content_sha256(files)


def test_a_package_without_changes_is_not_opened(small_academy: SmallAcademy) -> None:
    build(small_academy.folder)
    package = small_academy.folder / ZIP
    before = package.stat()
    package.chmod(0)
    try:
        build(small_academy.folder)
    finally:
        package.chmod(0o644)
    assert (package.stat().st_mtime_ns, package.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_after_one_change_the_other_lessons_are_neither_rendered_nor_packed_again(
    small_academy: SmallAcademy, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(small_academy.folder)
    small_academy.write_lesson("two", "other words")
    packed: list[bytes] = []
    deflated = zip_file._deflated

    def noted(raw: bytes) -> bytes:
        packed.append(raw)
        return deflated(raw)

    monkeypatch.setattr(zip_file, "_deflated", noted)
    build(small_academy.folder)
    (one,) = packed
    assert b"other words" in one


def test_after_one_change_nothing_is_loaded_that_only_checks_a_course(small_academy: SmallAcademy) -> None:
    build(small_academy.folder)
    small_academy.write_lesson("two", "other words")
    program = (
        "import sys; from lms_sync.cli import commands; commands.main(sys.argv[1:], standalone_mode=False);"
        "print(sorted({'pydantic', 'sqlalchemy', 'requests', 'multiprocessing', 'authoring.activity',"
        "'course_packages.conformance'} & sys.modules.keys()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, "build", "--dir", str(small_academy.folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert run.stdout.split("\n")[-2] == "[]"
    assert (small_academy.folder / ZIP).read_bytes() == fresh_bytes(small_academy)


def test_a_copied_academy_begins_anew(small_academy: SmallAcademy, tmp_path: Path) -> None:
    build(small_academy.folder)
    copy = tmp_path / "copy"
    shutil.copytree(small_academy.folder, copy)
    assert BuildCache(small_academy.folder).get("package", ZIP)
    assert BuildCache(copy).get("package", ZIP) is None


def test_a_cache_that_cannot_be_written_harms_no_build(small_academy: SmallAcademy) -> None:
    (small_academy.folder / ".lms-sync").write_text("a file stands where the folder should be")
    build(small_academy.folder)
    assert (small_academy.folder / ZIP).read_bytes() == fresh_bytes(small_academy)


def test_no_cache_is_written_where_a_link_leads_elsewhere(
    small_academy: SmallAcademy, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (small_academy.folder / ".lms-sync").symlink_to(elsewhere)
    build(small_academy.folder)
    assert list(elsewhere.iterdir()) == []


def test_a_lesson_changed_in_the_second_of_the_build_is_seen_by_the_next(small_academy: SmallAcademy) -> None:
    small_academy.write_lesson("two", "aaaa")
    lesson = small_academy.course / "lessons" / "two" / "lesson.en.md"
    os.utime(lesson)  # now
    at = lesson.stat().st_mtime_ns
    build(small_academy.folder)
    lesson.write_bytes(lesson.read_bytes().replace(b"aaaa", b"bbbb"))
    os.utime(lesson, ns=(at, at))  # a clock too coarse to tell the two apart
    build(small_academy.folder)
    with zipfile.ZipFile(small_academy.folder / ZIP) as archive:
        assert b"bbbb" in archive.read("lessons/two.en.js")


def test_nothing_is_left_half_written_when_a_file_cannot_be_read(small_academy: SmallAcademy) -> None:
    build(small_academy.folder)
    before = (small_academy.folder / ZIP).read_bytes()
    small_academy.write(small_academy.course / "media" / "a.png", b"no picture")
    with pytest.raises(ContentError):
        build(small_academy.folder)
    assert (small_academy.folder / ZIP).read_bytes() == before
    assert [path.name for path in (small_academy.folder / "build" / "small").iterdir()] == [
        "small-scorm12.zip"
    ]


def by_zipfile(files: dict[str, bytes]) -> bytes:
    """The same by Python's own library."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            stored = Path(name).suffix.lower() in zip_file.STORED
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=None if stored else zip_file._LEVEL)
    return buffer.getvalue()


NAMES = st.sampled_from(
    ["a.txt", "b/c.js", "media/d.png", "media/ë.webp", "z.JPG", "m.html", "media/film.mp4"]
)


@settings(max_examples=40, deadline=None)
@given(
    files=st.dictionaries(NAMES, st.binary(max_size=300)),
    later=st.dictionaries(NAMES, st.binary(max_size=300)),
)
def test_a_zip_is_what_python_would_write_also_when_half_of_it_is_copied(
    files: dict[str, bytes], later: dict[str, bytes]
) -> None:
    def sources(some: dict[str, bytes]) -> dict[str, str]:
        return {name: content.hex() or "empty" for name, content in some.items()}

    first = io.BytesIO()
    written = write_zip(first, files, sources=sources(files))
    assert first.getvalue() == by_zipfile(files) == zip_bytes(files)
    second = io.BytesIO()
    members = {member.name: member for member in written.members}
    again = write_zip(second, later, sources=sources(later), earlier=members, earlier_zip=first)
    assert second.getvalue() == by_zipfile(later)
    assert again.content_sha256 == content_sha256(later)
    assert [member.at for member in again.members] == [
        info.header_offset for info in zipfile.ZipFile(second).infolist()
    ]


def test_the_hashes_of_a_package_are_those_of_its_file(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(os.urandom(3_000_000))
    os.utime(picture, (1_000_000_000, 1_000_000_000))
    cache = BuildCache(tmp_path)
    for text in (b"one", b"two"):  # the second is put together of the first
        made = write_package({"a.txt": text, "b/picture.png": picture}, tmp_path / "a.zip", cache)
        content = (tmp_path / "a.zip").read_bytes()
        assert made.sha1 == hashlib.sha1(content, usedforsecurity=False).hexdigest()
        assert (made.sha256, made.size) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_package_that_cannot_be_read_again_has_no_hash(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("xb") as only_written, pytest.raises(OSError, match="descriptor"):
        package_file._hashes(only_written.fileno())


def test_a_picture_that_is_gone_is_an_error_and_nothing_goes_on_in_the_background(tmp_path: Path) -> None:
    pictures = {f"{n:02}.png": tmp_path / f"{n:02}.png" for n in range(30)}
    for path in pictures.values():
        path.write_bytes(b"p" * 1000)
    pictures["05.png"].unlink()
    before = threading.active_count()
    with pytest.raises(OSError, match=r"05\.png"):
        zip_bytes(pictures)
    assert threading.active_count() == before


def test_a_film_is_written_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(os.urandom(300_000))
    whole = zip_bytes({"media/film.mp4": film.read_bytes()})
    monkeypatch.setattr(zip_file, "_WHOLE", 1000)
    monkeypatch.setattr(zip_file, "_CHUNK", 4096)
    assert zip_bytes({"media/film.mp4": film}) == whole


def test_a_package_too_large_for_a_zip_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_file, "MAX_BYTES", 1000)
    with pytest.raises(ContentError) as caught:
        zip_bytes({"a.png": b"x" * 1001})
    assert caught.value.code == "package.too-large"
    monkeypatch.setattr(zip_file, "MAX_FILES", 1)
    with pytest.raises(ContentError) as caught:
        zip_bytes({"a": b"", "b": b""})
    assert caught.value.code == "package.too-many-files"


def test_files_made_while_lessons_are_read_are_those_that_are_made_afterwards(tmp_path: Path) -> None:
    """In several languages, with a glossary, and for a target whose default language is another than the course's."""
    academies = [tmp_path / name for name in ("ahead", "afterwards")]
    for folder in academies:
        shutil.copytree(EVERY_BLOCK, folder)
        course = folder / "courses" / "every-block" / "course.yaml"
        text = course.read_text(encoding="utf-8").partition("targets:")[0]
        text += "targets: [{kind: scorm12}, {kind: scorm2004, languages: [ro]}]\n"
        course.write_text(text, encoding="utf-8")
    ahead, afterwards = (build(folder, cached=folder.name == "ahead") for folder in academies)
    read = ahead.academy.courses["every-block"].lessons
    assert all(text.made is not None for lesson in read for text in lesson.texts.values())
    assert [one.sha256 for one in ahead.packages] == [one.sha256 for one in afterwards.packages]
    words = read[0].texts["sq"].blocks[0]  # the process that read them kept none
    assert words == afterwards.academy.courses["every-block"].lessons[0].texts["sq"].blocks[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere one process reads all")
def test_lessons_that_others_begin_to_read_while_the_course_is_checked_are_the_same(
    small_academy: SmallAcademy, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = children()
    monkeypatch.setattr(lesson_reader, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(in_parallel, "_processors", lambda: 2)
    make(small_academy, ("glossary", "{en: Act}"))
    make(small_academy, ("theme", "'#204060'"))
    small_academy.write_lesson("two", "[acts](term:act)")
    build(small_academy.folder)
    assert (small_academy.folder / ZIP).read_bytes() == fresh_bytes(small_academy)
    assert children() == before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere one process reads all")
def test_who_has_begun_to_read_lessons_ends_where_the_course_is_wrong(
    small_academy: SmallAcademy, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = children()
    monkeypatch.setattr(lesson_reader, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(in_parallel, "_processors", lambda: 2)
    course = small_academy.course / "course.yaml"
    small_academy.write(course, course.read_bytes() + b"colour: red\n")
    with pytest.raises(ContentError) as told:
        build(small_academy.folder)
    assert [one.code for one in told.value.problems] == ["yaml.unknown-key"]
    assert children() == before
