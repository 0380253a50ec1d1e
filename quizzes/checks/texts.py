"""Texts: there in every language, seen by their readers, and the same in what they say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from authoring.problems import Problem
from authoring.read_yaml import Pointer
from quizzes.checks.asking import At
from quizzes.question_texts import PLUGIN_FILE, is_blank
from quizzes.quiz import Quiz
from quizzes.texts_of import TextAt, texts_of

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LATEX_BRACKETS = re.compile(r"(?<!\\)\\[(\[].*?\\[A-Za-z^_].*?\\[)\]]", re.DOTALL)
_MLANG = re.compile(r"\{mlang\b|class=\"multilang\"")
_MOODLE_CODE = re.compile(r"\{\d*:(?:[A-Z]{2,3}|[A-Z]+_[A-Z]+|[A-Z]{5,}):|\[\[\d+\]\]")
_NUMBER = re.compile(r"\d+(?:[ .,\u00a0\u202f]\d+)*")
_MATH = re.compile(r"\$\$?[^$]+\$\$?")


def check_texts(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Every text of a quiz, and that its languages say the same."""
    yield from _check_languages(quiz, at)
    for text in texts_of(quiz):
        yield from _check_text(quiz, text, at)


def _check_languages(quiz: Quiz, at: At) -> Iterator[Problem]:
    languages = quiz.languages
    place = at(("languages", "offered"))
    for language, count in Counter(languages.offered).items():
        if count > 1:
            yield Problem("quiz.language-twice", {"language": language}, place)
    if languages.default not in languages.offered:
        params = {"language": languages.default, "offered": ", ".join(languages.offered)}
        yield Problem("quiz.language-default", params, at(("languages", "default")))


def _check_text(quiz: Quiz, text: TextAt, at: At) -> Iterator[Problem]:
    if not isinstance(text.text.root, str):
        key = _key(text.pointer)
        for language in text.text.missing(quiz.languages.offered):
            yield Problem("quiz.translation-missing", {"key": key, "language": language}, at(text.pointer))
        for language in text.text.languages:
            if language not in quiz.languages.offered:
                params = {"key": key, "language": language}
                yield Problem("quiz.language-not-offered", params, at((*text.pointer, language)), "warning")
        yield from _check_parity(text, at)
    for pointer, written in text.each():
        yield from _check_written(quiz, text, written, pointer, at)


def _check_written(quiz: Quiz, text: TextAt, written: str, pointer: Pointer, at: At) -> Iterator[Problem]:
    if PLUGIN_FILE in written:
        yield Problem("quiz.text-reserved", {"text": PLUGIN_FILE}, at(pointer))
    if ("{mlang" in written or "multilang" in written) and _MLANG.search(written):
        yield Problem("quiz.multilang-typed", {}, at(pointer))
    if text.markdown:
        yield from _check_markdown(quiz, text, written, pointer, at)
    elif is_blank(written):
        yield Problem("quiz.text-blank", {"key": _key(text.pointer)}, at(pointer))
    elif "![" in written and _IMAGE.search(written):
        yield Problem("quiz.image-not-here", {"key": _key(text.pointer)}, at(pointer))


def _check_markdown(quiz: Quiz, text: TextAt, written: str, pointer: Pointer, at: At) -> Iterator[Problem]:
    rendered = quiz.texts.render(written)
    for problem in rendered.problems:
        yield replace(problem, place=at(pointer))
    if is_blank(quiz.texts.visible(written)):
        yield Problem("quiz.text-blank", {"key": _key(text.pointer)}, at(pointer))
    if not text.images and "<img " in rendered.html:
        yield Problem("quiz.image-not-here", {"key": _key(text.pointer)}, at(pointer))
    if "\\" in written and _LATEX_BRACKETS.search(written):
        yield Problem("quiz.latex-brackets", {}, at(pointer), "warning")
    if (":" in written or "[[" in written) and (found := _MOODLE_CODE.search(written)):
        yield Problem("quiz.moodle-code-typed", {"code": found[0]}, at(pointer), "warning")


def _check_parity(text: TextAt, at: At) -> Iterator[Problem]:
    """Languages that differ in numbers, media or formulas are hardly translations of each other."""
    assert not isinstance(text.text.root, str)
    if len(text.text.root) < 2 or text.pointer[0] != "questions":
        return
    if text.pointer[2] == "answers":
        return  # accepted wordings differ as languages do
    for code, found in (
        ("quiz.numbers-differ", _numbers),
        ("quiz.media-differ", _media),
        ("quiz.formulas-differ", _formulas),
    ):
        by_language = {language: found(written) for language, written in text.text.root.items()}
        first = next(iter(by_language))
        for language, values in by_language.items():
            if values != by_language[first]:
                params = {
                    "key": _key(text.pointer),
                    "first": first,
                    "language": language,
                    "there": ", ".join(sorted(by_language[first].elements())) or "-",
                    "here": ", ".join(sorted(values.elements())) or "-",
                }
                yield Problem(code, params, at((*text.pointer, language)), "warning")


def _numbers(written: str) -> Counter[str]:
    """The numbers of a text without images and formulas, however a language groups digits."""
    if not any(one.isdigit() for one in written):
        return Counter()
    rest = _MATH.sub("", _IMAGE.sub("", written))
    return Counter(re.sub(r"\D", "", one) for one in _NUMBER.findall(rest))


def _media(written: str) -> Counter[str]:
    found = Counter(one.partition("](")[2].partition('"')[0].strip(") ") for one in _IMAGE.findall(written))
    # A picture may be one for each language; then there are as many.
    return Counter({"![]()": sum(found.values())}) if found else Counter()


def _formulas(written: str) -> Counter[str]:
    return Counter(_MATH.findall(written)) if "$" in written else Counter()


def _key(pointer: Pointer) -> str:
    return str(next(part for part in reversed(pointer) if isinstance(part, str)))
