"""Markdown to safe HTML, with a problem for everything that must not be in it. The one renderer.

CommonMark with tables and strikethrough. A few HTML tags that Markdown has no sign for are allowed
(`INLINE_TAGS`); every other tag, script, remote picture and unsafe link is a problem with its line,
not something that silently disappears. What comes out has passed nh3's allow-list last, so that an
oversight above cannot reach a reader.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from authoring.problems import Place, Problem

INLINE_TAGS = ("abbr", "br", "kbd", "mark", "sub", "sup")
"""HTML that authors may write, without attributes (`title` on abbr)."""

MAX_NESTING = 40
MAX_BLOCK = 20_000
"""Characters without an empty line; a parser of CommonMark takes time with the square of them at worst."""

_ALLOWED_HTML = re.compile(rf'</?(?:{"|".join(INLINE_TAGS)})(?:\s+title="[^"<>]*")?\s*/?>', re.IGNORECASE)
_TAG = re.compile(r"</?\s*([A-Za-z][\w:-]*)[^>]*>?")
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_SCRIPT = re.compile(r"<\s*script|\bon[a-z]+\s*=|(?:java|vb)script:", re.IGNORECASE)
_SCHEME = re.compile(r"^\s*([A-Za-z][A-Za-z0-9+.-]+):")  # one letter alone is a disk of Windows
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_NOT_A_PICTURE = re.compile(r"(?<!\\)!\[")  # left standing in a text that was to become a picture
_NOT_A_LINK = re.compile(r"(?<!\\)\]\([^()\s]")
_NOT_A_HEADING = re.compile(r"^ {0,3}(#{1,6})[^\W\d_]")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s", re.MULTILINE)

_PLAIN_TAGS = {
    *INLINE_TAGS, "a", "blockquote", "code", "del", "div", "em", "figcaption", "figure", "h2", "h3", "h4", "h5",
    "h6", "hr", "img", "li", "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ALIGNED = {"align-left", "align-center", "align-right"}


@dataclass(frozen=True)
class Picture:
    """A picture as HTML names it: `source` for the src attribute, its size in pixels where known."""

    source: str
    width: int | None = None
    height: int | None = None


FindPicture = Callable[[str, Place], Picture | Sequence[Problem]]
"""Resolves what stands in `![alt](here)`: the picture, or why it cannot be used."""


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
    references: dict[str, Any] | None = None,
) -> Rendered:
    """Renders Markdown that begins on `first_line` of `file`.

    `inline` gives the content of one paragraph, without a block around it. Without `find_picture`
    every picture is a problem. `references` are link definitions from `link_references`.
    """
    if (line := _too_long_block(source)) is not None:
        problem = Problem("markdown.block-too-long", {"limit": MAX_BLOCK}, Place(file, first_line + line))
        return Rendered("", (problem,))
    parser = _parser()
    env: dict[str, Any] = {"references": dict(references or {})}
    tokens = parser.parseInline(source, env) if inline else parser.parse(source, env)
    work = _Inspection(file, first_line, find_picture)
    work.inspect(tokens)
    work.inspect_characters(source)
    unsafe = str(parser.renderer.render(tokens, parser.options, env))
    return Rendered(_sanitise(unsafe), tuple(work.problems), tuple(work.heading_levels))


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


def link_references(texts: Sequence[str]) -> dict[str, Any]:
    """The link definitions (`[name]: https://…`) of several texts that are rendered one by one."""
    env: dict[str, Any] = {"references": {}}
    for text in texts:
        if _REFERENCE.search(text) and _too_long_block(text) is None:
            _parser().parse(text, env)
    return dict(env["references"])


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    # Unsafe links are reported, not left standing as text: the inspection looks at every one.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.add_render_rule("table_open", lambda *_: '<div class="table"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    parser.add_render_rule("image", _render_image)
    return parser


def _render_image(renderer: Any, tokens: Sequence[Token], index: int, options: object, env: object) -> str:
    token = tokens[index]
    alt = renderer.renderInlineAsText(token.children or [], options, env)
    attributes = {"src": str(token.attrGet("src") or ""), "alt": alt}
    for name in ("width", "height"):
        if token.meta.get(name):
            attributes[name] = str(token.meta[name])
    attributes |= {"loading": "lazy", "decoding": "async"}
    image = "<img " + " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items()) + ">"
    caption = token.attrGet("title")
    if not token.meta.get("figure"):
        return image
    words = f"<figcaption>{html.escape(str(caption))}</figcaption>" if caption else ""
    return f"<figure>{image}{words}</figure>"


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _sanitise(unsafe: str) -> str:
    return nh3.clean(
        unsafe,
        tags=_PLAIN_TAGS,
        clean_content_tags={"script", "style"},
        attributes={
            "a": {"href", "target"},
            "abbr": {"title"},
            "img": {"src", "alt", "width", "height", "loading", "decoding"},
            "ol": {"start"},
            "th": {"scope"},
        },
        allowed_classes={"div": {"table"}, "a": {"external"}, "th": _ALIGNED, "td": _ALIGNED},
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel="noopener",
    )


class _Inspection:
    """One walk over the tokens: reports what must not be there and completes what may."""

    def __init__(self, file: str, first_line: int, find_picture: FindPicture | None) -> None:
        self.file = file
        self.first_line = first_line
        self.find_picture = find_picture
        self.problems: list[Problem] = []
        self.heading_levels: list[tuple[int, Place]] = []
        self.refused_tags: set[str] = set()

    def place(self, line: int) -> Place:
        return Place(self.file, self.first_line + line)

    def report(self, code: str, line: int, /, severity: Any = "error", **params: object) -> None:
        self.problems.append(Problem(code, params, self.place(line), severity))

    def inspect_characters(self, source: str) -> None:
        if found := _CONTROL.search(source):
            line = source.count("\n", 0, found.start())
            self.report("markdown.control-character", line, character=f"U+{ord(found.group()):04X}")

    def inspect(self, tokens: Sequence[Token]) -> None:
        line = 0
        for position, token in enumerate(tokens):
            line = token.map[0] if token.map else line
            match token.type:
                case "heading_open":
                    self.heading_levels.append((int(token.tag[1]), self.place(line)))
                case "html_block":
                    self.inspect_html(token.content, line)
                case "th_open" | "td_open":
                    self.complete_cell(token)
                case "fence":
                    token.info = ""  # it would become a class name of the author's choice
                case "inline":
                    self.inspect_inline(token.children or [], line)
                    self.inspect_leftovers(token, line)
                    if position and tokens[position - 1].type == "paragraph_open":
                        self.inspect_paragraph(token.content, line)
                    self.make_figure(tokens, position)

    def complete_cell(self, token: Token) -> None:
        style = str(token.attrs.pop("style", ""))  # an inline style would break the player's content policy
        if style.startswith("text-align:"):
            token.attrSet("class", "align-" + style.removeprefix("text-align:"))
        if token.tag == "th":
            token.attrSet("scope", "col")

    def inspect_inline(self, children: Sequence[Token], line: int) -> None:
        for child in children:
            match child.type:
                case "softbreak" | "hardbreak":
                    line += 1
                case "html_inline":
                    self.inspect_html(child.content, line)
                    line += child.content.count("\n")
                case "link_open":
                    self.inspect_link(child, line)
                case "image":
                    self.inspect_picture(child, line)

    def inspect_leftovers(self, token: Token, line: int) -> None:
        """Signs of a picture or a link in what is shown as text: it was not understood as one."""
        children = token.children or []
        shown = "\n".join(child.content for child in children if child.type == "text")
        for offset, written in enumerate(token.content.split("\n")):
            for signs, code in ((_NOT_A_PICTURE, "picture-not-read"), (_NOT_A_LINK, "link-not-read")):
                found = signs.search(written)
                if found and found.group() in shown:
                    part = written[found.start() if code == "picture-not-read" else 0 :].strip()
                    self.report(f"markdown.{code}", line + offset, found=_shortened(part))
                    break

    def inspect_paragraph(self, content: str, line: int) -> None:
        for offset, written in enumerate(content.split("\n")):
            if found := _NOT_A_HEADING.match(written):
                # One sign alone may begin a word such as #arkiva.
                severity = "warning" if found[1] == "#" else "error"
                values = {"found": _shortened(written.strip()), "signs": found[1]}
                self.report("markdown.heading-without-blank", line + offset, severity, **values)

    def inspect_html(self, content: str, line: int) -> None:
        content = _COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), content)
        for tag in _TAG.finditer(content):
            at = line + content.count("\n", 0, tag.start())
            if _SCRIPT.search(tag.group()):
                self.report("markdown.script", at)
            elif not _ALLOWED_HTML.fullmatch(tag.group()):
                name = tag.group(1).lower()
                if tag.group().startswith("</") and name in self.refused_tags:
                    continue  # its opening tag was reported
                self.refused_tags.add(name)
                allowed = ", ".join(f"<{known}>" for known in INLINE_TAGS)
                self.report("markdown.html-not-allowed", at, tag=f"<{name}>", allowed=allowed)

    def inspect_link(self, token: Token, line: int) -> None:
        target = str(token.attrGet("href") or "")
        scheme = found.group(1).lower() if (found := _SCHEME.match(target)) else ""
        token.attrs.pop("title", None)  # shown to the mouse only
        if scheme in ("https", "http"):
            token.attrSet("target", "_blank")
            token.attrSet("class", "external")
            if scheme == "http":
                self.report("markdown.link-not-https", line, severity="warning", link=target)
        elif scheme in ("mailto", "tel"):
            pass
        elif scheme:
            self.report("markdown.link-unsafe", line, link=target)
        else:
            self.report("markdown.link-relative", line, link=target or "()")

    def inspect_picture(self, token: Token, line: int) -> None:
        source = str(token.attrGet("src") or "")
        if not token.content.strip():
            self.report("markdown.image-without-alt", line, image=source)
        if _SCHEME.match(source) or source.startswith("//"):
            self.report("markdown.image-remote", line, image=source)
            return
        if self.find_picture is None:
            self.report("markdown.image-not-here", line, image=source)
            return
        found = self.find_picture(source, self.place(line))
        if isinstance(found, Picture):
            token.attrSet("src", found.source)
            token.meta = {**token.meta, "width": found.width, "height": found.height}
        else:
            self.problems.extend(found)

    def make_figure(self, tokens: Sequence[Token], position: int) -> None:
        """A picture alone in its paragraph becomes a figure; its Markdown title is the caption."""
        children = [c for c in tokens[position].children or [] if c.type != "text" or c.content.strip()]
        if position == 0 or tokens[position - 1].type != "paragraph_open":
            return
        if len(children) == 1 and children[0].type == "image":
            children[0].meta = {**children[0].meta, "figure": True}
            tokens[position - 1].hidden = tokens[position + 1].hidden = True


def heading_problems(levels: Iterator[tuple[int, Place]] | Sequence[tuple[int, Place]]) -> list[Problem]:
    """Headings below a page title: they begin with `##` and never skip a level (WCAG 2.2, 1.3.1)."""
    problems: list[Problem] = []
    previous = 1
    for level, place in levels:
        if level == 1:
            problems.append(Problem("markdown.heading-is-title", {}, place))
            level = 2  # judged as what it should have been
        elif level > previous + 1:
            values = {"found": "#" * level, "expected": "#" * (previous + 1)}
            problems.append(Problem("markdown.heading-skipped", values, place))
        previous = level
    return problems
