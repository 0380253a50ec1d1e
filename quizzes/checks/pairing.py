"""Whether two forms can be made of one blueprint, and dates that follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from authoring.activity import Moment
from authoring.problems import Problem
from authoring.read_yaml import Pointer
from quizzes.checks.asking import At
from quizzes.pair import FORMS, deal, forms
from quizzes.quiz import Quiz
from quizzes.slot_checks import short_draws


def check_pair(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Both forms can be filled, and each question has its place in one of them."""
    if quiz.pair is None:
        for index, question in enumerate(quiz.questions):
            if question.form is not None:
                yield Problem(
                    "quiz.form-without-pair", {"question": question.id}, at(("questions", index, "form"))
                )
        return
    if quiz.pair.pre == quiz.id:
        yield Problem("quiz.pair-same-id", {"id": quiz.id}, at(("pair", "pre")))
    if not any(slot.draw for slot in quiz.slots):
        yield Problem("quiz.pair-without-draws", {}, at(("pair",)))
        return
    used = {slot.use for slot in quiz.slots if slot.use is not None}
    for index, question in enumerate(quiz.questions):
        if question.id in used and question.form is None:
            where: Pointer = ("questions", index, "id")
            yield Problem("quiz.pair-fixed-without-form", {"question": question.id}, at(where))
    dealt = deal(quiz)
    fixed = {form: sum(dealt.get(str(one)) == form for one in used) for form in FORMS}
    if fixed["pre"] != fixed["post"]:
        yield Problem(
            "quiz.pair-fixed-unequal", {"pre": fixed["pre"], "post": fixed["post"]}, at(("pair",)), "warning"
        )
    drawing = [index for index, slot in enumerate(quiz.slots) if slot.draw is not None]
    for form, one in forms(quiz).items():
        own = [index for index, slot in enumerate(one.slots) if slot.draw is not None]
        for index, n, left in short_draws(one):
            place = at(("slots", drawing[own.index(index)]))
            yield Problem("quiz.pair-too-few", {"form": form, "n": n, "left": left}, place)


def check_dates(quiz: Quiz, at: At) -> Iterator[Problem]:
    """A quiz closes after it has opened, for every institution; one has one line of exceptions."""
    settings = quiz.settings
    yield from _in_order(settings.opens, settings.closes, ("settings", "closes"), at)
    seen: set[str] = set()
    for index, override in enumerate(quiz.overrides):
        where: Pointer = ("overrides", index)
        if override.institution in seen:
            yield Problem(
                "quiz.override-twice", {"institution": override.institution}, at((*where, "institution"))
            )
        seen.add(override.institution)
        values = (override.opens, override.closes, override.time_limit, override.attempts)
        if all(one is None for one in values):
            yield Problem("quiz.override-empty", {"institution": override.institution}, at(where))
        if override.time_limit == 0 and settings.time_limit:
            place = at((*where, "time_limit"))
            yield Problem("quiz.override-no-limit", {"institution": override.institution}, place)
        opens, closes = override.opens or settings.opens, override.closes or settings.closes
        if override.opens or override.closes:
            yield from _in_order(opens, closes, where, at)


def _in_order(opens: Moment | None, closes: Moment | None, where: Pointer, at: At) -> Iterator[Problem]:
    if opens and closes and closes.ends(UTC) <= opens.begins(UTC):
        yield Problem("quiz.closes-before-opening", {}, at(where))
