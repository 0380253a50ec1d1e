"""What a person marks, and what is only read."""

from __future__ import annotations

from html import escape
from typing import Any
from xml.etree.ElementTree import Element

from moodle_standin.formatting import plain_text
from moodle_standin.question_types.question_type import NotStored, QuestionType, Shown, whole
from moodle_standin.records import Answer, Question, SlotAttempt


class Essay(QuestionType):
    """A text that a teacher marks. Files are not taken."""

    name = "essay"
    told = False
    behaviour = "manualgraded"

    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        limits = {}
        for name in ("minwordlimit", "maxwordlimit"):
            said = (element.findtext(name) or "").strip()
            if said and not said.isdigit():
                raise NotStored("Error writing to database", "database")
            limits[name] = int(said or 0)
        return [], limits | {
            "responseformat": (element.findtext("responseformat") or "editor").strip(),
            "responserequired": whole(element.findtext("responserequired"), 1),
            "responsefieldlines": whole(element.findtext("responsefieldlines"), 15),
            "template": (element.findtext("responsetemplate/text") or "").strip(),
        }

    def field_names(self, question: Question, slot: SlotAttempt) -> list[str]:
        return ["answer", "answerformat"]

    def is_blank(self, question: Question, name: str, value: str) -> bool:
        return name == "answer" and value in ("", question.options["template"])

    def state(self, question: Question, slot: SlotAttempt) -> str:
        said = slot.response.get("answer", "")
        if not said:
            return "todo"
        least, most = question.options["minwordlimit"], question.options["maxwordlimit"]
        words = len(plain_text(said, None).split())
        fits = not question.options["responserequired"] or (words >= least and (not most or words <= most))
        return "complete" if fits else "invalid"

    def fraction(self, question: Question, slot: SlotAttempt) -> float | None:
        return None

    def finished(self, question: Question, slot: SlotAttempt) -> str | None:
        return "needsgrading" if slot.response.get("answer") else "gaveup"

    def body(self, view: Shown) -> str:
        said = view.slot.response.get("answer", view.question.options["template"])
        name = f"{view.prefix}answer"
        field = (
            f'<textarea id="{name}_id" name="{name}" rows="{view.question.options["responsefieldlines"]}" cols="60" '
            f'class="form-control">{escape(said)}</textarea>'
        )
        form = "" if view.review else f'<div><input type="hidden" name="{name}format" value="1" /></div>'
        return (
            f'<div class="qtext">{view.question_text}</div><div class="ablock"><div class="answer">'
            f'<label class="sr-only" for="{name}_id">Answer text Question {view.number}</label>'
            f'<div class="qtype_essay_editor qtype_essay_response"><div>{field}</div>{form}</div></div>'
            '<div class="attachments"></div></div>'
        )

    def response_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        return [plain_text(slot.response["answer"], language)] if slot.response.get("answer") else []

    def right_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        return []

    def settings(self, question: Question) -> dict[str, object] | None:
        options = question.options
        return {
            "responseformat": options["responseformat"],
            "responserequired": str(options["responserequired"]),
            "responsefieldlines": str(options["responsefieldlines"]),
            "attachments": "0",
            "attachmentsrequired": "0",
            "maxbytes": "0",
            "filetypeslist": [],
            "responsetemplate": options["template"],
            "responsetemplateformat": "1",
            "minwordlimit": str(options["minwordlimit"]) if options["minwordlimit"] else None,
            "maxwordlimit": str(options["maxwordlimit"]) if options["maxwordlimit"] else None,
        }


class Description(QuestionType):
    """A text between the questions: without a number, a mark or an answer."""

    name = "description"
    told = False
    behaviour = "informationitem"

    def read(self, element: Element, questiontext: str) -> tuple[list[Answer], dict[str, Any]]:
        return [], {}

    def default_mark(self, options: dict[str, Any], read: float) -> float:
        return 0.0

    def field_names(self, question: Question, slot: SlotAttempt) -> list[str]:
        return ["-seen"]

    def fraction(self, question: Question, slot: SlotAttempt) -> float | None:
        return None

    def finished(self, question: Question, slot: SlotAttempt) -> str | None:
        return "finished"

    def body(self, view: Shown) -> str:
        seen = "" if view.slot.response else f'<input type="hidden" name="{view.prefix}-seen" value="1" />'
        return f'<div class="qtext">{view.question_text}</div><div class="im-controls">{seen}</div>'

    def response_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        return []

    def right_texts(self, question: Question, slot: SlotAttempt, language: str | None) -> list[str]:
        return []
