"""From the HTML of a lesson to its Markdown, each block tried: what comes out of it says what the block says."""

from __future__ import annotations

import re
from html import escape

from authoring.html_tree import VOID, Meaning, Node, meaning
from authoring.read_markdown import Picture as ShownPicture
from authoring.read_markdown import render
from authoring.to_markdown import Picture, to_markdown
from lms_sync.word.blocks import BREAK, NOTE, text_of
from lms_sync.word.losses import shortened
from lms_sync.word.read_document import Tell


def markdown_of(blocks: list[Node], tell: Tell, *, escape_all: bool) -> str:
    """The Markdown of blocks; of each that Markdown has no word for only the words, which is told."""
    parts: list[str] = []
    at = 0
    while at < len(blocks):
        block = blocks[at]
        at += 1
        caption = ""
        if _is_picture(block) and at < len(blocks) and blocks[at].attributes.get("class") == "caption":
            caption = " ".join(text_of(blocks[at].children).split())
            at += 1
        block.attributes.pop("class", None)
        made = _written(block, _picture_writer(caption), tell, escape_all=escape_all)
        if made.strip():
            parts.append(made)
    text = "\n\n".join(parts)
    text = re.sub(r"(?m)^( {0,3})(:{3,})", r"\1\\\2", text)  # it would begin a block of ours
    text = re.sub(f"{NOTE}(\\d+){NOTE}", r"<sup>\1</sup>", text)
    return text.replace(BREAK, "<br>") + "\n"


def _written(block: Node, picture: Picture, tell: Tell, *, escape_all: bool) -> str:
    """The Markdown of one block, tried: what comes out of it says what the block says.

    Where it would not (bold that ends within a word, say), marks are left out, and that is told.
    """
    wanted = _html(block)
    for every in (True,) if escape_all else (False, True):
        made = to_markdown(wanted, picture=picture, escape_all=every)
        if made is not None and (_is_picture(block) or _shows(made) == meaning(wanted)):
            return made
    text = shortened(text_of([block]))
    plain = _html(Node(block.tag, {}, _plain(block.children)))
    for every in (escape_all, True):
        made = to_markdown(plain, picture=picture, escape_all=every)
        if made is not None and _shows(made) == meaning(plain):
            tell("docx.marks-lost", near=text)
            return made
    tell("docx.form-lost", near=text)
    words = " ".join(text_of([block]).split())
    return to_markdown(f"<p>{escape(words, quote=False)}</p>", escape_all=True) or ""


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


def _is_picture(block: Node) -> bool:
    content = [one for one in block.children if isinstance(one, Node) or one.strip()]
    return block.tag == "p" and len(content) == 1 and isinstance(content[0], Node) and content[0].tag == "img"


def _html(node: Node) -> str:
    """The HTML of a tree, for who reads HTML."""
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes.items())
    if node.tag in VOID:
        return f"<{node.tag}{attributes}>"
    inner = "".join(escape(one, quote=False) if isinstance(one, str) else _html(one) for one in node.children)
    return f"<{node.tag}{attributes}>{inner}</{node.tag}>"
