"""Questions from the help desk's forum: pulled with state, owner and due time.

What people wrote stays in Moodle and is fetched when somebody looks (docs/decisions); here are ids and times.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pydantic
from sqlalchemy import Engine, Row, insert, select, update

from authoring.problems import LmsSyncError, Problem
from helpdesk.desk import HelpDeskFile
from helpdesk.due import due_at
from lms_sync.clock import Clock
from lms_sync.facts import HELPDESK, Fact, store_facts
from lms_sync.moodle.find_activity import find_forum, read
from lms_sync.moodle.observe import Caller
from lms_sync.people.remember import known_persons, meet_account
from lms_sync.store import schema
from lms_sync.store.database import reading
from programmes import read_programme

DISCUSSIONS = "mod_forum_get_forum_discussions"
POSTS = "mod_forum_get_discussion_posts"
_PAGE = 100
_BY_CREATION = 4  # Moodle's number for "oldest first": a question that arrives meanwhile moves nothing

State = Literal["open", "answered", "closed"]


class Discussion(pydantic.BaseModel):
    """A discussion as Moodle lists it; `userid` asked, `usermodified` wrote last."""

    discussion: int
    subject: str
    message: str = ""
    userid: int
    usermodified: int
    created: int
    timemodified: int
    numreplies: int
    locked: bool = False


class Author(pydantic.BaseModel):
    """Who wrote a post; Moodle tells nothing of one who is hidden."""

    id: int | None = None
    fullname: str | None = None


class Post(pydantic.BaseModel):
    """A post of a discussion."""

    id: int
    subject: str = ""
    message: str = ""
    author: Author = Author()
    timecreated: int | None = None
    isdeleted: bool = False
    isprivatereply: bool = False


class _Discussions(pydantic.BaseModel):
    discussions: list[Discussion]


class _Posts(pydantic.BaseModel):
    posts: list[Post]


@dataclass(frozen=True)
class Question:
    """A question with what is known of it here."""

    discussion: int
    forum: str
    person_id: str
    asked_at: datetime.datetime
    state: State
    owner: str | None
    due_at: datetime.datetime
    answered_at: datetime.datetime | None

    def overdue(self, now: datetime.datetime) -> bool:
        """Whether it waits for longer than was promised."""
        return self.state == "open" and now > self.due_at


@dataclass(frozen=True)
class QuestionsReport:
    """What a pull of questions brought."""

    seen: int
    new: int
    answered: int
    open: int
    warnings: tuple[Problem, ...] = ()


def zone_of(folder: Path, desk: HelpDeskFile, timezone: str) -> ZoneInfo:
    """The calendar by which questions are due: the programme's, else the site's. Raises ContentError."""
    path = folder / "programmes" / f"{desk.programme}.yaml"
    return read_programme(path, root=folder).zone if path.is_file() else ZoneInfo(timezone)


def list_discussions(client: Caller, forum_id: int) -> list[Discussion]:
    """All discussions of a forum that the account may see, oldest first; raises MoodleError."""
    found: dict[int, Discussion] = {}
    page = 0
    while True:
        arguments = {"forumid": forum_id, "sortorder": _BY_CREATION, "page": page, "perpage": _PAGE}
        answer = client.call(DISCUSSIONS, arguments)
        some = read(DISCUSSIONS, pydantic.TypeAdapter(_Discussions), answer).discussions
        found.update((one.discussion, one) for one in some)
        if len(some) < _PAGE:
            return [found[key] for key in sorted(found)]
        page += 1


def list_posts(client: Caller, discussion: int) -> list[Post]:
    """The posts of a discussion, oldest first, without deleted and private ones; raises MoodleError."""
    arguments = {"discussionid": discussion, "sortby": "created", "sortdirection": "ASC"}
    posts = read(POSTS, pydantic.TypeAdapter(_Posts), client.call(POSTS, arguments)).posts
    return [post for post in posts if not (post.isdeleted or post.isprivatereply)]


def pull_questions(
    client: Caller, engine: Engine, site: str, desk: HelpDeskFile, zone: ZoneInfo, clock: Clock
) -> QuestionsReport:
    """Brings the state of every question; stores nothing when the site fails on the way. Raises MoodleError.

    A question is answered once somebody else than its asker has written, and open again when the asker writes
    anew. It is closed when it is locked or deleted in Moodle, or closed by hand until somebody writes.
    """
    forum = _forum_of(desk)
    discussions = list_discussions(client, find_forum(client, forum))
    with reading(engine) as connection:
        known = {row.discussion: row for row in connection.execute(_rows(site, forum))}
    answers: dict[int, datetime.datetime | None] = {}
    hidden = 0
    for one in discussions:
        if one.numreplies and _changed(one, known.get(one.discussion)):
            posts = list_posts(client, one.discussion)
            answers[one.discussion] = first_reply(posts, one.userid)
            if len(posts) < 2 and one.usermodified != one.userid:  # there is a reply that we may not read
                answers[one.discussion] = _moment(one.timemodified)
                hidden += 1
    now = clock.now()
    table = schema.helpdesk_question
    new = answered = 0
    with engine.begin() as connection:
        persons = known_persons(connection, site, sorted({one.userid for one in discussions}))
        facts: list[Fact] = []
        for one in discussions:
            before = known.get(one.discussion)
            if not _changed(one, before) and not _locked_now(one, before):
                continue
            asked = _moment(one.created)
            replied = answers.get(one.discussion)
            first = replied if replied is not None else (before.answered_at if before is not None else None)
            state = _state(one, first)
            person = persons.get(one.userid)
            if person is None:
                person = persons[one.userid] = meet_account(connection, site, one.userid, now)
            values: dict[str, Any] = {
                "changed_at": _moment(one.timemodified),
                "state": state,
                "answered_at": first,
                "closed_by_hand": False,
            }
            if before is None:
                due = due_at(asked, desk.answer_within, zone, desk.holidays)
                added = {"site": site, "discussion": one.discussion, "forum": forum, "person_id": person}
                connection.execute(insert(table).values(**added, asked_at=asked, due_at=due, **values))
                new += 1
                facts.append(_fact(forum, one.discussion, person, asked, "open"))
            else:
                if state == "open" and before.state != "open":  # asked anew: the time begins again
                    values["due_at"] = due_at(
                        _moment(one.timemodified), desk.answer_within, zone, desk.holidays
                    )
                connection.execute(
                    update(table)
                    .where(table.c.site == site, table.c.discussion == one.discussion)
                    .values(**values)
                )
            if first is not None and (before is None or before.answered_at is None):
                answered += 1
                facts.append(_fact(forum, one.discussion, person, first, "answered"))
        gone = set(known) - {one.discussion for one in discussions}
        for discussion in sorted(gone):
            connection.execute(
                update(table)
                .where(table.c.site == site, table.c.discussion == discussion)
                .values(state="closed")
            )
        store_facts(connection, site, facts, now, None)
        still = select(table.c.discussion).where(
            table.c.site == site, table.c.forum == forum, table.c.state == "open"
        )
        waiting = len(connection.execute(still).all())
    warnings = (Problem("helpdesk.replies-hidden", {"n": hidden}, severity="warning"),) if hidden else ()
    return QuestionsReport(len(discussions), new, answered, waiting, warnings)


def questions(
    engine: Engine, site: str, forum: str, *, states: Sequence[State] = ("open",)
) -> list[Question]:
    """The questions in these states, by when they are due."""
    table = schema.helpdesk_question
    query = _rows(site, forum).where(table.c.state.in_(states)).order_by(table.c.due_at, table.c.discussion)
    with reading(engine) as connection:
        return [_question(row) for row in connection.execute(query)]


def assign_question(engine: Engine, site: str, forum: str, discussion: int, owner: str | None) -> None:
    """Says who answers a question, or with None that nobody does yet; raises LmsSyncError for an unknown one."""
    _change(engine, site, forum, discussion, {"owner": owner})


def close_question(engine: Engine, site: str, forum: str, discussion: int) -> None:
    """Takes a question off the list until somebody writes in it; raises LmsSyncError for an unknown one."""
    _change(engine, site, forum, discussion, {"state": "closed", "closed_by_hand": True})


def subjects(client: Caller, forum: str) -> Mapping[int, str]:
    """What the questions are about, by discussion, as the site has it now; raises MoodleError."""
    return {one.discussion: one.subject for one in list_discussions(client, find_forum(client, forum))}


def forum_of(desk: HelpDeskFile) -> str:
    """The key of the desk's forum; raises LmsSyncError where it has none."""
    return _forum_of(desk)


def _forum_of(desk: HelpDeskFile) -> str:
    if desk.forum is None:
        raise LmsSyncError("helpdesk.no-forum")
    return desk.forum


def _rows(site: str, forum: str) -> Any:
    table = schema.helpdesk_question
    return select(table).where(table.c.site == site, table.c.forum == forum)


def _question(row: Row[Any]) -> Question:
    return Question(
        row.discussion,
        row.forum,
        row.person_id,
        row.asked_at,
        row.state,
        row.owner,
        row.due_at,
        row.answered_at,
    )


def _change(engine: Engine, site: str, forum: str, discussion: int, values: Mapping[str, object]) -> None:
    table = schema.helpdesk_question
    with engine.begin() as connection:
        changed = connection.execute(
            update(table)
            .where(table.c.site == site, table.c.forum == forum, table.c.discussion == discussion)
            .values(**values)
        )
        if not changed.rowcount:
            raise LmsSyncError("helpdesk.no-question", id=discussion)


def _moment(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _changed(one: Discussion, before: Any) -> bool:
    return before is None or before.changed_at != _moment(one.timemodified)


def _locked_now(one: Discussion, before: Any) -> bool:
    """Whether it was locked or unlocked since; that changes no time in Moodle."""
    return before is not None and not before.closed_by_hand and one.locked != (before.state == "closed")


def _state(one: Discussion, answered_at: datetime.datetime | None) -> State:
    if one.locked:
        return "closed"
    return "answered" if answered_at is not None and one.usermodified != one.userid else "open"


def first_reply(posts: Iterable[Post], asker: int) -> datetime.datetime | None:
    """The time of the first post by somebody else."""
    times = [post.timecreated for post in posts if post.author.id not in (asker, None) and post.timecreated]
    return _moment(min(times)) if times else None


def _fact(
    forum: str, discussion: int, person: str, when: datetime.datetime, state: Literal["open", "answered"]
) -> Fact:
    value = {"discussion": discussion, "state": state}
    return Fact(HELPDESK, f"{forum}/{discussion}", when, person, forum.partition("/")[0], forum, value)
