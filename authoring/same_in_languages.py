"""Where a translation asks other questions than its source: one record of a learner serves all languages."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from authoring.blocks import Check, Kept
from authoring.lesson import Lesson, LessonText
from authoring.problems import Place, Problem


def differences(lesson: Lesson, default: str, broken: Collection[str]) -> Iterator[Problem]:
    """Where what is remembered of a translation is not what is remembered of the default language.

    Files in `broken` are left out, because their blocks could not be read as they were meant.
    """
    source = lesson.texts.get(default)
    if source is None or source.file in broken or len(lesson.texts) == 1:
        return
    wanted = {kept.id: kept for kept in source.kept}
    checks = {check.id: check for check in source.checks}
    for language, text in lesson.texts.items():
        if text.language == default or text.file in broken:
            continue
        there = {kept.id: kept for kept in text.kept}
        for kept in source.kept:
            if kept.id not in there:
                values = {"id": kept.id or kept.kind, "language": language, "source": str(kept.place)}
                yield Problem("course.check-not-translated", values, Place(text.file))
        own_checks = {check.id: check for check in text.checks}
        for kept in text.kept:
            if kept.id not in wanted:
                yield Problem(
                    "course.check-only-here", {"id": kept.id or kept.kind, "source": default}, kept.place
                )
            elif kept.id in own_checks and kept.id in checks:
                yield from _between_checks(own_checks[kept.id], checks[kept.id])
            else:
                yield from _between_others(kept, wanted[kept.id])


def _between_checks(here: Check, there: Check) -> Iterator[Problem]:
    values = {"id": here.id, "source": str(there.place)}
    if (here.kind, here.graded) != (there.kind, there.graded):
        yield Problem("course.check-differs-kind", values, here.place)
    elif len(here.options) != len(there.options):
        values |= {"here": str(len(here.options)), "there": str(len(there.options))}
        yield Problem("course.check-differs-count", values, here.place)
    elif here.right and there.right and here.right != there.right:
        yield Problem("course.check-differs-answer", values, here.place)


def _between_others(here: Kept, there: Kept) -> Iterator[Problem]:
    values = {"id": here.id or here.kind, "source": str(there.place)}
    if (here.kind, here.graded) != (there.kind, there.graded):
        yield Problem("course.check-differs-kind", values, here.place)
    elif here.n != there.n:
        values |= {"here": str(here.n), "there": str(there.n)}
        yield Problem("course.check-differs-count", values, here.place)
    elif here.right != there.right:
        yield Problem("course.check-differs-answer", values, here.place)
    elif here.form != there.form:
        yield Problem("course.scenario-differs", values, here.place)
    elif here.bytes != there.bytes:
        yield Problem("course.reflection-differs", values, here.place)


def kept_twice(text: LessonText) -> Iterator[Problem]:
    """A page is asked about once."""
    pages = [kept for kept in text.kept if not kept.id]
    for kept in pages[1:]:
        yield Problem("lesson.helpful-twice", {}, kept.place)
