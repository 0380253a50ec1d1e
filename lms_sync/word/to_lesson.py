"""A Word document becomes a lesson: mammoth reads it, what it gives is brought into our form, and written as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from authoring.html_tree import Node
from authoring.problems import Place, Problem
from lms_sync.word.blocks import Blocks, text_of
from lms_sync.word.losses import losses
from lms_sync.word.markdown import markdown_of
from lms_sync.word.open_word import WordFile
from lms_sync.word.read_document import read_document


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
    lost: list[Problem] = []

    def tell(code: str, **values: object) -> None:
        lost.append(Problem(code, values, Place(word.name), "warning"))

    document = read_document(word, lesson_id, tell)
    tree, made = document.tree, Blocks(tell)
    notes = _take_notes(tree)
    title = _take_title(tree)
    blocks = [block for child in tree.children for block in made.block(child)]
    _mend_headings(blocks)
    if notes:
        blocks.append(Node("h2", {}, [notes_title]))
        items = [Node("li", {}, _inline_only(made, note)) for note in notes]
        blocks.append(Node("ol", {}, list(items)))
    body = markdown_of(blocks, tell, escape_all=escape_all)
    return WordLesson(title, body, document.pictures, [*losses(word), *lost])


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


def _inline_only(made: Blocks, note: Node) -> list[Node | str]:
    parts: list[Node | str] = []
    for child in note.children:
        inner = made.inline(child.children if isinstance(child, Node) else [child])
        parts += [" ", *inner] if parts else inner
    return parts


def _take_title(tree: Node) -> str:
    """The lesson's title: a paragraph with the style Title, else the first heading where nothing stands above it."""
    blocks = [one for one in tree.children if isinstance(one, Node)]
    titles = [one for one in blocks if one.attributes.get("class") == "title"]
    if not titles and blocks and blocks[0].tag == "h1" and sum(one.tag == "h1" for one in blocks) == 1:
        titles = blocks[:1]
    if not titles or any(one.tag == "img" for one in titles[0].walk()):
        return ""
    title = " ".join(text_of([titles[0]]).split())
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
