"""Essays and kept XML: words that Moodle does not check, and then cannot show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException

from authoring.problems import Problem
from quizzes.checks.asking import Asking
from quizzes.questions import Essay, Raw
from quizzes.xml_out.ungraded import raw_element

_FILE_TYPE = re.compile(
    r"\.[a-z0-9]{1,10}|[a-z]+/[a-z0-9.+-]+|archive|audio|document|image|presentation|spreadsheet|video|"
    r"web_audio|web_file|web_image|web_video|html_audio|html_video|optimised_image"
)

CORE_TYPES = frozenset(
    (
        *(
            "multichoice",
            "truefalse",
            "shortanswer",
            "numerical",
            "matching",
            "match",
            "cloze",
            "multianswer",
        ),
        *("essay", "description", "calculated", "calculatedsimple", "calculatedmulti", "ordering"),
        *("gapselect", "ddwtos", "ddimageortext", "ddmarker"),
    )
)
"""The types that a Moodle without further plugins imports."""


def check_essay(asking: Asking, question: Essay) -> Iterator[Problem]:
    """Limits that contradict each other, and an essay that nobody can answer."""
    least, most = question.words
    if most and least > most:
        yield asking.problem("quiz.words-order", "words", least=least, most=most)
    files = question.attachments
    if files is None:
        if question.editor == "none":
            yield asking.problem("quiz.essay-without-answer", "editor")
        return
    if files.max == 0 and question.editor == "none":
        yield asking.problem("quiz.essay-without-answer", "editor")
    if files.max >= 0 and files.required > files.max:
        where = ("attachments", "required")
        yield asking.problem("quiz.attachments-order", *where, required=files.required, max=files.max)
    for index, kind in enumerate(files.types):
        if not _FILE_TYPE.fullmatch(kind):
            yield asking.problem("quiz.file-type", "attachments", "types", index, type=kind)


def check_raw(asking: Asking, question: Raw) -> Iterator[Problem]:
    """XML that Moodle would take for something else, or for nothing."""
    try:
        element = raw_element(question)
    except ParseError as error:
        yield asking.problem("quiz.raw-malformed", "xml", reason=str(error))
        return
    except (DefusedXmlException, ValueError) as error:
        yield asking.problem("quiz.raw-malformed", "xml", reason=type(error).__name__)
        return
    kind = element.get("type", "")
    if element.tag != "question" or kind == "category" or element.find("question") is not None:
        yield asking.problem("quiz.raw-not-a-question", "xml", tag=element.tag)
    elif kind not in CORE_TYPES:
        yield asking.problem("quiz.raw-type", "xml", warning=True, type=kind or "-")
    try:
        points = Decimal(element.findtext("defaultgrade") or str(question.points))
    except InvalidOperation:
        points = Decimal(-1)
    if kind not in ("cloze", "multianswer", "description") and points != question.points:
        yield asking.problem("quiz.raw-points", "points", points=question.points, found=points)
