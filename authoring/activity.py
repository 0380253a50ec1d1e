"""What can stand in a section of the course page: one model for each kind of activity, told apart by `kind`.

Each kind has only the keys and the words for `completion` that Moodle 4.5 offers for it, so that a wrong
one is a mistake with a place and not something that Moodle silently leaves out.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from authoring.checked_value import Checked, Identifier
from authoring.languages import LocalizedText


@dataclass(frozen=True)
class Moment:
    """A day, or a time of a day, on the clock of the site."""

    day: datetime.date
    time: datetime.time | None = None

    def begins(self, zone: datetime.tzinfo) -> int:
        """Seconds since 1970; a day without a time begins at midnight."""
        return int(datetime.datetime.combine(self.day, self.time or datetime.time(), zone).timestamp())

    def ends(self, zone: datetime.tzinfo) -> int:
        """The same for an end: a day without a time ends a minute before midnight."""
        return Moment(self.day, self.time or datetime.time(23, 59)).begins(zone)


def _moment(value: object) -> Moment:
    if isinstance(value, Moment):
        return value
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?", value) if isinstance(value, str) else None
    try:
        if found is None:
            raise ValueError
        day = datetime.date.fromisoformat(found[1])
        moment = Moment(day, datetime.time.fromisoformat(found[2]) if found[2] else None)
    except ValueError:
        raise ValueError("moment") from None
    if not 1971 <= day.year <= 2199:
        raise ValueError("moment")
    return moment


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        good = False
    # Moodle decodes entities in an address, and refuses blanks and signs that browsers would have to encode.
    if not good or not re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%'-]+", value):
        raise ValueError("web-address")
    if re.search(r"&(?:[a-z]+|#\d+|#x[0-9a-f]+);", value, re.IGNORECASE):
        raise ValueError("web-address")
    return value


When = Annotated[Moment, BeforeValidator(_moment)]
WebAddress = Annotated[str, Checked(_web_address)]
GroupMode = Literal["none", "separate", "visible"]


class Part(BaseModel):
    """A piece of `course.yaml`: cannot be changed, knows no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Available(Part):
    """When an activity can be opened, and by the people of which institutions (their codes)."""

    from_: When | None = Field(default=None, alias="from")
    until: When | None = None
    groups: tuple[str, ...] = ()


class _Activity(Part):
    id: Identifier
    title: LocalizedText
    available: Available | None = None
    due: When | None = None


class _Grouped(_Activity):
    groups: GroupMode = "none"


class PackageActivity(_Grouped):
    """The course's own package, or with `file` one that somebody else has made, a path inside the course folder."""

    kind: Literal["package"]
    file: str | None = Field(default=None, min_length=1)
    text: LocalizedText | None = None
    completion: Literal["passed", "completed", "viewed", "none"] = "none"


class QuizActivity(_Grouped):
    """A quiz, named by its file in `quizzes/`; its introduction stands there."""

    kind: Literal["quiz"]
    quiz: str | None = None
    completion: Literal["passed", "completed", "viewed", "none"] = "none"


class PageActivity(_Activity):
    """A page of text; left out, the text is in `pages/<id>.<language>.md`."""

    kind: Literal["page"]
    text: LocalizedText | None = None
    completion: Literal["viewed", "marked", "none"] = "none"


class LabelActivity(_Activity):
    """A text on the course page itself. `title` is what the course index shows."""

    kind: Literal["label"]
    text: LocalizedText
    completion: Literal["marked", "none"] = "none"


class UrlActivity(_Activity):
    """A link to a page elsewhere."""

    kind: Literal["url"]
    url: WebAddress
    text: LocalizedText | None = None
    completion: Literal["viewed", "marked", "none"] = "none"


class FileActivity(_Activity):
    """A file to be read or downloaded; its path is inside the course folder."""

    kind: Literal["file"]
    file: str = Field(min_length=1)
    text: LocalizedText | None = None
    completion: Literal["viewed", "marked", "none"] = "none"


class ForumActivity(_Grouped):
    """A forum: news (only trainers write), questions and answers, or anything."""

    kind: Literal["forum"]
    type: Literal["news", "qanda", "general"] = "general"
    text: LocalizedText | None = None
    subscription: Literal["forced", "automatic", "optional", "off"] | None = None
    cutoff: When | None = None
    completion: Literal["viewed", "posted", "marked", "none"] = "none"


class GlossaryActivity(_Activity):
    """A glossary. Its entries are written in Moodle."""

    kind: Literal["glossary"]
    text: LocalizedText | None = None
    approval: bool = False
    duplicates: bool = False
    comments: bool = False
    completion: Literal["viewed", "contributed", "marked", "none"] = "none"


class AssignmentActivity(_Grouped):
    """Work that learners hand in as a text, as files or both; `text` says what to do."""

    kind: Literal["assignment"]
    text: LocalizedText
    points: int = Field(default=100, ge=1, le=1000)
    pass_: int | None = Field(default=None, ge=1, le=1000, alias="pass")
    submit: tuple[Literal["text", "files"], ...] = Field(default=("text", "files"), min_length=1)
    max_files: int = Field(default=5, ge=1, le=20)
    cutoff: When | None = None
    completion: Literal["viewed", "submitted", "graded", "passed", "marked", "none"] = "none"


class _Question(Part):
    id: Identifier
    question: LocalizedText
    required: bool = False


class RatingQuestion(_Question):
    """Choose a step of a scale, from the least to the most; Moodle shows the mean."""

    type: Literal["rating"]
    answers: tuple[LocalizedText, ...] = ()


class ChoiceQuestion(_Question):
    """Choose one of some answers."""

    type: Literal["choice"]
    answers: tuple[LocalizedText, ...]


class TextQuestion(_Question):
    """Write something."""

    type: Literal["text"]


FeedbackQuestion = Annotated[RatingQuestion | ChoiceQuestion | TextQuestion, Field(discriminator="type")]


class FeedbackActivity(_Grouped):
    """A questionnaire. `scale` serves every rating question that has no answers of its own.

    Its questions stand here, or in the file `questionnaires/<questionnaire>.yaml` of the programme.
    """

    kind: Literal["feedback"]
    text: LocalizedText | None = None
    anonymous: bool = True
    repeat: bool = False
    scale: tuple[LocalizedText, ...] = ()
    questions: tuple[FeedbackQuestion, ...] = Field(default=(), min_length=1)
    questionnaire: Identifier | None = None
    completion: Literal["viewed", "submitted", "marked", "none"] = "none"

    def answers_of(self, question: FeedbackQuestion) -> tuple[LocalizedText, ...]:
        """What can be chosen; nothing for a question that asks for a text."""
        match question:
            case RatingQuestion():
                return question.answers or self.scale
            case ChoiceQuestion():
                return question.answers
            case TextQuestion():
                return ()


Activity = Annotated[
    PackageActivity
    | QuizActivity
    | PageActivity
    | LabelActivity
    | UrlActivity
    | FileActivity
    | ForumActivity
    | GlossaryActivity
    | AssignmentActivity
    | FeedbackActivity,
    Field(discriminator="kind"),
]
"""Everything that can stand in a section."""
