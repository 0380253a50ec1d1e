"""The questions of a quiz as rows of the workbook; names what the workbook has no place for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from authoring.languages import LocalizedText
from authoring.problems import Problem
from lms_sync.quiz_sheets.layout import LETTERS, MOST_ANSWERS, word
from quizzes.numbers import plain
from quizzes.questions import (
    Description,
    Essay,
    Matching,
    MultipleChoice,
    Numerical,
    Ordering,
    Question,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from quizzes.quiz import Quiz
from quizzes.scores import decimal
from quizzes.xml_out.typed import number_text

Row = dict[str, str | float]


class _NoPlace(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def settings_of(quiz: Quiz) -> dict[str, str]:
    """The first sheet's values."""
    settings = {"id": quiz.id, "default": quiz.languages.default}
    for language in quiz.languages.offered:
        settings[f"title:{language}"] = quiz.title.in_language(language, quiz.languages.default)
    if quiz.settings.pass_mark:
        settings["pass"] = f"{decimal(quiz.settings.pass_mark * 100)}%"
    if quiz.settings.time_limit:
        settings["time_limit"] = f"{quiz.settings.time_limit // 60} min"
    if quiz.settings.attempts:
        settings["attempts"] = str(quiz.settings.attempts)
    return settings


def rows_of(quiz: Quiz, reader: str) -> tuple[list[Row], tuple[Problem, ...]]:
    """A row for each question, drop-downs in the reader's words; a warning for each that is left out or loses something."""
    rows, problems = [], []
    for question in quiz.questions:
        try:
            row = _row(question, quiz.languages.offered, reader)
        except _NoPlace as no_place:
            params = {"id": question.id, "type": question.type, "most": MOST_ANSWERS}
            problems.append(Problem(f"sheets.left-out-{no_place.reason}", params, severity="warning"))
            continue
        rows.append(row)
        if lost := sorted(_lost(question)):
            params = {"id": question.id, "keys": ", ".join(lost)}
            problems.append(Problem("sheets.lost", params, severity="warning"))
    return rows, tuple(problems)


def _lost(question: Question) -> list[str]:
    kept = {"id", "type", "text", "points", "difficulty", "tags", "feedback", "answer", "tolerance"}
    kept |= {"options", "answers", "pairs", "extra", "items"}
    lost = [
        key
        for key in question.model_fields_set - kept
        if getattr(question, key) not in (None, (), False, True)
    ]
    feedback = getattr(question, "feedback", None)
    if feedback is not None and any(
        getattr(feedback, key, None) for key in ("correct", "partial", "incorrect")
    ):
        lost.append("feedback")
    parts = [*getattr(question, "options", ()), *getattr(question, "answers", ())]
    if any(getattr(part, "feedback", None) for part in parts):
        lost.append("feedback")
    return sorted(set(lost))


def _row(question: Question, languages: Sequence[str], reader: str) -> Row:
    row: Row = {"id": question.id, "type": word("type", question.type, reader)}
    _put(row, "text", question.text, languages)
    if "points" in question.model_fields_set:
        row["points"] = float(question.points)
    if question.difficulty:
        row["difficulty"] = word("difficulty", question.difficulty, reader)
    if question.tags:
        row["tags"] = ", ".join(question.tags)
    if question.feedback.general is not None:
        _put(row, "feedback", question.feedback.general, languages)
    match question:
        case SingleChoice() | MultipleChoice():
            if any(option.score is not None for option in question.options):
                raise _NoPlace("scores")
            _answers(row, [_each(option.text, languages) for option in question.options])
            right = [LETTERS[place] for place, option in enumerate(question.options) if option.correct]
            row["right"] = ", ".join(right)
        case TrueFalse():
            row["right"] = word("truth", "true" if question.answer else "false", reader)
        case ShortText():
            if any(answer.score != 1 for answer in question.answers):
                raise _NoPlace("scores")
            _answers(row, [_each(answer.text, languages) for answer in question.answers])
        case Numerical():
            if question.units or any(one.score != 1 for one in question.accepted):
                raise _NoPlace("scores")
            said = [
                number_text(one.answer) + (f" ± {plain(one.tolerance)}" if one.tolerance else "")
                for one in question.accepted
            ]
            _answers(row, [dict.fromkeys(languages[:1], one) for one in said])
        case Matching():
            pairs = [(_each(pair.left, languages), _each(pair.right, languages)) for pair in question.pairs]
            pairs += [(dict.fromkeys(languages, ""), _each(choice, languages)) for choice in question.extra]
            _answers(
                row, [{one: f"{left[one]} → {right[one]}".strip() for one in right} for left, right in pairs]
            )
        case Ordering():
            _answers(row, [_each(item, languages) for item in question.items])
        case Essay() | Description():
            pass
        case _:
            raise _NoPlace("type")
    return row


def _each(text: LocalizedText, languages: Sequence[str]) -> dict[str, str]:
    return {language: text.in_language(language) for language in languages}


def _put(row: Row, key: str, text: LocalizedText, languages: Sequence[str]) -> None:
    row |= {f"{key}:{language}": said for language, said in _each(text, languages).items()}


def _answers(row: Row, answers: Sequence[Mapping[str, str]]) -> None:
    if len(answers) > MOST_ANSWERS:
        raise _NoPlace("many")
    for letter, texts in zip(LETTERS, answers, strict=False):
        row |= {f"{letter}:{language}": said for language, said in texts.items()}
