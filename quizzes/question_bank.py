"""The question bank: every question of a quiz as Moodle XML with its idnumber and content hash."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from authoring.problems import ContentError, Problem
from quizzes.moodle_xml import category_element, question_element, sorted_tags
from quizzes.question_texts import illegal_character, plain_of
from quizzes.questions import Question
from quizzes.quiz import Quiz
from quizzes.write_xml import serialised, written

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n'
_FOOT = "</quiz>\n"


@dataclass(frozen=True)
class BankQuestion:
    """One question for Moodle.

    `key` is its idnumber, `xml` one `<question>` element, `hash` a SHA-256 that changes exactly when
    what Moodle would store changes.
    """

    key: str
    name: str
    xml: str
    hash: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class QuestionBank:
    """The questions of one quiz, for one question category whose idnumber is `quiz_id`."""

    quiz_id: str
    category_name: str
    category_xml: str
    questions: tuple[BankQuestion, ...]

    @property
    def xml(self) -> bytes:
        """The whole file, its category included, as a trainer imports it by hand."""
        return self._file([self.category_xml, *(question.xml for question in self.questions)])

    def xml_of(self, keys: Collection[str]) -> bytes:
        """A file with only the questions of these keys, in the bank's order and without a category.

        Raises KeyError for a key that the bank does not have.
        """
        wanted = set(keys)
        if unknown := wanted - {question.key for question in self.questions}:
            raise KeyError(min(unknown))
        return self._file([question.xml for question in self.questions if question.key in wanted])

    @staticmethod
    def _file(elements: list[str]) -> bytes:
        return (_HEAD + "".join(f"{element}\n" for element in elements) + _FOOT).encode("utf-8")


def build_bank(quiz: Quiz, *, multilang: bool = True) -> QuestionBank:
    """The bank of a quiz that `read_quiz` has read.

    With `multilang`, texts hold every offered language in the form of Moodle's multi-language filter;
    without it, the default language only. The same quiz gives the same bytes.
    """
    default = quiz.languages.default
    languages = quiz.languages.offered if multilang else (default,)
    name = plain_of(quiz.category_title, default)
    questions = tuple(_bank_question(quiz, question, languages) for question in quiz.questions)
    return QuestionBank(quiz.id, name, serialised(category_element(quiz, name)), questions)


def language_banks(quiz: Quiz) -> dict[str, QuestionBank]:
    """A bank for each offered language, for sites without a multi-language filter.

    The default language keeps the keys of the quiz; in the others quiz and questions have the language in theirs.
    """
    banks: dict[str, QuestionBank] = {}
    for language in quiz.languages.offered:
        languages = quiz.languages.model_copy(update={"default": language})
        number = quiz.id if language == quiz.languages.default else f"{quiz.id}-{language.lower()}"
        one = quiz.model_copy(update={"languages": languages, "id": number})
        banks[language] = build_bank(one, multilang=False)
    return banks


def _bank_question(quiz: Quiz, question: Question, languages: tuple[str, ...]) -> BankQuestion:
    element = question_element(quiz, question, languages)
    xml, digest = written(element)
    if found := illegal_character(xml):
        raise ContentError([Problem("quiz.control-character", {"character": found})])
    return BankQuestion(
        key=quiz.key_of(question.id),
        name=question.name or question.id,
        xml=xml,
        hash=digest,
        tags=sorted_tags(quiz.tags_of(question)),
    )
