"""Questions of the forum: pulled with state, owner and due time, while their words stay where they were written."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from authoring.problems import LmsSyncError
from lms_sync.clock import FixedClock
from lms_sync.facts import facts_of
from lms_sync.helpdesk_draft import without_persons
from lms_sync.helpdesk_questions import (
    QuestionsReport,
    assign_question,
    close_question,
    list_discussions,
    pull_questions,
    questions,
)
from lms_sync.moodle.errors import MoodleError
from lms_sync.moodle.find_activity import ActivityNotThere, find_forum
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading
from tests.helpdesk.conftest import TOKEN, Ended, Moodle, desk_of

TIRANA = ZoneInfo("Europe/Tirane")
FORUM = "counters/questions"
MONDAY = int(datetime.datetime(2026, 3, 9, 10, tzinfo=TIRANA).timestamp())
HOUR, DAY = 3600, 86400


@pytest.fixture
def engine(academy: Path) -> Iterator[Engine]:
    opened = open_database(f"sqlite:///{academy}/.lms-sync/state.db")
    yield opened
    opened.dispose()


@pytest.fixture
def pull(moodle: Moodle, academy: Path, engine: Engine) -> Callable[[], QuestionsReport]:
    def run() -> QuestionsReport:
        client = moodle.client()
        try:
            clock = FixedClock(datetime.datetime.fromtimestamp(moodle.site.now(), datetime.UTC))
            return pull_questions(client, engine, "main", desk_of(academy).file, TIRANA, clock)
        finally:
            client.close()

    return run


def states(engine: Engine) -> dict[int, str]:
    found = questions(engine, "main", FORUM, states=("open", "answered", "closed"))
    return {one.discussion: one.state for one in found}


def test_a_question_is_open_with_its_due_time_until_somebody_else_writes(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    moodle.at(MONDAY)
    asked = moodle.ask("drita", "Where is the stamp?")
    report = pull()
    assert (report.seen, report.new, report.answered, report.open) == (1, 1, 0, 1)
    one = questions(engine, "main", FORUM)[0]
    assert one.due_at.astimezone(TIRANA).isoformat() == "2026-03-12T23:59:59+01:00"
    assert not one.overdue(one.due_at)
    assert one.overdue(one.due_at + datetime.timedelta(seconds=1))
    moodle.at(MONDAY + HOUR)
    moodle.reply("drita", asked, "<p>I forgot to say: the round one.</p>")
    assert pull().open == 1  # the asker's own words answer nothing
    moodle.at(MONDAY + 2 * HOUR)
    moodle.reply("agron", asked, "<p>Bottom left.</p>")
    assert (pull().answered, states(engine)) == (1, {asked: "answered"})
    answered = questions(engine, "main", FORUM, states=("answered",))[0].answered_at
    assert answered == datetime.datetime.fromtimestamp(MONDAY + 2 * HOUR, datetime.UTC)


def test_who_asks_again_waits_again(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    moodle.at(MONDAY)
    asked = moodle.ask("drita", "Where is the stamp?")
    moodle.reply("agron", asked, "<p>Left.</p>")
    pull()
    moodle.at(MONDAY + DAY)
    moodle.reply("drita", asked, "<p>And on the copy?</p>")
    pull()
    assert states(engine) == {asked: "open"}
    due = questions(engine, "main", FORUM)[0].due_at
    assert due.astimezone(TIRANA).date() == datetime.date(2026, 3, 13)


def test_pulling_again_changes_nothing_and_asks_for_no_posts(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    asked = moodle.ask("drita", "Where?")
    moodle.reply("agron", asked, "<p>There.</p>")
    pull()
    moodle.site.faults.add({"match": "mod_forum_get_discussion_posts", "kind": "html", "times": 9})
    again = pull()
    assert (again.new, again.answered) == (0, 0)
    with reading(engine) as connection:
        told = [(one.stream, dict(one.value)) for one in facts_of(connection, "main")]
    assert sorted(value["state"] for _, value in told) == ["answered", "open"]


def test_locked_and_deleted_questions_are_closed_and_an_unlocked_one_returns(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    locked, deleted = moodle.ask("drita", "One"), moodle.ask("agron", "Two")
    pull()
    moodle.site.discussions[locked].timelocked = 1
    del moodle.site.discussions[deleted]
    assert pull().open == 0
    assert states(engine) == {locked: "closed", deleted: "closed"}
    moodle.site.discussions[locked].timelocked = 0
    pull()
    assert states(engine)[locked] == "open"


def test_a_question_closed_by_hand_stays_so_until_somebody_writes(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    moodle.at(MONDAY)
    asked = moodle.ask("drita", "Thank you all")
    pull()
    close_question(engine, "main", FORUM, asked)
    pull()
    assert states(engine) == {asked: "closed"}
    moodle.at(MONDAY + DAY)
    moodle.reply("drita", asked, "<p>But one thing …</p>")
    pull()
    assert states(engine) == {asked: "open"}


def test_an_owner_stays_through_pulls(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    asked = moodle.ask("drita", "Where?")
    pull()
    assign_question(engine, "main", FORUM, asked, "Mira Hoxha")
    moodle.reply("drita", asked, "<p>Please.</p>")
    pull()
    assert questions(engine, "main", FORUM)[0].owner == "Mira Hoxha"
    with pytest.raises(LmsSyncError, match="no-question"):
        assign_question(engine, "main", FORUM, asked + 1, "Mira Hoxha")


def test_what_people_wrote_and_their_names_are_not_stored(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    moodle.ask("drita", "My subject words", "<p>My message words</p>")
    pull()
    with reading(engine) as connection:
        for table in schema.metadata.sorted_tables:
            text = str(connection.execute(select(table)).all())
            assert not [word for word in ("subject words", "message words", "Drita", "Leka") if word in text]


def test_every_page_of_discussions_is_read(moodle: Moodle) -> None:
    for number in range(203):
        moodle.at(MONDAY + number)
        moodle.ask("drita", f"Question {number}")
    client = moodle.client()
    found = list_discussions(client, find_forum(client, FORUM))
    client.close()
    assert [one.subject for one in found] == [f"Question {number}" for number in range(203)]


def test_nothing_is_stored_when_the_site_fails_on_the_way(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    asked = moodle.ask("drita", "Where?")
    moodle.reply("agron", asked, "<p>There.</p>")
    moodle.site.faults.add({"match": "mod_forum_get_discussion_posts", "kind": "html", "times": 9})
    with pytest.raises(MoodleError):
        pull()
    assert states(engine) == {}


def test_replies_that_the_account_may_not_read_are_told_and_count(
    moodle: Moodle, engine: Engine, pull: Callable[[], QuestionsReport]
) -> None:
    asked = moodle.ask("drita", "Where?")
    moodle.reply("agron", asked, "<p>There.</p>")
    moodle.may_not("mod/forum:viewqandawithoutposting")
    report = pull()
    assert [(one.code, one.params["n"]) for one in report.warnings] == [("helpdesk.replies-hidden", 1)]
    assert states(engine) == {asked: "answered"}


def test_a_forum_that_the_account_may_not_see_is_told(
    moodle: Moodle, pull: Callable[[], QuestionsReport]
) -> None:
    moodle.may_not("mod/forum:viewdiscussion")
    with pytest.raises(ActivityNotThere):
        pull()


@pytest.mark.parametrize(
    ("text", "names", "left"),
    [
        ("Dritën e pyeta, Dritës i thashë.", ["Drita Leka"], "[…] e pyeta, […] i thashë."),
        ("Write to drita.leka@example.org.", [], "Write to […]"),
        ("Call +355 69 123 4567 now", [], "Call […] now"),
        ("Person J12345678K", [], "Person […]"),
        ("Law no. 9154 of 06.11.2003, article 3", [], "Law no. 9154 of 06.11.2003, article 3"),
        ("Ana a scris; analiza e gata.", ["Ana Rusu"], "[…] a scris; analiza e gata."),
        ("[Mira](mailto:mira@x.org)", ["Mira Hoxha"], "[…]"),
    ],
)
def test_names_addresses_and_long_numbers_are_taken_out(text: str, names: list[str], left: str) -> None:
    assert without_persons(text, names)[0] == left


@pytest.fixture
def ready(moodle: Moodle, academy: Path) -> Path:
    (academy / "token").write_text(TOKEN)
    (academy / "token").chmod(0o600)
    (academy / "config.yaml").write_text(
        f"language: en\nsites:\n  main:\n    url: {moodle.url}\n    token_file: token\n"
    )
    return academy


def test_the_verbs_from_a_question_to_a_page(
    moodle: Moodle, ready: Path, command: Callable[..., Ended]
) -> None:
    asked = moodle.ask("drita", "May I strike a line out?", "<p>I am Drita Leka, 069 123 4567.</p>")
    late = moodle.ask("agron", "And the stamp?")
    moodle.site.discussions[late].posts[0].created -= 20 * DAY

    def verb(*arguments: object) -> Ended:
        return command("helpdesk", *arguments, "--dir", ready)

    assert "Questions in the forum: 2" in verb("pull").out
    assert verb("assign", asked, "--to", "Mira Hoxha").code == 0
    listed = verb("list").out
    assert "May I strike a line out?" in listed
    assert "Mira Hoxha" in listed
    overdue = json.loads(verb("list", "--overdue", "--json").out)["questions"]
    assert [(one["discussion"], one["subject"], one["overdue"]) for one in overdue] == [
        (late, "And the stamp?", True)
    ]
    refused = verb("publish", asked, "--topic", "counter", "--id", "strike-out")
    assert refused.code == 1
    assert "Nobody but its asker" in refused.err
    moodle.reply(
        "agron", asked, "<p>No, <strong>Drita</strong>. Strike it through:</p><ul><li>one line</li></ul>"
    )
    made = verb("publish", asked, "--topic", "counter", "--id", "strike-out")
    assert made.code == 0, made.said
    draft = (ready / "helpdesk/drafts/counter/strike-out.en.md").read_text(encoding="utf-8")
    assert draft.startswith("# May I strike a line out?\n\nNo, **[…]**. Strike it through:\n\n- one line\n")
    assert not [word for word in ("Drita", "Leka", "Agron", "069") if word in draft]
    assert verb("publish", asked, "--topic", "counter", "--id", "strike-out").code == 1  # not overwritten
    assert all(answer.id != "strike-out" for answer in desk_of(ready).answers)  # not published unread
    (ready / "helpdesk/drafts/counter/strike-out.en.md").rename(
        ready / "helpdesk/answers/counter/strike-out.en.md"
    )
    assert desk_of(ready).answer("strike-out") is not None


def test_the_list_is_shown_also_when_the_site_does_not_answer(
    moodle: Moodle, ready: Path, command: Callable[..., Ended]
) -> None:
    asked = moodle.ask("drita", "Where?")
    command("helpdesk", "pull", "--dir", ready)
    moodle.site.faults.add({"match": "*", "kind": "error", "errorcode": "invalidtoken", "times": 9})
    ended = command("helpdesk", "list", "--dir", ready)
    assert ended.code == 0
    assert str(asked) in ended.out
    assert "could not be asked" in ended.err


def test_questions_can_be_looked_at_while_an_answer_has_a_mistake(
    moodle: Moodle, ready: Path, command: Callable[..., Ended]
) -> None:
    moodle.ask("drita", "Where?")
    (ready / "helpdesk/answers/counter/broken.en.md").write_text("no title")
    assert command("helpdesk", "pull", "--dir", ready).code == 0
    assert "Where?" in command("helpdesk", "list", "--dir", ready).out
    assert command("helpdesk", "build", "--dir", ready).code == 1


def test_the_schedules_pull_brings_the_questions_too(
    moodle: Moodle, ready: Path, command: Callable[..., Ended], engine: Engine
) -> None:
    asked = moodle.ask("drita", "Where?")
    command("run", "--once", "--dir", ready)
    assert states(engine) == {asked: "open"}
    moodle.site.capabilities.clear()
    refused = command("run", "--once", "--dir", ready)
    assert "lms-sync doctor" in refused.err  # told, and the other jobs go on
    assert states(engine) == {asked: "open"}


def test_a_wrong_use_is_told(ready: Path, command: Callable[..., Any]) -> None:
    for arguments in (("publish",), ("publish", 1, "--glossary"), ("assign", 1), ("publish", 1)):
        assert command("helpdesk", *arguments, "--dir", ready).code == 3
