"""Reads Moodle XML, Moodle's own exports of every type among it, as the questions of a quiz file.

Each question that was read is written again, and must mean the same as what was read. One that does not, or
that the types of a quiz file cannot say, is kept as Moodle's own XML (`type: raw`) with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException
from pydantic import TypeAdapter, ValidationError

from authoring.problems import ContentError, Place, Problem
from quizzes.moodle_xml import question_element
from quizzes.question_texts import QuestionTexts
from quizzes.questions import Question, Raw
from quizzes.quiz import Quiz
from quizzes.write_xml import serialised
from quizzes.xml_in.elements import Kept, text_in
from quizzes.xml_in.meaning import meaning_of, type_of
from quizzes.xml_in.questions import Data, head_data, question_data
from quizzes.xml_in.texts import Texts
from quizzes.xml_out.ungraded import KEPT_OUT

MAX_BYTES = 200_000_000
MEDIA = "../media"

_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
_WORDS = re.compile(r"[^A-Za-z0-9._-]+")
MAX_ID = 60


@dataclass(frozen=True)
class FoundQuestion:
    """A question that was read.

    `data` is what stands in a quiz file, `question` the same as a model. `idnumber` and `category` (a path, from the
    top) are Moodle's. `kept` says why it is kept as XML; None where it is not.
    """

    data: Data
    question: Question
    idnumber: str
    category: tuple[str, ...]
    moodle_type: str
    kept: str | None = None

    def problem(self, file: str) -> Problem:
        """What a trainer is told of a question that is kept as XML."""
        params = {"question": self.data["id"], "type": self.moodle_type, "why": self.kept or "-"}
        return Problem("quiz.kept-as-xml", params, Place(file), "warning")


@dataclass(frozen=True)
class FoundBank:
    """What a file holds: its questions in their order, and the files that they name by path."""

    questions: tuple[FoundQuestion, ...]
    files: Mapping[str, bytes]
    category_idnumbers: Mapping[tuple[str, ...], str]


def read_moodle_xml(
    content: bytes,
    *,
    languages: Sequence[str],
    file: str = "",
    quiz_id: str = "",
    media: str = MEDIA,
    as_xml: Mapping[str, str] | None = None,
) -> FoundBank:
    """The questions in a Moodle XML file.

    `languages` are those of the quiz: a text in several has all of them. Ids are what follows `quiz_id:` in
    the idnumber, else made of idnumber or name. `as_xml` names questions that are to be
    kept as XML whatever they say, with the reason. Raises ContentError where it is no such file, or a cut one.
    """
    root = _parsed(content, file)
    texts = Texts(languages, media)
    questions: list[FoundQuestion] = []
    taken: set[str] = set()
    category: tuple[str, ...] = ()
    idnumbers: dict[tuple[str, ...], str] = {}
    for element in root.iter("question"):
        if element.get("type") == "category":
            category = category_path(text_in(element.find("category")))
            if number := (element.findtext("idnumber") or "").strip():
                idnumbers[category] = number
            continue
        idnumber = (element.findtext("idnumber") or "").strip()
        question_id = _free(_id_of(element, idnumber, quiz_id), taken)
        if why := (as_xml or {}).get(question_id):
            kind = type_of(element)
            data, question = _raw(element, question_id)
            questions.append(FoundQuestion(data, question, idnumber, category, kind, why))
            continue
        questions.append(_found(element, question_id, idnumber, category, texts))
    return FoundBank(tuple(questions), texts.files, idnumbers)


def _parsed(content: bytes, file: str) -> Element:
    if len(content) > MAX_BYTES:
        values = {"size": f"{len(content) / 1e6:.0f} MB", "limit": f"{MAX_BYTES / 1e6:.0f} MB"}
        raise ContentError([Problem("yaml.too-large", values, Place(file))])
    try:
        root: Element = defusedxml.ElementTree.fromstring(content, forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        raise ContentError(
            [Problem("quiz.xml-malformed", {"reason": str(error)}, Place(file, line, column + 1))]
        ) from error
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise ContentError(
            [Problem("quiz.xml-malformed", {"reason": type(error).__name__}, Place(file))]
        ) from error
    if root.tag != "quiz":
        raise ContentError([Problem("quiz.xml-root", {"root": root.tag}, Place(file, 1))])
    return root


def category_path(written: str) -> tuple[str, ...]:
    """The names in `$course$/top/A/B//C`: a doubled slash is part of a name, the context and the top are none."""
    names = [one.replace("\x00", "/").strip() for one in written.replace("//", "\x00").split("/")]
    if names and re.fullmatch(r"\$[a-z0-9]+\$", names[0]):
        names = names[1:]
    return tuple(names[1:] if names and names[0] == "top" else names)


def _id_of(element: Element, idnumber: str, quiz_id: str) -> str:
    wanted = idnumber.removeprefix(f"{quiz_id}:") if quiz_id else idnumber
    if re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", wanted):
        return wanted
    letters = unicodedata.normalize("NFKD", wanted or text_in(element.find("name")))
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return _WORDS.sub("-", plain).strip("-._")[:MAX_ID].strip("-._").lower() or "question"


def _free(wanted: str, taken: set[str]) -> str:
    found, number = wanted, 1
    while found.lower() in taken:
        number += 1
        found = f"{wanted}-{number}"
    taken.add(found.lower())
    return found


def _found(
    element: Element, question_id: str, idnumber: str, category: tuple[str, ...], texts: Texts
) -> FoundQuestion:
    before = dict(texts.files)
    kind = type_of(element)
    try:
        data = question_data(element, question_id, texts)
        question = _QUESTION.validate_python(data)
        if not _same(element, question, texts):
            raise Kept("not-the-same")
        return FoundQuestion(data, question, idnumber, category, kind)
    except Kept as kept:
        why = kept.why
    except ValidationError:
        why = "value"
    texts.files = before
    data, question = _raw(element, question_id)
    return FoundQuestion(data, question, idnumber, category, kind, why)


def _same(element: Element, question: Question, texts: Texts) -> bool:
    """Whether the question, written again, means what was read."""
    quiz = trial_quiz(question, texts.languages, texts.files)
    again = question_element(quiz, question, texts.languages)
    for one in again.findall("idnumber"):
        one.text = element.findtext("idnumber") or ""
    return meaning_of(again) == meaning_of(element)


def trial_quiz(question: Question, languages: Sequence[str], files: Mapping[str, bytes]) -> Quiz:
    """A quiz with one question, its files in memory."""
    head = {"schema": "quiz/1", "id": "q", "title": "Q", "questions": []}
    quiz = Quiz.model_validate({**head, "languages": {"default": languages[0], "offered": list(languages)}})
    return quiz.model_copy(update={"questions": (question,)}).with_texts(QuestionTexts(files=files))


def _raw(element: Element, question_id: str) -> tuple[Data, Raw]:
    data: Data = {"id": question_id, "type": "raw"}
    try:
        data |= head_data(element, question_id)
    except Kept:
        data["name"] = " ".join(text_in(element.find("name")).split()) or question_id
    seen = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text_in(element.find("questiontext")))).strip()
    data["text"] = re.sub(r"([\\`*_\[\]<>$#&{])", r"\\\1", seen)[:300] or data.get("name", question_id)
    for tag in KEPT_OUT:
        for child in element.findall(tag):
            element.remove(child)
    data["xml"] = serialised(element) + "\n"
    return data, Raw.model_validate(data)
