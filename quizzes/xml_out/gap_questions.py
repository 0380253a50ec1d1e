"""Texts with gaps: words from a list or dragged, and cloze with Moodle's inline code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from authoring.languages import LocalizedText
from quizzes.gap_texts import PLACEHOLDER, merged_html
from quizzes.numbers import plain
from quizzes.question_texts import Html, choice_of
from quizzes.questions import Blank, Cloze, Gaps, NumberAnswer, Word
from quizzes.scores import percentage
from quizzes.xml_out.choices import scores_of
from quizzes.xml_out.elements import Writer, leaf, mark, text
from quizzes.xml_out.typed import number_text, wordings

_LIKE_A_GAP = re.compile(r"\[(?=\[\d+\]\])")
_LIKE_A_BLANK = re.compile(r"\{(?=\d*:|#\d+\})")
_SPECIAL = re.compile(r"[~#{}\\=%&<>\"'*\[\]]|^\s|\s$")


@dataclass(frozen=True)
class Choice:
    """A word as Moodle stores it."""

    text: str
    group: int
    unlimited: bool


def choices_of(writer: Writer, question: Gaps) -> tuple[list[Choice], dict[str, int]]:
    """The words in their order, and the number (from 1) of each gap's right word; equal words count once."""
    found: dict[tuple[str, int], int] = {}
    choices: list[Choice] = []

    def number(word: Word) -> int:
        stored = choice_of(word.text, writer.languages)
        key = (stored, word.group)
        if key not in found:
            choices.append(Choice(stored, word.group, word.unlimited))
            found[key] = len(choices)
        return found[key]

    numbers = {name: number(word) for name, word in question.gaps.items()}
    for word in question.extra:
        number(word)
    used = [numbers[name] for name in question.gaps]
    # A word that fills several gaps must be there more than once, whatever the author says.
    several = {one for one in used if used.count(one) > 1}
    choices = [
        Choice(one.text, one.group, one.unlimited or index in several) for index, one in enumerate(choices, 1)
    ]
    return choices, numbers


def gap_text(writer: Writer, question: Gaps | Cloze, code: dict[str, str], *, inert: re.Pattern[str]) -> Html:
    """The text with each placeholder replaced by its code; what only looks like code is made inert."""
    whole = merged_html(writer.texts, question.text, writer.languages)
    harmless = inert.sub(lambda sign: f"&#{ord(sign[0])};", whole.html)
    return Html(PLACEHOLDER.sub(lambda name: code.get(name[1], name[0]), harmless), whole.images)


def gaps_text(writer: Writer, question: Gaps) -> Html:
    """The text of a question with gaps: `[[n]]` for each."""
    _, numbers = choices_of(writer, question)
    code = {name: f"[[{number}]]" for name, number in numbers.items()}
    return gap_text(writer, question, code, inert=_LIKE_A_GAP)


def write_gaps(writer: Writer, root: Element, question: Gaps) -> None:
    """The words; a blank one would shift all that follow."""
    leaf(root, "shuffleanswers", "1" if question.shuffle else "0")
    writer.combined_feedback(root, question.feedback)
    mark(root, "shownumcorrect", there=question.show_count)
    drag = question.input == "drag"
    for choice in choices_of(writer, question)[0]:
        element = SubElement(root, "dragbox" if drag else "selectoption")
        text(element, choice.text)
        leaf(element, "group", str(choice.group))
        mark(element, "infinite", there=drag and choice.unlimited)
    writer.hints(root, question.hints)


# --- cloze ----------------------------------------------------------------------------------------


def cloze_text(writer: Writer, question: Cloze) -> Html:
    """The text with Moodle's inline code for each blank."""
    code = {name: blank_code(writer, blank) for name, blank in question.blanks.items()}
    return gap_text(writer, question, code, inert=_LIKE_A_BLANK)


def without_numbers(content: Html) -> Html:
    """HTML in which nothing looks like the number or the code of a blank."""
    return Html(_LIKE_A_BLANK.sub(lambda sign: f"&#{ord(sign[0])};", content.html), content.images)


def write_cloze(writer: Writer, root: Element, question: Cloze) -> None:
    """Everything else stands in the text."""
    writer.hints(root, question.hints)


_LAYOUTS = {"list": "", "vertical": "V", "horizontal": "H"}


def blank_code(writer: Writer, blank: Blank) -> str:
    """One blank in Moodle's inline code, every special character as a numeric entity."""
    if blank.options:
        kind, answers = _option_code(writer, blank)
    elif blank.answers:
        kind = "SHORTANSWER_C" if blank.case_sensitive else "SHORTANSWER"
        answers = [
            _alternative(
                writer,
                _typed(wording),
                blank.answers[index].score,
                blank.answers[index].feedback,
            )
            for wording, index in wordings(blank.answers, writer.languages)
        ]
    else:
        kind = "NUMERICAL"
        answers = [
            _alternative(writer, _number_code(one), one.score, one.feedback) for one in numbers_of(blank)
        ]
    return f"{{{blank.points}:{kind}:{'~'.join(answers)}}}"


def numbers_of(blank: Blank) -> tuple[NumberAnswer, ...]:
    """The accepted numbers, however they were written."""
    if blank.number is None:
        return blank.numbers
    given = {} if blank.tolerance is None else {"tolerance": blank.tolerance}
    return (NumberAnswer.model_validate({"answer": blank.number, "feedback": blank.feedback, **given}),)


def _option_code(writer: Writer, blank: Blank) -> tuple[str, list[str]]:
    layout = blank.layout or ("vertical" if blank.several else "list")
    letters = ("" if blank.several and layout == "vertical" else _LAYOUTS[layout]) + "S" * blank.shuffle
    kind = "MULTIRESPONSE" if blank.several else "MULTICHOICE"
    scores = scores_of(blank.options, several=blank.several)
    answers = [
        _alternative(
            writer,
            _encoded(writer.markdown(option.text).html),
            score,
            option.feedback,
            exactly=blank.several,
        )
        for option, score in zip(blank.options, scores, strict=True)
    ]
    return f"{kind}_{letters}" if letters else kind, answers


def _number_code(answer: NumberAnswer) -> str:
    written = number_text(answer.answer)
    return f"{written}:{plain(answer.tolerance)}" if written != "*" else written


def _alternative(
    writer: Writer, answer: str, score: Fraction, feedback: LocalizedText | None, *, exactly: bool = False
) -> str:
    """`exactly` writes a full mark as a percentage too: then Moodle takes wrong options' 0 as it is."""
    sign = "=" if score == 1 and not exactly else f"%{percentage(score)}%" if score else ""
    told = f"#{_encoded(writer.markdown(feedback).html)}" if feedback is not None else ""
    return f"{sign}{answer}{told}"


def _encoded(content: str) -> str:
    # After decoding Moodle takes a backslash before these two away, so there must be one more.
    content = content.replace("\\}", "\\\\}").replace("\\#", "\\\\#")
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", content)


def _typed(wording: str) -> str:
    """An accepted wording; its stars stay, since Moodle looks for them after decoding."""
    return _encoded(wording)
