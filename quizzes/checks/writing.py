"""Item writing: what tells a learner the answer, or hides the question, whatever is known of the subject.

Every finding is a warning. The rules are those of Haladyna, Downing and Rodriguez, "A Review of
Multiple-Choice Item-Writing Guidelines for Classroom Assessment" (2002), as far as a text alone shows them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from authoring.problems import Problem
from quizzes.checks.asking import Asking, At
from quizzes.checks.words import WORDS, is_all_or_none, lowered
from quizzes.questions import MultipleChoice, Option, SingleChoice, TrueFalse
from quizzes.quiz import Quiz

LONG = 30
"""Characters from which on the length of the right option can give it away."""
LONGER_THAN_NEXT = 1.5
LONGER_THAN_MEAN = 1.6
ALIKE = 86
"""Per cent of likeness from which on two questions are one."""

_EMPHASISED = re.compile(r"<(strong|em|mark)>.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SENTENCE = re.compile(r"[^.!?…]*[.!?…]*\s*$")
_SHOUTED = re.compile(r"\b[A-ZËÇȘȚĂÎÂ]{2,}\b")
_RANGE = re.compile(r"(\d+)\s*(?:–|—|-|to|deri në|deri|në|la|până la|and|dhe|și)\s*(\d+)")
_RANGE_WORDS = re.compile(
    r"\b(nga|prej|ndërmjet|midis|de la|de|între|from|between|about|rreth|circa)\b|[\d\s–—-]"
)


def check_writing(asking: Asking) -> Iterator[Problem]:
    """How one question is written."""
    question = asking.question
    if isinstance(question, SingleChoice | MultipleChoice):
        for language in asking.languages:
            if language in WORDS:
                yield from _check_in(asking, question, language)
        yield from _check_lengths(asking, question)
        yield from _check_ranges(asking, question.options)


def _check_in(asking: Asking, question: SingleChoice | MultipleChoice, language: str) -> Iterator[Problem]:
    words = WORDS[language]
    options = [asking.visible(one.text.in_language(language)) for one in question.options]
    for index, option in enumerate(options):
        if is_all_or_none(language, option):
            yield _told(asking, "quiz.writing-all-or-none", language, "options", index, "text", option=option)
    stem = question.text.in_language(language)
    if found := _negation(asking, stem, language):
        yield _told(asking, "quiz.writing-negative-stem", language, "text", word=found)
    right = [lowered(text) for text, one in zip(options, question.options, strict=True) if one.correct]
    asked = lowered(asking.visible(stem))
    if not words.absolute.search(asked) and not any(words.absolute.search(one) for one in right):
        for index, (text, one) in enumerate(zip(options, question.options, strict=True)):
            found_word = words.absolute.search(lowered(text))
            if found_word and not one.correct and " " in text.strip():
                yield _told(
                    asking,
                    "quiz.writing-absolute-words",
                    language,
                    "options",
                    index,
                    "text",
                    word=found_word[0],
                )
    yield from _check_article(asking, question, options, language)


def _told(asking: Asking, code: str, language: str, *where: str | int, **params: object) -> Problem:
    return asking.problem(code, *where, warning=True, language=language, **params)


def _negation(asking: Asking, stem: str, language: str) -> str | None:
    """A negation in the question itself that nothing draws the eye to."""
    words = WORDS[language]
    shown = _SHOUTED.sub(
        " ", html.unescape(_TAG.sub(" ", _EMPHASISED.sub(" ", asking.texts.render(stem).html)))
    )
    text = lowered(" ".join(shown.split()))
    asked = _SENTENCE.search(text)
    parts = [part for part in re.split(r"[,;:–—]", asked[0] if asked else "") if words.asks.search(part)]
    found = words.exception.search(text) or next(filter(None, map(words.negation.search, parts)), None)
    return found[0] if found else None


def _check_article(
    asking: Asking, question: SingleChoice | MultipleChoice, options: Sequence[str], language: str
) -> Iterator[Problem]:
    """A stem that ends with an article which some options cannot follow."""
    stem = lowered(asking.visible(question.text.in_language(language))).rstrip(" .…_:")
    clash = WORDS[language].articles.get(stem.rsplit(" ", 1)[-1]) if not stem.endswith("?") else None
    if clash is None:
        return
    fits = [not clash.match(lowered(option)) for option in options]
    rights = [fit for fit, one in zip(fits, question.options, strict=True) if one.correct]
    if rights and all(rights) and not all(fits):
        yield _told(asking, "quiz.writing-grammar-cue", language, "text", word=stem.rsplit(" ", 1)[-1])


def _check_lengths(asking: Asking, question: SingleChoice | MultipleChoice) -> Iterator[Problem]:
    if not isinstance(question, SingleChoice) or len(question.options) < 3:
        return
    for language in asking.languages:
        lengths = [len(asking.visible(one.text.in_language(language))) for one in question.options]
        right = max(
            (length for length, one in zip(lengths, question.options, strict=True) if one.correct), default=0
        )
        wrong = [length for length, one in zip(lengths, question.options, strict=True) if not one.correct]
        if not wrong or right < LONG:
            continue
        if right >= LONGER_THAN_NEXT * max(wrong) and right >= LONGER_THAN_MEAN * sum(wrong) / len(wrong):
            yield _told(asking, "quiz.writing-longest-right", language, "options", n=right, next=max(wrong))


def _check_ranges(asking: Asking, options: Sequence[Option]) -> Iterator[Problem]:
    """Two ranges of numbers that share one: an answer that lies in both is right in neither."""
    language = asking.languages[0]
    ranges: list[tuple[int, int, int, str]] = []
    for index, option in enumerate(options):
        text = lowered(asking.visible(option.text.in_language(language)))
        numbers = re.findall(r"\d+", text)
        found = _RANGE.search(text)
        if found and len(numbers) == 2 and int(found[1]) < int(found[2]):
            rest = _RANGE_WORDS.sub("", _RANGE.sub("", text))
            ranges.append((index, int(found[1]), int(found[2]), rest))
    for position, (index, low, high, rest) in enumerate(ranges):
        for earlier, its_low, its_high, its_rest in ranges[:position]:
            if rest == its_rest and low <= its_high and its_low <= high:
                yield asking.problem(
                    "quiz.writing-ranges-overlap", "options", index, "text", warning=True, first=earlier + 1
                )


def check_alike(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Questions that ask the same in nearly the same words, in the default language.

    Those of another type, or with other numbers, are not compared: they ask something else.
    """
    keys = [_asked(quiz, index) for index in range(len(quiz.questions))]
    comparable: dict[tuple[str, ...], list[int]] = {}
    for index, key in enumerate(keys):
        if len(key) >= LONG:
            comparable.setdefault((quiz.questions[index].type, *_digits(key)), []).append(index)
    group_of = {index: group for group in comparable.values() for index in group}
    told: set[int] = set()
    for index in sorted(group_of):
        later = {other: keys[other] for other in group_of[index] if other > index and other not in told}
        if not later:
            continue
        from rapidfuzz import fuzz, process  # not for quizzes in which nothing can be alike

        for _, _, other in process.extract(
            keys[index], later, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=None
        ):
            told.add(other)
            params = {"question": quiz.questions[other].id, "first": quiz.questions[index].id}
            yield Problem("quiz.writing-near-duplicate", params, at(("questions", other, "text")), "warning")


def _asked(quiz: Quiz, index: int) -> str:
    """What a question asks and takes for right, as a reader sees it."""
    question = quiz.questions[index]
    language = quiz.languages.default
    parts = [quiz.texts.visible(question.text.in_language(language))]
    if isinstance(question, SingleChoice | MultipleChoice):
        parts += [
            quiz.texts.visible(one.text.in_language(language)) for one in question.options if one.correct
        ]
    return " ".join(parts).lower()


def _digits(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def check_key_positions(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Where the right options stand, of questions whose options are not shuffled, and how often a statement is true."""
    positions: list[int] = []
    truths: list[int] = []
    for question in quiz.questions:
        if isinstance(question, TrueFalse):
            truths.append(1 if question.answer else 2)
        elif isinstance(question, SingleChoice) and not (question.shuffle and quiz.settings.shuffle_answers):
            positions += [number for number, one in enumerate(question.options, 1) if one.correct][:1]
    for found, limit in ((positions, 0.6), (truths, 0.85)):
        if len(found) < 8:
            continue
        most = max(set(found), key=found.count)
        if found.count(most) >= limit * len(found):
            params = {"n": found.count(most), "all": len(found), "position": most}
            yield Problem("quiz.writing-key-position", params, at(("questions",)), "warning")
