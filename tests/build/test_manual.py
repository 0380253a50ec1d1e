"""The manual on paper: everything of the lessons, in an order that works without a screen."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from authoring.course import Course, read_course
from course_packages.manual import Front, PartnerLogo, manual_pdf
from course_packages.manual.alphabet import initial, letters
from course_packages.manual.html_tree import html_tree
from lms_sync.academy import build_academy, read_academy
from tests.build.conftest import SmallAcademy

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive-officers"


@pytest.fixture(scope="module")
def course() -> Course:
    return read_course(EXAMPLE / "courses" / "archive-officers", root=EXAMPLE)


@pytest.fixture(scope="module")
def pages(course: Course) -> list[str]:
    logo = EXAMPLE / "programmes" / "logos" / "dpa.svg"
    front = Front(
        "The programme", (PartnerLogo("Directorate", "DPA", "owner", logo),), "Its content is the authors'."
    )
    short = replace(course, lessons=course.lessons[:2])
    made = manual_pdf(short, "en", front)
    assert made.accessible
    assert manual_pdf(short, "en", front).pdf == made.pdf
    reader = pypdf.PdfReader(io.BytesIO(made.pdf))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == short.title.in_language("en")
    return [page.extract_text() for page in reader.pages]


def test_it_begins_with_who_made_it_and_a_table_of_contents(course: Course, pages: list[str]) -> None:
    assert course.title.in_language("en") in " ".join(pages[0].split())
    assert "Its content is the authors'." in pages[0]
    for lesson in course.lessons[:2]:
        assert lesson.texts["en"].title in pages[2]


def test_questions_are_numbered_and_their_answers_stand_at_the_end(course: Course, pages: list[str]) -> None:
    text = "\n".join(pages)
    first = course.lessons[0].texts["en"].checks[0]
    right = next(option.html for option in first.options if option.correct)
    assert "QUESTION 1.1" in text.upper()
    answers = text[text.rindex("Answer the questions in each lesson first") :]
    assert "1.1" in answers
    assert right.split("<")[0][:30] in " ".join(answers.split())


def test_every_cited_act_is_listed_with_its_pages(pages: list[str]) -> None:
    laws = pages[-1] if "Laws cited" in pages[-1] else pages[-2]
    assert "9154" in laws
    assert any(line.strip()[-1:].isdigit() for line in laws.splitlines() if "9154" in line or "2003" in line)


def test_a_build_writes_one_manual_for_each_language_and_only_when_something_changed(
    small_academy: SmallAcademy,
) -> None:
    path = small_academy.course / "course.yaml"
    text = path.read_text().replace("lessons:", "targets: [{kind: scorm12}, {kind: manual}]\nlessons:")
    small_academy.write(path, text.encode())
    built = build_academy(read_academy(small_academy.folder))
    (manual,) = built.manuals
    assert manual.path == small_academy.folder / "build" / "small" / "small-manual-en.pdf"
    before = manual.path.stat().st_mtime_ns
    (again,) = build_academy(read_academy(small_academy.folder)).manuals
    assert again == manual
    assert manual.path.stat().st_mtime_ns == before


def test_words_are_in_the_order_of_the_language() -> None:
    def ordered(language: str, *words: str) -> list[str]:
        return sorted(words, key=lambda word: letters(word, language))

    assert ordered("sq", "dhoma", "duke", "çelës", "cikli", "ëma", "emri") == [
        "cikli",
        "çelës",
        "duke",
        "dhoma",
        "emri",
        "ëma",
    ]
    assert ordered("ro", "șase", "stat", "țară", "tu", "âncă", "ăla", "apă") == [
        "apă",
        "ăla",
        "âncă",
        "stat",
        "șase",
        "tu",
        "țară",
    ]
    assert ordered("en", "Zone", "apple", "École") == ["apple", "École", "Zone"]
    assert (initial("“Dhoma”", "sq"), initial("Școală", "ro"), initial("9154", "en")) == ("Dh", "Ș", "#")


def test_html_becomes_a_tree_without_the_white_space_between_blocks() -> None:
    html = "<ul>\n<li>a <strong>b</strong></li>\n</ul>\n<p>x<br>\ny</p>"
    assert html_tree(html, str, lambda word: None) == [
        {"is": "ul", "of": [{"is": "li", "of": ["a ", {"is": "strong", "of": ["b"]}]}]},
        {"is": "p", "of": ["x", {"is": "br", "of": []}, "y"]},
    ]
