"""The help desk's files are read as officers write them, and every mistake is told at once."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from authoring.messages import catalogue
from authoring.problems import ContentError
from helpdesk import read_helpdesk
from tests.helpdesk.conftest import DESK, EXAMPLES, ROOT, desk_of, write


def problems_of(folder: Path, **known: object) -> list[tuple[str, str, int]]:
    try:
        desk = read_helpdesk(folder, **known)  # type: ignore[arg-type]
    except ContentError as error:
        return [(one.code, one.place.file, one.place.line) for one in error.problems]
    assert desk is not None
    return [(one.code, one.place.file, one.place.line) for one in desk.warnings]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_has_at_least_ten_answers_in_each_of_its_languages(name: str) -> None:
    desk = desk_of(ROOT / "examples" / name)
    assert {one.code for one in desk.warnings} <= {"helpdesk.programme-missing"}
    assert len(desk.languages) == 2
    for language in desk.languages:
        assert sum(language in answer.texts for answer in desk.answers) >= 10
    assert len(desk.news) >= 2


def test_an_academy_without_a_help_desk_has_none(tmp_path: Path) -> None:
    assert read_helpdesk(tmp_path) is None


def test_an_answer_has_its_question_its_text_and_what_it_points_to(academy: Path) -> None:
    answer = desk_of(academy).answer("lost-paper")
    assert answer is not None
    assert answer.topic == "counter"
    text = answer.texts["sq"]
    assert (text.question, text.see) == ("Një shkresë humbi. Çfarë bëj?", "faqja 3")
    assert text.html.strip() == "<p>Kërkoni një <strong>kopje</strong>.</p>"


def test_a_missing_translation_is_a_warning_and_readers_get_the_language_that_is_there(academy: Path) -> None:
    assert problems_of(academy) == [("helpdesk.not-translated", "helpdesk/answers/papers/stamp.sq.md", 0)]
    stamp = desk_of(academy).answer("stamp")
    assert stamp is not None
    assert stamp.text("en").language == "sq"


def test_all_mistakes_are_told_at_once_with_their_places(academy: Path) -> None:
    write(
        academy,
        {
            "helpdesk/answers/papers/lost-paper.en.md": "# Again?\n\nYes.\n",
            "helpdesk/answers/counter/raw.en.md": "# Raw\n\n<script>alert(1)</script>\n",
            "helpdesk/answers/counter/bare.en.md": "No title.\n",
            "helpdesk/answers/counter/word.sq.md": "# Pyetje\n\nTekst.\n\nShih: faqja 2\n",
            "helpdesk/answers/counter/early.en.md": "# Early\n\nSee: page 1\n\nMore.\n",
            "helpdesk/answers/shelf/which.en.md": "# Which?\n\nThis.\n",
            "helpdesk/answers/loose.en.md": "# Loose\n\nText.\n",
            "helpdesk/news/yesterday.en.md": "# News\n\nText.\n",
            "helpdesk/news/2026-02-31-none.en.md": "# News\n\nText.\n",
            "helpdesk/answers/counter/other.ro.md": "# Alt\n\nText.\n",
        },
    )
    found = {(code, file.removeprefix("helpdesk/"), line) for code, file, line in problems_of(academy)}
    assert found >= {
        ("helpdesk.answer-twice", "answers/papers/lost-paper.en.md", 0),
        ("markdown.script", "answers/counter/raw.en.md", 3),
        ("helpdesk.no-title", "answers/counter/bare.en.md", 1),
        ("helpdesk.see-word", "answers/counter/word.sq.md", 5),
        ("helpdesk.see-not-last", "answers/counter/early.en.md", 3),
        ("helpdesk.unknown-topic", "answers/shelf/which.en.md", 0),
        ("helpdesk.answer-place", "answers/loose.en.md", 0),
        ("helpdesk.news-name", "news/yesterday.en.md", 0),
        ("helpdesk.news-name", "news/2026-02-31-none.en.md", 0),
        ("helpdesk.other-language", "answers/counter/other.ro.md", 0),
    }


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("email: desk@example.org", 'email: "desk at example"', "helpdesk.email"),
        ("email: desk@example.org", 'email: "a@b.org?bcc=x@y.org"', "helpdesk.email"),
        ("email: desk@example.org", 'phone: "call us"', "helpdesk.phone"),
        ("useful: mailto", "useful: {form: 'javascript:alert(1)'}", "helpdesk.address"),
        ("useful: mailto", "useful: {mailto: a@b.org, forum: 'https://x.org'}", "helpdesk.useful-one"),
        ("useful: mailto", "answer_within: soon", "helpdesk.within"),
        ("useful: mailto", "holidays: [tomorrow]", "helpdesk.day"),
        ("useful: mailto", "downloads: [{file: none.pdf, title: {en: F, sq: F}}]", "helpdesk.no-download"),
        ("useful: mailto", "downloads: [{file: ../helpdesk.yaml, title: F}]", "helpdesk.no-download"),
        ("useful: mailto", "manual: {course: none}", "helpdesk.unknown"),
        ("{id: papers,", "{id: counter,", "helpdesk.topic-twice"),
        (', sq: "Në sportel"', "", "helpdesk.text-not-translated"),
        ("email: desk@example.org, ", "", "helpdesk.contact-without-way"),
        ("useful: mailto", "usefull: mailto", "yaml.unknown-key-similar"),
    ],
)
def test_a_mistake_in_the_file_has_its_own_message(academy: Path, old: str, new: str, code: str) -> None:
    assert old in DESK
    write(academy, {"helpdesk/helpdesk.yaml": DESK.replace(old, new)})
    found = problems_of(academy)
    assert code in [one[0] for one in found]
    assert all(line > 0 for one, file, line in found if file.endswith("helpdesk.yaml"))


def test_a_forum_and_a_glossary_must_be_activities_of_a_course(academy: Path) -> None:
    known = {"counters/questions", "counters/news"}
    assert ("helpdesk.unknown", "helpdesk/helpdesk.yaml", 12) in problems_of(academy, activities=known)
    assert problems_of(academy, activities={*known, "counters/answers"}) == problems_of(academy)


@pytest.mark.parametrize("language", ["sq", "ro"])
def test_every_message_is_there_in_every_language_with_the_same_values(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    codes = {code for code in english if code.startswith("helpdesk.")}
    assert len(codes) > 50
    assert codes == {code for code in other if code.startswith("helpdesk.")}
    for code in codes:
        assert set(english[code]) == set(other[code]), code
        assert _fields(english[code]) == _fields(other[code]), code


def _fields(entry: object) -> set[str]:
    if isinstance(entry, dict):
        return {field for part in entry.values() for field in _fields(part)}
    return {name for _, name, _, _ in string.Formatter().parse(str(entry)) if name}
