"""Dates, sections and exceptions of a quiz: pushed, left to teachers, taken away where they are ours, taken over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from authoring.problems import ContentError
from lms_sync.people import read_people
from lms_sync.plan import Kind
from moodle_standin.overrides import effective
from moodle_standin.records import QuizOverride
from tests.drift.conftest import COURSE, EXCEPTIONS, QUIZ_FILE

if TYPE_CHECKING:
    from tests.drift.conftest import Edited

PEOPLE = "people/participants.csv"
LUSHNJE, PERSON = f"{COURSE}/final@lushnje", f"{COURSE}/final:AO-0002"
NOON = 1_809_856_800  # 2027-05-09 12:00 on the academy's clock


def _more_time(edited: Edited, part: str) -> None:
    """Gives AO-0002 so much more time; "" takes it away."""
    head, *rows = edited.read(PEOPLE).splitlines()
    had = head.endswith(",extra_time")
    cells = [row.rsplit(",", 1)[0] if had else row for row in rows]
    head = head if had else f"{head},extra_time"
    lines = [f"{row},{part if row.startswith('AO-0002') else ''}" for row in cells]
    edited.write(PEOPLE, "\n".join((head, *lines, "")))


@pytest.fixture
def given(edited: Edited) -> Edited:
    """A site where AO-0002 has a quarter more time."""
    _more_time(edited, "25%")
    report, left = edited.apply()
    assert (report.done, left.plan.work) == ({"create": 1}, ())
    return edited


def _user(edited: Edited, name: str) -> int:
    return next(int(one.id) for one in edited.site.users.values() if one.username == name)


def test_who_gets_more_time_has_it_and_the_institution_its_own_dates(given: Edited) -> None:
    edited = given
    quiz = edited.quiz()
    assert effective(edited.site, quiz, _user(edited, "besnik.hoxhaj"))["timelimit"] == 57 * 60
    assert effective(edited.site, quiz, _user(edited, "arjola.cela"))["timelimit"] == 45 * 60
    group = next(one for one in edited.site.groups.values() if one.idnumber == f"{COURSE}/lushnje")
    holds = effective(edited.site, quiz, group.members[0])
    assert (holds["attempts"], holds["timelimit"]) == (5, 45 * 60)
    assert holds["timeclose"] > 0
    # What a teacher makes of it is named, and left to the list of people.
    next(one for one in edited.site.quiz_overrides.values() if one.userid).timelimit = 9000
    result = edited.run("drift", "--adopt", "--json")
    assert result.return_value == 2
    assert '"edit.extra-time"' in result.output


def test_only_our_own_exceptions_are_taken_away_and_only_as_we_left_them(given: Edited) -> None:
    edited = given
    site, quiz = edited.site, edited.quiz()
    teachers = QuizOverride(
        site.next_id("quiz_overrides"), quiz.id, userid=_user(edited, "arjola.cela"), attempts=9
    )
    site.quiz_overrides[teachers.id] = teachers
    assert edited.work() == []
    edited.write(QUIZ_FILE, edited.read(QUIZ_FILE).replace(EXCEPTIONS, ""))
    _more_time(edited, "")
    assert edited.work() == [("hide", "quiz override", PERSON), ("hide", "quiz override", LUSHNJE)]
    ours = next(one for one in site.quiz_overrides.values() if one.groupid)
    ours.attempts = 7  # a teacher has changed it: it is theirs now
    assert edited.work() == [("hide", "quiz override", PERSON)]
    report, left = edited.apply()
    assert report.complete
    assert set(site.quiz_overrides) == {teachers.id, ours.id}
    told = {one.key: one.reason for one in left.plan.changes if one.kind is Kind.OVERRIDE}
    assert told == {LUSHNJE: "plan.override-of-others", f"{COURSE}/final:AO-0001": "plan.override-of-others"}


def test_what_left_the_files_and_comes_back_was_not_deleted_by_anybody(given: Edited) -> None:
    edited = given
    _more_time(edited, "")
    edited.apply()
    _more_time(edited, "1/3")
    assert edited.drift() == ()
    assert edited.work() == [("create", "quiz override", PERSON)]
    _, left = edited.apply()
    assert left.plan.work == ()
    (now,) = [one for one in edited.site.quiz_overrides.values() if one.userid]
    assert now.timelimit == 60 * 60


def test_an_exception_that_a_teacher_made_is_not_overwritten_unasked(edited: Edited) -> None:
    user = _user(edited, "besnik.hoxhaj")
    number = edited.site.next_id("quiz_overrides")
    edited.site.quiz_overrides[number] = QuizOverride(number, edited.quiz().id, userid=user, timelimit=9000)
    _more_time(edited, "25%")
    assert edited.refused() == [(PERSON, "plan.edited-in-moodle")]
    report, _ = edited.apply(ours=frozenset({PERSON}))
    assert report.complete
    assert edited.site.quiz_overrides[number].timelimit == 57 * 60


def test_dates_sections_and_exceptions_edited_in_moodle_come_into_the_file(edited: Edited) -> None:
    quiz = edited.quiz()
    quiz.timeopen, quiz.timeclose = NOON, NOON + 86400
    quiz.sections = [
        {"first": 1, "heading": "", "shuffle": 0},
        {
            "first": 2,
            "heading": '<span lang="sq" class="multilang">Pjesa II</span>'
            '<span lang="en" class="multilang">Part II</span>',
            "shuffle": 1,
        },
    ]
    group = next(one for one in edited.site.quiz_overrides.values() if one.groupid)
    group.attempts, group.timeclose, group.timelimit = None, NOON + 2 * 86400, 5400
    result = edited.run("drift", "--adopt")
    assert result.return_value == 0, result.output
    text = edited.read(QUIZ_FILE)
    assert "# the flood" in text
    assert "# until it is dry" in text
    assert "opens: 2027-05-09 12:00" in text
    assert "time_limit: 1 h 30 min" in text
    assert "Part II" in text
    edited.rebuild()
    assert edited.drift() == ()
    assert edited.work() == []


def test_more_time_follows_the_time_limit_of_the_quiz(given: Edited) -> None:
    given.set_text(QUIZ_FILE, "time_limit: 45 min", "time_limit: 60 min")
    given.apply()
    (now,) = [one for one in given.site.quiz_overrides.values() if one.userid]
    assert now.timelimit == 75 * 60
    given.set_text(QUIZ_FILE, "time_limit: 60 min", "time_limit: none")
    given.apply()
    assert [one for one in given.site.quiz_overrides.values() if one.userid] == []


@pytest.mark.parametrize("written", ["25", "x", "1/0", "500%", "-1/4"])
def test_what_is_no_part_of_a_time_limit_is_refused_in_the_list(tmp_path: Path, written: str) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "institutions.csv").write_text("code,name_sq\nhas,Has\n", encoding="utf-8")
    text = f"idnumber,firstname,lastname,institution,extra_time\nX1,Arta,Hoxha,has,{written}\n"
    (tmp_path / PEOPLE).write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_people(tmp_path)
    assert [one.code for one in caught.value.problems] == ["people.bad-extra-time"]
