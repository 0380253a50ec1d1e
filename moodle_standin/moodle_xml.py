"""Moodle XML as the importer of 4.5 reads it.

Rules from quizzes.md section 2: what stops a file, what is dropped silently, which fractions are legal.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal
from xml.etree.ElementTree import Element, tostring

from moodle_standin.parameters import clean_text
from moodle_standin.question_types import OTHER_TYPES, XML_NAMES, QuestionType
from moodle_standin.question_types.question_type import NotStored
from moodle_standin.records import Answer
from moodle_standin.typed_answers import leading_number
from moodle_standin.xml_reading import parse

_LEGAL_PERCENT: Final = (
    100, 90, 83.33333, 80, 75, 70, 66.66667, 60, 50, 40, 33.33333, 30, 25, 20, 16.66667, 14.28571, 12.5,
    11.11111, 10, 5,
)  # fmt: skip
LEGAL_FRACTIONS: Final = tuple(
    sorted({0.0, *(p / 100 for p in _LEGAL_PERCENT), *(-p / 100 for p in _LEGAL_PERCENT)})
)
THIRD: Final = 0.3333333


@dataclass(frozen=True)
class Refusal(Exception):
    """Why the importer would not store a question: Moodle's words, and where the fault shows."""

    words: str
    question: str = ""
    stage: Literal["parse", "save", "database"] = "parse"


@dataclass(frozen=True)
class Draft:
    """A question as it was read, before it has ids."""

    idnumber: str
    qtype: str
    name: str
    questiontext: str
    defaultmark: float
    penalty: float
    generalfeedback: str
    answers: tuple[Answer, ...]
    options: dict[str, Any]
    tags: tuple[str, ...]
    files: tuple[tuple[str, int], ...]
    source: str = ""


def read_questions(content: bytes, wanted: Collection[str] | None = None) -> list[Draft]:
    """Reads the questions of a Moodle XML file; the first fault ends it, as with Moodle's `stoponerror`.

    Faults that Moodle meets only when it stores a question count for the `wanted` idnumbers alone (None: for all).
    """
    try:
        root = parse(content.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise Refusal(f"Error parsing XML: {error}") from None
    if root.tag != "quiz":
        raise Refusal("There are no questions in the import file")
    drafts: list[Draft] = []
    for element in root:
        if element.tag != "question" or element.get("type") == "category":
            continue
        try:
            drafts.append(_read_question(element))
        except Refusal as refusal:
            if refusal.stage == "parse" or wanted is None or refusal.question in wanted:
                raise
    if not any(element.tag == "question" for element in root):
        raise Refusal("There are no questions in the import file")
    return drafts


def _read_question(element: Element) -> Draft:
    kind = element.get("type") or ""
    readers = {
        "multichoice": _read_multichoice,
        "truefalse": _read_truefalse,
        "shortanswer": _read_shortanswer,
        "numerical": _read_numerical,
        "matching": _read_match,
        "match": _read_match,
    }
    idnumber = element.findtext("idnumber") or ""
    other = OTHER_TYPES.get(XML_NAMES.get(kind, kind))
    if kind not in readers and other is None:
        raise Refusal(f"Question type {kind} is not supported by this import", idnumber)
    if element.find("name") is None:
        raise Refusal("The question has no name", idnumber)
    name = clean_text(_text(element.find("name"), idnumber))
    if len(name) > 255:
        name = name[:251].rstrip() + "..."
    if len(idnumber) > 100:
        raise Refusal("Error writing to database", idnumber, "database")
    defaultmark = _database_number(element.findtext("defaultgrade"), 1.0, idnumber)
    if other is None:
        answers, options = readers[kind](element, idnumber)
    else:
        answers, options, defaultmark = _read_other(other, element, idnumber, defaultmark)
    options |= {
        part: _text(element.find(part), idnumber)
        for part in ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback")
    }
    options["hints"] = [_text(hint, idnumber) for hint in element.findall("hint")]
    tags = [clean_text(" ".join((tag.findtext("text") or "").split())) for tag in element.findall("tags/tag")]
    if tags and not any(tags):
        raise Refusal("Error writing to database", idnumber, "database")
    return Draft(
        idnumber=idnumber,
        qtype="match" if kind == "matching" else XML_NAMES.get(kind, kind),
        name=name,
        questiontext=_text(element.find("questiontext"), idnumber),
        defaultmark=defaultmark,
        penalty=_penalty(element.findtext("penalty"), idnumber),
        generalfeedback=_text(element.find("generalfeedback"), idnumber),
        answers=tuple(answers),
        options=options,
        tags=tuple(tag for tag in tags if tag),
        files=tuple(_files(element, idnumber)),
        source=tostring(element, encoding="unicode"),
    )


def _read_other(
    kind: QuestionType, element: Element, idnumber: str, mark: float
) -> tuple[list[Answer], dict[str, Any], float]:
    try:
        answers, options = kind.read(element, _text(element.find("questiontext"), idnumber))
    except NotStored as refusal:
        raise Refusal(refusal.words, idnumber, refusal.stage) from None
    return answers, options, kind.default_mark(options, mark)


def _text(element: Element | None, idnumber: str) -> str:
    """The text of `<x><text>…</text></x>`, trimmed; elements inside are `invalidxml`."""
    if element is None:
        return ""
    inner = element.find("text")
    if inner is None:
        return ""
    if len(inner):
        raise Refusal("Invalid XML file - string expected (use CDATA?)", idnumber)
    return (inner.text or "").strip()


def _files(element: Element, idnumber: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for node in element.iter("file"):
        name, path = node.get("name"), node.get("path", "/")
        if not name or len(name) > 255 or not path.startswith("/"):
            raise Refusal("Cannot create file", idnumber, "save")
        encoded = re.sub(r"[^A-Za-z0-9+/=]", "", node.text or "")
        try:
            size = len(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
        except (binascii.Error, ValueError):
            size = 0
        if (path + name, size) not in found:
            found.append((path + name, size))
    return found


def _database_number(text: str | None, default: float, idnumber: str) -> float:
    if text is None:
        return default
    if not text.strip():
        return 0.0
    try:
        return float(text)
    except ValueError:
        raise Refusal("Error writing to database", idnumber, "database") from None


def _penalty(text: str | None, idnumber: str) -> float:
    if text is None:
        return THIRD
    try:
        value = float(text)
    except ValueError:
        raise Refusal("Unsupported operand types: string - float", idnumber, "save") from None
    return THIRD if abs(value - THIRD) < 0.005 else value


def _fraction(element: Element, name: str, idnumber: str, *, checked: bool = True) -> float:
    text = element.get("fraction")
    if text is None:
        return 0.0
    number = re.match(r"\s*[+-]?\d*\.?\d+", text)
    if number is None:
        raise Refusal("Unsupported operand types: string / int", idnumber)
    value = float(number.group()) / 100
    if not checked:
        return value
    for legal in LEGAL_FRACTIONS:
        if abs(value - legal) < 0.00001:
            return legal
    raise Refusal(
        f"Grades ({value:g}) do not match grade options - question '{name}' skipped.", idnumber, "save"
    )


def _is_true(text: str | None, default: bool) -> bool:
    return default if text is None else text.strip() not in ("false", "0", "")


_Parts = tuple[list[Answer], dict[str, Any]]


def _read_multichoice(element: Element, idnumber: str) -> _Parts:
    name = _text(element.find("name"), idnumber)
    nodes = element.findall("answer")
    numbering = (element.findtext("answernumbering") or "abc").strip()
    answers = [
        Answer(
            0, _text(node, idnumber), _fraction(node, name, idnumber), _text(node.find("feedback"), idnumber)
        )
        for node in nodes
    ]
    if len(nodes) < 2:
        raise Refusal("This type of question requires at least 2 choices", idnumber, "save")
    if len(numbering) > 10:
        raise Refusal("Error writing to database", idnumber, "database")
    return [a for a in answers if a.text], {
        "single": _is_true(element.findtext("single"), True),
        "shuffleanswers": _is_true(element.findtext("shuffleanswers"), False),
        "answernumbering": numbering,
        "showstandardinstruction": _is_true(element.findtext("showstandardinstruction"), True),
        "shownumcorrect": element.find("shownumcorrect") is not None,
    }


def _read_truefalse(element: Element, idnumber: str) -> _Parts:
    nodes = element.findall("answer")
    if len(nodes) < 2:
        raise Refusal("Error writing to database", idnumber, "database")
    texts = [_text(node, idnumber) for node in nodes[:2]]
    if set(texts) != {"true", "false"}:
        # The importer guesses by position and prints a warning; nothing tells the sender.
        texts = ["true", "false"]
    by_word = dict(zip(texts, nodes, strict=False))
    answers = [
        Answer(
            0,
            word.capitalize(),
            1.0 if _fraction(by_word[word], "", idnumber, checked=False) == 1.0 else 0.0,
            _text(by_word[word].find("feedback"), idnumber),
        )
        for word in ("true", "false")
    ]
    if answers[0].fraction == answers[1].fraction:
        answers = [
            Answer(0, "True", 1.0, answers[0].feedback),
            Answer(0, "False", 0.0, answers[1].feedback),
        ]
    return answers, {}


def _read_shortanswer(element: Element, idnumber: str) -> _Parts:
    name = _text(element.find("name"), idnumber)
    answers = [
        Answer(
            0, _text(node, idnumber), _fraction(node, name, idnumber), _text(node.find("feedback"), idnumber)
        )
        for node in element.findall("answer")
    ]
    if max((a.fraction for a in answers), default=-1.0) != 1.0:
        raise Refusal(
            "One of the answers should have a score of 100% so it is possible to get full marks "
            "for this question.",
            idnumber,
            "save",
        )
    return answers, {"usecase": _is_true(element.findtext("usecase"), False)}


def _read_numerical(element: Element, idnumber: str) -> _Parts:
    name = _text(element.find("name"), idnumber)
    answers = []
    for node in element.findall("answer"):
        text = _text(node, idnumber)
        if text != "*":
            number = leading_number(text)
            if number is None:
                raise Refusal("Error writing to database", idnumber, "database")
            text = f"{number:.14g}"
        tolerance = leading_number((node.findtext("tolerance") or "0").strip()) or 0.0
        answers.append(
            Answer(
                0,
                text,
                _fraction(node, name, idnumber),
                _text(node.find("feedback"), idnumber),
                tolerance=abs(tolerance),
            )
        )
    if element.find("units/unit") is not None:
        for unit in element.findall("units/unit"):
            if leading_number(unit.findtext("multiplier") or "1") is None:
                raise Refusal("Error writing to database", idnumber, "database")
    return answers, {}


def _read_match(element: Element, idnumber: str) -> _Parts:
    pairs = []
    for node in element.findall("subquestion"):
        stem = _text(node, idnumber)
        right = (node.findtext("answer/text") or "").strip()
        if len(right) > 255:
            raise Refusal("Error writing to database", idnumber, "database")
        if stem and not right:
            raise Refusal("You must supply an answer for each question", idnumber, "save")
        if right:
            pairs.append(Answer(0, stem, right=right))
    return pairs, {
        "shuffleanswers": _is_true(element.findtext("shuffleanswers"), True),
        "shownumcorrect": element.find("shownumcorrect") is not None,
    }
