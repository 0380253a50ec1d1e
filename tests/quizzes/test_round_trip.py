"""Any Unicode text reaches Moodle whole, and every draw that passes the checks can always be made."""

from __future__ import annotations

import html
import itertools
import json
import re
import tempfile
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from authoring.problems import ContentError
from quizzes import Quiz, build_bank, read_quiz
from quizzes.question_texts import is_blank
from quizzes.scores import LEGAL_FRACTIONS, equal_split, fraction_of, legal_score, nearest_scores, percentage

# XML cannot hold surrogates and most controls; C1 controls are refused with the Markdown.
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn"))
TRICKY = st.sampled_from(
    [
        *(
            "&",
            "<",
            ">",
            "]]>",
            "]]",
            "&amp;",
            "<![CDATA[",
            "</text>",
            '"',
            "'",
            " ",
            "  ",
            "\u00a0",
            "\u2028",
        ),
        *("ë", "ç", "ș", "ț", "e\u0308", "\u202e", "\u200d", "0", "*", "\\", "{", "}", "@@", "%", "$", "#"),
        *("\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}", "\U0010fffd"),
    ]
)
TEXTS = st.lists(st.one_of(TRICKY, CHARACTERS), min_size=1, max_size=30).map("".join).filter(
    lambda text: not is_blank(text.strip())
)  # fmt: skip


_NON_ASCII = re.compile("[^ -~]")


def escaped(text: str) -> str:
    """A text in Markdown that means exactly itself: every ASCII sign behind a backslash."""
    return "".join(f"\\{one}" if one in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" else one for one in text)


def read_text(data: dict[str, object]) -> Quiz:
    """The quiz in a file of JSON, which is YAML with every text in quotes; letters as YAML's escapes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quiz.yaml"
        written = json.dumps({"schema": "quiz/1", "id": "q", "title": "Q", **data}, ensure_ascii=False)
        path.write_text(_NON_ASCII.sub(lambda one: f"\\U{ord(one[0]):08X}", written), encoding="utf-8")
        return read_quiz(path, root=Path(folder))


def one_question(**question: object) -> Quiz:
    languages = {"default": "sq", "offered": ["sq", "en"]}
    return read_text({"languages": languages, "questions": [{"id": "a", **question}]})


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, other=TEXTS)
def test_any_markdown_text_survives_in_both_languages(
    text: str, other: str, bank_as_moodle_reads: Callable[[Quiz], list[etree._Element]]
) -> None:
    source = {"sq": f"x{escaped(text)}x", "en": f"y{escaped(other)}y"}
    quiz = one_question(type="truefalse", answer=True, text=source, feedback_true=source)
    strict = etree.fromstring(build_bank(quiz).xml)[1]
    (question,) = bank_as_moodle_reads(quiz)
    for path in ("questiontext/text", "answer[1]/feedback/text"):
        assert question.findtext(path) == strict.findtext(path)
        spans = etree.HTML(f"<div>{question.findtext(path)}</div>").findall(".//span")
        assert ["".join(span.itertext()) for span in spans] == [
            f"x{text}x",
            f"y{other}y",
        ]


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_any_plain_text_survives(
    text: str, bank_as_moodle_reads: Callable[[Quiz], list[etree._Element]]
) -> None:
    name = f"x {text} x".replace("<", "< ")
    quiz = one_question(type="short", text="?", name=name, answers=[f"x{text}x"])
    (question,) = bank_as_moodle_reads(quiz)
    assert question.findtext("name/text") == " ".join(name.split())
    assert question.findtext("answer/text") == " ".join(f"x{text}x".split())


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_any_choice_survives_as_html(text: str) -> None:
    pairs = [{"left": "a", "right": f"x{text}x"}, {"left": "b", "right": "c"}]
    quiz = one_question(type="matching", text="?", pairs=pairs, extra=["d"])
    stored = etree.fromstring(build_bank(quiz).xml)[1].findtext("subquestion/answer/text")
    assert html.unescape(stored) == " ".join(f"x{text}x".split())


@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_reading_again_gives_the_same_hash(text: str) -> None:
    question = {"type": "truefalse", "answer": True, "text": f"x{escaped(text)}"}
    first, second = (build_bank(one_question(**question)).questions[0].hash for _ in range(2))
    assert first == second


def test_texts_that_only_look_alike_are_kept_apart() -> None:
    composed, decomposed = "ë", unicodedata.normalize("NFD", "ë")
    hashes = {
        build_bank(one_question(type="truefalse", answer=True, text=text)).questions[0].hash
        for text in (composed, decomposed)
    }
    assert len(hashes) == 2


# ---- scores ----------------------------------------------------------------------------------

MOODLE_LIST = (
    *("90", "83.33333", "80", "75", "70", "66.66667", "60", "50", "40", "33.33333", "30", "25", "20"),
    *("16.66667", "14.28571", "12.5", "11.11111", "10", "5"),
)


def test_scores_are_moodles_own_list() -> None:
    written = {percentage(score) for score in LEGAL_FRACTIONS}
    assert written == {"0", "100", "-100", *MOODLE_LIST, *(f"-{one}" for one in MOODLE_LIST)}


@given(st.sampled_from(LEGAL_FRACTIONS))
def test_what_is_written_comes_back_as_the_same_score(score: Fraction) -> None:
    back = fraction_of(f"{percentage(score)}%")
    assert back is not None
    assert legal_score(back) == score


@given(st.fractions(min_value=-2, max_value=2))
def test_illegal_score_has_legal_neighbours(value: Fraction) -> None:
    neighbours = nearest_scores(value)
    assert neighbours
    assert all(score in LEGAL_FRACTIONS for score in neighbours)
    assert min(abs(score - value) for score in LEGAL_FRACTIONS) == min(abs(one - value) for one in neighbours)


def test_equal_shares_exist_for_one_to_ten_and_twenty_only() -> None:
    assert [count for count in range(1, 41) if equal_split(count)] == [*range(1, 11), 20]


@pytest.mark.parametrize("text", ["33.333%", "66.667%", "14.286%", "11.111%", "1/3", "-100%"])
def test_three_decimals_are_enough_for_a_score(text: str) -> None:
    value = fraction_of(text)
    assert value is not None
    assert legal_score(value) is not None


@pytest.mark.parametrize("text", ["33.33%", "66.66%", "14.28%", "33%", "99.999%", "2/7"])
def test_near_is_not_enough_for_a_score(text: str) -> None:
    value = fraction_of(text)
    assert value is not None
    assert legal_score(value) is None


# ---- draws -----------------------------------------------------------------------------------


def can_run_dry(tags: dict[str, set[str]], fixed: set[str], draws: list[tuple[int, str | None]]) -> bool:
    """Whether some order of luck leaves a draw without questions: every choice tried, as Moodle makes it."""
    states = {frozenset(fixed)}
    for count, tag in draws:
        following = set()
        for used in states:
            left = [one for one in tags if one not in used and (tag is None or tag in tags[one])]
            if len(left) < count:
                return True
            following |= {used | set(chosen) for chosen in itertools.combinations(left, count)}
        states = following
    return False


@settings(max_examples=120, deadline=None)
@given(
    carried=st.lists(st.sets(st.sampled_from("xyz")), min_size=2, max_size=6),
    uses=st.sets(st.integers(0, 5), max_size=2),
    draws=st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["x", "y", "z", None])), max_size=3),
)
def test_slots_pass_exactly_when_no_luck_can_leave_a_learner_without_a_question(
    carried: list[set[str]], uses: set[int], draws: list[tuple[int, str | None]]
) -> None:
    tags = {f"q{n}": one for n, one in enumerate(carried)}
    fixed = {f"q{n}" for n in uses if n < len(carried)}
    questions = [
        {"id": name, "type": "truefalse", "text": "?", "answer": True, "tags": sorted(one)}
        for name, one in tags.items()
    ]
    slots = [{"use": name} for name in sorted(fixed)]
    slots += [{"draw": count, "tags": [tag] if tag else []} for count, tag in draws]
    data = {"languages": {"default": "sq", "offered": ["sq"]}, "questions": questions, "slots": slots}
    if can_run_dry(tags, fixed, draws):
        with pytest.raises(ContentError) as caught:
            read_text(data)
        assert {problem.code for problem in caught.value.problems} <= {
            "quiz.draw-too-large",
            "quiz.draws-overlap",
            "quiz.slot-unknown-tag",
            "quiz.slot-unknown-tag-similar",
        }
    else:
        read_text(data)
