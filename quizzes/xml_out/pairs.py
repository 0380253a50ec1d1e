"""Pairs to put together and items to put in order."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from quizzes.question_texts import Html, choice_of
from quizzes.questions import Matching, Ordering
from quizzes.xml_out.elements import Writer, leaf, mark, text

GRADINGS = {
    "all_or_nothing": "ALL_OR_NOTHING",
    "position": "ABSOLUTE_POSITION",
    "next": "RELATIVE_NEXT_EXCLUDE_LAST",
    "next_and_end": "RELATIVE_NEXT_INCLUDE_LAST",
    "neighbours": "RELATIVE_ONE_PREVIOUS_AND_NEXT",
    "all_before_and_after": "RELATIVE_ALL_PREVIOUS_AND_NEXT",
    "longest_ordered": "LONGEST_ORDERED_SUBSET",
    "longest_run": "LONGEST_CONTIGUOUS_SUBSET",
    "distance": "RELATIVE_TO_CORRECT",
}
"""How an order is graded: our word and Moodle's."""


def write_matching(writer: Writer, root: Element, question: Matching) -> None:
    """Statements with their choices; a choice without a statement belongs to nothing."""
    leaf(root, "shuffleanswers", "true" if question.shuffle else "false")
    writer.combined_feedback(root, question.feedback)
    mark(root, "shownumcorrect", there=question.show_count)
    for pair in question.pairs:
        stem = writer.html(root, "subquestion", writer.markdown(pair.left))
        text(SubElement(stem, "answer"), choice_of(pair.right, writer.languages))
    for choice in question.extra:
        stem = writer.html(root, "subquestion", Html(""))
        text(SubElement(stem, "answer"), choice_of(choice, writer.languages))
    writer.hints(root, question.hints)


def write_ordering(writer: Writer, root: Element, question: Ordering) -> None:
    """Items in their right order; here `shownumcorrect` must be there and its content counts."""
    shown = question.show_items
    select = "ALL" if shown is None else "CONTIGUOUS" if question.take == "together" else "RANDOM"
    leaf(root, "layouttype", question.layout.upper())
    leaf(root, "selecttype", select)
    leaf(root, "selectcount", str(shown or len(question.items)))
    leaf(root, "gradingtype", GRADINGS[question.grading])
    leaf(root, "showgrading", "SHOW" if question.show_grading else "HIDE")
    leaf(root, "numberingstyle", question.numbering)
    writer.combined_feedback(root, question.feedback)
    leaf(root, "shownumcorrect", "1" if question.show_count else "0")
    for number, item in enumerate(question.items, 1):
        writer.html(root, "answer", writer.markdown(item), fraction=str(number))
    writer.hints(root, question.hints)
