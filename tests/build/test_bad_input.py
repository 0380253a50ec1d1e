"""Whatever lies in a course folder, a build ends soon, says what is wrong and where, and leaves nothing half-written."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from authoring.build_cache import BuildCache
from authoring.problems import ContentError
from lms_sync.academy import build_academy, read_academy
from tests.build.conftest import SmallAcademy


def refused(academy: SmallAcademy) -> list[tuple[str, str]]:
    cache = BuildCache(academy.folder)
    with pytest.raises(ContentError) as caught:
        build_academy(read_academy(academy.folder, cache), cache=cache)
    cache.save()
    assert not (academy.folder / "build").exists()
    return [(problem.code, str(problem.place)) for problem in caught.value.problems]


def lesson(academy: SmallAcademy) -> Path:
    return academy.course / "lessons" / "two" / "lesson.en.md"


def test_a_hundred_megabytes_of_markdown_are_not_read_whole(small_academy: SmallAcademy) -> None:
    with lesson(small_academy).open("r+b") as stream:
        stream.truncate(100_000_000)
    tracemalloc.start()
    assert refused(small_academy) == [("yaml.too-large", "courses/small/lessons/two/lesson.en.md")]
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(("encoding", "line"), [("utf-16", 1), ("windows-1250", 2), ("iso-8859-16", 2)])
def test_another_encoding_is_told_with_its_line(
    small_academy: SmallAcademy, encoding: str, line: int
) -> None:
    lesson(small_academy).write_bytes("---\ntitle: Șase țări\n---\nWords.\n".encode(encoding, "replace"))
    assert refused(small_academy) == [("yaml.not-utf8", f"courses/small/lessons/two/lesson.en.md:{line}")]


def test_a_lesson_of_one_endless_block_is_refused_without_parsing_it(small_academy: SmallAcademy) -> None:
    small_academy.write(lesson(small_academy), b"---\ntitle: T\n---\n" + b"[" * 300_000)
    assert ("markdown.block-too-long", "courses/small/lessons/two/lesson.en.md:4") in refused(small_academy)


def test_errors_of_a_lesson_are_told_again_by_the_next_build(small_academy: SmallAcademy) -> None:
    small_academy.write(lesson(small_academy), b"---\ntitle: T\n---\n\ntext <b>x\n")
    assert (
        refused(small_academy)
        == refused(small_academy)
        == [("markdown.html-not-allowed", "courses/small/lessons/two/lesson.en.md:5")]
    )
