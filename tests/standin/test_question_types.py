"""The rules of question types by themselves: how an order is graded, what hits a zone, how the code of blanks is read."""

from __future__ import annotations

import random
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from moodle_standin.moodle_xml import Draft, Refusal, read_questions
from moodle_standin.question_types import OTHER_TYPES
from moodle_standin.question_types.markers import is_in
from moodle_standin.question_types.ordering import share
from moodle_standin.records import Question, SlotAttempt


@pytest.mark.parametrize(
    ("grading", "order", "earned"),
    [
        ("ALL_OR_NOTHING", [1, 0, 2, 3], 0),
        ("ABSOLUTE_POSITION", [1, 0, 2, 3], 1 / 2),
        ("RELATIVE_NEXT_EXCLUDE_LAST", [3, 0, 1, 2], 2 / 3),
        ("RELATIVE_NEXT_INCLUDE_LAST", [3, 0, 1, 2], 1 / 2),
        ("RELATIVE_ONE_PREVIOUS_AND_NEXT", [1, 0, 2, 3], 3 / 8),
        ("RELATIVE_ALL_PREVIOUS_AND_NEXT", [1, 0, 2, 3], 10 / 12),
        ("LONGEST_ORDERED_SUBSET", [1, 0, 2, 3], 3 / 4),
        ("LONGEST_CONTIGUOUS_SUBSET", [0, 2, 3, 1], 1 / 2),
        ("LONGEST_CONTIGUOUS_SUBSET", [3, 2, 1, 0], 0),
        ("RELATIVE_TO_CORRECT", [1, 0, 2, 3], 10 / 12),
        ("ABSOLUTE_POSITION", ["no item", 1, 2, 3], 3 / 4),
    ],
)
def test_an_order_earns_what_moodle_gives(grading: str, order: list[Any], earned: float) -> None:
    assert share(grading, [0, 1, 2, 3], order) == pytest.approx(earned)
    assert share(grading, [0, 1, 2, 3], [0, 1, 2, 3]) == 1


@pytest.mark.parametrize(
    ("shape", "at", "inside", "outside"),
    [
        ("circle", "40,40;18", (40, 58), (40, 59)),
        ("rectangle", "200,100;60,40", (260, 140), (261, 140)),
        ("polygon", "0,0;40,0;40,40;20,10;0,40", (5, 20), (20, 30)),  # bent inwards
        ("polygon", "300,100;360,100;330,160", (330, 160), (330, 161)),
    ],
)
def test_a_zone_is_hit_up_to_its_edge(
    shape: str, at: str, inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    assert is_in(shape, at, inside)
    assert not is_in(shape, at, outside)


def cloze(code: str) -> Draft:
    text = f"<questiontext format='html'><text><![CDATA[{code}]]></text></questiontext>"
    (draft,) = read_questions(
        f"<quiz><question type='cloze'><name><text>n</text></name>{text}</question></quiz>".encode()
    )
    return draft


def marked(draft: Draft, **said: str) -> float | None:
    question = Question(
        1, draft.qtype, "", draft.questiontext, draft.defaultmark, 0, "", draft.answers, draft.options, ()
    )
    kind = OTHER_TYPES[draft.qtype]
    slot = SlotAttempt(1, 0, 1, 1.0, [], shown=kind.opened(question, random.Random(1), shuffles=False))
    slot.response = said
    return kind.fraction(question, slot)


def test_blanks_are_read_as_moodle_reads_its_code() -> None:
    draft = cloze("a {2:NM:=5:0.5} b {:SAC:=ar&#126;k\\}i~%50%x*} c {1:MR:=a~=b~c} {7:X:=d}")
    assert (draft.qtype, draft.defaultmark) == ("multianswer", 4)
    assert draft.options["text"] == "a {#1} b {#2} c {#3} {7:X:=d}"  # an unknown type stays where it stands
    assert marked(draft, sub1_answer="5.5", sub2_answer="ar~k}i", sub3_choice0="1", sub3_choice1="1") == 1
    assert marked(draft, sub1_answer="5.6", sub2_answer="xyz") == pytest.approx(0.5 / 4)
    assert marked(draft, sub2_answer="AR~K}I") == 0
    assert marked(draft, sub3_choice0="1", sub3_choice2="1") == 0  # a wrong one takes a right one away
    assert marked(draft) is None


@pytest.mark.parametrize("code", ["nothing to fill in", "{1:SA:=\\}", "{1:SA:x~y}", "{1:sa:=x}"])
def test_a_cloze_without_a_blank_that_can_be_right_is_refused(code: str) -> None:
    with pytest.raises(Refusal):
        cloze(code)


def test_a_gap_behind_a_blank_choice_falls_to_its_neighbour() -> None:
    choices = "".join(
        f"<selectoption><text>{one}</text><group>1</group></selectoption>" for one in ("a", " ", "c")
    )
    element = fromstring(f"<question type='gapselect'>{choices}</question>")
    _, options = OTHER_TYPES["gapselect"].read(element, "[[1]] [[2]]")
    assert [options["choices"][place[1]][0] for place in options["places"].values()] == ["a", "c"]
