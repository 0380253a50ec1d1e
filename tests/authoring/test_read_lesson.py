"""Lessons: front matter, Markdown, call-outs, knowledge checks."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authoring.lesson import CallOut, Check, LawReference, LessonText, Prose
from authoring.problems import ContentError, Problem
from authoring.read_lesson import read_lesson

HEAD = "---\ntitle: T\n---\n"


def read(folder: Path, body: str) -> tuple[LessonText, list[Problem]]:
    path = folder / "lesson.sq.md"
    path.write_bytes((HEAD + body).encode("utf-8"))
    return read_lesson(path, "sq", root=folder, course_folder=folder)


def test_a_law_keeps_its_act_article_and_date_and_is_unchecked_unless_somebody_says_so(
    tmp_path: Path,
) -> None:
    text, problems = read(tmp_path, ':::law act="Law no. 9154" article="15" date=2003-11-06\nWords.\n:::\n')
    assert problems == []
    block = text.blocks[0]
    assert isinstance(block, CallOut)
    assert block.law == LawReference("Law no. 9154", "15", datetime.date(2003, 11, 6), checked=False)


def test_a_check_holds_its_case_question_answers_and_feedback(tmp_path: Path) -> None:
    body = """:::check id=case kind=multiple graded=yes
A citizen waits.

| a | b |
|---|---|
| 1 | 2 |

What do you **do**?
- [x] Listen
  and nod
  > Good.
- [ ] Leave
- [X] Ask
> Both.
> Really.
:::
"""
    text, problems = read(tmp_path, body)
    assert problems == []
    check = text.blocks[0]
    assert isinstance(check, Check)
    assert check.question_html == "What do you <strong>do</strong>?"
    assert "<table>" in check.case_html
    assert [option.html.replace("\n", " ") for option in check.options] == ["Listen and nod", "Leave", "Ask"]
    assert check.right == (0, 2)
    assert "Good." in check.options[0].feedback_html
    assert check.feedback_html.replace("\n", " ").strip() == "<p>Both. Really.</p>"
    assert check.graded


def test_a_check_counts_only_when_it_says_so(tmp_path: Path) -> None:
    text, _ = read(tmp_path, ":::check id=a kind=truefalse\nSo?\n- [x] Yes\n- [ ] No\n:::\n")
    assert [check.graded for check in text.checks] == [False]


def test_colons_in_code_are_no_blocks(tmp_path: Path) -> None:
    text, problems = read(tmp_path, "```\n:::tip\n```\n\n~~~\n:::\n~~~\n")
    assert problems == []
    assert len(text.blocks) == 1


def test_call_outs_hold_blocks_also_knowledge_checks(tmp_path: Path) -> None:
    body = (
        ":::practice\nText\n\n:::check id=a kind=truefalse\nSo?\n- [x] Yes\n- [ ] No\n:::\n\nMore\n:::\nEnd\n"
    )
    text, problems = read(tmp_path, body)
    assert problems == []
    outer = text.blocks[0]
    assert isinstance(outer, CallOut)
    assert [type(block) for block in outer.blocks] == [Prose, Check, Prose]
    assert [check.id for check in text.checks] == ["a"]
    assert isinstance(text.blocks[1], Prose)


def test_link_definitions_serve_the_whole_lesson(tmp_path: Path) -> None:
    text, problems = read(
        tmp_path, "See [the law][a].\n\n:::tip\nAnd [again][a].\n:::\n\n[a]: https://example.org/law\n"
    )
    assert problems == []
    assert isinstance(text.blocks[0], Prose)
    assert 'href="https://example.org/law"' in text.blocks[0].html
    assert isinstance(text.blocks[1], CallOut)


def test_a_lesson_that_is_too_large_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as large:
        read(tmp_path, "x" * 500_000)
    assert large.value.code == "yaml.too-large"
    (tmp_path / "lesson.sq.md").write_bytes(b"---\ntitle: \xff\n---\n")
    with pytest.raises(ContentError) as wrong:
        read_lesson(tmp_path / "lesson.sq.md", "sq", root=tmp_path, course_folder=tmp_path)
    assert (wrong.value.code, wrong.value.problem.place.line) == ("yaml.not-utf8", 2)


PIECES = st.sampled_from(
    [":::", ":::tip", ":::check id=a kind=single", ":::law act=x", "- [x] a", "- [ ] b", "  > f", "> g", "```", "text",
     "# h", "![a](b.png)", "<b>", "|a|b|", "|-|-|", "", "---", "  - [x]", ":::: x", "\t:::", "[a]: https://x.y"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=14))
def test_whatever_stands_in_a_lesson_it_is_read_or_its_problems_are_told(
    tmp_path: Path, lines: list[str]
) -> None:
    last = len("\n".join([HEAD, *lines]).replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    try:
        _, problems = read(tmp_path, "\n".join(lines))
    except (ContentError, UnicodeEncodeError):
        return
    for problem in problems:
        assert 1 <= problem.place.line <= last
