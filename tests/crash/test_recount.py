"""The recount finds a planted duplicate, a planted loss and a stranger; and nothing where nothing is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from recount import Wanted, recount

WANTED = Wanted(
    frozenset(
        {
            ("course category", "ac"),
            ("course", "ac-1"),
            ("question", "q:1"),
            ("cohort", "institution-a"),
            ("account", "P2"),
            ("cohort member", "institution-a:P1"),
            ("enrolment", "ac-1:P1"),
            ("enrolment", "ac-1:P2"),
            ("criteria", "ac-1"),
        }
    ),
    people={7: "P1"},
    versions={"q:1": 2},
    suspended=frozenset({"ac-1:P2"}),
)


def entry(what: str, action: str, **more: Any) -> str:
    return json.dumps({"n": 1, "time": 1, "caller": "lmssync", "what": what, "action": action, **more})


def log() -> list[str]:
    return [
        entry("course_category", "create", id=2, idnumber="ac"),
        entry("course", "create", id=5, idnumber="ac-1"),
        entry("draft_file", "create", itemid=1, filename="x.xml"),
        entry("question", "created", id=1, key="q:1", course=5, version=1),
        entry("question", "updated", id=1, key="q:1", course=5, version=2),
        entry("criteria", "created", course=5),
        entry("criteria", "updated", course=5),
        entry("cohort", "create", id=3, idnumber="institution-a"),
        entry("user", "create", id=9, username="p2", idnumber="P2"),
        entry("cohort_member", "add", cohort="institution-a", userid=7),
        entry("enrolment", "create", course=5, userid=7, status=0),
        entry("enrolment", "create", course=5, userid=9, status=0),
        entry("enrolment", "update", course=5, userid=9, status=1),
        entry("scorm_track", "save", caller="a learner"),
    ]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert recount(log(), WANTED).clean


@pytest.mark.parametrize(
    ("planted", "thing"),
    [
        (entry("cohort", "create", id=4, idnumber="institution-a"), ("cohort", "institution-a")),
        (entry("course", "create", id=6, idnumber="ac-1"), ("course", "ac-1")),
        (entry("enrolment", "create", course=5, userid=7, status=0), ("enrolment", "ac-1:P1")),
        (entry("user", "create", id=10, username="p2b", idnumber="P2"), ("account", "P2")),
        (entry("question", "updated", id=1, key="q:1", course=5, version=3), ("question version", "q:1")),
    ],
)
def test_a_planted_duplicate_is_found(planted: str, thing: tuple[str, str]) -> None:
    found = recount([*log(), planted], WANTED)
    assert (found.duplicates, found.losses, found.unknown) == ((thing,), (), ())


@pytest.mark.parametrize(
    ("lost", "thing"),
    [
        (0, ("course category", "ac")),
        (4, ("question version", "q:1")),
        (7, ("cohort", "institution-a")),
        (9, ("cohort member", "institution-a:P1")),
        (10, ("enrolment", "ac-1:P1")),
        (12, ("suspension", "ac-1:P2")),
    ],
)
def test_a_planted_loss_is_found(lost: int, thing: tuple[str, str]) -> None:
    lines = log()
    del lines[lost]
    found = recount(lines, WANTED)
    assert (found.duplicates, found.losses, found.unknown) == ((), (thing,), ())


@pytest.mark.parametrize(
    ("stranger", "thing"),
    [
        (entry("cohort", "create", id=4, idnumber=""), ("cohort", "without a key, id 4")),
        (entry("section", "create", id=4, course=5), ("section", "without a key, id 4")),
        (entry("activity", "created", id=4, key="ac-1/other", course=5), ("activity", "ac-1/other")),
        (entry("enrolment", "create", course=5, userid=8, status=0), ("enrolment", "ac-1:user 8")),
    ],
)
def test_what_nobody_wanted_is_found(stranger: str, thing: tuple[str, str]) -> None:
    found = recount([*log(), stranger], WANTED)
    assert (found.duplicates, found.losses, found.unknown) == ((), (), (thing,))


def test_what_was_made_and_taken_away_again_is_neither_twice_nor_there() -> None:
    made = entry("group", "create", id=4, idnumber="ac-1/b", course=5)
    gone = entry("group", "delete", id=4, idnumber="ac-1/b", course=5)
    assert recount([*log(), made, gone], WANTED).clean
    assert not recount([*log(), made], WANTED).clean
