"""What the tests of authoring share: a small good course in a folder, to be spoilt in one place."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from authoring.course import Course, read_course
from authoring.problems import ContentError, Problem

COURSE = """\
schema: course/1
id: small
version: "1.0"
title: {sq: Kurs, en: Course}
summary: {sq: Përmbledhje, en: Summary}
languages: {default: sq, offered: [sq, en]}
category: {id: shelf, title: Shelf}
passing: {score: 70}
lessons:
  - {id: one, minutes: 10}
sections:
  - id: learn
    title: Learn
    activities:
      - {id: package, kind: package, title: Lessons, completion: passed}
complete_when: {all: [package]}
"""

LESSON = """\
---
title: One
objectives: [Do it]
---

## Heading

Text with **weight**.

![A stamp](../../media/stamp.svg)

:::check id=k1 kind=single graded=yes
Which?
- [x] This
  > Yes.
- [ ] That
> See above.
:::
"""

STAMP = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20"/></svg>'


class CourseFolder:
    """A course on disk that reads without a problem until a test changes it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "courses" / "small"
        self.write("course.yaml", COURSE)
        for language in ("sq", "en"):
            self.write(f"lessons/one/lesson.{language}.md", LESSON)
        self.write("media/stamp.svg", STAMP)

    def path(self, name: str) -> Path:
        return self.folder / name

    def write(self, name: str, text: str | bytes) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def add(self, text: str, languages: tuple[str, ...] = ("sq", "en")) -> None:
        """Adds Markdown at the end of the lesson, in each language."""
        for language in languages:
            name = f"lessons/one/lesson.{language}.md"
            self.write(name, self.path(name).read_text(encoding="utf-8") + "\n" + textwrap.dedent(text))

    def read(self) -> Course:
        return read_course(self.folder, root=self.root)

    def problems(self) -> list[Problem]:
        """What is wrong with it, warnings included."""
        try:
            return list(self.read().warnings)
        except ContentError as error:
            return list(error.problems)

    def codes(self) -> list[str]:
        return sorted({problem.code for problem in self.problems()})


@pytest.fixture
def course_folder(tmp_path: Path) -> CourseFolder:
    return CourseFolder(tmp_path)


@pytest.fixture
def new_course_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], CourseFolder]:
    """For tests that need several."""
    return lambda: CourseFolder(tmp_path_factory.mktemp("academy"))
