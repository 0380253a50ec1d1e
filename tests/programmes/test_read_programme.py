"""A programme file is read whole, and everything that is wrong with it is told at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from authoring.problems import ContentError
from lms_sync.people import Institution, Participant, People
from lms_sync.programme_files import read_programme_files
from programmes import read_programme, read_programmes
from programmes.programme import Known

Academy = Callable[..., Path]


def problems_of(folder: Path, known: Known | None = None) -> list[tuple[str, int]]:
    with pytest.raises(ContentError) as caught:
        read_programmes(folder, known)
    return [(problem.code, problem.place.line) for problem in caught.value.problems]


def test_a_programme_is_what_is_written(academy: Academy) -> None:
    programme = read_programme(academy() / "programmes" / "counter.yaml", root=academy())
    session = programme.session("berat-1")
    assert session is not None
    assert (session.kind, session.hours, session.leader) == ("session", 8, ("T-1",))
    assert [day.date.isoformat() for day in session.days] == ["2026-03-12", "2026-03-13"]
    assert programme.default_language == "sq"
    assert programme.takes_part("any", "municipality")


def test_institutions_take_part_by_kind_or_by_code(academy: Academy) -> None:
    folder = academy(
        ("courses: [counter]", "courses: []\ninstitutions: {kinds: [municipality], codes: [school]}")
    )
    (programme,) = read_programmes(folder)
    assert programme.takes_part("berat", "municipality")
    assert programme.takes_part("school", "agency")
    assert not programme.takes_part("other", "agency")


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("id: counter\n", "id: desk\n", "programme.id-is-not-name", 2),
        ("Europe/Tirane", "Europe/Tirana", "programme.timezone", 5),
        ("until: 2026-12-18}", "until: 2026-01-11}", "programme.ends-before-it-begins", 6),
        ("{sq: Sporteli, en: The counter}", "{sq: Sporteli}", "programme.text-not-translated", 3),
        ("date: 2026-03-12", "date: 12.3.2026", "programme.day", 16),
        ("date: 2026-03-13", "date: 2026-03-12", "programme.same-day", 17),
        ("date: 2026-03-13", "date: 2027-03-13", "programme.outside-dates", 17),
        ('from: "09:00", until: "15:30"', 'from: "9", until: "15:30"', "programme.time", 16),
        ('until: "12:30"', 'until: "08:30"', "programme.day-ends-before-it-begins", 17),
        ("hours: 3", "hours: 4", "programme.more-hours-than-day", 17),
        ("    leader: T-1\n", "", "programme.no-leader", 18),
        ("    leader: T-1\n", "    leader: T-1\n    materials: [x.pdf]\n", "programme.no-file", 19),
        ("when: {questionnaire: baseline}}", "by_hand: false}", "programme.rule-or-hand", 21),
        (
            "{questionnaire: baseline}}",
            "{questionnaire: a, session: {kind: visit}}}",
            "programme.one-rule",
            21,
        ),
        ("id: supplied", "id: Assessed", "programme.same-id", 22),
        ("{certified: clerk}", "{certified: clerk, completed: counter}", "programme.one-count", 28),
        ("{certified: clerk}", "{milestone: visited}", "programme.unknown", 28),
        ("{certified: clerk}", "{attended: [berat-1, lunch]}", "programme.unknown", 28),
        ("by: 2026-06-30", "by: 2026-12-18", "programme.targets-in-order", 29),
        ("role: owner", "role: boss", "yaml.wrong-choice", 8),
        ("courses: [counter]", "course: [counter]", "yaml.unknown-key-similar", 10),
    ],
)
def test_what_is_wrong_is_told_at_its_line(
    academy: Academy, old: str, new: str, code: str, line: int
) -> None:
    assert (code, line) in problems_of(academy((old, new)))


def test_names_are_compared_with_what_the_academy_has(academy: Academy) -> None:
    known = Known(
        courses={"other"},
        awards={"clerk"},
        questionnaires={"baseline"},
        institutions=set(),
        participants={"T-2"},
    )
    assert sorted(problems_of(academy(), known)) == [
        ("programme.unknown", 10),  # courses
        ("programme.unknown", 18),  # leader
        ("programme.unknown", 19),  # leader_award
    ]


def test_all_problems_of_all_files_are_told_at_once(academy: Academy) -> None:
    folder = academy(("Europe/Tirane", "Nowhere"), ("min: 0}", "min: 5, max: 4}"))
    with pytest.raises(ContentError) as caught:
        read_programme_files(folder)
    assert {problem.code for problem in caught.value.problems} == {
        "programme.timezone",
        "questionnaire.max-below-min",
    }


def test_files_are_read_against_people(academy: Academy) -> None:
    people = People(
        institutions=(Institution("berat", {"sq": "Berat"}, "municipality"),),
        participants=(Participant("T-1", "Ana", "Kola", "berat"),),
    )
    files = read_programme_files(academy(), keys={"counter"}, awards={"clerk", "trainer"}, people=people)
    assert files.programme("counter") is not None
    assert files.questionnaire("baseline") is not None
    assert files.programme("nothing") is None


def test_a_logo_outside_the_academy_is_refused(academy: Academy, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-logo.svg"
    outside.write_text("<svg/>", encoding="utf-8")
    folder = academy(("role: owner,", f"role: owner, logo: ../{outside.name},"))
    assert ("programme.no-file", 8) in problems_of(folder)
