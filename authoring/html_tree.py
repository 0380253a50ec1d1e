"""HTML as a tree of elements and texts, and what it means to a reader whatever its spelling.

Two pieces of HTML mean the same if they have the same blocks with the same runs of text, each with the
same marks around it. Attributes that editors leave behind (`dir`, empty styles, sizes of images) and the
blanks between blocks mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(("br", "hr", "img", "source", "input", "wbr", "col"))
BLOCKS = frozenset(
    (
        *(
            "p",
            "div",
            "ul",
            "ol",
            "li",
            "blockquote",
            "pre",
            "hr",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
        ),
        *("h1", "h2", "h3", "h4", "h5", "h6", "figure", "figcaption"),
    )
)
SAME = {"b": "strong", "i": "em", "strike": "s", "del": "s"}
"""Elements that show alike, by the name that stands for both."""

_MEANINGLESS = frozenset(
    ("dir", "id", "role", "target", "rel", "loading", "decoding", "width", "height", "scope")
)
_CLASSES = re.compile(r"(?:img-\w+|atto_\S+|align-\w+|external|table|text_to_html|editor-\S+)(?:\s|$)")
_BLANKS = re.compile(r"[ \t\n\r\f]+")


@dataclass
class Node:
    """An element; `tag` "" is the whole."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """The element and all below it."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("")
        self.open = [self.root]
        self.sound = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.open[-1].tag != tag:
            self.sound = False
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        here = self.open[-1].children
        if here and isinstance(here[-1], str):
            here[-1] += data
        else:
            here.append(data)

    def handle_comment(self, data: str) -> None:
        self.sound = self.sound and data.startswith(("Start", "End"))  # what word processors paste

    def handle_decl(self, decl: str) -> None:
        self.sound = False

    def unknown_decl(self, data: str) -> None:
        self.sound = False

    def handle_pi(self, data: str) -> None:
        self.sound = False


def parse_html(html: str) -> Node | None:
    """The tree of a piece of HTML; None where its elements do not close in their order."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root if builder.sound and len(builder.open) == 1 else None


Address = Callable[[str], str]
"""What an address of a link or picture stands for."""

Meaning = tuple[object, ...]


def meaning(html: str, address: Address = lambda source: source) -> Meaning:
    """What a piece of HTML shows, to be compared; of HTML that is not well formed its text as it is."""
    tree = parse_html(html)
    if tree is None:
        return ("as it is", html)
    found = _blocks(tree, address)
    while len(found) == 1 and isinstance(found[0], tuple) and found[0][:2] == ("p", ()):
        found = found[0][2:]
    return found


def _blocks(node: Node, address: Address) -> Meaning:
    """The blocks in an element; texts between blocks are blocks themselves."""
    found: list[object] = []
    runs: list[tuple[str, Meaning]] = []

    def flush() -> None:
        if merged := _merged(runs):
            found.append(merged)
        runs.clear()

    for child in node.children:
        _gather(child, (), node.tag == "pre", address, runs, found, flush)
    flush()
    return tuple(found)


def _gather(
    child: Node | str,
    marks: Meaning,
    exact: bool,
    address: Address,
    runs: list[tuple[str, Meaning]],
    found: list[object],
    flush: Callable[[], None],
) -> None:
    if isinstance(child, str):
        runs.append((child, (*marks, "pre") if exact else marks))
        return
    tag = SAME.get(child.tag, child.tag)
    attributes = _attributes(child, address)
    if tag in BLOCKS:
        flush()
        if tag in ("div", "tbody") and not attributes:
            found.extend(_blocks(child, address))
        else:
            found.append((tag, attributes, *_blocks(child, address)))
    elif tag in VOID:
        runs.append(("", (*marks, (tag, attributes))))
    elif tag == "span" and not attributes:
        for inner in child.children:
            _gather(inner, marks, exact, address, runs, found, flush)
    else:
        for inner in child.children:
            _gather(inner, (*marks, (tag, attributes)), exact, address, runs, found, flush)


def _attributes(node: Node, address: Address) -> Meaning:
    found = []
    for name, value in node.attributes.items():
        if name in _MEANINGLESS or name.startswith("data-"):
            continue
        if name == "style" and not value.strip():
            continue
        if name == "class":
            value = _CLASSES.sub("", f"{value} ").strip()
            if not value:
                continue
        if name in ("src", "href"):
            value = address(value)
        found.append((name, value))
    return tuple(sorted(found))


def _merged(runs: list[tuple[str, Meaning]]) -> Meaning:
    """Runs of text with equal marks joined; blanks carry no marks, and count once."""
    parts: list[tuple[str, Meaning]] = []
    for text, marks in runs:
        if not text:
            parts.append(("", marks))
            continue
        if "pre" in marks:
            parts.append((text, marks))
            continue
        at = 0
        for blank in _BLANKS.finditer(text):
            if blank.start() > at:
                parts.append((text[at : blank.start()], marks))
            parts.append((" ", ()))
            at = blank.end()
        if at < len(text):
            parts.append((text[at:], marks))
    joined: list[tuple[str, Meaning]] = []
    for text, marks in parts:
        before = joined[-1] if joined else None
        if text == " " and not marks and (before is None or before[0].endswith(" ") or _is_break(before)):
            continue
        if before is not None and before[1] == marks and text and before[0]:
            joined[-1] = (before[0] + text, marks)
        else:
            if _is_break((text, marks)) and before == (" ", ()):
                joined.pop()
            joined.append((text, marks))
    while joined and (joined[-1] == (" ", ()) or _is_break(joined[-1])):
        joined.pop()
    if joined and not joined[-1][1]:
        joined[-1] = (joined[-1][0].rstrip(" "), ())
    return tuple(joined)


def _is_break(part: tuple[str, Meaning]) -> bool:
    return not part[0] and bool(part[1]) and part[1][-1] == ("br", ())
