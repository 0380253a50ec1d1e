"""The preview marks as Moodle would, shows a quiz as learners see it, and prints it with its key."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from lms_sync.quiz_print.html_nodes import nodes_of
from lms_sync.quiz_print.review import review_pdf
from quizzes import Quiz, read_quiz
from quizzes.preview.page import FOLDER, preview_html
from quizzes.preview.shown import never_asked, shown_questions

SAMPLES = Path(__file__).parent / "samples"
DAY = datetime.date(2026, 11, 22)

HALVES = {"type": "multiple", "options": [{"score": 0.5}, {"score": 0.5}, {"score": -0.5}]}
SHORT = {
    "type": "short",
    "caseSensitive": False,
    "answers": [
        {"pattern": "kuti*", "score": 1},
        {"pattern": r"2\*3", "score": 0.5},
        {"pattern": "a.c", "score": 0.2},
    ],
}
NUMBER = {
    "type": "numerical",
    "point": ",",
    "answers": [
        {"value": 12.5, "tolerance": 0.25, "score": 1},
        {"value": 1000, "tolerance": 0, "score": 0.2},
    ],
}
UNITS = {
    "type": "numerical",
    "units": [{"name": "bit", "factor": 1}, {"name": "byte", "factor": 8}],
    "unitPenalty": 0.1,
    "answers": [{"value": 128, "tolerance": 0, "score": 1}],
}
MATCH = {
    "type": "matching",
    "choices": ["book", "box", "book", "bin"],
    "stems": [{"right": 0}, {"right": 1}, {"right": 2}],
}


def order(grading: str) -> dict[str, Any]:
    return {"type": "ordering", "grading": grading}


MARKERS = {
    "type": "dragmarkers",
    "markers": 3,
    "zones": [
        {"marker": 0, "shape": "circle", "at": [[40, 40], [18]]},
        {"marker": 1, "shape": "rectangle", "at": [[200, 100], [60, 40]]},
        {"marker": 1, "shape": "polygon", "at": [[300, 100], [360, 100], [330, 160]]},
    ],
}
CLOZE = {
    "type": "cloze",
    "blanks": [
        {"kind": "number", "weight": 1, "answers": [{"value": 2, "tolerance": 0, "score": 1}]},
        {"kind": "text", "weight": 3, "answers": [{"pattern": "ja", "score": 1}]},
        {"kind": "single", "weight": 0, "options": [{"score": 1}, {"score": 0}]},
    ],
}

CASES: list[tuple[dict[str, Any], dict[str, Any], float | None]] = [
    ({"type": "single", "options": [{"score": 0.3333333}, {"score": 1}]}, {"chosen": 0}, 0.3333333),
    ({"type": "single", "options": [{"score": -0.25}]}, {"chosen": 0}, -0.25),
    ({"type": "single", "options": [{"score": 1}]}, {"chosen": None}, None),
    (HALVES, {"chosen": [0, 1]}, 1.0),
    (HALVES, {"chosen": [0, 2]}, 0.0),
    (HALVES, {"chosen": [2]}, 0.0),  # never below nought
    (HALVES, {"chosen": []}, None),
    (SHORT, {"text": "Kutia e zezë"}, 1.0),
    (SHORT, {"text": " KUTI "}, 1.0),
    (SHORT, {"text": "2*3"}, 0.5),
    (SHORT, {"text": "2x3"}, 0.0),
    (SHORT, {"text": "abc"}, 0.0),  # a point is a point
    (SHORT, {"text": "kuti\u0308a"}, 0.0),
    (SHORT, {"text": ""}, None),
    ({**SHORT, "caseSensitive": True}, {"text": "Kuti"}, 0.0),
    ({"type": "short", "answers": [{"pattern": "po\u00eb", "score": 1}]}, {"text": "poe\u0308"}, 1.0),  # one letter or two
    ({"type": "short", "answers": [{"pattern": "*", "score": 0.1}]}, {"text": "two\nlines"}, 0.0),
    (NUMBER, {"text": "12,5"}, 1.0),
    (NUMBER, {"text": "12.75"}, 1.0),
    (NUMBER, {"text": "12,7500001"}, 0.0),
    (NUMBER, {"text": "1 000"}, 0.2),
    (NUMBER, {"text": "1e3"}, 0.2),
    (NUMBER, {"text": "1x10^3"}, 0.2),
    (NUMBER, {"text": "12,5 years"}, 1.0),  # what follows the number is not looked at where there are no units
    (NUMBER, {"text": "many"}, 0.0),
    ({**NUMBER, "point": "."}, {"text": "1,000"}, 0.2),  # an English reader's thousand
    (NUMBER, {"text": "1,000"}, 0.0),  # and an Albanian's one
    (UNITS, {"text": "128 bit"}, 1.0),
    (UNITS, {"text": "16 byte"}, 1.0),
    (UNITS, {"text": "128"}, 0.9),
    (UNITS, {"text": "16 words"}, 0.0),
    ({**UNITS, "unitPenaltyOf": "question", "answers": [{"value": 1, "tolerance": 0, "score": 0.5}]}, {"text": "1"}, 0.4),
    (MATCH, {"chosen": [2, 1, 0]}, 1.0),  # two choices that read the same are one
    (MATCH, {"chosen": [3, 1, None]}, 1 / 3),
    (MATCH, {"chosen": [None, None, None]}, None),
    (order("all_or_nothing"), {"order": [0, 1, 2, 3]}, 1.0),
    (order("all_or_nothing"), {"order": [1, 0, 2, 3]}, 0.0),
    (order("position"), {"order": [1, 0, 2, 3]}, 0.5),
    (order("next"), {"order": [3, 0, 1, 2]}, 2 / 3),
    (order("next_and_end"), {"order": [3, 0, 1, 2]}, 0.5),
    (order("neighbours"), {"order": [1, 0, 2, 3]}, 3 / 8),
    (order("all_before_and_after"), {"order": [1, 0, 2, 3]}, 10 / 12),
    (order("longest_ordered"), {"order": [1, 0, 2, 3]}, 3 / 4),
    (order("longest_run"), {"order": [0, 2, 3, 1]}, 0.5),
    (order("longest_run"), {"order": [3, 2, 1, 0]}, 0.0),
    (order("distance"), {"order": [1, 0, 2, 3]}, 10 / 12),
    ({"type": "gaps", "gaps": [0, 2]}, {"chosen": [0, 1]}, 0.5),
    ({"type": "gaps", "gaps": [0, 2]}, {"chosen": [None, None]}, None),
    (MARKERS, {"points": [[[40, 58]], [[200, 100], [330, 159]]]}, 1.0),  # an edge lies within
    (MARKERS, {"points": [[[40, 59]], [[260, 140]]]}, 1 / 3),
    (MARKERS, {"points": [[[40, 40]], [[210, 110], [220, 120]]]}, 2 / 3),  # a zone is hit once
    (MARKERS, {"points": [[[40, 40]], [[210, 110], [330, 120]], [[5, 5]]]}, 3 / 4),  # one too many costs
    (MARKERS, {"points": [[], [], []]}, None),
    (CLOZE, {"blanks": [{"text": "2"}, {"text": "nein"}, {"chosen": 0}]}, 0.25),
    (CLOZE, {"blanks": [{}, {"text": "ja"}, {}]}, 0.75),
    (CLOZE, {"blanks": [{}, {}, {}]}, None),
]  # fmt: skip


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    page.set_default_timeout(5000)
    yield page
    page.close()


def test_every_rule_marks_as_moodle_does(page: Any) -> None:
    page.goto("about:blank")
    page.add_script_tag(content=(FOLDER / "marking.js").read_text(encoding="utf-8"))
    found = page.evaluate(
        "cases => cases.map(([question, response]) => Marking.mark(question, response))",
        [[question, response] for question, response, _ in CASES],
    )
    wrong = [
        (question, response, expected, got)
        for (question, response, expected), got in zip(CASES, found, strict=True)
        if (expected is None) != (got is None) or (got is not None and abs(got - expected) > 1e-9)
    ]
    assert wrong == []


def test_a_learner_sees_the_quiz_and_is_told_as_moodle_tells(page: Any, sample: Quiz, tmp_path: Path) -> None:
    path = tmp_path / "preview.html"
    path.write_bytes(preview_html(sample, ("en", "sq")))
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.on("request", lambda one: asked.append(one.url))
    page.goto(path.as_uri())
    shown = page.locator("main:not([hidden]) .question:not([hidden])")
    assert shown.count() == 4  # two that are used and two of three that are drawn
    clerk = page.locator("#q-en-0")
    assert clerk.locator("[data-points]").inner_text() == "1.50"
    clerk.get_by_label("The archivist").check()
    clerk.get_by_role("button", name="Check").click()
    assert clerk.locator("[data-result]").inner_text() == "Partially correct. Mark 0.50 out of 1.50"
    assert clerk.get_by_text("Almost.").is_visible()
    assert not clerk.get_by_text("Very good.").is_visible()
    years = page.locator("#q-en-4")
    years.get_by_label("Answer:").fill("12.6")
    page.locator("main:not([hidden]) [data-finish]").click()
    assert years.get_by_text("Yes.").is_visible()
    assert page.locator("main:not([hidden]) [data-total]").inner_text() == "Together: Mark 3.00 out of 7.00"
    page.get_by_role("button", name="Shqip").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ushtrime për arkivin"
    assert page.evaluate("document.documentElement.lang") == "sq"
    assert (said, [url for url in asked if not url.startswith(("file:", "data:"))]) == ([], [])


def test_the_page_runs_no_script_but_its_own(sample: Quiz) -> None:
    text = preview_html(sample, ("en",)).decode("utf-8")
    policy = text.split('Content-Security-Policy" content="', 1)[1].split('"', 1)[0]
    assert policy.startswith("default-src &#39;none&#39;; img-src data:;")
    assert "unsafe" not in policy
    assert " onclick=" not in text
    assert "http" not in policy


def test_a_text_cannot_end_the_data_of_the_page(read: Callable[..., Quiz], page: Any, tmp_path: Path) -> None:
    quiz = read(
        """
        questions:
          - {id: a, type: short, text: Fjala?, answers: ["</script><b>"]}
        """
    )
    path = tmp_path / "preview.html"
    path.write_bytes(preview_html(quiz, ("sq",)))
    page.goto(path.as_uri())
    page.locator("input[type=text]").fill("</script><B>")
    page.locator("[data-finish]").click()
    assert page.locator("[data-total]").inner_text() == "Gjithsej: 1,00 pikë nga 1,00"


def test_the_print_out_holds_every_question_with_its_key(sample: Quiz) -> None:
    first = review_pdf(sample, "sq", dated=DAY)
    assert first == review_pdf(sample, "sq", dated=DAY)
    text = " ".join(
        "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(first)).pages).split()
    )
    for question in shown_questions(sample, "sq"):
        assert question.id in text
    for said in (
        "Numri rendor",
        "Koshi",
        "Dosja e mbyllur → Kutia & rafti <3",
        "12.5 ± 0.25",
        "kuti*",
        "Konfidenciale",
    ):
        assert said in text, said
    assert "PLUGINFILE" not in text


def test_a_question_in_no_slot_is_told_to_be_asked_of_nobody(read: Callable[..., Quiz]) -> None:
    quiz = read(
        """
schema: quiz/1
id: few
title: Few
languages: {default: ro, offered: [ro]}
settings: {pass: 66.7%}
slots: [{use: b}]
questions:
  - {id: a, type: truefalse, text: A, answer: true}
  - {id: b, type: truefalse, text: B, answer: true}
""",
        whole=True,
    )
    assert never_asked(quiz) == ("a",)
    page = preview_html(quiz, ("ro",)).decode("utf-8")
    assert "66,7 %" in page
    assert "nu se pune nimănui: a." in page
    printed = pypdf.PdfReader(io.BytesIO(review_pdf(quiz, "ro", dated=DAY))).pages[0].extract_text()
    assert "1 întrebare fixă" in printed
    assert "Nu se pun nimănui a" in " ".join(printed.split())


def test_what_is_printed_is_never_code() -> None:
    assert nodes_of("<p>#panic() <b>a</b><br>*x*</p>") == [
        ["p", {}, ["#panic() ", ["b", {}, ["a"]], ["br", {}, []], "*x*"]]
    ]


def rightly(rule: dict[str, Any]) -> dict[str, Any]:
    """The right answer by the rules that the page has."""
    kind = rule.get("type", rule.get("kind"))
    scores = [one["score"] for one in rule.get("options", ())]
    if kind in ("single", "truefalse"):
        return {"chosen": scores.index(max(scores))}
    if kind in ("multiple", "several"):
        return {"chosen": [place for place, score in enumerate(scores) if score > 0]}
    if kind in ("short", "text"):
        return {"text": rule["answers"][0]["pattern"].replace("*", "")}
    if kind in ("numerical", "number"):
        said = str(rule["answers"][0]["value"]).replace(".", rule["point"])
        return {"text": said, "unit": rule["units"][0]["name"] if "units" in rule else None}
    if kind == "matching":
        return {"chosen": [stem["right"] for stem in rule["stems"]]}
    if kind == "ordering":
        return {"order": [0, 1, 2, 3]}
    if kind == "dragmarkers":
        middles = [[sum(one) // len(zone["at"]) for one in zip(*zone["at"], strict=True)]
                   if zone["shape"] == "polygon" else zone["at"][0] for zone in rule["zones"]]  # fmt: skip
        return {
            "points": [
                [at for at, zone in zip(middles, rule["zones"], strict=True) if zone["marker"] == marker]
                for marker in range(rule["markers"])
            ]
        }
    if kind == "cloze":
        return {"blanks": [rightly(blank) for blank in rule["blanks"]]}
    return {"chosen": rule["gaps"]}


@pytest.mark.parametrize("language", ["sq", "en"])
def test_every_type_is_asked_and_its_key_earns_everything(language: str, page: Any, tmp_path: Path) -> None:
    quiz = read_quiz(SAMPLES / "quizzes" / "every-type.yaml", root=SAMPLES)
    path = tmp_path / "preview.html"
    path.write_bytes(preview_html(quiz, (language,)))
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto(path.as_uri())
    assert page.locator(".question:not([hidden])").count() == len(quiz.questions)
    page.locator("[data-finish]").click()
    assert said == []
    rules = {one.id: one.body.rules for one in shown_questions(quiz, language) if one.body.rules}
    assert len({str(rule["type"]) for rule in rules.values()}) == 11
    script = "cases => cases.map(([question, response]) => Marking.mark(question, response))"
    marks = page.evaluate(script, [[rule, rightly(dict(rule))] for rule in rules.values()])
    assert {name: mark for name, mark in zip(rules, marks, strict=True) if abs((mark or 0) - 1) > 1e-6} == {}


def test_markers_are_put_by_keyboard_or_by_a_click_and_an_order_shows_what_moodle_shows(
    page: Any, tmp_path: Path
) -> None:
    quiz = read_quiz(SAMPLES / "quizzes" / "every-type.yaml", root=SAMPLES)
    path = tmp_path / "preview.html"
    path.write_bytes(preview_html(quiz, ("en",)))
    page.goto(path.as_uri())
    ids = [one.id for one in quiz.questions]
    form = page.locator(f"#q-en-{ids.index('shelf-markers')}")
    stamp, box, other_box = (form.locator("[data-marker]").nth(number) for number in range(3))
    stamp.get_by_label("x", exact=True).focus()
    page.keyboard.type("40")
    page.keyboard.press("Tab")
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    assert form.locator("[data-result]").inner_text().startswith("Partially correct. Mark 0.33")
    assert form.locator(".pin").inner_text() == "Stamp"
    box.get_by_label("x", exact=True).fill("210")
    box.get_by_label("y", exact=True).fill("110")
    other_box.get_by_label("x", exact=True).focus()
    image = form.locator(".picture img")
    scale = image.evaluate("one => one.getBoundingClientRect().width / one.naturalWidth")
    image.click(position={"x": 330 * scale, "y": 120 * scale})
    form.get_by_role("button", name="Check").click()
    assert form.locator("[data-result]").inner_text().startswith("Correct")
    some = page.locator(f"#q-en-{ids.index('order-some')} [data-option]:not([hidden])")
    places = sorted(int(one) for one in some.evaluate_all("all => all.map((one) => one.dataset.option)"))
    assert places in ([0, 1, 2], [1, 2, 3])  # three of four, that stand together


def test_a_menu_in_a_text_is_read_where_it_stands(page: Any, tmp_path: Path) -> None:
    quiz = read_quiz(SAMPLES / "quizzes" / "every-type.yaml", root=SAMPLES)
    path = tmp_path / "preview.html"
    path.write_bytes(preview_html(quiz, ("en",)))
    page.goto(path.as_uri())
    place = [one.id for one in quiz.questions].index("gaps-drag")
    menus = page.locator(f"#q-en-{place} select")
    assert menus.count() == 3  # one name stands there twice
    for number, word in enumerate(("secretariat", "secretariat", "guard")):
        menus.nth(number).select_option(label=word)
    page.locator(f"#q-en-{place}").get_by_role("button", name="Check").click()
    assert (
        page.locator(f"#q-en-{place} [data-result]").inner_text()
        == "Partially correct. Mark 0.67 out of 1.00"
    )
