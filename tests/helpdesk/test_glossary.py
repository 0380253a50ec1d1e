"""The same answers in a Moodle glossary: shown first, written once, never over what others wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lms_sync.helpdesk_glossary import GlossaryPlan, plan_glossary, publish_glossary
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import MoodleError
from tests.helpdesk.conftest import Ended, Moodle, desk_of, write
from tests.helpdesk.test_questions import ready

__all__ = ["ready"]

ENGLISH = "helpdesk/answers/counter/lost-paper.en.md"


@pytest.fixture
def client(moodle: Moodle) -> Iterator[MoodleClient]:
    one = moodle.client()
    yield one
    one.close()


def plan(client: MoodleClient, folder: Path) -> GlossaryPlan:
    return plan_glossary(client, desk_of(folder))


def actions(plan: GlossaryPlan) -> dict[str, str]:
    return {step.key: step.action for step in plan.steps}


def test_a_plan_writes_nothing_and_publishing_twice_writes_once(
    moodle: Moodle, client: MoodleClient, academy: Path
) -> None:
    first = plan(client, academy)
    assert actions(first) == dict.fromkeys(("lost-paper.en", "lost-paper.sq", "stamp.sq"), "add")
    assert moodle.entries() == {}
    assert publish_glossary(client, first) == 3
    assert set(actions(plan(client, academy)).values()) == {"unchanged"}
    assert publish_glossary(client, plan(client, academy)) == 0
    definition = moodle.entries()["Një shkresë humbi. Çfarë bëj?"]
    assert "<strong>kopje</strong>" in definition
    assert "Shih: faqja 3" in definition


def test_a_reworded_question_and_answer_update_the_same_entry(
    moodle: Moodle, client: MoodleClient, academy: Path
) -> None:
    publish_glossary(client, plan(client, academy))
    ids = set(moodle.site.glossary_entries)
    write(academy, {ENGLISH: "# Where is the lost paper?\n\nAsk.\n"})
    again = plan(client, academy)
    assert actions(again)["lost-paper.en"] == "update"
    publish_glossary(client, again)
    assert set(moodle.site.glossary_entries) == ids
    assert "Where is the lost paper?" in moodle.entries()
    assert not plan(client, academy).changes


def test_what_somebody_edited_or_wrote_in_moodle_is_left_alone(
    moodle: Moodle, client: MoodleClient, academy: Path
) -> None:
    publish_glossary(client, plan(client, academy))
    edited = next(one for one in moodle.site.glossary_entries.values() if "copy" in one.definition)
    edited.definition = edited.definition.replace("copy", "certified copy")
    write(academy, {ENGLISH: "# A paper is lost. What now?\n\nAsk anew.\n"})
    write(academy, {"helpdesk/answers/papers/theirs.en.md": "# What is a file?\n\nOurs.\n"})
    other = next(iter(moodle.site.glossary_entries.values())).__class__(
        999, edited.glossary, 2, "what is a FILE?", "<p>Theirs.</p>", 1, 0, 0
    )
    moodle.site.glossary_entries[999] = other
    again = plan(client, academy)
    assert actions(again)["lost-paper.en"] == "edited"
    assert actions(again)["theirs.en"] == "taken"
    before = moodle.entries()
    publish_glossary(client, again, remove=True)
    assert moodle.entries() == before


def test_an_entry_whose_answer_is_gone_is_deleted_only_when_asked(
    moodle: Moodle, client: MoodleClient, academy: Path
) -> None:
    publish_glossary(client, plan(client, academy))
    (academy / "helpdesk/answers/papers/stamp.sq.md").unlink()
    again = plan(client, academy)
    assert actions(again)["stamp.sq"] == "gone"
    publish_glossary(client, again)
    assert "Ku vihet vula?" in moodle.entries()
    publish_glossary(client, again, remove=True)
    assert "Ku vihet vula?" not in moodle.entries()


def test_a_write_whose_answer_was_lost_is_found_and_not_made_twice(
    moodle: Moodle, client: MoodleClient, academy: Path
) -> None:
    moodle.site.faults.add({"match": "mod_glossary_add_entry", "kind": "cut_after_work", "times": 2})
    assert publish_glossary(client, plan(client, academy)) == 3
    assert len(moodle.site.glossary_entries) == 3
    assert not plan(client, academy).changes


def test_a_write_that_failed_is_told_and_done_by_the_next_run(
    moodle: Moodle, client: MoodleClient, academy: Path
) -> None:
    moodle.site.faults.add({"match": "mod_glossary_add_entry", "kind": "html", "times": 1})
    with pytest.raises(MoodleError):
        publish_glossary(client, plan(client, academy))
    assert publish_glossary(client, plan(client, academy)) > 0
    assert len(moodle.site.glossary_entries) == 3


def test_entries_beyond_a_page_are_found(moodle: Moodle, client: MoodleClient, academy: Path) -> None:
    write(
        academy,
        {
            f"helpdesk/answers/papers/n{number}.en.md": f"# Question {number}?\n\nYes.\n"
            for number in range(120)
        },
    )
    publish_glossary(client, plan(client, academy))
    assert len(moodle.site.glossary_entries) == 123
    assert not plan(client, academy).changes


def test_the_verb_shows_first_and_writes_when_told(
    moodle: Moodle, ready: Path, command: Callable[..., Ended]
) -> None:
    shown = command("helpdesk", "publish", "--glossary", "--dir", ready)
    assert (shown.code, moodle.entries()) == (2, {})
    assert "lost-paper.sq" in shown.out
    assert command("helpdesk", "publish", "--glossary", "--yes", "--dir", ready).code == 0
    assert len(moodle.entries()) == 3
    assert command("helpdesk", "publish", "--glossary", "--dir", ready).code == 0
