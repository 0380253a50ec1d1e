"""The short way for ordinary Markdown: the parser's own HTML, completed; nothing in it has to be told.

Most of what authors write holds no error, so that nobody has to know where each word stands. Such a text is
rendered by the parser at once, ten times as fast as the walk over its events in `markdown_to_html`. Whatever may be a
problem, or may come out otherwise than there, is left to the walk: both give the same HTML
(`tests/authoring/test_ordinary_markdown.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import pyromark

from authoring.markdown_to_html import (
    MAX_NESTING,
    OPTIONS,
    FindPicture,
    FindTerm,
    Picture,
    figure_html,
    link_html,
    picture_html,
)
from authoring.problems import Place, Problem

# HTML and automatic links, escapes, strikethrough, link definitions and references, a picture within a link. Looked for
# one by one: that is many times as fast as an expression that names them all.
_NOT_ORDINARY = ("<", "\\", "~", "\x00", "]:", "][", "[![")
_OVER_TWO_LINES = re.compile(r"\[[^\]\n]{0,500}\n[^\]]{0,500}\]\(")  # bounded: a text may be full of brackets
_HEADING = re.compile(r"\n {0,3}(#{1,6})(?=[ \t\n]|$)")
_HEADING_MADE = re.compile(r"<h([1-6])>")
_LINK_OR_PICTURE = re.compile(
    r'<a href="([^"]*)"(?: title="[^"]*")?>|<img src="([^"]*)" alt="([^"]*)"(?: title="([^"]*)")? />'
)
_CELL = re.compile(r'<t([hd])(?: style="text-align: (left|center|right)")?>')
_SCHEME = re.compile(r"(https|mailto|tel|term):", re.IGNORECASE)
_FENCE = re.compile(r'<pre><code class="[^"]*">')


@dataclass(frozen=True)
class Ordinary:
    """HTML that is not yet safe, where its headings stand, and what `find_picture` said."""

    html: str
    heading_levels: tuple[tuple[int, Place], ...]
    problems: tuple[Problem, ...]


def ordinary_html(
    source: str,
    *,
    file: str,
    first_line: int,
    inline: bool,
    find_picture: FindPicture | None,
    find_term: FindTerm | None,
) -> Ordinary | None:
    """The HTML of an ordinary text, or None where only the walk can tell what it is."""
    for sign in _NOT_ORDINARY:
        if sign in source:
            return None
    if inline and "\n" in source:
        return None
    signs = source.count("#")
    headings = list(_HEADING.finditer("\n" + source)) if signs and not inline else []
    if signs != sum(len(found[1]) for found in headings):
        return None
    made = pyromark.html(f". {source}" if inline else source, options=OPTIONS)
    if inline:
        made = made.removeprefix("<p>.").removeprefix(" ").removesuffix("</p>\n")
    if (headings or "<h" in made) and [len(found[1]) for found in headings] != [
        int(level) for level in _HEADING_MADE.findall(made)
    ]:
        return None
    if made.count("<li>") + made.count("<blockquote>") > MAX_NESTING:
        return None
    problems: list[Problem] = []
    if "](" in source or "![" in source:
        completed = _with_links_and_pictures(source, made, file, first_line, find_picture, find_term)
        if completed is None:
            return None
        made, problems = completed
    if "<table>" in made:
        made = made.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
        made = _CELL.sub(_cell, made)
    if '<pre><code class="' in made:
        made = _FENCE.sub("<pre><code>", made)  # the language would become a class of the author's choice
    if not headings:
        return Ordinary(made, (), tuple(problems))
    places = zip(headings, _lines(source, [found.start() for found in headings]), strict=True)
    levels = tuple((len(found[1]), Place(file, first_line + line)) for found, line in places)
    return Ordinary(made, levels, tuple(problems))


def _with_links_and_pictures(
    source: str,
    made: str,
    file: str,
    first_line: int,
    find_picture: FindPicture | None,
    find_term: FindTerm | None,
) -> tuple[str, list[Problem]] | None:
    """The HTML with links and pictures as they should be, and what was said of the pictures; None: walk."""
    if _OVER_TWO_LINES.search(source) or source.count("![") != made.count("<img "):
        return None
    written = [found.start() for found in re.finditer(r"\]\(", source)]
    tags = list(_LINK_OR_PICTURE.finditer(made))
    if (
        len(tags) != len(written)
        or made.count("<a ") + made.count("<img ") != len(tags)
        or "<li><img" in made
    ):
        return None
    for tag in tags:
        link, picture, alt, _ = tag.groups()
        if link is not None:
            scheme = known[1].lower() if (known := _SCHEME.match(link)) else ""
            if not scheme or "%" in link or (scheme == "term" and find_term is None):
                return None
        elif find_picture is None or not alt.strip() or re.search(r"[%:]|^//", picture):
            return None
    problems: list[Problem] = []
    parts: list[str] = []
    at = 0
    for tag, line in zip(tags, _lines(source, written), strict=True):
        parts.append(made[at : tag.start()])
        at = tag.end()
        place = Place(file, first_line + line)
        link, picture, alt, caption = tag.groups()
        if link is not None:
            address, scheme = unescape(link), link.partition(":")[0].lower()
            if scheme == "term" and find_term is not None:
                address = find_term(address.partition(":")[2], place)
            parts.append(link_html(address, scheme))
            continue
        assert find_picture is not None  # looked at above
        found = find_picture(unescape(picture), place)
        if not isinstance(found, Picture):
            problems.extend(found)
            found = Picture(unescape(picture))
        image = picture_html(found, unescape(alt))
        if not found.sound and parts[-1].endswith("<p>") and made.startswith("</p>", at):
            parts[-1] = parts[-1].removesuffix("<p>")
            image = figure_html(image, unescape(caption or ""))
            at += len("</p>")
        parts.append(image)
    parts.append(made[at:])
    return "".join(parts), problems


def _cell(tag: re.Match[str]) -> str:
    aligned = f' class="align-{tag[2]}"' if tag[2] else ""
    return f'<th{aligned} scope="col">' if tag[1] == "h" else f"<td{aligned}>"


def _lines(source: str, offsets: list[int]) -> Iterator[int]:
    """The line, from 0, of each offset; they rise."""
    line = at = 0
    for offset in offsets:
        line += source.count("\n", at, offset)
        at = offset
        yield line
