"""The rows that the companion plugin tells of each stream: their shapes, their rules, what they mean as values of facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Annotated, NotRequired

import pydantic
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from lms_sync.facts import (
    ACTIVITY_COMPLETION,
    ANSWER,
    COURSE_COMPLETION,
    ENROLMENT,
    GRADE,
    LAST_ACCESS,
    QUESTION_OUTCOME,
    QUIZ_ATTEMPT,
    SCORM_INTERACTION,
    SCORM_RESULT,
)
from lms_sync.pull_report import WrongPage

Position = tuple[int, int]
"""(since, afterid): the time and id of the last row that has been read."""


class PageRow(TypedDict):
    id: Annotated[int, Field(gt=0)]
    t: Annotated[int, Field(ge=0, lt=1 << 33)]
    courseid: int
    userid: Annotated[int, Field(ge=0)]  # 0 only in the log, where an entry is about everybody
    key: str
    cmid: int
    data: str


class Page(TypedDict):
    now: Annotated[int, Field(gt=0, lt=1 << 33)]
    more: bool
    since: int
    afterid: int
    rows: list[PageRow]


class Account(TypedDict):
    """An account as the plugin tells it."""

    id: int
    username: str
    idnumber: NotRequired[str]
    deleted: bool


class _Course(TypedDict):
    id: int
    idnumber: NotRequired[str]


class _Courses(TypedDict):
    courses: list[_Course]


class _ActivityCompletion(TypedDict):
    state: Annotated[int, Field(ge=0, le=4)]
    complete: bool


class _CourseCompletion(TypedDict):
    timecompleted: int | None


_Score = Annotated[float, Field(allow_inf_nan=False)]


class _Grade(TypedDict):
    item: str
    grade: _Score | None
    max: _Score


class _QuizAttempt(TypedDict):
    attempt: int
    state: str
    sumgrades: _Score | None
    max: _Score


class _FeedbackAnswer(TypedDict):
    answers: dict[str, str]


class _Draw(TypedDict):
    category: str
    tags: list[str]


class _QuestionOutcome(TypedDict):
    attempt: int
    state: str
    slot: Annotated[int, Field(gt=0)]
    question: Annotated[str, Field(min_length=1)]
    version: int
    type: str
    variant: int
    max: _Score
    fraction: _Score | None
    outcome: str
    chosen: list[int | None] | None
    response: str | None
    right: str | None
    random: _Draw | None


class _LogEntry(TypedDict):
    stream: str  # "" for all
    rowid: int  # 0 for all of the person, or of the course


class _ScormInteraction(TypedDict):
    attempt: int
    id: str
    type: str
    response: str
    result: str


_Enrolment = TypedDict("_Enrolment", {"enrolled": bool, "method": str, "from": int, "until": int})


class _LastAccess(TypedDict):
    at: int


class _ScormTrack(TypedDict):
    attempt: int
    element: str
    value: str | int | float  # Moodle gives some values as numbers


_page: TypeAdapter[Page] = TypeAdapter(Page)
courses_shape: TypeAdapter[_Courses] = TypeAdapter(_Courses)
accounts_shape: TypeAdapter[list[Account]] = TypeAdapter(list[Account])
_activity_completion: TypeAdapter[_ActivityCompletion] = TypeAdapter(_ActivityCompletion)
_course_completion: TypeAdapter[_CourseCompletion] = TypeAdapter(_CourseCompletion)
grade_shape: TypeAdapter[_Grade] = TypeAdapter(_Grade)
_log_entry: TypeAdapter[_LogEntry] = TypeAdapter(_LogEntry)
_scorm_interaction: TypeAdapter[_ScormInteraction] = TypeAdapter(_ScormInteraction)
_enrolment: TypeAdapter[_Enrolment] = TypeAdapter(_Enrolment)
_last_access: TypeAdapter[_LastAccess] = TypeAdapter(_LastAccess)
_quiz_attempt: TypeAdapter[_QuizAttempt] = TypeAdapter(_QuizAttempt)
_question_outcome: TypeAdapter[_QuestionOutcome] = TypeAdapter(_QuestionOutcome)
_scorm_track: TypeAdapter[_ScormTrack] = TypeAdapter(_ScormTrack)
_feedback_answer: TypeAdapter[_FeedbackAnswer] = TypeAdapter(_FeedbackAnswer)


def _activity_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = _activity_completion.validate_json(data)
    return t, {"state": value["state"], "complete": value["complete"]}


def _course_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    # `t` is the latest of completed, started and enrolled; a completion happened when it happened.
    completed = _course_completion.validate_json(data)["timecompleted"]
    return completed or t, {"complete": bool(completed)}


def _grade_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = grade_shape.validate_json(data)
    return t, {"item": value["item"], "grade": value["grade"], "max": value["max"]}


def _quiz_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = _quiz_attempt.validate_json(data)
    return t, {
        "attempt": value["attempt"],
        "state": value["state"],
        "score": value["sumgrades"],
        "max": value["max"],
    }


def _outcome_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    return t, dict(_question_outcome.validate_json(data))


def _scorm_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    value = _scorm_track.validate_json(data)
    return t, {"attempt": value["attempt"], "element": value["element"], "value": str(value["value"])}


def _answer_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    return t, dict(_feedback_answer.validate_json(data)["answers"])


def _interaction_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    return t, dict(_scorm_interaction.validate_json(data))


def _enrolment_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    return t, {**_enrolment.validate_json(data), "institution": []}


def _last_access_value(data: str, t: int) -> tuple[int, dict[str, object]]:
    _last_access.validate_json(data)
    return t, {}


_VALUE_OF: Mapping[str, Callable[[str, int], tuple[int, dict[str, object]]]] = {
    ACTIVITY_COMPLETION: _activity_value,
    COURSE_COMPLETION: _course_value,
    GRADE: _grade_value,
    QUIZ_ATTEMPT: _quiz_value,
    QUESTION_OUTCOME: _outcome_value,
    SCORM_RESULT: _scorm_value,
    ANSWER: _answer_value,
    SCORM_INTERACTION: _interaction_value,
    ENROLMENT: _enrolment_value,
    LAST_ACCESS: _last_access_value,
}


def rows_of_ids(page: Page, stream: str, courses: Mapping[int, str], ids: Collection[int]) -> Page:
    """An answer that tells rows by their numbers, as it should be; else WrongPage."""
    for row in page["rows"]:
        if row["id"] not in ids:
            raise WrongPage("pull.page-shape", stream=stream, detail="id")
        if row["courseid"] not in courses:
            raise WrongPage("pull.page-course", stream=stream, row=row["id"], course=row["courseid"])
    return page


def checked_page(
    answer: object, stream: str, courses: Mapping[int, str], after: Position, limit: int
) -> Page:
    """An answer of `get_changes` as a page that keeps the rules; else WrongPage.

    The rules: the agreed shape; at most `limit` rows; "more" only with rows; rows in rising order of
    (time, id), all after the position asked for and before the site's present; only courses asked for; the
    position given is that of the last row.
    """
    try:
        page = _page.validate_python(answer)
    except pydantic.ValidationError as error:
        raise WrongPage("pull.page-shape", stream=stream, detail=first_error(error)) from error
    return kept_rules(page, stream, courses, after, limit)


def kept_rules(page: Page, stream: str, courses: Mapping[int, str], after: Position, limit: int) -> Page:
    """A page of the agreed shape, where it keeps the other rules of `checked_page`; else WrongPage."""
    rows = page["rows"]
    if page["more"] and not rows:
        raise WrongPage("pull.page-empty", stream=stream)
    if len(rows) > limit:
        raise WrongPage("pull.page-size", stream=stream, rows=len(rows), limit=limit)
    last, now = after, page["now"]
    for row in rows:
        here = (row["t"], row["id"])
        if here <= last:
            raise WrongPage("pull.page-order", stream=stream, row=row["id"])
        if here[0] >= now:
            raise WrongPage("pull.page-future", stream=stream, row=row["id"])
        if row["courseid"] not in courses:
            raise WrongPage("pull.page-course", stream=stream, row=row["id"], course=row["courseid"])
        if not row["userid"] and stream != "log":
            raise WrongPage("pull.row-shape", stream=stream, row=row["id"], detail="userid")
        last = here
    if (page["since"], page["afterid"]) != last:
        raise WrongPage("pull.page-cursor", stream=stream)
    return page


class NewsPage(TypedDict):
    """One page in an answer to several questions. `text`: its rows as JSON, where the plugin gives them so."""

    asked: int
    more: bool
    since: int
    afterid: int
    rows: list[PageRow]
    text: NotRequired[str]


class News(TypedDict):
    """An answer to several questions."""

    now: Annotated[int, Field(gt=0, lt=1 << 33)]
    logsince: int
    site: NotRequired[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]  # since plugin 2026112250
    pages: list[NewsPage]


news_shape: TypeAdapter[News] = TypeAdapter(News)
rows_shape: TypeAdapter[list[PageRow]] = TypeAdapter(list[PageRow])


def values_of(stream: str, rows: Iterable[PageRow]) -> list[tuple[int, dict[str, object]]]:
    """The times and values of the facts that rows make; WrongPage as `value_of`.

    Many rows of a page say the same (completed; 8 of 10 points), so that it is read once.
    """
    read: dict[tuple[str, int], tuple[int, dict[str, object]]] = {}
    found = []
    of_time = stream == COURSE_COMPLETION  # whose time is in what it says
    for row in rows:
        key = (row["data"], row["t"] if of_time else 0)
        known = read.get(key)
        if known is None:
            known = read[key] = value_of(stream, row)
        found.append(known if of_time else (row["t"], known[1]))
    return found


def value_of(stream: str, row: PageRow) -> tuple[int, dict[str, object]]:
    """The time and the value of the fact that a row makes; WrongPage where its data are not what the stream tells."""
    try:
        return _VALUE_OF[stream](row["data"], row["t"])
    except pydantic.ValidationError as error:
        raise WrongPage("pull.row-shape", stream=stream, row=row["id"], detail=first_error(error)) from error


def log_entry(row: PageRow) -> tuple[str, int]:
    """The plugin's name of the stream, and the number of the row, that an entry of its log is about."""
    try:
        entry = _log_entry.validate_json(row["data"])
    except pydantic.ValidationError as error:
        raise WrongPage("pull.row-shape", stream="log", row=row["id"], detail=first_error(error)) from error
    return entry["stream"], entry["rowid"]


def first_error(error: pydantic.ValidationError) -> str:
    """Where a shape is broken first, and how."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(step) for step in first['loc']) or '-'}: {first['msg']}"
