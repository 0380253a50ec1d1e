"""Every mistake that Moodle would swallow, cut, invert or die on is told by its code, on its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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


RIGHT = "{text: a, correct: true}"
WRONG = "{text: b, score: -1/2}"
GOOD = single(RIGHT, WRONG)
FULL = "answers: [{text: fjalë}]"

CASES = {
    # ids
    "an id with a space": ("quiz.id-characters", truefalse("").replace("id: q", "id: q 1  # !")),
    "two questions with one id": (
        "quiz.id-twice",
        truefalse("") + "  - {id: Q, type: truefalse, text: Jo?, answer: false}  # !\n",
    ),
    "an id too long for Moodle": ("quiz.id-too-long", truefalse("").replace("id: q", f"id: {'q' * 95}  # !")),
    # names and tags
    "a name too long": ("quiz.name-too-long", truefalse(f"name: {'ë' * 256}  # !")),
    "a name that would be cut": ("quiz.name-cut", truefalse("name: a<b  # !")),
    "HTML in a name": ("quiz.name-cut", truefalse("name: <b>Emri</b>  # !")),
    "an empty name": ("quiz.text-blank", truefalse('name: ""  # !')),
    "an empty tag": ("quiz.tag-empty", truefalse('tags: [""]  # !')),
    "a tag of blanks": ("quiz.tag-empty", truefalse('tags: [x, "  "]  # !')),
    "a tag too long": ("quiz.tag-too-long", truefalse(f"tags: [{'t' * 51}]  # !")),
    "HTML in a tag": ("quiz.tag-characters", truefalse('tags: ["<b>x</b>"]  # !')),
    "a comma in a tag": ("quiz.tag-characters", truefalse('tags: ["a, b"]  # !')),
    "a tag twice": ("quiz.tag-twice", truefalse("tags: [x, x]  # !")),
    "a tag in two spellings": (
        "quiz.tag-spelling",
        truefalse("tags: [Core]") + "  - {id: r, type: truefalse, text: Jo?, answer: false, tags: [core]} # !\n",
    ),
    # texts and languages
    "a missing translation": ("quiz.translation-missing", GOOD.replace("Pyetje?", "{sq: Pyetje?}  # !")),
    "a missing translation of feedback": (
        "quiz.translation-missing",
        truefalse("feedback_true: {sq: Mirë}  # !"),
    ),
    "an empty text": ("yaml.text-empty", GOOD.replace("Pyetje?", '""  # !')),
    "a text left out": ("yaml.text-empty", GOOD.replace("Pyetje?", "  # !")),
    "a text that shows nothing": ("quiz.text-blank", GOOD.replace("Pyetje?", '"&nbsp; <!-- x -->"  # !')),
    "a blank option": ("yaml.text-empty", single(RIGHT, '{text: " ", score: -1/2}  # !')),
    "an option that shows nothing": ("quiz.text-blank", single(RIGHT, '{text: "&#8203;"}  # !')),
    "a control character": ("quiz.control-character", GOOD.replace("Pyetje?", '"a\\u0007b"  # !')),
    "a lone surrogate": ("quiz.control-character", GOOD.replace("Pyetje?", '"a\\uFFFEb"  # !')),
    "Moodle's mark for files": ("quiz.text-reserved", GOOD.replace("Pyetje?", '"@@PLUGINFILE@@/x.png"  # !')),
    "HTML that would vanish": ("markdown.html-not-allowed", GOOD.replace("Pyetje?", '"<font>x</font>"  # !')),
    "a frame": ("markdown.html-not-allowed", GOOD.replace("Pyetje?", '"x <iframe></iframe>"  # !')),
    "a link that leads nowhere": ("markdown.link-relative", GOOD.replace("Pyetje?", '"[x](y.html)"  # !')),
    # images
    "a missing image": ("image.missing", GOOD.replace("Pyetje?", '"![a](no.png)"  # !')),
    "an image from elsewhere": ("markdown.image-remote", GOOD.replace("Pyetje?", '"![a](http://x.org/a.png)" # !')),
    "an image outside the academy": ("image.outside", GOOD.replace("Pyetje?", '"![a](../../a.png)"  # !')),
    "an image without description": (
        "markdown.image-without-alt",
        GOOD.replace("Pyetje?", '"x ![](../media/dot.gif)"  # !'),
    ),
    "an image among choices": (
        "quiz.image-not-here",
        typed(
            "matching",
            'pairs:\n  - {left: a, right: "![x](x.png)"}  # !\n  - {left: b, right: c}\nextra: [d]',
        ),
    ),
    "an image in a short answer": (
        "quiz.image-not-here",
        typed("short", 'answers:\n  - "![x](x.png)"  # !'),
    ),
    "an image in the intro": (
        "quiz.image-not-here",
        'settings:\n  intro: "![a](../media/dot.gif)"  # !\n' + GOOD,
    ),
    # single and multiple choice
    "one option only": ("quiz.options-too-few", multiple("{text: a, correct: true}").replace("options:", "options: # !")),
    "no right option": ("quiz.single-right", single("{text: a}", "{text: b}").replace("options:", "options: # !")),
    "two right options": ("quiz.single-right", single(RIGHT, "{text: b, correct: true}").replace("options:", "options: # !")),
    "a right option below 100 %": ("quiz.single-score", single("{text: a, correct: true, score: 50%} # !", "{text: b}")),
    "a wrong option with full marks": ("quiz.wrong-score", single(RIGHT, "{text: b, score: 100%} # !")),
    "an option twice": ("quiz.option-twice", single(RIGHT, WRONG, "{text: b} # !")),
    "an option twice but for its markup": ("quiz.option-twice", single(RIGHT, WRONG, '{text: "**b**"} # !')),
    "an option twice in one language": (
        "quiz.option-twice",
        single(RIGHT, "{text: {sq: b, en: c}}", "{text: {sq: d, en: c}} # !"),
    ),
    "nothing right in multiple choice": (
        "quiz.multiple-none-right",
        multiple("{text: a}", "{text: b}").replace("options:", "options: # !"),
    ),
    "scores that make less than 100 %": (
        "quiz.multiple-sum",
        multiple(
            "{text: a, correct: true, score: 40%}", "{text: b, correct: true, score: 40%}", "{text: c, score: -10%}"
        ).replace("options:", "options: # !"),
    ),
    "scores for some right options": (
        "quiz.score-missing",
        multiple("{text: a, correct: true, score: 50%}", "{text: b, correct: true}", "{text: c, score: -10%}").replace(
            "options:", "options: # !"
        ),
    ),
    "a right option that costs": (
        "quiz.right-score",
        multiple("{text: a, correct: true}", "{text: b, correct: true, score: -10%} # !", "{text: c, score: -10%}")
        .replace("{text: a, correct: true}", "{text: a, correct: true, score: 100%}"),
    ),
    "a wrong option that pays": (
        "quiz.wrong-score",
        multiple("{text: a, correct: true}", "{text: b, score: 50%} # !"),
    ),
    "eleven right options": (
        "quiz.no-equal-split",
        multiple(*(f"{{text: o{n}, correct: true}}" for n in range(11))).replace("options:", "options: # !"),
    ),
    "nineteen right options": (
        "quiz.no-equal-split",
        multiple(*(f"{{text: o{n}, correct: true}}" for n in range(19))).replace("options:", "options: # !"),
    ),
    # scores and numbers
    "a score that Moodle does not have": ("quiz.score-unknown", single(RIGHT, "{text: b, score: 33%} # !")),
    "minus fifteen percent": ("quiz.score-unknown", single(RIGHT, "{text: b, score: -15%} # !")),
    "a score above 100 %": ("quiz.score-unknown", single(RIGHT, "{text: b, score: 150%} # !")),
    "a score without a sign": ("quiz.score-not-score", single(RIGHT, "{text: b, score: 50} # !")),
    "a score with a comma": ("quiz.score-not-score", single(RIGHT, '{text: b, score: "33,3%"} # !')),
    "points with a comma": ("quiz.number-comma", truefalse('points: "2,5"  # !')),
    "points that are no number": ("quiz.number-invalid", truefalse("points: many  # !")),
    "points below zero": ("quiz.points-range", truefalse("points: -1  # !")),
    "a penalty above one": ("quiz.penalty-range", truefalse("penalty: 33  # !")),
    "a penalty below zero": ("quiz.penalty-range", truefalse("penalty: -0.5  # !")),
    "a penalty with a comma": ("quiz.number-comma", truefalse('penalty: "0,5"  # !')),
    "a penalty that is no number": ("quiz.number-invalid", truefalse("penalty: abc  # !")),
    "a penalty that Moodle moves": ("quiz.penalty-snaps", truefalse("penalty: 0.33  # !")),
    "an answer that is neither true nor false": (
        "quiz.not-true-or-false",
        typed("truefalse", "answer: no  # !"),
    ),
    "a right option marked with yes": ("quiz.not-true-or-false", single("{text: a, correct: yes} # !", RIGHT)),
    # short answer
    "no answer of 100 %": (
        "quiz.no-full-answer",
        typed("short", "answers:  # !\n  - {text: fjalë, score: 50%}"),
    ),
    "no answer at all": ("quiz.answers-missing", typed("short", "answers: []  # !")),
    "an answer twice, in other case": (
        "quiz.answer-twice",
        typed("short", "answers:\n  - Kutia\n  - {text: kutia, score: 50%}  # !"),
    ),
    "a star that takes anything": ("quiz.answer-takes-anything", typed("short", 'answers:\n  - "*"  # !')),
    "an answer after the star": (
        "quiz.answer-never-reached",
        typed("short", 'answers:\n  - a\n  - {text: "*", score: 0}\n  - {text: b, score: 50%}  # !'),
    ),
    "a short answer that costs": (
        "quiz.answer-negative",
        typed("short", "answers:\n  - a\n  - {text: b, score: -1/3}  # !"),
    ),
    # numerical
    "a number with a comma": ("quiz.number-comma", typed("numerical", 'answer: "3,5"  # !')),
    "a fraction for a number": ("quiz.number-fraction", typed("numerical", "answer: 1/3  # !")),
    "a percentage for a number": ("quiz.number-percent", typed("numerical", "answer: 12%  # !")),
    "a number with a unit": ("quiz.number-invalid", typed("numerical", "answer: 12abc  # !")),
    "a letter for a digit": ("quiz.number-invalid", typed("numerical", "answer: 1O  # !")),
    "an empty number": ("quiz.number-invalid", typed("numerical", "answer:  # !")),
    "a word for a number": ("quiz.number-invalid", typed("numerical", "answer: true  # !")),
    "not a number": ("quiz.number-invalid", typed("numerical", "answer: .nan  # !")),
    "thousands with a space": ("quiz.number-invalid", typed("numerical", "answer: 1 000  # !")),
    "an underscore in a number": ("quiz.number-invalid", typed("numerical", "answer: 1_000  # !")),
    "a number in hexadecimal": ("quiz.number-invalid", typed("numerical", "answer: 0x10  # !")),
    "another minus sign": ("quiz.number-minus", typed("numerical", "answer: \u22125  # !")),
    "more digits than Moodle keeps": ("quiz.number-too-precise", typed("numerical", "answer: 0.12345678901234567  # !")),
    "a tolerance below zero": ("quiz.tolerance-negative", typed("numerical", "answer: 1\ntolerance: -1  # !")),
    "a tolerance in percent": ("quiz.tolerance-percent", typed("numerical", "answer: 1\ntolerance: 5%  # !")),
    "a tolerance that is no number": ("quiz.number-invalid", typed("numerical", "answer: 1\ntolerance: abc  # !")),
    "answer and answers": ("quiz.answer-and-answers", typed("numerical", "answer: 1\nanswers: [2]  # !")),
    "a tolerance beside answers": ("quiz.tolerance-misplaced", typed("numerical", "tolerance: 1  # !\nanswers: [2]")),
    "no number of 100 %": (
        "quiz.no-full-answer",
        typed("numerical", "answers:  # !\n  - {answer: 1, score: 50%}"),
    ),
    "no number at all": ("quiz.answers-missing", typed("numerical", "").replace("- id: q", "- id: q  # !")),
    "a number twice": ("quiz.answer-twice", typed("numerical", "answers:\n  - 1\n  - {answer: 1.0, score: 50%}  # !")),
    # matching
    "a statement without a choice": (
        "yaml.missing-key",
        typed("matching", "pairs:\n  - {left: a, right: b}\n  - {left: c}  # !\nextra: [d, e]"),
    ),
    "a statement with a blank choice": (
        "yaml.text-empty",
        typed("matching", 'pairs:\n  - {left: a, right: b}\n  - {left: c, right: ""}  # !\nextra: [d, e]'),
    ),
    "one pair only": ("quiz.pairs-too-few", typed("matching", "pairs:  # !\n  - {left: a, right: b}\nextra: [c, d]")),
    "two choices only": (
        "quiz.choices-too-few",
        typed("matching", "pairs:  # !\n  - {left: a, right: b}\n  - {left: c, right: d}"),
    ),
    "a statement twice": (
        "quiz.left-twice",
        typed("matching", 'pairs:\n  - {left: a, right: b}\n  - {left: "*a*", right: c}  # !\nextra: [d]'),
    ),
    "a choice that reads like another": (
        "quiz.choice-twice",
        typed(
            "matching",
            "pairs:\n  - {left: a, right: {sq: x, en: y}}\n  - {left: b, right: {sq: x, en: z}}  # !\nextra: [d]",
        ),
    ),
    "an extra choice that belongs to a pair": (
        "quiz.choice-twice",
        typed("matching", "pairs: [{left: a, right: b}, {left: c, right: d}]\nextra:\n  - e\n  - b  # !"),
    ),
    "a choice longer than Moodle keeps": (
        "quiz.choice-too-long",
        typed(
            "matching",
            "pairs:\n  - {left: a, right: b}\n"
            f"  - {{left: c, right: {{sq: {'ë' * 100}, en: {'e' * 100}}}}}  # !\nextra: [d]",
        ),
    ),
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
    "a draw larger than its pool": ("quiz.draw-too-large", slots("  - {draw: 4, tags: [x]}  # !")),
    "a draw larger than what fixed slots leave": (
        "quiz.draw-too-large",
        slots("  - {use: a}\n  - {use: c}\n  - {draw: 2, tags: [x]}  # !"),
    ),
    "a draw of all tags at once": ("quiz.draw-too-large", slots("  - {draw: 2, tags: [x, y]}  # !")),
    "two draws of one pool": (
        "quiz.draws-overlap",
        slots("  - {draw: 2, tags: [x]}\n  - {draw: 2, tags: [x]}  # !"),
    ),
    "a wide draw before a narrow one": ("quiz.draws-overlap", slots("  - {draw: 1}\n  - {draw: 1, tags: [z]}  # !")),
    "a draw of questions with different points": (
        "quiz.draw-points-differ",
        slots("  - {draw: 1, tags: [x]}  # !", points=", points: 2"),
    ),
    # shape
    "an unknown type": ("yaml.wrong-choice", GOOD.replace("type: single", "type: kprim  # !")),
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

WARNINGS = {
    "ticking everything": ("quiz.ticking-all-wins", multiple(RIGHT, "{text: b}").replace("options:", "options: # !")),
    "a star between digits": ("quiz.star-is-wildcard", typed("short", 'answers:\n  - "2*3"  # !')),
    "Markdown in a short answer": ("quiz.star-is-wildcard", typed("short", 'answers:\n  - "**kutia**"  # !')),
    "a language nobody will see": (
        "quiz.language-not-offered",
        truefalse("feedback_true: {sq: a, en: b, ro: c}  # !"),
    ),
}  # fmt: skip


def problems_of(path: Path) -> list[tuple[str, int]]:
    with pytest.raises(ContentError) as caught:
        read_quiz(path, root=path.parent.parent)
    for problem in caught.value.problems:
        for language in LANGUAGES:
            assert "{" not in describe(problem, language).replace("{…}", ""), "a message lacks a value"
    return [(problem.code, problem.place.line) for problem in caught.value.problems]


def marked_line(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").split("\n")
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith("# !")]
    return found


@pytest.mark.parametrize("case", CASES)
def test_mistake_is_told_by_its_code_on_its_line(case: str, quiz_file: Callable[..., Path]) -> None:
    code, text = CASES[case]
    path = quiz_file(text)
    media = path.parent.parent / "media"
    media.mkdir()
    (media / "dot.gif").write_bytes(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")
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
    path = quiz_file(text)
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


def test_every_code_has_words_in_every_language() -> None:
    codes = {code for code, _ in (*CASES.values(), *WARNINGS.values())}
    codes |= {code for code, _, _ in WHOLE_FILES.values()}
    for language in LANGUAGES:
        assert codes <= catalogue(language).keys()


def test_catalogue_is_covered_by_a_case() -> None:
    own = {code for code in catalogue("en") if code.startswith("quiz.")}
    tried = {code for code, _ in (*CASES.values(), *WARNINGS.values())}
    tried |= {code for code, _, _ in WHOLE_FILES.values()}
    tried |= {"quiz.slot-unknown-question-similar", "quiz.slot-unknown-tag-similar", "quiz.image-too-large"}
    assert own == {code for code in tried if code.startswith("quiz.")}
