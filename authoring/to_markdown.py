"""HTML back to Markdown, for the elements that our own rendering makes.

Whether a result is right is for the caller to see, who renders it again and compares. So this only has to
be right where it matters, and says None where it meets an element that Markdown has no word for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from authoring.html_tree import BLOCKS, SAME, Node, parse_html
from authoring.markdown_to_html import INLINE_TAGS

_ALWAYS = re.compile(r"[\\`*_\[\]<$~]|&(?=[#A-Za-z])|!(?=\[)|\{(?=\{)")
_ALL = re.compile(r"[!-/:-@\[-`{-~]")
_LINE_START = re.compile(r"^(\s*)(#{1,6}(?=\s|$)|[-+](?=\s|$)|>|={2,}|-{2,}|\|)")
_NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")
_MARKS = {"strong": "**", "em": "*", "s": "~~"}
_HEADING = re.compile(r"h[1-6]")
_MATH = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)

Picture = Callable[[str, str], str | None]
"""The Markdown of a picture or sound from its address and description, or None where there is none."""


class _NoWord(Exception):  # raised and caught within this module only
    """Markdown has no word for an element."""


def to_markdown(
    html: str, *, picture: Picture = lambda _source, _alt: None, escape_all: bool = False, math: bool = False
) -> str | None:
    """Markdown that may render to this HTML, or None where it holds what Markdown has no word for.

    `escape_all` puts a backslash before every sign, which is ugly and always right. `math` writes LaTeX
    between Moodle's own brackets the way authors do, between `$` signs.
    """
    tree = parse_html(html)
    if tree is None:
        return None
    try:
        return _Writing(picture, escape_all, math).blocks(tree.children)
    except _NoWord:
        return None


class _Writing:
    def __init__(self, picture: Picture, escape_all: bool, math: bool) -> None:
        self.picture = picture
        self.escape_all = escape_all
        self.math = math

    def blocks(self, children: Sequence[Node | str], *, tight: bool = False) -> str:
        """Blocks with an empty line between them; texts without a block around them are paragraphs."""
        found: list[str] = []
        loose: list[Node | str] = []
        for child in children:
            if isinstance(child, Node) and child.tag in BLOCKS:
                found += self._paragraph(loose)
                loose = []
                found += self._block(child)
            else:
                loose.append(child)
        found += self._paragraph(loose)
        return ("\n" if tight else "\n\n").join(found)

    def _paragraph(self, children: Sequence[Node | str]) -> list[str]:
        text = self._inline(children).strip(" \n")
        text = re.sub(r"(?:\\\n)+$", "", text)
        return [self._line_starts(text)] if text else []

    def _line_starts(self, text: str) -> str:
        """Signs that would begin a heading, a list, a quotation or a table at the start of a line."""
        if self.escape_all:
            return text
        lines = text.split("\n")
        for number, line in enumerate(lines):
            line = _LINE_START.sub(lambda found: f"{found[1]}\\{found[2]}", line)
            lines[number] = _NUMBERED.sub(r"\1\\\2", line)
        return "\n".join(lines)

    def _block(self, node: Node) -> list[str]:
        tag = node.tag
        if tag == "p":
            return self._paragraph(node.children)
        if tag in ("ul", "ol"):
            return [self._list(node)]
        if tag == "blockquote":
            inner = self.blocks(node.children)
            return ["\n".join(f"> {line}".rstrip() for line in inner.split("\n"))]
        if _HEADING.fullmatch(tag):
            words = self._inline(node.children).strip().replace("\n", " ")
            return [f"{'#' * int(tag[1])} {words}"]
        if tag == "hr":
            return ["---"]
        if tag == "pre":
            return [self._code(node)]
        if tag == "table":
            return [self._table(node)]
        if tag == "div" and not (set(node.attributes) - {"class", "dir", "id"}):
            inner = self.blocks(node.children)
            return [inner] if inner else []
        if tag == "figure":
            return self._figure(node)
        raise _NoWord

    def _list(self, node: Node) -> str:
        number = int(node.attributes.get("start", "1") or 1) if node.tag == "ol" else 0
        items: list[tuple[str, Node]] = []
        for child in node.children:
            if isinstance(child, str):
                if child.strip():
                    raise _NoWord
                continue
            if child.tag != "li":
                raise _NoWord
            items.append((f"{number + len(items)}. " if node.tag == "ol" else "- ", child))
        loose = any(isinstance(one, Node) and one.tag == "p" for _, item in items for one in item.children)
        written = []
        for mark, item in items:
            inner = self.blocks(item.children, tight=not loose)
            written.append(mark + inner.replace("\n", "\n" + " " * len(mark)))
        return ("\n\n" if loose else "\n").join(written)

    def _code(self, node: Node) -> str:
        (inner,) = node.children if len(node.children) == 1 else (None,)
        if (
            not isinstance(inner, Node)
            or inner.tag != "code"
            or any(isinstance(c, Node) for c in inner.children)
        ):
            raise _NoWord
        text = "".join(str(one) for one in inner.children)
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        return f"{fence}\n{text.rstrip(chr(10))}\n{fence}"

    def _table(self, node: Node) -> str:
        rows = [one for one in node.walk() if one.tag == "tr"]
        cells = [[one for one in row.children if isinstance(one, Node)] for row in rows]
        if (
            len(cells) < 1
            or len({len(row) for row in cells}) != 1
            or any(one.tag != "th" for one in cells[0])
        ):
            raise _NoWord
        aligned = [
            re.search(r"align-(left|center|right)", one.attributes.get("class", "")) for one in cells[0]
        ]
        rule = [{"left": ":--", "center": ":-:", "right": "--:"}[one[1]] if one else "---" for one in aligned]
        lines = [[self._inline(one.children).strip().replace("|", "\\|") for one in row] for row in cells]
        if any("\n" in cell for line in lines for cell in line):
            raise _NoWord
        return "\n".join("| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:]))

    def _figure(self, node: Node) -> list[str]:
        images = [one for one in node.children if isinstance(one, Node)]
        if len(images) != 1 or images[0].tag != "img":
            raise _NoWord
        return [self._inline(images)]

    def _inline(self, children: Sequence[Node | str]) -> str:
        parts = [self._text(one) if isinstance(one, str) else self._element(one) for one in children]
        return re.sub(r"\\\n[ \n]+", "\\\\\n", "".join(parts))

    def _text(self, text: str) -> str:
        text = re.sub(r"[ \t\n\r\f]+", lambda blanks: "\n" if "\n" in blanks[0] else " ", text)
        if self.math:
            parts, at = [], 0
            for found in _MATH.finditer(text):
                parts.append(self._escaped(text[at : found.start()]))
                inner = found[1] if found[1] is not None else found[2]
                sign = "$" if found[1] is not None else "$$"
                # A formula that could be taken for something else is left as a text.
                alone = (
                    "$" not in inner
                    and inner == inner.strip()
                    and not found.string[found.end() :][:1].isdigit()
                )
                parts.append(f"{sign}{inner}{sign}" if alone else self._escaped(found[0]))
                at = found.end()
            return "".join(parts) + self._escaped(text[at:])
        return self._escaped(text)

    def _escaped(self, text: str) -> str:
        return (_ALL if self.escape_all else _ALWAYS).sub(lambda sign: f"\\{sign[0]}", text)

    def _element(self, node: Node) -> str:
        tag = SAME.get(node.tag, node.tag)
        if tag in _MARKS:
            return self._marked(self._inline(node.children), _MARKS[tag])
        if tag == "br":
            return "\\\n"
        if tag == "code":
            return self._code_span(node)
        if tag == "a" and node.attributes.get("href"):
            label = self._inline(node.children)
            sound = self.picture(node.attributes["href"], label)
            return sound if sound is not None else f"[{label}]({_target(node.attributes['href'])})"
        if tag == "img":
            found = self.picture(
                node.attributes.get("src", ""), self._escaped(node.attributes.get("alt", ""))
            )
            if found is None:
                raise _NoWord
            return found
        if tag == "span" and not (set(node.attributes) - {"dir", "id"}):
            return self._inline(node.children)
        if tag in INLINE_TAGS:
            title = node.attributes.get("title")
            given = f' title="{title}"' if tag == "abbr" and title and not set(title) & set('"<>') else ""
            if set(node.attributes) - ({"title"} if given else set()):
                raise _NoWord
            return f"<{tag}{given}>{self._inline(node.children)}</{tag}>"
        raise _NoWord

    def _marked(self, inner: str, mark: str) -> str:
        """Blanks stand outside: a mark holds only where it touches a letter."""
        text = inner.strip(" \n")
        if not text:
            return inner
        before, after = inner[: len(inner) - len(inner.lstrip(" \n"))], inner[len(inner.rstrip(" \n")) :]
        return f"{before}{mark}{text}{mark}{after}"

    def _code_span(self, node: Node) -> str:
        if any(isinstance(one, Node) for one in node.children):
            raise _NoWord
        text = "".join(str(one) for one in node.children)
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
        pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
        return f"{fence}{pad}{text}{pad}{fence}"


def _target(address: str) -> str:
    return f"<{address}>" if re.search(r"[ ()]", address) else address
