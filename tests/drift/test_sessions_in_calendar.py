"""The sessions of a programme stand in Moodle's calendar: made once, moved in place, hidden, brought back."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lms_sync.applied import replaced_by
from lms_sync.clock import SystemClock
from lms_sync.plan import Kind
from lms_sync.push import apply_prepared
from lms_sync.undo import prepare_undo
from tests.drift.conftest import COURSE, Edited

if TYPE_CHECKING:
    from typing import Any

PROGRAMME = "programmes/archive-61.yaml"
PILOT = "archive-61/pilot-lushnje/1/lushnje"
DAY = "      - date: 2026-03-10\n"


def moment(day: str, time: str) -> int:
    """Seconds since 1970 of a time in the programme's calendar."""
    return int(
        datetime.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo("Europe/Tirane")).timestamp()
    )


def without_pilot(text: str) -> str:
    """The programme's file without this session."""
    start = text.index("  - id: pilot-lushnje\n")
    return text[:start] + text[text.index("  - id: ", start + 5) :]


def test_a_session_is_an_event_of_the_groups_of_its_institutions(edited: Edited) -> None:
    event = edited.event(PILOT)
    assert edited.site.groups[event.groupid].idnumber == f"{COURSE}/lushnje"
    assert event.timestart == moment("2026-03-10", "09:00")
    assert event.timeduration == int(4.5 * 3600)
    assert (
        event.location == "Salla e këshillit bashkiak, Lushnjë"
    )  # in the site's language: Moodle escapes it
    assert '<span lang="sq" class="multilang">Seancë pilot, Bashkia Lushnjë</span>' in event.name
    assert "<br />09:30 Number first: the path of an incoming paper<br />" in event.description


def test_a_session_of_two_days_is_two_events_that_say_which_day_it_is(edited: Edited) -> None:
    events = [edited.event(f"archive-61/berat-1/{number}/dimal") for number in (1, 2)]
    assert [("(1/2)" in one.name, "(2/2)" in one.name) for one in events] == [(True, False), (False, True)]
    assert events[0].timestart < events[1].timestart


def test_only_institutions_that_have_a_group_in_the_course_get_events(edited: Edited) -> None:
    groups = {one.idnumber.partition("/")[2] for one in edited.site.groups.values()}
    told = {key[2].rsplit("/", 1)[1] for key in edited.site.owned if key[1] == "event"}
    assert told <= groups
    assert len(told) > 3


def test_a_moved_session_is_changed_in_place_and_the_next_plan_is_empty(edited: Edited) -> None:
    before = edited.event(PILOT).id
    edited.set_text(PROGRAMME, DAY, DAY.replace("10", "11"))
    assert edited.work() == [("update", "calendar event", PILOT)]
    edited.apply()
    assert edited.event(PILOT).id == before
    assert edited.event(PILOT).timestart == moment("2026-03-11", "09:00")
    assert edited.work() == []


def test_a_session_taken_out_is_hidden_and_one_put_back_is_the_same_event(edited: Edited) -> None:
    before, text = edited.event(PILOT).id, edited.read(PROGRAMME)
    edited.write(PROGRAMME, without_pilot(text))
    assert edited.work() == [("hide", "calendar event", PILOT)]
    edited.apply()
    hidden = edited.event(PILOT)
    assert (hidden.id, hidden.visible, hidden.timestart) == (before, 0, moment("2026-03-10", "09:00"))
    assert edited.work() == []
    edited.write(PROGRAMME, text)
    edited.apply()
    assert (edited.event(PILOT).id, edited.event(PILOT).visible) == (before, 1)
    assert edited.work() == []


def test_names_of_leaders_are_shown_only_where_the_programme_says_so(edited: Edited) -> None:
    assert "Led by" not in edited.event(PILOT).description
    edited.set_text(PROGRAMME, "\nsessions:\n", "\ncalendar: {leader: true}\nsessions:\n")
    edited.apply()
    assert "<br /><br />Led by: " in edited.event(PILOT).description
    assert "<br /><br />Drejton: " in edited.event(PILOT).description


def test_a_programme_can_stay_out_of_the_calendar(edited: Edited) -> None:
    edited.set_text(PROGRAMME, "\nsessions:\n", "\ncalendar: {sessions: false}\nsessions:\n")
    work = edited.prepare(overwrite_edits=True).plan.work
    assert {(one.action.value, one.kind) for one in work} == {("hide", Kind.EVENT)}


def test_an_edit_in_the_calendar_stays_until_it_is_taken_away(edited: Edited) -> None:
    edited.event(PILOT).location = "Salla tjetër"
    assert edited.told() == [("calendar event", PILOT, "location", "theirs")]
    edited.set_text(PROGRAMME, DAY, DAY.replace("10", "11"))
    edited.apply()
    assert edited.event(PILOT).location == "Salla tjetër"
    assert edited.event(PILOT).timestart == moment("2026-03-11", "09:00")
    edited.apply(revert_edits=True)
    assert edited.event(PILOT).location == "Salla e këshillit bashkiak, Lushnjë"
    assert edited.drift() == ()


def test_an_edit_in_the_calendar_is_left_to_the_author_with_the_reason(edited: Edited) -> None:
    edited.event(PILOT).location = "Salla tjetër"
    told = edited.run("drift", "--adopt")
    assert "Sessions stand in the programme's file." in told.output


def test_an_event_deleted_in_moodle_is_named_and_made_again_with_a_word(edited: Edited) -> None:
    edited.site.events.pop(edited.event(PILOT).id)
    assert [(one.key, one.deleted) for one in edited.drift()] == [(PILOT, True)]
    (change,) = edited.prepare().plan.work
    assert (change.action.value, change.reason) == ("create", "plan.deleted-in-moodle")
    edited.apply()
    assert edited.drift() == ()


def test_an_undo_brings_back_where_and_when_a_session_was(edited: Edited) -> None:
    edited.set_text(PROGRAMME, DAY, DAY.replace("10", "11"))
    report, _ = edited.apply()
    settings = edited.push.settings
    client = edited.push.client()

    def undone() -> Any:
        rows = replaced_by(edited.push.engine, "main", report.run_id)
        return prepare_undo(edited.prepare(), rows, edited.folder)

    apply_prepared(
        client, edited.push.engine, "main", undone(), settings, settings.sites["main"], edited.folder,
        SystemClock(), again=undone, undone=report.run_id,
    )  # fmt: skip
    client.close()
    assert edited.event(PILOT).timestart == moment("2026-03-10", "09:00")


def test_with_the_state_database_lost_nothing_is_made_twice(edited: Edited) -> None:
    assert edited.prepare(base=False).plan.work == ()


def test_without_the_plugins_table_events_are_found_by_their_key(edited: Edited) -> None:
    for key in [key for key in edited.site.owned if key[1] == "event"]:
        del edited.site.owned[key]
    number = len(edited.site.events)
    assert {one.action.value for one in edited.prepare().plan.work} <= {"update"}
    edited.apply()
    assert len(edited.site.events) == number
    assert edited.work() == []
