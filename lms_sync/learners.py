"""Practice learners: they take a course through the functions that Moodle's mobile app uses.

The demo and the contract suite need people who learn. A practice learner logs in as the app does, reports a
package's results as its player would, and fills in a quiz by reading the questions' HTML, like anybody with
a browser. What it knows is the trainer's quiz file and how many questions it shall get right.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import requests
from markdown_it import MarkdownIt

from authoring.languages import LocalizedText
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import AccessRefused, UnknownOutcome
from lms_sync.settings import Secret
from quizzes.questions import (
    Matching,
    MultipleChoice,
    Numerical,
    Question,
    ShortText,
    SingleChoice,
    TrueFalse,
)
from quizzes.quiz import Quiz

_SERVICE = "moodle_mobile_app"
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


class NotUnderstood(UnknownOutcome):
    """A question's HTML does not have the fields that its type has in Moodle 4.5."""


def mobile_token(url: str, username: str, password: str) -> Secret:
    """A learner's token, as the mobile app gets it. Raises AccessRefused."""
    reply = requests.post(
        f"{url.rstrip('/')}/login/token.php",
        data={"username": username, "password": password, "service": _SERVICE},
        timeout=30,
        allow_redirects=False,
    )
    try:
        answer = reply.json()
    except ValueError:
        answer = {}
    if "token" not in answer:
        raise AccessRefused("learner.no-token", errorcode=str(answer.get("errorcode", "")), username=username)
    return Secret(str(answer["token"]))


@dataclass
class PracticeLearner:
    """Somebody who is logged in and learns."""

    client: MoodleClient

    def take_package(self, course_id: int, *, status: str, score: int | None, suspend_data: str = "") -> None:
        """Opens the course's SCORM activity and reports a result: SCORM 1.2 status and raw score."""
        scorms = self.client.call("mod_scorm_get_scorms_by_courses", {"courseids": [course_id]})["scorms"]
        scorm = scorms[0]
        scoes = self.client.call("mod_scorm_get_scorm_scoes", {"scormid": scorm["id"]})["scoes"]
        sco = next(one for one in scoes if one["launch"])
        self.client.call("mod_scorm_launch_sco", {"scormid": scorm["id"], "scoid": sco["id"]}, write=True)
        tracks = [
            {"element": "cmi.core.lesson_status", "value": status},
            {"element": "cmi.core.exit", "value": "suspend" if status == "incomplete" else ""},
            {"element": "cmi.core.session_time", "value": "00:20:00"},
        ]
        if score is not None:
            tracks += [
                {"element": "cmi.core.score.raw", "value": str(score)},
                {"element": "cmi.core.score.min", "value": "0"},
                {"element": "cmi.core.score.max", "value": "100"},
            ]
        if suspend_data:
            tracks.append({"element": "cmi.suspend_data", "value": suspend_data})
        self.client.call(
            "mod_scorm_insert_scorm_tracks", {"scoid": sco["id"], "attempt": 1, "tracks": tracks}, write=True
        )

    def take_quiz(
        self, course_id: int, quiz: Quiz, *, right: float, finish: bool = True, activity: int | None = None
    ) -> int:
        """Takes a quiz of the course, with about `right` (0..1) of the questions right; the attempt's id.

        `activity` is its course module; without it the course must have only one quiz. Raises NotUnderstood.
        """
        found = self.client.call("mod_quiz_get_quizzes_by_courses", {"courseids": [course_id]})["quizzes"]
        wanted = [one for one in found if activity in (None, int(one["coursemodule"]))]
        if len(wanted) != 1:
            raise NotUnderstood("learner.which-quiz", n=len(wanted), course=course_id)
        attempt = self.client.call("mod_quiz_start_attempt", {"quizid": wanted[0]["id"]}, write=True)[
            "attempt"
        ]
        shown = list(self._pages(int(attempt["id"])))
        wanted_right = round(right * len(shown))
        data: list[dict[str, object]] = []
        for number, question in enumerate(shown):
            form = read_question(str(question["html"]))
            known = find_question(quiz, form)
            data += [
                {"name": name, "value": value}
                for name, value in answer(known, form, correctly=number < wanted_right).items()
            ]
        for start in range(0, len(data), 400):
            last = start + 400 >= len(data)
            self.client.call(
                "mod_quiz_process_attempt",
                {
                    "attemptid": attempt["id"],
                    "data": data[start : start + 400],
                    "finishattempt": 1 if finish and last else 0,
                },
                write=True,
            )
        return int(attempt["id"])

    def _pages(self, attempt: int) -> Iterator[Mapping[str, Any]]:
        page = 0
        while page >= 0:
            shown = self.client.call("mod_quiz_get_attempt_data", {"attemptid": attempt, "page": page})
            yield from shown["questions"]
            page = int(shown["nextpage"])


# --- a question's HTML as a form -----------------------------------------------------------------


@dataclass
class QuestionForm:
    """The fields of one question as a browser sees them."""

    text: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str, str, str]] = field(default_factory=list)  # type, name, value, label
    texts: list[str] = field(default_factory=list)
    selects: list[tuple[str, str, dict[str, str]]] = field(
        default_factory=list
    )  # name, row's text, label → value


_VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class _Element:
    tag: str
    attributes: dict[str, str]
    parent: _Element | None = None
    children: list[_Element | str] = field(default_factory=list)

    def text(self) -> str:
        return " ".join(
            child if isinstance(child, str) else child.text()
            for child in self.children
            if isinstance(child, str) or not {"answernumber", "accesshide"} & set(child.classes)
        )

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def walk(self) -> Iterator[_Element]:
        yield self
        for child in self.children:
            if isinstance(child, _Element):
                yield from child.walk()


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("html", {})
        self._here = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = _Element(tag, {name: value or "" for name, value in attrs}, self._here)
        self._here.children.append(element)
        if tag not in _VOID:
            self._here = element

    def handle_endtag(self, tag: str) -> None:
        here: _Element | None = self._here
        while here is not None and here.tag != tag:
            here = here.parent
        if here is not None and here.parent is not None:
            self._here = here.parent

    def handle_data(self, data: str) -> None:
        self._here.children.append(data)


def read_question(source: str) -> QuestionForm:
    """The fields, labels and text in a question's HTML as `mod_quiz_get_attempt_data` gives it."""
    tree = _Tree()
    tree.feed(source)
    elements = list(tree.root.walk())
    by_id = {one.attributes["id"]: one for one in elements if "id" in one.attributes}
    labels = {
        one.attributes["for"]: one for one in elements if one.tag == "label" and "for" in one.attributes
    }
    form = QuestionForm()
    for one in elements:
        if "qtext" in one.classes and not form.text:
            form.text = plain(one.text())
        name, kind = one.attributes.get("name", ""), one.attributes.get("type", "text")
        if one.tag == "input" and kind == "hidden":
            form.hidden.setdefault(name, one.attributes.get("value", ""))
        elif one.tag == "input" and kind in ("radio", "checkbox"):
            labelled = by_id.get(one.attributes.get("aria-labelledby", "")) or labels.get(
                one.attributes.get("id", "")
            )
            value = one.attributes.get("value", "1")
            form.choices.append((kind, name, value, plain(labelled.text()) if labelled else ""))
        elif one.tag == "input" and kind == "text":
            form.texts.append(name)
        elif one.tag == "select":
            options = {
                plain(o.text()): o.attributes.get("value", "") for o in one.walk() if o.tag == "option"
            }
            form.selects.append((name, _row_text(one), options))
    return form


def _row_text(select: _Element) -> str:
    here: _Element | None = select
    while here is not None and here.tag != "tr":
        here = here.parent
    cells = [one for one in here.walk() if one.tag == "td" and "text" in one.classes] if here else []
    return plain(cells[0].text()) if cells else ""


def plain(text: str) -> str:
    """Text without tags and extra blanks, in small letters, for comparing."""
    return re.sub(r"\s+", "", html.unescape(re.sub(r"<[^>]*>", " ", text))).casefold()


def _forms(text: LocalizedText) -> set[str]:
    """How a text may appear: in one language, or with all languages one after the other."""
    single = [text.root] if isinstance(text.root, str) else list(text.root.values())
    rendered = [plain(_MARKDOWN.render(one)) for one in single]
    return {*rendered, "".join(rendered)}


def find_question(quiz: Quiz, form: QuestionForm) -> Question:
    """The trainer's question that a form shows; raises NotUnderstood."""
    for question in quiz.questions:
        if form.text in _forms(question.text):
            return question
    raise NotUnderstood("learner.question-unknown", text=form.text[:80])


def answer(question: Question, form: QuestionForm, *, correctly: bool) -> dict[str, str]:
    """The fields to send for a right or a wrong answer, with the sequence check; raises NotUnderstood."""
    fields = {name: value for name, value in form.hidden.items() if name.endswith("_:sequencecheck")}
    match question:
        case SingleChoice() | TrueFalse():
            fields |= _one_choice(question, form, correctly)
        case MultipleChoice():
            fields |= _choices(question, form, correctly)
        case ShortText():
            accepted = question.answers[0].text.in_language("sq").replace("*", "")
            fields[_text_field(form)] = accepted if correctly else "nuk e di"
        case Numerical():
            best = question.accepted[0]
            number = Decimal(0) if best.answer == "any" else best.answer
            fields[_text_field(form)] = str(number if correctly else number + best.tolerance * 10 + 1)
        case Matching():
            fields |= _pairs(question, form, correctly)
        case _:
            raise NotUnderstood("learner.type-unknown", type=question.type)
    return fields


def _text_field(form: QuestionForm) -> str:
    if not form.texts:
        raise NotUnderstood("learner.no-field", text=form.text[:80])
    return form.texts[0]


def _one_choice(question: SingleChoice | TrueFalse, form: QuestionForm, correctly: bool) -> dict[str, str]:
    radios = [one for one in form.choices if one[0] == "radio" and one[2] != "-1"]
    if isinstance(question, TrueFalse):
        value = "1" if question.answer == correctly else "0"
        return {radios[0][1]: value}
    for option in question.options:
        if option.correct == correctly:
            for _, name, value, label in radios:
                if label in _forms(option.text):
                    return {name: value}
    raise NotUnderstood("learner.option-unknown", text=form.text[:80])


def _choices(question: MultipleChoice, form: QuestionForm, correctly: bool) -> dict[str, str]:
    right = [option.correct or (option.score or 0) > 0 for option in question.options]
    fields: dict[str, str] = {}
    for kind, name, _value, label in form.choices:
        if kind != "checkbox" or "_choice" not in name:
            continue
        wanted = [
            is_right
            for option, is_right in zip(question.options, right, strict=True)
            if label in _forms(option.text)
        ]
        if not wanted:
            raise NotUnderstood("learner.option-unknown", text=label[:80])
        fields[name] = "1" if wanted[0] == correctly else "0"
    return fields


def _pairs(question: Matching, form: QuestionForm, correctly: bool) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, stem, options in form.selects:
        pair = next((one for one in question.pairs if stem in _forms(one.left)), None)
        if pair is None:
            raise NotUnderstood("learner.option-unknown", text=stem[:80])
        right = {value for label, value in options.items() if label in _forms(pair.right)}
        values: Sequence[str] = [value for value in options.values() if value not in ("", "0")]
        chosen = [value for value in values if (value in right) == correctly]
        if not chosen:
            raise NotUnderstood("learner.option-unknown", text=stem[:80])
        fields[name] = chosen[0]
    return fields
