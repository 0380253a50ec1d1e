"""GIFT in and out: what Moodle's importer reads is read, what it would guess is refused with its place."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.problems import ContentError
from quizzes import Quiz, read_quiz
from quizzes.gift_text import blocks
from quizzes.read_gift import read_gift
from quizzes.scores import fraction_of
from quizzes.write_gift import escaped, write_gift

MOODLE_EXAMPLES = r"""// From the examples that Moodle's importer documents.
Who's buried in Grant's tomb?{~Grant ~Jefferson =no one}

Grant is {~buried =entombed ~living} in Grant's tomb.

Grant is buried in Grant's tomb.{FALSE}

Who's buried in Grant's tomb?{=no one =nobody}

When was Ulysses S. Grant born?{#1822:5}

Match the countries with their capitals.{=Canada->Ottawa =Italy->Rome =Japan->Tokyo}
"""


def one(text: str) -> dict[str, Any]:
    found = read_gift(text, "x.gift", language="en").questions
    assert len(found) == 1
    return found[0].data


def test_the_documented_examples_are_read_as_moodle_reads_them() -> None:
    found = [question.data for question in read_gift(MOODLE_EXAMPLES, "x.gift", language="en").questions]
    assert [data["type"] for data in found] == [
        "single",
        "single",
        "truefalse",
        "short",
        "numerical",
        "matching",
    ]
    assert [bool(option.get("correct")) for option in found[0]["options"]] == [False, False, True]
    assert found[1]["text"] == {"en": r"Grant is \_\_\_\_\_ in Grant's tomb."}
    assert found[4]["answers"] == [{"answer": 1822, "tolerance": 5}]
    assert len({data["id"] for data in found}) == 6


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (r"a\=b\~c\#d\{e\}f\:g {T}", r"a=b~c\#d{e}f:g"),
        (r"two\nlines {T}", "two\nlines"),
        (r"back\\slash {T}", r"back\\slash"),
        ("[markdown]**bold** {T}", "**bold**"),
        ("[plain]**not bold** {T}", r"\*\*not bold\*\*"),
        ("1. no list {T}", r"1\. no list"),
        ("Është çështja e ș, ț {T}", "Është çështja e ș, ț"),
    ],
)
def test_what_is_escaped_says_itself(said: str, expected: str) -> None:
    data = one(said)
    if "#d" in expected:
        expected = expected.replace(r"\#", "#")
    assert data["text"] == {"en": expected}


def test_comments_carry_id_and_tags_and_names_carry_the_name() -> None:
    data = one("// question: 5 [id:final:seal] [tag:core] [tag:a\\]b]\n::The seal\\: who?::Who? {=I ~you}")
    assert (data["id"], data["name"], data["tags"]) == ("seal", "The seal: who?", ["core", "a]b"])


def test_feedback_of_answers_and_of_the_question_is_told_apart() -> None:
    data = one("Right? {TRUE#no#yes####In general}")
    assert data["feedback_false"] == {"en": "no"}
    assert data["feedback_true"] == {"en": "yes"}
    assert data["feedback"] == {"general": {"en": "In general"}}
    assert one("Right? {F#no#yes}")["feedback_true"] == {"en": "no"}


def test_percentages_become_scores_and_equal_shares_stay_unsaid() -> None:
    equal = one("Which? {~%33.33333%a ~%33.333%b ~%33.33333%c ~%-50%d}")
    assert equal["type"] == "multiple"
    assert [option.get("score") for option in equal["options"]] == [None, None, None, "-50%"]
    unequal = one("Which? {~%70%a ~%30%b ~c}")
    assert [option.get("score") for option in unequal["options"]] == ["70%", "30%", None]
    assert one("Word? {=yes =%50%ja#nearly}")["answers"][1]["score"] == "50%"


def test_numbers_may_be_ranges_and_have_a_word_for_all_others() -> None:
    data = one("How many? {#=3..4 =%50%-1e1:0.5 ~#wrong}")
    assert [str(row["answer"]) for row in data["answers"]] == ["3.5", "-10", "any"]
    assert data["answers"][2]["feedback"] == {"en": "wrong"}


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("What? {=a ~b", "brace-not-closed", (1, 7)),
        ("What?\n\nAnd }", "brace-not-opened", (3, 5)),
        ("A {=a ~b}\nB {=c ~d}", "second-answers", (2, 3)),
        ("A {{a}}", "brace-twice", (1, 4)),
        ("::A name {T}", "name-open", (1, 1)),
        ("A {~one}", "few-options", (1, 4)),
        ("A {=a->b =c}", "no-arrow", (1, 11)),
        ("A {#three}", "not-a-number", (1, 5)),
        ("A {#}", "no-number", (1, 4)),
        ("A {#NaN}", "not-a-number", (1, 5)),
        ("A {~%1/3%b ~c}", "percent", (1, 5)),
        ("A {~%33%b ~c}", "percent-unknown", (1, 5)),
        ("A {~%50b ~c}", "percent-open", (1, 5)),
        ("", "empty", (0, 0)),
        ("// only a comment\n\n$CATEGORY: a/b", "empty", (0, 0)),
    ],
)
def test_what_moodle_would_guess_is_refused_with_its_place(
    text: str, code: str, place: tuple[int, int]
) -> None:
    with pytest.raises(ContentError) as caught:
        read_gift(text, "x.gift", language="en")
    problem = caught.value.problems[0]
    assert (problem.code, (problem.place.line, problem.place.column)) == (f"gift.{code}", place)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ContentError) as caught:
        read_gift("\n\n".join(["A {", "B }", "C {#x}"] * 40), "x.gift", language="en")
    assert len(caught.value.problems) == 120


def test_what_gift_says_is_checked_as_a_quiz_file_at_its_place(tmp_path: Any) -> None:
    found = read_gift("One {=%50%a =%20%b}\n\nTwo {~a ~b}", "x.gift", language="en")
    quiz = {"schema": "quiz/1", "id": "x", "title": "X", "languages": {"default": "en", "offered": ["en"]}}
    whole = type(found)(quiz, found.questions, found.file)
    with pytest.raises(ContentError) as caught:
        whole.checked(tmp_path, tmp_path)
    places = {(problem.place.file, problem.place.line) for problem in caught.value.problems}
    assert places == {("x.gift", 1), ("x.gift", 3)}


# --- out, and back --------------------------------------------------------------------------------------------


def test_what_gift_can_say_comes_back_equal(read: Callable[..., Quiz], tmp_path: Any) -> None:
    quiz = read(
        """
        questions:
          - {id: a, type: single, name: "A: {1}", tags: [core], text: "Kush = çka?",
             options: [{text: "p#o", correct: true, feedback: mirë}, {text: jo, score: -1/3}, {text: "~"}]}
          - {id: b, type: multiple, text: Cilat?,
             options: [{text: a, correct: true}, {text: b, correct: true}, {text: c}]}
          - {id: c, type: truefalse, text: E saktë?, answer: false, feedback_true: jo, feedback_false: po}
          - {id: d, type: short, text: Fjala?, answers: [kuti*, {text: arkë, score: 50%}]}
          - {id: e, type: numerical, text: Sa?, answers: [{answer: -2.5, tolerance: 0.25}, {answer: 7, score: 20%}]}
          - {id: g, type: single, text: Sa?, options: [{text: "[html]50% e", correct: true}, {text: "%50% e"}]}
          - {id: f, type: matching, text: Lidhni., extra: ["3"],
             pairs: [{left: a, right: "1 -> 2"}, {left: b, right: "2"}]}
        """
    )
    text, problems = write_gift(quiz, "sq")
    assert [one.code for one in problems] == []
    back = read_gift(text, "x.gift", language="sq")
    head = {
        "schema": "quiz/1",
        "id": "trial",
        "title": "Trial",
        "languages": {"default": "sq", "offered": ["sq"]},
    }
    again = type(back)(head, back.questions, back.file).checked(tmp_path, tmp_path)
    second, _ = write_gift(again, "sq")
    assert second == text
    assert [question.id for question in again.questions] == list("abcdegf")
    options = again.questions[0].options
    assert [option.text.in_language("sq") for option in options] == ["p#o", "jo", "~"]
    assert [option.text.in_language("sq") for option in again.questions[5].options] == [
        "[html]50% e",
        "%50% e",
    ]
    pairs = again.questions[6].pairs
    assert [pair.right.in_language("sq") for pair in pairs] == ["1 -> 2", "2"]


def test_what_gift_cannot_say_is_named(sample: Quiz) -> None:
    text, problems = write_gift(sample, "en")
    told = {(problem.code, problem.params["id"]) for problem in problems}
    assert ("gift.left-out-image", "register-clerk") in told
    assert ("gift.left-out-image", "put-together") in told
    assert ("gift.lost", "retention-years") in told
    assert "register-clerk" not in text
    assert "[id:archive-practice:book-columns]" in text


SIGNS = st.text(st.sampled_from(list("ab \\#=~{}:[]%->$_*`ëșţ🙂\"'/")), max_size=30)


@given(SIGNS)
def test_any_text_survives_escaping(text: str) -> None:
    block = list(itertools.islice(blocks(f"x{escaped(text)}x", "x.gift"), 2))
    assert [one.text.value() for one in block] == [f"x{text}x"]
    assert not set(block[0].text.signs) & set("#=~{}")


# --- beside a real Moodle's importer --------------------------------------------------------------------------

GIFT = Path(__file__).parent / "gift"
QTYPES = {"single": "multichoice", "multiple": "multichoice", "short": "shortanswer", "matching": "match"}


def by_moodle(name: str) -> list[dict[str, Any]]:
    found = json.loads((GIFT / f"{name}.moodle.json").read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found


def said(text: Any) -> str:
    """What a text says, of both sides: without the escapes of Markdown."""
    return re.sub(
        r"\\([\\`*_\[\]<>|$#+.-])", r"\1", text["en"] if isinstance(text, dict) else str(text or "")
    )


def shares(data: dict[str, Any]) -> list[float]:
    """The score of each answer, as a share of one."""
    parts = data.get("options") or data["answers"]
    right = sum(bool(one.get("correct")) for one in parts)
    share = 1 / right if data["type"] == "multiple" and right else 1.0
    plain = 1.0 if "answers" in data else 0.0
    return [
        float(fraction_of(one["score"]) or 0) if "score" in one else share if one.get("correct") else plain
        for one in parts
    ]


def test_a_file_is_read_as_a_real_moodle_read_it() -> None:
    text = (GIFT / "read.gift").read_text(encoding="utf-8")
    mine = read_gift(text, "read.gift", language="en").questions
    theirs = by_moodle("read")
    assert len(mine) == len(theirs) == 12
    for question, moodle in zip(mine, theirs, strict=True):
        data = question.data
        assert QTYPES.get(data["type"], data["type"]) == moodle["qtype"]
        assert said(data["text"]) == (moodle["text"] if moodle["format"] != 4 else said(moodle["text"]))
        assert said(data.get("feedback", {}).get("general")) == moodle["general"]
        assert moodle["tags"] == data.get("tags", [])
        if moodle["qtype"] == "multichoice":
            assert moodle["single"] == (data["type"] == "single")
            assert [said(one["text"]) for one in data["options"]] == moodle["answer"]
        if moodle["qtype"] in ("multichoice", "shortanswer", "numerical"):
            assert shares(data) == pytest.approx(moodle["fraction"], abs=1e-4)
            parts = data.get("options") or data["answers"]
            assert [said(one.get("feedback")) for one in parts] == moodle["feedback"]
        if moodle["qtype"] == "numerical":
            numbers = [None if one["answer"] == "any" else float(one["answer"]) for one in data["answers"]]
            assert numbers == [None if number == "*" else float(number) for number in moodle["answer"]]
            assert [float(one.get("tolerance", 0)) for one in data["answers"]] == [
                float(t or 0) for t in moodle["tolerance"]
            ]
        if moodle["qtype"] == "truefalse":
            assert data["answer"] == bool(moodle["correctanswer"])
            assert said(data.get("feedback_true")) == moodle["feedbacktrue"]
            assert said(data.get("feedback_false")) == moodle["feedbackfalse"]
        if moodle["qtype"] == "match":
            assert [said(pair["left"]) for pair in data["pairs"]] == [
                left for left in moodle["subquestions"] if left
            ]
            assert [said(one["right"]) for one in data["pairs"]] + [
                said(one) for one in data["extra"]
            ] == moodle["subanswers"]


def test_what_is_written_was_read_by_a_real_moodle() -> None:
    quiz = read_quiz(GIFT / "quizzes" / "written.yaml", root=GIFT)
    text, problems = write_gift(quiz, "en")
    assert text == (GIFT / "written.gift").read_text(encoding="utf-8")  # else record anew: gift/README.md
    assert problems == ()
    theirs = {moodle["idnumber"].partition(":")[2]: moodle for moodle in by_moodle("written")}
    seal, which, signed, word, years, place = (theirs[question.id] for question in quiz.questions)
    assert seal["name"] == "The seal: who?"
    assert seal["text"] == "Who *keeps* the seal = stamp #1 {really}? ~ A\\B"
    assert (seal["tags"], seal["general"]) == (["core", "a]b"], "See: lesson 4\n\nand 5")
    assert seal["answer"] == ["The registrar: always", "%50% of them", "[html]nobody"]
    assert seal["fraction"] == pytest.approx([1, -1 / 3, 0], abs=1e-6)
    assert seal["feedback"][0] == "Yes # right"
    assert (which["single"], len(which["answer"])) == (0, 4)
    assert which["fraction"] == pytest.approx([1 / 3] * 3 + [-1 / 6], abs=1e-6)
    assert (signed["correctanswer"], signed["feedbacktrue"], signed["feedbackfalse"]) == (
        0,
        "no, look",
        "yes",
    )
    assert (word["answer"], word["fraction"]) == (["box*", "a=b"], [1, 0.8333333])
    assert (years["answer"], years["tolerance"], years["fraction"]) == (
        ["-2.5", "7"],
        ["0.25", "0"],
        [1, 0.2],
    )
    assert place["subquestions"] == ["**Letter** = mail", "ș, ț, ë 🙂", ""]
    assert place["subanswers"] == ["book -> 1", "box", "bin"]
