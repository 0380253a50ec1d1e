"""Questions that were read from Moodle are written as a file that says the same; in a file that is there all else stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from authoring.patch_yaml import CannotPatch
from authoring.read_yaml import parse_yaml
from quizzes import build_bank, read_quiz
from quizzes.read_moodle_xml import read_moodle_xml
from quizzes.write_yaml import quiz_text, with_questions

SAMPLES = Path(__file__).parent / "samples"
LANGUAGES = ("sq", "en")
HEAD = {
    "schema": "quiz/1",
    "id": "every-type",
    "title": "Të gjitha",
    "languages": {"default": "sq", "offered": list(LANGUAGES)},
    "settings": {"behaviour": "interactive"},
}


def test_a_moodle_export_becomes_a_quiz_file_with_the_same_hashes(tmp_path: Path) -> None:
    original = build_bank(read_quiz(SAMPLES / "quizzes" / "every-type.yaml", root=SAMPLES))
    exported = read_moodle_xml(
        (SAMPLES / "moodle-4.5.6-export.xml").read_bytes(), languages=LANGUAGES, quiz_id="every-type"
    )
    path = tmp_path / "quizzes" / "every-type.yaml"
    path.parent.mkdir()
    path.write_text(quiz_text(HEAD, (one.data for one in exported.questions)), encoding="utf-8")
    (tmp_path / "media").mkdir()
    for name, content in exported.files.items():
        (path.parent / name).resolve().write_bytes(content)
    again = {one.key: one.hash for one in build_bank(read_quiz(path, root=tmp_path)).questions}
    assert again == {one.key: one.hash for one in original.questions}


def test_a_written_file_reads_well() -> None:
    questions = [
        {
            "id": "a",
            "type": "single",
            "text": {"sq": "Kush?", "en": "Who?"},
            "options": [{"text": "Ai", "correct": True}, {"text": "Ajo: e dyta"}],
        },
        {"id": "b", "type": "essay", "text": "Një.\n\nDy."},
    ]
    assert quiz_text({"schema": "quiz/1"}, questions) == (
        "schema: quiz/1\n"
        "questions:\n"
        "  - id: a\n"
        "    type: single\n"
        '    text: {sq: "Kush?", en: "Who?"}\n'
        "    options:\n"
        "      - {text: Ai, correct: true}\n"
        '      - {text: "Ajo: e dyta"}\n'
        "\n"
        "  - id: b\n"
        "    type: essay\n"
        "    text: |-\n"
        "      Një.\n"
        "\n"
        "      Dy.\n"
    )


ANY = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=30)
VALUES = st.recursive(
    st.one_of(ANY, st.sampled_from(["no", "~", "1.10", "- a", "a: b", " x ", "a\n\n b", "x\n", "#", "?", "y", ""]), st.booleans(), st.integers(-(10**15), 10**15)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["text", "no", "a b", "sq"]), inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=120, deadline=None, phases=[Phase.generate])
@given(value=VALUES)
def test_anything_that_is_written_reads_back_as_it_was(value: object) -> None:
    question = {"id": "a", "value": value}
    written = quiz_text({"schema": "quiz/1"}, [question])
    assert parse_yaml(written, "").data == {"schema": "quiz/1", "questions": [question]}


FILE = """\
# The quiz of the archive.
schema: quiz/1
questions:
  # The first one is easy.
  - id: a
    type: single   # one right
    text: {sq: Kush?, en: Who?}
    options:
      - {text: Ai, correct: true}  # he
      - {text: Ajo}
  - id: b
    type: truefalse
    text: "Po."
    answer: true
"""


def test_a_changed_question_is_written_where_it_stands_and_comments_stay() -> None:
    changed = {
        "id": "a",
        "type": "single",
        "text": {"sq": "Kush vjen?", "en": "Who?"},
        "options": [{"text": "Ai", "correct": True}, {"text": "Ajo", "feedback": "Jo."}],
    }
    patched = with_questions(FILE, "q.yaml", {"a": changed})
    assert patched == FILE.replace("sq: Kush?", "sq: Kush vjen?").replace(
        "- {text: Ajo}", '- {text: Ajo, feedback: "Jo."}'
    )


def test_a_new_question_comes_last_and_all_else_stays() -> None:
    new = {"id": "c", "type": "truefalse", "text": "Jo.", "answer": False}
    patched = with_questions(FILE, "q.yaml", {"c": new})
    assert patched.startswith(FILE.rstrip("\n"))
    assert parse_yaml(patched, "").data["questions"][2] == new  # type: ignore[index]


def test_a_question_of_another_type_is_not_written_over() -> None:
    with pytest.raises(CannotPatch):
        with_questions(FILE, "q.yaml", {"b": {"id": "b", "type": "essay", "text": "Po."}})
