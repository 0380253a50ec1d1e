"""HTML of question texts as plain nodes, so that a design sets them without reading markup: nothing in them is code.

A node is a text, or a list of a tag's name, its attributes and its nodes.
"""

from __future__ import annotations

from html.parser import HTMLParser

Node = str | list[object]

_VOID = frozenset(("br", "img", "hr", "wbr"))
_KEPT = {"img": ("src", "alt"), "a": ("href",), "ol": ("start",)}


def nodes_of(html: str) -> list[Node]:
    """The nodes of a fragment; comments and other markup are left out."""
    parser = _Nodes()
    parser.feed(html)
    parser.close()
    return parser.root


class _Nodes(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: list[Node] = []
        self._open: list[tuple[str, list[Node]]] = [("", self.root)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = {name: value or "" for name, value in attrs if name in _KEPT.get(tag, ())}
        inner: list[Node] = []
        self._open[-1][1].append([tag, kept, inner])
        if tag not in _VOID:
            self._open.append((tag, inner))

    def handle_endtag(self, tag: str) -> None:
        if any(tag == name for name, _ in self._open[1:]):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._open[-1][1].append(data)
