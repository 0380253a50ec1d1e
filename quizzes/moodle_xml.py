"""Questions as Moodle XML, every stored value written out, so that no default of an importer matters.

The elements are those that Moodle 4.5's importer reads (question/format/xml/format.php and the question
types' own `import_from_xml`). Booleans are written exactly as it compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never
from xml.etree.ElementTree import Element, SubElement

from quizzes.numbers import plain
from quizzes.question_texts import Html
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
from quizzes.scores import decimal
from quizzes.xml_out.choices import write_choice, write_true_false
from quizzes.xml_out.elements import Writer, leaf, text
from quizzes.xml_out.gap_questions import cloze_text, gaps_text, without_numbers, write_cloze, write_gaps
from quizzes.xml_out.images import write_drag_image, write_drag_markers
from quizzes.xml_out.pairs import write_matching, write_ordering
from quizzes.xml_out.typed import write_numerical, write_short
from quizzes.xml_out.ungraded import raw_element, write_essay

_TYPES = {
    "single": "multichoice",
    "multiple": "multichoice",
    "truefalse": "truefalse",
    "short": "shortanswer",
    "numerical": "numerical",
    "matching": "matching",
    "ordering": "ordering",
    "cloze": "cloze",
    "dragimage": "ddimageortext",
    "dragmarkers": "ddmarker",
    "essay": "essay",
    "description": "description",
}


def moodle_type(question: Question) -> str:
    """The type as Moodle XML names it; of kept XML what it says itself."""
    if isinstance(question, Gaps):
        return "ddwtos" if question.input == "drag" else "gapselect"
    if isinstance(question, Raw):
        return raw_element(question).get("type", "")
    return _TYPES[question.type]


def sorted_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in one order, since Moodle treats them as a set whatever order they are written in."""
    return tuple(sorted(tags, key=lambda tag: (tag.lower(), tag)))


def question_element(quiz: Quiz, question: Question, languages: Sequence[str]) -> Element:
    """One question as an XML element."""
    writer = Writer(quiz, languages)
    if isinstance(question, Raw):
        root = raw_element(question)
        name = Element("name")
        text(name, question.name or question.id)
        root.insert(0, name)
        leaf(root, "idnumber", quiz.key_of(question.id))
    else:
        root = Element("question", {"type": moodle_type(question)})
        text(SubElement(root, "name"), question.name or question.id)
        writer.html(root, "questiontext", _question_text(writer, question))
        writer.html(root, "generalfeedback", _general_feedback(writer, question))
        if not isinstance(question, Cloze):
            leaf(root, "defaultgrade", plain(question.points))
        leaf(root, "penalty", decimal(question.penalty))
        leaf(root, "idnumber", quiz.key_of(question.id))
        _write_own(writer, root, question)
    if found := quiz.tags_of(question):
        tags = SubElement(root, "tags")
        for tag in sorted_tags(found):
            text(SubElement(tags, "tag"), tag)
    return root


def _general_feedback(writer: Writer, question: Question) -> Html:
    told = writer.markdown(question.feedback.general)
    # Moodle's export puts the code of a blank wherever its number stands, also in the feedback.
    return without_numbers(told) if isinstance(question, Cloze) else told


def _question_text(writer: Writer, question: Question) -> Html:
    if isinstance(question, Gaps):
        return gaps_text(writer, question)
    if isinstance(question, Cloze):
        return cloze_text(writer, question)
    return writer.markdown(question.text, paragraph=True)


def _write_own(writer: Writer, root: Element, question: Question) -> None:
    match question:
        case SingleChoice() | MultipleChoice():
            write_choice(writer, root, question)
        case TrueFalse():
            write_true_false(writer, root, question)
        case ShortText():
            write_short(writer, root, question)
        case Numerical():
            write_numerical(writer, root, question)
        case Matching():
            write_matching(writer, root, question)
        case Ordering():
            write_ordering(writer, root, question)
        case Gaps():
            write_gaps(writer, root, question)
        case Cloze():
            write_cloze(writer, root, question)
        case DragImage():
            write_drag_image(writer, root, question)
        case DragMarkers():
            write_drag_markers(writer, root, question)
        case Essay():
            write_essay(writer, root, question)
        case Description() | Raw():
            pass
        case _:
            assert_never(question)


def category_element(quiz: Quiz, name: str) -> Element:
    """The question category as an element: read when the importing person chose "category from file"."""
    element = Element("question", {"type": "category"})
    # A slash separates names, a doubled one is part of a name.
    text(SubElement(element, "category"), f"$course$/top/{name.replace('/', '//')}")
    text(SubElement(element, "info", {"format": "html"}), "")
    SubElement(element, "idnumber").text = quiz.id
    return element
