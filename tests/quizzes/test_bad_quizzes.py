"""Every mistake that Moodle would swallow, cut, invert or die on is told by its code, on its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from authoring.messages import LANGUAGES, catalogue, describe
from authoring.problems import ContentError
from quizzes import Quiz, read_quiz

# In each case the wrong line ends in "# !"; a case without one is about a whole question.
SINGLE = """
questions:
  - id: q
    type: single
    text: Pyetje?
    {extra}
    options:
      {options}
"""


def single(*options: str, extra: str = "tags: [a]") -> str:
    joined = "\n      ".join(f"- {option}" for option in options)
    return SINGLE.replace("{extra}", extra).replace("{options}", joined)


def multiple(*options: str) -> str:
    return single(*options).replace("type: single", "type: multiple")


def typed(kind: str, rest: str) -> str:
    lines = "\n".join(f"    {line}" for line in rest.strip("\n").split("\n"))
    return f"questions:\n  - id: q\n    type: {kind}\n    text: Pyetje?\n{lines}\n"


def slots(lines: str, points: str = "") -> str:
    questions = "".join(
        f"  - {{id: {name}, type: truefalse, text: Po?, answer: true, tags: [{tags}]{extra}}}\n"
        for name, tags, extra in (
            ("a", "x", points),
            ("b", "x", ""),
            ("c", "x, y", ""),
            ("d", "y", ""),
            ("e", "z", ""),
        )
    )
    return f"slots:\n{lines}\nquestions:\n{questions}"


def truefalse(extra: str) -> str:
    return typed("truefalse", f"answer: true\n{extra}")


# What Moodle would have swallowed, cut, inverted or died on.
SWALLOWED = {
    one["case"]: one
    for one in yaml.load(
        (Path(__file__).parent / "samples" / "swallowed.yaml").read_text("utf-8"), yaml.CSafeLoader
    )
}

RIGHT = "{text: a, correct: true}"
WRONG = "{text: b, score: -1/2}"
GOOD = single(RIGHT, WRONG)
FULL = "answers: [{text: fjalë}]"

CASES = {
    **{name: (one["code"], one["quiz"]) for name, one in SWALLOWED.items() if not one.get("warning")},
    # ids
    "an id with a space": ("quiz.id-characters", truefalse("").replace("id: q", "id: q 1  # !")),
    # names and tags
    # texts and languages
    "a lone surrogate": ("quiz.control-character", GOOD.replace("Pyetje?", '"a\\uFFFEb"  # !')),
    "a link that leads nowhere": ("markdown.link-relative", GOOD.replace("Pyetje?", '"[x](y.html)"  # !')),
    # images
    "an image in the intro": (
        "quiz.image-not-here",
        'settings:\n  intro: "![a](../media/dot.gif)"  # !\n' + GOOD,
    ),
    # single and multiple choice
    "scores for some right options": (
        "quiz.score-missing",
        multiple("{text: a, correct: true, score: 50%}", "{text: b, correct: true}", "{text: c, score: -10%}").replace(
            "options:", "options: # !"
        ),
    ),
    # scores and numbers
    # short answer
    # numerical
    "answer and answers": ("quiz.answer-and-answers", typed("numerical", "answer: 1\nanswers: [2]  # !")),
    "a tolerance beside answers": ("quiz.tolerance-misplaced", typed("numerical", "tolerance: 1  # !\nanswers: [2]")),
    # matching
    # settings
    "a time limit without a unit": ("quiz.time-limit", "settings:\n  time_limit: 45  # !\n" + GOOD),
    "a pass mark without a sign": ("quiz.pass-mark", "settings:\n  pass: 70  # !\n" + GOOD),
    "a pass mark above 100 %": ("quiz.pass-mark", "settings:\n  pass: 170%  # !\n" + GOOD),
    "too many attempts": ("quiz.attempts-range", "settings:\n  attempts: 11  # !\n" + GOOD),
    "a negative page": ("quiz.per-page-range", "settings:\n  questions_per_page: -1  # !\n" + GOOD),
    "an unknown behaviour": ("yaml.wrong-choice", "settings:\n  behaviour: strict  # !\n" + GOOD),
    "a misspelt setting": ("yaml.unknown-key-similar", "settings:\n  atempts: 3  # !\n" + GOOD),
    # slots
    "a slot for nothing": ("quiz.slot-kind", slots("  - {points: 1}  # !")),
    "a slot for two things": ("quiz.slot-kind", slots("  - {use: a, draw: 1}  # !")),
    "a slot for an unknown question": ("quiz.slot-unknown-question", slots("  - {use: nowhere}  # !")),
    "a slot with tags": ("quiz.slot-use-with-tags", slots("  - {use: a, tags: [x]}  # !")),
    "a question in two slots": ("quiz.slot-twice", slots("  - {use: a}\n  - {use: a}  # !")),
    "an unknown tag": ("quiz.slot-unknown-tag", slots("  - {draw: 1, tags: [nowhere]}  # !")),
    "a draw of none": ("quiz.draw-count", slots("  - {draw: 0}  # !")),
    "a draw of half a question": ("quiz.draw-count", slots("  - {draw: 1.5}  # !")),
    "a draw larger than what fixed slots leave": (
        "quiz.draw-too-large",
        slots("  - {use: a}\n  - {use: c}\n  - {draw: 2, tags: [x]}  # !"),
    ),
    "a draw of all tags at once": ("quiz.draw-too-large", slots("  - {draw: 2, tags: [x, y]}  # !")),
    "a draw of questions with different points": (
        "quiz.draw-points-differ",
        slots("  - {draw: 1, tags: [x]}  # !", points=", points: 2"),
    ),
    # shape
    "a misspelt key": ("yaml.unknown-key-similar", GOOD.replace("tags: [a]", "tgas: [a]  # !")),
    "feedback that Moodle does not have": (
        "yaml.unknown-key",
        typed("short", "answers: [a]\nfeedback:\n  incorrect: Jo  # !"),
    ),
    "no questions": ("quiz.no-questions", "questions: []  # !\n"),
}  # fmt: skip

WHOLE_FILES = {
    "a quiz id with a colon": ("quiz.quiz-id-characters", "id: trial", 'id: "a:b"'),
    "a quiz id too long": ("quiz.quiz-id-too-long", "id: trial", f"id: {'q' * 41}"),
    "a default language that is not offered": ("quiz.language-default", "default: sq", "default: ro"),
    "a language twice": ("quiz.language-twice", "offered: [sq, en]", "offered: [sq, sq]"),
    "a category that would be cut": ("quiz.name-cut", "title: Trial", 'title: "a<b"'),
    "a category that ends in a slash": ("quiz.category-slash", "title: Trial", "title: Arkiv/"),
    "another schema": ("yaml.wrong-choice", "schema: quiz/1", "schema: quiz/2"),
}

WARNINGS = {name: (one["code"], one["quiz"]) for name, one in SWALLOWED.items() if one.get("warning")}


def image(width: int, height: int) -> bytes:
    """A GIF of this size."""
    return b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x00\x00\x00;"


def with_media(path: Path) -> Path:
    media = path.parent.parent / "media"
    media.mkdir(exist_ok=True)
    (media / "dot.gif").write_bytes(image(1, 1))
    (media / "large.gif").write_bytes(image(400, 300))
    return path


def problems_of(path: Path) -> list[tuple[str, int]]:
    with pytest.raises(ContentError) as caught:
        read_quiz(path, root=path.parent.parent)
    for problem in caught.value.problems:
        for language in LANGUAGES:
            assert not re.search(r"(?<!\{)\{[a-z_]+\}(?!\})", describe(problem, language)), (
                "a message lacks a value"
            )
    return [(problem.code, problem.place.line) for problem in caught.value.problems]


def marked_line(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").split("\n")
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith("# !")]
    return found


@pytest.mark.parametrize("case", CASES)
def test_mistake_is_told_by_its_code_on_its_line(case: str, quiz_file: Callable[..., Path]) -> None:
    code, text = CASES[case]
    path = with_media(quiz_file(text))
    found = problems_of(path)
    assert (code, marked_line(path)) in found
    assert {one for one, _ in found} == {code}, "nothing else is wrong with this file"


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_mistake_in_the_head_is_told_by_its_code(case: str, quiz_file: Callable[..., Path]) -> None:
    code, right, wrong = WHOLE_FILES[case]
    path = quiz_file(GOOD)
    path.write_text(path.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").split("\n"), 1) if wrong in text)
    assert (code, line) in problems_of(path)


@pytest.mark.parametrize("case", WARNINGS)
def test_what_moodle_takes_but_an_author_hardly_means_is_a_warning(
    case: str, quiz_file: Callable[..., Path]
) -> None:
    code, text = WARNINGS[case]
    path = with_media(quiz_file(text))
    quiz = read_quiz(path, root=path.parent.parent)
    assert [(warning.code, warning.place.line) for warning in quiz.warnings] == [(code, marked_line(path))]
    assert {warning.severity for warning in quiz.warnings} == {"warning"}


def test_all_problems_are_told_at_once_in_reading_order(quiz_file: Callable[..., Path]) -> None:
    path = quiz_file("""\
        settings: {time_limit: long}
        slots:
          - {use: second}
          - {use: fourht}
        questions:
          - {id: first, type: single, text: A?, options: [{text: a}, {text: b}]}
          - {id: second, type: numerical, text: B?, answer: "3,5"}
          - {id: third, typ: truefalse, text: C?, answer: true}
          - {id: fourth, type: matching, text: D?, pairs: [{left: a, right: b}], extra: [c, d]}
    """)
    assert problems_of(path) == [
        ("quiz.time-limit", 5),
        ("quiz.slot-unknown-question-similar", 8),
        ("quiz.single-right", 10),
        ("quiz.number-comma", 11),
        ("yaml.missing-key", 12),
        ("quiz.pairs-too-few", 13),
    ]


def test_score_error_names_the_nearest_legal_scores(quiz_file: Callable[..., Path]) -> None:
    path = quiz_file(single(RIGHT, "{text: b, score: -15%}"))
    with pytest.raises(ContentError) as caught:
        read_quiz(path, root=path.parent.parent)
    assert caught.value.problems[0].params["nearest"] == "-1/6, -1/7"


def test_comma_error_says_what_to_write(quiz_file: Callable[..., Path]) -> None:
    path = quiz_file(typed("numerical", 'answer: "3,5"'))
    with pytest.raises(ContentError) as caught:
        read_quiz(path, root=path.parent.parent)
    assert "3.5" in describe(caught.value.problems[0], "sq")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        multiple("{text: a, correct: true}", "{text: b, correct: true}", "{text: c, score: -1/2}"),
        multiple("{text: a, correct: true, score: 75%}", "{text: b, correct: true, score: 25%}", WRONG.replace("b", "c")),
        multiple(*(f"{{text: o{n}, correct: true}}" for n in range(20))),
        typed("short", 'answers: [NO, {text: "nor*", score: 50%}, {text: "*", score: 0}]'),
        typed("short", "case_sensitive: true\nanswers: [Kutia, {text: kutia, score: 50%}]"),
        typed("numerical", "answers: [1990, {answer: 1991, tolerance: 0.5, score: 50%}]"),
        typed("matching", "pairs: [{left: a, right: b}, {left: c, right: b}, {left: d, right: e}]\nextra: [f]"),
        truefalse("penalty: 33.33333%"),
        truefalse('name: "a < b & c"'),
        slots("  - {draw: 1, tags: [z]}\n  - {draw: 3}"),
        slots("  - {use: e}\n  - {draw: 2, tags: [X]}\n  - {draw: 1, tags: [y]}"),
    ],
)  # fmt: skip
def test_innocent_quiz_passes_without_a_word(text: str, read: Callable[[str], Quiz]) -> None:
    assert read(text).warnings == ()


def test_at_least_eighty_mistakes_are_caught_that_moodle_would_have_swallowed() -> None:
    assert len(SWALLOWED) >= 80
    assert all(one["moodle"] for one in SWALLOWED.values())


def test_every_code_has_words_in_every_language() -> None:
    codes = {code for code, _ in (*CASES.values(), *WARNINGS.values())}
    codes |= {code for code, _, _ in WHOLE_FILES.values()}
    for language in LANGUAGES:
        assert codes <= catalogue(language).keys()


TOLD_ELSEWHERE = (
    *("quiz.slot-unknown-question-similar", "quiz.slot-unknown-tag-similar", "quiz.image-too-large"),
    *("quiz.xml-malformed", "quiz.xml-root", "quiz.kept-as-xml"),  # test_moodle_xml_back
    *("quiz.item-unknown-similar", "quiz.guess-passes"),
    *("quiz.difficulty-range", "quiz.form-without-pair", "quiz.closes-before-opening"),  # test_blueprint
    *(
        "quiz.override-twice",
        "quiz.override-empty",
        "quiz.override-no-limit",
        "quiz.pair-same-id",
        "quiz.pair-without-draws",
    ),
    *("quiz.pair-fixed-without-form", "quiz.pair-fixed-unequal", "quiz.pair-too-few"),
    *(
        "quiz.ignore-unknown",
        "quiz.ignore-unknown-similar",
        "quiz.ignore-unused",
        "quiz.ignore-without-reason",
    ),
)


def test_catalogue_is_covered_by_a_case() -> None:
    own = {code for code in catalogue("en") if code.startswith("quiz.")}
    own = {code for code in own if not code.startswith("quiz.writing-")}  # test_writing
    tried = {code for code, _ in (*CASES.values(), *WARNINGS.values())}
    tried |= {code for code, _, _ in WHOLE_FILES.values()}
    tried |= set(TOLD_ELSEWHERE)
    assert own == {code for code in tried if code.startswith("quiz.")}


def test_of_very_many_mistakes_the_first_are_told_and_the_others_counted(
    quiz_file: Callable[..., Path],
) -> None:
    questions = "".join(
        f"  - {{id: q{n}, type: single, text: K?, options: [{{text: a}}, {{text: a}}]}}\n" for n in range(150)
    )
    path = quiz_file("questions:\n" + questions)
    with pytest.raises(ContentError) as caught:
        read_quiz(path, root=path.parent.parent)
    assert len(caught.value.problems) == 201
    (counted,) = [one for one in caught.value.problems if one.code == "yaml.more-problems"]
    assert counted.params["n"] == 100
