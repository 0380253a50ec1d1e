"""A course is read whole, or every reason why not is told with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from authoring.course import Course
from authoring.course_file import CourseFile
from authoring.messages import LANGUAGES, describe
from authoring.read_yaml import load_model, parse_yaml

Spoil = Callable[[Any], None]


def in_course(old: str, new: str) -> Spoil:
    return lambda folder: folder.replace("course.yaml", old, new)


def in_lesson(old: str, new: str, language: str = "en") -> Spoil:
    return lambda folder: folder.replace(f"lessons/one/lesson.{language}.md", old, new)


def in_lessons(old: str, new: str) -> Spoil:
    def spoil(folder: Any) -> None:
        for language in ("sq", "en"):
            in_lesson(old, new, language)(folder)

    return spoil


def added(text: str) -> Spoil:
    return lambda folder: folder.add(text)


CHECK_2 = ":::check id=k2 kind={kind}\nWhich?\n{options}\n:::\n"


def check(options: str, kind: str = "single") -> Spoil:
    return added(CHECK_2.format(kind=kind, options=options))


SECOND_LESSON = "  - {id: one, minutes: 10}\n"

SPOILT: dict[str, Spoil] = {
    "course.default-language": in_course("default: sq", "default: ro"),
    "course.language-twice": in_course("[sq, en]", "[sq, en, sq]"),
    "course.text-not-translated": in_course(
        "summary: {sq: Përmbledhje, en: Summary}", "summary: {sq: Vetëm}"
    ),
    "course.title-too-long": in_course("en: Course}", f"en: {'long ' * 50}}}"),
    "course.duplicate-lesson": in_course(SECOND_LESSON, SECOND_LESSON + "  - {id: ONE}\n"),
    "course.duplicate-section": in_course("complete_when", "  - {id: learn, title: Again}\ncomplete_when"),
    "course.duplicate-activity": in_course(
        "complete_when",
        "  - {id: two, title: T, activities: [{id: Package, kind: quiz, quiz: q, title: T}]}\ncomplete_when",
    ),
    "course.quiz-not-named": in_course("kind: package", "kind: quiz"),
    "course.two-packages": in_course(
        "complete_when",
        "  - {id: two, title: T, activities: [{id: p2, kind: package, title: T}]}\ncomplete_when",
    ),
    "course.completion-without-passing": in_course("passing: {score: 70}\n", ""),
    "course.too-many-lessons": in_course(
        SECOND_LESSON, SECOND_LESSON + "".join(f"  - {{id: l{n}}}\n" for n in range(10_000))
    ),
    "course.target-language": in_course(
        "complete_when", "targets: [{kind: scorm12, languages: [ro]}]\ncomplete_when"
    ),
    "course.target-twice": in_course(
        "complete_when", "targets: [{kind: scorm12}, {kind: scorm12}]\ncomplete_when"
    ),
    "course.target-missing": in_course("complete_when", "targets: [{kind: html}]\ncomplete_when"),
    "course.target-pushed-twice": in_course(
        "complete_when",
        "targets: [{kind: scorm12, push: true}, {kind: scorm2004, push: true}]\ncomplete_when",
    ),
    "course.target-2004": in_course(
        "complete_when", "targets: [{kind: scorm12}, {kind: scorm2004, push: true}]\ncomplete_when"
    ),
    "course.target-2004-lessons": in_course(
        "complete_when", "targets: [{kind: scorm2004, scos: lessons, push: true}]\ncomplete_when"
    ),
    "course.target-completion": in_course(
        "complete_when", "targets: [{kind: scorm12, scos: lessons}, {kind: scorm12}]\ncomplete_when"
    ),
    "course.unknown-activity": in_course("all: [package]", "all: [final]"),
    "course.activity-never-complete": in_course(", completion: passed", ""),
    "course.lesson-missing": in_course("{id: one, minutes: 10}", "{id: other}"),
    "course.lesson-not-translated": lambda folder: folder.path("lessons/one/lesson.en.md").unlink(),
    "course.lesson-not-listed": lambda folder: folder.write(
        "lessons/two/lesson.sq.md", "---\ntitle: T\n---\nx"
    ),
    "course.check-not-translated": in_lesson(":::check id=k1", ":::check id=k9"),
    "course.check-only-here": in_lesson(":::check id=k1", ":::check id=k9"),
    "course.check-differs-kind": in_lesson("graded=yes", "graded=no"),
    "course.check-differs-count": in_lesson("- [ ] That", "- [ ] That\n- [ ] Third"),
    "course.check-differs-answer": in_lesson(
        "- [x] This\n  > Yes.\n- [ ] That", "- [ ] This\n  > Yes.\n- [x] That"
    ),
    "course.duplicate-check": added(":::check id=K1 kind=truefalse\nSo?\n- [x] Yes\n- [ ] No\n:::"),
    "course.passing-without-checks": in_lessons("graded=yes", ""),
    "lesson.front-matter-missing": in_lesson("---\ntitle", "title"),
    "lesson.front-matter-open": in_lesson("[Do it]\n---", "[Do it]"),
    "lesson.empty": lambda folder: folder.write("lessons/one/lesson.en.md", "---\ntitle: T\n---\n\n"),
    "lesson.directive-unknown": added(":::film src=a.mp4\n:::"),
    "lesson.directive-name-missing": added("::: 3"),
    "lesson.directive-not-open": added("text\n\n:::"),
    "lesson.directive-not-closed": added(":::tip\nText"),
    "lesson.directive-too-deep": added(":::tip\n" * 7 + "x\n" + ":::\n" * 7),
    "lesson.directive-empty": added(":::tip\n:::"),
    "lesson.attribute-unknown": added(":::law act=a colour=red\nText\n:::"),
    "lesson.attribute-none": added(":::tip colour=red\nText\n:::"),
    "lesson.attribute-twice": added(":::law act=a act=b\nText\n:::"),
    "lesson.attribute-unreadable": added(":::law act=Law on archives\nText\n:::"),
    "lesson.word-quotes": added(":::law act=“Law on archives”\nText\n:::"),
    "lesson.attribute-missing": added(":::law article=3\nText\n:::"),
    "lesson.attribute-yes-no": added(":::law act=a checked=maybe\nText\n:::"),
    "lesson.law-date": added(":::law act=a date=6.11.2003\nText\n:::"),
    "lesson.check-id": in_lessons("id=k1", 'id="k 1"'),
    "lesson.check-kind": in_lessons("kind=single", "kind=essay"),
    "lesson.holds-directive": added(":::check id=k2 kind=single\nQ?\n:::tip\nx\n:::\n- [x] a\n- [ ] b\n:::"),
    "lesson.check-question": added(":::check id=k2 kind=single\n- [x] a\n- [ ] b\n:::"),
    "lesson.check-option-late": check("- [x] a\n> General\n- [ ] b"),
    "lesson.check-stray-line": check("- [x] a\n- [ ] b\nNot indented"),
    "lesson.check-option-mark": check("- [x] a\n- [o] b"),
    "lesson.check-option-written": check("- [x] a\n– [ ] b"),
    "lesson.check-option-empty": check("- [x] a\n- [ ] "),
    "lesson.check-two-options": check("- [x] a\n- [ ] b\n- [ ] c", "truefalse"),
    "lesson.check-too-few-options": check("- [x] a"),
    "lesson.check-too-many-options": check("- [x] a\n" + "\n".join(f"- [ ] b{n}" for n in range(20))),
    "lesson.check-no-right-answer": check("- [ ] a\n- [ ] b"),
    "lesson.check-several-right": check("- [x] a\n- [x] b"),
    "lesson.check-same-options": check("- [x] Same\n- [ ] same"),
    "markdown.html-not-allowed": added('<div class="x">Text</div>'),
    "markdown.script": added("<script>alert(1)</script>"),
    "markdown.link-unsafe": added("[a](javascript:alert(1))"),
    "markdown.link-relative": added("[a](../other.pdf)"),
    "markdown.link-not-https": added("[a](http://example.org)"),
    "markdown.image-without-alt": added("![](../../media/stamp.svg)"),
    "markdown.image-remote": added("![A](https://example.org/a.png)"),
    "markdown.control-character": added("A\x08B"),
    "markdown.block-too-long": added("[" * 25_000),
    "markdown.heading-is-title": added("# Title"),
    "markdown.heading-without-blank": added("##Heading"),
    "markdown.picture-not-read": added("![A](../../media/Foto zyra 1.png)"),
    "markdown.link-not-read": added("[A](https://example.org/a b)"),
    "markdown.heading-skipped-inside": added("## Own\n\n#### Deep"),
    "image.path": added("![A](C:\\\\pictures\\\\a.png)"),
    "image.outside": added("![A](../../../../secret.svg)"),
    "image.missing": added("![A](../../media/none.png)"),
    "image.missing-near": added("![A](../../media/stanp.svg)"),
    "image.other-case": added("![A](../../media/STAMP.svg)"),
    "image.kind": lambda folder: (folder.write("media/a.bmp", b"BM"), folder.add("![A](../../media/a.bmp)"))[
        1
    ],
    "image.not-its-kind": lambda folder: (
        folder.write("media/a.png", b"no"),
        folder.add("![A](../../media/a.png)"),
    )[1],
    "image.unreadable": lambda folder: folder.write("media/stamp.svg", "<svg"),
    "image.svg-unsafe": lambda folder: folder.replace("media/stamp.svg", "<rect", "<script>1</script><rect"),
    "yaml.identifier": in_course("id: small", "id: Ëmbël kurs"),
    "yaml.unknown-key-similar": in_course("version:", "verzion:"),
    "yaml.missing-key": in_course('version: "1.0"\n', ""),
    "yaml.duplicate-key": in_course('version: "1.0"\n', 'version: "1.0"\nversion: "2.0"\n'),
    "yaml.wrong-choice": in_course("kind: package", "kind: scorm"),
    "yaml.above-limit": in_course("score: 70", "score: 170"),
    "yaml.below-limit": in_course("minutes: 10", "minutes: 0"),
    "yaml.list-too-short": in_course("offered: [sq, en]", "offered: []"),
    "yaml.language-tag": in_course("title: {sq: Kurs, en: Course}", "title: {sq: Kurs, Anglisht: Course}"),
    "yaml.text-empty": in_course("sq: Kurs", 'sq: " "'),
    "yaml.colon": in_course("title: {sq: Kurs", "title: {sq: Kurs: i"),
    "yaml.needs-duration": in_course("passing:", "duration: 30 min\npassing:"),
    "yaml.needs-text": in_course('version: "1.0"', "version: 1.0"),
    "yaml.language-code": in_course("default: sq", "default: Shqip"),
    "yaml.word-quotes": in_course("sq: Kurs", "sq: “Kurs”"),
    "yaml.not-utf8": lambda folder: folder.write("course.yaml", b"id: \xeb\n"),
    "yaml.not-readable": lambda folder: folder.path("course.yaml").unlink(),
}


def test_a_good_course_is_read_whole(course_folder: Any) -> None:
    course: Course = course_folder.read()
    assert course.warnings == ()
    assert (course.id, course.slug) == ("small", "small")
    assert [activity.id for activity in course.activities] == ["package"]
    lesson = course.lessons[0]
    assert set(lesson.texts) == {"sq", "en"}
    assert [check.right for check in course.checks] == [(0,)]
    assert [(image.name, image.width, image.height) for image in course.images] == [
        ("media/stamp.svg", 40, 20)
    ]


@pytest.mark.parametrize("code", SPOILT)
def test_what_is_wrong_is_told_by_its_code_and_place_in_three_languages(
    course_folder: Any, code: str
) -> None:
    SPOILT[code](course_folder)
    found = [problem for problem in course_folder.problems() if problem.code == code]
    assert found, course_folder.codes()
    for problem in found:
        assert (course_folder.root / problem.place.file).parent.exists()
        assert problem.place.file.startswith("courses/small/")
        for language in LANGUAGES:
            words = describe(problem, language)
            assert code not in words
            assert "{" not in words.replace("{score: 70}", "").replace("{…}", "").replace(
                "{sq: Kurs: i, en: Course}", ""
            )


def test_all_problems_of_all_files_are_told_at_once(course_folder: Any) -> None:
    for code in ("course.unknown-activity", "course.check-differs-kind", "image.missing", "markdown.script"):
        SPOILT[code](course_folder)
    problems = course_folder.problems()
    codes = {problem.code for problem in problems}
    assert codes >= {
        "course.unknown-activity",
        "course.check-differs-kind",
        "image.missing",
        "markdown.script",
    }
    assert [problem.place for problem in problems] == sorted(problem.place for problem in problems)


def test_a_problem_carries_the_line_on_which_it_stands(course_folder: Any) -> None:
    course_folder.add("\n<script>x</script>\n\n:::tip\n\nok\n\n![A](../../media/none.png)\n:::", ("sq",))
    lines = {problem.code: problem.place.line for problem in course_folder.problems()}
    text = course_folder.path("lessons/one/lesson.sq.md").read_text(encoding="utf-8").split("\n")
    assert text[lines["markdown.script"] - 1].startswith("<script>")
    assert text[lines["image.missing"] - 1].startswith("![A]")


def test_warnings_do_not_stop_a_course(course_folder: Any) -> None:
    SPOILT["course.lesson-not-listed"](course_folder)
    assert [problem.severity for problem in course_folder.read().warnings] == ["warning"]


def test_a_picture_behind_a_link_that_leaves_the_course_is_outside(course_folder: Any) -> None:
    secret = course_folder.root / "secret.svg"
    secret.write_text("<svg/>", encoding="utf-8")
    try:
        course_folder.path("media/inner.svg").symlink_to(secret)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    course_folder.add("![A](../../media/inner.svg)")
    assert course_folder.codes() == ["image.outside"]


def test_pictures_with_other_letters_get_a_name_that_every_platform_agrees_on(course_folder: Any) -> None:
    course_folder.write("media/vula e re.svg", course_folder.path("media/stamp.svg").read_bytes())
    course_folder.add("![Vula](<../../media/vula e re.svg>)")
    names = [image.name for image in course_folder.read().images]
    assert len(names) == 2
    assert all(name.isascii() and " " not in name for name in names)


def test_windows_line_ends_and_a_byte_order_mark_are_no_problem(course_folder: Any) -> None:
    for name in ("course.yaml", "lessons/one/lesson.sq.md"):
        text = course_folder.path(name).read_text(encoding="utf-8").replace("\n", "\r\n")
        course_folder.write(name, "\ufeff" + text)
    assert course_folder.codes() == []


def test_the_documented_course_is_a_course() -> None:
    documentation = (Path(__file__).resolve().parents[2] / "docs" / "formats" / "course.md").read_text(
        encoding="utf-8"
    )
    example = documentation.split("```yaml\n")[1].split("```")[0]
    assert load_model(parse_yaml(example, "course.md"), CourseFile).id == "archive-officers"


def test_the_documented_lessons_are_read(course_folder: Any) -> None:
    documentation = (Path(__file__).resolve().parents[2] / "docs" / "formats" / "course.md").read_text(
        encoding="utf-8"
    )
    for block in documentation.split("```markdown\n")[2:]:
        course_folder.add(block.split("```")[0])
    assert course_folder.codes() == []
    assert len(course_folder.read().checks) == 2


@pytest.mark.parametrize(
    "spoilt", ["– [ ] That", "- [ ]That", "- [] That", "[ x ] That", "-[ ] That", "• [ ] That"]
)
def test_an_answer_that_is_nearly_one_is_told_at_its_line_and_causes_no_further_complaints(
    course_folder: Any, spoilt: str
) -> None:
    line = spoilt if spoilt[0] != "[" else f"- {spoilt}"
    in_lesson("- [ ] That", line)(course_folder)
    if spoilt[0] == "[":
        in_lesson("- [x] This", "- [ ] This")(course_folder)
    (problem,) = course_folder.problems()
    assert problem.code == "lesson.check-option-written"
    text = course_folder.path("lessons/one/lesson.en.md").read_text(encoding="utf-8").split("\n")
    assert text[problem.place.line - 1] == line


def test_an_id_in_a_word_processors_quotes_is_told_alone(course_folder: Any) -> None:
    in_lesson("id=k1", "id=“k1”")(course_folder)
    (problem,) = course_folder.problems()
    assert problem.code == "lesson.word-quotes"
    assert 'id="k1"' in describe(problem, "sq")


def test_languages_are_not_compared_while_the_checks_of_one_cannot_be_read(course_folder: Any) -> None:
    in_lesson(":::check id=k1", ":::chek id=k1")(course_folder)
    assert course_folder.codes() == ["lesson.directive-unknown"]
