"""What the help desk calls: questions read from a forum, answers kept in a glossary. Asked by a learner, as their app
may: the service of the plugin does not offer these functions (docs/formats/helpdesk.md names the one that must).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from academy_on_trial import AcademyOnTrial, Office
from ground import Ground
from sites import STUDENT_ROLE, SiteUnderTest
from transcript import WatchedClient

ACTIVITIES = [
    {"id": "ask", "kind": "forum", "title": "Pyetje"},
    {"id": "answers", "kind": "glossary", "title": "Përgjigje"},
]


@pytest.fixture(scope="module")
def course(site: SiteUnderTest, ground: Ground) -> Iterator[int]:
    """A course with a forum and a glossary, in which a learner is enrolled."""
    academy = AcademyOnTrial(f"{site.run}-h")

    def change(written: dict[str, Any]) -> None:
        written["sections"].append({"id": "desk", "title": "Ndihmë", "activities": ACTIVITIES})

    academy.change_course(change)
    office = Office(site, academy)
    _, left, _ = office.apply()
    number = int(left.observation.course_ids[academy.course])
    row = {"roleid": STUDENT_ROLE, "userid": ground.users[0], "courseid": number}
    site.client.call("enrol_manual_enrol_users", {"enrolments": [row]}, write=True)
    yield number
    site.client.call("core_course_update_courses", {"courses": [{"id": number, "visible": 0}]}, write=True)
    office.close()


@pytest.fixture
def learner(ground: Ground) -> Iterator[WatchedClient]:
    client = ground.login(0).client
    assert isinstance(client, WatchedClient)
    yield client
    client.close()


def test_questions_and_their_replies_are_read_from_a_forum(
    site: SiteUnderTest, course: int, learner: WatchedClient
) -> None:
    forums = learner.call("mod_forum_get_forums_by_courses", {"courseids": [course]})
    site.keep("forums")
    forum = next(one["id"] for one in forums if one["name"].startswith("Pyetje"))
    said = {"forumid": forum, "subject": "Afati i ruajtjes", "message": "<p>Sa vjet?</p>"}
    learner.call("mod_forum_add_discussion", said, write=True)
    site.keep("forum-asked")
    asked = {"forumid": forum, "sortorder": 4, "page": 0, "perpage": 100}
    discussions = learner.call("mod_forum_get_forum_discussions", asked)["discussions"]
    site.keep("forum-discussions")
    assert [one["name"] for one in discussions] == ["Afati i ruajtjes"]
    asked = {"discussionid": discussions[0]["discussion"], "sortby": "created", "sortdirection": "ASC"}
    posts = learner.call("mod_forum_get_discussion_posts", asked)["posts"]
    site.keep("forum-posts")
    assert [one["subject"] for one in posts] == ["Afati i ruajtjes"]
    reply = {"postid": posts[0]["id"], "subject": "Re: Afati i ruajtjes", "message": "<p>Gjeta: dhjetë.</p>"}
    learner.call("mod_forum_add_discussion_post", reply, write=True)
    site.keep("forum-replied")
    assert len(learner.call("mod_forum_get_discussion_posts", asked)["posts"]) == 2


def test_an_entry_of_a_glossary_is_added_changed_and_taken_out(
    site: SiteUnderTest, course: int, learner: WatchedClient
) -> None:
    told = learner.call("mod_glossary_get_glossaries_by_courses", {"courseids": [course]})
    site.keep("glossaries")
    glossary = next(one["id"] for one in told["glossaries"] if one["name"].startswith("Përgjigje"))
    text = {"concept": "Sa vjet ruhet?", "definition": "<p>Dhjetë.</p>", "definitionformat": 1}
    options = [{"name": "usedynalink", "value": "0"}]
    made = learner.call(
        "mod_glossary_add_entry", {"glossaryid": glossary, **text, "options": options}, write=True
    )
    site.keep("glossary-entry-added")
    asked = {"id": glossary, "letter": "ALL", "from": 0, "limit": 100, "options": {"includenotapproved": 0}}
    entries = learner.call("mod_glossary_get_entries_by_letter", asked)["entries"]
    site.keep("glossary-entries")
    assert [(one["id"], one["concept"]) for one in entries] == [(made["entryid"], "Sa vjet ruhet?")]
    changed = {"entryid": made["entryid"], **text, "definition": "<p>Njëzet.</p>"}
    assert learner.call("mod_glossary_update_entry", changed, write=True)["result"]
    site.keep("glossary-entry-changed")
    assert learner.call("mod_glossary_delete_entry", {"entryid": made["entryid"]}, write=True)["result"]
    site.keep("glossary-entry-deleted")
    assert learner.call("mod_glossary_get_entries_by_letter", asked)["count"] == 0
