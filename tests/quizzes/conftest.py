"""What the tests of quizzes share: writing a quiz file, and reading a bank as a real importer does."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from quizzes import Quiz, build_bank, read_quiz

HEAD = """\
schema: quiz/1
id: trial
title: Trial
languages: {default: sq, offered: [sq, en]}
"""

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def quiz_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a quiz file into an academy folder; without `whole` the head is put before the text."""

    def write(text: str, *, whole: bool = False) -> Path:
        path = tmp_path / "quizzes" / "trial.yaml"
        path.parent.mkdir(exist_ok=True)
        body = textwrap.dedent(text)
        path.write_text(body if whole else HEAD + body, encoding="utf-8", newline="\n")
        return path

    return write


@pytest.fixture
def read(tmp_path: Path, quiz_file: Callable[..., Path]) -> Callable[..., Quiz]:
    """The quiz that a text says."""

    def read_text(text: str, *, whole: bool = False) -> Quiz:
        return read_quiz(quiz_file(text, whole=whole), root=tmp_path)

    return read_text


@pytest.fixture
def sample() -> Quiz:
    """A quiz with all six types, two languages, images, partial credit, tags and slots."""
    return read_quiz(SAMPLES / "quizzes" / "all-types.yaml", root=SAMPLES)


@pytest.fixture(scope="session")
def bank_as_moodle_reads() -> Callable[[Quiz], list[etree._Element]]:
    """The questions of a bank's file as Moodle's own reader sees them."""
    return lambda quiz: as_moodle_reads(build_bank(quiz).xml)


class _Pieces:
    """Joins pieces of text as Moodle's reader does: a piece of nothing but blanks is thrown away."""

    def __init__(self) -> None:
        self.stack: list[etree._Element] = []
        self.root: etree._Element | None = None

    def start(self, tag: str, attributes: Any) -> None:
        element = etree.Element(tag, dict(attributes))
        if self.stack:
            self.stack[-1].append(element)
        self.stack.append(element)

    def end(self, tag: str) -> None:
        self.root = self.stack.pop()

    def data(self, piece: str) -> None:
        if piece.strip(" \n\t\r\v\0") and not len(self.stack[-1]):
            self.stack[-1].text = (self.stack[-1].text or "") + piece

    def close(self) -> etree._Element:
        assert self.root is not None
        return self.root


def as_moodle_reads(xml: bytes) -> list[etree._Element]:
    """The questions of a file, its category left out, read by libxml2 in pieces of 4096 bytes."""
    parser = etree.XMLParser(target=_Pieces(), strip_cdata=False)
    for start in range(0, len(xml), 4096):
        parser.feed(xml[start : start + 4096])
    root = parser.close()
    return [question for question in root if question.get("type") != "category"]
