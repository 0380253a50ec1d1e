"""From mammoth's HTML to the HTML that our own rendering makes: blocks, tables, marks, links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from authoring.html_tree import BLOCKS, SAME, Node
from lms_sync.word.losses import shortened
from lms_sync.word.read_document import Tell

_LINKED = ("https:", "http:", "mailto:", "tel:")
BREAK, NOTE = "\ue000", "\ue001"
"""Stand for a line break within a cell, and for a note's number, until the Markdown is made."""
_MARKS = ("strong", "em", "s", "sup", "sub")


class Blocks:
    """Makes blocks; what has no place in a lesson is told."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell

    def block(self, child: Node | str) -> Iterator[Node]:
        """What a block of mammoth's becomes; texts between blocks do not occur."""
        if isinstance(child, str):
            if child.strip():
                yield Node("p", {}, [child])
            return
        if child.tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6"):
            yield from self._paragraph(child)
        elif child.tag in ("ul", "ol"):
            yield Node(child.tag, {}, [self._item(one) for one in child.children if isinstance(one, Node)])
        elif child.tag == "blockquote":
            yield Node("blockquote", {}, [made for one in child.children for made in self.block(one)])
        elif child.tag == "table":
            yield from self._table(child)
        else:
            yield from (made for one in child.children for made in self.block(one))

    def _paragraph(self, paragraph: Node) -> Iterator[Node]:
        content = self.inline(paragraph.children)
        if not any(isinstance(one, Node) or one.strip() for one in content):
            return
        caption = paragraph.attributes.get("class") == "caption"
        kind = paragraph.tag if paragraph.tag != "p" else "p"
        yield Node(kind, {"class": "caption"} if caption else {}, content)

    def _item(self, item: Node) -> Node:
        """An item: its words, then the lists in it."""
        words: list[Node | str] = []
        below: list[Node | str] = []
        for child in item.children:
            if isinstance(child, Node) and child.tag in BLOCKS:
                below += self.block(child)
            else:
                words.append(child)
        return Node("li", {}, [*self.inline(words), *below])

    def _table(self, table: Node) -> Iterator[Node]:
        """Rows of equal length with a header row; what Markdown has no room for becomes text in its cell."""
        rows: list[list[list[Node | str]]] = []
        waiting: dict[int, int] = {}  # column → rows that a cell above still covers
        for row in (one for one in table.walk() if one.tag == "tr" and _owner(table, one)):
            cells: list[list[Node | str]] = []
            for cell in (one for one in row.children if isinstance(one, Node) and one.tag in ("td", "th")):
                while waiting.get(len(cells), 0):
                    waiting[len(cells)] -= 1
                    cells.append([])
                down = _number(cell.attributes.get("rowspan")) - 1
                for _ in range(_number(cell.attributes.get("colspan"))):
                    waiting[len(cells)] = down
                    cells.append([])
                cells[-_number(cell.attributes.get("colspan"))] = self._in_one_line(cell)
            while waiting.get(len(cells), 0):
                waiting[len(cells)] -= 1
                cells.append([])
            rows.append(cells)
        if not rows or not any(rows):
            return
        width = max(len(row) for row in rows)
        first = shortened(text_of(rows[0][0]) if rows[0] else "") or "…"
        if width == 1:  # a frame around text
            yield from (Node("p", {}, cell) for row in rows for cell in row if text_of(cell).strip() or cell)
            self.tell("docx.table-of-one-column", near=first)
            return
        made = [
            Node(
                "tr",
                {},
                [
                    Node("th" if number == 0 else "td", {}, cell)
                    for cell in [*row, *([[]] * (width - len(row)))]
                ],
            )
            for number, row in enumerate(rows)
        ]
        yield Node("table", {}, [Node("thead", {}, [made[0]]), Node("tbody", {}, list(made[1:]))])

    def _in_one_line(self, cell: Node) -> list[Node | str]:
        parts: list[Node | str] = []
        for line in self._lines_of(cell):
            if parts:
                parts.append(BREAK)
            parts += line
        return parts

    def _lines_of(self, node: Node) -> Iterator[list[Node | str]]:
        loose: list[Node | str] = []
        for child in node.children:
            if isinstance(child, Node) and child.tag in BLOCKS:
                if made := _without_breaks(self.inline(loose)):
                    yield made
                loose = []
                sign = "• " if child.tag == "li" else ""
                for number, line in enumerate(self._lines_of(child)):
                    yield [sign, *line] if sign and number == 0 else line
            else:
                loose.append(child)
        if made := _without_breaks(self.inline(loose)):
            yield made

    # --- words

    def inline(self, children: list[Node | str]) -> list[Node | str]:
        """Words with the marks that a lesson knows; what else stood around them falls away."""
        made: list[Node | str] = []
        for child in children:
            if isinstance(child, str):
                made.append(child.replace(BREAK, "").replace(NOTE, ""))
                continue
            tag = SAME.get(child.tag, child.tag)
            if tag == "a":
                made += self._link(child)
            elif tag == "input":
                made.append("☑ " if "checked" in child.attributes else "☐ ")
            elif tag == "sup" and (number := _note_number(child)):
                made.append(f"{NOTE}{number}{NOTE}")
            elif tag == "img":
                made.append(Node("img", dict(child.attributes)))
            elif tag == "br":
                made.append(Node("br"))
            elif tag in _MARKS:
                inner = self.inline(child.children)
                made += [Node(tag, {}, inner)] if text_of(inner).strip() else inner
            else:
                made += self.inline(child.children)
        return made

    def _link(self, link: Node) -> list[Node | str]:
        inner = self.inline(link.children)
        address = link.attributes.get("href", "").strip()
        if not address or address.startswith("#"):
            return inner
        if not address.lower().startswith(_LINKED) or re.search(r"[\x00-\x20\x7f]", address):
            self.tell("docx.link-kind", text=shortened(text_of(inner)) or "…", address=shortened(address))
            return inner
        return [Node("a", {"href": address}, inner)] if text_of(inner).strip() else inner


def _note_number(node: Node) -> str:
    """The number of a note that is referred to here, or nothing."""
    for one in node.walk():
        if one.tag == "a" and re.match(r"#(?:foot|end)note-", one.attributes.get("href", "")):
            return re.sub(r"\D", "", text_of([one]))
    return ""


def _without_breaks(children: list[Node | str]) -> list[Node | str]:
    if not any(isinstance(one, Node) or one.strip() for one in children):
        return []
    return [BREAK if isinstance(one, Node) and one.tag == "br" else one for one in children]


def _owner(table: Node, row: Node) -> bool:
    """Whether a row is the table's own, not that of a table in one of its cells."""
    return any(row is one for part in (table, *_sections(table)) for one in part.children)


def _sections(table: Node) -> Iterator[Node]:
    return (one for one in table.children if isinstance(one, Node) and one.tag in ("thead", "tbody"))


def _number(written: str | None) -> int:
    return max(1, min(int(written), 100)) if written and written.isdigit() else 1


def text_of(children: list[Node | str]) -> str:
    parts = []
    for child in children:
        if isinstance(child, str):
            parts.append(child.replace(BREAK, " "))
        else:
            parts.append(" " if child.tag == "br" else text_of(child.children))
    return "".join(parts)
