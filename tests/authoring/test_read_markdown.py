"""Markdown becomes HTML that can do no harm; what would is told, never silently dropped."""

from __future__ import annotations

import re
import time
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.problems import Place
from authoring.read_markdown import Picture, heading_problems, link_references, render

ALLOWED = {
    "a", "abbr", "blockquote", "br", "code", "del", "div", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "img", "kbd", "li", "mark", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td",
    "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"href", "target", "class", "rel", "title", "src", "alt", "width", "height", "loading", "decoding",
              "scope", "start"}  # fmt: skip


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def html_of(source: str) -> str:
    return render(source, file="f", find_picture=lambda source, place: Picture("media/a.png", 3, 4)).html


def codes(source: str) -> list[str]:
    return [problem.code for problem in render(source, file="f").problems]


def test_tables_are_styled_by_classes_because_inline_style_is_forbidden_in_packages() -> None:
    html = html_of("| a | b |\n|:-:|--:|\n| 1 | 2 |\n")
    assert "style=" not in html
    assert '<td class="align-center">' in html
    assert '<th class="align-right" scope="col">' in html


def test_a_picture_alone_is_a_figure_with_its_size_and_title_as_caption() -> None:
    html = html_of('![What it shows](a.png "Caption & more")')
    assert html.startswith("<figure><img")
    assert 'alt="What it shows" width="3" height="4" loading="lazy"' in html
    assert "<figcaption>Caption &amp; more</figcaption>" in html
    assert "<figure>" not in html_of("Text ![A](a.png) text")


def test_links_that_leave_open_elsewhere_and_say_nothing_about_where_they_came_from() -> None:
    html = html_of("[law](https://example.org)")
    assert 'href="https://example.org" target="_blank" class="external" rel="noopener"' in html
    assert "target" not in html_of("[mail](mailto:a@example.org)")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("<img src=x onerror=alert(1)>", "markdown.script"),
        ("<svg><script>1</script></svg>", "markdown.script"),
        ("<iframe src='https://x'></iframe>", "markdown.html-not-allowed"),
        ("<style>p{}</style>", "markdown.html-not-allowed"),
        ("text <b>bold</b>", "markdown.html-not-allowed"),
        ("<details>\n<summary>x</summary>\n</details>", "markdown.html-not-allowed"),
        ("<sub onclick=x>2</sub>", "markdown.script"),
        ("[x](data:text/html;base64,aaaa)", "markdown.link-unsafe"),
        ("[x](JaVaScRiPt:alert(1))", "markdown.link-unsafe"),
        ("<javascript:alert(1)>", "markdown.link-unsafe"),
        ("[x](vbscript:a)", "markdown.link-unsafe"),
        ("[x]()", "markdown.link-relative"),
        ("![x](//example.org/a.png)", "markdown.image-remote"),
        ("![x](data:image/png;base64,aaaa)", "markdown.image-remote"),
        ("![x](a.png)", "markdown.image-not-here"),
    ],
)
def test_what_could_harm_is_a_problem(source: str, code: str) -> None:
    assert code in codes(source)


def test_html_without_a_sign_in_markdown_and_comments_may_stay() -> None:
    source = 'H<sub>2</sub>O<br>x <abbr title="High Council">HC</abbr>\n\n<!-- a note -->\n\na < b'
    assert codes(source) == []
    html = html_of(source)
    assert "<sub>2</sub>" in html
    assert "note" not in html
    assert "a &lt; b" in html


def test_lines_are_counted_inside_paragraphs_and_blocks() -> None:
    problems = render("one\ntwo <i>x\n\n<div>\n\n<p>", file="f", first_line=10).problems
    assert [(p.place.line, p.params["tag"]) for p in problems] == [(11, "<i>"), (13, "<div>"), (15, "<p>")]


def test_headings_begin_with_two_signs_and_skip_no_level() -> None:
    def judge(*levels: int) -> list[str]:
        return [p.code for p in heading_problems([(level, Place("f", n)) for n, level in enumerate(levels)])]

    assert judge(2, 3, 4, 2, 3) == []
    assert judge(1, 2) == ["markdown.heading-is-title"]
    assert judge(2, 4, 5) == ["markdown.heading-skipped-inside"]
    assert judge(3) == ["markdown.heading-skipped"]


def test_a_picture_or_link_that_stays_text_is_told_at_its_line() -> None:
    source = "one\n![Foto *a*](../../media/Foto zyra 1.png)\n\n![a] (b.png)\n\n- [l](https://x.org/a b)"
    assert [(p.code, p.place.line) for p in render(source, file="f").problems] == [
        ("markdown.picture-not-read", 2),
        ("markdown.picture-not-read", 4),
        ("markdown.link-not-read", 6),
    ]


@pytest.mark.parametrize(
    "source", ["`![a](b c)`", "\\![a](b c)", "a [1] (b)", "```\n![a](b c)\n##x\n```", "\\##x", "#1"]
)
def test_signs_that_were_meant_as_signs_are_no_problem(source: str) -> None:
    assert [code for code in codes(source) if code != "markdown.link-not-read"] == []


def test_a_heading_without_a_blank_is_told_and_a_word_with_a_sign_only_warned_of() -> None:
    problems = render("Text\n##Titulli\n\n#arkiva\n\n## Good", file="f").problems
    assert [(p.code, p.place.line, p.severity) for p in problems] == [
        ("markdown.heading-without-blank", 2, "error"),
        ("markdown.heading-without-blank", 4, "warning"),
    ]


NASTY = st.sampled_from(
    ["<", ">", "&", "script", "<script>", "</", "onerror=", "javascript:", "[", "](", ")", "![", "`", "\n", "style=",
     '"', "'", "<!--", "-->", "<![CDATA[", "<?", "&#106;", "|", "-|-", "&lt;", "\\", "<svg/onload=", "*", "data:"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(st.one_of(NASTY, st.text(max_size=6)), max_size=20), inline=st.booleans())
def test_no_markdown_ever_becomes_html_that_runs_or_fetches(pieces: list[str], inline: bool) -> None:
    html = render("".join(pieces), file="f", inline=inline).html
    for tag, attributes in Reader(html).tags:
        assert tag in ALLOWED
        assert attributes.keys() <= ATTRIBUTES
        assert not re.match(r"\s*(?:java|vb)script:|\s*data:", attributes.get("href") or "", re.IGNORECASE)


@pytest.mark.parametrize("piece", ["[", "![", "[a](b", ">", "*a ", "<a ", "<!--", "`", "- ", "| a ", "&amp;"])
def test_a_hostile_text_takes_little_time(piece: str) -> None:
    started = time.monotonic()
    render(piece * 8_000, file="f")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "source", ["1. January", "- a", "# a", "> a", "---", "| a |", "    a", "<div", "a\n- b"]
)
def test_signs_of_blocks_are_plain_text_within_a_line(source: str) -> None:
    rendered = render(source, file="f", inline=True)
    words = unescape(rendered.html).strip()
    assert words == " ".join(source.split("\n")).strip()
    assert not rendered.heading_levels


def test_one_tilde_is_a_sign_and_two_strike_out() -> None:
    assert html_of("from ~5 to ~6 and ~~7~~").strip() == "<p>from ~5 to ~6 and <s>7</s></p>"


def test_a_link_defined_elsewhere_is_found_whatever_its_letters() -> None:
    references = link_references(["[Ligji]: https://example.org/9154", "text"])
    assert (
        'href="https://example.org/9154"' in render("[nr. 9154][LIGJI]", file="f", references=references).html
    )
