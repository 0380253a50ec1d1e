"""What reaches Moodle is exactly what the author wrote: values, bytes, hashes, slots and settings."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from lxml import etree

from authoring.problems import ContentError
from authoring.read_yaml import MAX_BYTES
from quizzes import BankQuestion, Quiz, build_bank, quiz_settings, quiz_slots, read_quiz
from quizzes.moodle_xml import question_element

SAMPLES = Path(__file__).parent / "samples"
EXAMPLE = Path(__file__).parents[2] / "examples" / "archive-officers"

Read = Callable[..., Quiz]
Questions = Callable[[Quiz], list[etree._Element]]


def text_of(element: etree._Element, path: str) -> str:
    return element.findtext(path) or ""


@pytest.fixture
def questions(sample: Quiz, bank_as_moodle_reads: Questions) -> dict[str, etree._Element]:
    return {text_of(one, "idnumber").partition(":")[2]: one for one in bank_as_moodle_reads(sample)}


def test_same_file_gives_same_bytes() -> None:
    path = SAMPLES / "quizzes" / "all-types.yaml"
    banks = [build_bank(read_quiz(path, root=SAMPLES)) for _ in range(2)]
    assert banks[0] == banks[1]
    assert banks[0].xml == banks[1].xml


def test_file_is_xml_that_a_strict_parser_takes(sample: Quiz) -> None:
    root = etree.fromstring(build_bank(sample).xml)
    assert root.tag == "quiz"
    assert [one.get("type") for one in root] == [
        "category", "multichoice", "multichoice", "truefalse", "shortanswer", "numerical", "matching",
    ]  # fmt: skip


def as_json(element: Element) -> list[object]:
    """What is hashed of an element: tag, attributes, text and children; of tags their texts in small letters, in order."""
    if element.tag == "tags":
        tags = sorted(text.lower() for text in set(element.itertext()))
        return ["tags", {}, "", [["tag", {}, one, []] for one in tags]]
    content = "" if len(element) else element.text or ""
    return [element.tag, dict(sorted(element.items())), content, [as_json(one) for one in element]]


@pytest.mark.parametrize("name", ["all-types", "every-type"])
def test_a_hash_is_that_of_the_elements_whatever_writes_them(name: str) -> None:
    # With another hash every question of every academy would get a new version.
    quiz = read_quiz(SAMPLES / "quizzes" / f"{name}.yaml", root=SAMPLES)
    for question, made in zip(quiz.questions, build_bank(quiz).questions, strict=True):
        element = question_element(quiz, question, quiz.languages.offered)
        hashed = json.dumps(["quiz-question/1", as_json(element)], separators=(",", ":"))
        assert made.hash == hashlib.sha256(hashed.encode()).hexdigest()
        assert [one.text or "" for one in etree.fromstring(made.xml).iter() if not len(one)] == [
            one.text or "" for one in element.iter() if not len(one)
        ]


def test_category_is_found_again_by_the_quiz_id(sample: Quiz) -> None:
    bank = build_bank(sample)
    category = etree.fromstring(bank.xml)[0]
    assert bank.category_name == "Arkiv / Protokoll"
    assert text_of(category, "category/text") == "$course$/top/Arkiv // Protokoll"
    assert text_of(category, "idnumber") == bank.quiz_id == "archive-practice"


def test_part_of_a_bank_holds_only_the_questions_asked_for(sample: Quiz) -> None:
    bank = build_bank(sample)
    keys = ["archive-practice:put-together", "archive-practice:register-clerk"]
    part = etree.fromstring(bank.xml_of(keys))
    assert [text_of(one, "idnumber") for one in part] == keys[::-1], "in the bank's order, no category"
    with pytest.raises(KeyError):
        bank.xml_of(["archive-practice:nowhere"])


def test_single_choice_keeps_scores_feedback_and_order(questions: dict[str, etree._Element]) -> None:
    question = questions["register-clerk"]
    assert text_of(question, "name/text") == "Kush e regjistron? & më < pak"
    assert text_of(question, "single") == "true"
    assert text_of(question, "shuffleanswers") == "false"
    assert text_of(question, "penalty") == "0.25"
    assert text_of(question, "defaultgrade") == "1.5"
    assert [answer.get("fraction") for answer in question.iterfind("answer")] == [
        "100",
        "-33.33333",
        "33.33333",
    ]
    assert text_of(question, "answer/text") == (
        '<span lang="sq" class="multilang">Protokollisti</span>'
        '<span lang="en" class="multilang">The protocol officer</span>'
    )
    assert "Jo; ]]&gt; &amp; shihni <code>&lt;hapin 2&gt;</code>." in text_of(
        question, "answer[2]/feedback/text"
    )
    assert "Pothuajse." in text_of(question, "partiallycorrectfeedback/text")
    assert [tag.text for tag in question.iterfind("tags/tag/text")] == ["afate & radhë", "protokoll"]


def test_right_options_share_the_mark(questions: dict[str, etree._Element]) -> None:
    question = questions["book-columns"]
    assert text_of(question, "single") == "false"
    found = [answer.get("fraction") for answer in question.iterfind("answer")]
    assert found == ["33.33333", "33.33333", "33.33333", "-50", "-14.28571"]
    assert text_of(question, "answer[5]/text") == "1990", "a number in YAML is a text here"


def test_true_and_false_are_the_words_moodle_knows(questions: dict[str, etree._Element]) -> None:
    answers = questions["original-stays"].findall("answer")
    assert [(text_of(one, "text"), one.get("fraction")) for one in answers] == [
        ("true", "0"),
        ("false", "100"),
    ]
    assert "👍🏽" in text_of(answers[1], "feedback/text")


def test_accepted_wordings_of_all_languages_are_united(questions: dict[str, etree._Element]) -> None:
    question = questions["word-for-box"]
    found = [(text_of(one, "text"), one.get("fraction")) for one in question.iterfind("answer")]
    assert found == [
        ("Kutia", "100"),
        ("Box", "100"),
        ("kuti*", "100"),
        ("2\\*3 <b>", "83.33333"),
        ("*", "0"),
    ]
    assert text_of(question, "usecase") == "1"


def test_numbers_have_a_point_and_no_exponent(questions: dict[str, etree._Element]) -> None:
    answers = questions["retention-years"].findall("answer")
    assert [(text_of(one, "text"), text_of(one, "tolerance")) for one in answers] == [
        ("12.5", "0.25"),
        ("-1000", "0"),
    ]


def test_pairs_and_extra_choices_stand_as_moodle_wants_them(questions: dict[str, etree._Element]) -> None:
    pairs = [
        (text_of(one, "text"), text_of(one, "answer/text"))
        for one in questions["put-together"].iter("subquestion")
    ]
    assert len(pairs) == 4
    assert pairs[0][1] == pairs[2][1], "equal choices stay equal, so that Moodle merges them"
    assert "Box &amp; shelf &lt;3" in pairs[1][1]
    assert pairs[3][0] == ""
    assert "Waste bin" in pairs[3][1]


def test_images_travel_with_the_text_that_names_them(questions: dict[str, etree._Element]) -> None:
    for question, path in (("register-clerk", "questiontext"), ("put-together", "subquestion")):
        field = questions[question].find(path)
        (file,) = field.findall("file")
        assert re.fullmatch(r"stamp-[0-9a-f]{8}\.svg", file.get("name"))
        assert text_of(field, "text").count(f'src="@@PLUGINFILE@@/{file.get("name")}"') == 2, (
            "in both languages"
        )
        assert base64.b64decode(file.text) == (SAMPLES / "media" / "stamp.svg").read_bytes()


def test_without_multilang_only_the_default_language_is_written(sample: Quiz) -> None:
    xml = build_bank(sample, multilang=False).xml.decode("utf-8")
    assert "multilang" not in xml
    assert "The protocol officer" not in xml
    assert "Protokollisti" in xml


def test_blanks_between_markup_survive_moodles_reader(read: Read, bank_as_moodle_reads: Questions) -> None:
    quiz = read(
        "questions: [{id: q, type: short, text: '*a* **b** & < *c*', answers: ['& & ë'], name: '& ë'}]"
    )
    (question,) = bank_as_moodle_reads(quiz)
    assert text_of(question, "questiontext/text") == (
        "<p><em>a</em> <strong>b</strong> &amp; &lt; <em>c</em></p>"
    )
    assert text_of(question, "answer/text") == "& & ë"
    assert text_of(question, "name/text") == "& ë"


# ---- hash ------------------------------------------------------------------------------------

BASE = """
questions:
  - id: q
    type: multiple
    name: Emri
    tags: [b, a]
    points: 1
    penalty: 1/3
    text: {sq: "Cilat **dy**?", en: "Which **two**?"}
    options:
      - {text: a, correct: true, feedback: mirë}
      - {text: b, correct: true}
      - {text: c, score: -1/3}
"""


def the_one(quiz: Quiz) -> BankQuestion:
    (question,) = build_bank(quiz).questions
    return question


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tags: [b, a]", "tags: [a, b]"),
        ("tags: [b, a]", "tags: [B, A]"),
        ("points: 1", "points: 1.00"),
        ("penalty: 1/3", "penalty: 33.33333%"),
        ("score: -1/3", "score: -33.333%"),
        ("correct: true}", "correct: true, score: 50%}"),
        ("name: Emri", 'name: " Emri  "'),
        ("**dy**", "__dy__"),
        ("type: multiple", "type: multiple\n    shuffle: true"),
        ("{text: c,", "{text: {sq: c, en: c},"),
        ("questions:", "settings: {attempts: 2}\nquestions:"),
    ],
)
def test_hash_stays_when_moodle_would_store_the_same(read: Read, old: str, new: str) -> None:
    before = the_one(read(BASE))
    changed = (
        BASE.replace("correct: true, feedback", "correct: true, score: 50%, feedback")
        if "50%" in new
        else BASE
    )
    assert the_one(read(changed.replace(old, new))).hash == before.hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tags: [b, a]", "tags: [b]"),
        ("points: 1", "points: 2"),
        ("penalty: 1/3", "penalty: 0.25"),
        ("name: Emri", "name: emri"),
        ("**dy**", "dy"),
        ("Which", "What"),
        ("mirë", "mire"),
        ("mirë", "mire\u0308"),
        ("score: -1/3", "score: -1/4"),
        ("text: a,", "text: A,"),
        ("type: multiple", "type: multiple\n    shuffle: false"),
        ("id: q", "id: r"),
        ("text: c, score: -1/3}", "text: c, score: -1/3, feedback: jo}"),
    ],
)
def test_hash_changes_when_moodle_would_store_something_else(read: Read, old: str, new: str) -> None:
    assert the_one(read(BASE.replace(old, new))).hash != the_one(read(BASE)).hash


def test_hash_changes_with_the_bytes_of_an_image(read: Read, tmp_path: Path) -> None:
    text = 'questions: [{id: q, type: truefalse, answer: true, text: "![x](../media/dot.gif)"}]'
    (tmp_path / "media").mkdir()
    hashes = set()
    for size in (b"\x01\x00", b"\x02\x00"):
        (tmp_path / "media" / "dot.gif").write_bytes(b"GIF89a" + size + b"\x01\x00\x00\x00\x00;")
        hashes.add(the_one(read(text)).hash)
    assert len(hashes) == 2


def test_hash_of_a_question_does_not_hang_on_its_neighbours(read: Read) -> None:
    more = BASE + "  - {id: r, type: truefalse, text: Po?, answer: true}\n"
    assert build_bank(read(more)).questions[0].hash == the_one(read(BASE)).hash


# ---- slots and settings ----------------------------------------------------------------------


def test_slots_are_what_the_plugin_takes(sample: Quiz) -> None:
    assert quiz_slots(sample) == [
        {"question": "archive-practice:register-clerk", "maxmark": 1.5},
        {"random": 2, "category": "archive-practice", "tags": ["afate & radhë", "protokoll"], "maxmark": 1.5},
        {"question": "archive-practice:retention-years", "maxmark": 2.5},
    ]


def test_without_slots_every_question_stands_once(read: Read) -> None:
    quiz = read(BASE + "  - {id: r, type: truefalse, text: Po?, answer: true, points: 0}\n")
    assert quiz_slots(quiz) == [
        {"question": "trial:q", "maxmark": 1.0},
        {"question": "trial:r", "maxmark": 0.0},
    ]


def test_settings_are_what_the_plugin_takes(sample: Quiz) -> None:
    settings = quiz_settings(sample)
    assert "<strong>me kujdes</strong>" in str(settings.pop("intro"))
    after = 0x01110
    assert settings.pop("review") == {
        "attempt": 0x11110,
        "correctness": after,
        "maxmarks": after,
        "marks": after,
        "specificfeedback": after,
        "generalfeedback": after,
        "rightanswer": 0x00010,
        "overallfeedback": after,
    }
    assert settings == {
        "timelimit": 5400,
        "attempts": 3,
        "grademethod": 2,
        "grade": 100,
        "gradepass": 62.5,
        "questionsperpage": 5,
        "shuffleanswers": 0,
        "preferredbehaviour": "deferredfeedback",
    }


def test_behaviour_that_answers_at_once_shows_its_feedback_then(read: Read) -> None:
    review = quiz_settings(read("settings: {behaviour: immediatefeedback}" + BASE))["review"]
    assert isinstance(review, dict)
    assert review["specificfeedback"] & 0x10000
    assert not review["rightanswer"] & 0x10000


def test_settings_left_out_have_plain_defaults(read: Read) -> None:
    settings = quiz_settings(read("settings: {time_limit: none, pass: }" + BASE))
    assert (settings["timelimit"], settings["attempts"], settings["gradepass"]) == (0, 0, 0.0)
    assert settings["intro"] == ""


# ---- the academy's own quiz, size and hostility ----------------------------------------------


def test_example_quiz_reads_without_a_word_and_has_twenty_slots() -> None:
    quiz = read_quiz(EXAMPLE / "quizzes" / "archive-officers.yaml", root=EXAMPLE)
    assert quiz.warnings == ()
    assert len(quiz.questions) >= 20
    assert {question.type for question in quiz.questions} == {
        "single", "multiple", "truefalse", "short", "numerical", "matching", "ordering", "gaps",
    }  # fmt: skip
    assert sum(int(str(slot.get("random", 1))) for slot in quiz_slots(quiz)) == 20
    etree.fromstring(build_bank(quiz).xml)


def test_thousand_questions_are_read_and_written_with_unique_hashes(read: Read) -> None:
    lines = "".join(
        f'  - {{id: q{n}, type: single, text: "Pyetja **{n}**?", tags: [t{n % 7}],'
        f" options: [{{text: po, correct: true}}, {{text: jo}}]}}\n"
        for n in range(1000)
    )
    quiz = read(
        "slots:\n" + "".join(f"  - {{draw: 100, tags: [t{n}]}}\n" for n in range(7)) + "questions:\n" + lines
    )
    bank = build_bank(quiz)
    assert len({question.hash for question in bank.questions}) == 1000


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("yaml.too-deep", "questions: " + "[" * 100_000),
        ("yaml.alias", "questions: [&a {id: q}, *a]"),
        ("yaml.too-large", "x" * (MAX_BYTES + 1)),
        ("yaml.duplicate-key", "id: a\nid: b"),
    ],
)
def test_hostile_file_is_refused_quickly(code: str, text: str, read: Read) -> None:
    with pytest.raises(ContentError) as caught:
        read(text, whole=True)
    assert caught.value.code == code


def test_image_larger_than_a_request_is_refused(read: Read, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "dot.gif").write_bytes(b"GIF89a\x01\x00\x01\x00" + b"\0" * 5_000_000)
    with pytest.raises(ContentError) as caught:
        read('questions: [{id: q, type: truefalse, answer: true, text: "![x](../media/dot.gif)"}]')
    assert [problem.code for problem in caught.value.problems] == ["quiz.image-too-large"]
