"""Every block: what its author wrote is what it holds, and every mistake is told with its line in three languages."""

from __future__ import annotations

import datetime
import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authoring import blocks
from authoring.blocks import (
    READABLES,
    CallOut,
    DataTable,
    Exercise,
    LawReference,
    Order,
    Recording,
    Scenario,
    Sort,
    Steps,
    citation_problems,
    each_block,
)
from authoring.blocks.ordering import shuffled
from authoring.course import read_course
from authoring.lesson import LessonText
from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError, Place, Problem
from authoring.read_lesson import read_lesson
from authoring.read_media import read_captions
from tests.course_packages.conftest import EVERY_BLOCK, ROOT

HEAD = "---\ntitle: T\n---\n"
MEDIA = EVERY_BLOCK / "courses" / "every-block" / "media"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(MEDIA, tmp_path / "media")
    (tmp_path / "media" / "film.mp4").write_bytes(b"no film at all, only words")
    (tmp_path / "media" / "empty.mp3").write_bytes(b"")
    return tmp_path


def read(folder: Path, body: str, language: str = "en") -> tuple[LessonText, list[Problem]]:
    path = folder / f"lesson.{language}.md"
    path.write_bytes((HEAD + body).encode("utf-8"))
    return read_lesson(path, language, root=folder, course_folder=folder)


VIDEO = ':::video src="media/path.webm" title="T" {}\n{}\n:::'
SCENARIO = ':::scenario id=s title="T"\n{}\n:::'
GOOD = "[a]\nText.\n- One -> b\n- Two -> c\n\n[b end=good]\nText.\n\n[c end=bad]\nText.\n"
EXERCISE = ':::exercise id=e title="T"\nDo it.\n\n- [ ] Done\n\n:::model\nSo.\n:::\n:::\n'
ORDER = ":::order id=o\nWhich order?\n1. One\n2. Two\n3. Three\n:::"
SORT = ":::sort id=s\nWhere?\n- A\n  - one\n  - two\n- B\n  - three\n:::"
SPOT = ':::hotspot id=h src="media/letter.svg" alt="A letter"\nWhere?\n- [x] (10,20) Here\n- [ ] (30,40) There\n:::'

# A mistake, the line of the body on which it is told, and its code.
SPOILT: list[tuple[str, int, str]] = [
    ('lesson.attribute-choice', 1, ':::figure src="media/letter.svg" alt="A" width=huge\n:::'),
    ("lesson.attribute-number", 1, ":::reflection id=r keep=5000\nWhat?\n:::"),
    ("lesson.attribute-missing", 1, ':::figure src="media/letter.svg"\n:::'),
    ("lesson.holds-directive", 2, ":::flashcards\n:::tip\nx\n:::\n:::"),
    ("lesson.directive-not-empty", 2, ":::helpful\nText\n:::"),
    ("lesson.too-few-items", 1, ":::flashcards\n- One\n  > Back\n:::"),
    ("lesson.too-many-items", 1, ":::order id=o\nWhich?\n" + "".join(f"{n}. Line {n}\n" for n in range(1, 15)) + ":::"),
    ("lesson.panels-text-before", 2, ":::steps\nText\n## One\nText\n## Two\nText\n:::"),
    ("lesson.panels-too-few", 1, ":::cards\n## One\nText\n:::"),
    ("lesson.panel-empty", 2, ":::tabs\n## One\n## Two\nText\n:::"),
    ("lesson.table-needed", 1, ':::table caption="C"\nText\n:::'),
    ("lesson.card-stray-line", 2, ":::flashcards\nText\n- One\n  > B\n- Two\n  > B\n:::"),
    ("lesson.card-without-back", 2, ":::flashcards\n- One\n- Two\n  > B\n:::"),
    ("lesson.spot-place", 3, SPOT.replace("(10,20)", "")),
    ("lesson.spot-outside", 3, SPOT.replace("(10,20)", "(10,120)")),
    ("lesson.check-id", 1, SPOT.replace("id=h", "id=h\u00eb")),
    ("lesson.check-id", 1, ORDER.replace("id=o", "id=\U0001f4dc")),
    ("lesson.check-id", 1, ORDER.replace("id=o", "id=e\u0308")),
    ("lesson.order-question", 1, ":::order id=o\n1. One\n2. Two\n3. Three\n:::"),
    ("lesson.order-stray-line", 4, ORDER.replace("2. Two", "Two")),
    ("lesson.check-same-options", 1, ORDER.replace("Two", "One")),
    ("lesson.sort-question", 1, SORT.replace("Where?\n", "")),
    ("lesson.sort-stray-line", 5, SORT.replace("  - two", "two")),
    ("lesson.sort-empty-group", 3, SORT.replace("  - one\n  - two\n", "")),
    ("lesson.sort-groups", 1, ":::sort id=s\nWhere?\n- A\n  - one\n  - two\n  - three\n:::"),
    ("scenario.text-before", 2, SCENARIO.format("Text\n" + GOOD)),
    ("scenario.stray-line", 5, SCENARIO.format(GOOD.replace("- Two -> c", "Two"))),
    ("scenario.scene-id", 2, SCENARIO.format(GOOD.replace("[a]", "[\u00eb]"))),
    ("scenario.scene-empty", 7, SCENARIO.format(GOOD.replace("[b end=good]\nText.", "[b end=good]"))),
    ("scenario.scene-twice", 10, SCENARIO.format(GOOD.replace("[c", "[B").replace("-> c", "-> b"))),
    ("scenario.choice-without-target", 5, SCENARIO.format(GOOD.replace("Two -> c", "Two"))),
    ("scenario.too-many-choices", 2, SCENARIO.format(GOOD.replace("- One -> b\n", "- One -> b\n" * 6))),
    ("scenario.target-unknown", 5, SCENARIO.format(GOOD.replace("Two -> c", "Two -> d"))),
    (
        "scenario.target-unknown-near",
        4,
        SCENARIO.format(GOOD.replace("[b end", "[heard end").replace("One -> b", "One -> hear")),
    ),
    ("scenario.circle", 2, SCENARIO.format(GOOD.replace("[c end=bad]\nText.\n", "[c]\nText.\n- Back -> a\n"))),
    ("scenario.circle", 10, SCENARIO.format(GOOD.replace("[c end=bad]\nText.\n", "[c]\nText.\n- Stay -> c\n"))),
    ("scenario.dead-end", 10, SCENARIO.format(GOOD.replace("[c end=bad]", "[c]"))),
    ("scenario.end-goes-on", 10, SCENARIO.format(GOOD + "- More -> b\n")),
    ("scenario.end-unreachable", 10, SCENARIO.format(GOOD.replace("Two -> c", "Two -> b"))),
    ("scenario.unreachable", 13, SCENARIO.format(GOOD + "\n[d]\nText.\n- On -> b\n")),
    ("scenario.no-good-end", 1, SCENARIO.format(GOOD.replace("good", "fair")).replace('"T"', '"T" graded=yes')),
    ("lesson.attribute-choice", 7, SCENARIO.format(GOOD.replace("end=good", "end=happy"))),
    ("exercise.no-task", 1, EXERCISE.replace("Do it.\n", "")),
    ("exercise.no-model", 1, EXERCISE.replace(":::model\nSo.\n:::\n", "")),
    ("exercise.two-models", 9, EXERCISE.replace(":::model\nSo.\n:::\n", ":::model\nSo.\n:::\n:::model\nOr so.\n:::\n")),
    ("exercise.model-outside", 1, ":::model\nText\n:::"),
    ("exercise.checklist", 1, EXERCISE.replace("- [ ] Done\n", "")),
    ("media.path", 1, ':::download src="https://example.org/a.pdf" title="T"\n:::'),
    ("media.outside", 1, ':::download src="../secret.pdf" title="T"\n:::'),
    ("media.missing", 1, ':::download src="media/none.pdf" title="T"\n:::'),
    ("media.other-case", 1, ':::download src="media/FORM.csv" title="T"\n:::'),
    ("media.kind", 1, ':::download src="media/path.webm" title="T"\n:::'),
    ("media.size", 1, ':::audio src="media/empty.mp3" title="T"\nWords\n:::'),
    ("media.not-its-kind", 1, VIDEO.format("speech=no", "It shows nothing.").replace("path.webm", "film.mp4")),
    ("media.captions-missing", 1, VIDEO.format("", "Words")),
    ("media.silent-without-words", 1, VIDEO.format("speech=no", "")),
    ("media.transcript-missing", 1, ':::audio src="media/bell.wav" title="T"\n:::'),
    ("law.ends-before", 1, ':::law act="A" in-force=2026-01-02 until=2026-01-01\nText\n:::'),
    ("lesson.law-date", 1, ':::law act="A" in-force=2026-13-02\nText\n:::'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "line", "body"), SPOILT, ids=[f"{n}-{one[0]}" for n, one in enumerate(SPOILT)]
)
def test_every_mistake_in_a_block_is_told_at_its_line_in_three_languages(
    folder: Path, code: str, line: int, body: str
) -> None:
    _, problems = read(folder, body)
    found = [problem for problem in problems if problem.code == code]
    assert found, [problem.code for problem in problems]
    assert found[0].place.line == line + 3
    for language in LANGUAGES:
        said = describe(found[0], language)
        assert "{" not in said.replace("{lang}", "")
        assert code not in said


def test_the_codes_of_all_blocks_are_tried() -> None:
    import re

    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "authoring" / "blocks").glob("*.py")
    )
    reported = set(re.findall(r'report\(\s*"([a-z.-]+)"', source))
    tried = {code for code, _, _ in SPOILT}
    tried |= {  # told of elsewhere: tests/authoring/test_course.py, tests/authoring/test_read_lesson.py
        code
        for code in reported
        if code.startswith(("lesson.check-", "lesson.attribute-", "lesson.directive-empty"))
    }
    tried |= {"media.unreadable", "scenario.scene-code"}
    assert reported - tried == set()


def test_two_scenes_that_would_be_kept_under_one_sign_are_told(folder: Path) -> None:
    from authoring.blocks.scenario import Scene

    seen: dict[int, str] = {}
    pair = ()
    for n in range(40_000):  # 20 bits: two alike are met after some thousand
        name = f"scene-{n}"
        if (other := seen.setdefault(Scene(name, "").code, name)) and other != name:
            pair = (other, name)
            break
    first, second = pair
    body = f"[a]\nText.\n- One -> {first}\n- Two -> {second}\n\n[{first} end=good]\nText.\n\n[{second} end=bad]\nText.\n"
    _, problems = read(folder, SCENARIO.format(body))
    assert [problem.code for problem in problems] == ["scenario.scene-code"]


def test_blocks_hold_what_their_author_wrote(folder: Path) -> None:
    body = f"{SCENARIO.format(GOOD)}\n{EXERCISE}\n{ORDER}\n{SORT.replace('id=s', 'id=t')}\n:::steps\n### One\nA\n\n:::tip\nB\n:::\n\n### Two\nC\n:::"
    text, problems = read(folder, "## Start\n" + body)
    assert problems == []
    _, scenario, exercise, order, sort, steps = text.blocks
    assert isinstance(scenario, Scenario)
    assert [(scene.id, scene.end, [c.target for c in scene.choices]) for scene in scenario.scenes] == [
        ("a", None, ["b", "c"]),
        ("b", "good", []),
        ("c", "bad", []),
    ]
    assert isinstance(exercise, Exercise)
    assert (exercise.checklist, len(exercise.task), len(exercise.model)) == (("Done",), 1, 1)
    assert isinstance(order, Order)
    assert order.items == ("One", "Two", "Three")
    assert isinstance(sort, Sort)
    assert sort.keeps.right == (0, 0, 1)
    assert isinstance(steps, Steps)
    assert [(panel.title_html, panel.level) for panel in steps.panels] == [("One", 3), ("Two", 3)]
    assert isinstance(steps.panels[0].blocks[1], CallOut)


def test_a_table_with_row_headers_names_them_and_its_caption(folder: Path) -> None:
    text, problems = read(
        folder, ':::table caption="How **long**" header=both\n| a | b |\n|---|--:|\n| 1 | 2 |\n:::'
    )
    assert problems == []
    (table,) = text.blocks
    assert isinstance(table, DataTable)
    assert "<caption>How <strong>long</strong></caption>" in table.html
    assert '<th scope="row">1</th>' in table.html


def test_what_is_said_in_a_video_comes_from_its_captions_in_the_language_of_the_lesson(folder: Path) -> None:
    text, problems = read(folder, VIDEO.format('captions="media/path.{lang}.vtt"', ""), "sq")
    assert problems == []
    (video,) = text.blocks
    assert isinstance(video, Recording)
    assert video.paragraphs[0].startswith("Një shkresë vjen në sportel. Ajo merr")
    assert {file.name for file in text.files} == {"media/path.webm", "media/path.sq.vtt"}


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        ("captions.header", 1, "1\n00:01.000 --> 00:02.000\nA"),
        ("captions.timing", 3, "WEBVTT\n\n00:01,000 --> 00:02,000\nA"),
        ("captions.timing", 3, "WEBVTT\n\nWords without a time"),
        ("captions.order", 3, "WEBVTT\n\n00:03.000 --> 00:02.000\nA"),
        ("captions.order", 6, "WEBVTT\n\n00:03.000 --> 00:04.000\nA\n\n00:01.000 --> 00:02.000\nB"),
        ("captions.empty-cue", 3, "WEBVTT\n\n00:01.000 --> 00:02.000\n"),
        ("captions.empty", 1, "WEBVTT\n\nNOTE nothing yet\n"),
    ],
)
def test_captions_are_judged_with_their_lines(code: str, line: int, text: str) -> None:
    _, problems = read_captions(text, "a.vtt")
    assert [(problem.code, problem.place.line) for problem in problems] == [(code, line)]
    for language in LANGUAGES:
        assert code not in describe(
            Problem(code, {**problems[0].params, "file": "a.vtt", "line": line}), language
        )


@given(identifier=st.text("abc-123", min_size=1, max_size=12), n=st.integers(3, 12))
def test_an_order_is_shown_shuffled_always_the_same_way_and_never_solved(identifier: str, n: int) -> None:
    order = shuffled(identifier, n)
    assert sorted(order) == list(range(n))
    assert order != tuple(range(n))
    assert order == shuffled(identifier, n)


DAY = datetime.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("code", "law"),
    [
        (
            "law.expired",
            LawReference("A", until=datetime.date(2026, 11, 21), in_force=datetime.date(2020, 1, 1)),
        ),
        ("law.not-yet", LawReference("A", in_force=datetime.date(2027, 1, 1))),
        ("law.undated", LawReference("A")),
        ("law.undated", LawReference("A", date=datetime.date(2003, 11, 6), checked=True)),
        (None, LawReference("A", date=datetime.date(2003, 11, 6))),
        (None, LawReference("A", in_force=DAY, until=DAY)),
    ],
)
def test_citations_that_have_ended_or_have_no_day_are_warned_of(code: str | None, law: LawReference) -> None:
    found = list(citation_problems(law, Place("f", 1), DAY))
    assert [(problem.code, problem.severity) for problem in found] == ([(code, "warning")] if code else [])
    for problem in found:
        assert all(problem.code not in describe(problem, language) for language in LANGUAGES)


# --- whole courses


@pytest.fixture
def academy(tmp_path: Path) -> Path:
    shutil.copytree(EVERY_BLOCK, tmp_path / "academy")
    return tmp_path / "academy"


def course_problems(academy: Path) -> list[Problem]:
    try:
        return list(read_course(academy / "courses" / "every-block", root=academy).warnings)
    except ContentError as error:
        return list(error.problems)


def change(academy: Path, file: str, old: str, new: str) -> None:
    path = academy / "courses" / "every-block" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "file", "old", "new"),
    [
        ("glossary.undefined-near", "lessons/text/lesson.sq.md", "term:series", "term:serie"),
        ("glossary.undefined", "lessons/text/lesson.sq.md", "term:series", "term:xyz"),
        ("glossary.term-twice", "glossary.yaml", "id: series", "id: Protocol-Number"),
        ("glossary.definition-too-long", "glossary.yaml", "Files that", "Files " * 120),
        ("course.text-not-translated", "glossary.yaml", ", ro: Serie}", "}"),
        ("markdown.html-not-allowed", "glossary.yaml", "Files that", "<b>Files</b> that"),
        ("course.duplicate-check", "lessons/work/lesson.en.md", "id=own-page", "id=MAYOR"),
        ("course.check-only-here", "lessons/work/lesson.ro.md", "id=my-counter", "id=mine"),
        ("course.check-not-translated", "lessons/work/lesson.ro.md", ":::helpful\n:::", ""),
        ("course.check-differs-kind", "lessons/questions/lesson.sq.md", "id=where graded=yes", "id=where"),
        ("course.check-differs-count", "lessons/questions/lesson.ro.md", "4. Ștampilez documentul\n", ""),
        ("course.check-differs-answer", "lessons/questions/lesson.ro.md", "- Personal\n  - O adeverință de serviciu\n", "  - O adeverință de serviciu\n- Personal\n"),
        ("course.scenario-differs", "lessons/work/lesson.sq.md", "sent end=fair", "sent end=bad"),
        ("course.reflection-differs", "lessons/work/lesson.sq.md", "id=my-counter", "id=my-counter keep=80"),
        ("lesson.helpful-twice", "lessons/work/lesson.sq.md", ":::helpful\n:::", ":::helpful\n:::\n\n:::helpful\n:::"),
    ],
)  # fmt: skip
def test_what_is_wrong_between_files_is_told(academy: Path, code: str, file: str, old: str, new: str) -> None:
    change(academy, file, old, new)
    found = [problem for problem in course_problems(academy) if problem.code == code]
    assert found
    assert found[0].place.file.startswith("courses/every-block/")
    for language in LANGUAGES:
        assert code not in describe(found[0], language)


def test_a_lesson_that_lacks_a_language_is_an_error_shown_in_the_default_one_or_hidden(academy: Path) -> None:
    (academy / "courses/every-block/lessons/panels/lesson.ro.md").unlink()
    assert {p.code for p in course_problems(academy) if p.severity == "error"} == {
        "course.lesson-not-translated"
    }
    for fallback, shown in (("default", "en"), ("hide", None)):
        change(
            academy, "course.yaml", "offered: [en, sq, ro]", f"fallback: {fallback}, offered: [en, sq, ro]"
        )
        course = read_course(academy / "courses" / "every-block", root=academy)
        assert [p.code for p in course.warnings] == ["course.lesson-not-translated"]
        text = course.lessons[1].texts.get("ro")
        assert (text.language if text else None) == shown
        change(academy, "course.yaml", f"fallback: {fallback}, ", "")


def test_titles_fall_back_too_and_the_default_language_has_to_be_whole(academy: Path) -> None:
    change(academy, "course.yaml", "offered: [en, sq, ro]", "fallback: default, offered: [en, sq, ro]")
    change(academy, "course.yaml", ", ro: Toate blocurile}", "}")
    course = read_course(academy / "courses" / "every-block", root=academy)
    assert course.title.in_language("ro", "en") == "Every block"
    assert [p.code for p in course.warnings] == ["course.text-not-translated"]
    (academy / "courses/every-block/lessons/panels/lesson.en.md").unlink()
    assert "course.lesson-not-translated" in {
        p.code for p in course_problems(academy) if p.severity == "error"
    }


# --- bad input


def test_a_hundred_megabytes_of_markdown_are_refused_before_they_are_read(folder: Path) -> None:
    with (folder / "lesson.en.md").open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ContentError) as error:
        read_lesson(folder / "lesson.en.md", "en", root=folder, course_folder=folder)
    assert error.value.code == "yaml.too-large"


def test_each_directive_is_looked_for_in_the_module_that_reads_it() -> None:
    for module, names in blocks._DIRECTIVES.items():
        assert names == tuple(importlib.import_module(f"authoring.blocks.{module}").READABLES)
    listed = {one for module in blocks._CLASSES.values() for one in module}
    assert all(getattr(blocks, name).__name__ == name for name in listed)


@pytest.mark.parametrize("name", sorted(READABLES))
def test_blocks_hundreds_deep_and_hundreds_long_are_told_in_little_time(folder: Path, name: str) -> None:
    _, problems = read(folder, f":::{name}\n" * 300 + "text\n" + ":::\n" * 300)
    assert "lesson.directive-too-deep" in {problem.code for problem in problems}
    read(folder, f":::{name}\n:::\n\n" * 200)
    read(folder, f":::{name} id=x\n" + "- [ ] x -> y\n[s]\n1. x\n  - y\n> z\n" * 100 + ":::\n")


PIECES = st.sampled_from(
    [":::", *(f":::{name} id=a src=media/letter.svg title=t alt=a kind=single caption=c" for name in READABLES),
     "## H", "- [x] (1,2) a", "- [ ] b", "1. a", "- g", "  - i", "  > f", "> g", "[s]", "[t end=good]", "- go -> t",
     "| a |", "|---|", "[w](term:x)", "text", ""]
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(PIECES, max_size=16))
def test_whatever_is_written_it_is_read_printed_and_shown_or_its_problems_are_told(
    folder: Path, lines: list[str]
) -> None:
    from course_packages.lesson_html import lesson_html

    text, problems = read(folder, "\n".join(lines))
    assert all(problem.place.line <= len(lines) + 4 for problem in problems)
    lesson_html(text, "en")
    printed: list[Any] = [part for block in text.blocks for part in block.on_paper()]
    assert len(list(each_block(text.blocks))) >= len(text.blocks)
    assert all(part.style for part in printed)
