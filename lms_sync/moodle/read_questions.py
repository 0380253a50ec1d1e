"""The questions of a course as the site holds them now: the companion plugin's pages of Moodle XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pydantic
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from lms_sync.moodle.errors import UnknownOutcome
from lms_sync.moodle.observe import Caller

QUESTIONS = "local_lmssync_get_questions"
_A_PAGE = 200


class _Row(TypedDict):
    id: int
    key: str
    categoryid: int
    version: int
    status: str
    qtype: str
    name: str
    xml: str


class _Page(TypedDict):
    questions: list[_Row]
    next: int


_page: TypeAdapter[_Page] = TypeAdapter(_Page)


@dataclass(frozen=True)
class SiteQuestion:
    """The newest version of a question that is not hidden; `xml` is "" where Moodle cannot export its type."""

    entry: int
    key: str
    category: int
    version: int
    status: str
    moodle_type: str
    name: str
    xml: str


def read_questions(client: Caller, course_id: int) -> Iterator[SiteQuestion]:
    """Every question in the bank of a course, in the order in which they were made; raises MoodleError."""
    after = 0
    while True:
        answer = client.call(QUESTIONS, {"courseid": course_id, "after": after, "limit": _A_PAGE})
        try:
            page = _page.validate_python(answer)
        except pydantic.ValidationError as error:
            raise UnknownOutcome("moodle.unexpected-shape", function=QUESTIONS) from error
        for row in page["questions"]:
            yield SiteQuestion(
                row["id"],
                row["key"],
                row["categoryid"],
                row["version"],
                row["status"],
                row["qtype"],
                row["name"],
                row["xml"],
            )
        # A page that leads nowhere would be asked for without end.
        if page["next"] <= after:
            return
        after = page["next"]
