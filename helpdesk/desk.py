"""The help desk that an institution writes: `helpdesk/helpdesk.yaml` as a model, and the desk read from its folder.

`HelpDeskFile` is the YAML as it stands. `HelpDesk` is what the site is built from: the same facts with every answer
and every news item read, HTML already safe. The form is described in `docs/formats/helpdesk.md`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from authoring.activity import Part
from authoring.checked_value import Identifier
from authoring.languages import Language, LocalizedText
from authoring.problems import Problem
from authoring.read_image import Image

FOLDER = "helpdesk"

_EMAIL = re.compile(r"[^\s@<>\"'?&,;:%]+@[^\s@<>\"'?&,;:%]+\.[^\s@<>\"'?&,;:%]+")
_WITHIN = re.compile(r"([1-9][0-9]{0,2}) (working days?|days?|hours?)")


def _email(value: object) -> str:
    if isinstance(value, str) and _EMAIL.fullmatch(value):
        return value
    raise ValueError("helpdesk.email")


def _address(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"https?://[^\s\"<>\\]+", value):
        return value
    raise ValueError("helpdesk.address")


def _phone(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"\+?[0-9 ()/.-]{3,40}", value):
        return value
    raise ValueError("helpdesk.phone")


def _day(value: object) -> datetime.date:
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return datetime.date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("helpdesk.day")


Email = Annotated[str, PlainValidator(_email)]
Address = Annotated[str, PlainValidator(_address)]
Phone = Annotated[str, PlainValidator(_phone)]
Day = Annotated[datetime.date, PlainValidator(_day)]


class Topic(Part):
    """A heading under which answers stand; `answers/<id>/` holds them."""

    id: Identifier
    title: LocalizedText


class Contact(Part):
    """Whom to ask. `sample` marks one that was made up."""

    id: Identifier | None = None
    name: LocalizedText
    role: LocalizedText | None = None
    email: Email | None = None
    phone: Phone | None = None
    hours: LocalizedText | None = None
    sample: bool = False


class Link(Part):
    """A page elsewhere that readers need."""

    title: LocalizedText
    url: Address


class Download(Part):
    """A file in `helpdesk/downloads/`."""

    file: str
    title: LocalizedText


class Useful(Part):
    """Where "was this useful?" goes: an e-mail, or a page elsewhere (a form, the forum); nothing is asked without."""

    mailto: Email | None = None
    form: Address | None = None
    forum: Address | None = None

    @model_validator(mode="after")
    def _one(self) -> Useful:
        if len(self.model_fields_set) > 1:
            raise ValueError("helpdesk.useful-one")
        return self


class Manual(Part):
    """The course whose lessons are the manual."""

    course: Identifier


@dataclass(frozen=True)
class Within:
    """How soon a question is answered."""

    number: int
    unit: Literal["working days", "days", "hours"]


def _within(value: object) -> Within:
    if isinstance(value, Within):
        return value
    found = _WITHIN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("helpdesk.within")
    unit: Any = found[2] if found[2].endswith("s") else found[2] + "s"
    return Within(int(found[1]), unit)


def _useful(value: object) -> object:
    """`none` is the empty choice; `mailto` alone means the first contact with an e-mail, see `HelpDeskFile`."""
    return {} if value == "none" else value


class HelpDeskFile(Part):
    """`helpdesk.yaml`, exactly as an officer writes it."""

    schema_: Literal["helpdesk/1"] = Field(alias="schema")
    title: LocalizedText
    text: LocalizedText | None = None
    languages: tuple[Language, ...] = Field(min_length=1)
    programme: str
    topics: tuple[Topic, ...] = Field(min_length=1)
    contacts: tuple[Contact, ...] = ()
    links: tuple[Link, ...] = ()
    downloads: tuple[Download, ...] = ()
    useful: Annotated[Useful | Literal["mailto"], BeforeValidator(_useful)] = Useful()
    ask: Address | None = None
    forum: str | None = None
    glossary: str | None = None
    manual: Manual | None = None
    answer_within: Annotated[Within, PlainValidator(_within)] = Within(3, "working days")
    holidays: tuple[Day, ...] = ()


@dataclass(frozen=True)
class AnswerText:
    """A question with its answer in one language; `see` is what its last line points to."""

    language: str
    question: str
    html: str
    see: str = ""
    images: tuple[Image, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer: its id is its address for ever, whatever topic it moves to."""

    id: str
    topic: str
    texts: Mapping[str, AnswerText]

    def text(self, language: str) -> AnswerText:
        """The text in this language, else in the first that it was written in."""
        return self.texts.get(language) or next(iter(self.texts.values()))


@dataclass(frozen=True)
class NewsText:
    """A news item in one language."""

    language: str
    title: str
    html: str
    images: tuple[Image, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class News:
    """A news item of a day."""

    id: str
    day: datetime.date
    texts: Mapping[str, NewsText]

    def text(self, language: str) -> NewsText:
        """The text in this language, else in the first that it was written in."""
        return self.texts.get(language) or next(iter(self.texts.values()))


@dataclass(frozen=True)
class DownloadFile:
    """A file for readers to take along."""

    title: LocalizedText
    path: Path
    name: str
    size: int


@dataclass(frozen=True)
class HelpDesk:
    """A help desk, read and whole. Make one with `read_helpdesk`."""

    file: HelpDeskFile
    answers: tuple[Answer, ...]
    news: tuple[News, ...]
    downloads: tuple[DownloadFile, ...]
    manual: Mapping[str, NewsText]
    """The text of `manual.<language>.md`, where the manual is not made from a course."""
    folder: Path
    warnings: tuple[Problem, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the site; the first opens where none is asked for."""
        return self.file.languages

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics, in the order of the file."""
        return self.file.topics

    @property
    def mailto(self) -> str:
        """To whom "was this useful?" is written, or ""."""
        if isinstance(self.file.useful, Useful):
            return self.file.useful.mailto or ""
        return next((one.email for one in self.file.contacts if one.email), "")

    def of_topic(self, topic: str) -> Sequence[Answer]:
        """The answers of a topic, by question in the first language."""
        return [answer for answer in self.answers if answer.topic == topic]

    def answer(self, answer_id: str) -> Answer | None:
        """The answer with this id."""
        return next((one for one in self.answers if one.id == answer_id), None)
