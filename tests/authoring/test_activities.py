"""Activities of every kind: what may be written of each, and what is told where it cannot be used."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from authoring.activity import Moment, PageActivity
from authoring.messages import LANGUAGES, describe
from authoring.read_yaml import load_model, parse_yaml

ALL = """\
      - {id: package, kind: package, title: Lessons, completion: passed, groups: separate, due: 2026-05-01}
      - {id: exam, kind: quiz, title: Exam, quiz: final, completion: completed, groups: visible}
      - id: how
        kind: page
        title: {sq: Si funksionon, en: How it works}
        text: {sq: "Lexo **këtë**.", en: "Read **this**."}
        completion: viewed
        available: {from: 2026-03-02, until: 2026-06-30 17:00, groups: [tirana]}
      - {id: more, kind: page, title: More}
      - {id: welcome, kind: label, title: Welcome, text: Mirë se erdhët, completion: marked}
      - {id: law, kind: url, title: The law, url: "https://example.org/law?id=1&part=2", completion: viewed}
      - {id: form, kind: file, title: The form, file: files/form.pdf, text: Print it., completion: none}
      - {id: news, kind: forum, type: news, title: News}
      - id: desk
        kind: forum
        type: qanda
        title: Help desk
        subscription: automatic
        groups: separate
        due: 2026-04-01
        cutoff: 2026-04-02
        completion: posted
      - {id: words, kind: glossary, title: Words, approval: true, duplicates: true, comments: true, completion: contributed}
      - id: task
        kind: assignment
        title: Task
        text: Bring a page of your register.
        points: 20
        pass: 12
        submit: [files]
        max_files: 2
        due: 2026-04-01 12:00
        cutoff: 2026-04-01 12:00
        completion: passed
      - id: opinion
        kind: feedback
        title: Your opinion
        anonymous: false
        repeat: true
        scale: [Poor, Fair, Good]
        completion: submitted
        questions:
          - {id: useful, type: rating, question: Was it useful?, required: true}
          - {id: long, type: rating, question: Was it long?, answers: [Short, Long]}
          - {id: again, type: choice, question: Again?, answers: ["Yes", "No"]}
          - {id: say, type: text, question: Say more}
"""
QUESTIONS = ALL.rpartition("questions:")[2]
PACKAGE = "      - {id: package, kind: package, title: Lessons, completion: passed}\n"


@pytest.fixture
def every_kind(course_folder: Any) -> Any:
    """The small course with an activity of every kind; quizzes are not read here."""
    course_folder.replace("course.yaml", PACKAGE, ALL)
    for language in ("sq", "en"):
        course_folder.write(f"pages/more.{language}.md", f"## {language}\n\nMore.\n")
    course_folder.write("files/form.pdf", b"%PDF-1.4")
    return course_folder


def changed(old: str, new: str) -> Callable[[Any], None]:
    return lambda folder: folder.replace("course.yaml", old, new)


def written(name: str, content: str) -> Callable[[Any], None]:
    return lambda folder: folder.write(name, content)


def without(name: str) -> Callable[[Any], None]:
    return lambda folder: folder.path(name).unlink()


SPOILT: dict[str, tuple[str, Callable[[Any], None]]] = {
    "date": ("yaml.moment", changed("from: 2026-03-02", "from: 2.3.2026")),
    "date that is none": ("yaml.moment", changed("due: 2026-05-01", "due: 2026-02-30")),
    "number for a date": ("yaml.moment", changed("due: 2026-05-01", "due: 20260501")),
    "address without https": ("yaml.web-address", changed('"https://example.org/law?', '"www.example.org/law?')),
    "address with a blank": ("yaml.web-address", changed("/law?id=1", "/the law?id=1")),
    "address that runs": ("yaml.web-address", changed('"https://example.org/law?', '"javascript:alert?')),
    "address with an entity": ("yaml.web-address", changed("id=1&part", "id=1&amp;part")),
    "kind": ("yaml.wrong-choice", changed("kind: label", "kind: banner")),
    "kind missing": ("yaml.missing-key", changed("kind: label, ", "")),
    "word of another kind": ("yaml.wrong-choice", changed("completion: contributed", "completion: submitted")),
    "key of another kind": ("yaml.unknown-key", changed("kind: label, ", "kind: label, groups: separate, ")),
    "key nearly right": ("yaml.unknown-key-similar", changed("max_files: 2", "max_file: 2")),
    "text missing": ("yaml.missing-key", changed("text: Mirë se erdhët, ", "")),
    "type of forum": ("yaml.wrong-choice", changed("type: news", "type: blog")),
    "kind of submission": ("yaml.wrong-choice", changed("submit: [files]", "submit: [video]")),
    "no submission": ("yaml.list-too-short", changed("submit: [files]", "submit: []")),
    "points": ("yaml.below-limit", changed("points: 20", "points: 0")),
    "files": ("yaml.above-limit", changed("max_files: 2", "max_files: 200")),
    "yes for true": ("yaml.needs-true-or-false", changed("approval: true", "approval: maybe")),
    "type of question": ("yaml.wrong-choice", changed("type: rating, question: Was it u", "type: stars, question: Was it u")),
    "no questions": ("yaml.list-too-short", changed(QUESTIONS, " []\n")),
    "no questions and no file": ("course.no-questions", changed("        questions:" + QUESTIONS, "")),
    "questions and a file": ("course.two-questionnaires", changed("anonymous: false\n", "questionnaire: needs\n")),
    "translation": ("course.text-not-translated", changed(", en: \"Read **this**.\"", "")),
    "quiz": ("course.quiz-not-named", changed("quiz: final, ", "")),
    "never open": ("course.available-never", changed("until: 2026-06-30 17:00", "until: 2026-03-01")),
    "due and not recorded": ("course.due-without-completion", changed("completion: passed, groups: separate, due", "due")),
    "cutoff": ("course.cutoff-before-due", changed("cutoff: 2026-04-02", "cutoff: 2026-03-31")),
    "pass": ("course.pass-above-points", changed("pass: 12", "pass: 21")),
    "passed without pass": ("course.completion-without-pass", changed("        pass: 12\n", "")),
    "file path": ("course.file-path", changed("file: files/form.pdf", "file: /etc/passwd")),
    "file elsewhere": ("course.file-outside", changed("file: files/form.pdf", "file: ../../secret.pdf")),
    "file's letters": ("course.file-other-case", changed("file: files/form.pdf", "file: files/Form.pdf")),
    "file missing": ("course.file-missing", without("files/form.pdf")),
    "file name": (
        "course.file-name",
        lambda folder: (folder.write("files/a&b.pdf", b"x"), changed("files/form.pdf", "files/a&b.pdf")(folder))[1],
    ),
    "file empty": ("course.file-size", written("files/form.pdf", "")),
    "page not translated": ("course.page-not-translated", without("pages/more.en.md")),
    "page missing": (
        "course.page-missing",
        lambda folder: [folder.path(f"pages/more.{one}.md").unlink() for one in ("sq", "en")],
    ),
    "page empty": ("course.page-empty", written("pages/more.en.md", " \n")),
    "picture in a page": ("markdown.image-not-here", written("pages/more.en.md", "![A](../media/stamp.svg)")),
    "script in a page": ("markdown.script", written("pages/more.en.md", "ok\n\n<script>x</script>")),
    "heading of a page": ("markdown.heading-skipped", written("pages/more.en.md", "#### Deep")),
    "HTML in a text": ("markdown.html-not-allowed", changed("text: Print it.", "text: <div>Print</div>")),
    "two questions": ("course.duplicate-question", changed("id: long", "id: Useful")),
    "no scale": ("course.question-answers", changed("        scale: [Poor, Fair, Good]\n", "")),
    "one answer": ("course.question-answers", changed('["Yes", "No"]', '["Yes"]')),
    "sign in an answer": ("course.answer-sign", changed('["Yes", "No"]', '["Yes", "No | never"]')),
    "id": ("yaml.identifier", changed("id: useful", "id: Sa e dobishme")),
}  # fmt: skip


def test_an_activity_of_every_kind_is_read_whole(every_kind: Any) -> None:
    assert every_kind.codes() == []
    course = every_kind.read()
    assert [one.kind for one in course.activities] == [
        "package", "quiz", "page", "page", "label", "url", "file", "forum", "forum", "glossary", "assignment", "feedback",
    ]  # fmt: skip
    assert course.quizzes == ("final",)


def test_a_page_without_text_has_that_of_its_files(every_kind: Any) -> None:
    page = next(one for one in every_kind.read().activities if one.id == "more")
    assert isinstance(page, PageActivity)
    assert page.text is not None
    assert page.text.in_language("sq") == "## sq\n\nMore.\n"


@pytest.mark.parametrize("case", SPOILT)
def test_what_cannot_be_used_is_told_with_place_and_remedy_in_three_languages(
    every_kind: Any, case: str
) -> None:
    code, spoil = SPOILT[case]
    spoil(every_kind)
    found = [problem for problem in every_kind.problems() if problem.code == code]
    assert found, every_kind.codes()
    for problem in found:
        assert problem.place.file.startswith("courses/small/")
        assert problem.place.line
        for language in LANGUAGES:
            words = describe(problem, language)
            assert code not in words
            assert "\n" in words, "no remedy"
            assert "{" not in words.replace("{…}", "")


def test_wrong_values_of_many_activities_are_told_at_once_on_their_lines(every_kind: Any) -> None:
    for case in ("cutoff", "pass", "file missing", "two questions", "picture in a page"):
        SPOILT[case][1](every_kind)
    problems = every_kind.problems()
    assert len({problem.code for problem in problems}) == 5
    lines = every_kind.path("course.yaml").read_text(encoding="utf-8").split("\n")
    told = {problem.code: lines[problem.place.line - 1] for problem in problems}
    assert "cutoff: 2026-03-31" in told["course.cutoff-before-due"]
    assert "pass: 21" in told["course.pass-above-points"]
    assert "files/form.pdf" in told["course.file-missing"]


@pytest.mark.parametrize(
    ("written", "begins", "ends"),
    [
        (Moment(datetime.date(2026, 3, 2)), "2026-03-02T00:00+01:00", "2026-03-02T23:59+01:00"),
        (Moment(datetime.date(2026, 7, 2)), "2026-07-02T00:00+02:00", "2026-07-02T23:59+02:00"),
        (Moment(datetime.date(2026, 7, 2), datetime.time(17)), "2026-07-02T17:00+02:00", "2026-07-02T17:00+02:00"),
    ],
)  # fmt: skip
def test_a_day_is_a_day_on_the_clock_of_the_site(written: Moment, begins: str, ends: str) -> None:
    zone = ZoneInfo("Europe/Tirane")
    for found, wanted in ((written.begins(zone), begins), (written.ends(zone), ends)):
        assert found == datetime.datetime.fromisoformat(wanted).timestamp()


def test_the_documented_activities_are_read(course_folder: Any) -> None:
    documentation = (Path(__file__).resolve().parents[2] / "docs" / "formats" / "course.md").read_text(
        encoding="utf-8"
    )
    example = documentation.split("```yaml\nactivities:\n")[1].split("```")[0]
    course_folder.replace("course.yaml", PACKAGE, "".join(f"      {line}\n" for line in example.splitlines()))
    course_folder.replace("course.yaml", "complete_when: {all: [package]}\n", "")
    course_folder.write("files/request-form.pdf", b"%PDF-1.4")
    assert [code for code in course_folder.codes() if not code.startswith("course.page-")] == []
    assert load_model(
        parse_yaml(course_folder.path("course.yaml").read_text(encoding="utf-8"), "c"), _model()
    )


def _model() -> Any:
    from authoring.course_file import CourseFile

    return CourseFile
