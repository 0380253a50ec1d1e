"""Sessions as calendar events: which days, for whom, when, and what Moodle could not hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from authoring.problems import Problem
from lms_sync.desired_events import session_events
from lms_sync.plan import DesiredObject
from programmes import Programme, read_programme

HEAD = """\
schema: programme/1
id: school
title: {sq: Shkolla, en: The school}
languages: [sq, en]
timezone: Europe/Tirane
dates: {from: 2026-01-12, until: 2026-12-18}
courses: [first, second]
"""
SESSION = """\
sessions:
  - id: opening
    title: {sq: "Hapja & pritja", en: "Opening & reception"}
    days:
      - {date: 2026-03-30, from: "09:00", until: "12:30", hours: 3}
      - {date: 2026-03-28, from: "09:00", until: "12:30", hours: 3}
"""
PEOPLE = {"A-1": ("Drita Mëhilli", "berat"), "A-2": ("Ermal Çela", "vlore"), "A-3": ("Ana Gjoka", "berat")}


def programme(tmp_path: Path, more: str) -> Programme:
    (tmp_path / "programmes").mkdir(exist_ok=True)
    path = tmp_path / "programmes" / "school.yaml"
    path.write_text(HEAD + more, encoding="utf-8")
    return read_programme(path, root=tmp_path)


def events(
    of: Programme, course: str = "first", groups: Iterable[str] = ("berat",), *, multilang: bool = True
) -> tuple[dict[str, DesiredObject], list[Problem]]:
    wrong: list[Problem] = []
    found = session_events(
        of, course, set(groups), PEOPLE, language="en", use_multilang=multilang, wrong=wrong
    )
    return {one.key: one for one in found}, wrong


def test_days_are_counted_in_the_order_of_the_calendar_and_times_follow_the_clocks(tmp_path: Path) -> None:
    found, _ = events(programme(tmp_path, SESSION))
    first, second = (found[f"school/opening/{number}"].fields for number in (1, 2))
    # The clocks go forward between the two: 49 hours less one.
    assert int(str(second["start"])) - int(str(first["start"])) == 47 * 3600
    assert first["duration"] == 3.5 * 3600
    assert first["group"] == ""
    assert first["name"] == (
        '<span lang="sq" class="multilang">Hapja &amp; pritja (1/2)</span>'
        '<span lang="en" class="multilang">Opening &amp; reception (1/2)</span>'
    )


def test_a_site_without_the_filter_gets_one_language(tmp_path: Path) -> None:
    found, _ = events(programme(tmp_path, SESSION), multilang=False)
    assert found["school/opening/1"].fields["name"] == "Opening &amp; reception (1/2)"


def test_a_session_without_a_course_stands_in_every_course_of_the_programme_and_in_no_other(
    tmp_path: Path,
) -> None:
    of = programme(tmp_path, SESSION)
    assert len(events(of, "first")[0]) == len(events(of, "second")[0]) == 2
    assert events(of, "third")[0] == {}
    only = programme(tmp_path, SESSION.replace("    days:", "    course: second\n    days:"))
    assert events(only, "first")[0] == {}


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ("institutions: [berat, vlore, fier]", ["school/opening/1/berat", "school/opening/1/vlore"]),
        ("participants: [A-1, A-3, X-9]", ["school/opening/1/berat"]),
        ("institutions: [vlore]\n    participants: [A-1]", ["school/opening/1/vlore"]),
        ("institutions: [fier]", []),
    ],
)
def test_a_session_for_some_is_told_to_the_groups_of_their_institutions(
    tmp_path: Path, said: str, keys: list[str]
) -> None:
    of = programme(tmp_path, SESSION.replace("    days:", f"    {said}\n    days:"))
    found, _ = events(of, groups=("berat", "vlore"))
    assert sorted(key for key in found if "/1/" in key) == keys


def test_words_are_escaped(tmp_path: Path) -> None:
    agenda = 'hours: 3, agenda: [{at: "09:00", title: "A < B"}]}'
    found, _ = events(programme(tmp_path, SESSION.replace("hours: 3}", agenda)))
    assert found["school/opening/1"].fields["description"] == "09:00 A &lt; B"


def test_a_key_that_moodle_would_cut_is_told(tmp_path: Path) -> None:
    code = "c" * 83
    of = programme(tmp_path, SESSION.replace("    days:", f"    institutions: [{code}]\n    days:"))
    assert [len(key) for key in events(of, groups=(code,))[0]] == [100, 100]
    of = programme(tmp_path, SESSION.replace("    days:", f"    institutions: [{code}x]\n    days:"))
    found, wrong = events(of, groups=(f"{code}x",))
    assert (found, {one.code for one in wrong}) == ({}, {"desired.event-key-too-long"})
