"""Gaps and blanks: each has its place in the text of every language, and something that fills it."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from authoring.problems import Problem
from quizzes.checks.asking import Asking
from quizzes.checks.choices import check_options
from quizzes.checks.typed import check_numbers, check_wordings
from quizzes.gap_texts import GapsDiffer, merged_html, placeholders
from quizzes.question_texts import choice_of
from quizzes.questions import Blank, Cloze, Gaps
from quizzes.xml_out.gap_questions import numbers_of

_ALMOST = re.compile(r"\{\{([^{}]*)\}\}")
_MARKUP = re.compile(r"<(?!br\b|/)")


def check_gaps(asking: Asking, question: Gaps) -> Iterator[Problem]:
    """A text with gaps and the words for them."""
    yield from _check_places(asking, question, question.gaps, "gaps", once=False)
    words: list[tuple[tuple[str | int, ...], Any]] = [
        *((("gaps", name), word) for name, word in question.gaps.items()),
        *((("extra", index), word) for index, word in enumerate(question.extra)),
    ]
    for where, word in words:
        if word.unlimited and question.input == "select":
            yield asking.problem("quiz.word-unlimited", *where)
    groups = {word.group for word in question.gaps.values()}
    for index, word in enumerate(question.extra):
        if word.group not in groups:
            yield asking.problem("quiz.group-without-gap", "extra", index, group=word.group)
    for group in sorted(groups):
        shown = {choice_of(word.text, asking.languages) for _, word in words if word.group == group}
        if len(shown) < 2:
            name = next(name for name, word in question.gaps.items() if word.group == group)
            yield asking.problem("quiz.gap-without-choice", "gaps", name, gap=name, group=group)
        yield from _check_words(asking, [one for one in words if one[1].group == group])


def _check_words(asking: Asking, words: list[tuple[tuple[str | int, ...], Any]]) -> Iterator[Problem]:
    """Words of one group that read the same in some language, but are not the same in all."""
    texts = [word.text for _, word in words]
    for index, first, language in asking.repeated(texts, lambda text: " ".join(text.split())):
        same = choice_of(texts[index], asking.languages) == choice_of(texts[first], asking.languages)
        if same and words[index][0][0] == "gaps":
            continue
        text = texts[index].in_language(language)
        yield asking.problem("quiz.word-twice", *words[index][0], text=text, language=language)


def _check_places(
    asking: Asking, question: Gaps | Cloze, named: Mapping[str, object], key: str, *, once: bool
) -> Iterator[Problem]:
    """Each name has its place in each language, and each place its name."""
    root = question.text.root
    texts = {None: root} if isinstance(root, str) else root
    told = False
    for language, source in texts.items():
        where: tuple[str, ...] = ("text",) if language is None else ("text", str(language))
        html = asking.texts.render(source).html
        found = placeholders(html)
        for one in _ALMOST.findall(html):
            if one not in found:
                told = True
                yield asking.problem("quiz.gap-name", *where, name=one)
        for name in dict.fromkeys(found):
            if name not in named:
                told = True
                yield _unknown(asking, where, name, named)
        for name, count in Counter(found).items():
            if once and count > 1 and name in named:
                told = True
                yield asking.problem("quiz.blank-twice", *where, name=name)
        for name in named:
            if name not in found:
                told = True
                yield asking.problem("quiz.gap-unused", *(where if found else (key, name)), name=name)
    if not named:
        yield asking.problem("quiz.gaps-none", key)
    if not told:
        try:
            merged_html(asking.texts, question.text, asking.languages)
        except GapsDiffer as differ:
            code = f"quiz.gaps-differ-{differ.reason}"
            first = asking.languages[0]
            yield asking.problem(code, "text", differ.language, language=differ.language, first=first)


def _unknown(asking: Asking, where: tuple[str, ...], name: str, named: Mapping[str, object]) -> Problem:
    similar = difflib.get_close_matches(name, list(named), n=1)
    if similar:
        return asking.problem("quiz.gap-unknown-similar", *where, name=name, similar=similar[0])
    return asking.problem("quiz.gap-unknown", *where, name=name)


_BELONGS = {
    "tolerance": "number",
    "feedback": "number",
    "case_sensitive": "answers",
    "several": "options",
    "layout": "options",
}


def check_cloze(asking: Asking, question: Cloze) -> Iterator[Problem]:
    """A text with blanks and their answers."""
    yield from _check_places(asking, question, question.blanks, "blanks", once=True)
    for name, blank in question.blanks.items():
        yield from _check_blank(asking, ("blanks", name), blank)
    if question.blanks and not question.points:
        yield asking.problem("quiz.cloze-without-points", "blanks", warning=True)


def _check_blank(asking: Asking, where: tuple[str, ...], blank: Blank) -> Iterator[Problem]:
    kinds = blank.kinds
    if len(kinds) != 1:
        yield asking.problem("quiz.blank-kind", *where, kinds=", ".join(kinds) or "-")
        return
    for key, kind in _BELONGS.items():
        if getattr(blank, key) and kind not in kinds:
            yield asking.problem("quiz.blank-key", *where, key, key=key, kind=kind)
    if blank.options:
        yield from check_options(asking, blank.options, *where, "options", several=blank.several)
        if not blank.several and blank.layout in (None, "list"):
            yield from _check_list(asking, where, blank)
    elif blank.answers:
        at = (*where, "answers")
        yield from check_wordings(asking, blank.answers, at, case_sensitive=blank.case_sensitive)
    else:
        yield from check_numbers(
            asking, numbers_of(blank), (*where, "numbers" if blank.numbers else "number")
        )


def _check_list(asking: Asking, where: tuple[str, ...], blank: Blank) -> Iterator[Problem]:
    """A drop-down list shows no markup."""
    for index, option in enumerate(blank.options):
        for language in asking.languages:
            html = asking.texts.render(option.text.in_language(language)).html
            if _MARKUP.search(html.removeprefix("<p>")):
                yield asking.problem("quiz.blank-markup", *where, "options", index, "text", warning=True)
                break
