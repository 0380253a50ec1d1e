"""What the results propose to change in a quiz's file, as a unified diff: difficulties, and comments where to look."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from authoring.comment_yaml import commented_yaml
from authoring.messages import text
from authoring.patch_yaml import patch_yaml
from authoring.read_yaml import Pointer, read_text
from lms_sync.items.report import ItemsReport
from quizzes.item_flags import ENOUGH, difficulty_of, never_chosen, stronger_rival
from quizzes.item_results import QuestionResult

MARK = "lms-sync items:"
"""Begins every comment that is ours, so that the next proposal replaces it."""


def proposed(report: ItemsReport, folder: Path, language: str) -> tuple[str, str, str]:
    """The file's name, its text as it is, and as it would be; equal where there is nothing to change.

    Raises ContentError where the file cannot be read any more.
    """
    path = report.quiz.path
    assert path is not None
    name = path.relative_to(folder).as_posix()
    before = read_text(path, root=folder).replace("\r\n", "\n")
    after = before
    difficulties = _difficulties(report)
    if difficulties:
        after = patch_yaml(after, name, difficulties)
    return name, before, commented_yaml(after, name, _comments(report, language), mark=MARK)


def unified_diff(name: str, before: str, after: str) -> str:
    """A patch for `patch -p1` or `git apply`; "" where nothing differs."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _difficulties(report: ItemsReport) -> Mapping[Pointer, str]:
    """Another word for each question whose facility says so; not where the question itself may be wrong."""
    found: dict[Pointer, str] = {}
    for one in report.analysis.questions:
        facility = one.figures.facility
        if (
            one.index is None
            or facility is None
            or one.figures.n < ENOUGH
            or any(flag.grave for flag in one.flags)
        ):
            continue
        word = difficulty_of(facility)
        if word != one.difficulty:
            found["questions", one.index, "difficulty"] = word
    return found


def _comments(report: ItemsReport, language: str) -> Mapping[Pointer, str]:
    found: dict[Pointer, str] = {}
    for one in report.analysis.questions:
        if one.index is None or one.figures.n < ENOUGH:
            continue
        said = _about_the_key(one, language)
        if said:
            found["questions", one.index] = said
        for answer in never_chosen(one):
            if one.type == "multichoice" and answer.place is not None:
                said = text("items.patch-never", {"n": one.figures.n}, language)
                found["questions", one.index, "options", answer.place] = said
    return found


def _about_the_key(one: QuestionResult, language: str) -> str:
    rival = stronger_rival(one)
    if rival is not None:
        params = {"percent": round(100 * rival.best), "option": rival.text}
        return text("items.patch-key", params, language)
    index = one.figures.discrimination_index
    return (
        text("items.patch-negative", {"value": round(index)}, language)
        if index is not None and index < 0
        else ""
    )
