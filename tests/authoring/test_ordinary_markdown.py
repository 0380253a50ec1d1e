"""The short way for ordinary Markdown and the walk over its parts come to the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring import read_markdown
from authoring.ordinary_markdown import ordinary_html
from authoring.plain_markdown import plain_html
from authoring.problems import Place, Problem
from authoring.read_markdown import Picture, render, sanitise, walk

PIECES = [
    "a", "b c", "**", "*", "_", "`", "[", "](", "https://x.org", ")", "![", "x.png", "\n", "\n\n", "- ", "1. ", "3) ",
    "## ", "### ", "> ", "| a | b |\n|--|:-:|\n| 1 | 2 |\n", "&amp;", "&", ">", '"q"', "'", "ë", "ç ș ț", "😀", "  \n",
    "    code", "```\n", "\n---\n", "[l](https://x.org?a=1&b=2)", "![two *words*](p.webp)", '![a](b.png "A & b")',
    "[w](term:act)", "[m](mailto:a@b.c)", "http://z", "(", "]", "!", "#t", "word\n", "\n\n![alone](p.png)\n\n",
]  # fmt: skip


WORDS = [
    "a", "ë", "ç9", "²", "中", "👍", " ", " ", "**", "**", "*", "*", "** ", " **", " *", "* ", ".", ")", "1", "1.", "2) ", "- ",
    "+", ",", "!", "?", "(", '"', "'", "„", "”", "«", "…", "–", "%", "=", "{{a}}", "@x", "^", "/", ":", "_", "&", "a<b", "\t", "\xa0",
]  # fmt: skip


def find_picture(source: str, place: Place) -> Picture | list[Problem]:
    return (
        [Problem("image.missing", {"image": source}, place)]
        if "b" in source
        else Picture(f"media/{source}", 3, 4)
    )


def find_term(name: str, place: Place) -> str:
    return f"#term-{name}-{place.line}"


def same(html: str) -> str:
    """White space around tags says nothing."""
    return re.sub(
        r"\s*(</?(?:p|li|ul|ol|h\d|table|thead|tbody|tr|t[hd]|figure|blockquote|div|hr|br)\b[^>]*>)\s*",
        r"\1",
        html,
    )


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=14), inline=st.booleans())
def test_the_short_way_and_the_walk_give_the_same(pieces: list[str], inline: bool) -> None:
    source = "".join(pieces)
    options = {
        "file": "f",
        "first_line": 7,
        "inline": inline,
        "find_picture": find_picture,
        "find_term": find_term,
    }
    short, long = render(source, **options), walk(source, **options)  # type: ignore[arg-type]
    assert same(short.html) == same(long.html)
    assert short.heading_levels == long.heading_levels
    assert sorted(short.problems, key=repr) == sorted(long.problems, key=repr)


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from([*PIECES, *WORDS]), max_size=14), inline=st.booleans())
def test_what_passes_without_the_sanitiser_would_come_out_of_it_to_the_letter(
    pieces: list[str], inline: bool
) -> None:
    made = ordinary_html(
        "".join(pieces), file="f", first_line=1, inline=inline, find_picture=find_picture, find_term=find_term
    )
    for html in (made.html if made else "", walk("".join(pieces), file="f", inline=inline).html):
        if "<" in html or "&" in html:
            assert sanitise(html) == read_markdown._cleaner().clean(html)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://x.org" target="_blank" class="external">', '<a href="https://x.org" onclick="x" rel="noopener">',
        '<a href="javascript:x" target="_blank" class="external" rel="noopener">', '<a href="mailto:a&#58;" rel="noopener">',
        "<script>", "<p onclick=x>", "<p\n>", "<P>", "<img src=x>", "<a href='javascript:x'>", "<ol start=\"1\" onclick=x>",
        '<img src="https://x.org/a.png" alt="" width="1" height="1" loading="lazy" decoding="async">', "<!-- x -->", "<p/>",
        '<img src="media/a.png" alt="" width="1" height="1" loading="lazy" decoding="async" onerror="x">', "<style>", "<svg>",
        '<img src="media/a.png" alt=""x" width="1" height="1" loading="lazy" decoding="async">', "<div class=\"x\">", "<p",
        "a \x00", "&nbsp;", "&#60;script&#62;", "<math>", "\xa0<p>", '<div class="table" id="a">', "<h1>", "<iframe>", "</script>",
    ],
)  # fmt: skip
def test_nothing_else_passes_without_the_sanitiser(html: str) -> None:
    for around in ("{}", "<p>{}</p>", "a{}b", "{}<em>x</em>"):
        assert read_markdown._SAFE.fullmatch(around.format(html)) is None


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(WORDS), min_size=1, max_size=9))
def test_plain_words_and_the_walk_give_the_same_to_the_letter(pieces: list[str]) -> None:
    source = "".join(pieces)
    if (plain := plain_html(source)) is not None:
        for inline, around in ((False, "<p>{}</p>\n"), (True, "{}")):
            long = walk(source, file="f", inline=inline, math=True)
            assert (long.html, long.problems) == (around.format(plain), ())


def test_most_texts_of_the_examples_quizzes_are_plain_words() -> None:
    found = [
        plain_html(text) is not None
        for path in (Path(__file__).parents[2] / "examples").glob("*/quizzes/*.yaml")
        for text in re.findall(r'(?:sq|ro|en): "([^"]+)"', path.read_text("utf-8"))
    ]
    assert len(found) > 1000
    assert sum(found) > 0.9 * len(found)


def test_the_lessons_of_the_examples_are_ordinary() -> None:
    examples = Path(__file__).parents[2] / "examples"
    parts = [
        part
        for path in sorted(examples.glob("*/courses/*/lessons/*/lesson.en.md"))
        for part in re.split(r"(?m)^:::.*$", path.read_text("utf-8").split("\n---\n", 1)[1])
    ]
    ordinary = [
        ordinary_html(
            part, file="f", first_line=1, inline=False, find_picture=find_picture, find_term=find_term
        )
        for part in parts
    ]
    assert len(parts) > 200
    assert sum(one is not None for one in ordinary) > 0.9 * len(parts)
