"""HTML back to Markdown, for the few elements that our own rendering of summaries makes.

Whether a result is right is for the caller to see: it renders it again and compares. So this only has to be
right where it matters, and says None where it meets an element that it does not know.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SPECIAL = re.compile(r"([\\`*_\[\]<])")
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*"}
_BLOCKS = {"p", "ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"}


def to_markdown(html: str) -> str | None:
    """Markdown that may render to this HTML, or None where it holds what Markdown has no word for."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return None if reader.unknown or reader.open else reader.result()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.unknown = False
        self.open: list[str] = []
        self.blocks: list[str] = []  # finished ones, without the marks of the list or quote around them
        self.text = ""
        self.href: list[str] = []
        self.numbers: list[int] = []  # of the lists that are open; 0 for one with dots
        self.outer: list[list[str]] = []

    def result(self) -> str:
        self._flush()
        return "\n\n".join(self.blocks)

    def _flush(self) -> None:
        if text := self.text.strip("\n"):
            self.blocks.append(text)
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in ("br", "hr"):
            if named:
                self.unknown = True
            elif tag == "br":
                self.text = self.text.rstrip("\n") + "\\"
            else:
                self._flush()
                self.blocks.append("---")
            return
        if set(named) - ({"href", "title"} if tag == "a" else {"start"} if tag == "ol" else set()):
            self.unknown = True
        self.open.append(tag)
        if tag in _MARKS:
            self.text += _MARKS[tag]
        elif tag == "a" and named.get("href") and "title" not in named:
            self.href.append(str(named["href"]))
            self.text += "["
        elif tag == "code":
            self.text += "`"
        elif tag in _BLOCKS - {"pre"}:
            self._flush()
            if tag in ("ul", "ol"):
                self.numbers.append(int(named.get("start") or 1) if tag == "ol" else 0)
            if tag in ("ul", "ol", "li", "blockquote"):
                self.outer.append(self.blocks)
                self.blocks = []
        else:
            self.unknown = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("br", "hr"):  # written as one that closes itself
            return
        if not self.open or self.open.pop() != tag:
            self.unknown = True
            return
        if tag in _MARKS:
            self.text += _MARKS[tag]
        elif tag == "a":
            self.text += f"]({self.href.pop()})" if self.href else ""
        elif tag == "code":
            self.text += "`"
        elif tag in _BLOCKS:
            if re.fullmatch("h[1-6]", tag):
                self.text = "#" * int(tag[1]) + " " + self.text
            self._flush()
            self._close(tag)

    def _close(self, tag: str) -> None:
        if tag == "blockquote":
            inner = "\n\n".join(self.blocks)
            self.blocks = [*self.outer.pop(), "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))]
        elif tag == "li":
            number = self.numbers[-1] if self.numbers else 0
            mark = f"{number}. " if number else "- "
            if number:
                self.numbers[-1] += 1
            inner = "\n\n".join(self.blocks).replace("\n", "\n" + " " * len(mark))
            self.blocks = [*self.outer.pop(), mark + inner]
        elif tag in ("ul", "ol"):
            self.numbers.pop()
            self.blocks = [*self.outer.pop(), "\n".join(self.blocks)]

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("ul", "ol", "blockquote") and not data.strip():
            return
        if not self.open and not data.strip():
            return
        if self.open and self.open[-1] == "code":
            self.text += data
            return
        self.text += _SPECIAL.sub(r"\\\1", data)
