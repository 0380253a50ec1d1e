"""Texts: there in every language, seen by their readers, and the same in what they say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from authoring.problems import Problem
from authoring.read_yaml import Pointer
from quizzes.checks.asking import At
from quizzes.question_texts import PLUGIN_FILE, QuestionTexts, is_blank
from quizzes.quiz import Quiz
from quizzes.texts_of import TextAt, texts_of

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LATEX_BRACKETS = re.compile(r"(?<!\\)\\[(\[].*?\\[A-Za-z^_].*?\\[)\]]", re.DOTALL)
_MLANG = re.compile(r"\{mlang\b|class=\"multilang\"")
_MOODLE_CODE = re.compile(r"\{\d*:(?:[A-Z]{2,3}|[A-Z]+_[A-Z]+|[A-Z]{5,}):|\[\[\d+\]\]")
_NUMBER = re.compile(r"\d+(?:[ .,\u00a0\u202f]\d+)*")
_DIGIT = re.compile(r"\d")
_NO_DIGIT = re.compile(r"\D")
_MATH = re.compile(r"\$\$?[^$]+\$\$?")


def check_texts(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Every text of a quiz, and that its languages say the same."""
    yield from _check_languages(quiz, at)
    checking = _Checking(quiz.texts, quiz.languages.offered, at)
    for text in texts_of(quiz):
        yield from checking.text(text)


def _check_languages(quiz: Quiz, at: At) -> Iterator[Problem]:
    languages = quiz.languages
    place = at(("languages", "offered"))
    for language, count in Counter(languages.offered).items():
        if count > 1:
            yield Problem("quiz.language-twice", {"language": language}, place)
    if languages.default not in languages.offered:
        params = {"language": languages.default, "offered": ", ".join(languages.offered)}
        yield Problem("quiz.language-default", params, at(("languages", "default")))


class _Checking:
    """Looks at each text of one quiz."""

    def __init__(self, texts: QuestionTexts, offered: tuple[str, ...], at: At) -> None:
        self.texts = texts
        self.offered = offered
        self.at = at

    def text(self, text: TextAt) -> Iterator[Problem]:
        """One text in all its languages."""
        if isinstance(text.text.root, str):
            yield from self._written(text, text.text.root, text.pointer)
            return
        if tuple(text.text.root) != self.offered:
            yield from self._check_offered(text)
        yield from _check_parity(text, self.at)
        for language, written in text.text.root.items():
            yield from self._written(text, written, (*text.pointer, language))

    def _check_offered(self, text: TextAt) -> Iterator[Problem]:
        key = _key(text.pointer)
        for language in text.text.missing(self.offered):
            values = {"key": key, "language": language}
            yield Problem("quiz.translation-missing", values, self.at(text.pointer))
        for language in text.text.languages:
            if language not in self.offered:
                params = {"key": key, "language": language}
                place = self.at((*text.pointer, language))
                yield Problem("quiz.language-not-offered", params, place, "warning")

    def _written(self, text: TextAt, written: str, pointer: Pointer) -> Iterator[Problem]:
        if PLUGIN_FILE in written:
            yield Problem("quiz.text-reserved", {"text": PLUGIN_FILE}, self.at(pointer))
        if ("{mlang" in written or "multilang" in written) and _MLANG.search(written):
            yield Problem("quiz.multilang-typed", {}, self.at(pointer))
        if text.markdown:
            yield from self._markdown(text, written, pointer)
        elif is_blank(written):
            yield Problem("quiz.text-blank", {"key": _key(text.pointer)}, self.at(pointer))
        elif "![" in written and _IMAGE.search(written):
            yield Problem("quiz.image-not-here", {"key": _key(text.pointer)}, self.at(pointer))

    def _markdown(self, text: TextAt, written: str, pointer: Pointer) -> Iterator[Problem]:
        rendered = self.texts.render(written)
        for problem in rendered.problems:
            yield replace(problem, place=self.at(pointer))
        # A letter at the beginning is seen whatever follows.
        if not written[:1].isalpha() and is_blank(self.texts.visible(written)):
            yield Problem("quiz.text-blank", {"key": _key(text.pointer)}, self.at(pointer))
        if not text.images and "<img " in rendered.html:
            yield Problem("quiz.image-not-here", {"key": _key(text.pointer)}, self.at(pointer))
        if "\\" in written and _LATEX_BRACKETS.search(written):
            yield Problem("quiz.latex-brackets", {}, self.at(pointer), "warning")
        if ("[[" in written or "{" in written) and (found := _MOODLE_CODE.search(written)):
            yield Problem("quiz.moodle-code-typed", {"code": found[0]}, self.at(pointer), "warning")


def _check_parity(text: TextAt, at: At) -> Iterator[Problem]:
    """Languages that differ in numbers, media or formulas are hardly translations of each other."""
    assert not isinstance(text.text.root, str)
    if len(text.text.root) < 2 or text.pointer[0] != "questions":
        return
    if text.pointer[2] == "answers":
        return  # accepted wordings differ as languages do
    written = text.text.root.values()
    for code, sign, found in _PARITY:
        if sign and sign not in "".join(written):
            continue
        values = [found(one) for one in written]
        if values.count(values[0]) == len(values):
            continue
        first = next(iter(text.text.root))
        for language, here in zip(text.text.root, values, strict=True):
            if here != values[0]:
                params = {
                    "key": _key(text.pointer),
                    "first": first,
                    "language": language,
                    "there": ", ".join(values[0]) or "-",
                    "here": ", ".join(here) or "-",
                }
                yield Problem(code, params, at((*text.pointer, language)), "warning")


def _numbers(written: str) -> list[str]:
    """The numbers of a text without images and formulas, in one order, however a language groups digits."""
    if not _DIGIT.search(written):
        return []
    rest = _IMAGE.sub("", written) if "![" in written else written
    rest = _MATH.sub("", rest) if "$" in rest else rest
    return sorted([one if one.isdigit() else _NO_DIGIT.sub("", one) for one in _NUMBER.findall(rest)])


def _media(written: str) -> list[str]:
    """One sign for each image or sound; it may be another one in each language."""
    return ["![]()"] * len(_IMAGE.findall(written))


def _formulas(written: str) -> list[str]:
    return sorted(_MATH.findall(written))


_PARITY = (
    ("quiz.numbers-differ", "", _numbers),
    ("quiz.media-differ", "![", _media),
    ("quiz.formulas-differ", "$", _formulas),
)


def _key(pointer: Pointer) -> str:
    return str(next(part for part in reversed(pointer) if isinstance(part, str)))
