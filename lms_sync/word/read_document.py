"""What mammoth makes of a Word document: HTML as a tree, and its pictures in kinds that every browser shows.

Why mammoth: docs/decisions/0014-lessons-from-word.md.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import PIL
import PIL.Image

from authoring.html_tree import Node, parse_html
from authoring.problems import ContentError, Place, Problem
from lms_sync.word.losses import shortened
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


Tell = Callable[..., None]
"""Takes a code and named values: what does not come over."""


@dataclass
class ReadDocument:
    """A document as mammoth gives it. `pictures` are by the names that they get in media/."""

    tree: Node
    pictures: dict[str, bytes] = field(default_factory=dict)


def read_document(word: WordFile, lesson_id: str, tell: Tell) -> ReadDocument:
    """Reads a document that was looked through. Raises ContentError where mammoth cannot make anything of it."""
    import mammoth

    found = ReadDocument(Node(""))
    damaged = Problem("docx.damaged", {"part": "-"}, Place(word.name))
    try:
        result = mammoth.convert_to_html(
            io.BytesIO(word.clean),
            style_map=STYLES,
            convert_image=lambda image: _picture(image, found.pictures, lesson_id, tell),
            include_embedded_style_map=False,
            external_file_access=False,
        )
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, RecursionError) as error:
        raise ContentError([damaged]) from error
    for message in result.messages:
        if "w:sym" in message.message:
            tell("docx.symbol", sign=message.message.rpartition("char ")[2][:60])
    tree = parse_html(unicodedata.normalize("NFC", result.value))
    if tree is None:
        raise ContentError([damaged])
    found.tree = tree
    return found


def _picture(image: Any, pictures: dict[str, bytes], lesson_id: str, tell: Tell) -> list[Any]:
    """The tag of a picture, which is taken into `pictures`; nothing where it stays behind."""
    from mammoth import html

    alt = " ".join((image.alt_text or "").split())
    content = b""
    try:
        with image.open() as stream:
            content = stream.read()
    except KeyError:
        pass  # of a kind that was left out when the document was opened
    except (ValueError, OSError):
        tell("docx.picture-elsewhere", alt=shortened(alt) or "…")
        return []
    made = _usable(content)
    if made is None:
        kind = str(image.content_type or "?").rpartition("/")[2].removeprefix("x-")
        tell("docx.picture-kind", alt=shortened(alt) or "…", kind=kind[:20].upper())
        return []
    ending, content = made
    known = next((name for name, one in pictures.items() if one == content), None)
    name = known or f"{lesson_id}-{len(pictures) + 1}.{ending}"
    pictures[name] = content
    return [html.element("img", {"src": name, "alt": alt})]


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
