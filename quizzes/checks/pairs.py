"""Pairs and orders: enough of them, and none that reads like another."""

from __future__ import annotations

from collections.abc import Iterator

from authoring.languages import LocalizedText
from authoring.problems import Problem
from quizzes.checks.asking import Asking
from quizzes.question_texts import choice_of, plain_of
from quizzes.questions import Matching, Ordering

MAX_CHOICE = 255


def check_matching(asking: Asking, question: Matching) -> Iterator[Problem]:
    """Statements and choices."""
    if len(question.pairs) < 2:
        yield asking.problem("quiz.pairs-too-few", "pairs", n=len(question.pairs))
    rights = [pair.right for pair in question.pairs]
    shown = dict.fromkeys(choice_of(choice, asking.languages) for choice in (*rights, *question.extra))
    if len(shown) < 3:
        yield asking.problem("quiz.choices-too-few", "pairs", n=len(shown))
    lefts = [pair.left for pair in question.pairs]
    for index, first, language in asking.repeated(lefts, asking.visible):
        seen = asking.visible(lefts[index].in_language(language))
        yield asking.problem("quiz.left-twice", "pairs", index, "left", text=seen, first=first + 1)
    yield from _choices(asking, question, rights)


def _choices(asking: Asking, question: Matching, rights: list[LocalizedText]) -> Iterator[Problem]:
    """Two pairs may share a choice, if it is the same in every language: Moodle merges equal texts."""
    choices = [*rights, *question.extra]
    stored = [choice_of(choice, asking.languages) for choice in choices]
    for index, text in enumerate(stored):
        if len(text) > MAX_CHOICE:
            where = _choice_place(index, len(rights))
            yield asking.problem("quiz.choice-too-long", *where, n=len(text), limit=MAX_CHOICE)
    for index, first, language in asking.repeated(choices, lambda text: " ".join(text.split())):
        if index < len(rights) and stored[index] == stored[first]:
            continue
        text = plain_of(choices[index], language)
        where = _choice_place(index, len(rights))
        yield asking.problem("quiz.choice-twice", *where, text=text, language=language)


def _choice_place(index: int, pairs: int) -> tuple[str | int, ...]:
    return ("pairs", index, "right") if index < pairs else ("extra", index - pairs)


def check_ordering(asking: Asking, question: Ordering) -> Iterator[Problem]:
    """Items: at one too few Moodle stops the import, and says that it succeeded."""
    if len(question.items) < 2:
        yield asking.problem("quiz.order-too-few", "items", n=len(question.items))
    for index, first, language in asking.repeated(question.items, asking.visible):
        seen = asking.visible(question.items[index].in_language(language))
        yield asking.problem("quiz.order-twice", "items", index, text=seen, first=first + 1)
    if question.show_items is None:
        if question.take != "anywhere":
            yield asking.problem("quiz.order-take-alone", "take")
    elif question.show_items > len(question.items):
        n, items = question.show_items, len(question.items)
        yield asking.problem("quiz.order-shows-more", "show_items", n=n, items=items)
