"""Every message is there in three languages and says what to do."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from authoring.languages import LocalizedText, multilang
from authoring.messages import LANGUAGES, catalogue, describe
from authoring.problems import Place, Problem

ROOT = Path(__file__).resolve().parents[2]
OURS = ("markdown", "image", "lesson", "course", "package", "yaml", "init", "check", "build", "files")


def parts_of(entry: object) -> dict[str, str]:
    """The texts of an entry by part and plural form."""
    assert isinstance(entry, dict)
    found: dict[str, str] = {}
    for part, text in entry.items():
        forms = text if isinstance(text, dict) else {"": text}
        found |= {f"{part} {form}": str(words) for form, words in forms.items()}
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["sq", "ro"])
def test_translations_have_the_same_codes_parts_and_values(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    codes = {code for code in english if code.partition(".")[0] in OURS}
    assert codes == {code for code in other if code.partition(".")[0] in OURS}
    for code in codes:
        assert set(english[code]) == set(other[code]), code
        wanted = set().union(*map(fields, parts_of(english[code]).values()))
        assert wanted == set().union(*map(fields, parts_of(other[code]).values())), code


def test_every_code_that_the_source_reports_has_words_and_every_problem_a_remedy() -> None:
    reported = set()
    for folder in ("authoring", "course_packages"):
        for path in (ROOT / folder).glob("*.py"):
            text = path.read_text(encoding="utf-8")
            reported |= set(re.findall(r'"((?:markdown|image|lesson|course|package)\.[a-z0-9-]+)"', text))
    reported -= {"course.yaml", "lesson.html"}
    assert reported <= catalogue("en").keys()
    assert all("remedy" in catalogue("en")[code] for code in reported)


def test_romanian_is_written_with_commas_and_albanian_with_its_own_letters() -> None:
    for package in ("authoring", "course_packages"):
        romanian = (ROOT / package / "messages" / "ro.toml").read_text(encoding="utf-8")
        assert not re.search("[şţŞŢ]", romanian)
        assert re.search("[șț]", romanian)
        assert re.search("[ëç]", (ROOT / package / "messages" / "sq.toml").read_text(encoding="utf-8"))


def test_a_problem_is_described_with_place_and_remedy() -> None:
    problem = Problem("image.missing", {"image": "a.png"}, Place("courses/x/lesson.sq.md", 7))
    what, cure = describe(problem, "sq").split("\n")
    assert what == "courses/x/lesson.sq.md:7: Figura a.png nuk gjendet."
    assert cure.startswith("    Vendoseni")


def test_an_unknown_code_and_a_missing_value_never_fail() -> None:
    assert describe(Problem("no.such", {"a": 1}), "ro") == "no.such (a=1)"
    assert "{image}" in describe(Problem("image.missing", {}), "en")


@pytest.mark.parametrize(
    ("n", "words"), [(1, "1 eroare"), (2, "2 erori"), (20, "20 de erori"), (101, "101 erori")]
)
def test_numbers_choose_the_plural_form_of_the_language(n: int, words: str) -> None:
    from authoring.messages import text

    assert text("check.errors", {"n": n}, "ro") == words


def test_texts_for_moodle_are_escaped_and_one_text_needs_no_spans() -> None:
    both = LocalizedText({"sq": "A & B", "en": "<i>"})
    assert multilang(both, ["sq", "en"]) == (
        '<span lang="sq" class="multilang">A &amp; B</span><span lang="en" class="multilang">&lt;i&gt;</span>'
    )
    assert multilang(LocalizedText("Same"), ["sq", "en"]) == "Same"
    assert multilang(both, ["sq"]) == "A &amp; B"


def test_languages_are_three_and_complete() -> None:
    assert set(LANGUAGES) == {"en", "sq", "ro"}
