"""A Word document becomes the Markdown of a lesson: mammoth reads it, what it gives is brought into our form.

Why mammoth: docs/decisions/0014-lessons-from-word.md. It tells headings, lists, tables, notes and pictures from the way
Word writes them, and gives HTML; that is made into the HTML that our own rendering makes, of which `authoring.to_markdown`
knows the Markdown.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

import mammoth
import PIL
import PIL.Image

from authoring.html_tree import BLOCKS, SAME, VOID, Meaning, Node, meaning, parse_html
from authoring.problems import ContentError, Place, Problem
from authoring.read_markdown import Picture as ShownPicture
from authoring.read_markdown import render
from authoring.to_markdown import Picture, to_markdown
from lms_sync.word.losses import losses, shortened
from lms_sync.word.open_word import WordFile

MAX_PIXELS = 50_000_000


def _list_styles() -> str:
    """Word's own list styles of the second to fifth level, which number their items apart from each other."""
    lines = []
    for level in range(2, 6):
        above = "ul|ol > li > " * (level - 1)
        for style, tag in (("Bullet", "ul"), ("Number", "ol")):
            lines.append(f"p[style-name='List {style} {level}'] => {above}{tag} > li:fresh")
    return "\n".join(lines)


STYLES = f"""
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='caption'] => p.caption:fresh
p[style-name='Caption'] => p.caption:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='TOC Heading'] => !
p[style-name^='toc '] => !
p[style-name^='TOC '] => !
p[style-name='table of figures'] => !
{_list_styles()}
"""
"""What paragraphs become by their styles, in mammoth's own language; a table of contents is left out."""

_KEPT = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
_MADE_PNG = ("BMP", "DIB", "TIFF")
_LINKED = ("https:", "http:", "mailto:", "tel:")
_BREAK, _NOTE = "\ue000", "\ue001"
"""Stand for a line break within a cell, and for a note's number, until the Markdown is made."""
_MARKS = ("strong", "em", "s", "sup", "sub")


@dataclass
class WordLesson:
    """What a document comes to: the title, the Markdown below the front matter, pictures by their file names."""

    title: str
    body: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    losses: list[Problem] = field(default_factory=list)


def lesson_of(word: WordFile, *, lesson_id: str, notes_title: str, escape_all: bool = False) -> WordLesson:
    """The lesson that a document makes. `title` is "" where nothing in the document is one.

    `notes_title` is the heading above footnotes. With `escape_all` no sign of the text can be taken for Markdown. Raises
    ContentError where the document cannot be read.
    """
    reading = _Reading(word, lesson_id)
    tree = reading.tree()
    notes = _take_notes(tree)
    title = _take_title(tree)
    blocks = [block for child in tree.children for block in reading.block(child)]
    _mend_headings(blocks)
    if notes:
        blocks.append(Node("h2", {}, [notes_title]))
        items = [Node("li", {}, _inline_only(reading, note)) for note in notes]
        blocks.append(Node("ol", {}, list(items)))
    body = reading.markdown(blocks, escape_all=escape_all)
    return WordLesson(title, body, reading.pictures, [*losses(word), *reading.lost])


class _Reading:
    """One document on its way."""

    def __init__(self, word: WordFile, lesson_id: str) -> None:
        self.word = word
        self.lesson_id = lesson_id
        self.pictures: dict[str, bytes] = {}
        self.captions: dict[str, str] = {}
        self.lost: list[Problem] = []

    def tell(self, code: str, **values: object) -> None:
        self.lost.append(Problem(code, values, Place(self.word.name), "warning"))

    def tree(self) -> Node:
        """What mammoth makes of the document."""
        try:
            result = mammoth.convert_to_html(
                io.BytesIO(self.word.clean),
                style_map=STYLES,
                convert_image=self._picture,
                include_embedded_style_map=False,
                external_file_access=False,
            )
        except (
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            IndexError,
            OSError,
            RecursionError,
        ) as error:
            raise ContentError([Problem("docx.damaged", {"part": "-"}, Place(self.word.name))]) from error
        for message in result.messages:
            if "w:sym" in message.message:
                self.tell("docx.symbol", sign=message.message.rpartition("char ")[2][:60])
        tree = parse_html(unicodedata.normalize("NFC", result.value))
        if tree is None:
            raise ContentError([Problem("docx.damaged", {"part": "-"}, Place(self.word.name))])
        return tree

    # --- pictures

    def _picture(self, image: Any) -> list[Any]:
        from mammoth import html

        alt = " ".join((image.alt_text or "").split())
        content = b""
        try:
            with image.open() as stream:
                content = stream.read()
        except KeyError:
            pass  # of a kind that was left out when the document was opened
        except (ValueError, OSError):
            self.tell("docx.picture-elsewhere", alt=shortened(alt) or "…")
            return []
        made = _usable(content)
        if made is None:
            kind = str(image.content_type or "?").rpartition("/")[2].removeprefix("x-")
            self.tell("docx.picture-kind", alt=shortened(alt) or "…", kind=kind[:20].upper())
            return []
        ending, content = made
        known = next((name for name, one in self.pictures.items() if one == content), None)
        name = known or f"{self.lesson_id}-{len(self.pictures) + 1}.{ending}"
        self.pictures[name] = content
        return [html.element("img", {"src": name, "alt": alt})]

    # --- blocks

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
        first = shortened(_text_of(rows[0][0]) if rows[0] else "") or "…"
        if width == 1:  # a frame around text
            yield from (Node("p", {}, cell) for row in rows for cell in row if _text_of(cell).strip() or cell)
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
                parts.append(_BREAK)
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
                made.append(child.replace(_BREAK, "").replace(_NOTE, ""))
                continue
            tag = SAME.get(child.tag, child.tag)
            if tag == "a":
                made += self._link(child)
            elif tag == "input":
                made.append("☑ " if "checked" in child.attributes else "☐ ")
            elif tag == "sup" and (number := _note_number(child)):
                made.append(f"{_NOTE}{number}{_NOTE}")
            elif tag == "img":
                made.append(Node("img", dict(child.attributes)))
            elif tag == "br":
                made.append(Node("br"))
            elif tag in _MARKS:
                inner = self.inline(child.children)
                made += [Node(tag, {}, inner)] if _text_of(inner).strip() else inner
            else:
                made += self.inline(child.children)
        return made

    def _link(self, link: Node) -> list[Node | str]:
        inner = self.inline(link.children)
        address = link.attributes.get("href", "").strip()
        if not address or address.startswith("#"):
            return inner
        if not address.lower().startswith(_LINKED) or re.search(r"[\x00-\x20\x7f]", address):
            self.tell("docx.link-kind", text=shortened(_text_of(inner)) or "…", address=shortened(address))
            return inner
        return [Node("a", {"href": address}, inner)] if _text_of(inner).strip() else inner

    # --- Markdown

    def _written(self, block: Node, picture: Picture, *, escape_all: bool) -> str:
        """The Markdown of one block, tried: what comes out of it says what the block says.

        Where it would not (bold that ends within a word, say), marks are left out, and that is told.
        """
        wanted = _html(block)
        for every in (True,) if escape_all else (False, True):
            made = to_markdown(wanted, picture=picture, escape_all=every)
            if made is not None and (_is_picture(block) or _shows(made) == meaning(wanted)):
                return made
        text = shortened(_text_of([block]))
        plain = _html(Node(block.tag, {}, _plain(block.children)))
        for every in (escape_all, True):
            made = to_markdown(plain, picture=picture, escape_all=every)
            if made is not None and _shows(made) == meaning(plain):
                self.tell("docx.marks-lost", near=text)
                return made
        self.tell("docx.form-lost", near=text)
        words = " ".join(_text_of([block]).split())
        return to_markdown(f"<p>{escape(words, quote=False)}</p>", escape_all=True) or ""

    def markdown(self, blocks: list[Node], *, escape_all: bool) -> str:
        """The Markdown of blocks; of each that Markdown has no word for only the words, which is told."""
        parts: list[str] = []
        at = 0
        while at < len(blocks):
            block = blocks[at]
            at += 1
            caption = ""
            if _is_picture(block) and at < len(blocks) and blocks[at].attributes.get("class") == "caption":
                caption = " ".join(_text_of(blocks[at].children).split())
                at += 1
            block.attributes.pop("class", None)
            made = self._written(block, _picture_writer(caption), escape_all=escape_all)
            if made.strip():
                parts.append(made)
        text = "\n\n".join(parts)
        text = re.sub(r"(?m)^( {0,3})(:{3,})", r"\1\\\2", text)  # it would begin a block of ours
        text = re.sub(f"{_NOTE}(\\d+){_NOTE}", r"<sup>\1</sup>", text)
        return text.replace(_BREAK, "<br>") + "\n"


def _shows(markdown: str) -> Meaning:
    """What Markdown shows in the end; pictures are taken to be there."""
    rendered = render(markdown, file="", find_picture=lambda source, _place: ShownPicture(source))
    return meaning(rendered.html, lambda address: address.rpartition("/media/")[2])


def _plain(children: list[Node | str]) -> list[Node | str]:
    """Without bold, italics and strikethrough."""
    made: list[Node | str] = []
    for child in children:
        if not isinstance(child, Node):
            made.append(child)
        elif child.tag in ("strong", "em", "s"):
            made += _plain(child.children)
        else:
            made.append(Node(child.tag, child.attributes, _plain(child.children)))
    return made


def _picture_writer(caption: str) -> Picture:
    def picture(source: str, alt: str) -> str | None:
        if not re.fullmatch(r"[a-z0-9-]+\.(?:png|jpg|gif|webp)", source):
            return None  # a link: there are no recordings
        title = caption.replace("\\", "\\\\").replace('"', '\\"')
        return f'![{alt}](../../media/{source} "{title}")' if title else f"![{alt}](../../media/{source})"

    return picture


def _usable(content: bytes) -> tuple[str, bytes] | None:
    """A picture as a package can hold it, with the ending of its name; None where it cannot be shown everywhere."""
    try:
        with PIL.Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return None
            kind = str(picture.format)
            if kind in _KEPT:
                picture.verify()
                return _KEPT[kind], content
            if kind not in _MADE_PNG:
                return None
            made = io.BytesIO()
            picture.convert("RGBA" if "A" in picture.getbands() else "RGB").save(made, "PNG")
            return "png", made.getvalue()
    except (OSError, ValueError, SyntaxError, EOFError, PIL.Image.DecompressionBombError):
        return None


def _take_notes(tree: Node) -> list[Node]:
    """Takes the notes that mammoth puts at the end of the document out of the tree."""
    for child in reversed(tree.children):
        if isinstance(child, Node) and child.tag == "ol":
            items = [one for one in child.children if isinstance(one, Node)]
            if items and all(re.match(r"(?:foot|end)note-", one.attributes.get("id", "")) for one in items):
                tree.children.remove(child)
                for item in items:
                    _drop_way_back(item)
                return items
    return []


def _drop_way_back(node: Node) -> None:
    node.children = [
        one
        for one in node.children
        if not (isinstance(one, Node) and one.tag == "a" and one.attributes.get("href", "").startswith("#"))
    ]
    for child in node.children:
        if isinstance(child, Node):
            _drop_way_back(child)


def _inline_only(reading: _Reading, note: Node) -> list[Node | str]:
    parts: list[Node | str] = []
    for child in note.children:
        inner = reading.inline(child.children if isinstance(child, Node) else [child])
        parts += [" ", *inner] if parts else inner
    return parts


def _note_number(node: Node) -> str:
    """The number of a note that is referred to here, or nothing."""
    for one in node.walk():
        if one.tag == "a" and re.match(r"#(?:foot|end)note-", one.attributes.get("href", "")):
            return re.sub(r"\D", "", _text_of([one]))
    return ""


def _take_title(tree: Node) -> str:
    """The lesson's title: a paragraph with the style Title, else the first heading where nothing stands above it."""
    blocks = [one for one in tree.children if isinstance(one, Node)]
    titles = [one for one in blocks if one.attributes.get("class") == "title"]
    if not titles and blocks and blocks[0].tag == "h1" and sum(one.tag == "h1" for one in blocks) == 1:
        titles = blocks[:1]
    if not titles or any(one.tag == "img" for one in titles[0].walk()):
        return ""
    title = " ".join(_text_of([titles[0]]).split())
    if title:
        tree.children.remove(titles[0])
    return title


def _mend_headings(blocks: list[Node]) -> None:
    """Headings begin one below the title and skip no level, in the order in which the document ranks them."""
    above: list[int] = []
    for block in blocks:
        if re.fullmatch(r"h[1-6]", block.tag):
            level = int(block.tag[1])
            while above and above[-1] >= level:
                above.pop()
            above.append(level)
            block.tag = f"h{min(len(above) + 1, 6)}"
            # Bold in a heading says nothing, and a heading is one line.
            block.children = [
                one for one in _unmarked(block.children) if not (isinstance(one, Node) and one.tag == "br")
            ]


def _unmarked(children: list[Node | str]) -> Iterator[Node | str]:
    for child in children:
        if isinstance(child, Node) and child.tag in ("strong", "em"):
            yield from _unmarked(child.children)
        elif isinstance(child, Node) and child.tag == "br":
            yield " "
        else:
            yield child


def _without_breaks(children: list[Node | str]) -> list[Node | str]:
    if not any(isinstance(one, Node) or one.strip() for one in children):
        return []
    return [_BREAK if isinstance(one, Node) and one.tag == "br" else one for one in children]


def _owner(table: Node, row: Node) -> bool:
    """Whether a row is the table's own, not that of a table in one of its cells."""
    return any(row is one for part in (table, *_sections(table)) for one in part.children)


def _sections(table: Node) -> Iterator[Node]:
    return (one for one in table.children if isinstance(one, Node) and one.tag in ("thead", "tbody"))


def _number(written: str | None) -> int:
    return max(1, min(int(written), 100)) if written and written.isdigit() else 1


def _is_picture(block: Node) -> bool:
    content = [one for one in block.children if isinstance(one, Node) or one.strip()]
    return block.tag == "p" and len(content) == 1 and isinstance(content[0], Node) and content[0].tag == "img"


def _text_of(children: list[Node | str]) -> str:
    parts = []
    for child in children:
        if isinstance(child, str):
            parts.append(child.replace(_BREAK, " "))
        else:
            parts.append(" " if child.tag == "br" else _text_of(child.children))
    return "".join(parts)


def _html(node: Node) -> str:
    """The HTML of a tree, for who reads HTML."""
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes.items())
    if node.tag in VOID:
        return f"<{node.tag}{attributes}>"
    inner = "".join(escape(one, quote=False) if isinstance(one, str) else _html(one) for one in node.children)
    return f"<{node.tag}{attributes}>{inner}</{node.tag}>"
