"""Learners ask in the help desk's forum, a trainer answers some, and the questions are brought in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from helpdesk.desk import HelpDeskFile
from lms_sync.clock import Clock
from lms_sync.helpdesk_questions import (
    QuestionsReport,
    forum_of,
    list_discussions,
    list_posts,
    pull_questions,
)
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.find_activity import find_forum
from lms_sync.playing.scenarios import Asked
from lms_sync.playing.stage import Stage


def ask(stage: Stage, course_id: int, activity: int, username: str, asked: Asked) -> None:
    """Somebody asks in the forum of a course module, whose idnumber learners are not told."""
    learner = stage.learner(username)
    forums = learner.client.call("mod_forum_get_forums_by_courses", {"courseids": [course_id]})
    learner.client.call(
        "mod_forum_add_discussion",
        {
            "forumid": next(one["id"] for one in forums if int(one["cmid"]) == activity),
            "subject": asked.subject,
            "message": f"<p>{escape(asked.message)}</p>",
        },
        write=True,
    )
    learner.client.close()


def answer(client: MoodleClient, desk: HelpDeskFile, asked: Sequence[Asked]) -> int:
    """The trainer who is logged in answers what the scenario has an answer to; how many."""
    answers: Mapping[str, str] = {one.subject: one.answer for one in asked if one.answer}
    answered = 0
    for discussion in list_discussions(client, find_forum(client, forum_of(desk))):
        text = answers.get(discussion.subject)
        if text is None or discussion.numreplies:
            continue
        first = list_posts(client, discussion.discussion)[0]
        reply = {
            "postid": first.id,
            "subject": f"Re: {discussion.subject}",
            "message": f"<p>{escape(text)}</p>",
        }
        client.call("mod_forum_add_discussion_post", reply, write=True)
        answered += 1
    return answered


def bring_in(
    client: MoodleClient, engine: Engine, site: str, desk: HelpDeskFile, zone: ZoneInfo, clock: Clock
) -> QuestionsReport:
    """The state of every question, as `lms-sync helpdesk pull` brings it; read by whom the forum lets read."""
    return pull_questions(client, engine, site, desk, zone, clock)
