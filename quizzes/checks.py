"""What Moodle would swallow, cut, invert or die on in a question, told with its place.

Each rule was tried on Moodle 4.5.6: its importer accepts most of these files without a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from authoring.languages import LocalizedText
from authoring.problems import Place, Problem
from authoring.read_yaml import Pointer
from quizzes.question_texts import (
    PLUGIN_FILE,
    choice_of,
    is_blank,
    plain_of,
)
from quizzes.questions import (
    Cloze,
    Description,
    DragImage,
    DragMarkers,
    Essay,
    Gaps,
    Matching,
    MultipleChoice,
    Numerical,
    Ordering,
    Question,
    Raw,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from quizzes.quiz import Quiz
from quizzes.scores import as_authors_write, decimal, equal_split
from quizzes.texts_of import TextAt, texts_of
from quizzes.xml_out.choices import option_scores

At = Callable[[Pointer], Place]

MAX_NAME = 255
MAX_IDNUMBER = 100
MAX_TAG = 50
MAX_CHOICE = 255

# strip_tags of PHP takes everything from a "<" that no blank follows.
_CUT_BY_MOODLE = re.compile(r"<(?!\s)")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")


def check_questions(quiz: Quiz, at: At) -> Iterator[Problem]:
    """Everything wrong with the texts, names, tags and answers of a quiz; slots and image files apart."""
    yield from _check_languages(quiz, at)
    for text in texts_of(quiz):
        yield from _check_text(quiz, text, at)
    yield from _check_category(quiz, at)
    yield from _check_ids(quiz, at)
    yield from _check_tag_spelling(quiz, at)
    for index, question in enumerate(quiz.questions):
        pointer: Pointer = ("questions", index)
        yield from _check_name(question.name, at((*pointer, "name")))
        yield from _check_tags(question, pointer, at)
        yield from _Answers(quiz, question, pointer, at).check()


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
    key = _key(text.pointer)
    for language in text.text.missing(quiz.languages.offered):
        yield Problem("quiz.translation-missing", {"key": key, "language": language}, at(text.pointer))
    for language in text.text.languages:
        if language not in quiz.languages.offered:
            params = {"key": key, "language": language}
            yield Problem("quiz.language-not-offered", params, at((*text.pointer, language)), "warning")
    for pointer, written in text.each():
        place = at(pointer)
        if PLUGIN_FILE in written:
            yield Problem("quiz.text-reserved", {"text": PLUGIN_FILE}, place)
        if text.markdown:
            yield from _check_markdown(quiz, text, written, place)
        elif is_blank(written):
            yield Problem("quiz.text-blank", {"key": key}, place)
        elif _IMAGE.search(written):
            yield Problem("quiz.image-not-here", {"key": key}, place)


def _check_markdown(quiz: Quiz, text: TextAt, written: str, place: Place) -> Iterator[Problem]:
    key = _key(text.pointer)
    for problem in quiz.texts.render(written).problems:
        yield replace(problem, place=place)
    if is_blank(quiz.texts.visible(written)):
        yield Problem("quiz.text-blank", {"key": key}, place)
    if not text.images and "<img " in quiz.texts.render(written).html:
        yield Problem("quiz.image-not-here", {"key": key}, place)


def _key(pointer: Pointer) -> str:
    return str(next(part for part in reversed(pointer) if isinstance(part, str)))


def _check_category(quiz: Quiz, at: At) -> Iterator[Problem]:
    pointer: Pointer = ("category", "title") if quiz.category else ("title",)
    name = plain_of(quiz.category_title, quiz.languages.default)
    yield from _check_name(name, at(pointer))
    if name.startswith("/") or name.endswith("/"):
        yield Problem("quiz.category-slash", {"name": name}, at(pointer))


def _check_name(name: str | None, place: Place) -> Iterator[Problem]:
    if name is None:
        return
    if is_blank(name):
        yield Problem("quiz.text-blank", {"key": "name"}, place)
    if len(name) > MAX_NAME:
        yield Problem("quiz.name-too-long", {"n": len(name), "limit": MAX_NAME}, place)
    if _CUT_BY_MOODLE.search(name):
        yield Problem("quiz.name-cut", {"name": name}, place)


def _check_ids(quiz: Quiz, at: At) -> Iterator[Problem]:
    first: dict[str, Pointer] = {}
    for index, question in enumerate(quiz.questions):
        pointer: Pointer = ("questions", index, "id")
        key = quiz.key_of(question.id)
        if len(key) > MAX_IDNUMBER:
            yield Problem("quiz.id-too-long", {"key": key, "n": len(key), "limit": MAX_IDNUMBER}, at(pointer))
        folded = question.id.lower()  # MySQL's usual collation does not tell a1 from A1
        if folded in first:
            params = {"id": question.id, "first_line": at(first[folded]).line}
            yield Problem("quiz.id-twice", params, at(pointer))
        first.setdefault(folded, pointer)


def _check_tag_spelling(quiz: Quiz, at: At) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for index, question in enumerate(quiz.questions):
        for i, tag in enumerate(question.tags):
            known = first.setdefault(tag.lower(), tag)
            if known != tag:
                params = {"tag": tag, "known": known}
                yield Problem("quiz.tag-spelling", params, at(("questions", index, "tags", i)))


def _check_tags(question: Question, pointer: Pointer, at: At) -> Iterator[Problem]:
    seen: set[str] = set()
    for i, tag in enumerate(question.tags):
        place = at((*pointer, "tags", i))
        if is_blank(tag):
            yield Problem("quiz.tag-empty", {}, place)
        if len(tag) > MAX_TAG:
            yield Problem("quiz.tag-too-long", {"tag": tag, "n": len(tag), "limit": MAX_TAG}, place)
        if found := re.search("[<>`,]", tag):
            yield Problem("quiz.tag-characters", {"tag": tag, "character": found[0]}, place)
        if tag in seen:
            yield Problem("quiz.tag-twice", {"tag": tag}, place)
        seen.add(tag)


class _Answers:
    """Checks what one question accepts as right."""

    def __init__(self, quiz: Quiz, question: Question, pointer: Pointer, at: At) -> None:
        self.languages = quiz.languages.offered
        self.visible = quiz.texts.visible
        self.question = question
        self.pointer = pointer
        self.at = at

    def check(self) -> Iterator[Problem]:
        """The problems of its options, answers or pairs."""
        match self.question:
            case SingleChoice():
                yield from self._options(self.question)
                yield from self._single(self.question)
            case MultipleChoice():
                yield from self._options(self.question)
                yield from self._multiple(self.question)
            case TrueFalse() | Description():
                pass
            case Ordering() | Gaps() | Cloze() | DragImage() | DragMarkers() | Essay() | Raw():
                pass
            case ShortText():
                yield from self._short(self.question)
            case Numerical():
                yield from self._numerical(self.question)
            case Matching():
                yield from self._matching(self.question)
            case _:
                assert_never(self.question)

    def _problem(self, code: str, *where: str | int, warning: bool = False, **params: object) -> Problem:
        params = {"question": self.question.id, **params}
        return Problem(code, params, self.at((*self.pointer, *where)), "warning" if warning else "error")

    def _options(self, question: SingleChoice | MultipleChoice) -> Iterator[Problem]:
        if len(question.options) < 2:
            yield self._problem("quiz.options-too-few", "options")
        texts = [option.text for option in question.options]
        for index, first, language in self._repeated(texts, self.visible):
            seen = self.visible(texts[index].in_language(language))
            yield self._problem("quiz.option-twice", "options", index, "text", text=seen, first=first + 1)

    def _repeated(
        self, texts: list[LocalizedText], seen: Callable[[str], str]
    ) -> Iterator[tuple[int, int, str]]:
        """Texts that look like an earlier one to a reader of some language: index, index of the first, language."""
        told: set[int] = set()
        for language in self.languages:
            first: dict[str, int] = {}
            for index, text in enumerate(texts):
                same = first.setdefault(seen(text.in_language(language)), index)
                if same != index and index not in told:
                    told.add(index)
                    yield index, same, language

    def _single(self, question: SingleChoice) -> Iterator[Problem]:
        right = sum(option.correct for option in question.options)
        if right != 1:
            yield self._problem("quiz.single-right", "options", n=right)
        for index, option in enumerate(question.options):
            where = ("options", index, "score")
            if option.correct and option.score not in (None, 1):
                yield self._problem("quiz.single-score", *where, score=_written(option.score))
            if not option.correct and option.score == 1:
                yield self._problem("quiz.wrong-score", *where, score=_written(option.score))

    def _multiple(self, question: MultipleChoice) -> Iterator[Problem]:
        right = [option for option in question.options if option.correct]
        odd = False
        for index, option in enumerate(question.options):
            score = option.score
            if score is not None and (score <= 0 if option.correct else score > 0):
                odd = True
                code = "quiz.right-score" if option.correct else "quiz.wrong-score"
                yield self._problem(code, "options", index, "score", score=_written(score))
        given = sum(option.score is not None for option in right)
        if not right:
            yield self._problem("quiz.multiple-none-right", "options")
        elif given not in (0, len(right)):
            yield self._problem("quiz.score-missing", "options", n=len(right) - given)
        elif not given and equal_split(len(right)) is None:
            yield self._problem("quiz.no-equal-split", "options", n=len(right))
        elif not odd:
            total = sum((score for score in option_scores(question) if score > 0), start=Fraction(0))
            if total != 1:
                yield self._problem("quiz.multiple-sum", "options", sum=f"{decimal(total * 100, 5)}%")
        wrong = [option for option in question.options if not option.correct]
        if right and wrong and not any(option.score for option in wrong):
            # Moodle adds up what is ticked, so ticking everything gives the full mark.
            yield self._problem("quiz.ticking-all-wins", "options", warning=True)

    def _short(self, question: ShortText) -> Iterator[Problem]:
        if not question.answers:
            yield self._problem("quiz.answers-missing", "answers")
            return
        if all(answer.score != 1 for answer in question.answers):
            yield self._problem("quiz.no-full-answer", "answers")
        first: dict[str, int] = {}
        anything: int | None = None
        for index, answer in enumerate(question.answers):
            where = ("answers", index)
            if answer.score < 0:
                yield self._problem("quiz.answer-negative", *where, score=_written(answer.score))
            if anything is not None:
                yield self._problem("quiz.answer-never-reached", *where, first=anything + 1)
            for wording in dict.fromkeys(plain_of(answer.text, language) for language in self.languages):
                if not wording.strip("*"):
                    anything = index if anything is None else anything
                    if answer.score == 1:
                        yield self._problem("quiz.answer-takes-anything", *where)
                elif re.search(r"\*\*|[0-9]\*[0-9]", wording):
                    yield self._problem("quiz.star-is-wildcard", *where, warning=True, text=wording)
                folded = unicodedata.normalize("NFC", wording)
                folded = folded if question.case_sensitive else folded.lower()
                same = first.setdefault(folded, index)
                if same != index:
                    yield self._problem("quiz.answer-twice", *where, text=wording, first=same + 1)

    def _numerical(self, question: Numerical) -> Iterator[Problem]:
        if question.answer is not None and question.answers:
            yield self._problem("quiz.answer-and-answers", "answers")
        elif not question.accepted:
            yield self._problem("quiz.answers-missing")
        elif question.tolerance is not None and question.answers:
            yield self._problem("quiz.tolerance-misplaced", "tolerance")
        elif all(accepted.score != 1 for accepted in question.accepted):
            yield self._problem("quiz.no-full-answer", "answers")
        first: dict[object, int] = {}
        for index, accepted in enumerate(question.answers):
            if accepted.score < 0:
                yield self._problem("quiz.answer-negative", "answers", index, score=_written(accepted.score))
            same = first.setdefault((accepted.answer, accepted.tolerance), index)
            if same != index:
                where = ("answers", index)
                yield self._problem("quiz.answer-twice", *where, text=accepted.answer, first=same + 1)

    def _matching(self, question: Matching) -> Iterator[Problem]:
        if len(question.pairs) < 2:
            yield self._problem("quiz.pairs-too-few", "pairs", n=len(question.pairs))
        rights = [pair.right for pair in question.pairs]
        shown = dict.fromkeys(choice_of(choice, self.languages) for choice in (*rights, *question.extra))
        if len(shown) < 3:
            yield self._problem("quiz.choices-too-few", "pairs", n=len(shown))
        lefts = [pair.left for pair in question.pairs]
        for index, first, language in self._repeated(lefts, self.visible):
            seen = self.visible(lefts[index].in_language(language))
            yield self._problem("quiz.left-twice", "pairs", index, "left", text=seen, first=first + 1)
        yield from self._choices(question, rights)

    def _choices(self, question: Matching, rights: list[LocalizedText]) -> Iterator[Problem]:
        """Two pairs may share a choice, if it is the same in every language: Moodle merges equal texts."""
        choices = [*rights, *question.extra]
        stored = [choice_of(choice, self.languages) for choice in choices]
        for index, text in enumerate(stored):
            if len(text) > MAX_CHOICE:
                where = _choice_place(index, len(rights))
                yield self._problem("quiz.choice-too-long", *where, n=len(text), limit=MAX_CHOICE)
        for index, first, language in self._repeated(choices, lambda text: " ".join(text.split())):
            if index < len(rights) and stored[index] == stored[first]:
                continue
            text = plain_of(choices[index], language)
            where = _choice_place(index, len(rights))
            yield self._problem("quiz.choice-twice", *where, text=text, language=language)


def _choice_place(index: int, pairs: int) -> tuple[str | int, ...]:
    return ("pairs", index, "right") if index < pairs else ("extra", index - pairs)


def _written(score: Fraction | None) -> str:
    return as_authors_write(score) if score is not None else "-"
