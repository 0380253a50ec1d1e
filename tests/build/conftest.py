"""A small academy whose files change at times of their own, so that no test has to wait for a clock."""

from __future__ import annotations

import itertools
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

COURSE = """schema: course/1
id: small
version: "1"
title: Small course
summary: Three lessons.
languages: {{default: en, offered: [en]}}
category: {{id: academy, title: Academy}}
lessons: [{lessons}]
sections:
  - id: learn
    title: Learn
    activities: [{{id: package, kind: package, title: Lessons, completion: completed}}]
"""
LESSON = """---
title: Lesson {name}
objectives: [Know it]
---

## Heading

Words **of** {words}.

![A picture](../../media/{picture}.png)

:::tip
A tip about [the law](https://example.org/law).
:::

:::check id=check-{name} kind=single
What now?
- [x] This
- [ ] That
:::
"""


def png(width: int, height: int, shade: int = 0) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + bytes([shade]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class SmallAcademy:
    """The files of an academy; every change has a time of its own, long ago."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.times: Iterator[int] = itertools.count(1_700_000_000, 10)
        self.course = folder / "courses" / "small"
        self.lessons = ["one", "two", "three"]
        self.write_course()
        for name in self.lessons:
            self.write_lesson(name)
        for name in ("a", "b"):
            self.write(self.course / "media" / f"{name}.png", png(3, 4))

    def write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        now = next(self.times)
        os.utime(path, (now, now))

    def write_course(self) -> None:
        entries = ", ".join(f"{{id: {name}}}" for name in self.lessons)
        self.write(self.course / "course.yaml", COURSE.format(lessons=entries).encode())

    def write_lesson(self, name: str, words: str = "first", picture: str = "a") -> None:
        text = LESSON.format(name=name, words=words, picture=picture)
        self.write(self.course / "lessons" / name / "lesson.en.md", text.encode())


@pytest.fixture
def small_academy(tmp_path: Path) -> SmallAcademy:
    return SmallAcademy(tmp_path / "academy")
