"""Choice questions and true/false."""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element

from quizzes.questions import MultipleChoice, Option, SingleChoice, TrueFalse
from quizzes.scores import equal_split, percentage
from quizzes.xml_out.elements import Writer, leaf, mark


def option_scores(question: SingleChoice | MultipleChoice) -> tuple[Fraction, ...]:
    """The score of each option: as written, else right ones share the mark equally and wrong ones get 0."""
    return scores_of(question.options, several=question.type == "multiple")


def scores_of(options: tuple[Option, ...], *, several: bool) -> tuple[Fraction, ...]:
    """The same for options alone."""
    count = sum(option.correct for option in options)
    share = Fraction(1)
    if several and count:
        share = equal_split(count) or Fraction(0)
    return tuple(
        option.score if option.score is not None else share if option.correct else Fraction(0)
        for option in options
    )


def write_choice(writer: Writer, root: Element, question: SingleChoice | MultipleChoice) -> None:
    """Options with their scores; booleans are words here."""
    several = question.type == "multiple"
    leaf(root, "single", "false" if several else "true")
    leaf(root, "shuffleanswers", "true" if question.shuffle else "false")
    leaf(root, "answernumbering", question.numbering)
    instruction = several if question.instruction is None else question.instruction
    leaf(root, "showstandardinstruction", "1" if instruction else "0")
    writer.combined_feedback(root, question.feedback)
    mark(root, "shownumcorrect", there=several if question.show_count is None else question.show_count)
    for option, score in zip(question.options, option_scores(question), strict=True):
        answer = writer.html(root, "answer", writer.markdown(option.text), fraction=percentage(score))
        writer.feedback(answer, "feedback", option.feedback)
    writer.hints(root, question.hints)


def write_true_false(writer: Writer, root: Element, question: TrueFalse) -> None:
    """Two answers; any other wording than lower-case true and false is taken by position."""
    for word, feedback in (("true", question.feedback_true), ("false", question.feedback_false)):
        right = question.answer is (word == "true")
        answer = writer.plain_answer(root, word, "100" if right else "0")
        writer.feedback(answer, "feedback", feedback)
    writer.hints(root, question.hints)
