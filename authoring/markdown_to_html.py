"""One walk over Markdown: HTML that is not yet safe, and a problem for everything that must not be in it.

pulldown-cmark (by pyromark) parses and says where everything stands, in bytes of the source. Why this parser:
docs/decisions/0011-a-fast-markdown-parser.md. `read_markdown.render` sanitises what is written here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyromark

from authoring.problems import Place, Problem, Severity

INLINE_TAGS = ("abbr", "br", "kbd", "mark", "sub", "sup")
"""HTML that authors may write, without attributes (`title` on abbr)."""

LINKED = ("https", "http", "mailto", "tel")
"""Beginnings of addresses that a link may have."""

MAX_NESTING = 40
OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH

_ALLOWED_HTML = re.compile(rf'</?(?:{"|".join(INLINE_TAGS)})(?:\s+title="[^"<>]*")?\s*/?>', re.IGNORECASE)
_TAG = re.compile(r"</?\s*([A-Za-z][\w:-]*)[^>]*>?")
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_SCRIPT = re.compile(r"<\s*script|\bon[a-z]+\s*=|(?:java|vb)script:", re.IGNORECASE)
_SCHEME = re.compile(r"^\s*([A-Za-z][A-Za-z0-9+.-]+):")  # one letter alone is a disk of Windows
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_NOT_A_PICTURE = re.compile(r"(?<!\\)!\[")  # left standing in a text that was to become a picture
_NOT_A_LINK = re.compile(r"(?<!\\)\]\([^()\s]")
_NOT_A_HEADING = re.compile(r"^ {0,3}(#{1,6})[^\W\d_]")
MAYBE_A_HEADING = re.compile(r"(?m)^[^\w#\n]*(?:\d+[.)][ \t]*)?#{1,6}[^\W\d_]")
_ESCAPED_BREAK = re.compile(r"(?<!\\)\\\n")
_NOT_IN_ADDRESSES = re.compile(r'[\x00-\x20"<>\\^`{|}]')

# How pulldown-cmark calls the parts of a text, and the tags they become.
_BLOCKS = {
    "Paragraph": ("<p>", "</p>\n"),
    "BlockQuote": ("<blockquote>\n", "</blockquote>\n"),
    "Item": ("<li>", "</li>\n"),
    "TableRow": ("<tr>\n", "</tr>\n"),
    "CodeBlock": ("<pre><code>", "</code></pre>\n"),
    "HtmlBlock": ("", ""),
    "Table": ('<div class="table"><table>\n', "</tbody>\n</table></div>\n"),
    "TableHead": ("<thead>\n<tr>\n", "</tr>\n</thead>\n<tbody>\n"),
    "TableCell": ("", ""),
    "Heading": ("", ""),
    "List": ("", ""),
}
_EMPHASIS = {
    "Emphasis": ("<em>", "</em>"),
    "Strong": ("<strong>", "</strong>"),
    "Strikethrough": ("<s>", "</s>"),
}
_MATH = {"InlineMath": (r"\(", r"\)"), "DisplayMath": (r"\[", r"\]")}
_SIGNS = {"SoftBreak": "\n", "HardBreak": "<br>\n", "Rule": "<hr>\n"}


@dataclass(frozen=True)
class Picture:
    """A picture as HTML names it: `source` for the src attribute, its size in pixels where known.

    A `sound` becomes a link, which Moodle shows as a player.
    """

    source: str
    width: int | None = None
    height: int | None = None
    sound: bool = False


FindPicture = Callable[[str, Place], Picture | Sequence[Problem]]
"""Resolves what stands in `![alt](here)`: the picture, or why it cannot be used."""

FindTerm = Callable[[str, Place], str]
"""The address of what stands in `[words](term:here)`, a term of a glossary."""

References = Mapping[str, tuple[str, str]]
"""Address and title of links that are defined elsewhere, by their names in small letters."""


def _escaped(text: str) -> str:
    return html.escape(text, quote=False) if "<" in text or "&" in text or ">" in text else text


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _address(written: str) -> str:
    """An address with %xx for what cannot stand in one."""
    return _NOT_IN_ADDRESSES.sub(lambda sign: f"%{ord(sign[0]):02X}", written)


def picture_html(picture: Picture, alt: str) -> str:
    """The tag of a picture; of a sound the link to it."""
    if picture.sound:
        return f'<a href="{html.escape(picture.source)}">{html.escape(alt)}</a>'
    attributes = {"src": picture.source, "alt": alt}
    if picture.width:
        attributes["width"] = str(picture.width)
    if picture.height:
        attributes["height"] = str(picture.height)
    attributes |= {"loading": "lazy", "decoding": "async"}
    return "<img " + " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items()) + ">"


def figure_html(picture: str, caption: str) -> str:
    """A picture that stands alone, by its tag; its Markdown title is the caption."""
    words = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{picture}{words}</figure>"


def link_html(address: str, scheme: str) -> str:
    """The tag that begins a link, as nh3 would have it; what leaves the course opens beside it."""
    if scheme in ("https", "http"):
        return f'<a href="{html.escape(address)}" target="_blank" class="external" rel="noopener">'
    classes = ' class="term"' if scheme == "term" else ""
    return f'<a href="{html.escape(address)}"{classes} rel="noopener">'


class HtmlWriter:
    """Writes the HTML of one piece of Markdown into `out`, unsafe as yet; `problems` say what is wrong with it.

    A run, below, is text without a block in it: a paragraph, a heading, a cell, the words of a list item.
    """

    def __init__(
        self,
        source: str,
        file: str,
        first_line: int,
        find_picture: FindPicture | None,
        find_term: FindTerm | None = None,
        *,
        math: bool = False,
    ) -> None:
        self.options = OPTIONS | pyromark.Options.ENABLE_MATH if math else OPTIONS
        self.source = source
        self.raw = source.encode("utf-8", "replace")
        self.file = file
        self.first_line = first_line
        self.find_picture = find_picture
        self.find_term = find_term
        self.out: list[str] = []
        self.problems: list[Problem] = []
        self.heading_levels: list[tuple[int, Place]] = []
        self._counted = (0, 0)  # an offset, and the number of lines before it
        self._open: list[tuple[str, str]] = []  # the blocks that are open, each with the tag that closes it
        self._aligned: Sequence[str] = ()  # the columns of the table
        self._column = 0
        self._in_code = False
        self._raw_html: list[str] = []  # the block of HTML that is open
        self._raw_html_begins = 0
        self._refused_tags: set[str] = set()
        self._pictures: list[tuple[str, str, int]] = []  # those that are open: address, title, line
        self._alt: list[str] = []  # the words of the outermost
        self._run_begins = 0  # in `out`
        self._run_pictures: list[tuple[int, str]] = []  # where in `out`, and the caption
        # What was left standing as text is looked at only where there may be something to find.
        self._watching = "](" in source or "![" in source or MAYBE_A_HEADING.search(source) is not None
        self._shown: list[str] = []
        self._span = (-1, -1)

    def write(self, references: References, *, inline: bool) -> None:
        """Writes the whole source; `inline` takes it as the content of one paragraph and writes no block."""
        text, before = self.source, 0
        if inline:
            # What begins a block elsewhere is a sign like any other here. A full stop and a blank in front change
            # nothing in how the signs after them are read (CommonMark 0.31.2, section 6.2).
            text, before = ". " + _ESCAPED_BREAK.sub("  ", text).replace("\n", " "), 2
        resolve = _finder(references) if references else None
        events: Any = pyromark.events_with_range(
            text, options=self.options, merge_text=True, broken_link_callback=resolve
        )
        for event, span in events:
            first, last = max(span["start"] - before, 0), span["end"] - before
            if isinstance(event, str):
                self._sign(event, "", first, last)
                continue
            ((kind, value),) = event.items()
            if kind == "Text":
                if inline and not self.out and not self._pictures:
                    value = value[before:]  # the full stop
                self._text(value, first, last)
            elif kind in ("Start", "End"):
                name, data = (value, None) if isinstance(value, str) else next(iter(value.items()))
                if name in _BLOCKS:
                    if inline:
                        self._end_run("")
                    elif kind == "Start":
                        self._start_block(name, data, first)
                    else:
                        self._end_block(name)
                elif kind == "Start":
                    self._start_inline(name, data, first, last)
                else:
                    self._end_inline(name, first, last)
            else:
                self._sign(kind, value, first, last)

    def inspect_characters(self) -> None:
        """Reports the first character that must not be in any text."""
        if found := CONTROL.search(self.source):
            line = self.source.count("\n", 0, found.start())
            self._report("markdown.control-character", line, character=f"U+{ord(found.group()):04X}")

    def _line(self, offset: int) -> int:
        """The line, from 0, on which a byte of the source stands."""
        at, lines = self._counted if self._counted[0] <= offset else (0, 0)
        self._counted = (offset, lines + self.raw.count(b"\n", at, offset))
        return self._counted[1]

    def _place(self, line: int) -> Place:
        return Place(self.file, self.first_line + line)

    def _report(self, code: str, line: int, /, severity: Severity = "error", **params: object) -> None:
        self.problems.append(Problem(code, params, self._place(line), severity))

    # --- blocks

    def _start_block(self, name: str, data: Any, first: int) -> None:
        self._end_run(self._open[-1][0] if self._open else "")
        start, end = _BLOCKS[name]
        if name == "Heading":
            level = int(data["level"][1:])
            start, end = f"<h{level}>", f"</h{level}>\n"
            self.heading_levels.append((level, self._place(self._line(first))))
        elif name == "List":
            tag, number = ("ul", "") if data is None else ("ol", "" if data == 1 else f' start="{data}"')
            start, end = f"<{tag}{number}>\n", f"</{tag}>\n"
        elif name == "Table":
            self._aligned = data
        elif name in ("TableHead", "TableRow"):
            self._column = 0
        elif name == "TableCell":
            start, end = self._cell()
        elif name == "CodeBlock":
            self._in_code = True  # its language is left out: it would become a class of the author's choice
        if len(self._open) >= MAX_NESTING:
            start = end = ""
        self._open.append((name, end))
        if start and name != "TableCell" and self.out and not self.out[-1].endswith("\n"):
            self.out.append("\n")
        self.out.append(start)
        self._run_begins = len(self.out)

    def _cell(self) -> tuple[str, str]:
        aligned = self._aligned[self._column] if self._column < len(self._aligned) else "None"
        self._column += 1
        style = "" if aligned == "None" else f' class="align-{aligned.lower()}"'
        if self._open and self._open[-1][0] == "TableHead":
            return f'<th{style} scope="col">', "</th>\n"
        return f"<td{style}>", "</td>\n"

    def _end_block(self, name: str) -> None:
        _, end = self._open.pop()
        if name == "HtmlBlock":
            self._inspect_html("".join(self._raw_html), self._line(self._raw_html_begins))
            self._raw_html.clear()
        elif name == "CodeBlock":
            self._in_code = False
        elif self._end_run(name) and name == "Paragraph":
            end = "\n"  # a figure stands for it
        self.out.append(end)
        self._run_begins = len(self.out)

    def _end_run(self, block: str) -> bool:
        """Completes the text that ends here, in a block of this name; True where a picture is all that it holds."""
        alone = False
        if self._run_pictures and block in ("Paragraph", "Item"):
            ((at, caption), *others) = self._run_pictures
            rest = "".join(self.out[self._run_begins : at] + self.out[at + 1 :])
            if alone := not others and not rest.strip():
                # A picture alone in its paragraph becomes a figure; its Markdown title is the caption.
                begins = self._run_begins - (block == "Paragraph")
                self.out[begins:] = [figure_html(self.out[at], caption)]
        if self._span[0] >= 0:
            self._inspect_leftovers(block)
            self._shown, self._span = [], (-1, -1)
        self._run_pictures.clear()
        return alone

    # --- what stands in a run

    def _text(self, text: str, first: int, last: int) -> None:
        if self._pictures:
            self._alt.append(text)
        else:
            self.out.append(_escaped(text))
            if self._watching and not self._in_code:
                self._watch(first, last)
                self._shown.append(text)

    def _watch(self, first: int, last: int) -> None:
        self._span = (self._span[0] if self._span[0] >= 0 else first, max(last, self._span[1]))

    def _sign(self, kind: str, value: str, first: int, last: int) -> None:
        """Whatever is neither text nor has an end: breaks, code, HTML."""
        if kind == "Html":
            if not self._raw_html:
                self._raw_html_begins = first
            self._raw_html.append(value)
            self.out.append(value)
            return
        if kind == "Rule":
            self._end_run(self._open[-1][0] if self._open else "")
        elif self._watching:
            self._watch(first, last)
        if self._pictures:
            self._alt.append(value or "\n")
        elif kind in _MATH:
            begin, end = _MATH[kind]
            self.out.append(_escaped(f"{begin}{value}{end}"))
        elif kind == "Code":
            self.out.append(f"<code>{_escaped(value)}</code>")
        elif kind == "InlineHtml":
            self._inspect_html(value, self._line(first))
            self.out.append(value)
        else:
            self.out.append(_SIGNS[kind])

    def _start_inline(self, name: str, data: Any, first: int, last: int) -> None:
        if self._watching:
            self._watch(first, last)
        if name == "Image":
            self._pictures.append((data["dest_url"], data["title"], self._line(first)))
        elif self._pictures:
            pass  # inside the words of a picture
        elif name == "Link":
            mail = data["link_type"] == "Email"
            self._start_link(("mailto:" if mail else "") + data["dest_url"], self._line(first))
        else:
            self.out.append(self._emphasis(name, first)[0])

    def _end_inline(self, name: str, first: int, last: int) -> None:
        if name == "Image":
            picture = self._pictures.pop()
            if not self._pictures:
                self._put_picture(*picture)
        elif not self._pictures:
            self.out.append("</a>" if name == "Link" else self._emphasis(name, first)[1])

    def _emphasis(self, name: str, first: int) -> tuple[str, str]:
        if name == "Strikethrough" and self.raw[first : first + 2] != b"~~":
            return "~", "~"  # "~5 m" in a text of ours is no error that somebody struck out
        return _EMPHASIS[name]

    def _start_link(self, target: str, line: int) -> None:
        scheme = found.group(1).lower() if (found := _SCHEME.match(target)) else ""
        if scheme == "http":
            self._report("markdown.link-not-https", line, severity="warning", link=target)
        elif scheme == "term" and self.find_term:
            target = self.find_term(target.partition(":")[2], self._place(line))
        elif not scheme:
            self._report("markdown.link-relative", line, link=target or "()")
        elif scheme not in LINKED:
            self._report("markdown.link-unsafe", line, link=target)
        # Its title is left out: that is shown to the mouse only.
        self.out.append(link_html(_address(target), scheme))

    def _put_picture(self, source: str, title: str, line: int) -> None:
        alt = "".join(self._alt)
        self._alt.clear()
        if not alt.strip():
            self._report("markdown.image-without-alt", line, image=source)
        picture = Picture(_address(source))
        if _SCHEME.match(source) or source.startswith("//"):
            self._report("markdown.image-remote", line, image=source)
        elif self.find_picture is None:
            self._report("markdown.image-not-here", line, image=source)
        else:
            found = self.find_picture(source, self._place(line))
            if isinstance(found, Picture):
                picture = found
            else:
                self.problems.extend(found)
        if not picture.sound:
            self._run_pictures.append((len(self.out), title))
        self.out.append(picture_html(picture, alt))

    # --- what must not be there

    def _inspect_html(self, content: str, line: int) -> None:
        content = _COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), content)
        for tag in _TAG.finditer(content):
            at = line + content.count("\n", 0, tag.start())
            if _SCRIPT.search(tag.group()):
                self._report("markdown.script", at)
            elif not _ALLOWED_HTML.fullmatch(tag.group()):
                name = tag.group(1).lower()
                if tag.group().startswith("</") and name in self._refused_tags:
                    continue  # its opening tag was reported
                self._refused_tags.add(name)
                allowed = ", ".join(f"<{known}>" for known in INLINE_TAGS)
                self._report("markdown.html-not-allowed", at, tag=f"<{name}>", allowed=allowed)

    def _inspect_leftovers(self, block: str) -> None:
        """Signs of a picture, a link or a heading in what is shown as text: it was not understood as one."""
        first, last = self._span
        first -= self.raw[first - 1 : first] == b"\\"  # the parser leaves out what makes a sign plain
        shown = "\n".join(self._shown)
        written = self.raw[first:last].decode("utf-8", "replace")
        for line, text in enumerate(written.split("\n"), self._line(first)):
            for signs, code in ((_NOT_A_PICTURE, "picture-not-read"), (_NOT_A_LINK, "link-not-read")):
                found = signs.search(text)
                if found and found.group() in shown:
                    part = text[found.start() if code == "picture-not-read" else 0 :].strip()
                    self._report(f"markdown.{code}", line, found=_shortened(part))
                    break
            if block in ("Paragraph", "Item") and (found := _NOT_A_HEADING.match(text.lstrip(" \t>"))):
                # One sign alone may begin a word such as #arkiva.
                severity: Severity = "warning" if found[1] == "#" else "error"
                values = {"found": _shortened(text.strip()), "signs": found[1]}
                self._report("markdown.heading-without-blank", line, severity, **values)


def _finder(references: References) -> Callable[[Mapping[str, Any]], tuple[str, str] | None]:
    return lambda link: references.get(link["reference"].casefold())
