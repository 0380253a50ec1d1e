"""HTML that was rendered and sanitised, as a tree that a design can set: texts, and nodes with a kind and what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any

Node = str | dict[str, Any]

_EMPTY = ("br", "hr", "img")
_SPACE = re.compile(r"[ \t\r\n]+")
_BLOCKS = frozenset(
    [
        "p",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "blockquote",
        "div",
        "figure",
        "figcaption",
        "pre",
        "hr",
    ]
)


def html_tree(html: str, picture: Callable[[str], str], term: Callable[[str], str | None]) -> list[Node]:
    """The nodes of some HTML. `picture` gives a name for an address of src, `term` the word that a link explains.

    Each node is `{"is": tag, "of": [nodes]}`, with `href`, `src`, `alt`, `start`, `align` or `term` where it has them.
    """
    reader = _Reader(picture, term)
    reader.feed(html)
    reader.close()
    return reader.top


class _Reader(HTMLParser):
    def __init__(self, picture: Callable[[str], str], term: Callable[[str], str | None]) -> None:
        super().__init__(convert_charrefs=True)
        self.picture = picture
        self.term = term
        self.top: list[Node] = []
        self.open: list[tuple[str, list[Node]]] = []

    @property
    def here(self) -> list[Node]:
        return self.open[-1][1] if self.open else self.top

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        node: dict[str, Any] = {"is": tag, "of": []}
        if tag in _BLOCKS:
            self._end_line()
        self._describe(node, tag, given)
        self.here.append(node)
        if tag not in _EMPTY:
            self.open.append((tag, node["of"]))

    def _describe(self, node: dict[str, Any], tag: str, given: Mapping[str, str]) -> None:
        if tag == "img":
            node |= {"src": self.picture(given.get("src", "")), "alt": given.get("alt", "")}
        elif tag == "a":
            href = given.get("href", "")
            word = self.term(href) if "term" in given.get("class", "").split() else None
            node |= {"term": word} if word else {"href": href}
        elif tag in ("th", "td"):
            node["align"] = given.get("class", "").removeprefix("align-")
        elif tag == "ol":
            node["start"] = int(given.get("start") or 1)
        elif tag == "abbr" and given.get("title"):
            node["title"] = given["title"]

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_line()
        if any(name == tag for name, _ in self.open):
            while self.open.pop()[0] != tag:
                pass
            last = self.here[-1] if self.here else ""
            if tag == "table" and isinstance(last, dict):
                last["weights"] = _weights(last)

    def handle_data(self, data: str) -> None:
        if not any(name == "pre" for name, _ in self.open):
            data = _SPACE.sub(" ", data)
            if not self.here or (isinstance(self.here[-1], dict) and self.here[-1]["is"] in (*_BLOCKS, "br")):
                data = data.lstrip(" ")
        if data:
            self.here.append(data)

    def _end_line(self) -> None:
        """White space before a block says nothing."""
        if self.here and isinstance(self.here[-1], str):
            if kept := self.here[-1].rstrip(" "):
                self.here[-1] = kept
            else:
                self.here.pop()


def _weights(table: dict[str, Any]) -> list[float]:
    """How wide the columns are, beside one another: by what stands in them, but none very narrow or very wide."""
    rows = [row for part in _nodes(table) for row in _nodes(part)]
    lengths: list[list[int]] = []
    for row in rows:
        for column, cell in enumerate(_nodes(row)):
            if column == len(lengths):
                lengths.append([])
            lengths[column].append(len(_words(cell)))
    typical = [max(4.0, sum(sorted(one)[-3:]) / min(3, len(one))) for one in lengths]
    return [round(min(max(one, 9.0), 60.0) ** 0.7, 2) for one in typical] or [1.0]


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in node["of"] if isinstance(one, dict)]


def _words(node: Node) -> str:
    return node if isinstance(node, str) else "".join(_words(one) for one in node["of"])
