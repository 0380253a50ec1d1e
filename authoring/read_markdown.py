"""Markdown to safe HTML, with a problem for everything that must not be in it. The one renderer.

CommonMark with tables and strikethrough. A few HTML tags that Markdown has no sign for are allowed
(`INLINE_TAGS`); every other tag, script, remote picture and unsafe link is a problem with its line,
not something that silently disappears. What comes out has passed nh3's allow-list last, so that an
oversight above cannot reach a reader; what plainly consists of allowed tags is not parsed for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import nh3
import pyromark

from authoring.markdown_to_html import (
    CONTROL,
    INLINE_TAGS,
    OPTIONS,
    FindPicture,
    FindTerm,
    HtmlWriter,
    Picture,
    References,
)
from authoring.ordinary_markdown import ordinary_html
from authoring.plain_markdown import plain_html
from authoring.problems import Place, Problem

__all__ = [
    "FindPicture",
    "Picture",
    "References",
    "Rendered",
    "heading_problems",
    "link_references",
    "render",
]

MAX_BLOCK = 20_000
"""Characters without an empty line; a parser of CommonMark takes time with the square of them at worst."""

_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s", re.MULTILINE)

_PLAIN_TAGS = {
    *INLINE_TAGS, "a", "blockquote", "code", "del", "div", "em", "figcaption", "figure", "h2", "h3", "h4", "h5",
    "h6", "hr", "img", "li", "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ALIGNED = {"align-left", "align-center", "align-right"}

# Tags that nh3 gives back letter for letter, by their whole text: no attribute has another value than these. What authors
# may write themselves is not among them: it may not be closed. Eight times as fast as nh3, for nine texts in ten; tested
# against it with random texts. Nothing is tried twice, however long the text is ("++", "*+").
_WORDS_ONLY = r"[^<>&\x00-\x08\x0b-\x1f\x7f-\xa0]"
_SAFE = re.compile(
    rf"""(?:
    {_WORDS_ONLY}++
    |<(?:
        /?(?:p|li|em|strong|s|ul|ol|blockquote|h[2-6]|tr|thead|tbody|td|th|code|figure|figcaption)
        |/pre|pre><code|/?table|/div|div\ class="table"|br
        |t[dh]\ class="align-(?:left|right|center)"(?:\ scope="col")?|th\ scope="col"
        |a\ href="https?://[A-Za-z0-9._~:/?\#@!$()*+,;=-]++"\ target="_blank"\ class="external"\ rel="noopener"|/a
        |a\ href="\#term-[A-Za-z0-9-]++"\ class="term"\ rel="noopener"|a\ href="mailto:[A-Za-z0-9.@_+-]++"\ rel="noopener"
        |ol\ start="[0-9]{{1,9}}"
        |img\ src="media/[A-Za-z0-9._/-]++"\ alt="[^"<>&\x00-\x1f\x7f-\xa0]*+"\ width="[0-9]++"\ height="[0-9]++"
            \ loading="lazy"\ decoding="async"
    )>
    |&(?:amp|lt|gt);
    )*+""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Rendered:
    """HTML that may be shown as it is, and all that was wrong with its source."""

    html: str
    problems: tuple[Problem, ...] = ()
    heading_levels: tuple[tuple[int, Place], ...] = ()


def render(
    source: str,
    *,
    file: str,
    first_line: int = 1,
    inline: bool = False,
    find_picture: FindPicture | None = None,
    find_term: FindTerm | None = None,
    references: References | None = None,
    math: bool = False,
) -> Rendered:
    """Renders Markdown that begins on `first_line` of `file`.

    `inline` gives the content of one paragraph, without a block around it. Without `find_picture`
    every picture is a problem, without `find_term` every term. `references` are link definitions from `link_references`.
    With `math`, LaTeX between `$` or `$$` signs stays as it is, between the brackets that MathJax looks for.
    """
    if (line := _too_long_block(source)) is not None:
        problem = Problem("markdown.block-too-long", {"limit": MAX_BLOCK}, Place(file, first_line + line))
        return Rendered("", (problem,))
    if (plain := plain_html(source)) is not None:
        return Rendered(plain if inline else f"<p>{plain}</p>\n")
    math = math and "$" in source
    if not references and not math and _without_control_characters(source):
        ordinary = ordinary_html(
            source,
            file=file,
            first_line=first_line,
            inline=inline,
            find_picture=find_picture,
            find_term=find_term,
        )
        if ordinary is not None:
            return Rendered(sanitise(ordinary.html), ordinary.problems, ordinary.heading_levels)
    return walk(
        source,
        file=file,
        first_line=first_line,
        inline=inline,
        find_picture=find_picture,
        find_term=find_term,
        references=references,
        math=math,
    )


def walk(
    source: str,
    *,
    file: str,
    first_line: int = 1,
    inline: bool = False,
    find_picture: FindPicture | None = None,
    find_term: FindTerm | None = None,
    references: References | None = None,
    math: bool = False,
) -> Rendered:
    """Renders as `render` does, of any text, by looking at each of its parts."""
    writer = HtmlWriter(source, file, first_line, find_picture, find_term, math=math)
    writer.write(references or {}, inline=inline)
    writer.inspect_characters()
    return Rendered(sanitise("".join(writer.out)), tuple(writer.problems), tuple(writer.heading_levels))


def _without_control_characters(source: str) -> bool:
    # Nearly every text is settled by the first, which is ten times as fast.
    return source.replace("\n", "").isprintable() or CONTROL.search(source) is None


def _too_long_block(source: str) -> int | None:
    """The line on which a block begins that is longer than MAX_BLOCK, or None."""
    if len(source) <= MAX_BLOCK:
        return None
    first = length = 0
    for number, line in enumerate(source.split("\n")):
        if not line.strip():
            first, length = number + 1, 0
        elif (length := length + len(line)) > MAX_BLOCK:
            return first
    return None


def link_references(texts: Sequence[str]) -> References:
    """The link definitions (`[name]: https://…`) of several texts that are rendered one by one."""
    found: dict[str, tuple[str, str]] = {}
    for text in texts:
        if "]:" in text and _REFERENCE.search(text) and _too_long_block(text) is None:
            for name, link in pyromark.reference_definitions(text, options=OPTIONS).items():
                found.setdefault(name.casefold(), (link["dest"], link["title"] or ""))
    return found


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_PLAIN_TAGS,
        clean_content_tags={"script", "style"},
        attributes={
            "a": {"href", "target"},
            "abbr": {"title"},
            "img": {"src", "alt", "width", "height", "loading", "decoding"},
            "ol": {"start"},
            "th": {"scope"},
        },
        allowed_classes={"div": {"table"}, "a": {"external", "term"}, "th": _ALIGNED, "td": _ALIGNED},
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel="noopener",
    )


def sanitise(unsafe: str) -> str:
    """What nh3 leaves of HTML; of HTML that has nothing in it but words and `_SAFE` tags that is the same text."""
    if "<" not in unsafe and "&" not in unsafe:
        return unsafe  # without these two signs there is nothing that could be read as anything but text
    return unsafe if _SAFE.fullmatch(unsafe) else _cleaner().clean(unsafe)


def heading_problems(levels: Iterator[tuple[int, Place]] | Sequence[tuple[int, Place]]) -> list[Problem]:
    """Headings below a page title: they begin with `##` and never skip a level (WCAG 2.2, 1.3.1)."""
    problems: list[Problem] = []
    previous = 1
    for level, place in levels:
        if level == 1:
            problems.append(Problem("markdown.heading-is-title", {}, place))
            level = 2  # judged as what it should have been
        elif level > previous + 1:
            values = {"found": "#" * level, "expected": "#" * (previous + 1), "beside": "#" * previous}
            code = "markdown.heading-skipped" if previous == 1 else "markdown.heading-skipped-inside"
            problems.append(Problem(code, values, place))
        previous = level
    return problems
